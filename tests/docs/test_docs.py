"""The README and the pages of the documentation hold together. Sphinx checks the rest."""

import re
import urllib.parse

import pytest

from activitystream.model.sqlalchemy import tables
from tests.helpers.distributions import ROOT
from tests.helpers.documents import (
    COOKBOOK,
    README,
    RUN,
    TEMPLATES,
    documents,
    external_links,
    languages_of_code,
    leads_somewhere,
    pictures,
    relative_links,
    text_of,
)

#: What tests/docs/test_readme.py runs, and tests/faults/test_outages.py.
TESTED = {"python", "bash", "ini", *TEMPLATES}

#: The other blocks of code, by their document and language, and why no test runs them.
NOT_RUN = {
    (
        "docs/guides/remove.rst",
        "text",
    ): "for cron; tests/hosts/test_stock_host.py runs its command",
    (
        "docs/explanation/benchmarks.rst",
        "bash",
    ): "they take hours; tests/benchmarks/test_benchmarks.py: some",
    ("docs/guides/styling.rst", "css"): "tests/browser/test_looks.py puts it into a page",
    (
        "docs/guides/security-policy.rst",
        "javascript",
    ): "tests/browser/test_policy.py puts it into a page",
    ("docs/guides/testing.rst", "python"): "tests/docs/test_tutorial.py runs it in a stock app",
    ("CONTRIBUTING.rst", "bash"): "CI runs these",
    ("docs/tutorial.rst", "text"): "tests/docs/test_tutorial.py looks for the files that it names",
    ("docs/tutorial.rst", "bash"): "tests/docs/test_tutorial.py runs them, but for their servers",
    ("docs/tutorial.rst", "python"): "tests/docs/test_tutorial.py runs it in a stock app",
    ("docs/tutorial.rst", "html"): "tests/docs/test_tutorial.py runs it in a stock app",
    ("docs/guides/upgrade.rst", "sql"): "for operators; migrations skip the indexes that exist",
    ("docs/explanation/scaling.rst", "bash"): "what made the numbers there",
    ("docs/explanation/scaling.rst", "ini"): "for servers that no test starts",
    ("docs/explanation/scaling.rst", "javascript"): "it says that it was not run",
    ("docs/explanation/scaling.rst", "sql"): "benchmarks/simulations.py runs the like",
}


def test_every_block_of_code_is_run_or_excused():
    blocks = {(each, language) for each in documents() for language in languages_of_code(each)}
    tested = {(document, language) for document in RUN for language in TESTED}
    tested |= {(COOKBOOK, language) for language in TESTED}
    assert blocks - tested == NOT_RUN.keys()


@pytest.mark.parametrize("document", documents())
def test_finds_every_block_of_code(document):
    written = re.findall(r"^ *\.\. code(?:-block)?:: (\w+)$", text_of(document), re.M)
    assert languages_of_code(document) == written
    assert not re.search(r"::$", re.sub(r"\.\. .*", "", text_of(document)), re.M)


def test_the_readme_is_short():
    assert len(text_of(README).splitlines()) <= 250


def test_the_maintainers_find_every_module():
    layout = text_of("docs/maintaining.rst")
    modules = [
        module.stem
        for layer in ("web", "lib", "model")
        for module in (ROOT / "activitystream" / layer).rglob("[!_]*.py")
    ]
    assert [name for name in modules if not re.search(rf"``{name}(\.py)?``", layout)] == []


@pytest.mark.parametrize("document", [README, "CHANGELOG.rst", "CONTRIBUTING.rst"])
def test_links_of_the_readme_and_changelog_work(document):
    links = relative_links(document)
    assert [link for link in links if not leads_somewhere(document, link)] == []


def test_the_readme_links_to_every_other_page():
    pages = {page for page in documents() if page.startswith("docs/")}
    assert pages - set(relative_links(README)) == {"docs/changelog.rst", "docs/contributing.rst"}


@pytest.mark.parametrize("document", [each for each in documents() if each.startswith("docs/")])
def test_pages_use_only_links_that_sphinx_checks(document):
    assert relative_links(document) == []


@pytest.mark.parametrize("document", documents())
def test_every_picture_is_there(document):
    assert [each for each in pictures(document) if not leads_somewhere(document, each)] == []


@pytest.mark.parametrize("document", documents())
def test_links_to_the_internet_are_well_formed(document):
    """Only their form is checked, since CI has no Internet."""
    for link in external_links(document):
        if link.startswith("http://127.0.0.1:"):
            continue  # what the reader starts
        parts = urllib.parse.urlsplit(link)
        assert parts.scheme == "https", link
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), link
        assert link == urllib.parse.quote(link, safe=":/?#=&%+-._~"), link


def test_the_drawing_has_every_table_and_column():
    drawn = re.findall(r"<text[^>]*>([\w, ]+)</text>", text_of("docs/reference/data-model.svg"))
    words = {word for text in drawn for word in text.split(", ")}
    for table in tables.Base.metadata.tables.values():
        assert {table.name, *table.columns.keys()} <= words, table.name

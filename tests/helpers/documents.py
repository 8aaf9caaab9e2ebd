"""The README and the pages of the documentation, and the blocks of code in them."""

import functools
import re
from typing import NamedTuple

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import directives
from docutils.parsers.rst.directives.body import CodeBlock

from tests.helpers.distributions import ROOT

README = "README.rst"

#: The host app of the blocks.
PROJECT = "myproject"

#: All documents with code that a test runs, in the order in which it is run.
RUN = (
    README,
    "docs/index.rst",
    "docs/guides/install.rst",
    "docs/guides/plug.rst",
    "docs/reference/options.rst",
    "docs/guides/create.rst",
    "docs/guides/take-back.rst",
    "docs/guides/bell.rst",
    "docs/guides/security-policy.rst",
    "docs/guides/styling.rst",
    "docs/guides/templates.rst",
    "docs/guides/engines.rst",
    "docs/guides/import.rst",
    "docs/guides/hosts.rst",
    "docs/guides/json.rst",
    "docs/guides/show.rst",
    "docs/guides/profiles.rst",
    "docs/guides/audiences.rst",
    "docs/guides/recipe.rst",
    "docs/guides/languages.rst",
    "docs/guides/seen.rst",
    "docs/guides/mute.rst",
    "docs/guides/group.rst",
    "docs/guides/hooks.rst",
    "docs/guides/digest.rst",
    "docs/guides/push.rst",
    "docs/guides/outages.rst",
    "docs/reference/python.rst",
    "docs/reference/settings.rst",
    "docs/reference/partials.rst",
    "docs/reference/urls.rst",
    "docs/guides/remove.rst",
    "docs/guides/migrate.rst",
    "docs/maintaining.rst",
)


#: The languages of blocks that are templates.
TEMPLATES = ("html", "genshi", "jinja", "mako")

#: Each of its recipes is run by itself, by tests/docs/test_cookbook.py.
COOKBOOK = "docs/cookbook.rst"


def documents():
    """Return all documents, by their paths in the repository."""
    pages = sorted((ROOT / "docs").rglob("*.rst"))
    return (
        README,
        "CHANGELOG.rst",
        "CONTRIBUTING.rst",
        *(page.relative_to(ROOT).as_posix() for page in pages),
    )


class _CodeBlock(CodeBlock):
    """Sphinx's ``code-block``, of which docutils alone knows no highlighted lines."""

    option_spec = CodeBlock.option_spec | {"emphasize-lines": directives.unchanged}

    def run(self):
        (block,) = super().run()
        block["highlighted"] = []
        for part in filter(None, self.options.get("emphasize-lines", "").split(",")):
            first, _, last = part.partition("-")
            block["highlighted"].extend(range(int(first), int(last or first) + 1))
        return [block]


directives.register_directive("code-block", _CodeBlock)


class Block(NamedTuple):
    """A block of code: where it is, its file if it names one, and its text."""

    document: str
    heading: str
    line: int
    file: str | None
    text: str
    highlighted: frozenset[int] = frozenset()

    def compiled(self):
        """Return its Python code, whose tracebacks name the document and the line."""
        return compile("\n" * self.line + self.text, self.document, "exec")


def blocks(language, orm=None, of=RUN):
    """Return the code blocks of a language.

    A block names its file in its first line, or, of a template, the paragraph before it in its
    last words. A block may say that it is of one ORM only.
    """
    found = []
    for document in of:
        for block in parsed(document).findall(nodes.literal_block):
            if language in block["classes"]:
                before = block.parent[block.parent.index(block) - 1].astext()
                said = f"{before}\n{block.astext()}" if language in TEMPLATES else block.astext()
                file = re.search(rf"^.*({PROJECT}/[\w./]+):?$", said, re.M)
                of_orm = re.match(r"# on (SQLAlchemy|Ming)\b", block.astext())
                if of_orm is None or of_orm[1] == orm:
                    found.append(
                        Block(
                            document,
                            heading_of(block),
                            block.line or 0,
                            file and file[1],
                            block.astext(),
                            frozenset(block.get("highlighted", ())),
                        )
                    )
    return found


def heading_of(node):
    """Return the heading under which something is."""
    while not isinstance(node, nodes.section | nodes.document):
        node = node.parent
    title = node.next_node(nodes.title)
    return title.astext() if title else ""


def headings(document):
    """Return the headings of a document, but for its title."""
    found = parsed(document).findall(nodes.title)
    return [each.astext() for each in found if not isinstance(each.parent, nodes.document)]


def text_of(document):
    return (ROOT / document).read_text(encoding="utf-8")


@functools.cache
def parsed(document):
    """Return a document as docutils alone reads it, without what it includes.

    docutils passes over the roles and directives that are Sphinx's, which checks them itself.
    """
    none = 5
    return publish_doctree(
        text_of(document),
        settings_overrides={
            "file_insertion_enabled": False,
            "report_level": none,
            "halt_level": none,
        },
    )


def languages_of_code(document):
    """Return the language of each block of code in a document."""
    found = [block["classes"] for block in parsed(document).findall(nodes.literal_block)]
    return [classes[-1] for classes in found if "code" in classes]


def relative_links(document):
    """Return the links of a document to other files of the repository, as they are written."""
    links = [link.get("refuri", "") for link in parsed(document).findall(nodes.reference)]
    return [link for link in links if link and not re.match(r"\w+:", link)]


def external_links(document):
    """Return the links of a document to the Internet, as they are written."""
    links = [link.get("refuri", "") for link in parsed(document).findall(nodes.reference)]
    return [link for link in links if re.match(r"\w+:", link)]


def pictures(document):
    """Return the pictures of a document, by their paths beside it."""
    return [image["uri"] for image in parsed(document).findall(nodes.image)]


def leads_somewhere(document, link):
    """Return whether the linked file is there, and the heading if the link names one."""
    path, _, heading = link.partition("#")
    file = ((ROOT / document).parent / path).resolve()
    if not file.exists():
        return False
    return not heading or heading in parsed(file.relative_to(ROOT.resolve())).ids

"""The tutorial's code makes a stock app with a bell, and the guide's tests pass in it."""

import re

import pytest

from tests.helpers import browser
from tests.helpers.browser.tutorial import PASSWORDS, logged_in, serving
from tests.helpers.documents import blocks
from tests.helpers.stock_host.tutorial import OnMing, OnSQLAlchemy, edited

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module", params=[OnMing, OnSQLAlchemy])
def host(request, tmp_path_factory, wheel_path):
    return request.param(tmp_path_factory.mktemp("tutorial"), wheel_path)


def test_the_tutorials_files_are_there(host):
    (tree, *_) = blocks("text", of=["docs/tutorial.rst"])
    names = re.findall(r"[\w/]+\.\w+", tree.text)
    assert len(names) == 6
    assert (host.app / names[0]).exists()
    assert all((host.app / "myproject" / name).exists() for name in names[1:])


def test_the_guides_tests_pass_in_the_tutorials_app(host):
    (tests,) = blocks("python", host.orm, of=["docs/guides/testing.rst"])
    (host.app / tests.file).write_text(tests.text)
    host.pytest("myproject/tests")


def test_shows_the_bell_where_the_tutorial_puts_it(host):
    (host.app / "test_bell.py").write_text(
        "from myproject.tests import TestController\n"
        "class TestBell(TestController):\n"
        "    def test_bell(self):\n"
        "        page = self.app.get('/demo', extra_environ={'REMOTE_USER': 'editor'})\n"
        "        assert page.html.select_one('.navbar .order-lg-last .activitystream-bell')\n"
    )
    host.pytest("test_bell.py")


@pytest.fixture(scope="module")
def site(host):
    """Serve the app with the guide's Content-Security-Policy; return its URL."""
    (policy, meta) = (
        block
        for language in ("python", "html")
        for block in blocks(language, of=["docs/guides/security-policy.rst"])
    )
    application = host.app / policy.file
    application.write_text(edited(application.read_text(), policy))
    head = '  <py:block name="head"></py:block>'
    host.edit("myproject/templates/master.xhtml", f"^{head}$", f"{meta.text}\n{head}")
    host.gearbox("setup-app")
    with serving(host) as url:
        yield url


@pytest.mark.parametrize("host", [OnSQLAlchemy], indirect=True)
def test_a_script_reads_the_number(site):
    (code,) = [each for each in blocks("python") if "def count_unseen" in each.text]
    namespace = {}
    exec(code.compiled(), namespace)
    assert namespace["count_unseen"](site, "editor", PASSWORDS["editor"]) == 0


@pytest.mark.browser
@pytest.mark.parametrize("host", [OnSQLAlchemy], indirect=True)
def test_no_page_breaks_the_guides_policy(site, chromium, tmp_path):
    page = logged_in(chromium, browser.packages(tmp_path), site, "editor")
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path in ("/activitystream/", "/activitystream/settings", "/demo"):
        answer = page.goto(path)
        assert "script-src 'self'" in answer.headers["content-security-policy"]
    page.get_by_role("button", name="Your activity stream").click()
    page.get_by_role("link", name="See all").wait_for()
    assert complaints == []

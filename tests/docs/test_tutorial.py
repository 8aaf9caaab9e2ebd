"""The tutorial's code makes a stock app with a bell, and the guide's tests pass in it."""

import pytest

from tests.helpers.browser.tutorial import PASSWORDS, serving
from tests.helpers.documents import blocks
from tests.helpers.stock_host.tutorial import OnMing, OnSQLAlchemy

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module", params=[OnMing, OnSQLAlchemy])
def host(request, tmp_path_factory, wheel_path):
    return request.param(tmp_path_factory.mktemp("tutorial"), wheel_path)


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


@pytest.mark.parametrize("host", [OnSQLAlchemy], indirect=True)
def test_a_script_reads_the_number(host):
    host.gearbox("setup-app")
    (code,) = [each for each in blocks("python") if "def count_unseen" in each.text]
    namespace = {}
    exec(code.compiled(), namespace)
    with serving(host) as url:
        assert namespace["count_unseen"](url, "editor", PASSWORDS["editor"]) == 0

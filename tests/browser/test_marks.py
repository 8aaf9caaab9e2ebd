"""What marks a stream as seen in a real browser: a click, and nothing that nobody looks at."""

from types import SimpleNamespace

import pytest

from tests.helpers import browser
from tests.helpers.browser import serving
from tests.helpers.demo import empty_db_url, start
from tests.helpers.processes import wait_until

SEE = "/activitystream/see?target_link=/login"


pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium(chromium):
    """Start a whole browser, which alone asks for a page's icon."""
    with browser.started(chromium.browser_type) as whole:
        yield whole


@pytest.fixture
def site(chromium, database_named, tmp_path):
    """Return Ada's browser on the demo, and a page of somebody else's, here and elsewhere."""
    site = SimpleNamespace(page="", asked=[])

    with empty_db_url("sqlite", database_named, tmp_path) as db_url:
        demo = start(db_url)

        def app(environ, start_response):
            if environ["PATH_INFO"] == "/written":
                start_response("200 OK", [("Content-Type", "text/html")])
                return [site.page.encode()]
            answer = demo(environ, start_response)
            if environ["PATH_INFO"] == "/activitystream/see":
                site.asked.append(environ)
            return answer

        with serving(app) as site.url, serving(app) as site.elsewhere:
            context = chromium.new_context(base_url=site.url)
            context.request.post("/enter", form={"name": "Ada"})
            site.unseen = lambda: context.request.get("/activitystream/unseen.json").json()
            site.visit = context.new_page()
            assert site.unseen()["unseen"] == 3
            yield site
            context.close()


@pytest.mark.parametrize(
    ("where", "rule"), [("url", "prefetch"), ("url", "prerender"), ("elsewhere", "prefetch")]
)
def test_marks_at_the_click_and_not_at_the_prefetch(site, where, rule):
    site.page = f"""
        <script type="speculationrules">
            {{"{rule}": [{{"where": {{"href_matches": "{site.url}/*"}}, "eagerness": "moderate"}}]}}
        </script>
        <a href="{site.url}{SEE}">go</a>
    """
    page = site.visit
    page.goto(f"{getattr(site, where)}/written")
    page.hover("a")
    wait_until(lambda: page.wait_for_timeout(100) or site.asked)
    (ahead,) = site.asked
    assert ahead["HTTP_SEC_PURPOSE"].startswith("prefetch")
    assert "authtkt" in ahead["HTTP_COOKIE"]
    assert site.unseen()["unseen"] == 3
    page.click("a")
    page.wait_for_url("**/login")
    assert len(site.asked) == 2
    # A link on another origin's page leads there, and marks nothing.
    assert site.unseen()["unseen"] == (0 if where == "url" else 3)


@pytest.mark.parametrize(
    "html",
    [
        '<img src="{}">',
        '<iframe src="{}"></iframe>',
        '<iframe srcdoc="<img src={}>"></iframe>',
        '<object data="{}"></object>',
        '<embed src="{}">',
        '<audio src="{}" preload="auto"></audio>',
        '<video poster="{}"></video>',
        '<link rel="prefetch" href="{}">',
        '<link rel="stylesheet" href="{}">',
        '<link rel="icon" href="{}">',
        '<link rel="preload" as="fetch" href="{}" crossorigin>',
        '<p style="background: url({})">text</p>',
        '<script src="{}"></script>',
        '<svg><image href="{}"/></svg>',
    ],
)
def test_marks_nothing_by_what_somebody_wrote(site, html):
    site.page = html.format(SEE)
    site.visit.goto("/written")
    wait_until(lambda: site.visit.wait_for_timeout(100) or site.asked)
    assert site.unseen()["unseen"] == 3


def test_marks_nothing_by_a_click_that_goes_elsewhere(site):
    site.page = f'<a href="/login" ping="{SEE}">go</a>'
    site.visit.goto("/written")
    site.visit.click("a")
    wait_until(lambda: site.visit.wait_for_timeout(100) or site.asked)
    assert site.asked[0]["REQUEST_METHOD"] == "POST"
    assert site.unseen()["unseen"] == 3


def test_marks_by_a_click_in_a_frame(site):
    site.page = f"<iframe srcdoc='<a href={SEE}>go</a>'></iframe>"
    site.visit.goto("/written")
    site.visit.frame_locator("iframe").locator("a").click()
    wait_until(lambda: site.visit.wait_for_timeout(100) or site.asked)
    assert site.unseen()["unseen"] == 0

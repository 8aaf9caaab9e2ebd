"""Lists that go on in a page of the host's, and the page of what a user did."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from activitystream import am
from activitystream.lib import role_streams
from activitystream.model import clock

MINE = "/activitystream/mine"


def lines(page):
    return [" ".join(each.text.split()) for each in page.html.select(".activitystream-line")]


def older(page):
    return page.html.select_one(".activitystream-older > a")


def all_pages(browser, path):
    """Return the lines of each page, by the links alone."""
    page = browser.get(path)
    pages = [lines(page)]
    while older(page):
        page = browser.get(older(page)["href"])
        pages.append(lines(page))
    return pages


@pytest.fixture
def done(host, user, other):
    """Have ann do twelve things on two days: some for everyone, some for bob, some for nobody."""
    start = clock.now().replace(hour=12) - timedelta(days=3)
    am.create_many(
        {
            "actor": user,
            "verb": f"did no. {number}",
            "recipients": {0: None, 1: [other], 2: []}[number % 3],
            "timestamp": start + timedelta(hours=number * 2),
        }
        for number in range(12)
    )
    host.save()


@pytest.mark.parametrize(
    ("viewer", "numbers"),
    [
        (None, range(9, -1, -3)),
        ("bob", [10, 9, 7, 6, 4, 3, 1, 0]),
        ("ann", range(11, -1, -1)),
        ("carl", range(9, -1, -3)),
    ],
)
def test_the_links_lead_through_what_a_viewer_may_see(host, done, viewer, numbers):
    if viewer == "carl":
        host.user("carl")
    browser = host.browser(viewer and host.model.user_named(viewer))
    pages = all_pages(browser, "/profile?name=ann")
    said = [f"ann did no. {number}" for number in numbers]
    assert pages == [said[at : at + 3] for at in range(0, len(said), 3)]


def test_an_appended_page_repeats_no_heading(app, done):
    page = app.get("/profile?name=ann")
    headings, shown = [], []
    target = None
    while True:
        headings += [each.text.strip() for each in page.html.select("h2")]
        shown += lines(page)
        link = older(page)
        if link is None:
            break
        (target,) = page.html.select(".activitystream-older[id]")
        assert link["hx-get"] == link["href"]
        list_id, _, child = link["hx-select"].partition(" > ")
        assert (page.html.select_one(list_id), child) == (target.parent, "*")
        page = app.get(link["hx-get"], headers={"HX-Request": "true", "HX-Target": target["id"]})
        assert page.html.select_one(list_id) is not None
    assert len(shown) == 12
    assert len(headings) == len(set(headings)) == 2
    assert "Nothing has happened" not in page
    # Another list, or no htmx: a whole page has its headings.
    url = urlsplit(page.request.url)._replace(scheme="", netloc="").geturl()
    for headers in ({}, {"HX-Target": "x"}, {"HX-Target": target["id"].partition("_")[0]}):
        assert app.get(url, headers=headers).html.select("h2")


def test_the_link_keeps_the_parameters_of_the_page(app, done):
    link = older(app.get("/profile?name=ann"))["href"]
    asked = parse_qs(urlsplit(link).query)
    assert (asked["name"], asked["x"], len(asked["before"])) == (["ann"], ["ü&"], 1)


def test_a_page_of_hidden_actions_says_nothing_and_goes_on(host, done, monkeypatch):
    monkeypatch.setattr(role_streams, "_MOST_HIDDEN", 2)
    browser = host.browser()
    host.user("carl")
    pages = all_pages(host.browser(host.model.user_named("carl")), "/profile?name=ann")
    assert [line for page in pages for line in page] == [
        f"ann did no. {number}" for number in (9, 6, 3, 0)
    ]
    assert pages[0] == []
    page = host.browser(host.model.user_named("carl")).get("/profile?name=ann")
    assert "Nothing has happened" not in page
    host.database.clean()
    host.user("ann")
    assert "Nothing has happened yet." in browser.get("/profile?name=ann")


def test_a_stream_is_shown_by_its_first_page(host, app, user):
    for number in range(30):
        am.create(user, f"did no. {number}", recipients=[])
    page = app.get("/profile?name=ann&shown=a+stream")
    assert lines(page) == [f"ann did no. {number}" for number in range(29, 4, -1)]
    rest = app.get(older(page)["href"])  # of which this host shows three
    assert lines(rest) == [f"ann did no. {number}" for number in range(4, 1, -1)]


def test_the_page_of_what_a_user_did(host, app, done):
    page = app.get(MINE)
    assert page.html.select_one(".activitystream h1").text == "What you did"
    assert "What you did" in page.html.select_one("title").text
    assert lines(page) == [f"ann did no. {number}" for number in range(11, -1, -1)]
    assert not page.html.select("form")
    assert host.database.reload(host.model.user_named("ann")).last_activity_seen is None
    assert lines(host.browser(host.model.user_named("bob")).get(MINE)) == []


def test_the_page_of_what_a_user_did_goes_on(host, app, user):
    am.create_many({"actor": user, "verb": f"did no. {each}"} for each in range(60))
    host.save()
    pages = all_pages(app, MINE)
    assert [len(page) for page in pages] == [25, 25, 10]
    assert len({line for page in pages for line in page}) == 60


def test_the_page_of_what_a_user_did_speaks_the_readers_language(app):
    page = app.get(MINE, headers={"Accept-Language": "it"})
    assert page.html.select_one(".activitystream h1").text == "Che cosa hai fatto"


def test_a_list_without_a_bell_loads_its_stylesheet_and_script(host, done):
    page = host.browser().get("/profile?name=ann")
    (link,) = page.html.select("link[rel=stylesheet]")
    assert host.browser().get(link["href"]).content_type == "text/css"
    assert len(page.html.select("script")) == 1
    user = host.model.user_named("bob")
    assert len(host.browser(user).get("/partials").html.select("link[rel=stylesheet]")) == 1


@pytest.mark.parametrize("before", ["x", "2026-01-31T00:00:00.000_x", "\0"])
def test_the_page_of_what_a_user_did_refuses_a_malformed_place(app, before):
    app.get(MINE, {"before": before}, status=400)


def test_nobody_else_sees_the_page_of_what_a_user_did(host, done):
    assert host.browser().get(MINE, expect_errors=True).status_int in (302, 401)

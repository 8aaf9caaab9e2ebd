"""Groups in the bell, on the page, in lists and panels, and by our URLs."""

from urllib.parse import parse_qs, urlsplit

import pytest

from activitystream import am
from tests.helpers.databases import on

RULES = {"liked": ("verb", "target")}


@pytest.fixture
def grouping(host, user):
    host.plug(groups=RULES)
    return host


@pytest.fixture
def people(grouping):
    return [grouping.user(name) for name in ("bob", "cleo", "dan")]


@pytest.fixture
def browser(grouping, user):
    return grouping.browser(user)


def like(host, people, post, user):
    actions = [am.create(each, "liked", post, recipients=[user]) for each in people]
    host.save()
    return actions


def unread(host, user):
    user = host.database.reload(user)
    return [each.name_of("actor") for each in am.get_by_recipient(user).unread()]


def lines_of(page):
    return [line.text for line in page.html.select(".activitystream-line")]


@pytest.mark.parametrize("url", ["/activitystream/", "/activitystream/newest"])
def test_a_group_is_one_line(grouping, user, people, post, browser, url):
    like(grouping, people, post, user)
    am.create(people[0], "said", recipients=[user])
    like(grouping, people[:2], post, user)
    page = browser.get(url)
    assert lines_of(page) == ["cleo, bob and 1 other liked A post", "bob said"]
    assert str(page.html.select_one("cite")) == '<cite dir="auto">A post</cite>'
    assert [each.text for each in page.html.select(".activitystream-group summary")] == [
        "Show all 5"
    ]


def test_the_bell_counts_lines(grouping, user, people, post, browser):
    like(grouping, people, post, user)
    am.create(people[0], "said", recipients=[user])
    grouping.save()
    count = browser.get("/activitystream/bell").html.select_one(".activitystream-count")
    assert count.select_one("[aria-hidden]").text == "2"
    assert browser.get("/activitystream/unseen.json").json == {"unseen": 4, "more": False}


@on("sqlite", "mim")
@pytest.mark.parametrize(("number", "shown"), [(100, "1"), (101, "99+")])
def test_the_bell_looks_at_100_unseen_actions(grouping, user, post, browser, number, shown):
    action = {"actor": user, "verb": "liked", "target": post, "recipients": [user]}
    am.create_many([action] * number)
    grouping.save()
    count = browser.get("/activitystream/bell").html.select_one(".activitystream-count")
    assert count.select_one("[aria-hidden]").text == shown


def test_a_group_is_unfolded(grouping, user, people, post, browser):
    *_, last = like(grouping, people, post, user)
    am.mark_read(user, last)
    am.create(people[0], "said", recipients=[user])
    like(grouping, people[:1], post, user)
    page = browser.get("/activitystream/")
    assert lines_of(page) == ["bob and cleo liked A post", "bob said", "dan liked A post"]
    (link,) = page.html.select(".activitystream-group a")
    like(grouping, people[2:], post, user)
    unfolded = browser.get(link["href"])
    assert lines_of(unfolded) == [f"{name} liked A post" for name in ("bob", "cleo", "bob")]


def test_following_a_group_reads_what_was_there(grouping, user, people, post, browser):
    like(grouping, people, post, user)
    page = browser.get("/activitystream/")
    like(grouping, people[:1], post, user)
    link = page.html.select_one("a.activitystream-line")["href"]
    answer = browser.get(link, headers={"Sec-Fetch-Mode": "navigate"})
    assert answer.location == f"http://localhost{post.as_link}"
    assert unread(grouping, user) == ["bob"]


@pytest.mark.parametrize("is_unread", [True, False])
def test_the_button_of_a_group_marks_its_actions(grouping, user, people, post, browser, is_unread):
    actions = like(grouping, people, post, user)
    if not is_unread:
        am.mark_read(user, actions)
    grouping.save()
    page = browser.get("/activitystream/")
    like(grouping, people[:1], post, user)
    (form,) = [each for each in page.forms.values() if "group" in each.fields]
    fields = {"group": form["group"].value, "target_link": "/"}
    answer = browser.post(form.action, fields if is_unread else {**fields, "unread": "1"})
    assert answer.location == "http://localhost/"
    assert unread(grouping, user) == (["bob"] if is_unread else ["bob", "dan", "cleo", "bob"])


def test_a_group_that_was_withdrawn_in_part_is_still_read(grouping, user, people, post, browser):
    like(grouping, people, post, user)
    page = browser.get("/activitystream/")
    am.withdraw(people[2], "liked", post)
    grouping.save()
    browser.get(page.html.select_one("a.activitystream-line")["href"])
    assert unread(grouping, user) == []


def test_a_group_of_somebody_else_reads_nothing(grouping, user, people, post, browser):
    like(grouping, people, post, user)
    link = browser.get("/activitystream/").html.select_one("a.activitystream-line")["href"]
    (group,) = parse_qs(urlsplit(link).query)["group"]
    other = grouping.browser(people[0])
    assert lines_of(other.get("/activitystream/group", {"group": group})) == []
    other.post("/activitystream/read", {"group": group})
    assert unread(grouping, user) == ["dan", "cleo", "bob"]
    assert am.forget(people[0], dry_run=True).as_reader == 0


@on("sqlite", "mim")
@pytest.mark.parametrize("group", ["", "x", "~~~~~", "a~b~c~d~e~f", ["a", "b"]])
def test_rejects_an_invalid_group(grouping, user, people, post, browser, group):
    like(grouping, people, post, user)
    link = browser.get("/activitystream/").html.select_one("a.activitystream-line")["href"]
    valid = parse_qs(urlsplit(link).query)["group"][0].split("~")
    given = [group] if isinstance(group, str) else [["~".join(valid)] * 2]
    given += ["~".join([*valid[:place], "x", *valid[place + 1 :]]) for place in range(6)]
    for each in given:
        browser.get("/activitystream/see", {"group": each}, status=400)
        browser.post("/activitystream/read", {"group": each}, status=400)
        browser.get("/activitystream/group", {"group": each}, status=400)
    browser.get("/activitystream/group", status=400)
    assert unread(grouping, user) == ["dan", "cleo", "bob"]


@on("sqlite", "mim")
@pytest.mark.parametrize(
    "url", ["/listed?grouped=1", "/listed?grouped=1&marked=1", "/widget?order=groups"]
)
def test_lists_and_panels_show_groups(grouping, user, people, post, browser, url):
    like(grouping, people, post, user)
    page = browser.get(url)
    assert lines_of(page) == ["dan, cleo and 1 other liked A post"]
    assert len(page.html.select(".activitystream-unread")) == ("marked" in url)
    assert lines_of(browser.get(page.html.select_one(".activitystream-group a")["href"])) == [
        f"{name} liked A post" for name in ("dan", "cleo", "bob")
    ]


@on("sqlite", "mim")
def test_a_list_of_groups_goes_on(grouping, user, people, post, browser):
    like(grouping, people, post, user)
    am.create(people[0], "said", recipients=[user])
    like(grouping, people, post, user)
    page, found = browser.get("/profile?name=ann&shown=groups"), []
    while page is not None:
        found += lines_of(page)
        link = page.html.select_one(".activitystream-older a")
        page = link and browser.get(f"{link['href']}&shown=groups")
    liked = "dan, cleo and 1 other liked A post"
    assert found == [liked, "bob said", liked]


@on("sqlite", "mim")
def test_groups_of_differing_targets_have_no_link(host, user, other):
    host.plug(groups={"followed": ["verb"]})
    for title in ("one", "two"):
        am.create(other, "followed", host.post(title), recipients=[user])
    host.save()
    (line,) = host.browser(user).get("/activitystream/").html.select(".activitystream-line")
    assert (line.name, line.text) == ("span", "bob followed two and 1 other")


@on("sqlite", "mim")
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("it", "cleo, bob e 1 altra persona liked A post"),
        ("ru", "cleo, bob и ещё 1 человек liked A post"),
    ],
)
def test_a_group_is_in_the_readers_language(
    grouping, user, people, post, browser, language, sentence
):
    like(grouping, people, post, user)
    like(grouping, people[:2], post, user)
    page = browser.get("/activitystream/", headers={"Accept-Language": language})
    assert lines_of(page) == [sentence]


@on("sqlite", "mim")
def test_names_in_a_group_are_escaped(grouping, user, browser):
    post = grouping.post("<script>%(first)s & 5 %")
    like(grouping, [grouping.user("<b>%s"), grouping.user("%d")], post, user)
    page = browser.get("/activitystream/")
    assert lines_of(page) == ["%d and <b>%s liked <script>%(first)s & 5 %"]
    assert page.html.select(".activitystream script") == []


def test_a_group_can_be_muted_by_what_it_shares(grouping, user, people, post, browser):
    like(grouping, people, post, user)
    am.create(people[0], "said", recipients=[user])
    grouping.save()
    page = browser.get("/activitystream/")
    menus = [
        [each.text for each in line.select(".activitystream-menu button")]
        for line in page.html.select(".activitystream-actions > li")
    ]
    assert ["Mute this kind", "Mute what happens to A post"] in menus
    (form,) = (
        form
        for form in page.forms.values()
        if form.action.endswith("/mute") and "happens" in str(form.html)
    )
    assert lines_of(form.submit("by", index=1).follow()) == ["bob said"]

"""Who did it, as a picture or by initials, and the icon of a verb."""

import pytest

from activitystream import am
from activitystream.web.pictures import initials
from tests.helpers.databases import EACH_ORM, on


@pytest.fixture
def line(host, user):
    def line(url="/activitystream/newest"):
        am.create(user, "liked", recipients=[user])
        host.save()
        return host.browser(user).get(url).html.select_one(".activitystream-actions li")

    return line


@on(*EACH_ORM)
@pytest.mark.parametrize("url", ["/activitystream/newest", "/activitystream/", "/widget"])
def test_an_actor_without_a_picture_is_shown_by_initials(line, url):
    (picture,) = line(url).select(".activitystream-picture")
    assert (picture.name, picture.text) == ("span", "")
    assert (picture["data-activitystream-sign"], picture["aria-hidden"]) == ("A", "true")


@on(*EACH_ORM)
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("/img/ann.png", "/img/ann.png"),
        ("https://example.org/a.png?s=80&d=mp", "https://example.org/a.png?s=80&d=mp"),
        ("data:image/png;base64,AA==", "data:image/png;base64,AA=="),
        (lambda self: f"/photo/{self.user_name}", "/photo/ann"),
        (property(lambda self: '/"><script>'), '/"><script>'),
        ("javascript:alert(1)", None),
        ("//example.org/a.png", None),
        ("", None),
        (None, None),
        (7, None),
        (property(lambda self: 1 / 0), None),
    ],
)
def test_an_actors_picture_is_its_as_image(line, user, monkeypatch, given, shown):
    monkeypatch.setattr(type(user), "as_image", given, raising=False)
    (picture,) = line().select(".activitystream-picture")
    if shown is None:
        assert picture["data-activitystream-sign"] == "A"
    else:
        assert (picture.name, picture["src"], picture["alt"]) == ("img", shown, "")


@on(*EACH_ORM)
def test_pictures_are_below_the_apps_root(host, user, monkeypatch):
    monkeypatch.setattr(type(user), "as_image", "/img/ann.png", raising=False)
    am.create(user, "liked", recipients=[user])
    host.save()
    page = host.browser(user).get("/activitystream/newest", extra_environ={"SCRIPT_NAME": "/forum"})
    assert page.html.select_one(".activitystream-picture")["src"] == "/forum/img/ann.png"


@on(*EACH_ORM)
def test_a_deleted_actor_has_the_initials_of_its_old_name(host, user, other):
    am.create(other, "left", recipients=[user])
    host.save()
    host.database.delete(other)
    page = host.browser(user).get("/activitystream/newest")
    assert page.html.select_one(".activitystream-picture")["data-activitystream-sign"] == "B"


@on(*EACH_ORM)
def test_a_verb_has_the_icon_of_the_option(host, line):
    host.plug(icons={"liked": "♥"})
    (icon,) = line().select(".activitystream-icon")
    assert (icon["data-activitystream-sign"], icon["aria-hidden"]) == ("♥", "true")
    host.plug(icons={"liked": "/img/heart.svg"})
    (icon,) = line().select(".activitystream-icon")
    assert (icon.name, icon["src"], icon["alt"]) == ("img", "/img/heart.svg", "")
    host.plug(icons={"joined": "♥"})
    assert line().select(".activitystream-icon") == []


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ann Smith", "AS"),
        ("ann", "A"),
        ("Cleo de la Cruz", "CC"),
        ("(Dr.) o'Neil", "DO"),
        ("🦊 Foxy", "F"),
        ("🦊", "🦊"),
        ("ليلى حسن", "لح"),
        ("e\N{COMBINING ACUTE ACCENT}va", "E\N{COMBINING ACUTE ACCENT}"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_initials_are_the_first_letters_of_a_name(name, letters):
    assert initials(name) == letters

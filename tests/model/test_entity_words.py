"""What an entity may give as its ``as_str``, ``as_link`` and ``as_activitystreams``."""

import json
from enum import Enum

import pytest
from markupsafe import Markup
from tg import lurl
from tg.i18n import lazy_ugettext, lazy_ungettext

from activitystream import am

SECRET = "hunter2"


class Kind(str, Enum):
    POST = "A <post>"


def raising(error):
    def raises(self):
        raise error

    return raises


#: Each gives the text "A <post>".
TEXTS = {
    "a property": property(lambda self: "A <post>"),
    "a method": lambda self: "A <post>",
    "a static method": staticmethod(lambda: "A <post>"),
    "a class method": classmethod(lambda cls: "A <post>"),
    "an attribute of the class": "A <post>",
    "Markup": Markup("A <post>"),
    "an Enum": Kind.POST,
    "a lazy text": lazy_ugettext("A <post>"),
    "a lazy plural": lazy_ungettext("A <post>", "Some posts", 1),
    "a method with a lazy text": lambda self: lazy_ugettext("A <post>"),
    "a property with a method": property(lambda self: lambda: "A <post>"),
}

#: Each gives what is not a text.
NO_TEXTS = {
    "bytes": b"A post",
    "a number": 5,
    "the entity": property(lambda self: self),
    "a method with the entity": lambda self: self,
    "a method with a method": lambda self: self.as_str,
    "a dict": property(lambda self: {"secret": self.secret}),
    "a list": property(lambda self: [self]),
    "an object": object(),
}

RAISING = {
    "a property": property(raising(RuntimeError(SECRET))),
    "a method": raising(RuntimeError(SECRET)),
    "a property of its own error": property(lambda self: self.nothing_of_the_kind),
    "a property that finds none": property(raising(LookupError(SECRET))),
    "a method that wants more": lambda self, language: "A post",
}


@pytest.fixture
def note(host):
    return host.save(host.model.Note(secret=SECRET))


@pytest.fixture(params=["/activitystream/", "/activitystream/newest", "/widget", "/listed"])
def place(request):
    return request.param


def lines(browser, place):
    page = browser.get(place)
    assert SECRET not in page
    return [" ".join(line.text.split()) for line in page.html.select(".activitystream-line")]


def says(host, monkeypatch, **words):
    for name, word in words.items():
        monkeypatch.setattr(host.model.Note, name, word, raising=False)


@pytest.mark.parametrize("word", TEXTS.values(), ids=TEXTS)
def test_stores_and_shows_a_text_however_it_is_given(host, user, app, note, word, monkeypatch):
    says(host, monkeypatch, as_str=word)
    action = am.create(user, "kept", note, note)
    assert am.create_many([{"actor": note, "verb": "was kept", "recipients": []}]) == 1
    assert (action.target_name, type(action.target_name)) == ("A <post>", str)
    assert host.database.raw_values(action)["target_name"] == "A <post>"
    assert action.name_of("target") == action.name_of("action_obj") == "A <post>"
    assert action.sentence == "ann kept A <post> A <post>"
    assert type(action).render_str(action, lambda _: "now") == "ann kept A <post> A <post> now"
    for place in ("/activitystream/", "/activitystream/newest", "/widget", "/listed"):
        assert lines(app, place) == ["ann kept A <post> A <post>"]
        assert "A &lt;post&gt;" in app.get(place)
    feed = app.get("/activitystream/stream.json").json
    assert feed["orderedItems"][0]["target"]["name"] == "A <post>"


def test_calls_as_str_if_it_is_a_method(host, user, note, monkeypatch):
    says(host, monkeypatch, as_str=lambda self: "A note")
    action = am.create(note, "kept", note)
    assert (action.actor, action.target) == ("A note", "A note")


@pytest.mark.parametrize("word", NO_TEXTS.values(), ids=NO_TEXTS)
@pytest.mark.parametrize("role", ["actor", "target", "action_obj"])
def test_rejects_what_is_not_text(host, user, note, word, role, monkeypatch):
    says(host, monkeypatch, as_str=word)
    with pytest.raises(TypeError, match=r"Note\.as_str must be a text, or None, not") as refused:
        am.create(**{"actor": user, "verb": "kept", role: note})
    assert SECRET not in str(refused.value)
    with pytest.raises(TypeError, match=r"action 0: .*Note\.as_str must be a text"):
        am.create_many([{"actor": user, "verb": "kept", role: note}])
    assert am.get_actions()[0] == 0


@pytest.mark.parametrize("word", RAISING.values(), ids=RAISING)
def test_rejects_what_raises(host, user, note, word, monkeypatch):
    says(host, monkeypatch, as_str=word)
    with pytest.raises(ValueError, match=r"target .*Note\.as_str raised") as refused:
        am.create(user, "kept", note)
    assert refused.value.__cause__ is not None
    with pytest.raises(ValueError, match=r"action 0: target .*Note\.as_str raised"):
        am.create_many([{"actor": user, "verb": "kept", "target": note}])
    assert am.get_actions()[0] == 0


@pytest.mark.parametrize("word", NO_TEXTS.values(), ids=NO_TEXTS)
def test_shows_by_its_class_what_gives_no_text(host, user, app, note, word, monkeypatch, caplog):
    action = am.create(user, "kept", note, note)
    am.create(user, "joined")
    says(host, monkeypatch, as_str=word)
    assert action.name_of("target") == "Note"
    assert action.target == "Note"
    for place in ("/activitystream/", "/activitystream/newest", "/widget", "/listed"):
        assert lines(app, place) == ["ann joined", "ann kept Note Note"]
    assert "Note.as_str must be a text" in caplog.text
    feed = app.get("/activitystream/stream.json")
    assert feed.json["orderedItems"][1]["target"]["name"] == "Note"
    assert SECRET not in feed
    assert SECRET not in caplog.text


@pytest.mark.parametrize("word", RAISING.values(), ids=RAISING)
def test_says_of_one_that_raises_that_it_cannot_be_shown(
    host, user, app, note, word, monkeypatch, caplog
):
    action = am.create(user, "kept", note)
    am.create(user, "joined")
    says(host, monkeypatch, as_str=word)
    for place in ("/activitystream/", "/activitystream/newest", "/widget", "/listed"):
        assert lines(app, place) == ["ann joined", "ann kept Note (cannot be shown)"]
    assert "Note.as_str raised: its type is shown" in caplog.text
    assert any(record.exc_info for record in caplog.records)
    assert action.target == action.name_of("target") == "Note (cannot be shown)"
    assert type(action).render_str(action, str).startswith("ann kept Note (cannot be shown) ")
    feed = app.get("/activitystream/stream.json")
    assert feed.json["orderedItems"][1]["summary"] == "ann kept Note (cannot be shown)"
    assert SECRET not in feed


def test_says_of_a_class_whose_own_text_raises_that_it_cannot_be_shown(
    host, user, app, note, monkeypatch
):
    am.create(user, "kept", note)
    says(host, monkeypatch, __str__=raising(RuntimeError(SECRET)))
    assert lines(app, "/activitystream/") == ["ann kept Note (cannot be shown)"]


def test_shows_recipients_by_no_repr(host, user, other, app, monkeypatch):
    monkeypatch.setattr(host.model.User, "as_str", lambda self: self.user_name)
    other = host.user("eve", password=SECRET)
    action = am.create(other, "joined", recipients=[user])
    assert action.actor_name == "eve"
    page = app.get("/notifications")
    assert "eve" in page
    assert SECRET not in page
    assert SECRET not in json.dumps(action.__json__(), default=str)


LINKS = {
    "a property": property(lambda self: "/notes"),
    "a method": lambda self: "/notes",
    "an attribute of the class": "/notes",
    "Markup": Markup("/notes"),
    "a lazy link": lurl("/notes"),
}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_links_to_what_as_link_gives(host, user, app, note, place, link, monkeypatch):
    am.create(user, "kept", note)
    says(host, monkeypatch, as_link=link)
    (line,) = app.get(place).html.select(".activitystream-line")
    assert line["href"] == "/notes" or "target_link=%2Fnotes" in line["href"]
    feed = app.get("/activitystream/stream.json").json
    assert feed["orderedItems"][0]["target"]["url"] == "http://localhost/notes"


@pytest.mark.parametrize(
    "link",
    [*NO_TEXTS.values(), *RAISING.values(), None],
    ids=[*NO_TEXTS, *(f"raising {name}" for name in RAISING), "None"],
)
def test_links_to_nothing_where_as_link_gives_no_text(
    host, user, app, note, link, monkeypatch, caplog
):
    action = am.create(user, "kept", note)
    says(host, monkeypatch, as_link=link)
    assert action.target_link is None
    for place in ("/activitystream/", "/activitystream/newest", "/widget", "/listed"):
        (line,) = app.get(place).html.select(".activitystream-line")
        assert (line.name, " ".join(line.text.split())) == ("span", "ann kept Note")
        assert SECRET not in app.get(place)
    feed = app.get("/activitystream/stream.json")
    assert "url" not in feed.json["orderedItems"][0]["target"]
    assert SECRET not in feed
    assert link is None or "as_link raised, or is not a text" in caplog.text


def test_tells_what_as_activitystreams_gives(host, user, app, note, monkeypatch):
    am.create(user, "kept", note)
    for said in (property(lambda self: {"type": "Note"}), lambda self: {"type": "Note"}):
        says(host, monkeypatch, as_activitystreams=said)
        feed = app.get("/activitystream/stream.json").json
        assert feed["orderedItems"][0]["target"] == {"type": "Note"}


@pytest.mark.parametrize(
    "said",
    [
        *RAISING.values(),
        {"type": object()},
        {"of": float("nan")},
        property(lambda self: {"self": self}),
        property(lambda self: self),
        b"x",
        [],
        None,
    ],
)
def test_tells_name_and_link_where_as_activitystreams_is_of_no_use(
    host, user, app, note, said, monkeypatch, caplog
):
    am.create(user, "kept", note)
    says(host, monkeypatch, as_activitystreams=said, as_link="/notes")
    feed = app.get("/activitystream/stream.json")
    target = {"type": "Object", "name": "Note", "url": "http://localhost/notes"}
    assert feed.json["orderedItems"][0]["target"] == target
    assert SECRET not in feed
    assert said is None or "as_activitystreams raised, or is not a JSON dict" in caplog.text

"""Any text in any field is returned as it was given, and shown as text; or it is refused."""

import json
import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markupsafe import Markup

from activitystream import am

#: What some layer or other takes for more than text, drops, or takes for something else.
ODD = (
    "\0",
    " ",
    "\t\r\n",
    "\x1b[31m",
    "\x85\u2028\ufeff",
    "\u202e\u2066\u200f",
    "e\u0301 \u00e9 \ufb01 \u0130",
    "\U0001f469\u200d\U0001f680 \U0010ffff \ufffe",
    "\ud800",
    "\\ \\0 %s %(x)s :x {x} ${x} {{x}} $ne",
    "'\"`",
    "<script>alert(1)</script>",
    "</title><!--<![CDATA[",
    "&lt;&amp;&#0;&nosuch;",
    "]]>--></textarea>",
)

#: Every plane of Unicode, lone surrogates too, which are no Unicode text.
texts = st.lists(st.sampled_from(ODD) | st.text(st.characters(), max_size=20), max_size=4).map(
    "".join
)

everything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary(),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3)
    ),
    max_leaves=5,
)

LONG = 1_000_000


def is_stored(database, text):
    """Return whether a database can hold a text."""
    try:
        (text or "").encode()
    except UnicodeEncodeError:
        return False
    return database.name != "postgresql" or "\0" not in (text or "")


@pytest.fixture
def named(host, monkeypatch):
    """Return a function that names all posts. The name is not stored, so it may be any text."""
    called = {"name": "harmless"}
    monkeypatch.setattr(host.model.Post, "as_str", property(lambda self: called["name"]))
    return lambda name: called.update(name=name)


@pytest.mark.parametrize("many", [False, True], ids=["create", "create_many"])
def test_stores_any_text_unchanged_or_rejects_it(host, user, post, named, many):
    columns = ("verb", "description", "extra", "actor_name", "target_name")

    @given(texts, st.none() | texts, st.none() | texts, texts)
    @example("a ", "A", "", " a")
    def check(verb, description, extra, name):
        named(name)
        given = {"actor": post, "verb": verb, "description": description, "extra": extra}
        given.update(target=post, recipients=[user])
        before = am.get_actions(limit=0)[0]
        values = (verb, description, extra, name, name)
        fits = verb != "" and all(is_stored(host.database, value) for value in values)
        try:
            am.create_many([given]) if many else am.create(**given)
        except ValueError:
            assert not fits
            assert am.get_actions(limit=0)[0] == before
            return
        assert fits
        host.database.forget()
        (action,) = am.get_by_recipient(user).limit(1)
        assert tuple(getattr(action, column) for column in columns) == values
        stored = host.database.raw_actions()[-1]
        assert tuple(stored[column] for column in columns) == values
        host.database.delete(action)

    check()


@pytest.mark.parametrize("letter", ["x", "'", "\u202e", "\U0001f514"], ids=ascii)
def test_stores_a_description_of_a_megabyte(host, user, letter):
    text = letter * LONG
    am.create(user, "wrote", description=text)
    host.database.forget()
    (action,) = am.get_by_recipient(user)
    assert action.description == text


def test_imports_thousands_of_long_texts(host, user):
    given = {"actor": user, "verb": "wrote", "recipients": [user]}
    texts = [f"{number}" + "'" * 20_000 for number in range(1200)]
    assert am.create_many({**given, "description": text} for text in texts) == len(texts)
    host.database.forget()
    assert sorted(action.description for action in am.get_by_recipient(user)) == sorted(texts)


@pytest.mark.parametrize("field", ["verb", "description", "extra"])
def test_rejects_what_is_not_text(host, user, field):
    @given(everything.filter(lambda value: not isinstance(value, (str, type(None)))))
    def check(value):
        with pytest.raises(TypeError, match=f"{field} must be a string"):
            am.create(**{"actor": user, "verb": "x", field: value})

    check()
    assert am.get_actions()[0] == 0


@pytest.mark.parametrize("field", ["actor", "target", "action_obj", "recipients"])
def test_rejects_what_is_not_an_entity(host, user, field):
    allowed = {"actor": [], "recipients": [None, []]}.get(field, [None])

    @given(everything.filter(lambda value: value not in allowed))
    def check(value):
        with pytest.raises((TypeError, ValueError)):
            am.create(**{"actor": user, "verb": "x", field: value})

    check()
    assert am.get_actions()[0] == 0


@given(value=everything | st.integers(min_value=-(2**70), max_value=2**70))
def test_rejects_numbers_that_are_not_integers(host, user, value):
    for ask in (
        lambda: am.get_actions(limit=value),
        lambda: am.get_actions(offset=value),
        lambda: am.count_not_seen_by_recipient(user, limit=value),
        lambda: am.get_by_recipient(user).limit(value).all(),
        lambda: am.get_by_recipient(user).skip(value).all(),
        lambda: am.get_by_recipient(user)[:value].all(),
    ):
        try:
            ask()
        except ValueError:
            assert not (type(value) is int and 0 <= value < 2**31)


@pytest.mark.parametrize("field", ["verb", "actor_type", "actor_id", "_id", "timestamp"])
def test_filters_by_any_value_or_rejects_it(host, user, field):
    am.create(user, "joined")

    @given(everything | st.integers(min_value=-(2**70), max_value=2**70))
    @example(2**63)
    @example("5")
    def check(value):
        try:
            total, _ = am.get_actions(filters={field: value})
        except ValueError:
            return
        assert total in (0, 1)

    check()
    assert am.get_actions(filters={"verb": "joined"})[0] == 1


def test_rejects_a_filter_of_the_wrong_type(host, user):
    with pytest.raises(ValueError, match="must be one string or None; got int"):
        am.get_actions(filters={"verb": 5})
    with pytest.raises(ValueError, match="timestamp.* must be one datetime or None; got str"):
        am.get_actions(filters={"timestamp": "2026-01-31"})


def test_stores_subclasses_of_str_as_plain_text(host, user, app):
    action = am.create(user, Markup("<i>said</i>"), description=Markup("<i>"))
    assert (type(action.verb), type(action.description)) == (str, str)


class Skeleton(HTMLParser):
    """A document's tags and attributes, without its texts and what links and forms send.

    Initials and their colour are texts, too.
    """

    def __init__(self, document):
        super().__init__()
        self.found = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, [(name, self._kept(name, value)) for name, value in attrs]))

    def _kept(self, name, value):
        if name in ("href", "value", "data-activitystream-sign"):
            return True
        return re.sub(r"activitystream-colour-[0-7]", "", value or "")

    def handle_endtag(self, tag):
        self.found.append((tag,))

    def handle_comment(self, data):
        self.found.append(("comment", data))

    handle_decl = handle_pi = unknown_decl = handle_comment


def skeleton(page):
    return page.text.count("<"), Skeleton(page.text).found


#: Wherever we show actions.
PLACES = (
    "/activitystream/",
    "/activitystream/more",
    "/activitystream/newest",
    "/widget",
    "/listed",
)

#: Once stored, a text is the same on all databases.
shown = pytest.mark.parametrize("database", ["mim", "sqlite"], indirect=True)


@shown
def test_shows_any_text_as_text_everywhere(host, user, post, named, monkeypatch):
    said = {"verb": "did"}
    action = am.create(post, "did", post, post)
    host.save()
    monkeypatch.setattr(type(action), "verb", property(lambda self: said["verb"]))
    browser = host.browser(user)
    harmless = {place: skeleton(browser.get(place)) for place in PLACES}

    @given(texts, texts)
    def check(verb, name):
        verb, name = (text.encode("utf-8", "ignore").decode() or "x" for text in (verb, name))
        said["verb"] = verb
        named(name)
        for place in PLACES:
            assert skeleton(browser.get(place)) == harmless[place]
        feed = json.loads(browser.get("/activitystream/stream.json").body)
        (item,) = feed["orderedItems"]
        assert [item[role]["name"] for role in ("actor", "object", "target")] == [name] * 3
        assert "<" not in item["summary"]

    check()


LINKS = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "\u2028javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example",
    "/\\evil.example",
    "https:evil.example",
    "http://localhost@evil.example",
    '/" onclick="alert(1)',
    "/'><script>alert(1)</script>",
    "/post/\u202e1",
)

links = st.sampled_from(LINKS) | texts | st.tuples(texts, st.sampled_from(LINKS)).map("".join)


def browsers_reading(link):
    """Return the scheme and host to which a link leads in a browser on our site."""
    link = re.sub(r"[\t\r\n]", "", link.strip("".join(map(chr, range(33)))))
    return urlsplit(urljoin("http://localhost/", link.replace("\\", "/")))[:2]


@shown
def test_shows_no_link_that_leaves_the_site(host, user, post, monkeypatch):
    told = {"link": None}
    monkeypatch.setattr(host.model.Post, "as_link", property(lambda self: told["link"]))
    am.create(user, "did", post)
    am.mark_all_read(user)  # or to follow a link would change the page
    browser = host.browser(user)
    bare = {place: skeleton(browser.get(place)) for place in PLACES}
    told["link"] = "/post/1"
    linked = {place: skeleton(browser.get(place)) for place in PLACES}

    @given(links)
    def check(link):
        told["link"] = link
        for place in PLACES:
            page = browser.get(place)
            assert skeleton(page) in (linked[place], bare[place])
            for line in page.html.select("a.activitystream-line"):
                assert browsers_reading(line["href"]) == ("http", "localhost")
                followed = browser.get(line["href"], expect_errors=True).headers
                assert browsers_reading(followed.get("Location", "/")) == ("http", "localhost")
        (item,) = browser.get("/activitystream/stream.json").json["orderedItems"]
        assert browsers_reading(item["target"].get("url", "/")) == ("http", "localhost")

    check()


@shown
def test_isolates_the_writing_direction_of_each_text(host, user, post):
    am.create(user, "liked", post, post)
    line = host.browser(user).get("/activitystream/").html.select_one(".activitystream-line")
    isolated = [each.text for each in line.select("bdi, [dir=auto]")]
    assert isolated == ["ann", "liked", "A post", "A post"]
    assert "".join(line.find_all(string=True, recursive=False)).strip() == ""

"""Any request to any of our URLs gets an answer: no server error, and nothing of anyone else's.

Left out is what TurboGears and WebOb fail at before anything of ours is asked: a path that is not
UTF-8, a form in another charset, a malformed multipart form, and JSON nested too deep.
"""

import io
import json
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activitystream import am

PATHS = (
    "",
    "index",
    "more",
    "bell",
    "newest",
    "stream",
    "stream.json",
    "unseen.json",
    "see",
    "read",
    "mute",
    "unmute",
    "settings",
    "ajax_update_last_seen_of_a_recipient",
)

#: Further paths that an attacker may try.
ODD_PATHS = ("index.json", "bell.xml", "more/x/y", "stream_json", "_lookup", "_default", "nonsense")

PARAMETERS = (
    "before",
    "new_since",
    "unread",
    "until",
    "action",
    "by",
    "mute",
    "muted",
    "shown",
    "told",
    "saved",
    "target_link",
    "_type",
    "_id",
)

METHODS = ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "NONSENSE")

HEADERS = (
    "ACCEPT",
    "ACCEPT_LANGUAGE",
    "AUTHORIZATION",
    "COOKIE",
    "HOST",
    "IF_MODIFIED_SINCE",
    "IF_NONE_MATCH",
    "IF_RANGE",
    "ORIGIN",
    "RANGE",
    "REFERER",
    "SEC_FETCH_SITE",
    "X_FORWARDED_FOR",
    "X_FORWARDED_HOST",
    "X_REQUESTED_WITH",
)

WORDS = (
    "User",
    "Numbered",
    "Coded",
    "Unique",
    "Post",
    "Action",
    "1",
    "-0",
    str(2**63),
    "9" * 5000,
    "f" * 24,
    "true",
    "2026-01-31T12:00:00.000",
    "2026-01-31T12:00:00.000_9_1.2",
    "9999-12-31T23:59:59.999_9999999999999_" + "f" * 24 + "_9999999999999",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999-14:00",
    "0001-01-01T00:00:00.000_1",
    "2026-01-31T12:00:00.000_" + "f" * 24,
    "9999-12-31T23:59:59.999_" + str(2**63 - 1),
    "f" * 64,
    "verb",
    "actor",
    "liked",
    "/post/1",
    "//evil.example",
    "https://[",
    "http://localhost:port/",
    "//localhost:<script>alert(1)",
    "//<script>alert(1)\u2100",
    "*/*",
    "application/json;q=x",
    "it-IT,ru;q=2,*",
    "same-origin",
    "cross-site",
    "null",
    "bytes=0-2",
    "bytes=9-1",
    'W/"0"',
    "[",
    "<script>alert(1)</script>",
    "\0",
)

texts = st.text(st.characters(), max_size=20)

#: Bytes: many that are UTF-8, and any others.
raw = (
    st.sampled_from(WORDS).map(str.encode)
    | texts.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.binary(max_size=20)
)

names = st.sampled_from(PARAMETERS).map(str.encode) | raw

pairs = st.lists(st.tuples(names, raw), max_size=4)

queries = pairs.map(
    lambda pairs: "&".join(
        f"{quote_from_bytes(name)}={quote_from_bytes(each)}" for name, each in pairs
    )
) | st.binary(max_size=40).map(lambda some: some.decode("latin-1"))

json_texts = st.dictionaries(
    st.sampled_from(PARAMETERS) | texts,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | texts,
        lambda some: st.lists(some, max_size=2) | st.dictionaries(texts, some, max_size=2),
        max_leaves=4,
    ),
    max_size=4,
).map(json.dumps)

#: The kind of a body, and the body.
bodies = st.one_of(
    st.tuples(st.just("application/x-www-form-urlencoded"), queries.map(str.encode)),
    st.tuples(st.just("application/json"), json_texts.map(str.encode) | st.binary(max_size=20)),
    st.tuples(st.just("text/plain"), st.binary(max_size=20)),
)

#: No server lets through what would end a header.
header_values = st.text(st.characters(max_codepoint=255, exclude_characters="\0\r\n"), max_size=20)

headers = st.dictionaries(
    st.sampled_from(HEADERS), st.sampled_from(WORDS) | header_values, max_size=3
)


def ask(host, path, method="GET", query="", body=("", b""), **headers):
    """Return the status, headers and body that answer ann's request, as a WSGI server sends it."""
    kind, content = body
    answers = []
    environ = {
        "CONTENT_LENGTH": str(len(content)),
        "CONTENT_TYPE": kind,
        "HTTP_ACCEPT": "text/html",
        "HTTP_HOST": "localhost",
        "PATH_INFO": f"/activitystream/{path}",
        "QUERY_STRING": query,
        "REMOTE_USER": "ann",
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.errors": io.StringIO(),
        "wsgi.input": io.BytesIO(content),
        "wsgi.url_scheme": "http",
        **{f"HTTP_{name}": each for name, each in headers.items()},
    }
    host.database.end_request()
    chunks = host.app(environ, lambda status, headers, *_: answers.append((status, headers)))
    body = b"".join(chunks)
    ((status, its_headers),) = answers
    return int(status[:3]), dict(its_headers), body


SECRET = "nobody else knows"


methods = st.sampled_from(("GET", "POST")) | st.sampled_from(METHODS)


@pytest.mark.parametrize(
    "paths", [[path] for path in PATHS] + [ODD_PATHS], ids=lambda paths: paths[0]
)
def test_any_request_is_answered_and_leaves_others_alone(host, paths):
    host.plug(blueprint={"decode_json_params": True}, kinds={"liked": "Likes"})
    user, other = host.user("ann"), host.user("bob")
    am.create(user, "liked", host.post())
    am.create(other, SECRET, host.post(SECRET), recipients=[other])
    am.mute(other, verb=SECRET)
    host.save()

    @given(st.sampled_from(paths), methods, queries, bodies, headers)
    def check(path, method, query, body, headers):
        status, its_headers, content = ask(host, path, method, query, body, **headers)
        assert 200 <= status < 500
        kind = its_headers.get("Content-Type", "")
        if "json" in kind and content and status != 206:
            json.loads(content, parse_constant=pytest.fail)
        assert b"<script>alert" not in content
        assert status < 400 or b"alert(1)" not in content
        assert SECRET.encode() not in content + repr(its_headers).encode()
        assert host.database.raw_values(other)["last_activity_seen"] is None

    check()
    assert len(host.database.raw_actions()) == 2
    assert am.mutes_of(host.database.reload(other)) == [(SECRET, None, None)]

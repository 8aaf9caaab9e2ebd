"""Links that /see may go to: on this site, and on the hosts that the app lists."""

import re

import pytest

from activitystream.web.links import location_of

SITE = "http://site.example"


def location(link, script_name="", host_url=SITE, allowed_hosts=()):
    return location_of(
        link, script_name=script_name, host_url=host_url, allowed_hosts=allowed_hosts
    )


@pytest.mark.parametrize(
    ("link", "where"),
    [
        ("/post/1", "/post/1"),
        ("/", "/"),
        ("post/1", "/post/1"),
        ("?page=2", "/?page=2"),
        ("#top", "/#top"),
        ("/post/1?a=b&c=d#e", "/post/1?a=b&c=d#e"),
        ("/post/1?next=http://evil.example/", "/post/1?next=http://evil.example/"),
        ("/a:b", "/a:b"),
        ("/my post", "/my%20post"),
        ("/пост/1", "/%D0%BF%D0%BE%D1%81%D1%82/1"),
        ("/caf%C3%A9", "/caf%C3%A9"),
        ("/a//b", "/a//b"),
        ("/%2f/x", "/%2f/x"),
        ("http://site.example/post/1", "http://site.example/post/1"),
        ("HTTP://SITE.example:80/x", "HTTP://SITE.example:80/x"),
        ("https://site.example/x", "https://site.example/x"),
        ("//site.example/x", "http://site.example/x"),
        ("//site.example:80/x", "http://site.example:80/x"),
        ("//site.example?x", "http://site.example?x"),
        ("/..//evil.example", "/..//evil.example"),
        ("/.//evil.example", "/.//evil.example"),
        ("/x//evil.example", "/x//evil.example"),
        ("http://site.example", "http://site.example"),
        ("http://site.example?x", "http://site.example?x"),
    ],
)
def test_follows_links_within_the_site(link, where):
    assert location(link) == where


@pytest.mark.parametrize(
    ("link", "where"),
    [
        ("/post/1", "/app/post/1"),
        ("post/1", "/app/post/1"),
        ("/", "/app/"),
        ("?x", "/app/?x"),
        ("/app/post/1", "/app/post/1"),
        ("/app", "/app"),
        ("/app?x", "/app?x"),
        ("/app#x", "/app#x"),
        ("/apple", "/app/apple"),
        ("http://site.example/other", "http://site.example/other"),
    ],
)
def test_resolves_relative_links_at_the_apps_root(link, where):
    assert location(link, script_name="/app") == where


def test_a_port_is_part_of_the_site():
    assert location("http://site.example:8080/x", host_url="http://site.example:8080")
    for link in ("http://site.example/x", "http://site.example:8081/x", "//site.example/x"):
        with pytest.raises(ValueError, match="another site"):
            location(link, host_url="http://site.example:8080")


def test_accepts_an_ip_address_as_host():
    for link in ("http://[::1]:8080/x", "//[::1]:8080/x"):
        assert location(link, host_url="http://[::1]:8080") == "http://[::1]:8080/x"


@pytest.mark.parametrize(
    "link",
    [
        "http://evil.example[::1]:8080/",
        "//evil.example[::1]:8080/",
        "http://[::1]evil.example:8080/",
        "http://[::1].evil.example:8080/",
        "http://[::1]:8080@evil.example/",
        "http://evil.example@[::1]:8080/",
        "http://[::1%25evil.example]:8080/",
        "http://[::1]:8080:80/",
        "http://[::1]:80 80/",
        "http://[[::1]]:8080/",
        "http://::1:8080/",
    ],
)
def test_rejects_text_around_an_ip_address(link):
    with pytest.raises(ValueError, match="host is invalid|invalid characters|another site"):
        location(link, host_url="http://[::1]:8080")


@pytest.mark.parametrize(
    ("host_url", "link", "where"),
    [
        ("https://site.example", "http://site.example/x?a=b#c", "https://site.example/x?a=b#c"),
        ("https://site.example", "http://site.example:80/x", "https://site.example/x"),
        ("https://site.example", "HTTP://SITE.example", "https://site.example"),
        ("https://site.example", "http://site.example//x", "https://site.example//x"),
        ("https://site.example", "//site.example/x", "https://site.example/x"),
        ("https://site.example", "https://site.example/x", "https://site.example/x"),
        ("https://site.example", "/x", "/x"),
        ("https://b.example:8443", "http://b.example:8443/x", "https://b.example:8443/x"),
        ("https://[::1]", "http://[::1]/x", "https://[::1]/x"),
        ("https://site.example", "http://www.example/x", "http://www.example/x"),
        ("https://site.example", "//www.example/x", "https://www.example/x"),
        # Behind a proxy that ends TLS, without telling.
        ("http://site.example", "https://site.example/x", "https://site.example/x"),
    ],
)
def test_never_downgrades_https_to_http(host_url, link, where):
    for allowed in (["www.example"], ["www.example", "site.example", "b.example:8443"]):
        assert location(link, host_url=host_url, allowed_hosts=allowed) == where


@pytest.mark.parametrize("script_name", ["/", "//", "/app/", "//evil.example", "//evil.example/"])
def test_a_script_name_never_leads_to_another_site(script_name):
    for link in ("/x", "x", "/", "?x", "/app/x"):
        assert re.match(r"/[^/]", location(link, script_name=script_name) + "x")


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("http://www.example/x", "www.example"),
        ("https://www.example/x", "www.example"),
        ("https://www.example:443/x", "www.example"),
        ("//WWW.example/x", "www.example"),
        ("http://b.example:81/x", "b.example:81"),
        ("https://b.example/x", "b.example:443"),
        ("https://b.example:443/x", "b.example:443"),
    ],
)
def test_follows_links_to_allowed_hosts(link, host):
    where = f"http:{link}" if link.startswith("//") else link
    assert location(link, allowed_hosts=["other.example", host]) == where


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("http://www.example:81/x", "www.example"),
        ("https://www.example:80/x", "www.example"),
        ("http://b.example/x", "b.example:443"),
        ("http://b.example/x", "b.example:81"),
        ("http://a.www.example/x", "www.example"),
    ],
)
def test_rejects_hosts_and_ports_that_are_not_allowed(link, host):
    with pytest.raises(ValueError, match="another site"):
        location(link, allowed_hosts=[host])


def test_rejects_a_link_too_long_for_a_header():
    with pytest.raises(ValueError, match="is longer than"):
        location("/" + "a" * 10_000)


EVIL = [
    "http://evil.example/",
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "//evil.example:80",
    "///",
    "//",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "http:\\\\evil.example",
    "http:evil.example",
    "https:evil.example",
    "http:/evil.example",
    "http:///evil.example",
    "https:///evil.example",
    "http:",
    "http://",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "javascript://site.example/%0aalert(1)",
    "java\tscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "ftp://site.example/",
    "mailto:ann@site.example",
    "blob:http://site.example/x",
    "view-source:http://site.example",
    "site.example:80/x",
    " //evil.example",
    "//evil.example ",
    "\u00a0//evil.example",
    "\u3000//evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\x00//evil.example",
    "/\x00/evil.example",
    "\x1f//evil.example",
    "/\x7f/evil.example",
    "/\u0085/evil.example",
    "/x\u2028y",
    "/x\r\nSet-Cookie: a=b",
    "/x\nLocation: http://evil.example",
    "http://site.example@evil.example/",
    "http://site.example:80@evil.example/",
    "http://evil.example@site.example/",
    "http://@site.example/",
    "http://:@site.example/",
    "//site.example@evil.example",
    "http://site.example%40evil.example/",
    "http://site.example%2eevil.example/",
    "http://site.example\u3002evil.example/",
    "http://site.example\uff0fevil.example/",
    "http://site.example\uff03.evil.example/",
    "http://site。example/",
    "http://sıte.example/",
    "http://ѕite.example/",
    "http://site.example.evil.example/",
    "http://site.example./",
    "http://evilsite.example/",
    "http://site.example:8080/",
    "http://site.example:99999/",
    "http://site.example:x/",
    "http://site.example:-1/",
    "http://[::1]/",
    "http://evil.example[::1]/",
    "http://site.example[::1]/",
    "http://[::1]site.example/",
    "http://[::1]@site.example/",
    "http://site.example:80:80/",
    "http://site.example:80\u0661/",
    "http://site.example;evil.example/",
    "http://site.example,evil.example/",
    "http://site.example|evil.example/",
    "http://evil.example%00site.example/",
    "http://xn--evil-site.example/",
    "http://[evil/",
    "http://[::1",
    "http://[site.example]/",
    "http://2130706433/",
    "/\ud800",
]


@pytest.mark.parametrize("link", EVIL, ids=ascii)
def test_rejects_links_that_may_leave_the_site(link):
    for script_name in ("", "/app"):
        with pytest.raises(ValueError):  # noqa: PT011 - urlsplit's own words, some of them
            location(link, script_name=script_name)


@pytest.mark.parametrize("link", [5, ["/a", "/b"], {"$ne": None}, b"/x", None], ids=ascii)
def test_rejects_what_is_not_text(link):
    with pytest.raises(ValueError, match="invalid characters"):
        location(link)

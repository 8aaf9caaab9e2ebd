"""Hosts whose default engine is another than Kajiki, each in a process of its own."""

import json
import subprocess
import sys

import pytest
from bs4 import BeautifulSoup

pytestmark = pytest.mark.hosts

ENGINES = ("genshi", "jinja", "json", "kajiki", "mako")


@pytest.fixture(scope="module")
def pages_of():
    """Return a function that returns what a host of an engine answered to each request."""
    told = {}

    def pages_of(*arguments):
        if arguments not in told:
            command = [sys.executable, "-m", "tests.helpers.engine_story", *arguments]
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
            assert answer.returncode == 0, answer.stderr
            told[arguments] = json.loads(answer.stdout)
        return told[arguments]

    return pages_of


@pytest.fixture(params=["sqlite", "mim"])
def database(request):
    return request.param


@pytest.fixture(params=ENGINES)
def pages(request, pages_of, database):
    return pages_of(request.param, database)


@pytest.fixture(params=[engine for engine in ENGINES if engine != "json"])
def pages_with_templates(request, pages_of, database):
    return pages_of(request.param, database)


@pytest.fixture(params=["genshi", "jinja", "json", "mako"])
def pages_without_kajiki(request, pages_of, database):
    return pages_of(request.param, database)


def lines(text):
    found = BeautifulSoup(text, "html.parser").select(".activitystream-line")
    return [" ".join(line.text.split()) for line in found]


def test_shows_all_of_ours_in_a_host_of_any_engine(pages):
    for page, (status, content_type, text) in pages.items():
        assert status == 200, page
        kind = "json" if "json" in page else "html"
        assert kind in content_type, page
        if page.startswith("plain") and kind == "html" and not page.endswith("bell"):
            assert "&lt;ann&gt;" in text, page
            assert set(lines(text)) == {"<ann> liked A post"}, page
    assert "activitystream-bell-link" in pages["plain /activitystream/bell"][2]
    assert "Nothing is muted." in pages["ours /activitystream/settings"][2]


def test_shows_partials_in_a_host_of_any_engine(pages):
    partials = json.loads(pages["plain /partials_as_json"][2])
    assert "activitystream-bell-link" in partials["bell"]
    for name in ("newest", "stream", "panel"):
        assert lines(partials[name]) == ["<ann> liked A post"]
    for text in partials.values():
        assert "<!DOCTYPE" not in text


def test_shows_partials_in_a_template_of_any_engine(pages_with_templates):
    html = BeautifulSoup(pages_with_templates["plain /partials"][2], "html.parser")
    assert len(html.select("nav .activitystream-bell .activitystream-count")) == 1
    assert lines(str(html)) == ["<ann> liked A post"] * 3
    assert html.select_one(".card-header").text == "Panel"


def test_shows_the_page_in_a_master_in_kajiki(pages):
    text = pages["plain /activitystream/"][2]
    assert "The host's own header" in text
    assert "<title>Your activity stream</title>" in text
    assert text.count("<!DOCTYPE html>") == 1


def test_shows_the_page_alone_beside_a_master_of_another_engine(pages_without_kajiki):
    text = pages_without_kajiki["own master /activitystream/"][2]
    assert text.startswith("<!DOCTYPE html>")
    assert "<title>Your activity stream</title>" in text
    assert "The master of another engine" not in text
    assert lines(text) == ["<ann> liked A post"]


def test_shows_a_verb_by_a_template_of_any_engine(pages_with_templates):
    pages = pages_with_templates
    for path in ("/activitystream/", "/activitystream/more", "/activitystream/newest", "/partials"):
        text = pages[f"verb {path}"][2]
        assert set(lines(text)) == {"<ann> applauds A post"}
        assert "&lt;ann&gt;" in text
        assert "<!DOCTYPE" not in text[9:], "a fragment has none"


def test_replaces_templates_by_those_of_any_engine(pages_with_templates):
    pages = pages_with_templates
    for path in ("", "settings"):
        assert "The host's own fragment" in pages[f"replaced /activitystream/{path}"][2]
        assert "activitystream-" not in pages[f"replaced /activitystream/{path}"][2]
    assert pages["replaced /activitystream/bell"][2].strip() == "<p>The host's own fragment</p>"
    for path in ("more", "newest"):
        text = pages[f"replaced /activitystream/{path}"][2]
        assert lines(text) == ["The host's own fragment"]
        assert "<!DOCTYPE" not in text

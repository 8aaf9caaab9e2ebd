"""What the users of a stock TurboGears app with activitystream get.

It runs inside that app: see ``StockHost.play_the_story``.
"""

import gettext
import os
import uuid
from pathlib import Path

import pytest
import storage
from newsroom.config.app_cfg import TOLD
from newsroom.model import TodoItem, User
from newsroom.tests import setup_app
from paste.deploy import loadapp
from webtest import TestApp

import activitystream

STREAM = f"/{os.environ['STORY_APPID']}/"
SEE = f"{STREAM}see"
AJAX = f"{STREAM}ajax_update_last_seen_of_a_recipient"

PASSWORDS = {"manager": "managepass", "editor": "editpass"}


@pytest.fixture(scope="session")
def app():
    ini = os.environ["STORY_INI"]
    app = loadapp(f"config:{ini}", relative_to=os.getcwd())
    if ini == "test.ini":
        # Its database is the memory of this process, which `gearbox setup-app` cannot reach.
        setup_app()
    return app


@pytest.fixture
def visitor(app):
    """Return the browser of somebody who isn't logged in."""
    return TestApp(app)


@pytest.fixture
def manager(app):
    return logged_in(app, "manager")


@pytest.fixture
def editor(app):
    return logged_in(app, "editor")


@pytest.fixture
def leaver(app):
    """Return the browser of somebody whose account was deleted while they were logged in."""
    storage.add_user("leaver", "leaverpass")
    browser = logged_in(app, "leaver", "leaverpass")
    browser.get(STREAM, status=200)
    storage.delete(User, user_name="leaver")
    return browser


def logged_in(app, user_name, password=None):
    browser = TestApp(app)
    fill_in(browser.get("/login").form, user_name, password)
    return browser


def fill_in(form, user_name, password=None):
    """Log in; return the page that a user is sent to."""
    form["login"] = user_name
    form["password"] = password or PASSWORDS[user_name]
    return form.submit(status=302).follow(status=302)


def add_todo(browser):
    """Add a todo on the host's page; return its title."""
    title = f"Todo {uuid.uuid4().hex}"
    form = browser.get("/demo").forms["new-todo"]
    form["title"] = title
    assert title in form.submit()
    return title


def count(browser):
    return int(browser.get("/notifications").html.find(id="count").text)


def count_on_bell(page):
    """Return the bell's number, or None without a bell."""
    bell = page.html.select_one(".navbar .activitystream-count")
    if bell is None:
        return None
    return 0 if bell.has_attr("hidden") else int(bell.select_one("[aria-hidden]").text)


def navbar(page):
    return page.html.find("nav", class_="navbar")


def assert_login_form(response):
    assert "password" in response.follow().form.fields


def test_a_user_is_told_what_the_other_one_did(manager, editor):
    before = count(editor)
    title = add_todo(manager)
    page = editor.get("/notifications")
    newest = page.html.find(id="notifications").li.get_text(" ", strip=True)
    assert newest == f"Example manager added {title} less than 1 minute ago"
    assert count(editor) == before + 1


def test_a_bell_tells_every_page_how_much_is_new(manager, editor, visitor, leaver):
    before = count_on_bell(editor.get("/demo"))
    title = add_todo(manager)
    for path in ("/demo", "/notifications", STREAM):
        assert count_on_bell(editor.get(path)) == before + 1
    assert title in editor.get(f"{STREAM}newest").html.select_one(".activitystream-line").text
    for browser in (visitor, leaver):
        assert count_on_bell(browser.get("/demo")) is None


def test_a_bell_that_is_asked_when_the_login_has_ended_shows_no_login_form(visitor, leaver):
    for browser in (visitor, leaver):
        for path in ("bell", "newest", "more", "stream.json", "unseen.json"):
            answer = browser.get(f"{STREAM}{path}", status=401)
            assert answer.json["detail"] == "log in first"


def test_a_user_is_not_told_what_they_did_themselves(manager):
    before = count(manager)
    title = add_todo(manager)
    assert count(manager) == before
    assert title not in manager.get("/notifications")


def test_the_widget_shows_the_news_in_the_hosts_page(manager, editor):
    title = add_todo(manager)
    widget = editor.get("/notifications").html.find(class_="activitystream-widget")
    assert "Latest news" in widget.text
    assert title in widget.text


def test_the_stream_is_a_page_of_the_host(manager, editor):
    title = add_todo(manager)
    page = editor.get(STREAM)
    assert title in page
    assert navbar(page).find("a", string="Logout")
    assert len(page.html.find_all("body")) == 1


def test_a_user_mutes_from_a_line_and_takes_it_back_in_the_settings(manager, editor):
    title = add_todo(manager)
    page = editor.get(STREAM)
    form = next(each for each in page.forms.values() if each.action.endswith("/mute"))
    page = form.submit("by", index=1).follow()
    assert title not in page
    settings = page.click("Settings")
    assert navbar(settings).find("a", string="Logout")
    muted = next(each for each in settings.forms.values() if each.action.endswith("/unmute"))
    assert "Nothing is muted." in muted.submit().follow()
    assert title in editor.get(STREAM)


def test_following_a_notification_marks_it_seen_and_leads_to_the_hosts_page(manager, editor):
    title = add_todo(manager)
    page = editor.get("/notifications").click(title, index=0).follow(status=200)
    assert page.request.path == "/demo"
    assert title in page
    assert count(editor) == 0


def test_following_a_line_of_the_stream_does_the_same(manager, editor):
    title = add_todo(manager)
    page = editor.get(STREAM).click(title).follow(status=200)
    assert page.request.path == "/demo"
    assert count(editor) == 0


def test_the_button_of_the_stream_marks_all_as_seen(manager, editor):
    add_todo(manager)
    page = editor.get(STREAM).forms[0].submit(status=302).follow(status=200)
    assert page.request.path == STREAM
    assert count(editor) == 0


def test_an_ajax_call_marks_all_as_seen(manager, editor):
    add_todo(manager)
    editor.post(AJAX, status=200)
    assert count(editor) == 0


def test_an_action_about_a_deleted_todo_keeps_its_name(manager, editor):
    title = add_todo(manager)
    storage.delete(TodoItem, title=title)
    assert title in editor.get(STREAM)


@pytest.mark.skipif(not storage.HAS_TRANSACTIONS, reason="needs transactions")
def test_a_request_that_fails_tells_nobody(manager, editor):
    before = count(editor)
    failed = manager.get("/announce_and_fail", params={"what": "promised"}, expect_errors=True)
    assert "RuntimeError: promised" in failed.errors
    assert count(editor) == before
    assert "promised" not in editor.get(STREAM)


def test_a_hook_is_told_once_of_what_a_request_stores(manager):
    title = add_todo(manager)
    assert [told for told, _ in TOLD].count(f"Example manager added {title}") == 1


def test_a_hook_is_not_told_of_a_request_that_fails(manager):
    what = uuid.uuid4().hex
    manager.get("/announce_and_fail", params={"what": what}, expect_errors=True)
    add_todo(manager)
    assert not any(what in told for told, _ in TOLD)


def test_the_app_itself_acts(editor, visitor):
    what, before = uuid.uuid4().hex, count_on_bell(editor.get("/demo"))
    visitor.get("/back_up", params={"what": what})
    assert TOLD.count(("The system finished", what)) == 1
    page = editor.get(STREAM)
    assert count_on_bell(page) == before + 1
    newest = page.html.select_one(".activitystream-line")
    assert newest.get_text(" ", strip=True) == "The system finished"
    assert "Mute The system" in page.html.text


def test_a_hook_creates_another_action_after_the_commit(editor, visitor):
    what = uuid.uuid4().hex
    visitor.get("/back_up", params={"what": f"tell of {what}"})
    assert TOLD[-2:] == [
        ("The system finished", f"tell of {what}"),
        ("The system told of", what),
    ]
    assert "The system told of" in editor.get(STREAM).html.select_one(".activitystream-line").text


def test_a_visitor_logs_in_and_gets_to_their_stream(visitor):
    login = visitor.get(STREAM, status=302).follow()
    arrival = fill_in(login.form, "editor")
    assert arrival.follow(status=200).request.path == STREAM


def test_a_visitor_who_follows_a_notification_gets_the_login_form(visitor):
    assert_login_form(visitor.get(SEE, params={"target_link": "/demo"}, status=302))


def test_a_visitors_ajax_call_gets_401_as_json(visitor):
    assert visitor.post(AJAX, status=401).json["status"] == 401


def test_a_deleted_user_gets_the_login_form(leaver):
    assert_login_form(leaver.get(STREAM, status=302))
    assert_login_form(leaver.get(SEE, params={"target_link": "/demo"}, status=302))


def test_a_deleted_users_ajax_call_gets_401_as_json(leaver):
    assert leaver.post(AJAX, status=401).json["status"] == 401


def test_nobody_is_redirected_to_another_site(editor):
    editor.get(SEE, params={"target_link": "https://evil.example"}, status=400)


def test_the_stylesheets_of_the_stream_are_served(editor):
    links = editor.get(STREAM).html.select("link[href*=activitystream]")
    assert {editor.get(link["href"]).content_type for link in links} == {"text/css"}


@pytest.mark.parametrize("language", ["it", "ru"])
def test_a_reader_gets_the_stream_in_their_language(manager, editor, language):
    catalogs = Path(activitystream.__file__).with_name("i18n")
    translate = gettext.translation("activitystream", catalogs, [language]).gettext
    heading, since = translate("Your activity stream"), translate("just now")
    assert heading != "Your activity stream"
    add_todo(manager)
    page = editor.get(STREAM, headers={"Accept-Language": language})
    assert page.html.h1.text == heading
    assert page.html.find(class_="activitystream-time").text == since

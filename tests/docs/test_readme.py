"""The blocks of code in the README and in the pages run, one after the other."""

import importlib
import types
from datetime import datetime, timedelta, timezone

import pytest
import sqlalchemy
import tg
import transaction
from webtest import TestApp

from activitystream import am
from tests.helpers.documents import PROJECT, blocks


def test_every_python_block_runs(namespace, capsys):
    post = namespace["post"]
    namespace["action"] = am.create(namespace["user"], "published", post)
    # The newest of all.
    type(post).author = namespace["author"]
    type(post).created = namespace["action"].timestamp + timedelta(seconds=30)
    namespace["action"].actor
    for block in blocks("python", namespace["orm"]):
        if block.file is None:
            exec(block.compiled(), namespace)
    assert "Ann commented on A post" in capsys.readouterr().out
    assert namespace["until"] == namespace["action"].timestamp.isoformat(timespec="milliseconds")
    assert namespace["text"] == "Ann published A post less than 1 minute ago"
    assert namespace["fields"]["verb"] == "published"
    assert namespace["total"] == len(namespace["actions"]) == 4


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_the_controller_creates_an_action(namespace):
    root = importlib.import_module(f"{PROJECT}.controllers.root")
    post = importlib.import_module(f"{PROJECT}.controllers.post")
    root.RootController.post = post.PostController()
    browser = TestApp(namespace["app"], extra_environ={"REMOTE_USER": "ann"})
    location = namespace["post"].as_link
    answer = browser.post(f"/post/like/{namespace['post'].post_id}", status=302)
    assert answer.headers["Location"] == f"http://localhost{location}"
    browser.post("/post/like/99", status=404)
    TestApp(namespace["app"]).post("/post/like/1", status=401)
    namespace["save"]()
    (action,) = am.get_by_recipient(namespace["author"])
    assert action.sentence == "Ann liked A post"


def test_the_hook_mails_each_recipient(namespace):
    (hook,) = [each for each in blocks("python") if "send_mail" in each.text]
    exec(hook.compiled(), namespace)
    am.create(namespace["user"], "liked", recipients=[namespace["author"]])
    namespace["save"]()
    assert namespace["mailer"].calls == [("bob@host", "Ann liked")]
    am.create(namespace["user"], "announced")
    namespace["save"]()
    assert [address for address, *_ in namespace["mailer"].calls[1:]] == ["ann@host", "bob@host"]


def test_the_hook_after_read_gets_the_new_number(namespace):
    (hook,) = [each for each in blocks("python") if "after_read" in each.text]
    exec(hook.compiled(), namespace)
    reader = namespace["author"]
    actions = [am.create(namespace["user"], "liked", recipients=[reader]) for _ in range(2)]
    am.mark_read(reader, actions[0])
    am.mark_all_read(reader)
    am.mark_unread(reader, actions)
    assert [number for _, number in namespace["phones"].calls] == [1, 0, 2]


@pytest.mark.parametrize("way", ["poll", "handle_unread"])
def test_the_poll_handles_each_action_once(namespace, way):
    (block,) = [each for each in blocks("python") if f"def {way}" in each.text]
    exec(block.compiled(), namespace)
    reader = namespace["user"]
    kept = namespace.get("last_poll"), namespace.get("handled")
    now = datetime.now(timezone.utc)
    # One becomes visible after newer ones.
    for verb, seconds in (("joined", 90), ("liked", 0), ("shared", 50), ("published", 10)):
        stamp = now - timedelta(seconds=seconds)
        am.create_many([{"actor": namespace["author"], "verb": verb, "timestamp": stamp}])
        if way == "poll":
            kept = namespace["poll"](am.get_by_recipient(reader), *kept)
        else:
            namespace["handle_unread"](reader)
    sent = [sentence for (sentence,) in namespace["mailer"].calls]
    begun_before = ["Bob joined"] if way == "handle_unread" else []
    assert sent == [*begun_before, "Bob liked", "Bob shared", "Bob published"]
    if way == "handle_unread":
        assert am.forget(reader, dry_run=True).as_reader == 4


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_a_user_who_cannot_be_read_is_a_visitor(namespace):
    (block,) = [each for each in blocks("python", "SQLAlchemy") if "get_user" in each.text]
    exec(block.compiled(), namespace)
    metadata = types.SimpleNamespace(
        dbsession=namespace["DBSession"], user_class=namespace["model"].User
    )
    get_user = namespace["get_user"]
    assert get_user(metadata, {}, "ann").display_name == "Ann"
    namespace["forget"]()
    namespace["model"].DeclarativeBase.metadata.drop_all(tg.config["tg.app_globals"].sa_engine)
    assert get_user(metadata, {}, "ann") is None
    assert namespace["DBSession"].execute(sqlalchemy.select(1)).scalar() == 1


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_no_mail_is_sent_for_what_is_rolled_back(namespace):
    (hook,) = [each for each in blocks("python") if "send_mail" in each.text]
    exec(hook.compiled(), namespace)
    am.create(namespace["user"], "aborted", recipients=[namespace["author"]])
    transaction.abort()
    namespace["DBSession"].rollback()  # zope.sqlalchemy leaves it out for a session that it keeps
    am.create(namespace["user"], "liked", recipients=[namespace["author"]])
    assert namespace["mailer"].calls == []
    transaction.commit()
    assert namespace["mailer"].calls == [("bob@host", "Ann liked")]


def test_the_field_set_at_sign_up_makes_old_actions_seen(namespace):
    am.create(namespace["user"], "announced")
    for block in blocks("python", namespace["orm"]):
        if block.file is None and "last_activity_seen" in block.text:
            exec(block.compiled(), namespace)
    namespace["save"](namespace["newcomer"])
    namespace["forget"]()
    assert [am.count_not_seen_by_recipient(user) for user in namespace["all_users"]()] == [0, 0, 0]


def test_the_recipe_shows_each_readers_own_list(namespace):
    am.create(namespace["author"], "commented on", namespace["post"], recipients=None)
    namespace["save"]()
    browsers = [
        TestApp(namespace["app"], extra_environ={"REMOTE_USER": name}) for name in ("ann", "bob")
    ]
    for _ in range(2):  # the second time from the cache
        page = browsers[0].get("/notifications")
        (item,) = page.html.select("li")
        text = " ".join(item.text.split())
        assert text == "Bob commented on A post less than 1 minute ago new"
        assert not page.text.count("<!DOCTYPE") > 1
    browsers[0].get(item.select_one("a")["href"])
    assert "new" not in browsers[0].get("/notifications").html.li.text.split()
    assert "new" in browsers[1].get("/notifications").html.li.text.split()


def test_the_recipe_caches_notifications(namespace, monkeypatch):
    action = am.create(namespace["author"], "commented on", namespace["post"])
    namespace["save"]()
    browser = TestApp(namespace["app"], extra_environ={"REMOTE_USER": "ann"})
    rendered = []
    monkeypatch.setattr(
        type(action), "name_of", lambda self, role: rendered.append(role) or "somebody"
    )
    first, second = browser.get("/notifications"), browser.get("/notifications")
    assert "somebody" in first
    assert "somebody" in second
    assert rendered == ["actor", "target"]


def test_shows_the_panel(namespace):
    am.create(namespace["author"], "commented on", namespace["post"])
    namespace["save"]()
    page = TestApp(namespace["app"], extra_environ={"REMOTE_USER": "ann"}).get("/panel")
    assert page.html.select_one(".card-header").text == "What happened"
    text = " ".join(page.html.text.split())
    assert "Bob commented on A post less than 1 minute ago" in text


def test_shows_the_bell(namespace):
    am.create(namespace["author"], "commented on", namespace["post"])
    namespace["save"]()
    browser = TestApp(namespace["app"], extra_environ={"REMOTE_USER": "ann"})
    assert (
        browser.get("/bell").html.select_one("li .activitystream-count [aria-hidden]").text == "1"
    )


def test_the_number_rises_when_hello_is_opened(namespace):
    (hello,) = [each for each in blocks("python") if "def hello" in each.text]
    exec(hello.compiled(), namespace)
    root = importlib.import_module(f"{PROJECT}.controllers.root")
    root.RootController.hello = namespace["hello"]
    TestApp(namespace["app"]).get("/hello")
    page = TestApp(namespace["app"], extra_environ={"REMOTE_USER": "ann"}).get("/bell")
    assert page.html.select_one(".activitystream-count [aria-hidden]").text == "1"


def test_shows_the_list(namespace, project):
    (block,) = [each for each in blocks("html") if "recipient=user" in each.text]
    (project / "templates" / "list.xhtml").write_text(f"<div>{block.text}</div>")
    am.create(namespace["author"], "commented on", namespace["post"])
    namespace["save"]()
    page = TestApp(namespace["app"], extra_environ={"REMOTE_USER": "ann"}).get("/list")
    assert page.html.select_one(".activitystream-line").text == "Bob commented on A post"
    assert page.html.select_one(".activitystream-badge")


def test_shows_the_profile_as_each_may_see_it(namespace, project):
    (block,) = [each for each in blocks("html") if each.file and "profile" in each.file]
    (project / "templates" / "profile.xhtml").write_text(f"<div>{block.text}</div>")
    (code,) = [each for each in blocks("python") if "def profile" in each.text]
    exec(code.compiled(), namespace)
    root = importlib.import_module(f"{PROJECT}.controllers.root")
    root.RootController.profile = namespace["profile"]
    for number in range(30):
        am.create(namespace["author"], f"did no. {number}", recipients=None if number % 3 else [])
    namespace["save"]()
    for name, numbers in (("bob", [25, 5]), ("ann", [20]), (None, [20])):
        browser = TestApp(namespace["app"], extra_environ={"REMOTE_USER": name} if name else {})
        page, found = browser.get("/profile?name=bob"), []
        while page is not None:
            found.append(len(page.html.select(".activitystream-line")))
            link = page.html.select_one(".activitystream-older a")
            page = link and browser.get(link["href"])
        assert found == numbers
    assert page is None
    browser.get("/profile?name=bob&before=x", status=400)
    browser.get("/profile?name=nobody", status=404)


def test_uses_the_template_of_a_verb(namespace, project):
    option = "templates={'liked': 'myproject.templates.liked'}"
    assert any(option in block.text for block in blocks("python"))
    am.create(namespace["author"], "liked", namespace["post"])
    namespace["save"]()
    tg.config["activitystream"]["templates"] = {"liked": "myproject.templates.liked"}
    page = TestApp(namespace["app"], extra_environ={"REMOTE_USER": "ann"}).get(
        "/activitystream/more"
    )
    assert page.html.select_one(".activitystream-line").text == "Bob likes A post"


def test_uses_the_template_of_a_verb_for_a_group(namespace, project):
    for actor in ("user", "author"):
        am.create(namespace[actor], "followed", namespace["post"], recipients=[namespace["user"]])
    namespace["save"]()
    tg.config["activitystream"]["groups"] = {"followed": ("verb",)}
    tg.config["activitystream"]["templates"] = {"followed": "myproject.templates.followed"}
    page = TestApp(namespace["app"], extra_environ={"REMOTE_USER": "ann"}).get(
        "/activitystream/more"
    )
    (line,) = page.html.select(".activitystream-line")
    assert line.text.strip() == "You have 2 new followers"


def test_every_html_block_is_tested():
    pages = ["liked", "profile", "notification", "notifications", "followed", "panel"]
    names = ["master", None, None, *pages]
    assert [block.file for block in blocks("html")] == [
        name and f"{PROJECT}/templates/{name}.xhtml" for name in names
    ]

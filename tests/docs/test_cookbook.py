"""Each recipe of the cookbook runs, and does what its heading says."""

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy
import tg
import transaction
from ming.odm import mapper
from webtest import TestApp

from activitystream import am
from tests.docs.chat import chat
from tests.docs.conftest import ENGINES
from tests.helpers.documents import COOKBOOK, blocks, headings, text_of


@pytest.fixture
def cook(namespace):
    """Return a function that runs the code under a heading, and returns what it names."""
    options = {}
    type(namespace["post"]).author = namespace["author"]
    namespace["plug"] = lambda base_config, name, **given: options.update(given)

    def cook(heading, **given):
        namespace.update(given)
        found = of(heading, "python", namespace["orm"])
        assert found, heading
        for block in found:
            exec(block.compiled(), namespace)
        tg.config["activitystream"].update(options)
        return namespace

    return cook


def of(heading, language, orm=None):
    found = blocks(language, orm, of=[COOKBOOK])
    return [block for block in found if block.heading == heading]


def sentences(user, **options):
    return [action.sentence for action in am.get_by_recipient(user, **options)]


def test_every_recipe_is_tested():
    tested = re.findall(r"\b(?:cook|of)\(\s*[\"'](.+?)[\"'](?:,|\))", Path(__file__).read_text())
    assert set(headings(COOKBOOK)) == {each.replace("\\", "") for each in tested}


def test_the_contents_list_every_recipe():
    listed = re.findall(r"^    \| `(.+)`_$", text_of(COOKBOOK), re.M)
    assert sorted(listed) == sorted(headings(COOKBOOK))
    assert len(set(listed)) == len(listed)


def test_announces_to_everyone(cook):
    it = cook("Announce something to everyone")
    assert all(sentences(user) == ["Ann announced A post"] for user in it["all_users"]())


def test_notifies_a_team(cook):
    it = cook("Notify a team")
    assert sentences(it["author"]) == []
    assert sentences(it["author"], also=[it["team"]]) == ["Ann released A post"]


def test_lets_the_app_itself_act(cook):
    it = cook("Create an action that no user did")
    assert sentences(it["user"]) == ["Our robot finished the backup of A post"]
    tg.config["activitystream"]["system_name"] = None
    assert sentences(it["user"]) == ["The system finished the backup of A post"]


def test_welcomes_a_new_user_once(cook):
    it = cook("Welcome a new user")
    newcomer = it["model"].User(user_name="eva", display_name="Eva", email_address="eva@host")
    it["save"](newcomer)
    for _ in range(2):
        it["welcome"](newcomer)
    assert sentences(newcomer) == ["The system welcomes Eva"]
    assert sentences(it["user"]) == []


def test_leaves_the_actor_out(cook):
    it = cook("Do not tell the actor")
    assert it["user"] in it["followers"]
    assert sentences(it["user"]) == []
    assert sentences(it["author"]) == ["Ann commented on A post"]
    assert tg.config["activitystream"]["notify_actor"] is False


def test_takes_back_a_like(cook):
    it = cook("Take back a like")
    for expected in (["Ann liked A post"], []):
        it["toggle_like"](it["user"], it["post"])
        assert sentences(it["author"]) == expected


def test_notifies_from_a_model_event(cook):
    it = cook("Notify from a model event")
    Post, reader = it["model"].Post, it["user"]
    if it["orm"] == "Ming":
        its_mapper = mapper(Post)
        its_mapper.extensions.append(it["TellsOfPosts"](its_mapper))
    it["save"](Post(title="A new one"))
    assert sentences(reader) == ["Bob published A new one"]
    if it["orm"] == "SQLAlchemy":
        sqlalchemy.event.remove(Post, "after_insert", it["tell_of_post"])


def test_stores_the_action_of_a_retried_job_once(cook):
    it = cook("Never notify twice from a retried job")
    for job in (1, 1, 2, 1):
        it["finish_export"](job, it["user"])
    assert sentences(it["user"]) == ["Ann exported", "Ann exported"]


def test_shows_what_a_person_did_to_those_who_may_see_it(cook):
    it = cook("Show what a person did")
    ann, bob = it["user"], it["author"]
    am.create(ann, "published", it["post"])
    am.create(ann, "noted", it["post"], recipients=[ann])
    am.create(bob, "published", it["post"])
    for visitor, expected in ((ann, 2), (bob, 1), (None, 1)):
        assert len(it["activity_of"](ann, visitor)) == expected


def test_shows_what_happened_in_a_project(cook):
    it = cook("Show what happened in a project")
    ann, bob = it["user"], it["author"]
    am.create(ann, "joined", it["post"])
    am.create(bob, "joined", it["post"], recipients=[ann])
    am.create(bob, "joined", it["comment"])
    for visitor, expected in ((ann, 2), (bob, 2), (None, 1)):
        assert len(it["activity_in"](it["post"], visitor)) == expected


def test_says_and_how_many_others(cook):
    it = cook('Say "Ann, Bob and 3 others"')
    User = it["model"].User
    people = [User(user_name=name, display_name=name.title()) for name in ("cem", "dee", "eva")]
    it["save"](*people)
    for person in (*people, it["author"], it["user"]):
        am.create(person, "liked", it["post"])
    (line,) = it["newest_lines"](it["author"])
    assert line == "Ann, Bob and 3 others liked A post"


def test_mutes_a_kind(cook):
    it = cook("Mute a kind of action")
    am.create(it["author"], "liked", it["post"])
    am.create(it["author"], "commented on", it["post"])
    assert sentences(it["user"]) == ["Bob commented on A post"]
    it["save"]()
    browser = TestApp(it["app"], extra_environ={"REMOTE_USER": "ann"})
    labels = browser.get("/activitystream/settings").html.select("label")
    assert [each.text.strip() for each in labels] == ["Likes", "Comments"]
    am.unmute(it["user"], verb="liked")
    assert len(sentences(it["user"])) == 2


def show(namespace, project, engine, template):
    """Return the page of a template."""
    (project / "templates" / f"shown.{ENGINES[engine]}").write_text(f"<div>{template}</div>")
    namespace["save"]()
    return TestApp(namespace["app"], extra_environ={"REMOTE_USER": "ann"}).get(f"/{engine}")


def test_marks_one_as_read(cook, namespace, project):
    reader = namespace["user"]
    first, second = (am.create(namespace["author"], verb) for verb in ("joined", "liked"))
    cook("Mark one action as read", action=first)
    assert [each.is_read_by(reader) for each in (first, second)] == [True, False]
    am.mark_unread(reader, first)
    (form,) = of("Mark one action as read", "html")
    page = show(namespace, project, "kajiki", form.text)
    assert page.form.submit(status=303).location == "http://localhost/kajiki"
    namespace["forget"]()
    reader = namespace["all_users"]()[0]
    assert [each.verb for each in am.get_by_recipient(reader).unread()] == ["joined"]


@pytest.mark.parametrize("language", ["jinja", "mako", "genshi"])
def test_shows_the_bell_in_other_engines(namespace, project, language):
    am.create(namespace["author"], "liked", namespace["post"])
    (line,) = of("Show the bell in Jinja2, Mako or Genshi", language)
    page = show(namespace, project, language, line.text)
    assert page.html.select_one("li .activitystream-count [aria-hidden]").text == "1"


def test_sends_mail_after_the_commit(cook):
    it = cook("Send mail after the commit")
    if it["orm"] == "SQLAlchemy":
        am.create(it["user"], "dreamt")
        transaction.abort()
        it["DBSession"].rollback()  # zope.sqlalchemy does not, with keep_session
        am.create(it["user"], "liked", it["post"], recipients=[it["author"]])
        assert it["mailer"].calls == []
    else:
        am.create(it["user"], "liked", it["post"], recipients=[it["author"]])
    it["save"]()
    assert it["mailer"].calls == [("bob@host", "Ann liked A post")]
    am.mute(it["author"], verb="liked")
    am.create(it["user"], "liked", it["post"], recipients=[it["author"]])
    am.create(it["user"], "shared", it["post"], recipients=[it["user"]], notify_actor=False)
    it["save"]()
    assert it["mailer"].calls == [("bob@host", "Ann liked A post")]


def test_sends_a_daily_digest(cook):
    it = cook("Send a daily digest")
    for verb in ("liked", "shared"):
        am.create(it["user"], verb, it["post"], recipients=[it["author"]])
    it["save"]()
    yesterday = datetime.now(timezone.utc) - timedelta(days=1)
    earlier = {"verb": "posted", "timestamp": yesterday - timedelta(hours=1)}
    am.create_many([{"actor": it["user"], "recipients": [it["author"]], **earlier}])
    it["save"]()
    it["send_digests"](yesterday)
    assert it["mailer"].calls == [("bob@host", "Ann shared A post\nAnn liked A post")]


def test_posts_to_a_chat(cook):
    with chat() as (url, got):
        it = cook("Post to a chat", chat_url=url)
        am.create(it["user"], "noted", it["post"], recipients=[it["author"]])
        am.create(it["user"], "liked", it["post"])
        it["save"]()
    assert got == [{"text": "Ann liked A post"}]


def test_puts_the_number_into_a_mail(cook):
    it = cook("Put the number of new actions into a mail")
    for _ in range(2):
        am.create(it["user"], "liked", it["post"], recipients=[it["author"]])
    it["remind"](it["all_users"]())
    assert it["mailer"].calls == [("bob@host", "2 new since your last visit")]
    assert am.count_not_seen_by_recipient(it["author"]) == 2


def test_shows_times_in_the_users_time_zone(cook, monkeypatch):
    it = cook("Show times in the user's time zone")
    monkeypatch.setattr(type(it["user"]), "timezone", "Asia/Kathmandu", raising=False)
    action = am.create(it["author"], "posted", recipients=[it["user"]])
    action.timestamp = datetime(2026, 1, 31, 18, 15)  # midnight there
    it["save"](action)
    page = browser_of(it).get("/activitystream/", headers={"Accept-Language": "it"})
    assert page.html.select_one("li time").text == "00:00"


def test_shows_the_actors_picture(cook, monkeypatch):
    it = cook("Show the actor's picture")
    monkeypatch.setattr(type(it["user"]), "as_image", it["as_image"], raising=False)
    am.create(it["author"], "posted", recipients=[it["user"]])
    it["save"]()
    picture = browser_of(it).get("/activitystream/newest").html.select_one("img")
    assert picture["src"] == "/img/people/bob.jpg"


def browser_of(it):
    return TestApp(it["app"], extra_environ={"REMOTE_USER": it["user"].user_name})

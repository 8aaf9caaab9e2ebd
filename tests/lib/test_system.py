"""The actor that is not a user: ``activitystream.SYSTEM``."""

import copy
import pickle

import pytest
from tg.util.lazystring import LazyString

from activitystream import EVERYTHING, SYSTEM, am, model
from activitystream.model.system import SYSTEM_REFERENCE


def actor(action):
    return (action.actor_type, action.actor_id, action.actor_name)


def test_acts_and_is_shown(host, user, post):
    made = am.create(SYSTEM, "finished", post, recipients=[user])
    host.database.forget()
    (action,) = am.get_by_recipient(user)
    for each in (made, action):
        assert each.entity("actor") is SYSTEM
        assert (each.actor, each.name_of("actor")) == ("The system", "The system")
        assert each.sentence == "The system finished A post"
        assert actor(each) == (":system", "system", None)
        assert type(each).render_str(each).startswith("The system finished A post ")


def test_is_in_create_many(host, user):
    am.create_many([{"actor": SYSTEM, "verb": "finished", "recipients": [user]}])
    (action,) = am.get_by_recipient(user)
    assert action.actor == "The system"


@pytest.mark.parametrize("name", ["Robot <1>", LazyString(str, "Robot <1>")])
def test_has_the_name_that_the_host_gives_it(host, user, name):
    host.plug(system_name=name)
    am.create(SYSTEM, "finished", recipients=[user])
    page = host.browser(user).get("/activitystream/")
    assert page.html.select_one(".activitystream-line b").text == "Robot <1>"


def test_is_told_in_the_readers_language(host, user):
    am.create(SYSTEM, "finished", recipients=[user])
    page = host.browser(user).get("/activitystream/", headers={"Accept-Language": "it"})
    assert "Il sistema" in page.html.text


def test_feeds_filters_and_withdrawals_know_it(host, user):
    am.create(SYSTEM, "finished")
    am.create(user, "finished")
    assert [each.actor for each in am.get_by_actor(SYSTEM, visible_to=user)] == ["The system"]
    assert am.get_by_actor(SYSTEM, visible_to=EVERYTHING).count() == 1
    assert am.get_actions(filters={"actor_type": SYSTEM.activity_type}).total == 1
    assert am.withdraw(SYSTEM, "finished") == 1
    assert [each.actor for each in am.get_actions().actions] == ["ann"]


def test_is_muted_and_unmuted(host, user):
    am.create(SYSTEM, "finished", recipients=[user])
    am.mute(user, actor=SYSTEM)
    assert host.verbs(user) == []
    (mute,) = am.mutes_of(user)
    assert mute.actor is SYSTEM
    assert "What The system does" in host.browser(user).get("/activitystream/settings").html.text
    am.unmute(user, actor=SYSTEM)
    assert host.verbs(user) == ["finished"]


def test_is_offered_to_be_muted(host, user):
    am.create(SYSTEM, "finished", recipients=[user])
    assert "Mute The system" in host.browser(user).get("/activitystream/").html.text


def test_is_an_application_in_json(host, user):
    am.create(SYSTEM, "finished", recipients=[user])
    (item,) = host.browser(user).get("/activitystream/stream.json").json["orderedItems"]
    assert item["actor"] == {"type": "Application", "name": "The system"}


def test_is_grouped(host, user):
    host.plug(groups={"finished": ("verb", "actor")})
    for _ in range(2):
        am.create(SYSTEM, "finished", recipients=[user])
    (group,) = am.get_by_recipient(user).grouped()
    assert (group.count, group.names("actor")) == (2, ["The system"])


def test_acts_once_and_is_forgotten(host, user):
    for _ in range(2):
        am.create(SYSTEM, "finished", once="backup")
    am.mute(user, actor=SYSTEM)
    assert am.get_actions().total == 1
    assert am.forget(SYSTEM).as_actor == 1
    assert am.get_actions().total == 0


def test_can_be_an_actor_only(host, user, post):
    for wrong in (
        lambda: am.create(user, "liked", SYSTEM),
        lambda: am.create(user, "liked", action_obj=SYSTEM),
        lambda: am.create(user, "liked", recipients=[SYSTEM]),
        lambda: am.get_by_recipient(SYSTEM),
        lambda: am.get_by_target(SYSTEM, visible_to=None),
        lambda: am.get_by_actor(user, visible_to=SYSTEM),
        lambda: am.mute(user, target=SYSTEM),
        lambda: am.mute(SYSTEM, verb="liked"),
        lambda: am.mark_seen(SYSTEM),
    ):
        with pytest.raises((TypeError, AttributeError), match=r"SYSTEM|System"):
            wrong()
    with pytest.raises(TypeError, match=r"not None: .*activitystream\.SYSTEM"):
        am.create(None, "finished")


def test_is_no_reader(host, user):
    action = am.create(SYSTEM, "finished")
    for wrong in (
        lambda: action.is_unseen_by(SYSTEM),
        lambda: action.is_read_by(SYSTEM),
        lambda: am.mutes_of(SYSTEM),
        lambda: am.mark_read(SYSTEM, action),
        lambda: am.count_unread_by_recipient(SYSTEM),
    ):
        with pytest.raises(TypeError, match="recipient must not be activitystream.SYSTEM"):
            wrong()


def test_a_class_of_that_name_is_another(host, define):
    system = host.save(define("System", "system_of_host")())
    am.create(SYSTEM, "finished")
    am.create(system, "started")
    assert [each.verb for each in am.get_by_actor(system, visible_to=None)] == ["started"]
    assert [each.verb for each in am.get_by_actor(SYSTEM, visible_to=None)] == ["finished"]


def test_is_one_object():
    assert copy.copy(SYSTEM) is copy.deepcopy(SYSTEM) is SYSTEM
    assert pickle.loads(pickle.dumps(SYSTEM)) is SYSTEM
    assert repr(SYSTEM) == "activitystream.SYSTEM"


def test_no_query_looks_for_it(host):
    am.create(SYSTEM, "finished")
    host.database.forget()
    ((action,),) = [am.get_actions().actions]
    asked = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(model.orm, "load_entities", lambda *arguments: asked.append(arguments))
        assert action.sentence == "The system finished"
    assert asked == []
    assert (action.actor_type, action.actor_id) == SYSTEM_REFERENCE

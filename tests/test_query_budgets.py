"""How many commands a page costs, counted where a real server receives them."""

import pytest

from activitystream import am


@pytest.fixture
def host(mongodb_host):
    """With 120 actions for ann, of many actors, about many posts and notes."""
    host = mongodb_host
    ann = host.user("ann")
    people = host.save(*(host.model.User(user_name=f"user{number}") for number in range(12)))
    posts = host.save(*(host.model.Post(title=f"post {number}") for number in range(30)))
    notes = host.save(*(host.model.Note(secret="x") for number in range(20)))
    for number in range(120):
        am.create(
            people[number % 12],
            "commented",
            posts[number % 30],
            notes[number % 20],
            recipients=[ann, people[(number + 1) % 12]],
        )
    host.database.forget()
    host.ann = host.model.user_named("ann")
    return host


@pytest.fixture
def commands(host):
    """The names of the commands that a call sends."""

    def commands(call):
        with host.database.queries() as recorded:
            call()
        return [event.command_name for event in recorded]

    return commands


KINDS = 3


def everything(actions):
    for action in actions:
        action.actor, action.target, action.action_obj, action.target_link, action.recipients
        action.name_of("actor"), action.name_of("target"), action.name_of("action_obj")


@pytest.mark.parametrize("number", [10, 100])
def test_a_page_costs_one_query_and_one_per_kind_of_entity(host, commands, number):
    stream = am.get_by_recipient(host.ann).limit(number)
    for read in (stream.all, lambda: list(stream), lambda: stream, lambda: stream[0:number]):
        assert commands(lambda read=read: everything(read())) == ["find"] * (1 + KINDS)


@pytest.mark.parametrize(
    "ask",
    [
        lambda action: action.actor,
        lambda action: action.target,
        lambda action: action.action_obj,
        lambda action: action.target_link,
        lambda action: action.recipients,
    ],
    ids=["actor", "target", "action_obj", "target_link", "recipients"],
)
def test_whoever_asks_first_asks_for_the_whole_page(host, commands, ask):
    actions = am.get_by_recipient(host.ann).limit(100).all()
    assert commands(lambda: ask(actions[50])) == ["find"]
    assert commands(lambda: [ask(action) for action in actions]) == []


def test_get_actions_costs_a_count_and_a_query_and_one_per_kind(host, commands):
    asked = commands(lambda: everything(am.get_actions(limit=100)[1]))
    assert asked == ["aggregate", *["find"] * (1 + KINDS)]


def test_looking_at_a_new_action_costs_nothing(host, commands):
    post = host.post()
    action = am.create(host.ann, "liked", post, post, recipients=[host.ann])
    assert commands(lambda: everything([action])) == []


def test_reading_without_looking_costs_one_query(host, commands):
    stream = am.get_by_recipient(host.ann)
    assert commands(lambda: [action.verb for action in stream.limit(100)]) == ["find"]
    assert commands(lambda: list(stream.limit(10))) == ["find"]
    assert commands(stream.first) == ["find"]
    assert commands(stream.count) == ["aggregate"]
    assert commands(lambda: am.count_not_seen_by_recipient(host.ann)) == ["aggregate"]


def test_the_verbs_that_write_cost_one_command(host, commands):
    assert commands(lambda: am.create(host.ann, "joined", recipients=[host.ann])) == ["insert"]
    assert commands(lambda: am.mark_seen(host.ann)) == ["findAndModify"]


@pytest.mark.parametrize("number", [10, 100])
def test_a_rendered_page_costs_as_much_more_than_one_without(host, commands, number):
    app = host.browser(host.ann)
    without = commands(lambda: app.get("/notifications?number=0"))
    with_them = commands(lambda: app.get(f"/notifications?number={number}"))
    kinds = 2  # the recipe shows actors and targets
    assert len(with_them) <= len(without) + 1 + kinds


def test_the_streams_own_page_costs_a_count_and_a_query_and_one_per_kind(host, commands):
    app = host.browser(host.ann)
    without = commands(lambda: app.get("/notifications?number=0"))
    asked = commands(lambda: app.get("/activitystream/"))
    assert len(asked) <= len(without) + 2 + KINDS


def keys_asked(host, call):
    """How many entities each query of a call asks for."""
    with host.database.queries() as recorded:
        call()
    filters = [event.command["filter"] for event in recorded if event.command_name == "find"]
    return [len(each["_id"]["$in"]) for each in filters]


def test_an_action_for_a_crowd_does_not_load_it_along(host):
    crowd = host.save(*(host.model.User(user_name=f"crowd{number}") for number in range(1500)))
    am.create(host.ann, "announced", recipients=[host.ann, *crowd])
    host.database.forget()
    action = am.get_by_recipient(host.model.user_named("ann")).first()
    assert keys_asked(host, lambda: action.actor) == [1]
    assert keys_asked(host, lambda: action.recipients) == [1500]
    assert len(action.recipients) == 1501


def test_the_recipients_of_a_page_are_asked_for_together(host, monkeypatch):
    actions = am.get_by_recipient(host.ann).limit(100).all()
    monkeypatch.setattr("activitystream.lib.batches._FEW_RECIPIENTS", 50)
    assert len(keys_asked(host, lambda: [action.actor for action in actions])) == 1
    assert len(keys_asked(host, lambda: [action.recipients for action in actions])) == 1


def test_crowds_are_asked_for_one_by_one(host, monkeypatch):
    for limit in ("_FEW_RECIPIENTS", "_MANY_RECIPIENTS"):
        monkeypatch.setattr(f"activitystream.lib.batches.{limit}", 50)
    actions = am.get_by_recipient(host.ann).limit(100).all()
    everyone = {recipient["_id"] for action in actions for recipient in action._recipients}
    actors = {action.actor_id for action in actions}
    asked = keys_asked(host, lambda: actions[0].recipients)
    assert asked == [len(actors | {each["_id"] for each in actions[0]._recipients})]
    assert asked[0] < len(actors | everyone) + 1

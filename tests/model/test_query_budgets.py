"""How many queries a page costs, counted where they are sent to a real database."""

import pytest
import tg

from activitystream import EVERYTHING, am
from tests.helpers.databases import COUNTED, on

pytestmark = on(*COUNTED)


@pytest.fixture
def host(host):
    """Return a host with 120 actions for ann, of many actors, about many posts and notes."""
    ann = host.user("ann")
    people = host.save(*(host.model.User(user_name=f"user{number}") for number in range(12)))
    posts = host.save(*(host.model.Post(title=f"post {number}") for number in range(30)))
    notes = host.save(*(host.model.Note(secret="x") for number in range(20)))
    am.create_many(
        {
            "actor": people[number % 12],
            "verb": "commented",
            "target": posts[number % 30],
            "action_obj": notes[number % 20],
            "recipients": [ann, people[(number + 1) % 12]],
        }
        for number in range(120)
    )
    host.database.forget()
    host.ann = host.model.user_named("ann")
    return host


@pytest.fixture
def queries(host):
    """Return what a call sends: for each query, whether it reads or writes."""

    def queries(call):
        with host.database.queries() as recorded:
            call()
        return [host.database.kind_of(query) for query in recorded]

    return queries


KINDS = 3

#: The recipients of a page, and those who appear on it as recipients only.
FOR_RECIPIENTS = 2


def everything(actions):
    for action in actions:
        action.actor, action.target, action.action_obj, action.target_link, action.recipients
        action.name_of("actor"), action.name_of("target"), action.name_of("action_obj")


@pytest.mark.parametrize("number", [10, 100])
def test_a_page_costs_one_query_and_one_per_kind_of_entity(host, queries, number):
    stream = am.get_by_recipient(host.ann).limit(number)
    for read in (stream.all, lambda: list(stream), lambda: stream, lambda: stream[0:number]):
        host.database.forget()
        asked = queries(lambda read=read: everything(read()))
        mutes = host.database.to_read_mutes
        assert asked == mutes + ["read"] * (1 + KINDS + FOR_RECIPIENTS)


@pytest.mark.parametrize(
    "ask",
    [
        lambda action: action.actor,
        lambda action: action.target,
        lambda action: action.action_obj,
        lambda action: action.target_link,
    ],
    ids=["actor", "target", "action_obj", "target_link"],
)
def test_the_first_entity_loads_those_of_the_page(host, queries, ask):
    actions = am.get_by_recipient(host.ann).limit(100).all()
    assert queries(lambda: ask(actions[50])) == ["read"]
    assert queries(lambda: [ask(action) for action in actions]) == []


def test_the_first_recipients_load_those_of_the_page(host, queries):
    actions = am.get_by_recipient(host.ann).limit(100).all()
    asked = queries(lambda: actions[50].recipients)
    assert asked == ["read"] * 2
    assert queries(lambda: [(action.recipients, action.actor) for action in actions]) == []


def test_get_actions_costs_a_count_and_a_query_and_one_per_kind(host, queries):
    asked = queries(lambda: everything(tuple(am.get_actions(limit=100))[1]))
    assert asked == ["read"] * (2 + KINDS + FOR_RECIPIENTS)


def test_get_actions_counts_only_when_somebody_looks(host, queries):
    assert queries(lambda: am.get_actions(limit=10).actions) == ["read"]
    found = am.get_actions(limit=10)
    total, actions = found
    assert (total, len(actions)) == (found.total, 10)
    assert found == (total, actions)


def test_the_stream_of_an_actor_costs_one_query_or_two_for_a_viewer(host, queries):
    for visible_to, number in (
        (None, 1),
        (EVERYTHING, 1),
        (host.ann, host.database.to_test_viewer),
    ):
        stream = am.get_by_actor(host.model.user_named("user0"), visible_to=visible_to)
        assert queries(lambda stream=stream: stream.page(10)) == ["read"] * number


@pytest.mark.parametrize(
    "read",
    [lambda stream: stream.limit(3).all(), lambda stream: stream.page(3), list],
    ids=["all", "page", "iteration"],
)
@pytest.mark.parametrize("role", ["actor", "target"])
def test_a_page_does_not_load_whose_stream_it_is(host, queries, role, read):
    entity = am.get_by_recipient(host.ann).first().entity(role)
    stream_of = {"actor": am.get_by_actor, "target": am.get_by_target}[role]
    stream = stream_of(entity, visible_to=EVERYTHING)
    actions = read(stream)
    assert queries(lambda: [each.entity(role) for each in actions]) == []
    assert actions[0].entity(role) is entity
    host.database.forget()
    actions = read(stream)
    assert queries(lambda: [each.entity(role) for each in actions]) == ["read"]
    assert actions[0].entity(role) is not entity


@pytest.mark.parametrize(
    ("rule", "lines", "goes_on", "kinds"),
    [(("verb",), 1, True, 1), (("verb", "target"), 10, False, KINDS)],
)
def test_a_page_of_groups_costs_a_few_queries_and_one_per_kind(
    host, queries, monkeypatch, rule, lines, goes_on, kinds
):
    """It reads outlines and their states in batches from 50 on, and then what its lines show."""
    monkeypatch.setitem(tg.config["activitystream"], "groups", {"commented": rule})
    pages = []
    grouped = am.get_by_recipient(host.ann).grouped()
    asked = queries(lambda: pages.append(grouped.page(10)))
    mutes = host.database.to_read_mutes
    # What is before a cursor is two ranges on MongoDB.
    further = [*mutes, *mutes, "read", "read"] if goes_on else []
    assert asked == [*mutes, "read", "read", *further, "read"]
    assert len(pages[0]) == lines
    said = queries(lambda: [(each.sentence, each.is_read) for each in pages[0]])
    assert said == ["read"] * kinds
    assert queries(lambda: [each.newest.actor for each in pages[0]]) == []


def test_looking_at_a_new_action_costs_nothing(host, queries):
    post = host.post()
    action = am.create(host.ann, "liked", post, post, recipients=[host.ann])
    assert queries(lambda: everything([action])) == []


def test_reading_without_looking_costs_one_query(host, queries):
    stream = am.get_by_recipient(host.ann)
    one = [*host.database.to_read_mutes, "read"]
    assert queries(lambda: [action.verb for action in stream.limit(100)]) == one
    assert queries(lambda: list(stream.limit(10))) == one
    assert queries(stream.first) == one
    assert queries(stream.count) == one
    counted = queries(lambda: am.count_not_seen_by_recipient(host.ann))
    assert counted == host.database.to_count_unseen


def test_a_muted_stream_costs_no_query_more_once_it_was_read(host, queries):
    am.mute(host.ann, actor=host.model.user_named("user3"))
    stream = am.get_by_recipient(host.ann)
    assert (am.count_not_seen_by_recipient(host.ann), len(stream.all())) == (110, 110)
    one = [*host.database.to_read_mutes, "read"]
    assert queries(stream.first) == one
    assert queries(stream.count) == one
    counted = queries(lambda: am.count_not_seen_by_recipient(host.ann))
    assert counted == host.database.to_count_unseen
    am.unmute(host.ann, actor=host.model.user_named("user3"))
    assert (am.count_not_seen_by_recipient(host.ann), len(stream.all())) == (120, 120)


def test_what_is_seen_and_read_of_a_page_costs_one_query(host, queries):
    actions = am.get_by_recipient(host.ann).limit(100).all()
    assert queries(lambda: [action.is_unseen_by(host.ann) for action in actions]) == ["read"]
    assert queries(lambda: [action.is_read_by(host.ann) for action in actions]) == []
    am.mark_read(host.ann, actions[:50])
    assert queries(lambda: [action.is_read_by(host.ann) for action in actions]) == ["read"]


@pytest.mark.parametrize("number", [1, 5])
def test_reading_one_or_several_costs_the_same_few_commands(host, queries, number):
    am.mark_seen(host.ann)
    actions = am.get_by_recipient(host.ann).limit(number).all()
    assert queries(lambda: am.mark_read(host.ann, actions)) == host.database.to_read_one


def test_the_verbs_that_write_cost_few_commands(host, queries):
    written = queries(lambda: am.create(host.ann, "joined", recipients=[host.ann] * 3))
    assert written == host.database.to_write_one
    assert queries(lambda: am.mark_seen(host.ann)) == host.database.to_mark_seen


def test_an_action_for_a_hundred_costs_as_much_as_for_one(host, queries):
    crowd = host.save(*(host.model.User(user_name=f"crowd{number}") for number in range(100)))
    written = queries(lambda: am.create(host.ann, "announced", recipients=crowd))
    assert written == host.database.to_write_one


@pytest.mark.parametrize("number", [10, 100])
def test_a_rendered_page_costs_a_query_and_one_per_kind(host, queries, number):
    app = host.browser(host.ann)
    without = queries(lambda: app.get("/notifications?number=0"))
    with_them = queries(lambda: app.get(f"/notifications?number={number}"))
    kinds = 2  # the recipe shows actors and targets
    assert len(with_them) <= len(without) + len(host.database.to_read_mutes) + 1 + kinds


def test_the_streams_own_page_costs_a_count_and_a_query_and_one_per_kind(host, queries):
    app = host.browser(host.ann)
    without = queries(lambda: app.get("/notifications?number=0"))
    asked = queries(lambda: app.get("/activitystream/"))
    assert len(asked) <= len(without) + len(host.database.to_read_mutes) + 2 + KINDS


def keys_asked(host, call):
    """Return how many entities each query of a call asks for."""
    with host.database.queries() as recorded:
        call()
    asked = [host.database.entities_asked(query) for query in recorded]
    return [number for number in asked if number is not None]


def test_reading_the_actor_loads_no_crowd(host):
    crowd = host.save(*(host.model.User(user_name=f"crowd{number}") for number in range(1500)))
    am.create(host.ann, "announced", recipients=[host.ann, *crowd])
    host.database.forget()
    action = am.get_by_recipient(host.model.user_named("ann")).first()
    assert keys_asked(host, lambda: action.actor) == [1]
    assert sum(keys_asked(host, lambda: action.recipients)) == 1500
    assert len(action.recipients) == 1501


def test_the_recipients_of_a_page_are_asked_for_together(host):
    actions = am.get_by_recipient(host.ann).limit(100).all()
    assert len(keys_asked(host, lambda: [action.actor for action in actions])) == 1
    assert len(keys_asked(host, lambda: [action.recipients for action in actions])) == 1


def test_long_recipient_lists_load_separately(host, monkeypatch):
    monkeypatch.setattr("activitystream.model.pages._FEW_RECIPIENTS", 3)
    for verb in ("first", "second"):
        crowd = host.save(*(host.model.User(user_name=f"{verb} {n}") for n in range(5)))
        am.create(host.ann, verb, recipients=[host.ann, *crowd])
    host.database.forget()
    actions = am.get_by_recipient(host.model.user_named("ann")).limit(2).all()
    for action in actions:
        assert sum(keys_asked(host, lambda action=action: action.recipients)) in (5, 6)

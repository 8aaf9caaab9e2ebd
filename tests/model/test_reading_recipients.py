"""Recipients, who may be many, are read on first access, and never lost."""

import pickle
import tracemalloc

import pytest

from activitystream import EVERYTHING, am, model
from tests.helpers.databases import COUNTED, MING, SQL, on

PATHS = ("", "newest", "more", "stream.json", "bell", "unseen.json")

READS = {
    "stream": lambda user: am.get_by_recipient(user).all(),
    "iteration": lambda user: list(am.get_by_recipient(user)),
    "get_actions": lambda user: am.get_actions()[1],
}


@pytest.fixture(params=READS)
def read(request, monkeypatch):
    """Return ann's actions, as a later request reads them; an iteration releases its pages."""
    monkeypatch.setattr("activitystream.lib.streams._PAGE_SIZE", 2)

    def read(host):
        host.save()
        host.database.forget()
        actions = READS[request.param](host.model.user_named("ann"))
        return {action.verb: action for action in actions}

    return read


@pytest.fixture
def actions(host, user, other):
    """Store actions; the verb of each says whom it is for."""
    recipients = {"to both": [user, other], "to ann": [user], "to everyone": None}
    for verb, to in recipients.items():
        am.create(user, verb, recipients=to)
    am.create(other, "to all three", recipients=[other, host.user("cec"), user])


NAMES = {"to both": ["ann", "bob"], "to ann": ["ann"], "to all three": ["bob", "cec", "ann"]}


def names_of(actions):
    return {
        verb: None if each._recipients is None else [to.user_name for to in each.recipients]
        for verb, each in actions.items()
    }


def stored(host):
    return {each["verb"]: each["_recipients"] for each in host.database.raw_actions()}


def is_of_recipients(host, query):
    """Return whether a query asks for the recipients of actions."""
    if host.database.name == "mongodb":
        command = query.command
        wanted = command.get("projection", {"_recipients": True})
        return command.get("find") == "activity_stream_action" and wanted.get("_recipients") is True
    return "activity_stream_recipient.position" in query.text.replace("`", "")


@on(*COUNTED)
def test_pages_leave_recipients_in_the_database(host, user, other, app, actions):
    with host.database.queries() as recorded:
        for path in PATHS:
            app.get(f"/activitystream/{path}")
        for action in am.get_actions()[1]:
            action.__json__(), action.sentence, action.target, repr(action), action.for_everyone
    assert recorded
    assert not [query for query in recorded if is_of_recipients(host, query)]


def test_recipients_are_there_when_somebody_looks(host, actions, read):
    found = read(host)
    assert names_of(found) == {**NAMES, "to everyone": None}
    numbers = {verb: each.number_of_recipients for verb, each in found.items()}
    assert numbers == {"to both": 2, "to ann": 1, "to all three": 3, "to everyone": None}


def test_an_action_says_whether_it_is_for_everyone(host, user, actions, read):
    for_nobody = am.create(user, "to nobody", recipients=[])
    for_everyone = am.create(user, "to all")
    assert (for_nobody.for_everyone, for_everyone.for_everyone) == (False, True)
    assert pickle.loads(pickle.dumps(for_everyone)).for_everyone
    for each in (*read(host).values(), *am.get_by_actor(user, visible_to=EVERYTHING)):
        assert pickle.loads(pickle.dumps(each)).for_everyone is each.for_everyone
        assert each.for_everyone is (each.verb in ("to everyone", "to all"))
        assert each.for_everyone is (each.number_of_recipients is None)


@on("mim", "mongodb")  # mongomock empties the dict of fields
@pytest.mark.parametrize("fields", [("verb",), {"verb": 1}, {"_recipients": 0}, None])
def test_a_partly_loaded_action_knows_whether_it_is_for_everyone(host, actions, fields):
    host.save()
    host.database.forget()
    found = model.Action.query.find({}, projection=fields).all()
    assert {each.verb for each in found if each.for_everyone} == {"to everyone"}
    assert {each.verb for each in found if each._recipients is None} == {"to everyone"}
    assert names_of({each.verb: each for each in found}) == {**NAMES, "to everyone": None}


@pytest.mark.parametrize("looked_at", ["never", "before", "after"])
def test_an_action_that_the_host_changes_keeps_its_recipients(host, actions, read, looked_at):
    am.create(host.model.user_named("ann"), "to nobody", recipients=[])
    before = stored(host)
    found = read(host)
    for action in found.values():
        if looked_at == "before":
            assert action.recipients is not None
        action.extra = "changed"
        if looked_at == "after":
            assert action.recipients is not None
    host.save()
    assert stored(host) == before
    changed = [each["verb"] for each in host.database.raw_actions() if each["extra"] == "changed"]
    assert sorted(changed) == sorted(found)
    assert names_of(read(host)) == names_of(found)


@on(*MING)
def test_the_flush_of_one_action_keeps_its_recipients(host, actions, read):
    before = stored(host)
    action = read(host)["to all three"]
    action.extra = "changed"
    model.DBSession.flush(action)
    assert stored(host) == before
    assert [each["extra"] for each in host.database.raw_actions()].count("changed") == 1


@on(*MING)
@pytest.mark.parametrize("how", ["assigned", "appended"])
def test_recipients_that_the_host_changes_are_stored(host, actions, read, how):
    action = read(host)["to both"]
    cec = {"_type": "User", "_id": host.model.user_named("cec")._id}
    if how == "assigned":
        action._recipients = [cec]
    else:
        action._recipients.append(cec)
    host.save()
    host.database.forget()
    names = {"assigned": ["cec"], "appended": ["ann", "bob", "cec"]}[how]
    _, (found,) = am.get_actions(filters={"verb": "to both"})
    assert [to.user_name for to in found.recipients] == names


@on(*MING)
def test_the_hosts_own_query_keeps_recipients(host, actions, read):
    before = stored(host)
    found = read(host)
    whole = model.Action.query.find({"verb": "to both"}, refresh=True).first()
    whole.extra = "changed"
    again = model.DBSession.refresh(found["to ann"])
    again.extra = "changed"
    host.save()
    assert stored(host) == before
    host.database.forget()
    part = model.Action.query.find({"verb": "to all three"}, projection=["verb", "extra"]).first()
    part.extra = "changed"
    host.save()
    assert stored(host) == before


@on(*MING)
def test_an_action_without_the_field_is_for_everyone(host, user):
    host.database.insert_action(verb="old", timestamp=user._id.generation_time.replace(tzinfo=None))
    host.database.forget()
    _, (action,) = am.get_actions()
    assert (action.verb, action._recipients, action.number_of_recipients) == ("old", None, None)


def test_who_was_forgotten_is_not_among_the_recipients_read_later(host, actions, read):
    found = read(host)
    am.forget(host.model.user_named("bob"))
    del found["to all three"]  # it was bob's
    names = {verb: [name for name in NAMES[verb] if name != "bob"] for verb in NAMES}
    assert names_of(found) == {"to both": names["to both"], "to ann": ["ann"], "to everyone": None}
    found["to both"].extra = "changed"
    host.save()
    assert [len(to) for to in stored(host).values() if to is not None] == [1, 1]


@on(*MING)
def test_an_action_that_was_deleted_since_has_no_recipients(host, actions, read):
    found = read(host)
    host.database.db.activity_stream_action.delete_many({})
    assert {verb: each.recipients for verb, each in found.items()} == {verb: [] for verb in found}
    found["to both"].extra = "changed"
    host.save()
    assert stored(host) == {}


@on(*COUNTED)
def test_a_long_list_is_read_alone_and_the_others_together(host, user, other, monkeypatch):
    monkeypatch.setattr("activitystream.model.pages._FEW_RECIPIENTS", 3)
    crowd = host.save(*(host.model.User(user_name=f"crowd{number}") for number in range(9)))
    for number in range(20):
        to = [user, *crowd] if number % 10 == 0 else [user, other]
        am.create(user, f"no. {number}", recipients=to)
    host.database.forget()
    actions = am.get_by_recipient(host.model.user_named("ann")).all()
    with host.database.queries() as recorded:
        for action in actions:
            assert len(action._recipients) in (2, 10)
    asked = [query for query in recorded if is_of_recipients(host, query)]
    assert len(asked) == 1 + 2


@on(*COUNTED)
def test_the_recipients_of_many_actions_cost_a_query_for_each_hundred(host, user, other):
    am.create_many({"actor": user, "verb": "met", "recipients": [user, other]} for _ in range(1050))
    host.database.forget()
    actions = am.get_by_recipient(host.model.user_named("ann")).all()
    with host.database.queries() as recorded:
        for action in actions:
            assert len(action.recipients) == 2
    assert len([query for query in recorded if is_of_recipients(host, query)]) == 11


@on(*SQL, "mongodb")
@pytest.mark.large
def test_a_page_of_long_lists_takes_little_memory(host, user, app):
    """26 actions for 5,000 each would take some 60 MB as documents."""
    crowd = host.save(*(host.model.User(user_name=f"crowd{number}") for number in range(5000)))
    am.create_many({"actor": user, "verb": "met", "recipients": [user, *crowd]} for _ in range(26))
    del crowd
    host.database.forget()
    app.get("/activitystream/")
    tracemalloc.start()
    try:
        assert app.get("/activitystream/").text.count("met") >= 25
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000

"""What the tables hold, and that they are the host's."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import transaction
from tg.configuration.utils import TGConfigError

from activitystream import am, model
from tests.conftest import Host
from tests.helpers.databases import on
from tests.helpers.host.app import make_app
from tests.helpers.transactions import committed

# What the tables hold


def test_the_session_deletes_recipients_with_their_action(host, user, other):
    action = am.create(user, "to be deleted", recipients=[user, other])
    am.create(user, "kept", recipients=[user])
    transaction.commit()
    host.database.session.delete(host.database.get(model.Action, action._id))
    transaction.commit()
    recipients = host.database.tables["activity_stream_recipient"]
    assert len(host.database.execute(sa.select(recipients)).all()) == 1
    assert (host.verbs(user), host.verbs(other)) == (["kept"], [])


@on("postgresql", "mariadb")  # SQLite heeds foreign keys only when the host says so
def test_sql_deletes_recipients_with_their_action(host, user):
    am.create(user, "to be deleted", recipients=[user])
    host.database.execute(sa.delete(host.database.tables["activity_stream_action"]))
    recipients = host.database.tables["activity_stream_recipient"]
    assert host.database.execute(sa.select(recipients)).all() == []


def test_a_changed_timestamp_moves_the_action_in_streams(host, user, other):
    first = am.create(user, "first", recipients=[user, other])
    second = am.create(user, "second", recipients=[user])
    first.timestamp = second.timestamp + timedelta(milliseconds=1)
    host.save(first)
    assert host.verbs(user) == ["first", "second"]
    am.mark_seen(user, until=second.timestamp)
    assert am.count_not_seen_by_recipient(user) == 1
    am.mark_seen(other, until=second.timestamp)
    assert am.count_not_seen_by_recipient(other) == 1


def test_keeps_milliseconds(host, user):
    moment = datetime(2020, 1, 31, 12, 30, 15, 123000)
    action = am.create(user, "joined", recipients=[user])
    action.timestamp = moment
    host.save(action)
    am.mark_seen(user, until=moment - timedelta(milliseconds=1))
    host.database.forget()
    user = host.model.user_named("ann")
    assert am.get_by_recipient(user).first().timestamp == moment
    assert user.last_activity_seen == moment - timedelta(milliseconds=1)
    assert am.count_not_seen_by_recipient(user) == 1
    am.mark_seen(user, until=moment)
    assert am.count_not_seen_by_recipient(user) == 0


def test_stores_or_rejects_a_nul_character(host, user):
    text = "a\x00b"
    try:
        am.create(user, "did", description=text)
    except (ValueError, sa.exc.DataError):
        assert host.database.name == "postgresql"
        transaction.abort()
        assert committed(host) == []
        return
    host.database.forget()
    (action,) = am.get_by_recipient(user)
    assert action.description == text


def crowd_of(host, number):
    numbered = host.database.tables["numbered"]
    rows = sa.select(sa.literal_column("n")).select_from(numbers(number))
    host.database.execute(sa.insert(numbered).from_select(["_id"], rows))
    transaction.commit()
    return host.database.session.scalars(sa.select(host.model.Numbered).order_by("_id")).all()


@pytest.mark.large
def test_stores_a_hundred_thousand_recipients(host, user):
    crowd = crowd_of(host, 100_000)
    assert len(crowd) == 100_000
    am.create(user, "announced", recipients=crowd)
    transaction.commit()
    for each in (crowd[0], crowd[54_321], crowd[-1]):
        assert host.verbs(each) == ["announced"]
    (stored,) = host.database.raw_actions()
    assert stored["_recipients"][-1] == {"_type": "Numbered", "_id": str(crowd[-1]._id)}
    assert len(stored["_recipients"]) == 100_000
    assert host.verbs(user) == []


def numbers(count):
    """Return a subquery of the numbers ``n`` from 0, which any SQL database can make."""
    digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
    power = len(str(count - 1))
    value = " + ".join(f"t{each}.d * {10**each}" for each in range(power))
    source = ", ".join(f"({digits}) AS t{each}" for each in range(power))
    return sa.text(f"(SELECT n FROM (SELECT {value} AS n FROM {source}) AS a WHERE n < {count}) b")


# Start-up


@on("sqlite")
def test_rejects_renamed_tables_and_says_why(database):
    with pytest.raises(TGConfigError, match="rename_tables") as caught:
        make_app(database, rename_tables=True)
    assert "refers to" in str(caught.value)


@on("sqlite", "mariadb")
def test_shows_a_page_after_a_key_changed_its_spelling(host, user, define):
    collation = {"sqlite": "NOCASE", "mariadb": "utf8mb4_general_ci"}[host.database.name]
    key = sa.Column(sa.String(20, collation=collation), primary_key=True)
    cls = define("Spelled", "spelled", _id=key)
    named = host.save(cls(_id="Ann"))
    am.create(user, "greeted", named, recipients=[named])
    host.database.raw_update(named, _id="ann")
    host.database.forget()
    host.plug(may_update=lambda user, recipient: True)
    browser = host.browser(user)
    (action,) = am.get_actions()[1]
    assert (action.target, action.recipients) == (None, [])
    assert "deleted" in browser.get("/public")
    # Nor does an error tell how it is spelled.
    ajax = "/activitystream/ajax_update_last_seen_of_a_recipient?_type=Spelled&_id=ANN"
    assert "Ann" not in browser.get(ajax, status=404)


@on("sqlite")
def test_the_tables_are_in_the_hosts_metadata(host):
    ours = [name for name in host.database.tables if name.startswith("activity_stream")]
    assert sorted(ours) == [
        "activity_stream_action",
        "activity_stream_mute",
        "activity_stream_once",
        "activity_stream_reader",
        "activity_stream_recipient",
        "activity_stream_seen_action",
    ]


@on("sqlite")
def test_a_host_can_import_our_models_into_its_own(database):
    make_app(database, global_models=True)
    try:
        assert database.model.Action is model.Action
    finally:
        for name in ("Action", "ActionRecipient"):
            vars(database.model).pop(name, None)


@on("sqlite")
def test_prefers_sqlalchemy_in_a_host_with_both_orms(database):
    both = {"use_ming": True, "ming.url": "mim:///activitystream"}
    host = Host(database, blueprint=both)
    user = host.user("ann")
    am.create(user, "joined")
    assert model.orm.__name__ == "activitystream.model.sqlalchemy"
    assert host.verbs(user) == ["joined"]
    assert "joined" in host.browser(user).get("/activitystream/")
    database.close()


def test_the_model_is_sqlalchemys(host):
    assert model.orm.__name__ == "activitystream.model.sqlalchemy"
    assert model.Action is model.orm.Action

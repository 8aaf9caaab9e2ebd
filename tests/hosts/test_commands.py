"""``gearbox activitystream purge`` and ``forget``, as they are run on the host of each database.

How they find the app of a configuration file is in test_stock_host.py.
"""

import io
import os
import signal
import sys
import uuid
from datetime import datetime, timedelta

import pytest
from gearbox.main import GearBox

from activitystream import am, model
from activitystream.commands import command
from activitystream.commands.forget import ForgetCommand
from activitystream.commands.purge import PurgeCommand
from activitystream.model.clock import now
from tests.helpers.databases import SQL, on

OLD = datetime(2020, 1, 31)


@pytest.fixture
def run(host, tmp_path, monkeypatch, capsys):
    """Run a command on the host's app; return its exit status, and what it prints."""
    (tmp_path / "host.ini").touch()
    monkeypatch.chdir(tmp_path)
    # The host of the tests runs already, and pytest logs.
    monkeypatch.setattr(command, "loadapp", lambda *arguments, **options: None)
    monkeypatch.setattr(GearBox, "_configure_logging", lambda self: None)

    def run(*arguments):
        host.save()
        host.database.forget()
        capsys.readouterr()
        gearbox = GearBox()
        gearbox.command_manager.add_command("activitystream forget", ForgetCommand)
        gearbox.command_manager.add_command("activitystream purge", PurgeCommand)
        try:
            status = gearbox.run(["activitystream", *arguments, "-c", "host.ini"])
        except SystemExit as end:
            status = end.code
        host.database.close()  # what was not committed is not there
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def actions(host, user, other):
    am.create_many(
        {"actor": user, "verb": "did", "timestamp": OLD, "recipients": [user, other]}
        for _ in range(25)
    )
    am.create(other, "did", user, user, recipients=[user])
    host.save()


@pytest.mark.parametrize("age", ["180d", "26w", "1y"])
def test_purges_older_actions(host, actions, run, age):
    status, out, err = run("purge", "--older-than", age)
    assert (status, err) == (0, "")
    assert out.startswith("actions deleted: 25 (older than 20")
    assert len(host.database.raw_actions()) == 1
    assert run("purge", "--older-than", age)[1].startswith("actions deleted: 0 (")


def test_counts_the_age_back_from_now(host, user, run):
    ages = {"younger": timedelta(days=6, hours=23), "older": timedelta(days=7, hours=1)}
    am.create_many(
        {"actor": user, "verb": verb, "timestamp": now() - age} for verb, age in ages.items()
    )
    assert run("purge", "--older-than", "1w")[0] == 0
    assert [action["verb"] for action in host.database.raw_actions()] == ["younger"]


def test_a_dry_run_purges_nothing(host, actions, run):
    status, out, _ = run("purge", "--older-than", "180d", "--dry-run")
    assert (status, out[:26]) == (0, "actions to delete: 25 (old")
    assert len(host.database.raw_actions()) == 26


@pytest.mark.parametrize("bad", ["0d", "-1d", "180", "d", "1.5y", "6m", "１d", "", "999999999y"])
def test_rejects_an_invalid_age(host, actions, run, bad):
    status, _, err = run("purge", f"--older-than={bad}")
    assert status == 2
    assert f"{bad!r} is not a valid age: write it like 180d, 26w or 2y" in err
    assert len(host.database.raw_actions()) == 26


def test_requires_an_age(host, actions, run):
    status, _, err = run("purge")
    assert status == 2
    assert "--older-than" in err
    assert len(host.database.raw_actions()) == 26


def report(*numbers, removed="was removed"):
    roles = ("the actor, and deleted", "the target", "the action_obj", "a recipient")
    counts = (f"as {role}: {number}" for role, number in zip(roles, numbers, strict=True))
    marks = "what it has seen, read and muted: 0"
    not_searched = "not searched: description and extra"
    lines = [f"actions that it {removed} from,", *counts, marks, not_searched]
    return "".join(f"{line}\n" for line in lines)


def test_forgets_a_user(host, actions, run, user):
    key = str(user._id)
    assert run("forget", "User", key) == (0, report(25, 1, 1, 1), "")
    (action,) = host.database.raw_actions()
    assert (action["target_id"], action["action_obj_id"], action["_recipients"]) == (None, None, [])
    assert run("forget", "User", key) == (0, report(0, 0, 0, 0), "")


def test_a_dry_run_forgets_nothing(host, actions, run, user):
    everything = host.database.raw_actions()
    asked = run("forget", "User", str(user._id), "--dry-run")
    assert asked == (0, report(25, 1, 1, 1, removed="would be removed"), "")
    assert host.database.raw_actions() == everything


def test_forgets_a_deleted_user(host, actions, run, other):
    key = str(other._id)
    host.database.delete(other)
    assert run("forget", "User", key) == (0, report(1, 0, 0, 25), "")


def test_says_if_the_key_is_unknown(host, actions, run, user):
    status, out, _ = run("forget", "User", host.database.unknown_key)
    assert status == 0
    assert f"has a User with the key {host.database.unknown_key!r}: check how" in out
    host.save(host.model.Coded(_id="ann"))
    am.create(user, "told", host.database.get(host.model.Coded, "ann"))
    host.save()
    status, out, err = run("forget", "Coded", "ann ")
    if host.database.name == "mariadb":  # MariaDB ignores the space in our tables
        assert (status, out) == (2, "")
        assert "'ann ' is not a valid key of Coded" in err
    else:
        assert (status, report(0, 0, 0, 0) in out) == (0, True)
        assert "has a Coded with the key 'ann ': check how" in out
    assert host.database.raw_actions()[-1]["target_id"] == "ann"


@pytest.mark.parametrize("name", ["forget.Topic", "forum.Topic", "Thread"])
def test_accepts_any_name_of_the_class(host, user, run, name):
    topic = host.save(host.model.Topic())
    am.create(user, "opened", topic)
    status, out, err = run("forget", name, str(topic._id))
    if name == "forget.Topic":
        assert status == 2
        assert "'forget.Topic'; use one of" in err
        assert "Thread, " in err
        assert ", forum.Topic" in err
    else:
        assert (status, out) == (0, report(0, 1, 0, 0))


def test_forgets_every_key_that_the_text_can_mean(host, user, run):
    text = "7" if host.database.name not in SQL else "12345678-1234-5678-1234-567812345678"
    keys = [7, "7"] if text == "7" else [uuid.UUID(text)]
    for key in keys:
        am.create(user, "found", host.save(host.model.Unique(_id=key)))
    assert run("forget", "Unique", text)[:2] == (0, report(0, len(keys), 0, 0))


def test_rejects_an_invalid_key(host, actions, run):
    status, out, err = run("forget", "User", "one")
    assert (status, out, err) == (2, "", "'one' is not a valid key of User\n")


def test_rejects_an_ambiguous_name(host, run, define):
    define("Post", "forum_post")
    status, _, err = run("forget", "Post", host.database.unknown_key)
    assert status == 2
    assert "all use the name 'Post'" in err


def test_commits_each_batch_and_stops_upon_ctrl_c(host, actions, run, small_batches, monkeypatch):
    delete, batches = model.orm.delete_actions, []

    def delete_and_interrupt(keys):
        deleted = delete(keys)
        batches.append(deleted)
        if len(batches) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return deleted

    monkeypatch.setattr(model.orm, "delete_actions", delete_and_interrupt)
    status, out, err = run("purge", "--older-than", "180d")
    assert (status, out[:20], err) == (
        130,
        "actions deleted: 20 ",
        "stopped by Ctrl-C: run it again for the rest\n",
    )
    assert batches == [10, 10]
    assert len(host.database.raw_actions()) == 6
    assert run("purge", "--older-than", "180d")[:2][1].startswith("actions deleted: 5 ")


def test_an_error_keeps_the_finished_batches(host, actions, run, small_batches, monkeypatch):
    delete, batches = model.orm.delete_actions, []

    def delete_or_fail(keys):
        batches.append(keys)
        if len(batches) == 2:
            raise OSError("the server is gone")
        return delete(keys)

    monkeypatch.setattr(model.orm, "delete_actions", delete_or_fail)
    status, out, _ = run("purge", "--older-than", "180d")
    assert (status, out) == (4, "")
    assert len(host.database.raw_actions()) == 16


class Terminal(io.StringIO):
    def isatty(self):
        return True


@on("sqlite", "mim")
def test_shows_a_progress_bar_on_a_terminal(host, actions, run, user, small_batches, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run("purge", "--older-than", "180d")
    bar = terminal.getvalue().split("\r")
    assert bar[1] == f"[{'':40}]   0%  0 of 25 "
    assert bar[2] == f"[{'#' * 16:40}]  40%  10 of 25 "
    assert bar[-1] == f"[{'#' * 40}] 100%  25 of 25 \n"
    run("forget", "User", str(user._id))
    assert terminal.getvalue().endswith("100%  1 of 1 \n")


@on("sqlite", "mim")
def test_rejects_a_missing_configuration_file(host, run, tmp_path):
    (tmp_path / "host.ini").unlink()
    status, _, err = run("purge", "--older-than", "180d")
    assert (status, err) == (2, "there is no file host.ini: name the app's file by -c\n")


@on("sqlite", "mim")
def test_rejects_an_app_without_activitystream(host, run, monkeypatch):
    monkeypatch.setattr(command.tg, "config", {})
    status, _, err = run("purge", "--older-than", "180d")
    assert (status, err) == (2, "the app of host.ini does not plug activitystream\n")


@on("sqlite")
def test_commits_in_a_host_without_a_transaction_manager(host, actions, monkeypatch):
    from sqlalchemy.orm import scoped_session, sessionmaker

    plain = scoped_session(sessionmaker(bind=host.database.engine))
    monkeypatch.setattr(model.DBSession, "_proxied", plain)
    assert am.purge(datetime(2021, 1, 1)) == 25
    model.orm.commit_batch()
    plain.remove()
    assert am.get_actions()[0] == 1
    plain.remove()

"""How much an action may hold: what the host allows, and what its database takes."""

import uuid

import pytest
import sqlalchemy as sa
import transaction
from tg.configuration.utils import TGConfigError

from activitystream import am
from tests.helpers.databases import MING, on

TEXTS = ("verb", "description", "extra")


@pytest.fixture
def crowd(host):
    return host.save(*(host.model.Numbered(_id=number) for number in range(4)))


def test_the_database_is_the_default_limit(host, user, crowd):
    am.create(user, "x" * 300_000, recipients=crowd)
    assert am.get_actions()[0] == 1


@pytest.mark.parametrize("field", TEXTS)
def test_max_text_limits_texts(host, user, field):
    host.plug(max_text=10)
    given = {"actor": user, "verb": "x", "recipients": [user]}
    am.create(**{**given, field: "\U0001f514" * 10})
    long = {**given, field: "x" * 11}
    with pytest.raises(ValueError, match=f"^{field} has 11 characters, at most 10 allowed: .*"):
        am.create(**long)
    with pytest.raises(ValueError, match=f"^action 1: {field} has 11 characters.* max_text"):
        am.create_many([given, long])
    host.save()
    assert am.get_actions()[0] == 1


def test_max_text_limits_names(host, user):
    host.plug(max_text=10)
    with pytest.raises(ValueError, match="the name of target has 11 characters, at most 10"):
        am.create(user, "x", target=host.post("x" * 11))
    with pytest.raises(ValueError, match="the name of actor has 11 characters"):
        am.create(host.user("x" * 11), "x")
    assert am.get_actions()[0] == 0


def test_max_recipients_limits_recipients(host, user, crowd):
    host.plug(max_recipients=3)
    am.create(user, "x", recipients=[*crowd[:3], *crowd[:3]])
    am.create(user, "for everyone")
    for recipients in (crowd, iter(crowd)):
        with pytest.raises(ValueError, match=r"4 recipients given, at most 3 allowed: .*audience"):
            am.create(user, "x", recipients=recipients)
    with pytest.raises(ValueError, match=r"^action 0: 4 recipients given.*max_recipients"):
        am.create_many([{"actor": user, "verb": "x", "recipients": crowd}])
    host.save()
    assert am.get_actions()[0] == 2


def test_shows_what_was_stored_before_a_limit(host, user):
    am.create(user, "x" * 20)
    host.plug(max_text=10)
    assert "x" * 20 in host.browser(user).get("/activitystream/")


@on("mim")
@pytest.mark.parametrize("name", ["max_text", "max_recipients"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "10", True, float("inf")])
def test_rejects_an_invalid_limit(host, name, value):
    with pytest.raises(TGConfigError, match=rf"{name}=…\) takes the most .* got") as said:
        host.plug(**{name: value})
    assert repr(value) in str(said.value)


@on(*MING)
def test_names_the_16_megabytes_of_mongodb(host, user):
    with pytest.raises(ValueError, match=r"16 MB of one action, and this one is 170\d{5} bytes"):
        am.create(user, "x", description="x" * 17_000_000)
    assert am.get_actions()[0] == 0


@on("mongodb")
def test_accepts_as_many_keys_as_the_database_does(host, user):
    crowd = [host.model.Unique(_id=uuid.UUID(int=number)) for number in range(10_000)]
    host.save(*crowd)
    am.create(user, "announced", recipients=crowd)
    assert host.verbs(crowd[-1]) == ["announced"]


@pytest.fixture
def most(host):
    """Return the most bytes that MariaDB takes at once."""
    return host.model.DBSession.scalar(sa.text("SELECT @@max_allowed_packet"))


@on("mariadb")
@pytest.mark.parametrize("letter", ["x", "'", "\U0001f514"], ids=ascii)
def test_sends_mariadb_no_more_than_it_accepts(host, user, most, letter):
    each = {"x": 1, "'": 2, "\U0001f514": 4}[letter]
    post = host.post()
    for create in (am.create, lambda **given: am.create_many([given])):
        given = {"actor": user, "verb": "x", "description": letter * (most // each)}
        with pytest.raises(ValueError, match=rf"at most {most} bytes .* max_allowed_packet"):
            create(**given)
    given["description"] = letter * ((most - 5000) // each)
    am.create(**given)
    # The connection, and what was done before, are still there.
    post.title = "changed"
    transaction.commit()
    assert am.get_actions()[0] == 1
    assert host.database.reload(post).title == "changed"

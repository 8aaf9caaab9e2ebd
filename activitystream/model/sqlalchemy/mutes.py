"""What each reader has muted: the table of mutes."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import sqlalchemy as sa

from .. import DBSession
from ..names import all_names, unnotified_actors
from ..values import Muted, Reference
from .digests import digest_of
from .private_zope import mark_changed
from .session import all_or_nothing, open_connection
from .statements import is_reader, reader_parameters
from .tables import MUTES
from .upserts import insert_unless_there

#: The ``mute`` of the row which says that a reader is not told of some own actions.
_OWN = "own"


def mute(reader: Reference, muted: Muted) -> None:
    """Store a mute of a reader."""
    verbs = [None if muted.verb is None else digest_of(muted.verb)]
    digests = product(verbs, _digests(muted.actor), _digests(muted.target))
    with all_or_nothing():
        for number, (verb, actor, target) in enumerate(digests):
            its = {"verb_digest": verb, "actor_digest": actor, "target_digest": target}
            _insert(reader, muted.digest, number, {**muted.fields, **its})


def hide_own(actions: Iterable[Mapping[str, Any]]) -> None:
    """Record each actor that is not told of some of its own actions.

    The caller rolls back if it fails.

    :param actions: the fields of actions. Those whose ``notify_actor`` is True are ignored.
    """
    for reader in unnotified_actors(actions):
        its = {**reader_parameters(reader), "mute": _OWN}
        if open_connection().execute(_FIND, its).first() is None:
            _insert(reader, _OWN, 0, {"hidden_digest": digest_of(*reader)})


def unmute(reader: Reference, muted: Muted) -> None:
    """Delete a mute that :func:`mute` has stored."""
    _delete(is_reader(MUTES), MUTES.c.mute == muted.digest, **reader_parameters(reader))


def read_mutes(reader: Reference) -> list[Muted]:
    """Return what a reader has muted."""
    rows = open_connection().execute(_MUTES, reader_parameters(reader))
    return [Muted.of_fields({**row}) for row in rows.mappings()]


def delete_mutes(references: Sequence[Reference], dry_run: bool) -> int:
    """Delete, or count, the mutes of readers, and others' mutes of them."""
    roles = [
        sa.and_(MUTES.c[f"{role}_type"] == each.type, MUTES.c[f"{role}_id"] == each.key)
        for role in ("reader", "actor", "target")
        for each in references
    ]
    theirs = sa.or_(*roles)
    first = sa.select(sa.func.count()).select_from(MUTES).where(theirs, MUTES.c.number == 0)
    count: int = open_connection().execute(first).scalar_one()
    if count and not dry_run:
        _delete(theirs)
    return count


def _insert(reader: Reference, name: str, number: int, values: dict[str, Any]) -> None:
    connection = open_connection()
    insert = insert_unless_there(connection.dialect.name, MUTES, _KEYS)
    its = {"reader_type": reader.type, "reader_id": reader.key, "mute": name, "number": number}
    connection.execute(insert, {**its, **values})
    mark_changed(DBSession.registry())


def _delete(*conditions: Any, **parameters: Any) -> None:
    with all_or_nothing():
        open_connection().execute(sa.delete(MUTES).where(*conditions), parameters)
    mark_changed(DBSession.registry())


def _digests(entity: Reference | None) -> list[int | None]:
    """Return the digests that actions may have for an entity: one for each name of its class."""
    if entity is None:
        return [None]
    return [digest_of(name, entity.key) for name in all_names(entity)]


_KEYS = ("reader_type", "reader_id", "mute", "number")

_FIND = sa.select(MUTES.c.number).where(is_reader(MUTES), MUTES.c.mute == sa.bindparam("mute"))

_MUTES = (
    sa.select(MUTES)
    .where(is_reader(MUTES), MUTES.c.number == 0, MUTES.c.mute != _OWN)
    .order_by(MUTES.c.mute)
)

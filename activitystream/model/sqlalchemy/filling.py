"""Fill in the digests in rows of recipients that an earlier release has stored."""

from collections.abc import Iterator

import sqlalchemy as sa

from .digests import DIGESTED_FIELDS, digest_of, digest_of_reference
from .session import CHUNK
from .tables import ACTIONS, RECIPIENTS

_FILLED = ("verb_digest", "actor_digest", "target_digest")


def fill_digests(connection: sa.Connection) -> Iterator[int]:
    """Fill in the digests where there are none, 1,000 actions a transaction.

    :param connection: one that commits each statement by itself.
    :returns: an iterator over the number of actions so far.
    """
    its = ACTIONS.c
    rows = sa.select(RECIPIENTS.c.action_id).where(
        RECIPIENTS.c.action_id == its._id, RECIPIENTS.c.verb_digest.is_(None)
    )
    fields = [its[name] for name in DIGESTED_FIELDS]
    query = sa.select(its._id, *fields).where(rows.exists()).order_by(its._id).limit(CHUNK)
    update = (
        sa.update(RECIPIENTS)
        .where(RECIPIENTS.c.action_id == sa.bindparam("filled"))
        .values({name: sa.bindparam(name) for name in _FILLED})
    )
    total, last = 0, -1
    while page := connection.execute(query.where(its._id > last)).mappings().all():
        last = page[-1]["_id"]
        values = [{"filled": each["_id"], **_filled(each)} for each in page]
        connection.exec_driver_sql("BEGIN")
        connection.execute(update, values)
        connection.exec_driver_sql("COMMIT")
        total += len(page)
        yield total


def _filled(action: sa.RowMapping) -> dict[str, int | None]:
    # Use the type names of the action itself: ``gearbox migrate-pluggable`` loads no app that would
    # know the oldest name of the class, and a mute has a digest for each name.
    return {
        "verb_digest": digest_of(action["verb"]),
        "actor_digest": digest_of_reference(action["actor_type"], action["actor_id"]),
        "target_digest": digest_of_reference(action["target_type"], action["target_id"]),
    }

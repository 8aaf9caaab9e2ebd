"""Store an action once: a row by the digest of its key refers to it."""

from typing import Any

import sqlalchemy as sa

from .. import DBSession
from .removal import delete_rows
from .session import all_or_nothing, open_connection
from .tables import ONCE, Action
from .upserts import insert_unless_there
from .writing import insert_action


def insert_action_once(fields: dict[str, Any], once: str) -> tuple[Action, bool]:
    """Store an action unless one with this key exists; return it, and whether it is new.

    Whoever comes second waits until the transaction of the first has ended.
    """
    found = _stored(once)
    while found is None:
        with all_or_nothing():
            action = insert_action(fields)
            connection = open_connection()
            insert = insert_unless_there(connection.dialect.name, ONCE, ("once",))
            if connection.execute(insert, {"once": once, "action_id": action._id}).rowcount:
                return action, True
            delete_rows([action._id])
        found = _stored(once, after_another=True)
    return found, False


def _stored(once: str, after_another: bool = False) -> Action | None:
    """Return the action with a key.

    :param after_another: another transaction has just stored it.
    """
    connection = open_connection()
    key = sa.select(ONCE.c.action_id).where(ONCE.c.once == once)
    # Without a lock, MariaDB reads what was there when the transaction began. Locking a row that is
    # not there yet would make two transactions wait for each other.
    is_locking = after_another and connection.dialect.name in ("mysql", "mariadb")
    action_id = connection.scalar(key.with_for_update(read=True) if is_locking else key)
    if action_id is None:
        return None
    action = sa.select(Action).where(Action._id == action_id)
    return DBSession.scalar(action.with_for_update(read=True) if is_locking else action)

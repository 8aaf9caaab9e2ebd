"""Create the indexes of the actions of an actor, a target and an action_obj."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TABLE = "activity_stream_action"

_ROLES = ("actor", "target", "action_obj")


def is_made(inspector):
    """Return whether ``create_all`` made the indexes already."""
    return _names() <= {each["name"] for each in inspector.get_indexes(_TABLE)}


def upgrade():
    """Create the indexes."""
    # The operator may have created some by CREATE INDEX CONCURRENTLY, which locks no table.
    made = {each["name"] for each in sa.inspect(op.get_bind()).get_indexes(_TABLE)}
    null = sa.text("number_of_recipients IS NULL")
    for role in _ROLES:
        its = [f"{role}_id", f"{role}_type"]
        cursor = ["timestamp", "_id"]
        if f"actions_of_{role}" not in made:
            op.create_index(f"actions_of_{role}", _TABLE, [*its, *cursor])
        if f"actions_for_everyone_of_{role}" not in made:
            op.create_index(
                f"actions_for_everyone_of_{role}",
                _TABLE,
                [*its, "number_of_recipients", *cursor],
                postgresql_where=null,
                sqlite_where=null,
            )


def downgrade():
    """Drop the indexes."""
    for name in sorted(_names()):
        op.drop_index(name, _TABLE)


def _names():
    return {f"actions_{whose}of_{role}" for role in _ROLES for whose in ("", "for_everyone_")}

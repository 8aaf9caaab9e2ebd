"""Create the index of all actions by time, for ``purge`` and ``get_actions``."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def is_made(inspector):
    """Return whether the index exists already."""
    indexes = inspector.get_indexes("activity_stream_action")
    return "actions_by_time" in [each["name"] for each in indexes]


def upgrade():
    """Create the index."""
    # The operator may have created it by CREATE INDEX CONCURRENTLY, which does not lock the table.
    if not is_made(sa.inspect(op.get_bind())):
        op.create_index("actions_by_time", "activity_stream_action", ["timestamp", "_id"])


def downgrade():
    """Drop the index."""
    op.drop_index("actions_by_time", "activity_stream_action")

"""The index by which the oldest actions are found, and the newest of all."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def is_made(inspector):
    """Whether it is done already, by create_all."""
    indexes = inspector.get_indexes("activity_stream_action")
    return "actions_by_time" in [each["name"] for each in indexes]


def upgrade():
    # It may be made beforehand, without locking the table, as by CREATE INDEX CONCURRENTLY.
    if not is_made(sa.inspect(op.get_bind())):
        op.create_index("actions_by_time", "activity_stream_action", ["timestamp", "_id"])


def downgrade():
    op.drop_index("actions_by_time", "activity_stream_action")

"""The index by which the oldest actions are found, and the newest of all."""

from alembic import op

revision = "0002"
down_revision = "0001"


def is_made(inspector):
    """Whether it is done already, by create_all."""
    indexes = inspector.get_indexes("activity_stream_action")
    return "actions_by_time" in [each["name"] for each in indexes]


def upgrade():
    op.create_index("actions_by_time", "activity_stream_action", ["timestamp", "_id"])


def downgrade():
    op.drop_index("actions_by_time", "activity_stream_action")

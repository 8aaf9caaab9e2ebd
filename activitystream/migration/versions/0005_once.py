"""Create the table of the keys of actions that are created once."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def is_made(inspector):
    """Return whether ``create_all`` made the table already."""
    return "activity_stream_once" in inspector.get_table_names()


def upgrade():
    """Create the table."""
    # The host's create_all may have created it, in a database that is marked with 0004.
    if is_made(sa.inspect(op.get_bind())):
        return
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "activity_stream_once",
        sa.Column("once", sa.String(64), nullable=False),
        sa.Column("action_id", number, nullable=False),
        sa.PrimaryKeyConstraint("once", name="activity_stream_once_pkey"),
        sa.ForeignKeyConstraint(
            ["action_id"],
            ["activity_stream_action._id"],
            name="activity_stream_once_action_id_fkey",
            ondelete="CASCADE",
        ),
    )
    op.create_index("key_of_action", "activity_stream_once", ["action_id"])


def downgrade():
    """Drop the table."""
    op.drop_table("activity_stream_once")

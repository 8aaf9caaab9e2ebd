"""Create the tables of what each reader has seen and read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"


def is_made(inspector):
    """Return whether ``create_all`` made the tables already."""
    tables = {"activity_stream_reader", "activity_stream_seen_action"}
    return tables <= set(inspector.get_table_names())


def upgrade():
    """Create the tables."""
    # The host's create_all may have created them, in a database that is marked with 0002.
    if is_made(sa.inspect(op.get_bind())):
        return
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    name = sa.String(255).with_variant(
        mysql.VARCHAR(255, collation="utf8mb4_bin"), "mysql", "mariadb"
    )
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")
    op.create_table(
        "activity_stream_reader",
        sa.Column("reader_type", name, nullable=False),
        sa.Column("reader_id", name, nullable=False),
        sa.Column("mark", moment),
        sa.Column("seen_floor", moment, nullable=False),
        sa.Column("read_floor", moment, nullable=False),
        sa.PrimaryKeyConstraint("reader_type", "reader_id", name="activity_stream_reader_pkey"),
    )
    op.create_table(
        "activity_stream_seen_action",
        sa.Column("reader_type", name, nullable=False),
        sa.Column("reader_id", name, nullable=False),
        sa.Column("timestamp", moment, nullable=False),
        sa.Column("action_id", number, nullable=False),
        sa.Column("is_read", sa.Boolean),
        sa.PrimaryKeyConstraint(
            "reader_type",
            "reader_id",
            "timestamp",
            "action_id",
            name="activity_stream_seen_action_pkey",
        ),
        sa.ForeignKeyConstraint(
            ["action_id"],
            ["activity_stream_action._id"],
            name="activity_stream_seen_action_action_id_fkey",
            ondelete="CASCADE",
        ),
    )
    op.create_index("readers_of_action", "activity_stream_seen_action", ["action_id"])


def downgrade():
    """Drop the tables."""
    op.drop_table("activity_stream_seen_action")
    op.drop_table("activity_stream_reader")

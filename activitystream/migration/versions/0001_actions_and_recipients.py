"""Create the tables of the actions and of their recipients."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None


def is_made(inspector):
    """Return whether ``create_all`` made the tables already."""
    tables = {"activity_stream_action", "activity_stream_recipient"}
    return tables <= set(inspector.get_table_names())


def upgrade():
    """Create the tables."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    name = sa.String(255).with_variant(
        mysql.VARCHAR(255, collation="utf8mb4_bin"), "mysql", "mariadb"
    )
    text = sa.Text().with_variant(mysql.LONGTEXT(collation="utf8mb4_bin"), "mysql", "mariadb")
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=3), "mysql", "mariadb")
    op.create_table(
        "activity_stream_action",
        sa.Column("_id", number, nullable=False),
        sa.Column("actor_type", name),
        sa.Column("actor_id", name),
        sa.Column("actor_name", text),
        sa.Column("verb", text, nullable=False),
        sa.Column("description", text),
        sa.Column("extra", text),
        sa.Column("target_type", name),
        sa.Column("target_id", name),
        sa.Column("target_name", text),
        sa.Column("action_obj_type", name),
        sa.Column("action_obj_id", name),
        sa.Column("action_obj_name", text),
        sa.Column("timestamp", moment, nullable=False),
        sa.Column("number_of_recipients", sa.Integer),
        sa.PrimaryKeyConstraint("_id", name="activity_stream_action_pkey"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "activity_stream_recipient",
        sa.Column("recipient_type", name, nullable=False),
        sa.Column("recipient_id", name, nullable=False),
        sa.Column("timestamp", moment, nullable=False),
        sa.Column("action_id", number, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint(
            "recipient_type",
            "recipient_id",
            "timestamp",
            "action_id",
            name="activity_stream_recipient_pkey",
        ),
        sa.ForeignKeyConstraint(
            ["action_id"],
            ["activity_stream_action._id"],
            name="activity_stream_recipient_action_id_fkey",
            ondelete="CASCADE",
        ),
    )
    op.create_index("recipients_of_action", "activity_stream_recipient", ["action_id"])


def downgrade():
    """Drop the tables."""
    op.drop_table("activity_stream_recipient")
    op.drop_table("activity_stream_action")

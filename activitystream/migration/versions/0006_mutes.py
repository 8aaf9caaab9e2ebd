"""Create the table of mutes, and add the columns that mutes compare to the table of recipients.

The columns are added first. Then they are filled, 1,000 actions a transaction, while the app goes
on. A migration that was killed can be run again.
"""

import sys

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from activitystream.model.sqlalchemy.filling import fill_digests

revision = "0006"
down_revision = "0005"

_RECIPIENTS = "activity_stream_recipient"

_DIGESTS = ("verb_digest", "actor_digest", "target_digest", "hidden_digest")


def is_made(inspector):
    """Return whether ``create_all`` made the table and the columns already."""
    columns = {each["name"] for each in inspector.get_columns(_RECIPIENTS)}
    return "activity_stream_mute" in inspector.get_table_names() and columns >= set(_DIGESTS)


def upgrade():
    """Create the table, and add and fill the columns."""
    inspector = sa.inspect(op.get_bind())
    # The host's create_all may have created it, in a database that is marked with 0005.
    if "activity_stream_mute" not in inspector.get_table_names():
        _create_table()
    columns = {each["name"] for each in inspector.get_columns(_RECIPIENTS)}
    for name in _DIGESTS:
        if name not in columns:
            op.add_column(_RECIPIENTS, sa.Column(name, sa.BigInteger))
    with op.get_context().autocommit_block():
        for filled in fill_digests(op.get_bind()):
            if filled % 10_000 == 0:
                print(f"activitystream: prepared {filled:,} actions for mutes", file=sys.stderr)


def _create_table():
    name = sa.String(255).with_variant(
        mysql.VARCHAR(255, collation="utf8mb4_bin"), "mysql", "mariadb"
    )
    text = sa.Text().with_variant(mysql.LONGTEXT(collation="utf8mb4_bin"), "mysql", "mariadb")
    op.create_table(
        "activity_stream_mute",
        sa.Column("reader_type", name, nullable=False),
        sa.Column("reader_id", name, nullable=False),
        sa.Column("mute", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("verb", text),
        sa.Column("actor_type", name),
        sa.Column("actor_id", name),
        sa.Column("target_type", name),
        sa.Column("target_id", name),
        *(sa.Column(digest, sa.BigInteger) for digest in _DIGESTS),
        sa.PrimaryKeyConstraint(
            "reader_type", "reader_id", "mute", "number", name="activity_stream_mute_pkey"
        ),
    )


def downgrade():
    """Drop them."""
    op.drop_table("activity_stream_mute")
    with op.batch_alter_table(_RECIPIENTS) as table:
        for name in _DIGESTS:
            table.drop_column(name)

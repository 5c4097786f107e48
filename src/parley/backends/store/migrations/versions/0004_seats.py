"""Seats of people at browsers, who are the same participants after a restart."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "seats",
        sa.Column("position", counter, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("participant", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text()),
        sa.Column("entry", sa.JSON(), nullable=False),
        sa.Column("proof", sa.JSON(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stay", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_seats"),
        sa.UniqueConstraint("id", name="uq_seats_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_seats_expires", "seats", ["expires"])

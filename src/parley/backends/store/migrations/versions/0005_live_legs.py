"""Live legs and meetings, which the server that is started next takes up."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "live_legs",
        sa.Column("position", counter, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("participant", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("dialled", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted", sa.DateTime(timezone=True), nullable=False),
        sa.Column("encrypted_media", sa.Boolean(), nullable=False),
        sa.Column("sealed_door", sa.LargeBinary(), nullable=False),
        sa.Column("meeting", sa.Text()),
        sa.Column("tenant", sa.Text()),
        sa.Column("inside", sa.JSON()),
        sa.Column("user", sa.Text()),
        sa.Column("asserted", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_live_legs"),
        sa.UniqueConstraint("id", name="uq_live_legs_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "live_meetings",
        sa.Column("position", counter, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text()),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("kept_when_empty", sa.Boolean(), nullable=False),
        sa.Column("host_present", sa.Boolean(), nullable=False),
        sa.Column("absent_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True)),
        sa.Column("unencrypted", sa.Boolean(), nullable=False),
        sa.Column("legs_most", sa.BigInteger(), nullable=False),
        sa.Column("legs_completed", sa.BigInteger(), nullable=False),
        sa.Column("chat", sa.JSON(), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True)),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_live_meetings"),
        sa.UniqueConstraint("id", name="uq_live_meetings_id"),
        sqlite_autoincrement=True,
    )

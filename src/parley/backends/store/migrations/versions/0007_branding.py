"""Branding profiles, who uses them, and in which language spaces and tenants are spoken for."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "brandings",
        sa.Column("position", counter, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("resource_location", sa.Text()),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_brandings"),
        sa.UniqueConstraint("id", name="uq_brandings_id"),
        sqlite_autoincrement=True,
    )
    for table, columns in (
        ("spaces", ("call_branding", "language")),
        ("access_methods", ("language",)),
        ("tenants", ("call_branding", "ivr_branding", "language")),
        ("ivrs", ("ivr_branding", "language")),
        ("system_defaults", ("call_branding", "ivr_branding")),
    ):
        for column in columns:
            op.add_column(table, sa.Column(column, sa.Text()))

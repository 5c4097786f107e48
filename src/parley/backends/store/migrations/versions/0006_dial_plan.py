"""Forwarding rules, dial transforms, and the encryption of signalling that an outbound rule asks for."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ENCRYPTIONS = ("encrypted", "unencrypted")


def upgrade() -> None:
    counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("outbound_rules", sa.Column("control_encryption", sa.Text(), nullable=False, server_default="auto"))
    take_over_encryption()
    op.create_table(
        "forwarding_rules",
        sa.Column("position", counter, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("destination_domain", sa.Text()),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("tenant", sa.Text()),
        sa.Column("uri_parameters", sa.Text(), nullable=False),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_forwarding_rules"),
        sa.UniqueConstraint("id", name="uq_forwarding_rules_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_forwarding_rules_tenant", "forwarding_rules", ["tenant"])
    op.create_table(
        "dial_transforms",
        sa.Column("position", counter, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("match", sa.Text(), nullable=False),
        sa.Column("transform", sa.Text(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_dial_transforms"),
        sa.UniqueConstraint("id", name="uq_dial_transforms_id"),
        sqlite_autoincrement=True,
    )


def take_over_encryption() -> None:
    """Until now the value was only kept and echoed."""
    rules = sa.table(
        "outbound_rules",
        sa.column("id", sa.Text()),
        sa.column("extras", sa.JSON()),
        sa.column("control_encryption", sa.Text()),
    )
    connection = op.get_bind()
    for id, extras in connection.execute(sa.select(rules.c.id, rules.c.extras)).all():
        dialect = dict((extras or {}).get("cms", {}))
        value = dialect.pop("sipControlEncryption", None)
        if value is None:
            continue
        changed = {**extras, "cms": dialect}
        wanted = value if value in ENCRYPTIONS else "auto"
        connection.execute(sa.update(rules).where(rules.c.id == id).values(extras=changed, control_encryption=wanted))

"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def position() -> sa.Column[int]:
    """SQLite counts rows only in a column declared INTEGER."""
    counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("position", counter, autoincrement=True, nullable=False)


def upgrade() -> None:
    create_spaces()
    create_profiles_and_people()
    create_dial_plan()
    create_accounts_and_events()


def create_spaces() -> None:
    op.create_table(
        "spaces",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text()),
        sa.Column("leg_profile", sa.Text()),
        sa.Column("call_profile", sa.Text()),
        sa.Column("non_member_access", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("auto_generated", sa.Boolean(), nullable=False),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_spaces"),
        sa.UniqueConstraint("id", name="uq_spaces_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_spaces_call_profile", "spaces", ["call_profile"])
    op.create_index("ix_spaces_leg_profile", "spaces", ["leg_profile"])
    op.create_index("ix_spaces_tenant", "spaces", ["tenant"])
    op.create_table(
        "access_methods",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("uri", sa.Text()),
        sa.Column("secondary_uri", sa.Text()),
        sa.Column("call_id", sa.Text()),
        sa.Column("passcode", sa.Text()),
        sa.Column("secret", sa.Text()),
        sa.Column("name", sa.Text()),
        sa.Column("leg_profile", sa.Text()),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["space"], ["spaces.id"], name="fk_access_methods_space", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("position", name="pk_access_methods"),
        sa.UniqueConstraint("id", name="uq_access_methods_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_access_methods_call_id", "access_methods", ["call_id"])
    op.create_index("ix_access_methods_leg_profile", "access_methods", ["leg_profile"])
    op.create_index("ix_access_methods_secondary_uri", "access_methods", ["secondary_uri"])
    op.create_index("ix_access_methods_secret", "access_methods", ["secret"])
    op.create_index("ix_access_methods_space", "access_methods", ["space"])
    op.create_index("ix_access_methods_uri", "access_methods", ["uri"])
    op.create_table(
        "members",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("leg_profile", sa.Text()),
        sa.Column("rights", sa.JSON(), nullable=False),
        sa.Column("auto_generated", sa.Boolean(), nullable=False),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["space"], ["spaces.id"], name="fk_members_space", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("position", name="pk_members"),
        sa.UniqueConstraint("id", name="uq_members_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_members_leg_profile", "members", ["leg_profile"])
    op.create_index("ix_members_space", "members", ["space"])
    op.create_index("ix_members_user", "members", ["user"])


def create_profiles_and_people() -> None:
    op.create_table(
        "leg_profiles",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_leg_profiles"),
        sa.UniqueConstraint("id", name="uq_leg_profiles_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "call_profiles",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_call_profiles"),
        sa.UniqueConstraint("id", name="uq_call_profiles_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tenants",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("leg_profile", sa.Text()),
        sa.Column("call_profile", sa.Text()),
        sa.Column("participant_limit", sa.BigInteger()),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_tenants"),
        sa.UniqueConstraint("id", name="uq_tenants_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tenants_call_profile", "tenants", ["call_profile"])
    op.create_index("ix_tenants_leg_profile", "tenants", ["leg_profile"])
    op.create_table(
        "users",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("jid", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text()),
        sa.Column("password_hash", sa.Text()),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_users"),
        sa.UniqueConstraint("id", name="uq_users_id"),
        sa.UniqueConstraint("jid", name="uq_users_jid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_users_tenant", "users", ["tenant"])
    op.create_table(
        "system_defaults",
        position(),
        sa.Column("leg_profile", sa.Text()),
        sa.Column("call_profile", sa.Text()),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_system_defaults"),
        sqlite_autoincrement=True,
    )


def create_dial_plan() -> None:
    op.create_table(
        "inbound_rules",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("resolve_to_users", sa.Boolean(), nullable=False),
        sa.Column("resolve_to_spaces", sa.Boolean(), nullable=False),
        sa.Column("resolve_to_ivrs", sa.Boolean(), nullable=False),
        sa.Column("tenant", sa.Text()),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_inbound_rules"),
        sa.UniqueConstraint("id", name="uq_inbound_rules_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbound_rules_domain", "inbound_rules", ["domain"])
    op.create_index("ix_inbound_rules_tenant", "inbound_rules", ["tenant"])
    op.create_table(
        "ivrs",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text()),
        sa.Column("resolve_call_ids", sa.Boolean(), nullable=False),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_ivrs"),
        sa.UniqueConstraint("id", name="uq_ivrs_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ivrs_tenant", "ivrs", ["tenant"])
    op.create_index("ix_ivrs_uri", "ivrs", ["uri"])


def create_accounts_and_events() -> None:
    op.create_table(
        "administrators",
        position(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_administrators"),
        sa.UniqueConstraint("name", name="uq_administrators_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "applications",
        position(),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("sealed_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_applications"),
        sa.UniqueConstraint("app_id", name="uq_applications_app_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "events",
        position(),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_events"),
        sa.UniqueConstraint("segment", "line", name="uq_events_segment"),
        sqlite_autoincrement=True,
    )

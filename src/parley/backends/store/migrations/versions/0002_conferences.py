"""Conferences: bookings, those who are invited, called and told, and what the JSON dialect keeps of accounts.

Columns are added in place, never by copying a table: dropping the old copy of `spaces` would take the access
methods and members with it. So each new column that is never unset has a default for the rows of before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def position() -> sa.Column[int]:
    """SQLite counts rows only in a column declared INTEGER."""
    counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("position", counter, autoincrement=True, nullable=False)


def text(name: str, default: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=default)


def json(name: str, default: str = "{}") -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=False, server_default=default)


def flag(name: str, default: sa.ColumnElement[bool]) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=default)


def time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True))


def create_unique_in_tenant(name: str, table: str, column: str) -> None:
    """Unset tenants are equal here: they mean the installation's own enterprise."""
    op.create_index(name, table, [column, sa.text("coalesce(tenant, '')")], unique=True)


def upgrade() -> None:
    extend_spaces()
    extend_people()
    create_departments_and_tokens()
    create_outbound_rules()
    create_conferences()
    create_occurrences()
    create_outbox_and_answers()


def extend_spaces() -> None:
    op.add_column("spaces", text("kind", "space"))
    op.add_column("spaces", json("leg_settings"))
    op.add_column("spaces", json("call_settings"))
    op.add_column("spaces", sa.Column("size", sa.BigInteger()))
    op.add_column("spaces", flag("enabled", sa.true()))
    op.create_index("ix_spaces_owner", "spaces", ["owner"])
    op.add_column("access_methods", sa.Column("role", sa.Text()))
    op.add_column("access_methods", json("leg_settings"))


def extend_people() -> None:
    for table in ("tenants", "system_defaults"):
        op.add_column(table, json("conferences"))
        op.add_column(table, json("call_out"))
    op.add_column("users", sa.Column("account", sa.Text()))
    op.add_column("users", sa.Column("third_account", sa.Text()))
    op.add_column("users", text("phone", ""))
    op.add_column("users", sa.Column("number", sa.Text()))
    op.add_column("users", text("department", "1"))
    op.add_column("users", flag("enabled", sa.true()))
    op.add_column("users", text("level", "none"))
    op.add_column("users", flag("must_change_password", sa.false()))
    op.add_column("users", json("password_history", "[]"))
    op.add_column("users", time("password_changed"))
    op.create_index("ix_users_account", "users", ["account"], unique=True)
    op.create_index("ix_users_number", "users", ["number"])
    create_unique_in_tenant("ix_users_third_account", "users", "third_account")
    op.add_column("applications", text("name", ""))
    op.add_column("applications", text("description", ""))
    op.add_column("applications", flag("enabled", sa.true()))
    op.add_column("applications", sa.Column("tenant", sa.Text()))
    op.add_column("applications", time("created"))
    op.add_column("applications", time("changed"))


def create_departments_and_tokens() -> None:
    op.create_table(
        "departments",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text()),
        sa.Column("tenant", sa.Text()),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_departments"),
        sa.UniqueConstraint("id", name="uq_departments_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_departments_tenant", "departments", ["tenant"])
    create_unique_in_tenant("ix_departments_code", "departments", "code")
    op.create_table(
        "tokens",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user", sa.Text()),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("pair", sa.Text()),
        sa.Column("conference", sa.Text()),
        sa.Column("role", sa.Text()),
        sa.PrimaryKeyConstraint("position", name="pk_tokens"),
        sa.UniqueConstraint("id", name="uq_tokens_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tokens_conference", "tokens", ["conference"])
    op.create_index("ix_tokens_expires", "tokens", ["expires"])
    op.create_index("ix_tokens_user", "tokens", ["user"])


def create_outbound_rules() -> None:
    op.create_table(
        "outbound_rules",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("proxy", sa.Text()),
        sa.Column("local_contact_domain", sa.Text()),
        sa.Column("local_from_domain", sa.Text()),
        sa.Column("failure_action", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text()),
        sa.Column("username", sa.Text()),
        sa.Column("sealed_password", sa.Text()),
        sa.Column("realm", sa.Text()),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_outbound_rules"),
        sa.UniqueConstraint("id", name="uq_outbound_rules_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbound_rules_domain", "outbound_rules", ["domain"])
    op.create_index("ix_outbound_rules_tenant", "outbound_rules", ["tenant"])


def create_conferences() -> None:
    op.create_table(
        "conferences",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("organiser", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text()),
        sa.Column("media", sa.JSON(), nullable=False),
        sa.Column("attendees", sa.JSON(), nullable=False),
        sa.Column("series", sa.JSON()),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("instant", sa.Boolean(), nullable=False),
        sa.Column("own_space", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_conferences"),
        sa.UniqueConstraint("id", name="uq_conferences_id"),
        sqlite_autoincrement=True,
    )
    for column in ("number", "organiser", "space", "tenant"):
        op.create_index(f"ix_conferences_{column}", "conferences", [column])
    op.create_table(
        "invited",
        position(),
        sa.Column("conference", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["conference"], ["conferences.id"], name="fk_invited_conference", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("position", name="pk_invited"),
        sqlite_autoincrement=True,
    )
    for column in ("conference", "user"):
        op.create_index(f"ix_invited_{column}", "invited", [column])


def create_occurrences() -> None:
    op.create_table(
        "occurrences",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conference", sa.Text(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True)),
        sa.Column("end", sa.DateTime(timezone=True)),
        sa.Column("begun", sa.DateTime(timezone=True)),
        sa.Column("meeting", sa.Text()),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("reminded", sa.Boolean(), nullable=False),
        sa.Column("dialled", sa.Boolean(), nullable=False),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.Column("rules", sa.JSON()),
        sa.ForeignKeyConstraint(
            ["conference"], ["conferences.id"], name="fk_occurrences_conference", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("position", name="pk_occurrences"),
        sa.UniqueConstraint("id", name="uq_occurrences_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_occurrences_conference", "occurrences", ["conference"])
    op.create_index("ix_occurrences_state_start", "occurrences", ["state", "start"])
    op.create_table(
        "attendance",
        position(),
        sa.Column("occurrence", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("joined", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left", sa.DateTime(timezone=True)),
        sa.Column("user", sa.Text()),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["occurrence"], ["occurrences.id"], name="fk_attendance_occurrence", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("position", name="pk_attendance"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_attendance_occurrence", "attendance", ["occurrence"])


def create_outbox_and_answers() -> None:
    op.create_table(
        "outbox",
        position(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conference", sa.Text()),
        sa.Column("occurrence", sa.Text()),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("sent", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("position", name="pk_outbox"),
        sa.UniqueConstraint("id", name="uq_outbox_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_conference", "outbox", ["conference"])
    op.create_index("ix_outbox_state_due", "outbox", ["state", "due"])
    op.create_table(
        "kept_answers",
        position(),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_kept_answers"),
        sa.UniqueConstraint("scope", "key", name="uq_kept_answers_scope"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_kept_answers_created", "kept_answers", ["created"])

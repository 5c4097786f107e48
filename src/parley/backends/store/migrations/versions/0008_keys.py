"""Profiles of keys, who uses them, and the rights that they need, which were only kept and echoed until now."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

RIGHTS = {
    "callLockAllowed": "may_lock",
    "muteOthersAllowed": "may_mute_others",
    "endCallAllowed": "may_end",
    "allowAllMuteSelfAllowed": "may_free_mute",
    "changeJoinAudioMuteOverrideAllowed": "may_mute_newcomers",
}


def upgrade() -> None:
    counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "dtmf_profiles",
        sa.Column("position", counter, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_dtmf_profiles"),
        sa.UniqueConstraint("id", name="uq_dtmf_profiles_id"),
        sqlite_autoincrement=True,
    )
    for table in ("tenants", "system_defaults"):
        op.add_column(table, sa.Column("dtmf_profile", sa.Text()))
    op.add_column("live_meetings", sa.Column("free_mute", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("live_meetings", sa.Column("newcomers_muted", sa.Boolean()))
    take_over_rights()


def take_over_rights() -> None:
    """A profile's own values count now."""
    profiles = sa.table(
        "leg_profiles", sa.column("id", sa.Text()), sa.column("settings", sa.JSON()), sa.column("extras", sa.JSON())
    )
    connection = op.get_bind()
    for id, settings, extras in connection.execute(sa.select(profiles)).all():
        dialect = dict((extras or {}).get("cms", {}))
        said = {right: dialect.pop(name) == "true" for name, right in RIGHTS.items() if name in dialect}
        if not said:
            continue
        changed = {**extras, "cms": dialect}
        update = sa.update(profiles).where(profiles.c.id == id)
        connection.execute(update.values(settings={**(settings or {}), **said}, extras=changed))

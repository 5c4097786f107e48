"""The tables as the code of today sees them; the migrations lead there and a test holds the two equal.

Columns carry the names of the entities' attributes. Every collection has a `position` that keeps the order
of creation, and text ids. Access methods and members hang on their space, occurrences on their conference and
attendance on its occurrence; other references are the use cases' to keep.
"""

from __future__ import annotations

import sqlalchemy as sa

from . import columns
from .columns import flag, id_, json, number, owner, position, table, text, time, unique_in_tenant

metadata = columns.metadata

spaces = table(
    "spaces",
    position(),
    id_(),
    text("name", nullable=False),
    text("tenant", index=True),
    text("leg_profile", index=True),
    text("call_profile", index=True),
    flag("non_member_access"),
    text("owner", index=True),
    flag("auto_generated"),
    json("extras"),
    text("kind", nullable=False, default="space"),
    json("leg_settings", default="{}"),
    json("call_settings", default="{}"),
    number("size"),
    flag("enabled", default=True),
    text("call_branding"),
    text("language"),
)

access_methods = table(
    "access_methods",
    position(),
    id_(),
    owner("space", "spaces"),
    flag("own"),
    text("uri", index=True),
    text("secondary_uri", index=True),
    text("call_id", index=True),
    text("passcode"),
    text("secret", index=True),
    text("name"),
    text("leg_profile", index=True),
    json("extras"),
    text("role"),
    json("leg_settings", default="{}"),
    text("language"),
)

members = table(
    "members",
    position(),
    id_(),
    owner("space", "spaces"),
    text("user", index=True, nullable=False),
    text("leg_profile", index=True),
    json("rights"),
    flag("auto_generated"),
    json("extras"),
)

leg_profiles = table(
    "leg_profiles",
    position(),
    id_(),
    text("name"),
    json("settings"),
    json("extras"),
)

call_profiles = table(
    "call_profiles",
    position(),
    id_(),
    json("settings"),
    json("extras"),
)

tenants = table(
    "tenants",
    position(),
    id_(),
    text("name", nullable=False),
    text("leg_profile", index=True),
    text("call_profile", index=True),
    number("participant_limit"),
    json("extras"),
    json("conferences", default="{}"),
    json("call_out", default="{}"),
    text("call_branding"),
    text("ivr_branding"),
    text("language"),
    text("dtmf_profile"),
)

users = table(
    "users",
    position(),
    id_(),
    sa.Column("jid", sa.Text, nullable=False, unique=True),
    text("name", nullable=False),
    text("email", nullable=False),
    text("tenant", index=True),
    text("password_hash"),
    json("extras"),
    text("account", index=True, unique=True),
    text("third_account"),
    text("phone", nullable=False, default=""),
    text("number", index=True),
    text("department", nullable=False, default="1"),
    flag("enabled", default=True),
    text("level", nullable=False, default="none"),
    flag("must_change_password", default=False),
    json("password_history", default="[]"),
    time("password_changed"),
    unique_in_tenant("ix_users_third_account", "third_account"),
)

inbound_rules = table(
    "inbound_rules",
    position(),
    id_(),
    text("domain", index=True, nullable=False),
    number("priority", nullable=False),
    flag("resolve_to_users"),
    flag("resolve_to_spaces"),
    flag("resolve_to_ivrs"),
    text("tenant", index=True),
    json("extras"),
)

ivrs = table(
    "ivrs",
    position(),
    id_(),
    text("uri", index=True, nullable=False),
    text("tenant", index=True),
    flag("resolve_call_ids"),
    json("extras"),
    text("ivr_branding"),
    text("language"),
)

brandings = table(
    "brandings",
    position(),
    id_(),
    text("kind", nullable=False),
    text("resource_location"),
    json("extras"),
)

dtmf_profiles = table(
    "dtmf_profiles",
    position(),
    id_(),
    json("settings"),
    json("extras"),
)

# One row, once something has been set.
system_defaults = table(
    "system_defaults",
    position(),
    text("leg_profile"),
    text("call_profile"),
    json("extras"),
    json("conferences", default="{}"),
    json("call_out", default="{}"),
    text("call_branding"),
    text("ivr_branding"),
    text("dtmf_profile"),
)

administrators = table(
    "administrators",
    position(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    text("password_hash", nullable=False),
)

applications = table(
    "applications",
    position(),
    sa.Column("app_id", sa.Text, nullable=False, unique=True),
    text("sealed_key", nullable=False),
    text("name", nullable=False, default=""),
    text("description", nullable=False, default=""),
    flag("enabled", default=True),
    text("tenant"),
    time("created"),
    time("changed"),
)

events = table(
    "events",
    position(),
    text("segment", nullable=False),
    number("line", nullable=False),
    time("at", nullable=False),
    text("kind", nullable=False),
    json("fields"),
    # A journal line is one event, however often its import is tried.
    sa.UniqueConstraint("segment", "line"),
)

departments = table(
    "departments",
    position(),
    id_(),
    text("code", nullable=False),
    text("name", nullable=False),
    text("parent"),
    text("tenant", index=True),
    json("extras"),
    unique_in_tenant("ix_departments_code", "code"),
)

devices = table(
    "devices",
    position(),
    id_(),
    text("user", index=True, nullable=False),
    sa.Column("username", sa.Text, nullable=False, unique=True),
    text("realm", nullable=False),
    text("sealed_ha1", nullable=False),
    text("algorithm", nullable=False),
    text("label", nullable=False),
    time("created"),
    json("bindings"),
)

seats = table(
    "seats",
    position(),
    id_(),
    text("participant", nullable=False),
    text("space", nullable=False),
    text("tenant"),
    json("entry"),
    json("proof"),
    text("caller", nullable=False),
    text("call_id", nullable=False),
    text("name", nullable=False),
    text("language", nullable=False),
    time("changed", nullable=False),
    time("expires", index=True, nullable=False),
    json("stay"),
)

live_legs = table(
    "live_legs",
    position(),
    id_(),
    number("number", nullable=False),
    text("participant", nullable=False),
    text("caller", nullable=False),
    text("dialled", nullable=False),
    text("display_name", nullable=False),
    text("kind", nullable=False),
    text("direction", nullable=False),
    text("language", nullable=False),
    time("began", nullable=False),
    time("counted", nullable=False),
    flag("encrypted_media"),
    sa.Column("sealed_door", sa.LargeBinary, nullable=False),
    text("meeting"),
    text("tenant"),
    json("inside", nullable=True),
    text("user"),
    json("asserted"),
)

live_meetings = table(
    "live_meetings",
    position(),
    id_(),
    text("space", nullable=False),
    text("name", nullable=False),
    text("tenant"),
    flag("locked"),
    flag("kept_when_empty"),
    flag("host_present"),
    time("absent_since", nullable=False),
    time("started"),
    flag("unencrypted"),
    number("legs_most", nullable=False),
    number("legs_completed", nullable=False),
    json("chat"),
    time("seen"),
    text("kind", nullable=False),
    flag("free_mute", default=False),
    sa.Column("newcomers_muted", sa.Boolean),
)

tokens = table(
    "tokens",
    position(),
    id_(),
    text("kind", nullable=False),
    text("user", index=True),
    time("created", nullable=False),
    time("expires", index=True, nullable=False),
    text("source", nullable=False),
    number("client", nullable=False),
    text("pair"),
    text("conference", index=True),
    text("role"),
)

outbound_rules = table(
    "outbound_rules",
    position(),
    id_(),
    text("domain", index=True, nullable=False),
    number("priority", nullable=False),
    text("proxy"),
    text("local_contact_domain"),
    text("local_from_domain"),
    text("failure_action", nullable=False),
    text("tenant", index=True),
    text("username"),
    text("sealed_password"),
    text("realm"),
    json("extras"),
    text("control_encryption", nullable=False, default="auto"),
)

forwarding_rules = table(
    "forwarding_rules",
    position(),
    id_(),
    text("pattern", nullable=False),
    text("destination_domain"),
    text("action", nullable=False),
    text("caller_id", nullable=False),
    number("priority", nullable=False),
    text("tenant", index=True),
    text("uri_parameters", nullable=False),
    json("extras"),
)

dial_transforms = table(
    "dial_transforms",
    position(),
    id_(),
    text("type", nullable=False),
    text("match", nullable=False),
    text("transform", nullable=False),
    number("priority", nullable=False),
    text("action", nullable=False),
    json("extras"),
)

# A conference outlives its space: its history is kept when the space is gone.
conferences = table(
    "conferences",
    position(),
    id_(),
    text("number", index=True, nullable=False),
    text("space", index=True, nullable=False),
    text("organiser", index=True, nullable=False),
    text("subject", nullable=False),
    time("created", nullable=False),
    number("length", nullable=False),
    text("zone", nullable=False),
    text("language", nullable=False),
    text("uid", nullable=False),
    text("tenant", index=True),
    json("media"),
    json("attendees"),
    json("series", nullable=True),
    json("rules"),
    flag("instant"),
    flag("own_space"),
    number("sequence", nullable=False),
    flag("cancelled"),
    json("extras"),
)

# Which users are among a conference's attendees: what people see of conferences is found by it.
invited = table(
    "invited",
    position(),
    owner("conference", "conferences"),
    text("user", index=True, nullable=False),
)

occurrences = table(
    "occurrences",
    position(),
    id_(),
    owner("conference", "conferences"),
    time("start", nullable=False),
    number("length", nullable=False),
    text("state", nullable=False),
    time("slot"),
    time("end"),
    time("begun"),
    text("meeting"),
    flag("changed"),
    number("sequence", nullable=False),
    flag("reminded"),
    flag("dialled"),
    json("extras"),
    json("rules", nullable=True),
    sa.Index("ix_occurrences_state_start", "state", "start"),
)

attendance = table(
    "attendance",
    position(),
    owner("occurrence", "occurrences"),
    text("name", nullable=False),
    text("address", nullable=False),
    text("kind", nullable=False),
    time("joined", nullable=False),
    time("left"),
    text("user"),
    text("role", nullable=False),
)

outbox = table(
    "outbox",
    position(),
    id_(),
    text("channel", nullable=False),
    text("notice", nullable=False),
    text("recipient", nullable=False),
    text("message_id", nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    time("created", nullable=False),
    time("due", nullable=False),
    text("conference", index=True),
    text("occurrence"),
    text("subject", nullable=False),
    number("tries", nullable=False),
    text("state", nullable=False),
    text("last_error", nullable=False),
    time("sent"),
    sa.Index("ix_outbox_state_due", "state", "due"),
)

kept_answers = table(
    "kept_answers",
    position(),
    text("scope", nullable=False),
    text("key", nullable=False),
    number("status", nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    text("fingerprint", nullable=False),
    time("created", index=True, nullable=False),
    sa.UniqueConstraint("scope", "key"),
)

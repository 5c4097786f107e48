"""Entities to rows and back, one pair of functions for each collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from sqlalchemy import RowMapping

from ...core.dialplan import InboundRule, Ivr
from ...core.people import Tenant, User
from ...core.profiles import CallProfile, CallSettings, Extras, LegProfile, LegSettings
from ...core.secret import Secret
from ...core.spaces import AccessMethod, Member, MemberRights, Space

S = TypeVar("S", LegSettings, CallSettings, MemberRights)
Row = dict[str, Any]


def _extras(extras: Extras) -> dict[str, dict[str, str]]:
    return {dialect: dict(values) for dialect, values in extras.items()}


def _set_fields(settings: LegSettings | CallSettings | MemberRights) -> dict[str, Any]:
    """Only what is set, enums by value."""
    values: dict[str, Any] = msgspec.to_builtins(settings)
    return {name: value for name, value in values.items() if value is not None}


def _settings(kind: type[S], stored: Mapping[str, Any]) -> S:
    """Fields that this version does not know are passed over; missing ones are unset."""
    return msgspec.convert(stored, kind)


def _text(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()


def _secret(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)


def space_row(space: Space) -> Row:
    return {
        "id": space.id,
        "name": space.name,
        "tenant": space.tenant,
        "leg_profile": space.leg_profile,
        "call_profile": space.call_profile,
        "non_member_access": space.non_member_access,
        "owner": space.owner,
        "auto_generated": space.auto_generated,
        "extras": _extras(space.extras),
    }


def space_of(row: RowMapping) -> Space:
    return Space(
        id=row["id"],
        name=row["name"],
        tenant=row["tenant"],
        leg_profile=row["leg_profile"],
        call_profile=row["call_profile"],
        non_member_access=row["non_member_access"],
        owner=row["owner"],
        auto_generated=row["auto_generated"],
        extras=row["extras"],
    )


def access_method_row(method: AccessMethod) -> Row:
    return {
        "id": method.id,
        "space": method.space,
        "own": method.own,
        "uri": method.uri,
        "secondary_uri": method.secondary_uri,
        "call_id": method.call_id,
        "passcode": _text(method.passcode),
        "secret": _text(method.secret),
        "name": method.name,
        "leg_profile": method.leg_profile,
        "extras": _extras(method.extras),
    }


def access_method_of(row: RowMapping) -> AccessMethod:
    return AccessMethod(
        id=row["id"],
        space=row["space"],
        own=row["own"],
        uri=row["uri"],
        secondary_uri=row["secondary_uri"],
        call_id=row["call_id"],
        passcode=_secret(row["passcode"]),
        secret=_secret(row["secret"]),
        name=row["name"],
        leg_profile=row["leg_profile"],
        extras=row["extras"],
    )


def member_row(member: Member) -> Row:
    return {
        "id": member.id,
        "space": member.space,
        "user": member.user,
        "leg_profile": member.leg_profile,
        "rights": _set_fields(member.rights),
        "auto_generated": member.auto_generated,
        "extras": _extras(member.extras),
    }


def member_of(row: RowMapping) -> Member:
    return Member(
        id=row["id"],
        space=row["space"],
        user=row["user"],
        leg_profile=row["leg_profile"],
        rights=_settings(MemberRights, row["rights"]),
        auto_generated=row["auto_generated"],
        extras=row["extras"],
    )


def leg_profile_row(profile: LegProfile) -> Row:
    return {
        "id": profile.id,
        "name": profile.name,
        "settings": _set_fields(profile.settings),
        "extras": _extras(profile.extras),
    }


def leg_profile_of(row: RowMapping) -> LegProfile:
    return LegProfile(
        id=row["id"],
        name=row["name"],
        settings=_settings(LegSettings, row["settings"]),
        extras=row["extras"],
    )


def call_profile_row(profile: CallProfile) -> Row:
    return {"id": profile.id, "settings": _set_fields(profile.settings), "extras": _extras(profile.extras)}


def call_profile_of(row: RowMapping) -> CallProfile:
    return CallProfile(id=row["id"], settings=_settings(CallSettings, row["settings"]), extras=row["extras"])


def tenant_row(tenant: Tenant) -> Row:
    return {
        "id": tenant.id,
        "name": tenant.name,
        "leg_profile": tenant.leg_profile,
        "call_profile": tenant.call_profile,
        "participant_limit": tenant.participant_limit,
        "extras": _extras(tenant.extras),
    }


def tenant_of(row: RowMapping) -> Tenant:
    return Tenant(
        id=row["id"],
        name=row["name"],
        leg_profile=row["leg_profile"],
        call_profile=row["call_profile"],
        participant_limit=row["participant_limit"],
        extras=row["extras"],
    )


def user_row(user: User) -> Row:
    return {
        "id": user.id,
        "jid": user.jid,
        "name": user.name,
        "email": user.email,
        "tenant": user.tenant,
        "password_hash": _text(user.password_hash),
        "extras": _extras(user.extras),
    }


def user_of(row: RowMapping) -> User:
    return User(
        id=row["id"],
        jid=row["jid"],
        name=row["name"],
        email=row["email"],
        tenant=row["tenant"],
        password_hash=_secret(row["password_hash"]),
        extras=row["extras"],
    )


def inbound_rule_row(rule: InboundRule) -> Row:
    return {
        "id": rule.id,
        "domain": rule.domain,
        "priority": rule.priority,
        "resolve_to_users": rule.resolve_to_users,
        "resolve_to_spaces": rule.resolve_to_spaces,
        "resolve_to_ivrs": rule.resolve_to_ivrs,
        "tenant": rule.tenant,
        "extras": _extras(rule.extras),
    }


def inbound_rule_of(row: RowMapping) -> InboundRule:
    return InboundRule(
        id=row["id"],
        domain=row["domain"],
        priority=row["priority"],
        resolve_to_users=row["resolve_to_users"],
        resolve_to_spaces=row["resolve_to_spaces"],
        resolve_to_ivrs=row["resolve_to_ivrs"],
        tenant=row["tenant"],
        extras=row["extras"],
    )


def ivr_row(ivr: Ivr) -> Row:
    return {
        "id": ivr.id,
        "uri": ivr.uri,
        "tenant": ivr.tenant,
        "resolve_call_ids": ivr.resolve_call_ids,
        "extras": _extras(ivr.extras),
    }


def ivr_of(row: RowMapping) -> Ivr:
    return Ivr(
        id=row["id"],
        uri=row["uri"],
        tenant=row["tenant"],
        resolve_call_ids=row["resolve_call_ids"],
        extras=row["extras"],
    )

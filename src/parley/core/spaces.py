"""Spaces, the access methods that lead into them, and their members.

A space's own address, call ID and passcode are an access method like any other, marked `own`;
every space has exactly one of those. So one look-up finds every door of an address.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from .ids import AccessMethodId, BrandingId, CallProfileId, LegProfileId, MemberId, SpaceId, TenantId, UserId
from .profiles import CallSettings, Extras, LegSettings
from .secret import Secret


class SpaceKind(StrEnum):
    """What a space is for."""

    SPACE = "space"
    CONFERENCE = "conference"  # lives and dies with one booked conference
    PERSONAL_ROOM = "personal-room"
    CLOUD_ROOM = "cloud-room"


class Role(StrEnum):
    """As what an access method lets people in; None where nothing but profiles say."""

    HOST = "host"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Space:
    """A permanent place to meet. leg_settings and call_settings are of the space itself, above its profiles.

    size: most participants of a cloud room. enabled: a room that is switched off lets nobody in. language: in which
    prompts are spoken, where a caller does not say.
    """

    id: SpaceId
    name: str = ""
    tenant: TenantId | None = None
    leg_profile: LegProfileId | None = None
    call_profile: CallProfileId | None = None
    non_member_access: bool = True
    owner: UserId | None = None
    auto_generated: bool = False
    extras: Extras = field(default_factory=dict)
    kind: SpaceKind = SpaceKind.SPACE
    leg_settings: LegSettings = LegSettings()
    call_settings: CallSettings = CallSettings()
    size: int | None = None
    enabled: bool = True
    call_branding: BrandingId | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class AccessMethod:
    """One way into a space. URIs are the lower-cased part before the @; passcode None is a blank door."""

    id: AccessMethodId
    space: SpaceId
    own: bool = False
    uri: str | None = None
    secondary_uri: str | None = None  # only on the space's own
    call_id: str | None = None
    passcode: Secret | None = None
    secret: Secret | None = None
    name: str | None = None
    leg_profile: LegProfileId | None = None  # never on the space's own: the space's profile applies
    extras: Extras = field(default_factory=dict)
    role: Role | None = None
    leg_settings: LegSettings = LegSettings()  # of the access method itself, above its profile
    language: str | None = None  # above the space's


@dataclass(frozen=True, slots=True)
class MemberRights:
    """What a member may do to the space (defaults: as created by API, cms-api 2.4)."""

    destroy: bool = False
    add_remove_member: bool = False
    change_name: bool = False
    change_uri: bool = False
    change_call_id: bool = False
    change_passcode: bool = False
    post_message: bool = False
    remove_self: bool = False
    delete_all_messages: bool = False
    change_non_member_access: bool = True


@dataclass(frozen=True, slots=True)
class Member:
    """A user who belongs to a space."""

    id: MemberId
    space: SpaceId
    user: UserId
    leg_profile: LegProfileId | None = None
    rights: MemberRights = MemberRights()
    auto_generated: bool = False
    extras: Extras = field(default_factory=dict)

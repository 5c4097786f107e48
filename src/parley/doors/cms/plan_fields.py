"""Field tables of users, tenants, system/profiles, inbound rules and IVRs (cms-api 2.11, 2.13 to 2.16)."""

from __future__ import annotations

from .codecs import Boolean, Domain, Guid, Number, Reference, Text, UriUser
from .fields import Access, Field, Shown, Table

_BOOLEAN = Boolean()
_GUID = Guid()

USER = Table(
    "user",
    "2.14",
    (
        Field("userJid", Text(), "jid", access=Access.READ_ONLY, listed=True),
        Field("tenant", Reference("tenant"), "tenant", access=Access.READ_ONLY, listed=True),
        Field("name", Text(), "name", access=Access.READ_ONLY),
        Field("email", Text(), "email", access=Access.READ_ONLY, shown=Shown.ALWAYS, note="printed even when empty"),
        Field("authenticationId", Text(), since="1.8", access=Access.READ_ONLY),
        Field("userProfile", _GUID, since="2.0", access=Access.READ_ONLY),
        Field("cdrTag", Text(100), access=Access.READ_ONLY),
    ),
)

TENANT = Table(
    "tenant",
    "2.15",
    (
        Field("name", Text(), "name", listed=True, note="mandatory on POST"),
        Field("tenantGroup", _GUID, since="1.8", listed=True),
        Field("callLegProfile", Reference("callLegProfile"), "leg_profile"),
        Field("callProfile", Reference("callProfile"), "call_profile"),
        Field("dtmfProfile", _GUID),
        Field("ivrBrandingProfile", _GUID),
        Field("callBrandingProfile", _GUID),
        Field("participantLimit", Number(), "participant_limit"),
        Field("userProfile", _GUID),
        Field("dialInSecurityProfile", _GUID, since="3.0"),
        Field("webBridgeProfile", _GUID, since="3.0"),
    ),
)

SYSTEM_PROFILES = Table(
    "profiles",
    "2.16",
    (
        Field("callLegProfile", Reference("callLegProfile"), "leg_profile"),
        Field("callProfile", Reference("callProfile"), "call_profile"),
        Field("dtmfProfile", _GUID),
        Field("userProfile", _GUID),
        Field("ivrBrandingProfile", _GUID),
        Field("callBrandingProfile", _GUID),
        Field("compatibilityProfile", _GUID, since="2.1"),
        Field("dialInSecurityProfile", _GUID, since="3.0"),
        Field("webBridgeProfile", _GUID, since="3.0"),
    ),
)


def _resolve(wire: str, attribute: str) -> Field:
    return Field(wire, _BOOLEAN, attribute, default="true", unset=True, shown=Shown.ALWAYS)


INBOUND_RULE = Table(
    "inboundDialPlanRule",
    "2.13",
    (
        Field("domain", Domain(), "domain", listed=True, note="mandatory on POST"),
        Field("priority", Number(), "priority", default="0", unset=0, shown=Shown.ALWAYS, listed=True),
        _resolve("resolveToUsers", "resolve_to_users"),
        _resolve("resolveTocoSpaces", "resolve_to_spaces"),
        _resolve("resolveToIvrs", "resolve_to_ivrs"),
        Field("resolveToLyncConferences", _BOOLEAN, default="false", shown=Shown.ALWAYS),
        Field("resolveToLyncSimplejoin", _BOOLEAN, default="false", since="2.2", shown=Shown.ALWAYS),
        Field("tenant", Reference("tenant"), "tenant", listed=True),
    ),
)

IVR = Table(
    "ivr",
    "2.11",
    (
        Field("uri", UriUser(), "uri", listed=True, note="mandatory on POST"),
        Field("tenant", Reference("tenant"), "tenant"),
        Field("tenantGroup", _GUID, since="1.8"),
        Field("ivrBrandingProfile", _GUID),
        Field("resolveCoSpaceCallIds", _BOOLEAN, "resolve_call_ids", default="true", unset=True, shown=Shown.ALWAYS),
        Field("resolveLyncConferenceIds", _BOOLEAN, default="false", shown=Shown.ALWAYS),
    ),
)

"""Field tables of users, tenants, system/profiles, the dial plan and IVRs (cms-api 2.11, 2.13 to 2.16)."""

from __future__ import annotations

from ...core.forwarding import CallerIdMode, ForwardingAction, UriParameters
from ...core.outbound import ControlEncryption, FailureAction
from ...core.transforms import TransformAction, TransformType
from .codecs import Boolean, Choice, Domain, Guid, Number, Reference, SecretText, Text, UriUser, words
from .fields import Access, Field, Shown, Table
from .space_fields import SPOKEN

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
        Field("dtmfProfile", Reference("dtmfProfile"), "dtmf_profile"),
        Field("ivrBrandingProfile", Reference("ivrBrandingProfile"), "ivr_branding"),
        Field("callBrandingProfile", Reference("callBrandingProfile"), "call_branding"),
        Field("participantLimit", Number(), "participant_limit"),
        Field("userProfile", _GUID),
        Field("dialInSecurityProfile", _GUID, since="3.0"),
        Field("webBridgeProfile", _GUID, since="3.0"),
        SPOKEN,
    ),
)

SYSTEM_PROFILES = Table(
    "profiles",
    "2.16",
    (
        Field("callLegProfile", Reference("callLegProfile"), "leg_profile"),
        Field("callProfile", Reference("callProfile"), "call_profile"),
        Field("dtmfProfile", Reference("dtmfProfile"), "dtmf_profile"),
        Field("userProfile", _GUID),
        Field("ivrBrandingProfile", Reference("ivrBrandingProfile"), "ivr_branding"),
        Field("callBrandingProfile", Reference("callBrandingProfile"), "call_branding"),
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

OUTBOUND_RULE = Table(
    "outboundDialPlanRule",
    "2.13",
    (
        Field("domain", Domain(), "domain", listed=True, note="mandatory on POST; exact, or a star and the end of one"),
        Field("priority", Number(), "priority", default="0", unset=0, shown=Shown.ALWAYS, listed=True),
        Field("localContactDomain", Domain(), "local_contact_domain", shown=Shown.ALWAYS),
        Field("localFromDomain", Domain(), "local_from_domain", shown=Shown.ALWAYS),
        Field(
            "sipProxy",
            Text(255),
            "proxy",
            shown=Shown.ALWAYS,
            note="host[:port][;transport=udp, tcp or tls]; none: direct",
        ),
        Field("trunkType", words("sip", "lync", "avaya"), default="sip", shown=Shown.ALWAYS),
        Field(
            "failureAction",
            Choice({"stop": FailureAction.STOP, "continue": FailureAction.CONTINUE}),
            "failure_action",
            default="stop",
            unset=FailureAction.STOP,
            shown=Shown.ALWAYS,
        ),
        Field(
            "sipControlEncryption",
            Choice({one.value: one for one in ControlEncryption}),
            "control_encryption",
            default="auto",
            unset=ControlEncryption.AUTO,
            shown=Shown.ALWAYS,
            note="encrypted: TLS or no call; auto: as the proxy's transport says",
        ),
        Field("scope", words("global", "callBridge", "callBridgeGroup"), default="global", shown=Shown.ALWAYS),
        Field("callBridge", _GUID),
        Field("callBridgeGroup", _GUID, since="2.2"),
        Field("tenant", Reference("tenant"), "tenant", since="1.8", listed=True),
        Field("callRouting", words("default", "traversal"), default="default", shown=Shown.ALWAYS),
        # Our own, not of the dialect: what a trunk that asks for a password wants to hear.
        Field("authenticationName", Text(), "username", note="Parley's own: for a next hop that challenges"),
        Field(
            "authenticationPassword",
            SecretText(),
            "password",
            access=Access.WRITE_ONLY,
            note="Parley's own; needed with a name",
        ),
        Field(
            "authenticationRealm", Text(), "realm", note="Parley's own; needed with a name: no other realm is answered"
        ),
    ),
)

FORWARDING_RULE = Table(
    "forwardingDialPlanRule",
    "2.13",
    (
        Field("matchPattern", Domain(), "pattern", listed=True, note="mandatory on POST; * stands for anything"),
        Field("destinationDomain", Domain(), "destination_domain", shown=Shown.ALWAYS, note="none: as dialled"),
        Field(
            "action",
            Choice({one.value: one for one in ForwardingAction}),
            "action",
            default="forward",
            unset=ForwardingAction.FORWARD,
            shown=Shown.ALWAYS,
        ),
        Field(
            "callerIdMode",
            Choice({one.value: one for one in CallerIdMode}),
            "caller_id",
            default="regenerate",
            unset=CallerIdMode.REGENERATE,
            shown=Shown.ALWAYS,
        ),
        Field("priority", Number(), "priority", default="0", unset=0, shown=Shown.ALWAYS, listed=True),
        Field("tenant", Reference("tenant"), "tenant", since="1.8", listed=True),
        Field(
            "uriParameters",
            Choice({one.value: one for one in UriParameters}),
            "uri_parameters",
            default="discard",
            since="2.0",
            unset=UriParameters.DISCARD,
            shown=Shown.ALWAYS,
        ),
    ),
)

DIAL_TRANSFORM = Table(
    "dialTransform",
    "2.13",
    (
        Field(
            "type",
            Choice({one.value: one for one in TransformType}),
            "type",
            default="raw",
            unset=TransformType.RAW,
            shown=Shown.ALWAYS,
            listed=True,
        ),
        Field(
            "match",
            Text(512),
            "match",
            unset="",
            shown=Shown.ALWAYS,
            listed=True,
            note="($1/pattern/)($2/pattern/): all of them; none: always",
        ),
        Field(
            "transform",
            Text(512),
            "transform",
            unset="",
            shown=Shown.ALWAYS,
            listed=True,
            note="text with $1 and $2, each with {/pattern/by/} behind it",
        ),
        Field("priority", Number(), "priority", default="0", unset=0, shown=Shown.ALWAYS, listed=True),
        Field(
            "action",
            Choice(
                {
                    "accept": TransformAction.ACCEPT,
                    "acceptPhone": TransformAction.ACCEPT_PHONE,
                    "deny": TransformAction.DENY,
                }
            ),
            "action",
            default="accept",
            unset=TransformAction.ACCEPT,
            shown=Shown.ALWAYS,
            listed=True,
        ),
    ),
)

IVR = Table(
    "ivr",
    "2.11",
    (
        Field("uri", UriUser(), "uri", listed=True, note="mandatory on POST"),
        Field("tenant", Reference("tenant"), "tenant"),
        Field("tenantGroup", _GUID, since="1.8"),
        Field("ivrBrandingProfile", Reference("ivrBrandingProfile"), "ivr_branding"),
        Field("resolveCoSpaceCallIds", _BOOLEAN, "resolve_call_ids", default="true", unset=True, shown=Shown.ALWAYS),
        Field("resolveLyncConferenceIds", _BOOLEAN, default="false", shown=Shown.ALWAYS),
        SPOKEN,
    ),
)

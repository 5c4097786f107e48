"""Every refusal in the dialect's words, in one place (cms-api 1.8)."""

from __future__ import annotations

from collections.abc import Callable

from ...core.refusals import Refusal
from .codecs import INVALID
from .fields import BadParameters

# The two numbers of which field reports disagree (cms-api 8, question 1): turn them here.
STATUS_UNKNOWN_IN_PATH = 404
STATUS_OTHER = 400
# "Temporarily busy, repeat later": our own bounds, which pass by themselves.
STATUS_BUSY = 503

MISSING = "missing"

DOES_NOT_EXIST = {
    "space": "coSpaceDoesNotExist",
    "access-method": "accessMethodDoesNotExist",
    "member": "coSpaceUserDoesNotExist",
    "leg-profile": "callLegProfileDoesNotExist",
    "call-profile": "callProfileDoesNotExist",
    "user": "userDoesNotExist",
    "tenant": "tenantDoesNotExist",
    "inbound-rule": "inboundDialPlanRuleDoesNotExist",
    "outbound-rule": "outboundDialPlanRuleDoesNotExist",
    "forwarding-rule": "forwardingDialPlanRuleDoesNotExist",
    "dial-transform": "dialTransformDoesNotExist",  # the code tables of the dialect have no word for it
    "ivr": "ivrDoesNotExist",
    "dtmf-profile": "dtmfProfileDoesNotExist",
    "call-branding": "callBrandingProfileDoesNotExist",
    "ivr-branding": "ivrBrandingProfileDoesNotExist",
    "meeting": "callDoesNotExist",
    "leg": "callLegDoesNotExist",
    # A participant that is gone has no code of its own in the dialect.
    "participant": "participantDoesNotExist",
}

# Refusals that need nothing but their code.
CODES = {
    "duplicate-uri": "duplicateCoSpaceUri",
    "duplicate-call-id": "duplicateCoSpaceId",
    "duplicate-uri-passcode": "duplicateCoSpaceUriPasscode",
    "duplicate-call-id-passcode": "duplicateCoSpaceIdPasscode",
    "rule-conflict": "inboundDialPlanRuleUriConflict",
    "ivr-conflict": "ivrUriConflict",
    "not-permitted": "invalidOperation",
    "in-use": "invalidOperation",
    "state": "invalidOperation",
}

LIMITS = {
    "participant": "participantLimitReached",
    "tenant": "tenantParticipantLimitReached",
    "call-id": "duplicateCoSpaceId",  # no free number was found
    # The dialect has no words for bounds on calls out; these say whose bound it is.
    "call-out-at-once": "tenantParticipantLimitReached",
    "call-out-per-minute": "tenantParticipantLimitReached",
    "dial-transforms": "invalidOperation",
    "ad-hoc": "callBridgeUnavailable",  # the dialect has no word for a bound on calls without a space
    "legs": "callBridgeUnavailable",  # "participant creation aimed at a bridge that refuses"
}
BUSY_LIMITS = frozenset({"call-out-at-once", "call-out-per-minute", "ad-hoc", "legs"})

# Refusals that name a parameter, and the word for what is wrong with it.
PARAMETERS = {"invalid": INVALID, "missing": MISSING, "duplicate-name": INVALID}

Element = tuple[str, tuple[tuple[str, str], ...]]


class Failure(Exception):
    """A failureDetails answer."""

    def __init__(self, status: int, elements: tuple[Element, ...]) -> None:
        super().__init__(status, elements)
        self.status = status
        self.elements = elements


def fail(code: str, status: int = STATUS_OTHER) -> Failure:
    """One code without attributes."""
    return Failure(status, ((code, ()),))


def invalid_operation() -> Failure:
    return fail("invalidOperation")


def parameter_errors(problems: list[tuple[str, str]]) -> Failure:
    """problems: (wire name, error word) of each bad parameter."""
    return Failure(
        STATUS_OTHER, tuple(("parameterError", (("parameter", name), ("error", error))) for name, error in problems)
    )


def from_bad_parameters(bad: BadParameters) -> Failure:
    return parameter_errors(bad.problems)


def from_refusal(refusal: Refusal, wire_of: Callable[[str], str | None] = lambda _: None) -> Failure:
    """wire_of: the wire name of an attribute in the object that the request was about."""
    code, data = refusal.code, refusal.data
    if code == "not-found":
        return fail(DOES_NOT_EXIST[data["kind"]], STATUS_UNKNOWN_IN_PATH)
    if code == "unknown-reference":
        return fail(DOES_NOT_EXIST[data["kind"]])
    if code == "limit":
        return fail(LIMITS[data["which"]], STATUS_BUSY if data["which"] in BUSY_LIMITS else STATUS_OTHER)
    if code == "no-outbound-rule":
        # The dialect knows no code for it; what is wrong is that this party cannot be called from here.
        return parameter_errors([("remoteParty", INVALID)])
    if code in PARAMETERS:
        field = data["field"]
        return parameter_errors([(wire_of(field) or field, PARAMETERS[code])])
    return fail(CODES[code])

"""Refusals of the use cases in the dialect's words (cms-api 1.8): the table is total."""

import inspect
import re

import pytest

from parley.core.refusals import Refusal
from parley.doors.cms.errors import from_refusal
from tests.kit.reach import refusals_raised

ANSWERS = [
    (Refusal("not-found", kind="space", id="x"), 404, ("coSpaceDoesNotExist", ())),
    (Refusal("unknown-reference", kind="user", field="owner_jid"), 400, ("userDoesNotExist", ())),
    (Refusal("duplicate-uri", field="uri"), 400, ("duplicateCoSpaceUri", ())),
    (Refusal("duplicate-call-id", field="call_id"), 400, ("duplicateCoSpaceId", ())),
    (Refusal("duplicate-uri-passcode", field="uri"), 400, ("duplicateCoSpaceUriPasscode", ())),
    (Refusal("duplicate-call-id-passcode", field="call_id"), 400, ("duplicateCoSpaceIdPasscode", ())),
    (Refusal("rule-conflict"), 400, ("inboundDialPlanRuleUriConflict", ())),
    (Refusal("ivr-conflict"), 400, ("ivrUriConflict", ())),
    (Refusal("not-permitted", what="x"), 400, ("invalidOperation", ())),
    (Refusal("in-use", kind="space"), 400, ("invalidOperation", ())),
    (
        Refusal("no-outbound-rule", target="sip:a@b"),
        400,
        ("parameterError", (("parameter", "remoteParty"), ("error", "invalidValue"))),
    ),
    (Refusal("state", kind="call", state="over"), 400, ("invalidOperation", ())),
    (Refusal("limit", which="call-out-at-once"), 503, ("tenantParticipantLimitReached", ())),
    (Refusal("limit", which="call-out-per-minute"), 503, ("tenantParticipantLimitReached", ())),
    (Refusal("limit", which="legs"), 503, ("callBridgeUnavailable", ())),
    (Refusal("limit", which="ad-hoc"), 503, ("callBridgeUnavailable", ())),
    (Refusal("limit", which="participant"), 400, ("participantLimitReached", ())),
    (Refusal("limit", which="tenant"), 400, ("tenantParticipantLimitReached", ())),
    (
        Refusal("duplicate-name", field="a"),
        400,
        ("parameterError", (("parameter", "wireA"), ("error", "invalidValue"))),
    ),
    (
        Refusal("invalid", field="a", error="x"),
        400,
        ("parameterError", (("parameter", "wireA"), ("error", "invalidValue"))),
    ),
    (Refusal("missing", field="a"), 400, ("parameterError", (("parameter", "wireA"), ("error", "missing")))),
]


@pytest.mark.parametrize(("refusal", "status", "element"), ANSWERS, ids=lambda v: getattr(v, "code", ""))
def test_each_refusal_has_its_code(refusal: Refusal, status: int, element: object) -> None:
    """404 only for what the path names; a parameter is called by its wire name."""
    failure = from_refusal(refusal, {"a": "wireA"}.get)
    assert (failure.status, failure.elements) == (status, (element,))


def test_every_refusal_that_core_names_is_in_the_table_above() -> None:
    """The list in core's own words and the tried ones are the same."""
    named = set(re.findall(r"[a-z]+(?:-[a-z]+)*", inspect.getdoc(Refusal).split("Codes:")[1].split("\n\n")[0]))  # type: ignore[union-attr]
    fields = {"kind", "id", "field", "error", "what", "which", "target"}
    assert named - fields == {refusal.code for refusal, _, _ in ANSWERS}


@pytest.mark.parametrize("raised", refusals_raised("cms"), ids=str)
def test_every_refusal_that_a_use_case_makes_is_translated(raised: dict[str, str]) -> None:
    """No code, kind or limit of the use cases that this door reaches is missing from its table."""
    if raised.get("kind") == "administrator":
        return  # administrators are not of this API
    data = {"kind": "space", "field": "uri", "which": "participant", **raised}
    code = data.pop("code")
    assert from_refusal(Refusal(code, **data)).elements

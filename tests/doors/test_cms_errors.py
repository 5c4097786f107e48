"""Refusals of the use cases in the dialect's words (cms-api 1.8): the table is total."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import parley.app
from parley.core.refusals import Refusal
from parley.doors.cms.errors import from_refusal

ROOT = Path(parley.app.__file__).parent

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
    """The list in core's own words and the tried ones are the same; signing in is no business of this door."""
    general = inspect.getdoc(Refusal).split("Codes:")[1].split("\n\n")[0]  # type: ignore[union-attr]
    named = set(re.findall(r"[a-z]+(?:-[a-z]+)*", general.replace("\n", " ")))
    fields = {"kind", "id", "field", "error", "what", "which", "target"}
    assert named - fields == {refusal.code for refusal, _, _ in ANSWERS}


def reached() -> set[Path]:
    """The use cases that this door imports, and those that they import."""
    todo, seen = list((ROOT.parent / "doors" / "cms").glob("*.py")), set[Path]()
    while todo:
        path = todo.pop()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level and node.module:
                module = ROOT / f"{node.module.rpartition('.')[2]}.py"
                inside = node.module.startswith("app.") or (path.parent == ROOT and node.level == 1)
                if inside and module.exists() and module not in seen:
                    seen.add(module)
                    todo.append(module)
    return seen


def refusals_raised() -> list[dict[str, str]]:
    """code and constant data of every Refusal that the use cases behind this door construct."""
    found = []
    for path in sorted(reached()):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal"):
                continue
            data = {k.arg: k.value.value for k in node.keywords if k.arg and isinstance(k.value, ast.Constant)}
            if isinstance(node.args[0], ast.Constant):
                found.append({"code": node.args[0].value, **data})
    return found


@pytest.mark.parametrize("raised", refusals_raised(), ids=str)
def test_every_refusal_that_a_use_case_makes_is_translated(raised: dict[str, str]) -> None:
    """No code, kind or limit that app/ constructs is missing from the door's table."""
    if raised.get("kind") == "administrator":
        return  # administrators are not of this API
    data = {"kind": "space", "field": "uri", "which": "participant", **raised}
    code = data.pop("code")
    assert from_refusal(Refusal(code, **data)).elements

"""Writes docs/cms-api.md from the field tables of the CMS door: `python scripts/generate_cms_docs.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from parley.doors.cms.dial_plan import ACCESS_QUERY  # noqa: E402
from parley.doors.cms.dtmf import DTMF_PROFILE  # noqa: E402
from parley.doors.cms.fields import Access, Field, Shown, Table  # noqa: E402
from parley.doors.cms.live_fields import CALL, CALL_LEG, NEW_CALL_LEG, NEW_PARTICIPANT, PARTICIPANT, PARTICIPANTS  # noqa: E402
from parley.doors.cms.plan_fields import (  # noqa: E402
    DIAL_TRANSFORM,
    FORWARDING_RULE,
    INBOUND_RULE,
    IVR,
    OUTBOUND_RULE,
    SYSTEM_PROFILES,
    TENANT,
    USER,
)
from parley.doors.cms.profile_fields import CALL_LEG_PROFILE, CALL_PROFILE  # noqa: E402
from parley.doors.cms.space_fields import ACCESS_METHOD, CO_SPACE, CO_SPACE_USER  # noqa: E402

PAGES: tuple[tuple[str, str, Table], ...] = (
    ("coSpace", "`/coSpaces`, `/coSpaces/<id>`; `/coSpaces/<id>/meetingEntryDetail` (GET)", CO_SPACE),
    ("accessMethod", "`/coSpaces/<id>/accessMethods`, `…/<id>`", ACCESS_METHOD),
    ("coSpaceUser", "`/coSpaces/<id>/coSpaceUsers`, `…/<id>`", CO_SPACE_USER),
    ("callLegProfile", "`/callLegProfiles`, `…/<id>`; `…/<id>/usage` (GET)", CALL_LEG_PROFILE),
    ("callProfile", "`/callProfiles`, `…/<id>`", CALL_PROFILE),
    ("dtmfProfile", "`/dtmfProfiles`, `…/<id>`", DTMF_PROFILE),
    ("user", "`/users`, `…/<id>`; `…/<id>/usercoSpaces` (GET); made with `parley users`", USER),
    ("tenant", "`/tenants`, `…/<id>`", TENANT),
    ("system profiles", "`/system/profiles` (GET, PUT, POST)", SYSTEM_PROFILES),
    ("inboundDialPlanRule", "`/inboundDialPlanRules`, `…/<id>`", INBOUND_RULE),
    ("outboundDialPlanRule", "`/outboundDialPlanRules`, `…/<id>`", OUTBOUND_RULE),
    ("forwardingDialPlanRule", "`/forwardingDialPlanRules`, `…/<id>`", FORWARDING_RULE),
    ("dialTransform", "`/dialTransforms`, `…/<id>`", DIAL_TRANSFORM),
    ("ivr", "`/ivrs`, `…/<id>`", IVR),
    ("call", "`/calls`, `…/<id>`", CALL),
    (
        "callLeg: configuration",
        "`/callLegs`, `…/<id>` (GET, PUT, DELETE); `…/<id>/callLegProfileTrace`, `/calls/<id>/callLegs`, "
        "`/participants/<id>/callLegs` (GET)",
        CALL_LEG,
    ),
    (
        "participant: configuration",
        "`/participants`, `…/<id>` (GET, PUT, DELETE); `/calls/<id>/participants`, `…/<id>`",
        PARTICIPANT,
    ),
    ("new call leg", "`/calls/<id>/callLegs` (POST): somebody is called", NEW_CALL_LEG),
    ("new participant", "`/calls/<id>/participants` (POST): somebody is called", NEW_PARTICIPANT),
    ("several participants", "`/calls/<id>/participants/*` (PUT)", PARTICIPANTS),
    ("accessQuery", "`/accessQuery` (POST)", ACCESS_QUERY),
)

HEAD = """# The CMS dialect: what each parameter does

Generated from the field tables in `src/parley/doors/cms`; change those and run `scripts/generate_cms_docs.py`.

The API stands at `/api/v1`, with HTTP Basic. Every parameter below is accepted, checked and returned. **Stored only**
means that it has no effect yet: it is kept with its object and echoed (with a live call or leg: as long as that lives).
Names and paths are read in any letter case; an empty value unsets; unknown parameters are passed over. Every path that
is not named here answers `unrecognizedObject`, every other method `invalidOperation`; `/system/status` answers GET.

"Default" is what holds while nobody says anything; empty means unset. "Since" is the version of the dialect that
brought the parameter. Values that set something inside carry its name there.
"""


def row(field: Field) -> str:
    effect = "stored only" if field.attribute is None else f"`{field.attribute}`" if field.effect else "no effect yet"
    notes = [] if field.access is Access.READ_WRITE else [field.access.value]
    if field.shown is Shown.WHEN_SAID:
        notes.append(f"returned {field.shown.value}")
    notes += [f"also spelt `{alias}`" for alias in field.aliases]
    if field.note:
        notes.append(field.note)
    cells = (f"`{field.wire}`", effect, field.codec.word, field.default, field.since, "; ".join(notes))
    return "| " + " | ".join(cells) + " |"


def section(title: str, paths: str, table: Table) -> str:
    lines = [
        f"## {title}",
        "",
        paths,
        "",
        "| Parameter | Sets | Values | Default | Since | Notes |",
        "|---|---|---|---|---|---|",
        *(row(field) for field in table.fields),
        "",
    ]
    return "\n".join(lines)


def page() -> str:
    """The whole page."""
    return HEAD + "\n" + "\n".join(section(*entry) for entry in PAGES)


if __name__ == "__main__":
    (ROOT / "docs" / "cms-api.md").write_text(page())

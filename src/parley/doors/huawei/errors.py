"""Every refusal in the dialect's words, in one place (huawei-api 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

from ...core.refusals import Refusal
from .codes import CODES
from .fields import BadFields, Field, Table

DETAIL_MOST = 1000  # characters


class Family(StrEnum):
    """Which half of the service a path belongs to: accounts and login, or everything about meetings."""

    ACCOUNTS = "USG"
    MEETINGS = "MMC"


class HuaweiError(Exception):
    """An error answer. detail: the field and the reason, for people."""

    def __init__(self, code: str, detail: str = "", *, status: int | None = None) -> None:
        super().__init__(code, detail)
        self.code = code
        self.status, self.message = CODES[code]
        if status is not None:
            self.status = status
        self.detail = detail[:DETAIL_MOST]

    @property
    def body(self) -> dict[str, str]:
        return {"error_code": self.code, "error_msg": self.message, "error_detail": self.detail}


# What a family says where nothing more exact fits.
BAD_FIELD = {Family.ACCOUNTS: "USG.000000003", Family.MEETINGS: "MMC.111071061"}
NOT_JSON = {Family.ACCOUNTS: "USG.000000003", Family.MEETINGS: "MMC.111071062"}
FORBIDDEN = {Family.ACCOUNTS: "USG.000000005", Family.MEETINGS: "MMC.111070002"}
BAD_TOKEN = "USG.000000004"
BAD_CONTROL_TOKEN = "MMC.111072065"

# Refusal code -> what of its data tells more -> the answer. "" stands for everything else, for both families;
# a pair is (accounts, meetings).
Answer = str | tuple[str, str]
_BAD_FIELD: Answer = (BAD_FIELD[Family.ACCOUNTS], BAD_FIELD[Family.MEETINGS])
_STATE: Answer = ("USG.000000003", "MMC.111072011")

REFUSALS: dict[str, tuple[str, dict[str, Answer]]] = {
    "not-found": (
        "kind",
        {
            "": _BAD_FIELD,
            "conference": "MMC.111070005",
            "occurrence": "MMC.111070005",
            "meeting": "MMC.111072005",
            "participant": "MMC.111072008",
            "leg": "MMC.111072008",
            "space": ("USG.201080020", "MMC.111070006"),
            "room": ("USG.201080020", "MMC.111070006"),
            "user": ("USG.206030000", "MMC.111073001"),
            "department": ("USG.201040050", "MMC.111073002"),
            "application": "USG.201040054",
        },
    ),
    "unknown-reference": (
        "kind",
        {
            "": _BAD_FIELD,
            "user": ("USG.206030000", "MMC.111073001"),
            "space": ("USG.201080020", "MMC.111070006"),
            "room": ("USG.201080020", "MMC.111070006"),
            "department": ("USG.201040050", "MMC.111073002"),
        },
    ),
    "duplicate-uri": ("", {"": ("USG.000000003", "MMC.111071055")}),
    "duplicate-call-id": ("", {"": ("USG.000000003", "MMC.111071055")}),
    "duplicate-uri-passcode": ("", {"": ("USG.201080006", "MMC.111071105")}),
    "duplicate-call-id-passcode": ("", {"": ("USG.201080006", "MMC.111071105")}),
    "rule-conflict": ("", {"": _BAD_FIELD}),
    "ivr-conflict": ("", {"": _BAD_FIELD}),
    "duplicate-name": (
        "field",
        {
            "": _BAD_FIELD,
            "jid": "USG.201040046",
            "account": "USG.201040046",
            "third_account": "USG.201040046",
            "number": "USG.201040046",
            "code": "USG.201040051",
        },
    ),
    "invalid": ("", {"": _BAD_FIELD}),
    "missing": ("", {"": _BAD_FIELD}),
    "not-permitted": (
        "what",
        {
            "": (FORBIDDEN[Family.ACCOUNTS], FORBIDDEN[Family.MEETINGS]),
            "remove-default-administrator": "USG.201040053",
            "not-host": "MMC.111072070",
            "not-oneself": "MMC.111072071",
        },
    ),
    "in-use": (
        "kind",
        {
            "": _BAD_FIELD,
            "department": "USG.201040052",
            "room": ("USG.201080021", "MMC.111071005"),
            "conference": ("USG.201080021", "MMC.111071005"),
        },
    ),
    "limit": (
        "which",
        {
            "": ("USG.000000003", "MMC.111071060"),
            "rooms-of-user": "USG.201080022",
            "user": "USG.201040005",
            "participant": "MMC.111072101",
            "tenant": "MMC.115022001",
            "call-id": "MMC.111071054",
            "conference": "MMC.111071082",
            "conference-number": "MMC.111071054",
            "duration": "MMC.111074003",
            "attendees": "MMC.111071066",
            "call-out-at-once": "MMC.111072001",
            "call-out-per-minute": "MMC.111072001",
        },
    ),
    "no-outbound-rule": ("", {"": ("USG.000000003", "MMC.111072033")}),
    "state": (
        "state",
        {
            "": _STATE,
            "running": "MMC.111071065",
            "ended": "MMC.111070005",
            "cancelled": "MMC.111070005",
            "not-started": "MMC.111072005",
            "locked": "MMC.111072050",
        },
    ),
    "bad-credential": ("", {"": ("USG.206010000", "MMC.111070004")}),
    "account-disabled": ("", {"": "USG.206010007"}),
    "locked": ("", {"": "USG.206030015"}),
    "bad-signature": ("", {"": "USG.206010025"}),
    "signature-expired": ("", {"": "USG.206010057"}),
    "signature-used": ("", {"": "USG.206010025"}),
    "application-disabled": ("", {"": "USG.206010058"}),
    "not-registered": ("", {"": "USG.206010030"}),
    "may-not-register": ("", {"": "USG.206010031"}),
    "password-length": ("", {"": "USG.206030006"}),
    "password-classes": ("", {"": "USG.206030007"}),
    "password-unchanged": ("", {"": "USG.206030008"}),
    "password-reused": ("", {"": "USG.206030009"}),
    "password-similar": ("", {"": "USG.206030010"}),
    "password-repeats": ("", {"": "USG.206030011"}),
    "password-account": ("", {"": "USG.206030012"}),
    "password-too-soon": ("", {"": "USG.206030013"}),
    "password-characters": ("", {"": "USG.206030014"}),
    "start-in-past": ("", {"": "MMC.111071013"}),
    "start-too-far": ("", {"": "MMC.111071014"}),
    "length-out-of-range": ("", {"": "MMC.111071021"}),
    "subject-too-long": ("", {"": "MMC.111071022"}),
    "too-many-attendees": ("", {"": "MMC.111071066"}),
    "passcode-illegal": ("", {"": ("USG.000000003", "MMC.111071080")}),
    "passcode-equals-number": ("", {"": ("USG.201080017", "MMC.111071081")}),
    "passcode-equals-host": ("", {"": ("USG.201080006", "MMC.111071105")}),
    "series-interval": ("", {"": "MMC.111071044"}),
    "series-points-missing": ("", {"": "MMC.111071045"}),
    "series-points": ("", {"": "MMC.111071046"}),
    "series-remind-days": ("", {"": "MMC.111071030"}),
    "series-time": ("", {"": "MMC.111071061"}),
    "series-order": ("", {"": "MMC.111071061"}),
    "series-too-long": ("", {"": "MMC.111071061"}),
    "series-empty": ("", {"": "MMC.111071061"}),
    "series-missing": ("", {"": "MMC.111071020"}),
    "series-unexpected": ("", {"": "MMC.111071019"}),
    "not-a-series": ("", {"": "MMC.111071019"}),
    "already-started": ("", {"": "MMC.111071065"}),
    "started": ("", {"": "MMC.111071067"}),
    "occurrence-out-of-slot": ("", {"": "MMC.111071119"}),
    "occurrence-list-empty": ("", {"": "MMC.111071016"}),
    "room-conflict": ("running", {"": "MMC.111071005", "True": "MMC.111071064"}),
    "room-assigned": ("", {"": "USG.201080023"}),
    "room-not-owner": ("", {"": "MMC.111071063"}),
    "room-disabled": ("", {"": "MMC.111070006"}),
    "room-size": ("", {"": "MMC.111071059"}),
    "room-immutable": ("field", {"": "MMC.111071113", "random_number": "MMC.111071112"}),
    "wrong-passcode": ("", {"": "MMC.111071091"}),
    "locked-out": ("", {"": "MMC.111071052"}),
    "key-reused": ("", {"": "MMC.111071061"}),
}

Locate = Callable[[str], tuple[str, Field] | None]


def locator(tables: Iterable[Table]) -> Locate:
    """Finds an attribute in the first of several tables that knows it."""
    known = tuple(tables)

    def locate(attribute: str) -> tuple[str, Field] | None:
        return next((place for table in known if (place := table.locate(attribute)) is not None), None)

    return locate


def from_refusal(refusal: Refusal, family: Family, locate: Locate = lambda _: None) -> HuaweiError:
    """locate: where an attribute of core stands in the request; the row there may name a code of its own."""
    key, answers = REFUSALS.get(refusal.code, REFUSALS["invalid"])
    data = refusal.data
    answer = answers.get(str(data.get(key, "")), answers[""])
    code = answer if isinstance(answer, str) else answer[0 if family is Family.ACCOUNTS else 1]
    attribute = str(data.get("field", ""))
    place = locate(attribute) if attribute else None
    if place is not None and place[1].error is not None and refusal.code in ("invalid", "missing"):
        code = place[1].error
    return HuaweiError(code, _detail(refusal.code, place[0] if place else attribute, data))


def from_bad_fields(bad: BadFields, family: Family) -> HuaweiError:
    """The first problem's code; the detail names them all."""
    code = bad.problems[0].error or BAD_FIELD[family]
    return HuaweiError(code, "; ".join(f"{problem.wire}: {problem.reason}" for problem in bad.problems))


def bad_field(wire: str, reason: str, family: Family = Family.MEETINGS, code: str | None = None) -> HuaweiError:
    """One bad field found by a handler, of the query or a header."""
    return HuaweiError(code or BAD_FIELD[family], f"{wire}: {reason}")


def _detail(code: str, wire: str, data: dict[str, Any]) -> str:
    reason = data.get("error")
    if reason is None:
        rest = [str(data[name]) for name in ("kind", "which", "what", "state", "target") if name in data]
        reason = " ".join([code, *rest])
    return f"{wire}: {reason}" if wire else str(reason)

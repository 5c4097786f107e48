"""Dial transforms: what becomes of what somebody dials."""

from __future__ import annotations

import pytest

from parley.core.ids import DialTransformId
from parley.core.transforms import (
    BadTransform,
    Dialled,
    DialTransform,
    TransformAction,
    TransformType,
    check,
    components,
    dial,
)

RAW, STRIP, PHONE = TransformType.RAW, TransformType.STRIP, TransformType.PHONE


def one(id: str, type: TransformType, match: str, transform: str = "", **more: object) -> DialTransform:
    made = DialTransform(DialTransformId(id), type, match, transform, **more)  # type: ignore[arg-type]
    check(made)
    return made


@pytest.mark.parametrize(
    ("type", "text", "given"),
    [
        (RAW, "12.3-4 5@a", ("12.3-4 5@a",)),
        (STRIP, "12.3-4 5", ("12345",)),
        (PHONE, "+1 (212) 555-0100", ("1", "2125550100")),
        (PHONE, "0049 30 901820", ("49", "30901820")),
        (PHONE, "+358-9-1234", ("358", "91234")),
        (PHONE, "+7 495 1234567", ("7", "4951234567")),
        (PHONE, "0301234", None),
        (PHONE, "ada@a.example", None),
    ],
)
def test_components(type: TransformType, text: str, given: tuple[str, ...] | None) -> None:
    """Raw takes all, strip leaves out dots, dashes and blanks, phone parts an international number."""
    assert components(type, text) == given


@pytest.mark.parametrize(
    ("transform", "dialled", "called"),
    [
        (one("a", RAW, "($1/^9/)", "$1{/^9//}@pstn.example"), "912", "12@pstn.example"),
        (one("a", STRIP, "($1/^\\d+$/)", "$1@pstn.example"), "sip:1.2-3", "123@pstn.example"),
        (one("a", PHONE, "($1/^49$/)($2/^30/)", "0$2@berlin.example"), "+49 30 12345", "03012345@berlin.example"),
        (one("a", PHONE, "($1/^49$/)($2/^30/)", "0$2@berlin.example"), "+49 89 12345", None),
        (one("a", RAW, "($1/@old\\.example$/)", "$1{/@old/@new/}"), "sips:ada@old.example", "sips:ada@new.example"),
        (one("a", RAW, "($1/(\\d)(\\d)/)", "$1{/^(\\d)(\\d)$/\\2$1/}@x"), "12", "21@x"),
        (one("a", STRIP, "", "$1", action=TransformAction.ACCEPT_PHONE), "030 12-3", "tel:030123"),
        (one("a", RAW, "($1/a\\/b/)", ""), "a/b@x", "a/b@x"),
        (one("a", RAW, "($1/^0900/)", action=TransformAction.DENY), "0900123", ""),
    ],
)
def test_dialling(transform: DialTransform, dialled: str, called: str | None) -> None:
    """What is called in place of what was dialled; None: it does not fit; empty: it must not be called."""
    expected = Dialled(dialled) if called is None else Dialled(called or None, DialTransformId("a"))
    assert dial(dialled, [transform]) == expected


@pytest.mark.parametrize(
    "written", ["%30900123", "0%39%30%30123", "sip:%300900@gw.example", "tel:0-900.123", "TEL:0(900)1"]
)
def test_another_spelling_is_no_way_around_a_transform_that_denies(written: str) -> None:
    """Escapes of what needs none, and what only makes a telephone number easier to read, are nothing to a match."""
    deny = one("deny", RAW, "($1/^0+900/)", action=TransformAction.DENY)
    assert dial(written, [deny]) == Dialled(None, DialTransformId("deny"))
    assert dial("a%20b%40c@x", [deny]) == Dialled("a%20b%40c@x")
    assert dial("a%20b%40c@x", [one("all", RAW, "")]) == Dialled("a%20b%40c@x", DialTransformId("all"))


def test_the_highest_priority_that_fits_decides() -> None:
    """One transform alone, the best one that fits; what it made is not transformed again."""
    low = one("low", RAW, "", "$1@low.example", priority=1)
    high = one("high", RAW, "($1/^1/)", "2$1@high.example", priority=5)
    assert dial("12", [low, high]) == Dialled("212@high.example", DialTransformId("high"))
    assert dial("22", [low, high]) == Dialled("22@low.example", DialTransformId("low"))
    assert dial("22", []) == Dialled("22")


def test_what_cannot_be_decided_is_not_called() -> None:
    """A text too long for a match is denied, so that length is no way around a rule that denies."""
    deny = one("deny", RAW, "($1/^0900/)", action=TransformAction.DENY)
    assert dial("0900" + "1" * 600, [deny]).text is None
    hard = one("hard", RAW, "($1/(a*)(a*)(a*)(a*)(a*)(a*)(a*)(a*)(a*)(a*)(a*)(a*)(a*)(a*)(a*)(a*)(a*)b/)", "x@y")
    assert dial("a" * 500, [hard]) == Dialled(None, DialTransformId("hard"))


@pytest.mark.parametrize(
    ("type", "match", "transform", "which"),
    [
        (RAW, "$1/a/", "", "match"),
        (RAW, "($1/a/", "", "match"),
        (RAW, "($1/(/)", "", "match"),
        (RAW, "($2/a/)", "", "match"),
        (RAW, "($3/a/)", "", "match"),
        (PHONE, "($2/a/)" * 17, "", "match"),
        (RAW, "", "$2@a", "transform"),
        (RAW, "", "$1{/a/}", "transform"),
        (RAW, "", "$1{/a/b/", "transform"),
        (RAW, "", "$", "transform"),
        (RAW, "", "x" * 513, "transform"),
    ],
)
def test_what_cannot_be_read(type: TransformType, match: str, transform: str, which: str) -> None:
    """It is refused when it is written, and says which half is wrong."""
    with pytest.raises(BadTransform) as bad:
        check(DialTransform(DialTransformId("a"), type, match, transform))
    assert bad.value.which == which

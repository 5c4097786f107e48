"""What somebody dials, rewritten before outbound rules are asked (dialTransforms, cms-api 2.13).

A transform takes what was dialled apart into components: `raw` and `strip` give one, `$1`, the latter without dots,
dashes and blanks; `phone` gives the country code, `$1`, and the rest of the number, `$2`, and fits numbers with `+` or
`00` before them alone. `match` is `($1/pattern/)($2/pattern/)`, all of which must be found in their component; empty:
always. `transform` is text with `$1` and `$2` in it, each with replacements behind it where need be:
`$1{/^0/+49/}@trunk.example`; empty: what was dialled stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from .ids import DialTransformId
from .pattern_program import BadPattern
from .patterns import TEXT_MOST, Pattern, TooMuchWork
from .profiles import Extras

MATCH_MOST = 512  # characters of match and of transform
PARTS_MOST = 16


class TransformType(StrEnum):
    RAW = "raw"
    STRIP = "strip"
    PHONE = "phone"


class TransformAction(StrEnum):
    ACCEPT = "accept"  # the outcome is an address
    ACCEPT_PHONE = "accept-phone"  # the outcome is a telephone number
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class DialTransform:
    """Higher priority first; the first whose match fits decides."""

    id: DialTransformId
    type: TransformType = TransformType.RAW
    match: str = ""
    transform: str = ""
    priority: int = 0
    action: TransformAction = TransformAction.ACCEPT
    extras: Extras = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dialled:
    """What is called in place of what was dialled. by: the transform that said so; None: none fitted.

    text None: it must not be called.
    """

    text: str | None
    by: DialTransformId | None = None


class BadTransform(ValueError):
    """`which` is "match" or "transform"."""

    def __init__(self, which: str, why: str) -> None:
        super().__init__(why)
        self.which = which


# Country codes of two digits (ITU-T E.164); 1 and 7 stand alone, and all others have three.
_TWO_DIGITS = frozenset(
    str(code)
    for first, last in ((27, 27), (30, 34), (36, 36), (39, 41), (43, 49), (51, 58), (60, 66), (81, 82), (84, 84))
    for code in range(first, last + 1)
) | {"20", "86", "90", "91", "92", "93", "94", "95", "98"}
_INTERNATIONAL = re.compile(r"(?:\+|00)([1-9][0-9]{4,14})")
_SEPARATORS = str.maketrans("", "", ".- ")
_BRACKETS = str.maketrans("", "", ".-() /")
_SCHEME = re.compile(r"(sips?|tel):", re.IGNORECASE)
_NEEDLESS = re.compile(r"%(2[1-9A-E]|[3-7][0-9A-Fa-f])")  # escapes of letters, digits and marks are among these
_UNRESERVED = frozenset("-_.!~*'()")


def components(type: TransformType, text: str) -> tuple[str, ...] | None:
    """What `$1` and `$2` stand for; None: this kind of transform does not fit the text."""
    if type is TransformType.RAW:
        return (text,)
    if type is TransformType.STRIP:
        return (text.translate(_SEPARATORS),)
    number = _INTERNATIONAL.fullmatch(text.translate(_BRACKETS))
    if number is None:
        return None
    digits = number.group(1)
    length = 1 if digits[0] in "17" else 2 if digits[:2] in _TWO_DIGITS else 3
    return digits[:length], digits[length:]


def check(transform: DialTransform) -> None:
    """Raises BadTransform."""
    for which, text in (("match", transform.match), ("transform", transform.transform)):
        if len(text) > MATCH_MOST:
            raise BadTransform(which, f"longer than {MATCH_MOST} characters")
    known = 2 if transform.type is TransformType.PHONE else 1
    for number, _pattern in _conditions(transform.match):
        if number > known:
            raise BadTransform("match", f"${number} is nothing here")
    for part in _parts(transform.transform):
        if isinstance(part, _Component) and part.number > known:
            raise BadTransform("transform", f"${part.number} is nothing here")


def dial(text: str, transforms: Iterable[DialTransform]) -> Dialled:
    """What is to be called for this text, which may begin with sip:, sips: or tel:.

    Whatever cannot be decided within the bounds of a match is not called at all. Two ways to write one address are one
    to a match: see `_as_meant`.
    """
    text = text.strip()
    scheme = _SCHEME.match(text)
    bare = _as_meant(text[scheme.end() :] if scheme else text)
    if scheme is not None and scheme.group(1).lower() == "tel":
        bare = bare.translate(_BRACKETS)
    if len(bare) > TEXT_MOST:
        return Dialled(None)
    for transform in sorted(transforms, key=lambda one: -one.priority):
        try:
            found = _by(transform, bare)
        except TooMuchWork:
            return Dialled(None, transform.id)
        except BadTransform:
            continue  # it was checked when it was written; nothing fits what cannot be read
        if found is None:
            continue
        if transform.action is TransformAction.DENY:
            return Dialled(None, transform.id)
        if transform.action is TransformAction.ACCEPT_PHONE and "@" not in found:
            return Dialled(f"tel:{found}", transform.id)
        secure = scheme is not None and scheme.group(1).lower() == "sips"
        return Dialled(f"sips:{found}" if secure else found, transform.id)
    return Dialled(text)


def is_denied(user: str, domain: str, transforms: Iterable[DialTransform]) -> bool:
    """Must this address not be called, or its user part, dialled by itself?"""
    known = tuple(transforms)
    return any(dial(text, known).text is None for text in (f"{user}@{domain}", user))


def _as_meant(text: str) -> str:
    """Without escapes of characters that need none: they mean the same (RFC 3261 section 19.1.4)."""

    def plain(escape: re.Match[str]) -> str:
        char = chr(int(escape[1], 16))
        return char if char.isalnum() or char in _UNRESERVED else escape[0]

    return _NEEDLESS.sub(plain, text)


def _by(transform: DialTransform, text: str) -> str | None:
    """What this transform makes of it; None: it does not fit."""
    given = components(transform.type, text)
    if given is None:
        return None
    for number, pattern in _conditions(transform.match):
        if number > len(given) or pattern.search(given[number - 1]) is None:
            return None
    if not transform.transform:
        return text
    made = "".join(part if isinstance(part, str) else part.of(given) for part in _parts(transform.transform))
    return made[: TEXT_MOST + 1]


@dataclass(frozen=True, slots=True)
class _Component:
    number: int
    replacements: tuple[tuple[Pattern, str], ...]

    def of(self, given: tuple[str, ...]) -> str:
        text = given[self.number - 1] if self.number <= len(given) else ""
        for pattern, by in self.replacements:
            text = pattern.replace(text, by)
        return text


def _conditions(match: str) -> list[tuple[int, Pattern]]:
    """`($1/pattern/)($2/pattern/)`. Raises BadTransform."""
    found: list[tuple[int, Pattern]] = []
    rest = match.strip()
    while rest:
        if rest[0] != "(" or rest[1:2] != "$" or rest[2:3] not in ("1", "2") or len(found) >= PARTS_MOST:
            raise BadTransform("match", "not ($1/pattern/)")
        pattern, rest_after = _slashed(rest[3:], "match")
        if not rest_after.startswith(")"):
            raise BadTransform("match", "a condition is not closed")
        found.append((int(rest[2]), _pattern(pattern, "match")))
        rest = rest_after[1:].strip()
    return found


def _parts(template: str) -> list[str | _Component]:
    """Raises BadTransform."""
    found: list[str | _Component] = []
    rest = template
    while rest:
        before, dollar, after = rest.partition("$")
        if before:
            found.append(before)
        if not dollar:
            break
        if after[:1] not in ("1", "2") or len(found) >= PARTS_MOST:
            raise BadTransform("transform", "only $1 and $2 are known, and few of them")
        replacements: list[tuple[Pattern, str]] = []
        rest = after[1:]
        while rest.startswith("{") and len(replacements) < PARTS_MOST:
            pattern, behind = _slashed(rest[1:], "transform")
            by, behind = _slashed("/" + behind, "transform")
            if not behind.startswith("}"):
                raise BadTransform("transform", "a replacement is not closed")
            replacements.append((_pattern(pattern, "transform"), by))
            rest = behind[1:]
        found.append(_Component(int(after[0]), tuple(replacements)))
    return found


def _slashed(text: str, which: str) -> tuple[str, str]:
    """(what stands between the first two slashes, what comes after); `\\/` is a slash inside."""
    if not text.startswith("/"):
        raise BadTransform(which, "a slash is missing")
    at = 1
    while at < len(text) and text[at] != "/":
        at += 2 if text[at] == "\\" else 1
    if at >= len(text):
        raise BadTransform(which, "a slash is missing")
    return text[1:at], text[at + 1 :]


def _pattern(text: str, which: str) -> Pattern:
    try:
        return Pattern(text)
    except BadPattern as bad:
        raise BadTransform(which, str(bad)) from None

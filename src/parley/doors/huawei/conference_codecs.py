"""How the values that only conferences have are read and written (huawei-api 1.2, 1.5, 1.10, 4)."""

from __future__ import annotations

import re
from typing import Any

from ...core.conferences import Medium
from ...core.secret import Secret
from . import zones
from .codecs import BadValue, Simple, Text, as_text

_PASSCODE = re.compile(r"[0-9]{4,16}", re.ASCII)

MEDIA = {
    "Voice": Medium.VOICE,
    "Data": Medium.DATA,
    "Video": Medium.VIDEO,
    "HDVideo": Medium.HD_VIDEO,
    "Telepresence": Medium.TELEPRESENCE,
}
_MEDIA_WORDS = {medium: word for word, medium in MEDIA.items()}
_BY_LOWER = {word.lower(): medium for word, medium in MEDIA.items()}
# Of the kinds of picture there is one; the stronger word stands first (huawei-api 1.2).
_PICTURES = (Medium.TELEPRESENCE, Medium.VIDEO, Medium.HD_VIDEO)


class MediaTypes(Simple):
    """A comma list. Sound and shared screens always belong to it, as the vendor's answers show (huawei-api 1.9)."""

    word = "comma list of " + ", ".join(MEDIA)

    def parse(self, given: Any) -> tuple[Medium, ...]:
        asked = set()
        for word in as_text(given).split(","):
            medium = _BY_LOWER.get(word.strip().lower())
            if medium is None:
                raise BadValue("must be a " + self.word)
            asked.add(medium)
        pictures = [medium for medium in _PICTURES if medium in asked][:1]
        return (Medium.VOICE, Medium.DATA, *pictures)

    def render(self, value: Any) -> str:
        return ",".join(_MEDIA_WORDS[medium] for medium in value)


class Filled(Text):
    """As Text, but an empty one counts as absent."""

    takes_empty = False


class Zone(Simple):
    """The dialect's number of a time zone, as text; core's value is the IANA name."""

    word = "text, 1 to 77 (huawei-api 4)"

    def parse(self, given: Any) -> str:
        try:
            return zones.zone_of(as_text(given).strip())
        except KeyError:
            raise BadValue("must be 1 to 77") from None

    def render(self, value: Any) -> str:
        return zones.id_of(value)


class Passcode(Simple):
    """Digits that guests or hosts type."""

    word = "text, 4 to 16 digits"

    def parse(self, given: Any) -> Secret:
        text = as_text(given)
        if not _PASSCODE.fullmatch(text):
            raise BadValue("must be 4 to 16 digits")
        return Secret(text)

    def render(self, value: Any) -> str:
        return str(value.reveal())

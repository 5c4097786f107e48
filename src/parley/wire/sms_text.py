"""Text of an SMS as phones take it: the GSM 7-bit alphabet where it suffices, else UCS-2; long texts in parts.

3GPP TS 23.038 (alphabets) and TS 23.040, 9.2.3.24.1 (concatenation, 8-bit reference).
"""

from __future__ import annotations

from dataclasses import dataclass

GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
ESCAPE = 0x1B
GSM_CODING = 0x00  # SMPP 5.2.19: the centre's default alphabet
UCS2_CODING = 0x08
# Of one message and of each part beside its six octets of header (TS 23.040).
GSM_ALONE, GSM_PART = 160, 153
UCS2_ALONE, UCS2_PART = 140, 134
MOST_PARTS = 255


@dataclass(frozen=True, slots=True)
class Part:
    """What stands in short_message, with the header (UDH) where there are several parts."""

    data: bytes
    coding: int
    headed: bool


def parts(text: str, reference: int) -> list[Part]:
    """reference: 0-255, the same for every part of a text. Raises ValueError when more than 255 are needed."""
    coding, units = _units(text)
    alone, room = (GSM_ALONE, GSM_PART) if coding == GSM_CODING else (UCS2_ALONE, UCS2_PART)
    if sum(map(len, units)) <= alone:
        return [Part(b"".join(units), coding, headed=False)]
    found: list[bytes] = [b""]
    for unit in units:
        if len(found[-1]) + len(unit) > room:
            found.append(b"")
        found[-1] += unit
    if len(found) > MOST_PARTS:
        raise ValueError(f"a text of {len(found)} parts; {MOST_PARTS} is the most")
    head = bytes([5, 0, 3, reference & 0xFF, len(found)])
    return [Part(head + bytes([number]) + data, coding, headed=True) for number, data in enumerate(found, 1)]


def _units(text: str) -> tuple[int, list[bytes]]:
    """What must not be torn apart: an escaped character, a surrogate pair."""
    gsm = [_gsm(c) for c in text]
    if all(unit is not None for unit in gsm):
        return GSM_CODING, [unit for unit in gsm if unit is not None]
    return UCS2_CODING, [c.encode("utf-16-be", "replace") for c in text]


def _gsm(c: str) -> bytes | None:
    if c in GSM_EXTENSION:
        return bytes([ESCAPE, GSM_EXTENSION[c]])
    place = GSM.find(c)
    return bytes([place]) if place >= 0 and place != ESCAPE else None


def read(data: bytes, coding: int) -> str:
    """The text of one part, header taken off: for those who receive."""
    if coding == UCS2_CODING:
        return data.decode("utf-16-be", "surrogatepass")
    extended = {code: c for c, code in GSM_EXTENSION.items()}
    text, escaped = "", False
    for code in data:
        if escaped:
            text, escaped = text + extended.get(code, " "), False
        elif code == ESCAPE:
            escaped = True
        else:
            text += GSM[code & 0x7F]
    return text

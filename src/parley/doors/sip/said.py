"""What peers say of themselves, as people may read it: names, programs, addresses."""

from __future__ import annotations

import unicodedata

from ...wire.sip.message import encode


def readable(text: str, most: int) -> str:
    """Text of a message without what controls a terminal or turns a line round; at most so many characters.

    Bytes that are no UTF-8 are read as Latin-1, which old exchanges and phones send.
    """
    data = encode(text)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return "".join(char for char in text if unicodedata.category(char)[0] != "C")[:most]

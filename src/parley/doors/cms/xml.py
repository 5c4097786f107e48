"""The dialect's XML, byte by byte: one line, no indentation, no newline at the end (cms-api 1.5, 1.8)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

DECLARATION = '<?xml version="1.0"?>'


@dataclass(frozen=True, slots=True)
class Node:
    """One element. content: text ("" prints start and end tag), children, or None (prints `<name/>`)."""

    name: str
    content: str | tuple[Node, ...] | None = None
    attributes: tuple[tuple[str, str], ...] = ()


# What XML 1.0 cannot hold at all, not even escaped; callers' names and addresses come from the network.
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape(text: str) -> str:
    """Text as it stands between tags. A carriage return would be read back as a newline if left as it is."""
    text = _IMPOSSIBLE.sub("\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _attribute(text: str) -> str:
    return escape(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def render(node: Node) -> str:
    """The element without declaration."""
    head = node.name + "".join(f' {name}="{_attribute(text)}"' for name, text in node.attributes)
    if node.content is None or node.content == ():
        return f"<{head}/>"
    if isinstance(node.content, str):
        return f"<{head}>{escape(node.content)}</{node.name}>"
    return f"<{head}>{''.join(render(child) for child in node.content)}</{node.name}>"


def document(node: Node) -> bytes:
    """A whole reply."""
    return (DECLARATION + render(node)).encode("utf-8")


def failure(elements: Iterable[tuple[str, tuple[tuple[str, str], ...]]]) -> bytes:
    """failureDetails with its elements, each (code, attributes). Clients cut the code out by counting bytes,
    so the blank before `/>` matters."""
    inner = "".join(
        f"<{code}" + "".join(f' {name}="{_attribute(text)}"' for name, text in attributes) + " />"
        for code, attributes in elements
    )
    return f"{DECLARATION}<failureDetails>{inner}</failureDetails>".encode()


def is_xml_text(text: str) -> bool:
    """Can this text stand in an XML 1.0 document at all?"""
    return _IMPOSSIBLE.search(text) is None

"""What the pages load: read once, compressed once, known to a browser again by its digest."""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".html": "text/html"}
IMPORT = re.compile(r'^(?:import|export)\b[^;]*?from "(\.{1,2}/[^"]+)";$', re.MULTILINE)


@dataclass(frozen=True)
class File:
    """One answer, ready to be sent: its bytes, the same compressed, its type and its digest."""

    plain: bytes
    packed: bytes
    kind: str
    tag: str

    @classmethod
    def of(cls, name: str, text: str) -> File:
        plain = text.encode()
        kind = f"{TYPES[name[name.rindex('.') :]]}; charset=utf-8"
        # The tag is a weak one, because it stands for both forms.
        return cls(plain, gzip.compress(plain, 9, mtime=0), kind, f'W/"{hashlib.sha256(plain).hexdigest()[:24]}"')

    def answer(self, request: Request, headers: Mapping[str, str]) -> Response:
        """304 to who has it already (RFC 9110 13.1.2), compressed to who can read that."""
        told = {**headers, "ETag": self.tag, "Vary": "Accept-Encoding"}
        if self.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=told)
        if any(part.strip() == "gzip" for part in request.headers.get("accept-encoding", "").split(",")):
            return Response(self.packed, media_type=self.kind, headers={**told, "Content-Encoding": "gzip"})
        return Response(self.plain, media_type=self.kind, headers=told)

    def whole(self, headers: Mapping[str, str], status: int) -> Response:
        """As it is, for an answer that no browser keeps."""
        return Response(self.plain, status, media_type=self.kind, headers={**headers, "Cache-Control": "no-store"})


def read_texts(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Name below the folder, and text, of every file that a page may load."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from read_texts(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(tuple(TYPES)):
            yield prefix + entry.name, entry.read_text("utf-8")


def modules_of(texts: Mapping[str, str], script: str) -> list[str]:
    """A module and all that it imports, directly or not, in the order in which they are met.

    A page names them at once, where a browser would otherwise find one layer after the other, a round trip each.
    """
    found = [script]
    for name in found:
        for target in IMPORT.findall(texts[name]):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
            if path in texts and path not in found:
                found.append(path)
    return found

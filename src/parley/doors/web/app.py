"""The pages: one frame of HTML for all of them, the scripts and styles they load, and the policy they live under.

A page says the same whatever its address holds: whether a meeting exists is nobody's business who has no password,
and what an address holds is read by the script of the page, never written into it here.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "microphone=(self), camera=(self), speaker-selection=(self), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FRAME = "page.html"
MEETING_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")

# Path, script, style sheets beside base.css. A script is its page: /static/<script>.js
PAGES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("/", "landing", ()),
    ("/index.html", "landing", ()),
    ("/invited.sf", "meeting", ("meeting",)),
    ("/meeting/{id}", "meeting", ("meeting",)),
    ("/sign-in", "sign-in", ("manage",)),
    ("/spaces", "spaces", ("manage",)),
    ("/spaces/{id}", "spaces", ("manage",)),
    ("/admin", "admin", ("manage",)),
    ("/admin/{section}", "admin", ("manage",)),
    ("/admin/{section}/{id}", "admin", ("manage",)),
)


@dataclass(frozen=True, slots=True)
class _Body:
    """A file as it is served. packed: the same by gzip, made once; tag: by which a browser knows what it has."""

    kind: str
    plain: bytes
    packed: bytes
    tag: str

    @classmethod
    def of(cls, text: str, kind: str) -> _Body:
        plain = text.encode()
        tag = hashlib.sha256(plain).hexdigest()[:16]
        return cls(f"{kind}; charset=utf-8", plain, gzip.compress(plain, 9, mtime=0), f'W/"{tag}"')

    def answer(self, request: Request) -> Response:
        headers = {**HEADERS, "ETag": self.tag, "Vary": "Accept-Encoding"}
        # A page is some thirty modules: asked again they cost a header each, not a download.
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        packs = any(part.strip() == "gzip" for part in request.headers.get("accept-encoding", "").split(","))
        if packs:
            headers["Content-Encoding"] = "gzip"
        return Response(self.packed if packs else self.plain, media_type=self.kind, headers=headers)


def web_app(*, domain: str, access_number: str | None) -> Starlette:
    """domain: of the SIP addresses shown."""
    files = dict(_files(resources.files(__package__).joinpath("static"), ""))
    facts = {"domain": html.escape(domain, quote=True), "number": html.escape(access_number or "", quote=True)}

    def page_of(path: str, script: str, sheets: tuple[str, ...]) -> Route:
        styles = "".join(f'<link rel="stylesheet" href="/static/{sheet}.css">\n' for sheet in sheets)
        body = _Body.of(files[FRAME].format(script=script, styles=styles, **facts), "text/html")

        async def page(request: Request) -> Response:
            if not MEETING_ID.fullmatch(request.path_params.get("id", "0")):
                return PlainTextResponse("There is no such page.\n", 404)
            return body.answer(request)

        return Route(path, page)

    bodies = {
        name: _Body.of(text, TYPES[name[name.rindex(".") :]])
        for name, text in files.items()
        if name.endswith(tuple(TYPES))
    }

    async def static(request: Request) -> Response:
        body = bodies.get(request.path_params["name"])
        return body.answer(request) if body else PlainTextResponse("There is no such file.\n", 404)

    return Starlette(routes=[*(page_of(*page) for page in PAGES), Route("/static/{name:path}", static)])


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith((*TYPES, ".html")):
            yield prefix + entry.name, entry.read_text("utf-8")

"""The pages: one frame of HTML for all of them, the scripts and styles they load, and the policy they live under.

A page says the same whatever its address holds: whether a meeting exists is nobody's business who has no password,
and what an address holds is read by the script of the page, never written into it here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
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


def web_app(*, domain: str, access_number: str | None) -> Starlette:
    """domain: of the SIP addresses shown."""
    files = dict(_files(resources.files(__package__).joinpath("static"), ""))
    facts = {"domain": html.escape(domain, quote=True), "number": html.escape(access_number or "", quote=True)}

    def page_of(path: str, script: str, sheets: tuple[str, ...]) -> Route:
        styles = "".join(f'<link rel="stylesheet" href="/static/{sheet}.css">\n' for sheet in sheets)
        text = files[FRAME].format(script=script, styles=styles, **facts)

        async def page(request: Request) -> Response:
            if not MEETING_ID.fullmatch(request.path_params.get("id", "0")):
                return PlainTextResponse("There is no such page.\n", 404)
            return Response(text, media_type="text/html; charset=utf-8", headers=HEADERS)

        return Route(path, page)

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        kind = TYPES.get(name[name.rfind(".") :])
        if kind is None or name not in files:
            return PlainTextResponse("There is no such file.\n", 404)
        return Response(files[name], media_type=f"{kind}; charset=utf-8", headers=HEADERS)

    return Starlette(routes=[*(page_of(*page) for page in PAGES), Route("/static/{name:path}", static)])


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith((*TYPES, ".html")):
            yield prefix + entry.name, entry.read_text("utf-8")

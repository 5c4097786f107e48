"""The pages: one frame of HTML for all of them, the scripts and styles they load, and the policy they live under.

A page says the same whatever its address holds: whether a meeting exists is nobody's business who has no password,
and what an address holds is read by the script of the page, never written into it here.
"""

from __future__ import annotations

import html
import re
from importlib import resources

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from .static_files import File, modules_of, read_texts

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
    texts = dict(read_texts(resources.files(__package__).joinpath("static")))
    files = {name: File.of(name, text) for name, text in texts.items() if name != FRAME}
    facts = {"domain": html.escape(domain, quote=True), "number": html.escape(access_number or "", quote=True)}

    def framed(script: str, sheets: tuple[str, ...]) -> File:
        modules = modules_of(texts, f"{script}.js")[1:]
        links = [f'<link rel="stylesheet" href="/static/{sheet}.css">' for sheet in sheets]
        links += [f'<link rel="modulepreload" href="/static/{module}">' for module in modules]
        return File.of(FRAME, texts[FRAME].format(script=script, links="\n".join(links), **facts))

    nothing = framed("missing", ())

    async def missing(request: Request, _problem: Exception | None = None) -> Response:
        """A page for people, a line for programs."""
        if "text/html" in request.headers.get("accept", ""):
            return nothing.whole(HEADERS, 404)
        return PlainTextResponse("There is no such page.\n", 404, HEADERS)

    def page_of(path: str, script: str, sheets: tuple[str, ...]) -> Route:
        file = framed(script, sheets)

        async def page(request: Request) -> Response:
            if not MEETING_ID.fullmatch(request.path_params.get("id", "0")):
                return await missing(request)
            return file.answer(request, HEADERS)

        return Route(path, page)

    async def static(request: Request) -> Response:
        file = files.get(request.path_params["name"])
        return file.answer(request, HEADERS) if file else PlainTextResponse("There is no such file.\n", 404)

    routes = [*(page_of(*page) for page in PAGES), Route("/static/{name:path}", static)]
    return Starlette(routes=routes, exception_handlers={404: missing})

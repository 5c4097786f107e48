"""The pages: a root that join links lead through, and the entry page of a conference.

Both say the same whatever the ID: whether a conference exists is nobody's business who has no password.
"""

from __future__ import annotations

import html
import re
from importlib import resources

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
TYPES = {".css": "text/css", ".js": "text/javascript", ".html": "text/html"}
CONFERENCE_ID = re.compile(r"[0-9]{1,32}")


def web_app(*, domain: str, access_number: str | None) -> Starlette:
    """domain: of the SIP addresses shown."""
    files = {
        entry.name: entry.read_text("utf-8")
        for entry in resources.files(__package__).joinpath("static").iterdir()
        if entry.name.endswith(tuple(TYPES))
    }

    def page(name: str, text: str) -> Response:
        kind = TYPES[name[name.rindex(".") :]]
        return Response(text, media_type=f"{kind}; charset=utf-8", headers=HEADERS)

    async def root(_request: Request) -> Response:
        return page("root.html", files["root.html"])

    async def meeting(request: Request) -> Response:
        id = request.path_params["id"]
        if not CONFERENCE_ID.fullmatch(id):
            return PlainTextResponse("There is no such page.\n", 404)
        facts = {
            "id": id,
            "domain": html.escape(domain, quote=True),
            "number": html.escape(access_number or "", quote=True),
            "hide_number": "" if access_number else "hidden",
        }
        return page("meeting.html", files["meeting.html"].format(**facts))

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files or name.endswith(".html"):
            return PlainTextResponse("There is no such file.\n", 404)
        return page(name, files[name])

    return Starlette(
        routes=[Route("/", root), Route("/meeting/{id}", meeting), Route("/static/{name}", static)],
    )

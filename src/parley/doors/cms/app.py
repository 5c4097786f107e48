"""The HTTP side: who asks, what for, and the answer's exact bytes (cms-api 1.1, 1.2, 1.4, 1.8)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ...app.administration import Administration
from ...app.credentials import Busy, Credentials
from ...app.directory import Directory
from ...app.ports import CallPlacer, Clock, StoreUnavailable
from ...core.events import Event
from ...core.refusals import Refusal
from ..shared.bodies import BodyTooLong, read_body
from . import brandings, dial_plan, dtmf, people, profiles, spaces
from .call_out import CallOuts
from .calls import Calls
from .errors import Failure, fail, from_bad_parameters, from_refusal, invalid_operation
from .fields import BadParameters
from .legs import CallLegs
from .participants import Participants
from .requests import Created, Garbled, Request, TooMuch, parse_form
from .router import Route, Router
from .status import Status
from .xml import document, failure

log = structlog.get_logger(__name__)

BASE = "/api/v1"
XML = "text/xml"  # without charset: clients compare
RETRY_AFTER = "5"  # seconds: a lock is gone by then, a disk without room may be
BODY_METHODS = ("POST", "PUT", "DELETE")


@dataclass(frozen=True, slots=True)
class CmsSettings:
    """live_page: most entries of a page of calls, callLegs and participants; page: of everything else.

    body_most: bytes of a request's body and of its query. version: our software's. host_id: the server's own.
    """

    version: str
    live_page: int = 10
    page: int = 20
    body_most: int = 1024 * 1024
    query_most: int = 16 * 1024
    host_id: str = ""


def all_routes(
    administration: Administration,
    directory: Directory,
    clock: Clock,
    settings: CmsSettings,
    record: Callable[[Event], None],
    placer: CallPlacer | None = None,
) -> list[Route]:
    """Every node of the API. placer None: nobody can be called from here."""
    page, live = settings.page, settings.live_page
    calls_out = CallOuts(administration, directory, placer, record) if placer is not None else None
    status = Status(directory, clock, settings.version, settings.host_id, started=clock.now())
    return [
        *spaces.routes(administration, page),
        *profiles.routes(administration, page),
        *brandings.routes(administration, page),
        *dtmf.routes(administration, page),
        *people.routes(administration, page),
        *dial_plan.routes(administration, page),
        *Calls(administration, directory, record, live).routes(),
        *CallLegs(administration, directory, live, calls_out).routes(),
        *Participants(administration, directory, live, calls_out).routes(),
        *status.routes(),
    ]


def cms_app(
    *,
    administration: Administration,
    credentials: Credentials,
    directory: Directory,
    clock: Clock,
    settings: CmsSettings,
    record: Callable[[Event], None],
    placer: CallPlacer | None = None,
) -> Starlette:
    """The API as an ASGI application that answers every path below /api. record: the journal's append."""
    routes = all_routes(administration, directory, clock, settings, record, placer)
    door = _Door(Router(routes), credentials, settings)
    app = Starlette()
    # Paths are matched by the door: a path pattern of Starlette's would not match one with a newline in it.
    app.router.default = door
    return app


class _Door:
    """One request after another; nothing is kept between them."""

    def __init__(self, router: Router, credentials: Credentials, settings: CmsSettings) -> None:
        self._router = router
        self._credentials = credentials
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = HttpRequest(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except StoreUnavailable as problem:
            log.error("an API request found no database", method=request.method, problem=str(problem))
            response = _plain(503, {"Retry-After": RETRY_AFTER})
        except Exception:
            # The id lets the administrator who saw the 500 find the trace.
            trace = uuid4().hex
            log.exception("an API request failed", trace=trace, method=request.method)
            response = _plain(500, {"X-Trace-Id": trace})
        await response(scope, receive, send)

    async def _answer(self, http: HttpRequest) -> Response:
        # Browsers remember Basic credentials, so another site's page must not be able to use them.
        if http.headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and http.method != "GET":
            return _plain(403)
        source = http.client.host if http.client else ""
        try:
            administrator = await self._authenticated(http, source)
        except Busy:
            return _plain(503, {"Retry-After": "1"})
        if administrator is None:
            return _plain(401, {"WWW-Authenticate": 'Basic realm="Parley"'})
        route: Route | None = None
        try:
            route, ids = self._find(http.scope["path"])
            request = await self._request(http, ids, administrator, source)
            return await _perform(route, request)
        except (TooMuch, BodyTooLong):
            return _plain(413, {"Connection": "close"})
        except Garbled:
            return _failed(fail("parameterError"))
        except BadParameters as bad:
            return _failed(from_bad_parameters(bad))
        except Refusal as refusal:
            table = route.table if route else None
            return _failed(from_refusal(refusal, table.wire_of) if table else from_refusal(refusal))
        except Failure as failed:
            return _failed(failed)

    async def _authenticated(self, http: HttpRequest, source: str) -> str | None:
        """The administrator's name; None: no credential or a wrong one, and which of both is not told."""
        name, password = basic_credential(http.headers.get("authorization", ""))
        if name and await self._credentials.verify(name, password, source):
            return name
        return None

    def _find(self, path: str) -> tuple[Route, tuple[str, ...]]:
        segments = [segment for segment in path.split("/") if segment]
        if not segments or segments[0].lower() != "api":
            raise fail("unrecognizedObject")
        if len(segments) < 2 or segments[1].lower() != "v1":
            raise fail("invalidVersion")
        found = self._router.find(segments[2:])
        if found is None:
            raise fail("unrecognizedObject")
        return found

    async def _request(self, http: HttpRequest, ids: tuple[str, ...], administrator: str, source: str) -> Request:
        query = http.scope.get("query_string", b"")
        if len(query) > self._settings.query_most:
            raise TooMuch
        body = await read_body(http, self._settings.body_most) if http.method in BODY_METHODS else b""
        return Request(
            method=http.method,
            ids=ids,
            form=parse_form(body),
            query=parse_form(query),
            administrator=administrator,
            source=source,
        )


async def _perform(route: Route, request: Request) -> Response:
    handler = route.handler(request.method)
    if handler is None:
        raise invalid_operation()
    answer = await handler(request)
    if answer is None:
        return _plain(200)
    if isinstance(answer, Created):
        return _plain(200, {"Location": f"{BASE}/{answer.path}"})
    return Response(document(answer), 200, headers={"Content-Type": XML})


def basic_credential(header: str) -> tuple[str, str]:
    """(name, password) of an Authorization header, with or without the blank after the scheme; empty if it is none."""
    if header[:5].lower() != "basic":
        return "", ""
    try:
        decoded = base64.b64decode(header[5:].strip(), validate=True)
    except (binascii.Error, ValueError):
        return "", ""
    try:
        text = decoded.decode("utf-8")
    except UnicodeDecodeError:
        text = decoded.decode("latin-1")
    name, _, password = text.partition(":")
    return name, password


def _plain(status: int, headers: dict[str, str] | None = None) -> Response:
    """No body; Starlette adds Content-Length: 0."""
    return Response(b"", status, headers=headers or {})


def _failed(failed: Failure) -> Response:
    return Response(failure(failed.elements), failed.status, headers={"Content-Type": XML})

"""The HTTP side: who asks, whether a page of ours asks, what for, and the answer's form (docs/native-api.md)."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable
from functools import cached_property
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit
from uuid import uuid4

import structlog
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ....app.credentials import Busy
from ....app.ports import StoreUnavailable
from ....app.sessions import COOKIE, Session, Sessions
from ....core.refusals import Refusal
from ...shared.bodies import BodyTooLong, read_body
from .errors import Failure, from_refusal, from_validation
from .openapi import document
from .routing import Reply, Request, Route, Router, Transport, Who
from .values import Out

log = structlog.get_logger(__name__)

ROOT = ("api", "parley", "v1")
BODY_MOST = 64 * 1024  # bytes; the longest body of this API has not a hundredth of it
RETRY_AFTER = "5"  # seconds: a lock is gone by then, a disk without room may be
QUERY_MOST = 4 * 1024
PARAMETERS_MOST = 20
SAFE = frozenset({"GET"})
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def native_app(*, routes: Iterable[Route], sessions: Sessions, base: str, version: str) -> ASGIApp:
    """The API as an ASGI application for every path below /api/parley/v1. base: the public address of the pages."""
    return _Door(Router(routes), sessions, base, version)


class _Door:
    """One request after another; nothing is kept between them."""

    def __init__(self, router: Router, sessions: Sessions, base: str, version: str) -> None:
        self._router = router
        self._sessions = sessions
        self._base = urlsplit(base)
        self._version = version

    @cached_property
    def _document(self) -> bytes:
        """Written when it is first asked for: the start does not wait for it."""
        return document(self._router.routes, self._version)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, receive)
        try:
            response = await self._guarded(http)
        except ClientDisconnect:
            return
        response.headers.update(HEADERS)
        await response(scope, receive, send)

    async def _guarded(self, http: HttpRequest) -> Response:
        try:
            return await self._answer(http)
        except Failure as failure:
            return _failed(failure)
        except ValidationError as wrong:
            return _failed(from_validation(wrong))
        except Refusal as refusal:
            return _failed(from_refusal(refusal))
        except Busy:
            return _failed(Failure(503, "busy", "Too many people are signing in; try again."), {"Retry-After": "1"})
        except StoreUnavailable as problem:
            log.error("a request of the native API found no database", method=http.method, problem=str(problem))
            unusable = Failure(503, "busy", "The server cannot use its database now; try again.")
            return _failed(unusable, {"Retry-After": RETRY_AFTER})
        except ClientDisconnect:
            raise
        except Exception:
            # The id is in the answer, so that who saw the 500 can find the trace.
            id = uuid4().hex
            log.exception("a request of the native API failed", request=id, method=http.method)
            return _failed(Failure(500, "failed", f"The server failed; its log says more under {id}."))

    async def _answer(self, http: HttpRequest) -> Response:
        segments = _segments(http.scope)
        if segments[:3] != ROOT:
            raise Refusal("not-found", kind="path")
        segments = segments[3:]
        if segments == ("openapi.json",) and http.method == "GET":
            return Response(self._document, media_type="application/json")
        route, ids, allowed = self._router.find(http.method, segments)
        if route is None:
            methods = ", ".join(sorted(allowed))
            failure = Failure(405, "not-found", f"There is no such operation; there are: {methods}.")
            return _failed(failure, {"Allow": methods})
        self._check_origin(http)
        session, cookie = await self._who(http, route)
        request = Request(
            ids=ids,
            query=_query(http, route),
            body=await _body(http, route),
            session=session,
            source=http.client.host if http.client else "",
            transport=self._transport(http),
            cookie=cookie,
        )
        return _reply(route, await route.handler(request))

    # --- who asks ----------------------------------------------------------------------------------------------

    def _check_origin(self, http: HttpRequest) -> None:
        """A browser says which page a changing request comes from; other pages than ours change nothing."""
        if http.method in SAFE:
            return
        origin = http.headers.get("origin")
        ours = {http.headers.get("host", ""), self._base.netloc}
        if origin is not None and (_place(origin) or "-") not in ours:
            raise Failure(403, "csrf", "The request comes from a page of another server.")
        if origin is None and http.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            raise Failure(403, "csrf", "The request comes from a page of another server.")

    async def _who(self, http: HttpRequest, route: Route) -> tuple[Session | None, str]:
        """The session of the request, and what its cookie holds. Raises Failure where the route may not be used."""
        cookie = _cookie(http)
        scheme, _, token = http.headers.get("authorization", "").strip().partition(" ")
        session: Session | None = None
        if scheme.lower() == "bearer":
            session = await self._sessions.resolve(token.strip(), bearer=True)
        elif not scheme and cookie:
            session = await self._sessions.resolve(cookie)
        if route.who is Who.ANYBODY:
            return session, cookie
        if session is None:
            raise Failure(401, "not-signed-in", "Sign in first.")
        if not session.bearer and http.method not in SAFE:
            given = http.headers.get("x-csrf-token", "").encode("utf-8", "replace")
            if not hmac.compare_digest(given, session.csrf.reveal().encode()):
                raise Failure(403, "csrf", "X-CSRF-Token is missing or not that of the session.")
        if route.who is not Who.NEWCOMER and session.user.must_change_password:
            raise Failure(403, "password-change-needed", "Change your password first.")
        if route.who is Who.ADMINISTRATOR and not session.administers:
            raise Failure(403, "not-permitted", "Only administrators of this installation may do this.")
        return session, cookie

    def _transport(self, http: HttpRequest) -> Transport:
        local = _is_loopback(http.client.host if http.client else "")
        # Behind a proxy on this machine the settings, never a header, say whether people came by TLS.
        proxied = local and self._base.scheme == "https" and http.headers.get("host", "") == self._base.netloc
        return Transport(encrypted=http.url.scheme == "https" or proxied, local=local)


def _place(origin: str) -> str:
    """Host and port of an origin; empty: it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _cookie(http: HttpRequest) -> str:
    """What the session cookie holds; empty where it is missing, or there is more than one."""
    found: list[str] = []
    for header in http.headers.getlist("cookie"):
        for part in header.split(";"):
            name, equals, value = part.strip().partition("=")
            if equals and name == COOKIE:
                found.append(value)
    return found[0] if len(found) == 1 else ""


# --- what is asked ------------------------------------------------------------------------------------------------


def _segments(scope: Scope) -> tuple[str, ...]:
    """Of the path as sent: an escaped slash belongs to its segment. Bytes that are not UTF-8 match nothing."""
    raw = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    parts = raw.partition(b"?")[0].split(b"/")
    return tuple(unquote_to_bytes(part).decode("utf-8", "replace") for part in parts if part)


def _query(http: HttpRequest, route: Route) -> BaseModel | None:
    raw: bytes = http.scope.get("query_string", b"")
    if len(raw) > QUERY_MOST:
        raise Failure(413, "too-long", f"The query is longer than {QUERY_MOST} bytes.")
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MOST)
    except ValueError:
        raise Failure(400, "invalid", "The query is not UTF-8, or has too many parameters.") from None
    if route.query is None:
        if pairs:
            raise Failure(400, "invalid", "This operation takes no query.", pairs[0][0][:64])
        return None
    return route.query.model_validate(dict(pairs))


async def _body(http: HttpRequest, route: Route) -> BaseModel | None:
    try:
        raw = await read_body(http, BODY_MOST)
    except BodyTooLong:
        raise Failure(413, "too-long", f"The body is longer than {BODY_MOST} bytes.") from None
    if route.body is None:
        if raw.strip() not in {b"", b"{}"}:
            raise Failure(400, "invalid", "This operation takes no body.")
        return None
    kind = http.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":  # which no form of another page can send
        raise Failure(400, "invalid", "Content-Type must be application/json.")
    return route.body.model_validate_json(raw)


# --- what is answered ----------------------------------------------------------------------------------------------


def _reply(route: Route, answer: Out | Reply | None) -> Response:
    reply = answer if isinstance(answer, Reply) else Reply(answer)
    if reply.body is None:
        return Response(status_code=204, headers=dict(reply.headers))
    return Response(reply.body.written(), route.success, headers=dict(reply.headers), media_type="application/json")


def _failed(failure: Failure, headers: dict[str, str] | None = None) -> Response:
    headers = dict(headers or {})
    if failure.status == 413:
        headers["Connection"] = "close"
    body = failure.error.written()
    return Response(body, failure.status, headers=headers, media_type="application/json")

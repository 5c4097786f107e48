"""The HTTP side: who asks, what for, and the answer's exact form (huawei-api 0, 3.1, 5)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import uuid4

import structlog
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ...app.booking import Actor
from ...app.credentials import Busy
from ...app.ports import StoreUnavailable
from ...app.tokens import ControlPass, Tokens
from ...core.refusals import Refusal
from ..shared.bodies import BodyTooLong, read_body
from .errors import (
    BAD_CONTROL_TOKEN,
    BAD_TOKEN,
    NOT_JSON,
    Family,
    HuaweiError,
    from_bad_fields,
    from_refusal,
    locator,
)
from .fields import BadFields
from .operations import refusing
from .requests import Reply, Request, parse_query
from .router import Auth, Route, Router

log = structlog.get_logger(__name__)

JSON = "application/json;charset=UTF-8"  # as the original writes it; clients without charset show mojibake
RETRY_AFTER = "5"  # seconds: a lock is gone by then, a disk without room may be
DEPTH_MOST = 32  # of nested JSON; the dialect's deepest body has 5
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
MEETING_PATHS = ("mmc", "mms", "wss", "metrics")


@dataclass(frozen=True, slots=True)
class HuaweiSettings:
    """Bounds: bytes of a body and of a query."""

    body_most: int = 1024 * 1024
    query_most: int = 16 * 1024


def huawei_app(*, routes: Iterable[Route], tokens: Tokens, settings: HuaweiSettings | None = None) -> ASGIApp:
    """The API as an ASGI application that answers every path below /v1 and /v2.

    Operations of the vendor's SDK that no route serves say that they are left out.
    """
    served = list(routes)
    return _Door(Router([*served, *refusing(served)]), tokens, settings or HuaweiSettings())


class _Door:
    """One request after another; nothing is kept between them."""

    def __init__(self, router: Router, tokens: Tokens, settings: HuaweiSettings) -> None:
        self._router = router
        self._tokens = tokens
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, receive)
        asked = http.headers.get("x-request-id", "")
        id = asked if REQUEST_ID.fullmatch(asked) else uuid4().hex
        try:
            response = await self._answer(http, id)
        except ClientDisconnect:
            return
        except Exception:
            # The id is in the answer, so that who saw the 500 can find the trace.
            log.exception("a request of the JSON API failed", request=id, method=http.method)
            response = _failed(HuaweiError("APIGW.0605"))
        response.headers["X-Request-Id"] = id
        await response(scope, receive, send)

    async def _answer(self, http: HttpRequest, id: str) -> Response:
        segments = path_segments(http.scope)
        family = Family.MEETINGS if segments[1:2] and segments[1] in MEETING_PATHS else Family.ACCOUNTS
        route: Route | None = None
        try:
            route, parameters = self._find(http.method, segments)
            request = await self._request(http, id, family, parameters)
            request = await self._proved(route.auth, request)
            return _reply(await route.handler(request))
        except HuaweiError as error:
            return _failed(error)
        except BadFields as bad:
            return _failed(from_bad_fields(bad, family))
        except Refusal as refusal:
            return _failed(from_refusal(refusal, family, locator(route.tables if route else ())))
        except Busy:
            return _failed(HuaweiError("APIGW.0308"), {"Retry-After": "1"})
        except StoreUnavailable as problem:
            log.error("a request of the JSON API found no database", request=id, problem=str(problem))
            return _failed(HuaweiError("APIGW.0308"), {"Retry-After": RETRY_AFTER})

    def _find(self, method: str, segments: tuple[str, ...]) -> tuple[Route, dict[str, str]]:
        found = self._router.find(method, segments)
        if found is None:
            raise HuaweiError("APIGW.0101", "path: there is no such operation")
        route, parameters, allowed = found
        if route is None:
            raise HuaweiError("APIGW.0607", "method: must be one of " + ", ".join(sorted(allowed)))
        return route, parameters

    async def _request(self, http: HttpRequest, id: str, family: Family, parameters: dict[str, str]) -> Request:
        query = http.scope.get("query_string", b"")
        if len(query) > self._settings.query_most:
            raise HuaweiError("APIGW.0201", f"query: is longer than {self._settings.query_most} bytes")
        most = self._settings.body_most
        try:
            raw = await read_body(http, most)
        except BodyTooLong:
            raise HuaweiError("APIGW.0201", f"body: is longer than {most} bytes") from None
        try:
            asked = parse_query(query.decode())
        except ValueError:
            raise HuaweiError(NOT_JSON[family], "query: is not UTF-8, or has too many parameters") from None
        return Request(
            method=http.method,
            path=http.scope["path"],
            family=family,
            parameters=parameters,
            query=asked,
            headers={name.lower(): value for name, value in http.headers.items()},
            body=parse_json(raw, family),
            raw=raw,
            source=http.client.host if http.client else "",
            id=id,
        )

    async def _proved(self, auth: Auth, request: Request) -> Request:
        """The request with who asks. Raises HuaweiError."""
        if auth is Auth.NONE:
            return request
        who, token = await self._who(request)
        if auth is Auth.USER and who is None:
            raise HuaweiError(BAD_TOKEN, "X-Access-Token: is missing or not valid")
        control = await self._control(request) if auth is Auth.CONTROL else None
        return replace(request, who=who, token=token, control=control)

    async def _who(self, request: Request) -> tuple[Actor | None, str]:
        # One client sends the access token in Authorization where a control token is asked for (huawei-api 2.4).
        for name in ("x-access-token", "authorization"):
            token = request.header(name).strip()
            if token and (who := await self._tokens.actor(token, request.source)) is not None:
                return who, token
        return None, ""

    async def _control(self, request: Request) -> ControlPass:
        conference = request.text("conferenceID") or ""
        for token in control_tokens(request.header("x-conference-authorization")):
            grant = await self._tokens.control(token)
            if grant is not None and grant.conference == conference:
                return grant
        raise HuaweiError(BAD_CONTROL_TOKEN, "X-Conference-Authorization: is missing or not valid for this conference")


def path_segments(scope: Scope) -> tuple[str, ...]:
    """Of the path as sent: an escaped slash belongs to its segment. Bytes that are not UTF-8 match nothing."""
    raw = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    parts = raw.partition(b"?")[0].split(b"/")
    return tuple(unquote_to_bytes(part).decode("utf-8", "replace") for part in parts if part)


def control_tokens(header: str) -> tuple[str, ...]:
    """What the header may mean: the token as it is, `Basic <token>` or `Basic base64(token)` (huawei-api 2.4)."""
    header = header.strip()
    if header[:6].lower() != "basic ":
        return (header,) if header else ()
    rest = header[6:].strip()
    try:
        decoded = base64.b64decode(rest, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return (rest,)
    return (rest, decoded)


def parse_json(raw: bytes, family: Family) -> Any:
    """An empty body is an empty object, whatever its Content-Type says. Raises HuaweiError."""
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw, parse_constant=_no_constant)
        too_deep = _depth(body) > DEPTH_MOST
    except (ValueError, RecursionError):
        raise HuaweiError(NOT_JSON[family], "body: is not JSON in UTF-8") from None
    if too_deep:
        raise HuaweiError(NOT_JSON[family], f"body: is nested deeper than {DEPTH_MOST}")
    return {} if body is None else body


def _no_constant(text: str) -> Any:
    raise ValueError(text)  # NaN and Infinity are no JSON


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _reply(answer: Any) -> Response:
    if not isinstance(answer, Reply):
        answer = Reply(answer)
    content = b"" if answer.body is None else json.dumps(answer.body, ensure_ascii=False, allow_nan=False).encode()
    return Response(content, answer.status, headers={"Content-Type": JSON, **answer.headers})


def _failed(error: HuaweiError, headers: dict[str, str] | None = None) -> Response:
    if error.status == 413:
        headers = {"Connection": "close", **(headers or {})}
    content = json.dumps(error.body, ensure_ascii=False).encode("utf-8", "replace")
    return Response(content, error.status, headers={"Content-Type": JSON, **(headers or {})})

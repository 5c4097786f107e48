"""Whether this server is well, for programs that watch over it or share calls out: in words that tell a stranger
nothing about it but that something is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


def health_app(troubles: Callable[[], Sequence[str]]) -> ASGIApp:
    """200 and `{"status": "ok", "troubles": []}`, or 503 and what is wrong. troubles: fixed words, without facts."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method not in {"GET", "HEAD"}:
            await JSONResponse({}, 405, {"Allow": "GET, HEAD"})(scope, receive, send)
            return
        wrong = list(troubles())
        told = {"status": "trouble" if wrong else "ok", "troubles": wrong}
        response = JSONResponse(told, 503 if wrong else 200, {"Cache-Control": "no-store"})
        await response(scope, receive, send)

    return answer

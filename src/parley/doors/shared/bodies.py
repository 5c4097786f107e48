"""The body of an HTTP request, within a bound."""

from __future__ import annotations

from starlette.requests import Request


class BodyTooLong(Exception):
    """The door says so in its own words."""


async def read_body(http: Request, most: int) -> bytes:
    """most: bytes. Raises BodyTooLong as soon as it is sure."""
    length = http.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 12 or int(length) > most):
        raise BodyTooLong
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > most:
            raise BodyTooLong
    return bytes(body)

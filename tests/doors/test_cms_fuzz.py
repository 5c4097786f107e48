"""Whatever a client sends, the answer is one of the dialect's, never an error of the server."""

import asyncio
import base64
from collections.abc import Coroutine
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from parley.doors.cms.requests import Garbled, TooMuch, parse_form
from tests.doors.cms_rig import NAME, PASSWORD, Rig

NODES = ["coSpaces", "accessMethods", "coSpaceUsers", "callLegProfiles", "usage", "callProfiles", "users"]
NODES += [
    "usercoSpaces",
    "tenants",
    "system",
    "profiles",
    "status",
    "inboundDialPlanRules",
    "ivrs",
    "calls",
    "callLegs",
]
NODES += ["participants", "*", "callLegProfileTrace", "accessQuery", "meetingEntryDetail", "", ".", "..", "/", "\0"]
NAMES = ["name", "uri", "callId", "passcode", "callLegProfile", "limit", "offset", "filter", "secret", "userJid"]
NAMES += ["coSpace", "needsActivation", "requireCallId", "domain", "priority", "filterIds", "mode", "deactivated"]

segments = st.one_of(st.sampled_from(NODES), st.text(max_size=12), st.just("{made}"))
values = st.one_of(st.binary(max_size=12), st.sampled_from([b"", b"true", b"1", b"%ff", b"%", b"&&", b"=", b"a@b"]))
forms = st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=5)
methods = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"])

TOKEN = base64.b64encode(f"{NAME}:{PASSWORD}".encode())


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def encoded(form: list[tuple[str, bytes]]) -> bytes:
    return b"&".join(name.encode() + b"=" + value for name, value in form)


async def asked(rig: Rig, method: str, path: str, query: bytes = b"", body: bytes = b"") -> tuple[int, bytes]:
    """One request past every client library, as a server would hand it over."""
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query,
        "headers": [(b"authorization", b"Basic " + TOKEN)],
        "client": ("192.0.2.5", 1),
        "root_path": "",
        "scheme": "http",
        "server": ("x", 80),
        "http_version": "1.1",
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await rig.app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(methods, st.lists(segments, max_size=5), forms, forms), min_size=1, max_size=5))
def test_no_request_is_an_error_of_the_server(
    requests: list[tuple[str, list[str], list[tuple[str, bytes]], list[tuple[str, bytes]]]],
) -> None:
    """Odd paths, queries and bodies get 200 or a 4xx; every body that comes back is well-formed XML."""

    async def ask() -> None:
        async with Rig() as cms:
            made = await cms.post("coSpaces", "uri=a&callId=1")
            for method, parts, query, body in requests:
                path = "/api/v1/" + "/".join(parts).replace("{made}", made)
                status, answer = await asked(cms, method, path, encoded(query), encoded(body))
                assert status in (200, 400, 404, 413), (method, path, status)
                if answer:
                    ElementTree.fromstring(answer)

    run(ask())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_are_refused(body: bytes) -> None:
    """Parsing gives names without case and text, or says that it cannot."""
    try:
        form = parse_form(body)
    except (Garbled, TooMuch):
        return
    assert all(name == name.strip().lower() and isinstance(text, str) for name, text in form.items())


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=8).map(lambda raw: quote(raw).encode()), max_size=6))
def test_a_refused_change_leaves_a_space_as_it_was(form: dict[str, bytes]) -> None:
    """After any PUT the space has either taken it or is byte for byte what it was."""

    async def ask() -> None:
        async with Rig() as cms:
            space = await cms.post("coSpaces", "name=n&uri=a&callId=1&passcode=2")
            await cms.post("coSpaces", "name=other&uri=b&callId=3")
            path = f"/api/v1/coSpaces/{space}"
            before = await asked(cms, "GET", path)
            status, _ = await asked(cms, "PUT", path, body=encoded(list(form.items())))
            if status != 200:
                assert status == 400
                assert await asked(cms, "GET", path) == before

    run(ask())

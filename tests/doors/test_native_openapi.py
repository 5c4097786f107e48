"""The OpenAPI document, the table of refusals, and that no request is an error of the server."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from parley.core.refusals import Refusal
from parley.doors.web.native.app import BODY_MOST
from parley.doors.web.native.errors import REFUSALS, from_refusal
from tests.doors.native_rig import API, NativeRig
from tests.kit.reach import refusals_raised

DOCUMENTED = """
GET /server | POST /session | GET /session | DELETE /session | POST /session/password
GET /spaces | GET /spaces/{} | PATCH /spaces/{} | DELETE /spaces/{}
GET /spaces/{}/members | POST /spaces/{}/members | DELETE /spaces/{}/members/{} | GET /spaces/{}/invitation
GET /admin/users | POST /admin/users | GET /admin/users/{} | PATCH /admin/users/{} | DELETE /admin/users/{}
GET /admin/tenants | POST /admin/tenants | GET /admin/tenants/{} | PATCH /admin/tenants/{} | DELETE /admin/tenants/{}
GET /admin/spaces | POST /admin/spaces | GET /admin/spaces/{} | PATCH /admin/spaces/{} | DELETE /admin/spaces/{}
GET /admin/spaces/{}/access-methods | POST /admin/spaces/{}/access-methods
GET /admin/spaces/{}/access-methods/{} | PATCH /admin/spaces/{}/access-methods/{}
DELETE /admin/spaces/{}/access-methods/{}
GET /admin/spaces/{}/members | POST /admin/spaces/{}/members
GET /admin/spaces/{}/members/{} | PATCH /admin/spaces/{}/members/{} | DELETE /admin/spaces/{}/members/{}
GET /admin/spaces/{}/settings
GET /admin/leg-profiles | POST /admin/leg-profiles
GET /admin/leg-profiles/{} | PATCH /admin/leg-profiles/{} | DELETE /admin/leg-profiles/{}
GET /admin/call-profiles | POST /admin/call-profiles
GET /admin/call-profiles/{} | PATCH /admin/call-profiles/{} | DELETE /admin/call-profiles/{}
GET /admin/meetings | GET /admin/meetings/{}
POST /admin/meetings/{}/lock | POST /admin/meetings/{}/unlock | POST /admin/meetings/{}/end
POST /admin/legs/{}/mute | POST /admin/legs/{}/unmute | POST /admin/legs/{}/admit | POST /admin/legs/{}/drop
GET /admin/log | POST /admin/explain
"""


async def test_the_document_is_valid_openapi(native: NativeRig) -> None:
    """Version 3.1, by an independent validator."""
    assert native.document["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(native.document).iter_errors()) == []


async def test_every_operation_of_the_page_is_there_and_no_other(native: NativeRig) -> None:
    """docs/native-api.md, typed by hand."""
    documented = {" ".join(entry.split()) for line in DOCUMENTED.split("\n") for entry in line.split("|")} - {""}
    there = {f"{route.method} {re.sub(r'{[a-z]+}', '{}', route.path)}" for route in native.routes}
    assert there == documented


async def test_every_operation_answers_as_the_document_says(native: NativeRig) -> None:
    """Reading what there is, and refused where there is nothing; the client checks each answer's form."""
    root = await native.signed_in()
    for route in native.routes:
        path = re.sub(r"{[a-z]+}", "none", route.path)
        body = None if route.body is None else {}
        if route.path != "/session" or route.method == "GET":
            await root.ask(route.method, path, body)
    assert len({(method, path) for method, path, _ in native.answered}) >= len(native.routes) - 2


def test_every_refusal_that_core_names_has_an_answer() -> None:
    """The table is total over the list in core's own words."""
    told = inspect.getdoc(Refusal) or ""
    words = set(re.findall(r"[a-z]+(?:-[a-z]+)+", told.split("New passwords")[0]))
    assert words - set(REFUSALS) == set()


@pytest.mark.parametrize("raised", refusals_raised("web/native"), ids=str)
def test_every_refusal_that_a_use_case_makes_is_answered(raised: dict[str, str]) -> None:
    """With a code of this API, a message for people, and no hole in it."""
    data = dict(raised)
    failure = from_refusal(Refusal(data.pop("code"), **data))
    assert 400 <= failure.status < 500
    assert re.fullmatch(r"[a-z-]+", failure.error.code) and "{" not in failure.error.message


# --- bounds -----------------------------------------------------------------------------------------------------


async def test_a_long_body_is_refused_before_it_is_read(native: NativeRig) -> None:
    """By its declared and by its real length."""
    client = native.browser()
    body = {"account": "x" * BODY_MOST, "password": "x"}
    assert await client.refused("POST", "/session", body) == (413, "too-long")

    async def parts() -> Any:
        for _ in range(40):
            yield b" " * 4096

    answer = await client.http.post(f"{API}/session", content=parts(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-long")


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"null", b"[" * 60_000, b'{"a":' * 10_000, b"\xff\xfe", b'{"account": "\xff", "password": "x"}',
        b'{"account": "\\ud800", "password": "x"}', b'{"account": NaN, "password": "x"}',
        b'{"account": 1e999, "password": "x"}', b'{"account": "a", "password": "x", "bearer": "true"}',
    ],
    ids=lambda raw: raw[:12].decode("latin-1"),
)  # fmt: skip
async def test_what_is_no_good_json_is_refused(native: NativeRig, raw: bytes) -> None:
    """However deep or odd."""
    client = native.browser()
    answer = await client.http.post(f"{API}/session", content=raw, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


async def test_an_unknown_path_or_method_is_said_so(native: NativeRig) -> None:
    """404, and 405 with the methods that there are."""
    client = await native.signed_in()
    for path in (
        "",
        "/",
        "/nothing",
        "/session/x",
        "/admin",
        "/spaces/a/b/c",
        "/%73ession/%00",
        "/spaces/a%2Fb/members",
    ):
        assert (await client.refused("GET", path))[0] == 404
    answer = await client.ask("PUT", "/session")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, POST")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "offset=-1", "limit=x", "other=1", "search=" + "x" * 300, "search=%ff"]
)
async def test_a_bad_query_is_refused(native: NativeRig, query: str) -> None:
    """Lists give 200 at most."""
    root = await native.signed_in()
    assert await root.refused("GET", f"/admin/users?{query}") == (400, "invalid")


async def test_an_answer_lets_no_page_do_anything_with_it(native: NativeRig) -> None:
    """No store, no sniffing, no frame, no script; and no other origin is let in."""
    answer = await native.browser().ask("GET", "/server", headers={"Origin": "https://evil.example"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not [name for name in answer.headers if name.startswith("access-control")]


# --- whatever is sent -------------------------------------------------------------------------------------------

NAMES = [
    "account",
    "password",
    "bearer",
    "old",
    "new",
    "name",
    "uri",
    "call_id",
    "passcode",
    "non_member_access",
    "owner",
    "tenant",
    "leg_profile",
    "call_profile",
    "settings",
    "rights",
    "user",
    "email",
    "jid",
    "enabled",
    "participant_limit",
    "needs_activation",
    "address",
    "pin",
    "deactivation_mode",
    "locked",
]
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["", "12", "a"])
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)
bodies = st.dictionaries(st.sampled_from(NAMES), values, max_size=6) | values
queries = st.lists(st.tuples(st.sampled_from(["limit", "offset", "search", "language", "x"]), st.text(max_size=6)))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_request_is_an_error_of_the_server(data: st.DataObject) -> None:
    """Whatever stands in path, query and body, the answer is one of the document's."""

    async def run() -> None:
        async with NativeRig() as native:
            root = await native.signed_in(bearer=True)
            space = await native.space(uri="global", call_id="1")
            ids = st.sampled_from([space, "none", "%00", "%ff", "..%2f", "a" * 300]) | st.text(max_size=5).map(
                lambda text: quote(text.encode("utf-8", "surrogatepass"), safe="") or "x"
            )
            for _ in range(6):
                route = data.draw(st.sampled_from(native.routes))
                if route.path == "/session" and route.method == "DELETE":
                    continue
                path = re.sub(r"{[a-z]+}", lambda _: data.draw(ids), route.path)
                query = "&".join(f"{k}={quote(v.encode('utf-8', 'surrogatepass'))}" for k, v in data.draw(queries))
                raw = json.dumps(data.draw(bodies)).encode("utf-8", "surrogatepass")
                headers = {"Content-Type": "application/json", "Authorization": f"Bearer {root.token}"}
                answer = await root.http.request(route.method, f"{API}{path}?{query}", content=raw, headers=headers)
                assert answer.status_code < 500, (route, raw, answer.text)

    asyncio.run(run())

"""The form of every exchange of the JSON dialect: paths, headers, bodies, field tables, errors (sheet 0, 3.1, 5)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scripts.generate_huawei_docs import all_routes, page

from parley.app.ports import StoreUnavailable
from parley.core.refusals import Refusal
from parley.core.spaces import Role
from parley.doors.huawei.app import HuaweiSettings
from parley.doors.huawei.codecs import Bit, Flag, Integer, Minute, Number, Text
from parley.doors.huawei.codes import CODES
from parley.doors.huawei.errors import REFUSALS, Family, from_refusal
from parley.doors.huawei.fields import BadFields, Field, ListOf, ObjectOf, Table
from parley.doors.huawei.operations import OPERATIONS, left_out, reason
from parley.doors.huawei.requests import Reply, Request
from parley.doors.huawei.router import Auth, Route, Router
from tests.doors.huawei_people_rig import PeopleRig, error_of
from tests.kit.reach import refusals_raised

INNER = Table("inner", "0", (Field("size", Integer(1, 9), "size", required=True), Field("tag", Text(5), "tag")))
OUTER = Table(
    "outer",
    "0",
    (
        Field("name", Text(8), "name", required=True, error="MMC.111071022"),
        Field("count", Integer(0, 10), "count"),
        Field("on", Flag(), "on"),
        Field("bit", Bit(), "bit"),
        Field("kind", Number({0: "plain", 2: "fancy"}), "kind", default=0),
        Field("start", Minute(), "start"),
        Field("rows", ListOf(ObjectOf(INNER), 2), "rows"),
        Field("part", ObjectOf(INNER), "part"),
        Field("kept", Integer(0, 5)),
    ),
)


# --- field tables --------------------------------------------------------------------------------------------


def test_reading_is_lenient() -> None:
    """Numbers and booleans come as text too, null and unknown fields are nothing, and both spellings mean the same."""
    strict = {"name": "x", "count": 3, "on": True, "bit": 1, "kind": 2, "part": {"size": 4}}
    lenient = {
        "name": "x",
        "count": "3",
        "on": "true",
        "bit": "1",
        "kind": "2",
        "part": {"size": "4", "tag": None},
        "rows": None,
        "start": "",
        "unknown": {"deep": [1]},
    }
    assert OUTER.parse(lenient) == OUTER.parse(strict)
    assert "rows" not in OUTER.parse(lenient).values


def test_what_is_sent_has_one_type() -> None:
    """Values leave with the type of the sheet, whatever they came as."""
    parsed = OUTER.parse({"name": "x", "count": "3", "bit": "true", "kept": "4", "start": "2026-03-01 09:05"})
    shown = OUTER.render(parsed.values, {name: str(text) for name, text in parsed.extras.items()})
    assert json.dumps(shown) == '{"name": "x", "count": 3, "bit": 1, "kind": 0, "start": "2026-03-01 09:05", "kept": 4}'


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({}, ["name: is missing"]),
        ({"name": ["x"]}, ["name: must be text"]),
        ({"name": "123456789"}, ["name: is longer than 8 characters"]),
        ({"name": "a\nb"}, ["name: holds a control character"]),
        ({"name": "\ud800"}, ["name: is not Unicode text"]),
        ({"name": "x", "count": 11}, ["count: must be 0 to 10"]),
        ({"name": "x", "count": "1.5"}, ["count: must be a whole number"]),
        ({"name": "x", "count": 10**400}, ["count: must be 0 to 10"]),
        ({"name": "x", "on": "yes"}, ["on: must be true or false"]),
        ({"name": "x", "bit": 2}, ["bit: must be true or false"]),
        ({"name": "x", "kind": 1}, ["kind: must be one of 0, 2"]),
        ({"name": "x", "start": "2026-02-30 10:00"}, ["start: is no such date and time"]),
        ({"name": "x", "start": "2026-02-03T10:00"}, ["start: must be yyyy-MM-dd HH:mm"]),
        ({"name": "x", "rows": {}}, ["rows: must be a list"]),
        ({"name": "x", "rows": [{}, {"size": 0}]}, ["rows[0].size: is missing", "rows[1].size: must be 1 to 9"]),
        ({"name": "x", "rows": [{"size": 1}] * 3}, ["rows: has more than 2 entries"]),
        ({"name": "x", "part": []}, ["part: must be an object"]),
        ({"count": "x", "on": 7}, ["name: is missing", "count: must be a whole number", "on: must be true or false"]),
    ],
)
def test_every_bad_field_is_named(body: Any, problems: list[str]) -> None:
    """A refusal names each bad field by its full wire name, and says why."""
    with pytest.raises(BadFields) as caught:
        OUTER.parse(body)
    assert [f"{one.wire}: {one.reason}" for one in caught.value.problems] == problems


@pytest.mark.parametrize(
    ("attribute", "wire"),
    [("count", "count"), ("rows[1].size", "rows[1].size"), ("part.tag", "part.tag"), ("tag", "part.tag"), ("x", None)],
)
def test_attributes_are_found_on_the_wire(attribute: str, wire: str | None) -> None:
    """A refusal of a use case names an attribute; the answer names the field."""
    place = OUTER.locate(attribute)
    assert (place[0] if place else None) == wire


# --- errors --------------------------------------------------------------------------------------------------


def test_every_answer_of_the_error_table_exists() -> None:
    """Each refusal has an answer for both halves of the service, and each answer a status and a text."""
    for key, answers in REFUSALS.values():
        assert isinstance(key, str) and "" in answers
        for answer in answers.values():
            for code in [answer] if isinstance(answer, str) else answer:
                status, text = CODES[code]
                assert 400 <= status < 600 and text


def test_every_refusal_of_a_use_case_has_an_answer_of_its_own() -> None:
    """No code that this door's use cases make is missing from its table."""
    raised = refusals_raised("huawei")
    assert len(raised) > 100
    assert [one for one in raised if one["code"] not in REFUSALS] == []


def test_a_fields_own_code_wins() -> None:
    """Where a field has a code of its own a refusal about it carries that, with the wire name in the detail."""
    refusal = Refusal("invalid", field="name", error="is too long")
    error = from_refusal(refusal, Family.MEETINGS, OUTER.locate)
    assert (error.code, error.message) == ("MMC.111071022", "CONF_SUBJECT_LENGTH_TOO_LONG")
    assert (error.status, error.detail) == (400, "name: is too long")


def test_the_texts_that_clients_compare() -> None:
    """Four texts are proven, and so is the status of a missing meeting."""
    assert CODES["MMC.111070005"] == (400, "CONF_DATA_NOT_FOUND")
    assert CODES["MMC.111072065"] == (400, "CONF_NOT_FOUND_OR_AUTH_FAILED")
    assert CODES["MMC.111071065"] == (400, "CONF_MODIFY_FAIL_AS_CONF_ALREADY_STARTED")
    assert CODES["MMC.111071119"] == (400, "SUB_CYCCONF_MODIFY_TIME_OVER_RANGE")
    assert CODES["USG.000000004"][0] == 401


# --- routes --------------------------------------------------------------------------------------------------


async def _nothing(_: Request) -> None:
    return None


def test_a_literal_segment_wins() -> None:
    """`member/delete` is not a member called delete, and a method that is not there is told from a path that is not."""
    literal, variable = Route("POST", "/v1/member/delete", _nothing), Route("GET", "/v1/member/{account}", _nothing)
    router = Router([variable, literal])
    assert router.find("POST", ("v1", "member", "delete")) == (literal, {}, ())
    assert router.find("GET", ("v1", "member", "delete")) == (variable, {"account": "delete"}, ())
    assert router.find("PUT", ("v1", "member", "x")) == (None, {}, ("GET",))
    assert router.find("GET", ("v1", "nobody", "x")) is None


def test_two_operations_cannot_share_a_place() -> None:
    """A second route of the same method and path is a mistake of ours that shows at start."""
    with pytest.raises(ValueError):
        Router([Route("GET", "/v1/x", _nothing), Route("GET", "/v1/x", _nothing)])


# --- over HTTP -----------------------------------------------------------------------------------------------


async def _echo(request: Request) -> Any:
    return {
        "parameters": dict(request.parameters),
        "query": {name: list(values) for name, values in request.query.items()},
        "body": request.body,
    }


async def _broken(_: Request) -> Any:
    raise RuntimeError("a secret of ours")


async def _moment(_: Request) -> Any:
    return Reply({"at": datetime(2026, 1, 1, tzinfo=UTC).isoformat(), "name": "王"}, 200)


async def _granted(request: Request) -> Any:
    return {"conference": request.grant.conference, "role": request.grant.role.value}


async def _locked(request: Request) -> Any:
    raise StoreUnavailable("database is locked")


async def _asked(request: Request) -> Any:
    return {"known": request.who is not None}


ROUTES = (
    Route("POST", "/v1/test/echo/{name}", _echo, Auth.NONE),
    Route("DELETE", "/v1/test/echo/{name}", _echo, Auth.NONE),
    Route("GET", "/v1/test/echo/{name}", _echo, Auth.NONE),
    Route("GET", "/v1/mmc/test/echo", _echo, Auth.NONE),
    Route("GET", "/v1/test/broken", _broken, Auth.NONE),
    Route("GET", "/v1/test/locked", _locked, Auth.NONE),
    Route("GET", "/v1/test/nothing", _nothing, Auth.NONE),
    Route("GET", "/v1/test/moment", _moment, Auth.NONE),
    Route("PUT", "/v1/mmc/test/control", _granted, Auth.CONTROL),
    Route("GET", "/v1/test/maybe", _asked, Auth.MAYBE),
)


@pytest.fixture
def rig() -> PeopleRig:
    return PeopleRig(routes=ROUTES, settings=HuaweiSettings(body_most=1000, query_most=500))


async def test_every_answer_has_its_headers(rig: PeopleRig) -> None:
    """Content type with charset and a request id, on success, on emptiness and on refusal."""
    for path, status in [("/v1/test/moment", 200), ("/v1/test/nothing", 200), ("/v1/nowhere", 404)]:
        answer = await rig.http.get(path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/json;charset=UTF-8"
        assert len(answer.headers["x-request-id"]) == 32
    assert (await rig.http.get("/v1/test/moment")).content.decode().endswith('"name": "王"}')


async def test_the_clients_request_id_comes_back(rig: PeopleRig) -> None:
    """A sane X-Request-Id is returned; another one is replaced."""
    kept = await rig.http.get("/v1/test/nothing", headers={"X-Request-Id": "abc-123"})
    assert kept.headers["x-request-id"] == "abc-123"
    replaced = await rig.http.get("/v1/test/nothing", headers={"X-Request-Id": "a b" * 50})
    assert len(replaced.headers["x-request-id"]) == 32


async def test_empty_success(rig: PeopleRig) -> None:
    """Nothing to say is 200 with an empty body."""
    answer = await rig.http.get("/v1/test/nothing")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("path", ["/v1", "/v2", "/v1/", "/v1/nowhere", "/v2/usg", "/v1/usg/%ff%fe", "/v1/usg/a\nb"])
async def test_unknown_paths(rig: PeopleRig, path: str) -> None:
    """404 in JSON; never a redirect, never HTML."""
    status, code, _ = error_of(await rig.http.get(path.replace("\n", "%0A")))
    assert (status, code) == (404, "APIGW.0101")


async def test_an_unknown_method(rig: PeopleRig) -> None:
    """405 in JSON, with the methods there are."""
    assert error_of(await rig.http.patch("/v1/test/nothing")) == (405, "APIGW.0607", "method: must be one of GET")


async def test_bodies_of_delete_arrive(rig: PeopleRig) -> None:
    """One operation of the dialect has a body on DELETE."""
    answer = await rig.http.request("DELETE", "/v1/test/echo/x", json={"ids": ["a"]})
    assert answer.json()["body"] == {"ids": ["a"]}


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
async def test_an_empty_body_is_no_json_error(rig: PeopleRig, method: str) -> None:
    """Clients announce JSON and send nothing."""
    headers = {"Content-Type": "application/json"}
    answer = await rig.http.request(method, "/v1/test/echo/x", headers=headers)
    assert answer.json()["body"] == {}


async def test_queries(rig: PeopleRig) -> None:
    """Both spellings of a blank, UTF-8 escapes, and repeated keys."""
    answer = await rig.http.get("/v1/test/echo/x?a=one%20two&b=one+two&c=%E7%8E%8B&d=1&d=2&e=")
    expected = {"a": ["one two"], "b": ["one two"], "c": ["王"], "d": ["1", "2"], "e": [""]}
    assert answer.json()["query"] == expected


async def test_path_parameters_are_decoded_once(rig: PeopleRig) -> None:
    """An escaped slash belongs to its segment."""
    answer = await rig.http.get("/v1/test/echo/a%2Fb%2525%20c@d")
    assert answer.json()["parameters"] == {"name": "a/b%25 c@d"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": 1e999}'.replace(b"1e999", b"Infinity"),
        b"[" * 400,
        b'{"a":' + b"[" * 60 + b"]" * 60 + b"}",
    ],
)
async def test_bad_json(rig: PeopleRig, body: bytes) -> None:
    """What is no JSON, or nested beyond reason, is a bad body and nothing worse."""
    status, code, detail = error_of(await rig.http.post("/v1/test/echo/x", content=body))
    assert (status, code) == (400, "USG.000000003") and detail.startswith("body: ")


async def test_bounds(rig: PeopleRig) -> None:
    """Bodies and queries beyond their bounds are refused, announced or not."""
    assert error_of(await rig.http.post("/v1/test/echo/x", content=b"x" * 1001))[:2] == (413, "APIGW.0201")

    async def chunks() -> Any:
        for _ in range(20):
            yield b" " * 100

    assert error_of(await rig.http.post("/v1/test/echo/x", content=chunks()))[:2] == (413, "APIGW.0201")
    assert error_of(await rig.http.get("/v1/test/echo/x?a=" + "b" * 500))[:2] == (413, "APIGW.0201")
    assert error_of(await rig.http.get("/v1/test/echo/x?" + "a&" * 240))[0] == 400
    assert error_of(await rig.http.get("/v1/mmc/test/echo?a=%ff"))[:2] == (400, "MMC.111071062")


async def test_a_mistake_of_ours_tells_nothing(rig: PeopleRig) -> None:
    """500 with an id that is in the log, and not a word of what went wrong."""
    answer = await rig.http.get("/v1/test/broken")
    assert error_of(answer)[:2] == (500, "APIGW.0605")
    assert "secret" not in answer.text


async def test_a_database_that_cannot_be_used_is_a_503(rig: PeopleRig) -> None:
    """As any server that is busy, with the time after which asking again makes sense."""
    answer = await rig.http.get("/v1/test/locked")
    assert error_of(answer)[:2] == (503, "APIGW.0308") and answer.headers["retry-after"] == "5"


async def test_control_tokens(rig: PeopleRig) -> None:
    """Raw, `Basic <token>` and `Basic base64(token)` all open the token's own conference, and no other one."""
    granted = await rig.people.tokens.grant_control("914083136", Role.HOST, None)
    text = granted.text.reveal()
    encoded = base64.b64encode(text.encode()).decode()
    for header in (text, f"Basic {text}", f"Basic {encoded}", f"basic {encoded}"):
        headers = {"X-Conference-Authorization": header}
        answer = await rig.http.put("/v1/mmc/test/control?conferenceID=914083136", headers=headers)
        assert answer.json() == {"conference": "914083136", "role": "host"}
        other = await rig.http.put("/v1/mmc/test/control?conferenceID=914083137", headers=headers)
        assert error_of(other)[:2] == (400, "MMC.111072065")
    none = await rig.http.put("/v1/mmc/test/control?conferenceID=914083136")
    assert error_of(none)[:2] == (400, "MMC.111072065")


async def test_control_tokens_end(rig: PeopleRig) -> None:
    """After 30 minutes without being extended."""
    granted = await rig.people.tokens.grant_control("1234", Role.GUEST, None)
    text = granted.text.reveal()
    rig.clock.advance(1799)
    assert await rig.people.tokens.extend_control(text) is not None
    rig.clock.advance(1799)
    grant = await rig.people.tokens.control(text)
    assert grant is not None and grant.role is Role.GUEST
    rig.clock.advance(1)
    assert await rig.people.tokens.control(text) is None
    assert await rig.people.tokens.extend_control(text) is None


async def test_socket_tokens_open_once(rig: PeopleRig) -> None:
    """A WebSocket's token is used up by the first who shows it, and is no control token."""
    text = (await rig.people.tokens.grant_socket("1234", Role.HOST, None)).text.reveal()
    assert await rig.people.tokens.control(text) is None
    grant = await rig.people.tokens.take_socket(text)
    assert grant is not None and grant.conference == "1234"
    assert await rig.people.tokens.take_socket(text) is None
    late = (await rig.people.tokens.grant_socket("1234", Role.HOST, None)).text.reveal()
    rig.clock.advance(60)
    assert await rig.people.tokens.take_socket(late) is None


async def test_a_token_may_come_in_either_header() -> None:
    """One client sends its access token in Authorization; a bad one does not matter where none is asked for."""
    async with PeopleRig(routes=ROUTES) as rig:
        token = await rig.token()
        for headers, known in [({"X-Access-Token": token}, True), ({"Authorization": token}, True), ({}, False)]:
            answer = await rig.http.get("/v1/test/maybe", headers=headers)
            assert answer.json() == {"known": known}


# --- the vendor's operations ---------------------------------------------------------------------------------


def test_the_page_is_current() -> None:
    """docs/huawei-api.md is what scripts/generate_huawei_docs.py makes of routes and tables now."""
    path = Path(__file__).resolve().parents[2] / "docs" / "huawei-api.md"
    assert path.read_text() == page(), "run scripts/generate_huawei_docs.py"


def test_every_operation_left_out_has_its_reason() -> None:
    """And no reason stands for an operation that is done."""
    reasons = {one.name: reason(one.path) for one in left_out(all_routes())}
    assert [name for name, why in reasons.items() if not why] == []


def test_all_operations_are_listed() -> None:
    """The SDK has 199, each with a method and path of its own."""
    assert len(OPERATIONS) == 199
    assert len({(one.method, one.path) for one in OPERATIONS}) == 199


async def test_operations_that_are_left_out_say_so(rig: PeopleRig) -> None:
    """501 in JSON, with the operation's name and the reason."""
    answer = await rig.http.post("/v1/usg/sss/programs", json={})
    assert error_of(answer) == (
        501,
        "APIGW.0106",
        "add_program: there are no meeting files and no signage",
    )
    assert reason("/v1/usg/dcs/corp/member/add") is not None


async def test_no_operation_is_unknown(rig: PeopleRig) -> None:
    """Every operation of the SDK is answered by an operation of ours: done, refused for its input, or left out."""
    for one in OPERATIONS:
        path = one.path.replace("{", "").replace("}", "")
        answer = await rig.http.request(one.method, path)
        assert answer.status_code in (200, 400, 401, 501), (one.name, answer.status_code, answer.text)

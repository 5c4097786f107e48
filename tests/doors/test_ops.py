"""The operator's door over a real UNIX socket."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from parley.core.refusals import Refusal
from parley.core.secret import Secret
from parley.doors.ops.commands import commands
from parley.doors.ops.operations import Operations
from parley.doors.ops.server import MAX_BODY, MAX_FOLLOWERS, OpsDoor, OpsInUse
from parley.operator_client import NotRunning, OperatorClient, ServerGone, connect
from tests.kit.operations import MemoryOperations

MEETING = {
    "id": "m-1", "space": "space-1", "name": "Demo", "started": "2026-11-20T10:00:00Z",
    "participants": 2, "waiting": 1, "locked": False,
}  # fmt: skip


@pytest.fixture
def operations() -> MemoryOperations:
    return MemoryOperations()


@pytest_asyncio.fixture
async def door(operations: MemoryOperations, tmp_path: Path) -> AsyncIterator[OpsDoor]:
    door = OpsDoor(operations, tmp_path)
    await door.open()
    yield door
    await door.close()


@pytest_asyncio.fixture
async def operator(door: OpsDoor) -> AsyncIterator[OperatorClient]:
    async with connect(door.path.parent) as client:
        yield client


async def post(door: OpsDoor, path: str, body: bytes) -> httpx.Response:
    """As any program would, below the client."""
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(door.path))) as http:
        return await http.post(f"http://parley{path}", content=body)


# --- the socket ---


async def test_only_the_owner_may_open_the_socket(door: OpsDoor) -> None:
    """The socket's mode is 0600, whatever the umask."""
    assert stat.S_IMODE(door.path.stat().st_mode) == 0o600
    assert stat.S_ISSOCK(door.path.stat().st_mode)


async def test_the_umask_is_as_before(door: OpsDoor) -> None:
    """Making the socket changes nothing about other files."""
    mask = os.umask(0o022)
    os.umask(mask)
    assert mask != 0o177


async def test_closing_removes_the_socket(operations: MemoryOperations, tmp_path: Path) -> None:
    """After close nobody finds a socket, and asking says that no server runs."""
    door = OpsDoor(operations, tmp_path)
    await door.open()
    await door.close()
    assert not door.path.exists()
    with pytest.raises(NotRunning):
        async with connect(tmp_path):
            pass


async def test_the_socket_of_a_killed_server_is_replaced(operations: MemoryOperations, tmp_path: Path) -> None:
    """A socket file that nobody answers does not keep the server from starting."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "ops.sock"))
    with pytest.raises(NotRunning):
        async with connect(tmp_path):
            pass
    door = OpsDoor(operations, tmp_path)
    await door.open()
    async with connect(tmp_path) as operator:
        assert await operator.call("users") == []
    await door.close()


async def test_two_servers_never_share_a_data_directory(door: OpsDoor, operations: MemoryOperations) -> None:
    """The second is refused and the first goes on answering."""
    with pytest.raises(OpsInUse):
        await OpsDoor(operations, door.path.parent).open()
    async with connect(door.path.parent) as operator:
        assert await operator.call("users") == []


async def test_a_file_in_the_way_is_not_removed(operations: MemoryOperations, tmp_path: Path) -> None:
    """What is not a socket is somebody's file."""
    (tmp_path / "ops.sock").write_text("precious")
    with pytest.raises(OSError, match=r"ops\.sock is in the way"):
        await OpsDoor(operations, tmp_path).open()
    assert (tmp_path / "ops.sock").read_text() == "precious"


async def test_a_deep_data_directory_is_no_obstacle(operations: MemoryOperations, tmp_path: Path) -> None:
    """The path of the data directory may be longer than a socket's address."""
    deep = tmp_path / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    door = OpsDoor(operations, deep)
    await door.open()
    async with connect(deep) as operator:
        assert (await operator.call("status"))["version"] == "0.1.0"
    assert stat.S_IMODE((deep / "ops.sock").stat().st_mode) == 0o600
    await door.close()


# --- verbs ---


def test_every_operation_has_its_verb() -> None:
    """The table and the protocol name the same verbs with the same arguments."""
    table = commands(MemoryOperations())
    methods = {name: m for name, m in vars(Operations).items() if inspect.isfunction(m) and not name.startswith("_")}
    assert set(table) == set(methods)
    for name, method in methods.items():
        expected = [p for p in inspect.signature(method).parameters if p != "self"]
        assert [argument.name for argument in table[name].arguments] == expected, name


def test_the_memory_operations_keep_the_protocol() -> None:
    """The kit's implementation has each operation with the protocol's arguments."""
    for name, method in vars(Operations).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            own = getattr(MemoryOperations, name)
            assert list(inspect.signature(own).parameters) == list(inspect.signature(method).parameters), name


async def test_people_are_added_listed_and_removed(operator: OperatorClient, operations: MemoryOperations) -> None:
    """A password reaches the use case as a secret and no listing shows it."""
    added = await operator.call("add_administrator", name="ada", password=Secret("s3:cret"))
    assert added == {"name": "ada"}
    assert operations.admins["ada"] == Secret("s3:cret")
    user = await operator.call("add_user", jid="bo@x.example", name="Bo", email="", password=Secret("x"))
    assert await operator.call("users") == [user]
    await operator.call("remove_user", jid="bo@x.example")
    await operator.call("remove_administrator", name="ada")
    assert await operator.call("users") == await operator.call("administrators") == []


async def test_spaces_are_added_shown_and_explained(operator: OperatorClient) -> None:
    """Optional arguments may be left out; a PIN is compared as the text it is."""
    added = await operator.call("add_space", name="Demo", uri="demo", passcode=Secret("0123"))
    assert (added["name"], added["uri"], added["call_id"], added["access_methods"]) == ("Demo", "demo", None, 0)
    shown = await operator.call("space", which="demo")
    assert shown["access_methods"][0]["passcode"] == "0123"
    assert "admitted by its own access method" in await operator.call("explain", address="demo", pin=Secret("0123"))
    assert await operator.call("explain", address="demo", pin=Secret("123")) == ["demo leads nowhere with this PIN"]


async def test_meetings_are_locked_and_ended(operator: OperatorClient, operations: MemoryOperations) -> None:
    """The live half answers and acts."""
    operations.live["m-1"] = dict(MEETING)
    operations.connections["l-1"] = {"id": "l-1", "meeting": "m-1"}
    await operator.call("lock_meeting", id="m-1", locked=True)
    assert (await operator.call("meetings"))[0]["locked"] is True
    assert (await operator.call("meeting", id="m-1"))["legs"] == [{"id": "l-1", "meeting": "m-1"}]
    await operator.call("drop_leg", id="l-1")
    await operator.call("end_meeting", id="m-1")
    assert await operator.call("meetings") == await operator.call("legs") == []


async def test_a_refusal_crosses_the_door_whole(operator: OperatorClient) -> None:
    """The client raises the refusal that the use case raised, with its data."""
    with pytest.raises(Refusal) as caught:
        await operator.call("end_meeting", id="m-9")
    assert (caught.value.code, caught.value.data) == ("not-found", {"kind": "meeting", "id": "m-9"})


@pytest.mark.parametrize(
    ("verb", "arguments", "fault"),
    [
        ("space", {}, ("missing", "which")),
        ("space", {"which": None}, ("missing", "which")),
        ("space", {"which": 5}, ("invalid", "which")),
        ("space", {"which": "x" * 1025}, ("invalid", "which")),
        ("space", {"which": "demo", "colour": "red"}, ("invalid", "colour")),
        ("lock_meeting", {"id": "m-1", "locked": "yes"}, ("invalid", "locked")),
        ("log", {"limit": 0}, ("invalid", "limit")),
        ("log", {"limit": True}, ("invalid", "limit")),
        ("log", {"limit": 10_001}, ("invalid", "limit")),
        ("add_administrator", {"name": "ada", "password": 7351902}, ("invalid", "password")),
    ],
)
async def test_a_bad_argument_is_refused_by_name(
    door: OpsDoor, operations: MemoryOperations, verb: str, arguments: dict[str, object], fault: tuple[str, str]
) -> None:
    """The answer names the argument, never quotes its value, and nothing is changed."""
    operations.live["m-1"] = dict(MEETING)
    response = await post(door, f"/{verb}", json.dumps(arguments).encode())
    answer = response.json()
    assert (answer["refusal"], answer["data"]["field"]) == fault
    assert response.status_code == 400
    assert "7351902" not in response.text
    assert operations.live == {"m-1": MEETING}
    assert operations.admins == {}


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 60_000, b'"' + b"x" * MAX_BODY + b'"'], ids=len)
async def test_a_bad_body_is_refused(door: OpsDoor, body: bytes) -> None:
    """What is not a JSON object of bounded size gets a 400, and the door goes on answering."""
    response = await post(door, "/users", body)
    assert (response.status_code, response.json()["data"]["field"]) == (400, "body")
    assert (await post(door, "/users", b"")).json() == {"result": []}


async def test_an_unknown_verb_is_not_found(door: OpsDoor) -> None:
    """Only the table's verbs exist."""
    response = await post(door, "/__class__", b"{}")
    assert (response.status_code, response.json()["refusal"]) == (404, "not-found")


async def test_a_bug_is_told_without_its_insides(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An unforeseen error becomes `internal`; its text stays in the server's log."""

    class Broken(MemoryOperations):
        async def users(self) -> list[dict[str, object]]:
            raise ZeroDivisionError("the inside")

    door = OpsDoor(Broken(), tmp_path)
    await door.open()
    response = await post(door, "/users", b"")
    await door.close()
    assert (response.status_code, response.json()) == (500, {"refusal": "internal", "data": {}})


# --- streams ---


async def until(condition: object, seconds: float = 5.0) -> None:
    """Wait on the real event loop until the condition holds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():  # type: ignore[operator]
        assert asyncio.get_running_loop().time() < deadline, "waited too long"
        await asyncio.sleep(0.01)


async def test_the_log_is_followed_line_by_line(operator: OperatorClient, operations: MemoryOperations) -> None:
    """Each line arrives when it is said, in order, whole."""
    operations.say("before")
    lines = operator.stream("follow_log")
    first = asyncio.ensure_future(anext(lines))
    await until(lambda: operations.following == 1)
    operations.say("call 1: incoming — “demo”")
    assert await asyncio.wait_for(first, 5) == "call 1: incoming — “demo”"
    operations.say("two\nlines")
    assert await asyncio.wait_for(anext(lines), 5) == "two\nlines"
    assert await operator.call("log", limit=1) == ["two\nlines"]
    await lines.aclose()
    await until(lambda: operations.following == 0)


async def test_closing_the_door_ends_the_streams(operations: MemoryOperations, tmp_path: Path) -> None:
    """A follower neither hangs nor keeps the server from stopping."""
    door = OpsDoor(operations, tmp_path)
    await door.open()

    async def follow() -> list[str]:
        async with connect(tmp_path) as operator:
            return [line async for line in operator.stream("follow_log")]

    following = asyncio.ensure_future(follow())
    await until(lambda: operations.following == 1)
    operations.say("last words")
    await asyncio.sleep(0.05)
    await asyncio.wait_for(door.close(), 3)
    assert await asyncio.wait_for(following, 3) == ["last words"]


async def test_followers_are_bounded(operator: OperatorClient, operations: MemoryOperations) -> None:
    """One more than the bound is refused."""
    streams = [operator.stream("follow_log") for _ in range(MAX_FOLLOWERS)]
    waiting = [asyncio.ensure_future(anext(stream)) for stream in streams]
    await until(lambda: operations.following == MAX_FOLLOWERS)
    with pytest.raises(Refusal) as caught:
        await anext(operator.stream("follow_log"))
    assert caught.value.code == "limit"
    operations.say(None)
    await asyncio.wait(waiting, timeout=5)
    assert all(isinstance(task.exception(), StopAsyncIteration) for task in waiting)


async def test_a_server_that_dies_is_told_apart(tmp_path: Path) -> None:
    """When the answer never comes, the caller learns that the outcome is unknown."""

    async def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    server = await asyncio.start_unix_server(slam, tmp_path / "ops.sock")
    async with connect(tmp_path) as operator:
        with pytest.raises(ServerGone):
            await operator.call("users")
    server.close()

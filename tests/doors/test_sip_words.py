"""What callers say of themselves in bytes that are no UTF-8, and in escapes that hide something."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from parley.app.ports import Store
from parley.backends.store.sql import SqlStore
from parley.core.endings import Ending, Reason, Side
from parley.wire.sip.digest import DigestClient
from parley.wire.sip.flow import Flow
from parley.wire.sip.message import Request, Response, encode
from tests.app.floor import Floor, no_errors
from tests.app.life import Life
from tests.backends.test_sql_store import KEY, template, url  # noqa: F401
from tests.doors.sip_rig import SipRig, offer
from tests.doors.test_sip_registrar import CONTACT, REALM, Registry
from tests.doors.test_sip_survival import killed, rig_of
from tests.kit.memory_store import MemoryStore
from tests.kit.sip_wire import SERVER, request

DROPPED = Ending(Side.ADMINISTRATOR, Reason.HANG_UP)
FLOW = Flow("udp", SERVER, ("192.0.2.50", 5062), "udp-1")


@pytest.fixture
def rig() -> Iterator[SipRig]:
    with no_errors():
        yield rig_of(Life(MemoryStore()))


async def calls(rig: SipRig, from_: bytes, user: bytes = b"room", agent: bytes = b"Phone") -> Response:
    """INVITE and, where it is answered, ACK; the final response."""
    body = offer().encode()
    data = (
        request("INVITE", "sip:USER@example.com", from_="FROM", extra="User-Agent: AGENT\r\n", body=offer())
        .replace(b"USER", user)
        .replace(b"FROM", from_)
        .replace(b"AGENT", agent)
    )
    assert data.endswith(body)
    answer = (await rig.hear(data, FLOW))[-1]
    assert isinstance(answer, Response)
    if answer.status == 200:
        to = f"<sip:room@192.0.2.1>;tag={answer.to.tag}"
        await rig.hear(request("ACK", branch="z9hG4bKack", from_="<sip:x@x>;tag=t", to=to), FLOW)
    return answer


@pytest.mark.parametrize(
    ("display", "name"),
    [
        (b"J\xfcrgen", "Jürgen"),  # Latin-1, as old exchanges send it
        ("Jürgen 会议".encode(), "Jürgen 会议"),
        (b"a\\\x00b\\\x1b[31mc", "ab[31mc"),
        ("evil\u202etxt".encode(), "eviltxt"),
    ],
)
async def test_a_name_is_read_as_people_may_see_it(rig: SipRig, display: bytes, name: str) -> None:
    """Bytes that are no UTF-8 are Latin-1; what moves cursors or turns the line round is left out."""
    await rig.floor.space()
    await calls(rig, b'"' + display + b'" <sip:x@192.0.2.50>;tag=t')
    (leg,) = rig.floor.directory.legs()
    assert leg.name == name


@pytest.mark.parametrize(
    ("from_", "agent"),
    [
        (b'"J\xfcrgen" <sip:x@192.0.2.50>;tag=t', b"Phone"),
        (b"<sip:j\xfcrgen@192.0.2.50>;tag=t", b"Phone"),
        (b"<sip:x@192.0.2.50>;tag=t", b"T\xe9l\xe9phone"),
    ],
)
async def test_a_caller_who_speaks_latin_1_survives_a_restart_and_so_do_others(
    rig: SipRig, from_: bytes, agent: bytes
) -> None:
    """Everybody's calls are stored together: what one caller says must not keep all of them from it."""
    await rig.floor.space()
    assert (await calls(rig, from_, agent=agent)).status == 200
    await rig.floor.wait(3)
    assert isinstance(rig.floor, Life) and await rig.floor.rows() == (1, 1)
    after = await killed(rig)
    (leg,) = after.floor.directory.legs()
    await after.floor.directory.drop_leg(leg.leg, DROPPED)
    bye = next(message for _, message in after.sent if isinstance(message, Request))
    assert bye.method == "BYE" and encode(bye.headers.get("To") or "") == from_


@pytest.mark.parametrize("user", [b"r\xf6om", b"room%00", b"room%0d%0aVia:x", b"%ff", b"\xff%fe\xfd"])
async def test_an_address_in_strange_bytes_is_unknown_and_no_failure(
    tmp_path: Path,
    template: Path,  # noqa: F811
    user: bytes,
) -> None:
    """404 as for every unknown name, also where a database is asked for it."""
    shutil.copy(template, tmp_path / "parley.db")
    store: Store = SqlStore(url(tmp_path), KEY)
    with no_errors():
        rig = rig_of(Life(store))
        await rig.floor.space()
        assert (await calls(rig, b"<sip:%0d%0a%00\xff@192.0.2.50>;tag=t", user)).status == 404
    await store.close()  # type: ignore[attr-defined]


async def heard(registry: Registry, data: bytes) -> Response:
    """What is said to that; the database answers in a thread of its own."""
    before = len(registry.rig.sent)
    await registry.rig.hear(data, FLOW)
    for _ in range(500):
        if len(registry.rig.sent) > before:
            break
        await asyncio.sleep(0.01)
    answer = registry.rig.sent[-1][1]
    assert isinstance(answer, Response)
    return answer


@pytest.mark.parametrize("name", [b"\xff\xfe", b"a\\\x00b", b"nobody"])
async def test_credentials_of_a_name_in_strange_bytes_are_those_of_nobody(
    tmp_path: Path,
    template: Path,  # noqa: F811
    name: bytes,
) -> None:
    """Challenged again like every wrong answer, without a failure of ours in the log."""
    shutil.copy(template, tmp_path / "parley.db")
    store = SqlStore(url(tmp_path), KEY)
    with no_errors():
        registry = Registry(Floor(store=store))
        asked = await heard(registry, request("REGISTER", f"sip:{REALM}", branch="z9hG4bKasked", extra=CONTACT))
        line = asked.headers.lines("WWW-Authenticate")
        header = DigestClient(REALM, "NAME", "x").answer(401, line, "REGISTER", f"sip:{REALM}")
        assert header is not None
        data = request("REGISTER", f"sip:{REALM}", number=2, extra=f"{CONTACT}{header[0]}: {header[1]}\r\n")
        answer = await heard(registry, data.replace(b"NAME", name))
        assert answer.status == 401
    await store.close()


async def test_an_address_that_is_none_is_not_registered() -> None:
    """400 for a Contact in bytes that no URI may hold."""
    with no_errors():
        registry = Registry(Floor())
        made = await registry.ann()
        answer = await registry.register(made.password, extra="Contact: <sip:\u00e4nn@192.0.2.50:5062>\r\n")
        assert answer.status == 400
        assert await registry.registered() == []

"""What scanners and floods get from the SIP door, and its real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.doors.sip.listeners import bind_sockets
from parley.doors.sip.rates import KEPT, SourceRates
from parley.doors.sip.statuses import STATUS, bye_headers, status_of
from parley.wire.sip.message import Response
from tests.app.floor import Floor, no_errors
from tests.doors.sip_rig import Phone, SipRig, offer
from tests.kit.sip_wire import request


@pytest.fixture
def floor() -> Iterator[Floor]:
    with no_errors():
        yield Floor()


def statuses(said: list[Response]) -> list[int]:
    return [message.status for message in said]


# --- too many ----------------------------------------------------------------------------------------------------


async def test_a_source_may_make_so_many_calls_a_second(floor: Floor) -> None:
    """Beyond it 503 without a look-up; another source is served; a second later there is room again."""
    rig = SipRig(floor, calls_per_source=3)
    await floor.space()
    assert [statuses(await Phone(rig).invite()) for _ in range(4)] == [[200], [200], [200], [503]]
    assert floor.directory.legs()[-1].number == 3
    assert statuses(await Phone(rig, host="192.0.2.51").invite()) == [200]
    await floor.wait(1)
    assert statuses(await Phone(rig).invite()) == [200]


def scan(rig: SipRig, number: int, host: str) -> None:
    """One scanner's INVITE to an address that leads nowhere."""
    phone = Phone(rig, f"{number}", host=host)
    data = request(target=f"sip:{number}@example.com", via=phone._via, call_id=phone._call_id, body=offer())
    rig.agent._listeners.received(data, phone.flow)


def answered(rig: SipRig, status: int) -> int:
    return sum(isinstance(message, Response) and message.status == status for _, message in rig.sent)


async def test_a_flood_of_unknown_addresses_leaves_nothing(floor: Floor) -> None:
    """A thousand scanners: each gets its 404 and half a minute later nothing reminds of them."""
    rig = SipRig(floor)
    await floor.space()
    for number in range(1000):
        scan(rig, number, f"198.51.{number // 200}.{number % 200}")
        if number % 50 == 0:
            await floor.settle()
    await floor.settle()
    assert answered(rig, 404) == 1000
    transactions, dialogs = rig.agent.live
    assert transactions <= 1000 and dialogs == 0
    assert floor.engine.opened == 0 and floor.events() == [] and floor.directory.legs() == []
    assert floor.arrivals.unknown == 1000 and rig.agent._legs == {}
    await floor.wait(33)
    assert rig.agent.live == (0, 0)
    floor.assert_nothing_left()


async def test_a_burst_makes_no_more_look_ups_than_calls_could_be(floor: Floor) -> None:
    """A thousand at the same moment: beyond the bound of dialogs 503 at once, and afterwards calls are served."""
    rig = SipRig(floor, calls_most=50)
    await floor.space()
    for number in range(1000):
        scan(rig, number, f"198.51.{number // 200}.{number % 200}")
        assert rig.agent.live[1] <= 65
    await floor.settle()
    assert floor.arrivals.unknown == answered(rig, 404) <= 65
    assert answered(rig, 404) + answered(rig, 503) == 1000
    assert statuses(await Phone(rig).invite()) == [200]


async def test_a_flood_from_one_source_does_not_reach_the_store(floor: Floor) -> None:
    """Beyond its share no look-up is made for it."""
    rig = SipRig(floor, calls_per_source=10)
    for number in range(300):
        scan(rig, number, "198.51.100.1")
    await floor.settle()
    assert floor.arrivals.unknown == 10
    assert rig.agent.live[0] <= 300 and rig.agent.live[1] == 0


async def test_nonsense_is_thrown_away(floor: Floor) -> None:
    """Whatever bytes come: no leg, no transaction, no error."""
    rig = SipRig(floor)
    flow = Phone(rig).flow
    for data in (b"", b"\0", b"\r\n\r\n", b"INVITE", b"\xff" * 2000, b"SIP/2.0 200 OK\r\n\r\n", b"A B C\r\n\r\n"):
        await rig.hear(data, flow)
    assert rig.agent.live == (0, 0) and floor.directory.legs() == []


@pytest.mark.parametrize("target", ["tel:+15551234", "sip:example.com", "mailto:a@example.com"])
async def test_an_address_that_is_none_of_ours_is_refused(floor: Floor, target: str) -> None:
    """Without a look-up."""
    rig = SipRig(floor)
    said = await rig.hear(request(target=target, body=offer()), Phone(rig).flow)
    finals = [m.status for m in said if isinstance(m, Response) and m.status > 100]
    assert len(finals) == 1 and finals[0] in {404, 416}
    assert floor.arrivals.unknown == 0 and rig.agent._legs == {}


def test_rates_are_a_bucket_per_source() -> None:
    """As deep as one second; refilled steadily; an IPv6 /64 is one source; memory is bounded."""
    rates = SourceRates(2)
    assert [rates.allow("192.0.2.1", 0.0) for _ in range(3)] == [True, True, False]
    assert rates.allow("192.0.2.2", 0.0)
    assert [rates.allow("192.0.2.1", 0.5) for _ in range(2)] == [True, False]
    assert [rates.allow(f"2001:db8::{number}", 0.0) for number in range(1, 4)] == [True, True, False]
    assert not rates.allow("::ffff:192.0.2.1", 0.5)
    for number in range(KEPT + 500):
        rates.allow(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1.0)
    assert len(rates._buckets) == KEPT


# --- what is told ------------------------------------------------------------------------------------------------


def test_every_reason_has_a_status() -> None:
    """A final refusal for each; a new reason must be given one."""
    assert set(STATUS) == set(Reason)
    assert all(400 <= status <= 699 for status in STATUS.values())


@pytest.mark.parametrize(
    "alike",
    [
        {Reason.WRONG_PIN, Reason.LOCKED_OUT, Reason.UNKNOWN_CALL_ID},
        {Reason.UNKNOWN_DESTINATION, Reason.NOT_MEMBER},
    ],
)
def test_what_must_stay_inside_does(alike: set[Reason]) -> None:
    """These look the same outside, in a refusal and in a BYE."""
    endings = [Ending(Side.LOCAL, reason) for reason in alike]
    assert len({status_of(ending) for ending in endings}) == 1
    assert all(bye_headers(ending) == [] for ending in endings)


@pytest.mark.parametrize("reason", Reason)
def test_a_bye_says_its_reason_in_the_form_of_rfc_3326(reason: Reason) -> None:
    """Or nothing; a closed space's call ID says as little as a wrong PIN."""
    for name, value in bye_headers(Ending(Side.LOCAL, reason)):
        assert name == "Reason" and value.startswith(f'SIP;cause={STATUS[reason]};text="')
        assert "PIN" not in value


# --- real sockets ------------------------------------------------------------------------------------------------


def real(floor: Floor) -> SipRig:
    """An agent with its own sockets."""
    rig = SipRig(floor)
    del rig.agent._listeners.send  # type: ignore[misc]
    return rig


async def reply(reader: asyncio.StreamReader) -> str:
    """The next message on a stream, as text."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return (head + await reader.readexactly(length)).decode()


async def test_answers_on_a_stream_go_back_on_it(floor: Floor) -> None:
    """Two connections of one host: each gets its own answers; a broken one leaves nothing."""
    rig = real(floor)
    await floor.space()
    ports = await rig.agent.open(udp=None, tcp=("127.0.0.1", 0))
    streams = [await asyncio.open_connection("127.0.0.1", ports["tcp"]) for _ in range(2)]
    for number, (_, writer) in enumerate(streams):
        via = f"SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKs{number}"
        data = request(target="sip:room@example.com", via=via, call_id=f"stream-{number}", body=offer())
        half = len(data) // 2
        writer.write(data[:half])
        await writer.drain()
        writer.write(data[half:])
    for number, (reader, _) in enumerate(streams):
        for status in ("100", "200"):
            text = await reply(reader)
            assert text.startswith(f"SIP/2.0 {status} ") and f"stream-{number}" in text
    assert [leg.facts.transport for leg in floor.directory.legs()] == ["tcp", "tcp"]
    streams[0][1].write(b"NOT SIP AT ALL\r\nContent-Length: 99999999999\r\n\r\n")
    await asyncio.wait_for(streams[0][0].read(), 5)  # it is closed
    streams[1][1].write(b"\r\n\r\n")
    assert await asyncio.wait_for(streams[1][0].readexactly(2), 5) == b"\r\n"
    for _, writer in streams:
        writer.close()
    await floor.directory.close(Ending(Side.LOCAL, Reason.SHUTDOWN))
    await rig.agent.close()
    assert rig.agent._listeners._streams == {} or all(w.is_closing() for w in rig.agent._listeners._streams.values())


def has_ipv6() -> bool:
    """Can this machine's loopback speak IPv6?"""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


async def test_all_addresses_means_one_listener_per_ip_version(floor: Floor) -> None:
    """`::` opens the same port for IPv4 and, where there is any, IPv6, on datagrams and streams; each answers."""
    rig = real(floor)
    ports = await rig.agent.open(udp=("::", 0), tcp=("::", 0))
    hosts = ["127.0.0.1", "::1"] if has_ipv6() else ["127.0.0.1"]
    assert len(rig.agent._listeners._datagrams) == len(rig.agent._listeners.places("tcp")) == len(hosts)
    loop = asyncio.get_running_loop()
    for host in hosts:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        shown = f"[{host}]" if ":" in host else host
        options = request("OPTIONS", via=f"SIP/2.0/UDP {shown}:9;rport;branch=z9hG4bK{family}", call_id=host)
        with socket.socket(family, socket.SOCK_DGRAM) as phone:
            phone.setblocking(False)
            phone.connect((host, ports["udp"]))
            await loop.sock_sendall(phone, options)
            answer = await asyncio.wait_for(loop.sock_recv(phone, 65535), 5)
        assert answer.startswith(b"SIP/2.0 200 ")
        reader, writer = await asyncio.open_connection(host, ports["tcp"])
        writer.write(options.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"))
        assert (await reply(reader)).startswith("SIP/2.0 200 ")
        writer.close()
    await rig.agent.close()


def test_a_port_in_use_is_an_error_and_leaves_nothing_open() -> None:
    """Neither of the two sockets of `::` stays."""
    first = bind_sockets("127.0.0.1", 0, socket.SOCK_DGRAM)
    port = first[0].getsockname()[1]
    with pytest.raises(OSError):
        bind_sockets("127.0.0.1", port, socket.SOCK_DGRAM)
    first[0].close()
    (again,) = bind_sockets("127.0.0.1", port, socket.SOCK_DGRAM)
    again.close()

"""What one source may cost: messages, calls, connections and patience, counted before anything is kept."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from parley.doors.sip.listeners import StreamLimits
from parley.doors.sip.rates import MESSAGES_PER_CALL
from parley.doors.sip.streams import Patience
from parley.tls import generated_certificate
from parley.wire import stun
from parley.wire.sip.message import Response
from tests.app.floor import Floor, no_errors
from tests.doors.sip_rig import Phone, SipRig, offer
from tests.kit.sip_wire import request

OPTIONS = request("OPTIONS", "sip:example.com", via="SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKo")


@pytest.fixture
def floor() -> Iterator[Floor]:
    with no_errors():
        yield Floor()


def invites(rig: SipRig, count: int, host: str) -> None:
    """So many different calls of one source, at the same moment."""
    for _ in range(count):
        phone = Phone(rig, "room", host=host)
        data = request(target="sip:room@example.com", via=phone._via, call_id=phone._call_id, body=offer())
        if rig.agent._may_send(host):  # as the sockets do before they hand it on
            rig.agent._listeners.received(data, phone.flow)


async def test_a_flood_of_invites_keeps_no_more_than_its_share(floor: Floor) -> None:
    """Ten thousand from one address within a second: ten calls, ten transactions, and what is refused is not kept;
    somebody else is served, and a minute later nothing is left but the calls."""
    rig = SipRig(floor, calls_per_source=10)
    await floor.space()
    invites(rig, 10_000, "198.51.100.1")
    await floor.settle()
    assert rig.agent.live == (10, 10) and floor.engine.opened == 10
    told = [message for _, message in rig.sent if isinstance(message, Response) and message.status == 503]
    assert len(told) == (MESSAGES_PER_CALL - 1) * 10  # beyond that not even an answer
    assert all(message.headers.get("Retry-After") == "5" for message in told)
    assert [answer.status for answer in await Phone(rig, host="198.51.100.2").invite()] == [200]
    await floor.wait(65)
    assert rig.agent.live[0] <= 11


async def test_registrations_of_one_source_are_bounded_too(floor: Floor) -> None:
    """Guessing passwords keeps no transactions beyond the share of calls."""
    rig = SipRig(floor, calls_per_source=10)
    flow = Phone(rig).flow
    for number in range(200):
        via = f"SIP/2.0/UDP 192.0.2.50:5062;branch=z9hG4bKr{number}"
        extra = 'Authorization: Digest username="a", realm="x", nonce="n", uri="sip:example.com", response="0"\r\n'
        data = request("REGISTER", "sip:example.com", via=via, call_id=f"r{number}", extra=extra)
        rig.agent._listeners.received(data, flow)
    await floor.settle()
    assert rig.agent.live[0] <= 10


# --- on real sockets -----------------------------------------------------------------------------------------------


@asynccontextmanager
async def listening(
    floor: Floor, *, host: str = "127.0.0.1", udp: bool = False, limits: StreamLimits | None = None, calls: int = 50
) -> AsyncIterator[tuple[SipRig, int]]:
    rig = SipRig(floor, calls_per_source=calls, streams=limits)
    del rig.agent._listeners.send  # type: ignore[misc]
    place = (host, 0)
    ports = await rig.agent.open(udp=place if udp else None, tcp=None if udp else place)
    try:
        yield rig, ports["udp" if udp else "tcp"]
    finally:
        await rig.agent.close()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it, five seconds at most."""
    async with asyncio.timeout(5.0):
        for _ in iter(holds, True):
            await asyncio.sleep(0.01)


async def gone(reader: asyncio.StreamReader, within: float = 5.0) -> bool:
    """The server closes the connection, within so many seconds."""
    try:
        return await asyncio.wait_for(reader.read(), within) == b""
    except TimeoutError:  # is an OSError too
        return False
    except OSError:
        return True


@pytest.mark.parametrize(
    ("first", "stays"),
    [
        (b"", False),
        (OPTIONS[:40], False),
        (OPTIONS + OPTIONS[:40], False),
        (OPTIONS, True),
        (b"\r\n\r\n", True),
    ],
    ids=["nothing", "half a message", "half a second message", "a message", "a ping"],
)
async def test_whoever_owes_a_message_is_not_waited_for(floor: Floor, first: bytes, stays: bool) -> None:
    """A connection without its first message, or with half of one, ends soon; one that owes nothing may be silent."""
    limits = StreamLimits(patience=Patience(idle=5.0, whole=0.2))
    async with listening(floor, limits=limits) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first)
        answered = await asyncio.wait_for(reader.read(2000), 5.0) if stays else b""
        assert bool(answered) is stays
        if not stays and len(first) > len(OPTIONS):
            await reader.readuntil(b"\r\n\r\n")
        assert await gone(reader, 0.6 if stays else 5.0) is not stays
        writer.close()


async def test_whoever_drips_is_not_waited_for_either(floor: Floor) -> None:
    """A byte now and then does not prolong the wait for a whole message."""
    async with listening(floor, limits=StreamLimits(patience=Patience(idle=60.0, whole=0.3))) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        dripped = 0
        while not reader.at_eof() and dripped < len(OPTIONS) - 1:
            writer.write(OPTIONS[dripped : dripped + 1])
            dripped += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.02)
        assert reader.at_eof() and dripped < len(OPTIONS) - 1
        writer.close()


async def test_idle_connections_are_closed(floor: Floor) -> None:
    """After the time that a silent one may take."""
    async with listening(floor, limits=StreamLimits(patience=Patience(idle=0.2))) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\r\n\r\n")
        assert await asyncio.wait_for(reader.readexactly(2), 5.0) == b"\r\n"
        assert await gone(reader)
        writer.close()


async def test_connections_of_one_source_and_of_all_are_bounded(floor: Floor) -> None:
    """Those beyond are closed at once; when one ends there is room again."""
    for limits in (StreamLimits(per_source=2), StreamLimits(most=2)):
        async with listening(floor, limits=limits) as (rig, port):
            streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            assert [await gone(reader) for reader, _ in streams[2:]] == [True]
            await until(lambda held=rig.agent._listeners._streams: len(held) == 2)
            streams[0][1].close()
            await until(lambda held=rig.agent._listeners._streams: len(held) == 1)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"\r\n\r\n")
            assert await asyncio.wait_for(reader.readexactly(2), 5.0) == b"\r\n"
            for _, one in [*streams, (reader, writer)]:
                one.close()


async def test_whoever_never_begins_tls_counts_and_is_cut(floor: Floor, tmp_path: Path) -> None:
    """A connection takes its place when it is accepted, before TLS, and loses it when the handshake takes too long;
    those beyond the bound are closed at once, and afterwards there is room for who does speak."""
    certificate = generated_certificate(tmp_path, ["127.0.0.1"], datetime.now(UTC))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.certificate, certificate.key)
    limits = StreamLimits(per_source=2, patience=Patience(handshake=0.4))
    rig = SipRig(floor, streams=limits)
    port = (await rig.agent.open(udp=None, tcp=None, tls=("127.0.0.1", 0, context)))["tls"]
    del rig.agent._listeners.send  # type: ignore[misc]
    inside = rig.agent._listeners._turnstile
    mute = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    mute[1][1].write(b"\x16\x03\x01")  # begins to speak
    await until(lambda: inside.inside == 2)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await gone(reader) and inside.inside == 2
    assert [await gone(reader) for reader, _ in mute] == [True, True]
    await until(lambda: inside.inside == 0)
    trusting = ssl.create_default_context(cafile=str(certificate.certificate))
    reader, speaking = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
    speaking.write(OPTIONS.replace(b"TCP", b"TLS"))
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5.0)).startswith(b"SIP/2.0 200")
    assert inside.inside == 1
    await rig.agent.close()
    assert inside.inside == 0
    for one in (writer, speaking, *(writer for _, writer in mute)):
        one.close()


async def test_a_source_that_says_too_much_is_read_more_slowly_on_a_stream(floor: Floor) -> None:
    """Nothing of it is lost, but it must wait: the clock of the bucket stands still here, so the rest is not read."""
    async with listening(floor, calls=1) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(MESSAGES_PER_CALL + 5):
            writer.write(OPTIONS.replace(b"z9hG4bKo", b"z9hG4bKo%d" % number))
        for _ in range(MESSAGES_PER_CALL):
            assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5.0)).startswith(b"SIP/2.0 200")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 0.3)
        await floor.wait(1.0)
        assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5.0)).startswith(b"SIP/2.0 200")
        writer.close()


class Datagrams(asyncio.DatagramProtocol):
    """What a socket was sent."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.put_nowait(data)


async def test_datagrams_beyond_a_sources_share_are_dropped_unread(floor: Floor) -> None:
    """They are neither answered nor queued."""
    async with listening(floor, udp=True, calls=1) as (_, port):
        loop = asyncio.get_running_loop()
        transport, said = await loop.create_datagram_endpoint(Datagrams, remote_addr=("127.0.0.1", port))
        for number in range(40):
            transport.sendto(OPTIONS.replace(b"TCP", b"UDP").replace(b"z9hG4bKo", b"z9hG4bKo%d;rport" % number))
        for _ in range(MESSAGES_PER_CALL):
            await asyncio.wait_for(said.heard.get(), 5.0)
        await asyncio.sleep(0.3)
        assert said.heard.empty()
        transport.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_stun_on_the_port_is_answered(floor: Floor, host: str) -> None:
    """A Binding request is told its source (RFC 5626 section 8); what only looks like one is dropped."""
    async with listening(floor, host=host, udp=True) as (_, port):
        loop = asyncio.get_running_loop()
        transport, said = await loop.create_datagram_endpoint(Datagrams, remote_addr=(host, port))
        binding = b"\0\1\0\0\x21\x12\xa4\x42" + b"transaction!"
        for data in (b"\0", b"\0\1" + bytes(30), b"\1\1\0\0\x21\x12\xa4\x42" + b"transaction!", binding):
            transport.sendto(data)
        answer = stun.parse(await asyncio.wait_for(said.heard.get(), 5.0))
        assert (answer.kind, answer.transaction) == (stun.SUCCESS, b"transaction!")
        assert answer.mapped_address == transport.get_extra_info("sockname")[:2]
        assert said.heard.empty()
        transport.close()


BINDING = b"\0\1\0\0\x21\x12\xa4\x42" + b"transaction!"


async def test_keep_alives_take_no_calls_place(floor: Floor) -> None:
    """Hundreds of them from one source, of phones behind one address say, have a bound of their own: its requests are
    answered as if there were none, and so are keep-alives where requests are too many."""
    async with listening(floor, udp=True, calls=1) as (_, port):
        loop = asyncio.get_running_loop()
        transport, said = await loop.create_datagram_endpoint(Datagrams, remote_addr=("127.0.0.1", port))
        for _ in range(100):
            transport.sendto(BINDING)
            transport.sendto(b"\r\n\r\n")
        for number in range(MESSAGES_PER_CALL):
            transport.sendto(OPTIONS.replace(b"TCP", b"UDP").replace(b"z9hG4bKo", b"z9hG4bKo%d;rport" % number))
        answers = [await asyncio.wait_for(said.heard.get(), 5.0) for _ in range(MESSAGES_PER_CALL)]
        await asyncio.sleep(0.3)
        answers += [said.heard.get_nowait() for _ in range(said.heard.qsize())]
        assert sum(answer.startswith(b"SIP/2.0 200") for answer in answers) == MESSAGES_PER_CALL
        assert len(answers) - MESSAGES_PER_CALL == MESSAGES_PER_CALL // 2  # of a hundred; CRLF counted with them
        transport.close()


async def test_pings_of_a_stream_take_no_calls_place(floor: Floor) -> None:
    """Who sends too many waits for his next pong; other connections of the same address go on."""
    async with listening(floor, calls=1) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\r\n\r\n" * 100)
        assert await asyncio.wait_for(reader.readexactly(2 * MESSAGES_PER_CALL), 5.0) == b"\r\n" * MESSAGES_PER_CALL
        other, asking = await asyncio.open_connection("127.0.0.1", port)
        asking.write(OPTIONS)
        assert (await asyncio.wait_for(other.readuntil(b"\r\n\r\n"), 5.0)).startswith(b"SIP/2.0 200")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(2), 0.2)
        writer.close()
        asking.close()


async def test_a_dead_peer_is_found_out_by_the_kernel(floor: Floor) -> None:
    """Keep-alives are on for every connection, and what nobody acknowledges ends it."""
    async with listening(floor) as (rig, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await until(lambda: bool(rig.agent._listeners._streams))
        (outlet,) = rig.agent._listeners._streams.values()
        sock = outlet._writer.get_extra_info("socket")  # type: ignore[attr-defined]
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
        writer.close()

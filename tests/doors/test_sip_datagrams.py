"""Datagrams that cannot be sent, on the loop that the server runs on."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest
import uvloop

from parley.doors.sip.listeners import RECEIVE_BUFFER, ROUTE_HOLDS, Listeners, bind_sockets, routed, source_address
from parley.doors.sip.tries import KNOCK_AFTER, SILENT_FOR, Vigil
from parley.wire.sip.flow import Flow, Send
from tests.kit.manual_clock import ManualClock

HOST = f"127.{17 + os.getpid() % 200}.253.9"


@pytest.mark.parametrize(
    ("remote", "data"), [(("::1", 5060), b"x"), (("127.0.0.1", 0), b"x"), (("255.255.255.255", 9), b"x")]
)
def test_a_datagram_that_cannot_be_sent_keeps_nobody_elses(remote: tuple[str, int], data: bytes) -> None:
    """An address that the socket cannot reach, which any peer may name in its Contact, raises nothing."""

    async def story() -> bytes:
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        listeners = Listeners(lambda data, _flow: heard.put_nowait(data), lambda _flow: None)
        await listeners.open_udp(HOST, 0)
        place = (HOST, listeners.ports["udp"])
        listeners.send(Send(Flow("udp", place, remote, "udp-0"), data))
        listeners.send(Send(Flow("udp", place, place, "udp-0"), b"to ourselves"))
        async with asyncio.timeout(5.0):
            came = await heard.get()
        await listeners.close()
        return came

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(story()) == b"to ourselves"


@pytest.mark.parametrize("listening", [False, True])
def test_a_closed_port_is_found_out_by_knocking(listening: bool) -> None:
    """ICMP tells it soon; where somebody listens, whatever he says to a keep-alive, all the time is his."""

    async def story() -> list[str]:
        told: list[str] = []
        loop, clock = asyncio.get_running_loop(), ManualClock()
        place, knocked = (HOST, 0), asyncio.Event()

        class Somebody(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                peer.sendto(data, addr)
                knocked.set()

        peer, _ = await loop.create_datagram_endpoint(Somebody, local_addr=place)
        place = peer.get_extra_info("sockname")
        if not listening:
            peer.close()
            await asyncio.sleep(0.01)
        vigil = Vigil(clock, Flow("udp", (HOST, 5060), place, "udp-0"), lambda: told.append("nobody"))
        clock.advance(KNOCK_AFTER)
        if listening:
            await asyncio.wait_for(knocked.wait(), 5.0)
        for _ in range(20):
            await asyncio.sleep(0.005)
        at_once = list(told)
        clock.advance(SILENT_FOR)
        vigil.over()
        assert told == ["nobody"]
        return at_once

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(story()) == ([] if listening else ["nobody"])


def test_a_burst_finds_room() -> None:
    """A UDP socket takes as much as the kernel grants for 4 MB, however many calls come while one is being handled."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as usual:
        usual.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        granted = usual.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    (bound,) = bind_sockets(HOST, 0, socket.SOCK_DGRAM)
    with bound:
        assert bound.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == granted


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_every_address_is_those_of_both_versions(kind: socket.SocketKind) -> None:
    """`::` opens a socket for IPv4 and one for IPv6, on one port."""
    bound = bind_sockets("::", 0, kind)
    assert [one.family for one in bound] == [socket.AF_INET, socket.AF_INET6]
    assert len({one.getsockname()[1] for one in bound}) == 1
    for one in bound:
        one.close()


def test_who_does_not_read_fills_no_memory() -> None:
    """A stream whose peer has left more than 4 MB unread is given up, and no more is kept for it."""

    class Unread:
        def __init__(self) -> None:
            self.unsent, self.aborted = RECEIVE_BUFFER, False
            self.written: list[bytes] = []

        def write(self, data: bytes) -> None:
            self.written.append(data)

        def is_closing(self) -> bool:
            return self.aborted

        def close(self) -> None:
            self.aborted = True

        def abort(self) -> None:
            self.aborted = True

    outlet = Unread()
    listeners = Listeners(lambda _data, _flow: None, lambda _flow: None)
    flow = listeners.attach("ws", (HOST, 1), (HOST, 2), outlet)
    assert flow is not None
    listeners.send(Send(flow, b"the last"))
    outlet.unsent += 1
    listeners.send(Send(flow, b"too much"))
    assert outlet.written == [b"the last"] and outlet.aborted


def test_our_address_towards_a_peer_is_asked_for_again_after_a_while() -> None:
    """A route that was missing while the machine started, or has changed since, does not count for ever."""
    asked = routed.cache_info().misses
    for moment, times in ((0.0, 1), (ROUTE_HOLDS / 2, 1), (ROUTE_HOLDS * 1.5, 2)):
        assert source_address("127.9.8.7", moment) == "127.0.0.1"
        assert routed.cache_info().misses == asked + times

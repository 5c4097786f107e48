"""Datagrams that cannot be sent, on the loop that the server runs on."""

from __future__ import annotations

import asyncio
import os

import pytest
import uvloop

from parley.doors.sip.listeners import ROUTE_HOLDS, Listeners, routed, source_address
from parley.wire.sip.flow import Flow, Send

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


def test_our_address_towards_a_peer_is_asked_for_again_after_a_while() -> None:
    """A route that was missing while the machine started, or has changed since, does not count for ever."""
    asked = routed.cache_info().misses
    for moment, times in ((0.0, 1), (ROUTE_HOLDS / 2, 1), (ROUTE_HOLDS * 1.5, 2)):
        assert source_address("127.9.8.7", moment) == "127.0.0.1"
        assert routed.cache_info().misses == asked + times

"""Datagrams that cannot be sent, on the loop that the server runs on."""

from __future__ import annotations

import asyncio
import os

import pytest
import uvloop

from parley.doors.sip.listeners import Listeners
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

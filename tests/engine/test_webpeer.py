"""A worker process and aiortc, an independent peer: ICE, DTLS-SRTP and Opus over real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from parley.backends.engine.client import EngineClient, WebListening
from parley.core.ids import LegId, MeetingId
from parley.core.leg_inputs import AudioCodec, LegAudio, WebLocal
from parley.core.mediaplan import LegMedia, MediaPlan
from parley.engine import g711, messages
from parley.wire.rtp import build_rtp, parse_rtp
from tests.backends.engine_suite import Told
from tests.kit.addresses import Network, free_ports
from tests.kit.tones import Sound, heard, sine
from tests.kit.webpeer import WebPeer, answer_for, facts_of

SOURCE = str(Path(messages.__file__).resolve().parents[2])  # workers run without installing
_plans = count(1)


class Bench:
    """An engine that listens for browsers on an address of its own, and what it told."""

    def __init__(self, directory: Path) -> None:
        self.network = Network()
        self.engine = EngineClient(
            directory,
            ports=free_ports(40),
            loudest=4,
            dead_after=3.0,
            web=WebListening((self.network.server,), 0),
        )
        self.told = Told()
        self.engine.listen(self.told)
        self._legs: list[LegId] = []

    async def join(self, peer: WebPeer, name: str) -> WebLocal:
        """The peer's offer is answered, and its leg talks and listens in the meeting."""
        offer = await peer.offer()
        local = await self.engine.open_leg(LegId(name), "", facts_of(offer).audio)
        assert isinstance(local, WebLocal)
        await peer.accept(answer_for(offer, local))
        self.gather(name)
        return local

    def gather(self, name: str) -> None:
        self._legs.append(LegId(name))
        legs = tuple(LegMedia(leg, contributes=True, receives=True) for leg in self._legs)
        self.engine.apply(MediaPlan(MeetingId("m"), next(_plans), legs))


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setenv("PYTHONPATH", SOURCE)
    one = Bench(tmp_path)
    await one.engine.start()
    yield one
    await one.engine.stop()


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never held"
        await asyncio.sleep(0.02)


class Phone(asyncio.DatagramProtocol):
    """A PCMU phone that hums, and keeps what it hears at 8 kHz."""

    def __init__(self, frequency: float) -> None:
        self._tone = sine(frequency, 1.0, 8000).reshape(-1, 160)
        self._heard: list[Sound] = []

    @classmethod
    async def call(cls, bench: Bench, name: str, frequency: float) -> Phone:
        loop, address = asyncio.get_running_loop(), bench.network.address()
        transport, phone = await loop.create_datagram_endpoint(lambda: cls(frequency), (address, 0))
        audio = LegAudio(address, transport.get_extra_info("sockname")[1], AudioCodec("pcmu", 0, 8000))
        port = await bench.engine.open_leg(LegId(name), bench.network.server, audio)
        phone.task = asyncio.create_task(phone._hum(transport, (bench.network.server, port)))
        bench.gather(name)
        return phone

    async def _hum(self, transport: asyncio.DatagramTransport, to: tuple[str, int]) -> None:
        due = asyncio.get_running_loop().time()
        for number in count():
            frame = g711.MU.compress(self._tone[number % len(self._tone)])
            transport.sendto(build_rtp(0, number, number * 160, 77, frame), to)
            due += 0.02
            await asyncio.sleep(max(due - asyncio.get_running_loop().time(), 0))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not 192 <= data[1] <= 223:
            self._heard.append(g711.MU.expand(parse_rtp(data).payload))

    def hears(self, frequency: float) -> bool:
        return bool(self._heard) and heard(np.concatenate(self._heard[-100:]), frequency, 8000)


async def test_a_browser_and_a_phone_hear_one_another(bench: Bench) -> None:
    """Checked path, handshake, Opus both ways through the mixer; readiness is told once, who has gone is dead."""
    phone = await Phone.call(bench, "phone", 520)
    async with WebPeer(bench.network.address(), 440) as peer:
        await bench.join(peer, "browser")
        await peer.connected()
        await until(lambda: bench.told.ready)
        await until(lambda: phone.hears(440))
        await until(lambda: heard(peer.heard, 520, peer.rate))
        assert not heard(peer.heard, 440, peer.rate)
        await until(lambda: bench.engine.statistics(LegId("browser")))
        statistics = bench.engine.statistics(LegId("browser"))
        assert statistics is not None and statistics.packets_received > 10 and statistics.packets_lost == 0
        assert bench.told.ready == [LegId("browser")] and bench.told.died == []
    await until(lambda: bench.told.died)
    assert bench.told.died == [LegId("browser")]
    phone.task.cancel()


async def test_another_certificate_than_the_offers_is_refused(bench: Bench) -> None:
    """Whoever answers the handshake with a key that the offer did not name gets no keys and no sound."""
    async with WebPeer(bench.network.address(), 440) as peer:
        offer = await peer.offer()
        facts = facts_of(offer)
        wrong = replace(facts.audio, web=replace(facts.web, fingerprint=":".join(["AB"] * 32)))
        local = await bench.engine.open_leg(LegId("browser"), "", wrong)
        assert isinstance(local, WebLocal)
        await peer.accept(answer_for(offer, local))
        await until(lambda: bench.told.died)
        await peer.reaches("failed")
        assert bench.told.ready == [] and peer.heard.size == 0


async def test_closing_a_leg_tells_the_browser(bench: Bench) -> None:
    """By close_notify: its connection is closed, not left to time out."""
    async with WebPeer(bench.network.address(), 440) as peer:
        await bench.join(peer, "browser")
        await peer.connected()
        bench.engine.close_leg(LegId("browser"))
        await peer.reaches("closed", 3.0)
        assert bench.told.died == []

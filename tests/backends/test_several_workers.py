"""Several real workers, phones of plain UDP: placement, hand-over, and a death that only its own meetings notice."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from pylibsrtp import Error, Policy, Session

from parley.backends.engine.client import EngineClient, WebListening
from parley.backends.engine.opened import OpenedLeg
from parley.core.ids import LegId, MeetingId, SpaceId
from parley.core.leg_inputs import LegAudio, SrtpKeys
from parley.core.mediaplan import LegMedia, MediaPlan
from parley.core.secret import Secret
from parley.engine import g711
from parley.engine import messages as m
from parley.wire.rtp import TelephoneEvent, build_event, build_rtp, is_rtcp, parse_rtp
from tests.backends.engine_suite import LOCAL, PCMU, WEB, Told, a_leg
from tests.backends.test_engine_client import alive, dump, legs_in, until
from tests.kit.addresses import free_port
from tests.kit.stalls import Stalls
from tests.kit.tones import sine, strength

LONG = "AES_CM_128_HMAC_SHA1_80"
KEYS = (bytes([7]) * 30, bytes([8]) * 30)  # the phone's, ours


@pytest.fixture(autouse=True)
def workers_find_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are processes of their own, and the tests run without installing."""
    monkeypatch.setenv("PYTHONPATH", str(Path(m.__file__).resolve().parents[2]))


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[Pool]:
    first = free_port("127.0.0.1") // 2 * 2
    web = WebListening(("127.0.0.1",), 0)
    engine = EngineClient(
        tmp_path, ports=(first, first + 39), loudest=4, dead_after=30.0, outlive=0.0, web=web, workers=2
    )
    await engine.start()
    pids = engine.worker_pids
    told = Told()
    engine.listen(told)
    yield Pool(engine, told)
    await engine.stop()
    assert not any(alive(pid) for pid in pids) and await asyncio.to_thread(tmp_path.rmdir) is None


@dataclass
class Pool:
    """Two workers, and what they told."""

    engine: EngineClient
    told: Told


class Phone:
    """Says a tone from another port than its SDP tells, as behind a NAT; writes down what it hears and when."""

    def __init__(self, engine: EngineClient, tone: int, *, srtp: bool = False) -> None:
        self.engine, self.leg, self.tone = engine, a_leg(), tone
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = 0
        self.sent = 0
        self.sequence = 65_500
        self.heard: list[tuple[float, bytes]] = []
        self.refused = 0
        self.seals: Session | None = None
        if srtp:
            profile = Policy.SRTP_PROFILE_AES128_CM_SHA1_80
            self.seals = Session(Policy(key=KEYS[0], ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
            self.opens = Session(Policy(key=KEYS[1], ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile))

    @property
    def audio(self) -> LegAudio:
        if self.seals is None:
            return PCMU
        theirs, ours = (Secret(_base64(key)) for key in KEYS)
        return replace(PCMU, srtp=SrtpKeys(LONG, theirs, ours))

    async def call(self, space: SpaceId | None = None) -> LegId:
        port = await self.engine.open_leg(self.leg, LOCAL, self.audio, space)
        assert isinstance(port, int)
        self.port = port
        return self.leg

    async def talk(self) -> None:
        """For ever."""
        frames = g711.MU.compress(sine(self.tone, 1.0, 8000))
        due = time.monotonic()
        while True:
            start = self.sent % 50 * 160
            self.send(0, frames[start : start + 160], self.sent * 160)
            due += 0.02
            until_due = due - time.monotonic()
            while until_due > 0:
                await asyncio.sleep(min(0.004, until_due))
                self._take()
                until_due = due - time.monotonic()

    def hold_a_key(self, digit: int, since: int) -> None:
        """since: the timestamp of its press."""
        self.send(101, build_event(TelephoneEvent(digit, False, 10, 160)), since)

    def send(self, kind: int, payload: bytes, timestamp: int) -> None:
        data = build_rtp(kind, self.sequence & 0xFFFF, timestamp, self.tone, payload)
        self.sequence += 1
        self.sent += 1
        self.socket.sendto(data if self.seals is None else self.seals.protect(data), (LOCAL, self.port))

    def _take(self) -> None:
        while True:
            try:
                data = self.socket.recv(2048)
            except BlockingIOError:
                return
            try:
                plain = data if self.seals is None else self.opens.unprotect(data)
            except Error:
                self.refused += 1
                continue
            if not is_rtcp(plain):
                self.heard.append((time.monotonic(), plain))

    def hears(self, tone: int, since: float = 0.0) -> bool:
        """Steadily, in the 0.3 s that came last, all of it since then."""
        newest = [parse_rtp(data).payload for at, data in self.heard[-15:] if at >= since]
        sound = g711.MU.expand(b"".join(newest))
        return len(newest) == 15 and bool((strength(sound, tone, 8000) > 0.15).mean() > 0.8)

    def first_heard(self, tone: int, since: float) -> float:
        """When the first packet came with a whole 20 ms of it."""
        sounds = ((at, g711.MU.expand(parse_rtp(data).payload)) for at, data in self.heard if at >= since)
        return next(at for at, sound in sounds if (strength(sound, tone, 8000) > 0.15).all())

    def gap(self, since: float = 0.0) -> float:
        """The longest time in which nothing came."""
        times = [at for at, _ in self.heard if at >= since]
        return float(np.diff(times).max())

    def steps(self) -> tuple[set[int], set[int]]:
        """By how much sequence numbers and timestamps went on from packet to packet."""
        packets = [parse_rtp(data) for _, data in self.heard]
        sequences = np.diff([packet.sequence for packet in packets]) % 65536
        stamps = np.diff([packet.timestamp for packet in packets]) % 2**32
        assert len({packet.ssrc for packet in packets}) == 1
        return {int(step) for step in sequences}, {int(step) for step in stamps}


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode()


@asynccontextmanager
async def talking(*phones: Phone) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(phone.talk()) for phone in phones]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for phone in phones:
            phone.socket.close()


def plan(meeting: str, number: int, space: SpaceId, *legs: LegId) -> MediaPlan:
    entries = tuple(LegMedia(leg, contributes=True, receives=True) for leg in legs)
    return MediaPlan(MeetingId(meeting), number, entries, space)


def worker_of(engine: EngineClient, leg: LegId) -> int:
    return engine._legs[leg].worker.index


def descriptors(engine: EngineClient) -> int:
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in engine.worker_pids)


async def test_a_space_is_on_one_worker(pool: Pool) -> None:
    """Phones and browsers who call a space come to the worker of those before them, others to the one with the fewest
    legs; each worker has a port of its own for browsers."""
    engine, spaces = pool.engine, [SpaceId("s0"), SpaceId("s1")]
    phones = [Phone(engine, 400 + number) for number in range(4)]
    for number, phone in enumerate(phones):
        await phone.call(spaces[number % 2])
    assert [worker_of(engine, phone.leg) for phone in phones] == [0, 1, 0, 1]
    ends = []
    for space in spaces:
        browser = a_leg()
        ends.append(await engine.open_leg(browser, "", WEB, space))
        assert worker_of(engine, browser) == spaces.index(space)
    assert len({end.port for end in ends if not isinstance(end, int)}) == 2
    engine.apply(plan("m", 1, spaces[1], phones[1].leg))
    engine.close_leg(phones[1].leg)
    engine.close_leg(phones[3].leg)
    assert await Phone(engine, 500).call(spaces[1]) and engine._homes[MeetingId("m")].index == 1
    for phone in phones:
        phone.socket.close()


async def test_each_worker_tells_how_it_keeps_its_time(pool: Pool) -> None:
    """About once a second, in numbers of its own; who has died tells nothing."""
    engine = pool.engine
    await until(lambda: len(engine.loads) == 2)
    assert [load["worker"] for load in engine.loads] == [0, 1]
    assert all(load["ticks"] >= 50 and 0 <= load["busy_percent"] <= 100 for load in engine.loads)
    victim = engine._workers[0]
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    await until(lambda: [load["worker"] for load in engine.loads] == [1])


async def test_a_meeting_of_nobody_has_its_place(pool: Pool) -> None:
    """As one that an API has opened, or whose legs a dead worker took along: who comes first comes to where it is."""
    engine, space = pool.engine, SpaceId("s")
    other, first = Phone(engine, 400), Phone(engine, 500)
    await other.call()
    engine.apply(plan("m", 1, space))
    assert engine._homes[MeetingId("m")].index == 1
    await first.call(space)
    engine.apply(plan("m", 2, space, first.leg))
    assert worker_of(engine, first.leg) == 1
    for phone in (other, first):
        phone.socket.close()


@pytest.mark.parametrize("srtp", [False, True], ids=["plain", "srtp"])
async def test_a_caller_of_the_global_prompts_is_handed_over(pool: Pool, srtp: bool) -> None:
    """He comes in on another worker than the meeting's. Let in, his streams go on there: one SSRC, no number left out
    either way, no gap over 60 ms; a key that he holds is one digit, and he hears and is heard. So also when he is moved
    on to meetings of other workers."""
    engine, space, other = pool.engine, SpaceId("s"), SpaceId("t")
    host, guest = Phone(engine, 400), Phone(engine, 900, srtp=srtp)
    await host.call(space)
    await guest.call()
    assert (worker_of(engine, host.leg), worker_of(engine, guest.leg)) == (0, 1)
    engine.apply(plan("m", 1, space, host.leg))
    gaps = []
    async with talking(host, guest):
        await asyncio.sleep(1.0)
        pressed = guest.sent * 160
        guest.hold_a_key(5, pressed)
        await until(lambda: pool.told.digits)
        for number in (2, 4, 6):  # the machine may stand still in one of them
            gaps.append(await handed_over(engine, guest, plan("m", number, space, host.leg, guest.leg), 0))
            guest.hold_a_key(5, pressed)
            await until(lambda: guest.hears(400) and host.hears(900))
            if number < 6:
                engine.apply(plan("m", number + 1, space, host.leg))
                engine.apply(MediaPlan(MeetingId("t"), number, ()))
                engine._homes[MeetingId("t")] = engine._workers[1]
                gaps.append(await handed_over(engine, guest, plan("t", number + 1, other, guest.leg), 1))
        sent = guest.sent
        await until(lambda: (found := engine.statistics(guest.leg)) and found.packets_received >= sent)
    print("gaps at hand-overs in ms:", *(round(gap * 1000) for gap in gaps))
    sequences, stamps = guest.steps()
    assert sequences == {1} and not any(step % 160 for step in stamps) and guest.refused == 0
    assert min(gaps) < 0.06
    legs = (await dump(engine, 0)).state["legs"]
    assert legs[guest.leg]["packets_lost"] == 0 and legs[guest.leg]["port"] == guest.port
    assert guest.leg not in (await dump(engine, 1)).state["legs"]
    assert [digit for _, digit in pool.told.digits] == ["5"] and pool.told.died == []


async def handed_over(engine: EngineClient, guest: Phone, newest: MediaPlan, to: int) -> float:
    """By a plan of a meeting elsewhere; the longest gap meanwhile, in seconds."""
    began = time.monotonic()
    engine.apply(newest)
    await until(lambda: worker_of(engine, guest.leg) == to and engine._legs[guest.leg].ready.is_set())
    await asyncio.sleep(0.1)
    return guest.gap(began - 0.05)


async def test_a_hand_over_that_goes_wrong_keeps_no_other_waiting(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of ours with one leg: those that are to go after it go."""
    engine, space = pool.engine, SpaceId("s")
    host, first, other, second = (Phone(engine, 400 + number) for number in range(4))
    await host.call(space)
    for phone in (first, other, second):
        await phone.call()
    assert [worker_of(engine, phone.leg) for phone in (first, second)] == [1, 1]
    go_on = engine._hand_over._go_on

    def breaking(opened: OpenedLeg) -> None:
        if opened.leg == first.leg:
            raise RuntimeError("a mistake of ours")
        go_on(opened)

    monkeypatch.setattr(engine._hand_over, "_go_on", breaking)
    engine.apply(plan("m", 1, space, host.leg))
    engine.apply(plan("m", 2, space, host.leg, first.leg, second.leg))
    await until(lambda: worker_of(engine, second.leg) == 0 and engine._legs[second.leg].ready.is_set())
    for phone in (host, first, other, second):
        phone.socket.close()


async def test_legs_go_to_and_fro_and_leave_nothing(pool: Pool) -> None:
    """Between meetings of two workers, twenty times: no descriptor stays, and closing finds it wherever it is."""
    engine = pool.engine
    hosts, guest = [Phone(engine, 400), Phone(engine, 500)], Phone(engine, 900)
    for number, host in enumerate(hosts):
        await host.call(SpaceId(f"s{number}"))
        engine.apply(plan(f"m{number}", 1, SpaceId(f"s{number}"), host.leg))
    await guest.call()
    before = descriptors(engine)
    for number in range(2, 22):
        to = number % 2
        engine.apply(plan(f"m{1 - to}", number, SpaceId(f"s{1 - to}"), hosts[1 - to].leg))
        engine.apply(plan(f"m{to}", number, SpaceId(f"s{to}"), hosts[to].leg, guest.leg))
        await engine.change_leg(guest.leg, replace(PCMU, packet_ms=20))
    await until(lambda: worker_of(engine, guest.leg) == 1 and engine._legs[guest.leg].ready.is_set())
    assert await legs_in(engine, MeetingId("m1")) == [hosts[1].leg, guest.leg]
    assert descriptors(engine) == before
    engine.apply(plan("m0", 30, SpaceId("s0"), hosts[0].leg, guest.leg))
    engine.close_leg(guest.leg)  # in the midst of it
    await asyncio.sleep(0.2)
    states = [(await dump(engine, worker)).state["legs"] for worker in (0, 1)]
    assert not any(guest.leg in legs for legs in states) and descriptors(engine) == before - 2
    assert pool.told.died == []
    for phone in (*hosts, guest):
        phone.socket.close()


@pytest.mark.parametrize("dies", ["giver", "taker"])
async def test_a_worker_that_dies_in_a_hand_over_loses_nobody(pool: Pool, dies: str) -> None:
    """Whoever of the two is killed in the midst of it: the leg is open on one of them soon, on its port."""
    engine, space = pool.engine, SpaceId("s")
    host, guest = Phone(engine, 400), Phone(engine, 900)
    await host.call(space)
    await guest.call()
    engine.apply(plan("m", 1, space, host.leg))
    victim = engine._workers[1 if dies == "giver" else 0]
    async with talking(host, guest):
        await asyncio.sleep(1.2)
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGSTOP)
        engine.apply(plan("m", 2, space, host.leg, guest.leg))
        await asyncio.sleep(0.1)
        os.kill(victim.pid, signal.SIGKILL)
        await until(lambda: guest.hears(400) and host.hears(900) and len(engine.worker_pids) == 2, 8.0)
    assert sorted(await legs_in(engine, MeetingId("m"))) == sorted([host.leg, guest.leg])
    assert pool.told.died == []


async def killed_and_heard_again(engine: EngineClient, one: Phone, other: Phone) -> float:
    """Seconds from the death of the first worker until both hear one another."""
    pid = engine.worker_pid
    assert pid is not None
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    since = began + 0.05  # what was on its way has come by then
    await until(lambda: one.hears(other.tone, since) and other.hears(one.tone, since), 15.0)
    return max(one.first_heard(other.tone, since), other.first_heard(one.tone, since)) - began


@pytest.mark.parametrize("srtp", [False, True], ids=["plain", "srtp"])
async def test_callers_hear_their_meeting_again_after_a_workers_death(pool: Pool, srtp: bool) -> None:
    """Within two seconds, without a word of theirs, also behind a NAT and after the sequence number has turned; those
    on the other worker notice nothing."""
    engine, spaces = pool.engine, [SpaceId("s0"), SpaceId("s1")]
    phones = [Phone(engine, tone, srtp=srtp) for tone in (400, 900, 600, 1300)]
    for number, phone in enumerate(phones):
        await phone.call(spaces[number // 2])
    for number, space in enumerate(spaces):
        engine.apply(plan(f"m{number}", 1, space, *(phone.leg for phone in phones[number * 2 : number * 2 + 2])))
    async with talking(*phones):
        await until(lambda: phones[0].hears(900) and phones[1].hears(400) and phones[2].hears(1300))
        await until(lambda: all((opened := engine._legs[phone.leg].stream) and opened.source for phone in phones))
        await asyncio.sleep(1.1)
        with Stalls() as stalls:
            times = [await killed_and_heard_again(engine, phones[0], phones[1])]
            while times[-1] >= 2.0 and len(times) < 3:  # others may want the processor just then
                times.append(await killed_and_heard_again(engine, phones[0], phones[1]))
    print("heard again after seconds:", *(round(seconds, 2) for seconds in times), f"gap {phones[0].gap():.2f} s")
    assert times[-1] < 2.0
    for other in phones[2:]:
        assert other.gap() < 0.1 + 2 * stalls.longest and other.steps()[0] == {1}
    assert pool.told.died == [] and {phone.refused for phone in phones} == {0}

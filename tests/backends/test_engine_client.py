"""The engine's client over a real worker process: the port's suite, and the worker's deaths."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from parley.app.ports import MediaUnavailable
from parley.app.troubles import Troubles
from parley.backends.engine import worker as worker_module
from parley.backends.engine.client import EngineClient, WebListening
from parley.backends.engine.pace import EVERY
from parley.backends.engine.worker import WorkerDied, WorkerLink
from parley.core.ids import MeetingId
from parley.core.leg_inputs import WebLocal
from parley.engine import messages as m
from tests.backends.engine_suite import LOCAL, PCMU, PORTS, Bench, EngineSuite, Told, a_leg, plan
from tests.backends.engine_suite import WEB as WEB_AUDIO
from tests.kit.addresses import free_ports
from tests.kit.manual_clock import ManualClock

ROOM = 2 * PORTS  # ports: room for PORTS legs


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never held"
        await asyncio.sleep(0.02)


def client(directory: Path, ports: tuple[int, int] | None = None, *, outlive: float = 0.0) -> EngineClient:
    web = WebListening(("127.0.0.1",), 0)
    return EngineClient(
        directory, ports=ports or free_ports(ROOM), loudest=4, dead_after=30.0, outlive=outlive, web=web
    )


def alive(pid: int | None) -> bool:
    """Is there still a process of this id?"""
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(autouse=True)
def workers_find_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are processes of their own, and the tests run without installing."""
    monkeypatch.setenv("PYTHONPATH", str(Path(m.__file__).resolve().parents[2]))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    ports = free_ports(ROOM)
    engines = [client(tmp_path, ports, outlive=20.0)]
    await engines[0].start()

    async def lose_worker() -> None:
        pid = engines[-1].worker_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: engines[-1].worker_pid not in {None, pid})

    async def control_again() -> EngineClient:
        desert(engines[-1])
        engines.append(client(tmp_path, ports, outlive=20.0))
        await engines[-1].start()
        return engines[-1]

    made = Bench(engines[0], until, asyncio.sleep, lose_worker, control_again)
    yield made
    pid = engines[-1].worker_pid
    await engines[-1].stop()
    await until(lambda: pid is None or not alive(pid))  # its parent, which is this process, learns of it by and by


def desert(engine: EngineClient) -> None:
    """As when control is killed: its end of each channel is gone, and nobody says goodbye."""
    for worker in engine._workers:
        link = worker.link
        assert link is not None and link._writer is not None
        link._dead = True
        for task in link._tasks:
            task.cancel()
        link._writer.transport.abort()


def engine_of(bench: Bench) -> EngineClient:
    assert isinstance(bench.engine, EngineClient)
    return bench.engine


async def dump(engine: EngineClient, worker: int = 0) -> m.Dump:
    await asyncio.sleep(2 * EVERY)  # every plan so far is on its way
    answer = await engine._workers[worker].ask(lambda number: m.GetDump(id=number))
    assert isinstance(answer, m.Dump)
    return answer


async def legs_in(engine: EngineClient, meeting: MeetingId) -> list[str]:
    found: list[str] = []
    for worker in range(len(engine._workers)):
        state = (await dump(engine, worker)).state
        found += state["meetings"].get(meeting, {}).get("legs", [])
    return found


class TestEngineClient(EngineSuite):
    async def legs_of(self, bench: Bench, meeting: MeetingId) -> list[str]:
        return await legs_in(engine_of(bench), meeting)


async def test_a_killed_worker_is_replaced(bench: Bench, tmp_path: Path) -> None:
    """A new one has every phone's leg on the port it had, the newest plan, brands and what was playing, within two
    seconds, and nobody is told of anything; a browser's leg is lost, and there again when its far end is described
    anew."""
    engine = engine_of(bench)
    meeting, legs, browser = MeetingId("m"), [a_leg(), a_leg()], a_leg()
    ports = [await engine.open_leg(leg, LOCAL, PCMU) for leg in legs]
    before = await engine.open_leg(browser, "", WEB_AUDIO)
    engine.apply(plan(meeting, 5, *legs, browser))
    (tmp_path / "welcome.pcm").write_bytes(bytes(9600))
    for brand in ("ours", "gone"):
        engine.load_prompts(brand, {"welcome": tmp_path / "welcome.pcm"})
    engine.load_prompts("gone", {})
    assert (await dump(engine)).state["brands"] == {"ours": ["welcome"]}
    engine.apply(plan(meeting, 4))  # an older one must not be what the new worker gets
    engine.play(legs[0], 3, ["welcome"], "en")
    pid = engine.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    await until(lambda: engine.worker_pid is None)
    changed = replace(PCMU, sends=False)
    assert await engine.change_leg(legs[1], changed) is None  # waits for the next worker
    assert time.monotonic() - began < 2.0 and not alive(pid)
    await until(lambda: bench.told.lost)
    state = (await dump(engine)).state
    assert [state["legs"][leg]["port"] for leg in legs] == ports
    assert [state["legs"][leg]["sends"] for leg in legs] == [True, False]
    assert state["brands"] == {"ours": ["welcome"]}
    assert state["meetings"][meeting]["number"] == 5 and await legs_in(engine, meeting) == legs
    await until(lambda: bench.told.ended)
    assert bench.told.ended == [(legs[0], 3)]
    assert bench.told.died == [] and bench.told.lost == [browser]
    after = await engine.change_leg(browser, WEB_AUDIO)
    assert isinstance(before, WebLocal) and isinstance(after, WebLocal) and after.fingerprint != before.fingerprint
    assert sorted(await legs_in(engine, meeting)) == sorted([*legs, browser])


async def test_a_worker_that_dies_again_and_again_is_given_up(bench: Bench) -> None:
    """One of its legs may be what kills it: after five deaths they are told dead and closed."""
    engine = engine_of(bench)
    leg = a_leg()
    await engine.open_leg(leg, LOCAL, PCMU)
    engine._workers[0].deaths = 5
    assert engine.worker_pid is not None
    os.kill(engine.worker_pid, signal.SIGKILL)
    await until(lambda: bench.told.died)
    assert bench.told.died == [leg]
    with pytest.raises(MediaUnavailable):
        await engine.change_leg(leg, PCMU)


async def test_a_worker_is_taken_over(tmp_path: Path) -> None:
    """By the next control: same process, ports and streams; what was heard meanwhile is told after `keep`, what is not
    kept is closed, and plans are numbered anew."""
    ports = free_ports(ROOM)
    first = client(tmp_path, ports, outlive=20.0)
    await first.start()
    pid, meeting, legs = first.worker_pid, MeetingId("m"), [a_leg(), a_leg()]
    opened = [await first.open_leg(leg, LOCAL, PCMU) for leg in legs]
    first.apply(plan(meeting, 7, *legs))
    first.apply(plan(MeetingId("other"), 7))
    first.play(legs[0], 3, ["welcome"], "x-test")
    assert await legs_in(first, meeting) == legs
    desert(first)
    await asyncio.sleep(1.5)  # the prompt ends
    second = client(tmp_path, ports, outlive=20.0)
    await second.start()
    told = Told()
    second.listen(told)
    assert second.worker_pid == pid and second.found() == frozenset(legs)
    await until(lambda: second.statistics(legs[0]))
    assert told.ended == [] and await legs_in(second, meeting) == legs
    second.keep(legs[:1], [meeting])
    assert told.ended == [(legs[0], 3)]
    assert await legs_in(second, meeting) == legs[:1] and second.found() == frozenset()
    assert "other" not in (await dump(second)).state["meetings"]
    second.apply(plan(meeting, 1))
    assert await legs_in(second, meeting) == []
    await second.change_leg(legs[0], replace(PCMU, sends=False))
    with pytest.raises(MediaUnavailable):
        await second.change_leg(legs[1], PCMU)
    assert await second.open_leg(a_leg(), LOCAL, PCMU) not in opened[:1]
    await second.stop()
    assert not alive(pid) and told.died == []


async def test_a_worker_that_does_not_fit_is_replaced(tmp_path: Path) -> None:
    """Other ports while legs are open: it is ended, and a new one serves."""
    first = client(tmp_path, outlive=20.0)
    await first.start()
    pid = first.worker_pid
    await first.open_leg(a_leg(), LOCAL, PCMU)
    desert(first)
    second = client(tmp_path, free_ports(ROOM), outlive=20.0)
    await second.start()
    assert second.found() == frozenset() and second.worker_pid != pid
    second.keep((), ())
    assert await second.open_leg(a_leg(), LOCAL, PCMU)
    await second.stop()


async def test_a_port_for_browsers_that_is_taken_is_said(tmp_path: Path) -> None:
    """The start raises and names it; an address that is not this machine's is passed over where another is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        taken = holder.getsockname()[1]
        wish = WebListening(("127.0.0.1",), taken)
        engine = EngineClient(tmp_path, ports=free_ports(ROOM), loudest=4, dead_after=30.0, web=wish)
        with pytest.raises(WorkerDied, match=str(taken)):
            await engine.start()
        await engine.stop()
    wish = WebListening(("192.0.2.250", "127.0.0.1", "::1"), 0)
    engine = EngineClient(tmp_path, ports=free_ports(ROOM), loudest=4, dead_after=30.0, web=wish)
    await engine.start()
    end = await engine.open_leg(a_leg(), "", WEB_AUDIO)
    assert isinstance(end, WebLocal) and end.addresses == ("127.0.0.1", "::1")
    await engine.stop()


async def test_while_no_worker_lives_media_is_unavailable(bench: Bench) -> None:
    """At once, without waiting; wishes that return at once do nothing and a plan is kept for the next worker."""
    engine = engine_of(bench)
    leg = a_leg()
    await engine.open_leg(leg, LOCAL, PCMU)
    pid = engine.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await until(lambda: engine.worker_pid is None)
    with pytest.raises(MediaUnavailable):
        await engine.open_leg(a_leg(), LOCAL, PCMU)
    engine.play(leg, 1, ["welcome"], "en")
    engine.stop_playing(leg)
    engine.close_leg(leg)
    engine.apply(plan(MeetingId("kept"), 1))
    engine.drop(MeetingId("other"))
    assert engine.statistics(leg) is None
    await until(lambda: engine.worker_pid is not None, 3.0)
    assert "kept" in (await dump(engine)).state["meetings"]


async def test_a_worker_that_does_not_answer_is_dead(bench: Bench) -> None:
    """A stopped process is asked every second and waited for two; then it is killed and replaced, once."""
    engine = engine_of(bench)
    leg = a_leg()
    await engine.open_leg(leg, LOCAL, PCMU)
    pid = engine.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(MediaUnavailable):
        await engine.open_leg(a_leg(), LOCAL, PCMU)
    assert 0.9 < time.monotonic() - began < 2.5
    await until(lambda: not alive(pid))
    await until(lambda: engine.worker_pid is not None, 3.0)
    await until(lambda: engine.statistics(leg))
    assert bench.told.died == []
    assert await engine.open_leg(a_leg(), LOCAL, PCMU)
    ours = [task for task in asyncio.all_tasks() if "WorkerLink" in str(task.get_coro())]
    assert len(ours) == 2  # the new one's reader and its ping; none of the dead one's


async def test_stopping_leaves_no_process(tmp_path: Path) -> None:
    """In the middle of its life, and while a new one is being started after a death."""
    engine = client(tmp_path)
    await engine.start()
    pid = engine.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await until(lambda: engine.worker_pid is None)
    await until(lambda: children() - {pid}, 3.0)  # the next one's process is there, its channel is not yet
    await engine.stop()
    assert children() == set()
    assert not (tmp_path / "media-0.sock").exists()


def children() -> set[int]:
    """Ids of the media workers that this process has started and that run."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if parent == os.getpid() and b"parley.engine" in words:
            found.add(int(entry.name))
    return found


async def test_a_worker_that_cannot_start_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    """The socket's directory is gone: the start raises, no process stays, and nobody is told of a death."""
    deaths: list[str] = []
    link = WorkerLink(
        tmp_path / "missing" / "media.sock",
        lambda number: m.Configure(id=number, port_low=40_000, port_high=40_001),
        lambda _message: None,
        lambda: deaths.append("died"),
    )
    with pytest.raises(WorkerDied):
        await link.start()
    assert deaths == [] and children() == set()


async def test_a_worker_that_falls_silent_at_its_start_is_given_up_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It listens and never answers its settings: the start raises and nobody is told of a death besides."""
    monkeypatch.setattr(worker_module, "ANSWER_WITHIN", 0.2)
    deaths: list[str] = []

    def stopping(number: int) -> m.Configure:
        assert link.pid is not None
        os.kill(link.pid, signal.SIGSTOP)
        return m.Configure(id=number, port_low=40_000, port_high=40_001)

    link = WorkerLink(tmp_path / "media.sock", stopping, lambda _message: None, lambda: deaths.append("died"))
    with pytest.raises(WorkerDied):
        await link.start()
    assert deaths == [] and children() == set()


async def test_a_port_opened_by_a_worker_that_died_since_is_none(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer and its end arrive together: the leg must not go on without media and without being told."""
    engine = engine_of(bench)
    link = engine._workers[0].link
    assert link is not None
    ask = link.ask

    async def dies_after(build: worker_module.Builder) -> m.Response:
        answer = await ask(build)
        link._die("in the same moment")
        return answer

    monkeypatch.setattr(link, "ask", dies_after)
    with pytest.raises(MediaUnavailable):
        await engine.open_leg(a_leg(), LOCAL, PCMU)


# --- the schema between them -------------------------------------------------------------------------------------

CODEC = m.Codec(name="opus", payload_type=111, clock_rate=48_000)
FAR = m.WebRemote(ufrag="farfar", password="p" * 24, fingerprint="AB:CD", setup="active", level_extension=3)
NEAR = m.WebLocal(port=10_000, ufrag="near", password="q" * 24, fingerprint="EF:01", addresses=("::1", "127.0.0.1"))
WEB = m.LegMedia(remote_host="", remote_port=0, codec=m.Codec(name="opus", payload_type=96, clock_rate=48_000), web=FAR)
MEDIA = m.LegMedia(remote_host="127.0.0.1", remote_port=4000, codec=CODEC, dtmf_payload_type=101, sends=False)
STREAM = m.StreamState(source=("::1", 5), reports_from=("::1", 6), heard={7: 70_000})
LEG_PLAN = m.LegPlan(
    leg="l", contributes=True, gain=0.5, announcement="welcome", language="pt", repeat_ms=30_000, agc=True
)
REQUESTS: list[m.Message] = [
    m.Configure(id=1, port_low=20_000, port_high=20_999, loudest=3, dead_after_ms=500),
    m.Configure(id=1, port_low=2, port_high=5, web_listen=("::1",), web_port=7, web_addresses=("192.0.2.1",)),
    m.OpenLeg(id=2, leg="l", local="::1", media=MEDIA),
    m.OpenLeg(id=2, leg="l", local="", media=WEB),
    m.SetMedia(id=3, leg="l", media=MEDIA),
    m.CloseLeg(id=4, leg="l"),
    m.Play(id=5, leg="l", play=9, prompts=("welcome", "enter-id"), language="zh"),
    m.StopPlaying(id=6, leg="l"),
    m.SendDigits(id=5, leg="a", digits="12,#", ms=100),
    m.Announce(id=6, meeting="m", prompt="join-tone", legs=("l", "k"), language="zh", brand="ours"),
    m.LoadPrompts(id=6, brand="ours", files={"welcome": "/var/lib/welcome.pcm"}),
    m.SetPlan(id=7, meeting="m", number=3, legs=(LEG_PLAN, m.LegPlan(leg="k"))),
    m.DropMeeting(id=8, meeting="m"),
    m.Ping(id=9),
    m.GetDump(id=10),
    m.GetFound(id=12),
    m.GiveLeg(id=14, leg="l", to="/run/media-1.legs"),
    m.TakeLeg(id=15, leg="l"),
    m.OpenLeg(id=2, leg="l", local="::1", media=MEDIA, port=20_000, stream=STREAM),
    m.Keep(id=13, legs=("l",), meetings=()),
    m.Shutdown(),
    m.Ack(seq=11),
]
REPLIES: list[m.Message] = [
    m.Done(id=1),
    m.LegOpened(id=2, port=20_000),
    m.LegOpened(id=2, port=10_000, web=NEAR),
    m.Found(id=3, legs={"l": m.FoundLeg(local="::1", port=20_000, media=MEDIA)}, meetings=("m",)),
    m.Dump(id=3, state={"legs": {"l": [1, 2.5, None, "x"]}}),
    m.Failed(id=4, code="no-port", text="none left"),
    m.DigitHeard(seq=1, leg="l", digit="#"),
    m.MediaReady(seq=2, leg="l"),
    m.PlayEnded(seq=2, leg="l", play=9),
    m.MediaDead(seq=3, leg="l", silent_ms=30_000),
    m.Statistics(legs={}, streams={"l": STREAM}),
    m.Statistics(legs={"l": m.LegStatistics(codec="pcmu", packets_received=5, level=-20, losses=m.LossRuns(bursts=1))}),
    m.Quality(legs={"l": m.LegQuality(codec="opus", received=250, lost=2, round_trip_ms=31.5, far_loss_percent=0.4)}),
    m.Speakers(meeting="m", legs=("l", "k")),
    m.Health(ticks=50, late_ticks=1, worst_late_ms=6.5, busy_ratio=0.25),
    m.Log(level="info", text="ä", dropped=2),
]


def test_the_table_names_every_message() -> None:
    """A new message has a sample, so that these tests cover it."""
    kinds = {kind for kind in vars(m).values() if isinstance(kind, type) and issubclass(kind, m.Message)}
    assert {type(message) for message in REQUESTS + REPLIES} == kinds - {m.Message}


@pytest.mark.parametrize("message", REQUESTS + REPLIES, ids=lambda message: type(message).__name__)
def test_every_message_comes_back_as_it_was(message: m.Message) -> None:
    """One frame, cut anywhere, gives an equal message; the other direction does not read it."""
    data = m.encode(message)
    framer = m.Framer()
    bodies = [body for byte in data for body in framer.feed(bytes([byte]))]
    read, other = (m.decode_request, m.decode_reply) if message in REQUESTS else (m.decode_reply, m.decode_request)
    assert [read(body) for body in bodies] == [message]
    with pytest.raises(ValueError):
        other(bodies[0])


def test_frames_that_come_together_are_cut_apart() -> None:
    """And one over the bound is refused before it is awaited."""
    framer = m.Framer()
    assert len(framer.feed(b"".join(m.encode(message) for message in REPLIES))) == len(REPLIES)
    with pytest.raises(ValueError, match="frame of"):
        framer.feed((m.MAX_FRAME + 1).to_bytes(4, "big"))


async def test_a_range_that_is_used_up_is_not_searched_for_each_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood of calls must not keep the worker at looking through all ports, which is all that it would do: it is
    asked once. With the next port that is given back there is room again. A worker that dies is a trouble until
    the next one serves."""
    troubles = Troubles(ManualClock())
    engine = EngineClient(tmp_path, ports=free_ports(2), loudest=4, dead_after=30.0, troubles=troubles)
    await engine.start()
    asked: list[int] = []
    real = engine._workers[0].ask

    async def counted(build: Callable[[int], m.Message]) -> m.Response:
        asked.append(1)
        return await real(build)

    monkeypatch.setattr(engine._workers[0], "ask", counted)
    first = a_leg()
    await engine.open_leg(first, LOCAL, PCMU)
    for _ in range(20):
        with pytest.raises(MediaUnavailable, match="no free pair"):
            await engine.open_leg(a_leg(), LOCAL, PCMU)
    assert len(asked) == 2
    engine.close_leg(first)
    await engine.open_leg(a_leg(), LOCAL, PCMU)
    pid = engine.worker_pid
    assert pid is not None and not troubles.now()
    os.kill(pid, signal.SIGKILL)
    await until(lambda: [trouble.what for trouble in troubles.now()] == ["media worker 0 is down"])
    await until(lambda: not troubles.now())
    await engine.stop()

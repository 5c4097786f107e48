"""What every MediaEngine does. A test class gives a `bench`: an engine, and how time passes for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest

from parley.app.ports import MediaEngine, MediaUnavailable
from parley.core.ids import LegId, MeetingId
from parley.core.leg_inputs import AudioCodec, LegAudio, WebLocal, WebRemote
from parley.core.mediaplan import LegMedia, MediaPlan
from parley.core.meeting_inputs import Announce
from parley.core.quality import QualityWindow
from parley.core.secret import Secret

PCMU = LegAudio("127.0.0.1", 9, AudioCodec("pcmu", 0, 8000), dtmf_payload_type=101)
OPUS = LegAudio("127.0.0.1", 9, AudioCodec("opus", 111, 48000), dtmf_payload_type=101)
FAR = WebRemote("farfar", Secret("p" * 24), ":".join(["5A"] * 32), level_extension=1)
WEB = LegAudio("", 0, AudioCodec("opus", 111, 48000), dtmf_payload_type=101, web=FAR)
LOCAL = "127.0.0.1"
PORTS = 3  # legs that have room at the same time
_names = count(1)


@dataclass
class Told:
    """An EngineListener that writes down."""

    digits: list[tuple[LegId, str]] = field(default_factory=list)
    ended: list[tuple[LegId, int]] = field(default_factory=list)
    ready: list[LegId] = field(default_factory=list)
    died: list[LegId] = field(default_factory=list)
    lost: list[LegId] = field(default_factory=list)
    windows: list[tuple[LegId, QualityWindow]] = field(default_factory=list)

    def digit(self, leg: LegId, digit: str) -> None:
        self.digits.append((leg, digit))

    def play_ended(self, leg: LegId, play: int) -> None:
        self.ended.append((leg, play))

    def media_ready(self, leg: LegId) -> None:
        self.ready.append(leg)

    def quality(self, leg: LegId, window: QualityWindow) -> None:
        self.windows.append((leg, window))

    def media_died(self, leg: LegId) -> None:
        self.died.append(leg)

    def media_lost(self, leg: LegId) -> None:
        self.lost.append(leg)


@dataclass
class Bench:
    """until(condition): let time pass until it holds, seconds at most; wait(seconds): let it pass.

    lose_worker(): the worker dies, and another takes its place. control_again(): control dies; the engine of the next.
    """

    engine: MediaEngine
    until: Callable[[Callable[[], object]], Awaitable[None]]
    wait: Callable[[float], Awaitable[None]]
    lose_worker: Callable[[], Awaitable[None]]
    control_again: Callable[[], Awaitable[MediaEngine]]
    told: Told = field(default_factory=Told)

    def __post_init__(self) -> None:
        self.engine.listen(self.told)


def a_leg() -> LegId:
    """A name that no test has used yet."""
    return LegId(f"leg-{next(_names)}")


def plan(meeting: MeetingId, number: int, *legs: LegId) -> MediaPlan:
    return MediaPlan(meeting, number, tuple(LegMedia(leg, contributes=True, receives=True) for leg in legs))


async def open_web(bench: Bench, leg: LegId) -> WebLocal:
    end = await bench.engine.open_leg(leg, "", WEB)
    assert isinstance(end, WebLocal)
    return end


class EngineSuite:
    async def test_a_port_is_even_and_its_own(self, bench: Bench) -> None:
        """Each open leg has an even port that no other has (RFC 3550 section 11); closed, it can be had again."""
        legs = [a_leg() for _ in range(PORTS)]
        ports = [await bench.engine.open_leg(leg, LOCAL, PCMU) for leg in legs]
        assert len(set(ports)) == PORTS and not any(port % 2 for port in ports)
        for leg in legs:
            bench.engine.close_leg(leg)
        again = a_leg()
        assert await bench.engine.open_leg(again, LOCAL, OPUS)
        bench.engine.close_leg(again)

    async def test_without_a_free_port_media_is_unavailable(self, bench: Bench) -> None:
        """And nothing of the refused leg stays; with a port closed there is room again."""
        legs = [a_leg() for _ in range(PORTS)]
        for leg in legs:
            await bench.engine.open_leg(leg, LOCAL, PCMU)
        late = a_leg()
        with pytest.raises(MediaUnavailable):
            await bench.engine.open_leg(late, LOCAL, PCMU)
        with pytest.raises(MediaUnavailable):
            await bench.engine.change_leg(late, PCMU)
        bench.engine.close_leg(legs.pop())
        legs.append(late)
        await bench.engine.open_leg(late, LOCAL, PCMU)
        for leg in legs:
            bench.engine.close_leg(leg)

    async def test_media_of_an_open_leg_changes(self, bench: Bench) -> None:
        """Another address, another codec, hold: as often as the far end likes."""
        leg = a_leg()
        await bench.engine.open_leg(leg, LOCAL, PCMU)
        for audio in (replace(PCMU, sends=False, receives=False), OPUS, replace(OPUS, remote_port=4000)):
            await bench.engine.change_leg(leg, audio)
        bench.engine.close_leg(leg)

    async def test_media_of_a_leg_that_is_not_open_cannot_change(self, bench: Bench) -> None:
        """Never opened, or closed again."""
        leg = a_leg()
        with pytest.raises(MediaUnavailable):
            await bench.engine.change_leg(leg, PCMU)
        await bench.engine.open_leg(leg, LOCAL, PCMU)
        bench.engine.close_leg(leg)
        with pytest.raises(MediaUnavailable):
            await bench.engine.change_leg(leg, PCMU)

    async def test_browsers_share_a_port_and_have_their_own_credentials(self, bench: Bench) -> None:
        """They take none of the phones' ports, and all see one fingerprint of SHA-256."""
        phones, browsers = [a_leg() for _ in range(PORTS)], [a_leg() for _ in range(PORTS + 1)]
        for leg in phones:
            await bench.engine.open_leg(leg, LOCAL, PCMU)
        ends = [await open_web(bench, leg) for leg in browsers]
        assert len({(end.port, end.fingerprint, end.addresses) for end in ends}) == 1
        assert len({end.ufrag for end in ends}) == len({end.password.reveal() for end in ends}) == len(ends)
        assert ends[0].port > 0 and ends[0].addresses and len(ends[0].fingerprint.split(":")) == 32
        for leg in phones + browsers:
            bench.engine.close_leg(leg)

    async def test_a_new_ufrag_restarts_ice(self, bench: Bench) -> None:
        """With credentials of ours that are new; anything else that changes leaves them as they were."""
        leg = a_leg()
        before = await open_web(bench, leg)
        assert await bench.engine.change_leg(leg, replace(WEB, sends=False)) == before
        after = await bench.engine.change_leg(leg, replace(WEB, web=replace(FAR, ufrag="again")))
        assert after is not None and after.ufrag != before.ufrag and after.password != before.password
        assert (after.port, after.fingerprint, after.addresses) == (before.port, before.fingerprint, before.addresses)
        bench.engine.close_leg(leg)
        with pytest.raises(MediaUnavailable):
            await bench.engine.change_leg(leg, WEB)

    async def test_a_phones_leg_does_not_become_a_browsers(self, bench: Bench) -> None:
        """Nor the other way; both go on as they were."""
        phone, browser = a_leg(), a_leg()
        await bench.engine.open_leg(phone, LOCAL, PCMU)
        before = await open_web(bench, browser)
        for leg, audio in ((phone, WEB), (browser, PCMU)):
            with pytest.raises(MediaUnavailable):
                await bench.engine.change_leg(leg, audio)
        assert await bench.engine.change_leg(phone, PCMU) is None
        assert await bench.engine.change_leg(browser, WEB) == before
        for leg in (phone, browser):
            bench.engine.close_leg(leg)

    async def test_keys_of_a_leg_that_is_not_open_are_passed_over(self, bench: Bench) -> None:
        """Neither they nor those of an open one fail, and both engines go on."""
        leg = a_leg()
        bench.engine.send_digits(leg, "12,#", 160)
        await bench.engine.open_leg(leg, LOCAL, PCMU)
        bench.engine.send_digits(leg, "12,#", 160)
        await bench.engine.change_leg(leg, OPUS)
        bench.engine.close_leg(leg)

    async def test_closing_is_harmless(self, bench: Bench) -> None:
        """Twice, or of a leg nobody knows; neither is death."""
        leg = a_leg()
        await bench.engine.open_leg(leg, LOCAL, PCMU)
        for name in (leg, leg, a_leg()):
            bench.engine.close_leg(name)
        await bench.wait(0.1)
        assert bench.told.died == []

    async def test_the_end_of_a_playing_is_told_once(self, bench: Bench) -> None:
        """With the number it was given, when all of its prompts have been played."""
        leg = a_leg()
        await bench.engine.open_leg(leg, LOCAL, PCMU)
        bench.engine.play(leg, 7, ["welcome", "welcome"], "en")
        await bench.wait(0.2)
        assert bench.told.ended == []
        await bench.until(lambda: bench.told.ended)
        await bench.wait(0.2)
        assert bench.told.ended == [(leg, 7)]
        bench.engine.close_leg(leg)

    async def test_a_playing_that_is_replaced_never_ends(self, bench: Bench) -> None:
        """Only the newest is told."""
        leg = a_leg()
        await bench.engine.open_leg(leg, LOCAL, PCMU)
        bench.engine.play(leg, 1, ["enter-pin"], "en")
        await bench.wait(0.1)
        bench.engine.play(leg, 2, ["welcome"], "en")
        await bench.until(lambda: bench.told.ended)
        await bench.wait(0.5)
        assert bench.told.ended == [(leg, 2)]
        bench.engine.close_leg(leg)

    async def test_a_playing_that_is_stopped_never_ends(self, bench: Bench) -> None:
        """Nor does one of a leg that is closed, or that was never open."""
        stopped, closed = a_leg(), a_leg()
        for leg in (stopped, closed):
            await bench.engine.open_leg(leg, LOCAL, PCMU)
            bench.engine.play(leg, 1, ["welcome"], "en")
        bench.engine.play(a_leg(), 1, ["welcome"], "en")
        bench.engine.stop_playing(stopped)
        bench.engine.close_leg(closed)
        await bench.wait(1.0)
        assert bench.told.ended == []
        bench.engine.close_leg(stopped)

    async def test_a_brand_without_a_prompt_falls_back(self, bench: Bench, tmp_path: Path) -> None:
        """To the built-in one: of a brand nobody knows, of one that lacks it, and of one that is forgotten again."""
        leg = a_leg()
        await bench.engine.open_leg(leg, LOCAL, PCMU)
        (tmp_path / "own.pcm").write_bytes(bytes(960))
        bench.engine.load_prompts("lacks", {"enter-id": tmp_path / "own.pcm"})
        bench.engine.load_prompts("forgotten", {"welcome": tmp_path / "own.pcm"})
        bench.engine.load_prompts("forgotten", {})
        for play, brand in enumerate(("nobody", "lacks", "forgotten")):
            bench.engine.play(leg, play, ["welcome"], "en", brand)
            await bench.wait(0.2)
            assert len(bench.told.ended) == play
            await bench.until(lambda play=play: (leg, play) in bench.told.ended)  # type: ignore[misc]
        bench.engine.close_leg(leg)

    async def test_announcements_may_be_for_whom_is_gone(self, bench: Bench) -> None:
        """A meeting or leg that is not there is passed over."""
        meeting, leg = MeetingId("m-told"), a_leg()
        await bench.engine.open_leg(leg, LOCAL, PCMU)
        bench.engine.apply(plan(meeting, 1, leg))
        bench.engine.announce(Announce(MeetingId("m-never"), "join-tone", (leg,), "en"))
        bench.engine.announce(Announce(meeting, "join-tone", (leg, a_leg()), "en", "nobody"))
        await bench.engine.change_leg(leg, PCMU)
        bench.engine.drop(meeting)
        bench.engine.close_leg(leg)

    async def test_statistics_appear_and_go_with_the_leg(self, bench: Bench) -> None:
        """Pushed, never asked for: the codec in use is among them."""
        leg = a_leg()
        assert bench.engine.statistics(leg) is None
        await bench.engine.open_leg(leg, LOCAL, OPUS)
        await bench.until(lambda: bench.engine.statistics(leg))
        found = bench.engine.statistics(leg)
        assert found is not None and found.codec == "opus"
        bench.engine.close_leg(leg)
        assert bench.engine.statistics(leg) is None

    async def test_plans_may_name_legs_that_are_gone(self, bench: Bench) -> None:
        """They are passed over, and so is dropping a meeting nobody knows."""
        meeting, leg = MeetingId("m-gone"), a_leg()
        await bench.engine.open_leg(leg, LOCAL, PCMU)
        bench.engine.apply(plan(meeting, 1, leg, a_leg()))
        bench.engine.drop(meeting)
        bench.engine.drop(MeetingId("m-never"))
        await bench.engine.change_leg(leg, PCMU)
        bench.engine.close_leg(leg)

    async def test_nobody_speaks_in_a_meeting_that_is_not_there(self, bench: Bench) -> None:
        """Unknown, or dropped."""
        meeting = MeetingId("m-silent")
        assert bench.engine.speakers(meeting) == ()
        bench.engine.apply(plan(meeting, 1))
        bench.engine.drop(meeting)
        assert bench.engine.speakers(meeting) == ()

    async def test_an_older_plan_is_ignored(self, bench: Bench) -> None:
        """The one with the highest number stands, whatever comes after it."""
        meeting, leg = MeetingId("m-old"), a_leg()
        await bench.engine.open_leg(leg, LOCAL, PCMU)
        bench.engine.apply(plan(meeting, 3, leg))
        bench.engine.apply(plan(meeting, 2))
        bench.engine.apply(plan(meeting, 3))
        assert await self.legs_of(bench, meeting) == [leg]
        bench.engine.apply(plan(meeting, 4))
        assert await self.legs_of(bench, meeting) == []
        bench.engine.drop(meeting)
        bench.engine.apply(plan(meeting, 1, leg))
        assert await self.legs_of(bench, meeting) == [leg]
        bench.engine.drop(meeting)
        bench.engine.close_leg(leg)

    async def test_phones_outlast_a_worker_and_browsers_come_anew(self, bench: Bench) -> None:
        """A phone's leg is told nothing, and has its place by the last plan; a browser's is lost, and has its place
        again when its far end is described anew."""
        meeting, phone, browser = MeetingId("m-lost"), a_leg(), a_leg()
        await bench.engine.open_leg(phone, LOCAL, PCMU)
        before = await open_web(bench, browser)
        bench.engine.apply(plan(meeting, 1, phone, browser))
        await bench.lose_worker()
        await bench.until(lambda: bench.told.lost)
        assert bench.told.lost == [browser] and bench.told.died == []
        await bench.engine.change_leg(phone, OPUS)
        after = await bench.engine.change_leg(browser, replace(WEB, web=replace(FAR, ufrag="anew")))
        assert after is not None and after.password != before.password
        assert sorted(await self.legs_of(bench, meeting)) == sorted([phone, browser])
        for leg in (phone, browser):
            bench.engine.close_leg(leg)

    async def test_what_is_open_outlasts_control(self, bench: Bench) -> None:
        """The next one finds it, keeps what it names and closes the rest; plans are numbered from the start."""
        meeting, kept, closed = MeetingId("m-found"), a_leg(), a_leg()
        for leg in (kept, closed):
            await bench.engine.open_leg(leg, LOCAL, PCMU)
        bench.engine.apply(plan(meeting, 7, kept, closed))
        assert await self.legs_of(bench, meeting) == [kept, closed]
        engine = bench.engine = await bench.control_again()
        engine.listen(bench.told)
        assert {kept, closed} <= engine.found()
        engine.keep([kept], [meeting])
        assert engine.found() == frozenset()
        engine.apply(plan(meeting, 1, kept, closed))
        assert await self.legs_of(bench, meeting) == [kept]
        await engine.change_leg(kept, PCMU)
        with pytest.raises(MediaUnavailable):
            await engine.change_leg(closed, PCMU)
        engine.drop(meeting)
        engine.close_leg(kept)
        assert bench.told.died == bench.told.lost == []

    async def legs_of(self, bench: Bench, meeting: MeetingId) -> list[str]:
        """The open legs that the engine has in a meeting now; for the test class to say."""
        raise AssertionError("the test class says nothing of legs")

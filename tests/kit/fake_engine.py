"""A media engine without media: ports are numbers, prompts last as long as it is told, plans are kept.

Held to the same suite as the real client (tests/backends/engine_suite.py).
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from pathlib import Path

from parley.app.ports import Clock, EngineListener, MediaStatistics, MediaUnavailable, Timer
from parley.core.ids import LegId, MeetingId, SpaceId
from parley.core.leg_inputs import LegAudio, WebLocal
from parley.core.mediaplan import LegMedia, MediaPlan
from parley.core.meeting_inputs import Announce
from parley.core.quality import QualityWindow
from parley.core.secret import Secret

WEB_PORT = 10000
FINGERPRINT = ":".join(["AB"] * 32)


class FakeEngine:
    """`prompt_seconds` is how long one prompt lasts; `ports` bounds how many legs may be open."""

    def __init__(self, clock: Clock, prompt_seconds: float = 1.0, ports: int = 1000) -> None:
        self._clock = clock
        self._prompt_seconds = prompt_seconds
        self._most = ports
        self._ports = count(20000, 2)
        self._listener: EngineListener | None = None
        self._playing: dict[LegId, Timer] = {}
        self._free = asyncio.Event()
        self._free.set()
        self._restarts = count(1)
        self._found: set[LegId] = set()
        self._webs: dict[LegId, tuple[str, WebLocal]] = {}  # the far ufrag, and our end
        self.legs: dict[LegId, LegAudio] = {}
        self.locals: list[str] = []  # where ports were opened, in order
        self.opened = 0
        self.closed = 0
        self.played: dict[LegId, list[str]] = {}
        self.spoken: dict[LegId, list[tuple[str, str]]] = {}  # language and brand of what was played
        self.announced: list[Announce] = []
        self.brands: dict[str, dict[str, Path]] = {}
        self.plans: dict[MeetingId, MediaPlan] = {}
        self.sent_digits: dict[LegId, str] = {}

    def listen(self, listener: EngineListener) -> None:
        self._listener = listener

    async def open_leg(self, leg: LegId, local: str, audio: LegAudio, space: SpaceId | None = None) -> int | WebLocal:
        if audio.web is None and sum(known.web is None for known in self.legs.values()) >= self._most:
            raise MediaUnavailable("no port is free")
        self.legs[leg] = audio
        self.locals.append(local)
        self.opened += 1
        port = self._web(leg, audio) or next(self._ports)
        if audio.dtls is not None and isinstance(port, int):
            port = WebLocal(port, "", Secret(""), FINGERPRINT, ())
        await self._free.wait()
        if leg not in self.legs:
            raise MediaUnavailable("the worker died meanwhile")
        return port

    async def change_leg(self, leg: LegId, audio: LegAudio) -> WebLocal | None:
        await self._free.wait()
        if leg not in self.legs:
            raise MediaUnavailable("the leg is not open")
        if (audio.web is None) != (self.legs[leg].web is None):
            raise MediaUnavailable("a phone's leg does not become a browser's, nor the other way")
        self.legs[leg] = audio
        return self._web(leg, audio)

    def _web(self, leg: LegId, audio: LegAudio) -> WebLocal | None:
        """Our end, new where ICE is restarted."""
        if audio.web is None:
            return None
        known = self._webs.get(leg)
        if known is None or known[0] != audio.web.ufrag:
            number = next(self._restarts)
            local = WebLocal(WEB_PORT, f"ours{number:04}", Secret(f"{number:024}"), FINGERPRINT, ("192.0.2.9",))
            known = self._webs[leg] = (audio.web.ufrag, local)
        return known[1]

    def close_leg(self, leg: LegId) -> None:
        self._webs.pop(leg, None)
        if self.legs.pop(leg, None) is not None:
            self.closed += 1
        self.stop_playing(leg)

    def play(self, leg: LegId, play: int, prompts: Sequence[str], language: str, brand: str = "") -> None:
        self.stop_playing(leg)
        if leg not in self.legs:
            return
        self.played.setdefault(leg, []).extend(prompts)
        self.spoken.setdefault(leg, []).append((language, brand))

        def ended() -> None:
            del self._playing[leg]
            if self._listener is not None:
                self._listener.play_ended(leg, play)

        end = self._clock.now() + self._prompt_seconds * len(prompts)
        self._playing[leg] = self._clock.call_at(end, ended)

    def stop_playing(self, leg: LegId) -> None:
        timer = self._playing.pop(leg, None)
        if timer is not None:
            timer.cancel()

    def send_digits(self, leg: LegId, digits: str, each_ms: int) -> None:
        if leg in self.legs:
            self.sent_digits[leg] = self.sent_digits.get(leg, "") + digits

    def apply(self, plan: MediaPlan) -> None:
        known = self.plans.get(plan.meeting)
        if known is None or plan.number > known.number:
            self.plans[plan.meeting] = plan

    def announce(self, announcement: Announce) -> None:
        if announcement.meeting in self.plans:
            self.announced.append(announcement)

    def load_prompts(self, brand: str, files: Mapping[str, Path]) -> None:
        self.brands.pop(brand, None)
        if files:
            self.brands[brand] = dict(files)

    def drop(self, meeting: MeetingId) -> None:
        self.plans.pop(meeting, None)

    def statistics(self, leg: LegId) -> MediaStatistics | None:
        return MediaStatistics(codec=self.legs[leg].codec.name) if leg in self.legs else None

    def speakers(self, meeting: MeetingId) -> tuple[LegId, ...]:
        plan = self.plans.get(meeting)
        return tuple(leg.leg for leg in plan.legs if leg.contributes) if plan else ()

    def found(self) -> frozenset[LegId]:
        return frozenset(self._found)

    def keep(self, legs: Collection[LegId], meetings: Collection[MeetingId]) -> None:
        for leg in self._found - set(legs):
            self.close_leg(leg)
        self._found.clear()
        self.plans.clear()

    # --- what a test may do ----------------------------------------------------------------------------------

    def hold(self) -> None:
        """Ports are opened and media changed, but nobody is told so until `release`."""
        self._free.clear()

    def release(self) -> None:
        self._free.set()

    def measure(self, leg: LegId, window: QualityWindow) -> None:
        """The leg fared so in the last few seconds."""
        assert self._listener is not None
        self._listener.quality(leg, window)

    def press(self, leg: LegId, digits: str) -> None:
        """Somebody types."""
        assert self._listener is not None
        for digit in digits:
            self._listener.digit(leg, digit)

    def ready(self, leg: LegId) -> None:
        """A browser's media path stands."""
        assert self._listener is not None
        self._listener.media_ready(leg)

    def start_again(self, clock: Clock | None = None) -> None:
        """The server before has died and a new one begins, with a clock of its own; what is open stays open."""
        self._clock = clock or self._clock
        self._listener = None
        self._found = set(self.legs)

    def kill(self) -> None:
        """The worker dies."""
        lost = list(self.legs)
        for leg in lost:
            self.close_leg(leg)
        for leg in lost:
            assert self._listener is not None
            self._listener.media_died(leg)

    def lose(self) -> None:
        """The worker dies and another takes its place: phones' legs are as they were, browsers' have to come anew."""
        assert self._listener is not None
        for leg, audio in list(self.legs.items()):
            if audio.web is not None:
                self._webs.pop(leg, None)
                self._listener.media_lost(leg)

    def media(self, leg: LegId) -> LegMedia | None:
        """What the newest plan says of a leg."""
        for plan in self.plans.values():
            for entry in plan.legs:
                if entry.leg == leg:
                    return entry
        return None

    def hears(self, listener: LegId, speaker: LegId) -> bool:
        """Would this leg hear that one now?"""
        ear, mouth = self.media(listener), self.media(speaker)
        if ear is None or mouth is None or listener == speaker or listener not in self.legs:
            return False
        together = any({listener, speaker} <= {m.leg for m in p.legs} for p in self.plans.values())
        return together and ear.receives and ear.announcement is None and mouth.contributes and ear.group == mouth.group

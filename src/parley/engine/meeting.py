"""One meeting as the engine knows it: the newest plan, and a mixer for each of its groups."""

from __future__ import annotations

import math
from collections.abc import Callable

from parley.engine.echo import ECHO_MOST_MS, echo_line
from parley.engine.leg import Hearing, Leg, Place
from parley.engine.messages import LegPlan
from parley.engine.mixer import Mixer
from parley.engine.overlays import Overlays
from parley.engine.prompts import Announcement, Prompts
from parley.engine.sound import SILENCE_LEVEL

SPEAKERS_TICKS = 5  # at most ten a second
BEFORE_ALL = -1  # the number of no plan
MAX_GAIN = 16.0  # +24 dB: enough for the faintest phone, and not a way to break the limiter


class BadPlan(ValueError):
    """A plan that cannot be carried out; nothing of it was."""


class Meeting:
    """Policy comes whole by apply(); what each leg hears is worked out anew at every tick."""

    def __init__(self, name: str, loudest: int) -> None:
        self.name = name
        self.number = BEFORE_ALL
        self.legs: dict[str, Leg] = {}
        self.overlays = Overlays()
        self._loudest = loudest
        self._groups: dict[str, Mixer] = {}
        self._common: dict[str, Hearing] = {}  # of this tick, by group: who is not in the mix himself
        self._told: tuple[str, ...] = ()
        self._told_tick = -SPEAKERS_TICKS

    def set_loudest(self, loudest: int) -> None:
        self._loudest = loudest
        for mixer in self._groups.values():
            mixer.loudest = loudest

    def start_anew(self) -> None:
        """Whoever speaks for the meeting from now on numbers its plans from the start, and is told who speaks."""
        self.number, self._told = BEFORE_ALL, ()

    def apply(self, number: int, plans: tuple[LegPlan, ...], open_legs: dict[str, Leg], prompts: Prompts) -> None:
        """Take over a newer plan. Raises BadPlan or UnknownPrompt before anything has changed."""
        clips = {}
        for plan in plans:
            if not (math.isfinite(plan.gain) and 0.0 <= plan.gain <= MAX_GAIN):
                raise BadPlan(f"gain {plan.gain} of leg {plan.leg}")
            if plan.echo_ms is not None and not 0 <= plan.echo_ms <= ECHO_MOST_MS:
                raise BadPlan(f"echo of {plan.echo_ms} ms of leg {plan.leg}")
            if plan.announcement is not None:
                clips[plan.leg] = prompts.clip(plan.announcement, plan.language, plan.brand)
        self.number = number
        staying: dict[str, Leg] = {}
        for plan in plans:
            leg = open_legs.get(plan.leg)
            if leg is None:
                continue
            staying[plan.leg] = leg
            announcement = self._announcement(leg, plan)
            if announcement is None and plan.announcement is not None:
                announcement = Announcement(
                    plan.announcement, plan.language, plan.repeat_ms, plan.brand, clips[plan.leg]
                )
            leg.use_agc(plan.agc)
            echo = echo_line(leg.place.echo if leg.place is not None else None, plan)
            leg.place = Place(self.name, plan, announcement, echo)
        for name in self.legs.keys() - staying.keys():
            self.remove(name)
        self.legs = staying
        self._sort_into_groups()

    def _announcement(self, leg: Leg, plan: LegPlan) -> Announcement | None:
        """The one already running, when the plan asks for the same: a new plan does not start it again."""
        place = leg.place
        if place is None or place.meeting != self.name or place.announcement is None:
            return None
        same = place.announcement.key == (plan.announcement, plan.language, plan.repeat_ms, plan.brand)
        return place.announcement if same else None

    def remove(self, name: str) -> None:
        """The leg leaves: it is heard no more from this moment on."""
        leg = self.legs.pop(name, None)
        if leg is not None and leg.place is not None and leg.place.meeting == self.name:
            leg.place = None
        for mixer in self._groups.values():
            mixer.withdraw(name)

    def _sort_into_groups(self) -> None:
        wanted = {leg.place.plan.group for leg in self.legs.values() if leg.place is not None}
        for group in self._groups.keys() - wanted:
            del self._groups[group]
            self._common.pop(group, None)
        for group in sorted(wanted - self._groups.keys()):
            self._groups[group] = Mixer(self._loudest)
        for name, leg in self.legs.items():
            for group, mixer in self._groups.items():
                plan = None if leg.place is None else leg.place.plan
                if plan is None or plan.group != group or not plan.contributes:
                    mixer.withdraw(name)

    # --- every tick -------------------------------------------------------------------------------------

    def begin(self, tick: int) -> None:
        """What can be known of the tick's mix before anything is decoded."""
        self.overlays.begin()
        for mixer in self._groups.values():
            mixer.begin(tick)

    def listen(self, now: float, fault: Callable[[str, float, Exception], None]) -> None:
        """Take from every leg what it says in this tick. fault: told of a leg in which something of ours went wrong."""
        for leg in self.legs.values():
            if leg.place is None:
                continue
            plan, echo = leg.place.plan, leg.place.echo
            try:
                if echo is not None:
                    frame = leg.voice(now)
                    if plan.contributes:
                        echo.say(frame)
                    continue
                mixer, gain = self._groups[plan.group], plan.gain * leg.own_gain
                # What is turned up may be speech, however faint it comes.
                bar, rests = mixer.attention(leg.name, gain <= 1.0 and leg.is_speechless)
                if gain == 1.0:
                    frame = leg.voice(now, bar, rests)
                    level = leg.level
                else:
                    frame = leg.voice(now, _before(gain, bar), rests)
                    level = _after(gain, leg.level)
                if plan.contributes:
                    mixer.offer(leg.name, frame, level, gain)
            except Exception as problem:
                self._groups[plan.group].withdraw(leg.name)  # what it said last is not said again
                fault(leg.name, now, problem)

    def mix(self, tick: int) -> None:
        for group, mixer in self._groups.items():
            mixer.mix(tick)
            self._common[group] = Hearing(mixer.shared.frame, mixer.shared)

    def hearing(self, leg: Leg) -> Hearing:
        """What the leg hears of the others."""
        place = leg.place
        if place is None or not place.plan.receives:
            return Hearing()
        if place.echo is not None:
            return Hearing(place.echo.heard)
        group = place.plan.group
        mixer, sounding = self._groups[group], self.overlays.of(leg.name)
        if mixer.is_mixed(leg.name):
            own = mixer.without(leg.name)
            return Hearing(own if sounding is None else sounding.alone_or_over(own))
        if sounding is None:
            return self._common[group]
        shared = sounding.over(group, mixer.shared)
        return Hearing(shared.frame, shared)

    def speakers(self) -> tuple[str, ...]:
        """Who is in a mix now, loudest first over all groups."""
        voices = [(mixer.voices[leg].memory, leg) for mixer in self._groups.values() for leg in mixer.mixed]
        return tuple(leg for _, leg in sorted(voices, key=lambda voice: -voice[0]))

    def new_speakers(self, tick: int) -> tuple[str, ...] | None:
        """The speakers, if they differ from those last told and the last telling is long enough ago."""
        if tick - self._told_tick < SPEAKERS_TICKS:
            return None
        now = self.speakers()
        if now[:1] == self._told[:1] and set(now) == set(self._told):
            return None
        self._told, self._told_tick = now, tick
        return now


def _after(gain: float, level: float) -> float:
    """A level in dBov once the gain is applied."""
    return level + 20 * math.log10(gain) if gain > 0.0 else SILENCE_LEVEL


def _before(gain: float, level: float) -> float:
    """The level that becomes this one by the gain."""
    return level - 20 * math.log10(gain) if gain > 0.0 else math.inf

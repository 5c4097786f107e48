"""The media plan: the whole desired state of one meeting's media, numbered, policy per leg."""

from __future__ import annotations

from dataclasses import dataclass

from .ids import LegId, MeetingId, SpaceId


@dataclass(frozen=True, slots=True)
class LegMedia:
    """What the plan says of one leg. With an announcement the leg hears that instead of the mix."""

    leg: LegId
    contributes: bool  # others may hear it
    receives: bool  # it hears the mix of its group
    gain: float = 1.0
    agc: bool = False  # besides `gain`: its voice is brought to the common level
    group: str = "main"
    announcement: str | None = None  # prompt name
    language: str = "en"
    repeat_after: float | None = None  # seconds between repetitions; None: once
    brand: str = ""  # whose prompts it hears; empty: the built-in ones
    echo: float | None = None  # it hears what it said so many seconds ago, instead of the mix


@dataclass(frozen=True, slots=True)
class MediaPlan:
    """Numbers rise by one per meeting; the newest plan is all the engine needs."""

    meeting: MeetingId
    number: int
    legs: tuple[LegMedia, ...]
    space: SpaceId | None = None

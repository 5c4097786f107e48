"""How a leg goes, whoever called whom: what it hears of it, what is recorded, and a port that comes too late.

A leg that its meeting sends out may hear a farewell before it is hung up; whatever comes between, it ends for that
reason. A port that is still being opened when the leg ends cannot be closed yet: it is closed when it comes, or on
suspicion when it has not been heard of for PORT_LIMIT; only then is the leg forgotten.
"""

from __future__ import annotations

from .active_time import ActiveTime
from .endings import Ending, Reason, Side
from .events import LegEnded
from .farewells import FAREWELL_LIMIT, FAREWELL_PLAY, Farewell, Sentence
from .ids import LegId
from .leg_inputs import (
    CloseMedia,
    LeaveMeeting,
    LegEffect,
    LegFinished,
    LegInput,
    LegTick,
    MediaFailed,
    MediaOpened,
    Play,
    PlayEnded,
)

# An engine that has not said within this many seconds whether a port is open never will; the port is
# closed on suspicion and the leg forgotten.
PORT_LIMIT = 30.0
# What a meeting is told of who goes to another one.
MOVED = Ending(Side.REMOTE, Reason.HANG_UP)


class Departure:
    """Of one leg. Times are monotonic seconds."""

    def __init__(self, leg: LegId, number: int) -> None:
        self._leg = leg
        self._number = number
        self._sentence: Sentence | None = None  # while it hears its farewell, and from then on
        self._port_until: float | None = None

    # --- the farewell -------------------------------------------------------------------------------------------

    def hear(self, farewell: Farewell, ending: Ending, now: float) -> list[LegEffect]:
        """Out of the meeting, and told why."""
        self._sentence = Sentence(ending, now + FAREWELL_LIMIT)
        return [LeaveMeeting(ending), Play(FAREWELL_PLAY, (farewell.prompt,), farewell.language, farewell.brand)]

    def heard(self, given: PlayEnded | LegTick, now: float) -> Ending | None:
        """With what it is hung up now that it has been told; None: it still listens, or hears no farewell."""
        if self._sentence is None:
            return None
        over = given.play == FAREWELL_PLAY if isinstance(given, PlayEnded) else now >= self._sentence.until
        return self._sentence.ending if over else None

    def for_good(self, ending: Ending) -> Ending:
        """What counts as its ending, where this one has come."""
        return self._sentence.ending if self._sentence is not None else ending

    # --- the record ---------------------------------------------------------------------------------------------

    def record(
        self, ending: Ending, connected_at: float | None, active: ActiveTime, encrypted_media: bool, now: float
    ) -> LegEnded:
        """connected_at: from when its duration counts; None: nobody was connected."""
        active.stop(now)
        return LegEnded(
            leg=self._leg,
            number=self._number,
            ending=ending,
            connected=connected_at is not None,
            duration=now - connected_at if connected_at is not None else 0.0,
            active_duration=active.before,
            encrypted_media=encrypted_media,
        )

    # --- a port that comes too late -----------------------------------------------------------------------------

    @property
    def awaits_port(self) -> bool:
        return self._port_until is not None

    @property
    def deadline(self) -> float | None:
        """When it has heard enough, or the port has been waited for long enough."""
        if self._port_until is not None:
            return self._port_until
        return self._sentence.until if self._sentence is not None else None

    def await_port(self, now: float) -> None:
        self._port_until = now + PORT_LIMIT

    def after_the_end(self, given: LegInput, now: float) -> list[LegEffect]:
        """Close a port that was opened too late; nothing else matters any more."""
        effects: list[LegEffect] = []
        if isinstance(given, MediaOpened):
            effects.append(CloseMedia())
        elif isinstance(given, LegTick):
            if self._port_until is None or now < self._port_until:
                return []
            effects.append(CloseMedia())
        elif not isinstance(given, MediaFailed):
            return []
        if self._port_until is not None:
            self._port_until = None
            effects.append(LegFinished(self._leg))
        return effects

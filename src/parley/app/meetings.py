"""One live meeting: its machine, its mailbox, and the performing of what the machine decides."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from ..core.ids import LegId, MeetingId, SpaceId
from ..core.meeting import Meeting
from ..core.meeting_inputs import (
    Announce,
    ApplyPlan,
    Finished,
    LegNews,
    MeetingEffect,
    MeetingInput,
    MeetingView,
    Record,
    TellLeg,
    Tick,
)
from ..core.survival import Dated, Inside, StoredMeeting
from .inputs import Inputs, NoInputs
from .mailbox import Mailbox
from .ports import Clock, Journal, MediaEngine

log = structlog.get_logger(__name__)


class MeetingRunner:
    """Owns one core Meeting. Effects are performed in order: journal before live (architecture, invariant 2).

    finished: told the meeting's id and whether somebody ended it.
    """

    def __init__(
        self,
        machine: Meeting,
        *,
        space: SpaceId,
        clock: Clock,
        engine: MediaEngine,
        journal: Journal,
        tell_leg: Callable[[LegId, int, LegNews], None],
        finished: Callable[[MeetingId, bool], None],
        changed: Callable[[MeetingId], None] = lambda _meeting: None,
        inputs: Inputs | None = None,
    ) -> None:
        self.id = machine.id
        self.space = space
        self._machine = machine
        self._clock = clock
        self._engine = engine
        self._journal = journal
        self._tell_leg = tell_leg
        self._finished = finished
        self._changed = changed
        self._inputs: Inputs = inputs or NoInputs()
        self._mailbox: Mailbox[MeetingInput] = Mailbox(clock, self._handle, machine.next_deadline, Tick())

    def post(self, message: MeetingInput) -> None:
        """The only entrance; when it returns outside another handling, the effects have been performed."""
        self._mailbox.post(message)

    def view(self) -> MeetingView:
        return self._machine.view(self._clock.now())

    def stored(self, dated: Dated) -> tuple[StoredMeeting, dict[LegId, Inside]]:
        """See Meeting.stored."""
        return self._machine.stored(dated)

    def _handle(self, message: MeetingInput, now: float) -> None:
        for effect in self._inputs.through(self._machine.id, self._machine.handle, message, now):
            try:
                self._perform(effect)
            except Exception:  # a full disk must not keep the plan from the engine or an ending from a leg
                log.exception("a meeting's effect failed", meeting=self._machine.id, effect=type(effect).__name__)
        self._changed(self._machine.id)

    def _perform(self, effect: MeetingEffect) -> None:
        match effect:
            case Record(event):
                self._journal.append(event)
            case ApplyPlan(plan):
                self._engine.apply(plan)
            case Announce():
                self._engine.announce(effect)
            case TellLeg(leg, generation, news):
                self._tell_leg(leg, generation, news)
            case Finished(meeting, ordered):
                self._mailbox.close()
                self._engine.drop(meeting)
                self._finished(meeting, ordered)

"""Calling the invited at the start of a conference: each into the meeting by the door of their role, tried again
when busy or without an answer, given up when the occurrence is over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from ..core.conference_rules import CALLED_SETTINGS
from ..core.conferences import Attendee, Conference, Occurrence, answers_to
from ..core.events import AttendeeCalled
from ..core.ids import LegId, OccurrenceId, SpaceId
from ..core.meeting_inputs import Entry
from ..core.refusals import Refusal
from ..core.retry import CALL_AGAIN, CALL_WHEN_FREE
from ..core.spaces import Role
from .booking import ConferenceRecord
from .conference_spaces import has_random_number
from .ports import CallOut, CallPlacer, CallResult, Clock, Journal, Timer
from .tasks import Tasks

log = structlog.get_logger(__name__)

_AGAIN = {CallResult.BUSY, CallResult.NO_ANSWER}


@dataclass(frozen=True, slots=True)
class Called:
    """How it stands with one invited person. result None: being called; with `waits` it will be called again."""

    name: str
    target: str
    role: Role
    tries: int = 0
    result: CallResult | None = None
    waits: bool = False
    reason: str = ""  # the code of a refusal


def to_be_called(conference: Conference) -> list[Attendee]:
    """Whom a start concerns at all."""
    return [attendee for attendee in conference.attendees if attendee.auto_invite and attendee.address]


class ConferenceStart:
    """Keeps who is called as long as the occurrence runs; every try is journalled."""

    def __init__(self, placer: CallPlacer, clock: Clock, journal: Journal, tasks: Tasks) -> None:
        self._placer = placer
        self._clock = clock
        self._journal = journal
        self._tasks = tasks
        self._calls: dict[OccurrenceId, list[_Invitation]] = {}
        self._watchers: list[Callable[[str, Called], None]] = []

    def watch(self, watcher: Callable[[str, Called], None]) -> None:
        """Call it with the conference's number whenever somebody is called, and when that is over."""
        self._watchers.append(watcher)

    def begin(self, record: ConferenceRecord, occurrence: Occurrence, present: Sequence[str]) -> None:
        """Call everybody marked, at once. Under a room's own number nobody is called; `present`: addresses of those
        who came by themselves."""
        if not has_random_number(record.conference, record.guest):
            return
        invitations = [
            _Invitation(self, record, occurrence, attendee)
            for attendee in to_be_called(record.conference)
            if not any(answers_to(attendee.address, address) for address in present)
        ]
        if invitations:
            self._calls.setdefault(occurrence.id, []).extend(invitations)
        for invitation in invitations:
            invitation.call()

    def give_up(self, occurrence: OccurrenceId) -> None:
        """It is over: nobody is called any more."""
        for invitation in self._calls.pop(occurrence, ()):
            invitation.give_up()

    def give_up_in(self, space: SpaceId) -> None:
        """Its meeting was ended for all: whoever was not reached yet is called no more."""
        for occurrence, invitations in list(self._calls.items()):
            if any(invitation.space == space for invitation in invitations):
                self.give_up(occurrence)

    def give_up_on(self, occurrence: OccurrenceId, addresses: Collection[str]) -> None:
        """These were taken off the list: they are called no more."""
        for invitation in self._calls.get(occurrence, ()):
            if invitation.state.target in addresses:
                invitation.give_up()

    def ringing(self, occurrence: OccurrenceId) -> Mapping[LegId, Called]:
        """Who is being called at this moment."""
        invitations = self._calls.get(occurrence, ())
        return {one.leg: one.state for one in invitations if one.leg is not None and one.state.result is None}

    def results(self, occurrence: str) -> list[Called]:
        """In the order of the invitation."""
        return [invitation.state for invitation in self._calls.get(OccurrenceId(occurrence), ())]


class _Invitation:
    """One person: at most one call at a time."""

    def __init__(
        self, start: ConferenceStart, record: ConferenceRecord, occurrence: Occurrence, attendee: Attendee
    ) -> None:
        self._start = start
        self._occurrence = occurrence.id
        self._number = record.conference.number
        self.space = record.space.id
        door = record.host if attendee.role is Role.HOST else record.guest
        mute = True if attendee.mute else None
        self._wish = CallOut(
            space=record.space.id,
            target=attendee.address,
            name=attendee.name,
            tenant=record.conference.tenant,
            entry=Entry(access_method=door.id),
            settings=replace(CALLED_SETTINGS, rx_audio_mute=mute, terminal_rx_audio_mute=mute),
        )
        self.state = Called(attendee.name, attendee.address, attendee.role)
        self._limited = 0
        self.leg: LegId | None = None
        self._timer: Timer | None = None
        self._over = False

    def call(self) -> None:
        self._timer = None
        if not self._over:
            self.state = replace(self.state, waits=False, result=None)
            self._start._tasks.spawn(self._call(), on_failure=lambda: self._end(CallResult.FAILED))

    async def _call(self) -> None:
        try:
            leg = await self._start._placer.call(self._wish, self._told)
        except Refusal as refusal:
            self._refused(refusal)
            return
        if self.state.result is None:
            self.leg = leg
            self._tell()
        if self._over:
            self._start._placer.cancel(leg)

    def give_up(self) -> None:
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        if self.leg is not None and self.state.result is None:
            self._start._placer.cancel(self.leg)

    def _told(self, leg: LegId, result: CallResult) -> None:
        self.leg = None
        tries = self.state.tries + 1
        self.state = replace(self.state, tries=tries)
        again = CALL_AGAIN.after(tries) if result in _AGAIN else None
        self._end(result, again)

    def _refused(self, refusal: Refusal) -> None:
        if refusal.code == "limit":
            self._limited += 1
            again = CALL_WHEN_FREE.after(self._limited)
            if again is not None and not self._over:  # not a try yet: nobody was called
                self.state = replace(self.state, waits=True, reason=refusal.code)
                self._wait(again)
                return
        self.state = replace(self.state, tries=self.state.tries + 1, reason=refusal.code)
        self._end(CallResult.UNREACHABLE if refusal.code != "limit" else CallResult.FAILED)

    def _end(self, result: CallResult, again: float | None = None) -> None:
        waits = again is not None and not self._over
        self.state = replace(self.state, result=result, waits=waits)
        self._start._journal.append(
            AttendeeCalled(self._occurrence, self._number, self.state.target, result.value, self.state.tries)
        )
        if again is not None and waits:
            self._wait(again)
        self._tell()

    def _tell(self) -> None:
        for watcher in self._start._watchers:
            watcher(self._number, self.state)

    def _wait(self, seconds: float) -> None:
        clock = self._start._clock
        self._timer = clock.call_at(clock.now() + seconds, self.call)

"""What is done to a conference while it runs, whoever asks: its end moves, its rules change, people are called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..core.conferences import Attendee, Conference, ConferenceRules, Occurrence, OccurrenceState, answers_to
from ..core.endings import Ending
from ..core.events import AdministratorActed, Event
from ..core.ids import LegId, ParticipantId, UserId
from ..core.meeting_inputs import End, Entry, LegView, MeetingView
from ..core.profiles import LegSettings
from ..core.refusals import Refusal
from ..core.spaces import Role
from .booking import ConferenceRecord, RulesEdit
from .changes import Change, Changes
from .conference_planning import edited_rules
from .conference_reading import live_conference, record_of
from .conference_spaces import dress, released
from .conference_start import Called, ConferenceStart
from .directory import Directory
from .ports import CallOut, CallPlacer, CallResult, Clock, Store, Transaction

EVENTS_MOST = 20_000  # of the journal, looked through for what was ordered
_ORDERED = "ordered"
LONGEST = timedelta(hours=24)  # nothing is prolonged further than that from now


@dataclass(frozen=True, slots=True)
class Running:
    """A conference that runs, and its live meeting. ringing: who is being called at its start."""

    record: ConferenceRecord
    occurrence: Occurrence
    meeting: MeetingView
    ringing: Mapping[LegId, Called] = field(default_factory=dict)

    @property
    def rules(self) -> ConferenceRules:
        """Those that hold now."""
        return self.occurrence.rules or self.record.rules

    def role(self, leg: LegView) -> Role:
        """What somebody in it is: what the person was made inside, else what the door says."""
        return leg.stands_as


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody ordered while it ran. object: whom it concerned, or empty."""

    at: datetime  # UTC
    source: str
    who: str
    what: str
    object: str


class ConferenceControl:
    """record: the journal's append; what was ordered is kept there."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        changes: Changes,
        directory: Directory,
        placer: CallPlacer,
        record: Callable[[Event], None],
        start: ConferenceStart,
    ) -> None:
        self._record = record
        self._start = start
        self._store = store
        self._clock = clock
        self._changes = changes
        self._directory = directory
        self._placer = placer

    async def running(self, number: str, *, open_meeting: bool = True) -> Running:
        """With its meeting, which is opened if need be. Raises Refusal not-found, state (not-started).

        open_meeting: False for those who only look; without a meeting it has not started then.
        """
        async with self._store.reading() as tx:
            conference, occurrences = await live_conference(tx, number)
            record = await record_of(tx, conference, occurrences)
        occurrence = _running(occurrences)
        meeting = self._directory.meeting_of_space(conference.space)
        if meeting is None and open_meeting:
            meeting = self._directory.meeting(await self._directory.open(conference.space))
        if meeting is None:
            raise Refusal("state", kind="conference", state="not-started")
        return Running(record, occurrence, meeting, self._start.ringing(occurrence.id))

    async def standing_for(
        self, running: Running, user: UserId, attendees: Collection[Attendee]
    ) -> frozenset[ParticipantId]:
        """Who in it this user is: by membership, or called or calling by an address of the user's own or one under
        which the user was invited. An address is what a caller says: this proves the user nothing and grants a caller
        nothing, it only lets the user act for that participant."""
        legs = running.meeting.legs
        async with self._store.reading() as tx:
            person = await tx.users.get(user)
            members = {id: await tx.members.get(id) for leg in legs if (id := leg.entry.member) is not None}
        if person is None:
            return frozenset()
        addresses = {one.address for one in attendees if one.user == user and one.address}
        addresses |= {address for address in (person.jid, person.number) if address}
        mine = {id for id, member in members.items() if member is not None and member.user == user}
        return frozenset(
            leg.participant
            for leg in legs
            if leg.entry.member in mine or any(answers_to(address, leg.uri) for address in addresses)
        )

    async def stop(self, running: Running, ending: Ending) -> None:
        """Everybody goes, and whoever was not reached yet is called no more."""
        self._start.give_up(running.occurrence.id)
        await self._directory.tell(running.meeting.meeting, End(ending))

    async def prolong(self, number: str, minutes: int, *, repeatedly: bool) -> datetime:
        """The end moves by so many minutes; repeatedly: again and again while somebody is inside. Returns the end.

        Raises Refusal not-found, state (not-started), limit (duration: the end would be a day away).
        """
        now = self._clock.utc()
        async with self._store.transaction() as tx:
            conference, occurrence = await self._live(tx, number)
            end = (occurrence.end or occurrence.planned_end) + timedelta(minutes=0 if repeatedly else minutes)
            if end > now + LONGEST:
                raise Refusal("limit", which="duration")
            rules = occurrence.rules or conference.rules
            if repeatedly:
                rules = replace(rules, prolong_by=minutes)
            own = rules if rules != conference.rules or occurrence.rules is not None else None
            await tx.occurrences.save(replace(occurrence, end=end, rules=own))
        self._changes.publish(Change("conference", conference.id))
        return end

    async def change_rules(self, number: str, edit: RulesEdit) -> None:
        """Other rules for the rest of this occurrence. Raises Refusal not-found, state (not-started)."""
        async with self._store.transaction() as tx:
            conference, occurrence = await self._live(tx, number)
            before = occurrence.rules or conference.rules
            rules = edited_rules(before, edit)
            if rules == before:
                return
            await tx.occurrences.save(replace(occurrence, rules=rules))
            await dress(tx, conference, rules, guests_released=await released(tx, conference, before))
        self._changes.publish(Change("space", conference.space))
        self._changes.publish(Change("conference", conference.id))

    async def call(
        self,
        running: Running,
        target: str,
        name: str,
        role: Role,
        told: Callable[[LegId, CallResult], None],
        *,
        mute: bool = False,
        admitted: bool = False,
    ) -> LegId:
        """Call somebody into the meeting, in a role and without a question for a PIN. Raises as CallPlacer.call.

        admitted: whom a host invites waits neither in a waiting room nor before a lock.
        """
        record = running.record
        door = record.host if role is Role.HOST else record.guest
        settings = LegSettings(rx_audio_mute=True, terminal_rx_audio_mute=True) if mute else LegSettings()
        wish = CallOut(
            space=record.conference.space,
            target=target,
            name=name,
            tenant=record.conference.tenant,
            entry=Entry(access_method=door.id),
            settings=settings,
            admitted=admitted,
        )
        return await self._placer.call(wish, told)

    def give_up_on(self, running: Running, addresses: Collection[str]) -> None:
        """Nobody of these addresses is called again."""
        self._start.give_up_on(running.occurrence.id, addresses)

    def give_up(self, leg: LegId) -> bool:
        """Stop calling. False: nobody is being called by this name."""
        return self._placer.cancel(leg)

    # --- what was ordered ---------------------------------------------------------------------------------------

    def note(self, number: str, source: str, who: str, what: str, object: str = "") -> None:
        """Something was ordered, and done."""
        self._record(AdministratorActed(source, who, f"{_ORDERED} {what} {object}".rstrip(), number))

    async def commands(self, record: ConferenceRecord) -> list[Command]:
        """What was ordered during the record's current occurrence, as far back as the newest events reach."""
        one = record.current
        first = min(one.begun or one.start, one.start)
        last = one.end or self._clock.utc()
        async with self._store.reading() as tx:
            stored = await tx.newest_events(EVENTS_MOST)
        found: list[Command] = []
        for line in stored:
            event = line.event
            if isinstance(event, AdministratorActed) and event.subject == record.conference.number:
                mark, _, rest = event.verb.partition(" ")
                if mark == _ORDERED and first <= line.at <= last:
                    what, _, object = rest.partition(" ")
                    found.append(Command(line.at, event.source, event.name, what, object))
        return found

    async def _live(self, tx: Transaction, number: str) -> tuple[Conference, Occurrence]:
        conference, occurrences = await live_conference(tx, number)
        return conference, _running(occurrences)


def _running(occurrences: list[Occurrence]) -> Occurrence:
    for occurrence in occurrences:
        if occurrence.state is OccurrenceState.RUNNING:
            return occurrence
    raise Refusal("state", kind="conference", state="not-started")

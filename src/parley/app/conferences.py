"""Booking, changing, cancelling and starting conferences.

Each use case is one transaction: conference, occurrences, space, ways in and the notices to people are stored
together or not at all. What follows (word to live meetings, to the timekeeper) comes after the commit.

Refusals besides not-found, not-permitted(what), invalid(field, error), missing(field), unknown-reference(kind, field),
limit(which); all of them name a field of the Booking where there is one:
start-in-past, start-too-far, length-out-of-range, subject-too-long, too-many-attendees · passcode-illegal,
passcode-equals-number, passcode-equals-host · series-interval, series-points-missing, series-points,
series-remind-days, series-time, series-order, series-too-long, series-empty (`core.calendar`), series-missing (a series
stays one), series-unexpected (a single conference stays single), not-a-series · already-started (no change while it
runs), started (no cancelling while it runs without ending it) · occurrence-out-of-slot, occurrence-list-empty ·
room-conflict(number, start, running), room-not-owner, room-disabled, room-size(size), room-immutable ·
wrong-passcode, locked-out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from ..core.admission import Admit, Candidates, Door
from ..core.conference_rules import check_length, check_passcode, check_rules, check_start
from ..core.conferences import Conference, Occurrence, OccurrenceState
from ..core.endings import Ending, Reason, Side
from ..core.ids import ConferenceId, MeetingId, SpaceId
from ..core.meeting_inputs import End, MeetingInput, MeetingView
from ..core.people import User
from ..core.refusals import Refusal
from ..core.secret import Secret
from ..core.spaces import AccessMethod, Role, Space
from .booking import Actor, Booking, ConferenceRecord, OccurrenceEdit
from .changes import Change, Changes
from .conference_checks import check_slot, current_of, known_attendees, live_occurrence, organiser_of, running_of
from .conference_notices import Notices
from .conference_planning import Plan, defaults_of, edited_rules, new_occurrence, planned, rearranged, replanned
from .conference_reading import (
    LIVE,
    ConferenceReading,
    assembled,
    live_conference,
    manages,
    record_of,
    sees,
    shown,
)
from .conference_rooms import booked_room, check_free, check_immutable, check_size, redress
from .conference_spaces import conference_space, dressed, free_number, fresh_passcode, has_random_number, ways_in
from .editing import KEEP, Kept, merged
from .occurrences import begin, finish, settle
from .pins import PinJudge
from .ports import Clock, Identifiers, Store, Transaction

Also = Callable[[Transaction, ConferenceRecord], Awaitable[None]]

ENDED_BY_HAND = Ending(Side.ADMINISTRATOR, Reason.MEETING_ENDED)


class Gatherings(Protocol):
    """What is needed of the directory of live meetings."""

    def meeting_of_space(self, space: SpaceId) -> MeetingView | None: ...

    async def tell(self, meeting: MeetingId, message: MeetingInput) -> bool: ...


class Conferences(ConferenceReading):
    """The use cases. reserved: URIs that lead elsewhere by the server's settings (its access number)."""

    def __init__(
        self,
        store: Store,
        identifiers: Identifiers,
        clock: Clock,
        changes: Changes,
        notices: Notices,
        pins: PinJudge,
        gatherings: Gatherings,
        reserved: Collection[str] = (),
    ) -> None:
        super().__init__(store, clock)
        self._identifiers = identifiers
        self._changes = changes
        self._notices = notices
        self._pins = pins
        self._gatherings = gatherings
        self._reserved = frozenset(reserved)

    # --- booking ---------------------------------------------------------------------------------------------

    async def book(self, actor: Actor, booking: Booking, also: Also | None = None) -> ConferenceRecord:
        """A conference at once (start None or KEEP, no series: it runs from now), at a time, or a series.

        also: done in the same transaction, with the record as it is returned.
        """
        async with self._store.transaction() as tx:
            now = self._clock.utc()
            organiser = await organiser_of(tx, actor, booking)
            defaults = await defaults_of(tx, organiser.tenant)
            plan = planned(booking, organiser, defaults, now)
            plan = replace(
                plan, attendees=await known_attendees(tx, plan.attendees, organiser.tenant, defaults.auto_invite)
            )
            room = await booked_room(tx, booking, organiser)
            number = await free_number(tx, self._identifiers, self._reserved)
            conference = self._conference(plan, booking, organiser, number, room, now)
            if room is not None:
                check_size(room, plan.rules, plan.attendees)
                await check_free(tx, conference, plan.moments or (now,), plan.length)
            place = await self._add_place(tx, conference, booking, room)
            await tx.conferences.add(conference)
            occurrences = []
            for start in plan.moments or (now,):
                occurrence = new_occurrence(plan, conference, start, self._identifiers)
                await tx.occurrences.add(occurrence)
                occurrences.append(occurrence)
            if conference.instant:
                occurrences = [await begin(tx, conference, occurrences[0], begun=now)]
            if place is not None:
                record = await assembled(tx, conference, occurrences, *place, organiser)
            else:
                record = await record_of(tx, conference)
            await self._notices.booked(tx, record)
            if also is not None:
                await also(tx, shown(record, actor))
        self._publish(record)
        return shown(record, actor)

    def _conference(
        self, plan: Plan, booking: Booking, organiser: User, number: str, room: Space | None, now: datetime
    ) -> Conference:
        return Conference(
            id=ConferenceId(self._identifiers.uuid()),
            number=number,
            space=room.id if room is not None else SpaceId(self._identifiers.uuid()),
            organiser=organiser.id,
            subject=plan.subject,
            created=now,
            length=plan.length,
            zone=plan.zone,
            language=plan.language,
            uid=self._identifiers.uuid(),
            tenant=organiser.tenant,
            media=plan.media,
            attendees=plan.attendees,
            series=plan.series,
            rules=plan.rules,
            instant=not plan.moments,
            own_space=room is None,
            extras=merged({}, booking.extras),
        )

    async def _add_place(
        self, tx: Transaction, conference: Conference, booking: Booking, room: Space | None
    ) -> tuple[Space, tuple[AccessMethod, AccessMethod]] | None:
        """Its own space, which is returned with the doors, or with a random number in a room two more ways in."""
        guest_passcode = booking.guest_passcode if isinstance(booking.guest_passcode, Secret) else None
        host_passcode = fresh_passcode(self._identifiers, guest_passcode, Secret(conference.number))
        if guest_passcode is not None:
            check_passcode(guest_passcode, conference.number, host_passcode)
        if room is not None and booking.random_number is not True:
            return None
        if conference.rules.guests_need_no_passcode:
            guest_passcode = None
        elif guest_passcode is None:
            guest_passcode = fresh_passcode(self._identifiers, host_passcode)
        space = room or conference_space(conference)
        guest, host = ways_in(
            space.id, conference.number, guest_passcode, host_passcode, self._identifiers, own=room is None
        )
        worn, guest, host = dressed(conference, conference.rules, space, guest, host)
        if room is None:
            await tx.spaces.add(worn)
        await tx.access_methods.add(guest)
        await tx.access_methods.add(host)
        return (worn, (guest, host)) if room is None else None

    # --- changing --------------------------------------------------------------------------------------------

    async def change(self, actor: Actor, number: str, booking: Booking) -> ConferenceRecord:
        """Change what is named and keep the rest; nothing named differs: nothing happens. Refused while it runs."""
        async with self._store.transaction() as tx:
            now = self._clock.utc()
            conference, occurrences = await self._own(tx, actor, number)
            if any(one.state is OccurrenceState.RUNNING for one in occurrences):
                raise Refusal("already-started", number=number)
            before = await record_of(tx, conference, occurrences)
            check_immutable(booking, before)
            plan = replanned(booking, conference, occurrences, now)
            if booking.attendees is not KEEP:
                defaults = await defaults_of(tx, conference.tenant)
                attendees = await known_attendees(tx, plan.attendees, conference.tenant, defaults.auto_invite)
                plan = replace(plan, attendees=attendees)
            changed = _as_planned(conference, plan, booking)
            new = rearranged(plan, changed, occurrences, now, self._identifiers)
            guest = self._changed_guest(before, changed, booking)
            same = (changed, guest) == (conference, before.guest) and not new.added and not new.removed
            if same and list(new.kept) == occurrences:
                return shown(before, actor)
            changed = replace(changed, sequence=conference.sequence + 1)
            if not conference.own_space:
                check_size(before.space, changed.rules, changed.attendees)
                moments = [one.start for one in (*new.kept, *new.added) if one.state is OccurrenceState.BOOKED]
                await check_free(tx, changed, moments, plan.length)
            await tx.conferences.save(changed)
            for one in new.removed:
                await tx.occurrences.delete(one.id)
            for one in new.kept:
                await tx.occurrences.save(one)
            for one in new.added:
                await tx.occurrences.add(one)
            await redress(tx, before, changed, guest)
            after = await record_of(tx, changed)
            await self._notices.changed(tx, before, after)
        self._publish(after)
        return shown(after, actor)

    def _changed_guest(self, before: ConferenceRecord, changed: Conference, booking: Booking) -> AccessMethod:
        """The guests' door with its passcode kept, given, made anew or taken away. A room's own stays as it is."""
        guest, host = before.guest, before.host.passcode
        wish = booking.guest_passcode
        if isinstance(wish, Secret):
            check_passcode(wish, changed.number, host)
        if not has_random_number(changed, guest):
            return guest
        if changed.rules.guests_need_no_passcode:
            return replace(guest, passcode=None)
        if isinstance(wish, Secret):
            return replace(guest, passcode=wish)
        if wish is None or guest.passcode is None:
            return replace(guest, passcode=fresh_passcode(self._identifiers, host, Secret(changed.number)))
        return guest

    async def change_occurrence(
        self, actor: Actor, number: str, occurrence_id: str, edit: OccurrenceEdit
    ) -> ConferenceRecord:
        """Move one occurrence of a series within its slot, or give it a length or rules of its own."""
        async with self._store.transaction() as tx:
            now = self._clock.utc()
            conference, occurrences = await self._own(tx, actor, number)
            old = live_occurrence(conference, occurrences, occurrence_id)
            if old.state is OccurrenceState.RUNNING:
                raise Refusal("already-started", number=number)
            start = old.start if isinstance(edit.start, Kept) else edit.start
            if start.tzinfo is None:
                raise Refusal("invalid", field="start", error="without a time zone")
            rules = edited_rules(old.rules or conference.rules, edit.rules)
            new = replace(
                old,
                start=start,
                length=old.length if isinstance(edit.length, Kept) else edit.length,
                rules=None if rules == conference.rules else rules,
                extras=merged(old.extras, edit.extras),
            )
            check_length(new.length)
            check_rules(rules)
            if (new.start, new.length) != (old.start, old.length):
                check_start(new.start, now)
                check_slot(conference, occurrences, new)
                if not conference.own_space:
                    await check_free(tx, conference, (new.start,), new.length)
            if new == old:
                return shown(await record_of(tx, conference, occurrences), actor)
            new = replace(new, changed=True, sequence=old.sequence + 1)
            await tx.occurrences.save(new)
            record = await record_of(tx, conference)
            await self._notices.occurrence_changed(tx, record, new)
        self._publish(record)
        return shown(record, actor)

    # --- cancelling and ending -------------------------------------------------------------------------------

    async def cancel(self, actor: Actor, number: str, end_running: bool = False) -> None:
        """All that is to come. A running occurrence is ended too, if asked for; else it forbids cancelling."""
        async with self._store.transaction() as tx:
            now = self._clock.utc()
            conference, occurrences = await self._own(tx, actor, number)
            before = await record_of(tx, conference, occurrences)
            runs = running_of(occurrences, end_running, number)
            # Who came early gathers before a date that is still in calendars.
            to_come = [one for one in occurrences if one.state in LIVE and (one not in runs or one.start > now)]
            conference = replace(conference, cancelled=True, sequence=conference.sequence + 1)
            await tx.conferences.save(conference)
            for one in to_come:
                await finish(tx, one, OccurrenceState.CANCELLED)
            for one in runs:
                if one not in to_come:
                    await finish(tx, one, OccurrenceState.ENDED, now)
            gone = await settle(tx, conference)
            after = replace(before, conference=conference, occurrences=tuple(await tx.occurrences.of([conference.id])))
            if to_come:
                await self._notices.cancelled(tx, after)
        await self._ended(conference, bool(runs), gone)

    async def cancel_occurrences(
        self, actor: Actor, number: str, ids: Sequence[str], end_running: bool = False
    ) -> None:
        """Some of a series; running ones are ended, if asked for. With none left the conference is over."""
        if not ids:
            raise Refusal("occurrence-list-empty", field="ids", error="none named")
        async with self._store.transaction() as tx:
            now = self._clock.utc()
            conference, occurrences = await self._own(tx, actor, number)
            before = await record_of(tx, conference, occurrences)
            chosen = [live_occurrence(conference, occurrences, id) for id in dict.fromkeys(ids)]
            runs = running_of(chosen, end_running, number)
            cancelled = []
            for one in chosen:
                if one.state is OccurrenceState.BOOKED or one.start > now:
                    risen = replace(one, sequence=one.sequence + 1)
                    cancelled.append(await finish(tx, risen, OccurrenceState.CANCELLED))
                else:
                    await finish(tx, one, OccurrenceState.ENDED, now)
            gone = await settle(tx, conference)
            after = replace(before, occurrences=tuple(await tx.occurrences.of([conference.id])))
            for one in cancelled:
                await self._notices.occurrence_cancelled(tx, after, one)
        await self._ended(conference, bool(runs), gone)

    async def _ended(self, conference: Conference, ran: bool, gone: bool) -> None:
        """After the commit: whoever is in the meeting goes, and hears the reason that is meant."""
        view = self._gatherings.meeting_of_space(conference.space)
        if view is not None and (ran or gone):
            await self._gatherings.tell(view.meeting, End(ENDED_BY_HAND))
        self._changes.publish(Change("space", conference.space, deleted=gone))
        self._changes.publish(Change("conference", conference.id))

    # --- starting and proving oneself ------------------------------------------------------------------------

    async def start(self, number: str, passcode: Secret, source: str = "") -> ConferenceRecord:
        """Begin now, without a host's device: guests need not wait for a host any more. By the host's passcode, or
        the guests' where they may begin. source: the network address of the asker."""
        record, role = await self.authenticate(number, passcode, source)
        rules = record.current.rules or record.rules
        if role is not Role.HOST and not rules.guests_may_start:
            raise Refusal("not-permitted", what="start the conference")
        async with self._store.transaction() as tx:
            now = self._clock.utc()
            conference, occurrences = await live_conference(tx, number)
            now_or_next = current_of(occurrences)
            await begin(tx, conference, now_or_next, begun=now_or_next.begun or now, guests_released=True)
            record = await record_of(tx, conference)
        self._publish(record)
        return record

    async def authenticate(self, number: str, passcode: Secret, source: str = "") -> tuple[ConferenceRecord, Role]:
        """Whose passcode is it? Counted like PINs typed at a prompt; an unknown number costs the same work and says the
        same as a wrong passcode. Raises Refusal wrong-passcode, locked-out."""
        record: ConferenceRecord | None = None
        async with self._store.reading() as tx:
            try:
                record = await record_of(tx, *(await live_conference(tx, number)))
            except Refusal:
                candidates = None
            else:
                methods = {one.id: one for one in (record.guest, record.host)}.values()
                doors = tuple(Door(one.id, one.own, one.passcode) for one in methods)
                candidates = Candidates(record.space.id, record.space.name, record.space.tenant, True, doors)
        verdict = await self._pins.judge(candidates, passcode, source, entering=False)
        if record is None or not isinstance(verdict, Admit):
            locked = not isinstance(verdict, Admit) and verdict.reason is Reason.LOCKED_OUT
            raise Refusal("locked-out" if locked else "wrong-passcode")
        return record, Role.HOST if verdict.access_method == record.host.id else Role.GUEST

    # --- what the use cases share ----------------------------------------------------------------------------

    async def _own(self, tx: Transaction, actor: Actor, number: str) -> tuple[Conference, list[Occurrence]]:
        """One that the actor may change. Raises Refusal not-found, not-permitted."""
        conference, occurrences = await live_conference(tx, number)
        if not manages(actor, conference):
            if sees(actor, conference):
                raise Refusal("not-permitted", what="change another's conference")
            raise Refusal("not-found", kind="conference", id=number)
        return conference, occurrences

    def _publish(self, record: ConferenceRecord) -> None:
        self._changes.publish(Change("space", record.space.id))
        self._changes.publish(Change("conference", record.conference.id))


def _as_planned(conference: Conference, plan: Plan, booking: Booking) -> Conference:
    return replace(
        conference,
        subject=plan.subject,
        length=plan.length,
        media=plan.media,
        attendees=plan.attendees,
        zone=plan.zone,
        language=plan.language,
        rules=plan.rules,
        series=plan.series,
        extras=merged(conference.extras, booking.extras),
    )

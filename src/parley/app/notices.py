"""Who is told what of a conference, written into the outbox by the transaction that causes it.

Called by the conference use cases inside their own unit of work, so a notice is kept exactly when its cause is; the
sender (`outbox.py`) sees it after the commit. A record is passed as it stands after the change, with its SEQUENCE
already raised; `cancelled` takes those that were still to come marked as cancelled.

Told are: of a single conference everybody at booking; of a series its organiser at booking, and everybody of each
occurrence when it is announced (`reminder`), which is when `Occurrence.reminded` becomes true. Changes and
cancellations go to those who had been told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import structlog

from ..core.calendar_entry import LIVE, CalendarEntry, entry_of_all, entry_of_part, slot_of
from ..core.conferences import ConferenceRules, Occurrence, OccurrenceState
from ..core.ids import OccurrenceId, OutboxId
from ..core.invitations import Invitation, mail_subject, one_line, sms_text
from ..core.outbox import Channel, Notice, OutboxEntry, OutboxState
from ..core.people import User
from ..core.spaces import AccessMethod, Role
from .booking import ConferenceRecord
from .notice_readers import Reader, people_of, readers, wanted
from .ports import Clock, Identifiers, Transaction

log = structlog.get_logger(__name__)

# One address as SMTP takes it (RFC 5321, 4.1.2) without quoted local parts, which nobody has and many misread.
MAIL = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x20\x7f]{1,64}@[^\s@<>()\[\]\\,;:\"\x00-\x20\x7f]{1,255}")
PHONE = re.compile(r"\+?[0-9]{3,20}")
WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Letter:
    """What becomes a mail. calendar: its calendar part, if any. reply_to: (name, address) of the organiser."""

    message_id: str
    date: datetime
    to: tuple[str, str]
    reply_to: tuple[str, str] | None
    invitation: Invitation
    calendar: CalendarEntry | None


class LetterWriter(Protocol):
    """Writes a letter down as the bytes that will be sent. `domain` is the right side of every Message-ID."""

    domain: str

    def write(self, letter: Letter) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Places:
    """How to get in. domain: of the SIP addresses; dial_in: telephone numbers; join_link: "" where there is none.

    personal_link: of one reader (see Reader.key), whom it proves to be invited; None: everybody gets the door's.
    """

    domain: str = ""
    dial_in: tuple[str, ...] = ()
    join_link: Callable[[ConferenceRecord, AccessMethod], str] = field(default=lambda _record, _method: "")
    personal_link: Callable[[ConferenceRecord, AccessMethod, str], str] | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What one reader knows under one calendar key: the whole, or one slot of a series."""

    invitation: Invitation
    calendar: CalendarEntry
    rules: ConferenceRules  # the occurrence's own, where it has any
    occurrence: OccurrenceId | None = None


Views = Mapping[str, View]


class Notices:
    """writer None: mail is off; sms False: SMS is off. Then no rows of that channel are made."""

    def __init__(
        self, identifiers: Identifiers, clock: Clock, places: Places, writer: LetterWriter | None, sms: bool = False
    ) -> None:
        self._identifiers = identifiers
        self._clock = clock
        self._places = places
        self._writer = writer
        self._on = {Channel.MAIL: writer is not None, Channel.SMS: sms}
        self._off_said: set[Channel] = set()

    # --- what the use cases say ---

    async def booked(self, tx: Transaction, record: ConferenceRecord) -> None:
        channels = self._channels(record)
        if not channels:
            return
        series = record.conference.series is not None
        people = await people_of(tx, record)
        for channel in channels:
            for reader in readers(people, record, channel).values() if channel in wanted(record.rules) else ():
                if not series or reader.own:
                    notice = Notice.SERIES_BOOKED if series else Notice.BOOKED
                    await self._tell(tx, record, channel, reader, self._whole(record, reader, people), notice)

    async def changed(self, tx: Transaction, before: ConferenceRecord, after: ConferenceRecord) -> None:
        """Those who had been told hear what is different for them: nothing, a change, that they are no longer
        invited; those who had not and now should, are invited."""
        people_before, people = await people_of(tx, before), await people_of(tx, after)
        announced = {slot_of(one) for one in before.occurrences if one.reminded}
        for channel in self._channels(after):
            told, now = readers(people_before, before, channel), readers(people, after, channel)
            for address in {**told, **now}:
                old = _by(channel, self._views(before, told.get(address), people_before, announced))
                new = _by(channel, self._views(after, now.get(address), people, announced))
                reader = now.get(address) or told[address]
                await self._tell_difference(tx, after, channel, reader, old, new, address not in now)

    async def cancelled(self, tx: Transaction, record: ConferenceRecord) -> None:
        people = await people_of(tx, record)
        announced = {slot_of(one) for one in record.occurrences if one.reminded}
        was = _as_it_was(record, self._clock.utc())
        for channel in self._channels(record):
            for reader in readers(people, record, channel).values():
                for view in _by(channel, self._views(was, reader, people, announced)).values():
                    await self._tell(tx, record, channel, reader, view, Notice.CANCELLED)

    async def occurrence_changed(self, tx: Transaction, record: ConferenceRecord, occurrence: Occurrence) -> None:
        series = record.conference.series is not None
        notice = Notice.OCCURRENCE_CHANGED if series else Notice.CHANGED
        await self._tell_of_part(tx, record, occurrence, notice, only_told=series)

    async def occurrence_cancelled(self, tx: Transaction, record: ConferenceRecord, occurrence: Occurrence) -> None:
        series = record.conference.series is not None
        notice = Notice.OCCURRENCE_CANCELLED if series else Notice.CANCELLED
        await self._tell_of_part(tx, record, occurrence, notice, only_told=series)

    async def reminder(self, tx: Transaction, record: ConferenceRecord, occurrence: Occurrence) -> None:
        """The announcement of one occurrence to everybody."""
        await self._tell_of_part(tx, record, occurrence, Notice.REMINDER, only_told=False)

    # --- who ---

    def _channels(self, record: ConferenceRecord) -> list[Channel]:
        """Those that the conference or one of its occurrences wants and the installation has."""
        rules = [record.rules, *(one.rules for one in record.occurrences if one.rules is not None)]
        chosen = list(dict.fromkeys(channel for some in rules for channel in wanted(some)))
        for channel in chosen:
            if not self._on[channel] and channel not in self._off_said:
                self._off_said.add(channel)
                log.warning("notices are wanted and not made, because the channel is not set up", channel=channel.value)
        return [channel for channel in chosen if self._on[channel]]

    async def _tell_of_part(
        self, tx: Transaction, record: ConferenceRecord, occurrence: Occurrence, notice: Notice, only_told: bool
    ) -> None:
        people = await people_of(tx, record)
        for channel in self._channels(record):
            if channel not in wanted(occurrence.rules or record.rules):
                continue
            for reader in readers(people, record, channel).values():
                if not only_told or reader.own or occurrence.reminded:
                    view = self._part(record, reader, occurrence, people)
                    await self._tell(tx, record, channel, reader, view, notice)

    # --- what ---

    def _views(
        self,
        record: ConferenceRecord,
        reader: Reader | None,
        people: Mapping[str, User],
        announced: Collection[datetime],
    ) -> dict[str, View]:
        """All that this reader has been told, or should have been, by calendar key."""
        if reader is None or not any(one.state in LIVE for one in record.occurrences):
            return {}
        if record.conference.series is None or reader.own:
            return {WHOLE: self._whole(record, reader, people)}
        return {
            slot_of(one).isoformat(): self._part(record, reader, one, people)
            for one in record.occurrences
            if one.state in LIVE and (one.reminded or slot_of(one) in announced)
        }

    def _whole(self, record: ConferenceRecord, reader: Reader, people: Mapping[str, User]) -> View:
        live = tuple(one for one in record.occurrences if one.state in LIVE) or record.occurrences
        calendar = entry_of_all(record.conference, record.occurrences, cancel=False)
        invitation = self._invitation(record, reader, live, people)
        if record.conference.series is not None:
            invitation = replace(invitation, series=record.conference.series, series_zone=record.conference.zone)
        return View(invitation, calendar, record.rules)

    def _part(
        self, record: ConferenceRecord, reader: Reader, occurrence: Occurrence, people: Mapping[str, User]
    ) -> View:
        calendar = entry_of_part(record.conference, occurrence, cancel=False)
        invitation = self._invitation(record, reader, (occurrence,), people)
        return View(invitation, calendar, occurrence.rules or record.rules, occurrence.id)

    def _invitation(
        self,
        record: ConferenceRecord,
        reader: Reader,
        occurrences: tuple[Occurrence, ...],
        people: Mapping[str, User],
    ) -> Invitation:
        conference = record.conference
        host = reader.role is Role.HOST
        method = record.door_of(reader.role)
        organiser = people.get(conference.organiser)
        mail = organiser.email if organiser is not None else ""
        number = method.call_id or conference.number
        return Invitation(
            notice=Notice.BOOKED,
            language=conference.language,
            subject=conference.subject,
            sittings=tuple((one.start, one.planned_end) for one in occurrences),
            zone=reader.zone,
            organiser=record.organiser_name or (organiser.name if organiser else "") or record.enterprise,
            organiser_mail=mail if MAIL.fullmatch(mail) else "",
            own=reader.own,
            role=reader.role,
            link=self._link(record, method, reader),
            sip=f"{method.uri or number}@{self._places.domain}" if self._places.domain else "",
            dial_in=self._places.dial_in,
            number=number,
            passcode=method.passcode,
            guest_link=self._places.join_link(record, record.guest) if host else "",
            guest_passcode=record.guest.passcode if host else None,
        )

    def _link(self, record: ConferenceRecord, method: AccessMethod, reader: Reader) -> str:
        if self._places.personal_link is None:
            return self._places.join_link(record, method)
        return self._places.personal_link(record, method, reader.key)

    # --- the rows ---

    async def _tell_difference(
        self,
        tx: Transaction,
        after: ConferenceRecord,
        channel: Channel,
        reader: Reader,
        old: Views,
        new: Views,
        removed: bool,
    ) -> None:
        for key, view in old.items():
            if key not in new:
                gone = replace(view, calendar=_raised(view.calendar, after))
                if removed:
                    gone = replace(gone, invitation=replace(gone.invitation, withdrawn=True))
                notice = Notice.CANCELLED if key == WHOLE else Notice.OCCURRENCE_CANCELLED
                await self._tell(tx, after, channel, reader, gone, notice)
        for key, view in new.items():
            series = after.conference.series is not None
            if key not in old:
                notice = Notice.REMINDER if key != WHOLE else Notice.SERIES_BOOKED if series else Notice.BOOKED
                await self._tell(tx, after, channel, reader, view, notice)
            elif old[key].invitation != view.invitation:
                notice = Notice.CHANGED if key == WHOLE else Notice.OCCURRENCE_CHANGED
                await self._tell(tx, after, channel, reader, view, notice)

    async def _tell(
        self, tx: Transaction, record: ConferenceRecord, channel: Channel, reader: Reader, view: View, notice: Notice
    ) -> None:
        invitation = replace(view.invitation, notice=notice)
        now = self._clock.utc()
        id = self._identifiers.uuid()
        entry = OutboxEntry(
            id=OutboxId(id),
            channel=channel,
            notice=notice,
            recipient=reader.address(channel),
            message_id=id,
            payload=b"",
            created=now,
            due=now,
            conference=record.conference.id,
            occurrence=view.occurrence,
            subject=mail_subject(invitation),
        )
        if not (MAIL if channel is Channel.MAIL else PHONE).fullmatch(entry.recipient):
            # Kept where the operator sees it: silently not told would be worse.
            await tx.outbox.add(replace(entry, state=OutboxState.FAILED, last_error="this address cannot be sent to"))
        elif channel is Channel.SMS:
            await tx.outbox.add(replace(entry, payload=sms_text(invitation).encode()))
        else:
            await tx.outbox.add(self._mail(entry, reader, view, invitation))

    def _mail(self, entry: OutboxEntry, reader: Reader, view: View, invitation: Invitation) -> OutboxEntry:
        assert self._writer is not None
        message_id = f"<{entry.id}@{self._writer.domain}>"
        organiser = (one_line(invitation.organiser), invitation.organiser_mail)
        letter = Letter(
            message_id=message_id,
            date=entry.created,
            to=(one_line(reader.name), entry.recipient),
            reply_to=organiser if invitation.organiser_mail else None,
            invitation=invitation,
            calendar=replace(view.calendar, cancel=invitation.cancels) if view.rules.send_calendar else None,
        )
        return replace(entry, message_id=message_id, payload=self._writer.write(letter))


def _by(channel: Channel, views: Views) -> Views:
    """Those whose rules want this channel."""
    return {key: view for key, view in views.items() if channel in wanted(view.rules)}


def _as_it_was(record: ConferenceRecord, now: datetime) -> ConferenceRecord:
    """Before a cancellation: what would still have taken place is booked. None such: as it is."""
    still = tuple(
        replace(one, state=OccurrenceState.BOOKED)
        for one in record.occurrences
        if one.state is OccurrenceState.CANCELLED and one.planned_end > now
    )
    return replace(record, occurrences=still) if still else record


def _raised(calendar: CalendarEntry, after: ConferenceRecord) -> CalendarEntry:
    """A cancellation carries a SEQUENCE above all that was told (RFC 5546, 3.2.5)."""
    sequence = max(calendar.sequence + 1, after.conference.sequence)
    return replace(calendar, sequence=sequence, sitting=replace(calendar.sitting, sequence=sequence))

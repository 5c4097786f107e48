"""What a reader's calendar is told of a conference: the whole of it, or one time that it takes place.

An attendee of a series is told of each time on its own, its organiser of the whole; both under the one UID.
SEQUENCE of the whole is the conference's; of a part it is that plus the occurrence's own, so it rises with either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .conferences import Conference, Occurrence, OccurrenceState, Series

LIVE = frozenset({OccurrenceState.BOOKED, OccurrenceState.RUNNING})


@dataclass(frozen=True, slots=True)
class Sitting:
    """One time of meeting. slot: the RECURRENCE-ID; None for a single conference, which is no part of anything."""

    start: datetime
    end: datetime
    sequence: int
    slot: datetime | None = None


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """Either `series` with all its slots, or just one sitting. All times are UTC; `zone` is an IANA name.

    slots: every booked start by the rule, rising; gone: those of them that are cancelled; moved: sittings that
    differ from their slot or from the usual length.
    """

    uid: str
    zone: str
    sequence: int
    cancel: bool
    sitting: Sitting
    series: Series | None = None
    slots: tuple[datetime, ...] = ()
    gone: tuple[datetime, ...] = ()
    moved: tuple[Sitting, ...] = ()


def slot_of(occurrence: Occurrence) -> datetime:
    return occurrence.slot or occurrence.start


def sitting(conference: Conference, occurrence: Occurrence) -> Sitting:
    """With a slot where the conference is a series."""
    return Sitting(
        occurrence.start,
        occurrence.planned_end,
        conference.sequence + occurrence.sequence,
        slot_of(occurrence) if conference.series else None,
    )


def entry_of_part(conference: Conference, occurrence: Occurrence, cancel: bool) -> CalendarEntry:
    """One occurrence; of a single conference that is all of it."""
    part = sitting(conference, occurrence)
    return CalendarEntry(conference.uid, conference.zone, part.sequence, cancel, part)


def entry_of_all(conference: Conference, occurrences: Sequence[Occurrence], cancel: bool) -> CalendarEntry:
    """The whole; at least one occurrence is given."""
    if conference.series is None:
        return entry_of_part(conference, occurrences[0], cancel)
    ordered = sorted(occurrences, key=slot_of)
    length = timedelta(minutes=conference.length)
    # Its own alone: it rises with each change of the whole, even where an occurrence with a high one is gone.
    sequence = conference.sequence
    first = slot_of(ordered[0])
    return CalendarEntry(
        uid=conference.uid,
        zone=conference.zone,
        sequence=sequence,
        cancel=cancel,
        sitting=Sitting(first, first + length, sequence),
        series=conference.series,
        slots=tuple(slot_of(one) for one in ordered),
        gone=tuple(slot_of(one) for one in ordered if one.state is OccurrenceState.CANCELLED),
        moved=tuple(
            sitting(conference, one)
            for one in ordered
            if one.state is not OccurrenceState.CANCELLED
            and (one.changed or one.start != slot_of(one) or one.planned_end - one.start != length)
        ),
    )

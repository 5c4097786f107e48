"""The life of one occurrence, step by step inside a transaction: each step is a comparison and a change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ..core.conferences import Conference, Occurrence, OccurrenceState
from ..core.ids import MeetingId
from .conference_reading import LIVE
from .conference_spaces import dress, take_down, undress
from .ports import Transaction


async def begin(
    tx: Transaction,
    conference: Conference,
    occurrence: Occurrence,
    *,
    begun: datetime | None = None,
    meeting: MeetingId | None = None,
    guests_released: bool = False,
) -> Occurrence:
    """It runs. begun: somebody came in or started it, so that its length counts from then; else it ends as booked.

    An earlier one of the same conference that still runs gives way.
    """
    others = await tx.occurrences.of([conference.id]) if conference.series is not None else []
    for other in others:
        if other.state is OccurrenceState.RUNNING and other.id != occurrence.id:
            await tx.occurrences.save(replace(other, state=OccurrenceState.ENDED, end=occurrence.start))
    began = begun if occurrence.begun is None else occurrence.begun
    running = replace(
        occurrence,
        state=OccurrenceState.RUNNING,
        begun=began,
        end=occurrence.end if began == occurrence.begun and occurrence.end else end_of(occurrence, began),
        meeting=meeting or occurrence.meeting,
    )
    await tx.occurrences.save(running)
    rules = occurrence.rules or conference.rules
    # An own space wears its conference's rules all the time.
    if not conference.own_space or occurrence.rules is not None or guests_released:
        await dress(tx, conference, rules, guests_released=guests_released)
    return running


def end_of(occurrence: Occurrence, begun: datetime | None) -> datetime:
    """The first join (or start by API) + length; nobody came: as booked."""
    return (begun or occurrence.start) + timedelta(minutes=occurrence.length)


async def finish(
    tx: Transaction, occurrence: Occurrence, state: OccurrenceState, end: datetime | None = None
) -> Occurrence:
    """It is over (or never will be). Call `settle` after the last of several."""
    finished = replace(occurrence, state=state, end=end if end is not None else occurrence.end)
    await tx.occurrences.save(finished)
    return finished


async def rest(tx: Transaction, conference: Conference, occurrence: Occurrence) -> Occurrence:
    """An early gathering ran out before the booked start: it is to come again."""
    booked = replace(occurrence, state=OccurrenceState.BOOKED, begun=None, end=None, meeting=None)
    await tx.occurrences.save(booked)
    await undress(tx, conference)
    return booked


async def settle(tx: Transaction, conference: Conference) -> bool:
    """After occurrences have finished: with none to come the place is taken down. True: the space is gone."""
    states = {one.state for one in await tx.occurrences.of([conference.id])}
    if not states & LIVE:
        return await take_down(tx, conference)
    if OccurrenceState.RUNNING not in states:
        await undress(tx, conference)
    return False

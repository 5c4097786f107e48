"""What the use cases of conferences look up and check before they change anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from ..core.conferences import Attendee, Conference, Cycle, Occurrence, OccurrenceState
from ..core.ids import TenantId
from ..core.people import User
from ..core.refusals import Refusal
from .booking import Actor, Booking
from .conference_reading import LIVE
from .ports import Query, Transaction


async def organiser_of(tx: Transaction, actor: Actor, booking: Booking) -> User:
    """Whom it is booked for."""
    wanted = booking.on_behalf or actor.user
    if wanted != actor.user and not actor.administers:
        raise Refusal("not-permitted", what="book for another user", field="on_behalf")
    user = await tx.users.get(wanted)
    if user is None or user.tenant != actor.tenant:
        raise Refusal("unknown-reference", kind="user", field="on_behalf")
    return user


async def known_attendees(
    tx: Transaction, attendees: Sequence[Attendee], tenant: TenantId | None, auto_invite: bool
) -> tuple[Attendee, ...]:
    """Users of the tenant are filled in from what is known of them."""
    ids = sorted({attendee.user for attendee in attendees if attendee.user is not None})
    users = {user.id: user for user in (await tx.users.page(Query(among=ids))).items} if ids else {}
    known = []
    for index, attendee in enumerate(attendees):
        settled = replace(attendee, auto_invite=auto_invite if attendee.auto_invite is None else attendee.auto_invite)
        if attendee.user is not None:
            user = users.get(attendee.user)
            if user is None or user.tenant != tenant:
                raise Refusal("unknown-reference", kind="user", field=f"attendees[{index}].user")
            settled = replace(
                settled,
                name=attendee.name or user.name,
                address=attendee.address or user.number or "",
                email=attendee.email or user.email,
            )
        known.append(settled)
    return tuple(known)


def live_occurrence(conference: Conference, occurrences: Iterable[Occurrence], id: str) -> Occurrence:
    if conference.series is None:
        raise Refusal("not-a-series", number=conference.number)
    found = next((one for one in occurrences if one.id == id and one.state in LIVE), None)
    if found is None:
        raise Refusal("not-found", kind="occurrence", id=id)
    return found


def current_of(occurrences: Iterable[Occurrence]) -> Occurrence:
    """The running one, else the next."""
    live = [one for one in occurrences if one.state in LIVE]
    return min(live, key=lambda one: (one.state is not OccurrenceState.RUNNING, one.start))


def running_of(occurrences: Iterable[Occurrence], end_running: bool, number: str) -> list[Occurrence]:
    runs = [one for one in occurrences if one.state is OccurrenceState.RUNNING]
    if runs and not end_running:
        raise Refusal("started", number=number)
    return runs


def check_slot(conference: Conference, occurrences: Iterable[Occurrence], moved: Occurrence) -> None:
    """It stays between its neighbours; the first and last no further out than one period."""
    assert conference.series is not None and moved.slot is not None
    days = {Cycle.DAY: 1, Cycle.WEEK: 7, Cycle.MONTH: 31}[conference.series.cycle] * conference.series.interval
    others = [one for one in occurrences if one.id != moved.id and one.state is not OccurrenceState.CANCELLED]
    earlier = [one.planned_end for one in others if one.slot is not None and one.slot < moved.slot]
    later = [one.start for one in others if one.slot is not None and one.slot > moved.slot]
    first = max(earlier, default=moved.slot - timedelta(days=days))
    last = min(later, default=moved.slot + timedelta(days=days, minutes=moved.length))
    if moved.start < first or moved.planned_end > last:
        raise Refusal("occurrence-out-of-slot", field="start", error="beyond its neighbours")

"""Booking a cloud room or personal room: whose it is, how many it takes, and that it is free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ..core.conference_rules import overlap
from ..core.conferences import Attendee, Conference, ConferenceRules, OccurrenceState
from ..core.people import User
from ..core.refusals import Refusal
from ..core.spaces import AccessMethod, Space, SpaceKind
from .booking import Booking, ConferenceRecord
from .conference_spaces import dressed, has_random_number
from .editing import Kept
from .ports import Transaction

ROOMS = frozenset({SpaceKind.PERSONAL_ROOM, SpaceKind.CLOUD_ROOM})


async def booked_room(tx: Transaction, booking: Booking, organiser: User) -> Space | None:
    """Raises Refusal not-found, room-not-owner, room-disabled."""
    if booking.room is None or isinstance(booking.room, Kept):
        return None
    room = await tx.spaces.get(booking.room)
    if room is None or room.kind not in ROOMS or room.tenant != organiser.tenant:
        raise Refusal("not-found", kind="room", id=booking.room, field="room")
    if room.owner != organiser.id:
        raise Refusal("room-not-owner", field="room", error="another's room")
    if not room.enabled:
        raise Refusal("room-disabled", field="room", error="switched off")
    return room


def check_size(room: Space, rules: ConferenceRules, attendees: Sequence[Attendee]) -> None:
    """Raises Refusal room-size."""
    if room.size is None:
        return
    if rules.participant_limit is not None and rules.participant_limit > room.size:
        raise Refusal("room-size", field="rules.participant_limit", error=f"the room takes {room.size}", size=room.size)
    if len(attendees) > room.size:
        raise Refusal("room-size", field="attendees", error=f"the room takes {room.size}", size=room.size)


async def check_free(tx: Transaction, conference: Conference, starts: Sequence[datetime], length: int) -> None:
    """No other conference has the room in any of these spans. Raises Refusal room-conflict(number, start, running)."""
    others = {one.id: one for one in await tx.conferences.of_space(conference.space) if one.id != conference.id}
    taken = overlap(await tx.occurrences.of(list(others)), starts, length) if others else None
    if taken is not None:
        raise Refusal(
            "room-conflict",
            field="room",
            number=others[taken.conference].number,
            start=taken.start,
            running=taken.state is OccurrenceState.RUNNING,
        )


def check_immutable(booking: Booking, before: ConferenceRecord) -> None:
    """Where it takes place cannot change; naming what holds is no change. Raises Refusal room-immutable."""
    conference = before.conference
    if not isinstance(booking.room, Kept):
        now = None if conference.own_space else conference.space
        if booking.room != now:
            raise Refusal("room-immutable", field="room", error="cannot change")
    wish = booking.random_number
    if conference.own_space or isinstance(wish, Kept):
        return
    if wish is not has_random_number(conference, before.guest):
        raise Refusal("room-immutable", field="random_number", error="cannot change")


async def redress(tx: Transaction, before: ConferenceRecord, changed: Conference, guest: AccessMethod) -> None:
    """After a change: subject, passcode and rules reach the place. A room is dressed when the conference begins."""
    if not has_random_number(changed, guest):
        return
    space, guest, host = dressed(changed, changed.rules, before.space, guest, before.host)
    if changed.own_space:
        await tx.spaces.save(replace(space, name=changed.subject))
    await tx.access_methods.save(guest)
    await tx.access_methods.save(host)

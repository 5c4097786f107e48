"""Whom notices of a conference go to: organiser and attendees with their addresses, each address once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..core.conferences import Attendee, ConferenceRules
from ..core.outbox import Channel
from ..core.people import User
from ..core.spaces import Role
from .booking import ConferenceRecord
from .ports import Query, Transaction


@dataclass(frozen=True, slots=True)
class Reader:
    """One person. `own`: the organiser."""

    name: str
    role: Role
    zone: str
    mail: str
    phone: str
    own: bool = False

    @property
    def key(self) -> str:
        """What personal links know the reader by, the same in all channels."""
        return (self.mail or self.phone).casefold()

    def address(self, channel: Channel) -> str:
        return self.mail if channel is Channel.MAIL else self.phone


async def people_of(tx: Transaction, record: ConferenceRecord) -> dict[str, User]:
    """The users among organiser and attendees, by id."""
    conference = record.conference
    wished = {str(conference.organiser), *(str(one.user) for one in conference.attendees if one.user)}
    return {user.id: user for user in (await tx.users.page(Query(among=sorted(wished)))).items}


def wanted(rules: ConferenceRules) -> list[Channel]:
    """A calendar part travels in a mail."""
    mail = [Channel.MAIL] if rules.send_mail or rules.send_calendar else []
    return mail + ([Channel.SMS] if rules.send_sms else [])


def readers(people: Mapping[str, User], record: ConferenceRecord, channel: Channel) -> dict[str, Reader]:
    """By address, organiser first; who is named twice under one address is told once, in the higher role."""
    found: dict[str, Reader] = {}
    for reader in [*_organiser(people, record), *(_reader(people, record, one) for one in record.conference.attendees)]:
        address = reader.address(channel).casefold()
        if not address:
            continue
        known = found.get(address)
        if known is None:
            found[address] = reader
        elif known.own or reader.role is Role.HOST:
            # The organiser listed as an attendee brings the zone that was given for this person.
            found[address] = replace(reader, own=known.own, role=Role.HOST, mail=known.mail, phone=known.phone)
    return found


def _organiser(people: Mapping[str, User], record: ConferenceRecord) -> list[Reader]:
    user = people.get(record.conference.organiser)
    if user is None:
        return []
    name = record.organiser_name or user.name
    return [Reader(name, Role.HOST, record.conference.zone, user.email.strip(), _digits(user.phone), own=True)]


def _reader(people: Mapping[str, User], record: ConferenceRecord, attendee: Attendee) -> Reader:
    """Addresses given with the attendee go before those of the account."""
    user = people.get(attendee.user) if attendee.user else None
    return Reader(
        name=attendee.name or (user.name if user else ""),
        role=attendee.role,
        zone=attendee.zone if attendee.zone and _known_zone(attendee.zone) else record.conference.zone,
        mail=(attendee.email or (user.email if user else "")).strip(),
        phone=_digits(attendee.sms or (user.phone if user else "")),
    )


def _digits(phone: str) -> str:
    """Without what people put between digits."""
    return re.sub(r"[ ()./-]", "", phone)


def _known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True

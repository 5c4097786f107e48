"""Where a conference takes place: its space, and the two ways in under one number.

An own space lives with its conference. A room's space outlives it: either the room's own ways in serve (its number is
what people dial, the conference's number is dialled by nobody), or, with a random number, two more ways in are added
for as long as the conference is to come.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ..core.conference_rules import HOST_SETTINGS, call_settings, guest_settings, host_settings, lock_mode
from ..core.conferences import Conference, ConferenceRules
from ..core.ids import AccessMethodId, SpaceId
from ..core.profiles import CallSettings, LegSettings
from ..core.refusals import Refusal
from ..core.secret import Secret
from ..core.spaces import AccessMethod, Role, Space, SpaceKind
from .ports import Identifiers, Query, Transaction

NUMBER_DIGITS = 9
NUMBER_TRIES = 100
PASSCODE_DIGITS = 6
JOIN_SECRET_LENGTH = 48  # hexadecimal digits


async def free_number(tx: Transaction, identifiers: Identifiers, reserved: Collection[str] = ()) -> str:
    """A number that leads nowhere and named no conference before. Raises Refusal limit."""
    for _ in range(NUMBER_TRIES):
        number = identifiers.digits(NUMBER_DIGITS)
        if number in reserved or await tx.access_methods.by_call_id(number) or await tx.access_methods.by_uri(number):
            continue
        if (await tx.ivrs.page(Query(where={"uri": number}))).total:
            continue
        if await tx.conferences.by_number(number) is None:
            return number
    raise Refusal("limit", which="conference-number")


def fresh_passcode(identifiers: Identifiers, *others: Secret | None) -> Secret:
    """Six random digits, unlike the others."""
    while (passcode := Secret(identifiers.digits(PASSCODE_DIGITS))) in others:
        pass
    return passcode


def join_secret(identifiers: Identifiers) -> Secret:
    """The text of a join link: 48 hexadecimal digits."""
    text = (identifiers.uuid() + identifiers.uuid()).replace("-", "")
    return Secret(text[:JOIN_SECRET_LENGTH])


def ways_in(
    space: SpaceId, number: str, guest: Secret | None, host: Secret, identifiers: Identifiers, *, own: bool
) -> tuple[AccessMethod, AccessMethod]:
    """The guests' and the host's door under one number; guest None: blank. own: the guests' is the space's own."""

    def door(passcode: Secret | None, role: Role, is_own: bool) -> AccessMethod:
        return AccessMethod(
            id=AccessMethodId(identifiers.uuid()),
            space=space,
            own=is_own,
            uri=number,
            call_id=number,
            passcode=passcode,
            secret=join_secret(identifiers),
            role=role,
        )

    return door(guest, Role.GUEST, own), door(host, Role.HOST, False)


def conference_space(conference: Conference) -> Space:
    """The space of a conference that has one of its own, before its rules are put on."""
    return Space(
        id=conference.space,
        name=conference.subject,
        language=conference.language,
        tenant=conference.tenant,
        owner=conference.organiser,
        kind=SpaceKind.CONFERENCE,
    )


async def doors_of(tx: Transaction, conference: Conference) -> tuple[AccessMethod, AccessMethod] | None:
    """(guest, host), or None when they are gone with the space."""
    methods = (await tx.access_methods.page(Query(where={"space": conference.space}))).items
    return doors_among(methods, conference.number)


def doors_among(methods: Collection[AccessMethod], number: str | None) -> tuple[AccessMethod, AccessMethod] | None:
    """(guest, host) under this number, else the space's own and the host's door beside it."""
    own = next((method for method in methods if method.own), None)
    if own is None:
        return None
    under = [method for method in methods if number is not None and method.call_id == number]
    guest = next((method for method in under if method.role is not Role.HOST), own)
    hosts = [method for method in methods if method.role is Role.HOST and method.call_id == guest.call_id]
    return guest, hosts[0] if hosts else guest


def has_random_number(conference: Conference, guest: AccessMethod) -> bool:
    """Do phones reach the conference by its own number?"""
    return guest.call_id == conference.number


def dressed(
    conference: Conference, rules: ConferenceRules, space: Space, guest: AccessMethod, host: AccessMethod
) -> tuple[Space, AccessMethod, AccessMethod]:
    """Space and doors as these rules want them while the conference runs (an own space: always).

    Whether guests of a room met under its own number may begin is the room's word, which its space's settings hold.
    """
    leg = guest_settings(rules)
    call = call_settings(rules, guest.passcode is None, space.size)
    if not has_random_number(conference, guest):
        leg = replace(leg, needs_activation=None, deactivation_mode=None)
        call = replace(call, lock_mode=lock_mode(bool(space.leg_settings.needs_activation)))
    return (
        replace(space, call_settings=call, language=conference.language if conference.own_space else space.language),
        replace(guest, leg_settings=leg),
        replace(host, leg_settings=host_settings(rules)),
    )


def at_rest(space: Space, guest: AccessMethod, host: AccessMethod) -> tuple[Space, AccessMethod, AccessMethod]:
    """A room as it is when no conference runs in it."""
    return (
        replace(space, call_settings=room_call_settings(space, guest)),
        replace(guest, leg_settings=LegSettings()),
        replace(host, leg_settings=HOST_SETTINGS),
    )


def room_call_settings(space: Space, guest: AccessMethod) -> CallSettings:
    """Of a room at rest."""
    settings = call_settings(ConferenceRules(), guest.passcode is None, space.size)
    return replace(settings, entry_scope=None, lock_mode=None)


async def dress(tx: Transaction, conference: Conference, rules: ConferenceRules, *, guests_released: bool) -> None:
    """Put rules on. guests_released: they need wait for nobody, for somebody else has started the conference."""
    space, doors = await tx.spaces.get(conference.space), await doors_of(tx, conference)
    if space is None or doors is None:
        return
    space, guest, host = dressed(conference, rules, space, *doors)
    if guests_released and not rules.waiting_room:
        guest = replace(guest, leg_settings=replace(guest.leg_settings, needs_activation=False))
        space = replace(space, call_settings=replace(space.call_settings, lock_mode=lock_mode(guests_wait=False)))
    await _save(tx, space, guest, host)


async def released(tx: Transaction, conference: Conference, rules: ConferenceRules) -> bool:
    """Were the guests let in by a start without a host's device, beyond what these rules say?"""
    doors = await doors_of(tx, conference)
    waits = guest_settings(rules).needs_activation
    return doors is not None and bool(waits) and doors[0].leg_settings.needs_activation is False


async def undress(tx: Transaction, conference: Conference) -> None:
    """After one occurrence, with others to come: back to the conference's own rules, or to the room's."""
    space, doors = await tx.spaces.get(conference.space), await doors_of(tx, conference)
    if space is None or doors is None:
        return
    space, guest, host = dressed(conference, conference.rules, space, *doors)
    if not conference.own_space:
        own = doors_among((await tx.access_methods.page(Query(where={"space": space.id}))).items, None)
        assert own is not None
        resting, own_guest, own_host = at_rest(space, *own)
        if has_random_number(conference, guest):
            await _save(tx, resting, guest, host)
            return
        space, guest, host = resting, own_guest, own_host
    await _save(tx, space, guest, host)


async def take_down(tx: Transaction, conference: Conference) -> bool:
    """After the last occurrence. True: its space is gone."""
    if conference.own_space:
        await tx.spaces.delete(conference.space)
        return True
    await undress(tx, conference)
    for method in await tx.access_methods.by_call_id(conference.number):
        await tx.access_methods.delete(method.id)
    return False


async def _save(tx: Transaction, space: Space, guest: AccessMethod, host: AccessMethod) -> None:
    await tx.spaces.save(space)
    await tx.access_methods.save(guest)
    if host.id != guest.id:
        await tx.access_methods.save(host)

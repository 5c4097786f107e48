"""Callers whom a network that we trust asserts to be somebody, where not everybody comes in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from parley.app.booking import ConferenceRecord
from parley.core.conferences import Attendee
from parley.core.endings import Reason
from parley.core.ids import UserId
from parley.core.spaces import Role
from tests.app.conference_floor import ConferenceFloor, at
from tests.app.floor import Call
from tests.app.web_floor import INVITED, TENANT
from tests.kit.fake_leg_door import FakeLegDoor

BOB = Attendee("Bob", user=UserId("bob"))
DORA = Attendee("Dora", Role.GUEST, address="+49-30-123")


class Trunk(ConferenceFloor):
    """Phones behind a trunk that says who they are."""

    async def call(self, user: str, *asserted: str) -> Call:
        """As far as the answer."""
        door = FakeLegDoor()
        leg = await self.arrivals.arrive(replace(self.offer(user), asserted=asserted), door)
        await self.settle()
        return Call(self, door, leg)

    async def restricted(self, **fields: Any) -> ConferenceRecord:
        await self.people()
        return await self.book(start=at("2026-01-01 09:00"), **fields)


@pytest.mark.parametrize(
    ("asserted", "enters"),
    [
        (("sip:2002@trunk.example",), True),
        (("sip:bob@example.com",), True),
        (("tel:+49-30-123",), True),
        (("sip:nobody@trunk.example", "tel:+4930123"), True),
        (("sip:2003@trunk.example",), False),
        (("sip:bob@far.example",), False),
        (("sip:@", "", "nonsense"), False),
        ((), False),
    ],
)
async def test_the_invited_come_in_by_a_number_that_is_theirs(asserted: tuple[str, ...], enters: bool) -> None:
    """By the account's number or name, or the number that was invited; anybody else hears of nothing."""
    trunk = Trunk()
    record = await trunk.restricted(rules=INVITED, attendees=(BOB, DORA))
    call = await trunk.call(record.conference.number, *asserted)
    assert call.made is enters
    if not enters:
        assert call.door.rejected is not None and call.door.rejected.reason is Reason.UNKNOWN_DESTINATION
        return
    await call.confirm()
    assert record.host.passcode is not None
    await call.type(f"{record.host.passcode.reveal()}#")
    assert call.active


async def test_the_tenants_people_come_in_by_their_own_numbers() -> None:
    """carol is of the installation's own enterprise; eve is not, and a number of two people is nobody's."""
    trunk = Trunk()
    record = await trunk.restricted(rules=TENANT)
    number = record.conference.number
    assert (await trunk.call(number, "sip:2003@trunk.example")).made
    assert not (await trunk.call(number, "sip:eve@other.example")).made
    async with trunk.held.transaction() as tx:
        alice = await tx.users.get("alice")
        assert alice is not None
        await tx.users.save(replace(alice, number="2003"))
    assert not (await trunk.call(number, "sip:2003@trunk.example")).made
    assert (await trunk.call(number, "sip:carol@example.com")).made


async def test_a_disabled_users_number_proves_nothing() -> None:
    """As if nobody had it."""
    trunk = Trunk()
    record = await trunk.restricted(rules=TENANT)
    async with trunk.held.transaction() as tx:
        carol = await tx.users.get("carol")
        assert carol is not None
        await tx.users.save(replace(carol, enabled=False))
    assert not (await trunk.call(record.conference.number, "sip:2003@trunk.example")).made


async def test_what_is_proven_counts_at_the_access_number_too() -> None:
    """The right PIN of a restricted conference opens it to the invited, and sounds wrong to others."""
    trunk = Trunk()
    record = await trunk.restricted(rules=INVITED, attendees=(BOB,))
    assert record.host.passcode is not None
    for asserted, enters in [("sip:2002@trunk.example", True), ("sip:2003@trunk.example", False)]:
        call = await trunk.call("9000", asserted)
        await call.confirm()
        await call.type(f"{record.conference.number}#")
        await call.type(f"{record.host.passcode.reveal()}#")
        assert call.active is enters
        if not enters:
            assert call.heard[-1] == "pin-incorrect-try-again"


async def test_proof_is_judged_anew_on_joining() -> None:
    """Whoever passed as one of the tenant's stays out when the conference became one for the invited meanwhile."""
    trunk = Trunk()
    record = await trunk.restricted(rules=TENANT)
    assert record.host.passcode is not None
    call = await trunk.call(record.conference.number, "sip:2003@trunk.example")
    await call.confirm()
    async with trunk.held.transaction() as tx:
        space = await tx.spaces.get(record.space.id)
        assert space is not None
        await tx.spaces.save(
            replace(space, call_settings=replace(space.call_settings, entry_scope=INVITED.entry_scope))
        )  # type: ignore[arg-type]
    await call.type(f"{record.host.passcode.reveal()}#")
    assert not call.active


async def test_an_open_space_asks_nobody_who_he_is() -> None:
    """What is asserted costs no reads there."""
    trunk = Trunk()
    await trunk.space("room")
    before = trunk.held.reads
    await trunk.call("room")
    plain = trunk.held.reads - before
    async with trunk.held.transaction():
        pass  # whatever was read must be read again
    await trunk.call("room", "sip:2002@trunk.example")
    assert trunk.held.reads - before == 2 * plain

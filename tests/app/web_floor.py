"""The floor with a page on it: people who come in by a browser."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from parley.app.booking import ConferenceRecord, RulesEdit
from parley.app.members import MemberEdit
from parley.app.rooms import RoomEdit
from parley.app.web_entry import ByLink, ByPasscode, WebEntry, WebGrant, Wish
from parley.core.admission import Proof
from parley.core.conferences import Attendee
from parley.core.ids import UserId
from parley.core.links import PersonalLinks
from parley.core.people import User
from parley.core.profiles import EntryScope
from parley.core.secret import Secret
from parley.core.spaces import AccessMethod, Role, SpaceKind
from tests.app.conference_floor import ConferenceFloor, at

SOURCE = "192.0.2.7"
LINKS = PersonalLinks(b"k" * 32)
INVITED = RulesEdit(entry_scope=EntryScope.INVITED)
TENANT = RulesEdit(entry_scope=EntryScope.TENANT)
GAO = Attendee("Gao", email="Gao@Example.com", sms="+86138")
BRUNO = Attendee("Bruno", Role.HOST, sms="+55 11 99")


class Web(ConferenceFloor):
    """The floor with a page on it. `held` counts what is read."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.entry = WebEntry(self.held, self.lookup, self.pins, LINKS, self.journal)

    async def enter(self, wish: Wish, user: User | None = None, source: str = SOURCE) -> WebGrant | None:  # type: ignore[override]
        return await self.entry.enter(wish, source, user)

    async def user(self, name: str) -> User:
        async with self.held.reading() as tx:
            found = await tx.users.get(name)
        assert found is not None
        return found

    async def doors(self, space: str) -> list[AccessMethod]:
        async with self.held.reading() as tx:
            return await tx.access_methods.of_spaces([space])

    async def secret(self, space: str, own: bool = True) -> Secret:
        found = next(one.secret for one in await self.doors(space) if one.own is own)
        assert found is not None
        return found

    async def alter(self, space: str, **changes: Any) -> None:
        async with self.held.transaction() as tx:
            found = await tx.spaces.get(space)
            assert found is not None
            await tx.spaces.save(replace(found, **changes))

    async def make_member(self, space: str, name: str = "bob") -> str:
        return await self.use.members.create(space, f"{name}@example.com", MemberEdit())

    async def entered(self, wish: Wish, user: User | None = None) -> str | None:
        """The door or membership; None: refused."""
        grant = await self.enter(wish, user)
        return None if grant is None else grant.granted.entry.access_method or grant.granted.entry.member

    async def proof(self, wish: Wish, user: User | None = None) -> Proof | None:
        grant = await self.enter(wish, user)
        return None if grant is None else grant.granted.proof


def passcode(meeting: str, pin: str = "") -> ByPasscode:
    return ByPasscode(meeting, Secret(pin))


async def room_and_conference(web: Web, **fields: Any) -> tuple[str, ConferenceRecord]:
    """alice's personal room, and a conference in it under the room's own number."""
    made = await web.rooms.create(None, SpaceKind.PERSONAL_ROOM, RoomEdit(), owner=UserId("alice"))
    record = await web.book(start=at("2026-01-01 09:00"), room=made.space.id, random_number=False, **fields)
    return made.space.id, record


def personal(record: ConferenceRecord, role: Role, reader: str) -> ByLink:
    """The link that is told to this reader."""
    secret = record.door_of(role).secret
    assert secret is not None
    return ByLink(record.conference.number, LINKS.secret(record.conference.number, secret, reader))

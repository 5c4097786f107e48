"""What somebody who books needs to have looked up: who is meant by a name, which room, which zone; and booking once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ..core.ids import SpaceId, TenantId, UserId
from ..core.people import User
from ..core.refusals import Refusal
from ..core.spaces import Space, SpaceKind
from .accounts import Accounts
from .booking import Actor, Booking, ConferenceRecord
from .conference_planning import defaults_of
from .conferences import Conferences
from .ports import Clock, KeptAnswer, Query, Store, Transaction

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Named:
    """How a request names a person: by id, or by account; third: the account is the name an application gave."""

    id: str | None = None
    account: str | None = None
    third: bool = False


@dataclass(frozen=True, slots=True)
class Once:
    """A request that is to be carried out once, however often it is sent. scope: who asks, and for what."""

    scope: str
    key: str
    fingerprint: str


def fingerprint(*parts: bytes) -> str:
    """What tells one request from another."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


class BookingDesk:
    def __init__(self, store: Store, clock: Clock, accounts: Accounts, conferences: Conferences) -> None:
        self._store = store
        self._clock = clock
        self._accounts = accounts
        self._conferences = conferences

    async def zone(self, actor: Actor) -> str:
        """In which dates are meant when nobody says: the enterprise's."""
        async with self._store.reading() as tx:
            return (await defaults_of(tx, actor.tenant)).zone

    async def people(self, actor: Actor, named: Sequence[Named]) -> list[UserId | None]:
        """Who they are, None for those whom the actor's enterprise does not know."""
        return await self.people_of(actor.tenant, named)

    async def people_of(self, tenant: TenantId | None, named: Sequence[Named]) -> list[UserId | None]:
        async with self._store.reading() as tx:
            return [user.id if (user := await self._person(tx, tenant, one)) else None for one in named]

    async def _person(self, tx: Transaction, tenant: TenantId | None, named: Named) -> User | None:
        user: User | None = None
        if named.id is not None:
            user = await tx.users.get(named.id)
        if user is None and named.account:
            user = await self._accounts.read_third(tx, tenant, named.account) if named.third else None
            user = user or await self._accounts.read_account(tx, named.account)
        return user if user is not None and user.tenant == tenant else None

    async def room(self, actor: Actor, organiser: UserId | None, wanted: str | None) -> SpaceId:
        """The room asked for; without one the organiser's personal room, else the one with the smallest number.

        Raises Refusal not-found. Whose it is and whether it is free is judged when it is booked.
        """
        if wanted is not None:
            return SpaceId(wanted)
        owner = organiser or actor.user
        async with self._store.reading() as tx:
            personal = await _rooms(tx, owner, SpaceKind.PERSONAL_ROOM)
            if personal:
                return personal[0].id
            numbered = []
            for room in await _rooms(tx, owner, SpaceKind.CLOUD_ROOM):
                doors = (await tx.access_methods.page(Query(where={"space": room.id}))).items
                numbers = [door.call_id for door in doors if door.own and door.call_id]
                numbered += [(len(number), number, room.id) for number in numbers]
        if not numbered:
            raise Refusal("not-found", kind="room", id="", field="room")
        return min(numbered)[2]

    async def book(
        self, actor: Actor, booking: Booking, once: Once | None, answer: Callable[[ConferenceRecord], bytes]
    ) -> bytes:
        """Book, and give the answer; with `once`, the first answer again when it was booked within 24 hours.

        Booking and kept answer are one transaction. Raises Refusal as book, and key-reused: the key came before with
        another request.
        """
        if once is None:
            return answer(await self._conferences.book(actor, booking))
        if (before := await self._kept(once)) is not None:
            return before
        given: list[bytes] = []

        async def keep(tx: Transaction, record: ConferenceRecord) -> None:
            now = self._clock.utc()
            given[:] = [answer(record)]
            await tx.forget_answers(now - KEPT_FOR)
            try:
                await tx.keep_answer(once.scope, once.key, KeptAnswer(200, given[0], once.fingerprint, now))
            except ValueError:
                raise _Overtaken from None

        try:
            await self._conferences.book(actor, booking, keep)
        except _Overtaken:
            before = await self._kept(once)
            if before is None:
                raise
            return before
        return given[0]

    async def _kept(self, once: Once) -> bytes | None:
        async with self._store.reading() as tx:
            kept = await tx.kept_answer(once.scope, once.key)
        if kept is None or kept.created < self._clock.utc() - KEPT_FOR:
            return None
        if kept.fingerprint != once.fingerprint:
            raise Refusal("key-reused")
        return kept.body


class _Overtaken(Exception):
    """The same request was carried out meanwhile; nothing of this one stays."""


async def _rooms(tx: Transaction, owner: UserId, kind: SpaceKind) -> Sequence[Space]:
    return (await tx.spaces.page(Query(where={"owner": owner, "kind": kind}))).items

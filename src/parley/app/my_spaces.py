"""What a member sees of his spaces and may do to them, each deed by a right of its own (cms-api 2.4, 3.9).

Rights are read in the unit of work that uses them: who loses one while he asks is refused. A space that somebody is
no member of does not exist for him.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import quote

from ..core.ids import TenantId
from ..core.invitation_words import LANGUAGES
from ..core.member_rights import Deed, allows, handed_on
from ..core.people import User
from ..core.refusals import Refusal
from ..core.secret import Secret
from ..core.space_invitation import SpaceInvitation, subject, text
from ..core.spaces import AccessMethod, Member, Space
from .accounts import Accounts
from .administration import Administration
from .changes import Change, Changes
from .editing import KEEP, Kept
from .members import MemberEdit, MemberRecord
from .ports import Page, Query, Store, Transaction
from .spaces import SpaceEdit, SpaceRecord

# The deed that each changed value needs.
NEEDS: Mapping[str, Deed] = {
    "name": Deed.CHANGE_NAME,
    "uri": Deed.CHANGE_URI,
    "call_id": Deed.CHANGE_CALL_ID,
    "passcode": Deed.CHANGE_PASSCODE,
    "non_member_access": Deed.CHANGE_NON_MEMBER_ACCESS,
}


@dataclass(frozen=True, slots=True)
class Ways:
    """How people reach this server. base: of links; domain: of SIP addresses; access_number: the part before its @;
    dial_in: telephone numbers that lead there."""

    base: str
    domain: str
    access_number: str | None = None
    dial_in: tuple[str, ...] = ()

    def link(self, door: AccessMethod) -> str | None:
        """Into the meeting by this door; None for one without call ID or secret."""
        if door.call_id is None or door.secret is None:
            return None
        return f"{self.base.rstrip('/')}/meeting/{door.call_id}?secret={quote(door.secret.reveal(), safe='')}"


@dataclass(frozen=True, slots=True)
class MySpace:
    """A space as one of its members sees it."""

    record: SpaceRecord
    member: Member
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MySpaceEdit:
    """passcode None: guests need none from now on."""

    name: str | Kept = KEEP
    uri: str | Kept | None = KEEP
    call_id: str | Kept | None = KEEP
    passcode: Secret | Kept | None = KEEP
    non_member_access: bool | Kept = KEEP


@dataclass(frozen=True, slots=True)
class Told:
    """An invitation, ready to be copied."""

    subject: str
    text: str
    link: str | None


class MySpaces:
    """The use cases. Each takes who asks, already proven. Raises Refusal not-found where he is no member."""

    def __init__(
        self, store: Store, changes: Changes, administration: Administration, accounts: Accounts, ways: Ways
    ) -> None:
        self._store = store
        self._changes = changes
        self._administration = administration
        self._accounts = accounts
        self._ways = ways

    # --- seeing ------------------------------------------------------------------------------------------------

    async def page(self, user: User, query: Query) -> Page[tuple[Space, AccessMethod]]:
        """The spaces he is a member of, each with its own access method."""
        async with self._store.reading() as tx:
            memberships = (await tx.members.page(Query(where={"user": user.id}))).items
            among = sorted({member.space for member in memberships})
            page = await tx.spaces.page(Query(query.offset, query.limit, query.contains, among=among))
            methods = await tx.access_methods.of_spaces([space.id for space in page.items])
            own = {method.space: method for method in methods if method.own}
            return Page(page.total, tuple((space, own[space.id]) for space in page.items))

    async def get(self, user: User, space: str) -> MySpace:
        async with self._store.reading() as tx:
            member = await _membership(tx, user, space)
        record = await self._administration.spaces.get(space)
        return MySpace(record, member, self._ways.link(record.own))

    async def members(self, user: User, space: str, query: Query) -> Page[MemberRecord]:
        async with self._store.reading() as tx:
            await _membership(tx, user, space)
        return await self._administration.members.page(space, query)

    async def invitation(self, user: User, space: str, language: str) -> Told:
        """Raises Refusal invalid (language)."""
        if language not in LANGUAGES:
            raise Refusal("invalid", field="language", error="must be one of " + ", ".join(LANGUAGES))
        mine = await self.get(user, space)
        domain = await self._domain(mine.record.space.tenant)
        own, number = mine.record.own, self._ways.access_number
        invitation = SpaceInvitation(
            language=language,
            name=mine.record.space.name or own.uri or own.call_id or "",
            inviter=user.name or user.account or user.jid,
            link=mine.link or "",
            sip=f"{own.uri}@{domain}" if own.uri else "",
            entrance=f"{number}@{domain}" if number else "",
            dial_in=self._ways.dial_in,
            number=own.call_id or "",
            passcode=own.passcode,
        )
        return Told(subject(invitation), text(invitation), mine.link)

    async def _domain(self, tenant: TenantId | None) -> str:
        return await self._administration.inbound_rules.space_domain(tenant, self._ways.domain) or ""

    # --- doing -------------------------------------------------------------------------------------------------

    async def change(self, user: User, space: str, edit: MySpaceEdit) -> None:
        """All of it or nothing. Raises Refusal: not-permitted, duplicate-*, ivr-conflict."""
        wanted = [name for name in NEEDS if getattr(edit, name) is not KEEP]
        async with self._store.transaction() as tx:
            member = await _membership(tx, user, space)
            for name in wanted:
                _check(member, NEEDS[name])
            change = await self._administration.spaces.edit(
                tx, space, SpaceEdit(**{name: getattr(edit, name) for name in wanted})
            )
        self._changes.publish(change)

    async def delete(self, user: User, space: str) -> None:
        """Raises Refusal not-permitted."""
        async with self._store.transaction() as tx:
            _check(await _membership(tx, user, space), Deed.DESTROY)
            change = await self._administration.spaces.remove(tx, space)
        self._changes.publish(change)

    async def add_member(self, user: User, space: str, account: str) -> MemberRecord:
        """Somebody of the adder's own enterprise. Raises Refusal: not-permitted, unknown-reference, duplicate-name."""
        async with self._store.transaction() as tx:
            adder = await _membership(tx, user, space)
            _check(adder, Deed.ADD_MEMBER)
            added = await self._accounts.read_account(tx, account)
            # Of another enterprise nothing is told, not even that it has such a user.
            if added is None or added.tenant != user.tenant:
                raise Refusal("unknown-reference", kind="user", field="account")
            edit = MemberEdit(rights=asdict(handed_on(adder.rights)))
            member = await self._administration.members.add(tx, space, added, edit, "account")
        self._changes.publish(Change("member", member.id, space=space))
        return MemberRecord(member, added)

    async def remove_member(self, user: User, space: str, id: str) -> None:
        """Somebody else, or oneself. Raises Refusal: not-permitted, not-found (no such member)."""
        async with self._store.transaction() as tx:
            mine = await _membership(tx, user, space)
            doomed = await tx.members.get(id)
            _check(mine, Deed.LEAVE if id == mine.id else Deed.REMOVE_MEMBER)
            if doomed is None or doomed.space != mine.space:
                raise Refusal("not-found", kind="member", id=id)
            await tx.members.delete(id)
        self._changes.publish(Change("member", id, space=space, deleted=True))


async def _membership(tx: Transaction, user: User, space: str) -> Member:
    page = await tx.members.page(Query(limit=1, where={"space": space, "user": user.id}))
    if not page.items:
        raise Refusal("not-found", kind="space", id=space)
    return page.items[0]


def _check(member: Member, deed: Deed) -> None:
    if not allows(member.rights, deed):
        raise Refusal("not-permitted", what=deed.value)

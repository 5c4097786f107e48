"""What somebody at an entrance has proven, towards the space he wants to enter.

Whether a person is invited is read only where entry is restricted: elsewhere it is of no consequence.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..core.admission import NOTHING_PROVEN, Candidates, Proof
from ..core.conferences import Conference, OccurrenceState
from ..core.ids import SpaceId
from ..core.people import User
from ..core.profiles import EntryScope, resolve_call
from ..core.proofs import Identity, identity_of, invites, is_invited
from ..core.spaces import Member
from .layers import NOBODY
from .ports import Query, Transaction

_TO_COME = (OccurrenceState.BOOKED, OccurrenceState.RUNNING)


def restricted(candidates: Candidates) -> bool:
    """Does it matter here who somebody is?"""
    return resolve_call(candidates.call_layers).settings.entry_scope in {EntryScope.TENANT, EntryScope.INVITED}


async def membership(tx: Transaction, space: SpaceId, user: User) -> Member | None:
    """As what the user belongs to the space."""
    members = (await tx.members.page(Query(limit=1, where={"space": space, "user": user.id}))).items
    return members[0] if members else None


async def proof_of_user(tx: Transaction, candidates: Candidates | None, user: User) -> Proof:
    """Of a user who is signed in, or whose device calls. candidates None: no such place, which costs as many reads."""
    conferences = await _held(tx, candidates)
    return Proof(user.id, user.tenant, any(is_invited(one, user) for one in conferences))


async def proof_of_caller(
    tx: Transaction, candidates: Candidates, asserted: Sequence[str], own_domains: Collection[str]
) -> Proof:
    """Of a caller whom a trusted network asserts to be these URIs. Whoever they do not mean alone is nobody."""
    if not restricted(candidates):
        return NOTHING_PROVEN
    identities = [identity for uri in asserted if (identity := identity_of(uri)) is not None]
    user = await _user_of(tx, identities, own_domains)
    conferences = await _held(tx, candidates)
    invited = any(
        invites(one, identity, own_domains) or (user is not None and is_invited(one, user))
        for one in conferences
        for identity in identities
    )
    return Proof(user.id, user.tenant, invited) if user is not None else Proof(invited=invited)


async def _held(tx: Transaction, candidates: Candidates | None) -> list[Conference]:
    """The conferences that people in this space are in or are early for: of a space that is a conference's own that
    one, of a room the one that runs."""
    space = candidates.space if candidates is not None and restricted(candidates) else NOBODY
    conferences = await tx.conferences.of_space(space)
    occurrences = await tx.occurrences.of([one.id for one in conferences] or [NOBODY])
    states = {(one.conference, one.state) for one in occurrences}
    running = {conference for conference, state in states if state is OccurrenceState.RUNNING}
    coming = {conference for conference, state in states if state in _TO_COME}
    return [one for one in conferences if one.id in (coming if one.own_space else running)]


async def _user_of(tx: Transaction, identities: Sequence[Identity], own_domains: Collection[str]) -> User | None:
    found: dict[str, User] = {}
    for identity in identities:
        wishes: list[dict[str, str]] = []
        if identity.number is not None:
            wishes += [{"number": identity.number}, {"phone": identity.number}]
        if identity.domain:
            wishes.append({"jid": f"{identity.user}@{identity.domain}"})
        if identity.domain in own_domains:
            wishes.append({"account": identity.user})
        for where in wishes:
            users = (await tx.users.page(Query(limit=2, where=where))).items
            found |= {user.id: user for user in users if user.enabled}
    return next(iter(found.values())) if len(found) == 1 else None

"""Somebody at a browser wants in: by a link, by a meeting ID and passcode, or as a member of a space.

Everything is settled before any media: either a WebGrant, which `Arrivals.enter` takes, or None. Unknown, closed,
wrong and locked out are refused alike, with as many reads; guesses count with those made at the prompts of phones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..core.admission import NOTHING_PROVEN, Admit, Candidates, Proof, WrongPin
from ..core.attempts import source_key
from ..core.events import EntryRefused
from ..core.ids import AccessMethodId, SpaceId
from ..core.leg_inputs import Granted
from ..core.links import PersonalLinks, meanings
from ..core.meeting_inputs import Entry
from ..core.outbox import Channel
from ..core.people import User
from ..core.secret import Secret
from ..core.spaces import AccessMethod, Member
from .conference_reading import record_of
from .conference_spaces import doors_among
from .layers import NOBODY, candidates
from .lookup import Lookup
from .notice_readers import people_of, readers
from .pins import PinJudge
from .ports import Journal, Store, Transaction
from .proofs import membership, proof_of_user

TYPED_MOST = 320  # characters of a meeting ID or address, a secret or a passcode; more is no one's


@dataclass(frozen=True, slots=True)
class ByLink:
    """Has a link: `/meeting/<call ID>?secret=`, `/invited.sf?secret=&id=`, or `/#/j/<conference ID>/<48 digits>`."""

    meeting: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class ByPasscode:
    """Types a meeting ID: a call ID, a conference's number, or an address. An empty passcode means "I have none"."""

    meeting: str
    passcode: Secret


@dataclass(frozen=True, slots=True)
class BySpace:
    """Is signed in and a member."""

    space: SpaceId


@dataclass(frozen=True, slots=True)
class WebGrant:
    """Come in. call_id: what others can be told to type; "" where there is none."""

    granted: Granted
    space_name: str
    call_id: str


Wish = ByLink | ByPasscode | BySpace


@dataclass(frozen=True, slots=True)
class _Place:
    """What a meeting ID leads to, as it stands now. candidates None: nothing. personal: the door that a personal link
    leads to. member: the membership of whoever asks."""

    candidates: Candidates | None
    methods: Sequence[AccessMethod]
    proof: Proof = NOTHING_PROVEN
    personal: AccessMethodId | None = None
    member: Member | None = None


class WebEntry:
    """The one way in for browsers, whatever the page."""

    def __init__(self, store: Store, lookup: Lookup, pins: PinJudge, links: PersonalLinks, journal: Journal) -> None:
        self._store = store
        self._lookup = lookup
        self._pins = pins
        self._links = links
        self._journal = journal

    async def enter(self, wish: Wish, source: str, user: User | None) -> WebGrant | None:
        """None: refused. source: the network address that guesses are counted for. user: who is signed in.

        A member enters as that member by every way that leads to the space, with no passcode.
        """
        if user is not None and not user.enabled:
            user = None
        async with self._store.reading() as tx:
            if isinstance(wish, BySpace):
                return await self._as_member(tx, wish.space, user) if user is not None else None
            place = await self._place(tx, wish, user)
        if place.candidates is not None and place.member is not None:
            return _member_grant(place, place.candidates, place.member)
        if isinstance(wish, ByLink):
            secrets = meanings(_bounded(wish.secret))
            verdict = self._pins.judge_link(place.candidates, secrets, source, place.proof, place.personal)
        else:
            verdict = await self._pins.judge(place.candidates, _bounded(wish.passcode), source, proof=place.proof)
        if isinstance(verdict, Admit) and place.candidates is not None:
            return _grant(place, place.candidates, verdict.access_method)
        if isinstance(verdict, WrongPin):
            self._record(verdict, place.candidates, source)
        return None

    def _record(self, verdict: WrongPin, candidates: Candidates | None, source: str) -> None:
        """Of a source that is locked out nothing more is written: it could fill the journal."""
        if not self._pins.is_locked(None, source):
            space = candidates.space if candidates is not None else None
            self._journal.append(EntryRefused(verdict.reason, space, source_key(source)))

    # --- where the meeting ID leads -----------------------------------------------------------------------------

    async def _place(self, tx: Transaction, wish: ByLink | ByPasscode, user: User | None) -> _Place:
        text = "".join(wish.meeting.split())
        text = text if len(text) <= TYPED_MOST and text.isprintable() else ""  # nobody's ID holds anything else
        methods, doors = await self._doors(tx, text)
        found = await candidates(tx, methods, even=True)
        member, proof = None, NOTHING_PROVEN
        if user is not None:
            member = await membership(tx, found.space if found is not None else SpaceId(NOBODY), user)
            proof = await proof_of_user(tx, found, user)
        personal = None
        if isinstance(wish, ByLink):
            personal = await self._personal(tx, text, doors, wish.secret)
            proof = replace(proof, invited=proof.invited or personal is not None)
        return _Place(found, methods, proof, personal, member)

    async def _doors(self, tx: Transaction, text: str) -> tuple[Sequence[AccessMethod], Sequence[AccessMethod]]:
        """The access methods behind a call ID, else a conference's number, else an address; and the two of the
        conference to come that has the number. Everything is read whatever is found."""
        by_call_id = await tx.access_methods.by_call_id(text)
        space = await tx.conferences.space_of(text)
        both = doors_among(await tx.access_methods.of_spaces([space or NOBODY]), text)
        by_uri = await self._lookup.typed(tx, text)
        doors: tuple[AccessMethod, ...] = ()
        if both is not None:
            doors = both if both[0].id != both[1].id else both[:1]
        return by_call_id or doors or by_uri, doors

    async def _personal(
        self, tx: Transaction, number: str, doors: Sequence[AccessMethod], secret: Secret
    ) -> AccessMethodId | None:
        """The door of a personal link whose reader is still invited. Only who has a genuine link costs more."""
        marks: dict[AccessMethodId, bytes] = {}
        for door in (*doors, *[None] * (2 - len(doors))):
            of_door = door.secret if door is not None else None
            mark = self._links.read(number, of_door or Secret(""), secret)
            if door is not None and of_door is not None and mark is not None:
                marks[door.id] = mark
        conference = await tx.conferences.by_number(number) if marks else None
        if conference is None:
            return None
        record = await record_of(tx, conference)
        people = await people_of(tx, record)
        for channel in (Channel.MAIL, Channel.SMS):
            for reader in readers(people, record, channel).values():
                door_id = record.door_of(reader.role).id
                if marks.get(door_id) == self._links.mark(number, reader.key):
                    return door_id
        return None

    # --- members ------------------------------------------------------------------------------------------------

    async def _as_member(self, tx: Transaction, space: SpaceId, user: User) -> WebGrant | None:
        methods = await tx.access_methods.of_spaces([space])
        found = await candidates(tx, methods, even=True)
        member = await membership(tx, space, user)
        if found is None or member is None:
            return None
        place = _Place(found, methods, await proof_of_user(tx, found, user), member=member)
        return _member_grant(place, found, member)


def _grant(place: _Place, found: Candidates, chosen: AccessMethodId) -> WebGrant:
    method = next(one for one in place.methods if one.id == chosen)
    granted = Granted(found.space, found.tenant, Entry(access_method=chosen), place.proof)
    return WebGrant(granted, found.space_name, method.call_id or "")


def _member_grant(place: _Place, found: Candidates, member: Member) -> WebGrant:
    own_first = sorted(place.methods, key=lambda one: not one.own)
    call_id = next((one.call_id for one in own_first if one.call_id), "")
    granted = Granted(found.space, found.tenant, Entry(member=member.id), place.proof)
    return WebGrant(granted, found.space_name, call_id)


def _bounded(secret: Secret) -> Secret:
    """What is longer than anything real is something that fits nowhere: not empty, which would mean "none"."""
    return secret if len(secret.reveal()) <= TYPED_MOST else Secret("\0")

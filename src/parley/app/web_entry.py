"""Somebody at a browser wants in: by a link, by a meeting ID and passcode, or as a member of a space.

Everything is settled before any media: either a WebGrant, which `Arrivals.enter` takes, or None. Unknown, closed,
wrong and locked out are refused alike, with as many reads; guesses count with those made at the prompts of phones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..core.admission import NOTHING_PROVEN, Admit, Candidates, Proof, WrongPin
from ..core.attempts import source_key
from ..core.conferences import Conference, OccurrenceState
from ..core.events import EntryRefused
from ..core.ids import AccessMethodId, ConferenceId, SpaceId
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
from .notices import people_of, readers
from .pins import PinJudge
from .ports import Journal, Store, Transaction
from .proofs import membership, proof_of_user

TYPED_MOST = 320  # characters of a meeting ID or address, a secret or a passcode; more is no one's

_TO_COME = (OccurrenceState.BOOKED, OccurrenceState.RUNNING)


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
        methods, conference, doors = await self._doors(tx, text if len(text) <= TYPED_MOST else "")
        found = await candidates(tx, methods, even=True)
        member, proof = None, NOTHING_PROVEN
        if user is not None:
            member = await membership(tx, found.space if found is not None else SpaceId(NOBODY), user)
            proof = await proof_of_user(tx, found, user)
        personal = None
        if isinstance(wish, ByLink):
            personal = await self._personal(tx, conference, doors, wish.secret)
            proof = replace(proof, invited=proof.invited or personal is not None)
        return _Place(found, methods, proof, personal, member)

    async def _doors(
        self, tx: Transaction, text: str
    ) -> tuple[Sequence[AccessMethod], Conference | None, tuple[AccessMethod, ...]]:
        """The access methods behind a call ID, else a conference's number, else an address; and the conference to
        come that has the number, with its two. Everything is read whatever is found."""
        by_call_id = await tx.access_methods.by_call_id(text)
        conference = await tx.conferences.by_number(text)
        occurrences = await tx.occurrences.of([conference.id if conference is not None else NOBODY])
        if conference is not None and (conference.cancelled or not any(one.state in _TO_COME for one in occurrences)):
            conference = None
        space = conference.space if conference is not None else NOBODY
        both = doors_among(await tx.access_methods.of_spaces([space]), text)
        doors: tuple[AccessMethod, ...] = ()
        if conference is not None and both is not None:
            doors = both if both[0].id != both[1].id else both[:1]
        by_uri = await self._lookup.typed(tx, text)
        return by_call_id or doors or by_uri, conference, doors

    async def _personal(
        self, tx: Transaction, conference: Conference | None, doors: Sequence[AccessMethod], secret: Secret
    ) -> AccessMethodId | None:
        """The door of a personal link whose reader is still invited. Only who has a genuine link costs more."""
        id = conference.id if conference is not None else ConferenceId(NOBODY)
        marks: dict[AccessMethodId, bytes | None] = {}
        for number in range(2):
            door = doors[number] if number < len(doors) else None
            of_door = door.secret if door is not None else None
            mark = self._links.read(id, of_door or Secret(""), secret)
            if door is not None and of_door is not None:
                marks[door.id] = mark
        genuine = {door: mark for door, mark in marks.items() if mark is not None}
        if conference is None or not genuine:
            return None
        record = await record_of(tx, conference)
        people = await people_of(tx, record)
        for channel in (Channel.MAIL, Channel.SMS):
            for reader in readers(people, record, channel).values():
                door_id = record.door_of(reader.role).id
                if genuine.get(door_id) == self._links.mark(conference.id, reader.key):
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

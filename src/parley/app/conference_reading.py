"""Conferences as they are shown: whole records, who may see what, and lists of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from ..core.conferences import Attendance, Conference, Occurrence, OccurrenceState
from ..core.ids import AccessMethodId, TenantId
from ..core.people import User
from ..core.refusals import Refusal
from ..core.spaces import AccessMethod, Role, Space, SpaceKind
from .booking import Actor, ConferenceRecord
from .conference_spaces import doors_among
from .enterprises import DIALECT as ENTERPRISE
from .ports import Clock, Coming, E, Page, Past, Query, Repository, Store, Transaction

LIVE = frozenset({OccurrenceState.BOOKED, OccurrenceState.RUNNING})
PAST = frozenset({OccurrenceState.ENDED, OccurrenceState.MISSED})
# Ids asked for in one query: databases bound the number of values.
_CHUNK = 400


class Within(StrEnum):
    """How far ahead a list looks."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"


_AHEAD = {Within.DAY: timedelta(days=1), Within.WEEK: timedelta(days=7), Within.MONTH: timedelta(days=31)}
_FOR_EVER = timedelta(days=3660)


def manages(actor: Actor, conference: Conference) -> bool:
    """May the actor change it? Organisers their own, administrators all of their tenant."""
    if conference.tenant != actor.tenant:
        return False
    return actor.administers or conference.organiser == actor.user


def sees(actor: Actor, conference: Conference) -> bool:
    """Who manages it, and who is invited."""
    invited = any(attendee.user == actor.user for attendee in conference.attendees)
    return manages(actor, conference) or (invited and conference.tenant == actor.tenant)


def role_of(actor: Actor, conference: Conference) -> Role:
    """As what the actor takes part: who manages it or is invited as host is a host."""
    hosts = {attendee.user for attendee in conference.attendees if attendee.role is Role.HOST}
    return Role.HOST if manages(actor, conference) or actor.user in hosts else Role.GUEST


def shown(record: ConferenceRecord, actor: Actor) -> ConferenceRecord:
    """The record without what is the host's alone, unless the actor is one."""
    if role_of(actor, record.conference) is Role.HOST:
        return record
    return replace(record, host=replace(record.host, passcode=None, secret=None))


async def record_of(
    tx: Transaction, conference: Conference, occurrences: Sequence[Occurrence] | None = None
) -> ConferenceRecord:
    """With all occurrences unless some are given. After the end of an own space its place is shown empty."""
    if occurrences is None:
        occurrences = await tx.occurrences.of([conference.id])
    return (await records_of(tx, [(conference, occurrences)]))[0]


async def records_of(
    tx: Transaction, rows: Sequence[tuple[Conference, Sequence[Occurrence]]]
) -> Sequence[ConferenceRecord]:
    """Of many as of one, in a few queries for all of them."""
    conferences = [conference for conference, _ in rows]
    places = sorted({one.space for one in conferences})
    spaces = {space.id: space for space in await _among(tx.spaces, places)}
    methods: dict[str, list[AccessMethod]] = {}
    for method in await tx.access_methods.of_spaces(places):
        methods.setdefault(method.space, []).append(method)
    named = {one.organiser for one in conferences}
    named |= {attendee.user for one in conferences for attendee in one.attendees if attendee.user}
    users: dict[str, User] = {user.id: user for user in await _among(tx.users, sorted(named))}
    enterprises = await _enterprises(tx, conferences)
    records = []
    for conference, occurrences in rows:
        space = spaces.get(conference.space)
        doors = doors_among(methods.get(conference.space, ()), conference.number)
        if space is None or doors is None:
            space = Space(conference.space, conference.subject, conference.tenant, kind=SpaceKind.CONFERENCE)
            doors = (_gone(conference, Role.GUEST), _gone(conference, Role.HOST))
        records.append(_record(conference, occurrences, space, doors, users, enterprises[conference.tenant]))
    return records


async def assembled(
    tx: Transaction,
    conference: Conference,
    occurrences: Sequence[Occurrence],
    space: Space,
    doors: tuple[AccessMethod, AccessMethod],
    organiser: User,
) -> ConferenceRecord:
    """The record of what is at hand; doors: guest, host."""
    named = {attendee.user for attendee in conference.attendees if attendee.user}
    users: dict[str, User] = {user.id: user for user in await _among(tx.users, sorted(named))}
    users[organiser.id] = organiser
    enterprises = await _enterprises(tx, [conference])
    return _record(conference, occurrences, space, doors, users, enterprises[conference.tenant])


def _record(
    conference: Conference,
    occurrences: Sequence[Occurrence],
    space: Space,
    doors: tuple[AccessMethod, AccessMethod],
    users: Mapping[str, User],
    enterprise: str,
) -> ConferenceRecord:
    organiser = users.get(conference.organiser)
    invited = sorted({attendee.user for attendee in conference.attendees if attendee.user})
    return ConferenceRecord(
        conference=conference,
        occurrences=tuple(sorted(occurrences, key=lambda one: one.start)),
        space=space,
        host=doors[1],
        guest=doors[0],
        organiser_name=(organiser.name or organiser.account or organiser.jid) if organiser else "",
        enterprise=enterprise,
        people={id: users[id].name for id in invited if id in users},
    )


async def _enterprises(tx: Transaction, conferences: Iterable[Conference]) -> dict[TenantId | None, str]:
    """The name of each one's; the installation's own where its tenant is gone."""
    wanted = {one.tenant for one in conferences}
    names = {tenant.id: tenant.name for tenant in await _among(tx.tenants, sorted(id for id in wanted if id))}
    own = await _own_name(tx) if wanted - names.keys() else ""
    return {id: names.get(id, own) if id else own for id in wanted}


async def _among(collection: Repository[E], ids: Sequence[str]) -> Sequence[E]:
    return (await collection.page(Query(among=ids))).items if ids else ()


async def _own_name(tx: Transaction) -> str:
    """Of the installation's own enterprise; empty until somebody gives it one."""
    return (await tx.system_defaults()).extras.get(ENTERPRISE, {}).get("name", "")


def _gone(conference: Conference, role: Role) -> AccessMethod:
    return AccessMethod(AccessMethodId(""), conference.space, call_id=conference.number, role=role)


async def live_conference(tx: Transaction, number: str) -> tuple[Conference, list[Occurrence]]:
    """The conference of this number and its occurrences. Raises Refusal not-found when it is over or cancelled."""
    conference = await tx.conferences.by_number(number)
    occurrences = await tx.occurrences.of([conference.id]) if conference else []
    if conference is None or conference.cancelled or not any(one.state in LIVE for one in occurrences):
        raise Refusal("not-found", kind="conference", id=number)
    return conference, occurrences


class ConferenceReading:
    """The questions. Lists look through what lies within their span; only the shown page is read whole."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def show(self, actor: Actor, number: str) -> ConferenceRecord:
        """Raises Refusal not-found, also for what the actor may not see."""
        async with self._store.reading() as tx:
            conference, occurrences = await live_conference(tx, number)
            if not sees(actor, conference):
                raise Refusal("not-found", kind="conference", id=number)
            return shown(await record_of(tx, conference, occurrences), actor)

    async def list(
        self,
        actor: Actor,
        *,
        offset: int = 0,
        limit: int = 20,
        everybody: bool = False,
        search: str | None = None,
        within: str = Within.ALL,
        states: Collection[OccurrenceState] = LIVE,
        sort_descending: bool = False,
    ) -> Page[ConferenceRecord]:
        """Booked and running conferences by their next start, one row for a series. Numbers, subjects and organisers
        are searched. everybody: of the whole tenant, for administrators; others see their own and those they are
        invited to."""
        until = self._clock.utc() + _AHEAD.get(Within(within), _FOR_EVER)
        wish = Coming(
            tenant=actor.tenant,
            until=until,
            states=states,
            person=None if everybody and actor.administers else actor.user,
            search=search,
            descending=sort_descending,
            offset=offset,
            limit=limit,
        )
        async with self._store.reading() as tx:
            page = await tx.conferences.coming(wish)
            times: dict[str, list[Occurrence]] = {one.id: [] for one in page.items}
            for occurrence in await tx.occurrences.of(list(times)):
                times[occurrence.conference].append(occurrence)
            records = await records_of(tx, [(one, times[one.id]) for one in page.items])
            return Page(page.total, tuple(shown(record, actor) for record in records))

    async def running(
        self, actor: Actor, *, offset: int = 0, limit: int = 20, everybody: bool = False, search: str | None = None
    ) -> Page[ConferenceRecord]:
        return await self.list(
            actor,
            offset=offset,
            limit=limit,
            everybody=everybody,
            search=search,
            within=Within.DAY,
            states={OccurrenceState.RUNNING},
        )

    async def history(
        self,
        actor: Actor,
        first: datetime,
        last: datetime,
        *,
        offset: int = 0,
        limit: int = 20,
        everybody: bool = False,
        search: str | None = None,
        sort_descending: bool = False,
    ) -> Page[ConferenceRecord]:
        """What took place (or was missed) and was to start in [first, last]: one row for each occurrence, which is
        the only one of its record."""
        wish = Past(
            tenant=actor.tenant,
            first=first,
            last=last,
            states=PAST,
            person=None if everybody and actor.administers else actor.user,
            search=search,
            descending=sort_descending,
            offset=offset,
            limit=limit,
        )
        async with self._store.reading() as tx:
            page = await tx.occurrences.past(wish)
            known = {one.id: one for one in await _among(tx.conferences, [one.conference for one in page.items])}
            records = await records_of(tx, [(known[one.conference], [one]) for one in page.items])
            return Page(page.total, tuple(shown(record, actor) for record in records))

    async def history_of(self, actor: Actor, occurrence_id: str) -> ConferenceRecord:
        """Of one occurrence, over or not. Raises Refusal not-found."""
        async with self._store.reading() as tx:
            return shown(await _of_occurrence(tx, actor, occurrence_id), actor)

    async def attendance(self, actor: Actor, occurrence_id: str) -> Sequence[Attendance]:
        """By time of joining. Raises Refusal not-found."""
        async with self._store.reading() as tx:
            await _of_occurrence(tx, actor, occurrence_id)
            return await tx.attendance(occurrence_id)


async def _of_occurrence(tx: Transaction, actor: Actor, id: str) -> ConferenceRecord:
    occurrence = await tx.occurrences.get(id)
    conference = await tx.conferences.get(occurrence.conference) if occurrence else None
    if occurrence is None or conference is None or not sees(actor, conference):
        raise Refusal("not-found", kind="occurrence", id=id)
    return await record_of(tx, conference, [occurrence])

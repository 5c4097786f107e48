"""From settings to bookings: the conference use cases, their timekeeper and the JSON dialect's door."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp

from .app.account_notices import AccountNotices
from .app.booking import ConferenceRecord
from .app.changes import Change, Changes
from .app.conference_start import ConferenceStart
from .app.conferences import Conferences
from .app.dialling import Dialling
from .app.directory import Directory
from .app.enterprises import Enterprises
from .app.notices import Notices, Places
from .app.outbox import OutboxDesk
from .app.people import People, people
from .app.pins import PinJudge
from .app.ports import MediaEngine
from .app.rooms import Rooms
from .app.tasks import Tasks
from .app.timekeeper import Timekeeper
from .app.users import Users
from .backends.journal.file import FileJournal
from .backends.secrets import ScryptHasher
from .backends.store.sql import SqlStore
from .backends.system import RandomIdentifiers, SystemClock
from .config import Settings
from .core.links import PersonalLinks
from .core.spaces import AccessMethod
from .doors.huawei.accounts import account_routes
from .doors.huawei.app import huawei_app
from .doors.huawei.conference_answers import Place
from .doors.huawei.join_links import JoinLinks
from .doors.huawei.meeting_door import meeting_door
from .doors.huawei.push import with_push
from .server_facts import base_url, first_domain
from .wiring_notices import writer_of


@dataclass(frozen=True, slots=True)
class Shared:
    """What the rest of the wiring has made already."""

    store: SqlStore
    clock: SystemClock
    changes: Changes
    identifiers: RandomIdentifiers
    hasher: ScryptHasher
    users: Users
    directory: Directory
    engine: MediaEngine
    journal: FileJournal
    pins: PinJudge
    tasks: Tasks
    dialling: Dialling
    outbox: OutboxDesk
    personal_links: PersonalLinks


@dataclass(frozen=True, slots=True)
class ConferenceParts:
    """people and start: for the other doors too. json: the JSON dialect's application, WebSockets included;
    timekeeping: to be run beside."""

    people: People
    start: ConferenceStart
    json: ASGIApp
    timekeeping: Coroutine[Any, Any, None]


def conference_parts(settings: Settings, shared: Shared) -> ConferenceParts:
    """The use cases over what is there, and what stands before and beside them."""
    links = JoinLinks(base_url(settings))
    notices = _notices(settings, shared, links)
    conferences = Conferences(
        shared.store,
        shared.identifiers,
        shared.clock,
        shared.changes,
        notices,
        shared.pins,
        shared.directory,
        _reserved(settings),
    )
    start = ConferenceStart(shared.dialling, shared.clock, shared.journal, shared.tasks)
    timekeeper = Timekeeper(shared.store, shared.clock, shared.changes, notices, shared.directory, start)
    shared.journal.subscribe(timekeeper.take)
    shared.changes.subscribe(lambda change: _poke(shared.outbox, change))
    told = _account_notices(settings, shared)
    everybody = people(
        shared.store,
        shared.clock,
        shared.identifiers,
        shared.changes,
        shared.hasher,
        shared.users,
        domain=first_domain(settings),
        announce=told.password_made if told else None,
        welcome=told.created if told else None,
    )
    json = _json(settings, shared, everybody, conferences, start, links)
    return ConferenceParts(everybody, start, json, timekeeper.run())


def _json(
    settings: Settings,
    shared: Shared,
    everybody: People,
    conferences: Conferences,
    start: ConferenceStart,
    links: JoinLinks,
) -> ASGIApp:
    rooms = Rooms(shared.store, shared.identifiers, shared.changes, _reserved(settings))
    door = meeting_door(
        store=shared.store,
        clock=shared.clock,
        changes=shared.changes,
        tasks=shared.tasks,
        directory=shared.directory,
        engine=shared.engine,
        conferences=conferences,
        accounts=everybody.accounts,
        tokens=everybody.tokens,
        placer=shared.dialling,
        place=Place(links, settings.sip.access_number or ""),
        record=shared.journal.append,
        start=start,
    )
    accounts = account_routes(everybody, shared.store, shared.clock, rooms, links)
    return with_push(huawei_app(routes=[*accounts, *door.routes], tokens=everybody.tokens), door.push)


def _reserved(settings: Settings) -> tuple[str, ...]:
    """Numbers that lead elsewhere by the settings."""
    return (settings.sip.access_number,) if settings.sip.access_number else ()


def _notices(settings: Settings, shared: Shared, links: JoinLinks) -> Notices:
    def join_link(record: ConferenceRecord, method: AccessMethod) -> str:
        return links.link(record.conference.number, method) or ""

    def personal_link(record: ConferenceRecord, method: AccessMethod, reader: str) -> str:
        return links.personal(record.conference.number, method, reader, shared.personal_links) or ""

    places = Places(first_domain(settings), settings.invitations.dial_in, join_link, personal_link)
    sms = settings.sms.url is not None or settings.sms.smpp_host is not None
    return Notices(shared.identifiers, shared.clock, places, writer_of(settings.mail), sms)


def _account_notices(settings: Settings, shared: Shared) -> AccountNotices | None:
    """None when mail is off."""
    writer = writer_of(settings.mail)
    if writer is None:
        return None
    enterprises = Enterprises(shared.store, shared.changes)
    return AccountNotices(shared.identifiers, shared.clock, enterprises, writer, base_url(settings))


def _poke(outbox: OutboxDesk, change: Change) -> None:
    """What was booked, or changed of an account, has been committed: its messages can go."""
    if change.kind in {"conference", "user"}:
        outbox.poke()

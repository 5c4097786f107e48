"""From settings to bookings: the conference use cases, their timekeeper and the JSON dialect's door."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp

from .app.account_notices import AccountNotices
from .app.booking import ConferenceRecord
from .app.changes import Change
from .app.conference_start import ConferenceStart
from .app.conferences import Conferences
from .app.enterprises import Enterprises
from .app.notices import Notices, Places
from .app.outbox import OutboxDesk
from .app.people import People, people
from .app.rooms import Rooms
from .app.timekeeper import Timekeeper
from .config import Settings
from .core.spaces import AccessMethod
from .doors.huawei.accounts import account_routes
from .doors.huawei.app import huawei_app
from .doors.huawei.conference_answers import Place
from .doors.huawei.join_links import JoinLinks
from .doors.huawei.meeting_door import meeting_door
from .doors.huawei.push import with_push
from .server_facts import base_url, first_domain
from .wiring_kept import Kept
from .wiring_live import Live
from .wiring_notices import writer_of


@dataclass(frozen=True, slots=True)
class ConferenceParts:
    """people and start: for the other doors too. json: the JSON dialect's application, WebSockets included;
    timekeeping: makes what is to be run beside."""

    people: People
    start: ConferenceStart
    json: ASGIApp
    timekeeping: Callable[[], Coroutine[Any, Any, None]]


def conference_parts(settings: Settings, kept: Kept, live: Live) -> ConferenceParts:
    """The use cases over what is there, and what stands before and beside them."""
    links = JoinLinks(base_url(settings))
    notices = _notices(settings, kept, links)
    conferences = Conferences(
        kept.store,
        kept.identifiers,
        kept.clock,
        kept.changes,
        notices,
        live.pins,
        live.directory,
        _reserved(settings),
    )
    start = ConferenceStart(live.dialling, kept.clock, live.journal, live.tasks)
    timekeeper = Timekeeper(kept.store, kept.clock, kept.changes, notices, live.directory, start)
    live.journal.subscribe(timekeeper.take)
    kept.changes.subscribe(lambda change: _poke(kept.outbox, change))
    told = _account_notices(settings, kept)
    everybody = people(
        kept.store,
        kept.clock,
        kept.identifiers,
        kept.changes,
        kept.hasher,
        kept.administration.users,
        domain=first_domain(settings),
        announce=told.password_made if told else None,
        welcome=told.created if told else None,
    )
    json = _json(settings, kept, live, everybody, conferences, start, links)
    return ConferenceParts(everybody, start, json, timekeeper.run)


def _json(
    settings: Settings,
    kept: Kept,
    live: Live,
    everybody: People,
    conferences: Conferences,
    start: ConferenceStart,
    links: JoinLinks,
) -> ASGIApp:
    rooms = Rooms(kept.store, kept.identifiers, kept.changes, _reserved(settings))
    door = meeting_door(
        store=kept.store,
        clock=kept.clock,
        changes=kept.changes,
        tasks=live.tasks,
        directory=live.directory,
        engine=live.engine,
        conferences=conferences,
        accounts=everybody.accounts,
        tokens=everybody.tokens,
        placer=live.dialling,
        place=Place(links, settings.sip.access_number or ""),
        record=live.journal.append,
        start=start,
    )
    accounts = account_routes(everybody, kept.store, kept.clock, rooms, links)
    return with_push(huawei_app(routes=[*accounts, *door.routes], tokens=everybody.tokens), door.push)


def _reserved(settings: Settings) -> tuple[str, ...]:
    """Numbers that lead elsewhere by the settings."""
    return (settings.sip.access_number,) if settings.sip.access_number else ()


def _notices(settings: Settings, kept: Kept, links: JoinLinks) -> Notices:
    def join_link(record: ConferenceRecord, method: AccessMethod) -> str:
        return links.link(record.conference.number, method) or ""

    def personal_link(record: ConferenceRecord, method: AccessMethod, reader: str) -> str:
        return links.personal(record.conference.number, method, reader, kept.personal_links) or ""

    places = Places(first_domain(settings), settings.invitations.dial_in, join_link, personal_link)
    sms = settings.sms.url is not None or settings.sms.smpp_host is not None
    return Notices(kept.identifiers, kept.clock, places, writer_of(settings.mail), sms)


def _account_notices(settings: Settings, kept: Kept) -> AccountNotices | None:
    """None when mail is off."""
    writer = writer_of(settings.mail)
    if writer is None:
        return None
    enterprises = Enterprises(kept.store, kept.changes)
    return AccountNotices(kept.identifiers, kept.clock, enterprises, writer, base_url(settings))


def _poke(outbox: OutboxDesk, change: Change) -> None:
    """What was booked, or changed of an account, has been committed: its messages can go."""
    if change.kind in {"conference", "user"}:
        outbox.poke()

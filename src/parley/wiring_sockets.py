"""From settings to the WebSocket by which browsers are in meetings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from .app.arrivals import Arrivals
from .app.directory import Directory
from .app.lookup import Lookup
from .app.moderation import Moderation
from .app.pins import PinJudge
from .app.ports import MediaEngine
from .app.seats import Seats
from .app.sessions import COOKIE, Sessions
from .app.web_entry import WebEntry
from .backends.journal.file import FileJournal
from .backends.store.sql import SqlStore
from .backends.system import RandomIdentifiers, SystemClock
from .config import Settings
from .core.ids import SpaceId
from .core.links import PersonalLinks
from .core.people import User
from .core.secret import Secret
from .doors.webrtc.app import MeetingSocket
from .doors.webrtc.entrance import Entrance, Turn, WebSettings
from .doors.webrtc.publisher import Publisher
from .server_facts import first_domain


@dataclass(frozen=True, slots=True)
class SocketShared:
    """What the rest of the wiring has made already. ended: see Moderation."""

    store: SqlStore
    clock: SystemClock
    identifiers: RandomIdentifiers
    lookup: Lookup
    pins: PinJudge
    personal_links: PersonalLinks
    journal: FileJournal
    engine: MediaEngine
    directory: Directory
    arrivals: Arrivals
    sessions: Sessions
    seats: Seats
    ended: Callable[[SpaceId], None]


def meeting_socket(settings: Settings, shared: SocketShared) -> MeetingSocket:
    """The door, over what is there."""
    web = web_settings(settings)
    entry = WebEntry(shared.store, shared.lookup, shared.pins, shared.personal_links, shared.journal)
    publisher = Publisher(shared.directory, shared.engine, shared.clock)
    entrance = Entrance(entry, shared.arrivals, publisher, shared.seats, shared.clock, shared.identifiers, web)

    def ended(space: SpaceId) -> None:
        shared.ended(space)
        shared.seats.ended(space)

    moderation = Moderation(shared.directory, shared.clock, ended)
    shared.directory.ends_by_keys = ended

    async def signed_in(text: str, bearer: bool) -> User | None:
        session = await shared.sessions.resolve(text, bearer=bearer)
        return session.user if session is not None else None

    return MeetingSocket(entrance, moderation, signed_in, shared.clock, web, COOKIE)


def web_settings(settings: Settings) -> WebSettings:
    turn = settings.turn
    secret = Secret(turn.secret.get_secret_value()) if turn.secret is not None else None
    return WebSettings(
        domain=first_domain(settings),
        origins=(origin_of(settings.web.url),) if settings.web.url else (),
        grace=settings.web.grace,
        sockets_per_source=settings.limits.sockets_per_source,
        legs=settings.limits.legs,
        turn=Turn(turn.urls, secret, turn.lifetime),
    )


def origin_of(url: str) -> str:
    """As a browser writes it: without a path, and without the port that its scheme has anyway."""
    parts = urlsplit(url)
    usual = {"https": 443, "http": 80}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in {None, usual} else "")


def with_socket(api: ASGIApp, socket: ASGIApp) -> ASGIApp:
    """One application below /api/parley: what is no WebSocket goes to `api`."""

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        await (socket if scope["type"] == "websocket" else api)(scope, receive, send)

    return chosen

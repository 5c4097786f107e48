"""From settings to the WebSocket by which browsers are in meetings."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from .app.moderation import Moderation
from .app.seats import Seats
from .app.sessions import COOKIE, Sessions
from .app.web_entry import WebEntry
from .config import Settings
from .core.ids import SpaceId
from .core.people import User
from .core.secret import Secret
from .doors.webrtc.app import MeetingSocket
from .doors.webrtc.entrance import Entrance, Turn, WebSettings
from .doors.webrtc.publisher import Publisher
from .server_facts import first_domain, origin_of
from .wiring_kept import Kept
from .wiring_live import Live


def meeting_socket(
    settings: Settings,
    kept: Kept,
    live: Live,
    sessions: Sessions,
    seats: Seats,
    give_up_in: Callable[[SpaceId], None],
) -> MeetingSocket:
    """The door, over what is there. give_up_in: told of a space whose meeting somebody has ended."""
    web = web_settings(settings)
    entry = WebEntry(kept.store, kept.lookup, live.pins, kept.personal_links, live.journal)
    publisher = Publisher(live.directory, live.engine, kept.clock)
    entrance = Entrance(entry, live.arrivals, publisher, seats, kept.clock, kept.identifiers, web)

    def ended(space: SpaceId) -> None:
        give_up_in(space)
        seats.ended(space)

    moderation = Moderation(live.directory, kept.clock, ended)
    live.directory.ends_by_keys = ended

    async def signed_in(text: str, bearer: bool) -> User | None:
        session = await sessions.resolve(text, bearer=bearer)
        return session.user if session is not None else None

    return MeetingSocket(entrance, moderation, signed_in, kept.clock, web, COOKIE)


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


def with_socket(api: ASGIApp, socket: ASGIApp) -> ASGIApp:
    """One application below /api/parley: what is no WebSocket goes to `api`."""

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        await (socket if scope["type"] == "websocket" else api)(scope, receive, send)

    return chosen

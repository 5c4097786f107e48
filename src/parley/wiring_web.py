"""From settings to what browsers speak to: sessions and the native API."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import ASGIApp

from . import __version__
from .app.my_spaces import MySpaces, Ways
from .app.operator import KeptOperator
from .app.people import People
from .app.sessions import Sessions
from .app.space_settings import SpaceSettings
from .app.user_administration import UserAdministration
from .config import Settings
from .doors.web.native.api import NativeServices, native_api
from .server_facts import base_url, first_domain, shown_host
from .wiring_kept import Kept
from .wiring_live import Live


@dataclass(frozen=True, slots=True)
class WebParts:
    """sessions: who is signed in, for every door that browsers use. native: the JSON API below /api/parley."""

    sessions: Sessions
    native: ASGIApp


def web_parts(settings: Settings, kept: Kept, live: Live, people: People) -> WebParts:
    """The use cases over what is there, and what stands before them."""
    ways = Ways(base_url(settings), first_domain(settings), settings.sip.access_number, settings.invitations.dial_in)
    sessions = Sessions(kept.store, kept.clock, kept.changes, people.sign_in, people.passwords)
    users = UserAdministration(
        kept.store,
        kept.clock,
        kept.identifiers,
        kept.changes,
        kept.administration.users,
        people.accounts,
        people.passwords,
    )
    services = NativeServices(
        sessions=sessions,
        my_spaces=MySpaces(kept.store, kept.changes, kept.administration, people.accounts, ways),
        administration=kept.administration,
        users=users,
        space_settings=SpaceSettings(kept.store, people.accounts),
        directory=live.directory,
        explain=KeptOperator(kept.services(shown_host(settings)), live.pins).explain,
        newest=live.feed.newest,
        record=live.journal.append,
        ways=ways,
        version=__version__,
    )
    return WebParts(sessions, native_api(services))

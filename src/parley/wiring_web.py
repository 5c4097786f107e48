"""From settings to what browsers speak to: sessions and the native API."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import ASGIApp

from . import __version__
from .app.administration import Administration
from .app.changes import Changes
from .app.directory import Directory
from .app.event_feed import EventFeed
from .app.my_spaces import MySpaces, Ways
from .app.operator import KeptOperator
from .app.people import People
from .app.sessions import Sessions
from .app.space_settings import SpaceSettings
from .app.user_administration import UserAdministration
from .backends.journal.file import FileJournal
from .backends.store.sql import SqlStore
from .backends.system import RandomIdentifiers, SystemClock
from .config import Settings
from .doors.web.native.api import NativeServices, native_api
from .server_facts import base_url, first_domain


@dataclass(frozen=True, slots=True)
class WebShared:
    """What the rest of the wiring has made already."""

    store: SqlStore
    clock: SystemClock
    changes: Changes
    identifiers: RandomIdentifiers
    administration: Administration
    people: People
    directory: Directory
    journal: FileJournal
    feed: EventFeed
    operator: KeptOperator


@dataclass(frozen=True, slots=True)
class WebParts:
    """sessions: who is signed in, for every door that browsers use. native: the JSON API below /api/parley."""

    sessions: Sessions
    native: ASGIApp


def web_parts(settings: Settings, shared: WebShared) -> WebParts:
    """The use cases over what is there, and what stands before them."""
    people = shared.people
    ways = Ways(base_url(settings), first_domain(settings), settings.sip.access_number, settings.invitations.dial_in)
    sessions = Sessions(shared.store, shared.clock, shared.changes, people.sign_in, people.passwords)
    users = UserAdministration(
        shared.store,
        shared.clock,
        shared.identifiers,
        shared.changes,
        shared.administration.users,
        people.accounts,
        people.passwords,
    )
    services = NativeServices(
        sessions=sessions,
        my_spaces=MySpaces(shared.store, shared.changes, shared.administration, people.accounts, ways),
        administration=shared.administration,
        users=users,
        space_settings=SpaceSettings(shared.store, people.accounts),
        directory=shared.directory,
        explain=shared.operator.explain,
        newest=shared.feed.newest,
        record=shared.journal.append,
        ways=ways,
        version=__version__,
    )
    return WebParts(sessions, native_api(services))

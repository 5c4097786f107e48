"""All routes of the native API in one application."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import ASGIApp

from ....app.administration import Administration
from ....app.directory import Directory
from ....app.my_spaces import MySpaces, Ways
from ....app.sessions import Sessions
from ....app.space_settings import SpaceSettings
from ....app.user_administration import UserAdministration
from .admin_live import Explain, LiveRoutes, Newest, Record
from .admin_people import PeopleRoutes
from .admin_profiles import ProfileRoutes
from .admin_spaces import SpacePartRoutes, SpaceRoutes
from .app import native_app
from .my_spaces import MySpaceRoutes
from .routing import Route
from .sessions import SessionRoutes


@dataclass(frozen=True, slots=True)
class NativeServices:
    """What the API speaks to. explain, newest, record: as LiveRoutes."""

    sessions: Sessions
    my_spaces: MySpaces
    administration: Administration
    users: UserAdministration
    space_settings: SpaceSettings
    directory: Directory
    explain: Explain
    newest: Newest
    record: Record
    ways: Ways
    version: str


def native_routes(services: NativeServices) -> list[Route]:
    """Every operation."""
    return [
        *SessionRoutes(services.sessions, services.ways, services.version).routes(),
        *MySpaceRoutes(services.my_spaces, services.directory).routes(),
        *PeopleRoutes(services.users, services.administration).routes(),
        *SpaceRoutes(services.administration, services.space_settings).routes(),
        *SpacePartRoutes(services.administration, services.space_settings).routes(),
        *ProfileRoutes(services.administration).routes(),
        *LiveRoutes(services.directory, services.explain, services.newest, services.record).routes(),
    ]


def native_api(services: NativeServices) -> ASGIApp:
    """The API as an ASGI application for every path below /api/parley/v1."""
    return native_app(
        routes=native_routes(services),
        sessions=services.sessions,
        base=services.ways.base,
        version=services.version,
    )

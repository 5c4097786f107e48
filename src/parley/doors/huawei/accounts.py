"""All operations about accounts, in one bundle for the wiring."""

from __future__ import annotations

from ...app.people import People
from ...app.ports import Clock, Store
from ...app.rooms import Rooms
from .authentication import Authentication
from .corporation import Corporation
from .join_links import JoinLinks
from .organisation import ApplicationDoor, DepartmentDoor, PasswordDoor
from .rooms import RoomDoor
from .router import Route
from .users import UserDoor


def account_routes(people: People, store: Store, clock: Clock, rooms: Rooms, links: JoinLinks) -> list[Route]:
    """Login, users, departments, passwords, applications, the enterprise and rooms."""
    domain = people.domain
    corporation = Corporation(people.enterprises, store, domain)
    users = UserDoor(people.accounts, people.departments, people.passwords, corporation, clock, domain, rooms)
    return [
        *Authentication(people.sign_in, people.tokens, clock, domain).routes(),
        *users.routes(),
        *corporation.routes(),
        *DepartmentDoor(people.departments).routes(),
        *PasswordDoor(people.passwords, people.sign_in).routes(),
        *ApplicationDoor(people.applications).routes(),
        *RoomDoor(rooms, people.accounts, links, domain).routes(),
    ]

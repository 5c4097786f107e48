"""users and tenants (cms-api 2.14, 2.15)."""

from __future__ import annotations

from dataclasses import replace

from ...app.administration import Administration
from ...app.tenants import TenantEdit
from ...core.people import User
from .fields import DIALECT, collection, extras_of, values_of
from .kept_objects import Objects, plain
from .plan_fields import TENANT, USER
from .requests import Request
from .router import Route
from .xml import Node


def routes(administration: Administration, cap: int) -> list[Route]:
    """cap: most entries of one page. Users are made elsewhere, so their nodes answer only GET."""
    users = _Users(administration, cap)
    tenants = Objects(
        "tenants", TENANT, administration.tenants, plain(TenantEdit), cap, leg_profile="callLegProfileFilter"
    )
    return [
        Route("users", USER, get=users.index),
        Route("users/{id}", USER, get=users.get),
        Route("users/{id}/usercoSpaces", USER, get=users.spaces),
        *tenants.routes(),
    ]


class _Users:
    def __init__(self, administration: Administration, cap: int) -> None:
        self._users = administration.users
        self._members = administration.members
        self._cap = cap

    async def index(self, request: Request) -> Node:
        query = request.page(self._cap, tenant="tenantFilter")
        if (email := request.text("emailFilter")) is not None:
            query = replace(query, where={**query.where, "email": email})
        tag = request.text("cdrTagFilter")
        page = await self._users.page(query, (DIALECT, "cdrTag", tag) if tag is not None else None)
        return collection("users", page.total, [_user_node(user, listed=True) for user in page.items])

    async def get(self, request: Request) -> Node:
        return _user_node(await self._users.get(request.ids[0]))

    async def spaces(self, request: Request) -> Node:
        """Clients look for this root and read only coSpaceId of each child, whatever its name."""
        members = await self._members.of_user(request.ids[0])
        nodes = [Node("userCoSpace", (Node("coSpaceId", member.space),), (("id", member.space),)) for member in members]
        return collection("userCoSpaces", len(nodes), nodes)


def _user_node(user: User, *, listed: bool = False) -> Node:
    return USER.node(user.id, values_of(user), extras_of(user), listed=listed)

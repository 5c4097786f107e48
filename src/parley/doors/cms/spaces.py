"""coSpaces with their access methods, members and entry details (cms-api 2.2 to 2.4)."""

from __future__ import annotations

from typing import Any

from ...app.administration import Administration
from ...app.members import MemberEdit, MemberRecord
from ...app.spaces import AccessMethodEdit, SpaceEdit, SpaceRecord
from ...core.spaces import AccessMethod
from .fields import Parsed, collection, extras_of, values_of
from .kept_objects import Objects, plain
from .requests import Created, Request
from .router import Route
from .space_fields import ACCESS_METHOD, CO_SPACE, CO_SPACE_USER
from .xml import Node


def routes(administration: Administration, cap: int) -> list[Route]:
    """cap: most entries of one page."""
    spaces = _Spaces(administration, cap)
    methods = _AccessMethods(administration, cap)
    members = _Members(administration, cap)
    return [
        *spaces.routes(),
        Route("coSpaces/{id}/meetingEntryDetail", CO_SPACE, get=spaces.entry_detail),
        Route("coSpaces/{id}/accessMethods", ACCESS_METHOD, get=methods.index, post=methods.create),
        Route(
            "coSpaces/{id}/accessMethods/{id}",
            ACCESS_METHOD,
            get=methods.get,
            put=methods.change,
            delete=methods.delete,
        ),
        Route("coSpaces/{id}/coSpaceUsers", CO_SPACE_USER, get=members.index, post=members.create),
        Route(
            "coSpaces/{id}/coSpaceUsers/{id}",
            CO_SPACE_USER,
            get=members.get,
            put=members.change,
            delete=members.delete,
        ),
    ]


class _Spaces(Objects[SpaceEdit]):
    def __init__(self, administration: Administration, cap: int) -> None:
        self._spaces = administration.spaces
        self._rules = administration.inbound_rules
        filters = {"tenant": "tenantFilter", "leg_profile": "callLegProfileFilter"}
        super().__init__("coSpaces", CO_SPACE, administration.spaces, plain(SpaceEdit), cap, **filters)

    def node(self, one: SpaceRecord, *, listed: bool = False) -> Node:
        values: dict[str, Any] = {
            **values_of(one.own),
            **values_of(one.space),  # after the own access method, for both have a name and a profile
            "owner_jid": one.owner.jid if one.owner else None,
            "methods": one.methods or None,
        }
        return CO_SPACE.node(one.space.id, values, extras_of(one.space), listed=listed)

    async def entry_detail(self, request: Request) -> Node:
        record = await self._spaces.get(request.ids[0])
        children = [Node("coSpace", record.space.id)]
        domain = await self._rules.space_domain(record.space.tenant)
        if record.own.uri and domain:
            children.append(Node("uri", f"{record.own.uri}@{domain}"))
        if record.own.call_id:
            children.append(Node("callId", record.own.call_id))
        return Node("meetingEntryDetail", tuple(children))


_METHOD_EDIT = plain(AccessMethodEdit)


class _AccessMethods:
    def __init__(self, administration: Administration, cap: int) -> None:
        self._spaces = administration.spaces
        self._cap = cap

    async def index(self, request: Request) -> Node:
        query = request.page(self._cap, leg_profile="callLegProfileFilter")
        page = await self._spaces.access_methods(request.ids[0], query)
        return collection("accessMethods", page.total, [_method_node(method, listed=True) for method in page.items])

    async def get(self, request: Request) -> Node:
        return _method_node(await self._spaces.access_method(*request.ids))

    async def create(self, request: Request) -> Created:
        space = request.ids[0]
        edit = _METHOD_EDIT(ACCESS_METHOD.parse(request.form, create=True))
        return Created(f"coSpaces/{space}/accessMethods/{await self._spaces.create_access_method(space, edit)}")

    async def change(self, request: Request) -> None:
        edit = _METHOD_EDIT(ACCESS_METHOD.parse(request.form, create=False))
        space, method = request.ids
        await self._spaces.change_access_method(space, method, edit)

    async def delete(self, request: Request) -> None:
        await self._spaces.delete_access_method(*request.ids)


def _method_node(method: AccessMethod, *, listed: bool = False) -> Node:
    return ACCESS_METHOD.node(method.id, values_of(method), extras_of(method), listed=listed)


class _Members:
    def __init__(self, administration: Administration, cap: int) -> None:
        self._members = administration.members
        self._cap = cap

    async def index(self, request: Request) -> Node:
        query = request.page(self._cap, leg_profile="callLegProfileFilter")
        page = await self._members.page(request.ids[0], query)
        return collection("coSpaceUsers", page.total, [_member_node(record, listed=True) for record in page.items])

    async def get(self, request: Request) -> Node:
        return _member_node(await self._members.get(*request.ids))

    async def create(self, request: Request) -> Created:
        space = request.ids[0]
        parsed = CO_SPACE_USER.parse(request.form, create=True)
        jid = parsed.values.pop("user_jid", None)
        return Created(f"coSpaces/{space}/coSpaceUsers/{await self._members.create(space, jid, _member_edit(parsed))}")

    async def change(self, request: Request) -> None:
        space, member = request.ids
        await self._members.change(space, member, _member_edit(CO_SPACE_USER.parse(request.form, create=False)))

    async def delete(self, request: Request) -> None:
        await self._members.delete(*request.ids)


def _member_edit(parsed: Parsed) -> MemberEdit:
    return MemberEdit(**parsed.plain(), rights=parsed.under("rights"), extras=parsed.extras_edit)


def _member_node(record: MemberRecord, *, listed: bool = False) -> Node:
    values = {**values_of(record.member), "user_jid": record.user.jid if record.user else None}
    return CO_SPACE_USER.node(record.member.id, values, extras_of(record.member), listed=listed)

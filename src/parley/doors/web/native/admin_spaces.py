"""Spaces with their access methods and members, and where their settings come from, for administrators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from ....app.administration import Administration
from ....app.editing import KEEP, Kept
from ....app.members import MemberEdit, MemberRecord
from ....app.space_settings import SpaceSettings
from ....app.spaces import AccessMethodEdit, SpaceEdit, SpaceRecord
from ....core.refusals import Refusal
from ....core.spaces import AccessMethod
from .errors import Failure
from .my_spaces import Rights, query_of, rights_of
from .routing import Request, Route
from .settings import Traced, traced_call, traced_leg
from .values import Digits, Id, In, Line, Out, PageQuery, Passcode, UriUser, clear


class SpaceOut(Out):
    """owner: id of a user."""

    id: str
    name: str
    uri: str | None
    call_id: str | None
    passcode: str | None = Field(repr=False)
    tenant: str | None
    owner: str | None
    leg_profile: str | None
    call_profile: str | None
    non_member_access: bool


class SpacesOut(Out):
    spaces: list[SpaceOut]
    total: int


class SpaceIn(In):
    name: Line | None = None
    uri: UriUser | None = None
    call_id: Digits | None = None
    passcode: Passcode | None = None
    tenant: Id | None = None
    owner: Id | None = None
    leg_profile: Id | None = None
    call_profile: Id | None = None
    non_member_access: bool = True


class AccessMethodOut(Out):
    """own: the space's own uri, call ID and passcode, changed as the space is."""

    id: str
    name: str
    uri: str | None
    call_id: str | None
    passcode: str | None = Field(repr=False)
    leg_profile: str | None
    own: bool


class AccessMethodsOut(Out):
    access_methods: list[AccessMethodOut]
    total: int


class AccessMethodIn(In):
    name: Line | None = None
    uri: UriUser | None = None
    call_id: Digits | None = None
    passcode: Passcode | None = None
    leg_profile: Id | None = None

    def edit(self) -> AccessMethodEdit:
        texts: dict[str, Any] = {name: self.text(name) for name in ("name", "uri", "call_id", "leg_profile")}
        return AccessMethodEdit(passcode=self.secret("passcode"), **texts)


class SpaceMemberOut(Out):
    id: str
    user: str
    account: str
    name: str
    leg_profile: str | None
    rights: Rights


class SpaceMembersOut(Out):
    members: list[SpaceMemberOut]
    total: int


class RightsIn(In):
    """Those that are to change."""

    destroy: bool = False
    add_remove_member: bool = False
    change_name: bool = False
    change_uri: bool = False
    change_call_id: bool = False
    change_passcode: bool = False
    post_message: bool = False
    remove_self: bool = False
    delete_all_messages: bool = False
    change_non_member_access: bool = True


class SpaceMemberChange(In):
    leg_profile: Id | None = None
    rights: RightsIn = RightsIn()

    def edit(self) -> MemberEdit:
        rights = {name: getattr(self.rights, name) for name in self.rights.model_fields_set}
        return MemberEdit(leg_profile=self.text("leg_profile"), rights=rights)  # type: ignore[arg-type]


class SpaceMemberIn(SpaceMemberChange):
    """user: an id; or account: a sign-in name."""

    user: Id | None = None
    account: Line | None = None


class DoorSettings(Out):
    access_method: str
    name: str
    settings: dict[str, Traced]


class SettingsOut(Out):
    doors: list[DoorSettings]
    call: dict[str, Traced]


@dataclass(frozen=True, slots=True)
class SpaceRoutes:
    administration: Administration
    settings: SpaceSettings

    def routes(self) -> list[Route]:
        spaces = "/admin/spaces"
        space = spaces + "/{space}"
        taken: dict[str, Any] = {"body": SpaceIn, "answer": SpaceOut, "refusals": (409,)}
        return [
            Route("GET", spaces, self.index, "Spaces", query=PageQuery, answer=SpacesOut),
            Route("POST", spaces, self.add, "Add a space", status=201, **taken),
            Route("GET", space, self.get, "A space", answer=SpaceOut),
            Route("PATCH", space, self.change, "Change a space", **taken),
            Route("DELETE", space, self.delete, "Delete a space; its meeting ends"),
            Route("GET", space + "/settings", self.origins, "What holds at each door, and why", answer=SettingsOut),
        ]

    async def index(self, request: Request) -> SpacesOut:
        page = await self.administration.spaces.page(query_of(request))
        return SpacesOut(total=page.total, spaces=[_space(record) for record in page.items])

    async def get(self, request: Request) -> SpaceOut:
        return _space(await self.administration.spaces.get(request.ids[0]))

    async def add(self, request: Request) -> SpaceOut:
        spaces = self.administration.spaces
        return _space(await spaces.get(await spaces.create(await self._edit(request.sent(SpaceIn)))))

    async def change(self, request: Request) -> SpaceOut:
        await self.administration.spaces.change(request.ids[0], await self._edit(request.sent(SpaceIn)))
        return await self.get(request)

    async def delete(self, request: Request) -> None:
        await self.administration.spaces.delete(request.ids[0])

    async def origins(self, request: Request) -> SettingsOut:
        found = await self.settings.of(request.ids[0])
        return SettingsOut(
            doors=[
                DoorSettings(
                    access_method=door.method.id,
                    name=door.method.name or "",
                    settings=traced_leg(door.effective, door.layers),
                )
                for door in found.doors
            ],
            call=traced_call(found.call, found.call_layers),
        )

    async def _edit(self, asked: SpaceIn) -> SpaceEdit:
        texts: dict[str, Any] = {
            name: asked.text(name) for name in ("uri", "call_id", "tenant", "leg_profile", "call_profile")
        }
        return SpaceEdit(
            name=KEEP if "name" not in asked.model_fields_set else asked.name or "",
            passcode=asked.secret("passcode"),
            non_member_access=asked.given("non_member_access"),
            owner_jid=await self._owner(asked.text("owner")),
            **texts,
        )

    async def _owner(self, id: str | Kept | None) -> str | Kept | None:
        """The sign-in name that the use case knows an owner by."""
        if isinstance(id, Kept) or id is None:
            return id
        try:
            return (await self.administration.users.get(id)).jid
        except Refusal:
            raise Refusal("unknown-reference", kind="user", field="owner") from None


@dataclass(frozen=True, slots=True)
class SpacePartRoutes:
    """Access methods and members."""

    administration: Administration
    settings: SpaceSettings

    def routes(self) -> list[Route]:
        methods, members = "/admin/spaces/{space}/access-methods", "/admin/spaces/{space}/members"
        method, member = methods + "/{method}", members + "/{member}"
        door: dict[str, Any] = {"body": AccessMethodIn, "answer": AccessMethodOut, "refusals": (409,)}
        shown: dict[str, Any] = {"answer": SpaceMemberOut}
        return [
            Route("GET", methods, self.methods, "Ways into a space", query=PageQuery, answer=AccessMethodsOut),
            Route("POST", methods, self.add_method, "Add a way into a space", status=201, **door),
            Route("GET", method, self.method, "A way into a space", answer=AccessMethodOut),
            Route("PATCH", method, self.change_method, "Change a way into a space", **door),
            Route("DELETE", method, self.delete_method, "Close a way into a space"),
            Route("GET", members, self.members, "Members", query=PageQuery, answer=SpaceMembersOut),
            Route(
                "POST",
                members,
                self.add_member,
                "Add a member",
                body=SpaceMemberIn,
                status=201,
                refusals=(409,),
                **shown,
            ),
            Route("GET", member, self.member, "A member", **shown),
            Route("PATCH", member, self.change_member, "Change a member", body=SpaceMemberChange, **shown),
            Route("DELETE", member, self.delete_member, "Remove a member"),
        ]

    # --- access methods ----------------------------------------------------------------------------------------

    async def methods(self, request: Request) -> AccessMethodsOut:
        page = await self.settings.methods(request.ids[0], query_of(request))
        return AccessMethodsOut(total=page.total, access_methods=[_method(method) for method in page.items])

    async def method(self, request: Request) -> AccessMethodOut:
        return _method(await self.settings.method(*request.ids))

    async def add_method(self, request: Request) -> AccessMethodOut:
        edit, space = request.sent(AccessMethodIn).edit(), request.ids[0]
        id = await self.administration.spaces.create_access_method(space, edit)
        return _method(await self.settings.method(space, id))

    async def change_method(self, request: Request) -> AccessMethodOut:
        await self._check_other(request)
        space, method = request.ids
        await self.administration.spaces.change_access_method(space, method, request.sent(AccessMethodIn).edit())
        return await self.method(request)

    async def delete_method(self, request: Request) -> None:
        await self._check_other(request)
        await self.administration.spaces.delete_access_method(*request.ids)

    async def _check_other(self, request: Request) -> None:
        if (await self.settings.method(*request.ids)).own:
            raise Failure(403, "not-permitted", "The space's own way in is changed as the space is.")

    # --- members -----------------------------------------------------------------------------------------------

    async def members(self, request: Request) -> SpaceMembersOut:
        page = await self.administration.members.page(request.ids[0], query_of(request))
        return SpaceMembersOut(total=page.total, members=[_member(record) for record in page.items])

    async def member(self, request: Request) -> SpaceMemberOut:
        return _member(await self.administration.members.get(*request.ids))

    async def add_member(self, request: Request) -> SpaceMemberOut:
        asked, space = request.sent(SpaceMemberIn), request.ids[0]
        jid = await self.settings.jid_of(asked.user, asked.account)
        try:
            id = await self.administration.members.create(space, jid, asked.edit())
        except Refusal as refusal:
            if refusal.data.get("field") != "user_jid":
                raise
            named_by = "user" if asked.user else "account"
            raise Refusal(refusal.code, **{**refusal.data, "field": named_by}) from None
        return _member(await self.administration.members.get(space, id))

    async def change_member(self, request: Request) -> SpaceMemberOut:
        space, member = request.ids
        await self.administration.members.change(space, member, request.sent(SpaceMemberChange).edit())
        return await self.member(request)

    async def delete_member(self, request: Request) -> None:
        await self.administration.members.delete(*request.ids)


def _space(record: SpaceRecord) -> SpaceOut:
    space, own = record.space, record.own
    return SpaceOut(
        id=space.id,
        name=space.name,
        uri=own.uri,
        call_id=own.call_id,
        passcode=clear(own.passcode),
        tenant=space.tenant,
        owner=space.owner,
        leg_profile=space.leg_profile,
        call_profile=space.call_profile,
        non_member_access=space.non_member_access,
    )


def _method(method: AccessMethod) -> AccessMethodOut:
    return AccessMethodOut(
        id=method.id,
        name=method.name or "",
        uri=method.uri,
        call_id=method.call_id,
        passcode=clear(method.passcode),
        leg_profile=method.leg_profile,
        own=method.own,
    )


def _member(record: MemberRecord) -> SpaceMemberOut:
    user = record.user
    return SpaceMemberOut(
        id=record.member.id,
        user=record.member.user,
        account=(user.account or user.jid) if user else "",
        name=user.name if user else "",
        leg_profile=record.member.leg_profile,
        rights=rights_of(record.member.rights),
    )

"""What members see of their spaces, and do to them."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from ....app.directory import Directory
from ....app.members import MemberRecord
from ....app.my_spaces import MySpace, MySpaceEdit, MySpaces
from ....app.ports import Query
from ....core.people import User
from ....core.spaces import AccessMethod, MemberRights, Space
from .errors import Failure
from .routing import Request, Route, Who
from .values import Digits, In, Line, Out, PageQuery, Passcode, UriUser, clear


class Live(Out):
    """Of a space where somebody is. participants: with those who wait."""

    participants: int
    waiting: int
    locked: bool


class Rights(Out):
    destroy: bool
    add_remove_member: bool
    change_name: bool
    change_uri: bool
    change_call_id: bool
    change_passcode: bool
    post_message: bool
    remove_self: bool
    delete_all_messages: bool
    change_non_member_access: bool


class ListedSpace(Out):
    """uri: the part before the @."""

    id: str
    name: str
    uri: str | None
    call_id: str | None
    live: Live | None


class ListedSpaces(Out):
    spaces: list[ListedSpace]
    total: int


class MemberSpace(ListedSpace):
    """owner: the name of the owner. member: the id of the asker's own membership."""

    passcode: str | None = Field(repr=False)
    non_member_access: bool
    link: str | None = Field(repr=False)
    owner: str | None
    rights: Rights
    member: str


class SpaceChange(In):
    name: Line | None = None
    uri: UriUser | None = None
    call_id: Digits | None = None
    passcode: Passcode | None = None
    non_member_access: bool = True


class MemberOut(Out):
    id: str
    user: str
    name: str
    account: str
    rights: Rights


class MembersOut(Out):
    members: list[MemberOut]
    total: int


class NewMember(In):
    account: Line


class Language(In):
    language: str = Field("en", max_length=16)


class Invitation(Out):
    subject: str
    text: str = Field(repr=False)
    link: str | None = Field(repr=False)


@dataclass(frozen=True, slots=True)
class MySpaceRoutes:
    spaces: MySpaces
    directory: Directory

    def routes(self) -> list[Route]:
        one, members = "/spaces/{space}", "/spaces/{space}/members"
        mine = Who.SIGNED_IN
        return [
            Route("GET", "/spaces", self.index, "One's own spaces", mine, query=PageQuery, answer=ListedSpaces),
            Route("GET", one, self.get, "A space as its member sees it", mine, answer=MemberSpace),
            Route(
                "PATCH",
                one,
                self.change,
                "Change what the rights allow",
                mine,
                body=SpaceChange,
                answer=MemberSpace,
                refusals=(409,),
            ),
            Route("DELETE", one, self.delete, "Delete the space", mine),
            Route("GET", members, self.members, "Its members", mine, query=PageQuery, answer=MembersOut),
            Route(
                "POST",
                members,
                self.add_member,
                "Add a member",
                mine,
                body=NewMember,
                answer=MemberOut,
                status=201,
                refusals=(409,),
            ),
            Route("DELETE", members + "/{member}", self.remove_member, "Remove a member, or leave", mine),
            Route(
                "GET", one + "/invitation", self.invitation, "Words to pass on", mine, query=Language, answer=Invitation
            ),
        ]

    async def index(self, request: Request) -> ListedSpaces:
        page = await self.spaces.page(request.who.user, query_of(request))
        return ListedSpaces(total=page.total, spaces=[self._listed(space, own) for space, own in page.items])

    async def get(self, request: Request) -> MemberSpace:
        return self._shown(await self.spaces.get(request.who.user, request.ids[0]))

    async def change(self, request: Request) -> MemberSpace:
        asked = request.sent(SpaceChange)
        edit = MySpaceEdit(
            name=asked.given("name") if asked.name is not None or "name" not in asked.model_fields_set else "",
            uri=asked.text("uri"),
            call_id=asked.text("call_id"),
            passcode=asked.secret("passcode"),
            non_member_access=asked.given("non_member_access"),
        )
        await self.spaces.change(request.who.user, request.ids[0], edit)
        return await self.get(request)

    async def delete(self, request: Request) -> None:
        await self.spaces.delete(request.who.user, request.ids[0])

    async def members(self, request: Request) -> MembersOut:
        page = await self.spaces.members(request.who.user, request.ids[0], query_of(request))
        return MembersOut(total=page.total, members=[_member(record) for record in page.items])

    async def add_member(self, request: Request) -> MemberOut:
        account = request.sent(NewMember).account
        if not account.strip():
            raise Failure(400, "invalid", "account is missing.", "account")
        return _member(await self.spaces.add_member(request.who.user, request.ids[0], account))

    async def remove_member(self, request: Request) -> None:
        await self.spaces.remove_member(request.who.user, *request.ids)

    async def invitation(self, request: Request) -> Invitation:
        told = await self.spaces.invitation(request.who.user, request.ids[0], request.asked(Language).language)
        return Invitation(subject=told.subject, text=told.text, link=told.link)

    # --- shown -------------------------------------------------------------------------------------------------

    def _listed(self, space: Space, own: AccessMethod) -> ListedSpace:
        return ListedSpace(
            id=space.id, name=space.name, uri=own.uri, call_id=own.call_id, live=live_of(self.directory, space)
        )

    def _shown(self, mine: MySpace) -> MemberSpace:
        space, own, owner = mine.record.space, mine.record.own, mine.record.owner
        return MemberSpace(
            **self._listed(space, own).model_dump(),
            passcode=clear(own.passcode),
            non_member_access=space.non_member_access,
            link=mine.link,
            owner=name_of(owner) if owner else None,
            rights=rights_of(mine.member.rights),
            member=mine.member.id,
        )


def query_of(request: Request) -> Query:
    """Of a list."""
    asked = request.asked(PageQuery)
    return Query(asked.offset, asked.limit, contains=asked.search or None)


def live_of(directory: Directory, space: Space) -> Live | None:
    """The meeting in a space; None where nobody is."""
    meeting = directory.meeting_of_space(space.id)
    if meeting is None:
        return None
    return Live(
        participants=len({leg.participant for leg in meeting.legs}),
        waiting=len({leg.participant for leg in meeting.legs if leg.waits}),
        locked=meeting.locked,
    )


def rights_of(rights: MemberRights) -> Rights:
    return Rights(**{name: getattr(rights, name) for name in Rights.model_fields})


def name_of(user: User) -> str:
    """As people call somebody."""
    return user.name or user.account or user.jid


def _member(record: MemberRecord) -> MemberOut:
    user = record.user
    return MemberOut(
        id=record.member.id,
        user=record.member.user,
        name=user.name if user else "",
        account=(user.account or user.jid) if user else "",
        rights=rights_of(record.member.rights),
    )

"""calls: the live meetings (cms-api 2.7)."""

from __future__ import annotations

from typing import Any

from ...app.administration import Administration
from ...app.directory import Directory
from ...core.endings import Ending, Reason, Side
from ...core.events import SPACE_MEETING, AdministratorActed, Event
from ...core.ids import MeetingId, SpaceId
from ...core.meeting_inputs import (
    End,
    MeetingView,
    SetFreeMute,
    SetKeptWhenEmpty,
    SetLocked,
    SetNewcomersMuted,
)
from ...core.refusals import Refusal
from .call_records import CALL_TYPES
from .errors import MISSING, fail, parameter_errors
from .fields import Parsed, collection, extras_of
from .live_fields import CALL
from .requests import Created, Request
from .router import Route
from .xml import Node


class Calls:
    """record: takes the event-log words about what an administrator did to a call."""

    def __init__(self, administration: Administration, directory: Directory, record: Any, cap: int) -> None:
        self._administration = administration
        self._directory = directory
        self._record: Any = record
        self._cap = cap
        # Parameters without an effect yet live as long as their call does; they are of this door alone.
        self._extras: dict[MeetingId, dict[str, str]] = {}

    def routes(self) -> list[Route]:
        return [
            Route("calls", CALL, get=self.index, post=self.create),
            Route("calls/{id}", CALL, get=self.get, put=self.change, delete=self.end),
        ]

    async def index(self, request: Request) -> Node:
        space, tenant = request.text("coSpaceFilter"), request.text("tenantFilter")
        found = [
            view
            for view in self._directory.meetings()
            if (space is None or view.space == space.lower()) and (tenant is None or view.tenant == tenant.lower())
        ]
        offset, limit = request.span(self._cap)
        nodes = [self._node(view, {}, listed=True) for view in found[offset : offset + limit]]
        return collection("calls", len(found), nodes)

    async def get(self, request: Request) -> Node:
        view = self._view(request.ids[0])
        return self._node(view, {"owner_name": await self._owner_name(view)})

    async def create(self, request: Request) -> Created:
        """Opens the meeting of a space, or one of its own, and keeps it although nobody is in it."""
        parsed = CALL.parse(request.form, create=True)
        meeting = await self._opened(parsed.values.pop("space", None), parsed.values.pop("name", None))
        self._tell_record(request, "created new call", meeting)
        await self._apply(meeting, parsed)
        return Created(f"calls/{meeting}")

    async def _opened(self, space: str | None, name: str | None) -> MeetingId:
        if not space and name:
            return await self._directory.open_ad_hoc(name)
        if not space:
            raise parameter_errors([("coSpace", MISSING)])
        try:
            return await self._directory.open(SpaceId(space))
        except Refusal:
            raise fail("coSpaceDoesNotExist") from None

    async def change(self, request: Request) -> None:
        meeting = self._view(request.ids[0]).meeting
        parsed = CALL.parse(request.form, create=False)
        await self._apply(meeting, parsed)
        self._tell_record(request, "modified call", meeting)

    async def end(self, request: Request) -> None:
        meeting = self._view(request.ids[0]).meeting
        await self._directory.tell(meeting, End(Ending(Side.ADMINISTRATOR, Reason.MEETING_ENDED)))

    async def _apply(self, meeting: MeetingId, parsed: Parsed) -> None:
        if "locked" in parsed.values:
            await self._directory.tell(meeting, SetLocked(parsed.values["locked"]))
        if "free_mute" in parsed.values:
            await self._directory.tell(meeting, SetFreeMute(parsed.values["free_mute"]))
        if "newcomers_muted" in parsed.values:
            await self._directory.tell(meeting, SetNewcomersMuted(parsed.values["newcomers_muted"]))
        if "kept" in parsed.values:
            await self._directory.tell(meeting, SetKeptWhenEmpty(parsed.values["kept"]))
        if not parsed.extras:
            return
        live = {view.meeting for view in self._directory.meetings()}
        self._extras = {id: extras for id, extras in self._extras.items() if id in live}
        if meeting in live:
            kept = {**self._extras.get(meeting, {}), **parsed.extras}
            self._extras[meeting] = {name: text for name, text in kept.items() if text is not None}

    def _view(self, id: str) -> MeetingView:
        view = self._directory.meeting(MeetingId(id))
        if view is None:
            raise Refusal("not-found", kind="meeting", id=id)
        return view

    def _node(self, view: MeetingView, more: dict[str, Any], *, listed: bool = False) -> Node:
        values = {
            "name": view.name or None,
            "call_type": CALL_TYPES.get(view.kind, "coSpace"),
            "space": view.space if view.kind == SPACE_MEETING else None,
            # The same on every server that hosts the meeting, and there is only this one.
            "correlator": view.meeting,
            "tenant": view.tenant,
            "seconds": int(view.seconds),
            "legs": len(view.legs),
            "legs_most": view.legs_most,
            "participants": len({leg.participant for leg in view.legs}),
            "locked": view.locked,
            "kept": view.kept_when_empty,
            "free_mute": view.free_mute,
            "newcomers_muted": view.newcomers_muted,
            **more,
        }
        return CALL.node(view.meeting, values, self._extras.get(view.meeting, {}), listed=listed)

    async def _owner_name(self, view: MeetingView) -> str | None:
        """The space's meetingScheduler, else its owner's name, else the owner's JID."""
        try:
            record = await self._administration.spaces.get(view.space)
        except Refusal:
            return None  # deleted a moment ago
        scheduler = extras_of(record.space).get("meetingScheduler")
        if scheduler or record.owner is None:
            return scheduler
        return record.owner.name or record.owner.jid

    def _tell_record(self, request: Request, verb: str, meeting: MeetingId) -> None:
        event: Event = AdministratorActed(request.source, request.administrator, verb, meeting)
        self._record(event)

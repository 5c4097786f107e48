"""Live meetings and legs with their controls, the event log and explanations, for administrators."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from pydantic import Field

from ....app.directory import Directory
from ....app.live import LiveLeg
from ....core.endings import Ending, Reason, Side
from ....core.events import AdministratorActed
from ....core.ids import LegId, MeetingId
from ....core.meeting_inputs import AdmitParticipant, End, LegView, MeetingInput, MeetingView, OverrideLeg, SetLocked
from ....core.profiles import LegSettings
from ....core.refusals import Refusal
from ....core.secret import Secret
from .my_spaces import query_of
from .routing import Request, Route
from .settings import Traced, traced_leg
from .values import In, Line, Out, PageQuery, Passcode

ENDED_BY_US = Ending(Side.ADMINISTRATOR, Reason.HANG_UP)
LINES_MOST = 1000


class MeetingOut(Out):
    """participants: with those who wait. seconds: since it began."""

    id: str
    space: str
    name: str
    seconds: int
    locked: bool
    participants: int
    waiting: int


class MeetingsOut(Out):
    meetings: list[MeetingOut]
    total: int


class LegOut(Out):
    """remote: the far end's address. state: of its connection. causes: why it waits; none: it does not.

    role: host or guest; null before it is in the meeting. muted: nobody hears it. settings: as of a space's doors.
    """

    id: str
    number: int
    participant: str
    name: str
    remote: str
    kind: str
    role: str | None
    state: str
    causes: list[str]
    muted: bool
    codec: str | None
    seconds: int
    settings: dict[str, Traced]


class MeetingDetail(MeetingOut):
    legs: list[LegOut]


class LogQuery(In):
    model_config = PageQuery.model_config

    limit: int = Field(200, ge=1, le=LINES_MOST)


class Lines(Out):
    lines: list[str]


class Question(In):
    """address: what somebody would dial, or a call ID."""

    address: Line = Field(min_length=1)
    pin: Passcode | None = None


Explain = Callable[[str, Secret | None], Awaitable[list[str]]]
Newest = Callable[[int], list[str]]
Record = Callable[[AdministratorActed], None]


@dataclass(frozen=True, slots=True)
class LiveRoutes:
    """newest: the last lines of the event log. record: takes what administrators did."""

    directory: Directory
    explain: Explain
    newest: Newest
    record: Record

    def routes(self) -> list[Route]:
        meetings, legs = "/admin/meetings", "/admin/legs/{leg}"
        meeting = meetings + "/{meeting}"
        return [
            Route("GET", meetings, self.index, "Live meetings", query=PageQuery, answer=MeetingsOut),
            Route("GET", meeting, self.get, "A live meeting with its legs", answer=MeetingDetail),
            Route("POST", meeting + "/lock", partial(self.lock, locked=True), "Lock"),
            Route("POST", meeting + "/unlock", partial(self.lock, locked=False), "Unlock; who waited for it comes in"),
            Route("POST", meeting + "/end", self.end, "End for all"),
            Route("POST", legs + "/mute", partial(self.mute, muted=True), "Mute"),
            Route("POST", legs + "/unmute", partial(self.mute, muted=False), "Unmute"),
            Route("POST", legs + "/admit", self.admit, "Let in, whatever it waits for"),
            Route("POST", legs + "/drop", self.drop, "Hang up"),
            Route("GET", "/admin/log", self.log, "The newest lines of the event log", query=LogQuery, answer=Lines),
            Route("POST", "/admin/explain", self.why, "What a call would meet", body=Question, answer=Lines),
        ]

    # --- seeing ------------------------------------------------------------------------------------------------

    async def index(self, request: Request) -> MeetingsOut:
        query = query_of(request)
        wanted = (query.contains or "").lower()
        found = [_meeting(view) for view in self.directory.meetings() if wanted in view.name.lower()]
        end = None if query.limit is None else query.offset + query.limit
        return MeetingsOut(total=len(found), meetings=found[query.offset : end])

    async def get(self, request: Request) -> MeetingDetail:
        view = self._view(request.ids[0])
        legs = [_leg(leg) for leg in self.directory.legs() if leg.meeting == view.meeting]
        return MeetingDetail(**_meeting(view).model_dump(), legs=legs)

    async def log(self, request: Request) -> Lines:
        return Lines(lines=self.newest(request.asked(LogQuery).limit))

    async def why(self, request: Request) -> Lines:
        asked = request.sent(Question)
        pin = asked.secret("pin")
        return Lines(lines=await self.explain(asked.address, pin if isinstance(pin, Secret) else None))

    # --- doing -------------------------------------------------------------------------------------------------

    async def lock(self, request: Request, *, locked: bool) -> None:
        await self._tell(request, self._view(request.ids[0]).meeting, SetLocked(locked))
        self._note(request, "locked call" if locked else "unlocked call")

    async def end(self, request: Request) -> None:
        await self._tell(request, self._view(request.ids[0]).meeting, End(ENDED_BY_US))
        self._note(request, "ended call")

    async def mute(self, request: Request, *, muted: bool) -> None:
        meeting, view = self._inside(request.ids[0])
        # A phone's own mute would stand in for the other, were it set on the leg already.
        settings = LegSettings(rx_audio_mute=muted, terminal_rx_audio_mute=muted)
        await self._tell(request, meeting, OverrideLeg(view.leg, settings))
        self._note(request, "muted call leg" if muted else "unmuted call leg")

    async def admit(self, request: Request) -> None:
        meeting, view = self._inside(request.ids[0])
        await self._tell(request, meeting, AdmitParticipant(view.participant))
        self._note(request, "admitted call leg")

    async def drop(self, request: Request) -> None:
        if not await self.directory.drop_leg(LegId(request.ids[0]), ENDED_BY_US):
            raise Refusal("not-found", kind="leg")
        self._note(request, "dropped call leg")

    # --- inside ------------------------------------------------------------------------------------------------

    def _view(self, id: str) -> MeetingView:
        view = self.directory.meeting(MeetingId(id))
        if view is None:
            raise Refusal("not-found", kind="meeting")
        return view

    def _inside(self, id: str) -> tuple[MeetingId, LegView]:
        """Raises Refusal: not-found, state (it is at the entrance, or not answered yet)."""
        leg = self.directory.leg(LegId(id))
        if leg is None:
            raise Refusal("not-found", kind="leg")
        if leg.view is None or leg.meeting is None:
            raise Refusal("state", kind="leg", state="not in a meeting")
        return leg.meeting, leg.view

    async def _tell(self, request: Request, meeting: MeetingId, message: MeetingInput) -> None:
        if not await self.directory.tell(meeting, message):
            raise Refusal("not-found", kind="meeting")

    def _note(self, request: Request, verb: str) -> None:
        user = request.who.user
        self.record(AdministratorActed(request.source, user.account or user.jid, verb, request.ids[0]))


def _meeting(view: MeetingView) -> MeetingOut:
    return MeetingOut(
        id=view.meeting,
        space=view.space,
        name=view.name,
        seconds=int(view.seconds),
        locked=view.locked,
        participants=len({leg.participant for leg in view.legs}),
        waiting=len({leg.participant for leg in view.legs if leg.waits}),
    )


def _leg(leg: LiveLeg) -> LegOut:
    view = leg.view
    return LegOut(
        id=leg.leg,
        number=leg.number,
        participant=leg.participant,
        name=view.name if view else leg.name,
        remote=leg.caller,
        kind=leg.kind,
        role=_role(view) if view else None,
        state=leg.state,
        causes=sorted(view.causes) if view else [],
        muted=bool(view and view.effective.settings.rx_audio_mute),
        codec=leg.statistics.codec if leg.statistics else None,
        seconds=int(leg.seconds),
        settings=traced_leg(view.effective, view.layers, view.kind) if view else {},
    )


def _role(view: LegView) -> str:
    """What it was made inside, else what its settings say: a host is who needs no activation."""
    if view.role is not None:
        return view.role.value
    return "guest" if view.effective.needs_activation else "host"

"""Who may command a running conference, and what all commands share (huawei-api 2.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from enum import Enum
from typing import Any

from ...app.booking import ConferenceRecord
from ...app.conference_control import ConferenceControl, Running
from ...app.directory import Directory
from ...core.ids import ParticipantId
from ...core.meeting_inputs import LegView, MeetingInput, by_participant
from ...core.secret import Secret
from ...core.spaces import Role
from .codecs import core_id, wire_id
from .errors import HuaweiError
from .live_state import LiveState, LiveStates
from .requests import Request
from .router import Handler

BASE = "/v1/mmc/control/conferences"

NOT_THERE = "MMC.111072008"
NO_RIGHT = "MMC.111072070"

# Number, passcode and source to (record, role); raises Refusal.
Authenticate = Callable[[str, Secret, str], Awaitable[tuple[ConferenceRecord, Role]]]


class Who(Enum):
    """Whose token a command takes. A co-host's is a guest's token that a signed-in user asked for, who stands for a
    participant that the host has made a co-host."""

    ANYBODY = "anybody"
    MODERATORS = "host or co-host"
    HOST = "host"


class Commander:
    """What all commands share: the conference of the token, its meeting, and who is named.

    dirty: called when something changed that no meeting knows of.
    """

    def __init__(
        self, control: ConferenceControl, directory: Directory, states: LiveStates, dirty: Callable[[Running], None]
    ) -> None:
        self.control = control
        self.directory = directory
        self.states = states
        self.dirty = dirty

    async def running(self, request: Request, who: Who = Who.MODERATORS) -> Running:
        """Raises HuaweiError, Refusal."""
        is_host = request.grant.role is Role.HOST
        if who is Who.HOST and not is_host:
            raise HuaweiError(NO_RIGHT, "X-Conference-Authorization: is not a host's")
        if who is Who.ANYBODY or is_host:
            return await self.control.running(request.grant.conference)
        if request.grant.user is None:
            raise HuaweiError(NO_RIGHT, "X-Conference-Authorization: is neither a host's nor a co-host's")
        running = await self.control.running(request.grant.conference, open_meeting=False)
        own = await self.own(request, running)
        if not any(leg.cohost for leg in running.meeting.legs if leg.participant in own):
            raise HuaweiError(NO_RIGHT, "X-Conference-Authorization: is neither a host's nor a co-host's")
        return running

    async def own(self, request: Request, running: Running) -> frozenset[ParticipantId]:
        """Whom the token's user stands for."""
        if request.grant.user is None:
            return frozenset()
        attendees = self.state(running).attendees(running.record.conference.attendees)
        return await self.control.standing_for(running, request.grant.user, attendees)

    def not_against_hosts(self, request: Request, running: Running, legs: Iterable[LegView], wire: str) -> None:
        """A co-host orders a host nothing. Raises HuaweiError."""
        if request.grant.role is not Role.HOST and any(running.role(leg) is Role.HOST for leg in legs):
            raise HuaweiError(NO_RIGHT, f"{wire}: is the host")

    def state(self, running: Running) -> LiveState:
        return self.states.of(running.meeting.meeting)

    async def tell(self, running: Running, *messages: MeetingInput) -> None:
        for message in messages:
            await self.directory.tell(running.meeting.meeting, message)

    def noted(self, what: str, handler: Handler) -> Handler:
        """The same, with a line in the journal once it is done."""

        async def run(request: Request) -> Any:
            answer = await handler(request)
            grant = request.grant
            who = wire_id(grant.user) if grant.user else str(grant.role)
            object = request.text("participantID", 64) or ""
            self.control.note(grant.conference, request.source, who, what, object)
            return answer

        return run

    def named(self, request: Request, running: Running) -> LegView:
        """The participant of the query. Raises HuaweiError."""
        return leg_of(running, request.required("participantID", 64), "participantID")


def leg_of(running: Running, text: str, wire: str) -> LegView:
    """Raises HuaweiError."""
    leg = by_participant(running.meeting.legs).get(ParticipantId(core_id(text) or ""))
    if leg is None:
        raise HuaweiError(NOT_THERE, f"{wire}: nobody of this ID is in the conference")
    return leg


def legs_of(running: Running, texts: Iterable[str], wire: str) -> list[LegView]:
    """Raises HuaweiError for the first who is not there."""
    return [leg_of(running, text, f"{wire}[{index}]") for index, text in enumerate(texts)]

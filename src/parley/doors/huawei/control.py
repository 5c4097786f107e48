"""Commands to a running conference that change who is heard, who is host and who may come in (huawei-api 2.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

from ...app.booking import ConferenceRecord, RulesEdit
from ...app.conference_control import ConferenceControl, Running
from ...app.directory import Directory
from ...app.moderation import DROPPED, STOPPED, audible, demotion, only, promotion
from ...core.ids import ParticipantId
from ...core.meeting_inputs import (
    AdmitParticipant,
    DropParticipant,
    LegView,
    MeetingInput,
    OverrideLegs,
    Rename,
    SendBack,
    SetHands,
    SetLocked,
    by_participant,
)
from ...core.refusals import Refusal
from ...core.secret import Secret
from ...core.spaces import Role
from . import control_fields as fields
from .codecs import core_id, wire_id
from .errors import HuaweiError
from .fields import Parsed, Table
from .live_state import LiveState, LiveStates, Mode, calls_of
from .requests import Request
from .router import Auth, Handler, Route

BASE = "/v1/mmc/control/conferences"
PROLONGED = 15  # minutes, when nothing is said

NOT_THERE = "MMC.111072008"
NO_RIGHT = "MMC.111072070"
HOST_EXISTS = "MMC.111074001"
NOT_HOST = "MMC.111074002"
WRONG_PASSWORD = "MMC.111072018"
HOSTS_RAISE_NO_HAND = "MMC.111072069"
WRONG_STATE = "MMC.111072011"
NO_NAME = "MMC.111072046"

# Number, passcode and source to (record, role); raises Refusal.
Authenticate = Callable[[str, Secret, str], Awaitable[tuple[ConferenceRecord, Role]]]


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

    async def running(self, request: Request, *, host: bool = True) -> Running:
        """host: only a host's token will do. Raises HuaweiError, Refusal."""
        if host and request.grant.role is not Role.HOST:
            raise HuaweiError(NO_RIGHT, "X-Conference-Authorization: is not a host's")
        return await self.control.running(request.grant.conference)

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


class Control:
    """The commands. Each reads its whole body before it changes anything."""

    def __init__(self, commander: Commander, authenticate: Authenticate) -> None:
        self._commander = commander
        self._authenticate = authenticate

    def routes(self) -> list[Route]:
        def put(path: str, handler: Handler, *tables: Table) -> Route:
            return Route("PUT", f"{BASE}/{path}", self._commander.noted(path, handler), Auth.CONTROL, tables)

        def post(path: str, handler: Handler, *tables: Table) -> Route:
            return Route("POST", f"{BASE}/{path}", self._commander.noted(path, handler), Auth.CONTROL, tables)

        return [
            put("mute", self.mute_all, fields.MUTE_ALL),
            put("mute/guestUnMute", self.let_unmute, fields.MAY_UNMUTE),
            put("participants/mute", self.mute_one, fields.MUTE_ONE),
            put("participants/rollCall", self.roll_call),
            put("participants/broadcast", self.broadcast),
            put("cancelBroadcast", self.cancel_broadcast),
            put("lock", self.lock, fields.LOCK),
            put("duration", self.prolong, fields.DURATION),
            put("stop", self.stop),
            put("participants/role", self.change_role, fields.ROLE),
            put("participants/cohost", self.cohost, fields.COHOST),
            put("participants/hands", self.hand, fields.HAND),
            put("participants/batch/hands", self.hands, fields.HANDS),
            put("participants/name", self.rename, fields.RENAME),
            put("allowWaitingParticipant", self.admit, fields.ADMIT),
            put("moveToWaitingRoom", self.send_back, fields.SEND_BACK),
            put("batchMoveToWaitingRoom", self.send_many_back, fields.SEND_MANY_BACK),
            put("updateStartedConfConfig", self.settings, fields.SETTINGS),
            post("participants/delete", self.hang_up, fields.HANG_UP),
            post("attendees/delete", self.delete, fields.DELETE),
        ]

    # --- who is heard ------------------------------------------------------------------------------------------

    async def mute_all(self, request: Request) -> None:
        """Everybody but the hosts."""
        wish = fields.MUTE_ALL.parse(request.body)
        running = await self._commander.running(request)
        state = self._commander.state(running)
        state.may_unmute = wish.get("may_unmute", True)
        state.all_muted = wish.values["muted"]
        await self._commander.tell(running, OverrideLegs(audible(not state.all_muted), self._hosts(running)))
        self._commander.dirty(running)

    async def mute_one(self, request: Request) -> None:
        """A host mutes anybody."""
        wish = fields.MUTE_ONE.parse(request.body)
        running = await self._commander.running(request)
        leg = self._commander.named(request, running)
        await self._commander.tell(running, only(leg, audible(not wish.values["muted"])))

    async def let_unmute(self, request: Request) -> None:
        wish = fields.MAY_UNMUTE.parse(request.body)
        running = await self._commander.running(request)
        self._commander.state(running).may_unmute = wish.values["may_unmute"]
        self._commander.dirty(running)

    async def roll_call(self, request: Request) -> None:
        """The one who is called is heard, everybody else but the hosts is not."""
        running = await self._commander.running(request)
        leg = self._commander.named(request, running)
        spared = self._hosts(running) | {leg.participant}
        await self._commander.tell(running, OverrideLegs(audible(False), spared), only(leg, audible(True)))
        state = self._commander.state(running)
        state.mode, state.named = Mode.ROLLCALL, leg.participant
        self._commander.dirty(running)

    async def broadcast(self, request: Request) -> None:
        running = await self._commander.running(request)
        leg = self._commander.named(request, running)
        state = self._commander.state(running)
        state.mode, state.named = Mode.BROADCAST, leg.participant
        self._commander.dirty(running)

    async def cancel_broadcast(self, request: Request) -> None:
        running = await self._commander.running(request)
        self._commander.state(running).free()
        self._commander.dirty(running)

    # --- who is in, and for how long ---------------------------------------------------------------------------

    async def lock(self, request: Request) -> None:
        wish = fields.LOCK.parse(request.body)
        running = await self._commander.running(request)
        await self._commander.tell(running, SetLocked(wish.values["locked"]))

    async def prolong(self, request: Request) -> None:
        wish = fields.DURATION.parse(request.body)
        running = await self._commander.running(request)
        minutes = wish.get("minutes", PROLONGED)
        number = running.record.conference.number
        await self._commander.control.prolong(number, minutes, repeatedly=wish.values["automatic"])
        self._commander.dirty(running)

    async def stop(self, request: Request) -> None:
        """Everybody goes; the booking stays until its end, so that people may come back."""
        running = await self._commander.running(request)
        await self._commander.control.stop(running, STOPPED)

    async def hang_up(self, request: Request) -> None:
        ids = fields.HANG_UP.parse(request.body).values["ids"]
        running = await self._commander.running(request)
        state = self._commander.state(running)
        called = {leg: text for leg in calls_of(running, state) for text in ids if core_id(text) == leg}
        inside = legs_of(running, [text for text in ids if text not in called.values()], "bulkHangUpParticipants")
        for call in called:
            self._commander.control.give_up(call)
        await self._commander.tell(running, *(DropParticipant(leg.participant, DROPPED) for leg in inside))

    async def delete(self, request: Request) -> None:
        """From the list of attendees; who is inside leaves, who is being called is called no more."""
        named: tuple[Parsed, ...] = fields.DELETE.parse(request.body).values["attendees"]
        running = await self._commander.running(request)
        state = self._commander.state(running)
        addresses = {one.values["address"] for one in named}
        known = {one.address for one in state.attendees(running.record.conference.attendees)}
        inside = [leg for leg in running.meeting.legs if called_by(leg, addresses)]
        ids = {core_id(one.get("id", "")) for one in named}
        inside += [leg for leg in running.meeting.legs if leg.participant in ids and leg not in inside]
        if not inside and not addresses & known:
            raise HuaweiError(NOT_THERE, "bulkDelAttendInfo: nobody of these is in the conference")
        self._commander.control.give_up_on(running, addresses)
        state.removed |= addresses
        for address in addresses:
            state.added.pop(address, None)
        for call in [leg for leg, calling in state.calls.items() if calling.address in addresses]:
            self._commander.control.give_up(call)
            state.calls.pop(call, None)
        await self._commander.tell(running, *(DropParticipant(leg.participant, DROPPED) for leg in inside))
        self._commander.dirty(running)

    # --- who is what -------------------------------------------------------------------------------------------

    async def change_role(self, request: Request) -> None:
        """Become host or cease to be it. With a guest's token the host's password is asked for."""
        wish = fields.ROLE.parse(request.body)
        running = await self._commander.running(request, host=False)
        leg = self._commander.named(request, running)
        is_host = running.role(leg) is Role.HOST
        if not wish.values["host"]:
            if not is_host:
                raise HuaweiError(NOT_HOST, "participantID: is not the host")
            if request.grant.role is not Role.HOST:
                raise HuaweiError(NO_RIGHT, "X-Conference-Authorization: is not a host's")
            await self._commander.tell(running, demotion(leg, guests_wait(running)))
            return
        await self._check_host_password(request, wish)
        if is_host:
            return
        others = [one for one in running.meeting.legs if running.role(one) is Role.HOST and not one.causes]
        if others:
            raise HuaweiError(HOST_EXISTS, "participantID: somebody else is the host")
        await self._commander.tell(running, promotion(leg))
        state = self._commander.state(running)
        state.cohosts.discard(leg.participant)

    async def _check_host_password(self, request: Request, wish: Parsed) -> None:
        password = wish.get("password", "")
        if not password and request.grant.role is Role.HOST:
            return
        try:
            _, role = await self._authenticate(request.grant.conference, Secret(password), request.source)
        except Refusal:
            role = Role.GUEST
        if role is not Role.HOST:
            raise HuaweiError(WRONG_PASSWORD, "chairmanPwd: is not the host's password")

    async def cohost(self, request: Request) -> None:
        """Guests only."""
        wish = fields.COHOST.parse(request.body)
        running = await self._commander.running(request)
        leg = self._commander.named(request, running)
        if running.role(leg) is Role.HOST:
            raise HuaweiError(WRONG_STATE, "participantID: is the host")
        cohosts = self._commander.state(running).cohosts
        if wish.values["cohost"]:
            cohosts.add(leg.participant)
        else:
            cohosts.discard(leg.participant)
        self._commander.dirty(running)

    async def hand(self, request: Request) -> None:
        wish = fields.HAND.parse(request.body)
        running = await self._commander.running(request, host=False)
        leg = self._commander.named(request, running)
        raised = wish.values["raised"]
        if raised and running.role(leg) is Role.HOST:
            raise HuaweiError(HOSTS_RAISE_NO_HAND, "participantID: is the host")
        await self._commander.tell(running, SetHands(frozenset({leg.participant}), raised))

    async def hands(self, request: Request) -> None:
        wish = fields.HANDS.parse(request.body)
        running = await self._commander.running(request)
        legs = legs_of(running, wish.values["ids"], "pids")
        raised = wish.values["raised"]
        if raised and any(running.role(leg) is Role.HOST for leg in legs):
            raise HuaweiError(HOSTS_RAISE_NO_HAND, "pids: one is the host")
        await self._commander.tell(running, SetHands(frozenset(leg.participant for leg in legs), raised))

    async def rename(self, request: Request) -> None:
        wish = fields.RENAME.parse(request.body)
        name, address = wish.values["name"].strip(), wish.values["address"]
        if not name:
            raise HuaweiError(NO_NAME, "newName: is empty")
        running = await self._commander.running(request)
        id = wish.get("id")
        legs = [leg_of(running, id, "participantID")] if id else []
        legs += [leg for leg in running.meeting.legs if not id and called_by(leg, {address})]
        state = self._commander.state(running)
        listed = next(
            (one for one in state.attendees(running.record.conference.attendees) if one.address == address), None
        )
        if not legs and listed is None:
            raise HuaweiError(NOT_THERE, "number: nobody of this number is in the conference")
        if listed is not None:
            state.added[address] = replace(listed, name=name)
        await self._commander.tell(running, *(Rename(leg.participant, name) for leg in legs))
        self._commander.dirty(running)

    # --- who waits ---------------------------------------------------------------------------------------------

    async def admit(self, request: Request) -> None:
        wish = fields.ADMIT.parse(request.body)
        running = await self._commander.running(request)
        if wish.get("everybody"):
            legs = [leg for leg in running.meeting.legs if leg.waits]
        else:
            legs = [leg_of(running, wish.get("id", ""), "participantID")]
        await self._commander.tell(running, *(AdmitParticipant(leg.participant) for leg in legs))

    async def send_back(self, request: Request) -> None:
        id = fields.SEND_BACK.parse(request.body).values["id"]
        running = await self._commander.running(request)
        leg = leg_of(running, id, "participantID")
        await self._commander.tell(running, SendBack(leg.participant))

    async def send_many_back(self, request: Request) -> None:
        ids = fields.SEND_MANY_BACK.parse(request.body).values["ids"]
        running = await self._commander.running(request)
        legs = legs_of(running, ids, "batchParticipants")
        await self._commander.tell(running, *(SendBack(leg.participant) for leg in legs))

    # --- the conference's own settings -------------------------------------------------------------------------

    async def settings(self, request: Request) -> None:
        """Change what holds while it runs."""
        wish = fields.SETTINGS.parse(request.body)
        running = await self._commander.running(request)
        state = self._commander.state(running)
        rules = {name: wish.values[name] for name in ("entry_scope", "waiting_room") if name in wish.values}
        if rules:
            await self._commander.control.change_rules(running.record.conference.number, RulesEdit(**rules))
        if "locked" in wish.values:
            await self._commander.tell(running, SetLocked(wish.values["locked"]))
        state.may_unmute = wish.get("may_unmute", state.may_unmute)
        for row in fields.SETTINGS.fields:
            if row.attribute in wish.values and not row.effect:
                state.settings[row.wire] = row.codec.render(wish.values[row.attribute])
        self._commander.dirty(running)

    @staticmethod
    def _hosts(running: Running) -> frozenset[ParticipantId]:
        return frozenset(leg.participant for leg in running.meeting.legs if running.role(leg) is Role.HOST)


def called_by(leg: LegView, addresses: set[str]) -> bool:
    """Is it one of these numbers or addresses?"""
    user = leg.uri.partition("@")[0]
    return bool({leg.uri, f"sip:{leg.uri}", user} & addresses)


def guests_wait(running: Running) -> bool:
    return not (running.occurrence.rules or running.record.rules).guests_may_start

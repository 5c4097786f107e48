"""Commands to a running conference that change who is heard, who is host and who may come in (huawei-api 2.4)."""

from __future__ import annotations

from dataclasses import replace

from ...app.booking import RulesEdit
from ...app.conference_control import Running
from ...app.moderation import DROPPED, STOPPED, audible, only, promotion
from ...core.conference_rules import COHOST_SETTINGS, demoted_settings
from ...core.ids import ParticipantId
from ...core.meeting_inputs import (
    AdmitParticipant,
    DropParticipant,
    LegView,
    MuteSelf,
    OverrideLegs,
    Rename,
    SendBack,
    SetCohost,
    SetHands,
    SetLocked,
    SetRole,
)
from ...core.profiles import LegSettings
from ...core.refusals import Refusal
from ...core.secret import Secret
from ...core.spaces import Role
from . import control_fields as fields
from .codecs import core_id
from .commander import BASE, NO_RIGHT, NOT_THERE, Authenticate, Commander, Who, leg_of, legs_of
from .errors import HuaweiError
from .fields import Parsed, Table
from .live_state import Mode, calls_of
from .requests import Request
from .router import Auth, Handler, Route

PROLONGED = 15  # minutes, when nothing is said

HOST_EXISTS = "MMC.111074001"
NOT_HOST = "MMC.111074002"
WRONG_PASSWORD = "MMC.111072018"
HOSTS_RAISE_NO_HAND = "MMC.111072069"
WRONG_STATE = "MMC.111072011"
NO_NAME = "MMC.111072046"


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
        await self._let_unmute(running, wish.get("may_unmute", True))
        state = self._commander.state(running)
        state.all_muted = wish.values["muted"]
        await self._commander.tell(running, OverrideLegs(audible(not state.all_muted), self._hosts(running)))
        self._commander.dirty(running)

    async def mute_one(self, request: Request) -> None:
        """A host mutes anybody, a co-host any guest, a guest whom the token's user stands for."""
        muted = fields.MUTE_ONE.parse(request.body).values["muted"]
        running = await self._commander.running(request, Who.ANYBODY)
        leg = self._commander.named(request, running)
        if request.grant.role is not Role.HOST:
            if leg.participant in await self._commander.own(request, running):
                await self._mute_oneself(running, leg, muted)
                return
            await self._commander.running(request)
            self._commander.not_against_hosts(request, running, [leg], "participantID")
        await self._commander.tell(running, only(leg, audible(not muted)))

    async def _mute_oneself(self, running: Running, leg: LegView, muted: bool) -> None:
        if not leg.may_mute_itself(muted):
            raise HuaweiError(NO_RIGHT, "participantID: the host does not let guests unmute themselves")
        await self._commander.tell(running, MuteSelf(leg.participant, muted))

    async def let_unmute(self, request: Request) -> None:
        wish = fields.MAY_UNMUTE.parse(request.body)
        running = await self._commander.running(request)
        await self._let_unmute(running, wish.values["may_unmute"])
        self._commander.dirty(running)

    async def _let_unmute(self, running: Running, allowed: bool) -> None:
        """Of guests, those to come as well. Hosts made guests have their rights on themselves."""
        await self._commander.control.change_rules(
            running.record.conference.number, RulesEdit(guests_may_unmute=allowed)
        )
        demoted = frozenset(
            leg.participant for leg in running.meeting.legs if leg.role is Role.GUEST and not leg.cohost
        )
        if demoted:
            await self._commander.tell(running, OverrideLegs(LegSettings(unmute_self=allowed), demoted, exclude=False))

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
        running = await self._commander.running(request, Who.HOST)
        minutes = wish.get("minutes", PROLONGED)
        number = running.record.conference.number
        await self._commander.control.prolong(number, minutes, repeatedly=wish.values["automatic"])
        self._commander.dirty(running)

    async def stop(self, request: Request) -> None:
        """Everybody goes; the booking stays until its end, so that people may come back."""
        running = await self._commander.running(request, Who.HOST)
        await self._commander.control.stop(running, STOPPED)

    async def hang_up(self, request: Request) -> None:
        ids = fields.HANG_UP.parse(request.body).values["ids"]
        running = await self._commander.running(request)
        state = self._commander.state(running)
        called = {leg: text for leg in calls_of(running, state) for text in ids if core_id(text) == leg}
        inside = legs_of(running, [text for text in ids if text not in called.values()], "bulkHangUpParticipants")
        self._commander.not_against_hosts(request, running, inside, "bulkHangUpParticipants")
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
        self._commander.not_against_hosts(request, running, inside, "bulkDelAttendInfo")
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
        """Become host or cease to be it. With a guest's or co-host's token the host's password is asked for."""
        wish = fields.ROLE.parse(request.body)
        running = await self._commander.running(request, Who.ANYBODY)
        leg = self._commander.named(request, running)
        is_host = running.role(leg) is Role.HOST
        if not wish.values["host"]:
            if not is_host:
                raise HuaweiError(NOT_HOST, "participantID: is not the host")
            if request.grant.role is not Role.HOST:
                raise HuaweiError(NO_RIGHT, "X-Conference-Authorization: is not a host's")
            await self._commander.tell(running, demotion(running, leg))
            return
        await self._check_host_password(request, wish)
        if is_host:
            return
        others = [one for one in running.meeting.legs if running.role(one) is Role.HOST and not one.causes]
        if others:
            raise HuaweiError(HOST_EXISTS, "participantID: somebody else is the host")
        await self._commander.tell(running, promotion(leg))

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
        """Guests only, and by the host alone."""
        wish = fields.COHOST.parse(request.body)
        running = await self._commander.running(request, Who.HOST)
        leg = self._commander.named(request, running)
        if running.role(leg) is Role.HOST:
            raise HuaweiError(WRONG_STATE, "participantID: is the host")
        await self._commander.tell(running, cohosting(running, leg, wish.values["cohost"]))

    async def hand(self, request: Request) -> None:
        wish = fields.HAND.parse(request.body)
        running = await self._commander.running(request, Who.ANYBODY)
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
        self._commander.not_against_hosts(request, running, legs, "participantID")
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
        self._commander.not_against_hosts(request, running, [leg], "participantID")
        await self._commander.tell(running, SendBack(leg.participant))

    async def send_many_back(self, request: Request) -> None:
        ids = fields.SEND_MANY_BACK.parse(request.body).values["ids"]
        running = await self._commander.running(request)
        legs = legs_of(running, ids, "batchParticipants")
        self._commander.not_against_hosts(request, running, legs, "batchParticipants")
        await self._commander.tell(running, *(SendBack(leg.participant) for leg in legs))

    # --- the conference's own settings -------------------------------------------------------------------------

    async def settings(self, request: Request) -> None:
        """Change what holds while it runs."""
        wish = fields.SETTINGS.parse(request.body)
        running = await self._commander.running(request)
        state = self._commander.state(running)
        rules = {name: wish.values[name] for name in ("entry_scope", "waiting_room") if name in wish.values}
        if "may_unmute" in wish.values:
            await self._let_unmute(running, wish.values["may_unmute"])
        if rules:
            await self._commander.control.change_rules(running.record.conference.number, RulesEdit(**rules))
        if "locked" in wish.values:
            await self._commander.tell(running, SetLocked(wish.values["locked"]))
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


def demotion(running: Running, leg: LegView) -> SetRole:
    return SetRole(leg.participant, Role.GUEST, demoted_settings(running.rules))


def cohosting(running: Running, leg: LegView, cohost: bool) -> SetCohost:
    """Ceasing to be one, a guest by the door has again what the door says, and one who was host what demotion says."""
    if cohost:
        return SetCohost(leg.participant, True, COHOST_SETTINGS)
    names = frozenset({"needs_activation", "mute_self", "unmute_self"})
    settings = demoted_settings(running.rules) if leg.role is Role.GUEST else LegSettings()
    return SetCohost(leg.participant, False, settings, names)

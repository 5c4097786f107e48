"""Calling people into a running conference (huawei-api 2.4: participants, inviteWithPwd)."""

from __future__ import annotations

from collections.abc import Callable

from ...app.booking_desk import BookingDesk, Named
from ...app.conference_control import Running
from ...app.conference_start import Called
from ...app.ports import CallResult
from ...core.conferences import Attendee
from ...core.ids import LegId
from ...core.refusals import Refusal
from ...core.secret import Secret
from ...core.spaces import Role
from . import control_fields as fields
from .codecs import core_id
from .commander import BASE, Authenticate, Commander
from .conference_requests import attendee_of
from .conferences import refused_password
from .errors import Family, HuaweiError, from_refusal
from .fields import Parsed
from .live_state import CALLS_MOST, Calling
from .requests import Request
from .router import Auth, Route

# How a call went, as pushes tell it; "0" is success (huawei-api 2.4, 3.4).
RESULTS = {
    CallResult.ANSWERED: "0",
    CallResult.BUSY: "11076008",
    CallResult.NO_ANSWER: "11076005",
    CallResult.REJECTED: "11076009",
    CallResult.UNREACHABLE: "11076007",
    CallResult.FAILED: "11076002",
    CallResult.CANCELLED: "11076010",
}


def told_result(called: Called) -> str | None:
    """How a call at the start went; None: it is under way."""
    return RESULTS[called.result] if called.result is not None else None


TOO_MANY = "MMC.111071066"

# (conference, number called, result) to those who listen.
Announce = Callable[[str, str, str], None]


class ControlCalls:
    def __init__(self, commander: Commander, desk: BookingDesk, authenticate: Authenticate, announce: Announce) -> None:
        self._commander = commander
        self._desk = desk
        self._authenticate = authenticate
        self._announce = announce

    def routes(self) -> list[Route]:
        return [
            Route(
                "POST",
                f"{BASE}/participants",
                self._commander.noted("participants", self.invite),
                Auth.CONTROL,
                (fields.INVITE,),
            ),
            Route(
                "POST", f"{BASE}/inviteWithPwd", self.invite_with_password, Auth.MAYBE, (fields.INVITE_WITH_PASSWORD,)
            ),
        ]

    async def invite(self, request: Request) -> None:
        """Call everybody named. When nobody can be called, the first one's reason is the answer."""
        people: tuple[Parsed, ...] = fields.INVITE.parse(request.body).values["attendees"]
        running = await self._commander.running(request)
        state = self._commander.state(running)
        if len(state.added) + len(people) > CALLS_MOST:
            raise HuaweiError(TOO_MANY, f"attendees: more than {CALLS_MOST} were invited")
        record = running.record
        tenant = record.conference.tenant
        named = [Named(core_id(one.get("user_id", "")), one.get("account")) for one in people]
        users = await self._desk.people_of(tenant, named)
        refusals: list[Refusal] = []
        for one, user in zip(people, users, strict=True):
            attendee = attendee_of(one, user)
            state.added[attendee.address] = attendee
            state.removed.discard(attendee.address)
            try:
                await self._call(running, attendee, admitted=True)
            except Refusal as refusal:
                refusals.append(refusal)
                self._announce(record.conference.number, attendee.address, RESULTS[CallResult.FAILED])
        self._commander.dirty(running)
        if len(refusals) == len(people):
            raise refusals[0]

    async def invite_with_password(self, request: Request) -> None:
        """One number, into the conference whose password is known: without a control token."""
        wish = fields.INVITE_WITH_PASSWORD.parse(request.body)
        number = wish.values["number"]
        try:
            _, role = await self._authenticate(number, Secret(wish.values["password"]), request.source)
        except Refusal as refusal:
            raise refused_password(refusal, "pwd") from None
        running = await self._commander.control.running(number)
        try:
            await self._call(running, Attendee(address=wish.values["address"]), admitted=role is Role.HOST)
        except Refusal as refusal:
            raise from_refusal(refusal, Family.MEETINGS) from None
        self._commander.dirty(running)

    async def _call(self, running: Running, attendee: Attendee, *, admitted: bool) -> None:
        state = self._commander.state(running)
        address = attendee.address
        over: dict[LegId, CallResult] = {}

        def told(leg: LegId, result: CallResult) -> None:
            over[leg] = result
            state.calls.pop(leg, None)
            self._announce(running.record.conference.number, address, RESULTS[result])
            self._commander.dirty(running)

        leg = await self._commander.control.call(
            running, address, attendee.name, attendee.role, told, mute=attendee.mute, admitted=admitted
        )
        if leg not in over:  # it may have ended while we waited
            state.calls[leg] = Calling(attendee.name or address, address)

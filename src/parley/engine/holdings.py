"""The legs and meetings of one worker: how they come, stay and go, be it to another worker or another control."""

from __future__ import annotations

import random
from collections.abc import Iterator

from parley.engine import handover, messages
from parley.engine.leg import Leg
from parley.engine.meeting import Meeting
from parley.engine.messages import DropMeeting, SetPlan
from parley.engine.phone_dtls import DtlsTransport
from parley.engine.ports import Ports
from parley.engine.prompts import Prompts
from parley.engine.transport import PortTransport


class Refused(Exception):
    """A request that cannot be carried out. code: as in Failed."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Holdings:
    """Open legs, with the local address of each; meetings, with the newest plan of each."""

    def __init__(self, ports: Ports, prompts: Prompts, dice: random.Random) -> None:
        self._ports = ports
        self._prompts = prompts
        self._dice = dice
        self.legs: dict[str, Leg] = {}
        self.locals: dict[str, str] = {}
        self.meetings: dict[str, Meeting] = {}
        self._plans: dict[str, SetPlan] = {}

    def leg(self, name: str) -> Leg:
        """Raises Refused."""
        leg = self.legs.get(name)
        if leg is None:
            raise Refused("unknown-leg", f"no leg {name!r}")
        return leg

    def add(self, leg: Leg, local: str) -> None:
        """It takes its place where a plan names it already."""
        self.legs[leg.name] = leg
        self.locals[leg.name] = local
        for plan in [plan for plan in self._plans.values() if any(entry.leg == leg.name for entry in plan.legs)]:
            self._carry_out(self.meetings[plan.meeting], plan)

    def remove(self, name: str) -> Leg | None:
        """None: there is none of this name."""
        leg = self.legs.pop(name, None)
        if leg is not None:
            for meeting in self.meetings.values():
                meeting.remove(name)
            del self.locals[name]
        return leg

    # --- meetings -------------------------------------------------------------------------------------

    def plan(self, request: SetPlan | DropMeeting, loudest: int) -> None:
        """Raises BadPlan or UnknownPrompt before anything has changed."""
        if isinstance(request, DropMeeting):
            self.drop_meeting(request.meeting)
            return
        meeting = self.meetings.get(request.meeting) or Meeting(request.meeting, loudest)
        if request.number <= meeting.number:
            return
        self._carry_out(meeting, request)
        self.meetings[request.meeting] = meeting
        self._plans[request.meeting] = request

    def _carry_out(self, meeting: Meeting, plan: SetPlan) -> None:
        meeting.apply(plan.number, plan.legs, self.legs, self._prompts)
        for other in self.meetings.values():
            if other is not meeting:  # a leg is in one meeting: the one that named it last
                for name in other.legs.keys() & meeting.legs.keys():
                    other.remove(name)

    def drop_meeting(self, name: str) -> None:
        self._plans.pop(name, None)
        meeting = self.meetings.pop(name, None)
        if meeting is not None:
            for leg in list(meeting.legs):
                meeting.remove(leg)

    # --- another control ------------------------------------------------------------------------------

    def found(self, number: int) -> messages.Found:
        """For another control, which numbers its plans from the start."""
        for meeting in self.meetings.values():
            meeting.start_anew()
        for leg in self.legs.values():
            leg.told_dead = False  # whoever was told may have gone before he did anything about it
        legs = {
            name: messages.FoundLeg(local=self.locals[name], port=leg.transport.port, media=leg.media)
            for name, leg in self.legs.items()
        }
        return messages.Found(id=number, legs=legs, meetings=tuple(self.meetings))

    # --- another worker -------------------------------------------------------------------------------

    def give(self, name: str, to: str, stepped_at: float) -> None:
        """Pass a phone's leg on. stepped_at: when its timestamp was last moved on. Raises Refused or NotTaken."""
        leg = self.leg(name)
        if not isinstance(leg.transport, PortTransport):
            raise Refused("bad-request", "a browser's leg stays on its socket")
        if isinstance(leg.transport, DtlsTransport) and not leg.transport.is_ready:
            raise Refused("not-taken", "its keys are not agreed yet")
        self._ports.give(name, to, handover.packed(leg, leg.transport, self.locals[name], stepped_at))
        self.remove(name)

    def take_given(self, now: float) -> Iterator[Leg]:
        """Those that other workers have passed to us since the last call."""
        for name, data in self._ports.taken():
            try:
                state = handover.unpacked(data)
                leg = handover.revived(state, now, self._dice)
            except Exception:  # it is opened again, as one whose worker has died
                self._ports.close(name)
                continue
            self.add(leg, state.local)
            yield leg

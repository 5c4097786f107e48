"""A call that goes elsewhere: its caller moves on to another meeting, or another call takes its place.

Whoever moves comes to the new door like a caller from outside and is judged anew: what let him into one meeting says
nothing of another. Whoever takes the place of another takes it whole, because he names a call by what only its
two ends know (RFC 3891 section 3), and one of them is ours.
"""

from __future__ import annotations

from ..core.admission import NOTHING_PROVEN, Candidates, Proof, Refuse, ask, closed_by
from ..core.dialplan import Address, Echo, Ivr
from ..core.endings import Ending, Reason, Side
from ..core.leg_inputs import Granted, MoveTo, Offered, UnknownTarget
from ..core.meeting_inputs import Entry
from ..core.seats import stay_of
from .directory import Directory
from .incoming_legs import IncomingLegRunner
from .legs import LiveLegRunner
from .lookup import Lookup
from .ports import LegDoor, LegInbox


class Transfers:
    """What doors ask for on behalf of who is in a call."""

    def __init__(self, lookup: Lookup, directory: Directory) -> None:
        self._lookup = lookup
        self._directory = directory

    async def move(self, leg: LegInbox, to: Address, local_address: str) -> Reason | None:
        """The caller wants to go there instead. None: he is on his way; else why not, and he stays where he is.

        People whom we called into a meeting stay in it: they came in without being asked for anything.
        """
        if not isinstance(leg, IncomingLegRunner):
            return Reason.DECLINED
        target: UnknownTarget | Candidates | Ivr | Granted | Echo = await self._lookup.resolve(to, local_address)
        proof = NOTHING_PROVEN
        if isinstance(target, Candidates):
            proof, member = await self._lookup.proof(leg.asserted, target, leg.user)
            if member is not None:
                target = Granted(target.space, target.tenant, Entry(member=member), proof)
        if isinstance(target, UnknownTarget):
            return Reason.UNKNOWN_DESTINATION
        if isinstance(target, Candidates):
            encrypted = leg.audio is not None and leg.audio.encrypted
            answer = ask(target, encrypted, proof)
            if closed_by(target, proof) is not None or isinstance(answer, Refuse):
                return answer.reason if isinstance(answer, Refuse) else Reason.UNKNOWN_DESTINATION
        leg.post(MoveTo(target, proof))
        return None

    def replace(self, old: LegInbox, offered: Offered, door: LegDoor) -> LiveLegRunner | None:
        """A leg in the place of another one, which ends once the new one is where it was. None: there is none to
        replace any more, and nothing was said through the door; or there is no room, and the call was refused."""
        place = self._place_of(old)
        if place is None or not isinstance(old, LiveLegRunner):
            return None
        target, proof = place
        new = self._directory.arrive(offered, target, door, proof, old.participant)
        if new is None:
            door.reject(Ending(Side.LOCAL, Reason.SYSTEM_LIMIT))
        else:
            new.replaces = old
        return new

    def _place_of(self, old: LegInbox) -> tuple[Candidates | Ivr | Granted | Echo, Proof] | None:
        if not isinstance(old, LiveLegRunner) or old.ended:
            return None
        live = self._directory.leg(old.id)
        meeting = self._directory.meeting(live.meeting) if live is not None and live.meeting is not None else None
        if live is not None and live.view is not None and meeting is not None:
            view = live.view
            return Granted(meeting.space, meeting.tenant, view.entry, stay=stay_of(view), called=True), NOTHING_PROVEN
        return old.bound_for if isinstance(old, IncomingLegRunner) else None

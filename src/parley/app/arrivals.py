"""Somebody calls: where does the address lead, and is there anything to be made at all?

A call to an address that leads nowhere is refused before anything is created: no leg, no number, no record
(scanners ask for such addresses all day). It is counted, and that is all.
"""

from __future__ import annotations

from ..core.admission import NOTHING_PROVEN, Candidates, Proof, closed_by
from ..core.dialplan import Echo, Ivr
from ..core.endings import Ending, Reason, Side
from ..core.ids import ParticipantId
from ..core.leg_inputs import Granted, Offered, UnknownTarget
from ..core.meeting_inputs import Entry
from .bridges import Bridges, LeadsNowhere
from .directory import Directory
from .legs import LiveLegRunner
from .lookup import Lookup
from .ports import LegDoor
from .transfers import Transfers


class Arrivals:
    """The one way in for callers, whatever their door."""

    def __init__(self, lookup: Lookup, directory: Directory, bridges: Bridges | None = None) -> None:
        """bridges: who puts callers through to others; None: nobody does."""
        self._lookup = lookup
        self.bridges = bridges
        self._directory = directory
        self.transfers = Transfers(lookup, directory)
        self.unknown = 0  # calls refused because their address leads nowhere
        self.refused_full = 0

    async def arrive(self, offered: Offered, door: LegDoor) -> LiveLegRunner | None:
        """A leg, or None when the call was refused through the door already."""
        target: UnknownTarget | Candidates | Ivr | Granted | Echo
        target = await self._lookup.resolve(offered.address, offered.local_address)
        proof = NOTHING_PROVEN
        if isinstance(target, Candidates):
            proof, member = await self._lookup.proof(offered.asserted, target, offered.user)
            if member is not None:
                target = Granted(target.space, target.tenant, Entry(member=member), proof)
        if isinstance(target, UnknownTarget) and self.bridges is not None:
            try:
                return await self.bridges.take(offered, door)
            except LeadsNowhere:
                pass  # told below
        closed = isinstance(target, Candidates) and closed_by(target, proof) is not None
        if isinstance(target, UnknownTarget) or closed:
            self.unknown += 1
            door.reject(Ending(Side.LOCAL, Reason.UNKNOWN_DESTINATION))
            return None
        return self.enter(offered, target, door, proof)

    def enter(
        self,
        offered: Offered,
        target: Candidates | Ivr | Granted | Echo,
        door: LegDoor,
        proof: Proof = NOTHING_PROVEN,
        participant: ParticipantId | None = None,
    ) -> LiveLegRunner | None:
        """The same for somebody whose target is known already. proof: where it is Candidates. participant: as whom,
        where that was said before."""
        leg = self._directory.arrive(offered, target, door, proof, participant)
        if leg is None:
            self.refused_full += 1
            door.reject(Ending(Side.LOCAL, Reason.SYSTEM_LIMIT))
        return leg

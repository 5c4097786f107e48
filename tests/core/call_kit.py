"""One leg that we call, on simulated time, with a door that answers what the test does not."""

from __future__ import annotations

from parley.core.endings import Ending, Reason, Side
from parley.core.ids import AccessMethodId, LegId, LegProfileId, OutboundRuleId, SpaceId
from parley.core.leg_inputs import (
    Answered,
    Dial,
    MediaOpened,
    Reached,
    ReportCall,
    Ringing,
)
from parley.core.meeting_inputs import Entry
from parley.core.outbound import FailureAction, Hop
from parley.core.outgoing_leg import OutgoingLeg
from parley.core.profiles import LegSettings
from tests.core.leg_kit import AUDIO
from tests.core.one_leg import OneLeg

BUSY = Ending(Side.REMOTE, Reason.BUSY)
UNREACHABLE = Ending(Side.REMOTE, Reason.UNREACHABLE)
DECLINED = Ending(Side.REMOTE, Reason.DECLINED)
ENTRY = Entry(access_method=AccessMethodId("host-door"), call_out_profile=LegProfileId("profile"))
MUTED = LegSettings(rx_audio_mute=True)


def hop(name: str, goes_on: bool = True) -> Hop:
    action = FailureAction.CONTINUE if goes_on else FailureAction.STOP
    return Hop(OutboundRuleId(name), f"{name}.example", failure_action=action)


def dial(*hops: Hop, ring_seconds: float = 45.0) -> Dial:
    return Dial(
        hops=hops or (hop("a"),),
        remote="sip:ada@phones.example",
        local="sip:room@example.com",
        space=SpaceId("space"),
        entry=ENTRY,
        settings=MUTED,
        admitted=True,
        ring_seconds=ring_seconds,
        sip_call_id="call-1",
    )


class Called(OneLeg):
    """Plays the far end."""

    def __init__(self) -> None:
        super().__init__(OutgoingLeg(LegId("leg"), 0, 1), 100.0)

    def placed(self, *hops: Hop) -> Called:
        """Dialled, reached, media open: the INVITE is out."""
        self.do(dial(*hops))
        self.do(Reached("192.0.2.9", "192.0.2.1"))
        self.do(MediaOpened(20000))
        return self

    def answered(self) -> Called:
        self.placed()
        self.do(Ringing())
        self.do(Answered(AUDIO))
        return self

    def reports(self) -> list[Ending | None]:
        return [effect.ending for effect in self.effects if isinstance(effect, ReportCall)]

"""One leg that we call, on simulated time, with a door that answers what the test does not."""

from __future__ import annotations

from parley.core.endings import Ending, Reason, Side
from parley.core.events import Event
from parley.core.ids import AccessMethodId, LegId, LegProfileId, OutboundRuleId, SpaceId
from parley.core.leg_inputs import (
    Answered,
    Dial,
    LegEffect,
    LegInput,
    LegTick,
    MediaOpened,
    Reached,
    RecordLeg,
    ReportCall,
    Ringing,
)
from parley.core.meeting_inputs import Entry
from parley.core.outbound import FailureAction, Hop
from parley.core.outgoing_leg import OutgoingLeg
from parley.core.profiles import LegSettings
from tests.core.leg_kit import AUDIO

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


class Called:
    """`do` gives an input; the rest plays the far end."""

    def __init__(self) -> None:
        self.now = 100.0
        self.leg = OutgoingLeg(LegId("leg"), 0, 1)
        self.effects: list[LegEffect] = []

    def do(self, given: LegInput) -> list[LegEffect]:
        effects = self.leg.handle(given, self.now)
        self.effects += effects
        return effects

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

    def wait(self, seconds: float) -> list[LegEffect]:
        until = self.now + seconds
        seen: list[LegEffect] = []
        while (due := self.leg.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            seen += self.do(LegTick())
        self.now = until
        return seen

    def count(self, *kinds: type) -> int:
        return sum(isinstance(effect, kinds) for effect in self.effects)

    def events(self) -> list[Event]:
        return [effect.event for effect in self.effects if isinstance(effect, RecordLeg)]

    def reports(self) -> list[Ending | None]:
        return [effect.ending for effect in self.effects if isinstance(effect, ReportCall)]

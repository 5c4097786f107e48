"""One leg on simulated time, with an application around it that answers what the test does not."""

from __future__ import annotations

from parley.core.admission import NOTHING_PROVEN, Candidates, Door, Proof, judge
from parley.core.dialplan import Address, Echo, Ivr
from parley.core.endings import Ending, Reason
from parley.core.ids import AccessMethodId, IvrId, LegId, SpaceId
from parley.core.leg import Leg
from parley.core.leg_inputs import (
    AudioCodec,
    CallIdResolved,
    Confirmed,
    Digit,
    EntrySettings,
    Granted,
    HangUp,
    JudgePin,
    LegAudio,
    LegEffect,
    LegInput,
    MediaOpened,
    Offered,
    PinJudged,
    Play,
    PlayEnded,
    Reject,
    Resolve,
    ResolveCallId,
    Resolved,
    UnknownTarget,
)
from parley.core.profiles import CallLayer, CallSettings, EntryScope, Layer, PasscodeMode
from parley.core.secret import Secret
from tests.core.one_leg import OneLeg

AUDIO = LegAudio("192.0.2.1", 4000, AudioCodec("pcmu", 0, 8000))
OFFER = Offered(
    address=Address("room", "example.com"),
    caller="sip:ann@example.com",
    dialled="sip:room@example.com",
    display_name="Ann",
    source="192.0.2.1",
    local_address="192.0.2.9",
    audio=AUDIO,
)
IVR = Ivr(IvrId("ivr"), "411")


def space(
    *pins: str | None,
    mode: PasscodeMode | None = None,
    timeout: int | None = None,
    closed: bool = False,
    scope: EntryScope | None = None,
) -> Candidates:
    """Doors named d0, d1 ... with these PINs."""
    doors = tuple(Door(AccessMethodId(f"d{n}"), n == 0, Secret(p) if p else None) for n, p in enumerate(pins))
    settings = CallSettings(passcode_mode=mode, passcode_timeout=timeout, entry_scope=scope)
    return Candidates(SpaceId("space"), "Space", None, not closed, doors, (CallLayer(Layer.SPACE, settings),))


class Caller(OneLeg):
    """Plays the door, the store and the engine for one leg; meetings are left to the test."""

    def __init__(
        self,
        target: UnknownTarget | Candidates | Ivr | Granted | Echo,
        settings: EntrySettings | None = None,
        proof: Proof = NOTHING_PROVEN,
    ) -> None:
        self.target = target
        self.proof = proof
        self.call_ids: dict[str, Candidates] = {}
        self.locked = False
        super().__init__(Leg(LegId("leg"), 0, 1, settings or EntrySettings(), 100.0), 100.0)

    def do(self, given: LegInput) -> list[LegEffect]:
        """One input, and whatever the answers to its effects bring about."""
        effects = super().do(given)
        seen = list(effects)
        for effect in effects:
            if isinstance(effect, Resolve):
                seen += self.do(Resolved(self.target, self.proof))
            elif isinstance(effect, ResolveCallId):
                seen += self.do(CallIdResolved(self.call_ids.get(effect.call_id), self.proof))
            elif isinstance(effect, JudgePin):
                seen += self.do(PinJudged(judge(effect.candidates, effect.pin, self.locked, effect.proof)))
        return seen

    def call(self) -> Caller:
        """Offered, media opened, confirmed."""
        self.do(OFFER)
        self.do(MediaOpened(20000))
        self.do(Confirmed())
        return self

    def type(self, keys: str) -> list[LegEffect]:
        return [effect for key in keys for effect in self.do(Digit(key))]

    def hear(self) -> list[LegEffect]:
        """The prompt now playing is heard to its end."""
        last = next(effect for effect in reversed(self.effects) if isinstance(effect, Play))
        return self.do(PlayEnded(last.play))

    def prompts(self) -> list[str]:
        return [prompt for effect in self.effects if isinstance(effect, Play) for prompt in effect.prompts]

    def ending(self) -> Ending | None:
        return next((e.ending for e in self.effects if isinstance(e, HangUp | Reject)), None)

    def reason(self) -> Reason | None:
        ending = self.ending()
        return ending.reason if ending else None

"""A door to people who are called, that only writes down what it was asked to do; the test answers."""

from parley.app.ports import CallerIdentity, LegFacts, LegInbox
from parley.core.endings import Ending
from parley.core.forwarding import Passage
from parley.core.leg_inputs import LegAudio, LegInput, Reached, WebLocal
from parley.core.outbound import Hop, Target
from parley.core.profiles import MediaEncryption


class FakeOutgoingDoor:
    """`reach` is answered at once unless `unreachable` holds the hop's host."""

    def __init__(
        self,
        target: Target,
        identity: CallerIdentity,
        holds: bool = False,
        encryption: MediaEncryption = MediaEncryption.OPTIONAL,
        passage: Passage | None = None,
    ) -> None:
        self.passage = passage
        self.target = target
        self.identity = identity
        self.encryption = encryption
        self.holds = holds
        self.hops: list[Hop] = []
        self.placed: list[int] = []
        self.changes: list[LegAudio] = []
        self.given_up = False
        self.hung_up: Ending | None = None
        self._inbox: LegInbox | None = None
        self.writes = b""

    def attach(self, inbox: LegInbox) -> None:
        self._inbox = inbox

    def reach(self, hop: Hop) -> None:
        self.hops.append(hop)
        if not self.holds:
            self.say(Reached("192.0.2.9", "192.0.2.1"))

    def place(self, port: int, web: WebLocal | None = None) -> None:
        assert not self.given_up, "called after it was given up"
        self.placed.append(port)

    def give_up(self) -> None:
        assert not self.given_up, "given up twice"
        self.given_up = True

    def accept_change(self, audio: LegAudio, web: WebLocal | None = None) -> None:
        self.changes.append(audio)

    def hang_up(self, ending: Ending) -> None:
        assert self.hung_up is None, "ended twice"
        self.hung_up = ending

    def facts(self) -> LegFacts:
        return LegFacts("192.0.2.1:5060", "192.0.2.9:5060", "udp", "c-out")

    def written(self) -> bytes:
        return self.writes

    # --- what a test may do ------------------------------------------------------------------------------------

    def say(self, message: LegInput) -> None:
        """The far end, or the network, answers."""
        assert self._inbox is not None
        self._inbox.post(message)


class FakeDialler:
    """`doors` in the order in which calls were begun."""

    def __init__(self) -> None:
        self.doors: list[FakeOutgoingDoor] = []
        self.holds = False

    def outgoing(
        self,
        target: Target,
        identity: CallerIdentity,
        encryption: MediaEncryption = MediaEncryption.OPTIONAL,
        passage: Passage | None = None,
    ) -> FakeOutgoingDoor:
        self.doors.append(FakeOutgoingDoor(target, identity, self.holds, encryption, passage))
        return self.doors[-1]

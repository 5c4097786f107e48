"""A door's side of a leg that only writes down what it was asked to do."""

from parley.app.ports import LegFacts
from parley.core.endings import Ending
from parley.core.leg_inputs import LegAudio, WebLocal


class FakeLegDoor:
    def __init__(self, remote: str = "192.0.2.1:5060") -> None:
        self._facts = LegFacts(remote_address=remote, local_address="192.0.2.9", transport="udp", sip_call_id="c1")
        self.port: int | None = None
        self.web: WebLocal | None = None
        self.changes: list[LegAudio] = []
        self.rejected: Ending | None = None
        self.rung = 0
        self.hung_up: Ending | None = None
        self.writes = b""

    def accept(self, port: int, web: WebLocal | None = None, plain: bool = False) -> None:
        assert self.port is None, "answered twice"
        self.port = port
        self.web = web

    def ring(self) -> None:
        assert self.port is None and self.rejected is None, "rung after the answer"
        self.rung += 1

    def accept_change(self, audio: LegAudio, web: WebLocal | None = None) -> None:
        self.changes.append(audio)

    def reject(self, ending: Ending) -> None:
        assert self.rejected is None and self.port is None, "refused twice, or after the answer"
        self.rejected = ending

    def hang_up(self, ending: Ending) -> None:
        assert self.hung_up is None, "ended twice"
        self.hung_up = ending

    def facts(self) -> LegFacts:
        return self._facts

    def written(self) -> bytes:
        return self.writes

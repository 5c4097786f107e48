"""system/status (cms-api 2.24)."""

from __future__ import annotations

from dataclasses import dataclass

from ...app.directory import Directory
from ...app.ports import Clock
from .leg_audio import bit_rate
from .requests import Request
from .router import Route
from .xml import Node


@dataclass(frozen=True, slots=True)
class Status:
    """host_id: this server's lasting identifier, or empty. started: monotonic seconds."""

    directory: Directory
    clock: Clock
    version: str
    host_id: str
    started: float

    def routes(self) -> list[Route]:
        return [Route("system/status", get=self.get)]

    async def get(self, _request: Request) -> Node:
        legs = self.directory.legs()
        outgoing = sum(bit_rate(leg.statistics.bytes_sent, leg.seconds) for leg in legs if leg.statistics)
        incoming = sum(bit_rate(leg.statistics.bytes_received, leg.seconds) for leg in legs if leg.statistics)
        values = {
            "hostId": self.host_id,
            "softwareVersion": self.version,
            "uptimeSeconds": int(self.clock.now() - self.started),
            "cdrTime": self.clock.utc().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "activated": "true",
            "clusterEnabled": "false",
            "cdrCorrelatorIndex": 0,
            "callLegsActive": len(legs),
            "callLegsMaxActive": self.directory.most_legs,
            "callLegsCompleted": self.directory.count_completed,
            "audioBitRateOutgoing": outgoing,
            "audioBitRateIncoming": incoming,
            "videoBitRateOutgoing": 0,
            "videoBitRateIncoming": 0,
        }
        return Node("status", tuple(Node(name, str(value)) for name, value in values.items() if value != ""))

"""The transport of one browser's leg: ICE says where, DTLS agrees the keys, SRTP carries the packets.

Driven by browsers.py, which owns the sockets' routes; asked by leg.py for the packets of each tick.
"""

from __future__ import annotations

import random
from typing import Any

from parley.engine.dtls import Association, Identity, State, begins_association
from parley.engine.ice import CONSENT_SECONDS, IceLite, Route
from parley.engine.latch import Address
from parley.engine.messages import LegMedia, WebLocal, WebRemote
from parley.engine.transport import Arrival, Departure


class WebTransport:
    """Implements Transport."""

    def __init__(
        self,
        leg: str,
        remote: WebRemote,
        port: int,
        addresses: tuple[str, ...],
        identity: Identity,
        dice: random.Random,
    ) -> None:
        self.leg = leg
        self.port = port
        self.remote = remote
        self.ice = IceLite(remote.ufrag, dice)
        self.association: Association | None = None
        self.told_ready = self.told_failed = False
        self._gone_at: float | None = None  # it said goodbye, or its handshake failed; nothing new was negotiated since
        self.burst = 0  # datagrams in the tick `burst_tick`
        self.burst_tick = -1
        self.pending = 0  # its datagrams in the queue of handshakes
        self._addresses = addresses
        self._identity = identity
        self._handshake_route: Route | None = None

    @property
    def local(self) -> WebLocal:
        """Our end as it stands now."""
        current = self.ice.current
        return WebLocal(
            port=self.port,
            ufrag=current.ufrag,
            password=current.password,
            fingerprint=self._identity.fingerprint,
            addresses=self._addresses,
        )

    # --- paths ----------------------------------------------------------------------------------------

    def describe(self, media: LegMedia, now: float) -> None:
        """A new ufrag restarts ICE. A new certificate is another page: nothing of the former's path or keys stays."""
        remote = media.web
        assert remote is not None
        before, self.remote = self.remote, remote
        if not before.ufrag:
            self.ice.meet(remote.ufrag)
        elif remote.fingerprint.upper() != before.fingerprint.upper():
            self.ice = IceLite(remote.ufrag, self.ice.dice)
            self._start_again()
        elif remote.ufrag != before.ufrag:
            self.ice.restart(remote.ufrag)
            if self._gone_at is not None:
                self._start_again()

    def _start_again(self) -> None:
        """The next handshake is a new one."""
        self.association, self._gone_at, self.told_failed = None, None, False
        self._handshake_route = None

    def is_ready(self) -> bool:
        """Whether the path is nominated and the keys are agreed."""
        return self.ice.nominated is not None and self._srtp_open

    @property
    def has_failed(self) -> bool:
        """Whether the handshake came to nothing; only another offer can help.

        A goodbye is not failure: a page that is loaded again says it too, and comes back by the same leg.
        """
        return self.association is not None and self.association.state is State.FAILED

    # --- handshake ------------------------------------------------------------------------------------

    @property
    def handshakes(self) -> bool:
        """Whether a handshake is in progress."""
        return self.association is not None and self.association.state is State.HANDSHAKING

    def begins(self, datagram: bytes) -> bool:
        """Whether the datagram would begin a handshake."""
        return self.association is None and begins_association(datagram)

    def take_dtls(self, now: float, route: Route, datagram: bytes) -> list[Departure]:
        """A DTLS datagram from a checked route; what is to be sent for it."""
        if self.association is None:
            if not begins_association(datagram):
                return []
            self.association = Association(self._identity, self.remote.fingerprint, now)
        self._handshake_route = route
        self.association.feed(now, datagram)
        return self._flush(now)

    def tick_dtls(self, now: float) -> list[Departure]:
        """Carry on with what is overdue."""
        if self.association is None:
            return []
        self.association.tick(now)
        return self._flush(now)

    def say_goodbye(self, now: float) -> list[Departure]:
        """The leg is closed."""
        if self.association is None:
            return []
        self.association.close(now)
        return self._flush(now)

    def _flush(self, now: float) -> list[Departure]:
        assert self.association is not None
        if self._gone_at is None and self.association.state in (State.CLOSED, State.FAILED):
            self._gone_at = now
        route = self.ice.nominated or self._handshake_route
        datagrams = self.association.take()
        if route is None:
            return []
        return [Departure(self.leg, False, data, route.address, route.via) for data in datagrams]

    # --- packets --------------------------------------------------------------------------------------

    @property
    def _srtp_open(self) -> bool:
        return self.association is not None and self.association.state is State.DONE

    def unwrap(self, data: bytes) -> bytes | None:
        """The plain RTP or RTCP packet; None when it is not authentic."""
        association = self.association
        if association is None or association.srtp is None or association.state is not State.DONE:
            return None
        return association.srtp.open(data)

    def accepts(self, now: float, source: Address, continues: bool) -> bool:
        return True  # SRTP has told already

    def is_known(self, source: Address) -> bool:
        return True

    def accepts_report(self, now: float, arrival: Arrival) -> bool:
        return True

    @property
    def is_open(self) -> bool:
        return self.ice.nominated is not None and self._srtp_open

    def voice(self, data: bytes) -> Departure:
        assert self.association is not None and self.association.srtp is not None
        return self._departure(self.association.srtp.close(data), False)

    def report(self, data: bytes) -> Departure | None:
        if not self.is_open or self.association is None or self.association.srtp is None:
            return None
        return self._departure(self.association.srtp.close_report(data), True)

    def _departure(self, data: bytes, rtcp: bool) -> Departure:
        route = self.ice.nominated
        assert route is not None
        return Departure(self.leg, rtcp, data, route.address, route.via)

    def silent_seconds(self, now: float, last_life: float, expected: bool) -> float:
        """Checks come whether or not sound is expected, so they are the sign of life that is asked for."""
        if self._gone_at is not None:
            return now - self._gone_at
        if not self.remote.ufrag:
            return 0.0  # nobody has answered yet
        last_check = self.ice.last_check
        if last_check is None:
            return now - last_life  # of the leg's opening
        since_check = now - last_check
        return since_check if since_check > CONSENT_SECONDS else min(since_check, now - last_life)

    def dump(self) -> dict[str, Any]:
        """Without credentials."""
        association, nominated = self.association, self.ice.nominated
        return {
            "ice": {
                "nominated": None if nominated is None else [nominated.via, *nominated.address],
                "routes": len(self.ice.checked),
                "restarting": self.ice.former is not None,
            },
            "dtls": {
                "state": "new" if association is None else association.state.value,
                "profile": "" if association is None else association.profile,
                "problem": "" if association is None else association.problem,
            },
            "ready": self.told_ready,
        }

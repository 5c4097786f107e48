"""How a leg's packets travel. A leg differs in nothing else, be it a phone's or a browser's."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from parley.engine.latch import Address, Latch
from parley.engine.messages import AgreedKeys, LegMedia, StreamState
from parley.engine.srtp import PhoneSrtp


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """One datagram from the network. `rtcp` tells the port it came to.

    via: which of the browsers' sockets it came to; `leg` and `rtcp` are then not known yet. None: the leg's own ports.
    """

    leg: str
    rtcp: bool
    data: bytes
    source: Address
    via: int | None = None


class Departure(msgspec.Struct, frozen=True, gc=False):
    """One datagram to the network. via: by which of the browsers' sockets; None: by the leg's own ports."""

    leg: str
    rtcp: bool
    data: bytes
    destination: Address
    via: int | None = None


class Transport(Protocol):
    """What a leg asks of the way its packets take. Time is monotonic seconds."""

    port: int

    def describe(self, media: LegMedia, now: float) -> None:
        """Take over the far end of a re-negotiation. Raises nothing: it has been checked."""

    def unwrap(self, data: bytes) -> bytes | None:
        """The plain RTP or RTCP packet; None when it is protected and not authentic."""

    def accepts(self, now: float, source: Address, continues: bool) -> bool:
        """Whether a usable voice or event packet is believed. continues: it goes on with the stream being received."""

    def is_known(self, source: Address) -> bool:
        """Whether a packet from there that nobody can use is a sign of life."""

    def accepts_report(self, now: float, arrival: Arrival) -> bool:
        """Whether an RTCP packet is believed."""

    @property
    def is_open(self) -> bool:
        """Whether anything can be sent now."""

    def voice(self, data: bytes) -> Departure:
        """Wrap one RTP packet; only while it is open."""

    def report(self, data: bytes) -> Departure | None:
        """Wrap RTCP, while it is open; None where there is no way for it."""

    def silent_seconds(self, now: float, last_life: float, expected: bool) -> float:
        """How long the far end has been gone. last_life: of its last packet; expected: it should be sending."""

    def dump(self) -> dict[str, Any]: ...


def with_agreed_keys(media: LegMedia, agreed: AgreedKeys | None) -> LegMedia:
    """The media of a leg whose handshake was held in another worker: its keys stand, while its far end is the same."""
    if agreed is None or media.dtls is None or media.dtls.fingerprint.upper() != agreed.fingerprint.upper():
        return media
    return msgspec.structs.replace(media, dtls=None, srtp=agreed.keys)


class PortTransport:
    """RTP and RTCP on two ports of the leg's own, to wherever the far end's packets come from; SRTP where keys say so.

    With keys, whatever is not authentic is as if it had never come: it neither latches nor is it a sign of life.
    """

    def __init__(self, leg: str, port: int, media: LegMedia) -> None:
        self._leg = leg
        self.port = port
        self.latch = Latch((media.remote_host, media.remote_port))
        self._rtcp_source: Address | None = None
        self._srtp = None if media.srtp is None else PhoneSrtp(media.srtp)
        self._mux, self._rtcp_port = media.rtcp_mux, media.rtcp_port
        self.agreed: AgreedKeys | None = None  # by a handshake, in another worker

    def describe(self, media: LegMedia, now: float) -> None:
        address = (media.remote_host, media.remote_port)
        if address != self.latch.described:
            self._rtcp_source = None
        self.latch.describe(now, address)
        self._mux, self._rtcp_port = media.rtcp_mux, media.rtcp_port
        if media.srtp is None:
            self._srtp = None
        elif self._srtp is not None:
            self._srtp.change(media.srtp)
        else:
            self._srtp = PhoneSrtp(media.srtp)
            self.latch, self._rtcp_source = Latch(address), None  # who sent plain packets has proven nothing

    def stream(self) -> StreamState:
        """What whoever goes on with it has to know of what comes in."""
        heard, told = ({}, {}) if self._srtp is None else (self._srtp.heard(), self._srtp.reports())
        source, reports = self.latch.latched, self._rtcp_source
        return StreamState(source=source, reports_from=reports, agreed=self.agreed, heard=heard, reports=told)

    def resume(self, stream: StreamState, now: float) -> None:
        """Go on with a stream that came to another worker; before anything has come to this one."""
        if stream.source is not None:
            self.latch.resume(now, stream.source)
        self._rtcp_source, self.agreed = stream.reports_from, stream.agreed
        if self._srtp is not None:
            self._srtp.hear_on(stream.heard, stream.reports)

    def sealed(self) -> tuple[int, int]:
        """How far the outgoing stream has got by SRTP and SRTCP."""
        return (-1, 0) if self._srtp is None else self._srtp.sealed

    def seal_on(self, ssrc: int, last: int, reports: int) -> None:
        """Go on with the very outgoing stream of another worker, of which this is all."""
        if self._srtp is not None:
            self._srtp.seal_on(ssrc, last, reports)

    def unwrap(self, data: bytes) -> bytes | None:
        return data if self._srtp is None else self._srtp.open(data)

    def accepts(self, now: float, source: Address, continues: bool) -> bool:
        return self.latch.accepts(now, source, continues)

    def is_known(self, source: Address) -> bool:
        return source == self.latch.latched

    def accepts_report(self, now: float, arrival: Arrival) -> bool:
        if not self.latch.accepts_report(now, arrival.source[0]):
            return False
        if arrival.rtcp:
            self._rtcp_source = arrival.source
        return True

    @property
    def is_open(self) -> bool:
        return self.latch.destination is not None

    def voice(self, data: bytes) -> Departure:
        destination = self.latch.destination
        assert destination is not None
        return Departure(self._leg, False, data if self._srtp is None else self._srtp.close(data), destination)

    def report(self, data: bytes) -> Departure | None:
        """To where the peer's own RTCP came from, else to the port it told, else to the RTP port's neighbour."""
        destination = self.latch.destination
        if destination is None:
            return None
        where = destination if self._mux else self._rtcp_source or self._rtcp_beside(destination)
        if where is None:
            return None
        if self._srtp is not None:
            data = self._srtp.close_report(data)
        return Departure(self._leg, not self._mux, data, where)

    def _rtcp_beside(self, destination: Address) -> Address | None:
        host, port = destination
        if self._rtcp_port is not None and destination == self.latch.described:  # behind a NAT it would be another one
            return host, self._rtcp_port
        return (host, port + 1) if port < 65535 else None

    def silent_seconds(self, now: float, last_life: float, expected: bool) -> float:
        return now - last_life if expected else 0.0

    def dump(self) -> dict[str, Any]:
        latched = self.latch.latched
        return {
            "described": list(self.latch.described),
            "latched": None if latched is None else list(latched),
            "srtp": None if self._srtp is None else self._srtp.suite,
        }

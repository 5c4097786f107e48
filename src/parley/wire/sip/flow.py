"""Where a message came from and where another goes: the only things the layer knows of transports."""

from dataclasses import dataclass, replace

from parley.wire.sip.address import Via, bracketed

Address = tuple[str, int]

STREAMS = frozenset({"tcp", "tls", "ws", "wss"})
SECURE = frozenset({"tls", "wss"})


@dataclass(frozen=True, slots=True)
class Flow:
    """One path to a peer.

    `transport` is udp, tcp or tls; `local` is the address the peer can reach us at (it goes into Via and
    Contact, so never a wildcard); `remote` is the peer's; `connection` names the socket or stream to the
    door that owns it. Hosts are without IPv6 brackets.
    """

    transport: str
    local: Address
    remote: Address
    connection: str | int = 0

    @property
    def reliable(self) -> bool:
        """True for streams: nothing is sent twice for fear of loss."""
        return self.transport in STREAMS

    @property
    def sent_by(self) -> str:
        """Our host and port as they stand in Via and Contact."""
        return f"{bracketed(self.local[0])}:{self.local[1]}"

    def towards(self, remote: Address) -> "Flow":
        """The same socket towards another address; a stream stays what it is."""
        return self if self.reliable or remote == self.remote else replace(self, remote=remote)

    def for_response(self, via: Via) -> "Flow":
        """Where a response goes (RFC 3261 18.2.2, RFC 3581): streams back on the same connection, datagrams
        to the source address, at the source port if rport was asked for, else at the port of the Via.
        """
        if self.reliable or via.param_rport is not None:
            return self
        return self.towards((self.remote[0], via.port or 5060))


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes to put on the wire."""

    flow: Flow
    data: bytes

"""Dialogs (RFC 3261 section 12): the peer, the way to it, and the sequence numbers of both directions.

The route set is the Record-Route of the request in its order at the server, of the response in reverse at the
client. A dialog can be written down (`snapshot`) and taken up again after a restart (`restore`).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from parley.wire.sip.address import URI, is_ip
from parley.wire.sip.errors import TheirMistake
from parley.wire.sip.events import DialogId, TransactionId
from parley.wire.sip.flow import SECURE, Address, Flow
from parley.wire.sip.message import Request, Response
from parley.wire.sip.reliable import Provisional
from parley.wire.sip.session_timer import SessionTimer
from parley.wire.sip.transaction import Acceptance

Lines = list[tuple[str, str]]

# (status, challenge lines, method, Request-URI) -> the header to repeat a request with, or None: nothing to say
Credentials = Callable[[int, list[str], str, str], tuple[str, str] | None]

GONE = 0  # stands for a stream that ended with its process: doors number theirs from 1


def contact_for(flow: Flow, user: str, called: URI) -> str:
    """Our Contact on that flow: it names the transport unless that is UDP, so that the peer comes back by it. A call to
    sips has one of sips, which means TLS by itself (RFC 5630 section 3.1.4).
    """
    secure = called.scheme == "sips" and flow.transport in SECURE
    named = "ws" if flow.transport == "wss" else flow.transport  # RFC 7118 section 5.2.2 has one name for both
    transport = "" if flow.transport == "udp" or (secure and named == "tls") else f";transport={named}"
    return f"<{'sips' if secure else 'sip'}:{user + '@' if user else ''}{flow.sent_by}{transport}>"


def user_of(uri: URI) -> str:
    """The user part as written, without a password."""
    return (uri.user or "").partition(":")[0]


@dataclass(slots=True)
class Dialog:
    """One dialog. `local` and `remote` are From/To values without tags' meaning changed: as they are
    written.
    """

    id: DialogId
    flow: Flow
    local: str
    remote: str
    target: str
    routes: tuple[str, ...]
    contact: str
    local_cseq: int
    remote_cseq: int | None
    # The peer's own idea of its address does not match where it sends from: a NAT is between, answer the
    # source.
    behind_nat: bool = False
    we_called: bool = False
    confirmed: bool = False
    takes_update: bool = False  # the peer's Allow names UPDATE
    least_interval: int = 0  # the peer's Min-SE, once it refused a shorter one
    session: SessionTimer | None = None
    # What is under way, none of it stored:
    server_invite: TransactionId | None = None
    client_invite: TransactionId | None = None
    server_update: TransactionId | None = None
    acceptances: dict[int, Acceptance] = field(default_factory=dict)
    sent_ack: tuple[int, Flow, bytes] | None = None
    ack_owed: int | None = None
    bye_wanted: Lines | None = None
    provisional: Provisional | None = None  # our newest reliable one, until its PRACK
    credentials: Credentials | None = None  # to be given again after a restart
    proofs: Lines = field(default_factory=list)  # credentials of the INVITE, which its ACK repeats

    @classmethod
    def for_server(cls, request: Request, flow: Flow, tag: str) -> "Dialog":
        """The dialog an INVITE opens at its receiver."""
        via = request.vias[0]
        contacts = request.contacts
        to = request.headers.get("To") or ""
        dialog = cls(
            id=DialogId(request.call_id, tag, request.from_.tag or ""),
            flow=flow,
            local=f"{to};tag={tag}",
            remote=request.headers.get("From") or "",
            target=contacts[0].uri.text if contacts else request.from_.uri.text,
            routes=tuple(route.text for route in request.record_routes),
            contact=contact_for(flow, user_of(request.uri), request.uri),
            local_cseq=0,
            remote_cseq=request.cseq.number,
            behind_nat=not flow.reliable and via.host.lower() != flow.remote[0].lower(),
        )
        dialog.note_allow(request)
        return dialog

    @classmethod
    def for_client(cls, request: Request, response: Response, flow: Flow, direct: bool = False) -> "Dialog":
        """The dialog a 2xx opens at the sender of the INVITE. direct: as SipLayer.invite has it."""
        contacts = response.contacts
        return cls(
            id=DialogId(request.call_id, request.from_.tag or "", response.to.tag or ""),
            flow=flow,
            local=request.headers.get("From") or "",
            remote=response.headers.get("To") or "",
            target=contacts[0].uri.text if contacts else request.target,
            routes=tuple(route.text for route in reversed(response.record_routes)),
            behind_nat=direct and not flow.reliable,
            contact=request.headers.get("Contact") or "",
            local_cseq=request.cseq.number,
            remote_cseq=None,
            we_called=True,
            confirmed=True,
        )

    def refresh_target(self, message: Request | Response) -> None:
        """An INVITE or its 2xx moved the peer's target (RFC 3261 12.2); the route set never changes."""
        contacts = message.contacts
        if contacts:
            self.target = contacts[0].uri.text

    def note_allow(self, message: Request | Response) -> None:
        """What the peer says of the methods that it takes; silence changes nothing."""
        lines = message.headers.lines("Allow")
        if lines:
            self.takes_update = "UPDATE" in ",".join(lines).upper().replace(" ", "").split(",")

    def request(self, method: str, number: int, headers: Lines, body: bytes = b"") -> Request:
        """A request inside this dialog, yet without Via."""
        target, routes = self.target, list(self.routes)
        first = _uri_of(routes[0]) if routes else None
        if first is not None and first.param("lr") is None:
            # A strict router of RFC 2543: it takes the Request-URI for its own (RFC 3261 12.2.1.1).
            target, routes = first.text, [*routes[1:], f"<{self.target}>"]
        lines: Lines = [("Max-Forwards", "70")]
        lines += [("Route", route) for route in routes]
        lines += [("From", self.local), ("To", self.remote), ("Call-ID", self.id.call_id)]
        lines += [("CSeq", f"{number} {method}"), ("Contact", self.contact), *headers]
        return Request(method, target, lines, body)

    @property
    def busy(self) -> bool:
        """True while no INVITE of ours may be sent: one is under way, or an ACK is still to come or to send."""
        return not self.confirmed or bool(
            self.client_invite
            or self.server_invite
            or self.server_update
            or self.acceptances
            or self.ack_owed is not None
        )

    def next_cseq(self) -> int:
        """The number of our next request."""
        self.local_cseq += 1
        return self.local_cseq

    def next_hop(self) -> Flow:
        """Where our requests go: the first route or the target. A stream is used again; a peer behind a NAT
        is reached at its source; a host name is left to the flow, because nothing here resolves names.
        """
        uri = _uri_of(self.routes[0]) if self.routes else _uri_of(self.target)
        if self.flow.reliable or uri is None or (self.behind_nat and not self.routes):
            return self.flow
        if not is_ip(uri.host) or uri.scheme != "sip" or uri.param("transport") not in (None, "udp"):
            return self.flow
        if (":" in uri.host) != (":" in self.flow.local[0]):
            return self.flow  # its socket speaks the other IP version
        return self.flow.towards((uri.host, uri.port or 5060))

    def snapshot(self) -> dict[str, Any]:
        """Plain values, fit for JSON, from which `restore` makes the same dialog. Confirmed dialogs only."""
        return {
            "id": list(self.id),
            "flow": asdict(self.flow),
            **{name: getattr(self, name) for name in _PLAIN},
            "routes": list(self.routes),
            "session": [self.session.interval, self.session.we_refresh] if self.session is not None else None,
        }

    @classmethod
    def restore(cls, stored: dict[str, Any]) -> "Dialog":
        """The dialog a snapshot was taken of."""
        told = stored["flow"]
        flow = Flow(told["transport"], _address(told["local"]), _address(told["remote"]), told["connection"])
        return cls(
            id=DialogId(*stored["id"]),
            flow=replace(flow, connection=GONE) if flow.reliable else flow,
            routes=tuple(stored["routes"]),
            confirmed=True,
            **{name: stored[name] for name in _PLAIN},
        )


_PLAIN = (
    "local",
    "remote",
    "target",
    "contact",
    "local_cseq",
    "remote_cseq",
    "behind_nat",
    "we_called",
    "takes_update",
    "least_interval",
)


def _address(stored: Any) -> Address:
    host, port = stored
    return str(host), int(port)


def _uri_of(text: str) -> URI | None:
    """The URI of a route (`<sip:...;lr>`) or of a target; None if it cannot be read."""
    if text.endswith(">") or "<" in text:
        text = text.partition("<")[2].partition(">")[0]
    try:
        return URI.parse(text)
    except TheirMistake:
        return None

"""Responses: what of a request they echo, and the refusals that need no state (RFC 3261 section 8.2)."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from parley.wire.sip.address import BRANCH_COOKIE, NameAddr
from parley.wire.sip.bodies import SDP, takes, unacceptable
from parley.wire.sip.errors import TheirMistake
from parley.wire.sip.message import Request, Response, encode
from parley.wire.sip.session_timer import LEAST, OPTION, REFRESHING, too_brief
from parley.wire.sip.transaction import Key

Lines = Iterable[tuple[str, str]]

ALLOW = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "REGISTER")
DESCRIBING = ("INVITE", "UPDATE", "PRACK")  # methods whose bodies are about the session


@dataclass(frozen=True, slots=True)
class Dialect:
    """What this user agent says of itself. Extensions not in `supported` are refused when required."""

    agent: str = ""
    allow: tuple[str, ...] = ALLOW
    supported: tuple[str, ...] = ()
    session_expires: int = 0  # seconds that we ask for between two refreshes of a call; 0: no session timers
    schemes: frozenset[str] = frozenset({"sip", "sips", "tel"})
    accept: tuple[str, ...] = ("application/sdp",)
    # Body types a user may be handed in an INVITE or UPDATE; multipart may hold SDP (see message.body_part).
    invite_bodies: frozenset[str] = field(
        default=frozenset({"application/sdp", "multipart/mixed", "multipart/alternative"})
    )

    # User-Agent beginnings, lower case, of programs that look for open doors; their requests are never answered.
    unwelcome: tuple[str, ...] = ()

    @property
    def extensions(self) -> tuple[str, ...]:
        """All option tags that we understand."""
        return (*self.supported, OPTION) if self.session_expires else self.supported

    def drops(self, agent: str | None) -> bool:
        """Is that User-Agent unwelcome?"""
        return agent is not None and agent.strip().lower().startswith(self.unwelcome)

    def about_us(self) -> list[tuple[str, str]]:
        """Allow, Accept and Supported, as in the answer to OPTIONS and in a 2xx."""
        lines = [("Allow", ", ".join(self.allow)), ("Accept", ", ".join(self.accept))]
        if self.extensions:
            lines.append(("Supported", ", ".join(self.extensions)))
        return lines


class Echo:
    """The headers of a request that its responses repeat, as they were written. Small: it outlives the
    request.
    """

    __slots__ = ("call_id", "cseq", "from_", "record_routes", "timestamp", "to", "vias")

    def __init__(self, request: Request) -> None:
        headers = request.headers
        self.vias = headers.lines("Via")
        self.from_ = headers.get("From") or ""
        self.to = headers.get("To") or ""
        self.call_id = headers.get("Call-ID") or ""
        self.cseq = headers.get("CSeq") or ""
        self.timestamp = headers.get("Timestamp")
        self.record_routes = headers.lines("Record-Route")

    @property
    def tagged(self) -> bool:
        """Has the To header a tag already? Of a wreck, where it cannot be read: does it look so?"""
        try:
            return NameAddr.parse(self.to).tag is not None
        except TheirMistake:
            return ";tag=" in self.to.lower()

    def response(
        self,
        status: int,
        *,
        tag: str = "",
        reason: str | None = None,
        headers: Lines = (),
        body: bytes = b"",
        routes: bool = False,
    ) -> Response:
        """A response; `tag` is appended to the To header, `routes` copies Record-Route (dialog-forming
        ones).
        """
        lines = [("Via", value) for value in self.vias]
        if routes:
            lines += [("Record-Route", value) for value in self.record_routes]
        to = f"{self.to};tag={tag}" if tag else self.to
        named = (("From", self.from_), ("To", to), ("Call-ID", self.call_id), ("CSeq", self.cseq))
        lines += [(name, value) for name, value in named if value]  # a wreck may lack some
        if status == 100 and self.timestamp is not None:
            lines.append(("Timestamp", self.timestamp))
        lines += headers
        return Response(status, reason, lines, body)


def server_key(request: Request, method: str) -> Key:
    """What tells a transaction from another (RFC 3261 17.2.3); sent-by is part of it, so that two clients
    which hit on one branch stay apart. Clients of RFC 2543 put no cookie in the branch: there the rest of
    the request counts.
    """
    via = request.vias[0]
    branch = via.branch
    if branch.startswith(BRANCH_COOKIE) and len(branch) > len(BRANCH_COOKIE):
        return (branch, via.sent_by, method)
    from_tag = request.from_.tag
    return (request.target, from_tag, request.call_id, request.cseq.number, via.sent_by, branch, method)


def merge_key(request: Request) -> Key:
    """Copies of one request that came by different paths share this (RFC 3261 8.2.2.2)."""
    return (request.from_.tag, request.call_id, request.cseq.number, request.cseq.method)


def stateless_tag(secret: bytes, via: str, call_id: str) -> str:
    """A To tag that every copy of a request gets again though nothing is remembered (RFC 3261 8.2.7)."""
    return hmac.new(secret, encode(f"{via}\0{call_id}"), hashlib.sha256).hexdigest()[:16]


def refusal(request: Request, dialect: Dialect) -> tuple[int, list[tuple[str, str]]] | None:
    """Status and headers that refuse a request for its method, headers or body, in the order of RFC 3261
    8.2.
    """
    if request.method not in dialect.allow:
        return 405, [("Allow", ", ".join(dialect.allow))]
    if request.uri.scheme not in dialect.schemes:
        return 416, []
    for header in ("Require", "Proxy-Require"):  # the second is not ours to obey, but nobody else will
        unknown = [tag for tag in request.headers.values(header) if tag.lower() not in dialect.extensions]
        if unknown:
            return 420, [("Unsupported", ", ".join(unknown))]
    if request.method in DESCRIBING and unacceptable(request, dialect.invite_bodies):
        return 415, [("Accept", ", ".join(dialect.accept))]
    if request.method == "INVITE":
        if len(request.contacts) > 1:
            return 400, []
        if not takes(request, SDP):
            return 406, []
        encoding = (request.headers.get("Content-Encoding") or "identity").strip().lower()
        if request.body and encoding != "identity":
            return 415, [("Accept-Encoding", "identity")]
    if dialect.session_expires and request.method in REFRESHING:
        return _session_refusal(request)
    return None


def _session_refusal(request: Request) -> tuple[int, list[tuple[str, str]]] | None:
    try:
        return (422, [("Min-SE", str(LEAST))]) if too_brief(request) else None
    except TheirMistake:
        return 400, []

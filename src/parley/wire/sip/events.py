"""What the layer tells its user. Every event is a value; a request in it is the user's to keep or let go."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from parley.wire.sip.flow import Flow
from parley.wire.sip.message import Request, Response

TransactionId = int


class DialogId(NamedTuple):
    """Names a dialog for as long as it lives; `local_tag` alone is unique among the dialogs of a layer."""

    call_id: str
    local_tag: str
    remote_tag: str


@dataclass(frozen=True, slots=True)
class IncomingInvite:
    """A new call. 100 is already sent; answer with `respond`. `dialog` names it from now on."""

    transaction: TransactionId
    dialog: DialogId
    request: Request
    flow: Flow


@dataclass(frozen=True, slots=True)
class IncomingReinvite:
    """An INVITE inside a dialog; without a body it asks for an offer. Answer with `respond`."""

    transaction: TransactionId
    dialog: DialogId
    request: Request


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """Another request inside a dialog (INFO, UPDATE). Answer with `respond`.

    An UPDATE is told while its dialog is early, too; one whose offer crosses another is refused before (RFC 3311 5.2).
    """

    transaction: TransactionId
    dialog: DialogId
    request: Request


@dataclass(frozen=True, slots=True)
class IncomingRegister:
    """Somebody says where he can be reached (RFC 3261 section 10). Answer with `respond`.

    transaction None: he proves nothing (no Authorization), and nothing is remembered of it: answer with `refuse`.
    """

    transaction: TransactionId | None
    request: Request
    flow: Flow


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The caller gave up before our final response, which is sent (487). The dialog is gone if it was a new
    call.

    `why`: cancel; unanswered, if the user left the INVITE without a final response for too long (480 was
    sent); or no-prack, if nobody acknowledged a reliable provisional response (504 was sent).
    """

    transaction: TransactionId
    dialog: DialogId
    why: Literal["cancel", "unanswered", "no-prack"]


@dataclass(frozen=True, slots=True)
class AckReceived:
    """Our 2xx arrived. `request` is the ACK; its body holds the answer if our 2xx held the offer. Told
    once.
    """

    dialog: DialogId
    request: Request


@dataclass(frozen=True, slots=True)
class DialogEnded:
    """The dialog is over and unknown from now on.

    `why`: bye (the peer's BYE, answered); no-ack (our 2xx was never acknowledged in 64*T1; BYE was sent);
    gone (the peer answered 481, or did not answer at all, to a request of ours inside the dialog); expired (nobody
    refreshed the session in time; BYE was sent).
    """

    dialog: DialogId
    why: Literal["bye", "no-ack", "gone", "expired"]
    request: Request | None = None


@dataclass(frozen=True, slots=True)
class RefreshDue:
    """It is for us to refresh the session: call `refresh` with our description as it stands (RFC 4028)."""

    dialog: DialogId


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """A response to a request of ours: every provisional, and the final one once.

    `dialog` is set for requests inside a dialog and for the 2xx that made one. The ACK of a 2xx is already
    sent if the INVITE held the offer; if not, send it with `acknowledge`.
    """

    transaction: TransactionId
    response: Response
    dialog: DialogId | None
    flow: Flow


@dataclass(frozen=True, slots=True)
class TransactionFailed:
    """A request of ours got no final response, or its connection broke. Treat it as 408 or 503."""

    transaction: TransactionId
    method: str
    dialog: DialogId | None
    why: Literal["timeout", "transport"]


Event = (
    IncomingInvite
    | IncomingReinvite
    | IncomingRequest
    | IncomingRegister
    | Cancelled
    | AckReceived
    | DialogEnded
    | RefreshDue
    | ResponseReceived
    | TransactionFailed
)

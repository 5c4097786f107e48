"""What the two halves of the layer share: live transactions and dialogs, the schedule, and what goes out."""

import heapq
import itertools
import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from parley.wire.sip.answers import Dialect, Echo
from parley.wire.sip.dialog import Credentials, Dialog
from parley.wire.sip.events import DialogId, Event, TransactionId
from parley.wire.sip.flow import Flow, Send
from parley.wire.sip.session_timer import Terms
from parley.wire.sip.transaction import (
    TERMINATED,
    InviteClient,
    InviteServer,
    Key,
    Machine,
    NonInviteClient,
    NonInviteServer,
    Timers,
)

Lines = Iterable[tuple[str, str]]
Admits = Callable[[Flow, float], bool]  # may another call or registration begin by that flow?

TIDY_LEAST = 1000  # items of the schedule


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what peers can make us hold. Over them an INVITE gets 503, anything else is dropped."""

    transactions: int = 20_000
    dialogs: int = 10_000
    retry_after: int = 5  # seconds, in the 503


def random_token() -> str:
    """Tags, branches and Call-IDs: 64 random bits in hexadecimal."""
    return secrets.token_hex(8)


@dataclass(slots=True)
class ServerEntry:
    """A server transaction with what its response needs, which is let go with the final one."""

    id: TransactionId
    machine: InviteServer | NonInviteServer
    method: str
    number: int
    dialog: DialogId
    tag: str
    echo: Echo | None
    merge: Key | None = None  # under which copies by other paths are known
    opens_dialog: bool = False
    new_target: str | None = None  # takes effect with a 2xx
    terms: Terms | None = None  # of the session; take effect with a 2xx
    reliable: Literal["", "known", "required"] = ""  # what the caller says of 100rel
    rseq: int = 0  # of our last reliable provisional response
    held: "deque[Held]" = field(default_factory=deque)


class Held(NamedTuple):
    """A response to an INVITE that waits for the PRACK of the one before."""

    status: int
    reason: str | None
    headers: list[tuple[str, str]]
    body: bytes
    content_type: str


@dataclass(slots=True)
class Again:
    """A request inside a dialog as it may have to be repeated with credentials, once."""

    dialog: Dialog
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    content_type: str


@dataclass(slots=True)
class Early:
    """A dialog of an INVITE of ours that is not answered yet, and the last RSeq acknowledged in it."""

    dialog: Dialog
    rseq: int


@dataclass(slots=True)
class ClientEntry:
    """A client transaction and the dialog it belongs to or made."""

    id: TransactionId
    machine: InviteClient | NonInviteClient
    method: str
    number: int
    dialog: DialogId | None
    has_offer: bool = False
    inside: bool = False  # sent inside a dialog that existed before
    direct: bool = False  # as SipLayer.invite has it
    cancel_sent: bool = False
    credentials: Credentials | None = None  # for requests inside the dialog that this INVITE makes
    early: dict[str, Early] = field(default_factory=dict)  # by tag; of those who answer reliably
    forks: dict[str, tuple[Flow, bytes]] = field(default_factory=dict)  # by tag; the ACKs of those who came too late
    again: Again | None = None


class Schedule:
    """Machines by deadline. A moved deadline is pushed anew; what it left behind is skipped when it comes
    up.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Machine]] = []
        self._order = itertools.count()
        self._tidy_at = TIDY_LEAST

    def touch(self, machine: Machine) -> None:
        """Note that the machine's deadline may have changed."""
        if machine.deadline != machine.scheduled:
            machine.scheduled = machine.deadline
            if machine.deadline is not None:
                heapq.heappush(self._heap, (machine.deadline, next(self._order), machine))
                if len(self._heap) > self._tidy_at:
                    self._tidy()

    def _tidy(self) -> None:
        """Let go of machines that are over long before their deadline, such as session timers of ended calls."""
        self._heap = [item for item in self._heap if item[2].deadline == item[0]]
        heapq.heapify(self._heap)
        self._tidy_at = max(2 * len(self._heap), TIDY_LEAST)

    def next_deadline(self) -> float | None:
        """The earliest deadline of a live machine."""
        heap = self._heap
        while heap and heap[0][2].deadline != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def due(self, now: float) -> Machine | None:
        """One machine whose deadline has passed, or None."""
        at = self.next_deadline()
        if at is None or at > now:
            return None
        machine = heapq.heappop(self._heap)[2]
        machine.scheduled = None
        return machine


@dataclass(slots=True)
class Core:
    """Shared state of one layer."""

    timers: Timers
    dialect: Dialect
    limits: Limits
    token: Callable[[], str]
    secret: bytes
    outbox: deque[Send] = field(default_factory=deque)
    events: list[Event] = field(default_factory=list)
    dialogs: dict[DialogId, Dialog] = field(default_factory=dict)
    early: dict[DialogId, Dialog] = field(default_factory=dict)  # of INVITEs of ours
    servers: dict[Key, ServerEntry] = field(default_factory=dict)
    clients: dict[Key, ClientEntry] = field(default_factory=dict)
    by_id: dict[TransactionId, ServerEntry | ClientEntry] = field(default_factory=dict)
    merges: dict[Key, TransactionId] = field(default_factory=dict)
    schedule: Schedule = field(default_factory=Schedule)
    dropped: Counter[str] = field(default_factory=Counter)
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    admits: "Admits" = lambda _flow, _now: True

    def send(self, flow: Flow, data: bytes | None) -> None:
        """Queue bytes for the wire."""
        if data:
            self.outbox.append(Send(flow, data))

    @property
    def full(self) -> bool:
        """True when no further transaction may be opened by a peer."""
        return len(self.servers) + len(self.clients) >= self.limits.transactions

    def settle(self, entry: ServerEntry | ClientEntry) -> None:
        """After a machine was told something: keep its deadline, or forget it if it is done."""
        self.schedule.touch(entry.machine)
        if entry.machine.state != TERMINATED:
            return
        self.by_id.pop(entry.id, None)
        dialog = self.dialogs.get(entry.dialog) if entry.dialog else None
        if isinstance(entry, ServerEntry):
            if dialog is not None and dialog.server_update == entry.id:
                dialog.server_update = None
            self.servers.pop(entry.machine.key, None)
            if entry.merge is not None and self.merges.get(entry.merge) == entry.id:
                del self.merges[entry.merge]
        else:
            self.clients.pop(entry.machine.key, None)
            if dialog is not None and dialog.client_invite == entry.id:
                dialog.client_invite = None

    def entry_of(self, machine: Machine) -> ServerEntry | ClientEntry | None:
        """The transaction a machine belongs to, if it is still known."""
        if isinstance(machine, InviteServer | NonInviteServer):
            return self.servers.get(machine.key)
        if isinstance(machine, InviteClient | NonInviteClient):
            return self.clients.get(machine.key)
        return None

    def forget(self, dialog: Dialog) -> None:
        """Take a dialog away with everything that would still be sent for it."""
        self.dialogs.pop(dialog.id, None)
        for acceptance in dialog.acceptances.values():
            acceptance.acknowledged()
        dialog.acceptances.clear()
        if dialog.session is not None:
            dialog.session.abandon()
        if dialog.provisional is not None:
            dialog.provisional.abandon()

    def glare_delay(self, dialog: Dialog) -> float:
        """Seconds to wait after 491: 2.1 to 4 for the one who called, up to 2 for the other (RFC 3261 14.1)."""
        share = int(self.token()[:4], 16) / 0xFFFF
        return 2.1 + 1.9 * share if dialog.we_called else 2.0 * share

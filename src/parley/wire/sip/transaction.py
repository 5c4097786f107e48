"""The four transaction machines (RFC 3261 section 17, RFC 6026).

A machine is told what arrived and when; it answers with the bytes to send again, and says by `deadline`
when it wants `fire`. It knows neither dialogs nor users. Server machines keep the serialised response and
nothing of the request, because they outlive it by 64*T1.

    INVITE server      proceeding -2xx-> accepted -L-> terminated
                       proceeding -3xx..6xx-> completed -ACK-> confirmed -I-> terminated   (H: failed)
    non-INVITE server  trying -1xx-> proceeding -final-> completed -J-> terminated
    INVITE client      calling -1xx-> proceeding -2xx-> accepted -M-> terminated           (B: failed)
                       ... -3xx..6xx-> completed -D-> terminated
    non-INVITE client  trying -1xx-> proceeding -final-> completed -K-> terminated         (F: failed)
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from parley.wire.sip.errors import OurMistake
from parley.wire.sip.events import DialogId
from parley.wire.sip.flow import Flow
from parley.wire.sip.message import Request

PROCEEDING, TRYING, CALLING = "proceeding", "trying", "calling"
COMPLETED, CONFIRMED, ACCEPTED, TERMINATED = "completed", "confirmed", "accepted", "terminated"

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Timers:
    """RFC 3261 table 4, seconds. `answer_limit` bounds how long a user may leave an INVITE without an
    answer, and a peer an INVITE inside a call, where nobody is rung.
    """

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0
    timer_d: float = 32.0
    answer_limit: float = 300.0

    @property
    def give_up(self) -> float:
        """64*T1: timers B, F, H, J, L and M."""
        return 64 * self.t1


class Machine(ABC):
    """Something with a next deadline. `failed` is set when its last timer ran out without the peer's word."""

    __slots__ = (
        "_ends",
        "_interval",
        "_resend",
        "deadline",
        "failed",
        "flow",
        "scheduled",
        "state",
        "timers",
    )

    def __init__(self, flow: Flow, timers: Timers, state: str) -> None:
        self.flow = flow
        self.timers = timers
        self.state = state
        self.failed = False
        self.deadline: float | None = None
        self.scheduled: float | None = None
        self._resend: float | None = None
        self._ends: float | None = None
        self._interval = timers.t1

    def _arm(self, resend: float | None, ends: float | None) -> None:
        self._resend, self._ends = resend, ends
        armed = [at for at in (resend, ends) if at is not None]
        self.deadline = min(armed) if armed else None

    def _terminate(self, failed: bool = False) -> None:
        self.state, self.failed = TERMINATED, failed
        self._arm(None, None)

    @property
    def waiting(self) -> bool:
        """True while the final response is still to come."""
        return self.state in (CALLING, TRYING, PROCEEDING)

    def abandon(self) -> None:
        """Nothing more can come of it: its connection is gone."""
        self._terminate()

    @abstractmethod
    def _stored(self) -> bytes | None:
        """What to send again when the resend timer fires."""

    def _next_interval(self) -> float:
        return min(self._interval * 2, self.timers.t2)

    def fire(self, now: float) -> bytes | None:
        """A deadline passed: the bytes to send again, if any."""
        if self._ends is not None and now >= self._ends:
            self._terminate(failed=self._ends_badly())
            return None
        if self._resend is None or now < self._resend:
            return None
        self._interval = self._next_interval()
        self._arm(now + self._interval, self._ends)
        return self._stored()

    def _ends_badly(self) -> bool:
        return False


class InviteServer(Machine):
    """Server side of an INVITE. Timers G and H repeat a refusal, L absorbs copies after a 2xx, I copies of
    the ACK.
    """

    __slots__ = ("key", "last")

    def __init__(self, key: Key, flow: Flow, timers: Timers, now: float) -> None:
        super().__init__(flow, timers, PROCEEDING)
        self.key = key
        self.last: bytes | None = None
        self._arm(None, now + timers.answer_limit)

    def duplicate(self) -> bytes | None:
        """A copy of the INVITE came: what to answer. After a 2xx it is absorbed: the dialog repeats that."""
        return self.last if self.state in (PROCEEDING, COMPLETED) else None

    def respond(self, status: int, data: bytes, now: float) -> None:
        """Note a response that is being sent. Raises OurMistake after a final one."""
        if self.state != PROCEEDING:
            raise OurMistake(f"a final response was already given ({self.state})")
        self.last = data
        if status < 200:
            return
        ends = now + self.timers.give_up
        if status < 300:
            self.state, self.last = ACCEPTED, None
            self._arm(None, ends)
        else:
            self.state = COMPLETED
            self._arm(None if self.flow.reliable else now + self.timers.t1, ends)

    def ack(self, now: float) -> None:
        """The ACK of a 3xx-6xx came; copies of it are absorbed for T4 on datagrams."""
        if self.state != COMPLETED:
            return
        self.state, self.last = CONFIRMED, None
        if self.flow.reliable:
            self._terminate()
        else:
            self._arm(None, now + self.timers.t4)

    def _stored(self) -> bytes | None:
        return self.last

    def _ends_badly(self) -> bool:
        return self.state in (COMPLETED, PROCEEDING)


class NonInviteServer(Machine):
    """Server side of everything else: the final response answers every copy until timer J."""

    __slots__ = ("key", "last")

    def __init__(self, key: Key, flow: Flow, timers: Timers, now: float) -> None:
        super().__init__(flow, timers, TRYING)
        self.key = key
        self.last: bytes | None = None
        # A user that never answers leaves nothing behind: the client gave up by then (RFC 4320 forbids a
        # late 408).
        self._arm(None, now + timers.give_up)

    def duplicate(self) -> bytes | None:
        """A copy of the request came: the stored response, or nothing yet."""
        return self.last

    def respond(self, status: int, data: bytes, now: float) -> None:
        """Note a response that is being sent. Raises OurMistake after a final one."""
        if self.state in (COMPLETED, TERMINATED):
            raise OurMistake("a final response was already given")
        self.last = data
        if status < 200:
            self.state = PROCEEDING
        else:
            self.state = COMPLETED
            # Timer J is 0 on streams in the RFC; a copy can still arrive there by a second connection, so
            # keep it T4.
            self._arm(None, now + (self.timers.t4 if self.flow.reliable else self.timers.give_up))

    def _stored(self) -> bytes | None:
        return None


class InviteClient(Machine):
    """Client side of an INVITE. Timer A repeats it, B ends it, and both stop with the first provisional.

    patience: seconds from then on; None: the user minds how long it rings.
    """

    __slots__ = ("_ack", "_data", "cancel_wanted", "key", "patience", "request")

    def __init__(self, key: Key, flow: Flow, timers: Timers, request: Request, now: float) -> None:
        super().__init__(flow, timers, CALLING)
        self.key = key
        self.patience: float | None = None
        self.request: Request | None = request
        self.cancel_wanted = False
        self._ack: bytes | None = None
        self._data: bytes | None = request.serialise()
        self._arm(None if flow.reliable else now + timers.t1, now + timers.give_up)

    @property
    def initial(self) -> bytes:
        """What to send at the start."""
        return self._data or b""

    def receive(self, status: int, now: float) -> bool:
        """A response came. True if it is news for the user; a refusal must then be acknowledged by
        `refused`.
        """
        if status < 200:
            if self.state not in (CALLING, PROCEEDING):
                return False
            if self.state == CALLING:
                self.state, self._data = PROCEEDING, None
                self._arm(None, now + self.patience if self.patience is not None else None)
            return True
        if status < 300:
            if self.state in (CALLING, PROCEEDING):
                self.state, self._data = ACCEPTED, None
                self._arm(None, now + self.timers.give_up)
            return self.state == ACCEPTED
        return self.state in (CALLING, PROCEEDING)

    def refused(self, ack: bytes, now: float) -> None:
        """A 3xx-6xx came and this ACK answers it and every copy of it until timer D."""
        self.state, self._ack, self._data, self.request = COMPLETED, ack, None, None
        if self.flow.reliable:
            self._terminate()
        else:
            self._arm(None, now + self.timers.timer_d)

    def copy_of_refusal(self) -> bytes | None:
        """A copy of the refusal came: the ACK for it."""
        return self._ack if self.state == COMPLETED else None

    def cancelled(self, now: float) -> None:
        """A CANCEL is on its way: the peer has 64*T1 to send its final response (RFC 3261 section 9.1)."""
        if self.state == PROCEEDING:
            self._arm(None, now + self.timers.give_up)

    def _stored(self) -> bytes | None:
        return self._data

    def _next_interval(self) -> float:
        return self._interval * 2  # timer A has no ceiling: B ends it after seven copies

    def _ends_badly(self) -> bool:
        return self.state in (CALLING, PROCEEDING)


class NonInviteClient(Machine):
    """Client side of everything else. Timer E repeats it up to every T2, F ends it, K absorbs copies of the
    answer.
    """

    __slots__ = ("_data", "key", "method")

    def __init__(self, key: Key, flow: Flow, timers: Timers, request: Request, now: float) -> None:
        super().__init__(flow, timers, TRYING)
        self.key = key
        self.method = request.method
        self._data: bytes | None = request.serialise()
        self._arm(None if flow.reliable else now + timers.t1, now + timers.give_up)

    @property
    def initial(self) -> bytes:
        """What to send at the start."""
        return self._data or b""

    def receive(self, status: int, now: float) -> bool:
        """A response came. True if it is news for the user."""
        if self.state not in (TRYING, PROCEEDING):
            return False
        if status < 200:
            self.state = PROCEEDING
            return True
        self.state, self._data = COMPLETED, None
        if self.flow.reliable:
            self._terminate()
        else:
            self._arm(None, now + self.timers.t4)
        return True

    def _stored(self) -> bytes | None:
        return self._data

    def _next_interval(self) -> float:
        return self.timers.t2 if self.state == PROCEEDING else super()._next_interval()

    def _ends_badly(self) -> bool:
        return self.state in (TRYING, PROCEEDING)


class Acceptance(Machine):
    """A 2xx to an INVITE, repeated on every transport until its ACK comes (RFC 3261 section 13.3.1.4)."""

    __slots__ = ("_data", "dialog")

    def __init__(self, flow: Flow, timers: Timers, dialog: DialogId, data: bytes, now: float) -> None:
        super().__init__(flow, timers, ACCEPTED)
        self.dialog = dialog
        self._data = data
        self._arm(now + timers.t1, now + timers.give_up)

    def acknowledged(self) -> None:
        """The ACK came."""
        self._terminate()

    def _stored(self) -> bytes | None:
        return self._data

    def _ends_badly(self) -> bool:
        return True

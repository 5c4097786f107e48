"""The user agent: drives the SIP layer over the listeners and turns its events into legs and their inputs."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count
from typing import Any, Protocol

import structlog

from ...app.ports import Clock, LegDoor, LegInbox, Timer
from ...core.endings import Reason, Side
from ...core.leg_inputs import Offered
from ...wire.sip.core import Limits
from ...wire.sip.errors import OurMistake
from ...wire.sip.events import (
    AckReceived,
    Cancelled,
    DialogEnded,
    DialogId,
    Event,
    IncomingInvite,
    IncomingRegister,
    IncomingReinvite,
    IncomingRequest,
    RefreshDue,
    ResponseReceived,
    TransactionFailed,
    TransactionId,
)
from ...wire.sip.flow import Flow
from ...wire.sip.layer import SipLayer
from ...wire.sip.session_timer import REFRESHING
from .call import SipCall
from .dialect import our_dialect
from .dialler import SipDialler
from .invites import Invites
from .leg import SipLeg
from .listeners import Listeners, StreamLimits
from .pulse import Pulse
from .rates import MESSAGES_PER_CALL, SourceRates
from .refer import Moves, Referrals
from .registrar import Answered, Registrar
from .replaces import call_replaced
from .resolver import Resolver
from .statuses import Refused
from .stored_call import decoded, invite_of
from .surviving import SKIPPED, SurvivingCall
from .trunks import TrustedTrunks
from .ways import DATAGRAM_MOST
from .websockets import SipSockets

log = structlog.get_logger(__name__)


class Arrivals(Protocol):
    """The app's way in for callers."""

    async def arrive(self, offered: Offered, door: LegDoor) -> LegInbox | None: ...


class Transfers(Moves, Protocol):
    """The app's way from one call or meeting to another."""

    def replace(self, old: LegInbox, offered: Offered, door: LegDoor) -> LegInbox | None:
        """See app.transfers."""
        ...


Spawn = Callable[..., None]
WithinDialog = Cancelled | DialogEnded | AckReceived | IncomingReinvite | IncomingRequest

_ENDED: dict[str, tuple[Side, Reason]] = {
    "cancel": (Side.REMOTE, Reason.CANCELLED),
    "unanswered": (Side.LOCAL, Reason.NO_ANSWER),
    "no-prack": (Side.REMOTE, Reason.NO_ACK),
    "bye": (Side.REMOTE, Reason.HANG_UP),
    "no-ack": (Side.REMOTE, Reason.NO_ACK),
    "gone": (Side.REMOTE, Reason.TRANSPORT_FAILED),
    "expired": (Side.LOCAL, Reason.SESSION_EXPIRED),
}


class SipAgent:
    """Implements Wire for its legs. media_address: what phones are told, or None for the route's own.

    trusted_trunks: networks whose word on callers counts. calls_per_source, messages_per_source: a second; whoever may
    make so many calls may send what they need. transfers None: calls stay what and where they are.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        arrivals: Arrivals,
        spawn: Spawn,
        agent: str,
        media_address: str | None,
        calls_most: int,
        calls_per_source: int,
        registrar: Registrar | None = None,
        trusted_trunks: Iterable[str] = (),
        resolver: Resolver | None = None,
        trust: ssl.SSLContext | None = None,
        messages_per_source: int = 0,
        streams: StreamLimits | None = None,
        offers_dtls: bool = False,
        transfers: Transfers | None = None,
    ) -> None:
        self._clock = clock
        self._arrivals = arrivals
        self._spawn = spawn
        self._registrar = registrar
        self._invites = Invites(self, media_address, TrustedTrunks(trusted_trunks))
        self._layer = SipLayer(
            our_dialect(agent),
            limits=Limits(dialogs=calls_most + calls_most // 10 + 10),
            admits=lambda flow, now: self._rates.allow(flow.remote[0], now) and not self._pulse.is_late(now),
        )
        self._pulse = Pulse(clock)
        self._rates = SourceRates(calls_per_source)
        self._messages = SourceRates(max(messages_per_source, MESSAGES_PER_CALL * calls_per_source))
        self._pings = SourceRates(self._messages.per_second)  # of their own: they take no call's place
        self._listeners = Listeners(self._receive, self._broken, self._may_send, streams, self._may_ping)
        if registrar is not None:
            registrar.connected = self._listeners.accepted
        self._legs: dict[DialogId, SipCall] = {}
        self._sessions = count(1)
        self._timer: Timer | None = None
        self._timer_at: float | None = None
        # Told of a call whose dialog may have changed.
        self.changed: Callable[[SipCall], None] = lambda _call: None
        self._transfers = transfers
        self._referrals = Referrals(self, transfers, spawn)
        self.dialler = SipDialler(
            self, self._layer, self._listeners, clock, spawn, media_address, resolver or Resolver(), trust
        )
        self.dialler.offers_dtls = offers_dtls

    async def open(
        self,
        *,
        udp: tuple[str, int] | None,
        tcp: tuple[str, int] | None,
        tls: tuple[str, int, ssl.SSLContext] | None = None,
    ) -> dict[str, int]:
        """Open listeners, once or several times; tls: host, port, and who we are. The first ports by transport.

        Raises OSError.
        """
        self._pulse.start()
        if udp:
            await self._listeners.open_udp(*udp)
        if tcp:
            await self._listeners.open_tcp(*tcp)
        if tls:
            await self._listeners.open_tls(*tls)
        return self._listeners.ports

    def sockets(self, origins: Iterable[str] = ()) -> SipSockets:
        """SIP over WebSocket, for HTTP listeners; origins: see there."""
        return SipSockets(self._listeners, origins)

    @property
    def ports(self) -> dict[str, int]:
        """Of the open listeners, by transport."""
        return self._listeners.ports

    async def close(self) -> None:
        """BYEs asked for before this are on the wire; nothing is repeated after it."""
        self._pulse.stop()
        if self._timer is not None:
            self._timer.cancel()
        await self._listeners.close()

    @property
    def live(self) -> tuple[int, int]:
        """Transactions and dialogs held."""
        return self._layer.live

    # --- Wire: what legs ask for -------------------------------------------------------------------------------

    def respond(
        self, transaction: TransactionId, status: int, body: bytes = b"", headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        self._layer.respond(transaction, status, self._clock.now(), body=body, headers=headers)
        self.flush()

    def notify(self, dialog: DialogId, headers: list[tuple[str, str]], body: bytes, content_type: str) -> None:
        """Nothing happens where the dialog is over."""
        if dialog in self._legs:
            now = self._clock.now()
            self._layer.request(dialog, "NOTIFY", now, headers=headers, body=body, content_type=content_type)
            self.flush()

    def bye(self, dialog: DialogId, headers: list[tuple[str, str]]) -> None:
        self._when_reachable(dialog, self._legs.pop(dialog, None), lambda: self._bye(dialog, headers))

    def _bye(self, dialog: DialogId, headers: list[tuple[str, str]]) -> None:
        try:
            self._layer.bye(dialog, self._clock.now(), headers=headers)
        except OurMistake as problem:
            log.error("BYE not sent", problem=str(problem))
        self.flush()

    def adopt(self, dialog: DialogId, leg: SipCall) -> None:
        """Events of this dialog are the leg's from now on."""
        self._legs[dialog] = leg

    def forget(self, dialog: DialogId) -> None:
        """The call was refused."""
        self._legs.pop(dialog, None)

    def snapshot(self, dialog: DialogId) -> dict[str, Any] | None:
        try:
            return self._layer.snapshot(dialog)
        except OurMistake:
            return None

    def open_again(self, written: bytes) -> SurvivingCall | None:
        """See SurvivingDoors."""
        try:
            stored = decoded(written)
            dialog = self._layer.restore(stored.dialog, self._clock.now(), skipped=SKIPPED)
        except (ValueError, KeyError, TypeError):
            log.exception("a call of the life before cannot be read")
            return None
        call = self._legs[dialog] = SurvivingCall(stored, dialog, self.dialler)
        self._layer.authenticate(dialog, call.prove)
        self.flush()  # its session timer runs
        return call

    def give_up(self, written: bytes) -> None:
        """See SurvivingDoors."""
        try:
            stored = invite_of(written)
        except ValueError:
            log.exception("a call of the life before cannot be read")
            return
        self._spawn(self.dialler.withdraw(stored), lambda: log.warning("a call of the life before rings on"))

    def session(self) -> int:
        """A number for the o= line of a new call."""
        return next(self._sessions)

    # --- the wire ----------------------------------------------------------------------------------------------

    def _receive(self, data: bytes, flow: Flow) -> None:
        self._take(self._layer.receive(data, flow, self._clock.now()))

    def _may_send(self, source: str) -> bool:
        """Counts one message of that source, before anything is read of it."""
        return self._messages.allow(source, self._clock.now())

    def _may_ping(self, source: str) -> bool:
        return self._pings.allow(source, self._clock.now())

    def _broken(self, flow: Flow) -> None:
        self._take(self._layer.flow_lost(flow.connection, self._clock.now()))

    def _tick(self) -> None:
        self._timer = None
        self._timer_at = None
        self._take(self._layer.tick(self._clock.now()))

    def _take(self, events: list[Event]) -> None:
        self.flush()
        for event in events:
            try:
                self._on_event(event)
            except Exception:
                log.exception("a SIP event failed", kind=type(event).__name__)
        self.flush()

    def flush(self) -> None:
        """Put on the wire what the layer wants to say, and mind its next deadline."""
        for item in self._layer.drain():
            self._listeners.send(item)
        deadline = self._layer.next_deadline()
        if deadline == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self._clock.call_at(deadline, self._tick) if deadline is not None else None

    def _on_event(self, event: Event) -> None:
        if isinstance(event, IncomingInvite):
            self._invited(event)
            return
        if isinstance(event, IncomingRegister):
            self._registering(event)
            return
        leg = self._legs.get(event.dialog) if event.dialog is not None else None
        if isinstance(event, ResponseReceived | TransactionFailed):
            if not self.dialler.take(event) and leg is not None and isinstance(event, ResponseReceived):
                self._answered_inside(event, leg)
            return
        if isinstance(event, RefreshDue):
            if leg is not None:
                self._when_reachable(event.dialog, leg, lambda: self._refresh(event.dialog, leg), leg.description())
            return
        self._within(event, leg)
        if leg is not None:
            self.changed(leg)

    def _within(self, event: WithinDialog, leg: SipCall | None) -> None:
        match event:
            case Cancelled() if leg and self.snapshot(event.dialog) is not None:
                leg.withdrawn(event.transaction)  # a re-INVITE: the call itself stands
            case Cancelled() | DialogEnded():
                self._gone(event.dialog, *_ENDED[event.why])
            case AckReceived() if leg:
                leg.confirmed(event.request)
            case IncomingReinvite() if leg:
                leg.reinvite(event)
            case IncomingRequest() if leg and event.request.method == "INFO":
                leg.info(event)
            case IncomingRequest() if leg and event.request.method == "UPDATE":
                leg.update(event)
            case IncomingRequest() if leg and event.request.method == "REFER":
                self._referrals.refer(event, leg, self._layer.flow(event.dialog).local[0])
            case IncomingReinvite() | IncomingRequest():
                self.respond(event.transaction, 481 if leg is None else 501)

    def _answered_inside(self, event: ResponseReceived, leg: SipCall) -> None:
        """A response to a refresh of ours (RFC 4028); the layer minds the timer itself."""
        response, dialog = event.response, event.dialog
        self.changed(leg)
        method = response.cseq.method
        if dialog is None or method not in REFRESHING:
            return
        if method == "INVITE" and 200 <= response.status < 300:
            leg.refreshed(response)

    def _refresh(self, dialog: DialogId, leg: SipCall) -> None:
        if dialog in self._legs:
            self._layer.refresh(dialog, self._clock.now(), body=leg.description())
            self.flush()
            self.changed(leg)

    def _when_reachable(
        self, dialog: DialogId, call: SipCall | None, act: Callable[[], None], body: bytes = b""
    ) -> None:
        """Where the stream to the far end is gone, idle for too long say, another one is opened first; so is one for
        what is too long for a datagram. If that fails, what is asked does, as it would without."""
        if call is None or self._stands(dialog, body):
            act()
        else:
            self._spawn(self._rebound(dialog, call, act), act)

    def _stands(self, dialog: DialogId, body: bytes) -> bool:
        """Is there a way to the far end, or nothing to say any more?"""
        try:
            flow = self._layer.flow(dialog)
            return self._listeners.stands(flow) if flow.reliable else self._layer.length(dialog, body) <= DATAGRAM_MOST
        except OurMistake:
            return True

    async def _rebound(self, dialog: DialogId, call: SipCall, act: Callable[[], None]) -> None:
        peer, old = self._layer.next_uri(dialog), self._layer.flow(dialog)
        registered = self._registrar.way_to(peer) if self._registrar is not None else None
        if old.reliable:
            flow = await call.way_back() or registered or await self.dialler.flow_to(peer)
        else:
            flow = await self.dialler.stream_to(old)
        if flow is not None and dialog in self._layer.dialogs:
            self._layer.rebind(dialog, flow)
        act()

    def _gone(self, dialog: DialogId, side: Side, reason: Reason) -> None:
        leg = self._legs.pop(dialog, None)
        if leg is not None:
            leg.over(side, reason)

    # --- registrations -----------------------------------------------------------------------------------------

    def _registering(self, event: IncomingRegister) -> None:
        if self._registrar is None:
            self._answer(event, Answered(405, []))
        else:
            self._spawn(self._register(self._registrar, event), lambda: self._answer(event, Answered(500, [])))

    async def _register(self, registrar: Registrar, event: IncomingRegister) -> None:
        now = self._clock.now()
        if event.transaction is None:  # it proves nothing, and nothing of it is kept
            self._answer(event, await registrar.challenge(event.request, now))
        else:
            self._answer(event, await registrar.register(event.request, event.flow, now))

    def _answer(self, event: IncomingRegister, answer: Answered) -> None:
        if event.transaction is None:
            self._layer.refuse(event.request, event.flow, answer.status, answer.headers)
        else:
            self._layer.respond(event.transaction, answer.status, self._clock.now(), headers=answer.headers)
        self.flush()

    # --- a new call --------------------------------------------------------------------------------------------

    def _invited(self, event: IncomingInvite) -> None:
        request = event.request
        try:
            if request.uri.scheme not in {"sip", "sips"} or not request.uri.username:
                raise Refused(404)
            replaced = call_replaced(request, self._legs) if self._transfers is not None else None
            leg = self._invites.leg_of(event)
        except Refused as refused:
            self.respond(event.transaction, refused.status)
            return
        self._legs[event.dialog] = leg
        offered = self._invites.offered_of(event, leg)
        self._spawn(self._arrive(leg, offered, event, replaced), lambda: self._failed(leg))

    async def _arrive(self, leg: SipLeg, offered: Offered, event: IncomingInvite, replaced: LegInbox | None) -> None:
        registrar = self._registrar
        if registrar is not None and await registrar.concerns(event.request, event.flow):
            proven = await registrar.prove(event.request, event.flow, self._clock.now())
            if isinstance(proven, Answered):
                self._legs.pop(leg.dialog, None)
                self._layer.respond(event.transaction, proven.status, self._clock.now(), headers=proven.headers)
                self.flush()
                return
            offered = replace(offered, user=proven.user.id)
        if replaced is not None and self._transfers is not None:
            inbox = self._transfers.replace(replaced, offered, leg)
            if inbox is None:
                self.respond(event.transaction, 481)
        else:
            inbox = await self._arrivals.arrive(offered, leg)
        if inbox is None:
            self._legs.pop(leg.dialog, None)
        else:
            leg.attach(inbox)

    def _failed(self, leg: SipLeg) -> None:
        """The app broke on this call: tell the caller instead of leaving it ringing."""
        self._legs.pop(leg.dialog, None)
        leg.fail()

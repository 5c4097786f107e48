"""The user agent: drives the SIP layer over the listeners and turns its events into legs and their inputs."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count
from typing import Any, Protocol

import structlog

from ...app.ports import Clock, LegDoor, LegInbox, Timer
from ...core.dialplan import Address
from ...core.endings import Reason, Side
from ...core.languages import preferred
from ...core.leg_inputs import Offered
from ...wire.sdes import OurKeys
from ...wire.sip.address import NameAddr, bracketed
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
from ...wire.sip.message import body_part, handling
from ...wire.sip.session_timer import REFRESHING
from .audio import NO_PORT, answer_to, leg_audio, read_offer, undecided_audio
from .call import SipCall
from .dialect import our_dialect
from .dialler import SipDialler
from .leg import SipLeg
from .listeners import Listeners, StreamLimits, every_address_like, is_ours, source_address
from .page import page_offer
from .passing import passage_of
from .pulse import Pulse
from .rates import MESSAGES_PER_CALL, SourceRates
from .refer import Moves, Referrals
from .registrar import UNADDRESSED, Answered, Registrar
from .replaces import Refused, call_replaced
from .resolver import Resolver
from .stored_call import decoded
from .surviving import SKIPPED, SurvivingCall
from .trunks import TrustedTrunks
from .web_leg import WebSipLeg
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
        self._media_address = media_address
        self._trunks = TrustedTrunks(trusted_trunks)
        self._layer = SipLayer(
            our_dialect(agent),
            limits=Limits(dialogs=calls_most + calls_most // 10 + 10),
            admits=lambda flow, now: self._rates.allow(flow.remote[0], now) and not self._pulse.is_late(now),
        )
        self._pulse = Pulse(clock)
        self._rates = SourceRates(calls_per_source)
        self._messages = SourceRates(max(messages_per_source, MESSAGES_PER_CALL * calls_per_source))
        self._listeners = Listeners(self._receive, self._broken, self._may_send, streams)
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
        call = self._legs.pop(dialog, None)
        if call is None or self._stands(dialog):
            self._bye(dialog, headers)
        else:
            self._spawn(self._bye_anew(dialog, call, headers), lambda: self._bye(dialog, headers))

    async def _bye_anew(self, dialog: DialogId, call: SipCall, headers: list[tuple[str, str]]) -> None:
        await self._rebind(dialog, call)
        self._bye(dialog, headers)

    def _stands(self, dialog: DialogId) -> bool:
        """Is there a way to the far end, or nothing to say any more?"""
        try:
            return self._listeners.stands(self._layer.flow(dialog))
        except OurMistake:
            return True

    def _bye(self, dialog: DialogId, headers: list[tuple[str, str]]) -> None:
        try:
            self._layer.bye(dialog, self._clock.now(), headers=headers)
        except OurMistake as problem:
            log.error("BYE not sent", problem=str(problem))
        self.flush()

    def adopt(self, dialog: DialogId, leg: SipCall) -> None:
        """Events of this dialog are the leg's from now on."""
        self._legs[dialog] = leg

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

    def session(self) -> int:
        """A number for the o= line of a new call."""
        return next(self._sessions)

    # --- the wire ----------------------------------------------------------------------------------------------

    def _receive(self, data: bytes, flow: Flow) -> None:
        self._take(self._layer.receive(data, flow, self._clock.now()))

    def _may_send(self, source: str) -> bool:
        """Counts one message of that source, before anything is read of it."""
        return self._messages.allow(source, self._clock.now())

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
                self._refresh(event.dialog, leg)
            return
        self._within(event, leg)
        if leg is not None:
            self.changed(leg)

    def _within(self, event: WithinDialog, leg: SipCall | None) -> None:
        match event:
            case Cancelled(why="cancel"):
                self._gone(event.dialog, Side.REMOTE, Reason.CANCELLED)
            case Cancelled():  # we left it unanswered for too long
                self._gone(event.dialog, Side.LOCAL, Reason.MEDIA_FAILED)
            case DialogEnded():
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
        if self._listeners.stands(self._layer.flow(dialog)):
            self._refresh_now(dialog, leg)
        else:
            self._spawn(self._refresh_anew(dialog, leg), lambda: self._refresh_now(dialog, leg))

    async def _refresh_anew(self, dialog: DialogId, leg: SipCall) -> None:
        """The stream was idle for too long: open another one. If that fails, the refresh does, and is tried again."""
        await self._rebind(dialog, leg)
        if dialog in self._legs:
            self._refresh_now(dialog, leg)

    async def _rebind(self, dialog: DialogId, leg: SipCall) -> None:
        """Another way to the far end, whose stream is gone."""
        flow = await leg.way_back() or await self.dialler.flow_to(self._layer.next_uri(dialog))
        if flow is not None and dialog in self._layer.dialogs:
            self._layer.rebind(dialog, flow)

    def _refresh_now(self, dialog: DialogId, leg: SipCall) -> None:
        self._layer.refresh(dialog, self._clock.now(), body=leg.description())
        self.flush()
        self.changed(leg)

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
        request, flow = event.request, event.flow
        if request.uri.scheme not in {"sip", "sips"} or not request.uri.username:
            self.respond(event.transaction, 404)
            return
        local = flow.local[0]
        try:
            replaced = call_replaced(request, self._legs) if self._transfers is not None else None
        except Refused as refused:
            self.respond(event.transaction, refused.status)
            return
        leg = self._leg_of(event)
        if isinstance(leg, int):
            self.respond(event.transaction, leg)
            return
        audio = leg.offered
        self._legs[event.dialog] = leg
        caller = request.from_
        offered = Offered(
            address=Address(request.uri.username.lower(), request.uri.host.lower().rstrip(".")),
            caller=plain_uri(caller),
            dialled=f"{request.uri.scheme}:{request.uri.username}@{bracketed(request.uri.host)}",
            display_name=caller.display[:200] if caller.display else "",
            source=flow.remote[0],
            local_address=media_bind_address(self._media_address, local, audio.remote_host),
            audio=audio,
            plain=leg.plain,
            encrypted_signalling=flow.transport in {"tls", "wss"},
            sip_call_id=request.call_id,
            asserted=self._trunks.asserted(request, flow.remote[0]),
            passage=passage_of(request),
            language=preferred(request.headers.get("Accept-Language")),
        )
        self._spawn(self._arrive(leg, offered, event, replaced), lambda: self._failed(leg))

    def _leg_of(self, event: IncomingInvite) -> SipLeg | int:
        """What its body asks for, or the status that refuses it."""
        request, flow = event.request, event.flow
        session, keys = next(self._sessions), OurKeys()
        body = body_part(request, "application/sdp")
        offer = read_offer(body)
        if offer is None:
            if body or (request.body and handling(request.headers) != "optional"):
                return 400 if body else 488  # malformed SDP is the caller's mistake; one without is a matter of taste
            if flow.transport in UNADDRESSED:  # a page's: it can answer nothing else
                return WebSipLeg(event, None, None, self, flow.local[0], session)
            address = media_address(self._media_address, flow.local[0], flow.remote[0])
            return SipLeg(event, None, undecided_audio(flow.remote[0]), self, address, session, keys)
        page = page_offer(offer, body)
        if page is not None:
            return WebSipLeg(event, offer, page, self, flow.local[0], session)
        elsewhere = (flow.remote[0], NO_PORT)
        answer = answer_to(offer, (flow.local[0], NO_PORT), session, keys=keys, fingerprint="")
        if answer.audio is None:
            return 488
        audio = leg_audio(answer.audio, elsewhere)
        address = media_address(self._media_address, flow.local[0], audio.remote_host)
        other = answer_to(offer, (address, NO_PORT), session, keys=None).audio if audio.encrypted else None
        plain = leg_audio(other, elsewhere) if other is not None else None
        return SipLeg(event, offer, audio, self, address, session, keys, plain)

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


def plain_uri(name: NameAddr) -> str:
    """scheme:user@host without parameters, port or password."""
    uri = name.uri
    user = f"{uri.username}@" if uri.username else ""
    return f"{uri.scheme}:{user}{bracketed(uri.host)}" if uri.host else uri.text.partition(";")[0][:200]


def media_address(advertised: str | None, local: str, remote: str) -> str:
    """What a far end whose media are at `remote` is told: the advertised address, where it is of that IP version, else
    ours on the way there; the signalling may go by the other version (RFC 6157)."""
    if not remote:
        return advertised or local
    if advertised is not None and (":" in advertised) == (":" in remote):
        return advertised
    return local if (":" in local) == (":" in remote) else source_address(remote)


def media_bind_address(advertised: str | None, local: str, remote: str) -> str:
    """Where to bind media: the address that is told if it is this machine's, else every address of its kind."""
    told = media_address(advertised, local, remote)
    return told if told == local or is_ours(told) else every_address_like(told)

"""A new call: what its INVITE says, as a leg of ours and as the app is told it."""

from __future__ import annotations

from typing import Protocol

from ...core.dialplan import Address
from ...core.languages import preferred
from ...core.leg_inputs import Offered
from ...wire.sdes import OurKeys
from ...wire.sip.address import NameAddr, bracketed, legible
from ...wire.sip.events import IncomingInvite
from ...wire.sip.message import body_part, handling
from .addresses import media_address, media_bind_address
from .audio import NO_PORT, answer_to, leg_audio, read_offer, undecided_audio
from .leg import AnsweringWire, SipLeg
from .page import page_offer
from .passing import passage_of
from .registrar import UNADDRESSED
from .said import readable
from .statuses import Refused
from .trunks import TrustedTrunks
from .web_leg import WebSipLeg

NAME_MOST = 200  # characters of a display name, or of an address that is no SIP URI


class CallWire(AnsweringWire, Protocol):
    """What a new call asks of the agent."""

    def session(self) -> int:
        """A number for the o= line of a new call."""
        ...


class Invites:
    """wire: of the legs. advertised: the address that phones are told for media, or None for the route's own."""

    def __init__(self, wire: CallWire, advertised: str | None, trunks: TrustedTrunks) -> None:
        self._wire = wire
        self._advertised = advertised
        self._trunks = trunks

    def leg_of(self, event: IncomingInvite) -> SipLeg:
        """What its body asks for. Raises Refused."""
        request, flow, wire = event.request, event.flow, self._wire
        session, keys = wire.session(), OurKeys()
        body = body_part(request, "application/sdp")
        offer = read_offer(body)
        if offer is None:
            if body or (request.body and handling(request.headers) != "optional"):
                # Malformed SDP is the caller's mistake; a body without one is a matter of taste.
                raise Refused(400 if body else 488)
            if flow.transport in UNADDRESSED:  # a page's: it can answer nothing else
                return WebSipLeg(event, None, None, wire, flow.local[0], session)
            address = media_address(self._advertised, flow.local[0], flow.remote[0])
            return SipLeg(event, None, undecided_audio(flow.remote[0]), wire, address, session, keys)
        page = page_offer(offer, body)
        if page is not None:
            return WebSipLeg(event, offer, page, wire, flow.local[0], session)
        elsewhere = (flow.remote[0], NO_PORT)
        answer = answer_to(offer, (flow.local[0], NO_PORT), session, keys=keys, fingerprint="")
        if answer.audio is None:
            raise Refused(488)
        audio = leg_audio(answer.audio, elsewhere)
        address = media_address(self._advertised, flow.local[0], audio.remote_host)
        other = answer_to(offer, (address, NO_PORT), session, keys=None).audio if audio.encrypted else None
        plain = leg_audio(other, elsewhere) if other is not None else None
        return SipLeg(event, offer, audio, wire, address, session, keys, plain)

    def offered_of(self, event: IncomingInvite, leg: SipLeg) -> Offered:
        """What the app is told of the call."""
        request, flow, audio = event.request, event.flow, leg.offered
        local, caller = flow.local[0], request.from_
        user = legible(request.uri.username)
        return Offered(
            address=Address(user.lower(), request.uri.host.lower().rstrip(".")),
            caller=plain_uri(caller),
            dialled=f"{request.uri.scheme}:{user}@{bracketed(request.uri.host)}",
            display_name=readable(caller.display, NAME_MOST),
            source=flow.remote[0],
            local_address=media_bind_address(self._advertised, local, audio.remote_host),
            audio=audio,
            plain=leg.plain,
            encrypted_signalling=flow.transport in {"tls", "wss"},
            sip_call_id=request.call_id,
            asserted=self._trunks.asserted(request, flow.remote[0]),
            passage=passage_of(request),
            language=preferred(request.headers.get("Accept-Language")),
        )


def plain_uri(name: NameAddr) -> str:
    """scheme:user@host without parameters, port or password."""
    uri = name.uri
    user = f"{legible(uri.username)}@" if uri.username else ""
    return f"{uri.scheme}:{user}{bracketed(uri.host)}" if uri.host else readable(uri.text.partition(";")[0], NAME_MOST)

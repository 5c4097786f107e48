"""From settings to the SIP user agent and its listeners."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack
from pathlib import Path
from secrets import token_bytes

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from . import __version__
from .app.arrivals import Arrivals
from .app.devices import Devices
from .app.directory import Directory
from .app.ports import Clock
from .app.tasks import Tasks
from .config import Settings
from .config_values import Listen
from .core.endings import Ending, Reason, Side
from .doors.sip.agent import SipAgent
from .doors.sip.listeners import StreamLimits
from .doors.sip.registrar import Registrar
from .server_facts import origin_of
from .tls_contexts import ServerCertificates
from .wiring_http import CannotStart, listen_http

SHUTDOWN = Ending(Side.LOCAL, Reason.SHUTDOWN)
BYE_WITHIN = 0.3  # seconds that phones have to answer the BYEs of a shutdown


def sip_agent(settings: Settings, clock: Clock, devices: Devices, arrivals: Arrivals, tasks: Tasks) -> SipAgent:
    """Still without a socket. Raises CannotStart."""
    trust = ssl.create_default_context()
    if settings.sip.authorities is not None:
        try:
            trust.load_verify_locations(settings.sip.authorities)
        except OSError as problem:
            raise CannotStart(f"sip.authorities: cannot read {settings.sip.authorities}: {problem}") from problem
    trust.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.https.certificate and settings.https.key:  # for next hops that want to know us by it
        try:
            trust.load_cert_chain(settings.https.certificate, settings.https.key)
        except OSError as problem:
            raise CannotStart(f"https.certificate: cannot use it: {problem}") from problem
    return SipAgent(
        clock=clock,
        arrivals=arrivals,
        spawn=tasks.spawn,
        agent=f"Parley/{__version__}",
        media_address=settings.media.address,
        calls_most=settings.limits.legs,
        calls_per_source=settings.limits.calls_per_source,
        registrar=Registrar(devices, token_bytes(32)),
        trusted_trunks=settings.sip.trusted_trunks,
        trust=trust,
        offers_dtls=settings.sip.srtp_offer == "dtls",
        messages_per_source=settings.limits.sip_messages_per_source,
        streams=StreamLimits(settings.limits.sip_streams, settings.limits.sip_streams_per_source),
        transfers=arrivals.transfers,
    )


async def open_sip(
    settings: Settings,
    sip: SipAgent,
    directory: Directory,
    certificates: ServerCertificates | None,
    stack: AsyncExitStack,
) -> dict[str, int]:
    """Opens the listeners; ports by transport. What the stack closes says goodbye first. Raises CannotStart."""
    if settings.sip.wss is not None and certificates is not None:
        sockets = sip_sockets(settings, sip)
        await listen_http(settings, alone(sockets), "sip.wss", settings.sip.wss, certificates.context(), stack)

    async def leave(_kind: object, problem: BaseException | None, _trace: object) -> None:
        """Say goodbye to everybody before the sockets close; not where the start has failed, and another is to come."""
        if problem is None:
            await directory.close(SHUTDOWN)
            await asyncio.sleep(BYE_WITHIN if sip.live[1] else 0)
        await sip.close()

    stack.push_async_exit(leave)
    section = settings.sip
    named = [("udp", section.udp), ("tcp", section.tcp), ("tls", section.tls)]
    wanted = [(transport, listen) for transport, listen in named if listen is not None]
    wanted += [(one.transport, one.listen) for one in section.further]
    for transport, listen in wanted:
        try:
            await _open(sip, transport, listen, certificates, section.client_authorities)
        except OSError as problem:
            raise CannotStart(f"sip: cannot listen on {listen}: {problem.strerror or problem}") from problem
    return sip.ports


async def _open(
    sip: SipAgent,
    transport: str,
    listen: Listen,
    certificates: ServerCertificates | None,
    client_authorities: Path | None,
) -> None:
    """Raises OSError."""
    place = (listen.host, listen.port)
    if transport == "tls" and certificates is not None:
        await sip.open(udp=None, tcp=None, tls=(*place, certificates.asking(client_authorities).context()))
    elif transport != "tls":
        await sip.open(udp=place if transport == "udp" else None, tcp=place if transport == "tcp" else None)


def sip_sockets(settings: Settings, sip: SipAgent) -> ASGIApp:
    """SIP over WebSocket."""
    own = (origin_of(settings.web.url),) if settings.web.url else ()
    return sip.sockets((*own, *settings.sip.websocket_origins))


def sockets_beside_pages(settings: Settings, sip: SipAgent) -> ASGIApp | None:
    """Where the pages are; None: not wanted there."""
    return sip_sockets(settings, sip) if settings.sip.websocket else None


def alone(sockets: ASGIApp) -> ASGIApp:
    """For a listener that serves nothing else."""

    async def only(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await sockets(scope, receive, send)
        else:
            await PlainTextResponse("SIP over WebSocket is spoken here\n", 426)(scope, receive, send)

    return only

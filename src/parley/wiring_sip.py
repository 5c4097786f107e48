"""From settings to the SIP user agent and its listeners."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack
from secrets import token_bytes

from . import __version__
from .app.arrivals import Arrivals
from .app.devices import Devices
from .app.directory import Directory
from .app.ports import Clock
from .app.tasks import Tasks
from .config import Settings
from .core.endings import Ending, Reason, Side
from .doors.sip.agent import SipAgent
from .doors.sip.registrar import Registrar
from .tls import CertificateFiles
from .wiring_http import CannotStart

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
        transfers=arrivals.transfers,
    )


async def open_sip(
    settings: Settings,
    sip: SipAgent,
    directory: Directory,
    certificate: CertificateFiles | None,
    stack: AsyncExitStack,
) -> dict[str, int]:
    """Opens the listeners; ports by transport. What the stack closes says goodbye first. Raises CannotStart."""

    async def leave() -> None:
        """Say goodbye to everybody before the sockets close."""
        await directory.close(SHUTDOWN)
        await asyncio.sleep(BYE_WITHIN if sip.live[1] else 0)
        await sip.close()

    stack.push_async_callback(leave)
    udp, tcp, tls = settings.sip.udp, settings.sip.tcp, settings.sip.tls
    try:
        return await sip.open(
            udp=(udp.host, udp.port) if udp else None,
            tcp=(tcp.host, tcp.port) if tcp else None,
            tls=(tls.host, tls.port, certificate.certificate, certificate.key) if tls and certificate else None,
        )
    except OSError as problem:
        wanted = " ".join(str(listen) for listen in (udp, tcp, tls) if listen)
        raise CannotStart(f"sip: cannot listen on {wanted}: {problem.strerror or problem}") from problem

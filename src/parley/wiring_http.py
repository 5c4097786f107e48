"""From settings to HTTP listeners, their one application and their certificate."""

from __future__ import annotations

import socket
import ssl
from contextlib import AsyncExitStack

from starlette.types import ASGIApp, Receive, Scope, Send

from .backends.system import SystemClock
from .config import Settings, of_transport
from .config_values import Listen
from .doors.http import HttpListener
from .doors.shared.accepting import Acceptor, Turnstile
from .doors.sip.listeners import bind_sockets
from .doors.web.app import web_app
from .host import own_names
from .server_facts import first_domain, shown_host
from .tls import CertificateFiles, generated_certificate
from .tls_contexts import CertificatePair, ServerCertificates, certificate_words

SIP_PATH = "/sip"
HEALTH_PATH = "/health"


class CannotStart(Exception):
    """Said in one line to whoever started us."""


def root_of(
    cms: ASGIApp, json: ASGIApp, native: ASGIApp, pages: ASGIApp, health: ASGIApp, sip: ASGIApp | None = None
) -> ASGIApp:
    """The one application of all HTTP listeners: the native API and its WebSocket below /api/parley, the XML
    dialect below /api, what is wrong at /health, phones by WebSocket at /sip, the JSON dialect below /v1 and /v2 and
    on any other WebSocket, everything else the pages."""

    async def root(scope: Scope, receive: Receive, send: Send) -> None:
        first, second = [*scope.get("path", "/").split("/")[1:3], "", ""][:2]
        first = first.lower()
        if (first, second.lower()) == ("api", "parley"):
            await native(scope, receive, send)
        elif sip is not None and scope["type"] == "websocket" and scope["path"] == SIP_PATH:
            await sip(scope, receive, send)
        elif scope["type"] == "websocket" or first in {"v1", "v2"}:
            await json(scope, receive, send)
        elif scope["path"] == HEALTH_PATH:
            await health(scope, receive, send)
        else:
            await (cms if first == "api" else pages)(scope, receive, send)

    return root


def pages_of(settings: Settings) -> ASGIApp:
    """The address that people are shown has the port only where a phone could not find it otherwise."""
    port = settings.sip.udp.port if settings.sip.udp and not settings.sip.domains else 5060
    domain = first_domain(settings) if port == 5060 else f"{first_domain(settings)}:{port}"
    return web_app(domain=domain, access_number=settings.sip.access_number)


async def open_http(
    settings: Settings, app: ASGIApp, certificates: ServerCertificates | None, stack: AsyncExitStack
) -> None:
    if settings.http.listen:
        await listen_http(settings, app, "http.listen", settings.http.listen, None, stack)
    if settings.https.listen and certificates:
        await listen_http(settings, app, "https.listen", settings.https.listen, certificates.context(), stack)


def certificate_of(settings: Settings, clock: SystemClock) -> CertificateFiles | None:
    """The certificate of HTTPS and of SIP over TLS: the given one, else one made here. None where nothing needs it."""
    if settings.https.certificate and settings.https.key:
        return CertificateFiles(settings.https.certificate, settings.https.key, fingerprint="")
    if not any((settings.https.listen, settings.sip.tls, settings.sip.wss, *of_transport(settings, "tls"))):
        return None
    return generated_certificate(settings.data_dir, [*own_names(), shown_host(settings)], clock.utc())


def certificates_of(settings: Settings, own: CertificateFiles | None) -> ServerCertificates | None:
    """That one, and those of further names. Raises CannotStart."""
    if own is None:
        return None
    pairs = [CertificatePair(own.certificate, own.key)]
    pairs += [CertificatePair(path, path) for path in settings.https.further_certificates]
    for pair in pairs:
        try:
            ServerCertificates([pair])
        except (OSError, ValueError) as problem:
            raise CannotStart(f"https.certificate: {certificate_words(pair, problem)}") from problem
    return ServerCertificates(pairs)


async def listen_http(
    settings: Settings, app: ASGIApp, name: str, listen: Listen, tls: ssl.SSLContext | None, stack: AsyncExitStack
) -> None:
    """Until the stack closes. name: of the setting. Raises CannotStart."""
    limits = settings.limits
    acceptor = Acceptor(Turnstile(limits.http_connections, limits.http_connections_per_source))
    listener = HttpListener(app, name, acceptor, websockets=True)
    try:
        sockets = bind_sockets(listen.host, listen.port, socket.SOCK_STREAM)
        await listener.open(sockets, tls)
    except OSError as problem:
        raise CannotStart(f"{name}: cannot listen on {listen}: {problem.strerror or problem}") from problem
    stack.push_async_callback(listener.close)

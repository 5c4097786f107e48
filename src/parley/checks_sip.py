"""`parley check` calls its own server by SIP: by every transport that is set, at the address that others would use."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from .checks_base import Finding
from .config import Settings
from .config_values import Listen
from .demo.selfcall import Elsewhere, NoAnswer, SelfCall, Sound, words_of
from .operator_client import NotRunning, connect
from .server_facts import first_domain, shown_host
from .wire.sdp import SdpMistake

HEAR_WITHIN = 12.0  # seconds: the greeting, and the echo's delay

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class WayIn:
    """One way in. advertised: as others would call it; own: where the listener stands."""

    transport: str
    advertised: Address
    own: Address

    @property
    def what(self) -> str:
        return f"sip by {self.transport} at {shown(self.advertised)}"


def shown(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def is_running(data_dir: Path) -> bool:
    """Does a server answer on this data directory?"""
    try:
        async with connect(data_dir):
            return True
    except NotRunning:
        return False
    except PermissionError:
        return True  # somebody else's


def ways_in(settings: Settings) -> list[WayIn]:
    """Of every listener; media.address is the one address that is set for others to use, where there is one. Further
    listeners are called where they stand."""
    sip = settings.sip
    ways = []
    for transport, listen in (("udp", sip.udp), ("tcp", sip.tcp), ("tls", sip.tls)):
        if listen is not None and listen.port:
            own = (_own_host(settings, listen), listen.port)
            ways.append(WayIn(transport, (settings.media.address or own[0], listen.port), own))
    for one in sip.further:
        if one.transport in {"udp", "tcp", "tls"} and one.listen.port:
            own = (_own_host(settings, one.listen), one.listen.port)
            ways.append(WayIn(one.transport, own, own))
    return ways


def _own_host(settings: Settings, listen: Listen) -> str:
    return shown_host(settings) if listen.host in {"::", "0.0.0.0"} else listen.host


async def check_sip(settings: Settings) -> list[Finding]:
    """One finding for signalling by each transport, one for sound, and one for the certificate of TLS."""
    findings: list[Finding] = []
    reached: SelfCallPlace | None = None
    for way in ways_in(settings):
        finding, place = await check_way(settings, way)
        findings.append(finding)
        reached = reached or place
        if way.transport == "tls":
            findings.append(await check_certificate(settings, way))
    if reached is None:
        return [*findings, Finding("sound", None, "not tried: no way in answers")]
    if settings.echo.name is None:
        return [*findings, Finding("sound", None, "not tried: echo.name is empty, so there is nobody to call")]
    return [*findings, await check_sound(settings, *reached)]


SelfCallPlace = tuple[str, Address]  # transport and address by which the server answered


async def check_way(settings: Settings, way: WayIn) -> tuple[Finding, SelfCallPlace | None]:
    """Is OPTIONS answered at the advertised address, and if not, at the listener's own?"""
    problem = await _asked(way.transport, way.advertised, settings)
    if problem is None:
        return Finding(way.what, True, "OPTIONS was answered"), (way.transport, way.advertised)
    if isinstance(problem, Elsewhere):
        cause = (
            f"callers will not take it: has this machine several addresses, then sip.{way.transport} is to name the "
            "one that others use instead of all; or is address translation in the way?"
        )
        return Finding(way.what, False, f"{problem}; {cause}"), None
    if way.advertised == way.own:
        cause = "is a firewall in the way, or did the port change since the server was started?"
        return Finding(way.what, False, f"{problem}; {cause}"), None
    if await _asked(way.transport, way.own, settings) is not None:
        return Finding(way.what, False, f"{problem}, nor does it work at {shown(way.own)}, where we listen"), None
    cause = (
        f"at {shown(way.own)} the server answers, so {way.advertised[0]} does not lead to it: media.address is wrong, "
        f"or {way.transport} port {way.advertised[1]} is not forwarded, or not for callers from inside"
    )
    return Finding(way.what, False, f"{problem}; {cause}"), (way.transport, way.own)


async def _asked(transport: str, remote: Address, settings: Settings) -> NoAnswer | None:
    """What is wrong; None: OPTIONS was answered."""
    try:
        async with SelfCall(transport, remote, _any_certificate() if transport == "tls" else None) as call:
            await call.options(f"sip:{first_domain_in_uri(settings)}")
    except NoAnswer as silence:
        return silence
    except TimeoutError:
        return NoAnswer("no connection comes about")
    except ssl.SSLError as problem:
        return NoAnswer(f"no TLS: {problem.reason or type(problem).__name__}")
    except OSError as problem:
        return NoAnswer(f"no connection: {words_of(problem)}")
    return None


def first_domain_in_uri(settings: Settings) -> str:
    domain = first_domain(settings)
    return f"[{domain}]" if ":" in domain else domain


async def check_sound(settings: Settings, transport: str, remote: Address) -> Finding:
    """A call to the echo: is what we say heard there, and what it says here?"""
    what = f"sound by {transport} at {shown(remote)}"
    uri = f"sip:{settings.echo.name}@{first_domain_in_uri(settings)}"
    try:
        async with SelfCall(transport, remote, _any_certificate() if transport == "tls" else None) as call:
            status, audio = await call.invite(uri)
            if status >= 300:
                return Finding(what, False, f"{uri} is refused with {status}{_why_refused(status)}")
            if audio is None or audio.remote is None:
                await call.hang_up()
                return Finding(what, False, "the answer's SDP takes no audio, or names no numeric address")
            sound = await call.listen(HEAR_WITHIN)
            await call.hang_up()
    except NoAnswer as silence:
        return Finding(what, False, f"INVITE: {silence}")
    except SdpMistake:
        return Finding(what, False, "the answer's SDP cannot be read")
    except (OSError, TimeoutError) as problem:
        return Finding(what, False, f"no connection: {type(problem).__name__}")
    return judged(what, sound, remote, settings)


def _why_refused(status: int) -> str:
    causes = {
        404: ": its domain is not ours by sip.domains, or an inbound rule of the API takes it elsewhere",
        503: ": the server is full, or takes no more calls from here",
        403: ": something between us and the server refuses calls",
    }
    return causes.get(status, "")


def judged(what: str, sound: Sound, called: Address, settings: Settings) -> Finding:
    """What came of the tone, and the likely cause where it did not come back."""
    assert sound.remote is not None
    ports = settings.media.ports
    place = f"UDP {shown(sound.remote)}"
    if sound.heard:
        elsewhere = sorted(shown(source) for source in sound.sources if source != sound.remote)
        delay = f" after {sound.delay:.2f} s" if sound.delay is not None else ""
        if elsewhere:
            told = f"heard{delay}, but packets come from {elsewhere[0]} and the SDP says {shown(sound.remote)}"
            return Finding(
                what, False, f"{told}: phones that are strict will drop them; is address translation in the way?"
            )
        return Finding(what, True, f"a tone sent to {place} came back{delay}")
    other = _other_address(sound, called)
    if sound.packets:
        lost = f"we hear the server, but what is sent to {place} does not arrive"
        return Finding(what, False, f"{lost}: the ports {ports} are blocked on the way in{other}")
    silent = "nobody listens there" if sound.refused else "nothing came back from there"
    cause = other or f"; the ports {ports} are probably blocked"
    return Finding(what, False, f"no sound: it was sent to {place}, as the SDP says, and {silent}{cause}")


def _other_address(sound: Sound, called: Address) -> str:
    assert sound.remote is not None
    if sound.remote[0] == called[0]:
        return ""
    return f"; the SDP names {sound.remote[0]}, while signalling answers at {called[0]}: is media.address right?"


async def check_certificate(settings: Settings, way: WayIn) -> Finding:
    """Whether a caller that checks (RFC 5922) would take the certificate for our domain."""
    name = settings.sip.domains[0] if settings.sip.domains else way.advertised[0]
    what = f"certificate of sip.tls for {name}"
    context = ssl.create_default_context()
    own = settings.data_dir / "https-certificate.pem"
    generated = settings.https.certificate is None
    try:
        if generated and own.is_file():
            context.load_verify_locations(own)
            context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        if settings.sip.authorities is not None:
            context.load_verify_locations(settings.sip.authorities)
        async with SelfCall("tls", way.own, context, name):
            pass
    except ssl.SSLCertVerificationError as problem:
        return Finding(what, False, _certificate_problem(problem, name))
    except (OSError, TimeoutError) as problem:
        return Finding(what, False, f"not seen: {words_of(problem)}")
    made = "made here: only peers that were told to trust it take it" if generated else "it holds, and names us"
    return Finding(what, True, made)


def _certificate_problem(problem: ssl.SSLCertVerificationError, name: str) -> str:
    match problem.verify_code:  # the numbers of OpenSSL's x509_vfy.h
        case 10:
            return "it has expired"
        case 9:
            return "it is not valid yet"
        case 62 | 64:
            return f"it does not name {name}: callers that check will not talk to us"
    return f"its chain leads to no authority that this system trusts ({problem.verify_message})"


def _any_certificate() -> ssl.SSLContext:
    """For finding out whether anybody answers; whether the certificate holds is a finding of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context

"""Outbound dial plan: where a call to somebody goes, if anywhere. No rule, no call (cms-api 2.13)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from .ids import OutboundRuleId, TenantId
from .profiles import Extras
from .secret import Secret


class FailureAction(StrEnum):
    STOP = "stop"
    CONTINUE = "continue"


class ControlEncryption(StrEnum):
    """Of signalling. AUTO: as the proxy's transport says, without one in the clear."""

    AUTO = "auto"
    ENCRYPTED = "encrypted"
    UNENCRYPTED = "unencrypted"


@dataclass(frozen=True, slots=True)
class OutboundRule:
    """Calls to `domain` (exact, or with a leading `*`) go to `proxy` (host[:port][;transport=]), else straight there.

    Higher priority first. tenant None: for everybody's calls. Credentials answer a challenge of that realm only.
    """

    id: OutboundRuleId
    domain: str
    priority: int = 0
    proxy: str | None = None
    local_contact_domain: str | None = None
    local_from_domain: str | None = None
    failure_action: FailureAction = FailureAction.STOP
    tenant: TenantId | None = None
    username: str | None = None
    password: Secret | None = None
    realm: str | None = None
    control_encryption: ControlEncryption = ControlEncryption.AUTO
    extras: Extras = field(default_factory=dict)


class BadTarget(ValueError):
    """The text names nobody who could be called."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to call. user: as it stands in a URI; domain: lower-case, IPv6 without brackets; port: where it was named.

    secure: asked for with sips. parameters: of the URI, each with its semicolon; only a call that is passed on has any.
    """

    user: str
    domain: str
    port: int | None = None
    secure: bool = False
    parameters: str = ""

    @property
    def uri(self) -> str:
        """The address without transport or parameters."""
        host = f"[{self.domain}]" if ":" in self.domain else self.domain
        port = f":{self.port}" if self.port is not None else ""
        return f"{'sips' if self.secure else 'sip'}:{self.user}@{host}{port}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to a next hop, and in which realm only."""

    username: str
    password: Secret
    realm: str


@dataclass(frozen=True, slots=True)
class Hop:
    """One place to try. transport: udp, tcp or tls; port None: the transport's own.

    contact: a device of ours registered this URI from there; it is called by it, and by the way it came.
    target: who is called there, where it is somebody else than was asked for (a redirection).
    """

    rule: OutboundRuleId
    host: str
    port: int | None = None
    transport: str = "udp"
    failure_action: FailureAction = FailureAction.STOP
    contact_domain: str | None = None
    from_domain: str | None = None
    credentials: Credentials | None = None
    contact: str | None = None
    target: str | None = None


TRANSPORTS = ("udp", "tcp", "tls")
USER_MOST = 128

# What a user part may be made of (RFC 3261 section 25.1), without everything that begins a parameter, a header or a
# password: nothing that is dialled may add to the message it is put into.
_USER = re.compile(rf"(?:[A-Za-z0-9\-_.!~*'()&=+$/]|%[0-9A-Fa-f]{{2}}){{1,{USER_MOST}}}")
_HIDDEN = re.compile(r"%(?:[01][0-9A-Fa-f]|7[Ff])")  # control characters behind an escape
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?)*")
_TELEPHONE = re.compile(r"\+?[0-9*]{1,32}")
_SEPARATORS = re.compile(r"[-.() ]")


def parse_target(text: str, default_domain: str | None) -> Target:
    """sip:user@domain, sips:, tel:number, user@domain or a bare number or name (then at the default domain).

    Raises BadTarget: also for URI parameters, headers and passwords, which have no business in a call of ours.
    """
    text = text.strip()
    scheme, colon, rest = text.partition(":")
    known = scheme.lower() if colon else ""
    if known == "tel":
        number = _SEPARATORS.sub("", rest)
        if not _TELEPHONE.fullmatch(number):
            raise BadTarget("not a telephone number")
        return _at(number, None, default_domain)
    secure = known == "sips"
    address = rest if known in {"sip", "sips"} else text
    user, at, place = address.partition("@")
    if not _USER.fullmatch(user) or _HIDDEN.search(user):
        raise BadTarget("not a user part")
    return _at(user, place if at else None, default_domain, secure)


def _at(user: str, place: str | None, default_domain: str | None, secure: bool = False) -> Target:
    named = default_domain if place is None else place
    if not named:
        raise BadTarget("no domain")
    host, port = parse_place(named)
    return Target(user, host, port, secure)


def parse_place(text: str) -> tuple[str, int | None]:
    """host or host:port; the host in lower case, IPv6 without its brackets. Raises BadTarget."""
    text = text.strip().lower()
    if text.startswith("["):
        host, closing, rest = text[1:].partition("]")
        if not closing or (rest and not rest.startswith(":")):
            raise BadTarget("not a host")
        port = rest[1:]
        bad = not _is_version(host, 6)
    else:
        host, _, port = text.partition(":")
        host = host.removesuffix(".")
        # A name of digits and dots alone is an address or a mistake, never a name.
        bad = not _NAME.fullmatch(host) or (host.rpartition(".")[2].isdigit() and not _is_version(host, 4))
        rest = f":{port}" if ":" in text else ""
    if bad:
        raise BadTarget("not a host")
    if not rest:
        return host, None
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= 65535):
        raise BadTarget("not a port")
    return host, int(port)


def _is_version(host: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(host).version == version
    except ValueError:
        return False


def parse_proxy(text: str) -> tuple[str, int | None, str]:
    """(host, port, transport) of host[:port][;transport=udp|tcp|tls]. Raises BadTarget."""
    place, *parameters = text.split(";")
    transport = "udp"
    for parameter in parameters:
        name, _, value = parameter.strip().lower().partition("=")
        if name != "transport" or value not in TRANSPORTS:
            raise BadTarget("not a transport")
        transport = value
    return (*parse_place(place), transport)


def matches(rule: OutboundRule, domain: str) -> bool:
    """Does the rule's domain cover this one? `*` covers every domain, `*.com` every one that ends with `.com`."""
    wanted = rule.domain.lower()
    return domain.endswith(wanted[1:]) if wanted.startswith("*") else domain == wanted


def routes_for(target: Target, rules: Iterable[OutboundRule], tenant: TenantId | None) -> tuple[Hop, ...]:
    """Where to try a call of this tenant's, in order; empty: nowhere, and then there is no call.

    Higher priority first; at the same priority an exact domain before a wildcard, a longer wildcard before a shorter
    one, and a tenant's own rule before everybody's. A rule of a tenant is for that tenant alone.
    """
    fitting = [rule for rule in rules if rule.tenant in (None, tenant) and matches(rule, target.domain)]
    fitting.sort(key=lambda r: (-r.priority, r.domain.startswith("*"), -len(r.domain), r.tenant is None))
    hops = []
    for rule in fitting:
        try:
            hops.append(_hop(rule, target))
        except BadTarget:
            continue  # a proxy that cannot be read leads nowhere, and neither does one that is not secure enough
    return tuple(hops)


def _hop(rule: OutboundRule, target: Target) -> Hop:
    host, port, transport = (target.domain, target.port, "udp")
    if rule.proxy:
        host, port, transport = parse_proxy(rule.proxy)
    secure = target.secure or rule.control_encryption is ControlEncryption.ENCRYPTED
    if secure and transport != "tls":
        transport = "tls"  # a secure call is never made less secure on the way
    if rule.control_encryption is ControlEncryption.UNENCRYPTED and transport == "tls":
        raise BadTarget("the rule wants no TLS, and the call does")
    credentials = None
    if rule.username and rule.password is not None and rule.realm:
        credentials = Credentials(rule.username, rule.password, rule.realm)
    return Hop(
        rule=rule.id,
        host=host,
        port=port,
        transport=transport,
        failure_action=rule.failure_action,
        contact_domain=rule.local_contact_domain,
        from_domain=rule.local_from_domain,
        credentials=credentials,
    )

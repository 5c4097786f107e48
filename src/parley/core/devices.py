"""SIP devices of users, and where they can be reached (RFC 3261 section 10).

A device has credentials of its own, made up by us; a sign-in password never works for SIP. `registered` is the whole
rule of a registration: what it makes of the addresses that are known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .ids import DeviceId, UserId
from .secret import Secret

BINDINGS_MOST = 5  # of one device
EXPIRES_USUAL, EXPIRES_LEAST, EXPIRES_MOST = 3600, 60, 7200  # seconds


class DigestAlgorithm(StrEnum):
    """What a device is challenged with. Many know nothing but MD5 (sip: how real peers behave)."""

    MD5 = "md5"
    SHA_256 = "sha-256"


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a device is reached. contact: the URI it gave; host, port, transport: whence it said so.

    parameters: of its Contact as it gave them, without expires. instance, reg_id: among these, who the device is
    wherever it is, and which of its ways to us this one is (RFC 5626 section 4.1); empty: it does not say.
    """

    contact: str
    host: str
    port: int
    transport: str
    call_id: str
    cseq: int
    expires: datetime  # UTC
    user_agent: str = ""
    parameters: str = ""
    instance: str = ""
    reg_id: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """username: unique among all devices, lower-case; ha1: of username, realm and password, kept sealed."""

    id: DeviceId
    user: UserId
    username: str
    realm: str
    ha1: Secret
    algorithm: DigestAlgorithm = DigestAlgorithm.MD5
    label: str = ""
    created: datetime | None = None  # UTC
    bindings: tuple[Binding, ...] = ()

    def live(self, now: datetime) -> tuple[Binding, ...]:
        """Those that have not expired, the newest first."""
        return tuple(sorted((b for b in self.bindings if b.expires > now), key=lambda b: b.expires, reverse=True))


def ha1(username: str, realm: str, password: Secret, algorithm: DigestAlgorithm) -> Secret:
    """What is kept of a device's password (RFC 7616 section 3.4.2): hexadecimal."""
    text = f"{username}:{realm}:{password.reveal()}".encode()
    digest = hashlib.md5 if algorithm is DigestAlgorithm.MD5 else hashlib.sha256
    return Secret(digest(text).hexdigest())


@dataclass(frozen=True, slots=True)
class Contact:
    """One address of a REGISTER. expires: seconds, 0 takes it back; the others as in Binding."""

    uri: str
    expires: int
    parameters: str = ""
    instance: str = ""
    reg_id: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """One REGISTER. contacts None: take back every address (`*`); empty: only ask."""

    contacts: tuple[Contact, ...] | None
    call_id: str
    cseq: int
    host: str
    port: int
    transport: str
    user_agent: str = ""


class RegistrationRefused(Exception):
    """why: interval (too brief), too-many, out-of-order."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def registered(known: Sequence[Binding], wish: Registration, now: datetime) -> tuple[Binding, ...]:
    """The bindings after it. Raises RegistrationRefused, and then nothing has changed.

    A request of the same Call-ID that is older than what is known is out of order (RFC 3261 10.3, step 7).
    """
    kept = [binding for binding in known if binding.expires > now]
    if wish.contacts is None:
        for binding in kept:
            _check_order(binding, wish)
        return ()
    added: dict[str, Binding] = {}
    for contact in wish.contacts:
        if 0 < contact.expires < EXPIRES_LEAST:
            raise RegistrationRefused("interval")
        for old in [binding for binding in kept if _is_same(binding, contact)]:
            _check_order(old, wish)
            kept.remove(old)
        added.pop(contact.uri, None)
        if contact.expires:
            added[contact.uri] = _binding(contact, wish, now)
    after = (*kept, *added.values())
    if len(after) > BINDINGS_MOST:
        raise RegistrationRefused("too-many")
    return after


def one_way_each(bindings: Iterable[Binding]) -> list[Binding]:
    """Without the further ways to devices that say who they are: nobody's phone rings twice (RFC 5626 section 6)."""
    chosen: list[Binding] = []
    for binding in bindings:
        if not binding.instance or all(binding.instance != other.instance for other in chosen):
            chosen.append(binding)
    return chosen


def _is_same(binding: Binding, contact: Contact) -> bool:
    """The same address, or the same way to a device that says who it is: it has moved (RFC 5626 section 6)."""
    moved = bool(contact.instance) and (binding.instance, binding.reg_id) == (contact.instance, contact.reg_id)
    return moved or binding.contact == contact.uri


def _check_order(binding: Binding, wish: Registration) -> None:
    if binding.call_id == wish.call_id and wish.cseq <= binding.cseq:
        raise RegistrationRefused("out-of-order")


def _binding(contact: Contact, wish: Registration, now: datetime) -> Binding:
    seconds = min(contact.expires, EXPIRES_MOST)
    return Binding(
        contact=contact.uri,
        host=wish.host,
        port=wish.port,
        transport=wish.transport,
        call_id=wish.call_id,
        cseq=wish.cseq,
        expires=now + timedelta(seconds=seconds),
        user_agent=wish.user_agent,
        parameters=contact.parameters,
        instance=contact.instance,
        reg_id=contact.reg_id,
    )

"""Who counts as invited to a conference, and whom the word of a trusted network means."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from .conferences import Conference
from .people import User

_SEPARATORS = re.compile(r"[-\s()./]")  # what people put between digits (RFC 3966, visual separators)
_NUMBER = re.compile(r"\+?[0-9]{2,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller as a network knows him. domain is empty where it asserts a bare telephone number."""

    user: str
    domain: str = ""

    @property
    def number(self) -> str | None:
        """Without separators, a + kept; None: it is a name."""
        return _number(self.user)


def identity_of(uri: str) -> Identity | None:
    """Of `sip:user@host` or `tel:number`, in lower case, without parameters. None: it names nobody."""
    scheme, colon, rest = uri.strip().lower().partition(":")
    if not colon or scheme not in {"sip", "sips", "tel"}:
        return None
    user, at, domain = rest.partition(";")[0].rpartition("@")
    if not at:
        return Identity(domain) if scheme == "tel" and _number(domain) else None
    return Identity(user, domain) if scheme != "tel" and user and domain else None


def is_of(text: str, identity: Identity, own_domains: Collection[str]) -> bool:
    """Does this address, account or telephone number mean that identity?

    A number means the same wherever it comes from; a name only at the domain that it stands with, or where it stands
    alone at a domain of ours.
    """
    wanted = text.strip().lower().partition(";")[0]
    for scheme in ("sips:", "sip:", "tel:"):
        wanted = wanted.removeprefix(scheme)
    user, at, domain = wanted.rpartition("@")
    if at and domain not in own_domains:
        return wanted == f"{identity.user}@{identity.domain}"
    name = user if at else domain
    number = _number(name)
    if number is not None:
        return number == identity.number
    return bool(name) and name == identity.user and identity.domain in own_domains


def is_invited(conference: Conference, user: User) -> bool:
    """Is it the organiser, or among the attendees by account or by an address that is the user's own?"""
    if conference.organiser == user.id or any(one.user == user.id for one in conference.attendees):
        return True
    own = {name.lower() for name in (user.jid, user.account, user.number) if name}
    addresses = (one.address.lower() for one in conference.attendees)
    return any(address.removeprefix("sips:").removeprefix("sip:") in own for address in addresses)


def invites(conference: Conference, identity: Identity, own_domains: Collection[str]) -> bool:
    """Is somebody invited whom this identity means, by the address to dial or the number for messages?"""
    texts = (text for one in conference.attendees for text in (one.address, one.sms) if text)
    return any(is_of(text, identity, own_domains) for text in texts)


def _number(text: str) -> str | None:
    plain = _SEPARATORS.sub("", text)
    return plain if _NUMBER.fullmatch(plain) else None

"""DTLS-SRTP in SDP, without ICE (RFC 5763, RFC 8122, RFC 8842): whose certificate, and who begins the handshake."""

import re
from dataclasses import dataclass

from parley.wire.sdp import Attribute, Media, Session

SECURE_BY_DTLS = frozenset({"UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"})
PROTOCOL = "UDP/TLS/RTP/SAVP"
FINGERPRINTS_MOST = 16  # of one section that are looked at

_SHA256 = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){31}")
_SETUPS = frozenset({"actpass", "active", "passive"})


@dataclass(frozen=True, slots=True)
class Dtls:
    """One end. fingerprint: "AB:CD:..." of SHA-256; setup: actpass, active or passive."""

    fingerprint: str
    setup: str

    @property
    def attributes(self) -> list[Attribute]:
        return [("setup", self.setup), ("fingerprint", f"sha-256 {self.fingerprint}")]


@dataclass(frozen=True, slots=True)
class Agreed:
    """What an offer and its answer say together. client: we begin the handshake."""

    fingerprint: str
    client: bool


def read_dtls(session: Session, media: Media, default_setup: str = "active") -> Dtls | None:
    """What a section says; None where it names no certificate by SHA-256, or wants no connection now (holdconn).

    default_setup: where no role is told; active in an offer and passive in an answer (RFC 4145 section 4).
    """
    values = [value for name, value in media.attributes if name == "fingerprint"]
    values = values or [value for name, value in session.attributes if name == "fingerprint"]
    for value in values[:FINGERPRINTS_MOST]:
        kind, _, digits = (value or "").partition(" ")
        digits = digits.strip().upper()
        if kind.lower() == "sha-256" and _SHA256.fullmatch(digits):
            told = media.get("setup")
            setup = ((session.get("setup") if told is None else told) or default_setup).strip().lower()
            return Dtls(digits, setup) if setup in _SETUPS else None
    return None


def answered(offered: Dtls, fingerprint: str, began: bool = False) -> tuple[Dtls, Agreed]:
    """Our end against what is offered, and what that agrees. began: in this call it was us, and who leaves the choice
    to us is told so again (RFC 8842 section 5.3).

    Else who leaves it to us begins: what a phone behind address translation sends first shows us the way to it.
    """
    client = offered.setup == "passive" or (began and offered.setup == "actpass")
    return Dtls(fingerprint, "active" if client else "passive"), Agreed(offered.fingerprint, client)


def taken(ours: Dtls, answer: Dtls) -> Agreed | None:
    """What an answer to our offer agrees; None where both would wait for, or begin with, the other."""
    if answer.setup in {"actpass", ours.setup}:
        return None
    return Agreed(answer.fingerprint, answer.setup == "passive")

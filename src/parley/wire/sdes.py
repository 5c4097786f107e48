"""Keys of SRTP in SDP (RFC 4568, RFC 7714 section 14.2): the crypto attribute, read and written.

The keys stand in the description as plain text: they are as secret as the signalling that carries it.
"""

import base64
import binascii
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from parley.wire.sdp import Media

# Bytes of master key and salt together, by suite. What an offerer likes best is taken.
SUITES = {"AES_CM_128_HMAC_SHA1_80": 30, "AES_CM_128_HMAC_SHA1_32": 30, "AEAD_AES_128_GCM": 28}
OFFERED = "AES_CM_128_HMAC_SHA1_80"  # the one that every implementation has (RFC 4568 section 6.2)

SECURE = frozenset({"RTP/SAVP", "RTP/SAVPF"})


@dataclass(frozen=True, slots=True)
class Crypto:
    """One end's key for what it sends. tag: the offerer's number for the line; key: master key and salt."""

    tag: str
    suite: str
    key: bytes = field(repr=False)

    @property
    def line(self) -> str:
        """The value of its crypto attribute."""
        return f"{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class Keys:
    """What two ends agreed: one suite, and the key of each."""

    theirs: Crypto
    ours: Crypto


def read_crypto(value: str) -> Crypto | None:
    """The key of one crypto attribute; None when we cannot do what it asks for (RFC 4568 section 5.1.2).

    Several keys, key identifiers in every packet (MKI) and session parameters that weaken the protection are beyond us.
    A lifetime is not counted: the shortest of common ones (2^20 packets) outlasts five hours.
    """
    tag, suite, parameters, *session = (*value.split(), "", "", "")
    length = SUITES.get(suite.upper())
    if length is None or not (tag.isascii() and tag.isdigit() and len(tag) <= 9):
        return None
    if not all(_harmless(parameter) for parameter in session if parameter):
        return None
    method, _, info = parameters.partition(":")
    text, *rest = info.split("|")
    if method.lower() != "inline" or ";" in info or any(":" in part for part in rest):
        return None
    key = _bytes(text)
    return Crypto(tag, suite.upper(), key) if key is not None and len(key) == length else None


def _harmless(parameter: str) -> bool:
    """A hint on the window, or what may be ignored by its leading hyphen (RFC 4568 sections 6.3.6 and 6.3.7)."""
    return parameter.upper().startswith("WSH=") or parameter.startswith("-")


def _bytes(text: str) -> bytes | None:
    if len(text) > 64:
        return None
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def first_crypto(media: Media) -> Crypto | None:
    """The first key of a section that we can use: the offerer's order is one of preference."""
    values = (value for name, value in media.attributes if name == "crypto" and value)
    return next((crypto for crypto in map(read_crypto, values) if crypto is not None), None)


def crypto_of(media: Media, theirs: Crypto) -> Crypto | None:
    """The key of a section that answers `theirs` or is answered by it: the same tag and suite."""
    values = [value for name, value in media.attributes if name == "crypto" and value]
    found = [crypto for crypto in map(read_crypto, values) if crypto is not None]
    return next((crypto for crypto in found if (crypto.tag, crypto.suite) == (theirs.tag, theirs.suite)), None)


class OurKeys:
    """Our key against each of theirs in one call: the same one while theirs stays, another for another of theirs.

    A key that stays goes on with its counters; a new one on one side only would leave the ends apart on them.
    """

    def __init__(self, dice: Callable[[int], bytes] = secrets.token_bytes, known: Keys | None = None) -> None:
        """known: what was agreed in this call already."""
        self._dice = dice
        self._keys = known

    @property
    def known(self) -> Keys | None:
        """What was agreed last."""
        return self._keys

    def against(self, theirs: Crypto) -> Crypto:
        known = self._keys
        if known is not None and (known.theirs.suite, known.theirs.key) == (theirs.suite, theirs.key):
            ours = Crypto(theirs.tag, theirs.suite, known.ours.key)
        else:
            ours = Crypto(theirs.tag, theirs.suite, self._dice(SUITES[theirs.suite]))
        self._keys = Keys(theirs, ours)
        return ours

    def first(self) -> Crypto:
        """For an offer of ours."""
        return Crypto("1", OFFERED, self._dice(SUITES[OFFERED]))

    def agreed(self, keys: Keys) -> None:
        """An answer to our offer has come."""
        self._keys = keys

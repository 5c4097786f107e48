"""SRTP and SRTCP of one leg (RFC 3711, RFC 7714): with the keys that DTLS agreed (RFC 5764) for a browser's, with those
of SDP (RFC 4568) for a phone's."""

from __future__ import annotations

from typing import NamedTuple

from pylibsrtp import Error, Policy, Session

from parley.engine.messages import SrtpKeys
from parley.wire.rtp import is_rtcp

LONGEST = 1500  # what libsrtp's binding has room for, the tag included
# Each new source costs libsrtp a stream: an honest browser has one or two, and a restarted one a few more.
MOST_SOURCES = 32
# Old packets that may still come: 5 s of voice. Loss is concealed long before.
WINDOW = 256


class Profile(NamedTuple):
    """A protection profile of RFC 5764 section 4.1.2 and RFC 7714 section 14.2. Lengths are bytes."""

    libsrtp: int
    key: int
    salt: int


# By OpenSSL's name, the one we like best first.
PROFILES = {
    b"SRTP_AEAD_AES_128_GCM": Profile(Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
    b"SRTP_AES128_CM_SHA1_80": Profile(Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
}


# By RFC 4568's name, for phones.
SUITES = {
    "AEAD_AES_128_GCM": PROFILES[b"SRTP_AEAD_AES_128_GCM"],
    "AES_CM_128_HMAC_SHA1_80": PROFILES[b"SRTP_AES128_CM_SHA1_80"],
    "AES_CM_128_HMAC_SHA1_32": Profile(Policy.SRTP_PROFILE_AES128_CM_SHA1_32, 16, 14),
}


class Inbound:
    """What one key of theirs protects, from a bounded number of sources."""

    def __init__(self, profile: Profile, key: bytes) -> None:
        """key: with its salt behind it."""
        policy = Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile.libsrtp)
        policy.window_size = WINDOW
        self._session = Session(policy)
        self._sources: set[bytes] = set()

    def open(self, data: bytes) -> bytes | None:
        """The plain packet; None when it is not authentic, a copy, or of one source too many."""
        rtcp = is_rtcp(data)
        source = data[4:8] if rtcp else data[8:12]
        if len(data) > LONGEST or (source not in self._sources and len(self._sources) >= MOST_SOURCES):
            return None
        try:
            plain = self._session.unprotect_rtcp(data) if rtcp else self._session.unprotect(data)
        except (Error, TypeError):
            return None
        self._sources.add(source)
        return plain


class Outbound:
    """What one key of ours protects."""

    def __init__(self, profile: Profile, key: bytes) -> None:
        """key: with its salt behind it."""
        policy = Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile.libsrtp)
        policy.window_size = WINDOW
        self._session = Session(policy)

    def close(self, data: bytes) -> bytes:
        """One RTP packet of ours, protected."""
        return self._session.protect(data)

    def close_report(self, data: bytes) -> bytes:
        """One compound RTCP packet of ours, protected."""
        return self._session.protect_rtcp(data)


class SrtpPair:
    """Both directions of one association. One SSRC goes out, a bounded number comes in."""

    def __init__(self, profile: Profile, material: bytes, *, server: bool = True) -> None:
        """material: client key, server key, client salt, server salt (RFC 5764 section 4.2)."""
        key, salt = profile.key, profile.salt
        client = material[:key] + material[2 * key : 2 * key + salt]
        ours = material[key : 2 * key] + material[2 * key + salt :]
        if not server:
            client, ours = ours, client
        inbound, outbound = Inbound(profile, client), Outbound(profile, ours)
        self.open, self.close, self.close_report = inbound.open, outbound.close, outbound.close_report


class PhoneSrtp:
    """SRTP with keys out of SDP, which may change in the middle of a call (RFC 4568 section 7.1.4)."""

    def __init__(self, keys: SrtpKeys) -> None:
        self._keys = keys
        self._in = Inbound(SUITES[keys.suite], keys.theirs)
        self._out = Outbound(SUITES[keys.suite], keys.ours)
        self._former: Inbound | None = None  # until a packet by the new key comes: those before it are on their way

    @property
    def suite(self) -> str:
        return self._keys.suite

    def change(self, keys: SrtpKeys) -> None:
        """A key that stays keeps its counters: the far end goes on with them too."""
        before, self._keys = self._keys, keys
        if (keys.suite, keys.theirs) != (before.suite, before.theirs):
            self._former, self._in = self._in, Inbound(SUITES[keys.suite], keys.theirs)
        if (keys.suite, keys.ours) != (before.suite, before.ours):
            self._out = Outbound(SUITES[keys.suite], keys.ours)

    def open(self, data: bytes) -> bytes | None:
        """As Inbound's."""
        plain = self._in.open(data)
        if plain is not None:
            self._former = None
            return plain
        return None if self._former is None else self._former.open(data)

    def close(self, data: bytes) -> bytes:
        return self._out.close(data)

    def close_report(self, data: bytes) -> bytes:
        return self._out.close_report(data)

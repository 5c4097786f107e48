"""SRTP and SRTCP of one browser's leg (RFC 3711, RFC 7714), with the keys that DTLS agreed (RFC 5764)."""

from __future__ import annotations

from typing import NamedTuple

from pylibsrtp import Error, Policy, Session

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


class SrtpPair:
    """Both directions of one association. One SSRC goes out, a bounded number comes in."""

    def __init__(self, profile: Profile, material: bytes, *, server: bool = True) -> None:
        """material: client key, server key, client salt, server salt (RFC 5764 section 4.2)."""
        key, salt = profile.key, profile.salt
        client = material[:key] + material[2 * key : 2 * key + salt]
        ours = material[key : 2 * key] + material[2 * key + salt :]
        if not server:
            client, ours = ours, client
        inbound = Policy(key=client, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile.libsrtp)
        outbound = Policy(key=ours, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile.libsrtp)
        inbound.window_size = outbound.window_size = WINDOW
        self._in, self._out = Session(inbound), Session(outbound)
        self._sources: set[bytes] = set()

    def open(self, data: bytes) -> bytes | None:
        """The plain packet; None when it is not authentic, a copy, or of one source too many."""
        rtcp = is_rtcp(data)
        source = data[4:8] if rtcp else data[8:12]
        if len(data) > LONGEST or (source not in self._sources and len(self._sources) >= MOST_SOURCES):
            return None
        try:
            plain = self._in.unprotect_rtcp(data) if rtcp else self._in.unprotect(data)
        except (Error, TypeError):
            return None
        self._sources.add(source)
        return plain

    def close(self, data: bytes) -> bytes:
        """One RTP packet of ours, protected."""
        return self._out.protect(data)

    def close_report(self, data: bytes) -> bytes:
        """One compound RTCP packet of ours, protected."""
        return self._out.protect_rtcp(data)

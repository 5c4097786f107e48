"""SRTP and SRTCP of one leg (RFC 3711, RFC 7714): with the keys that DTLS agreed (RFC 5764) for a browser's, with those
of SDP (RFC 4568) for a phone's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pylibsrtp import Error, Policy, Session

from parley.engine.messages import SrtpKeys
from parley.wire.rtp import build_rtp, is_rtcp, unwrap

LONGEST = 1500  # what libsrtp's binding has room for, the tag included
# Each new source that is authentic costs libsrtp a stream.
MOST_SOURCES = 32
# Old packets that may still come: 5 s of voice. Loss is concealed long before.
WINDOW = 256
RTCP_TAG = 10  # bytes, also where RTP's is shorter (RFC 4568 section 6.2.2)
AEAD_SALT = 12


# libsrtp's binding cannot set how often the sequence number has turned, so a new session is led there by packets of our
# own that nobody ever sees, in steps that it takes for progress (RFC 3711 section 3.3.1: less than 2**15).
STEP = 0x7000


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
        self._profile, self._key = profile, key
        self._session = Session(policy)
        self._reports: dict[bytes, int] = {}  # SSRC -> the highest index of its reports
        self._reports_before: dict[bytes, int] = {}  # the same, of which another session has heard
        self._sources: dict[bytes, int] = {}  # SSRC -> its highest sequence number, counted over its turns; -1: none

    def open(self, data: bytes) -> bytes | None:
        """The plain packet; None when it is not authentic or a copy. Of too many sources the one that has been silent
        for longest is forgotten: a phone may take another for each hold of a long call."""
        rtcp = is_rtcp(data)
        source = data[4:8] if rtcp else data[8:12]
        if len(data) > LONGEST or (rtcp and self._index_of(data) <= self._reports_before.get(source, -1)):
            return None
        try:
            plain = self._session.unprotect_rtcp(data) if rtcp else self._session.unprotect(data)
        except (Error, TypeError):
            return None
        before = self._sources.pop(source, -1)
        if rtcp:
            self._reports[source] = max(self._index_of(data), self._reports.get(source, -1))
        else:
            sequence = data[2] << 8 | data[3]
            before = sequence if before < 0 else max(before, unwrap(sequence, before, 16))
        self._sources[source] = before  # the dictionary's order is that of the last packets
        if len(self._sources) > MOST_SOURCES:
            silent = next(iter(self._sources))
            del self._sources[silent]
            self._reports.pop(silent, None)
            self._session.remove_stream(int.from_bytes(silent, "big"))
        return plain

    def heard(self) -> dict[int, int]:
        """The highest sequence numbers, counted over their turns, by SSRC."""
        return {int.from_bytes(source, "big"): last for source, last in self._sources.items() if last >= 0}

    def _index_of(self, data: bytes) -> int:
        """The counter of a protected report (RFC 3711 section 3.4; RFC 7714 section 9.2: behind the tag)."""
        end = len(data) if self._profile.salt == AEAD_SALT else len(data) - RTCP_TAG
        return int.from_bytes(data[end - 4 : end], "big") & 0x7FFFFFFF

    def reports(self) -> dict[int, int]:
        """The highest counters of reports, by SSRC."""
        return {int.from_bytes(source, "big"): last for source, last in self._reports.items()}

    def hear_on(self, heard: dict[int, int], reports: dict[int, int] | None = None) -> None:
        """Go on with streams of which another session has heard so much. Every number up to there counts as heard: a
        copy of what came before must not be new to this session (RFC 3711 section 3.3.2), though it costs a packet
        that is late by the hand-over itself."""
        self._reports = {ssrc.to_bytes(4, "big"): last for ssrc, last in (reports or {}).items()}
        self._reports_before = dict(self._reports)
        far = Outbound(self._profile, self._key)
        for ssrc, last in heard.items():
            for data in _leading_to(ssrc, last, behind=WINDOW - 1):
                self.open(far.close(data))


class Outbound:
    """What one key of ours protects."""

    def __init__(self, profile: Profile, key: bytes) -> None:
        """key: with its salt behind it."""
        policy = Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile.libsrtp)
        policy.window_size = WINDOW
        self._session = Session(policy)
        self._last = -1  # sequence number, counted over its turns
        self._reports = 0

    def close(self, data: bytes) -> bytes:
        """One RTP packet of ours, protected."""
        sequence = data[2] << 8 | data[3]
        self._last = sequence if self._last < 0 else unwrap(sequence, self._last, 16)
        return self._session.protect(data)

    def close_report(self, data: bytes) -> bytes:
        """One compound RTCP packet of ours, protected."""
        self._reports += 1
        return self._session.protect_rtcp(data)

    @property
    def sealed(self) -> tuple[int, int]:
        """The last sequence number, counted over its turns (-1: none), and how many reports there were."""
        return self._last, self._reports

    def seal_on(self, ssrc: int, last: int, reports: int) -> None:
        """Go on with a stream exactly where another session has left it: no counter may be used twice."""
        if last >= 0:
            for data in _leading_to(ssrc, last):
                self.close(data)
        report = b"\x80\xc9\0\1" + ssrc.to_bytes(4, "big")  # an empty receiver report
        for _ in range(reports):
            self.close_report(report)


def _leading_to(ssrc: int, last: int, behind: int = 0) -> Iterator[bytes]:
    """Packets whose sequence numbers go up to one that is counted over its turns; without a gap from so many behind."""
    dense = max(last - behind, 0)
    for number in (*range(dense % STEP, dense, STEP), *range(dense, last + 1)):
        yield build_rtp(0, number & 0xFFFF, 0, ssrc, b"\0")


class SrtpPair:
    """Both directions of one association. One SSRC goes out, a bounded number comes in."""

    def __init__(self, profile: Profile, material: bytes, *, server: bool = True) -> None:
        """material: client key, server key, client salt, server salt (RFC 5764 section 4.2)."""
        key, salt = profile.key, profile.salt
        client = material[:key] + material[2 * key : 2 * key + salt]
        ours = material[key : 2 * key] + material[2 * key + salt :]
        if not server:
            client, ours = ours, client
        inbound, self._out = Inbound(profile, client), Outbound(profile, ours)
        self.open, self.close, self.close_report = inbound.open, self._out.close, self._out.close_report
        self.heard, self.reports = inbound.heard, inbound.reports
        suite = next(name for name, known in SUITES.items() if known == profile)
        self.keys = SrtpKeys(suite=suite, theirs=client, ours=ours)

    @property
    def sealed(self) -> tuple[int, int]:
        return self._out.sealed


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

    def heard(self) -> dict[int, int]:
        return self._in.heard()

    def reports(self) -> dict[int, int]:
        return self._in.reports()

    def hear_on(self, heard: dict[int, int], reports: dict[int, int] | None = None) -> None:
        self._in.hear_on(heard, reports)

    @property
    def sealed(self) -> tuple[int, int]:
        return self._out.sealed

    def seal_on(self, ssrc: int, last: int, reports: int) -> None:
        self._out.seal_on(ssrc, last, reports)

    def close(self, data: bytes) -> bytes:
        return self._out.close(data)

    def close_report(self, data: bytes) -> bytes:
        return self._out.close_report(data)

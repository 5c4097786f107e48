"""DTLS-SRTP in SDP (RFC 5763, RFC 8122, RFC 8842): roles, certificates, and which way to keys is taken."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.wire.dtls_sdp import Agreed, read_dtls
from parley.wire.offer_answer import PCMU, Audio, Local, make_answer, make_offer, read_answer
from parley.wire.sdes import OurKeys
from parley.wire.sdp import SdpMistake, Session, parse
from parley.wire.web_sdp import read_offer

THEIRS = ":".join(["AB"] * 32)
OURS = ":".join(["01"] * 32)
LOCAL = Local("192.0.2.1", 20000, 7)
KEY = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40


def offer(protocol: str = "UDP/TLS/RTP/SAVP", *lines: str, head: str = "") -> Session:
    told = lines or (f"a=fingerprint:sha-256 {THEIRS}", "a=setup:actpass")
    text = (
        f"v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n{head}m=audio 4000 {protocol} 0\r\n"
    )
    return parse((text + "".join(f"{line}\r\n" for line in told)).encode())


def answered(session: Session, secure: bool | None = None, fingerprint: str | None = OURS) -> tuple[Session, Audio]:
    answer = make_answer(session, LOCAL, preferences=(PCMU,), keys=OurKeys(), secure=secure, fingerprint=fingerprint)
    assert answer.audio is not None
    return answer.session, answer.audio


@pytest.mark.parametrize("protocol", ["UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF", "RTP/AVP", "RTP/SAVP"])
@pytest.mark.parametrize(
    ("setup", "ours", "client"),
    [("actpass", "passive", False), ("active", "passive", False), ("passive", "active", True)],
)
def test_the_role_is_the_one_that_the_offer_leaves(protocol: str, setup: str, ours: str, client: bool) -> None:
    """Who may choose waits; the answer names our certificate and keeps the profile."""
    session, audio = answered(offer(protocol, f"a=fingerprint:SHA-256 {THEIRS.lower()}", f"a=setup:{setup}"))
    (media,) = session.media
    assert audio.dtls == Agreed(THEIRS, client) and audio.keys is None
    assert (media.protocol, media.get("setup"), media.get("fingerprint")) == (protocol, ours, f"sha-256 {OURS}")
    assert media.get("rtcp-mux") is None and media.get("crypto") is None


def test_what_stands_for_the_whole_session_counts_for_its_audio() -> None:
    """Fingerprint and role before the first section; rtcp-mux is answered where it is offered."""
    head = f"a=fingerprint:sha-256 {THEIRS}\r\na=setup:passive\r\n"
    session, audio = answered(offer("UDP/TLS/RTP/SAVPF", "a=rtcp-mux", head=head))
    assert audio.dtls == Agreed(THEIRS, client=True) and audio.rtcp_mux
    assert session.media[0].get("rtcp-mux") is not None


@pytest.mark.parametrize(
    "lines",
    [
        ("a=setup:actpass",),
        ("a=fingerprint:sha-1 AB:CD", "a=setup:actpass"),
        (f"a=fingerprint:sha-256 {THEIRS}:AB", "a=setup:actpass"),
        (f"a=fingerprint:sha-256 {THEIRS}", "a=setup:holdconn"),
        (KEY,),
    ],
)
def test_without_a_certificate_that_we_can_check_there_is_no_answer(lines: tuple[str, ...]) -> None:
    """A profile of DTLS without SHA-256, or that wants no connection now: keys in SDP do not stand in for it."""
    assert make_answer(offer("UDP/TLS/RTP/SAVP", *lines), LOCAL, keys=OurKeys(), fingerprint=OURS).audio is None


@pytest.mark.parametrize(
    ("protocol", "lines", "secure", "expected"),
    [
        ("RTP/AVP", (f"a=fingerprint:sha-256 {THEIRS}", "a=setup:active", KEY), None, "dtls"),
        ("RTP/AVP", (f"a=fingerprint:sha-256 {THEIRS}", "a=setup:active", KEY), False, "plain"),
        ("RTP/SAVP", (KEY,), None, "sdes"),
        ("RTP/SAVP", (KEY,), False, "none"),
        ("RTP/AVP", (KEY,), True, "sdes"),
        ("UDP/TLS/RTP/SAVP", (f"a=fingerprint:sha-256 {THEIRS}", "a=setup:active"), False, "none"),
        ("RTP/AVP", ("a=ptime:20",), True, "none"),
    ],
)
def test_the_best_way_to_keys_that_may_be_taken_is(
    protocol: str, lines: tuple[str, ...], secure: bool | None, expected: str
) -> None:
    """By DTLS before in SDP before none, as far as asked for."""
    answer = make_answer(offer(protocol, *lines), LOCAL, keys=OurKeys(), secure=secure, fingerprint=OURS)
    audio = answer.audio
    told = "none" if audio is None else "dtls" if audio.dtls else "sdes" if audio.keys else "plain"
    assert told == expected


def test_of_two_sections_the_plain_one_is_taken_where_it_must_be() -> None:
    """Every section is answered; the other one by port 0."""
    both = offer()
    both.media.append(offer("RTP/AVP", "a=ptime:20").media[0])
    session, audio = answered(both)
    assert audio.dtls is not None and [media.port for media in session.media] == [20000, 0]
    session, audio = answered(both, secure=False)
    assert audio.plain and [media.port for media in session.media] == [0, 20000]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((f"a=fingerprint:sha-256 {THEIRS}", "a=setup:active", "a=rtcp-mux"), Agreed(THEIRS, False)),
        ((f"a=fingerprint:sha-256 {THEIRS}", "a=setup:passive"), Agreed(THEIRS, True)),
        ((f"a=fingerprint:sha-256 {THEIRS}",), Agreed(THEIRS, True)),
        ((f"a=fingerprint:sha-256 {THEIRS}", "a=setup:actpass"), None),
        (("a=setup:active",), None),
    ],
)
def test_what_an_answer_to_our_offer_agrees(lines: tuple[str, ...], expected: Agreed | None) -> None:
    """An answer without certificate or with no role of its own is none."""
    ours = make_offer(LOCAL, preferences=(PCMU,), fingerprint=OURS)
    assert (ours.media[0].protocol, ours.media[0].get("setup")) == ("UDP/TLS/RTP/SAVP", "actpass")
    audio = read_answer(ours, offer("UDP/TLS/RTP/SAVP", *lines))
    assert (audio.dtls if audio is not None else None) == expected
    assert read_answer(ours, offer("RTP/AVP", *lines)) is None


PIECES = st.sampled_from(
    ["a=fingerprint:", "sha-256 ", THEIRS, "AB:", "a=setup:", "actpass", "passive", "a=rtcp-mux", "a=ice-ufrag:",
     "abcd", "a=ice-pwd:", "x" * 22, "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", "a=rtpmap:111 opus/48000/2\r\n", "\r\n",
     "a=mid:0\r\n",
     "a=group:BUNDLE 0\r\n", "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n", "\udc80", "é", " "]
)  # fmt: skip


@settings(max_examples=300, deadline=1000)
@given(st.lists(PIECES | st.text(max_size=8), max_size=40).map("".join))
def test_whatever_stands_there_reading_raises_nothing_but_its_mistake(text: str) -> None:
    """Readers of certificates and of pages' offers are total, and what was agreed can be told."""
    whole = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0 111\r\n" + text
    with contextlib.suppress(SdpMistake):
        read_offer(whole)
    try:
        session = parse(whole.encode("utf-8", "surrogatepass"))
    except SdpMistake:
        return
    for media in session.media:
        found = read_dtls(session, media)
        assert found is None or found.fingerprint == THEIRS
    answer = make_answer(session, LOCAL, preferences=(PCMU,), keys=OurKeys(), fingerprint=OURS)
    assert parse(answer.session.serialise()).media is not None

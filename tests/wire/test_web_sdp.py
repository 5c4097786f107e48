"""Offers of real browsers (Chromium 156, Firefox 153) are read and answered; anything else is refused in words."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.wire import sdp
from parley.wire.sdp import SdpMistake
from parley.wire.web_sdp import AUDIO_LEVEL, WebAnswerer, answer, make_offer, read_offer

OFFERS = {path.stem: path.read_text() for path in sorted((Path(__file__).parent / "offers").glob("*.sdp"))}
OURS = WebAnswerer(
    addresses=("192.0.2.9", "2001:db8::9"),
    port=10000,
    ufrag="oursfrag",
    password="ours" * 8,
    fingerprint=":".join(["AB"] * 32),
    session=77,
    version=2,
)
CHROMIUM = OFFERS["chromium"]


@pytest.mark.parametrize(
    ("name", "opus", "events", "direction", "level"),
    [
        ("chromium", 111, (110, 48000), "sendrecv", 1),
        ("chromium_listens", 111, (110, 48000), "sendonly", 1),
        ("chromium_camera", 111, (110, 48000), "sendrecv", 1),
        ("firefox", 109, (101, 8000), "sendrecv", 1),
        ("firefox_listens", 109, (101, 8000), "sendonly", 1),
        ("firefox_camera", 109, (101, 8000), "sendrecv", 1),
    ],
)
def test_an_offer_is_read(name: str, opus: int, events: tuple[int, int], direction: str, level: int) -> None:
    """Payload types, key presses, our direction and the extension of levels come out of each browser's offer."""
    offer = read_offer(OFFERS[name])
    assert offer.opus.payload == opus
    assert offer.events is not None and (offer.events.payload, offer.events.clock) == events
    assert (offer.direction, offer.level_extension, offer.setup) == (direction, level, "actpass")
    text = OFFERS[name]
    assert f"a=ice-ufrag:{offer.ufrag}\n" in text and f"a=ice-pwd:{offer.password}\n" in text
    assert f"a=fingerprint:sha-256 {offer.fingerprint}\n" in text


@pytest.mark.parametrize("name", sorted(OFFERS))
def test_an_answer_keeps_the_sections_and_takes_one(name: str) -> None:
    """The same sections in the same order with the same mids; audio taken, the others refused and out of the bundle."""
    offered = sdp.parse(OFFERS[name].encode())
    answered = sdp.parse(answer(read_offer(OFFERS[name]), OURS).encode())
    assert [media.kind for media in answered.media] == [media.kind for media in offered.media]
    assert [media.get("mid") for media in answered.media] == [media.get("mid") for media in offered.media]
    assert [media.protocol for media in answered.media] == [media.protocol for media in offered.media]
    assert [media.port for media in answered.media] == [10000] + [0] * (len(offered.media) - 1)
    assert answered.get("group") == "BUNDLE 0"
    assert answered.get("ice-lite") == ""


def test_the_answer_line_by_line() -> None:
    """What a browser is told, in full: a change of any line is meant."""
    assert answer(read_offer(CHROMIUM), OURS).split("\r\n") == [
        "v=0",
        "o=- 77 2 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        "a=group:BUNDLE 0",
        "m=audio 10000 UDP/TLS/RTP/SAVPF 111 110",
        "c=IN IP4 192.0.2.9",
        "a=mid:0",
        "a=sendrecv",
        "a=msid:parley meeting",
        "a=rtcp-mux",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:110 telephone-event/48000",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=fmtp:110 0-15",
        f"a=extmap:1 {AUDIO_LEVEL}",
        "a=setup:passive",
        "a=ice-ufrag:oursfrag",
        "a=ice-pwd:" + "ours" * 8,
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=candidate:1 1 udp 2130706431 192.0.2.9 10000 typ host",
        "a=candidate:2 1 udp 2130706175 2001:db8::9 10000 typ host",
        "a=end-of-candidates",
        "",
    ]


def test_an_answer_in_the_listeners_direction() -> None:
    """Who only listens is sent to, and who only speaks is answered without a stream of ours."""
    assert "a=sendonly\r\n" in answer(read_offer(OFFERS["firefox_listens"]), OURS)
    speaks = answer(read_offer(CHROMIUM.replace("a=sendrecv", "a=sendonly")), OURS)
    assert "a=recvonly\r\n" in speaks and "a=msid" not in speaks


def without(name: str) -> str:
    return "".join(line for line in CHROMIUM.splitlines(True) if not line.startswith(f"a={name}"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no session description"),
        ("v=0\r\n", "no audio section"),
        (OFFERS["chromium_camera"].replace("m=audio 9 ", "m=audio 0 "), "no audio section"),
        (CHROMIUM.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), "RTP/AVP"),
        (CHROMIUM.replace("opus/48000/2", "opus/48000"), "opus/48000/2"),
        (without("rtcp-mux"), "rtcp-mux"),
        (without("ice-ufrag"), "ice-ufrag is missing"),
        (without("ice-pwd"), "ice-pwd is missing"),
        (CHROMIUM.replace("a=ice-pwd:", "a=ice-pwd:!"), "ice-pwd is malformed"),
        (without("fingerprint"), "fingerprint of sha-256 is missing"),
        (CHROMIUM.replace("sha-256", "sha-1"), "fingerprint of sha-256 is missing"),
        (CHROMIUM.replace("sha-256 ", "sha-256 AB:"), "fingerprint is malformed"),
        (CHROMIUM.replace("setup:actpass", "setup:passive"), "setup is passive"),
        (without("setup"), "setup"),
        (CHROMIUM.replace("BUNDLE 0", "BUNDLE 7"), "not in the bundle"),
        (OFFERS["chromium_camera"].replace("a=mid:1", "a=mid:0"), "same a=mid"),
        (CHROMIUM.replace("a=mid:0", "a=mid:a b"), "mid is malformed"),
        ("x" * 48_001, "too long"),
    ],
)
def test_a_bad_offer_is_refused_in_words(text: str, words: str) -> None:
    """Each missing or malformed part is named."""
    with pytest.raises(SdpMistake, match=words):
        read_offer(text)


def test_our_offer_names_one_payload_for_keys() -> None:
    """With two, Chromium answers with both and sends by the one of which nobody can know; 8000 Hz every browser has."""
    (section,) = sdp.parse(make_offer(OURS).encode()).media
    found = [(codec.payload, codec.name, codec.clock) for codec in section.codecs()]
    assert found == [(111, "opus", 48000), (126, "telephone-event", 8000)]
    assert section.get("setup") == "actpass" and ("rtcp-mux", None) in section.attributes


def test_a_later_offer_may_carry_its_audio_elsewhere() -> None:
    """A stopped section stays refused in its place; the next audio section is taken."""
    section = CHROMIUM[CHROMIUM.index("m=audio") :]
    stopped = "m=audio 0 UDP/TLS/RTP/SAVPF 0\na=mid:0\n"
    text = CHROMIUM.replace(section, stopped + section.replace("a=mid:0", "a=mid:1")).replace("BUNDLE 0", "BUNDLE 1")
    offer = read_offer(text)
    answered = sdp.parse(answer(offer, OURS).encode())
    assert [media.port for media in answered.media] == [0, 10000]
    assert answered.get("group") == "BUNDLE 1"


def test_an_extension_of_the_two_byte_form_is_not_used() -> None:
    """Levels are read in the one-byte form alone, whose ids are 1 to 14."""
    text = CHROMIUM.replace(f"extmap:1 {AUDIO_LEVEL}", f"extmap:15 {AUDIO_LEVEL}")
    assert read_offer(text).level_extension is None


def test_secrets_stay_out_of_a_repr() -> None:
    """Neither end's ICE password stands in what a log might show."""
    offer = read_offer(CHROMIUM)
    assert offer.password not in repr(offer) and OURS.password not in repr(OURS)


LINES = st.sampled_from(CHROMIUM.splitlines(True) + OFFERS["firefox_camera"].splitlines(True))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=400), st.lists(LINES, max_size=80).map(lambda lines: "v=0\n" + "".join(lines))))
def test_nothing_but_a_mistake_comes_of_nonsense(text: str) -> None:
    """Any text is either an offer that can be answered or an SdpMistake."""
    try:
        offer = read_offer(text)
    except SdpMistake:
        return
    answered = sdp.parse(answer(offer, OURS).encode())
    assert len(answered.media) == len(offer.session.media)
    assert [media.port for media in answered.media].count(0) == len(answered.media) - 1

"""Offers and answers (RFC 3264): every section kept in order, nothing promised that is not spoken."""

import pytest

from parley.wire.offer_answer import OPUS, PCMU, Local, make_answer, make_offer, narrowed, read_answer
from parley.wire.sdp import Codec, Session, parse

LOCAL = Local("192.0.2.1", 20000, session=7)
HEAD = "v=0\r\no=- 1 2 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\n"
OPUS_LINES = "a=rtpmap:96 opus/48000/2\r\n"


def read(text: str) -> Session:
    return parse((HEAD + text).encode())


@pytest.mark.parametrize(
    ("media", "payload", "events"),
    [
        ("m=audio 4000 RTP/AVP 0\r\n", 0, None),
        ("m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n", 0, 101),
        ("m=audio 4000 RTP/AVP 0 96\r\n" + OPUS_LINES, 96, None),
        (
            "m=audio 4000 RTP/AVP 96 97 98\r\n" + OPUS_LINES + "a=rtpmap:97 telephone-event/8000\r\n"
            "a=rtpmap:98 telephone-event/48000\r\n",
            96,
            98,
        ),
        (
            "m=audio 4000 RTP/AVP 0 97 98\r\na=rtpmap:97 telephone-event/48000\r\na=rtpmap:98 telephone-event/8000\r\n",
            0,
            98,
        ),
        ("m=audio 4000 RTP/AVP 96 97\r\n" + OPUS_LINES + "a=rtpmap:97 telephone-event/8000\r\n", 96, 97),
        ("m=audio 4000 RTP/AVP 107\r\na=rtpmap:107 pcmu/8000\r\n", 107, None),
        ("m=audio 4000 RTP/AVPF 0\r\n", 0, None),
    ],
)
def test_codec_and_digits_are_chosen_with_the_offers_numbers(media: str, payload: int, events: int | None) -> None:
    """Our preference decides among what is offered; payload types are the offer's, digits at the codec's
    clock.
    """
    answer = make_answer(read(media), LOCAL)
    assert answer.audio is not None
    (section,) = answer.session.media
    assert answer.audio.codec.payload == payload
    assert (answer.audio.events.payload if answer.audio.events else None) == events
    assert section.formats == [str(payload)] + ([str(events)] if events is not None else [])
    assert section.protocol == media.split()[2]
    assert answer.audio.remote == ("192.0.2.5", 4000)
    again = parse(answer.session.serialise())
    assert again.media[0].codecs()[0].same_format(answer.audio.codec)
    assert (again.media[0].port, str(again.connection)) == (20000, "IN IP4 192.0.2.1")


def test_the_callers_preference_decides() -> None:
    """A preference list that puts PCMU first takes PCMU although Opus is offered."""
    offer = read("m=audio 4000 RTP/AVP 96 0\r\n" + OPUS_LINES)
    audio = make_answer(offer, LOCAL, preferences=[PCMU, OPUS]).audio
    assert audio is not None
    assert audio.codec.name == "PCMU"


def test_every_section_stays_in_order_and_the_unspoken_is_refused() -> None:
    """Video, BFCP, application, secure audio and a second audio section are refused with port 0, in their
    places.
    """
    offer = read(
        "m=video 5000 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\na=mid:v\r\n"
        "m=audio 5001 RTP/SAVP 0\r\nm=audio 5002 RTP/AVP 0\r\nm=application 5003 TCP/BFCP *\r\n"
        "m=audio 5004 RTP/AVP 0\r\nm=audio 0 RTP/AVP 0\r\n"
        "m=application 5005 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    )
    answer = make_answer(offer, LOCAL)
    assert answer.audio is not None
    assert answer.audio.line == 2
    shape = [(media.kind, media.port, media.protocol, media.formats) for media in answer.session.media]
    assert shape == [
        ("video", 0, "RTP/AVP", ["97"]),
        ("audio", 0, "RTP/SAVP", ["0"]),
        ("audio", 20000, "RTP/AVP", ["0"]),
        ("application", 0, "TCP/BFCP", ["*"]),
        ("audio", 0, "RTP/AVP", ["0"]),
        ("audio", 0, "RTP/AVP", ["0"]),
        ("application", 0, "UDP/DTLS/SCTP", ["webrtc-datachannel"]),
    ]
    assert answer.session.media[0].get("mid") == "v"


@pytest.mark.parametrize(
    "media",
    [
        "",
        "m=video 1 RTP/AVP 31\r\n",
        "m=audio 1 RTP/AVP 8\r\n",
        "m=audio 1 RTP/SAVP 0\r\n",
        "m=audio 0 RTP/AVP 0\r\n",
    ],
)
def test_nothing_acceptable_agrees_to_nothing(media: str) -> None:
    """Without a common codec there is no audio, so that the caller can answer 488."""
    assert make_answer(read(media), LOCAL).audio is None


@pytest.mark.parametrize(
    ("lines", "ours", "wanted", "sends"),
    [
        ("", "sendrecv", "sendrecv", True),
        ("a=sendonly\r\n", "sendrecv", "recvonly", True),
        ("a=recvonly\r\n", "sendrecv", "sendonly", True),
        ("a=inactive\r\n", "sendrecv", "inactive", True),
        ("c=IN IP4 0.0.0.0\r\n", "sendrecv", "recvonly", False),
        ("", "sendonly", "sendonly", True),
        ("a=sendonly\r\n", "sendonly", "inactive", True),
        ("a=recvonly\r\n", "recvonly", "inactive", True),
    ],
)
def test_direction_is_mirrored(lines: str, ours: str, wanted: str, sends: bool) -> None:
    """The answer mirrors the offered direction, narrowed to ours; hold by address has nowhere to send to."""
    answer = make_answer(read("m=audio 4000 RTP/AVP 0\r\n" + lines), LOCAL, direction=ours)  # type: ignore[arg-type]
    assert answer.audio is not None
    assert answer.audio.direction == wanted
    assert answer.session.media[0].get(wanted) == ""
    assert (answer.audio.remote is not None) == sends


def test_narrowing_is_a_meet() -> None:
    """Narrowing by sendrecv changes nothing and by inactive leaves nothing."""
    for direction in ("sendrecv", "sendonly", "recvonly", "inactive"):
        assert narrowed(direction, "sendrecv") == direction
        assert narrowed(direction, "inactive") == "inactive"
    assert narrowed("sendonly", "recvonly") == "inactive"


def test_the_version_grows_with_every_answer() -> None:
    """Answers in one dialog keep the session number and count the version up by one."""
    offer = read("m=audio 4000 RTP/AVP 0\r\n")
    first = make_answer(offer, LOCAL).session
    second = make_answer(offer, LOCAL, previous=first).session
    third = make_offer(LOCAL, previous=second)
    assert first.origin.session == second.origin.session == third.origin.session == 7
    assert [s.origin.version - first.origin.version for s in (first, second, third)] == [0, 1, 2]


def test_packet_time_respects_the_peers_ceiling() -> None:
    """The answer takes of 10 to 60 ms the nearest to the offered ptime, but never above maxptime."""
    for lines, wanted in (
        ("", 20),
        ("a=ptime:40\r\n", 40),
        ("a=ptime:60\r\na=maxptime:30\r\n", 30),
        ("a=ptime:x\r\n", 20),
        ("a=ptime:10\r\n", 10),
        ("a=ptime:5\r\na=maxptime:5\r\n", 10),
        ("a=ptime:100\r\n", 60),
        ("a=ptime:33\r\n", 30),
        ("a=maxptime:15\r\n", 10),
        ("a=ptime:60\r\na=maxptime:60\r\n", 60),
    ):
        audio = make_answer(read("m=audio 4000 RTP/AVP 0\r\n" + lines), LOCAL).audio
        assert audio is not None
        assert audio.packet_time == wanted


@pytest.mark.parametrize(
    ("formats", "answered", "noise"),
    [
        ("0 13", ["0", "13"], True),
        ("0 13 101", ["0", "101", "13"], True),
        ("0", ["0"], False),
        ("96 13", ["96"], False),  # none with Opus, whose clock is another (RFC 3389 section 4)
    ],
)
def test_comfort_noise_is_agreed_where_it_is_offered(formats: str, answered: list[str], noise: bool) -> None:
    """With a codec of the same clock, and never by ourselves: who is not asked for silence need not keep it."""
    lines = f"m=audio 4000 RTP/AVP {formats}\r\n{OPUS_LINES}a=rtpmap:101 telephone-event/8000\r\n"
    answer = make_answer(read(lines), LOCAL)
    assert answer.audio is not None
    assert (answer.audio.noise, answer.session.media[0].formats) == (noise, answered)
    assert not any(codec.name == "CN" for codec in make_offer(LOCAL).media[0].codecs())


@pytest.mark.parametrize(
    ("lines", "mux", "port"),
    [
        ("", False, None),
        ("a=rtcp-mux\r\n", True, None),
        ("a=rtcp:53020\r\n", False, 53020),
        ("a=rtcp:53020 IN IP4 192.0.2.77\r\n", False, 53020),
        ("a=rtcp-mux\r\na=rtcp:4000 IN IP4 192.0.2.5\r\n", True, 4000),
        ("a=rtcp:\r\n", False, None),
        ("a=rtcp:x\r\na=rtcp:9\r\n", False, None),
        ("a=rtcp:99999\r\n", False, None),
        ("a=rtcp:0\r\n", False, None),
    ],
)
def test_where_rtcp_goes_is_read_and_sharing_a_port_is_answered(lines: str, mux: bool, port: int | None) -> None:
    """RFC 5761 section 5.1.1 and RFC 3605; what cannot be read is as if it were not there."""
    answer = make_answer(read("m=audio 4000 RTP/AVP 0\r\n" + lines), LOCAL)
    assert answer.audio is not None
    assert (answer.audio.rtcp_mux, answer.audio.rtcp_port) == (mux, port)
    assert (answer.session.media[0].get("rtcp-mux") is not None) == mux


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_offer_and_answer_agree(address: str) -> None:
    """Our own offer, answered by ourselves, agrees on Opus with digits at its clock on both sides."""
    offer = make_offer(Local(address, 30000, session=9))
    names = [(codec.name, codec.clock) for codec in offer.media[0].codecs()]
    assert names == [("opus", 48000), ("PCMU", 8000), ("telephone-event", 8000), ("telephone-event", 48000)]
    answer = make_answer(parse(offer.serialise()), LOCAL)
    agreed = read_answer(offer, parse(answer.session.serialise()))
    assert agreed is not None
    assert answer.audio is not None
    assert (agreed.codec, agreed.remote) == (OPUS, ("192.0.2.1", 20000))
    assert agreed.events == Codec(110, "telephone-event", 48000, 1, "0-15")
    assert answer.audio.remote == (address, 30000)


@pytest.mark.parametrize(
    ("lines", "voice", "digits"),
    [
        ("111 101\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n", (111, None), (101, None)),
        ("96 97\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:97 telephone-event/48000\r\n", (96, 111), (97, 110)),
        ("0 96\r\na=rtpmap:96 telephone-event/8000\r\n", (0, None), (96, 101)),
        ("96\r\na=rtpmap:96 opus/48000/2\r\n", (96, 111), None),
    ],
    ids=["alike", "both others", "digits by another", "no digits"],
)
def test_an_answer_may_have_other_numbers(
    lines: str, voice: tuple[int, int | None], digits: tuple[int, int | None] | None
) -> None:
    """We send with the answer's payload types, and they with those of our offer (RFC 3264 sections 5.1 and 6.1)."""
    audio = read_answer(make_offer(LOCAL), read(f"m=audio 4000 RTP/AVP {lines}"))
    assert audio is not None and (audio.codec.payload, audio.codec_in) == voice
    assert (audio.events and (audio.events.payload, audio.events_in)) == digits


def test_an_answer_that_refuses_is_seen() -> None:
    """Port 0, a foreign codec, or no section at all in an answer means there is no audio."""
    offer = make_offer(LOCAL)
    for media in ("m=audio 0 RTP/AVP 0\r\n", "m=audio 4 RTP/AVP 8\r\n", "", "m=video 4 RTP/AVP 0\r\n"):
        assert read_answer(offer, read(media)) is None


def test_a_later_offer_keeps_the_sections_of_before() -> None:
    """A new offer in a dialog keeps every section in its place, the audio renewed and the others off."""
    before = make_answer(read("m=video 1 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 0\r\n"), LOCAL).session
    later = make_offer(LOCAL, direction="inactive", previous=before)
    assert [(media.kind, media.port) for media in later.media] == [("video", 0), ("audio", 20000)]
    assert later.media[1].get("inactive") == ""


def test_a_host_name_is_nowhere_to_send_to() -> None:
    """An address that is a name is not resolved here: the peer's packets will tell where it is."""
    audio = make_answer(read("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 phone.example\r\n"), LOCAL).audio
    assert audio is not None
    assert audio.remote is None


@pytest.mark.parametrize("address", ["IP4 224.2.1.1/127", "IP4 255.255.255.255", "IP6 ff15::101", "IP4 phone.example"])
def test_what_is_not_one_host_is_not_sent_to(address: str) -> None:
    """Nobody has us talk to a whole network: the audio is agreed, and there is nowhere to send it."""
    answer = make_answer(read(f"m=audio 4000 RTP/AVP 0\r\nc=IN {address}\r\n"), LOCAL)
    assert answer.audio is not None and answer.audio.remote is None

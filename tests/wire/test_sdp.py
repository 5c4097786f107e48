"""Session descriptions: what is read, what is kept, what is refused."""

import pytest

from parley.wire.sdp import MAX_MEDIA, MAX_SIZE, Codec, SdpMistake, Session, parse

HEAD = "v=0\r\no=- 1 2 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\n"


def read(text: str) -> Session:
    return parse((HEAD + text).encode())


def test_a_common_offer_is_read() -> None:
    """Origin, addresses, ports, codecs, packet time and direction of an ordinary offer are understood."""
    session = read(
        "m=audio 4000 RTP/AVP 96 0 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1; x=y\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=ptime:40\r\na=maxptime:60\r\na=sendonly\r\n"
    )
    (audio,) = session.media
    assert (session.origin.session, session.origin.version) == (1, 2)
    assert (audio.port, str(session.address_of(audio)), session.direction_of(audio)) == (
        4000,
        "IN IP4 192.0.2.5",
        "sendonly",
    )
    assert (audio.ptime, audio.maxptime) == (40, 60)
    assert audio.codecs() == [
        Codec(96, "opus", 48000, 2, "useinbandfec=1; x=y"),
        Codec(0, "PCMU", 8000),
        Codec(101, "telephone-event", 8000),
    ]


@pytest.mark.parametrize(
    ("line", "port", "ports"),
    [
        ("m=audio 49170/2 RTP/AVP 31", 49170, 2),
        ("m=audio 0 RTP/AVP 0", 0, 1),
        ("m=AUDIO 5/0 RTP/AVP 0", 5, 1),
    ],
)
def test_port_counts_are_accepted(line: str, port: int, ports: int) -> None:
    """A port may carry a count after a slash."""
    (media,) = read(line + "\r\n").media
    assert (media.kind, media.port, media.ports) == ("audio", port, ports)


@pytest.mark.parametrize(
    "line",
    [
        "m=audio",
        "m=audio x RTP/AVP 0",
        "m=audio -1 RTP/AVP 0",
        "m=audio 65536 RTP/AVP 0",
        "m=audio 1/x RTP/AVP 0",
        "m=audio ٣ RTP/AVP 0",
        "c=IN IP9 x",
        "c=IN",
        "what",
        "m=audio 1 RTP/AVP" + " 0" * 200,
    ],
)
def test_broken_lines_are_refused(line: str) -> None:
    """A broken m= or c= line, or a line that is none, makes the description unreadable."""
    with pytest.raises(SdpMistake):
        read(line + "\r\n")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"v=1\r\n",
        b"m=audio 1 RTP/AVP 0\r\n",
        b"v=0\r\n" + b"a=x\r\n" * 3000,
        b"v=0\r\n" + b"m=audio 1 RTP/AVP 0\r\n" * (MAX_MEDIA + 1),
        b"v=0\r\na=" + b"x" * MAX_SIZE,
    ],
)
def test_what_is_no_description_or_too_large_is_refused(data: bytes) -> None:
    """Text that is no SDP, and SDP beyond the bounds, raises."""
    with pytest.raises(SdpMistake):
        parse(data)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_is_read(end: str) -> None:
    """Phones end lines as they like."""
    assert len(parse((HEAD + "m=audio 1 RTP/AVP 0\r\n").replace("\r\n", end).encode()).media) == 1


def test_all_bandwidth_lines_are_kept_in_their_place() -> None:
    """Every b= line stays, the session's with the session and each section's with it."""
    session = read("m=audio 1 RTP/AVP 0\r\nb=AS:64\r\nb=TIAS:64000\r\nm=video 2 RTP/AVP 34\r\nb=AS:512\r\nb=RS:0\r\n")
    session.bandwidths.append("CT:1000")
    again = parse(session.serialise())
    assert [again.bandwidths, *(media.bandwidths for media in again.media)] == [
        ["CT:1000"],
        ["AS:64", "TIAS:64000"],
        ["AS:512", "RS:0"],
    ]


def test_what_is_written_reads_the_same() -> None:
    """Serialising what was parsed and parsing that again gives the same description."""
    session = read(
        "a=group:BUNDLE 0\r\nm=audio 1/2 RTP/AVP 0 8\r\nc=IN IP6 2001:db8::1\r\na=mid:0\r\na=rtcp-mux\r\n"
        "m=image 0 udptl t38\r\n"
    )
    assert parse(session.serialise()) == session
    assert session.serialise().endswith(b"\r\n")


@pytest.mark.parametrize(
    ("formats", "lines", "wanted"),
    [
        ("0 8 0", "", ["PCMU", "PCMA"]),
        ("0 96", "a=rtpmap:96 pcmu/8000\r\n", ["PCMU"]),
        ("96 97", "a=rtpmap:96 opus/48000/2\r\na=rtpmap:97 OPUS/48000/2\r\n", ["opus"]),
        ("96 97", "a=rtpmap:97 opus/48000/2\r\n", ["opus"]),
        ("96", "a=rtpmap:96 opus\r\n", []),
        ("96", "a=rtpmap:96 opus/0\r\n", []),
        ("96", "a=rtpmap:x opus/48000\r\n", []),
        ("x 200 0", "", ["PCMU"]),
        ("0", "a=rtpmap:0 PCMU/8000/1\r\n", ["PCMU"]),
        ("9", "", ["G722"]),
    ],
)
def test_codecs_of_a_section(formats: str, lines: str, wanted: list[str]) -> None:
    """Static payload types need no rtpmap, one format named twice counts once, and nonsense is left out."""
    assert [codec.name for codec in read(f"m=audio 1 RTP/AVP {formats}\r\n{lines}").media[0].codecs()] == wanted


@pytest.mark.parametrize(
    ("session_line", "media_line", "wanted"),
    [
        ("", "", "sendrecv"),
        ("a=sendonly\r\n", "", "sendonly"),
        ("a=sendonly\r\n", "a=recvonly\r\n", "recvonly"),
        ("", "c=IN IP4 0.0.0.0\r\n", "sendonly"),
        ("", "c=IN IP4 0.0.0.0\r\na=sendonly\r\n", "sendonly"),
        ("", "c=IN IP4 0.0.0.0\r\na=inactive\r\n", "inactive"),
        ("", "c=IN IP4 0.0.0.0\r\na=recvonly\r\n", "inactive"),
        ("", "c=IN IP6 ::\r\n", "sendonly"),
    ],
)
def test_direction_of_a_section(session_line: str, media_line: str, wanted: str) -> None:
    """A section's own direction beats the session's, and an all-zero address is hold."""
    session = read(f"{session_line}m=audio 1 RTP/AVP 0\r\n{media_line}")
    assert session.direction_of(session.media[0]) == wanted


def test_the_first_connection_of_a_section_counts() -> None:
    """It may have several (RFC 8866 section 5.7); one without any has the session's."""
    session = read("m=audio 1 RTP/AVP 0\r\nc=IN IP4 192.0.2.7\r\nc=IN IP4 192.0.2.8\r\nm=video 2 RTP/AVP 31\r\n")
    assert [str(session.address_of(media)) for media in session.media] == ["IN IP4 192.0.2.7", "IN IP4 192.0.2.5"]


def test_addresses_lose_their_ttl() -> None:
    """TTL and address count after a slash are not part of the address."""
    session = read("m=audio 1 RTP/AVP 0\r\nc=IN IP4 233.252.0.1/127/3\r\n")
    connection = session.address_of(session.media[0])
    assert connection is not None
    assert connection.address == "233.252.0.1"

"""Keys of SRTP in offers and answers (RFC 4568): what is taken, what is refused, and never anything less secure."""

import base64
from itertools import count

import pytest

from parley.wire.offer_answer import Answer, Local, make_answer, make_offer, read_answer
from parley.wire.sdes import Crypto, OurKeys, read_crypto
from parley.wire.sdp import Session, parse

LOCAL = Local("192.0.2.1", 20000, session=7)
HEAD = "v=0\r\no=- 1 2 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\n"
SAVP, AVP = "m=audio 4000 RTP/SAVP 0\r\n", "m=audio 4002 RTP/AVP 0\r\n"
LONG, SHORT, GCM = "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM"


def text_of(fill: int, length: int = 30) -> str:
    return base64.b64encode(bytes([fill]) * length).decode()


def crypto(tag: int = 1, suite: str = LONG, fill: int = 1, more: str = "") -> str:
    return f"a=crypto:{tag} {suite} inline:{text_of(fill, 28 if suite == GCM else 30)}{more}\r\n"


def read(text: str) -> Session:
    return parse((HEAD + text).encode())


def numbered_keys() -> OurKeys:
    """Ours are all 101, then all 102 ..."""
    fills = count(101)
    return OurKeys(lambda length: bytes([next(fills)]) * length)


def answered(text: str, secure: bool | None = None) -> Answer:
    return make_answer(read(text), LOCAL, keys=numbered_keys(), secure=secure)


KEY = text_of(1)


@pytest.mark.parametrize(
    "value",
    [
        f"1 {LONG} inline:{KEY}",
        f"1 {LONG.lower()} INLINE:{KEY}",
        f"1 {LONG} inline:{KEY}|2^20",
        f"1 {LONG} inline:{KEY}|1048576",
        f"1 {LONG} inline:{KEY} WSH=128",
        f"1 {LONG} inline:{KEY} -XYZ",
        f"000000001 {SHORT} inline:{KEY}",
        f"1 {GCM} inline:{text_of(1, 28)}",
        f"1 {GCM} inline:{text_of(1, 28).rstrip('=')}",
    ],
)
def test_what_we_can_do_is_read(value: str) -> None:
    """Known suites in any case, with a lifetime, a window hint or parameters that may be ignored."""
    found = read_crypto(value)
    assert found is not None and set(found.key) == {1}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        f"1 {LONG}",
        f"x {LONG} inline:{KEY}",
        f"1234567890 {LONG} inline:{KEY}",
        f"1 AES_256_CM_HMAC_SHA1_80 inline:{KEY}",
        f"1 {LONG} prompt:{KEY}",
        f"1 {LONG} inline:{KEY[:-4]}",
        f"1 {LONG} inline:{KEY}AAAA",
        f"1 {LONG} inline:{'A' * 100_000}",
        f"1 {LONG} inline:{'*' * 40}",
        f"1 {LONG} inline:{KEY}|2^20|1:4",
        f"1 {LONG} inline:{KEY}|1:4",
        f"1 {LONG} inline:{KEY};inline:{KEY}",
        f"1 {LONG} inline:{KEY} UNENCRYPTED_SRTP",
        f"1 {LONG} inline:{KEY} UNENCRYPTED_SRTCP",
        f"1 {LONG} inline:{KEY} UNAUTHENTICATED_SRTP",
        f"1 {LONG} inline:{KEY} KDR=4",
        f"1 {LONG} inline:{KEY} FEC_ORDER=FEC_SRTP",
        f"1 {GCM} inline:{KEY}",
    ],
)
def test_what_we_cannot_do_is_passed_over(value: str) -> None:
    """Broken keys, keys that change by MKI, other suites, and parameters that weaken the protection."""
    assert read_crypto(value) is None


@pytest.mark.parametrize(
    ("media", "secure", "line", "tag", "suite"),
    [
        (SAVP + crypto(), None, 0, "1", LONG),
        (SAVP.replace("SAVP", "SAVPF") + crypto(7, SHORT), None, 0, "7", SHORT),
        (SAVP + crypto(1, "NEW_SUITE") + crypto(2, GCM) + crypto(3, LONG), None, 0, "2", GCM),
        (SAVP + crypto(1, LONG, 1, " UNENCRYPTED_SRTP") + crypto(2, SHORT), None, 0, "2", SHORT),
        (AVP + SAVP + crypto(), None, 1, "1", LONG),
        (SAVP + crypto() + AVP, None, 0, "1", LONG),
        (AVP + crypto(), None, 0, "1", LONG),
        (AVP + crypto(), True, 0, "1", LONG),
        (AVP + crypto(), False, 0, None, None),
        (SAVP + crypto() + AVP, False, 1, None, None),
        (SAVP + crypto(1, "NEW_SUITE") + AVP, None, 1, None, None),
        (AVP, None, 0, None, None),
        (AVP, True, None, None, None),
        (SAVP, None, None, None, None),
        (SAVP + crypto(1, "NEW_SUITE"), None, None, None, None),
        (SAVP + crypto(), False, None, None, None),
    ],
)
def test_srtp_is_taken_wherever_it_is_offered(
    media: str, secure: bool | None, line: int | None, tag: str | None, suite: str | None
) -> None:
    """The offerer's first suite of ours with his tag, before any plain section; plain or SRTP alone where asked so."""
    answer = answered(media, secure)
    if line is None:
        assert answer.audio is None
        assert all(section.port == 0 and section.get("crypto") is None for section in answer.session.media)
        return
    assert answer.audio is not None and answer.audio.line == line
    section = answer.session.media[line]
    assert section.protocol == read(media).media[line].protocol
    told = [value for name, value in section.attributes if name == "crypto"]
    if tag is None:
        assert answer.audio.keys is None and told == []
        return
    keys = answer.audio.keys
    assert keys is not None and (keys.theirs.suite, set(keys.theirs.key), set(keys.ours.key)) == (suite, {1}, {101})
    assert told == [f"{tag} {suite} inline:{text_of(101, len(keys.ours.key))}"]


def test_without_keys_of_ours_srtp_is_refused() -> None:
    """Who answers for a side that has no SRTP takes the plain section, or none."""
    assert make_answer(read(SAVP + crypto()), LOCAL).audio is None
    audio = make_answer(read(SAVP + crypto() + AVP), LOCAL).audio
    assert audio is not None and (audio.line, audio.keys) == (1, None)


def test_our_key_stays_while_theirs_does() -> None:
    """A hold with the same key keeps ours, by whatever tag; another key of theirs gets another of ours."""
    ours, told = numbered_keys(), []
    for line in (crypto(1), crypto(2), crypto(2, LONG, 9), crypto(2, SHORT, 9), crypto(1)):
        audio = make_answer(read(SAVP + line), LOCAL, keys=ours).audio
        assert audio is not None and audio.keys is not None
        told.append((audio.keys.ours.tag, audio.keys.ours.key[0]))
    assert told == [("1", 101), ("2", 101), ("2", 102), ("2", 103), ("1", 104)]


@pytest.mark.parametrize(
    ("answer", "fill"),
    [
        (SAVP + crypto(1, LONG, 5), 5),
        (SAVP + crypto(2, LONG, 4) + crypto(1, LONG, 5), 5),
        (SAVP, None),
        (SAVP + crypto(2, LONG), None),
        (SAVP + crypto(1, SHORT), None),
        (AVP, None),
        (AVP + crypto(), None),
    ],
)
def test_our_offer_of_srtp_is_for_nothing_less(answer: str, fill: int | None) -> None:
    """An answer without a key for our tag and suite, or a plain one, agrees to nothing."""
    offer = make_offer(LOCAL, crypto=Crypto("1", LONG, b"\x65" * 30))
    assert offer.media[0].protocol == "RTP/SAVP" and offer.media[0].get("crypto") == f"1 {LONG} inline:{text_of(101)}"
    audio = read_answer(offer, read(answer))
    assert (audio is None) is (fill is None)
    if audio is not None:
        assert audio.keys is not None and (audio.keys.theirs.key[0], audio.keys.ours.key[0]) == (fill, 101)


def test_our_plain_offer_is_not_answered_with_srtp() -> None:
    """What was not offered cannot be agreed."""
    assert read_answer(make_offer(LOCAL), read(SAVP + crypto())) is None


def test_keys_are_not_shown() -> None:
    """Nobody reads a key in a log."""
    keys = answered(SAVP + crypto()).audio
    assert keys is not None and "\\x01" not in repr(keys) and KEY not in repr(keys)

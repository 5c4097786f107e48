"""Credentials that expire, and the bytes of a TURN trial."""

import base64
import contextlib
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.wire.turn import Allocation, TurnFault, ephemeral_credential, length_of, parse_answer

ONE = b"0123456789ab"


def message(kind: int, *attributes: tuple[int, bytes]) -> bytes:
    body = b"".join(k.to_bytes(2, "big") + len(v).to_bytes(2, "big") + v + bytes(-len(v) % 4) for k, v in attributes)
    return kind.to_bytes(2, "big") + len(body).to_bytes(2, "big") + bytes.fromhex("2112a442") + ONE + body


CHALLENGE = message(0x0113, (0x0009, b"\0\0\x04\x01Unauthorized"), (0x0014, b"example.org"), (0x0015, b"nonce-1"))
RELAYED = b"\0\1" + (50000 ^ 0x2112).to_bytes(2, "big") + bytes.fromhex("e112a64b")  # 192.0.2.9
GRANTED = message(0x0103, (0x0016, RELAYED))


def test_a_credential_is_made_as_coturn_checks_it() -> None:
    """User name and password hold together by the secret alone, and the time stands in the name."""
    username, password = ephemeral_credential("north", "p1", 1_700_000_000)
    assert username == "1700000000:p1"
    assert base64.b64decode(password) == hmac.new(b"north", b"1700000000:p1", hashlib.sha1).digest()


def test_a_trial_meets_the_challenge() -> None:
    """First without a credential, then with realm, nonce and an integrity under the long-term key."""
    trial = Allocation("user", "pass")
    first = trial.allocate(ONE)
    assert first[:2] == b"\0\x03" and first[20:] == bytes.fromhex("0019000411000000")
    assert trial.take(CHALLENGE, ONE) is None
    second = trial.allocate(ONE)
    key = hashlib.md5(b"user:example.org:pass").digest()
    assert hmac.digest(key, second[:-24], "sha1") == second[-20:]
    assert int.from_bytes(second[2:4], "big") == len(second) - 20
    granted = trial.take(GRANTED, ONE)
    assert granted is not None and granted.relayed == ("192.0.2.9", 50000)
    assert "pass" not in repr(trial)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "does not speak"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak"),
        (CHALLENGE[:8] + b"x" * 12 + CHALLENGE[20:], "does not speak"),
        (message(0x0113, (0x0009, b"\0\0\x04\x03Forbidden")), "403 Forbidden"),
        (message(0x0113, (0x0009, b"\0\0\x04\x01")), "without realm"),
        (message(0x0113), "does not speak"),
        (GRANTED[:22] + b"\xff" + GRANTED[23:], "longer"),
    ],
)
def test_anything_else_is_a_fault_in_words(data: bytes, words: str) -> None:
    """Refusals are quoted by number; what is no answer is said to be none."""
    with pytest.raises(TurnFault, match=words):
        Allocation("user", "pass").take(data, ONE)


def test_a_wrong_credential_is_told_as_such() -> None:
    """A second 401 is no challenge but a refusal."""
    trial = Allocation("user", "pass")
    trial.take(CHALLENGE, ONE)
    with pytest.raises(TurnFault, match="401"):
        trial.take(CHALLENGE, ONE)


@given(st.binary(max_size=200), st.sampled_from([CHALLENGE, GRANTED, b""]))
def test_nothing_but_a_fault_comes_of_nonsense(data: bytes, head: bytes) -> None:
    """Any bytes either parse or raise TurnFault."""
    for bytes_ in (data, head[:20] + data):
        with contextlib.suppress(TurnFault):
            _ = parse_answer(bytes_, ONE).relayed
    if len(data) >= 20:
        with contextlib.suppress(TurnFault):
            assert length_of(data[:20]) <= 1500

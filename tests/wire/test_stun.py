"""STUN messages: the published vectors, what is refused, and that nothing but MalformedStun ever comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.wire import stun
from parley.wire.stun import MalformedStun, is_authentic, parse

PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"  # of every vector in RFC 5769
TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
# RFC 5769 section 2.1
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff"
    "80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)
# Sections 2.2 and 2.3
RESPONSE4 = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96"
)
RESPONSE6 = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004c8fb0b4c"
)


def request(nominate: bool = False) -> bytes:
    return stun.build_request(TRANSACTION, "ours:theirs", PASSWORD, priority=1, tie_breaker=5, nominate=nominate)


def patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def without_fingerprint(data: bytes) -> bytes:
    return patched(data[:-8], 2, (len(data) - 28).to_bytes(2, "big"))


def test_the_published_request_is_read() -> None:
    """Every attribute of the vector, and its integrity."""
    message = parse(REQUEST)
    assert message.kind == stun.REQUEST and message.transaction == TRANSACTION
    assert message.username == b"evtj:h6vY"
    assert message.attributes[stun.PRIORITY] == bytes.fromhex("6e0001ff")
    assert message.attributes[stun.ICE_CONTROLLED] == bytes.fromhex("932ff9b151263b36")
    assert not message.nominates and message.unknown == ()
    assert is_authentic(REQUEST, message, PASSWORD)


@pytest.mark.parametrize(
    ("data", "address"),
    [(RESPONSE4, ("192.0.2.1", 32853)), (RESPONSE6, ("2001:db8:1234:5678:11:2233:4455:6677", 32853))],
    ids=["ipv4", "ipv6"],
)
def test_the_published_responses_are_read(data: bytes, address: stun.Address) -> None:
    """The mapped address comes out of its mask, and the integrity holds."""
    message = parse(data)
    assert message.kind == stun.SUCCESS and message.mapped_address == address
    assert is_authentic(data, message, PASSWORD)


@pytest.mark.parametrize("address", [("192.0.2.1", 32853), ("2001:db8::7", 9), ("fe80::1%eth0", 1)])
def test_a_success_response_says_whence_the_request_came(address: stun.Address) -> None:
    """Built, parsed and authentic; a zone is of this machine and not told."""
    data = stun.build_success(TRANSACTION, address, PASSWORD)
    message = parse(data)
    assert message.mapped_address == (address[0].partition("%")[0], address[1])
    assert message.transaction == TRANSACTION and is_authentic(data, message, PASSWORD)


@pytest.mark.parametrize("code", [stun.BAD_REQUEST, stun.UNAUTHENTICATED])
def test_an_error_to_a_stranger_has_no_integrity(code: int) -> None:
    """There is no password to compute it with (RFC 8489 section 9.1.3)."""
    data = stun.build_error(TRANSACTION, code)
    message = parse(data)
    assert (message.kind, message.error_code, message.integrity_at) == (stun.ERROR, code, None)


def test_an_error_names_what_was_not_understood() -> None:
    """420 lists the types, authentically."""
    data = stun.build_error(TRANSACTION, stun.UNKNOWN_ATTRIBUTE, PASSWORD, [0x0077, 0x0003])
    message = parse(data)
    assert message.error_code == 420
    assert message.attributes[stun.UNKNOWN_ATTRIBUTES] == bytes.fromhex("00770003")
    assert is_authentic(data, message, PASSWORD)


def test_a_check_nominates_or_not() -> None:
    """USE-CANDIDATE is there when it was asked for."""
    assert parse(request(nominate=True)).nominates
    assert not parse(request()).nominates
    assert is_authentic(request(), parse(request()), PASSWORD)


def test_a_changed_message_or_another_password_is_not_authentic() -> None:
    """Without its fingerprint, which a forger would compute anew, a message still betrays the change."""
    data = without_fingerprint(REQUEST)
    assert is_authentic(data, parse(data), PASSWORD)
    assert not is_authentic(data, parse(data), PASSWORD[:-1] + b"u")
    changed = patched(data, 44, b"\x7e")  # the priority
    assert not is_authentic(changed, parse(changed), PASSWORD)


def test_a_message_without_integrity_is_never_authentic() -> None:
    """Even to an empty password."""
    bare = stun._build(stun.REQUEST, TRANSACTION, [(stun.USERNAME, b"a:b")], None)
    assert not is_authentic(bare, parse(bare), b"")


def test_what_follows_the_integrity_does_not_count() -> None:
    """Nobody can add USE-CANDIDATE to another's request."""
    data = without_fingerprint(request())
    added = data + bytes.fromhex("00250000")
    added = patched(added, 2, (len(added) - 20).to_bytes(2, "big"))
    message = parse(added)
    assert is_authentic(added, message, PASSWORD) and not message.nominates


def test_an_attribute_that_must_be_understood_is_noticed() -> None:
    """Those from 0x8000 on may be passed over."""
    data = stun._build(stun.REQUEST, TRANSACTION, [(0x0077, b"x"), (0x8077, b"y")], PASSWORD)
    assert parse(data).unknown == (0x0077,)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        REQUEST[:19],
        patched(REQUEST, 0, b"\x00\x03"),  # another method
        patched(REQUEST, 4, b"\x21\x12\xa4\x43"),  # cookie
        patched(REQUEST, 3, b"\x54"),  # a length that is not the datagram's
        REQUEST + b"\0",
        REQUEST + bytes(4),
        patched(REQUEST, 22, b"\xff\xff"),  # an attribute beyond the end
        patched(REQUEST, -1, b"\xce"),  # fingerprint
        patched(without_fingerprint(REQUEST), 42, b"\x00\x05"),  # a priority of five bytes
        stun._build(stun.REQUEST, TRANSACTION, [(0x8000 + n, b"") for n in range(40)], None),
        stun._build(stun.REQUEST, TRANSACTION, [(0x8022, bytes(1600))], None),
    ],
)
def test_what_is_not_a_message_is_refused(data: bytes) -> None:
    """Cut, lengthened, of another method, with lengths or a fingerprint that do not fit."""
    with pytest.raises(MalformedStun):
        parse(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    """Behind a proper header too."""
    framed = stun._HEADER.pack(stun.REQUEST, len(data) & ~3, stun.COOKIE, TRANSACTION) + data[: len(data) & ~3]
    for one in (data, framed):
        try:
            message = parse(one)
        except MalformedStun:
            continue
        assert is_authentic(one, message, b"guess") is False
        assert message.mapped_address is None or isinstance(message.mapped_address[1], int)
        assert message.error_code is None or message.error_code >= 0


@given(st.data())
def test_a_message_with_any_byte_changed_is_malformed_or_not_authentic(data: st.DataObject) -> None:
    """Integrity covers all that is read before it."""
    at = data.draw(st.sampled_from([0, 1, *range(4, len(REQUEST) - 32)]))  # the length is set anew below
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != REQUEST[at]))
    changed = without_fingerprint(patched(REQUEST, at, bytes([value])))
    try:
        message = parse(changed)
    except MalformedStun:
        return
    assert not is_authentic(changed, message, PASSWORD)

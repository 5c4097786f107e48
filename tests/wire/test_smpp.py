"""SMPP PDUs and the alphabets of SMS."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.wire import smpp
from parley.wire.sms_text import GSM_CODING, UCS2_CODING, parts, read

# Typed by hand from the specification, 4.1.1 and 4.4.1.
BIND = bytes.fromhex(
    "00000026 00000002 00000000 00000001"
    "7061726c657900" "73336372657400" "00" "34 00 00 00".replace(" ", "")
)  # fmt: skip
SUBMIT = bytes.fromhex(
    ("0000003b 00000004 00000000 00000002 00 05 00" + b"Parley".hex() + "00 01 01" + b"8613800138000".hex()
     + "00 00 00 00 00 00 00 00 00 00 02" + b"Hi".hex()).replace(" ", "")
)  # fmt: skip


def test_a_bind_is_the_bytes_of_the_specification() -> None:
    """Length, command, status, sequence; system_id, password, system_type, version, type, plan, range."""
    data = smpp.bind_transmitter(1, "parley", "s3cret").to_bytes()
    assert data[16:] == BIND[16:]
    assert data[4:16] == BIND[4:16]
    assert int.from_bytes(data[:4]) == len(data)


def test_a_submit_is_the_bytes_of_the_specification() -> None:
    """Every field in its place."""
    data = smpp.submit_sm(2, "Parley", "+8613800138000", b"Hi", 0, False).to_bytes()
    assert data[4:] == SUBMIT[4:]
    assert int.from_bytes(data[:4]) == len(data)


@pytest.mark.parametrize(
    ("number", "address"),
    [
        ("+49301", smpp.Address(1, 1, "49301")),
        ("49301", smpp.Address(0, 1, "49301")),
        ("Ada", smpp.Address(5, 0, "Ada")),
    ],
)
def test_the_type_of_a_number_follows_from_its_looks(number: str, address: smpp.Address) -> None:
    """International, unknown, alphanumeric (5.2.5)."""
    assert smpp.address_of(number) == address


def test_what_does_not_fit_is_refused() -> None:
    """A password of nine, a message of 255, a number with a NUL."""
    with pytest.raises(ValueError, match="8 ASCII"):
        smpp.bind_transmitter(1, "parley", "123456789")
    with pytest.raises(ValueError, match="254"):
        smpp.submit_sm(1, "", "1", b"x" * 255, 0, False)
    with pytest.raises(ValueError, match="ASCII"):
        smpp.submit_sm(1, "", "1\x002", b"x", 0, False)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**31 - 1), st.binary(max_size=40)), max_size=6),
    st.lists(st.integers(1, 9), min_size=1, max_size=50),
)
def test_a_stream_is_cut_into_the_same_pdus_however_it_comes(
    pdus: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    """In pieces of any size."""
    sent = [smpp.Pdu(command, sequence, 0, body) for command, sequence, body in pdus]
    data = b"".join(pdu.to_bytes() for pdu in sent)
    reader, got, place = smpp.Reader(), [], 0
    while place < len(data):
        size = cuts[place % len(cuts)]
        got += list(reader.take(data[place : place + size]))
        place += size
    assert got == sent


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_pdus_or_a_mistake(data: bytes) -> None:
    """Never another exception, never more than a bounded wait."""
    try:
        for pdu in smpp.Reader().take(data):
            assert len(pdu.to_bytes()) <= smpp.LONGEST
    except smpp.TheirMistake:
        pass


@pytest.mark.parametrize("length", [0, 15, smpp.LONGEST + 1, 2**32 - 1])
def test_a_length_that_no_pdu_has_is_a_mistake(length: int) -> None:
    """Nothing is waited for that could fill memory."""
    with pytest.raises(smpp.TheirMistake):
        list(smpp.Reader().take(length.to_bytes(4) + bytes(12)))


# --- text ---

SIZES = [
    ("a" * 160, GSM_CODING, [160]), ("a" * 161, GSM_CODING, [159, 14]), ("[" * 80, GSM_CODING, [160]),
    ("a" * 152 + "[" + "a" * 8, GSM_CODING, [158, 16]), ("会" * 70, UCS2_CODING, [140]),
    ("会" * 71, UCS2_CODING, [140, 14]), ("会" * 66 + "😀" + "会" * 5, UCS2_CODING, [138, 20]),
    ("ã", UCS2_CODING, [2]), ("à é ñ Ç €", GSM_CODING, [10]), ("", GSM_CODING, [0]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "coding", "sizes"), SIZES)
def test_a_text_is_cut_where_phones_expect_it(text: str, coding: int, sizes: list[int]) -> None:
    """160 or 153 septets, 70 or 67 code units; never inside an escaped character or a surrogate pair."""
    found = parts(text, 7)
    assert [len(part.data) for part in found] == sizes
    assert {part.coding for part in found} == {coding}
    assert all(part.headed == (len(found) > 1) for part in found)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=1000), st.integers(0, 255))
def test_every_text_comes_back_from_its_parts(text: str, reference: int) -> None:
    """Put together by their headers, whatever it says."""
    found = parts(text, reference)
    together = ""
    for number, part in enumerate(found, 1):
        if part.headed:
            assert part.data[:6] == bytes([5, 0, 3, reference, len(found), number])
        together += read(part.data[6:] if part.headed else part.data, part.coding)
        assert len(part.data) <= (160 if part.coding == GSM_CODING else 140)
    assert together == text


def test_a_book_is_no_sms() -> None:
    """255 parts are the most that a header can count."""
    with pytest.raises(ValueError, match="parts"):
        parts("会" * 67 * 256, 1)

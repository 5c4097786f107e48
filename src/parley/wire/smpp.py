"""SMPP 3.4 as a transmitter needs it: PDUs to bytes and back, and a reader that cuts a stream into PDUs.

Sections are those of "Short Message Peer to Peer Protocol Specification v3.4", Issue 1.2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

HEAD = struct.Struct(">IIII")
LONGEST = 4096  # octets; the PDUs a transmitter gets have tens
VERSION = 0x34
UDHI = 0x40  # esm_class: the message begins with a user data header (5.2.12)
RESPONSE = 0x80000000


class TheirMistake(Exception):
    """What came is not SMPP."""


class Command(IntEnum):
    """4.1, table 5-1."""

    GENERIC_NACK = 0x80000000
    BIND_TRANSMITTER = 0x00000002
    BIND_TRANSMITTER_RESP = 0x80000002
    SUBMIT_SM = 0x00000004
    SUBMIT_SM_RESP = 0x80000004
    UNBIND = 0x00000006
    UNBIND_RESP = 0x80000006
    ENQUIRE_LINK = 0x00000015
    ENQUIRE_LINK_RESP = 0x80000015


OK = 0x00000000
# Of this very message, so that no later try would change it (5.1.3): length, destination, its type and plan.
OF_THE_MESSAGE = frozenset({0x00000001, 0x0000000B, 0x00000050, 0x00000051})


@dataclass(frozen=True, slots=True)
class Pdu:
    """command: a number, as unknown ones exist. The body is left as it came."""

    command: int
    sequence: int
    status: int = OK
    body: bytes = b""

    def to_bytes(self) -> bytes:
        return HEAD.pack(HEAD.size + len(self.body), self.command, self.status, self.sequence) + self.body

    @property
    def answers(self) -> bool:
        return bool(self.command & RESPONSE)


def text(data: str, longest: int) -> bytes:
    """A C-octet string with its NUL, within `longest` octets (3.1). Raises ValueError."""
    encoded = data.encode("ascii")
    if len(encoded) >= longest or b"\0" in encoded:
        raise ValueError(f"at most {longest - 1} ASCII characters")
    return encoded + b"\0"


def bind_transmitter(sequence: int, system_id: str, password: str, system_type: str = "") -> Pdu:
    """4.1.1. Raises ValueError for values that do not fit (system_id 15, password 8, system_type 12 characters)."""
    body = text(system_id, 16) + text(password, 9) + text(system_type, 13) + bytes([VERSION, 0, 0]) + b"\0"
    return Pdu(Command.BIND_TRANSMITTER, sequence, body=body)


@dataclass(frozen=True, slots=True)
class Address:
    """ton and npi: type of number and numbering plan (5.2.5, 5.2.6)."""

    ton: int
    npi: int
    digits: str


def address_of(number: str) -> Address:
    """+digits is international, digits alone is the centre's to judge, anything else is an alphanumeric sender."""
    if number.startswith("+") and number[1:].isascii() and number[1:].isdigit():
        return Address(1, 1, number[1:])
    if number.isascii() and number.isdigit():
        return Address(0, 1, number)
    return Address(5, 0, number)


def submit_sm(sequence: int, source: str, destination: str, message: bytes, coding: int, headed: bool) -> Pdu:
    """4.4.1. message: at most 254 octets; headed: it begins with a user data header. Raises ValueError."""
    if len(message) > 254:
        raise ValueError("more than 254 octets")
    sender = address_of(source) if source else Address(0, 0, "")
    receiver = address_of(destination)
    body = (
        b"\0"  # service_type: the centre's default
        + bytes([sender.ton, sender.npi]) + text(sender.digits, 21)
        + bytes([receiver.ton, receiver.npi]) + text(receiver.digits, 21)
        + bytes([UDHI if headed else 0, 0, 0])  # esm_class, protocol_id, priority_flag
        + b"\0\0"  # schedule_delivery_time, validity_period: now, and the centre's default
        + bytes([0, 0, coding, 0, len(message)])  # registered_delivery, replace_if_present, coding, sm_default_msg_id
        + message
    )  # fmt: skip
    return Pdu(Command.SUBMIT_SM, sequence, body=body)


class Reader:
    """Cuts what a stream brings into PDUs."""

    def __init__(self) -> None:
        self._held = b""

    def take(self, data: bytes) -> Iterator[Pdu]:
        """The PDUs that are whole now. Raises TheirMistake, after which the stream is of no more use."""
        self._held += data
        while len(self._held) >= HEAD.size:
            length, command, status, sequence = HEAD.unpack_from(self._held)
            if not HEAD.size <= length <= LONGEST:
                raise TheirMistake(f"a PDU of {length} octets")
            if len(self._held) < length:
                return
            body = self._held[HEAD.size : length]
            self._held = self._held[length:]
            yield Pdu(command, sequence, status, body)

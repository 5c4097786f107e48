"""A small message centre that speaks SMPP 3.4, written from the specification and not from our codec."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

SYSTEM_ID, PASSWORD = "parley", "s3cret"


@dataclass(frozen=True)
class Submitted:
    """What one submit_sm said."""

    source: tuple[int, int, str]
    destination: tuple[int, int, str]
    esm_class: int
    coding: int
    message: bytes


@dataclass
class SmppCentre:
    """Reached at 127.0.0.1:port. statuses: of the next submits. mute: answers nothing."""

    port: int = 0
    submitted: list[Submitted] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    commands: list[int] = field(default_factory=list)
    binds: list[tuple[str, str, int]] = field(default_factory=list)
    mute: bool = False
    noise: bytes = b""  # said before the answer to a submit
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while True:
                length, command, _status, sequence = struct.unpack(">IIII", await reader.readexactly(16))
                body = await reader.readexactly(length - 16)
                self.commands.append(command)
                if not self.mute:
                    self.answer(writer, command, sequence, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def answer(self, writer: asyncio.StreamWriter, command: int, sequence: int, body: bytes) -> None:
        status, reply = 0, b""
        if command == 0x00000002:
            system_id, rest = body.split(b"\0", 1)
            password, rest = rest.split(b"\0", 1)
            _system_type, rest = rest.split(b"\0", 1)
            self.binds.append((system_id.decode(), password.decode(), rest[0]))
            status = 0 if (system_id, password) == (SYSTEM_ID.encode(), PASSWORD.encode()) else 0x0000000E
            reply = b"centre\0"
        elif command == 0x00000004:
            status = self.statuses.pop(0) if self.statuses else 0
            if status == 0:
                self.submitted.append(submitted(body))
                reply = b"id-1\0"
            writer.write(self.noise)
        elif command & 0x80000000:
            return
        writer.write(struct.pack(">IIII", 16 + len(reply), command | 0x80000000, status, sequence) + reply)

    def ask(self, command: int, sequence: int = 77) -> None:
        self.writers[-1].write(struct.pack(">IIII", 16, command, 0, sequence))

    def hang_up(self) -> None:
        for writer in self.writers:
            writer.transport.abort()


def submitted(body: bytes) -> Submitted:
    """4.4.1, field by field."""
    _service_type, rest = body.split(b"\0", 1)
    source_ton, source_npi = rest[0], rest[1]
    source, rest = rest[2:].split(b"\0", 1)
    ton, npi = rest[0], rest[1]
    destination, rest = rest[2:].split(b"\0", 1)
    esm_class, _protocol, _priority = rest[0], rest[1], rest[2]
    _schedule, rest = rest[3:].split(b"\0", 1)
    _validity, rest = rest.split(b"\0", 1)
    _registered, _replace, coding, _default, length = rest[0], rest[1], rest[2], rest[3], rest[4]
    message = rest[5:]
    assert len(message) == length
    return Submitted(
        (source_ton, source_npi, source.decode()), (ton, npi, destination.decode()), esm_class, coding, message
    )


@asynccontextmanager
async def smpp_centre() -> AsyncIterator[SmppCentre]:
    centre = SmppCentre()
    server = await asyncio.start_server(centre.serve, "127.0.0.1", 0)
    centre.port = server.sockets[0].getsockname()[1]
    try:
        yield centre
    finally:
        server.close()
        centre.hang_up()
        await server.wait_closed()

"""A fuzz target: bytes in, and an AssertionError or an undocumented exception where a parser breaks its word."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

MOST = 16_384  # bytes of one input


@dataclass(frozen=True, slots=True)
class Target:
    """covers: modules of parley whose parsers it feeds. seeds: well-formed inputs to begin with."""

    name: str
    covers: tuple[str, ...]
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


TARGETS: dict[str, Target] = {}


def target(
    name: str, *covers: str, seeds: Iterable[bytes] = (b"",)
) -> Callable[[Callable[[bytes], None]], Callable[[bytes], None]]:
    """Put a function into the table of targets."""

    def put(run: Callable[[bytes], None]) -> Callable[[bytes], None]:
        assert name not in TARGETS
        TARGETS[name] = Target(name, covers, run, tuple(seeds))
        return run

    return put


def text_of(data: bytes) -> str:
    """Any bytes as text, as the doors make it."""
    return data.decode("utf-8", "surrogateescape")


_TOKEN = re.compile(rb"[A-Za-z0-9_.-]+|[^A-Za-z0-9_.-]")
_ODD = (
    b"\0", b"\xff", b"\x80", b"\r\n", b"\n", b"-1", b"0", b"9" * 20, b'"', b"\\", b"%00", b"\xed\xa0\x80",
    b"[", b"]", b"{", b"}", b"<", b">", b";", b",", b"=", b":", b"/", b" " * 9, b"\xc2\xb2", b"\xd9\xa3",
)  # fmt: skip


def mutated(one: Target, dice: random.Random) -> bytes:
    """A seed with a few changes of bits, bytes and words."""
    data = bytearray(dice.choice(one.seeds))
    words = _TOKEN.findall(dice.choice(one.seeds)) or [b"x"]
    for _ in range(dice.choice((1, 1, 2, 3, 6, 12))):
        at = dice.randint(0, len(data))
        end = min(len(data), at + dice.choice((0, 1, 1, 2, 4, 16)))
        match dice.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << dice.randrange(8)
            case 1:
                data[at:end] = dice.choice(_ODD)
            case 2:
                data[at:end] = dice.choice(words)
            case 3:
                data[at:at] = data[at:end] * dice.choice((1, 2, 40))
            case 4:
                del data[at:end]
            case _:
                data[at:end] = dice.randbytes(dice.choice((1, 2, 4)))
    return bytes(data[:MOST])

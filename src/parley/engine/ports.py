"""What the engine asks of whoever holds its sockets."""

from __future__ import annotations

from typing import Protocol

from parley.engine.transport import Departure


class NoPort(Exception):
    """Every port of the range is taken."""


class BadAddress(ValueError):
    """Not a numeric address, or not one of this machine."""


class NotTaken(Exception):
    """The other worker could not be given a leg's sockets; they are here still."""


class Ports(Protocol):
    """Where a leg's sockets come from."""

    def open(self, leg: str, local: str, low: int, high: int) -> int:
        """An even RTP port in the range, with RTCP on the next one. Raises NoPort or BadAddress."""

    def check_remote(self, leg_local: str, remote: str) -> None:
        """Raises BadAddress when packets cannot go from the one numeric address to the other."""

    def close(self, leg: str) -> None: ...

    def send(self, departures: list[Departure]) -> None:
        """What cannot wait for the end of a tick: a leg's last words."""

    def open_shared(self, addresses: tuple[str, ...], port: int) -> tuple[int, tuple[str, ...]]:
        """One socket on each address for all browsers, all of one port (0: any). The port, and the addresses that are
        this machine's, in the order of the sockets' numbers. Raises NoPort or BadAddress (none is ours)."""

    def give(self, leg: str, to: str, state: bytes) -> None:
        """Pass the leg's sockets, and what it says of itself, to the worker whose place is `to`. Raises NotTaken."""

    def taken(self) -> list[tuple[str, bytes]]:
        """Legs that other workers have passed to us since the last call, and what each said of itself; their sockets
        are ours now."""

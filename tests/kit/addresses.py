"""Loopback addresses and ports for stories: every story has a network of its own inside 127.0.0.0/8."""

from __future__ import annotations

import itertools
import os
import socket

_networks = itertools.count(1)
# Below what the system gives away to sockets that ask for any port, and apart from the stories' media (media_ports).
_FIRST, _SLOTS, _SLOT = 10_100, 240, 40
_slots = itertools.count()


class Network:
    """127.x.y.0/24 for one story: x follows the process, y counts; .1 is the server, phones follow."""

    def __init__(self) -> None:
        self._number = next(_networks)
        self._prefix = f"127.{16 + os.getpid() % 200}.{self._number % 250}"
        self._hosts = itertools.count(2)
        self.server = f"{self._prefix}.1"

    def address(self) -> str:
        """An address nobody in this story has yet."""
        return f"{self._prefix}.{next(self._hosts)}"

    def media_ports(self) -> str:
        """A range of 400 ports; servers may bind media to every address, so parallel stories differ here too."""
        slot = (os.getpid() * 7 + self._number) % 24
        return f"{20000 + slot * 400}-{20399 + slot * 400}"


def free_port(address: str) -> int:
    """A port nobody holds on that address for TCP or UDP at this moment."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
            stream.bind((address, 0))
            port: int = stream.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
                try:
                    datagram.bind((address, port))
                except OSError:
                    continue
            return port
    raise RuntimeError(f"no free port on {address}")


def free_ports(count: int) -> tuple[int, int]:
    """The first, even, and the last of so many UDP ports in a row that nobody holds on any address at this moment."""
    assert count <= _SLOT
    for _ in range(_SLOTS):
        first = _FIRST + (os.getpid() * 13 + next(_slots)) % _SLOTS * _SLOT
        if all(map(_is_free, range(first, first + count))):
            return first, first + count - 1
    raise RuntimeError(f"no {count} free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        try:
            datagram.bind(("", port))
        except OSError:
            return False
    return True


def own_address() -> str:
    """The address of this machine that its default route uses; nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        datagram.connect(("192.0.2.250", 9))
        address: str = datagram.getsockname()[0]
        return address

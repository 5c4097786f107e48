"""The browsers' real sockets: one on each address, one port, IPv4 and IPv6."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from parley.engine.ports import BadAddress, NoPort
from parley.engine.sockets import UdpPorts
from parley.engine.transport import Arrival, Departure
from tests.kit.addresses import Network, free_ports

NETWORK = Network()
HERE = NETWORK.address()
FOREIGN = "192.0.2.250"


@pytest.fixture
def ports() -> Iterator[UdpPorts]:
    one = UdpPorts()
    yield one
    one.close_all()


def drained(ports: UdpPorts) -> list[Arrival]:
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        found = ports.drain()
        if found:
            return found
    raise AssertionError("nothing arrived")


def test_each_address_has_a_socket_of_the_same_port(ports: UdpPorts) -> None:
    """What comes says by which, and an answer leaves from the address that was asked."""
    port, addresses = ports.open_shared((HERE, "::1"), 0)
    assert addresses == (HERE, "::1") and port > 0
    for number, (family, address) in enumerate(((socket.AF_INET, HERE), (socket.AF_INET6, "::1"))):
        with socket.socket(family, socket.SOCK_DGRAM) as far:
            far.bind((address, 0))
            far.settimeout(2)
            far.sendto(b"check", (address, port))
            (arrival,) = drained(ports)
            assert (arrival.via, arrival.data, arrival.source) == (number, b"check", far.getsockname()[:2])
            ports.send([Departure("", False, b"answer", arrival.source, number)])
            data, source = far.recvfrom(100)
            assert data == b"answer" and source[:2] == (address, port)


def test_phones_and_browsers_have_their_own(ports: UdpPorts) -> None:
    """A leg's pair goes on to work beside the shared sockets."""
    shared, _ = ports.open_shared((HERE,), 0)
    pair = ports.open("leg", HERE, *free_ports(2))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind((HERE, 0))
        far.sendto(b"rtp", (HERE, pair))
        far.sendto(b"stun", (HERE, shared))
        found: dict[bytes, tuple[str, int | None]] = {}
        while len(found) < 2:
            found |= {arrival.data: (arrival.leg, arrival.via) for arrival in drained(ports)}
    assert found == {b"rtp": ("leg", None), b"stun": ("", 0)}


def test_a_port_that_is_taken_on_one_address_is_refused(ports: UdpPorts) -> None:
    """Nothing stays open of those that were free."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind((HERE, 0))
        taken = holder.getsockname()[1]
        other = NETWORK.address()
        with pytest.raises(NoPort, match=str(taken)):
            ports.open_shared((other, HERE), taken)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((other, taken))


def test_addresses_of_other_machines_are_passed_over(ports: UdpPorts) -> None:
    """Unless there is no other; what is no address at all is refused."""
    with pytest.raises(BadAddress):
        ports.open_shared((FOREIGN,), 0)
    with pytest.raises(BadAddress):
        ports.open_shared(("name.example",), 0)
    _, addresses = ports.open_shared((FOREIGN, HERE), 0)
    assert addresses == (HERE,)

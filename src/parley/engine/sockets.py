"""The real network of a worker: one pair of UDP sockets a leg, drained once a tick."""

from __future__ import annotations

import ipaddress
import os
import select
import socket

from parley.engine.engine import BadAddress, NoPort
from parley.engine.leg import Arrival, Departure

# One tick brings one packet of a leg, after a stall a few; what a flood sends beyond that stays in the kernel
# and is dropped there, at no cost to the other legs.
MOST_PER_TICK = 16
DATAGRAM = 2048  # voice packets are below 1500
EXPEDITED = 0xB8  # DSCP EF, RFC 4594 section 4.1


class UdpPorts:
    """Implements the engine's Ports, and carries its datagrams."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._pairs: dict[str, tuple[socket.socket, socket.socket]] = {}
        self._by_descriptor: dict[int, tuple[str, bool, socket.socket]] = {}
        self._next = 0  # offset into the range: a port just closed is the last to be used again

    def open(self, leg: str, local: str, low: int, high: int) -> int:
        """See Ports.open."""
        family = _family(local)
        first = low + low % 2
        count = (high - first + 1) // 2
        for _ in range(count):
            port = first + 2 * (self._next % count)
            self._next += 1
            pair = _open_pair(family, local, port)
            if pair is not None:
                self._add(leg, pair)
                return port
        raise NoPort(f"no free pair of ports in {low}-{high}")

    def _add(self, leg: str, pair: tuple[socket.socket, socket.socket]) -> None:
        self._pairs[leg] = pair
        for sock, rtcp in zip(pair, (False, True), strict=True):
            self._by_descriptor[sock.fileno()] = (leg, rtcp, sock)
            self._poll.register(sock.fileno(), select.EPOLLIN)

    def check_remote(self, leg_local: str, remote: str) -> None:
        """See Ports.check_remote."""
        if _family(leg_local) != _family(remote):
            raise BadAddress(f"{remote} cannot be reached from {leg_local}")

    def close(self, leg: str) -> None:
        """See Ports.close."""
        for sock in self._pairs.pop(leg, ()):
            self._poll.unregister(sock.fileno())
            del self._by_descriptor[sock.fileno()]
            sock.close()

    def drain(self) -> list[Arrival]:
        """Everything that has arrived, in order for each port; bounded for each port."""
        arrivals: list[Arrival] = []
        for descriptor, _ in self._poll.poll(0, max(len(self._by_descriptor), 1)):
            leg, rtcp, sock = self._by_descriptor[descriptor]
            for _ in range(MOST_PER_TICK):
                try:
                    data, source = sock.recvfrom(DATAGRAM)
                except BlockingIOError:
                    break
                except OSError:
                    continue  # an ICMP error told of an earlier send: the peer's port is closed for now
                arrivals.append(Arrival(leg, rtcp, data, (source[0], source[1])))
        return arrivals

    def send(self, departures: list[Departure]) -> None:
        """Each to its destination; what the kernel will not take now is lost, as on any network."""
        for leg, rtcp, data, destination in departures:
            pair = self._pairs.get(leg)
            if pair is None:
                continue
            try:
                pair[rtcp].sendto(data, destination)
            except OSError:
                continue

    def close_all(self) -> None:
        for leg in list(self._pairs):
            self.close(leg)
        self._poll.close()


def _family(host: str) -> socket.AddressFamily:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise BadAddress(f"{host!r} is not a numeric address") from None
    return socket.AF_INET6 if address.version == 6 else socket.AF_INET


def _open_pair(family: socket.AddressFamily, local: str, port: int) -> tuple[socket.socket, socket.socket] | None:
    """None when one of the two ports is taken. Raises BadAddress."""
    opened: list[socket.socket] = []
    for number in (port, port + 1):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        opened.append(sock)
        sock.setblocking(False)
        try:
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, EXPEDITED)
            else:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EXPEDITED)
            sock.bind((local, number))
        except OSError as problem:
            for one in opened:
                one.close()
            if problem.errno in _TAKEN:
                return None
            raise BadAddress(f"{local}: {os.strerror(problem.errno or 0)}") from None
    return opened[0], opened[1]


_TAKEN = {98, 13}  # EADDRINUSE; EACCES below 1024

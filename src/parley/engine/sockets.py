"""The real network of a worker: one pair of UDP sockets a leg, drained once a tick.

A leg's sockets pass to another worker by one datagram (SCM_RIGHTS) to that worker's place, a UNIX socket of ours alone.
"""

from __future__ import annotations

import ipaddress
import os
import select
import socket
from pathlib import Path

from parley.engine.ports import BadAddress, NoPort, NotTaken
from parley.engine.transport import Arrival, Departure

# One tick brings one packet of a leg, after a stall a few; what a flood sends beyond that stays in the kernel
# and is dropped there, at no cost to the other legs.
MOST_PER_TICK = 16
MOST_SHARED_PER_TICK = 2048  # of all browsers together; what is nobody's costs 2 us
SHARED_BUFFER = 4 << 20  # bytes asked of the kernel for a shared socket; it gives what it may
MOST_STATE = 65536  # bytes that a leg has to say of itself when it goes to another worker; a kilobyte in truth
DATAGRAM = 2048  # voice packets are below 1500
EXPEDITED = 0xB8  # DSCP EF, RFC 4594 section 4.1


class UdpPorts:
    """Implements the engine's Ports, and carries its datagrams."""

    def __init__(self, place: Path | None = None) -> None:
        """place: where other workers pass us legs; None: nobody does."""
        self._place = None if place is None else _bound_place(place)
        self._poll = select.epoll()
        self._pairs: dict[str, tuple[socket.socket, socket.socket]] = {}
        self._by_descriptor: dict[int, tuple[str, bool, socket.socket]] = {}
        self._shared: list[socket.socket] = []
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

    def open_shared(self, addresses: tuple[str, ...], port: int) -> tuple[int, tuple[str, ...]]:
        """See Ports.open_shared."""
        for _ in range(_TRIES if port == 0 else 1):
            opened, foreign = _open_all(addresses, port)
            if opened is not None:
                break
        if opened is None:
            raise NoPort(f"UDP port {port or 'of any number'} is taken")
        if not opened:
            raise BadAddress(foreign or "no address")
        for sock in opened:
            _grow_buffer(sock)
            self._poll.register(sock.fileno(), select.EPOLLIN)
        self._shared = opened
        return opened[0].getsockname()[1], tuple(sock.getsockname()[0] for sock in opened)

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

    def give(self, leg: str, to: str, state: bytes) -> None:
        """See Ports.give."""
        pair = self._pairs[leg]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            try:
                sender.connect(to)
                socket.send_fds(sender, [leg.encode(), b"\0", state], [sock.fileno() for sock in pair])
            except OSError as problem:
                raise NotTaken(f"{to}: {os.strerror(problem.errno or 0)}") from None
        self.close(leg)

    def taken(self) -> list[tuple[str, bytes]]:
        """See Ports.taken."""
        states: list[tuple[str, bytes]] = []
        while self._place is not None:
            try:
                data, descriptors, _, _ = socket.recv_fds(self._place, MOST_STATE, 2, socket.MSG_CMSG_CLOEXEC)
            except OSError:
                break
            name, _, state = data.partition(b"\0")
            pair = [socket.socket(fileno=descriptor) for descriptor in descriptors]
            leg = name.decode(errors="replace")
            if len(pair) != 2 or leg in self._pairs:
                for sock in pair:
                    sock.close()
                continue
            self._add(leg, (pair[0], pair[1]))
            states.append((leg, state))
        return states

    def drain(self) -> list[Arrival]:
        """Everything that has arrived, in order for each port; bounded for each port."""
        arrivals = self._drain_shared()
        most = max(len(self._by_descriptor), 1)
        for _ in range(MOST_PER_TICK):
            # One datagram of each socket that has any, then a new look: that is cheaper than asking every one of them
            # whether it has another.
            found = [known for ready, _ in self._poll.poll(0, most) if (known := self._by_descriptor.get(ready))]
            for leg, rtcp, sock in found:
                try:
                    data, source = sock.recvfrom(DATAGRAM)
                except OSError:
                    continue  # an ICMP error told of an earlier send: the peer's port is closed for now
                arrivals.append(Arrival(leg, rtcp, data, source[:2]))
            if not found:
                break
        return arrivals

    def _drain_shared(self) -> list[Arrival]:
        arrivals: list[Arrival] = []
        for number, sock in enumerate(self._shared):
            for _ in range(MOST_SHARED_PER_TICK // len(self._shared)):
                try:
                    data, source = sock.recvfrom(DATAGRAM)
                except BlockingIOError:
                    break
                except OSError:
                    continue
                arrivals.append(Arrival("", False, data, source[:2], number))
        return arrivals

    def send(self, departures: list[Departure]) -> None:
        """Each to its destination; what the kernel will not take now is lost, as on any network."""
        pairs = self._pairs
        for departure in departures:
            if departure.via is not None:
                sock = self._shared[departure.via]
            elif (pair := pairs.get(departure.leg)) is not None:
                sock = pair[departure.rtcp]
            else:
                continue
            try:
                sock.sendto(departure.data, departure.destination)
            except OSError:
                continue

    def close_all(self) -> None:
        for leg in list(self._pairs):
            self.close(leg)
        for sock in self._shared:
            sock.close()
        self._shared = []
        if self._place is not None:
            self._place.close()
        self._poll.close()


def _bound_place(path: Path) -> socket.socket:
    """A socket that only our own user may send to."""
    path.unlink(missing_ok=True)
    place = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    place.setblocking(False)
    before = os.umask(0o177)
    try:
        place.bind(str(path))
    finally:
        os.umask(before)
    return place


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
        try:
            opened.append(_bound(family, local, number))
        except OSError as problem:
            for one in opened:
                one.close()
            if problem.errno in _TAKEN:
                return None
            raise BadAddress(f"{local}: {os.strerror(problem.errno or 0)}") from None
    return opened[0], opened[1]


def _open_all(addresses: tuple[str, ...], port: int) -> tuple[list[socket.socket] | None, str]:
    """A socket on each address that is ours, all of one port; None when it is taken. And which address is not ours."""
    opened: list[socket.socket] = []
    foreign = ""
    for family, local in [(_family(local), local) for local in addresses]:
        try:
            opened.append(_bound(family, local, opened[0].getsockname()[1] if opened else port))
        except OSError as problem:
            if problem.errno in _TAKEN:
                for one in opened:
                    one.close()
                return None, ""
            foreign = f"{local}: {os.strerror(problem.errno or 0)}"
    return opened, foreign


def _bound(family: socket.AddressFamily, local: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, EXPEDITED)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EXPEDITED)
        sock.bind((local, port))
    except OSError:
        sock.close()
        raise
    return sock


def _grow_buffer(sock: socket.socket) -> None:
    """All browsers share it: what comes while a tick is late must fit."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _FORCE_RECEIVE_BUFFER, SHARED_BUFFER)
    except OSError:  # that takes a privilege
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SHARED_BUFFER)


_TAKEN = {98, 13}  # EADDRINUSE; EACCES below 1024
_TRIES = 20  # of finding one port that is free on all addresses
_FORCE_RECEIVE_BUFFER = 33  # SO_RCVBUFFORCE of Linux, which the socket module does not name

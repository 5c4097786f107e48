"""A worker's process: one that we have started, or one that a server before us has."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
import struct
from typing import Protocol

LOOK_EVERY = 0.02  # seconds, for the end of a process that is not our child


class Process(Protocol):
    """What is asked of either."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None:
        """None while it runs."""

    def kill(self) -> None:
        """At once; nothing when it has ended."""

    async def wait(self) -> int: ...


class Adopted:
    """Not our child: held by a descriptor, so that its id cannot come to mean another process."""

    returncode: int | None = None

    def __init__(self, pid: int) -> None:
        """Raises ProcessLookupError."""
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)

    def kill(self) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def let_go(self) -> None:
        """It is nothing of ours."""
        os.close(self._descriptor)

    async def wait(self) -> int:
        """What it ended with only its parent knows: 0 is said."""
        ended = select.poll()  # select() knows no descriptors above 1023
        ended.register(self._descriptor, select.POLLIN)
        while self.returncode is None:
            if ended.poll(0):
                self.returncode = 0
                self.let_go()
            else:
                await asyncio.sleep(LOOK_EVERY)
        return self.returncode


def process_behind(channel: socket.socket) -> Adopted:
    """Who listens at the other end of a UNIX socket. Raises OSError when that is not our own user's process."""
    pid, user = peer_of(channel)
    if user != os.getuid():
        raise PermissionError(f"user {user} listens there")
    adopted = Adopted(pid)
    open_still = select.poll()
    open_still.register(channel.fileno(), 0)
    if open_still.poll(0):  # it has ended, so its id may be another's by now, whom nobody may kill for it
        adopted.let_go()
        raise ConnectionResetError("it has ended")
    return adopted


def peer_of(channel: socket.socket) -> tuple[int, int]:
    """Process and user of whoever made the socket at the other end listen."""
    size = struct.calcsize("3i")
    pid, user, _group = struct.unpack("3i", channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return pid, user

"""The worker's main thread: one control connection at a time on a UNIX socket, and the signals.

A worker outlives its channel by as long as Configure says: sound goes on by the last plans, and whoever connects next
takes over. What the channel before was owed is void; what it never acknowledged is told once more.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from parley.engine import messages
from parley.engine.engine import Engine
from parley.engine.loop import AudioLoop, Waker
from parley.engine.opus import OpusMissing, library, silence_packet
from parley.engine.outbox import Outbox
from parley.engine.prompts import Prompts
from parley.engine.sockets import UdpPorts

EXIT_OK = 0
EXIT_NO_CODEC = 40
EXIT_BAD_CHANNEL = 41  # control sent what is not a frame
READ = 65536
PARENT_SECONDS = 1.0  # how often --parent is looked for


class Worker:
    """Runs until SIGTERM, Shutdown, too long a time without a channel, or, before the first one, the parent's end."""

    def __init__(self, path: Path, *, parent: int | None) -> None:
        """parent: whom not to outlive while nobody has connected. It tells its id itself, as it may be gone before we
        are up."""
        self._path = path
        self._parent = parent
        self._waker = Waker()
        self._outbox = Outbox()
        self._framer = messages.Framer()
        self._stopping = False
        self._lost = False  # the channel
        self._alone_until: float | None = None  # None: there has been no channel yet
        self._outlive = 0.0  # seconds
        self._owed = 0  # responses that the audio thread has not given yet
        self._void = 0  # the first so many of them are of a channel before
        self._exit = EXIT_OK
        self._pending = b""  # the frame being sent, as far as the channel has not taken it

    def run(self) -> int:
        """The exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            library()
        except OpusMissing as problem:
            _say(str(problem))
            return EXIT_NO_CODEC
        silence_packet()
        prompts = Prompts.load()
        if self._gives_up():  # before it takes the place of one that another control has started meanwhile
            return self._exit
        place = place_of(self._path)
        ports = UdpPorts(place)
        engine = Engine(ports, prompts, random.SystemRandom(), time.time)
        loop = AudioLoop(engine, ports, self._waker)
        with _listen(self._path) as listener:
            ours = [(path, _inode(path)) for path in (self._path, place)]
            loop.start()
            try:
                while (channel := self._accept(listener, loop)) is not None:
                    with channel:
                        self._begin_channel()
                        self._serve(channel, loop)
                    self._alone_until = time.monotonic() + self._outlive
            finally:
                # Before the listener closes: whoever cannot connect may put a socket of his own there. Who has done so
                # already keeps it.
                for path, inode in ours:
                    if _inode(path) == inode:
                        path.unlink(missing_ok=True)
                listener.close()
                loop.stop()
        return self._exit

    def _stop(self, *_: Any) -> None:
        self._stopping = True
        self._waker.wake()

    def _gives_up(self) -> bool:
        """Whether nobody is to be waited for."""
        if self._stopping:
            return True
        if self._alone_until is not None:
            return time.monotonic() >= self._alone_until
        return self._parent is not None and os.getppid() != self._parent

    def _accept(self, listener: socket.socket, loop: AudioLoop) -> socket.socket | None:
        while not self._gives_up():
            self._collect(loop)
            left = PARENT_SECONDS if self._alone_until is None else self._alone_until - time.monotonic()
            ready = self._wait_for(listener, select.POLLIN, min(max(left, 0.0), PARENT_SECONDS))
            self._waker.clear()
            if ready:
                with contextlib.suppress(BlockingIOError, ConnectionError):  # who wanted to connect has gone
                    channel, _ = listener.accept()
                    channel.setblocking(False)
                    return channel
        return None

    def _wait_for(self, one: socket.socket, events: int, seconds: float) -> int:
        """Until something of it comes, we are woken or time has passed. What came: 0 for nothing.

        By poll, for with hundreds of legs open descriptors have numbers that select does not know.
        """
        poll = select.poll()
        poll.register(one, events)
        poll.register(self._waker, select.POLLIN)
        return dict(poll.poll(seconds * 1000)).get(one.fileno(), 0)

    def _begin_channel(self) -> None:
        self._framer = messages.Framer()
        self._pending = b""
        self._lost = False
        self._void = self._owed
        self._outbox.start_again()

    def _serve(self, channel: socket.socket, loop: AudioLoop) -> None:
        while not self._stopping and not self._lost:
            self._collect(loop)
            blocked = not self._send(channel)
            ready = self._wait_for(channel, select.POLLIN | (select.POLLOUT if blocked else 0), PARENT_SECONDS)
            self._waker.clear()
            if ready & ~select.POLLOUT:
                self._read(channel, loop)

    def _collect(self, loop: AudioLoop) -> None:
        """What the audio thread has to say, without answers to a channel that is gone."""
        while loop.replies:
            reply = loop.replies.popleft()
            if isinstance(reply, messages.Response):
                self._owed -= 1
                if self._void:
                    self._void -= 1
                    continue
            self._outbox.put(reply)

    def _send(self, channel: socket.socket) -> bool:
        """Send while the channel takes it; False when it does not take all."""
        while True:
            if not self._pending:
                self._pending = self._outbox.take() or b""
                if not self._pending:
                    return True
            try:
                sent = channel.send(self._pending)
            except BlockingIOError:
                return False
            except OSError:
                self._lost = True
                return True
            self._pending = self._pending[sent:]

    def _read(self, channel: socket.socket, loop: AudioLoop) -> None:
        try:
            data = channel.recv(READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost = True
            return
        try:
            bodies = self._framer.feed(data)
        except ValueError as problem:  # where the next frame would begin cannot be known any more
            _say(f"control channel: {problem}")
            self._stopping, self._exit = True, EXIT_BAD_CHANNEL
            return
        for body in bodies:
            self._take(body, loop)

    def _take(self, body: bytes, loop: AudioLoop) -> None:
        try:
            request = messages.decode_request(body)
        except (msgspec.ValidationError, msgspec.DecodeError) as problem:
            self._refuse(body, problem)
            return
        match request:
            case messages.Ack():
                self._outbox.acknowledge(request.seq)
                return
            case messages.Shutdown():
                self._stopping = True
                return
            case messages.Configure():
                self._outlive = request.outlive_ms / 1000
        self._owed += 1
        loop.submit(request)

    def _refuse(self, body: bytes, problem: Exception) -> None:
        """Answer a request outside the schema if it can be told which; log it otherwise."""
        number: object = None
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            plain = msgspec.msgpack.decode(body)
            number = plain.get("id") if isinstance(plain, dict) else None
        if isinstance(number, int):
            self._outbox.put(messages.Failed(id=number, code="bad-request", text=str(problem)))
        else:
            self._outbox.put(messages.Log(level="error", text=f"unreadable request: {problem}"))


def place_of(path: Path) -> Path:
    """Where the worker with this control socket takes legs from other workers."""
    return path.with_suffix(".legs")


def _inode(path: Path) -> tuple[int, int] | None:
    """Which file this path names now; None: none."""
    try:
        facts = path.lstat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _say(text: str) -> None:
    """Whoever read our output may have gone with control."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _listen(path: Path) -> socket.socket:
    """A listening socket that only our own user may connect to."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(1)
    listener.setblocking(False)
    return listener

"""One worker process of the media engine and the channel to it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Coroutine
from itertools import count
from pathlib import Path
from typing import TypeVar

import structlog

from ...engine import messages as m
from .process import Process, peer_of, process_behind

log = structlog.get_logger(__name__)

# Builds one request with the number it is to carry.
Builder = Callable[[int], m.Message]

T = TypeVar("T")

ANSWER_WITHIN = 2.0  # seconds; a worker that does not answer for so long is dead (architecture, media engine)
OURSELVES_LATE = 0.1  # seconds: of a timer of ours, by which we do not judge others
START_WITHIN = 10.0  # seconds until a new process must listen: imports of numpy take most of it
PING_EVERY = 1.0


class WorkerDied(Exception):
    """The process is gone or does not answer."""


class NoWorker(WorkerDied):
    """None was left by a server before this one."""


class WorkerLink:
    """Starts a process or takes one over, speaks to it, and says once when it is gone."""

    def __init__(
        self,
        socket: Path,
        configure: Callable[[int], m.Configure],
        on_notification: Callable[[m.Notification], None],
        on_death: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._configure = configure
        self._on_notification = on_notification
        self._on_death = on_death
        self._ids = count(1)
        self._pending: dict[int, asyncio.Future[m.Response]] = {}
        self._process: Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._dead = False
        self._up = False  # start has succeeded: from here on the end is told

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Raises WorkerDied when the process does not come up; then, or when cancelled, nothing is left of it."""
        await self._come_up(self._start())

    async def take_over(self) -> m.Found:
        """Speak to the process that listens already, started by a server before this one; what it has open.

        Raises NoWorker when there is none, WorkerDied when it does not fit; then nothing is left of it.
        """
        return await self._come_up(self._take_over())

    async def _come_up(self, work: Coroutine[None, None, T]) -> T:
        try:
            done = await work
        except BaseException:
            await self._discard()
            raise
        if self._dead:  # between its answer and now
            raise WorkerDied("media worker died at its start")
        self._up = True
        return done

    async def _start(self) -> None:
        self._socket.unlink(missing_ok=True)
        process = self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "parley.engine", "--socket", str(self._socket), "--parent", str(os.getpid())),
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in a terminal is for control, which then ends its workers in order
        )
        try:
            async with asyncio.timeout(START_WITHIN):
                reader = await self._connect(process)
        except TimeoutError as problem:
            raise WorkerDied(f"media worker did not listen within {START_WITHIN:.0f} s") from problem
        await self._begin(reader)

    async def _take_over(self) -> m.Found:
        try:
            reader, self._writer = await asyncio.open_unix_connection(str(self._socket))
            self._process = process_behind(self._writer.get_extra_info("socket"))
        except OSError as problem:
            raise NoWorker(str(problem)) from problem
        await self._begin(reader)
        answer = await self.ask(lambda number: m.GetFound(id=number))
        if not isinstance(answer, m.Found):
            raise WorkerDied("media worker does not say what is open")
        return answer

    async def _begin(self, reader: asyncio.StreamReader) -> None:
        self._tasks = [asyncio.create_task(self._read(reader)), asyncio.create_task(self._ping())]
        answer = await self.ask(self._configure)
        if isinstance(answer, m.Failed):
            raise WorkerDied(f"media.web_port, media.web_listen: no media worker with these: {answer.text}")

    async def _connect(self, process: Process) -> asyncio.StreamReader:
        while True:
            if process.returncode is not None:
                raise WorkerDied(f"media worker ended at its start with code {process.returncode}")
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                reader, writer = await asyncio.open_unix_connection(str(self._socket))
                if peer_of(writer.get_extra_info("socket"))[0] == process.pid:
                    self._writer = writer
                    return reader
                writer.close()  # one that a control before us had begun to start; it ends by itself
            await asyncio.sleep(0.02)

    async def ask(self, build: Builder) -> m.Response:
        """Send a request and wait for its response. Raises WorkerDied."""
        number = next(self._ids)
        future: asyncio.Future[m.Response] = asyncio.get_running_loop().create_future()
        self._pending[number] = future
        try:
            self._send(build(number))
            return await _patiently(future)
        except TimeoutError as problem:
            self._pending.pop(number, None)  # nobody takes what the others are told
            self._die("did not answer")
            raise WorkerDied("media worker did not answer") from problem
        finally:
            self._pending.pop(number, None)

    def tell(self, build: Builder) -> None:
        """Send a request whose response nobody waits for; a Failed answer is logged."""
        if not self._dead:
            self._send(build(next(self._ids)))

    def _send(self, message: m.Message) -> None:
        if self._dead or self._writer is None:
            raise WorkerDied("media worker is gone")
        self._writer.write(m.encode(message))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        framer = m.Framer()
        try:
            while data := await reader.read(65536):
                for body in framer.feed(data):
                    self._take(m.decode_reply(body))
        except (OSError, ValueError) as problem:  # msgspec's errors are ValueErrors
            log.error("media worker channel broke", problem=str(problem))
        self._die("closed its channel")

    def _take(self, message: m.Response | m.Notification) -> None:
        if isinstance(message, m.Response):
            future = self._pending.get(message.id)
            if future is not None and not future.done():
                future.set_result(message)
            elif isinstance(message, m.Failed):
                log.warning("media worker refused", code=message.code, text=message.text)
            return
        if isinstance(message, m.Reliable) and not self._dead:
            self._send(m.Ack(seq=message.seq))
        try:
            self._on_notification(message)
        except Exception:  # of ours: the worker and its channel are sound
            log.exception("what a media worker told was not taken", kind=type(message).__name__)

    async def _ping(self) -> None:
        while not self._dead:
            await asyncio.sleep(PING_EVERY)
            with contextlib.suppress(WorkerDied):
                await self.ask(lambda number: m.Ping(id=number))

    def _die(self, why: str) -> None:
        if self._dead:
            return
        self._dead = True
        log.error("media worker died", why=why, pid=self.pid)
        self._let_go(why)
        self._kill()
        if self._up:
            self._on_death()

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def _let_go(self, why: str) -> None:
        """Nobody waits for this worker any more, and the channel is closed."""
        for future in self._pending.values():
            if not future.done():
                future.set_exception(WorkerDied(why))
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        if self._writer is not None:
            self._writer.close()

    async def _discard(self) -> None:
        """Of a start that failed: no process stays behind."""
        self._dead = True
        self._let_go("did not start")
        self._kill()
        if self._process is not None:
            await self._process.wait()
        self._socket.unlink(missing_ok=True)

    def leave(self) -> None:
        """Close the channel and nothing else: the process waits for the next control."""
        self._dead = True
        self._let_go("was left")

    async def stop(self) -> None:
        """Have the process end; kill it when it does not."""
        if not self._dead and self._writer is not None:
            self._send(m.Shutdown())
        self._dead = True
        self._let_go("was stopped")
        if self._process is not None:
            try:
                await asyncio.wait_for(self._process.wait(), ANSWER_WITHIN)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        self._socket.unlink(missing_ok=True)


async def _patiently(answer: asyncio.Future[m.Response]) -> m.Response:
    """Raises TimeoutError when it does not come in time, as far as we can judge.

    Where we are late ourselves, it may have come long ago and wait to be read.
    """
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + ANSWER_WITHIN
        await asyncio.wait({answer}, timeout=ANSWER_WITHIN)
        if answer.done():
            return answer.result()
        if loop.time() - due < OURSELVES_LATE:
            raise TimeoutError

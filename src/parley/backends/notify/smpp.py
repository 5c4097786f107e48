"""The courier of SMS by SMPP 3.4: one session with the message centre, bound as transmitter when first needed."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import zlib
from dataclasses import dataclass
from typing import Any

import structlog

from ...app.ports import NotSent
from ...core.outbox import OutboxEntry
from ...core.secret import Secret
from ...wire import smpp
from ...wire.smpp import Command, Pdu
from ...wire.sms_text import parts

log = structlog.get_logger(__name__)

MOST_PARTS = 20  # of one message: longer ones are a mistake of ours, and cost money


@dataclass(frozen=True, slots=True)
class SmppSettings:
    """limit: seconds for each answer; enquire: seconds of silence after which the link is tried."""

    host: str
    port: int
    system_id: str
    password: Secret
    sender: str = ""
    system_type: str = ""
    tls: bool = False
    limit: float = 15.0
    enquire: float = 30.0


class SmppCourier:
    """Implements Courier."""

    def __init__(self, settings: SmppSettings) -> None:
        self._settings = settings
        self._session: _Session | None = None
        self._binding = asyncio.Lock()

    async def send(self, entry: OutboxEntry) -> None:
        """Returns when the centre has taken every part. Raises NotSent."""
        # The same reference at every try: a phone puts parts of the first and of a later try together.
        reference = zlib.crc32(entry.message_id.encode()) & 0xFF
        texts = parts(entry.payload.decode(), reference)
        if len(texts) > MOST_PARTS:
            raise NotSent(f"a text of {len(texts)} parts; {MOST_PARTS} is the most", permanent=True)
        session = await self._bound()
        for part in texts:
            try:
                pdu = smpp.submit_sm(
                    session.next_sequence(), self._settings.sender, entry.recipient, part.data, part.coding, part.headed
                )
            except ValueError as problem:
                raise NotSent(f"cannot be said by SMPP: {problem}", permanent=True) from problem
            answer = await session.ask(pdu)
            if answer.status != smpp.OK:
                permanent = answer.status in smpp.OF_THE_MESSAGE
                raise NotSent(f"the message centre said 0x{answer.status:08X}", permanent=permanent)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.unbind()
            self._session = None

    async def _bound(self) -> _Session:
        async with self._binding:
            if self._session is None or self._session.over:
                self._session = await _Session.open(self._settings)
            return self._session


class _Session:
    """One connection after its bind. Many requests may be under way."""

    def __init__(self, settings: SmppSettings, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._settings = settings
        self._reader = reader
        self._writer = writer
        self._sequence = 0
        self._asked: dict[int, asyncio.Future[Pdu]] = {}
        self.over = False
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._read()), loop.create_task(self._enquire())]

    @classmethod
    async def open(cls, settings: SmppSettings) -> _Session:
        """Raises NotSent; a refused bind is of the settings and may be mended, so it is never permanent."""
        context = ssl.create_default_context() if settings.tls else None
        try:
            async with asyncio.timeout(settings.limit):
                reader, writer = await asyncio.open_connection(settings.host, settings.port, ssl=context)
        except (OSError, TimeoutError) as problem:
            raise NotSent(f"the message centre did not answer ({type(problem).__name__})") from problem
        session = cls(settings, reader, writer)
        try:
            bind = smpp.bind_transmitter(
                session.next_sequence(), settings.system_id, settings.password.reveal(), settings.system_type
            )
            answer = await session.ask(bind)
        except BaseException:
            session.end()
            raise
        if answer.command != Command.BIND_TRANSMITTER_RESP or answer.status != smpp.OK:
            session.end()
            raise NotSent(f"the message centre refused the bind (0x{answer.status:08X})")
        return session

    def next_sequence(self) -> int:
        self._sequence = self._sequence % 0x7FFFFFFF + 1  # 5.1.4
        return self._sequence

    async def ask(self, pdu: Pdu) -> Pdu:
        """The response. Raises NotSent when none comes in time, which also ends the session."""
        if self.over:
            raise NotSent("the message centre went away")
        future: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._asked[pdu.sequence] = future
        try:
            async with asyncio.timeout(self._settings.limit):
                self._writer.write(pdu.to_bytes())
                await self._writer.drain()
                return await future
        except (OSError, TimeoutError) as problem:
            self.end()
            raise NotSent(f"the message centre did not answer ({type(problem).__name__})") from problem
        finally:
            self._asked.pop(pdu.sequence, None)

    async def unbind(self) -> None:
        with contextlib.suppress(NotSent, TimeoutError):
            async with asyncio.timeout(2):
                await self.ask(Pdu(Command.UNBIND, self.next_sequence()))
        self.end()

    def end(self) -> None:
        """Everybody who still waits is told."""
        if self.over:
            return
        self.over = True
        self._writer.close()
        for future in self._asked.values():
            if not future.done():
                future.set_exception(NotSent("the message centre went away"))
        current: asyncio.Task[Any] | None = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()

    async def _read(self) -> None:
        reader = smpp.Reader()
        try:
            while data := await self._reader.read(4096):
                for pdu in reader.take(data):
                    self._take(pdu)
        except smpp.TheirMistake as problem:
            log.warning("the message centre does not speak SMPP", error=str(problem))
        except OSError:
            pass  # the same as an end of the stream
        self.end()

    def _take(self, pdu: Pdu) -> None:
        if pdu.answers:
            future = self._asked.get(pdu.sequence)
            if future is not None and not future.done():
                future.set_result(pdu)
        elif pdu.command == Command.ENQUIRE_LINK:
            self._answer(pdu, Command.ENQUIRE_LINK_RESP)
        elif pdu.command == Command.UNBIND:
            self._answer(pdu, Command.UNBIND_RESP)
            self.end()
        else:
            self._answer(pdu, Command.GENERIC_NACK, status=0x00000003)  # ESME_RINVCMDID

    def _answer(self, pdu: Pdu, command: Command, status: int = smpp.OK) -> None:
        self._writer.write(Pdu(command, pdu.sequence, status).to_bytes())

    async def _enquire(self) -> None:
        with contextlib.suppress(NotSent):
            while True:
                await asyncio.sleep(self._settings.enquire)
                await self.ask(Pdu(Command.ENQUIRE_LINK, self.next_sequence()))

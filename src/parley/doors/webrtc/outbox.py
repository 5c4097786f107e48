"""What one socket has still to be sent: answers in order, of the rest the latest alone, so that it stays bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from ...core.chat import ChatLine
from .render import chat_line

ANSWERS_MOST = 32  # to requests of the client's own: no more is read of it before it has taken these

NORMAL, GOING_AWAY, POLICY, TOO_BIG, RESTART, TRY_LATER = 1000, 1001, 1008, 1009, 1012, 1013
TAKEN_OVER = 4000  # another socket has resumed the same participant


class Outbox:
    """`close_code` is set when nothing more is to be sent after what is here."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self.room = asyncio.Event()  # for answers to further requests
        self.room.set()
        self.close_code: int | None = None
        self._answers: deque[str] = deque()
        self._last: str | None = None
        self._latest: dict[str, str] = {}
        self._chat: tuple[ChatLine, ...] = ()
        self._told = 0
        self._under_way = False  # a request whose answer is still to come, before the last word

    @contextmanager
    def answering(self) -> Iterator[None]:
        """A request is carried out: whatever it brings about, its answer comes before the last word."""
        self._under_way = True
        try:
            yield
        finally:
            self._under_way = False
            self.wake.set()

    @property
    def empty(self) -> bool:
        """Has everything been taken out?"""
        return not (self._answers or self._latest or self._chat) and self._last is None

    def answer(self, text: str) -> None:
        """In order with other answers, and before the last word."""
        if self.close_code is not None and self._last is None:
            return
        self._answers.append(text)
        if len(self._answers) > ANSWERS_MOST:
            self.room.clear()
        self.wake.set()

    def show(self, kind: str, text: str) -> None:
        """Instead of what of this kind was not sent yet."""
        if self.close_code is None:
            self._latest[kind] = text
            self.wake.set()

    def show_chat(self, lines: tuple[ChatLine, ...]) -> None:
        """All that are kept; those sent before are not sent again, those forgotten meanwhile never."""
        if self.close_code is None and lines and lines[-1].number > self._told:
            self._chat = lines
            self.wake.set()

    def finish(self, last: str, code: int = NORMAL) -> None:
        """Nothing after this but what waits already."""
        if self.close_code is None:
            self._last = last
            self.close_code = code
            self.wake.set()

    def cut(self, code: int) -> None:
        """Nothing more at all."""
        if self.close_code is None or self._last is not None:
            self._answers.clear()
            self._latest.clear()
            self._chat = ()
            self._last = None
            self.close_code = code
            self.wake.set()

    def drain(self) -> Iterator[str]:
        """Everything that waits, one by one, so that what comes meanwhile is seen; the last word at the end."""
        while not self.empty:
            if self._last is not None and self._under_way and not (self._answers or self._latest or self._chat):
                return
            if self._answers:
                answer = self._answers.popleft()
                if len(self._answers) < ANSWERS_MOST:
                    self.room.set()
                yield answer
            elif "state" in self._latest:
                yield self._latest.pop("state")
            elif self._chat:
                line, self._chat = self._chat[0], self._chat[1:]
                if line.number > self._told:
                    self._told = line.number
                    yield chat_line(line)
            elif self._latest:
                yield self._latest.pop(next(iter(self._latest)))
            else:
                last, self._last = self._last, None
                yield last or ""

"""The outbox, tokens, and answers kept for repeated requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from parley.app.ports import KeptAnswer, Query, Store
from parley.core.ids import OutboxId, UserId
from parley.core.outbox import Channel, Notice, OutboxEntry, OutboxState
from parley.core.people import Token, TokenKind
from parley.core.seats import Seat
from tests.backends.store_samples import FULL, HOUR, T, fill, ids

TICK = timedelta(microseconds=1)


def letter(id: str, due: datetime = T, **values: Any) -> OutboxEntry:
    payload = values.pop("payload", b"x")
    return OutboxEntry(OutboxId(id), Channel.MAIL, Notice.BOOKED, "a@b.example", f"<{id}>", payload, T, due, **values)


def token(id: str, user: str | None = "u1", created: datetime = T, expires: datetime = T + HOUR) -> Token:
    return Token(id, TokenKind.ACCESS, None if user is None else UserId(user), created, expires)


def answer(body: bytes = b"{}", created: datetime = T) -> KeptAnswer:
    return KeptAnswer(200, body, "f00d", created)


class MessagesSuite:
    # --- outbox ----------------------------------------------------------------------------------------------

    async def test_due_messages_come_oldest_due_first(self, store: Store) -> None:
        """Waiting ones due at or before the time, at most so many, in order of creation where due together."""
        await fill(store, letter("b", T), letter("a", T), letter("late", T + TICK), letter("early", T - HOUR))
        await fill(store, letter("sent", T - HOUR, state=OutboxState.SENT))
        await fill(store, letter("failed", T - HOUR, state=OutboxState.FAILED))
        async with store.reading() as reading:
            assert ids(await reading.outbox.due(T, 10)) == ["early", "b", "a"]
            assert ids(await reading.outbox.due(T, 2)) == ["early", "b"]
            assert await reading.outbox.due(T, 0) == []
            assert await reading.outbox.due(T - 2 * HOUR, 10) == []

    async def test_the_next_due_time_is_that_of_a_waiting_message(self, store: Store) -> None:
        """The earliest of those that still wait; none when nothing does."""
        await fill(store, letter("sent", T - HOUR, state=OutboxState.SENT))
        async with store.reading() as reading:
            assert await reading.outbox.next_due() is None
        await fill(store, letter("late", T + HOUR), letter("next", T + TICK))
        async with store.reading() as reading:
            due = await reading.outbox.next_due()
        assert due == T + TICK
        assert due.utcoffset() == timedelta(0)

    # --- tokens ----------------------------------------------------------------------------------------------

    async def test_the_tokens_of_a_user_come_oldest_first(self, store: Store) -> None:
        """By time of making, and no one else's."""
        await fill(store, token("new", created=T + HOUR), token("old"), token("other", "u2"), token("nobody", None))
        async with store.reading() as reading:
            assert ids(await reading.tokens.of_user("u1")) == ["old", "new"]
            assert await reading.tokens.of_user("u9") == []

    async def test_expired_tokens_are_forgotten(self, store: Store) -> None:
        """From the moment they expire; the count is told."""
        await fill(store, token("past", expires=T - HOUR), token("now", expires=T), token("valid", expires=T + TICK))
        async with store.transaction() as transaction:
            assert await transaction.tokens.forget_expired(T) == 2
            assert await transaction.tokens.forget_expired(T) == 0
        async with store.reading() as reading:
            assert ids((await reading.tokens.page(Query())).items) == ["valid"]

    async def test_expired_seats_are_forgotten(self, store: Store) -> None:
        """From the moment they expire; the count is told."""
        seat: Seat = FULL["seats"]
        for id, expires in (("past", T - HOUR), ("now", T), ("valid", T + TICK)):
            await fill(store, replace(seat, id=id, expires=expires))
        async with store.transaction() as transaction:
            assert await transaction.seats.forget_expired(T) == 2
        async with store.reading() as reading:
            assert ids((await reading.seats.page(Query())).items) == ["valid"]

    # --- kept answers ----------------------------------------------------------------------------------------

    async def test_an_answer_is_kept_for_its_scope_and_key(self, store: Store) -> None:
        """It comes back byte for byte, and keys of different askers never meet."""
        async with store.transaction() as transaction:
            await transaction.keep_answer("ann", "k", answer(bytes(range(256))))
            await transaction.keep_answer("bo", "k", answer(b"bo"))
            await transaction.keep_answer("ann", "K", answer(b""))
        async with store.reading() as reading:
            assert await reading.kept_answer("ann", "k") == answer(bytes(range(256)))
            assert await reading.kept_answer("bo", "k") == answer(b"bo")
            assert await reading.kept_answer("ann", "K") == answer(b"")
            assert await reading.kept_answer("bo", "K") is None

    async def test_a_kept_key_is_refused(self, store: Store) -> None:
        """The second answer raises ValueError and the first stays."""
        for body in (b"first", b"second"):
            try:
                async with store.transaction() as transaction:
                    await transaction.keep_answer("ann", "k", answer(body))
            except ValueError:
                assert body == b"second"
            else:
                assert body == b"first"
        async with store.reading() as reading:
            assert await reading.kept_answer("ann", "k") == answer(b"first")

    async def test_old_answers_are_forgotten(self, store: Store) -> None:
        """Those made before the time, which may then be kept anew."""
        async with store.transaction() as transaction:
            await transaction.keep_answer("ann", "old", answer(created=T - TICK))
            await transaction.keep_answer("ann", "new", answer(created=T))
            assert await transaction.forget_answers(T) == 1
            await transaction.keep_answer("ann", "old", answer(b"again"))
        async with store.reading() as reading:
            assert await reading.kept_answer("ann", "old") == answer(b"again")
            assert await reading.kept_answer("ann", "new") == answer(created=T)

    async def test_readers_cannot_write_these(self, store: Store) -> None:
        """Forgetting and keeping need a write transaction."""
        async with store.reading() as reading:
            with pytest.raises(RuntimeError):
                await reading.tokens.forget_expired(T)
            with pytest.raises(RuntimeError):
                await reading.keep_answer("ann", "k", answer())
            with pytest.raises(RuntimeError):
                await reading.forget_answers(T)

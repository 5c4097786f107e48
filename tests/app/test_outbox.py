"""The sender of the outbox: simulated time, couriers that fail, stores that fail, and crashes anywhere."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.app.outbox import Outbox, OutboxDesk, OutboxTiming
from parley.app.ports import NotSent, Query, Transaction
from parley.core.ids import OutboxId
from parley.core.outbox import Channel, Notice, OutboxEntry, OutboxState
from parley.core.refusals import Refusal
from parley.core.retry import Retries
from tests.kit.manual_clock import ManualClock
from tests.kit.memory_store import MemoryStore

T = datetime(2026, 1, 1, tzinfo=UTC)


def letter(id: str, channel: Channel = Channel.MAIL, due: datetime = T, **values: Any) -> OutboxEntry:
    payload = f"bytes of {id}".encode()
    return OutboxEntry(OutboxId(id), channel, Notice.BOOKED, f"{id}@b.example", f"<{id}>", payload, T, due, **values)


class RecordingCourier:
    """Takes what it is given, or does what `plan` says for the next messages."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.plan: list[Exception | None] = []
        self.gate: asyncio.Event | None = None
        self.at_once = 0
        self.most_at_once = 0

    async def send(self, entry: OutboxEntry) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await (self.gate.wait() if self.gate else asyncio.sleep(0))
            problem = self.plan.pop(0) if self.plan else None
            if problem is not None:
                raise problem
            self.taken.append((entry.id, entry.payload))
        finally:
            self.at_once -= 1

    @property
    def ids(self) -> list[str]:
        return [id for id, _ in self.taken]


class Post:
    """A sender at work over a store in memory."""

    def __init__(self, couriers: dict[Channel, Any] | None = None, timing: OutboxTiming | None = None) -> None:
        self.store: Any = MemoryStore()
        self.clock = ManualClock(utc=T)
        self.mail, self.sms = RecordingCourier(), RecordingCourier()
        self.couriers = couriers if couriers is not None else {Channel.MAIL: self.mail, Channel.SMS: self.sms}
        self.timing = timing
        self.start()

    def start(self) -> None:
        self.outbox = Outbox(self.store, self.couriers, self.clock, self.timing)
        self.task = asyncio.get_running_loop().create_task(self.outbox.run())

    async def add(self, *entries: OutboxEntry, poke: bool = True) -> None:
        async with self.store.transaction() as tx:
            for entry in entries:
                await tx.outbox.add(entry)
        if poke:
            self.outbox.poke()
        await self.clock.run_for(0, turns=60)

    async def rows(self) -> dict[str, OutboxEntry]:
        async with self.store.reading() as tx:
            return {row.id: row for row in (await tx.outbox.page(Query())).items}

    async def crash(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    post = Post()
    yield post
    await post.crash()


async def test_a_row_is_sent_at_once_after_its_commit(post: Post) -> None:
    """A poke is enough; no time passes."""
    await post.add(letter("a"))
    assert post.mail.taken == [("a", b"bytes of a")]
    row = (await post.rows())["a"]
    assert (row.state, row.sent, row.tries, row.last_error) == (OutboxState.SENT, T, 1, "")


async def test_without_a_poke_it_is_sent_within_half_a_minute(post: Post) -> None:
    """Should nobody have poked."""
    await post.clock.run_for(1)
    await post.add(letter("a"), poke=False)
    assert post.mail.ids == []
    await post.clock.run_for(30)
    assert post.mail.ids == ["a"]


async def test_a_row_waits_until_it_is_due(post: Post) -> None:
    """To the second."""
    await post.add(letter("a", due=T + timedelta(seconds=20)))
    await post.clock.run_for(19.9)
    assert post.mail.ids == []
    await post.clock.run_for(0.1)
    assert post.mail.ids == ["a"]


async def test_what_an_earlier_run_left_is_sent_at_the_start() -> None:
    """Restart-safe: rows found waiting are sent."""
    post = Post()
    await post.crash()
    await post.add(letter("a"))
    post.start()
    await post.clock.run_for(0)
    assert post.mail.ids == ["a"]
    await post.crash()


async def test_each_channel_has_its_own_courier(post: Post) -> None:
    """Mail by mail, SMS by SMS."""
    await post.add(letter("m"), letter("s", Channel.SMS))
    assert (post.mail.ids, post.sms.ids) == (["m"], ["s"])


async def test_what_fails_for_now_is_tried_again_after_growing_pauses(post: Post) -> None:
    """30 seconds, a minute, two, ... an hour at most; the reason is kept, and gone once it worked."""
    post.mail.plan = [NotSent("421 later")] * 10
    await post.add(letter("a"))
    pauses = []
    for _ in range(10):
        row = (await post.rows())["a"]
        assert (row.state, row.last_error) == (OutboxState.WAITING, "421 later")
        pauses.append((row.due - post.clock.utc()).total_seconds())
        await post.clock.run_for(pauses[-1])
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    row = (await post.rows())["a"]
    assert (row.state, row.tries, row.last_error) == (OutboxState.SENT, 11, "")


async def test_what_fails_for_good_is_kept_as_failed(post: Post) -> None:
    """It is not tried again, and says why."""
    post.mail.plan = [NotSent("550 no such user", permanent=True)]
    await post.add(letter("a"))
    await post.clock.run_for(7200)
    row = (await post.rows())["a"]
    assert (row.state, row.tries, row.last_error) == (OutboxState.FAILED, 1, "550 no such user")
    assert post.mail.ids == []


async def test_trying_ends() -> None:
    """After the last pause it is given up."""
    post = Post(timing=OutboxTiming(retries=Retries((1.0, 1.0))))
    post.mail.plan = [NotSent("451 x")] * 9
    await post.add(letter("a"))
    await post.clock.run_for(10)
    row = (await post.rows())["a"]
    assert (row.state, row.tries) == (OutboxState.FAILED, 3)
    await post.crash()


async def test_a_fault_of_ours_stops_nobody_else(post: Post) -> None:
    """A courier that raises anything is logged; the row waits and the others go."""
    post.mail.plan = [ZeroDivisionError("secret words")]
    await post.add(letter("a"), letter("b"))
    rows = await post.rows()
    assert rows["a"].state is OutboxState.WAITING
    assert rows["a"].last_error == "internal error (ZeroDivisionError)"
    assert post.mail.ids == ["b"]


async def test_a_few_are_under_way_at_a_time(post: Post) -> None:
    """Four of a channel, and a slow channel holds up no other."""
    post.mail.gate = asyncio.Event()
    await post.add(*(letter(f"m{n}") for n in range(10)), letter("s", Channel.SMS))
    assert post.mail.at_once == 4
    assert post.sms.ids == ["s"]
    post.mail.gate.set()
    await post.clock.run_for(0, turns=200)
    assert Counter(post.mail.ids) == Counter(f"m{n}" for n in range(10))
    assert post.mail.most_at_once == 4


async def test_rows_of_a_channel_that_was_switched_off_wait_and_say_so() -> None:
    """They are neither lost nor in the way of others."""
    mail = RecordingCourier()
    post = Post({Channel.MAIL: mail})
    await post.add(letter("s", Channel.SMS), letter("m"))
    row = (await post.rows())["s"]
    assert (row.state, row.last_error, row.tries) == (OutboxState.WAITING, "sms is not set up", 0)
    assert row.due == T + timedelta(hours=1)
    assert mail.ids == ["m"]
    await post.crash()


async def test_stopping_lets_what_is_under_way_end(post: Post) -> None:
    """And begins nothing new."""
    post.mail.gate = asyncio.Event()
    await post.add(*(letter(f"m{n}") for n in range(6)))
    stopping = asyncio.ensure_future(post.outbox.stop())
    await asyncio.sleep(0)
    post.mail.gate.set()
    await stopping
    await post.task
    states = [row.state for row in (await post.rows()).values()]
    assert states == [OutboxState.SENT] * 4 + [OutboxState.WAITING] * 2


async def test_stopping_does_not_wait_for_ever(post: Post) -> None:
    """What hangs is cut off, and still waits."""
    post.mail.gate = asyncio.Event()
    await post.add(letter("a"))
    await post.outbox.stop(within=0.01)
    await post.task
    assert (await post.rows())["a"].state is OutboxState.WAITING


async def test_what_was_forgotten_while_it_was_sent_stays_forgotten(post: Post) -> None:
    """The operator's word counts."""
    post.mail.gate = asyncio.Event()
    await post.add(letter("a"))
    await OutboxDesk(post.store, post.clock).forget("a")
    post.mail.gate.set()
    await post.clock.run_for(60)
    assert await post.rows() == {}


async def test_rows_are_not_kept_for_ever() -> None:
    """Sent ones for a week, failed ones for five: they hold passcodes."""
    post = Post(timing=OutboxTiming(look_again=3600))
    post.mail.plan = [NotSent("550 x", permanent=True)]
    await post.add(letter("failed"), letter("sent"))
    await post.clock.run_for(8 * 86_400)
    assert list(await post.rows()) == ["failed"]
    await post.clock.run_for(28 * 86_400)
    assert await post.rows() == {}
    await post.crash()


# --- stores that fail ---


class Fault(Exception):
    pass


class FaultyStore:
    """A store whose units of work fail where `plan` says: begin, commit (nothing is kept) or after (it is kept and
    nobody is told)."""

    def __init__(self, inner: MemoryStore, plan: Iterator[str | None]) -> None:
        self.inner = inner
        self.plan = plan

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        fault = next(self.plan, None)
        if fault == "begin":
            raise Fault
        async with self.inner.transaction() as tx:
            yield tx
            if fault == "commit":
                raise Fault
        if fault == "after":
            raise Fault

    @property
    def generation(self) -> int:
        return self.inner.generation

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        if next(self.plan, None) == "begin":
            raise Fault
        async with self.inner.reading() as tx:
            yield tx


async def test_a_message_is_not_sent_again_because_the_store_cannot_be_written() -> None:
    """A disk that is full must not mean the same mail every second: only the recording is tried again."""
    post = Post()
    await post.crash()
    await post.add(letter("a"))
    memory = post.store

    class Unwritable(FaultyStore):
        broken = True

        @asynccontextmanager
        async def transaction(self) -> AsyncIterator[Transaction]:
            if self.broken:
                raise Fault
            async with self.inner.transaction() as tx:
                yield tx

    post.store = Unwritable(memory, iter(()))
    post.start()
    with structlog.testing.capture_logs():
        await post.clock.run_for(600)
    assert post.mail.ids == ["a"]
    Unwritable.broken = False
    await post.clock.run_for(10)
    assert (await post.rows())["a"].state is OutboxState.SENT
    assert post.mail.ids == ["a"]
    await post.crash()


async def test_a_row_read_while_it_was_being_sent_is_not_sent_again() -> None:
    """What a slow reading says of it is out of date by then."""
    post = Post()
    await post.crash()
    memory, held = post.store, asyncio.Event()
    held.set()

    class Slow(FaultyStore):
        @asynccontextmanager
        async def reading(self) -> AsyncIterator[Transaction]:
            async with self.inner.reading() as tx:
                yield tx
            await held.wait()

    post.store, post.mail.gate = Slow(memory, iter(())), asyncio.Event()
    post.start()
    await post.add(letter("a"))
    held.clear()
    post.outbox.poke()
    await post.clock.run_for(0)
    post.mail.gate.set()
    await post.clock.run_for(0)
    held.set()
    await post.clock.run_for(0)
    assert post.mail.ids == ["a"]
    await post.crash()


FAULTS = st.sampled_from([None, None, "begin", "commit", "after"])
ANSWERS = st.sampled_from([None, None, "later", "bug", "for good"])
STEPS = st.one_of(
    st.tuples(st.just("book"), st.integers(1, 3)),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 29, 31, 300])),
    st.tuples(st.just("turn"), st.integers(1, 9)),
    st.just(("crash", 0)),
    st.just(("poke", 0)),
)


@settings(deadline=None, max_examples=200)
@given(
    steps=st.lists(STEPS, min_size=1, max_size=25),
    faults=st.lists(FAULTS, max_size=60),
    answers=st.lists(ANSWERS, max_size=30),
)
def test_nothing_is_lost_nothing_is_early_and_what_comes_twice_is_the_same(
    steps: list[tuple[str, int]], faults: list[str | None], answers: list[str | None]
) -> None:
    """Whatever fails wherever: every committed message is taken or failed for good, none that was not committed is
    sent, and a second copy has the same bytes."""
    with structlog.testing.capture_logs():
        asyncio.run(_play(steps, faults, answers))


async def _play(steps: list[tuple[str, int]], faults: list[str | None], answers: list[str | None]) -> None:
    post = Post(timing=OutboxTiming(retries=Retries((1.0, 2.0) * 20)))
    await post.crash()
    memory = post.store
    post.store = FaultyStore(memory, iter(faults))
    problems: dict[str | None, Exception | None] = {
        None: None, "later": NotSent("4"), "bug": KeyError(), "for good": NotSent("5", permanent=True)
    }  # fmt: skip
    post.mail.plan = [problems[answer] for answer in answers]
    post.start()
    committed: dict[str, bytes] = {}
    count = 0
    for step, number in steps:
        if step == "book":
            entries = [letter(f"{count + n}") for n in range(number)]
            count += number
            try:
                async with post.store.transaction() as tx:
                    for entry in entries:
                        await tx.outbox.add(entry)
                        assert entry.id not in post.mail.ids
                        await asyncio.sleep(0)
            except Fault:
                pass
            async with memory.reading() as tx:
                committed |= {entry.id: entry.payload for entry in entries if await tx.outbox.get(entry.id)}
            post.outbox.poke()
        elif step == "crash":
            await post.crash()
            post.start()
        elif step == "poke":
            post.outbox.poke()
        elif step == "turn":
            for _ in range(number):
                await asyncio.sleep(0)
        else:
            await post.clock.run_for(number)
        assert all(committed.get(id) == payload for id, payload in post.mail.taken)
    post.store.plan = iter(())
    await post.clock.run_for(150)
    rows = {row.id: row for row in (await _all(memory)).values()}
    assert rows.keys() == committed.keys()
    for id, row in rows.items():
        if row.state is OutboxState.SENT:
            assert id in post.mail.ids
        else:
            assert (row.state, row.last_error) == (OutboxState.FAILED, "5")
    await post.crash()


async def _all(store: MemoryStore) -> dict[str, OutboxEntry]:
    async with store.reading() as tx:
        return {row.id: row for row in (await tx.outbox.page(Query())).items}


async def test_a_message_that_tells_a_password_is_not_kept_once_it_is_sent(post: Post) -> None:
    """Its body goes with the sending; until then it stays, whatever fails; others are kept for the operator's days."""
    told = {notice: replace(letter(notice.value), notice=notice) for notice in Notice}
    post.mail.plan = [NotSent("550 x", permanent=True)] * len(told)
    await post.add(*told.values())
    assert all(row.payload for row in (await post.rows()).values())
    desk = OutboxDesk(post.store, post.clock, post.outbox.poke)
    for notice in told:
        await desk.retry(notice.value)
    await post.clock.run_for(5)
    assert dict(post.mail.taken) == {notice.value: entry.payload for notice, entry in told.items()}
    rows = await post.rows()
    assert {row.state for row in rows.values()} == {OutboxState.SENT}
    gone = {id for id, row in rows.items() if not row.payload}
    assert gone == {"password-reset", "account-created"}


# --- the operator's desk ---


async def test_the_desk_lists_the_newest_without_their_text(post: Post) -> None:
    """State, tries and last error; never the payload, which holds passcodes."""
    post.mail.plan = [NotSent("421 later")]
    await post.add(letter("a", subject="Invitation: x"), letter("b"), letter("c"))
    desk = OutboxDesk(post.store, post.clock)
    rows = await desk.listing(None, 2)
    assert [row["id"] for row in rows] == ["b", "c"]
    assert await desk.listing("waiting", 10) == [{
        "id": "a", "state": "waiting", "channel": "mail", "notice": "booked", "recipient": "a@b.example",
        "subject": "Invitation: x", "created": "2026-01-01T00:00:00Z", "due": "2026-01-01T00:00:30Z", "tries": 1,
        "sent": None, "last_error": "421 later", "conference": None,
    }]  # fmt: skip
    assert "bytes of" not in repr(await desk.listing(None, 10))
    with pytest.raises(Refusal, match="invalid"):
        await desk.listing("lost", 10)


async def test_the_desk_retries_what_was_given_up(post: Post) -> None:
    """At once, with all its tries anew."""
    post.mail.plan = [NotSent("550 x", permanent=True)]
    await post.add(letter("a"))
    desk = OutboxDesk(post.store, post.clock, post.outbox.poke)
    await desk.retry("a")
    await post.clock.run_for(0)
    assert (await post.rows())["a"].state is OutboxState.SENT


async def test_the_desk_refuses_what_makes_no_sense(post: Post) -> None:
    """A sent message is not sent again, an unknown one is unknown, one without content is not sent."""
    await post.add(letter("a"), replace(letter("empty", state=OutboxState.FAILED), payload=b""))
    desk = OutboxDesk(post.store, post.clock)
    for id, code in (("a", "state"), ("empty", "state"), ("x", "not-found")):
        with pytest.raises(Refusal) as caught:
            await desk.retry(id)
        assert caught.value.code == code
    with pytest.raises(Refusal):
        await desk.forget("x")

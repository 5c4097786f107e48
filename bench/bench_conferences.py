"""What conferences cost: `python bench/bench_conferences.py [--full]` (with the package installed or on PYTHONPATH).

Booking: POST conferences over HTTP to a server process of its own, one after another and eight at a time, with
nothing and with many conferences stored, by turns with the bare SQLite inserts of the very rows that the bookings
left (as many statements and commits, same pragmas, same file). Listing: GET conferences on the same stores.

Starting: many conferences begin at one instant, the worst way to begin in one minute; the timekeeper works on the
SQL store, and a placer that only counts is called. Beside it the bare updates of the same rows in as large groups.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from booking_kit import NO_SEAL_KEY, Client, Server, fill, newest_bookings, raw_bookings, raw_connection

from parley.app.changes import Changes
from parley.app.conference_start import ConferenceStart
from parley.app.notices import Notices, Places
from parley.app.ports import CallOut, CallResult
from parley.app.tasks import Tasks
from parley.app.timekeeper import TOGETHER, Timekeeper
from parley.backends.journal.file import FileJournal
from parley.backends.store.sql import SqlStore
from parley.backends.system import RandomIdentifiers, SystemClock
from parley.core.ids import LegId, MeetingId, SpaceId
from parley.core.meeting_inputs import MeetingInput

PATH = "/v1/mmc/management/conferences"
AT_ONCE = (1, 8)
PATIENCE = 120.0  # seconds


def p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1] * 1000


# --- booking -------------------------------------------------------------------------------------------------


def booking(number: int) -> dict[str, object]:
    start = datetime.now(UTC) + timedelta(days=1 + number % 60)
    guests = [{"name": f"Guest {one}", "phone": f"+99111700{one}", "role": 0} for one in range(3)]
    return {
        "startTime": f"{start:%Y-%m-%d %H:%M}",
        "length": 60,
        "subject": f"Measured {number}",
        "mediaTypes": "HDVideo",
        "attendees": guests,
        "confConfigInfo": {"isAutoMute": True, "isSendNotify": False},
    }


async def asked(
    clients: Sequence[Client], count: int, ask: Callable[[Client, int], Awaitable[object]]
) -> tuple[float, list[float]]:
    """(seconds for all, seconds of each) of `count` requests, over all the clients."""
    numbers = iter(range(count))
    taken: list[float] = []

    async def work(client: Client) -> None:
        for number in numbers:
            began = time.perf_counter()
            await ask(client, number)
            taken.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(work(client) for client in clients))
    return time.perf_counter() - began, taken


async def measure_booking(server: Server, count: int, rounds: int) -> None:
    first = await (await Client(server.port).open()).log_in()
    clients = [first, *[await Client(server.port, first.token).open() for _ in range(max(AT_ONCE) - 1)]]
    await asked(clients[:1], 50, lambda client, number: client.ask("POST", PATH, booking(number)))
    print("    at once  requests/s (best, worst)  p95 ms  server CPU ms  raw bookings/s  raw p95 ms  ratio of rates")
    for at_once in AT_ONCE:
        rates, raw_rates, all_taken, all_raw, used = [], [], [], [], 0.0
        for _ in range(rounds):
            before = server.processor_seconds()
            seconds, taken = await asked(
                clients[:at_once], count, lambda client, number: client.ask("POST", PATH, booking(number))
            )
            used += server.processor_seconds() - before
            rates.append(count / seconds)
            all_taken += taken
            raw = raw_bookings(server.database, [*newest_bookings(server.database, count)])
            raw_rates.append(count / sum(raw))
            all_raw += raw
        print(
            f"    {at_once:7}  {statistics.median(rates):10.0f} ({max(rates):4.0f}, {min(rates):4.0f})"
            f"  {p95(all_taken):12.1f}  {used / count / rounds * 1000:13.2f}"
            f"  {statistics.median(raw_rates):14.0f}  {p95(all_raw):10.2f}"
            f"  {statistics.median(raw_rates) / statistics.median(rates):14.1f}"
        )
    await measure_listing(first, rounds)
    for client in clients:
        client.close()


async def measure_listing(client: Client, rounds: int) -> None:
    print("    GET conferences                    total    median ms  slowest ms")
    for whose, everybody in (("own and invited to", "false"), ("everybody's", "true")):
        for limit in (20, 500):
            path = f"{PATH}?offset=0&limit={limit}&queryAll={everybody}"
            total = (await client.ask("GET", path))["count"]
            _, taken = await asked([client], 2 * rounds, lambda client, _, path=path: client.ask("GET", path))
            print(
                f"    {whose:18} limit {limit:3}  {total:14}  {statistics.median(taken) * 1000:11.1f}"
                f"  {max(taken) * 1000:10.1f}"
            )


def bench_booking(stored: int, count: int, rounds: int, directory: Path) -> None:
    data = directory / f"booking-{stored}"
    if stored:
        with Server(data) as server:
            pass
        fill(server.database, stored, datetime.now(UTC) + timedelta(days=1), timedelta(days=90))
    with Server(data) as server:
        print(f"\n{stored} stored conferences; ready after {server.ready_after:.1f} s")
        asyncio.run(measure_booking(server, count, rounds))
        print(f"    the server's process has used {server.processor_seconds():.1f} s of CPU in all")


# --- starting ------------------------------------------------------------------------------------------------


class CountingPlacer:
    """Implements CallPlacer: remembers when it was asked."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self.calls: list[tuple[float, float]] = []  # wall clock, CPU seconds of this process
        self.all = asyncio.Event()

    async def call(self, wish: CallOut, told: Callable[[LegId, CallResult], None]) -> LegId:
        self.calls.append((time.time(), time.process_time()))
        if len(self.calls) == self._wanted:
            self.all.set()
        return LegId(f"leg-{len(self.calls)}")

    def cancel(self, leg: LegId) -> bool:
        return False


class NobodyThere:
    """Implements Gatherings."""

    def meeting_of_space(self, space: SpaceId) -> None:
        return None

    async def tell(self, meeting: MeetingId, message: MeetingInput) -> bool:
        return False


async def started(data: Path, count: int, spread: timedelta, lead: timedelta) -> None:
    store = SqlStore(f"sqlite+aiosqlite:///{data / 'parley.db'}", NO_SEAL_KEY)
    await store.migrate()
    start = datetime.now(UTC) + lead
    fill(data / "parley.db", count, start, spread, dialled="2002")
    clock, changes, tasks = SystemClock(), Changes(), Tasks()
    placer = CountingPlacer(count)
    notices = Notices(RandomIdentifiers(), clock, Places("", "", lambda *_: ""), None)
    begin = ConferenceStart(placer, clock, FileJournal(data, clock), tasks)
    keeper = Timekeeper(store, clock, changes, notices, NobodyThere(), begin)
    gc.collect()
    gc.freeze()
    before = time.process_time()
    running = asyncio.create_task(keeper.run())
    await asyncio.sleep(max(0.0, (start - datetime.now(UTC)).total_seconds() - 0.2))
    reading = time.process_time() - before
    if (start - datetime.now(UTC)).total_seconds() < 0:
        raise SystemExit("the rows were not there in time; give more --lead")
    before = time.process_time()
    await asyncio.wait_for(placer.all.wait(), spread.total_seconds() + PATIENCE)
    used = placer.calls[-1][1] - before
    running.cancel()
    await tasks.settle()
    due = [start.timestamp() + spread.total_seconds() * number / count for number in range(count)]
    late = [called - when for (called, _), when in zip(placer.calls, due, strict=True)]
    updated, raw_used = raw_starts(data / "parley.db", count)
    print(
        f"    {count} within {spread.total_seconds():.0f} s: the last call {late[-1]:.2f} s late"
        f" (median {statistics.median(late):.2f}, latest {max(late):.2f}); {used:.2f} s of CPU,"
        f" {used / count * 1000:.2f} ms each; reading ahead {reading:.2f} s of CPU\n"
        f"    bare updates of the same rows: {updated:.2f} s, {raw_used:.2f} s of CPU;"
        f" ratio of CPU {used / raw_used:.1f}" + (f", of time {late[-1] / updated:.1f}" if not spread else "")
    )
    await store.close()


def raw_starts(database: Path, count: int) -> tuple[float, float]:
    """Every occurrence set running, TOGETHER of them in a transaction. (seconds, CPU seconds)"""
    with closing(raw_connection(database)) as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM occurrences LIMIT ?", (count,))]
        connection.execute("UPDATE occurrences SET state = 'booked', dialled = 0, \"end\" = NULL")
        began, used = time.perf_counter(), time.process_time()
        for first in range(0, len(ids), TOGETHER):
            connection.execute("BEGIN IMMEDIATE")
            for id in ids[first : first + TOGETHER]:
                statement = "UPDATE occurrences SET state = 'running', dialled = 1, \"end\" = start WHERE id = ?"
                connection.execute(statement, (id,))
            connection.execute("COMMIT")
        return time.perf_counter() - began, time.process_time() - used


def bench_starting(count: int, spread: timedelta, lead: timedelta, directory: Path) -> None:
    data = Path(tempfile.mkdtemp(dir=directory))
    asyncio.run(started(data, count, spread, lead))


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of booking, listing and starting conferences.")
    parser.add_argument("--full", action="store_true", help="100,000 stored and 10,000 starting: some minutes")
    parser.add_argument("--stored", type=int, help="conferences stored beforehand; 0 is always measured")
    parser.add_argument("--bookings", type=int, help="in each round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--starting", type=int, help="conferences that start at one instant")
    parser.add_argument("--lead", type=float, help="seconds from making their rows to their start")
    parser.add_argument("--only", choices=("booking", "starting"))
    chosen = parser.parse_args()
    full = chosen.full
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    directory = Path(tempfile.mkdtemp(prefix="parley-bench-"))
    try:
        if chosen.only != "starting":
            stored = chosen.stored if chosen.stored is not None else 100_000 if full else 5_000
            for some in dict.fromkeys((0, stored)):
                bench_booking(some, chosen.bookings or (500 if full else 100), chosen.rounds or 3, directory)
        if chosen.only != "booking":
            count = chosen.starting or (10_000 if full else 1_000)
            lead = timedelta(seconds=chosen.lead or 4 + count / 500)
            print("\nstarting at one instant")
            bench_starting(count, timedelta(0), lead, directory)
            if full:
                print("\nstarting one after another")
                bench_starting(count, timedelta(seconds=60), lead, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()

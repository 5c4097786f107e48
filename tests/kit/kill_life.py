"""One life of a server that books, mails and starts, without its doors; to be killed at any moment.

`python -m tests.kit.kill_life` is the nursery: it has everything imported, and forks one life for each line of JSON
it reads (a `Life`), saying its process id. The next line, `reap`, makes it wait for that child and say how it ended.
A life is born with nothing but the data directory, as a new process would be; it speaks lines of JSON with the test
over a UNIX socket and notes what it does in the world in the append-only file `notes` (one write each, so that it
survives SIGKILL).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import event

from parley import logs
from parley.app.accounts import Accounts
from parley.app.booking import Actor, Booking, ConferenceRecord, OccurrenceEdit
from parley.app.booking_desk import BookingDesk, Once
from parley.app.changes import Changes
from parley.app.conference_reading import record_of
from parley.app.conferences import Conferences
from parley.app.lookup import Lookup
from parley.app.notices import Notices, Places
from parley.app.outbox import Outbox, OutboxTiming
from parley.app.pins import PinJudge
from parley.app.ports import Query
from parley.app.tasks import Tasks
from parley.app.timekeeper import Timekeeper, due_at
from parley.backends.journal.file import FileJournal
from parley.backends.journal.importer import Importer
from parley.backends.notify.letters import MailWriter
from parley.backends.notify.smtp import SmtpCourier, SmtpSettings
from parley.backends.store.sql import SqlStore
from parley.backends.system import RandomIdentifiers
from parley.core.attempts import Attempts, AttemptSettings
from parley.core.conferences import Attendee, Conference, Cycle, Medium, Series
from parley.core.ids import UserId
from parley.core.outbox import Channel, OutboxState
from parley.core.people import AdministratorLevel, User
from parley.core.refusals import Refusal
from tests.kit.kill_instruments import (
    Doom,
    DoomedCourier,
    DoomedStore,
    FastClock,
    Life,
    NoMeetings,
    Notes,
    NotingPlacer,
    NotingStart,
    step,
)

SEAL = b"c2VhbGVkIGluIHRlc3RzLCBvZiBubyBvdGhlciB1c2U="
ORGANISER = User(UserId("ada"), "ada@example.com", "Ada Organiser", "ada@example.com", number="2001", account="ada")
ACTOR = Actor(ORGANISER.id, None, AdministratorLevel.NONE)
SLACK = timedelta(seconds=30)  # of the life's own clock: what fell due within it may still be on its way


# --- words on the wire -----------------------------------------------------------------------------------------


def facts_of(record: ConferenceRecord) -> dict[str, Any]:
    """What was agreed, as JSON; nothing that changes by itself while time passes (the doors go with the place)."""
    conference = record.conference
    series = conference.series
    return {
        "id": conference.id,
        "number": conference.number,
        "uid": conference.uid,
        "subject": conference.subject,
        "length": conference.length,
        "zone": conference.zone,
        "language": conference.language,
        "sequence": conference.sequence,
        "instant": conference.instant,
        "cancelled": conference.cancelled,
        "organiser": conference.organiser,
        "rules": repr(conference.rules),
        "attendees": [[one.name, one.email, one.address, one.auto_invite] for one in conference.attendees],
        "series": None if series is None else [series.cycle.value, str(series.first), str(series.last), series.at],
        "doors": [
            [door.call_id, door.role.value if door.role else None, door.passcode.reveal() if door.passcode else None]
            for door in (record.guest, record.host)
            if door.id
        ],
        "occurrences": [
            [one.id, _stamp(one.slot), _stamp(one.start), one.length, one.sequence, one.changed, one.state.value]
            for one in record.occurrences
        ],
    }


def _stamp(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment is not None else None


def _moment(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)


def _attendees(rows: Sequence[Sequence[Any]]) -> tuple[Attendee, ...]:
    return tuple(Attendee(name=row[0], email=row[1], address=row[2], auto_invite=row[3]) for row in rows)


def booking_of(wish: dict[str, Any]) -> Booking:
    fields: dict[str, Any] = {name: wish[name] for name in ("subject", "length", "zone", "language") if name in wish}
    if "start" in wish:
        fields["start"] = _moment(wish["start"])
    if "attendees" in wish:
        fields["attendees"] = _attendees(wish["attendees"])
    if wish.get("series"):
        cycle, first, last, at = wish["series"]
        fields["series"] = Series(Cycle(cycle), date.fromisoformat(first), date.fromisoformat(last), at)
    if wish["do"] == "book":
        fields["media"] = (Medium.VOICE,)
    return Booking(**fields)


# --- the life --------------------------------------------------------------------------------------------------


class Server:
    """All parts of one life, wired as the real server wires them."""

    def __init__(self, life: Life) -> None:
        self.doom = Doom(life)
        self.clock = FastClock(life)
        directory = Path(life.directory)
        self.notes = Notes(directory / "notes", life.number, self.clock)
        self.kept = SqlStore(f"sqlite+aiosqlite:///{directory / 'parley.db'}", SEAL)
        self.store = DoomedStore(self.kept, self.doom)
        self.migrated = False
        event.listen(self.kept._writer.sync_engine, "before_cursor_execute", self._executing)
        self.changes = Changes()
        identifiers = RandomIdentifiers()
        self.journal = FileJournal(directory, self.clock)
        self.importer = Importer(self.journal, self.kept, self.clock)
        notices = Notices(identifiers, self.clock, Places("example.com"), MailWriter(("Parley", "noreply@example.com")))
        pins = PinJudge(Attempts(AttemptSettings()), Lookup(self.kept, ["example.com"], None), self.clock, self.journal)
        self.conferences = Conferences(self.store, identifiers, self.clock, self.changes, notices, pins, NoMeetings())
        accounts: Accounts = None  # type: ignore[assignment]  # nobody is named by an account here
        self.desk = BookingDesk(self.store, self.clock, accounts, self.conferences)
        placer = NotingPlacer(self.notes, self.doom, self.clock)
        start = NotingStart(self.notes, self.doom, placer, self.clock, self.journal, Tasks())
        timekeepers = DoomedStore(self.kept, self.doom, self.notes, "forget-start" in life.faults)
        self.timekeeper = Timekeeper(timekeepers, self.clock, self.changes, notices, NoMeetings(), start)
        self.journal.subscribe(self.timekeeper.take)
        courier = SmtpCourier(SmtpSettings("127.0.0.1", life.smtp_port, "none", "noreply@example.com"), self.clock.now)
        self.outbox = Outbox(
            DoomedStore(self.kept, self.doom),
            {Channel.MAIL: DoomedCourier(courier, self.doom, life.faults)},
            self.clock,
            OutboxTiming(kept=100_000),  # days: the test compares all rows at the end
        )
        self.changes.subscribe(lambda change: self.outbox.poke() if change.kind == "conference" else None)

    def _executing(self, *_: Any) -> None:
        self.doom.at("statement" if self.migrated else "migrating")

    async def look(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """These conferences, and everything that is still to come."""
        found: dict[str, Conference] = {}
        async with self.kept.reading() as tx:
            for name in names:
                some = [await tx.conferences.get(name)] if "-" in name else ()
                keyed = (await tx.conferences.page(Query(contains=f"{name} "))).items if "-" not in name else ()
                for one in (*some, *keyed):
                    if one is not None and (one.id == name or one.subject.startswith(f"{name} ")):
                        found[one.id] = one
            return [facts_of(await record_of(tx, one)) for one in found.values()]

    async def live(self) -> list[dict[str, Any]]:
        """Occurrences that are booked or run."""
        async with self.kept.reading() as tx:
            occurrences = await tx.occurrences.live(datetime(2100, 1, 1, tzinfo=UTC))
            return [step(one) for one in occurrences]

    async def calm(self) -> dict[str, Any]:
        """When nothing is left to do for now."""
        while await self._busy():  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.05)
        return {"live": await self.live(), "utc": self.clock.utc().timestamp()}

    async def _busy(self) -> bool:
        before = self.clock.utc() - SLACK
        async with self.kept.reading() as tx:
            waiting = (await tx.outbox.page(Query(where={"state": OutboxState.WAITING}, limit=1))).total
            for one in await tx.occurrences.live(datetime(2100, 1, 1, tzinfo=UTC)):
                conference = await tx.conferences.get(one.conference)
                assert conference is not None
                when = due_at(conference, one)
                if when is not None and when <= before:
                    return True
        return waiting > 0

    async def carry_out(self, wish: dict[str, Any]) -> dict[str, Any]:
        """The answer to one wish."""
        try:
            match wish["do"]:
                case "book":
                    once = Once("test", wish["key"], wish["key"])
                    answer = await self.desk.book(
                        ACTOR, booking_of(wish), once, lambda record: json.dumps(facts_of(record)).encode()
                    )
                    return {"facts": json.loads(answer)}
                case "change":
                    return {"facts": facts_of(await self.conferences.change(ACTOR, wish["number"], booking_of(wish)))}
                case "change-one":
                    edit = OccurrenceEdit(start=_moment(wish["start"]), length=wish["length"])
                    record = await self.conferences.change_occurrence(ACTOR, wish["number"], wish["one"], edit)
                    return {"facts": facts_of(record)}
                case "cancel":
                    await self.conferences.cancel(ACTOR, wish["number"], end_running=True)
                case "cancel-one":
                    await self.conferences.cancel_occurrences(ACTOR, wish["number"], [wish["one"]], end_running=True)
                case "calm":
                    return await self.calm()
            return {"facts": (await self.look([wish["id"]]))[0]}
        except Refusal as refusal:
            return {"refused": refusal.code}


async def _run(life: Life) -> None:
    reader, writer = await asyncio.open_unix_connection(life.socket, limit=2**22)

    def say(**words: Any) -> None:
        writer.write(json.dumps(words).encode() + b"\n")

    say(hello=life.number)
    server = Server(life)
    await server.kept.migrate()
    server.migrated = True
    say(looked=await server.look(life.look), live=await server.live(), utc=server.clock.utc().timestamp())
    async with server.kept.reading() as tx:
        known = await tx.users.get(ORGANISER.id)
    if known is None:
        async with server.store.transaction() as tx:
            await tx.users.add(ORGANISER)
    running = [
        asyncio.create_task(work) for work in (server.importer.run(), server.outbox.run(), server.timekeeper.run())
    ]
    say(ready=True)

    async def answer(wish: dict[str, Any]) -> None:
        words = await server.carry_out(wish)
        server.doom.at("answer")
        say(re=wish["re"], **words)

    while line := await reader.readline():
        task = asyncio.create_task(answer(json.loads(line)))
        running.append(task)
        task.add_done_callback(_complain)
    raise SystemExit(1)  # the test has gone


def _complain(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        asyncio.get_running_loop().call_exception_handler({"message": "a wish failed", "exception": task.exception()})


def _be_born(life: Life) -> None:
    """In the child: never returns."""
    descriptor = os.open(Path(life.directory) / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    logs.configure("json", "info")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(life))
    finally:
        os._exit(70)


def order(life: Life) -> bytes:
    """The line that asks the nursery for a life."""
    return json.dumps(asdict(life)).encode() + b"\n"


def main() -> None:
    child = 0
    for line in iter(sys.stdin.readline, ""):
        if line.strip() == "reap":
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        child = os.fork()
        if child == 0:
            words = json.loads(line)
            _be_born(Life(**{**words, "look": tuple(words["look"]), "faults": tuple(words["faults"])}))
        print(child, flush=True)


if __name__ == "__main__":
    main()

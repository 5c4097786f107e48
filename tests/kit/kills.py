"""A campaign of kills: lives of a server one after another, each killed at a seeded moment while it is given work.

`Campaign.run` drives it. After each birth what the life before was asked for is compared with what is kept; at the
end `audit` (in `kill_audit.py`) compares everything that happened in the world with the store. All that is wrong is
collected in `wrong`, as sentences.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.kit.kill_facts import Facts, agreed, deviation, differences
from tests.kit.kill_instruments import Life
from tests.kit.kill_life import order
from tests.kit.kill_talk import Talk
from tests.kit.mail_server import MailServer, mail_server

SPEED = 60.0  # a second here is a minute there
EPOCH = datetime(2026, 3, 20, 8, 0, tzinfo=UTC)  # Berlin changes its clocks nine days later
LATE = 1.5  # seconds that a life has to come to its place after its last wish was answered
ROOT = Path(__file__).parents[2]

# Where a life dies by its own hand, and how often it may have been there. Weighted by how much there is to hit.
PLACES: list[tuple[str, int, int]] = [
    ("starting", 0, 150),  # milliseconds after birth
    ("starting", 0, 400),
    ("anywhen", 0, 1500),
    ("anywhen", 0, 1500),
    ("anywhen", 0, 1500),
    ("migrating", 1, 3),  # of a schema that is up to date: while that is found out
    ("reading", 1, 14),
    ("statement", 1, 30),
    ("statement", 1, 90),
    ("statement", 1, 90),
    ("before-commit", 1, 9),
    ("after-commit", 1, 9),
    ("answer", 1, 4),
    ("answer", 1, 4),
    ("before-mail", 1, 8),
    ("mail-data-kept", 1, 8),
    ("mail-data-kept", 1, 8),
    ("mail-data-lost", 1, 8),
    ("mail-taken", 1, 8),
    ("mail-taken", 1, 8),
    ("begin", 1, 2),
    ("begin", 1, 1),
    ("before-call", 1, 2),
    ("after-call", 1, 3),
    ("at-rest", 1, 1),
    ("at-rest", 1, 1),
]
# Refusals that a wish may get because time has passed since it was made up.
HONEST = {"already-started", "started", "not-found", "start-in-past", "series-empty", "occurrence-out-of-slot"}
LEAPS = [timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=2), timedelta(hours=14), timedelta(days=1)]


@dataclass
class Known:
    """One conference as the test knows it. facts None: nobody was told that it is booked. wish: sent, not answered."""

    key: str
    booking: dict[str, Any]
    facts: Facts | None = None
    wish: dict[str, Any] | None = None
    touched: bool = False
    versions: int = 0
    last_change: float = 0.0
    always: set[str] = field(default_factory=set)  # addresses of mail invited from the beginning until now

    def adopt(self, facts: Facts, now: float) -> None:
        mails = {row[1] for row in facts["attendees"]}
        self.always = mails if self.facts is None else self.always & mails
        self.facts = facts
        self.last_change = now


class Campaign:
    """places: as in PLACES. patience: seconds that a life may take to answer, or to come to rest. faults: mistakes that
    the lives make on purpose."""

    def __init__(
        self,
        directory: Path,
        kills: int,
        seed: int,
        places: Sequence[tuple[str, int, int]] = PLACES,
        patience: float = 40.0,
        faults: Sequence[str] = (),
    ) -> None:
        self.directory = directory
        self.kills = kills
        self.dice = random.Random(seed)
        self.places, self.patience, self.faults = places, patience, tuple(faults)
        self.wrong: list[str] = []
        self.known: dict[str, Known] = {}
        self.killed: Counter[str] = Counter()
        self.births: dict[int, tuple[float, list[dict[str, Any]]]] = {}
        self.rests: list[float] = []  # when nothing was left to do
        self.deaths: dict[int, str] = {}
        self.operations: Counter[str] = Counter()
        self.uncertain: Counter[str] = Counter()
        self.box: MailServer | None = None
        self._real, self._utc = time.monotonic(), EPOCH.timestamp()
        self._lives = 0
        self._booked = 0
        self._talk: Talk | None = None
        self._mail_place: list[Any] = ["", 0]
        self._pid = 0

    # --- the world -------------------------------------------------------------------------------------------

    def now(self) -> float:
        return self._utc + (time.monotonic() - self._real) * SPEED

    def _leap(self, span: timedelta) -> None:
        self._utc += span.total_seconds()

    def _taking(self, message: bytes) -> bool:
        """A message has come to the mail server, which has not answered yet: was its cause committed?"""
        head, _, _ = message.partition(b"\r\n\r\n")
        id = next(line for line in head.decode().split("\r\n") if line.lower().startswith("message-id:"))
        if not self._committed(id.partition(":")[2].strip()):
            self.wrong.append(f"a mail came whose cause is not committed: {id}")
        place, left = self._mail_place
        if place:
            self._mail_place[1] = left - 1
            if left <= 1:
                self._kill(place)
                self._mail_place = ["", 0]
                return bool(place == "mail-data-kept")
        return True

    def _committed(self, message_id: str) -> bool:
        with contextlib.closing(sqlite3.connect(self.directory / "parley.db")) as database:
            database.execute("PRAGMA query_only=ON")
            found = database.execute("SELECT 1 FROM outbox WHERE message_id = ?", (message_id,)).fetchone()
        return found is not None

    def _kill(self, why: str) -> None:
        if self._pid and self._talk is not None and not self._talk.dead.is_set():
            self.deaths.setdefault(self._lives, why)
            os.kill(self._pid, signal.SIGKILL)  # not reaped yet, so the number is nobody else's

    # --- the campaign ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        async with mail_server(self.directory, starttls=False, auth=False) as box, self._nursery() as nursery:
            self.box = box
            box.taking = self._taking
            socket = str(self.directory / "s")
            server = await asyncio.start_unix_server(self._connected, socket, limit=2**22)
            try:
                migrating = max(2, self.kills // 12)
                for number in range(self.kills):
                    if number < migrating:
                        await self._life(nursery, "migrating", self.dice.randint(1, 75), wishes=0)
                    else:
                        place, least, most = self.dice.choice(self.places)
                        wishes = self.dice.choice((1, 2, 3, 4, 5))
                        await self._life(nursery, place, self.dice.randint(least, most), wishes)
                    if self.dice.random() < 0.25:
                        self._leap(self.dice.choice(LEAPS))
                await self._life(nursery, "at-rest", 1, wishes=1)
                self._leap(timedelta(days=12))
                await self._life(nursery, "at-rest", 1, wishes=0)
            finally:
                server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk, life = self._talk, self._lives
        with contextlib.suppress(ConnectionError):
            if talk is not None and json.loads(await reader.readline() or b"{}").get("hello") == life == self._lives:
                await talk.listen(reader, writer)
                return
        writer.close()  # of one that died before it could say a word

    @asynccontextmanager
    async def _nursery(self) -> AsyncIterator[asyncio.subprocess.Process]:
        path = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.kit.kill_life",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            cwd=ROOT,
        )
        try:
            yield process
        finally:
            self._kill("the end")
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()

    async def _life(self, nursery: asyncio.subprocess.Process, place: str, count: int, wishes: int) -> None:
        assert nursery.stdin is not None and nursery.stdout is not None and self.box is not None
        self._lives += 1
        talk = self._talk = Talk()
        timed = place in {"starting", "anywhen"}
        at_server = place.startswith("mail-data")
        own = "" if timed or at_server or place == "at-rest" else place
        self._mail_place = [place if at_server else "", count]
        touched = [one for one in self.known.values() if one.touched]
        life = Life(
            number=self._lives,
            directory=str(self.directory),
            socket=str(self.directory / "s"),
            smtp_port=self.box.port,
            real=self._real,
            utc=self._utc,
            speed=SPEED,
            place=own,
            count=count,
            look=tuple(one.facts["id"] if one.facts else one.key for one in touched),
            faults=self.faults,
        )
        nursery.stdin.write(order(life))
        self._pid = int(await nursery.stdout.readline())
        if timed:
            asyncio.get_running_loop().call_later(count / 1000, self._kill_this, self._lives, place)
        try:
            await self._lived(talk, touched, place, wishes)
        except TimeoutError:
            self.wrong.append(f"life {self._lives} ({place}) came to a standstill")
        self._kill("late")
        nursery.stdin.write(b"reap\n")
        status = int(await nursery.stdout.readline())
        if status != -signal.SIGKILL:
            self.wrong.append(f"life {self._lives} ended by itself with {status}")
        if talk.spoke:  # what it said before its death counts
            await talk.closed.wait()
        self.deaths.setdefault(self._lives, place)
        self.killed[self.deaths[self._lives]] += 1
        self._pid = 0

    def _kill_this(self, life: int, place: str) -> None:
        """The connection may not stand yet."""
        if life == self._lives and self._pid:
            self.deaths.setdefault(life, place)
            assert self._talk is not None
            os.kill(self._pid, signal.SIGKILL)
            self._talk.dead.set()

    async def _lived(self, talk: Talk, touched: list[Known], place: str, wishes: int) -> None:
        if not await talk.either(talk.looked, seconds=self.patience):
            return
        looked = talk.looked.result()
        self.births[self._lives] = looked["utc"], looked["live"]
        self._compare(touched, looked["looked"])
        if not await talk.either(talk.ready, seconds=self.patience):
            return
        answers = []
        for known in [one for one in touched if one.facts is None][:3]:  # asked for again, with the same key
            if self.dice.random() < 0.7:
                answers.append(self._ask(talk, known, known.booking))
            else:
                del self.known[known.key]
        for _ in range(wishes):
            known, wish = self._made_up()
            if wish is not None and not talk.dead.is_set():
                answers.append(self._ask(talk, known, wish))
            await asyncio.sleep(self.dice.random() * 0.08)
        if not await talk.either(*answers, seconds=self.patience):
            return
        if place != "at-rest":
            with contextlib.suppress(TimeoutError):
                await talk.either(asyncio.get_running_loop().create_future(), seconds=LATE)
            return
        calm = talk.ask({"do": "calm"})
        if await talk.either(calm, seconds=self.patience):
            self._rested(calm.result())

    def _ask(self, talk: Talk, known: Known, wish: dict[str, Any]) -> asyncio.Future[dict[str, Any]]:
        known.wish, known.touched = wish, True
        answer = talk.ask(wish)

        def answered(done: asyncio.Future[dict[str, Any]]) -> None:
            if not done.cancelled():
                self._answered(known, wish, done.result())

        answer.add_done_callback(answered)
        return answer

    def _answered(self, known: Known, wish: dict[str, Any], words: dict[str, Any]) -> None:
        known.wish = None
        if "refused" in words:
            self.operations["refused"] += 1
            if words["refused"] not in HONEST:
                self.wrong.append(f"{wish['do']} of {known.key} was refused: {words['refused']}")
            if wish["do"] == "book":
                self.known.pop(known.key, None)
            return
        self.operations[wish["do"]] += 1
        if (error := deviation(wish, known.facts, words["facts"], self.now())) is not None:
            self.wrong.append(f"{wish['do']} of {known.key} was answered with other facts: {error}")
        known.adopt(words["facts"], self.now())

    # --- after a death ---------------------------------------------------------------------------------------

    def _compare(self, touched: list[Known], looked: list[Facts]) -> None:
        """What was acknowledged is there as agreed; what was not, is there whole or not at all."""
        for known in touched:
            found = [
                one
                for one in looked
                if (known.facts and one["id"] == known.facts["id"]) or one["subject"].startswith(f"{known.key} ")
            ]
            known.touched = False
            wish, known.wish = known.wish, None
            if len(found) > 1:
                self.wrong.append(f"{known.key} was booked {len(found)} times")
            elif not found:
                if known.facts is not None:
                    self.wrong.append(f"{known.key} was acknowledged and is lost")
                self.uncertain["booking not there"] += wish is not None
                known.touched = True
            elif known.facts is not None and agreed(found[0]) == agreed(known.facts):
                if wish is not None:
                    self.uncertain["change not there"] += 1
            elif wish is None:
                self.wrong.append(f"{known.key} is not as agreed: {differences(known.facts or {}, found[0])}")
            elif (error := deviation(wish, known.facts, found[0], self.now())) is not None:
                self.wrong.append(f"{wish['do']} of {known.key} was done by halves: {error}")
            else:
                self.uncertain["booking there" if known.facts is None else "change there"] += 1
                known.adopt(found[0], self.now())

    def _rested(self, calm: dict[str, Any]) -> None:
        """At rest: what has its time runs, what is over is over."""
        self.rests.append(calm["utc"])
        for one in calm["live"]:
            if one["state"] == "booked" and one["start"] < calm["utc"] - 60:
                self.wrong.append(f"occurrence {one['occurrence']} should have begun")
            if one["state"] == "running" and not one["dialled"]:
                self.wrong.append(f"occurrence {one['occurrence']} runs and nobody was called")

    # --- wishes ----------------------------------------------------------------------------------------------

    def _made_up(self) -> tuple[Known, dict[str, Any] | None]:
        dice = self.dice
        changeable = [
            one
            for one in self.known.values()
            if one.wish is None and one.facts is not None and not one.facts["cancelled"] and self._to_come(one)
        ]
        if not changeable or dice.random() < 0.55:
            return self._booking()
        known = dice.choice(changeable[-12:])
        assert known.facts is not None
        wish: dict[str, Any]
        base = {"number": known.facts["number"], "id": known.facts["id"]}
        to_come = self._to_come(known)
        chance = dice.random()
        if known.facts["series"] and chance < 0.5:
            one = dice.choice(to_come)
            if chance < 0.3:
                wish = {"do": "change-one", **base, "one": one[0]}
                return known, wish | {"start": one[1] + 60 * dice.randint(-30, 60), "length": dice.randint(15, 40)}
            return known, {"do": "cancel-one", **base, "one": one[0]}
        if chance > 0.8:
            return known, {"do": "cancel", **base}
        known.versions += 1
        wish = {"do": "change", **base, "subject": f"{known.key} v{known.versions}"}
        if dice.random() < 0.5:
            wish["attendees"] = self._people(known.key)
        if dice.random() < 0.4:
            wish["length"] = dice.randint(15, 60)
        if known.facts["series"] is None and dice.random() < 0.5:
            wish["start"] = self._soon()
        elif known.facts["series"] is not None and dice.random() < 0.5:
            cycle, first, last, at = known.facts["series"]
            moved = datetime.fromisoformat(last).date() + timedelta(days=dice.choice((-1, 1, 2)))
            wish["series"] = [cycle, first, max(first, str(moved)), at]
        return known, wish

    def _to_come(self, known: Known) -> list[list[Any]]:
        assert known.facts is not None
        return [one for one in known.facts["occurrences"] if one[2] > self.now() and one[6] != "cancelled"]

    def _soon(self) -> float:
        least, most = self.dice.choice(((5, 60), (60, 600), (600, 90_000)))
        return float(int(self.now()) + self.dice.randint(least, most))

    def _people(self, key: str) -> list[list[Any]]:
        chosen = self.dice.sample(range(5), self.dice.randint(0, 3))
        return [
            [f"Guest {n}", f"guest{n}@example.com", f"sip:{key}-{n}{'-busy' if n == 4 else ''}@far.example", n != 1]
            for n in chosen
        ]

    def _booking(self) -> tuple[Known, dict[str, Any]]:
        dice = self.dice
        self._booked += 1
        key = f"k{self._booked}"
        wish: dict[str, Any] = {
            "do": "book",
            "key": key,
            "subject": f"{key} v0",
            "length": dice.randint(15, 60),
            "zone": dice.choice(("Europe/Berlin", "America/Sao_Paulo", "UTC")),
            "language": dice.choice(("en", "zh", "pt")),
            "attendees": self._people(key),
        }
        chance = dice.random()
        if chance < 0.35:
            wish["start"] = self._soon()
        elif chance < 0.65:
            begin = datetime.fromtimestamp(self.now(), UTC) + timedelta(days=1)
            last = begin.date() + timedelta(days=dice.randint(1, 5))
            at = dice.choice((30, 150, 9 * 60, (begin.hour * 60 + begin.minute + 2) % 1440))
            wish["series"] = ["day", str(begin.date()), str(last), at]
        known = self.known[key] = Known(key, wish)
        return known, wish

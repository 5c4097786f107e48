"""The JSON dialect's conferences in memory: people, bookings, live meetings, and a client that is signed in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from parley.app.booking import ConferenceRecord
from parley.app.conference_start import ConferenceStart
from parley.app.conferences import Conferences
from parley.app.directory import Directory
from parley.app.legs import LegServices, LiveLegRunner
from parley.app.lookup import Lookup
from parley.app.pins import PinJudge
from parley.app.ports import CallOut, CallResult, Transaction
from parley.app.tasks import Tasks
from parley.backends.system import RandomIdentifiers
from parley.core.admission import Candidates
from parley.core.attempts import Attempts
from parley.core.conferences import Occurrence
from parley.core.dialplan import Address
from parley.core.ids import LegId
from parley.core.leg_inputs import AudioCodec, Confirmed, Digit, EntrySettings, LegAudio, Offered
from parley.core.refusals import Refusal
from parley.core.secret import Secret
from parley.doors.huawei.accounts import account_routes
from parley.doors.huawei.app import huawei_app
from parley.doors.huawei.conference_answers import Place
from parley.doors.huawei.join_links import JoinLinks
from parley.doors.huawei.meeting_door import meeting_door
from parley.doors.huawei.operations import refusing
from tests.doors.huawei_people_rig import PeopleRig
from tests.kit.fake_engine import FakeEngine
from tests.kit.fake_leg_door import FakeLegDoor
from tests.kit.manual_clock import ManualClock
from tests.kit.memory_journal import MemoryJournal

ACCESS_NUMBER = "+991117"
BASE = "https://meet.example.com"
CONFERENCES = "/v1/mmc/management/conferences"
SERIES = "/v1/mmc/management/cycleconferences"
CONTROL = "/v1/mmc/control/conferences"
AUDIO = LegAudio("192.0.2.1", 30000, AudioCodec("pcmu", 0, 8000))


class NoNotices:
    """Notes what was to be told; sends nothing."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def booked(self, tx: Transaction, record: ConferenceRecord) -> None:
        self.told.append("booked")

    async def changed(self, tx: Transaction, before: ConferenceRecord, after: ConferenceRecord) -> None:
        self.told.append("changed")

    async def cancelled(self, tx: Transaction, record: ConferenceRecord) -> None:
        self.told.append("cancelled")

    async def occurrence_changed(self, tx: Transaction, record: ConferenceRecord, occurrence: Occurrence) -> None:
        self.told.append("occurrence changed")

    async def occurrence_cancelled(self, tx: Transaction, record: ConferenceRecord, occurrence: Occurrence) -> None:
        self.told.append("occurrence cancelled")

    async def reminder(self, tx: Transaction, record: ConferenceRecord, occurrence: Occurrence) -> None:
        self.told.append("reminder")


class ScriptedPlacer:
    """Implements the CallPlacer port: calls ring until the test says how they end."""

    def __init__(self) -> None:
        self.wishes: list[CallOut] = []
        self.ringing: dict[LegId, Callable[[LegId, CallResult], None]] = {}
        self.forbidden: set[str] = set()

    async def call(self, wish: CallOut, told: Callable[[LegId, CallResult], None]) -> LegId:
        if wish.target in self.forbidden:
            raise Refusal("no-outbound-rule", target=wish.target)
        self.wishes.append(wish)
        leg = LegId(f"0000ca11-0000-4000-8000-{len(self.wishes):012x}")
        self.ringing[leg] = told
        return leg

    def cancel(self, leg: LegId) -> bool:
        return self.end(leg, CallResult.CANCELLED)

    def end(self, leg: LegId, result: CallResult) -> bool:
        told = self.ringing.pop(leg, None)
        if told is not None:
            told(leg, result)
        return told is not None


class MeetingRig(PeopleRig):
    """As PeopleRig, with conferences. `now` in these tests: 2026-03-01 08:00 UTC."""

    def __init__(self, base: str = BASE, utc: datetime | None = None) -> None:
        super().__init__(clock=ManualClock(utc=utc) if utc else None)
        self.identifiers = RandomIdentifiers()
        self.journal = MemoryJournal(self.clock)
        self.engine = FakeEngine(self.clock)
        self.tasks = Tasks()
        self.placer = ScriptedPlacer()
        self.notices = NoNotices()
        self.lookup = Lookup(self.store, ["example.com"], "9000")
        pins = PinJudge(Attempts(), self.lookup, self.clock, self.journal)
        services = LegServices(
            clock=self.clock,
            engine=self.engine,
            journal=self.journal,
            lookup=self.lookup,
            pins=pins,
            tasks=self.tasks,
            entry=EntrySettings(),
        )
        self.directory = Directory(self.store, services, self.identifiers, self.changes, legs_most=100)
        self.start = ConferenceStart(self.placer, self.clock, self.journal, self.tasks)
        self.conferences = Conferences(
            self.store, self.identifiers, self.clock, self.changes, self.notices, pins, self.directory, ["9000"]
        )
        door = meeting_door(
            store=self.store,
            clock=self.clock,
            changes=self.changes,
            tasks=self.tasks,
            directory=self.directory,
            engine=self.engine,
            conferences=self.conferences,
            accounts=self.people.accounts,
            start=self.start,
            tokens=self.people.tokens,
            placer=self.placer,
            place=Place(JoinLinks(base), ACCESS_NUMBER, "Example Corp"),
            record=self.journal.append,
        )
        self.push = door.push
        accounts = account_routes(self.people, self.store, self.clock, self.rooms, JoinLinks(base))
        routes = [*accounts, *door.routes]
        self.routes = routes
        self.app = huawei_app(routes=[*routes, *refusing(routes)], tokens=self.people.tokens)
        self.http = self.client()

    # --- booking -----------------------------------------------------------------------------------------------

    async def book(self, token: str | None = None, path: str = CONFERENCES, **fields: Any) -> dict[str, Any]:
        """The ConferenceInfo of a request that must succeed."""
        answer = await self.done("POST", path, {"mediaTypes": "HDVideo", **fields}, token)
        assert isinstance(answer, list) and len(answer) == 1
        info: dict[str, Any] = answer[0]
        return info

    async def ring(self, info: dict[str, Any]) -> None:
        """Call the invited, as is done when it begins."""
        record, _ = await self.conferences.authenticate(info["conferenceID"], Secret(password(info, "chair")))
        self.start.begin(record, record.current, ())
        await self.settle()

    # --- people at phones --------------------------------------------------------------------------------------

    async def call(self, number: str, pin: str = "", caller: str = "2000", name: str = "") -> LiveLegRunner:
        """Somebody dials a conference and types a PIN."""
        address = Address(number, "example.com")
        target = await self.lookup.resolve(address)
        assert isinstance(target, Candidates)
        offered = Offered(
            address=address,
            caller=f"sip:{caller}@example.com",
            dialled=f"sip:{number}@example.com",
            display_name=name,
            source="192.0.2.1",
            local_address="192.0.2.9",
            audio=AUDIO,
        )
        runner = self.directory.arrive(offered, target, FakeLegDoor())
        assert runner is not None
        await self.settle()
        runner.post(Confirmed())
        await self.settle()
        for digit in f"{pin}#" if pin else "":
            runner.post(Digit(digit))
            await self.settle()
        return runner

    async def settle(self) -> None:
        for _ in range(40):
            await asyncio.sleep(0)


def password(info: dict[str, Any], role: str) -> str:
    return next(str(entry["password"]) for entry in info["passwordEntry"] if entry["conferenceRole"] == role)

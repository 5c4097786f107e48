"""Lives of the server, one after another on the same store, media and journal: each is killed, not stopped."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from parley.app.dialling import Dialling
from parley.app.ports import Query, Store, SurvivingDoors
from parley.app.survival import Survival
from parley.core.events import LegArrived, LegEnded, MeetingEnded, MeetingStarted, ParticipantJoined, ParticipantLeft
from parley.core.ids import TenantId
from parley.core.meeting_inputs import LegView
from tests.app.floor import Call, Floor
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.fake_leg_door import FakeLegDoor
from tests.kit.fake_outgoing_door import FakeDialler
from tests.kit.surviving_doors import FakeSurvivingDoors, SurvivingFakeDoor

GRACE = 30.0
_doors = count(1)


class Life(Floor):
    """One life of the server. doors: of phones; fakes unless `survive` is given others."""

    def __init__(self, store: Store, after: Life | None = None) -> None:
        identifiers = after.identifiers if after is not None else CountedIdentifiers()
        super().__init__(store=store, identifiers=identifiers, after=after)
        self.store = store
        self.dialler = FakeDialler()
        self.dialling = Dialling(
            self.held, self.directory, self.dialler, self.clock, self.use.inbound_rules.space_domain
        )
        self.doors = FakeSurvivingDoors()

    def survive(self, doors: SurvivingDoors | None = None) -> Life:
        """From now on what lives is stored."""
        counts = self.dialling.counts

        def counted(tenant: TenantId | None) -> Callable[[], None]:
            place = counts.take_up(tenant, self.clock.now())
            return lambda: counts.release(place)

        doors = doors or self.doors
        self.survival = Survival(self.held, self.directory, self.services, {"sip": doors}, GRACE, counted)
        return self

    async def settle(self) -> None:
        """On the disk things take more than turns of the loop."""
        await super().settle()
        while self.tasks._running:
            await self.tasks.settle()
            await super().settle()

    async def wait(self, seconds: float) -> None:
        await super().wait(seconds)
        await self.settle()

    async def dial(self, user: str, domain: str = "example.com", source: str = "192.0.2.1") -> Call:
        """By a door that can be opened again."""
        door = FakeLegDoor()
        door.writes = b"door-%d" % next(_doors)
        leg = await self.arrivals.arrive(self.offer(user, domain, source), door)
        await self.settle()
        return Call(self, door, leg)

    async def after_kill(self) -> Life:
        """The next life, right now, which has taken nothing up yet: nothing of this one is heard of any more."""
        async with self.store.transaction() as tx:
            kept = len(await tx.events(limit=10_000))
            await tx.add_events("segment", kept + 1, self.journal.lines[kept:])
        return Life(self.store, self)

    async def take_up(self) -> None:
        await self.survival.take_up()
        self.survival.farewell()
        await self.settle()

    async def killed(self) -> Life:
        """The next life, which has taken up what it can."""
        after = (await self.after_kill()).survive()
        await after.take_up()
        return after

    def door(self, call: Call) -> SurvivingFakeDoor:
        """What became of the door of a call of the life before."""
        return self.doors.opened[call.door.writes]

    def leg(self, call: Call) -> LegView:
        live = self.directory.leg(call.leg.id)
        assert live is not None and live.view is not None
        return live.view

    async def rows(self) -> tuple[int, int]:
        """Legs and meetings in the store."""
        async with self.store.reading() as tx:
            return (await tx.live_legs.page(Query())).total, (await tx.live_meetings.page(Query())).total

    def assert_records_whole(self) -> None:
        """Everything began once and ended once."""
        for began, ended, key in (
            (LegArrived, LegEnded, "leg"),
            (ParticipantJoined, ParticipantLeft, "leg"),
            (MeetingStarted, MeetingEnded, "meeting"),
        ):
            starts = [getattr(event, key) for event in self.events(began)]
            assert len(set(starts)) == len(starts)
            assert sorted(starts) == sorted(getattr(event, key) for event in self.events(ended))

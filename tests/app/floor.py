"""The whole app layer on fakes: callers arrive, type and leave; time moves when told; leaks are found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import structlog

from parley.app.administration import administration
from parley.app.arrivals import Arrivals
from parley.app.changes import Changes
from parley.app.directory import Directory
from parley.app.incoming_legs import IncomingLegRunner
from parley.app.inputs import Inputs
from parley.app.legs import LegServices
from parley.app.live import LiveLeg
from parley.app.lookup import Lookup
from parley.app.pins import PinJudge
from parley.app.ports import Store
from parley.app.profiles import CallProfileEdit, LegProfileEdit
from parley.app.spaces import AccessMethodEdit, SpaceEdit
from parley.app.tasks import Tasks
from parley.core.attempts import Attempts, AttemptSettings
from parley.core.dialplan import Address, Echo
from parley.core.endings import Ending, Reason, Side
from parley.core.events import Event, LegArrived, LegEnded, MeetingEnded, MeetingStarted, ParticipantJoined
from parley.core.events import ParticipantLeft as Left
from parley.core.leg_inputs import AudioCodec, Confirmed, EntrySettings, LegAudio, Offered, RemoteEnded
from parley.core.meeting_inputs import MeetingView
from parley.core.secret import Secret
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.fake_engine import FakeEngine
from tests.kit.fake_leg_door import FakeLegDoor
from tests.kit.held_store import HeldStore
from tests.kit.manual_clock import ManualClock
from tests.kit.memory_journal import MemoryJournal
from tests.kit.memory_store import MemoryStore

HANG_UP = Ending(Side.REMOTE, Reason.HANG_UP)
CANCELLED = Ending(Side.REMOTE, Reason.CANCELLED)
AUDIO = LegAudio("192.0.2.1", 30000, AudioCodec("pcmu", 0, 8000))
PROMPT = 1.0  # seconds that one prompt lasts


class Call:
    """One caller. `leg` is None when nothing was made for him."""

    def __init__(self, floor: Floor, door: FakeLegDoor, leg: IncomingLegRunner | None) -> None:
        self.floor, self.door, self._leg = floor, door, leg

    @property
    def leg(self) -> IncomingLegRunner:
        assert self._leg is not None, "the call was refused at once"
        return self._leg

    @property
    def made(self) -> bool:
        return self._leg is not None

    @property
    def live(self) -> LiveLeg | None:
        return self.floor.directory.leg(self.leg.id)

    @property
    def waits(self) -> bool:
        return self.live is not None and self.live.view is not None and self.live.view.waits

    @property
    def active(self) -> bool:
        return self.live is not None and self.live.view is not None and not self.live.view.waits

    @property
    def heard(self) -> list[str]:
        return self.floor.engine.played.get(self.leg.id, [])

    @property
    def reason(self) -> Reason | None:
        """Why the leg ended, as the journal has it."""
        ended = [event for event in self.floor.journal.events if isinstance(event, LegEnded)]
        return next((event.ending.reason for event in ended if event.leg == self.leg.id), None)

    async def confirm(self) -> None:
        self.leg.post(Confirmed())
        await self.floor.settle()

    async def type(self, digits: str) -> None:
        self.floor.engine.press(self.leg.id, digits)
        await self.floor.settle()

    async def end(self, ending: Ending = HANG_UP) -> None:
        self.leg.post(RemoteEnded(ending))
        await self.floor.settle()


class Floor:
    """store: a MemoryStore unless given. What callers read passes `held`, which can hold or break it.

    after: the life before, which was killed: its media, its journal and the wall clock go on.
    """

    def __init__(
        self,
        *,
        store: Store | None = None,
        legs: int = 100,
        ports: int = 1000,
        wrong_most: int = 20,
        domains: Sequence[str] = ("example.com",),
        identifiers: CountedIdentifiers | None = None,
        inputs: Inputs | None = None,
        clock: ManualClock | None = None,
        after: Floor | None = None,
    ) -> None:
        next_clock = ManualClock() if after is None else ManualClock(now=5.0, utc=after.clock.utc())
        self.clock = clock or next_clock
        kept = store or MemoryStore()
        self.held = HeldStore(kept)
        self.changes = Changes()
        self.journal = MemoryJournal(self.clock)
        self.engine = FakeEngine(self.clock, prompt_seconds=PROMPT, ports=ports)
        if after is not None:
            self.journal.lines = after.journal.lines
            self.engine = after.engine
            self.engine.start_again(self.clock)
        self.tasks = Tasks()
        self.lookup = Lookup(self.held, domains, "9000", echo=("echo", Echo()))
        attempts = Attempts(AttemptSettings(wrong_most=wrong_most, window=600.0))
        self.pins = PinJudge(attempts, self.lookup, self.clock, self.journal)
        identifiers = self.identifiers = identifiers or CountedIdentifiers()
        services = self.services = LegServices(
            clock=self.clock,
            engine=self.engine,
            journal=self.journal,
            lookup=self.lookup,
            pins=self.pins,
            tasks=self.tasks,
            entry=EntrySettings(),
            inputs=inputs,
        )
        self.directory = Directory(self.held, services, identifiers, self.changes, legs_most=legs)
        self.arrivals = Arrivals(self.lookup, self.directory)
        self.use = administration(kept, identifiers, self.changes, domains=domains, access_number="9000")
        self._numbers = count(1)

    # --- what an administrator makes ---------------------------------------------------------------------------

    async def profile(self, **settings: object) -> str:
        return await self.use.leg_profiles.create(LegProfileEdit(settings=settings))

    async def guests(self, **settings: object) -> str:
        """A leg profile of people who wait for a host."""
        return await self.profile(needs_activation=True, **settings)

    async def call_profile(self, **settings: object) -> str:
        return await self.use.call_profiles.create(CallProfileEdit(settings=settings))

    async def space(self, uri: str = "room", pin: str | None = None, **fields: object) -> str:
        passcode = Secret(pin) if pin else None
        fields.setdefault("name", "Room")
        return await self.use.spaces.create(SpaceEdit(uri=uri, passcode=passcode, **fields))  # type: ignore[arg-type]

    async def method(self, space: str, pin: str | None = None, **fields: object) -> str:
        passcode = Secret(pin) if pin else None
        return await self.use.spaces.create_access_method(space, AccessMethodEdit(passcode=passcode, **fields))  # type: ignore[arg-type]

    async def two_pins(self, **fields: object) -> str:
        """One URI and call ID: guests by 1111, hosts by 2222."""
        guests = await self.guests(**fields)
        space = await self.space("room", "1111", call_id="100", leg_profile=guests)
        hosts = await self.profile(needs_activation=False)
        await self.method(space, "2222", uri="room", call_id="100", leg_profile=hosts)
        return space

    async def two_doors(self, **fields: object) -> str:
        """Two URIs without PINs: `guest`, with these settings, and `host`."""
        guests = await self.guests(**fields)
        space = await self.space("guest", leg_profile=guests)
        hosts = await self.profile(needs_activation=False)
        await self.method(space, uri="host", leg_profile=hosts)
        return space

    # --- callers -----------------------------------------------------------------------------------------------

    def offer(self, user: str, domain: str = "example.com", source: str = "192.0.2.1") -> Offered:
        number = next(self._numbers)
        return Offered(
            address=Address(user, domain),
            caller=f"sip:{2000 + number}@phones.example",
            dialled=f"sip:{user}@{domain}",
            display_name="",
            source=source,
            local_address="192.0.2.9",
            audio=AUDIO,
        )

    async def dial(self, user: str, domain: str = "example.com", source: str = "192.0.2.1") -> Call:
        """As far as the answer; its confirmation is to come."""
        door = FakeLegDoor()
        leg = await self.arrivals.arrive(self.offer(user, domain, source), door)
        await self.settle()
        return Call(self, door, leg)

    async def enter(self, user: str, digits: str = "", source: str = "192.0.2.1") -> Call:
        """Dial, confirm, and type when there is something to type."""
        call = await self.dial(user, source=source)
        await call.confirm()
        if digits:
            await call.type(digits)
        return call

    # --- time, and what is left ----------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Let everything happen that can without time passing."""
        for _ in range(40):
            await asyncio.sleep(0)

    async def wait(self, seconds: float) -> None:
        await self.clock.run_for(seconds, turns=40)

    def meeting(self) -> MeetingView | None:
        """The only meeting there is."""
        meetings = self.directory.meetings()
        assert len(meetings) <= 1
        return meetings[0] if meetings else None

    def events(self, *kinds: type) -> list[Event]:
        return [event for event in self.journal.events if not kinds or isinstance(event, kinds)]

    def story(self) -> list[str]:
        """The kinds of the events, in order."""
        return [type(event).__name__ for event in self.journal.events]

    def assert_nothing_left(self) -> None:
        """No leg, port, meeting, plan, task or timer; everything that began in the journal has ended there."""
        directory = self.directory
        assert directory.legs() == [] and directory.meetings() == []
        kept = {
            directory: ("_legs", "_place", "_joining", "_meetings", "_of_space"),
            directory._spaces: ("_readings", "_temporary", "_ad_hoc"),
            directory._resolving: ("_under_way",),
        }
        assert [name for owner, names in kept.items() for name in names if getattr(owner, name)] == []
        assert self.engine.legs == {} and self.engine.opened == self.engine.closed
        assert self.engine.plans == {}
        assert not self.tasks._running
        assert self.clock.pending() == 0
        for began, ended in ((LegArrived, LegEnded), (ParticipantJoined, Left)):
            legs = [event.leg for event in self.events(began)]  # type: ignore[attr-defined]
            assert sorted(legs) == sorted(event.leg for event in self.events(ended))  # type: ignore[attr-defined]
            assert len(set(legs)) == len(legs)
        assert len(self.events(MeetingStarted)) == len(self.events(MeetingEnded))


@contextmanager
def no_errors(*allowed: str) -> Iterator[None]:
    """Nothing but these texts is logged as an error: a failure that was caught is still a failure."""
    with structlog.testing.capture_logs() as lines:
        yield
    wrong = [line for line in lines if line["log_level"] == "error" and line["event"] not in allowed]
    assert wrong == []

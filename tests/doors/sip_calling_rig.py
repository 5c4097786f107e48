"""The SIP door's calling half on real sockets: an agent that nobody calls, and the app's side of its legs."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from parley.app.ports import CallerIdentity, Clock
from parley.app.tasks import Tasks
from parley.backends.system import SystemClock
from parley.core.ids import OutboundRuleId
from parley.core.leg_inputs import LegInput
from parley.core.outbound import Hop, Target
from parley.core.profiles import MediaEncryption
from parley.doors.sip.agent import SipAgent
from parley.doors.sip.outgoing import OutgoingSipLeg
from tests.kit.rawcallee import RawCallee

NET = f"127.{17 + os.getpid() % 200}.251"
HOST = f"{NET}.1"
_hosts = itertools.count(2)
ROOM = CallerIdentity("room", "parley.example", "The Room")
ADA = Target("ada", "phones.example")
RULE = OutboundRuleId("rule")


class Told:
    """The app's side of one leg."""

    def __init__(self) -> None:
        self.messages: list[LegInput] = []
        self._read = 0
        self._news = asyncio.Event()

    def post(self, message: LegInput) -> None:
        self.messages.append(message)
        self._news.set()

    async def hears(self, kind: type, count: int = 1) -> LegInput:
        """Wait for the count-th message of a kind."""
        async with asyncio.timeout(5.0):
            while len(found := [one for one in self.messages if isinstance(one, kind)]) < count:
                self._news.clear()
                await self._news.wait()
        return found[count - 1]

    async def next(self) -> LegInput:
        """Wait for the message after those that were read so."""
        async with asyncio.timeout(5.0):
            while not self.unread:
                self._news.clear()
                await self._news.wait()
        message = self.unread[0]
        self._read += 1
        return message

    @property
    def unread(self) -> list[LegInput]:
        return self.messages[self._read :]


class NoCallers:
    async def arrive(self, offered: object, door: object) -> None:
        raise AssertionError("somebody called us")


def calling_agent(tasks: Tasks, clock: Clock | None = None, **options: object) -> SipAgent:
    """With no sockets yet."""
    return SipAgent(
        clock=clock or SystemClock(),
        arrivals=NoCallers(),  # type: ignore[arg-type]
        spawn=tasks.spawn,
        agent="Test",
        media_address=None,
        calls_most=100,
        calls_per_source=100,
        **options,  # type: ignore[arg-type]
    )


async def listening(tasks: Tasks, port: int = 0, clock: Clock | None = None, **options: object) -> SipAgent:
    """Over UDP and TCP on one port of a loopback address."""
    made = calling_agent(tasks, clock, **options)
    ports = await made.open(udp=(HOST, port), tcp=None)
    await made.open(udp=None, tcp=(HOST, ports["udp"]))
    return made


@asynccontextmanager
async def agent_at_work(clock: Clock | None = None, **options: object) -> AsyncIterator[SipAgent]:
    tasks = Tasks()
    made = await listening(tasks, clock=clock, **options)
    yield made
    await tasks.cancel()
    await made.close()


def address() -> str:
    """Of somebody else, each time another."""
    return f"{NET}.{next(_hosts)}"


def callee(*scripts: object, **options: object) -> RawCallee:
    return RawCallee(address(), *scripts, **options)  # type: ignore[arg-type]


def hop(at: RawCallee, transport: str = "udp", **fields: object) -> Hop:
    return Hop(RULE, at.address, at.port, transport, **fields)  # type: ignore[arg-type]


def leg_of(
    agent: SipAgent,
    target: Target = ADA,
    identity: CallerIdentity = ROOM,
    encryption: MediaEncryption = MediaEncryption.OPTIONAL,
) -> tuple[OutgoingSipLeg, Told]:
    told, leg = Told(), agent.dialler.outgoing(target, identity, encryption)
    leg.attach(told)
    return leg, told

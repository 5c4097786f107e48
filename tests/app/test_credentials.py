"""Verifying administrators: remembered, forgotten, bounded, and blind to what was wrong."""

import asyncio
import threading

import pytest

from parley.app.changes import Change, Changes
from parley.app.credentials import Busy, CredentialLimits, Credentials
from parley.core.refusals import Refusal
from tests.kit.manual_clock import ManualClock
from tests.kit.memory_store import MemoryStore

SOURCE = "192.0.2.1"


class CountingHasher:
    """Says when it is asked, and can be held back; `verified` keeps each (password, hash)."""

    def __init__(self) -> None:
        self.verified: list[tuple[str, str]] = []
        self.threads: set[int] = set()
        self.hold: threading.Event | None = None
        self.asked = threading.Event()
        self.running = 0
        self.most = 0

    def hash(self, password: str) -> str:
        return f"hash of {password}"

    def verify(self, password: str, hashed: str) -> bool:
        self.verified.append((password, hashed))
        self.threads.add(threading.get_ident())
        self.asked.set()
        self.running += 1
        self.most = max(self.most, self.running)
        if self.hold is not None:
            assert self.hold.wait(10)
        self.running -= 1
        return hashed == f"hash of {password}"


class Fixture:
    def __init__(self, limits: CredentialLimits | None = None) -> None:
        self.clock = ManualClock()
        self.changes = Changes()
        self.hasher = CountingHasher()
        self.store = MemoryStore()
        self.credentials = Credentials(self.store, self.hasher, self.changes, self.clock, limits)

    async def asked(self, name: str, password: str, source: str = SOURCE) -> bool:
        return await self.credentials.verify(name, password, source)


async def made(limits: CredentialLimits | None = None) -> Fixture:
    fixture = Fixture(limits)
    await fixture.credentials.add_administrator("ann", "right")
    return fixture


async def test_only_the_right_password_of_a_known_name_is_right() -> None:
    """Names and passwords are compared exactly."""
    f = await made()
    assert await f.asked("ann", "right")
    for name, password in (("ann", "wrong"), ("Ann", "right"), ("bob", "right"), ("ann", ""), ("", "")):
        assert not await f.asked(name, password), (name, password)


async def test_an_unknown_name_costs_as_much_as_a_wrong_password() -> None:
    """A hash is verified for a name that does not exist, and no password fits it."""
    f = await made()
    assert not await f.asked("nobody", "right")
    assert len(f.hasher.verified) == 1
    (_, hashed), *_ = f.hasher.verified
    assert hashed.startswith("hash of ") and hashed != "hash of right"


async def test_verification_runs_off_the_event_loop() -> None:
    """The slow hash never stops the loop."""
    f = await made()
    await f.asked("ann", "right")
    assert f.hasher.threads and threading.get_ident() not in f.hasher.threads


async def test_a_right_credential_is_remembered_for_five_minutes() -> None:
    """Within that time nothing is hashed, after it again; only for the source that proved it."""
    f = await made()
    for _ in range(5):
        assert await f.asked("ann", "right")
    assert len(f.hasher.verified) == 1
    assert await f.asked("ann", "right", "192.0.2.2")
    assert len(f.hasher.verified) == 2
    f.clock.advance(299)
    assert await f.asked("ann", "right") and len(f.hasher.verified) == 2
    f.clock.advance(1)
    assert await f.asked("ann", "right") and len(f.hasher.verified) == 3


async def test_a_wrong_credential_is_never_remembered() -> None:
    """Each wrong attempt is verified anew."""
    f = await made()
    for _ in range(3):
        assert not await f.asked("ann", "wrong")
    assert len(f.hasher.verified) == 3


async def test_a_changed_password_counts_at_once() -> None:
    """The old one is forgotten with the change, and so is that of a removed administrator."""
    f = await made()
    assert await f.asked("ann", "right")
    await f.credentials.add_administrator("ann", "new")
    assert not await f.asked("ann", "right")
    assert await f.asked("ann", "new")
    await f.credentials.remove_administrator("ann")
    assert not await f.asked("ann", "new")


async def test_a_verification_in_flight_during_a_change_is_not_remembered() -> None:
    """What was right when it began may be wrong when it ends."""
    f = await made()
    f.hasher.hold = threading.Event()
    flying = asyncio.create_task(f.asked("ann", "right"))
    assert await asyncio.to_thread(f.hasher.asked.wait, 10)
    f.changes.publish(Change("administrator", "ann"))
    f.hasher.hold.set()
    await flying
    f.hasher.hold = None
    await f.asked("ann", "right")
    assert len(f.hasher.verified) == 2


async def test_guessing_is_bounded_per_source() -> None:
    """Ten wrong attempts in a minute, then none is verified; another source is not touched; later again."""
    f = await made()
    for _ in range(12):
        assert not await f.asked("ann", "wrong")
    assert len(f.hasher.verified) == 10
    assert not await f.asked("ann", "right")
    assert await f.asked("ann", "right", "192.0.2.9")
    f.clock.advance(60)
    assert await f.asked("ann", "right")


async def test_guesses_at_once_cannot_slip_through() -> None:
    """Attempts count from their beginning."""
    f = await made()
    await asyncio.gather(*(f.asked("ann", f"guess{number}") for number in range(40)))
    assert len(f.hasher.verified) == 10
    assert f.hasher.most == 1


async def test_right_ones_do_not_count_as_guesses() -> None:
    """However many right credentials a source verifies anew, it is not refused."""
    f = await made(CredentialLimits(remember=0.0))
    for _ in range(30):
        assert await f.asked("ann", "right")


async def test_who_is_known_passes_while_his_neighbour_guesses() -> None:
    """A remembered credential of the same address still passes, until the guesses pass all bounds."""
    f = await made()
    assert await f.asked("ann", "right")
    for _ in range(50):
        await f.asked("ann", "wrong")
    assert await f.asked("ann", "right")
    for _ in range(50):
        await f.asked("ann", "wrong")
    assert not await f.asked("ann", "right")


async def test_an_ipv6_network_counts_as_one_source() -> None:
    """Addresses of one /64 share their attempts; IPv4 in IPv6 is the IPv4 address."""
    f = await made()
    for number in range(10):
        await f.asked("ann", "wrong", f"2001:db8::{number}")
        await f.asked("ann", "wrong", "::ffff:192.0.2.1" if number % 2 else "192.0.2.1")
    assert not await f.asked("ann", "right", "2001:db8::ffff")
    assert not await f.asked("ann", "right", "192.0.2.1")
    assert await f.asked("ann", "right", "2001:db8:0:1::1")


async def test_sources_and_credentials_in_memory_are_bounded() -> None:
    """The oldest are forgotten."""
    f = await made(CredentialLimits(sources=3, credentials=3))
    for number in range(10):
        await f.asked("ann", "wrong", f"192.0.2.{number}")
        await f.asked("ann", "right", f"198.51.100.{number}")
    assert len(f.credentials._attempts) <= 3
    assert len(f.credentials._remembered) <= 3


async def test_too_many_waiting_verifications_are_told_to_come_later() -> None:
    """Beyond the bound nothing is queued."""
    f = await made(CredentialLimits(at_once=1, waiting=2))
    f.hasher.hold = threading.Event()
    waiting = [asyncio.create_task(f.asked("ann", "right", f"192.0.2.{number}")) for number in range(2)]
    assert await asyncio.to_thread(f.hasher.asked.wait, 10)
    with pytest.raises(Busy):
        await f.asked("ann", "right", "192.0.2.99")
    f.hasher.hold.set()
    assert await asyncio.gather(*waiting) == [True, True]


async def test_very_long_credentials_are_not_hashed() -> None:
    """Their length alone says that they are wrong."""
    f = await made()
    assert not await f.asked("ann", "x" * 2000)
    assert not await f.asked("a" * 2000, "right")
    assert f.hasher.verified == []


async def test_the_first_administrator_is_made_once() -> None:
    """bootstrap does nothing where an administrator exists."""
    f = Fixture()
    assert await f.credentials.bootstrap("ann", "one")
    assert not await f.credentials.bootstrap("bob", "two")
    assert await f.credentials.administrators() == ["ann"]
    assert await f.asked("ann", "one") and not await f.asked("bob", "two")


@pytest.mark.parametrize(("name", "password"), [("", "x"), ("a:b", "x"), ("a\n", "x"), ("a", ""), ("a" * 300, "x")])
async def test_impossible_administrators_are_refused(name: str, password: str) -> None:
    """A name that HTTP Basic cannot carry and an empty password are refused by name."""
    f = Fixture()
    with pytest.raises(Refusal, match="invalid"):
        await f.credentials.add_administrator(name, password)
    assert await f.credentials.administrators() == []


async def test_an_unknown_administrator_cannot_be_removed() -> None:
    """The refusal says what was not found."""
    f = Fixture()
    with pytest.raises(Refusal, match="not-found"):
        await f.credentials.remove_administrator("ann")

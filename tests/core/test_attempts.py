"""Wrong PINs are counted per space and per source, and lock."""

import pytest

from parley.core.attempts import Attempts, AttemptSettings, Reservation, source_key
from parley.core.events import EntryLockedOut
from parley.core.ids import SpaceId

SPACE = SpaceId("space")


def wrong(attempts: Attempts, space: SpaceId | None, source: str, now: float) -> list[EntryLockedOut]:
    reservation = attempts.reserve(space, source, now)
    assert reservation is not None
    return attempts.confirm(reservation, now)


def test_the_twentieth_wrong_pin_locks_the_space_for_everybody() -> None:
    """Nineteen wrong PINs from different sources lock nothing, the twentieth does and is told once."""
    attempts = Attempts()
    for n in range(19):
        assert wrong(attempts, SPACE, f"192.0.2.{n}", 0.0) == []
    assert wrong(attempts, SPACE, "192.0.2.99", 1.0) == [EntryLockedOut(SPACE, None)]
    assert attempts.reserve(SPACE, "198.51.100.1", 2.0) is None
    assert attempts.locked(SPACE, "198.51.100.1", 2.0)
    assert attempts.reserve(SpaceId("other"), "198.51.100.1", 2.0) is not None


def test_the_twentieth_wrong_pin_locks_the_source_everywhere() -> None:
    """A source that tries many spaces, or call IDs that do not exist, is locked out of all of them."""
    attempts = Attempts()
    for n in range(19):
        assert wrong(attempts, None if n % 2 else SpaceId(f"s{n}"), "192.0.2.1", 0.0) == []
    assert wrong(attempts, None, "192.0.2.1", 0.0) == [EntryLockedOut(None, "192.0.2.1")]
    assert attempts.reserve(SPACE, "192.0.2.1", 1.0) is None
    assert attempts.reserve(SPACE, "192.0.2.2", 1.0) is not None


def test_a_lock_ends_when_its_window_has_passed() -> None:
    """Locked at second 50, open again 600 seconds later and counting from nothing."""
    attempts = Attempts()
    for n in range(20):
        wrong(attempts, SPACE, f"192.0.2.{n}", 50.0)
    assert attempts.reserve(SPACE, "192.0.2.200", 649.9) is None
    assert not attempts.locked(SPACE, "192.0.2.200", 650.0)
    for n in range(19):
        assert wrong(attempts, SPACE, f"192.0.2.{n}", 650.0) == []
    assert wrong(attempts, SPACE, "192.0.2.20", 651.0) == [EntryLockedOut(SPACE, None)]


def test_old_wrong_pins_are_forgotten() -> None:
    """One wrong PIN every 32 seconds never locks: no window of 600 seconds holds twenty."""
    attempts = Attempts()
    for n in range(200):
        assert wrong(attempts, SPACE, "192.0.2.1", n * 32.0) == []


def test_parallel_guesses_cannot_pass_the_bound() -> None:
    """While twenty guesses are under way there is no twenty-first, whatever they turn out to be."""
    attempts = Attempts()
    under_way = [attempts.reserve(SPACE, f"192.0.2.{n}", 0.0) for n in range(20)]
    assert all(under_way)
    assert attempts.reserve(SPACE, "192.0.2.77", 0.0) is None
    first, *rest = [r for r in under_way if r]
    attempts.release(first, 0.0)
    again = attempts.reserve(SPACE, "192.0.2.77", 0.0)
    assert again is not None
    events = [event for r in [*rest, again] for event in attempts.confirm(r, 0.0)]
    assert events == [EntryLockedOut(SPACE, None)]


def test_a_right_pin_clears_nothing() -> None:
    """Whoever knows one PIN of a space gains no further guesses by it."""
    attempts = Attempts(AttemptSettings(wrong_most=3))
    for _ in range(2):
        wrong(attempts, SPACE, "192.0.2.1", 0.0)
        right = attempts.reserve(SPACE, "192.0.2.1", 0.0)
        assert right is not None
        attempts.release(right, 0.0)
    wrong(attempts, SPACE, "192.0.2.1", 0.0)
    assert attempts.locked(SPACE, "192.0.2.1", 0.0)


def test_a_reservation_counts_once() -> None:
    """Settling it twice, or settling one that was never made, changes nothing."""
    attempts = Attempts(AttemptSettings(wrong_most=2))
    made = attempts.reserve(SPACE, "192.0.2.1", 0.0)
    assert made is not None
    for _ in range(5):
        assert attempts.confirm(made, 0.0) == []
    assert attempts.confirm(Reservation(999, SPACE, "192.0.2.1"), 0.0) == []
    assert not attempts.locked(SPACE, "192.0.2.1", 0.0)


def test_a_guess_that_is_never_settled_does_not_hold_its_place_for_ever() -> None:
    """A reservation counts no longer than a wrong PIN would."""
    attempts = Attempts(AttemptSettings(wrong_most=1, window=10))
    assert attempts.reserve(SPACE, "192.0.2.1", 0.0) is not None
    assert attempts.reserve(SPACE, "192.0.2.1", 9.0) is None
    assert attempts.reserve(SPACE, "192.0.2.1", 10.0) is not None


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("not an address", "not an address"),
        ("x" * 500, "x" * 64),
    ],
)
def test_a_source_is_counted_as_its_network(source: str, key: str) -> None:
    """IPv4 by address, IPv6 by /64, IPv4 in IPv6 as IPv4, anything else by a bounded text."""
    assert source_key(source) == key


def test_addresses_of_one_ipv6_network_share_a_count() -> None:
    """Changing the lower half of an IPv6 address gains no guesses."""
    attempts = Attempts(AttemptSettings(wrong_most=3))
    for n in range(3):
        wrong(attempts, None, f"2001:db8::{n + 1:x}", 0.0)
    assert attempts.locked(None, "2001:db8::ffff", 0.0)
    assert not attempts.locked(None, "2001:db8:0:1::1", 0.0)


def test_memory_is_bounded_and_a_flood_of_sources_unlocks_no_space() -> None:
    """Beyond the bound the oldest source is forgotten; the locked space stays locked."""
    attempts = Attempts(AttemptSettings(wrong_most=2, keys_most=10))
    wrong(attempts, SPACE, "192.0.2.1", 0.0)
    wrong(attempts, SPACE, "192.0.2.1", 0.0)
    for n in range(1000):
        attempts.reserve(None, f"10.0.{n // 250}.{n % 250}", 1.0)
    assert attempts.remembered() == (1, 10)
    assert attempts.locked(SPACE, "10.1.1.1", 1.0)

"""The activation table (cms-api 3.2, 3.6), and the page drawn from it."""

from pathlib import Path

import pytest

from parley.core.meeting_inputs import Cause
from parley.core.profiles import DeactivationMode, LockMode
from parley.core.transitions import TABLE, Room, Standing, Trigger, acts_at, diagram, happen, next_act, settle

PAGE = Path(__file__).resolve().parents[2] / "docs" / "activation.md"
NO_HOST, LOCKED, SENT_BACK, WAITING_ROOM = Cause.NO_HOST, Cause.LOCKED, Cause.SENT_BACK, Cause.WAITING_ROOM
OPEN, ALL, SOME = (False, LockMode.ALL), (True, LockMode.ALL), (True, LockMode.NEEDS_ACTIVATION)


def test_the_page_shows_the_table() -> None:
    """The diagram in docs/activation.md is the one drawn from the table."""
    block = PAGE.read_text().split("```mermaid\n")[1].split("```")[0]
    assert block == diagram()


def test_every_row_is_in_the_diagram() -> None:
    """No row of the table is missing from the drawing, and no label would end it early."""
    text = diagram()
    for row in TABLE:
        assert f": {row.trigger}" in text
        assert row.when in text
    assert all(line.count(" : ") == 1 for line in text.splitlines()[1:])


@pytest.mark.parametrize(
    ("lock", "needs", "member", "host", "causes"),
    [
        # unlocked: only who needs activation waits, and only without a host
        (OPEN, True, False, False, {NO_HOST}),
        (OPEN, True, False, True, set()),
        (OPEN, True, True, False, {NO_HOST}),
        (OPEN, True, True, True, set()),
        (OPEN, False, False, False, set()),
        (OPEN, False, True, True, set()),
        # locked, needs-activation: members pass once a host is there, activators always
        (SOME, True, False, False, {NO_HOST, LOCKED}),
        (SOME, True, False, True, {LOCKED}),
        (SOME, True, True, False, {NO_HOST, LOCKED}),
        (SOME, True, True, True, set()),
        (SOME, False, False, False, set()),
        (SOME, False, False, True, set()),
        (SOME, False, True, True, set()),
        # locked, all: everybody
        (ALL, True, False, False, {NO_HOST, LOCKED}),
        (ALL, True, False, True, {LOCKED}),
        (ALL, True, True, True, {LOCKED}),
        (ALL, False, False, False, {LOCKED}),
        (ALL, False, False, True, {LOCKED}),
        (ALL, False, True, True, {LOCKED}),
    ],
)
def test_a_newcomer_waits_for(
    lock: tuple[bool, LockMode], needs: bool, member: bool, host: bool, causes: set[Cause]
) -> None:
    """Every cell of the lock table: who comes, into which meeting, and waits for what."""
    room = Room(*lock, now=0.0, host_present=host)
    after = happen(Trigger.JOINS, Standing(needs, is_member=member), room)
    assert after is not None
    assert after.causes == causes


ROOM = Room(False, LockMode.ALL, now=0.0)


@pytest.mark.parametrize(
    ("trigger", "needs", "before", "after"),
    [
        (Trigger.LOCKED, True, {NO_HOST}, {NO_HOST}),
        (Trigger.LOCKED, True, set(), set()),
        (Trigger.LOCKED, False, set(), set()),
        (Trigger.UNLOCKED, True, {NO_HOST, LOCKED}, {NO_HOST}),
        (Trigger.UNLOCKED, True, {LOCKED}, set()),
        (Trigger.UNLOCKED, True, {LOCKED, WAITING_ROOM, SENT_BACK}, {WAITING_ROOM, SENT_BACK}),
        (Trigger.ADMITTED, True, set(Cause), set()),
        (Trigger.ADMITTED, True, {NO_HOST}, set()),
        (Trigger.SENT_BACK, True, set(), {SENT_BACK}),
        (Trigger.SENT_BACK, False, set(), {SENT_BACK}),
        (Trigger.SENT_BACK, True, {NO_HOST}, {NO_HOST, SENT_BACK}),
        (Trigger.RESOLVED, False, {NO_HOST, LOCKED}, {LOCKED}),
        (Trigger.RESOLVED, True, {NO_HOST, LOCKED}, {NO_HOST, LOCKED}),
    ],
)
def test_what_a_trigger_does_to_one_leg(trigger: Trigger, needs: bool, before: set[Cause], after: set[Cause]) -> None:
    """Unlock takes locked alone, a person's admission everything, a person's sending back adds its own."""
    leg = happen(trigger, Standing(needs, frozenset(before)), ROOM)
    assert leg is not None
    assert leg.causes == after


def test_a_hosts_presence_takes_no_host_alone() -> None:
    """Whoever waits for something else as well goes on waiting."""
    legs = {
        "host": Standing(False),
        "guest": Standing(True, frozenset({NO_HOST})),
        "late": Standing(True, frozenset({NO_HOST, LOCKED})),
        "sent": Standing(True, frozenset({NO_HOST, SENT_BACK})),
        "kept": Standing(True, frozenset({NO_HOST, WAITING_ROOM})),
    }
    settled = settle(legs, ROOM)
    assert {name: set(leg.causes) for name, leg in settled.legs.items()} == {
        "host": set(),
        "guest": set(),
        "late": {LOCKED},
        "sent": {SENT_BACK},
        "kept": {WAITING_ROOM},
    }
    assert settled.room.host_present


@pytest.mark.parametrize("cause", [LOCKED, SENT_BACK, WAITING_ROOM])
def test_an_activator_who_waits_is_no_host(cause: Cause) -> None:
    """Only an active activator counts."""
    legs = {"host": Standing(False, frozenset({cause})), "guest": Standing(True, frozenset({NO_HOST}))}
    settled = settle(legs, ROOM)
    assert settled.legs == legs
    assert not settled.room.host_present


def test_who_waits_for_something_else_waits_for_the_host_too_once_he_is_gone() -> None:
    """So that an unlock in an absence lets no guest in."""
    room = Room(True, LockMode.ALL, now=5.0, host_present=True)
    settled = settle({"guest": Standing(True, frozenset({LOCKED}))}, room)
    assert settled.legs["guest"].causes == {LOCKED, NO_HOST}
    assert settled.room.absent_since == 5.0


PRESENT_BEFORE = Room(False, LockMode.ALL, now=10.0, host_present=True)


@pytest.mark.parametrize(
    ("mode", "delay", "waits", "gone", "due"),
    [
        (DeactivationMode.DEACTIVATE, 0, True, False, None),
        (DeactivationMode.DEACTIVATE, 30, False, False, 40.0),
        (DeactivationMode.DISCONNECT, 0, False, True, None),
        (DeactivationMode.DISCONNECT, 30, False, False, 40.0),
        (DeactivationMode.REMAIN, 0, False, False, None),
        (DeactivationMode.REMAIN, 30, False, False, None),
    ],
)
def test_each_leg_acts_by_its_own_mode_after_its_own_delay(
    mode: DeactivationMode, delay: float, waits: bool, gone: bool, due: float | None
) -> None:
    """In the moment the last host goes: now, later or never."""
    settled = settle({"guest": Standing(True, mode=mode, delay=delay)}, PRESENT_BEFORE)
    assert settled.gone == (("guest",) if gone else ())
    if not gone:
        assert bool(settled.legs["guest"].causes) == waits
        assert next_act(settled.legs.values(), settled.room) == due


def test_whoever_was_admitted_singly_stays_until_a_host_has_come_and_gone() -> None:
    """A person's leave holds through one absence."""
    absent = Room(False, LockMode.ALL, now=10.0)
    admitted = happen(Trigger.ADMITTED, Standing(True, frozenset({NO_HOST})), absent)
    assert admitted is not None
    assert settle({"guest": admitted}, absent).legs["guest"].causes == set()
    assert acts_at(admitted, absent) is None
    assert settle({"guest": admitted}, PRESENT_BEFORE).legs["guest"].causes == {NO_HOST}

"""Hosts, guests, locks and persons' decisions in a live meeting (cms-api 3.2, 3.6)."""

from dataclasses import replace

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.core.ids import LegId, ParticipantId
from parley.core.meeting_inputs import (
    AdmitParticipant,
    Cause,
    Dropped,
    OverrideLeg,
    SendBack,
    SetLocked,
    SpaceChanged,
)
from parley.core.profiles import CallLayer, CallSettings, DeactivationMode, Layer, LegSettings, LockMode
from tests.core.meeting_kit import GUEST, HOST, Gathering, guest_settings


def with_host(**guests: LegSettings) -> Gathering:
    room = Gathering()
    room.join("host")
    for name, settings in guests.items():
        room.join(name, settings)
    return room


def admit(name: str) -> AdmitParticipant:
    return AdmitParticipant(ParticipantId(name))


def send_back(name: str) -> SendBack:
    return SendBack(ParticipantId(name))


def test_guests_wait_without_limit() -> None:
    """Without a host nothing is due, ever."""
    room = Gathering()
    room.join("ann", guest_settings(delay=10))
    assert room.meeting.next_deadline() is None
    assert room.wait(1e6) == []


def test_one_of_two_hosts_may_go() -> None:
    """Nothing happens while another host is active."""
    room = with_host(ann=GUEST)
    room.join("second")
    room.leave("host")
    assert room.lines() == ["ParticipantLeft host"]
    assert room.active() == ["ann", "second"]


def test_each_guest_acts_by_its_own_mode_in_join_order() -> None:
    """One waits, one is dropped, one stays, in the call in which the host goes."""
    room = with_host(stays=guest_settings("remain"), goes=guest_settings("disconnect"), waits=guest_settings())
    room.leave("host")
    assert room.lines() == ["ParticipantLeft host", "ParticipantLeft goes", "LegDeactivated waits"]
    assert room.active() == ["stays"]
    assert ("goes", Dropped(Ending(Side.LOCAL, Reason.DEACTIVATED))) in room.news()


@pytest.mark.parametrize("mode", ["deactivate", "disconnect"])
def test_a_mode_acts_after_its_delay(mode: str) -> None:
    """Not a moment before the seconds of the guest's own profile, and then by a tick."""
    room = with_host(ann=guest_settings(mode, 30), bob=guest_settings(mode, 10), rest=guest_settings("remain"))
    room.leave("host")
    assert room.meeting.next_deadline() == room.now + 10
    room.wait(9.99)
    assert room.active() == ["ann", "bob", "rest"]
    room.wait(0.01)
    assert room.active() == ["ann", "rest"]
    room.wait(19.99)
    assert room.active() == ["ann", "rest"]
    room.wait(0.01)
    assert room.active() == ["rest"]
    assert room.meeting.next_deadline() is None


def test_a_host_back_in_time_stops_the_clock() -> None:
    """And the next absence counts from its own beginning."""
    room = with_host(ann=guest_settings("disconnect", 30))
    room.leave("host")
    room.wait(29)
    room.join("host", generation=1)
    assert room.meeting.next_deadline() is None
    room.wait(100)
    room.leave("host", generation=1)
    room.wait(29)
    assert room.active() == ["ann"]
    room.wait(1)
    assert room.causes() == {}


def test_a_late_tick_changes_no_outcome() -> None:
    """What was due before a host came back has happened, though nobody ticked."""
    room = with_host(ann=guest_settings("disconnect", 30), bob=guest_settings("remain"))
    room.leave("host")
    room.now += 31
    room.join("host", generation=1)
    assert room.lines() == ["ParticipantLeft ann", "ParticipantJoined host"]


def test_whoever_comes_in_an_absence_waits() -> None:
    """The delay of those inside is none of a newcomer's."""
    room = with_host(ann=guest_settings(delay=30))
    room.leave("host")
    room.join("bob", guest_settings(delay=30))
    assert room.causes() == {"ann": set(), "bob": {Cause.NO_HOST}}


def test_a_mode_changed_in_an_absence_counts_at_once() -> None:
    """Who remained and shall no longer remain acts now."""
    room = with_host(ann=guest_settings("remain"))
    room.leave("host")
    room.wait(100)
    room.do(OverrideLeg(LegId("ann"), LegSettings(deactivation_mode=DeactivationMode.DEACTIVATE)))
    assert room.active() == []


def test_one_guest_may_be_let_in_without_a_host() -> None:
    """He stays when time passes, when a host comes, and goes back with the host's going."""
    room = Gathering()
    room.join("ann", GUEST)
    room.join("bob", GUEST)
    room.do(admit("ann"))
    assert room.active() == ["ann"]
    room.wait(1000)
    room.join("host")
    assert room.active() == ["ann", "bob", "host"]
    assert room.lines() == ["ParticipantJoined host", "LegActivated bob"]
    room.leave("host")
    assert room.active() == []


def test_who_is_sent_back_waits_until_a_person_lets_him_in() -> None:
    """Neither a host's coming nor an unlock ends it."""
    room = with_host(ann=GUEST)
    room.do(send_back("ann"))
    assert room.lines() == ["LegDeactivated ann"]
    room.join("second")
    room.do(SetLocked(True))
    room.do(SetLocked(False))
    assert room.causes()["ann"] == {Cause.SENT_BACK}
    assert not room.plan["ann"].receives
    room.do(admit("ann"))
    assert room.lines() == ["LegActivated ann"]


def test_a_host_sent_back_is_none() -> None:
    """His going takes the guests along, and his admission brings them back."""
    room = with_host(ann=GUEST)
    room.do(send_back("host"))
    assert room.causes() == {"host": {Cause.SENT_BACK}, "ann": {Cause.NO_HOST}}
    room.do(admit("host"))
    assert room.active() == ["host", "ann"]


def test_an_admitted_guest_sent_back_has_no_leave_any_more() -> None:
    """Without a host he waits for both."""
    room = Gathering()
    room.join("ann", GUEST)
    room.do(admit("ann"))
    room.do(send_back("ann"))
    assert room.causes() == {"ann": {Cause.SENT_BACK, Cause.NO_HOST}}


def test_a_lock_disturbs_nobody_inside() -> None:
    """Locking changes no state; those who come wait; unlocking lets them in."""
    room = with_host(ann=GUEST)
    assert room.do(SetLocked(True)) == []
    room.join("bob", GUEST)
    room.join("second")
    assert room.causes() == {"host": set(), "ann": set(), "bob": {Cause.LOCKED}, "second": {Cause.LOCKED}}
    room.do(SetLocked(False))
    assert room.lines() == ["LegActivated bob", "LegActivated second"]


def test_unlocking_without_a_host_lets_no_guest_in() -> None:
    """Locked and without a host a guest waits for both; the unlock takes one of them."""
    room = Gathering(CallSettings(locked=True))
    room.join("ann", GUEST)
    assert room.causes() == {"ann": {Cause.LOCKED, Cause.NO_HOST}}
    room.do(SetLocked(False))
    assert room.causes() == {"ann": {Cause.NO_HOST}}
    assert room.lines() == []


def test_unlocking_lets_a_waiting_host_in_and_his_guests_with_him() -> None:
    """The rules run until nothing changes: lock, then host, then guests."""
    room = Gathering(CallSettings(locked=True))
    room.join("ann", GUEST)
    room.join("host")
    assert room.active() == []
    room.do(SetLocked(False))
    assert room.active() == ["ann", "host"]


def test_one_may_be_let_in_through_a_lock() -> None:
    """A person's decision takes every cause, and the others go on waiting."""
    room = Gathering(CallSettings(locked=True))
    room.join("host")
    room.join("ann", GUEST)
    room.do(admit("host"))
    assert room.causes() == {"host": set(), "ann": {Cause.LOCKED}}


@pytest.mark.parametrize(("mode", "host_waits"), [(LockMode.ALL, True), (LockMode.NEEDS_ACTIVATION, False)])
def test_the_lock_mode_says_whom_it_keeps_out(mode: LockMode, host_waits: bool) -> None:
    """All, or only those who need activation; members then pass when a host is there."""
    room = Gathering(CallSettings(locked=True, lock_mode=mode))
    room.join("host")
    assert bool(room.causes()["host"]) == host_waits
    room.join("member", GUEST, member=True)
    room.join("ann", GUEST)
    assert room.causes()["ann"] >= {Cause.LOCKED}
    assert bool(room.causes()["member"]) == host_waits


@pytest.mark.parametrize("mode", list(LockMode))
def test_whoever_passes_locks_comes_in(mode: LockMode) -> None:
    """No lock keeps such a leg, whether it needs activation or not; everybody else it does."""
    room = Gathering(CallSettings(locked=True, lock_mode=mode))
    room.join("host", LegSettings(passes_lock=True))
    room.join("ann", replace(GUEST, passes_lock=True))
    room.join("bob", GUEST)
    assert room.causes() == {"host": set(), "ann": set(), "bob": {Cause.LOCKED}}


def test_the_lock_mode_is_read_when_somebody_comes() -> None:
    """Changed while live, it holds for the next newcomer."""
    room = Gathering(CallSettings(locked=True, lock_mode=LockMode.ALL))
    room.do(SpaceChanged("Room", (CallLayer(Layer.SPACE, CallSettings(lock_mode=LockMode.NEEDS_ACTIVATION)),)))
    room.join("host")
    assert room.active() == ["host"]


def test_a_guest_made_a_host_brings_the_others_in() -> None:
    """A change of profile while live counts like a host's coming."""
    room = Gathering()
    room.join("ann", GUEST)
    room.join("bob", GUEST)
    room.do(OverrideLeg(LegId("ann"), HOST))
    assert room.lines() == ["LegActivated ann", "LegActivated bob"]

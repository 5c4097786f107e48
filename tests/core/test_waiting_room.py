"""The waiting room, being let in beforehand, and mutes that a leg brings along."""

from dataclasses import replace

import pytest

from parley.core.conference_rules import CALLED_SETTINGS, HOST_SETTINGS
from parley.core.ids import LegId, ParticipantId
from parley.core.meeting_inputs import AdmitParticipant, Cause, OverrideLeg, SetKeptWhenEmpty, SetLocked
from parley.core.profiles import LegSettings
from tests.core.meeting_kit import GUEST, HOST, Gathering, join

ROOM = replace(GUEST, waiting_room=True)


@pytest.mark.parametrize(
    ("settings", "causes"),
    [
        (ROOM, {Cause.WAITING_ROOM}),
        (GUEST, set()),
        (replace(HOST, waiting_room=True), set()),  # an activator is the one who lets others in
    ],
    ids=["guest", "no waiting room", "host"],
)
def test_whoever_comes_by_a_waiting_room_waits_for_a_person(settings: LegSettings, causes: set[Cause]) -> None:
    """A present host does not end it; activators do not wait."""
    room = Gathering()
    room.join("host")
    room.join("ann", settings)
    assert room.causes()["ann"] == causes


def test_only_a_decision_ends_the_waiting() -> None:
    """The host's coming ends no-host alone; being let in ends it for good."""
    room = Gathering()
    room.join("ann", ROOM)
    assert room.causes()["ann"] == {Cause.NO_HOST, Cause.WAITING_ROOM}
    room.join("host")
    assert room.causes()["ann"] == {Cause.WAITING_ROOM}
    room.do(AdmitParticipant(ParticipantId("ann")))
    assert room.active() == ["ann", "host"]
    room.leave("host")
    room.join("host", generation=1)
    assert room.active() == ["ann", "host"], "nobody goes back to the waiting room because the host came back"


def test_whoever_was_let_in_beforehand_waits_for_nothing() -> None:
    """Neither lock, nor waiting room, nor the absence of a host; no record says it waited."""
    room = Gathering()
    room.join("other")
    room.do(SetLocked(True))
    room.do(SetKeptWhenEmpty(True))
    room.leave("other")
    room.join("locked", GUEST)
    room.do(replace(join("ann", ROOM), admitted=True))
    assert room.causes()["ann"] == set() and "LegDeactivated ann" not in room.lines()
    assert room.causes()["locked"] == {Cause.LOCKED, Cause.NO_HOST}


def test_a_leg_may_bring_settings_of_its_own() -> None:
    """They stand on the leg itself, above every profile, with its extras."""
    room = Gathering()
    room.do(replace(join("ann"), settings=LegSettings(rx_audio_mute=True), extras={"cms": {"ownerId": "7"}}))
    leg = room.leg("ann")
    assert leg.effective.settings.rx_audio_mute and leg.effective.origins["rx_audio_mute"] == "leg"
    assert leg.layers[-1].extras == {"cms": {"ownerId": "7"}}
    assert not room.plan["ann"].contributes


def test_a_phone_muted_as_a_terminal_can_be_unmuted() -> None:
    """What is said of the leg later wins over the mute that it came with, whichever of the two that was."""
    room = Gathering()
    room.do(replace(join("ann"), settings=LegSettings(terminal_rx_audio_mute=True)))
    assert not room.plan["ann"].contributes
    room.do(OverrideLeg(LegId("ann"), LegSettings(rx_audio_mute=False)))
    assert room.plan["ann"].contributes


def test_whom_the_server_calls_passes_waiting_room_and_lock_and_waits_for_the_host() -> None:
    """Invited is let in; where guests wait for the first host, so do those who were called."""
    room = Gathering()
    room.join("other", ROOM)
    room.do(SetLocked(True))
    called = replace(join("ann", ROOM), settings=CALLED_SETTINGS)
    room.do(called)
    assert room.causes()["ann"] == {Cause.NO_HOST}
    room.join("host", HOST_SETTINGS)
    assert room.active() == ["ann", "host"]
    room.do(replace(join("bob", ROOM), settings=CALLED_SETTINGS))
    assert room.active() == ["ann", "host", "bob"]

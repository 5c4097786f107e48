"""Who returns after a restart is what he was, and waits for what he would wait for."""

from dataclasses import replace

import pytest

from parley.core.ids import ParticipantId
from parley.core.meeting_inputs import (
    AdmitParticipant,
    Cause,
    JoinRefused,
    MuteSelf,
    Rename,
    SendBack,
    SetCohost,
    SetHands,
    SetLocked,
    SetRole,
    Stay,
)
from parley.core.profiles import CallSettings, LegSettings
from parley.core.seats import stay_of
from parley.core.spaces import Role
from tests.core.meeting_kit import GUEST, HOST, Gathering, guest_settings, join

NO_HOST, LOCKED, SENT_BACK, ROOM = Cause.NO_HOST, Cause.LOCKED, Cause.SENT_BACK, Cause.WAITING_ROOM
WAITING_ROOM = replace(GUEST, waiting_room=True)
ANN = ParticipantId("ann")


def returned(room: Gathering, name: str, settings: LegSettings = HOST, stay: Stay | None = None) -> set[Cause]:
    room.do(replace(join(name, settings), stay=stay or Stay()))
    return room.causes()[name]


@pytest.mark.parametrize(
    ("settings", "stay", "without_host", "with_host"),
    [
        (HOST, Stay(), set(), set()),
        (GUEST, Stay(), {NO_HOST}, set()),
        (WAITING_ROOM, Stay(), {NO_HOST}, set()),
        (WAITING_ROOM, Stay(frozenset({ROOM})), {ROOM, NO_HOST}, {ROOM}),
        (GUEST, Stay(frozenset({SENT_BACK})), {SENT_BACK, NO_HOST}, {SENT_BACK}),
        (GUEST, Stay(admitted=True), set(), set()),
        (guest_settings("remain"), Stay(), set(), set()),
        (guest_settings("remain"), Stay(frozenset({NO_HOST})), {NO_HOST}, set()),
        (guest_settings("disconnect"), Stay(), {NO_HOST}, set()),
        (guest_settings("deactivate", 60), Stay(), {NO_HOST}, set()),
        (GUEST, Stay(frozenset({LOCKED})), {NO_HOST}, set()),
        (HOST, Stay(frozenset({NO_HOST})), set(), set()),
    ],
)
def test_whoever_returns_waits_for_what_is_left_to_wait_for(
    settings: LegSettings, stay: Stay, without_host: set[Cause], with_host: set[Cause]
) -> None:
    """A person's decisions hold, a lock that is gone does not, and nobody is sent away because his host is slower."""
    alone, hosted = Gathering(), Gathering()
    assert returned(alone, "ann", settings, stay) == without_host
    hosted.join("host")
    assert returned(hosted, "ann", settings, stay) == with_host


def test_neither_a_lock_nor_a_limit_keeps_out_who_was_in() -> None:
    """Others are kept out as always, and so is who waited at the lock."""
    room = Gathering(CallSettings(participant_limit=1))
    room.join("host")
    room.do(SetLocked(True))
    assert returned(room, "ann", GUEST) == set()
    assert returned(room, "bob", GUEST, Stay(frozenset({LOCKED}))) == {LOCKED}
    room.join("late", GUEST)
    assert isinstance(room.news()[-1][1], JoinRefused)


def test_what_was_done_to_somebody_and_by_himself_is_as_it_was() -> None:
    """Role, name, hand, mute and whose word that was, and being let in singly, through a new meeting."""
    room = Gathering()
    room.join("ann", WAITING_ROOM)
    room.do(AdmitParticipant(ANN))
    room.do(Rename(ANN, "Anna"))
    room.do(SetHands(frozenset({ANN}), True))
    room.do(SetRole(ANN, Role.GUEST, LegSettings(unmute_self=True)))
    room.do(SetCohost(ANN, True, LegSettings(passes_lock=True)))
    room.do(MuteSelf(ANN, True))
    before, stay = room.leg("ann"), stay_of(room.leg("ann"))
    assert stay.admitted and stay.settings == LegSettings(rx_audio_mute=True, unmute_self=True, passes_lock=True)
    after = Gathering()
    assert returned(after, "ann", WAITING_ROOM, stay) == set()
    assert after.leg("ann") == before and stay_of(after.leg("ann")) == stay
    after.do(SendBack(ANN))
    assert SENT_BACK in stay_of(after.leg("ann")).causes

"""As what somebody stands in a meeting: what was made of him, what his door says, what his settings do."""

from dataclasses import replace

import pytest

from parley.core.ids import ParticipantId
from parley.core.meeting_inputs import OverrideLegs, SetRole, by_participant
from parley.core.profiles import LegSettings
from parley.core.spaces import Role
from tests.core.meeting_kit import GUEST, HOST, Gathering, join


@pytest.mark.parametrize(
    ("settings", "door", "made", "stands"),
    [
        (HOST, None, None, Role.HOST),
        (GUEST, None, None, Role.GUEST),
        (HOST, Role.GUEST, None, Role.GUEST),
        (GUEST, Role.HOST, None, Role.HOST),
        (HOST, Role.HOST, Role.GUEST, Role.GUEST),
        (GUEST, Role.GUEST, Role.HOST, Role.HOST),
        (HOST, None, Role.GUEST, Role.GUEST),
    ],
)
def test_what_was_made_inside_comes_before_the_door_and_the_door_before_settings(
    settings: LegSettings, door: Role | None, made: Role | None, stands: Role
) -> None:
    """A guest of a conference that needs no host is a guest all the same; who was promoted is a host."""
    room = Gathering()
    room.do(replace(join("ann", settings), door_role=door))
    if made is not None:
        room.do(SetRole(ParticipantId("ann"), made))
    assert room.leg("ann").stands_as is stands


def test_a_person_counts_once() -> None:
    """The first leg of each participant stands for him, in the order of joining."""
    room = Gathering()
    room.join("b")
    room.join("a")
    room.join("b2", participant="b")
    assert [leg.leg for leg in by_participant(room.meeting.view(room.now).legs).values()] == ["b", "a"]


def test_a_mute_by_others_is_not_ones_own() -> None:
    """The last word on a mute says whose doing it is."""
    room = Gathering()
    room.join("ann")
    room.do(OverrideLegs(LegSettings(rx_audio_mute=True)))
    assert room.leg("ann").muted and not room.leg("ann").muted_itself

"""What people in a meeting do to one another: hands, names and roles."""

from parley.core.ids import ParticipantId
from parley.core.meeting_inputs import Rename, SetHands, SetRole
from parley.core.profiles import DeactivationMode, LegSettings
from parley.core.spaces import Role
from tests.core.meeting_kit import GUEST, guest_settings, started


def of(*names: str) -> frozenset[ParticipantId]:
    return frozenset(ParticipantId(name) for name in names)


def test_a_hand_goes_up_and_down_for_those_who_are_named() -> None:
    """Raising a hand concerns the named participants alone and leaves the media plan as it is."""
    room = started()
    plans = len(room.plan_numbers)
    room.do(SetHands(of("ann", "nobody"), raised=True))
    assert [room.leg(name).hand_raised for name in ("host", "ann", "bob")] == [False, True, False]
    room.do(SetHands(of("ann", "bob"), raised=False))
    assert [room.leg(name).hand_raised for name in ("host", "ann", "bob")] == [False, False, False]
    assert len(room.plan_numbers) == plans


def test_a_new_name_is_shown_for_every_leg_of_the_participant() -> None:
    """A participant with two legs is renamed once."""
    room = started()
    room.join("ann2", GUEST, participant="ann")
    room.do(Rename(ParticipantId("ann"), "Ann of sales"))
    assert [leg.name for leg in room.meeting.view(room.now).legs] == ["host", "Ann of sales", "bob", "Ann of sales"]


def test_a_guest_made_host_keeps_the_meeting_going() -> None:
    """Whoever is made host counts as one at once: when the other host leaves, guests stay active."""
    room = started()
    room.do(SetRole(ParticipantId("ann"), Role.HOST, LegSettings(needs_activation=False)))
    assert room.leg("ann").role is Role.HOST
    room.leave("host")
    assert room.active() == ["ann", "bob"]


def test_a_host_made_guest_is_one_by_the_settings_that_come_with_it() -> None:
    """The last host who gives the role back stays in when that is what the settings say, and newcomers wait."""
    room = started()
    guest = LegSettings(needs_activation=True, deactivation_mode=DeactivationMode.REMAIN)
    room.do(SetRole(ParticipantId("host"), Role.GUEST, guest))
    assert room.active() == ["host"]
    room.join("late", guest_settings("remain"))
    assert room.active() == ["host"]
    unset = frozenset({"needs_activation", "deactivation_mode"})
    room.do(SetRole(ParticipantId("host"), Role.HOST, unset=unset))
    assert room.active() == ["host", "ann", "bob", "late"]


def test_gestures_of_somebody_who_is_not_there_change_nothing() -> None:
    """A message about a participant who has left is not an error."""
    room = started()
    before = room.meeting.view(room.now)
    for given in (
        SetHands(of("x"), raised=True),
        Rename(ParticipantId("x"), "X"),
        SetRole(ParticipantId("x"), Role.HOST),
    ):
        assert room.do(given) == []
    assert room.meeting.view(room.now) == before

"""Tones for those who are in, and the word for who is alone."""

from __future__ import annotations

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.core.ids import LegId, MeetingId, ParticipantId, SpaceId
from parley.core.meeting import Meeting
from parley.core.meeting_inputs import (
    AdmitParticipant,
    Announce,
    Entry,
    Join,
    Left,
    MeetingInput,
    SendBack,
    SpaceChanged,
)
from parley.core.profiles import Layer, LegLayer, LegSettings

GONE = Ending(Side.REMOTE, Reason.HANG_UP)
RINGS = LegSettings(join_tone=3, leave_tone=3)


class Room:
    """A meeting and what is to be heard in it: (prompt, who hears it, language)."""

    def __init__(self, *, tells_alone: bool = False, brand: str = "") -> None:
        self.meeting = Meeting(
            MeetingId("m"), SpaceId("s"), "Room", None, (), 0.0, brand=brand, tells_alone=tells_alone
        )
        self.now = 0.0
        self.last: list[Announce] = []

    def do(self, given: MeetingInput, after: float = 10.0) -> list[tuple[str, set[str], str]]:
        self.now += after
        effects = self.meeting.handle(given, self.now)
        self.last = [effect for effect in effects if isinstance(effect, Announce)]
        return [(one.prompt, set(one.legs), one.language) for one in self.last]

    def join(
        self,
        name: str,
        settings: LegSettings = RINGS,
        *,
        after: float = 10.0,
        participant: str = "",
        language: str = "en",
        kind: str = "sip",
    ) -> list[tuple[str, set[str], str]]:
        join = Join(
            leg=LegId(name),
            generation=0,
            number=1,
            participant=ParticipantId(participant or name),
            name=name,
            uri=name,
            entry=Entry(),
            layers=(LegLayer(Layer.SPACE, settings),),
            language=language,
            kind=kind,
        )
        return self.do(join, after)

    def leave(self, name: str, after: float = 10.0) -> list[tuple[str, set[str], str]]:
        return self.do(Left(LegId(name), 0, GONE), after)


def test_those_who_are_in_hear_who_comes_and_goes_up_to_their_threshold() -> None:
    """With 3: the second and third are rung in, to those before them; the fourth is not, nor the going of one of four
    that leaves none above three unheard."""
    room = Room()
    assert room.join("ann") == []
    assert room.join("bob") == [("join-tone", {"ann"}, "en")]
    assert room.join("cid") == [("join-tone", {"ann", "bob"}, "en")]
    assert room.join("dan") == []
    assert room.join("eve") == []
    assert room.leave("eve") == []
    assert room.leave("dan") == [("leave-tone", {"ann", "bob", "cid"}, "en")]
    assert room.leave("ann") == [("leave-tone", {"bob", "cid"}, "en")]


@pytest.mark.parametrize("settings", [LegSettings(), LegSettings(join_tone=0, leave_tone=0)])
def test_nobody_hears_tones_unless_a_profile_says_so(settings: LegSettings) -> None:
    """Unset and 0 alike."""
    room = Room()
    assert [room.join("ann", settings), room.join("bob", settings), room.leave("ann")] == [[], [], []]


def test_each_listener_goes_by_his_own_settings_and_language() -> None:
    """Ann wants tones to two, bob leaving ones alone, cid all of them in Chinese."""
    room = Room()
    room.join("ann", LegSettings(join_tone=2, leave_tone=2))
    room.join("bob", LegSettings(leave_tone=100))
    room.join("cid", LegSettings(join_tone=100, leave_tone=100), language="zh")
    assert room.join("dan") == [("join-tone", {"cid"}, "zh")]
    assert room.leave("dan") == [("leave-tone", {"bob"}, "en"), ("leave-tone", {"cid"}, "zh")]


def test_waiting_is_not_being_in() -> None:
    """Who waits rings nobody and hears nothing; his being let in rings, and so does his being sent back."""
    room = Room()
    room.join("ann")
    assert room.join("bob", LegSettings(needs_activation=True, waiting_room=True, join_tone=100, leave_tone=100)) == []
    assert room.join("cid") == [("join-tone", {"ann"}, "en")]
    assert room.do(AdmitParticipant(ParticipantId("bob"))) == [("join-tone", {"ann", "cid"}, "en")]
    assert room.do(SendBack(ParticipantId("bob"))) == [("leave-tone", {"ann", "cid"}, "en")]


def test_a_host_who_lets_many_in_at_once_rings_for_none_of_them() -> None:
    """All of them have just come, and so has he."""
    room = Room()
    waits = LegSettings(needs_activation=True, join_tone=100)
    for name in ("ann", "bob", "cid"):
        assert room.join(name, waits) == []
    assert room.join("host", LegSettings(join_tone=100)) == []


def test_a_second_connection_is_nobody_new() -> None:
    """Nor is its end anybody's going."""
    room = Room()
    room.join("ann")
    room.join("bob")
    assert room.join("bob-2", participant="bob") == []
    assert room.leave("bob") == []
    assert room.leave("bob-2") == [("leave-tone", {"ann"}, "en")]


def test_a_storm_rings_once_a_second() -> None:
    """Twenty who come within a second ring once; a going in the midst of it rings all the same."""
    room = Room()
    room.join("ann", LegSettings(join_tone=100, leave_tone=100))
    rung = [room.join(f"guest-{number}", LegSettings(), after=0.04) for number in range(20)]
    assert sum(map(len, rung)) == 1
    assert room.leave("guest-3", after=0.01) == [("leave-tone", {"ann"}, "en")]
    assert room.join("late", LegSettings(), after=1.0) == [("join-tone", {"ann"}, "en")]


def test_who_comes_first_by_phone_is_told_that_he_is_alone() -> None:
    """Once; not in a browser, not to who is left alone, and not unless it is wished."""
    room = Room(tells_alone=True)
    assert room.join("ann", LegSettings()) == [("only-participant", {"ann"}, "en")]
    assert room.join("bob", LegSettings()) == []
    assert room.leave("ann") == []
    assert Room(tells_alone=True).join("ann", LegSettings(), kind="web") == []
    assert Room().join("ann", LegSettings()) == []
    waiting = Room(tells_alone=True)
    assert waiting.join("ann", LegSettings(needs_activation=True)) == []


def test_what_is_heard_is_of_the_brand_of_the_space_as_it_stands() -> None:
    """Plan and tones name it, and a change reaches both."""
    room = Room(brand="ours")
    room.join("ann", LegSettings(join_tone=100))
    room.do(SpaceChanged("Room", (), "new"))
    assert room.join("bob") and [one.brand for one in room.last] == ["new"]

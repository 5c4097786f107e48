"""Chat belongs to the meeting: who is heard, what is kept, and that it changes nothing else."""

from datetime import UTC, datetime

from parley.core.chat import KEPT
from parley.core.ids import ParticipantId
from parley.core.meeting_inputs import Rename, Say, SendBack
from tests.core.meeting_kit import GUEST, Gathering

AT = datetime(2026, 11, 21, 10, tzinfo=UTC)


def say(room: Gathering, who: str, text: str) -> None:
    assert room.do(Say(ParticipantId(who), text, AT)) == []


def lines(room: Gathering) -> list[tuple[int, str, str]]:
    return [(line.number, line.name, line.text) for line in room.meeting.view(room.now).chat]


def test_a_line_is_kept_with_the_name_of_its_moment() -> None:
    """Lines are numbered from 1; a later name does not change an earlier line."""
    room = Gathering()
    room.join("host")
    say(room, "host", "one")
    room.do(Rename(ParticipantId("host"), "Hana"))
    say(room, "host", "two")
    assert lines(room) == [(1, "host", "one"), (2, "Hana", "two")]
    [first, _] = room.meeting.view(room.now).chat
    assert (first.participant, first.at) == ("host", AT)


def test_whoever_waits_or_is_not_there_says_nothing() -> None:
    """A guest before the host, one who was sent back, and a stranger."""
    room = Gathering()
    room.join("ann", GUEST)
    say(room, "ann", "before")
    room.join("host")
    say(room, "ann", "inside")
    room.do(SendBack(ParticipantId("ann")))
    say(room, "ann", "outside")
    say(room, "nobody", "hello")
    assert lines(room) == [(1, "ann", "inside")]


def test_somebody_with_two_legs_speaks_when_one_of_them_is_inside() -> None:
    """A person is heard by the leg that does not wait."""
    room = Gathering()
    room.join("host")
    room.join("ann", GUEST)
    room.join("ann2", GUEST, participant="ann")
    say(room, "ann", "hello")
    assert len(lines(room)) == 1


def test_the_last_lines_are_kept() -> None:
    """The oldest is forgotten beyond the bound, and numbers go on."""
    room = Gathering()
    room.join("host")
    for number in range(KEPT + 3):
        say(room, "host", f"{number + 1}")
    kept = lines(room)
    assert len(kept) == KEPT
    assert (kept[0][0], kept[-1][0]) == (4, KEPT + 3)

"""What phones hear that are sent out of a meeting: which prompt, for how long, and what ends it earlier."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.core.events import FORWARDING_MEETING, SPACE_MEETING, LegEnded, MeetingEnded, ParticipantLeft
from parley.core.farewells import FAREWELL_LIMIT, FAREWELL_PLAY, FAREWELLS_MOST, Farewell, farewell
from parley.core.ids import LegId, MeetingId, ParticipantId, SpaceId
from parley.core.leg_inputs import (
    ChangeMedia,
    Digit,
    Drop,
    Granted,
    LegInput,
    LegTick,
    MediaChanged,
    MediaDied,
    MoveTo,
    News,
    Play,
    PlayEnded,
    RecordLeg,
    RemoteEnded,
)
from parley.core.meeting import Meeting
from parley.core.meeting_inputs import (
    Admitted,
    DropLeg,
    DropParticipant,
    Dropped,
    End,
    Entry,
    Left,
    MeetingInput,
    Record,
    TellLeg,
    Tick,
)
from parley.core.profiles import LegSettings
from tests.core.call_kit import Called
from tests.core.leg_kit import AUDIO, Caller, space
from tests.core.meeting_kit import GONE, HOST, guest_settings, join
from tests.core.one_leg import HANG_UP

ENDED = Ending(Side.ADMINISTRATOR, Reason.MEETING_ENDED)
REMOVED = Ending(Side.HOST, Reason.HANG_UP)
SAID = Farewell("meeting-ended", "pt", "brand")


def kinds(effects: list) -> list[str]:
    return [type(e.event).__name__ if isinstance(e, RecordLeg) else type(e).__name__ for e in effects]


# --- which endings are told --------------------------------------------------------------------------------------

TOLD = {
    ENDED: "meeting-ended",
    Ending(Side.LOCAL, Reason.MEETING_ENDED): "meeting-ended",
    Ending(Side.ADMINISTRATOR, Reason.SPACE_DELETED): "meeting-ended",
    Ending(Side.LOCAL, Reason.DEACTIVATED): "meeting-ended",
    REMOVED: "disconnected",
    Ending(Side.ADMINISTRATOR, Reason.HANG_UP): "disconnected",
    Ending(Side.LOCAL, Reason.TOO_LONG): "disconnected",
    HANG_UP: None,
    Ending(Side.LOCAL, Reason.SHUTDOWN): None,
    Ending(Side.LOCAL, Reason.MEDIA_FAILED): None,
    Ending(Side.LOCAL, Reason.MEDIA_DEAD): None,
}


@pytest.mark.parametrize("ending", TOLD)
def test_what_is_said_of_an_ending(ending: Ending) -> None:
    """The end of the meeting and a removal are told; a failure, a stop and the far end's own doing are not."""
    said = farewell(ending, "pt", "brand")
    assert said == (Farewell(TOLD[ending], "pt", "brand") if TOLD[ending] else None)


# --- the meeting decides -----------------------------------------------------------------------------------------


class Hall:
    """A meeting that says farewell."""

    def __init__(self, kind: str = SPACE_MEETING, says: bool = True) -> None:
        self.now = 0.0
        self.meeting = Meeting(
            MeetingId("m"), SpaceId("s"), "Room", None, (), 0.0, kind, "brand", False, says_farewell=says
        )
        self.records: list[str] = []

    def enter(self, name: str, settings: LegSettings = HOST, kind: str = "sip") -> None:
        self.do(replace(join(name, settings), kind=kind, language="pt"))

    def do(self, given: MeetingInput) -> dict[str, Farewell | None]:
        """Who is dropped by it, and what each of them hears."""
        effects = self.meeting.handle(given, self.now)
        self.records += [type(effect.event).__name__ for effect in effects if isinstance(effect, Record)]
        news = [effect for effect in effects if isinstance(effect, TellLeg)]
        return {tell.leg: tell.news.farewell for tell in news if isinstance(tell.news, Dropped)}


def test_everybody_is_told_that_the_meeting_has_ended() -> None:
    """In his language and with the space's own prompts; pages show it. The meeting itself is over at once."""
    hall = Hall()
    hall.enter("ann")
    hall.enter("bob")
    hall.enter("gil", kind="browser")
    assert hall.do(End(ENDED)) == {"ann": SAID, "bob": SAID, "gil": None}
    assert hall.records[-1] == MeetingEnded.__name__ and hall.records.count(ParticipantLeft.__name__) == 3


@pytest.mark.parametrize("given", [DropLeg(LegId("ann"), REMOVED), DropParticipant(ParticipantId("ann"), REMOVED)])
def test_who_is_removed_is_told(given: MeetingInput) -> None:
    """He alone, and he is in the meeting no longer."""
    hall = Hall()
    hall.enter("ann")
    hall.enter("bob")
    assert hall.do(given) == {"ann": Farewell("disconnected", "pt", "brand")}
    assert [leg.leg for leg in hall.meeting.view(0.0).legs] == ["bob"]


def test_who_waits_is_told_like_all_others() -> None:
    """A guest without his host, when the meeting is ended."""
    hall = Hall()
    hall.enter("ann", guest_settings())
    assert hall.do(End(ENDED)) == {"ann": SAID}


def test_who_is_sent_away_with_the_last_host_and_who_stays_too_long() -> None:
    """By the rules of the meeting alone."""
    hall = Hall()
    hall.enter("host")
    hall.enter("ann", guest_settings("disconnect"))
    assert hall.do(Left(LegId("host"), 0, GONE)) == {"ann": SAID}
    hall = Hall()
    hall.enter("ann", replace(HOST, max_duration=60))
    hall.now = 60.0
    assert hall.do(Tick()) == {"ann": Farewell("disconnected", "pt", "brand")}


def test_nobody_is_told_in_a_call_between_two_or_where_it_is_not_wished() -> None:
    """The other one of a call that was passed on would only wait."""
    for hall in (Hall(FORWARDING_MEETING), Hall(says=False)):
        hall.enter("ann")
        assert hall.do(End(ENDED)) == {"ann": None}


def test_a_crowd_is_hung_up_at_once() -> None:
    """However it is sent away: so many prompts at a time would disturb the other meetings."""
    for many, said in ((FAREWELLS_MOST, SAID), (FAREWELLS_MOST + 1, None)):
        hall = Hall()
        hall.enter("host")
        for number in range(many - 1):
            hall.enter(f"p{number}")
        assert set(hall.do(End(ENDED)).values()) == {said}
        hall = Hall()
        hall.enter("host")
        for number in range(many):
            hall.enter(f"p{number}", guest_settings("disconnect"))
        assert set(hall.do(Left(LegId("host"), 0, GONE)).values()) == {said}


# --- the leg performs --------------------------------------------------------------------------------------------


def sent_out(called: bool) -> Caller | Called:
    """Ten seconds in a meeting, then sent out of it."""
    leg: Caller | Called = Called().answered() if called else Caller(space(None)).call()
    leg.do(News(Admitted()))
    leg.now += 10
    effects = leg.do(News(Dropped(ENDED, SAID)))
    assert kinds(effects) == ["LeaveMeeting", "Play"]
    assert effects[-1] == Play(FAREWELL_PLAY, ("meeting-ended",), "pt", "brand")
    assert leg.leg.leaving and leg.leg.answered
    return leg


BOTH = pytest.mark.parametrize("called", [False, True])
HANGS_UP = ["LegEnded", "HangUp", "CloseMedia", "LegFinished"]
IS_GONE = ["LegEnded", "CloseMedia", "LegFinished"]
ENDS: list[tuple[LegInput, list[str]]] = [
    (PlayEnded(FAREWELL_PLAY), HANGS_UP),
    (Drop(Ending(Side.LOCAL, Reason.SHUTDOWN)), HANGS_UP),
    (MediaDied(), HANGS_UP),
    (RemoteEnded(HANG_UP), IS_GONE),
]


@BOTH
@pytest.mark.parametrize(("given", "expected"), ENDS)
def test_what_ends_a_farewell(called: bool, given: LegInput, expected: list[str]) -> None:
    """Its own end, the far end's, a stop, the death of its media; the reason is what sent it out, whatever comes."""
    leg = sent_out(called)
    leg.now += 1
    assert kinds(leg.do(given)) == expected
    (ended,) = [event for event in leg.events() if isinstance(event, LegEnded)]
    assert (ended.ending, ended.duration, ended.active_duration) == (ENDED, 11, 10)
    assert not leg.leg.leaving and leg.leg.next_deadline() is None


@BOTH
def test_a_farewell_lasts_no_longer_than_its_limit(called: bool) -> None:
    """A prompt whose end nobody tells holds nobody up."""
    leg = sent_out(called)
    assert leg.wait(FAREWELL_LIMIT - 0.1) == []
    assert leg.do(LegTick()) == []
    assert kinds(leg.wait(0.1)) == HANGS_UP


@BOTH
def test_what_does_not_end_a_farewell(called: bool) -> None:
    """Keys, news of the meeting, the end of an earlier prompt, a wish to move; hold and a new address are answered."""
    leg = sent_out(called)
    passed_over = (
        Digit("1"),
        Digit("#"),
        News(Admitted()),
        News(Dropped(REMOVED)),
        PlayEnded(1),
        MoveTo(Granted(SpaceId("other"), None, Entry())),
    )
    for given in passed_over:
        assert leg.do(given) == [], given
    assert leg.do(MediaChanged(AUDIO)) == [ChangeMedia(AUDIO)]
    assert kinds(leg.do(PlayEnded(FAREWELL_PLAY))) == HANGS_UP


@BOTH
def test_without_a_farewell_it_is_hung_up_at_once(called: bool) -> None:
    """As ever."""
    leg: Caller | Called = Called().answered() if called else Caller(space(None)).call()
    leg.do(News(Admitted()))
    assert kinds(leg.do(News(Dropped(ENDED)))) == ["LegEnded", "HangUp", "LeaveMeeting", "CloseMedia", "LegFinished"]

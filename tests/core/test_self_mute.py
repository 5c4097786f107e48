"""Whoever is in a meeting turns the own microphone off and on, as far as the settings let him."""

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.core.ids import ParticipantId
from parley.core.key_commands import KeyCommand
from parley.core.leg_inputs import AskByKeys, Digit, JoinMeeting, News, Play
from parley.core.meeting_inputs import Admitted, LegNews, MuteSelf, OverrideLegs, SelfMuted
from parley.core.profiles import LegSettings
from tests.core.call_kit import Called
from tests.core.leg_kit import Caller, space
from tests.core.meeting_kit import Gathering

NOT_AT_ALL = LegSettings(mute_self=False)
NOT_UNMUTE = LegSettings(unmute_self=False)


def ask(room: Gathering, name: str, muted: bool | None = None) -> list[tuple[str, LegNews]]:
    room.do(MuteSelf(ParticipantId(name), muted))
    return room.news()


def test_a_participant_mutes_and_unmutes_itself() -> None:
    """Muted, the others hear it no more; it is told, and the view says so."""
    room = Gathering()
    room.join("ann")
    room.join("bob")
    assert ask(room, "ann", True) == [("ann", SelfMuted(muted=True, granted=True))]
    assert (room.plan["ann"].contributes, room.leg("ann").muted, room.leg("ann").muted_itself) == (False, True, True)
    assert (room.plan["bob"].contributes, room.leg("bob").muted) == (True, False)
    assert ask(room, "ann", False) == [("ann", SelfMuted(muted=False, granted=True))]
    assert (room.plan["ann"].contributes, room.leg("ann").muted) == (True, False)


def test_without_a_wish_it_is_the_other_way_round() -> None:
    """One key does both."""
    room = Gathering()
    room.join("ann", LegSettings(rx_audio_mute=True))
    assert ask(room, "ann") == [("ann", SelfMuted(muted=False, granted=True))]
    assert ask(room, "ann") == [("ann", SelfMuted(muted=True, granted=True))]


def test_whom_a_host_muted_may_be_heard_again_by_itself() -> None:
    """A mute from outside binds nobody who has the right."""
    room = Gathering()
    room.join("ann")
    room.do(OverrideLegs(LegSettings(rx_audio_mute=True, terminal_rx_audio_mute=True)))
    assert (room.leg("ann").muted, room.leg("ann").muted_itself) == (True, False)
    ask(room, "ann", False)
    assert room.plan["ann"].contributes


@pytest.mark.parametrize(
    ("settings", "muted", "granted"),
    [
        (NOT_AT_ALL, True, False),
        (NOT_AT_ALL, False, False),
        (NOT_UNMUTE, True, True),
        (NOT_UNMUTE, False, False),
    ],
)
def test_the_settings_say_what_is_granted(settings: LegSettings, muted: bool, granted: bool) -> None:
    """Without the right to mute oneself nothing goes; without that to unmute, one may still fall silent."""
    room = Gathering()
    room.join("ann", settings)
    room.do(OverrideLegs(LegSettings(rx_audio_mute=not muted)))
    assert ask(room, "ann", muted) == [("ann", SelfMuted(muted, granted))]
    assert room.leg("ann").muted is (muted if granted else not muted)


def test_a_right_given_while_inside_counts_at_once() -> None:
    """A refused wish is granted after the settings have changed."""
    room = Gathering()
    room.join("ann", LegSettings(rx_audio_mute=True, unmute_self=False))
    ask(room, "ann", False)
    assert room.leg("ann").muted
    room.do(OverrideLegs(LegSettings(unmute_self=True)))
    ask(room, "ann", False)
    assert not room.leg("ann").muted


def test_a_participant_with_two_legs_is_muted_whole() -> None:
    """One leg that may not keeps the other from being heard as well; both are told."""
    room = Gathering()
    room.join("ann")
    room.join("ann2", NOT_AT_ALL, participant="ann")
    assert ask(room, "ann", True) == [(leg, SelfMuted(muted=True, granted=False)) for leg in ("ann", "ann2")]
    assert not room.leg("ann").muted
    room.leave("ann2")
    room.join("ann3", participant="ann")
    ask(room, "ann")
    assert [leg.muted for leg in room.meeting.view(room.now).legs] == [True, True]


def test_nobody_of_that_name_changes_nothing() -> None:
    """A wish that crosses the leaving is passed over."""
    room = Gathering()
    room.join("ann")
    assert ask(room, "bob", True) == []
    assert not room.leg("ann").muted


# --- keys of a phone ---------------------------------------------------------------------------------------------


def inside() -> Caller:
    caller = Caller(space(None)).call()
    assert caller.count(JoinMeeting) == 1
    caller.do(News(Admitted()))
    return caller


def test_star_six_asks_and_the_answer_is_spoken() -> None:
    """Muted, unmuted or refused: whoever pressed the keys hears which."""
    caller = inside()
    for answer, prompt in (
        (SelfMuted(muted=True, granted=True), "muted"),
        (SelfMuted(muted=False, granted=True), "unmuted"),
        (SelfMuted(muted=False, granted=False), "mute-refused"),
    ):
        assert caller.type("*6") == [AskByKeys(KeyCommand.TOGGLE_MUTE_SELF)]
        (play,) = caller.do(News(answer))
        assert isinstance(play, Play)
        assert play.prompts == (prompt,)


def test_who_asked_elsewhere_hears_nothing() -> None:
    """A page shows it; only keys are answered by a prompt."""
    assert inside().do(News(SelfMuted(muted=True, granted=True))) == []


@pytest.mark.parametrize("keys", ["6", "*5", "*56", "6*", "#6", "**", "*#6"])
def test_other_keys_mean_nothing(keys: str) -> None:
    """There is one gesture."""
    assert inside().type(keys) == []


@pytest.mark.parametrize("keys", ["**6", "5*6", "*1*6"])
def test_a_star_begins_anew(keys: str) -> None:
    """A slip of the finger costs nothing."""
    assert inside().type(keys) == [AskByKeys(KeyCommand.TOGGLE_MUTE_SELF)]


def test_the_two_keys_belong_together() -> None:
    """A six long after the star is none of it."""
    caller = inside()
    caller.type("*")
    caller.now += 3.1
    assert caller.type("6") == []
    caller.type("*")
    caller.now += 2.9
    assert caller.type("6") == [AskByKeys(KeyCommand.TOGGLE_MUTE_SELF)]


def test_keys_at_the_entrance_are_none_of_the_meeting() -> None:
    """While a PIN is asked for, the star and the six are part of it."""
    caller = Caller(space("12")).call()
    caller.type("*6")
    assert caller.count(AskByKeys) == 0


def test_whom_we_called_has_the_same_keys() -> None:
    """And only once he is in."""
    called = Called().answered()
    assert [effect for key in "*6" for effect in called.do(Digit(key))] == []
    called.do(News(Admitted()))
    assert [effect for key in "*6" for effect in called.do(Digit(key))] == [AskByKeys(KeyCommand.TOGGLE_MUTE_SELF)]
    (play,) = called.do(News(SelfMuted(muted=True, granted=True)))
    assert isinstance(play, Play)
    assert play.prompts == ("muted",)


def test_news_of_a_mute_ends_no_waiting() -> None:
    """It changes nothing of the time that is counted or of the leg's place."""
    caller = inside()
    caller.do(News(SelfMuted(muted=True, granted=True)))
    assert caller.reason() is None
    caller.do(News(Admitted()))
    assert Ending(Side.LOCAL, Reason.HANG_UP) != caller.ending()

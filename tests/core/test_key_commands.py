"""Keys of a phone in a meeting: which sequence is meant, and who may do what by it (cms-api 2.10)."""

from dataclasses import replace

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.core.key_commands import BUILT_IN_KEYS, KeyCommand, KeyMap, KeySettings, key_map
from parley.core.keys import KEYS_WITHIN, KeyMatcher
from parley.core.leg_inputs import AskByKeys, Digit, KeysAre, LegTick, News, Play
from parley.core.meeting_inputs import Admitted, Cause, DoByKeys, Dropped, Finished, KeysDone, SelfMuted, SetFreeMute
from parley.core.profiles import LegSettings
from tests.core.call_kit import Called
from tests.core.leg_kit import Caller, space
from tests.core.meeting_kit import GUEST, Gathering, join

LOCK, UNLOCK, END, MUTE = KeyCommand.LOCK, KeyCommand.UNLOCK, KeyCommand.END, KeyCommand.MUTE_OTHERS
TOGGLE = KeyCommand.TOGGLE_MUTE_SELF

# --- which keys there are --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([], {"*6": TOGGLE}),
        ([KeySettings(lock="*9")], {"*6": TOGGLE, "*9": LOCK}),
        ([KeySettings(toggle_mute_self="1")], {"1": TOGGLE}),
        ([KeySettings(lock="*6")], {"*6": LOCK}),
        ([KeySettings(lock="*9", end="*0"), KeySettings(lock="#9")], {"*6": TOGGLE, "#9": LOCK, "*0": END}),
        ([KeySettings(lock="*9"), KeySettings(end="*9")], {"*6": TOGGLE, "*9": END}),
        ([KeySettings(unlock="*9", lock="*9")], {"*6": TOGGLE, "*9": LOCK}),
    ],
    ids=[
        "built in",
        "of a profile",
        "other keys for what is built in",
        "what is built in gives way",
        "the tenant's value wins, field by field",
        "the tenant's command wins",
        "the first name of one profile wins",
    ],
)
def test_keys_are_resolved(layers: list[KeySettings], expected: dict[str, KeyCommand]) -> None:
    """System, then tenant; a sequence means one thing."""
    assert dict(key_map(layers)) == expected


# --- which sequence is meant -----------------------------------------------------------------------------------------

KEYS: KeyMap = (("*6", TOGGLE), ("*9", LOCK), ("1", UNLOCK), ("123", END), ("*6#", MUTE))


@pytest.mark.parametrize(
    ("pressed", "expected"),
    [
        ("*9", [LOCK]),
        ("123", [END]),
        ("1 ", [UNLOCK]),
        ("12 ", [UNLOCK]),
        ("12*9", [UNLOCK, LOCK]),
        ("1123", [UNLOCK, END]),
        ("11 ", [UNLOCK, UNLOCK]),
        ("1 23", [UNLOCK]),
        ("*6#", [MUTE]),
        ("*6 #", [TOGGLE]),
        ("*65", [TOGGLE]),
        ("*6*9", [TOGGLE, LOCK]),
        ("**9", [LOCK]),
        ("* 9", []),
        ("*", []),
        ("* ", []),
        ("5#0", []),
        ("*9*9", [LOCK, LOCK]),
        ("?*?9*9", [LOCK]),
    ],
)
def test_the_longest_sequence_is_meant(pressed: str, expected: list[KeyCommand]) -> None:
    """A whole one that could go on waits for a moment (a blank here); what fits nothing is passed over."""
    matcher, now, found = KeyMatcher(KEYS), 50.0, []
    for key in pressed:
        now += KEYS_WITHIN if key == " " else 0.5
        found += matcher.tick(now) if key == " " else matcher.press(key, now)
    assert found == expected
    assert matcher.deadline is None


def test_only_a_whole_sequence_is_waited_for() -> None:
    """There is a deadline exactly while time alone decides something; the tick at it decides."""
    matcher = KeyMatcher(KEYS)
    assert matcher.press("*", 1.1) == [] and matcher.deadline is None
    assert matcher.press("6", 2.3) == []
    deadline = matcher.deadline
    assert deadline == 2.3 + KEYS_WITHIN
    assert matcher.tick(deadline - 0.01) == []
    assert matcher.tick(deadline) == [TOGGLE]
    assert matcher.deadline is None


def test_a_leg_asks_for_what_its_keys_mean_by_now() -> None:
    """Keys of the meeting's profiles come as news; what was half pressed before is forgotten."""
    for leg in (Caller(space(None)).call(), Called().answered()):
        leg.do(News(Admitted()))
        assert leg.do(Digit("*")) == leg.do(KeysAre(KEYS)) == leg.do(Digit("9")) == []
        assert [leg.do(Digit(key)) for key in "*9"] == [[], [AskByKeys(LOCK)]]
        assert leg.do(Digit("1")) == []
        deadline = leg.leg.next_deadline()
        assert deadline == leg.now + KEYS_WITHIN
        leg.now = deadline
        assert leg.do(LegTick()) == [AskByKeys(UNLOCK)]
        assert leg.leg.next_deadline() is None


@pytest.mark.parametrize(
    ("command", "granted", "prompt"),
    [
        (LOCK, True, "locked"),
        (UNLOCK, True, "unlocked"),
        (MUTE, True, "others-muted"),
        (KeyCommand.UNMUTE_OTHERS, True, "others-unmuted"),
        (KeyCommand.FREE_MUTE, True, "done"),
        (LOCK, False, "mute-refused"),
    ],
)
def test_what_became_of_it_is_spoken(command: KeyCommand, granted: bool, prompt: str) -> None:
    """To whoever pressed the keys."""
    caller = Caller(space(None)).call()
    caller.do(News(Admitted()))
    (play,) = caller.do(News(KeysDone(command, granted)))
    assert isinstance(play, Play) and play.prompts == (prompt,)


# --- who may -------------------------------------------------------------------------------------------------------

BY_KEYS = [command for command in KeyCommand if command not in (KeyCommand.MUTE_SELF, KeyCommand.UNMUTE_SELF, TOGGLE)]
RIGHTS = {
    LOCK: ["may_lock"],
    UNLOCK: ["may_lock"],
    MUTE: ["may_mute_others"],
    KeyCommand.UNMUTE_OTHERS: ["may_mute_others"],
    END: ["may_end"],
    KeyCommand.FREE_MUTE: ["may_free_mute"],
    KeyCommand.BIND_MUTE: ["may_free_mute"],
    KeyCommand.MUTE_NEWCOMERS: ["may_mute_newcomers"],
    KeyCommand.UNMUTE_NEWCOMERS: ["may_mute_newcomers"],
    KeyCommand.LEAVE_NEWCOMERS: ["may_mute_newcomers"],
    KeyCommand.MUTE_NEWCOMERS_AND_OTHERS: ["may_mute_others", "may_mute_newcomers"],
    KeyCommand.UNMUTE_NEWCOMERS_AND_OTHERS: ["may_mute_others", "may_mute_newcomers"],
}


def room(**settings: object) -> Gathering:
    """ann with these settings, bob and cid with none."""
    made = Gathering()
    made.join("ann", LegSettings(**settings))  # type: ignore[arg-type]
    made.join("bob")
    made.join("cid")
    return made


def press(made: Gathering, command: KeyCommand, name: str = "ann") -> bool | None:
    """Whether it was granted; None: nothing was said."""
    made.do(DoByKeys(made.leg(name).leg, command))
    return next((news.granted for leg, news in made.news() if leg == name and isinstance(news, KeysDone)), None)


@pytest.mark.parametrize("command", BY_KEYS)
def test_each_command_needs_its_rights_and_no_other(command: KeyCommand) -> None:
    """With all but one of them it is refused and changes nothing; with them alone it is granted."""
    for missing in RIGHTS[command]:
        made = room(**{name: name != missing for name in LegSettings.__slots__ if name.startswith("may_")})
        before = made.meeting.view(made.now)
        assert press(made, command) is False
        assert made.meeting.view(made.now) == before
    made = room(**dict.fromkeys(RIGHTS[command], True))
    assert press(made, command) is (None if command is END else True)


def test_who_waits_looks_after_nothing() -> None:
    """Whatever its settings: it is not in yet."""
    made = Gathering()
    made.join("ann", LegSettings(needs_activation=True, may_end=True, may_lock=True))
    assert made.leg("ann").causes == {Cause.NO_HOST}
    assert press(made, LOCK) is False and press(made, END) is False
    assert not made.meeting.view(made.now).locked


def test_locking_and_unlocking() -> None:
    """As by the API: newcomers wait."""
    made = room(may_lock=True)
    press(made, LOCK)
    made.join("dot", GUEST)
    assert made.leg("dot").waits
    press(made, UNLOCK)
    assert not made.leg("dot").waits


def test_all_but_oneself_are_muted_and_heard_again() -> None:
    """Phones and pages alike; who presses is heard as before."""
    made = room(may_mute_others=True)
    press(made, MUTE)
    assert {name: media.contributes for name, media in made.plan.items()} == {"ann": True, "bob": False, "cid": False}
    press(made, KeyCommand.UNMUTE_OTHERS)
    assert all(media.contributes for media in made.plan.values())


def test_the_meeting_is_ended_for_all() -> None:
    """By a host's doing; nobody is kept, and the meeting says that somebody ended it."""
    made = room(may_end=True)
    made.do(DoByKeys(made.leg("ann").leg, END))
    ended = Dropped(Ending(Side.HOST, Reason.MEETING_ENDED))
    assert made.news() == [("ann", ended), ("bob", ended), ("cid", ended)]
    (finished,) = [effect for effect in made.effects if isinstance(effect, Finished)]
    assert finished.ordered


def test_everybody_is_allowed_to_mute_and_unmute_himself() -> None:
    """Whatever the own settings say, until that is taken back; the view tells every door."""
    made = room(may_free_mute=True)
    made.join("dot", LegSettings(mute_self=False, rx_audio_mute=True))
    assert not made.leg("dot").may_mute_itself(False)
    press(made, KeyCommand.FREE_MUTE)
    assert made.leg("dot").may_mute_itself(False)
    made.do(DoByKeys(made.leg("dot").leg, KeyCommand.UNMUTE_SELF))
    assert made.news() == [("dot", SelfMuted(False, True))]
    assert made.plan["dot"].contributes
    press(made, KeyCommand.BIND_MUTE)
    made.do(DoByKeys(made.leg("dot").leg, KeyCommand.MUTE_SELF))
    assert made.news() == [("dot", SelfMuted(True, False))]


def test_newcomers_are_muted_or_heard() -> None:
    """From then on, whatever their profiles say, but not against what is said of one leg; then as profiles say."""
    made = room(may_mute_newcomers=True, may_mute_others=True)
    press(made, KeyCommand.MUTE_NEWCOMERS)
    made.join("dot")
    assert [made.leg(name).muted for name in ("bob", "dot")] == [False, True]
    made.do(replace(join("dan"), settings=LegSettings(rx_audio_mute=False)))
    assert not made.leg("dan").muted
    press(made, KeyCommand.UNMUTE_NEWCOMERS)
    made.join("eve", LegSettings(rx_audio_mute=True, terminal_rx_audio_mute=True))
    assert not made.leg("eve").muted and made.plan["eve"].contributes
    press(made, KeyCommand.LEAVE_NEWCOMERS)
    made.join("fay", LegSettings(rx_audio_mute=True))
    assert made.leg("fay").muted
    press(made, KeyCommand.MUTE_NEWCOMERS_AND_OTHERS)
    made.join("gus")
    assert [leg.muted for leg in made.meeting.view(made.now).legs] == [False, *[True] * 7]
    press(made, KeyCommand.UNMUTE_NEWCOMERS_AND_OTHERS)
    made.join("hal")
    assert not any(leg.muted for leg in made.meeting.view(made.now).legs)


def test_what_was_set_by_keys_outlives_the_server() -> None:
    """Free mutes and muted newcomers are as before after a restart."""
    made = room(may_free_mute=True, may_mute_newcomers=True)
    made.do(SetFreeMute(True))
    press(made, KeyCommand.MUTE_NEWCOMERS)
    made.live_again(())
    view = made.meeting.view(made.now)
    assert (view.free_mute, view.newcomers_muted) == (True, True)


def test_keys_of_who_is_gone_do_nothing() -> None:
    """They cross the leaving."""
    made = room(may_end=True)
    ann = made.leg("ann").leg
    made.leave("ann")
    assert made.do(DoByKeys(ann, END)) == []
    assert BUILT_IN_KEYS == (("*6", TOGGLE),)

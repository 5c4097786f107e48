"""Prompts, digits, PINs and time-outs at the entrance (cms-api 3.4, 3.5)."""

import pytest

from parley.core.admission import Candidates, Proof
from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegConnected, PinRefused, PromptUnanswered
from parley.core.ids import AccessMethodId, SpaceId
from parley.core.leg_inputs import (
    CallIdResolved,
    Digit,
    EntrySettings,
    HangUp,
    JoinMeeting,
    JudgePin,
    OpenMedia,
    Play,
    PlayEnded,
    ResolveCallId,
    StopPlaying,
)
from parley.core.profiles import EntryScope, PasscodeMode
from tests.core.leg_kit import IVR, OFFER, Caller, space

TIMEOUT = space(None, "1234", mode=PasscodeMode.TIMEOUT, timeout=5)
REQUIRED = space(None, "1234", mode=PasscodeMode.REQUIRED)


def joined_by(door: str) -> JoinMeeting:
    return JoinMeeting(SpaceId("space"), None, AccessMethodId(door))


def test_one_blank_door_is_entered_at_once() -> None:
    """No prompt, no question."""
    caller = Caller(space(None)).call()
    assert caller.effects[-1] == joined_by("d0")
    assert caller.prompts() == []


@pytest.mark.parametrize(
    ("target", "prompt"),
    [
        (space("1"), "enter-pin"),
        (space("1", "2"), "enter-pin"),
        (REQUIRED, "enter-pin-or-hash"),
        (space(None, "1234"), "enter-pin-or-hash"),
        (TIMEOUT, "enter-pin-or-wait"),
    ],
)
def test_the_prompt_says_what_can_be_typed(target: Candidates, prompt: str) -> None:
    """Whether there is a blank door, and how it is chosen, is heard in the prompt."""
    assert Caller(target).call().prompts() == [prompt]


@pytest.mark.parametrize(
    ("target", "keys", "door"),
    [
        (space("1234"), "1234#", "d0"),
        (space("4321", "1234"), "4321#", "d0"),
        (space("4321", "1234"), "1234#", "d1"),
        (REQUIRED, "1234#", "d1"),
        (REQUIRED, "#", "d0"),
        (TIMEOUT, "1234#", "d1"),
        (TIMEOUT, "#", "d0"),
    ],
)
def test_the_pin_picks_the_door(target: Candidates, keys: str, door: str) -> None:
    """Each door by its own PIN, the blank one by `#` alone, in both modes."""
    caller = Caller(target).call()
    caller.type(keys)
    assert caller.effects[-1] == joined_by(door)


def test_a_digit_stops_the_prompt_once() -> None:
    """The first digit silences it; its late end is no longer of interest."""
    caller = Caller(TIMEOUT).call()
    assert caller.type("1") == [StopPlaying()]
    assert caller.type("2") == []
    assert caller.do(PlayEnded(1)) == []
    assert caller.leg.next_deadline() == caller.now + 10


def test_silence_is_blank_that_many_seconds_after_the_prompt() -> None:
    """passcodeTimeout counts from the end of the prompt, not from its beginning."""
    caller = Caller(TIMEOUT).call()
    caller.wait(60)
    assert caller.count(JoinMeeting) == 0
    caller.hear()
    caller.wait(4.99)
    assert caller.count(JoinMeeting) == 0
    caller.wait(0.01)
    assert caller.effects[-1] == joined_by("d0")


def test_a_digit_ends_the_wait_for_silence() -> None:
    """Who began to type is waited for as one who types."""
    caller = Caller(TIMEOUT).call()
    caller.hear()
    caller.wait(4)
    caller.type("123")
    caller.wait(9.9)
    assert caller.count(JudgePin) == 0
    caller.type("4#")
    assert caller.effects[-1] == joined_by("d1")


def test_what_was_typed_counts_after_silence() -> None:
    """A forgotten `#` costs digit_timeout and nothing else."""
    caller = Caller(space("1234")).call()
    caller.type("1234")
    caller.wait(10)
    assert caller.effects[-1] == joined_by("d0")


def test_required_waits_without_limit_but_the_stays() -> None:
    """Silence is never blank there; only nobody stands at the entrance for ever."""
    caller = Caller(REQUIRED).call()
    caller.hear()
    caller.wait(599)
    assert caller.prompts() == ["enter-pin-or-hash"]
    caller.wait(1)
    assert caller.prompts()[-1] == "timeout-goodbye"
    caller.hear()
    assert caller.ending() == Ending(Side.LOCAL, Reason.NO_INPUT)


def test_silence_at_a_door_with_a_pin_ends_the_call() -> None:
    """no_input_timeout after the prompt: goodbye, heard to its end, then hang-up."""
    caller = Caller(space("1234")).call()
    caller.hear()
    caller.wait(9.9)
    assert caller.prompts() == ["enter-pin"]
    caller.wait(0.1)
    assert caller.prompts()[-1] == "timeout-goodbye"
    assert caller.ending() is None
    caller.hear()
    assert caller.ending() == Ending(Side.LOCAL, Reason.NO_INPUT)


def test_three_wrong_pins_end_the_call() -> None:
    """Try again, final attempt, goodbye; each is recorded without the PIN."""
    caller = Caller(space("1234", "4321")).call()
    caller.type("9#8#7#")
    assert caller.prompts() == [
        "enter-pin",
        "pin-incorrect-try-again",
        "pin-incorrect-final-attempt",
        "pin-incorrect-goodbye",
    ]
    assert caller.ending() is None
    assert caller.type("1234#") == []
    caller.hear()
    assert caller.ending() == Ending(Side.LOCAL, Reason.WRONG_PIN)
    refused = [e for e in caller.events() if isinstance(e, PinRefused)]
    assert [(e.reason, e.space, e.source) for e in refused] == [(Reason.WRONG_PIN, SpaceId("space"), "192.0.2.1")] * 3


def test_the_right_pin_after_a_wrong_one_enters() -> None:
    """A mistake costs one try."""
    caller = Caller(TIMEOUT).call()
    caller.type("9#1234#")
    assert caller.effects[-1] == joined_by("d1")


def test_silence_after_a_wrong_pin_is_not_blank() -> None:
    """In timeout mode the retry prompt is heard, then silence ends the call; `#` alone is blank still."""
    caller = Caller(TIMEOUT).call()
    caller.type("9#")
    caller.hear()
    caller.wait(10)
    assert caller.prompts()[-1] == "timeout-goodbye"
    caller.hear()
    assert caller.reason() is Reason.NO_INPUT
    other = Caller(TIMEOUT).call()
    other.type("9##")
    assert other.effects[-1] == joined_by("d0")


def test_a_locked_out_caller_hears_what_a_wrong_pin_hears() -> None:
    """The right PIN is refused with the same prompts; the reason is kept apart; the blank door stays open."""
    caller = Caller(TIMEOUT).call()
    caller.locked = True
    caller.type("1234#1234#1234#")
    assert caller.prompts()[-1] == "pin-incorrect-goodbye"
    caller.hear()
    assert caller.reason() is Reason.LOCKED_OUT
    other = Caller(TIMEOUT).call()
    other.locked = True
    other.type("#")
    assert other.effects[-1] == joined_by("d0")


def test_a_prompt_that_ends_unanswered_is_told_once() -> None:
    """Only the first prompt, and only when no digit came before its end."""
    caller = Caller(space("1234")).call()
    caller.hear()
    caller.type("9#")
    caller.hear()
    assert [type(e) for e in caller.events()].count(PromptUnanswered) == 1
    other = Caller(space("1234")).call()
    other.type("9#")
    other.hear()
    assert PromptUnanswered not in [type(e) for e in other.events()]


def test_no_more_digits_are_kept_than_the_settings_say() -> None:
    """The thirty-third digit and those after it are passed over, and so is what is no key."""
    pin = "1" * 32
    caller = Caller(space(pin)).call()
    caller.type("x" + pin + "999#")
    assert caller.effects[-1] == joined_by("d0")


def test_a_goodbye_nobody_reports_ends_all_the_same() -> None:
    """A lost end of the prompt does not hold the line."""
    caller = Caller(space("1")).call()
    caller.type("9#9#9#")
    caller.wait(15)
    assert caller.count(HangUp) == 1


# --- the IVR ----------------------------------------------------------------------------------------------------


def at_ivr(**known: Candidates) -> Caller:
    caller = Caller(IVR)
    caller.call_ids = {name.removeprefix("id"): target for name, target in known.items()}
    return caller.call()


def test_the_ivr_asks_for_a_call_id() -> None:
    """Welcome, then the question; the leg is connected to the IVR."""
    caller = at_ivr()
    assert caller.prompts() == ["welcome", "enter-id"]
    assert any(isinstance(e, LegConnected) and e.at_ivr for e in caller.events())


def test_a_call_id_with_a_blank_door_joins() -> None:
    """No PIN is asked for."""
    caller = at_ivr(id189=space(None))
    caller.type("189#")
    assert caller.effects[-1] == joined_by("d0")


def test_a_call_id_with_a_pin_asks_for_it() -> None:
    """Then the PIN picks the door."""
    caller = at_ivr(id889=space("1234"))
    caller.type("889#")
    assert caller.prompts()[-1] == "enter-pin"
    caller.type("1234#")
    assert caller.effects[-1] == joined_by("d0")


def test_what_is_typed_while_a_call_id_is_looked_up_is_not_lost() -> None:
    """A fast typist's PIN follows his call ID, however slow the store is."""
    caller = at_ivr()
    seen = [effect for key in "889#1234#" for effect in caller.leg.handle(Digit(key), caller.now)]
    assert [e for e in seen if isinstance(e, ResolveCallId)] == [ResolveCallId(IVR, "889")]
    caller.do(CallIdResolved(space("1234")))
    assert caller.effects[-1] == joined_by("d0")


UNKNOWN_TO_CALLER = {
    "unknown": (None, Reason.UNKNOWN_CALL_ID),
    "closed": (space(None, closed=True), Reason.NOT_MEMBER),
    "known": (space("1234"), Reason.WRONG_PIN),
}


def test_unknown_closed_and_known_call_ids_sound_alike() -> None:
    """The same prompts after the same keys; the reasons of the end stay apart."""
    heard = {}
    for name, (target, reason) in UNKNOWN_TO_CALLER.items():
        caller = at_ivr(**({"id555": target} if target else {}))
        shapes = [type(e).__name__ for e in caller.type("555#1#2#3#")] + [type(e).__name__ for e in caller.hear()]
        heard[name] = (caller.prompts(), shapes)
        assert caller.reason() is reason
        assert caller.count(JudgePin) == 3
    assert heard["unknown"] == heard["known"] == heard["closed"]


def test_the_blank_door_of_a_closed_space_does_not_open_by_silence() -> None:
    """Closed to non-members it asks for a PIN and takes none."""
    caller = at_ivr(id1=space(None, closed=True))
    caller.type("1##")
    assert caller.count(JoinMeeting) == 0


def test_a_hash_alone_is_no_call_id() -> None:
    """Three of them end the call."""
    caller = at_ivr()
    caller.type("###")
    assert caller.prompts()[2:] == ["id-incorrect-try-again", "id-incorrect-final-attempt", "id-incorrect-goodbye"]
    assert caller.count(ResolveCallId) == 0
    caller.hear()
    assert caller.reason() is Reason.UNKNOWN_CALL_ID


def test_tries_at_the_call_id_are_not_tries_at_the_pin() -> None:
    """Two empty IDs leave three PINs."""
    caller = at_ivr(id7=space("1234"))
    caller.type("##7#1#2#")
    assert caller.prompts()[-1] == "pin-incorrect-final-attempt"


def test_silence_at_the_ivr_ends_the_call() -> None:
    """no_input_timeout after the prompt."""
    caller = at_ivr()
    caller.hear()
    caller.wait(10)
    caller.hear()
    assert caller.prompts()[-1] == "timeout-goodbye"
    assert caller.reason() is Reason.NO_INPUT


def test_nobody_stays_at_the_entrance_longer_than_the_limit() -> None:
    """Keys every few seconds do not extend the stay."""
    caller = Caller(IVR, EntrySettings(tries=1000)).call()
    for _ in range(130):
        caller.type("1")
        caller.wait(5)
    assert caller.prompts()[-1] == "timeout-goodbye"


def test_prompts_speak_the_language_of_the_settings() -> None:
    """Every Play names it."""
    caller = Caller(IVR, EntrySettings(language="pt")).call()
    assert [e.language for e in caller.effects if isinstance(e, Play)] == ["pt"]


# --- where entry is restricted -----------------------------------------------------------------------------------

INVITED = Proof(invited=True)


@pytest.mark.parametrize("pin", [None, "1234"])
@pytest.mark.parametrize("by_ivr", [False, True])
def test_what_is_proven_of_a_caller_goes_with_him_to_the_meeting(pin: str | None, by_ivr: bool) -> None:
    """At an address and at the IVR, past a PIN or without one: it lets him in and is told on joining."""
    target = space(pin, scope=EntryScope.INVITED)
    caller = Caller(IVR if by_ivr else target, proof=INVITED)
    caller.call_ids["300"] = target
    caller.call()
    if by_ivr:
        caller.type("300#")
    if pin is not None:
        caller.type(f"{pin}#")
    assert caller.effects[-1] == JoinMeeting(SpaceId("space"), None, AccessMethodId("d0"), proof=INVITED)


def test_proof_is_no_pin() -> None:
    """Who is invited and types a wrong one is asked again."""
    caller = Caller(space("1234", scope=EntryScope.INVITED), proof=INVITED).call()
    caller.type("9#")
    assert caller.prompts()[-1] == "pin-incorrect-try-again"


def test_who_has_proven_nothing_does_not_pass_a_restricted_door() -> None:
    """Refused before the answer at an address; at the IVR asked for a PIN that never fits."""
    target = space("1234", scope=EntryScope.INVITED)
    refused = Caller(target)
    refused.do(OFFER)
    assert refused.reason() is Reason.ENTRY_RESTRICTED and refused.count(OpenMedia) == 0
    caller = Caller(IVR)
    caller.call_ids["300"] = target
    caller.call()
    caller.type("300#1234#")
    assert caller.prompts()[-1] == "pin-incorrect-try-again"


def test_prompts_are_in_the_language_asked_for_but_beeps_are_for_all() -> None:
    """A wish for a language is followed, none means the server's own; a server set to beeps follows no wish."""
    assert EntrySettings(language="pt").spoken_to("zh") == "zh"
    assert EntrySettings(language="pt").spoken_to("") == "pt"
    assert EntrySettings(language="x-test").spoken_to("zh") == "x-test"

"""A caller who stood at the entrance when the server was killed: asked from the first question on, and counted on."""

from __future__ import annotations

import pytest

from parley.core.dialplan import Echo
from parley.core.endings import Ending, Reason, Side
from parley.core.ids import LegId
from parley.core.ivr import SoFar
from parley.core.leg import PLAYS_MOST, Leg
from parley.core.leg_inputs import Digit, EntrySettings, JoinMeeting, LegEffect, Play, PlayEnded, RecordLeg, Resume
from parley.core.survival import Known
from tests.core.leg_kit import IVR, Caller, space

TWO_PINS = space("11", "22")


def again(so_far: SoFar | None, target: object = TWO_PINS) -> Caller:
    """The leg in the next life of the server, before it is told to go on."""
    caller = Caller(target)  # type: ignore[arg-type]
    known = Known(inside=False, counted=0.0, encrypted_media=False, language="pt", so_far=so_far)
    caller.leg = Leg.again(LegId("leg"), 1, 7, EntrySettings(), known)
    return caller


def kinds(effects: list[LegEffect]) -> list[str]:
    return [type(e.event).__name__ if isinstance(e, RecordLeg) else type(e).__name__ for e in effects]


STOOD = SoFar(began=90.0)


@pytest.mark.parametrize(
    ("target", "expected", "prompts"),
    [
        (TWO_PINS, ["StopPlaying", "Play"], ["enter-pin"]),
        (IVR, ["StopPlaying", "Play"], ["welcome", "enter-id"]),
        (space(None), ["StopPlaying", "JoinMeeting"], []),
        (Echo(), ["StopPlaying", "HearItself", "Play"], ["echo"]),
        (space("11", closed=True), ["LegEnded", "HangUp", "CloseMedia", "LegFinished"], []),
    ],
)
def test_what_is_asked_first(target: object, expected: list[str], prompts: list[str]) -> None:
    """As of somebody who has just come; where the door was shut meanwhile he is hung up. No record is begun anew."""
    caller = again(STOOD, target)
    assert kinds(caller.do(Resume(target))) == expected  # type: ignore[arg-type]
    assert caller.prompts() == prompts
    for effect in caller.effects:
        if isinstance(effect, Play):
            assert effect.language == "pt"


def test_it_goes_on_from_there() -> None:
    """The right PIN lets him in; what a prompt of the life before ends by is not taken for the end of this one."""
    caller = again(STOOD)
    assert caller.do(Digit("2")) == [], "typed before he was asked"
    caller.do(Resume(TWO_PINS))
    (play,) = [effect for effect in caller.effects if isinstance(effect, Play)]
    assert play.play > PLAYS_MOST
    assert caller.do(PlayEnded(1)) == []
    (*_, join) = caller.type("22#")
    assert isinstance(join, JoinMeeting) and join.access_method == "d1"


@pytest.mark.parametrize(
    ("so_far", "target", "typed", "prompt"),
    [
        (SoFar(wrong_pins=1, began=90.0), TWO_PINS, "3#", "pin-incorrect-final-attempt"),
        (SoFar(wrong_pins=2, began=90.0), TWO_PINS, "3#", "pin-incorrect-goodbye"),
        (SoFar(wrong_ids=2, began=90.0), IVR, "#", "id-incorrect-goodbye"),
        (SoFar(wrong_ids=2, began=90.0), TWO_PINS, "3#", "pin-incorrect-try-again"),
    ],
)
def test_wrong_ones_of_before_count(so_far: SoFar, target: object, typed: str, prompt: str) -> None:
    """Each at its question."""
    caller = again(so_far, target)
    caller.do(Resume(target))  # type: ignore[arg-type]
    caller.type(typed)
    assert caller.prompts()[-1] == prompt


def test_the_time_of_before_counts() -> None:
    """Of the stay at the prompts, and of the echo."""
    settings = EntrySettings()
    caller = again(SoFar(began=100.0 - settings.stay_limit + 30))
    caller.do(Resume(TWO_PINS))
    caller.do(Digit("1"))
    caller.wait(9)
    caller.do(Digit("1"))
    caller.wait(9)
    caller.do(Digit("1"))
    caller.wait(9)
    caller.do(Digit("1"))
    caller.wait(4)
    assert caller.prompts()[-1] == "timeout-goodbye"
    caller = again(SoFar(began=70.0), Echo(limit=60.0))
    caller.do(Resume(Echo(limit=60.0)))
    assert caller.wait(29) == []
    caller.wait(1)
    assert caller.ending() == Ending(Side.LOCAL, Reason.TOO_LONG)


def test_so_far_is_what_was_counted() -> None:
    """While he is asked; not while he is told goodbye, nor once he is in a meeting."""
    caller = Caller(TWO_PINS).call()
    assert caller.leg.so_far == SoFar(began=100.0)
    caller.now += 5
    caller.type("3#")
    assert caller.leg.so_far == SoFar(wrong_pins=1, began=100.0)
    caller.type("3#3#")
    assert caller.prompts()[-1] == "pin-incorrect-goodbye" and caller.leg.so_far is None
    caller = Caller(TWO_PINS).call()
    caller.type("11#")
    assert caller.leg.so_far == SoFar(began=100.0), "on the way in"
    assert Caller(Echo()).call().leg.so_far == SoFar(began=100.0)


@pytest.mark.parametrize("so_far", [STOOD, None])
def test_only_once_and_only_who_stood_there(so_far: SoFar | None) -> None:
    """A second Resume, or one to somebody who cannot be asked once more, changes nothing."""
    caller = again(so_far)
    if so_far is not None:
        caller.do(Resume(TWO_PINS))
    assert caller.do(Resume(TWO_PINS)) == []
    assert Caller(TWO_PINS).call().do(Resume(TWO_PINS)) == []

"""What is noted of legs and meetings can be done again, tells no secret, and finds what came out otherwise."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize

from parley.app import input_codec
from parley.app.input_codec import InputUnreadable, decode, encode
from parley.app.inputs import CALL, FORMAT, LEG, MEETING, InputRecorder, digest
from parley.app.replay import Replay, Step, shown
from parley.core.admission import Admit
from parley.core.events import LegActivated, LegDeactivated
from parley.core.ids import AccessMethodId, LegId, MeetingId, ParticipantId, SpaceId
from parley.core.key_commands import KeyCommand
from parley.core.leg_departure import PORT_LIMIT
from parley.core.leg_inputs import (
    Answered,
    Confirmed,
    Dial,
    Digit,
    EntrySettings,
    JudgePin,
    KeysAre,
    LegInput,
    LegTick,
    MediaOpened,
    MoveTo,
    News,
    PinJudged,
    RemoteEnded,
    ResolveCallId,
    Resolved,
    SendKeys,
    WebLocal,
)
from parley.core.meeting_inputs import Admitted, Entry, Join, MeetingInput, Record, Say, Tick
from parley.core.profiles import CallLayer, CallSettings, Layer
from parley.core.secret import Secret
from tests.app.floor import Floor
from tests.core import test_leg_properties as legs
from tests.core import test_meeting_properties as meetings
from tests.core import test_outgoing_leg_properties as calls
from tests.core.call_kit import dial, hop
from tests.core.leg_kit import AUDIO, IVR, OFFER, space
from tests.core.one_leg import HANG_UP, History
from tests.kit.manual_clock import ManualClock

SETTINGS = EntrySettings()
KEYS = st.sampled_from(["is", "of", "leg", "digit", "target"]) | st.text(max_size=3)
NAMES = st.sampled_from(["set", "map", "time", "Secret", "Digit", "Resolved", "Cause", "Join", "Offered"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
)


def recorder() -> InputRecorder:
    return InputRecorder(ManualClock())


def again(lines: Iterable[bytes]) -> list[Step]:
    """Every step of a replay, where nothing may come out otherwise or be left out."""
    steps = list(Replay().run(lines))
    assert [(step.given, step.problem) for step in steps if step.problem] == []
    return steps


class Noted:
    """A machine whose inputs are noted; takes the place of the one in a property test's history."""

    def __init__(self, kind: str, machine: Any, made: tuple[Any, ...]) -> None:
        self.recorder, self._machine = recorder(), machine
        self.recorder.began(kind, "m", made)

    def handle(self, given: Any, now: float) -> list[Any]:
        return self.recorder.through("m", self._machine.handle, given, now)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._machine, name)


def fed(
    history: History, kind: str, made: tuple[Any, ...], opening: list[Any], steps: list[tuple[Any, float]]
) -> Noted:
    history.leg = noted = Noted(kind, history.leg, made)
    history.live(opening, [*steps, (RemoteEnded(HANG_UP), PORT_LIMIT), (LegTick(), 0.0)])
    return noted


@settings(max_examples=150, deadline=None)
@given(opening=legs.OPENINGS, steps=st.lists(legs.STEPS, max_size=25))
def test_any_history_of_a_leg_can_be_done_again(opening: list[LegInput], steps: list[tuple[LegInput, float]]) -> None:
    """The same decisions, digest for digest, although digits were hidden."""
    noted = fed(legs.history(), LEG, (LegId("leg"), 0, 1, SETTINGS, 0.0), opening, steps)
    again(noted.recorder.lines(10_000))


@settings(max_examples=150, deadline=None)
@given(opening=calls.OPENINGS, steps=st.lists(calls.STEPS, max_size=25))
def test_any_history_of_a_call_can_be_done_again(opening: list[LegInput], steps: list[tuple[LegInput, float]]) -> None:
    """Of a leg that we call likewise."""
    noted = fed(calls.history(), CALL, (LegId("leg"), 0, 1, "en"), opening, steps)
    again(noted.recorder.lines(10_000))


class AnyNotedHistory(meetings.AnyHistory):
    """Every history of a meeting that the property machine can think of, noted and done again at its end."""

    noted: Noted | None = None

    @initialize(call=meetings.CALLS)
    def begin(self, call: CallSettings) -> None:
        self.teardown()
        super().begin(call)
        layers = (CallLayer(Layer.SPACE, call),)
        made = (MeetingId("m"), SpaceId("s"), "Room", None, layers, self.room.now)
        self.room.meeting = self.noted = Noted(MEETING, self.room.meeting, made)  # type: ignore[assignment]

    def teardown(self) -> None:
        if self.noted is not None:
            again(self.noted.recorder.lines(100_000))


AnyNotedHistory.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestAnyNotedHistory = AnyNotedHistory.TestCase


# --- the form ------------------------------------------------------------------------------------------------


def test_every_input_has_a_form() -> None:
    """Whatever an input may hold, by its types, can be written; no two classes share a name."""
    known = input_codec._classes()
    assert {kind.__name__ for kind in (*get_args(LegInput), *get_args(MeetingInput))} <= known.keys()


@pytest.mark.parametrize(
    "value",
    [
        OFFER,
        Resolved(IVR),
        Answered(AUDIO),
        MediaOpened(20000),
        Join(LegId("l"), 0, 1, ParticipantId("p"), "Ann", "ann@x", Entry(), ()),
        Say(ParticipantId("p"), "hi", datetime(2026, 1, 1, tzinfo=UTC)),
        Dial((), "sip:a@b", "sip:c@d", "s", extras={"cms": {"a": "1"}}),  # type: ignore[arg-type]
        SETTINGS,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    """Through JSON and back, field for field."""
    assert decode(json.loads(json.dumps(encode(value)))) == value


def test_a_secret_leaves_only_whether_there_was_one() -> None:
    """PINs of doors and keys of browsers are not in the line, and an empty one is still empty."""
    written = json.dumps([encode(Resolved(space("4711", None))), encode(MediaOpened(1, web_local()))])
    assert "4711" not in written and "hush" not in written
    first, second = decode(json.loads(written)[0]).target.doors
    assert first.passcode.reveal() and second.passcode is None
    assert decode(encode(Secret(""))).reveal() == ""


def web_local() -> WebLocal:
    return WebLocal(1, "ufrag", Secret("hush"), "AB", ())


def test_what_is_typed_at_the_entrance_is_hidden_and_commands_are_not() -> None:
    """Digits are digits, # is #; in the meeting *6 is what it is, and a 6 that follows no * is not."""
    made = recorder()
    made.began(LEG, "leg", (LegId("leg"), 0, 1, SETTINGS, 0.0))
    for key in "4711*6#":
        made.through("leg", lambda _g, _n: [], Digit(key), 1.0)
    made.through("leg", lambda _g, _n: [], News(Admitted()), 1.0)
    for key in "56*66":
        made.through("leg", lambda _g, _n: [], Digit(key), 1.0)
    typed = [json.loads(line)["in"].get("digit") for line in made.lines()[1:]]
    assert typed == [*"000000#", None, *"00*60"]


def test_of_a_profiles_keys_only_commands_are_kept() -> None:
    """Whatever the sequences are, what stands for another key is in none of them; at a new entrance all is hidden."""
    made = recorder()
    made.began(LEG, "leg", (LegId("leg"), 0, 1, SETTINGS, 0.0))
    keys = (("10", KeyCommand.LOCK), ("1023", KeyCommand.END))
    for told in (KeysAre(keys), News(Admitted())):
        made.through("leg", lambda _g, _n: [], told, 1.0)
    for key in "4102310251":
        made.through("leg", lambda _g, _n: [], Digit(key), 1.0)
    made.through("leg", lambda _g, _n: [], MoveTo(space("1023", None)), 1.0)
    for key in "1023":
        made.through("leg", lambda _g, _n: [], Digit(key), 1.0)
    typed = [json.loads(line)["in"].get("digit") for line in made.lines()[3:]]
    assert typed == [*"?1023102?1", None, *"0000"]


def test_what_people_write_to_one_another_is_hidden() -> None:
    """Its length stays, nothing else."""
    made = recorder()
    made.began(MEETING, "m", ())
    made.through("m", lambda _g, _n: [], Say(ParticipantId("p"), "my PIN 12", datetime(2026, 1, 1, tzinfo=UTC)), 1.0)
    assert json.loads(made.lines()[1])["in"]["text"] == "xx xxx xx"


def test_keys_that_we_press_for_the_far_end_are_hidden() -> None:
    """They may well be a PIN of somebody else's meeting."""
    made = recorder()
    made.began(CALL, "leg", (LegId("leg"), 0, 1, "en"))
    made.through("leg", lambda _g, _n: [SendKeys("4711#")], replace(dial(hop("a")), keys="4711#"), 1.0)
    lines = made.lines()
    assert json.loads(lines[1])["in"]["keys"] == "00000" and b"4711" not in b"".join(lines)
    assert digest([SendKeys("4711#")]) == digest([SendKeys("00000")])


def test_digests_tell_records_apart_and_not_secrets() -> None:
    """Two events with equal fields differ; a typed call ID counts by its length."""
    meeting, leg = MeetingId("m"), LegId("l")
    assert digest([Record(LegActivated(meeting, leg))]) != digest([Record(LegDeactivated(meeting, leg))])
    assert (
        digest([ResolveCallId(IVR, "123")]) == digest([ResolveCallId(IVR, "000")]) != digest([ResolveCallId(IVR, "1")])
    )
    pins = [JudgePin(space(pin), Secret(pin), "192.0.2.1") for pin in ("1111", "2222")]
    assert digest(pins[:1]) == digest(pins[1:])
    assert digest([PinJudged(Admit(AccessMethodId("a")))]) != digest([PinJudged(Admit(AccessMethodId("b")))])


# --- what comes out otherwise ----------------------------------------------------------------------------------


def a_call() -> list[bytes]:
    """The lines of one leg that is offered, answered and gone."""
    history = legs.history()
    opening = [OFFER, Resolved(space(None)), MediaOpened(1), Confirmed()]
    return fed(history, LEG, (LegId("leg"), 0, 1, SETTINGS, 0.0), opening, []).recorder.lines()


def changed(lines: list[bytes], number: int, change: Callable[[dict[str, Any]], None]) -> list[bytes]:
    read = json.loads(lines[number])
    change(read)
    return [*lines[:number], json.dumps(read).encode() + b"\n", *lines[number + 1 :]]


def test_the_first_difference_of_a_machine_is_named_and_its_later_inputs_are_not_judged() -> None:
    """Another decision by name; another value by digest."""
    lines = changed(a_call(), 2, lambda read: read.update(out=["Reject"]))
    steps = list(Replay().run(lines))
    assert [step.differs for step in steps][:3] == [False, True, False]
    assert "decided then: Reject; now: OpenMedia" in steps[1].problem and "came out otherwise" in steps[2].problem
    steps = list(Replay().run(changed(a_call(), 2, lambda read: read.update(digest="0"))))
    assert steps[1].differs and "other values" in steps[1].problem


def test_a_machine_that_broke_then_and_now_is_the_same() -> None:
    """What a machine raises is part of what it did."""
    made = recorder()
    made.began(LEG, "leg", (LegId("leg"), 0, 1, SETTINGS, 0.0))
    history = legs.history()
    with pytest.raises(KeyError):
        made.through("leg", history.leg.handle, Tick(), 1.0)
    lines = made.lines()
    assert json.loads(lines[1])["broke"] == "KeyError"
    again(lines)


def test_inputs_whose_beginning_is_missing_are_shown_and_not_judged() -> None:
    """As after a rotation, or for machines that were not made anew."""
    steps = list(Replay().run(a_call()[1:]))
    assert not any(step.differs for step in steps) and "beginning is not in these files" in steps[0].problem
    steps = list(Replay().run(changed(a_call(), 0, lambda read: read.update(how="taken-up"))))
    assert "cannot be done again (taken-up)" in steps[0].problem


def test_a_new_start_of_the_server_ends_what_can_be_done_again() -> None:
    """What a leg is told after it was taken over is shown and not judged; another file of the same life is no start."""
    lines = a_call()
    head = [json.dumps({"format": FORMAT, "run": run}).encode() + b"\n" for run in ("a", "b")]
    same = list(Replay().run([head[0], *lines[:3], head[0], *lines[3:]]))
    assert [step.problem for step in same] == [""] * len(same)
    other = list(Replay().run([head[0], *lines[:3], head[1], *lines[3:]]))
    assert other[1].problem == "" and other[2].problem == "the server was started anew before it"
    assert not any(step.differs for step in other)


def test_a_later_format_is_refused() -> None:
    """By its number and the version that wrote it; a torn last line is no fault."""
    head = json.dumps({"format": FORMAT + 1, "version": "9.9"}).encode() + b"\n"
    with pytest.raises(InputUnreadable, match=r"format 2, written by version 9\.9"):
        list(Replay().run([head, *a_call()]))
    assert list(Replay().run([*a_call()[:1], b'{"id": "leg", "no'])) == []


@pytest.mark.parametrize("line", [b"[]\n", b"{}\n", b"\xff\n", b'{"id": 1}\n', b'{"id": "a", "now": "x", "in": 1}\n'])
def test_what_is_no_line_is_refused(line: bytes) -> None:
    """By its number, with nothing of its content."""
    with pytest.raises(InputUnreadable, match="line 1 is none"):
        list(Replay().run([line]))


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_whatever_stands_for_an_input_is_read_or_refused(given_value: Any) -> None:
    """Nothing else happens."""
    with contextlib.suppress(InputUnreadable):
        decode(given_value)


def test_too_much_at_once_is_lost_and_said_to_be() -> None:
    """The bound holds, the count is told, and a replay does not judge what came after."""
    made = InputRecorder(ManualClock(), waiting_most=3)
    made.began(LEG, "leg", (LegId("leg"), 0, 1, SETTINGS, 0.0))
    leg = legs.history().leg
    for number in range(5):
        made.through("leg", leg.handle, OFFER, float(number))
    lines = made.lines()
    assert len(lines) == 4 and json.loads(lines[-1]) == {"lost": 3}
    assert made._redactions == {}  # of legs whose end was among the lost, too
    made.through("leg", leg.handle, OFFER, 9.0)
    assert "3 inputs are missing" in list(Replay().run([*lines, *made.lines()]))[-1].problem


# --- the whole app ---------------------------------------------------------------------------------------------


async def test_a_meeting_of_guests_and_a_host_can_be_done_again() -> None:
    """Callers who type PINs, a host who comes and goes: every leg's and the meeting's decisions, and no PIN."""
    noted = InputRecorder(ManualClock())
    floor = Floor(inputs=noted)
    await floor.two_pins()
    guest = await floor.enter("room", "1111#")
    host = await floor.enter("9000", "100#2222#")
    assert guest.active and host.active
    await host.end()
    await guest.end()
    lines = noted.lines(10_000)
    text = b"".join(lines).decode()
    assert "1111" not in text and "2222" not in text
    steps = again(lines)
    assert {step.kind for step in steps} == {LEG, MEETING}
    assert sum("JoinMeeting" in step.recorded for step in steps) == 2
    assert "Offered(address=Address(user=room, domain=example.com)" in shown(steps[0].given)

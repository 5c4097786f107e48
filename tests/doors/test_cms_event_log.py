"""Event-log lines as the sheet prints them (cms-api 5)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.core.events import (
    AdministratorActed,
    AttendeeCalled,
    EntryLockedOut,
    Event,
    LegActivated,
    LegArrived,
    LegConnected,
    LegDeactivated,
    LegEnded,
    MeetingEnded,
    MeetingStarted,
    ParticipantJoined,
    ParticipantLeft,
    PinRefused,
    PromptUnanswered,
    UnencryptedMediaPresent,
)
from parley.core.ids import LegId, MeetingId, OccurrenceId, ParticipantId, SpaceId
from parley.doors.cms.event_log import line, texts

LEG = LegId("e2264fb0-483f-45bc-a4f3-5a4ce326e72c")
SPACE = SpaceId("22d9f4ca-8b88-4d11-bba9-e2a2f7428c46")
MEETING = MeetingId("bb7d60a4-0000-4000-8000-000000000001")
PERSON = ParticipantId("p")


def arrived(encrypted: bool) -> LegArrived:
    return LegArrived(
        leg=LEG,
        number=38,
        kind="sip",
        caller="sip:2000@steven.lab",
        dialled="sip:guestpin.space@acano.steven.lab",
        display_name="",
        remote_address="192.0.2.1",
        local_address="192.0.2.2",
        encrypted_signalling=encrypted,
    )


def ended(side: Side, reason: Reason, connected: bool, seconds: float, number: int = 40) -> LegEnded:
    return LegEnded(LEG, number, Ending(side, reason), connected, seconds, 0.0, False)


LINES: list[tuple[Event, str | None]] = [
    (
        arrived(True),
        'call 38: incoming encrypted SIP call from "sip:2000@steven.lab" '
        'to local URI "sip:guestpin.space@acano.steven.lab"',
    ),
    (
        arrived(False),
        'call 38: incoming SIP call from "sip:2000@steven.lab" to local URI "sip:guestpin.space@acano.steven.lab"',
    ),
    (
        replace(arrived(False), direction="outgoing"),
        'call 38: outgoing SIP call to "sip:2000@steven.lab" from local URI "sip:guestpin.space@acano.steven.lab"',
    ),
    (
        replace(arrived(True), kind="browser", caller="sip:guest624070829@steven.lab"),
        'call 38: allocated for guest624070829@steven.lab "Web client" conference participation',
    ),
    (
        ended(Side.REMOTE, Reason.BUSY, False, 0.0),
        "call 40: ending; remote SIP teardown, busy - not connected after 0:00",
    ),
    (
        ended(Side.LOCAL, Reason.NO_ANSWER, False, 0.0),
        "call 40: ending; local teardown, no answer - not connected after 0:00",
    ),
    (LegDeactivated(MEETING, LEG), "configuring call e2264fb0-483f-45bc-a4f3-5a4ce326e72c to be deactivated"),
    (
        ParticipantJoined(MEETING, PERSON, LEG, SPACE, "Guest/Host PIN", "2000@steven.lab", True, False),
        'participant "2000@steven.lab" joined space 22d9f4ca-8b88-4d11-bba9-e2a2f7428c46 (Guest/Host PIN)',
    ),
    (
        UnencryptedMediaPresent(MEETING, "Guest/Host PIN"),
        'conference "Guest/Host PIN": unencrypted call legs now present',
    ),
    (PromptUnanswered(LEG, 40), "call 40: audio prompt play time out"),
    (LegActivated(MEETING, LEG), "call e2264fb0-483f-45bc-a4f3-5a4ce326e72c ceasing to be deactivated"),
    (ended(Side.REMOTE, Reason.HANG_UP, True, 14.9), "call 40: ending; remote SIP teardown - connected for 0:14"),
    (
        ParticipantLeft(MEETING, PERSON, LEG, SPACE, "Guest/Host PIN", "stejanss.movi@steven.lab"),
        'participant "stejanss.movi@steven.lab" left space 22d9f4ca-8b88-4d11-bba9-e2a2f7428c46 (Guest/Host PIN)',
    ),
    (
        ended(Side.LOCAL, Reason.SYSTEM_LIMIT, False, 0.0, 55),
        "call 55: ending; local teardown, system participant limit reached - not connected after 0:00",
    ),
    (ended(Side.ADMINISTRATOR, Reason.HANG_UP, True, 3661), "call 40: ending; local teardown - connected for 61:01"),
    (
        AdministratorActed("192.0.2.7", "api", "created new call", MEETING),
        f'192.0.2.7: API user "api" created new call {MEETING}',
    ),
    (
        AttendeeCalled(OccurrenceId("o"), "914083136", "sip:ada@phones.example", "no-answer", 2),
        'conference 914083136: call to "sip:ada@phones.example", try 2: no answer',
    ),
    (LegConnected(LEG, 1, True), None),
    (MeetingStarted(MEETING, SPACE, "n", None), None),
    (MeetingEnded(MEETING, 1, 1, 1.0), None),
    (PinRefused(LEG, 1, Reason.WRONG_PIN, SPACE, "192.0.2.1"), None),
    (EntryLockedOut(SPACE, None), None),
]


@pytest.mark.parametrize(("event", "expected"), LINES, ids=lambda v: type(v).__name__)
def test_each_event_has_its_line(event: Event, expected: str | None) -> None:
    """An event is told in the sheet's words, or not at all."""
    assert texts(event) == ((expected,) if expected else ())


def test_the_format_of_a_line() -> None:
    """Date, time with milliseconds, level padded to seven, text; one blank between them."""
    at = datetime(2017, 2, 21, 17, 48, 54, 809_999, tzinfo=UTC)
    assert line(at, "call 38: x") == "2017-02-21 17:48:54.809 Info    call 38: x"
    assert line(at, "y", "Warning") == "2017-02-21 17:48:54.809 Warning y"


def test_a_caller_cannot_write_lines_of_his_own() -> None:
    """Line ends and control characters in names and addresses are shown as escapes."""
    joined = ParticipantJoined(MEETING, PERSON, LEG, SPACE, "a\nb", "x\r\n2017-02-21\x1b[2J", False, False)
    (text,) = texts(joined)
    assert text == f'participant "x\\x0d\\x0a2017-02-21\\x1b[2J" joined space {SPACE} (a\\x0ab)'


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("side", Side)
def test_every_ending_has_a_line(side: Side, reason: Reason) -> None:
    """No ending is without words, and only the far end's are its own."""
    (text,) = texts(ended(side, reason, True, 1.0))
    assert text.startswith("call 40: ending; ")
    assert ("remote SIP teardown" in text) is (side is Side.REMOTE)

"""Call records in the sheet's vocabulary (cms-api 4.1)."""

from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from parley.app.ports import StoredEvent
from parley.core.endings import Ending, Reason, Side
from parley.core.events import (
    Event,
    LegActivated,
    LegArrived,
    LegConnected,
    LegDeactivated,
    LegEnded,
    LegQuality,
    MeetingEnded,
    MeetingStarted,
    ParticipantJoined,
    ParticipantLeft,
    PinRefused,
)
from parley.core.ids import LegId, MeetingId, ParticipantId, SpaceId, TenantId
from parley.core.quality import LossRuns
from parley.doors.cms.call_records import cdr_reason, record_of, rendered
from tests.kit.samples import QUALITY

AT = datetime(2017, 4, 24, 12, 0, 11, 500_000, tzinfo=UTC)
LEG, MEETING, SPACE, PERSON = LegId("leg"), MeetingId("meeting"), SpaceId("space"), ParticipantId("person")

# Every reason of the sheet's list that can arise here.
SHEET = {
    "apiInitiatedTeardown",
    "callDeactivated",
    "callEnded",
    "confirmationTimeOut",
    "clientInitiatedTeardown",
    "dnsFailure",
    "encryptionRequired",
    "error",
    "incorrectPasscode",
    "ivrTimeout",
    "ivrUnknownCall",
    "localTeardown",
    "participantLimitReached",
    "remoteBusy",
    "remoteRejected",
    "remoteTeardown",
    "ringingTimeout",
    "tenantParticipantLimitReached",
    "timeout",
    "unknownDestination",
}

REASONS = [
    (Side.REMOTE, Reason.HANG_UP, "remoteTeardown"),
    (Side.LOCAL, Reason.HANG_UP, "localTeardown"),
    (Side.ADMINISTRATOR, Reason.HANG_UP, "apiInitiatedTeardown"),
    (Side.HOST, Reason.HANG_UP, "clientInitiatedTeardown"),
    (Side.REMOTE, Reason.CANCELLED, "remoteTeardown"),
    (Side.LOCAL, Reason.UNKNOWN_DESTINATION, "unknownDestination"),
    (Side.LOCAL, Reason.NOT_MEMBER, "unknownDestination"),
    (Side.LOCAL, Reason.NO_COMMON_CODEC, "error"),
    (Side.LOCAL, Reason.WRONG_PIN, "incorrectPasscode"),
    (Side.LOCAL, Reason.LOCKED_OUT, "incorrectPasscode"),
    (Side.LOCAL, Reason.UNKNOWN_CALL_ID, "ivrUnknownCall"),
    (Side.LOCAL, Reason.NO_INPUT, "ivrTimeout"),
    (Side.LOCAL, Reason.PARTICIPANT_LIMIT, "participantLimitReached"),
    (Side.LOCAL, Reason.TENANT_LIMIT, "tenantParticipantLimitReached"),
    (Side.LOCAL, Reason.SYSTEM_LIMIT, "localTeardown"),
    (Side.LOCAL, Reason.DEACTIVATED, "callDeactivated"),
    (Side.LOCAL, Reason.MEETING_ENDED, "callEnded"),
    (Side.HOST, Reason.MEETING_ENDED, "callEnded"),
    (Side.ADMINISTRATOR, Reason.MEETING_ENDED, "apiInitiatedTeardown"),
    (Side.ADMINISTRATOR, Reason.SPACE_DELETED, "apiInitiatedTeardown"),
    (Side.LOCAL, Reason.SPACE_DELETED, "callEnded"),
    (Side.LOCAL, Reason.TOO_LONG, "timeout"),
    (Side.LOCAL, Reason.MEDIA_DEAD, "timeout"),
    (Side.LOCAL, Reason.SESSION_EXPIRED, "timeout"),
    (Side.LOCAL, Reason.MEDIA_FAILED, "error"),
    (Side.REMOTE, Reason.NO_ACK, "timeout"),
    (Side.REMOTE, Reason.TRANSPORT_FAILED, "error"),
    (Side.LOCAL, Reason.SHUTDOWN, "localTeardown"),
    (Side.LOCAL, Reason.ENCRYPTION_REQUIRED, "encryptionRequired"),
    (Side.LOCAL, Reason.ENTRY_RESTRICTED, "unknownDestination"),
    (Side.REMOTE, Reason.BUSY, "remoteBusy"),
    (Side.REMOTE, Reason.DECLINED, "remoteRejected"),
    (Side.LOCAL, Reason.NO_ANSWER, "ringingTimeout"),
    (Side.LOCAL, Reason.NOT_CONFIRMED, "confirmationTimeOut"),
    (Side.REMOTE, Reason.UNREACHABLE, "unknownDestination"),
    (Side.LOCAL, Reason.NAME_UNKNOWN, "dnsFailure"),
    (Side.LOCAL, Reason.LOOP, "unknownDestination"),
    (Side.REMOTE, Reason.TOO_MANY_HOPS, "unknownDestination"),
]


@pytest.mark.parametrize(("side", "reason", "expected"), REASONS)
def test_an_ending_is_told_in_the_sheets_word(side: Side, reason: Reason, expected: str) -> None:
    """Whose doing and why together give the reason of callLegEnd."""
    assert cdr_reason(Ending(side, reason)) == expected


def test_every_ending_has_a_reason_of_the_sheet() -> None:
    """The table is total over side and reason, and every reason of core is tried above."""
    assert {cdr_reason(Ending(side, reason)) for side in Side for reason in Reason} <= SHEET
    assert {reason for _, reason, _ in REASONS} == set(Reason)


def fields(event: Event) -> dict[str, str | None]:
    record = record_of(StoredEvent(1, AT, event))
    assert record is not None
    return dict(record.plain())


def test_a_leg_that_we_call_says_so() -> None:
    """callLegStart of an outgoing leg: the far end is the remote party, whoever called whom."""
    arrived = LegArrived(
        LEG, 1, "sip", "sip:ada@x.example", "sip:room@y.example", "", "192.0.2.1", "", False, "c", "outgoing"
    )
    start = fields(arrived)
    assert (start["direction"], start["remoteParty"], start["localAddress"]) == (
        "outgoing",
        "sip:ada@x.example",
        "sip:room@y.example",
    )


def test_a_call_begins_and_ends() -> None:
    """callStart names the space; callEnd counts."""
    assert fields(MeetingStarted(MEETING, SPACE, "Both", TenantId("t"))) == {
        "record": "callStart",
        "id": "meeting",
        "name": "Both",
        "callType": "coSpace",
        "coSpace": "space",
        "tenant": "t",
        "callCorrelator": "meeting",
    }
    assert fields(MeetingEnded(MEETING, 3, 2, 61.9)) == {
        "record": "callEnd",
        "id": "meeting",
        "callLegsCompleted": "3",
        "callLegsMaxActive": "2",
        "durationSeconds": "61",
    }


def test_the_sequence_of_an_ivr_caller() -> None:
    """Started without a call, connected at the IVR, then part of a call, then waiting and active."""
    arrived = LegArrived(
        LEG, 1, "sip", "sip:a@b.example", "sip:c@d.example", "Ann", "192.0.2.1", "192.0.2.2", False, "id"
    )
    assert fields(arrived) == {
        "record": "callLegStart",
        "id": "leg",
        "remoteParty": "sip:a@b.example",
        "localAddress": "sip:c@d.example",
        "displayName": "Ann",
        "remoteAddress": "192.0.2.1",
        "direction": "incoming",
        "sipCallId": "id",
        "type": "sip",
    }
    assert fields(LegConnected(LEG, 1, at_ivr=True)) == {
        "record": "callLegUpdate",
        "id": "leg",
        "state": "connected",
        "ivr": None,
    }
    assert fields(ParticipantJoined(MEETING, PERSON, LEG, SPACE, "n", "u", True, False)) == {
        "record": "callLegUpdate",
        "id": "leg",
        "state": "connected",
        "call": "meeting",
        "deactivated": "true",
        "groupId": "person",
    }
    assert fields(LegDeactivated(MEETING, LEG))["deactivated"] == "true"
    assert fields(LegActivated(MEETING, LEG))["deactivated"] == "false"


def test_the_end_of_a_leg() -> None:
    """Reason, whose teardown, both durations, and what its media were."""
    event = LegEnded(LEG, 1, Ending(Side.REMOTE, Reason.HANG_UP), True, 45.2, 29.9, False)
    assert fields(event) == {
        "record": "callLegEnd",
        "id": "leg",
        "reason": "remoteTeardown",
        "remoteTeardown": "true",
        "durationSeconds": "45",
        "activatedDuration": "29",
        "unencryptedMedia": "true",
    }
    never = LegEnded(LEG, 1, Ending(Side.LOCAL, Reason.UNKNOWN_DESTINATION), False, 0.0, 0.0, False)
    assert "unencryptedMedia" not in fields(never) and fields(never)["remoteTeardown"] == "false"


def test_the_end_of_a_leg_tells_how_its_sound_fared() -> None:
    """An alarm for each kind that there was, with its share of the time, and the codec of both ways (cms-api 4.1).

    Of what came, bursts and gaps of loss too; older records do not know them.
    """
    summary = replace(
        QUALITY, codec="pcma", seconds=200.0, loss_alarm_seconds=25.0, round_trip_alarm_seconds=2.8, losses=None
    )
    event = LegEnded(LEG, 1, Ending(Side.REMOTE, Reason.HANG_UP), True, 45.2, 29.9, False, summary)
    record = record_of(StoredEvent(1, AT, event))
    assert record is not None
    assert (
        '<unencryptedMedia>true</unencryptedMedia><alarm type="packetLoss" durationPercentage="12.5"/>'
        '<alarm type="highRoundTripTime" durationPercentage="1.4"/><rxAudio><codec>g711a</codec></rxAudio>'
        "<txAudio><codec>g711a</codec></txAudio></callLeg>"
    ) in rendered(record, 1, 0)
    runs = LossRuns(bursts=4, burst_packets=30, burst_lost=20, gaps=5, gap_packets=5_000, gap_lost=50, packet_ms=30.0)
    record = record_of(StoredEvent(1, AT, replace(event, quality=replace(summary, losses=runs))))
    assert record is not None
    assert (
        "<rxAudio><codec>g711a</codec><packetStatistics><packetLossBursts><duration>0.225</duration>"
        "<density>0.67</density></packetLossBursts><packetGap><duration>30.000</duration><density>0.01</density>"
        "</packetGap></packetStatistics></rxAudio><txAudio><codec>g711a</codec></txAudio></callLeg>"
    ) in rendered(record, 1, 0)


@pytest.mark.parametrize(
    "event",
    [
        LegConnected(LEG, 1, at_ivr=False),
        LegQuality(LEG, 1, 0.0, ()),
        ParticipantLeft(MEETING, PERSON, LEG, SPACE, "n", "u"),
        PinRefused(LEG, 1, Reason.WRONG_PIN, SPACE, "192.0.2.1"),
    ],
)
def test_some_events_have_no_record(event: Event) -> None:
    """What the vocabulary does not know is not told."""
    assert record_of(StoredEvent(1, AT, event)) is None


def test_the_bytes_of_a_record() -> None:
    """type, time and both indexes; a newline before and after the child; text escaped."""
    record = record_of(StoredEvent(1, AT, MeetingStarted(MEETING, SPACE, "A&B\x00", None)))
    assert record is not None
    text = rendered(record, 3141, 3140)
    assert text == (
        '<record type="callStart" time="2017-04-24T12:00:11Z" recordIndex="3141" correlatorIndex="3140">\n'
        '<call id="meeting"><name>A&amp;B\ufffd</name><callType>coSpace</callType><coSpace>space</coSpace>'
        "<callCorrelator>meeting</callCorrelator></call></record>\n"
    )
    ElementTree.fromstring(text)

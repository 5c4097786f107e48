"""One event of every kind, with every field filled."""

from __future__ import annotations

from parley.core.endings import Ending, Reason, Side
from parley.core.events import (
    AdministratorActed,
    AttendeeCalled,
    EntryLockedOut,
    EntryRefused,
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
    PromptUnanswered,
    UnencryptedMediaPresent,
)
from parley.core.ids import LegId, MeetingId, OccurrenceId, ParticipantId, SpaceId, TenantId
from parley.core.quality import LossRuns, QualitySummary, QualityWindow

MEETING, SPACE, LEG, PARTICIPANT = MeetingId("m1"), SpaceId("s1"), LegId("l1"), ParticipantId("p1")
QUALITY = QualitySummary(
    codec="opus",
    seconds=10.0,
    received=500,
    lost=2,
    sent=501,
    concealed_ms=40,
    worst_loss_percent=0.8,
    jitter_ms=1.5,
    worst_jitter_ms=2.0,
    buffer_ms=41.5,
    worst_buffer_ms=60.0,
    level=-31,
    round_trip_ms=12.5,
    worst_round_trip_ms=20.0,
    far_loss_percent=0.4,
    worst_far_loss_percent=1.2,
    loss_alarm_seconds=0.0,
    jitter_alarm_seconds=0.0,
    round_trip_alarm_seconds=5.0,
    losses=LossRuns(1, 4, 3, 2, 498, 1, 20.0),
)

EVENTS: tuple[Event, ...] = (
    LegArrived(
        LEG,
        1,
        "sip",
        "sip:2000@a.example",
        "sip:team@b.example",
        "João Ünal 李",
        "192.0.2.1:5060",
        "192.0.2.2:5060",
        False,
        "abc@192.0.2.1",
    ),
    LegConnected(LEG, 1, True),
    PromptUnanswered(LEG, 1),
    PinRefused(LEG, 1, Reason.WRONG_PIN, None, "192.0.2.1"),
    EntryLockedOut(SPACE, None),
    MeetingStarted(MEETING, SPACE, "Team", TenantId("t1")),
    ParticipantJoined(MEETING, PARTICIPANT, LEG, SPACE, "Team", "2000@a.example", True, False),
    UnencryptedMediaPresent(MEETING, "Team"),
    LegDeactivated(MEETING, LEG),
    LegActivated(MEETING, LEG),
    ParticipantLeft(MEETING, PARTICIPANT, LEG, SPACE, "Team", "2000@a.example"),
    LegEnded(LEG, 1, Ending(Side.REMOTE, Reason.HANG_UP), True, 12.5, 10.25, False, QUALITY),
    MeetingEnded(MEETING, 3, 2, 61.5),
    AdministratorActed("192.0.2.9", "admin", "created new call", "Team"),
    AttendeeCalled(OccurrenceId("o1"), "914083136", "2000@a.example", "busy", 2),
    EntryRefused(Reason.WRONG_PIN, SPACE, "192.0.2.1"),
    LegQuality(
        LEG, 1, 300.0, (QualityWindow(5.0, 250, 1, 250, 15_000, 15_100, 1.5, 41.2, -31, 20, 12.5, 0.4, 1, 80, 3),)
    ),
)

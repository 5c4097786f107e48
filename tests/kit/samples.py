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
    MeetingEnded,
    MeetingStarted,
    ParticipantJoined,
    ParticipantLeft,
    PinRefused,
    PromptUnanswered,
    UnencryptedMediaPresent,
)
from parley.core.ids import LegId, MeetingId, OccurrenceId, ParticipantId, SpaceId, TenantId

MEETING, SPACE, LEG, PARTICIPANT = MeetingId("m1"), SpaceId("s1"), LegId("l1"), ParticipantId("p1")

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
    LegEnded(LEG, 1, Ending(Side.REMOTE, Reason.HANG_UP), True, 12.5, 10.25, False),
    MeetingEnded(MEETING, 3, 2, 61.5),
    AdministratorActed("192.0.2.9", "admin", "created new call", "Team"),
    AttendeeCalled(OccurrenceId("o1"), "914083136", "2000@a.example", "busy", 2),
    EntryRefused(Reason.WRONG_PIN, SPACE, "192.0.2.1"),
)

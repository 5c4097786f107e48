"""The words in which a leg's history is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from parley.core.dialplan import Echo
from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegArrived, LegEnded
from parley.core.explain_leg import LegHistory, Told, explain_leg, lines_of, moment
from parley.core.ids import LegId, OutboundRuleId
from parley.core.leg_inputs import (
    Answered,
    CallFailed,
    CallIdResolved,
    Granted,
    MediaChanged,
    MediaDied,
    MediaFailed,
    News,
    Reach,
    Reached,
    RecordLeg,
    Resolved,
    Ringing,
    UnknownTarget,
)
from parley.core.meeting_inputs import Cause, Dropped, Entry, JoinRefused, SelfMuted, Waiting
from parley.core.outbound import Hop
from parley.core.profiles import Layer, LegLayer, LegSettings
from tests.core.leg_kit import AUDIO, IVR, OFFER, space

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
RULE = OutboundRuleId("r")
BUSY = Ending(Side.REMOTE, Reason.BUSY)
ARRIVED = LegArrived(
    LegId("l"), 7, "sip", "sip:ann@a", "sip:room@b", "Ann", "192.0.2.1", "192.0.2.9", True, "id", "outgoing"
)
ENDED = LegEnded(LegId("l"), 7, BUSY, connected=True, duration=12.34, active_duration=2.0, encrypted_media=False)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Resolved(space("1", None)), "by 2 doors, 1 without a PIN"),
        (Resolved(IVR), "leads to IVR ivr, where a call ID is asked for"),
        (Resolved(Echo(60.0)), "leads to the echo, for 60 s at most"),
        (Resolved(UnknownTarget()), "the address leads nowhere"),
        (Resolved(Granted("s", None, Entry(member="m"))), "its right to enter space s was proven before (member m)"),  # type: ignore[arg-type]
        (CallIdResolved(None), "the call ID typed at the entrance is no space's"),
        (News(Waiting(frozenset({Cause.LOCKED}))), "it waits: locked (it came while the meeting was locked)"),
        (News(JoinRefused(Reason.PARTICIPANT_LIMIT)), "the meeting does not take it: participant-limit"),
        (News(Dropped(BUSY)), "the meeting ends it: busy, by the far end"),
        (News(SelfMuted(muted=False, granted=False)), "it asked to be unmuted: not allowed"),
        (MediaFailed(), "no media port could be opened"),
        (MediaChanged(replace(AUDIO, sends=False, receives=False)), "anew: pcmu, it holds"),
        (MediaChanged(replace(AUDIO, receives=False)), "anew: pcmu, it only listens"),
        (MediaChanged(replace(AUDIO, sends=False)), "anew: pcmu, it only wants to be heard"),
        (MediaDied(), "its media died"),
        (Reached("192.0.2.9", "192.0.2.1"), "the next hop is 192.0.2.1, from 192.0.2.9"),
        (Ringing(), "it rings"),
        (Answered(AUDIO), "it answered"),
        (CallFailed(BUSY), "this way failed: busy, by the far end"),
        (OFFER, "a call came"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_input_has_its_words(given: Any, said: str) -> None:
    """What was told to the leg stands in its timeline, with its time."""
    [entry] = explain_leg(LegHistory("l", told=[Told(AT, given, ())]))["timeline"]
    assert entry["at"] == "2026-01-02T03:04:05.678Z" and said in entry["what"]


@pytest.mark.parametrize(
    ("hop", "said"),
    [
        (Hop(RULE, "192.0.2.7", transport="tls"), "outbound rule r: 192.0.2.7 by tls"),
        (Hop(RULE, "192.0.2.7", contact="sip:ann@10.0.0.1"), "its registered address: 192.0.2.7 by udp"),
        (Hop(RULE, "192.0.2.7", target="sip:eve@b"), "outbound rule r: 192.0.2.7 by udp, redirected to sip:eve@b"),
    ],
)
def test_each_way_has_its_words(hop: Hop, said: str) -> None:
    """What a call of ours goes by: a rule, a registration, or where somebody sent it."""
    [entry] = explain_leg(LegHistory("l", told=[Told(AT, Ringing(), (Reach(hop),))]))["timeline"][1:]
    assert entry["what"] == said


def test_the_whole_is_told_in_lines() -> None:
    """Who, from where, how it ended, where a setting comes from, and how its media fared."""
    history = LegHistory(
        "l",
        events=[(AT, ARRIVED), (AT + timedelta(seconds=12), ENDED)],
        layers=[LegLayer(Layer.SPACE, LegSettings(rx_audio_mute=True))],
        quality=[{"seconds": 5.0, "lost": 3}],
    )
    story = explain_leg(history)
    assert (story["number"], story["state"], story["ending"]["reason"]) == (7, "over", "busy")
    lines = lines_of(story)
    for line in (
        "leg l, number 7",
        'sip:ann@a "Ann" is called for sip:room@b by sip (encrypted)',
        "  from 192.0.2.1 to 192.0.2.9",
        "  03:04:05.678  somebody wished to call it",
        "it ended after 12.3 s: busy, by the far end",
        "  rx_audio_mute = true (space)",
        "  passes_lock = false (built-in default)",
        "  seconds 5.0, lost 3",
    ):
        assert line in lines, line


def test_inputs_alone_tell_who_it_was() -> None:
    """Where no event has reached the store yet: the records that the leg decided on are enough."""
    story = explain_leg(LegHistory("l", told=[Told(AT, OFFER, (RecordLeg(ARRIVED),))]))
    assert story["who"]["caller"] == "sip:ann@a" and story["ending"] is None


def test_a_moment_is_counted_from_when_the_machine_was_made() -> None:
    """Across midnight too."""
    assert moment("2026-01-01T23:59:59+00:00", 2.5) == datetime(2026, 1, 2, 0, 0, 1, 500_000, UTC)

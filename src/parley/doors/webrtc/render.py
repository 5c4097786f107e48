"""A meeting as its participants may see it, in the words of docs/browser-protocol.md."""

from __future__ import annotations

from typing import Any

from ...app.moderation import may_moderate, may_mute
from ...app.ports import MediaStatistics
from ...core.chat import ChatLine
from ...core.meeting_inputs import LegView, MeetingView, by_participant
from .messages import dump, write

BROWSER = "browser"


def person(leg: LegView) -> dict[str, Any]:
    return {
        "participant": leg.participant,
        "name": leg.name,
        "role": str(leg.stands_as),
        "kind": "browser" if leg.kind == BROWSER else "phone",
        **_standing(leg),
    }


def _standing(leg: LegView) -> dict[str, Any]:
    return {
        "state": "waiting" if leg.waits else "active",
        "causes": sorted(str(cause) for cause in leg.causes),
        "muted": leg.muted,
        "hand": leg.hand_raised,
        "member": leg.entry.member is not None,
    }


def oneself(leg: LegView) -> dict[str, Any]:
    return {
        "participant": leg.participant,
        "name": leg.name,
        "role": str(leg.stands_as),
        **_standing(leg),
        "muted_by_host": leg.muted and not leg.muted_itself,
        "may": {"unmute": may_mute(leg, False), "say": not leg.waits, "moderate": may_moderate(leg)},
    }


class Picture:
    """One meeting at one moment. The lists are written once, however many look at them."""

    def __init__(self, meeting: MeetingView) -> None:
        self.meeting = meeting
        people = by_participant(meeting.legs).values()
        self._hosts = dump([person(leg) for leg in people])
        self._guests = dump([person(leg) for leg in people if not leg.waits])

    def seen_by(self, leg: LegView, call_id: str) -> tuple[str, str]:
        """(what makes it another state: neither revision nor time, the members of its message)."""
        if leg.waits:
            people = dump([person(leg)])
        else:
            people = self._hosts if may_moderate(leg) else self._guests
        meeting = {"name": self.meeting.name, "locked": self.meeting.locked, "call_id": call_id}
        you = dump(oneself(leg))
        timed = dump({**meeting, "seconds": round(self.meeting.seconds, 1)})
        return f"{you}{dump(meeting)}{people}", f'"you":{you},"meeting":{timed},"participants":{people}'


def state(revision: int, members: str) -> str:
    return f'{{"type":"state","revision":{revision},{members}}}'


def chat_line(line: ChatLine) -> str:
    return write(
        "chat",
        number=line.number,
        participant=line.participant,
        name=line.name,
        text=line.text,
        at=line.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def quality(heard: MediaStatistics) -> str:
    received = {
        "packets": heard.packets_received,
        "lost": heard.packets_lost,
        "jitter_ms": round(heard.jitter_ms, 1),
        "concealed_ms": heard.concealed_ms,
        "level": heard.level,
    }
    return write("quality", received=received)

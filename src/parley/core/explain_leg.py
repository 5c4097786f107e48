"""Why a leg is, or was, where it is: who it was, how it came in, what was decided of it and by what, how it ended.

Made of what was told to the leg and to its meeting, where that is kept, else of its events alone. Never names a PIN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from .admission import Admit, Candidates, WrongPin
from .dialplan import Echo, Ivr
from .endings import Ending, Side
from .events import (
    Event,
    LegActivated,
    LegArrived,
    LegConnected,
    LegDeactivated,
    LegEnded,
    ParticipantJoined,
    ParticipantLeft,
    PinRefused,
    PromptUnanswered,
)
from .explain import origin_of, shown_value
from .leg_inputs import (
    Answered,
    CallFailed,
    CallIdResolved,
    Dial,
    Granted,
    JoinMeeting,
    JudgePin,
    MediaChanged,
    MediaDied,
    MediaFailed,
    News,
    Offered,
    PinJudged,
    Play,
    Reach,
    Reached,
    RecordLeg,
    Resolved,
    Resume,
    Ringing,
    UnknownTarget,
)
from .meeting_inputs import Admitted, Cause, Dropped, Join, JoinRefused, SelfMuted, Waiting
from .profiles import LegLayer, resolve_leg

Json = dict[str, Any]

_CAUSES = {
    Cause.NO_HOST: "it needs activation and no active host is there",
    Cause.LOCKED: "it came while the meeting was locked",
    Cause.WAITING_ROOM: "its profile lets nobody in before somebody in the meeting does",
    Cause.SENT_BACK: "somebody sent it back to wait",
}


# By whether we send to it, and whether it is heard (docs/decisions/0023).
_DIRECTIONS = {
    (True, True): "",
    (True, False): ", it only listens",
    (False, True): ", it only wants to be heard",
    (False, False): ", it holds",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One input of the leg, and what it decided."""

    at: datetime
    given: Any
    effects: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class LegHistory:
    """What is known of one leg. events: in order; told: its inputs, where they are kept; layers: of its settings, as
    it joined or as they are now. state: of a live leg. quality: what its media were like, window by window."""

    leg: str
    events: Sequence[tuple[datetime, Event]] = ()
    told: Sequence[Told] = ()
    layers: Sequence[LegLayer] = ()
    state: str | None = None
    causes: frozenset[Cause] = frozenset()
    statistics: Mapping[str, Any] | None = None
    quality: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


_SIDES = {
    Side.REMOTE: "the far end",
    Side.LOCAL: "this server",
    Side.ADMINISTRATOR: "an administrator",
    Side.HOST: "a host in the meeting",
}


def explain_leg(history: LegHistory) -> Json:
    """id, number, who, came, state, waits, timeline, settings, ending, media, quality; what is not known is None or
    empty."""
    events = [event for _, event in history.events] or list(_recorded(history.told))
    arrived = next((event for event in events if isinstance(event, LegArrived)), None)
    ended = next((event for event in events if isinstance(event, LegEnded)), None)
    return {
        "id": history.leg,
        "number": arrived.number if arrived else None,
        "who": _who(arrived) if arrived else None,
        "came": [text for told in history.told if (text := _way(told.given))],
        "state": history.state or ("over" if ended else None),
        "waits": [f"{cause}: {_CAUSES[cause]}" for cause in sorted(history.causes)],
        "timeline": _timeline(history),
        "settings": _settings(history.layers),
        "ending": _ending(ended) if ended else None,
        "media": dict(history.statistics) if history.statistics is not None else None,
        "quality": [dict(window) for window in history.quality],
    }


def lines_of(story: Json) -> list[str]:
    """The same for people, indented by two blanks per level."""
    who = story["who"]
    lines = [f"leg {story['id']}" + (f", number {story['number']}" if story["number"] is not None else "")]
    if who is not None:
        towards = "called" if who["direction"] == "incoming" else "is called for"
        name = f' "{who["name"]}"' if who["name"] else ""
        lines.append(f"{who['caller']}{name} {towards} {who['dialled']} by {who['kind']} ({who['signalling']})")
        lines.append(f"  from {who['remote_address']} to {who['local_address']}")
    lines += [f"it came in: {text}" for text in story["came"]]
    if story["state"] is not None:
        lines.append(f"it is {story['state']}")
    lines += [f"  waits, {text}" for text in story["waits"]]
    lines.append("what happened:")
    lines += [f"  {entry['at'][11:23]}  {entry['what']}" for entry in story["timeline"]] or ["  nothing is kept of it"]
    if story["ending"] is not None:
        ending = story["ending"]
        lines.append(f"it ended after {ending['seconds']} s: {ending['reason']}, by {_SIDES[Side(ending['side'])]}")
        if ending["quality"] is not None:
            lines.append(f"  its sound: {_measured(ending['quality'])}")
    if story["settings"]:
        lines.append("its settings:")
        lines += [f"  {entry['name']} = {entry['value']} ({entry['origin']})" for entry in story["settings"]]
    if story["media"] is not None:
        lines.append(f"its media: {_measured(story['media'])}")
    if story["quality"]:
        lines.append("its quality, window by window:")
    lines += [f"  {_measured(window)}" for window in story["quality"]]
    return lines


def _who(arrived: LegArrived) -> Json:
    return {
        "direction": arrived.direction,
        "kind": arrived.kind,
        "caller": arrived.caller,
        "dialled": arrived.dialled,
        "name": arrived.display_name,
        "remote_address": arrived.remote_address,
        "local_address": arrived.local_address,
        "signalling": "encrypted" if arrived.encrypted_signalling else "not encrypted",
        "sip_call_id": arrived.sip_call_id,
    }


def _ending(ended: LegEnded) -> Json:
    return {
        "side": ended.ending.side.value,
        "reason": ended.ending.reason.value,
        "connected": ended.connected,
        "seconds": round(ended.duration, 1),
        "active_seconds": round(ended.active_duration, 1),
        "encrypted_media": ended.encrypted_media,
        "quality": ended.quality.plain() if ended.quality is not None else None,
    }


def _settings(layers: Sequence[LegLayer]) -> list[Json]:
    if not layers:
        return []
    resolved = resolve_leg(layers).settings
    return [
        {
            "name": spec.name,
            "value": shown_value(getattr(resolved, spec.name)),
            "origin": origin_of(spec.name, layers),
        }
        for spec in fields(resolved)
    ]


def _recorded(told: Iterable[Told]) -> Iterable[Event]:
    return (effect.event for one in told for effect in one.effects if isinstance(effect, RecordLeg))


def _timeline(history: LegHistory) -> list[Json]:
    """Of the inputs and of those events that no input of the leg itself tells (its meeting's)."""
    found: list[tuple[datetime, str]] = []
    for told in history.told:
        found += [(told.at, text) for text in (_input(told.given), *map(_effect, told.effects)) if text]
    for at, event in history.events:
        told_already = history.told and not isinstance(event, ParticipantJoined | ParticipantLeft)
        if not told_already and (text := _event(event)):
            found.append((at, text))
    return [{"at": _iso(at), "what": text} for at, text in sorted(found, key=lambda entry: entry[0])]


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def _way(given: Any) -> str | None:
    """How it came in, of the inputs that say so."""
    match given:
        case Resolved(target):
            return _target(target)
        case CallIdResolved(None):
            return "the call ID typed at the entrance is no space's"
        case CallIdResolved(candidates):
            return f"by a call ID typed at the entrance: {_target(candidates)}"
        case PinJudged(Admit(access_method)):
            return f"its PIN fits door {access_method}"
        case Join() as join:
            return f"by {_entry(join)}"
        case Dial(hops=hops, space=space):
            devices = sum(hop.contact is not None for hop in hops)
            ways = "registered device" if devices else "outbound rule"
            return f"we call it into space {space}, by {_count(len(hops), ways)}"
    return None


def _target(target: object) -> str:
    match target:
        case Candidates(space=space, space_name=name, doors=doors):
            blank = sum(door.passcode is None or not door.passcode.reveal() for door in doors)
            return f'the address leads to space {space} "{name}" by {_count(len(doors), "door")}, {blank} without a PIN'
        case Ivr(id=ivr):
            return f"the address leads to IVR {ivr}, where a call ID is asked for"
        case Granted(space=space, entry=entry):
            door = f"member {entry.member}" if entry.member else f"access method {entry.access_method}"
            return f"its right to enter space {space} was proven before ({door})"
        case Echo(limit=limit):
            return f"the address leads to the echo, for {limit:.0f} s at most"
        case UnknownTarget():
            return "the address leads nowhere"
    return "the target is not known"


def _entry(join: Join) -> str:
    entry = join.entry
    if entry.member is not None:
        return f"its membership {entry.member}"
    return f"access method {entry.access_method}" if entry.access_method is not None else "no door of the space's own"


_SAID: dict[type, str] = {
    Offered: "a call came",
    Dial: "somebody wished to call it",
    MediaFailed: "no media port could be opened",
    MediaDied: "its media died: nothing came for too long, or the media worker ended",
    Ringing: "it rings",
    Answered: "it answered",
    Resume: "the server was started anew: what it was asked, it is asked again",
}


def _input(given: Any) -> str | None:
    match given:
        case PinJudged(Admit(access_method)):
            return f"the PIN was right: door {access_method}"
        case PinJudged(WrongPin(reason)):
            return f"the PIN was refused: {reason}"
        case News(news):
            return _news(news)
        case MediaChanged(audio):
            return f"media were negotiated anew: {audio.codec.name}{_DIRECTIONS[audio.sends, audio.receives]}"
        case Reached(local_address, remote_host):
            return f"the next hop is {remote_host}, from {local_address}"
        case CallFailed(ending):
            return f"this way failed: {_of(ending)}"
    return _way(given) if isinstance(given, Resolved | CallIdResolved) else _SAID.get(type(given))


def _news(news: object) -> str:
    match news:
        case Waiting(causes):
            return "it waits: " + "; ".join(f"{cause} ({_CAUSES[cause]})" for cause in sorted(causes))
        case Admitted():
            return "it is active in the meeting"
        case JoinRefused(reason):
            return f"the meeting does not take it: {reason}"
        case Dropped(ending):
            return f"the meeting ends it: {_of(ending)}"
        case SelfMuted(muted, granted):
            return f"it asked to be {'muted' if muted else 'unmuted'}: {'done' if granted else 'not allowed'}"
    return type(news).__name__


def _effect(effect: Any) -> str | None:
    match effect:
        case Play(prompts=prompts):
            return f"it hears {', '.join(prompts)}"
        case JudgePin():
            return "it typed a PIN, or none"
        case JoinMeeting(space=space):
            return f"it asks for a place in space {space}"
        case Reach(hop):
            way = "its registered address" if hop.contact is not None else f"outbound rule {hop.rule}"
            elsewhere = f", redirected to {hop.target}" if hop.target is not None else ""
            return f"{way}: {hop.host} by {hop.transport}{elsewhere}"
        case RecordLeg(LegConnected()):
            return "it is connected"
        case RecordLeg(LegEnded(ending=ending)):
            return f"it ended: {_of(ending)}"
    return None


def _event(event: Event) -> str | None:
    match event:
        case LegArrived():
            return "a call came" if event.direction == "incoming" else "somebody wished to call it"
        case LegConnected(at_ivr=at_ivr):
            return "it is connected" + (", at an IVR" if at_ivr else "")
        case PromptUnanswered():
            return "nothing was typed during the first prompt"
        case PinRefused(reason=reason):
            return f"the PIN was refused: {reason}"
        case ParticipantJoined(meeting=meeting, space_name=name, deactivated=waits):
            return f'it joined meeting {meeting} of "{name}"{", waiting" if waits else ""}'
        case LegDeactivated():
            return "it waits"
        case LegActivated():
            return "it is active in the meeting"
        case ParticipantLeft(meeting=meeting):
            return f"it left meeting {meeting}"
        case LegEnded(ending=ending):
            return f"it ended: {_of(ending)}"
    return None


def _of(ending: Ending) -> str:
    return f"{ending.reason}, by {_SIDES[ending.side]}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _measured(facts: Mapping[str, Any]) -> str:
    """Name and value of each that is known."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items() if value is not None)


def moment(made: str, seconds: float) -> datetime:
    """The time of a step of a machine that was made at this ISO 8601 time. Raises ValueError."""
    return datetime.fromisoformat(made) + timedelta(seconds=seconds)

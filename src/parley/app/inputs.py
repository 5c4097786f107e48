"""Every input of every live leg and meeting, noted for `parley replay`.

Noting costs a call one append to a list: inputs and effects are immutable, so that they are put into lines later, away
from the moment that counts. What is secret is taken out then: PINs, passcodes, keys and passwords (all that is a
`Secret`), digits typed at the entrance, and what people write to one another. A digit hidden is still a digit, and
whether a PIN fitted is an input of its own, so that a machine made again takes the same way.

`now` is written as the machine got it (monotonic seconds of that run of the server), for differences of rounded numbers
would differ from the differences of the numbers.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import msgspec

from ..core.events import Event
from ..core.keys import KeyMatcher
from ..core.leg_inputs import Dial, Digit, KeysAre, LegFinished, MoveTo, News, RecordLeg, ResolveCallId, SendKeys
from ..core.meeting_inputs import Finished, Record, Say, TellLeg
from .input_codec import encode, holds_secrets
from .ports import Clock

FORMAT = 1
WAITING_MOST = 50_000  # notes; what comes beyond is counted and not kept

LEG, CALL, MEETING = "leg", "call", "meeting"  # kinds of machines: core.leg, core.outgoing_leg, core.meeting
NEW = "new"  # how a machine was made: by its constructor, with these arguments
SURVIVED = "survived"  # from what the life of the server before this one has stored

I = TypeVar("I")  # noqa: E741 - the input type of a machine
E = TypeVar("E")  # its effects


class Inputs(Protocol):
    """Where inputs are noted."""

    def began(self, kind: str, id: str, made: Sequence[Any], how: str = NEW) -> None:
        """A machine was made. how: NEW, or a word for another way, whose machines can be shown and not made again."""
        ...

    def through(self, id: str, handle: Callable[[I, float], list[E]], given: I, now: float) -> list[E]:
        """`handle(given, now)`, noted."""
        ...


class NoInputs:
    """Nothing is noted."""

    def began(self, kind: str, id: str, made: Sequence[Any], how: str = NEW) -> None:
        """Not noted."""

    def through(self, id: str, handle: Callable[[I, float], list[E]], given: I, now: float) -> list[E]:
        return handle(given, now)


@dataclass(frozen=True, slots=True)
class _Began:
    kind: str
    id: str
    made: Sequence[Any]
    how: str
    at: str


@dataclass(frozen=True, slots=True)
class _Given:
    id: str
    given: Any
    now: float
    effects: Sequence[Any] | None  # None: the machine broke
    broke: str = ""


class InputRecorder:
    """Implements Inputs; `lines` gives what was noted since, as lines of JSON. For the event loop's thread alone."""

    def __init__(self, clock: Clock, waiting_most: int = WAITING_MOST) -> None:
        self._clock = clock
        self._waiting: deque[_Began | _Given] = deque()
        self._most = waiting_most
        self._lost = 0
        self._redactions: dict[str, Redaction] = {}

    def began(self, kind: str, id: str, made: Sequence[Any], how: str = NEW) -> None:
        self._note(_Began(kind, id, made, how, self._clock.utc().isoformat()))

    def through(self, id: str, handle: Callable[[I, float], list[E]], given: I, now: float) -> list[E]:
        try:
            effects = handle(given, now)
        except Exception as problem:
            self._note(_Given(id, given, now, None, type(problem).__name__))
            raise
        self._note(_Given(id, given, now, effects))
        return effects

    def _note(self, note: _Began | _Given) -> None:
        if self._lost or len(self._waiting) >= self._most:
            self._lost += 1
        else:
            self._waiting.append(note)

    def lose(self, lines: int) -> None:
        """So many lines could not be kept: whoever reads on is told that some are missing."""
        self._lost += lines

    def lines(self, most: int = 200) -> list[bytes]:
        """The next lines, oldest first; fewer than `most`: that was all."""
        made = [self._line(self._waiting.popleft()) for _ in range(min(most, len(self._waiting)))]
        if self._lost and not self._waiting:
            made.append(_json.encode({"lost": self._lost}) + b"\n")
            self._lost = 0
            self._redactions.clear()  # the ends of some may be among the lost; those that go on are hidden anew
        return made

    def _line(self, note: _Began | _Given) -> bytes:
        try:
            return _json.encode(self._shown(note)) + b"\n"
        except Exception as problem:  # what cannot be written must not keep the others from being
            return _json.encode({"id": note.id, "unwritable": type(problem).__name__}) + b"\n"

    def _shown(self, note: _Began | _Given) -> dict[str, Any]:
        if isinstance(note, _Began):
            self._redactions[note.id] = Redaction()
            return {"kind": note.kind, "id": note.id, "how": note.how, "made": encode(note.made), "at": note.at}
        redaction = self._redactions.setdefault(note.id, Redaction())  # of one that another life of the server began
        shown = {"id": note.id, "now": note.now, "in": encode(redaction.given(note.given, note.now))}
        if note.effects is None:
            self._redactions.pop(note.id, None)
            return {**shown, "broke": note.broke}
        if any(isinstance(effect, LegFinished | Finished) for effect in note.effects):
            self._redactions.pop(note.id, None)
        return {**shown, "out": names_of(note.effects), "digest": digest(note.effects)}


class Redaction:
    """What is hidden of one machine's inputs; it knows where the machine's leg is."""

    def __init__(self) -> None:
        self._inside = False  # of a meeting: what is typed there are commands
        self._keys = KeyMatcher()
        self._hidden = "0"

    def given(self, given: Any, now: float) -> Any:
        match given:
            case News():
                self._inside = True
            case MoveTo():
                self._inside = False
            case KeysAre(keys):
                self._keys = KeyMatcher(keys)
                self._hidden = "?" if any("0" in sequence for sequence, _ in keys) else "0"
            case Digit(digit):
                return self._digit(digit, now)
            case Dial(keys=keys) if keys:
                return replace(given, keys="0" * len(keys))
            case Say(text=text):
                return replace(given, text="".join(" " if character.isspace() else "x" for character in text))
        return given

    def _digit(self, digit: str, now: float) -> Digit:
        """`#` ends an entry; in a meeting the keys of a command do something, one after the other. What stands for a
        key that was none of it is in no command, so that the same follows of it."""
        if not self._inside:
            return Digit(digit if digit == "#" else "0" if digit in _KEYS else "?")
        self._keys.press(digit, now)
        return Digit(digit if digit == "#" or self._keys.took else self._hidden if digit in _KEYS else "?")


_KEYS = frozenset("0123456789*ABCD")
_json = msgspec.json.Encoder()
_packed = msgspec.msgpack.Encoder(order="deterministic")


def names_of(effects: Iterable[Any]) -> list[str]:
    """What was decided, by name: the event of a record and the news to a leg stand for themselves."""
    return [type(_told(effect)).__name__ for effect in effects]


def digest(effects: Sequence[Any]) -> str:
    """Equal for effects that are equal in everything but what is secret."""
    shown = [[type(effect).__name__, type(_told(effect)).__name__, _without_secrets(effect)] for effect in effects]
    try:
        packed = _packed.encode(shown)
    except UnicodeEncodeError:  # text from the network that no encoding takes
        packed = repr(names_of(effects)).encode()
    return hashlib.blake2b(packed, digest_size=8).hexdigest()


def _told(effect: Any) -> Event | Any:
    match effect:
        case RecordLeg(event) | Record(event):
            return event
        case TellLeg(news=news):
            return news
    return effect


def _without_secrets(effect: Any) -> Any:
    """What was typed is plain text. Most effects can hold no secret by their types, and are packed as they are."""
    if isinstance(effect, ResolveCallId):
        return replace(effect, call_id="0" * len(effect.call_id))
    if isinstance(effect, SendKeys):
        return replace(effect, keys="0" * len(effect.keys))
    kind: type = type(effect)
    return encode(effect) if holds_secrets(kind) else effect

"""What was noted of legs and meetings, done again: each input handled by a machine made anew, and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from typing import Any, Protocol

import msgspec

from ..core.leg import Leg
from ..core.meeting import Meeting
from ..core.outgoing_leg import OutgoingLeg
from ..core.secret import Secret
from .input_codec import InputUnreadable, decode
from .inputs import CALL, FORMAT, LEG, MEETING, NEW, digest, names_of

LINE_LIMIT = 4 * 1024 * 1024
TEXT_LIMIT = 60  # of one value when it is shown


class _Machine(Protocol):
    def handle(self, given: Any, now: float) -> list[Any]: ...


MACHINES: dict[str, Callable[..., _Machine]] = {LEG: Leg, CALL: OutgoingLeg, MEETING: Meeting}


@dataclass(frozen=True, slots=True)
class Step:
    """One input of one machine. seconds: since the machine's first; given: as a value, None where it cannot be read.

    recorded: what was decided then, by name. problem: why it was not done again, or how that came out otherwise;
    differs: the latter.
    """

    kind: str
    id: str
    at: str  # when the machine was made, ISO 8601
    number: int
    seconds: float
    now: float
    given: Any
    recorded: tuple[str, ...]
    effects: tuple[Any, ...] = ()
    problem: str = ""
    differs: bool = False


@dataclass(slots=True)
class _Life:
    kind: str
    at: str = ""
    machine: _Machine | None = None
    why_not: str = ""
    began: float | None = None
    steps: int = field(default=0)


class Replay:
    """Takes lines, oldest first, of one run of the server after another. version: of the server that wrote them."""

    def __init__(self) -> None:
        self.version = ""
        self._lives: dict[str, _Life] = {}
        self._run = ""  # the life of the server whose lines these are

    def run(self, lines: Iterable[bytes]) -> Iterator[Step]:
        """Of one file. A torn last line is none. Raises InputUnreadable for what no version, or only a later one, has
        written: the rest of that file tells nothing, and the next one can be taken.
        """
        try:
            yield from self._steps(lines)
        except InputUnreadable:
            self._stop("inputs before it could not be read")
            raise

    def _steps(self, lines: Iterable[bytes]) -> Iterator[Step]:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                continue
            read = _read(line, number)
            if "format" in read:
                _check_format(read)
                self._another_run(str(read.get("run", "")))
                self.version = str(read.get("version", ""))[:40]
            elif "lost" in read:
                self._stop(f"{read['lost']} inputs are missing before it")
            elif "kind" in read:
                self._lives[read["id"]] = _made(read)
            elif "id" in read:
                yield self._step(read)

    def _another_run(self, run: str) -> None:
        """What went on into the next life of the server did so from what was stored, which stands elsewhere."""
        if run != self._run:
            self._stop("the server was started anew before it")
        self._run = run

    def _stop(self, why: str) -> None:
        for life in self._lives.values():
            life.machine, life.why_not, life.began = None, why, None

    def _step(self, read: dict[str, Any]) -> Step:
        life = self._lives.setdefault(read["id"], _Life("?", why_not="its beginning is not in these files"))
        now = float(read.get("now", life.began or 0.0))
        life.began = now if life.began is None else life.began
        life.steps += 1
        given, problem = None, f"it could not be written ({read['unwritable']})" if "unwritable" in read else ""
        if not problem:
            try:
                given = decode(read["in"])
            except InputUnreadable as unreadable:
                problem = str(unreadable)
        effects: tuple[Any, ...] = ()
        differs = False
        if problem:
            life.machine, life.why_not = None, "an input before it could not be read"
        elif life.machine is None:
            problem = life.why_not
        else:
            effects, problem = _again(life.machine, given, now, read)
            differs = bool(problem)
            if differs or "broke" in read:
                life.machine, life.why_not = None, "what came before it came out otherwise, or broke the machine"
        return Step(
            life.kind, read["id"], life.at, life.steps, now - life.began, now, given,
            tuple(read.get("out", ())), effects, problem, differs,
        )  # fmt: skip


def _again(machine: _Machine, given: Any, now: float, read: dict[str, Any]) -> tuple[tuple[Any, ...], str]:
    """The effects now, and how they differ from those of then."""
    try:
        effects = tuple(machine.handle(given, now))
    except Exception as problem:
        name = type(problem).__name__
        return (), "" if read.get("broke") == name else f"it breaks the machine now ({name})"
    if "broke" in read:
        return effects, f"it broke the machine then ({read['broke']}) and does not now"
    names = names_of(effects)
    if names != read["out"]:
        return effects, f"decided then: {', '.join(read['out']) or 'nothing'}; now: {', '.join(names) or 'nothing'}"
    if digest(effects) != read["digest"]:
        return effects, "the same was decided by name, with other values"
    return effects, ""


def _made(read: dict[str, Any]) -> _Life:
    life = _Life(str(read["kind"]), at=str(read.get("at", "")))
    maker = MACHINES.get(life.kind)
    if read.get("how") != NEW or maker is None:
        life.why_not = f"it was made in a way that cannot be done again ({read.get('how')})"
        return life
    try:
        life.machine = maker(*decode(read["made"]))
    except Exception as problem:  # whatever a machine does with values of another kind than its own
        life.why_not = f"what it was made with cannot be read: {problem}"
    return life


def _read(line: bytes, number: int) -> dict[str, Any]:
    try:
        if len(line) > LINE_LIMIT:
            raise ValueError
        read = msgspec.json.decode(line)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict) or not _well_formed(read):
        raise InputUnreadable(f"line {number} is none of a file of inputs")
    return read


def _well_formed(read: dict[str, Any]) -> bool:
    if "format" in read or "lost" in read:
        return True
    if not isinstance(read.get("id"), str):
        return False
    if "kind" in read:
        return "made" in read
    if "unwritable" in read:
        return True
    decided = isinstance(read.get("out"), list) and isinstance(read.get("digest"), str)
    return isinstance(read.get("now"), int | float) and "in" in read and (decided or "broke" in read)


def _check_format(read: dict[str, Any]) -> None:
    if read["format"] != FORMAT:
        by = str(read.get("version", "unknown"))[:40]
        raise InputUnreadable(
            f"these inputs have format {read['format']}, written by version {by}; this reads {FORMAT}"
        )


def shown(value: Any) -> str:
    """One input or effect on a line: fields that have their default are left out, long texts are cut."""
    if is_dataclass(value) and not isinstance(value, Secret | type):
        inner = [
            f"{spec.name}={shown(getattr(value, spec.name))}"
            for spec in fields(value)
            if getattr(value, spec.name) != spec.default
        ]
        return f"{type(value).__name__}({', '.join(inner)})"
    if isinstance(value, tuple | frozenset | list):
        parts = (
            [shown(inner) for inner in sorted(value, key=repr) if inner is not None]
            if isinstance(value, frozenset)
            else [shown(inner) for inner in value]
        )
        return f"[{', '.join(parts)}]"
    text = value.value if isinstance(value, Enum) else str(value)
    return text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}…"

"""`parley replay`: what legs and meetings were told is told them again, and what they decide is compared."""

# ruff: noqa: PLC0415 - what is heavy is imported where it is used, so that --help is quick

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .cli_asking import load_settings
from .cli_output import fail, show_json_line, show_lines

if TYPE_CHECKING:
    from .app.replay import Step

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line instead of text.")]
Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="FILE", help="Files of inputs, or directories of them; none: those of the data directory."),
]


def replay(
    context: typer.Context,
    paths: Files = None,
    leg: Annotated[str | None, typer.Option("--leg", help="Only the leg of this id, or of one that begins so.")] = None,
    meeting: Annotated[str | None, typer.Option("--meeting", help="Only the meeting of this id, likewise.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only differences and the sum.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run recorded inputs again and compare what is decided.

    Ends with 1 where it differs, and where a file cannot be read, when all others have been. Works on files alone: no
    server is asked, and nothing is changed.
    """
    where = paths or [load_settings(context).settings.data_dir / "inputs"]
    count = skipped = 0
    first, faults = "", list[str]()
    for step, version in _steps(where, faults):
        if not _wanted(step, leg, meeting):
            continue
        count += 1
        skipped += bool(step.problem) and not step.differs
        if step.differs and not first:
            first = f"differs first at {step.kind} {step.id}, input {step.number}: {step.problem}{_by(version)}"
        if not quiet or step.differs:
            _show(step, as_json)
    if first or faults:
        fail("\n".join([first, *faults] if first else faults))
    if not as_json:
        left = f"; {skipped} could not be done again" if skipped else ""
        typer.echo(f"{count} inputs, no difference{left}")


def _steps(paths: list[Path], faults: list[str]) -> Iterator[tuple[Step, str]]:
    """Of file after file, with the version of the server that wrote them. faults: gets what could not be read."""
    from .app.input_codec import InputUnreadable
    from .app.replay import Replay
    from .wiring_inputs import input_files, read_inputs

    replay = Replay()
    for path in paths:
        for file in input_files(path):
            try:
                for step in replay.run(read_inputs(file)):
                    yield step, replay.version
            except InputUnreadable as problem:
                faults.append(f"{file}: {problem}")
            except OSError as problem:
                faults.append(f"{file}: {problem.strerror}")


def _by(version: str) -> str:
    """Another version may well decide otherwise, and mean it."""
    from . import __version__

    return "" if version == __version__ else f" (then by version {version}, now by {__version__})"


def _wanted(step: Step, leg: str | None, meeting: str | None) -> bool:
    if leg is None and meeting is None:
        return True
    wanted = meeting if step.kind == "meeting" else leg
    return wanted is not None and step.id.startswith(wanted)


def _show(step: Step, as_json: bool) -> None:
    from .app.replay import shown

    if as_json:
        values: dict[str, Any] = {
            "kind": step.kind,
            "id": step.id,
            "number": step.number,
            "seconds": round(step.seconds, 6),
            "input": type(step.given).__name__ if step.given is not None else None,
            "given": shown(step.given) if step.given is not None else None,
            "decided": list(step.recorded),
            "problem": step.problem or None,
            "differs": step.differs,
        }
        show_json_line(values)
        return
    mark = "≠" if step.differs else "?" if step.problem else " "
    lines = [f"{mark} {step.kind:7} {step.id[:8]} {step.seconds:10.3f} s  {shown(step.given)}"]
    lines += [f"      → {shown(effect)}" for effect in step.effects]
    if step.recorded and not step.effects:
        lines.append(f"      decided then: {', '.join(step.recorded)}")
    if step.problem:
        lines.append(f"      {mark} {step.problem}")
    show_lines(lines)

"""Wiring of the inputs that are noted for `parley replay`."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from . import __version__
from .app.inputs import InputRecorder, Inputs, NoInputs
from .app.ports import Clock
from .backends.journal.inputs import InputFiles, InputWriter, files_at, read_lines
from .config import Settings
from .wiring_beside import run_beside

read_inputs = read_lines
input_files = files_at


def noted_inputs(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Inputs:
    """Noted from now on, as far as the settings say; written to the end when the stack is closed."""
    if not settings.journal.inputs:
        return NoInputs()
    recorder = InputRecorder(clock)
    files = InputFiles(
        settings.data_dir,
        clock,
        most_bytes=settings.journal.inputs * 1024 * 1024,
        most_days=settings.journal.days,
        version=__version__,
    )
    files.prune()
    writer = InputWriter(recorder, files)
    stack.push_async_callback(writer.stop)
    run_beside(writer.run(), stack)
    return recorder


def leg_lines(data_dir: Path, leg: str) -> list[bytes]:
    """What is kept of one leg's inputs, and of its meeting's where they name it. Raises nothing for a missing file."""
    name = leg.encode()
    try:
        return [line for line in read_lines(data_dir / "inputs") if name in line]
    except OSError:
        return []

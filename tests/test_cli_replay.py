"""`parley replay` at the command line: what it says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parley.app.inputs import FORMAT, LEG, InputRecorder
from parley.backends.journal.inputs import InputFiles, InputWriter
from parley.core.ids import LegId
from parley.core.leg import Leg
from parley.core.leg_inputs import Drop, EntrySettings
from tests.core.leg_kit import OFFER
from tests.core.one_leg import HANG_UP
from tests.kit.manual_clock import ManualClock
from tests.test_cli import parley, well


@pytest.fixture
async def inputs(tmp_path: Path) -> Path:
    """The directory of inputs of two legs, each offered and dropped."""
    recorder = InputRecorder(ManualClock())
    for name in ("leg-a", "leg-b"):
        made = (LegId(name), 1, 1, EntrySettings(), 5.0)
        leg = Leg(*made)
        recorder.began(LEG, name, made)
        recorder.through(name, leg.handle, OFFER, 5.0)
        recorder.through(name, leg.handle, Drop(HANG_UP), 6.25)
    files = InputFiles(tmp_path, ManualClock(), most_bytes=100_000, most_days=7, version="1")
    await InputWriter(recorder, files).stop()
    return files.directory


def test_each_input_is_shown_with_what_it_decided(inputs: Path) -> None:
    """In lines for people, as JSON for programs, of all legs or of one."""
    text = well("replay", str(inputs))
    assert "1.250 s  Drop(ending=Ending(side=remote, reason=hang-up))" in text and "→ LegFinished(leg=leg-b)" in text
    assert text.endswith("4 inputs, no difference\n")
    rows = [json.loads(line) for line in well("replay", str(inputs), "--leg", "leg-a", "--json").splitlines()]
    assert [(row["id"], row["input"], row["differs"]) for row in rows] == [
        ("leg-a", "Offered", False),
        ("leg-a", "Drop", False),
    ]
    assert rows[0]["decided"] == ["LegArrived", "Resolve"]
    assert well("replay", str(inputs), "--quiet") == "4 inputs, no difference\n"
    assert well("replay", str(inputs), "--quiet", "--meeting", "m") == "0 inputs, no difference\n"


def test_a_difference_ends_with_1_and_names_the_first(inputs: Path) -> None:
    """Which leg, which of its inputs, and what differs."""
    [file] = inputs.iterdir()
    file.write_text(file.read_text().replace('["LegArrived","Resolve"]', '["LegArrived"]', 1))
    result = parley("replay", str(file), "--quiet")
    assert result.exit_code == 1
    wanted = "parley: differs first at leg leg-a, input 1: decided then: LegArrived; now: LegArrived, Resolve\n"
    assert result.stderr == wanted


def test_what_cannot_be_read_is_said(inputs: Path, tmp_path: Path) -> None:
    """A later format, something else, and a file that is not there."""
    [file] = inputs.iterdir()
    file.write_text(file.read_text().replace(f'"format":{FORMAT}', f'"format":{FORMAT + 1}', 1))
    refused = parley("replay", str(file))
    assert refused.exit_code == 1 and "written by version 1; this reads 1" in refused.stderr
    file.write_text("hello\n")
    assert parley("replay", str(file)).stderr == "parley: line 1 is none of a file of inputs\n"
    assert "No such file" in parley("replay", str(tmp_path / "none")).stderr

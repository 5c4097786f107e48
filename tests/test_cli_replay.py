"""`parley replay` at the command line: what it says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parley import __version__
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
    wanted = "parley: differs first at leg leg-a, input 1: decided then: LegArrived; now: LegArrived, Resolve"
    assert result.stderr == f"{wanted} (then by version 1, now by {__version__})\n"
    file.write_text(file.read_text().replace('"version":"1"', f'"version":"{__version__}"'))
    assert parley("replay", str(file), "--quiet").stderr == f"{wanted}\n"


def test_what_cannot_be_read_is_said(inputs: Path, tmp_path: Path) -> None:
    """A later format, something else, and a file that is not there."""
    [file] = inputs.iterdir()
    file.write_text(file.read_text().replace(f'"format":{FORMAT}', f'"format":{FORMAT + 1}', 1))
    refused = parley("replay", str(file))
    assert refused.exit_code == 1 and "written by version 1; this reads 1" in refused.stderr
    file.write_text("hello\n")
    assert parley("replay", str(file)).stderr == f"parley: {file}: line 1 is none of a file of inputs\n"
    assert f"{tmp_path / 'none'}: No such file" in parley("replay", str(tmp_path / "none")).stderr


def test_one_file_that_cannot_be_read_keeps_no_other_from_being_done_again(inputs: Path) -> None:
    """As after an upgrade, or a failure of the disk in the midst of a file: each is named with its line, what can be
    done again is, a line that was cut off at the end is none, and the exit code tells of it."""
    [file] = inputs.iterdir()
    whole = file.read_text()
    other = file.with_name("0000000000000001.jsonl")
    other.write_text(whole.replace(f'"format":{FORMAT}', '"format":0', 1))
    torn = file.with_name("0000000000000002.jsonl")
    lines = whole.splitlines(keepends=True)
    torn.write_text("".join([*lines[:3], "\0\0\0\n", *lines[3:]]))
    file.write_text(whole[:-20])
    result = parley("replay", str(inputs), "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["id"], row["input"], row["problem"]) for row in rows] == [
        ("leg-a", "Offered", None),
        ("leg-a", "Offered", None),
        ("leg-a", "Drop", None),
        ("leg-b", "Offered", None),
    ]
    assert result.exit_code == 1 and result.stderr.splitlines() == [
        f"parley: {other}: these inputs have format 0, written by version 1; this reads {FORMAT}",
        f"parley: {torn}: line 4 is none of a file of inputs",
    ]

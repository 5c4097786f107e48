"""Every parser has a target, and each target holds for a while of changed inputs. `make fuzz` goes on for longer."""

from __future__ import annotations

import ast
import random
import time
from pathlib import Path

import pytest

from tests.fuzz import all_targets
from tests.fuzz.target import MOST, TARGETS, Target, mutated

WIRE = Path(__file__).resolve().parents[2] / "src" / "parley" / "wire"
READS = ("parse", "read", "feed", "take", "of", "decode")  # what a function is called that reads what came
# Modules that have such a name and read nothing that a peer wrote.
WRITERS = {"wire.sip.events", "wire.sip.flow"}
ROUNDS = 150
SECONDS = 1.0  # that no input may take


def reading_modules() -> list[str]:
    """Modules of wire/ with a public function or method that reads."""
    found = []
    for path in sorted(WIRE.rglob("*.py")):
        names = [node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
        if any(name == word or name.startswith(f"{word}_") for name in names for word in READS):
            found.append(".".join(path.relative_to(WIRE.parent).with_suffix("").parts))
    return [name for name in found if name not in WRITERS]


@pytest.mark.parametrize("module", reading_modules())
def test_every_parser_of_the_wire_has_a_target(module: str) -> None:
    """A module that reads what a peer wrote is fed by some target."""
    assert any(module in one.covers for one in TARGETS.values()), f"no fuzz target covers {module}"


def test_the_list_is_of_real_modules() -> None:
    """A renamed module does not leave its target pointing at nothing."""
    root = WIRE.parent
    for one in all_targets.TARGETS.values():
        for module in one.covers:
            assert (root / (module.replace(".", "/") + ".py")).is_file(), (one.name, module)


@pytest.mark.parametrize("one", TARGETS.values(), ids=lambda one: one.name)
def test_a_target_holds(one: Target) -> None:
    """For its seeds, for nothing, for much of one byte, and for some changes of the seeds, each in bounded time."""
    dice = random.Random(one.name)
    inputs = [*one.seeds, b"", b"\xff" * MOST, *[mutated(one, dice) for _ in range(ROUNDS)]]
    for data in inputs:
        started = time.process_time()
        one.run(data)
        assert time.process_time() - started < SECONDS, f"{len(data)} bytes took too long: {data[:80]!r}"

"""`make fuzz`: each target for SECONDS, led by coverage where atheris is installed, by chance where it is not.

    python -m tests.fuzz.run [--seconds 600] [--only NAME[,NAME]]

Each target runs in a process of its own. What a target does not stand is kept as tests/fuzz/found/<target>-<digest>,
and the program ends with 1; a kept input is tried first by the next run.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import random
import re
import subprocess
import sys
import time
from pathlib import Path

FOUND = Path(__file__).parent / "found"
_EXECUTED = re.compile(r"stat::number_of_executed_units: *([0-9]+)")  # libFuzzer's
SECONDS_MOST = 1.0  # of processor time for one input
STUCK = 120  # seconds by the clock on the wall: longer than any start on a busy machine


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=600.0)
    options.add_argument("--only", default="")
    options.add_argument("--here", help="run this one target in this process")
    asked = options.parse_args()
    if asked.here:
        return _here(asked.here, asked.seconds)
    from tests.fuzz.all_targets import TARGETS

    names = asked.only.split(",") if asked.only else sorted(TARGETS)
    led = "led by coverage" if importlib.util.find_spec("atheris") else "by chance (atheris is not installed)"
    print(f"{len(names)} targets, {asked.seconds:g} s each, {led}", flush=True)
    failed = [name for name in names if _beside(name, asked.seconds)]
    print(f"found by: {', '.join(failed)}" if failed else "nothing was found")
    return 1 if failed else 0


def _beside(name: str, seconds: float) -> bool:
    """Did it find something?"""
    command = [sys.executable, "-m", "tests.fuzz.run", "--here", name, "--seconds", str(seconds)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    told = [line for line in ended.stdout.splitlines() if line.startswith(name)]
    told += [f"{name}: {count} inputs led by coverage" for count in _EXECUTED.findall(ended.stderr)]
    print("\n".join(told) or f"{name}: ended with {ended.returncode}", flush=True)
    if ended.returncode:
        print("\n".join((ended.stdout + ended.stderr).splitlines()[-30:]), flush=True)
    return ended.returncode != 0


class Trial:
    """Runs one target, counts, and keeps what it does not stand."""

    def __init__(self, name: str) -> None:
        from tests.fuzz.all_targets import TARGETS

        self.target = TARGETS[name]
        self.count = 0
        self.slowest = 0.0

    def run(self, data: bytes) -> None:
        started = time.process_time()
        try:
            self.target.run(data)
            took = time.process_time() - started
            self.slowest = max(self.slowest, took)
            if took > SECONDS_MOST:
                raise AssertionError(f"{took:.2f} s for {len(data)} bytes")
        except Exception:
            FOUND.mkdir(exist_ok=True)
            (FOUND / f"{self.target.name}-{hashlib.sha256(data).hexdigest()[:12]}").write_bytes(data)
            print(f"{self.target.name}: FOUND after {self.count} inputs: {data[:200]!r}", flush=True)
            raise
        self.count += 1

    def tell(self, how: str) -> None:
        print(f"{self.target.name}: {self.count} inputs {how}, the slowest {self.slowest * 1000:.1f} ms", flush=True)


def _here(name: str, seconds: float) -> int:
    if importlib.util.find_spec("atheris"):
        return _led(name, seconds)
    trial, dice = Trial(name), random.Random()
    _known(trial)
    from tests.fuzz.target import mutated

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        trial.run(mutated(trial.target, dice))
    trial.tell("by chance")
    return 0


def _led(name: str, seconds: float) -> int:
    """libFuzzer ends the process itself: with 77 where a target raised."""
    import tempfile

    import atheris

    with atheris.instrument_imports(include=["parley"]):
        trial = Trial(name)
    from tests.fuzz.target import MOST

    _known(trial)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(trial.target.seeds):
            (Path(corpus) / f"{number}").write_bytes(seed)
        flags = [f"-max_total_time={int(seconds)}", f"-max_len={MOST}", f"-timeout={STUCK}", "-rss_limit_mb=2048"]
        flags += ["-verbosity=0", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], corpus, *flags, f"-artifact_prefix={corpus}/"], trial.run)
        atheris.Fuzz()
    return 0


def _known(trial: Trial) -> None:
    """What was found before."""
    for path in sorted(FOUND.glob(f"{trial.target.name}-*")):
        trial.run(path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())

"""`python -m parley.engine --socket PATH [--parent PID]`: one media worker, started by control."""

from __future__ import annotations

import argparse
import gc
import os
import resource
import sys
from pathlib import Path


def main() -> int:
    """Parse, prepare the process, run; the exit code."""
    parser = argparse.ArgumentParser(prog="parley.engine", description="A media worker.")
    parser.add_argument("--socket", type=Path, required=True, help="UNIX socket to listen on for control")
    parser.add_argument("--parent", type=int, metavar="PID", help="exit when this process, which started it, has gone")
    arguments = parser.parse_args()
    # Frames are small: threads of a BLAS would only cost wake-ups. Must be set before numpy is loaded.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    # The audio thread gets the interpreter back within a millisecond when control is busy.
    sys.setswitchinterval(0.001)
    # What is loaded stays, and the audio loop collects by itself between frames.
    gc.disable()
    # Each leg has two sockets, and the usual bound of 1024 descriptors would end at five hundred.
    _least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    from parley.engine.worker import Worker  # noqa: PLC0415 - after the environment is set

    return Worker(arguments.socket, parent=arguments.parent).run()


if __name__ == "__main__":
    sys.exit(main())

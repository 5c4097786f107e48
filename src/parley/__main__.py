"""The command `parley`, also as `python -m parley`."""

from __future__ import annotations

import sys

INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it


def main() -> None:
    """The command line. Ctrl-C before it has begun, while modules are loaded, is an end like any other."""
    try:
        from .cli import main as command  # noqa: PLC0415 - what takes time is interrupted quietly
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    command()


if __name__ == "__main__":
    main()

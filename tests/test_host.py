"""What the machine gives us."""

from __future__ import annotations

import resource

from parley.host import use_every_file


def test_every_file_that_may_be_open_may_be_open() -> None:
    """The bounds of connections are ours, not those of a shell or a service manager."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before[1] // 2, before[1]))
        assert use_every_file() == before[1]
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

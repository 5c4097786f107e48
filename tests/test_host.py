"""What this machine lets us have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import parley


def test_the_bound_of_descriptors_is_raised_as_far_as_it_may_be() -> None:
    """A server is started with the usual soft bound, and needs one for each connection."""
    code = "import resource; from parley.host import raise_descriptor_bound as r; r(); print(*resource.getrlimit(7))"
    command = f'ulimit -Sn 64; ulimit -Hn 512; exec "{sys.executable}" -c "{code}"'
    environment = {"PYTHONPATH": str(Path(parley.__file__).parents[1]), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["512", "512"]

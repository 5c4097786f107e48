"""A worker beside others of the same place, and with more legs than a process usually has descriptors for."""

from __future__ import annotations

import fcntl
import os
import resource
import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from parley.engine.messages import Done, Ping
from parley.engine.worker import Worker
from tests.engine.test_worker import SOURCE, Control, Phone
from tests.kit.addresses import free_ports


def test_a_worker_that_ends_leaves_anothers_socket(tmp_path: Path) -> None:
    """Whoever took its place while it went on is reached there after its end."""
    first = Control(tmp_path)
    first.configure(outlive_ms=10_000)
    first.path.unlink()
    second = Control(tmp_path)
    second.connect()
    first.process.terminate()
    assert first.process.wait(5) == 0
    assert second.path.exists() and second.path.with_suffix(".legs").exists()
    first.close()
    second.close()


def test_a_worker_whose_parent_has_gone_takes_nobodys_place(tmp_path: Path) -> None:
    """It comes up late, when the next control has a worker there already: that one's socket stays."""
    control = Control(tmp_path)
    control.connect()
    before = control.path.stat().st_ino
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    command = [sys.executable, "-m", "parley.engine", "--socket", str(control.path), "--parent", str(gone.pid)]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": SOURCE}, timeout=20, check=False)
    assert done.returncode == 0
    assert control.path.stat().st_ino == before
    control.close()


def test_descriptors_do_not_end_before_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound that a process starts with is raised as far as it may be; the next control is heard all the same."""
    shell = tmp_path / "python"
    shell.write_text(f'#!/bin/sh\nulimit -Sn 40\nexec {sys.executable} "$@"\n')
    shell.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(shell))
    control = Control(tmp_path)
    low, high = free_ports(40)
    ports = {"port_low": low, "port_high": high}
    control.configure(outlive_ms=10_000, **ports)
    phones = [Phone(control, f"leg-{number}", number) for number in range(20)]
    assert len({phone.port for phone in phones}) == 20
    control.lose()
    control.configure(**ports)
    assert control.ask(Ping(id=5)) == Done(id=5)
    control.close()
    for phone in phones:
        phone.socket.close()


def test_a_channel_of_a_high_number_is_heard(tmp_path: Path) -> None:
    """With hundreds of legs a new channel's descriptor may have a number beyond what select() can watch."""
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(least, 2000), most))
    near, far = socket.socketpair()
    with near, far, socket.socket(fileno=fcntl.fcntl(near, fcntl.F_DUPFD, 1500)) as high:
        worker = Worker(tmp_path / "worker.sock", parent=None)
        assert worker._wait_for(high, select.POLLIN, 0.01) == 0
        far.send(b"x")
        assert worker._wait_for(high, select.POLLIN, 1.0) == select.POLLIN
    resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))

"""What stands in the way of a start besides the settings themselves."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from parley.checks_start import obstacles, taken_ports
from parley.config import Settings
from parley.tls import generated_certificate

SERVE = (sys.executable, "-c", "from parley.cli import main; main()", "serve")


def settings(data_dir: Path, **sections: Any) -> Settings:
    return Settings.model_validate({"data_dir": data_dir, **sections})


def test_nothing_stands_in_the_way_of_a_first_start(tmp_path: Path) -> None:
    """A directory that is not there yet is made where it may be; looking makes nothing."""
    assert obstacles(settings(tmp_path / "deep" / "data")) == []
    assert list(tmp_path.iterdir()) == []


def test_a_data_directory_that_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in its place, and a place where we may not write, with whose it is."""
    file = tmp_path / "data"
    file.write_text("")
    assert obstacles(settings(file)) == [f"data_dir: {file} is not a directory"]
    monkeypatch.setattr(os, "access", lambda *_: False)
    (refused,) = obstacles(settings(tmp_path / "deep" / "data"))
    assert refused.startswith("data_dir: ") and f"cannot write in {tmp_path}, which belongs to " in refused


def test_each_certificate_is_read(tmp_path: Path) -> None:
    """The first pair and the further ones, by the setting that names them."""
    made = generated_certificate(tmp_path, ["meet.example.com"], datetime.now(UTC))
    https = {"certificate": str(made.certificate), "key": str(made.key)}
    assert obstacles(settings(tmp_path, https=https)) == []
    https["further_certificates"] = str(tmp_path / "none.pem")
    (told,) = obstacles(settings(tmp_path, https=https))
    assert told == f"https.further_certificates: {tmp_path}/none.pem cannot be read: no such file or directory"


@pytest.mark.parametrize(("name", "kind"), [("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)])
def test_a_port_that_another_program_has_is_told(tmp_path: Path, name: str, kind: socket.SocketKind) -> None:
    """With its setting, and not while a server of this data directory is what has it."""
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen(1)
        at = f"127.0.0.1:{other.getsockname()[1]}"
        off = {"udp": "", "tcp": "", name: at}
        one = settings(tmp_path, sip=off, http={"listen": ""}, https={"listen": ""})
        assert taken_ports(one) == [f"sip.{name}: cannot listen on {at} now: Address already in use"]
        with (tmp_path / "lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            assert taken_ports(one) == []
    assert taken_ports(one) == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (
            "later",
            "the database has schema revision 9999, which this version does not know: it was written by a later ",
        ),
        ("garbage", "the database of {data} cannot be used: file is not a database"),
        ("secrets", "{data}/secrets.json is damaged; restore it from a backup"),
    ],
)
def test_a_damaged_data_directory_is_told_in_one_line(tmp_path: Path, damage: str, words: str) -> None:
    """By the server and by the commands that work without one: what is wrong, and no trace."""
    data = tmp_path / "data"
    data.mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
    environment |= {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PARLEY_DATA_DIR": str(data)}

    def told(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (*SERVE[:-1], *command), env=environment, capture_output=True, text=True, timeout=30, check=False
        )

    assert told("spaces", "add", "Team").returncode == 0
    match damage:
        case "later":
            with contextlib.closing(sqlite3.connect(data / "parley.db")) as database:
                database.execute("UPDATE alembic_version SET version_num = '9999'")
                database.commit()
        case "garbage":
            (data / "parley.db").write_bytes(b"no database" * 100)
        case "secrets":
            (data / "secrets.json").write_text("{}")
    for command in ("serve", "spaces"):
        done = told(command)
        assert (done.returncode, done.stdout) == (1, "")
        (line,) = done.stderr.splitlines()
        assert line.startswith("parley: " + words.format(data=data))


def test_a_start_that_comes_to_nothing_is_one_line_on_standard_error(tmp_path: Path) -> None:
    """Exit code 1 and the setting's name; no trace, no warning, nothing on standard output."""
    file = tmp_path / "data"
    file.write_text("")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
    environment |= {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PARLEY_DATA_DIR": str(file)}
    done = subprocess.run(SERVE, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"parley: data_dir: cannot use {file}: file exists\n"

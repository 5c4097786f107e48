"""The command line against a real operator's door, and without a server."""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from parley.cli import app
from parley.cli_asking import KEPT
from parley.cli_output import cell, clean, refusal_words
from parley.core.refusals import Refusal
from parley.core.secret import Secret
from parley.doors.ops.server import OpsDoor
from tests.kit.operations import MemoryOperations

ROOT = Path(__file__).resolve().parents[1]
COMMANDS: list[tuple[str, ...]] = [
    (), ("serve",), ("check-config",), ("check",), ("status",), ("log",), ("records",), ("explain",), ("replay",),
    ("users",), ("users", "add"), ("users", "remove"), ("users", "sip-device"), ("users", "sip-device", "add"),
    ("users", "sip-device", "list"), ("users", "sip-device", "remove"), ("admins",), ("admins", "add"),
    ("admins", "remove"), ("spaces",), ("spaces", "show"), ("spaces", "add"), ("meetings",), ("meetings", "show"),
    ("meetings", "lock"), ("meetings", "unlock"), ("meetings", "end"), ("legs",), ("legs", "drop"), ("outbox",),
    ("outbox", "retry"), ("outbox", "forget"), ("demo",), ("demo", "guest-host"),
]  # fmt: skip
LEG = {
    "id": "l-1", "number": 7, "remote": "sip:eve@x.example\x1b[2J\x9b", "meeting": "m-1", "state": "waiting",
    "causes": ["no-host", "locked"], "codec": "opus", "seconds": 12.34,
}  # fmt: skip
MEETING = {
    "id": "m-1", "space": "space-1", "name": "Demo", "started": "2026-11-20T10:00:00Z",
    "participants": 1, "waiting": 1, "locked": False,
}  # fmt: skip


class Serving:
    """An operator's door on an event loop of its own thread."""

    def __init__(self, data_dir: Path) -> None:
        self.operations = MemoryOperations()
        self.loop = asyncio.new_event_loop()
        self.door = self._made(data_dir)
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self.door.open(), self.loop).result(10)

    def _made(self, data_dir: Path) -> OpsDoor:
        return OpsDoor(self.operations, data_dir)

    def say(self, line: str) -> None:
        self.loop.call_soon_threadsafe(self.operations.say, line)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.door.close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("PARLEY_"):
            monkeypatch.delenv(name)
    home = tmp_path / "data"
    home.mkdir()
    return home


@pytest.fixture
def server(data_dir: Path) -> Iterator[Serving]:
    serving = Serving(data_dir)
    yield serving
    serving.close()


def parley(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=typed)


def well(*arguments: str, typed: str | None = None) -> str:
    """What a command that must succeed prints."""
    result = parley(*arguments, typed=typed)
    assert result.exit_code == 0, result.output
    return result.stdout


# --- with a running server ---


def test_an_administrator_is_added_by_standard_input(server: Serving) -> None:
    """The password comes from standard input and is shown nowhere."""
    output = well("admins", "add", "ada", "--password-stdin", typed="s3:kryp\n")
    assert server.operations.admins["ada"].reveal() == "s3:kryp"
    assert "kryp" not in output
    assert json.loads(well("admins", "--json")) == [{"name": "ada"}]
    assert "ada" in well("admins")
    assert "removed ada" in well("admins", "remove", "ada")
    assert json.loads(well("admins", "list", "--json")) == []


def test_a_generated_password_is_shown_once(server: Serving) -> None:
    """What was made up is what was stored."""
    output = well("users", "add", "bo@x.example", "--name", "Bo", "--generate")
    assert "shown once" in output
    assert "added bo@x.example" in output
    assert "Bo" in well("users", "list")
    assert json.loads(well("users", "--json"))[0]["jid"] == "bo@x.example"


def test_no_password_is_taken_from_the_arguments(server: Serving) -> None:
    """Arguments are seen by everybody on the machine: there is no such option, and no terminal means a usage error."""
    assert parley("admins", "add", "ada", "--password", "x").exit_code == 2
    assert parley("admins", "add", "ada", "x").exit_code == 2
    assert parley("admins", "add", "ada").exit_code == 2
    assert parley("admins", "add", "ada", "--generate", "--password-stdin", typed="x\n").exit_code == 2
    assert parley("admins", "add", "ada", "--password-stdin", typed="\n").exit_code == 1
    assert server.operations.admins == {}


def test_a_password_that_was_made_up_is_shown_only_when_it_holds(server: Serving) -> None:
    """A refused account leaves nobody with a password for nothing; a new one for a known name is told as such."""
    well("users", "add", "bo@x.example", "--generate")
    refused = parley("users", "add", "bo@x.example", "--generate")
    assert (refused.exit_code, refused.stdout) == (1, "")
    server.operations.admins["ada"] = Secret("old")
    assert well("admins", "add", "ada", "--generate").startswith("ada has the new password\npassword: ")


def test_the_last_administrator_does_not_go_unnoticed(server: Serving) -> None:
    """With nobody left who may use the API, the command says so and how to change it."""
    server.operations.admins.update(ada=Secret("a"), bo=Secret("b"))
    assert parley("admins", "remove", "ada").stderr == ""
    assert "parley admins add" in parley("admins", "remove", "bo").stderr


def test_without_a_terminal_the_right_option_is_named(server: Serving) -> None:
    """A PIN and a password come from standard input by options of different names."""
    assert "--passcode-stdin" in parley("spaces", "add", "Demo", "--passcode").stderr
    assert "--password-stdin" in parley("admins", "add", "ada").stderr


def test_spaces_are_added_listed_and_shown(server: Serving) -> None:
    """A space's table has its address, and its page has its doors with their PINs."""
    well("spaces", "add", "Demo", "--uri", "demo", "--call-id", "123", "--passcode-stdin", typed="0042\n")
    table = well("spaces")
    for text in ("name", "call id", "Demo", "demo", "123"):
        assert text in table
    shown = well("spaces", "show", "demo")
    assert "0042" in shown
    assert "yes" in shown
    assert json.loads(well("spaces", "show", "123", "--json"))["access_methods"][0]["passcode"] == "0042"
    assert "leads to the space Demo" in well("explain", "demo", "0042")
    assert "leads nowhere" in well("explain", "demo")


def test_a_leg_is_explained_by_its_number(server: Serving) -> None:
    """`explain leg 1` asks for the leg, in lines or as JSON without them; an unknown one is named."""
    assert well("explain", "leg", "1") == "leg leg-1, number 1\n"
    assert json.loads(well("explain", "leg", "1", "--json")) == {"id": "leg-1", "number": 1, "timeline": []}
    refused = parley("explain", "leg", "7")
    assert (refused.exit_code, refused.stderr) == (1, "parley: there is no leg 7\n")
    assert "leg leads nowhere" in well("explain", "leg")
    assert parley("explain", " ").exit_code == 2


def test_meetings_and_legs_are_listed_and_acted_on(server: Serving) -> None:
    """Lock, unlock, drop and end reach the meeting."""
    server.operations.live["m-1"] = dict(MEETING)
    server.operations.connections["l-1"] = dict(LEG)
    assert "Demo" in well("meetings")
    well("meetings", "lock", "m-1")
    assert json.loads(well("meetings", "--json"))[0]["locked"] is True
    well("meetings", "unlock", "m-1")
    assert json.loads(well("meetings", "list", "--json"))[0]["locked"] is False
    table = well("legs")
    for text in ("7", "waiting", "no-host, locked", "opus", "12.3"):
        assert text in table
    assert "no-host, locked" in well("meetings", "show", "m-1")
    well("legs", "drop", "l-1")
    well("meetings", "end", "m-1")
    assert json.loads(well("meetings", "--json")) == json.loads(well("legs", "--json")) == []


def test_no_caller_can_send_commands_to_the_terminal(server: Serving) -> None:
    """Control characters in a caller's name or a log line are written out, not obeyed."""
    server.operations.connections["l-1"] = dict(LEG)
    server.operations.events.append("call 1: from \x1b]0;owned\x07 \r\nforged")
    for output in (well("legs"), well("log"), well("legs", "--json")):
        assert "\x1b" not in output
        assert "\x07" not in output
        assert "\x9b" not in output
    assert "\\x1b[2J" in well("legs")
    assert len(well("log").splitlines()) == 1


def test_the_log_and_the_records_are_bounded_by_lines(server: Serving) -> None:
    """-n newest, oldest first."""
    server.operations.events += [f"line {n}" for n in range(5)]
    server.operations.kept += [
        {"at": f"t{n}", "record": "callLegEnd", "id": f"l{n}", "type": "sip", "quality": {"lost": n}} for n in range(5)
    ]
    assert well("log", "-n", "2").splitlines() == ["line 3", "line 4"]
    (line,) = [line for line in well("records", "-n", "1").splitlines() if "t4" in line]
    assert line.split() == ["t4", "callLegEnd", "id=l4", "type=sip", "lost=4"]
    assert [row["at"] for row in json.loads(well("records", "-n", "2", "--json"))] == ["t3", "t4"]
    assert parley("log", "-n", "0").exit_code == 2


def test_status_is_a_page_and_json(server: Serving) -> None:
    """The same facts for people and programs."""
    assert "sip udp 127.0.0.1:5060" in well("status")
    assert json.loads(well("status", "--json"))["version"] == "0.1.0"
    server.operations.loads = [{"worker": number, "busy_percent": 12.5, "late_ticks": 3} for number in (0, 1)]
    lines = [line.split() for line in well("status").splitlines()]
    assert ["worker", "busy", "percent", "late", "ticks"] in lines and ["1", "12.5", "3"] in lines


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("users", "remove", "nobody@x"), "there is no user nobody@x"),
        (("spaces", "show", "nowhere"), "there is no space nowhere"),
        (("meetings", "end", "m-9"), "there is no meeting m-9"),
        (("legs", "drop", "l-9"), "there is no leg l-9"),
        (("demo", "guest-host"), "there is no space demo"),
    ],
)
def test_a_refusal_is_one_clear_line(server: Serving, arguments: tuple[str, ...], words: str) -> None:
    """Exit code 1, nothing on standard output, one line on standard error."""
    result = parley(*arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"parley: {words}\n")


def test_the_log_in_json_has_the_parts_of_each_line(server: Serving) -> None:
    """`parley log --json` tells time, level and text apart; a line of another shape is all text."""
    server.operations.events[:] = ["2026-11-20 17:48:54.809 Info    call 1: ending", "line"]
    assert json.loads(well("log", "--json")) == [
        {"at": "2026-11-20T17:48:54.809Z", "level": "Info", "text": "call 1: ending"},
        {"at": "", "level": "", "text": "line"},
    ]


def test_the_log_is_followed_by_the_real_command(server: Serving, data_dir: Path) -> None:
    """`parley log --follow` writes each line as it comes, and ends well when the server stops."""
    command = [sys.executable, "-c", "from parley.cli import main; main()", "--data-dir", str(data_dir), "log", "-f"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        deadline = threading.Timer(20, process.kill)
        deadline.start()
        assert process.stdout is not None
        while server.operations.following == 0:
            assert process.poll() is None
        server.say("call 1: incoming")
        assert process.stdout.readline() == "call 1: incoming\n"
        server.say("call 1: ending")
        assert process.stdout.readline() == "call 1: ending\n"
        asyncio.run_coroutine_threadsafe(server.door.close(), server.loop).result(10)
        assert process.wait(10) == 0
        deadline.cancel()


# --- without a server ---


@pytest.mark.parametrize("arguments", [("meetings",), ("legs",), ("log",), ("log", "-f"), ("status",)], ids=str)
def test_what_is_live_needs_a_server(arguments: tuple[str, ...]) -> None:
    """The line says what to start."""
    result = parley(*arguments)
    assert result.exit_code == 1
    assert "no server is running" in result.stderr
    assert "parley serve" in result.stderr


def test_a_wrong_data_directory_is_told_and_not_made(tmp_path: Path) -> None:
    """A typing slip makes no second installation."""
    result = parley("--data-dir", str(tmp_path / "dta"), "users")
    assert result.exit_code == 1
    assert "dta" in result.stderr
    assert not (tmp_path / "dta").exists()


def test_what_is_kept_needs_no_server(data_dir: Path) -> None:
    """Without a server the commands work on the store itself, and refuse in the same words."""
    well("admins", "add", "ada", "--password-stdin", typed="s3:kryp\n")
    assert [row["name"] for row in json.loads(well("admins", "--json"))] == ["ada"]
    well("spaces", "add", "Demo", "--uri", "demo")
    assert [row["uri"] for row in json.loads(well("spaces", "--json"))] == ["demo"]
    assert "Demo" in well("explain", "demo")
    refused = parley("admins", "remove", "eve")
    assert (refused.exit_code, refused.stderr) == (1, "parley: there is no administrator eve\n")
    assert b"kryp" not in b"".join(file.read_bytes() for file in data_dir.iterdir() if file.is_file())
    assert {"users", "spaces", "explain"} <= KEPT


def test_a_database_that_is_missing_is_told_and_not_made(data_dir: Path) -> None:
    """Of a data directory that has been in service: an empty one in its place would look like a server that is well."""
    well("spaces", "add", "Demo", "--uri", "demo")
    (data_dir / "journal").mkdir()
    (data_dir / "parley.db").rename(data_dir / "moved.db")
    result = parley("spaces")
    assert result.exit_code == 1 and "parley.db is missing" in result.stderr and "back-up" in result.stderr
    assert not (data_dir / "parley.db").exists()
    (data_dir / "moved.db").rename(data_dir / "parley.db")
    assert [row["uri"] for row in json.loads(well("spaces", "--json"))] == ["demo"]


def test_a_server_that_is_just_starting_is_told_in_one_line(data_dir: Path) -> None:
    """It has the data directory and answers nobody yet: neither is the store touched, nor a trace shown."""
    with (data_dir / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = parley("users")
    assert result.exit_code == 1 and result.exception.__class__ is SystemExit
    assert result.stderr == "parley: another parley uses the data directory data\n"


def test_check_config_shows_every_setting_with_its_source(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    """Each value with the place it was set; secrets of the first start are not among them."""
    (data_dir / "parley.toml").write_text('[sip]\ndomains = ["a.example", "b.example"]\n')
    monkeypatch.setenv("PARLEY_SIP__UDP", "127.0.0.1:5070")
    monkeypatch.setenv("PARLEY_BOOTSTRAP_ADMIN", "root:s3kryp")
    monkeypatch.setenv("PARLEY_TYPO", "1")
    result = parley("check-config")
    assert result.exit_code == 0
    assert "the settings hold" in result.stdout
    assert "warning: environment PARLEY_TYPO" in result.stderr
    rows = {row["setting"]: row for row in json.loads(well("check-config", "--json"))}
    assert rows["sip.udp"] == {
        "setting": "sip.udp", "value": "127.0.0.1:5070", "source": "environment PARLEY_SIP__UDP",
    }  # fmt: skip
    assert (rows["sip.domains"]["value"], rows["sip.domains"]["source"]) == (
        "a.example,b.example", "file data/parley.toml",
    )  # fmt: skip
    assert rows["media.ports"]["source"] == "default"
    assert "kryp" not in result.output


@pytest.mark.parametrize("command", ["check-config", "serve", "users"])
def test_bad_settings_stop_every_command(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Each fault is one line with the field and its source."""
    monkeypatch.setenv("PARLEY_SIP__UPD", "x")
    monkeypatch.setenv("PARLEY_MEDIA__PORTS", "1-2")
    result = parley(command)
    assert (result.exit_code, result.stdout) == (1, "")
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert any("sip.upd (environment PARLEY_SIP__UPD)" in line for line in lines)
    assert any("media.ports (environment PARLEY_MEDIA__PORTS)" in line for line in lines)


def test_the_version_and_the_help_are_there() -> None:
    """--version is one line; help names every command; a command that does not exist is a usage error."""
    assert well("--version") == "parley 0.1.0\n"
    help_text = well("--help")
    for name in (
        "serve", "check-config", "users", "admins", "spaces", "meetings", "legs", "log", "records", "explain", "demo",
        "status",
    ):  # fmt: skip
        assert name in help_text
    assert "guest-host" in well("demo", "--help")
    assert parley("dance").exit_code == 2


@pytest.mark.parametrize("command", [*COMMANDS], ids=" ".join)
def test_every_command_has_help_in_whole_sentences(command: tuple[str, ...]) -> None:
    """What a list of commands says of each fits its line; no flag looks as if it took a value; every argument has
    words."""
    lines = well(*command, "--help").splitlines()
    assert not any("..." in line.replace("]...", "") for line in lines)
    assert not any("bool" in line.lower() or "│" in line for line in lines)
    arguments = lines[lines.index("Arguments:") + 1 :] if "Arguments:" in lines else []
    for line in itertools.takewhile(bool, arguments):
        assert re.fullmatch(r"  [A-Z|]+ <.*>  +\S.*|   +\S.*", line)


def test_an_interruption_while_modules_are_loaded_is_quiet() -> None:
    """Ctrl-C right after the start is an end like any other: the shell's code for it, and no trace."""
    program = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'parley.cli': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from parley.__main__ import main; main()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_help_loads_nothing_heavy() -> None:
    """--help answers without the database, the media libraries or the HTTP stacks."""
    program = (
        "import sys; from parley.cli import app\n"
        "heavy = {'sqlalchemy', 'av', 'numpy', 'uvicorn', 'starlette', 'httpx', 'pydantic', 'cryptography'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- words ---


def test_every_refusal_has_words() -> None:
    """Each code that Refusal's own text lists is said in words; an unknown one shows itself."""
    assert Refusal.__doc__ is not None
    codes = Refusal.__doc__.partition("Codes:")[2].split("\n\n")[0].split("·")
    names = [code.strip().partition("(")[0].strip() for code in codes]
    assert len(names) > 10
    for name in names:
        assert refusal_words(Refusal(name)) != name, name
    assert refusal_words(Refusal("odd")) == "odd"
    assert refusal_words(Refusal("invalid", field="uri", error="too long")) == "uri is not valid: too long"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"), ("", "-"), ([], "-"), (True, "yes"), (False, "no"), (0, "0"), (1.25, "1.2"),
        (["a", None], "a, -"), ({"a": 1}, "a=1"), ("[bold]x", "[bold]x"), ("会议", "会议"),
    ],
)  # fmt: skip
def test_a_cell_is_plain_text(value: object, text: str) -> None:
    """Every JSON value has one short text; markup means nothing."""
    assert cell(value) == text
    assert clean("a\tb\u202e\x9b") == "a\\tb\\u202e\\x9b"


# --- messages to people ---

LETTER = {
    "id": "m-1", "state": "failed", "channel": "mail", "notice": "booked", "recipient": "gao@example.com",
    "subject": "Invitation: x\x1b[2J", "created": "2026-01-01T00:00:00Z", "due": None, "tries": 3, "sent": None,
    "last_error": "550 no such user", "conference": "c-1",
}  # fmt: skip


def test_the_outbox_shows_state_tries_and_last_error(server: Serving) -> None:
    """As a table for people and as JSON for programs, all or by state."""
    server.operations.messages["m-1"] = dict(LETTER)
    shown = parley("outbox")
    assert shown.exit_code == 0
    assert all(word in shown.stdout for word in ("failed", "gao@example.com", "3", "550 no such user", "m-1"))
    assert "\x1b" not in shown.stdout
    assert json.loads(parley("outbox", "--json").stdout) == [LETTER]
    assert json.loads(parley("outbox", "list", "--state", "waiting", "--json").stdout) == []


def test_an_entry_of_the_outbox_is_retried_and_forgotten(server: Serving) -> None:
    """By its id; an unknown one is said to be unknown."""
    server.operations.messages["m-1"] = dict(LETTER)
    assert parley("outbox", "retry", "m-1").exit_code == 0
    assert server.operations.messages["m-1"]["state"] == "waiting"
    assert parley("outbox", "forget", "m-1").exit_code == 0
    assert server.operations.messages == {}
    gone = parley("outbox", "retry", "m-1")
    assert gone.exit_code == 1
    assert "there is no outbox entry m-1" in gone.stderr

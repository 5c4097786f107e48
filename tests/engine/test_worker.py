"""A worker process over its real UNIX socket, with real UDP on loopback."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parley.engine import g711, messages
from parley.engine.messages import Configure, Done, Failed, LegOpened, LegPlan, Ping
from parley.wire.rtp import TelephoneEvent, build_event, build_rtp, parse_rtp
from tests.engine.rig import EVENTS, PCMU
from tests.kit.addresses import free_ports
from tests.kit.tones import sine, strength

SOURCE = str(Path(messages.__file__).resolve().parents[2])


class Control:
    """A worker process and the control end of its channel."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.path = directory / "worker.sock"
        environment = os.environ | {"PYTHONPATH": SOURCE}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "parley.engine", "--socket", str(self.path), *options], env=environment
        )
        self.channel = socket.socket(socket.AF_UNIX)
        self.channel.settimeout(5)
        self.framer = messages.Framer()
        self.told: list[messages.Message] = []
        self._new: list[messages.Message] = []
        self.ports = free_ports(20)

    def connect(self) -> None:
        deadline = time.monotonic() + 10
        while True:
            try:
                self.channel.connect(str(self.path))
                return
            except (FileNotFoundError, ConnectionRefusedError):
                assert self.process.poll() is None, "the worker ended"
                assert time.monotonic() < deadline, "the worker does not listen"
                time.sleep(0.02)

    def configure(self, **fields: Any) -> None:
        self.connect()
        low, high = self.ports
        fields = {"port_low": low, "port_high": high, "dead_after_ms": 500} | fields
        assert self.ask(Configure(id=0, **fields)) == Done(id=0)

    def lose(self) -> None:
        """The channel breaks; the next configure() is another control's."""
        self.channel.close()
        self.channel = socket.socket(socket.AF_UNIX)
        self.channel.settimeout(5)
        self.framer = messages.Framer()
        self.told, self._new = [], []

    def ask(self, request: messages.Message) -> messages.Message:
        self.channel.sendall(messages.encode(request))
        return self.next_response()

    def next_response(self) -> messages.Message:
        while True:
            message = self.receive()
            if isinstance(message, messages.Response):
                return message

    def receive(self) -> messages.Message | None:
        """The next message, kept in `told` as well; None when the channel was closed."""
        while not self._new:
            data = self.channel.recv(65536)
            if not data:
                return None
            self._new += [messages.decode_reply(body) for body in self.framer.feed(data)]
        message = self._new.pop(0)
        self.told.append(message)
        return message

    def wait_for(self, kind: type[messages.Message]) -> messages.Message:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            message = self.receive()
            if isinstance(message, kind):
                return message
        raise AssertionError(f"no {kind.__name__} in time")

    def close(self) -> None:
        self.channel.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(5)


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    one = Control(tmp_path)
    yield one
    one.close()


class Phone:
    """A PCMU phone on a UDP socket of its own."""

    def __init__(self, control: Control, name: str, number: int) -> None:
        self.name, self.number = name, number
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        media = messages.LegMedia(
            remote_host="127.0.0.1",
            remote_port=self.socket.getsockname()[1],
            codec=PCMU,
            dtmf_payload_type=EVENTS,
        )
        answer = control.ask(messages.OpenLeg(id=number, leg=name, local="127.0.0.1", media=media))
        assert isinstance(answer, LegOpened)
        self.port = answer.port
        self.sequence = 0

    def send(self, payload: bytes, kind: int = 0) -> None:
        data = build_rtp(kind, self.sequence, self.sequence * 160, self.number, payload)
        self.sequence += 1
        self.socket.sendto(data, ("127.0.0.1", self.port))

    def take(self) -> list[bytes]:
        found = []
        while True:
            try:
                found.append(self.socket.recv(2048))
            except BlockingIOError:
                return found


def test_two_phones_hear_one_another_through_a_worker(control: Control) -> None:
    """Real sockets, real clock: a tone arrives steadily, digits and speakers and statistics are told."""
    control.configure()
    phones = [Phone(control, "ann", 1), Phone(control, "bob", 2)]
    assert all(phone.port % 2 == 0 for phone in phones)
    legs = tuple(LegPlan(leg=phone.name, contributes=True, receives=True) for phone in phones)
    assert control.ask(messages.SetPlan(id=9, meeting="m", number=1, legs=legs)) == Done(id=9)
    tone = sine(400, 1.6, 8000).reshape(-1, 160)
    heard: list[bytes] = []
    due = time.monotonic()
    for frame in tone:
        phones[0].send(g711.MU.compress(frame))
        phones[1].send(b"\xff" * 160)
        due += 0.02
        time.sleep(max(due - time.monotonic(), 0))
        heard += phones[1].take()
    phones[0].send(build_event(TelephoneEvent(5, False, 10, 160)), EVENTS)
    digit = control.wait_for(messages.DigitHeard)
    assert digit == messages.DigitHeard(seq=1, leg="ann", digit="5")
    control.channel.sendall(messages.encode(messages.Ack(seq=1)))
    packets = [parse_rtp(data) for data in heard]
    sequences = np.array([packet.sequence for packet in packets])
    assert set(np.diff(sequences) % 65536) == {1}
    sound = np.concatenate([g711.MU.expand(packet.payload) for packet in packets])
    assert (strength(sound, 400, 8000) > 0.2).mean() > 0.85
    kinds = {type(message) for message in control.told}
    assert {messages.Speakers, messages.Statistics, messages.Health} <= kinds
    dead = control.wait_for(messages.MediaDead)
    assert isinstance(dead, messages.MediaDead)
    assert 500 <= dead.silent_ms < 1500
    for number in (20, 21):
        assert control.ask(messages.CloseLeg(id=number, leg="ann")) == Done(id=number)


def test_answers_do_not_wait_for_a_tick(control: Control) -> None:
    """A request wakes the audio thread: the median answer takes less than half a tick."""
    control.configure()
    took = []
    for number in range(20):
        started = time.monotonic()
        assert control.ask(Ping(id=number)) == Done(id=number)
        took.append(time.monotonic() - started)
    assert sorted(took)[10] < 0.01


def test_the_socket_belongs_to_one_user(control: Control) -> None:
    """Nobody else may drive a worker: mode 0600."""
    control.configure()
    assert stat.S_IMODE(control.path.stat().st_mode) == 0o600


def test_a_worker_ends_with_its_channel(control: Control) -> None:
    """When control has gone the process ends with 0 and its socket is removed."""
    control.configure()
    control.channel.close()
    assert control.process.wait(5) == 0
    assert not control.path.exists()


def test_sound_goes_on_without_a_channel(control: Control) -> None:
    """Control is gone and comes back: streams have no hole, nothing owed to the first channel is said to the second,
    digits pressed meanwhile are told, and those that were told and never acknowledged once more."""
    control.configure(outlive_ms=10_000)
    ann, bob = Phone(control, "ann", 1), Phone(control, "bob", 2)
    legs = tuple(LegPlan(leg=name, contributes=True, receives=True) for name in ("ann", "bob"))
    assert control.ask(messages.SetPlan(id=9, meeting="m", number=4, legs=legs)) == Done(id=9)
    ann.send(build_event(TelephoneEvent(5, False, 10, 160)), EVENTS)
    assert control.wait_for(messages.DigitHeard) == messages.DigitHeard(seq=1, leg="ann", digit="5")
    control.channel.sendall(b"".join(messages.encode(Ping(id=number)) for number in range(100, 120)))
    control.lose()
    heard: list[bytes] = []
    due = time.monotonic()
    for frame in sine(400, 1.0, 8000).reshape(-1, 160):
        ann.send(g711.MU.compress(frame))
        bob.send(b"\xff" * 160)
        due += 0.02
        time.sleep(max(due - time.monotonic(), 0))
        heard += bob.take()
    bob.send(build_event(TelephoneEvent(7, False, 10, 160)), EVENTS)
    control.configure(outlive_ms=10_000)
    packets = [parse_rtp(data) for data in heard + bob.take()]
    assert set(np.diff([packet.sequence for packet in packets]) % 65536) == {1}
    sound = np.concatenate([g711.MU.expand(packet.payload) for packet in packets])
    assert (strength(sound, 400, 8000) > 0.2).mean() > 0.7
    found = control.ask(messages.GetFound(id=11))
    assert isinstance(found, messages.Found) and found.meetings == ("m",)
    assert {name: leg.port for name, leg in found.legs.items()} == {"ann": ann.port, "bob": bob.port}
    control.wait_for(messages.Health)
    digits = [(told.leg, told.digit) for told in control.told if isinstance(told, messages.DigitHeard)]
    assert digits == [("ann", "5"), ("bob", "7")]
    assert [told.id for told in control.told if isinstance(told, Done)] == [0]
    assert control.ask(messages.SetPlan(id=12, meeting="m", number=1, legs=legs[:1])) == Done(id=12)
    state = control.ask(messages.GetDump(id=13))
    assert isinstance(state, messages.Dump) and state.state["meetings"]["m"]["legs"] == ["ann"]


def test_a_worker_waits_only_so_long_for_another_control(control: Control) -> None:
    """Then it ends by itself with 0, and its socket is gone."""
    control.configure(outlive_ms=300)
    began = time.monotonic()
    control.channel.close()
    assert control.process.wait(5) == 0
    assert 0.2 < time.monotonic() - began < 2.0
    assert not control.path.exists()


def test_a_worker_ends_when_it_is_told(control: Control) -> None:
    """However long it would wait for another control."""
    control.configure(outlive_ms=60_000)
    control.channel.sendall(messages.encode(messages.Shutdown()))
    assert control.process.wait(5) == 0


def test_another_control_must_fit(control: Control) -> None:
    """One of another version, or with other ports while legs are open, is refused; the worker is as it was."""
    control.configure(outlive_ms=10_000, version="1")
    Phone(control, "ann", 1)
    control.lose()
    control.connect()
    base, high = control.ports
    for low, version in ((base, "2"), (base + 2, "1")):
        answer = control.ask(Configure(id=1, port_low=low, port_high=high, version=version))
        assert isinstance(answer, Failed) and answer.code == "bad-request"
    assert control.ask(Configure(id=1, port_low=base, port_high=high, version="1")) == Done(id=1)


def test_a_worker_ends_on_sigterm(control: Control) -> None:
    """SIGTERM is a clean end, before and after control has connected."""
    control.configure()
    control.process.send_signal(signal.SIGTERM)
    assert control.process.wait(5) == 0


@pytest.mark.parametrize("waits", [True, False], ids=["after its start", "before it is up"])
def test_a_worker_ends_when_its_parent_has_gone(tmp_path: Path, waits: bool) -> None:
    """With --parent a worker nobody ever connected to does not outlive who started it, however soon that one goes."""
    path = tmp_path / "worker.sock"
    script = (
        "import os, subprocess, sys, time, pathlib\n"
        f"command = [sys.executable, '-m', 'parley.engine', '--socket', {str(path)!r}, '--parent', str(os.getpid())]\n"
        "one = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        f"while {waits} and not pathlib.Path({str(path)!r}).exists(): time.sleep(0.02)\n"
        "print(one.pid, flush=True)\n"
    )
    environment = os.environ | {"PYTHONPATH": SOURCE}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    pid = int(done.stdout)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}/stat").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline, "the orphan lives"
        time.sleep(0.05)


def test_bad_requests_are_answered_and_change_nothing(control: Control) -> None:
    """A request outside the schema fails by its number if it has one; the worker goes on."""
    control.configure()
    for body in (b"\x81\xa2id\x07", b"\x82\xa2id\x07\xa4type\xa5Bogus"):
        control.channel.sendall(len(body).to_bytes(4, "big") + body)
        answer = control.next_response()
        assert isinstance(answer, Failed)
        assert (answer.id, answer.code) == (7, "bad-request")
    control.channel.sendall(b"\0\0\0\x03abc")
    log = control.wait_for(messages.Log)
    assert isinstance(log, messages.Log)
    assert log.level == "error"
    assert control.ask(Ping(id=8)) == Done(id=8)


def test_a_broken_channel_ends_the_worker_with_a_code(control: Control) -> None:
    """A frame length beyond the limit cannot be recovered from: exit code 41."""
    control.configure()
    control.channel.sendall(b"\xff" * 8)
    assert control.process.wait(5) == 41


@pytest.mark.parametrize("local", ["192.0.2.1", "localhost", ""])
def test_an_address_that_is_not_ours_is_refused(control: Control, local: str) -> None:
    """Binding to a foreign address or a name fails with bad-address."""
    control.configure()
    media = messages.LegMedia(remote_host="127.0.0.1", remote_port=9, codec=PCMU)
    answer = control.ask(messages.OpenLeg(id=1, leg="ann", local=local, media=media))
    assert isinstance(answer, Failed)
    assert answer.code == "bad-address"


def test_ports_run_out_and_come_back(control: Control) -> None:
    """Ten pairs in the range of twenty: the eleventh leg gets no-port, until one closes."""
    control.configure()
    phones = [Phone(control, f"leg-{number}", number) for number in range(10)]
    assert len({phone.port for phone in phones}) == 10
    media = messages.LegMedia(remote_host="127.0.0.1", remote_port=9, codec=PCMU)
    more = messages.OpenLeg(id=99, leg="more", local="127.0.0.1", media=media)
    answer = control.ask(more)
    assert isinstance(answer, Failed)
    assert answer.code == "no-port"
    control.ask(messages.CloseLeg(id=98, leg="leg-4"))
    assert control.ask(more) == LegOpened(id=99, port=phones[4].port)

"""Starts of media workers that others cross: those of a control before, and those that die in the middle of them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from parley.app.ports import MediaUnavailable
from parley.backends.engine import client as client_module
from parley.backends.engine import coming_back
from parley.backends.engine.hand_over import HandOver
from parley.backends.engine.media_worker import MediaWorker
from parley.backends.engine.opened import OpenedLeg
from parley.backends.engine.process import peer_of, process_behind
from parley.backends.engine.translate import media_of
from parley.backends.engine.worker import Builder, WorkerLink
from parley.core.leg_inputs import WebLocal
from parley.engine import messages as m
from tests.backends import test_engine_client
from tests.backends.engine_suite import LOCAL, PCMU, Bench, Told, a_leg
from tests.backends.engine_suite import WEB as WEB_AUDIO
from tests.backends.test_engine_client import ROOM, children, client, engine_of, until
from tests.kit.addresses import free_ports

bench = test_engine_client.bench


@pytest.fixture(autouse=True)
def workers_find_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are processes of their own, and the tests run without installing."""
    monkeypatch.setenv("PYTHONPATH", str(Path(m.__file__).resolve().parents[2]))


def link_to(path: Path, told: list[m.Notification]) -> WorkerLink:
    def take(message: m.Notification) -> None:
        told.append(message)
        raise OSError("the disk of whoever is told is full")

    return WorkerLink(
        path, lambda number: m.Configure(id=number, port_low=40_000, port_high=40_001), take, lambda: None
    )


async def test_whoever_is_told_may_fail(tmp_path: Path) -> None:
    """An error of ours in taking what a worker tells is no death of the worker."""
    told: list[m.Notification] = []
    link = link_to(tmp_path / "media.sock", told)
    await link.start()
    await until(lambda: len(told) >= 2)
    assert isinstance(await link.ask(lambda number: m.Ping(id=number)), m.Done)
    await link.stop()


async def test_a_process_that_another_control_began_to_start_is_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It listens at our worker's place for a moment: the channel goes to the process that we kill and wait for."""
    path = tmp_path / "media.sock"
    command = [sys.executable, "-m", "parley.engine", "--socket", str(path)]
    other = await asyncio.create_subprocess_exec(*command)
    slow = tmp_path / "python"
    slow.write_text(f'#!/bin/sh\nsleep 1.5\nexec {sys.executable} "$@"\n')
    slow.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(slow))
    link = link_to(path, [])
    starting = asyncio.create_task(link.start())
    await until(path.exists)  # after ours has been unlinked, and long before ours is up
    await starting
    assert link._writer is not None
    assert peer_of(link._writer.get_extra_info("socket"))[0] == link.pid != other.pid
    await link.stop()
    assert await other.wait() == 0


def test_the_id_of_a_process_that_has_ended_is_nobodys() -> None:
    """Another process may have it by the time that it is looked at: nothing is held or killed by it."""
    near, far = socket.socketpair()
    held = len(list(Path("/proc/self/fd").iterdir()))
    with near:
        process_behind(near).let_go()
        far.close()
        with pytest.raises(OSError, match="ended"):
            process_behind(near)
        assert len(list(Path("/proc/self/fd").iterdir())) == held - 1


DYING = """
import socket, sys
from parley.engine import messages as m
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(1)
channel, _ = listener.accept()
framer = m.Framer()
while True:
    for body in framer.feed(channel.recv(65536)):
        request = m.decode_request(body)
        if isinstance(request, m.GetFound):
            sys.exit(0)
        channel.sendall(m.encode(m.Done(id=request.id)))
"""


async def test_a_worker_that_dies_while_it_is_taken_over_is_replaced_once(tmp_path: Path) -> None:
    """It has accepted its settings and dies before it says what is open: one new process serves, and no other."""
    dying = await asyncio.create_subprocess_exec(sys.executable, "-c", DYING, str(tmp_path / "media-0.sock"))
    await until((tmp_path / "media-0.sock").exists)
    engine = client(tmp_path, outlive=20.0)
    await engine.start()
    await dying.wait()
    await asyncio.sleep(0.5)  # a second start would have begun by now
    assert engine.found() == frozenset() and children() == {engine.worker_pid}
    assert await engine.open_leg(a_leg(), LOCAL, PCMU)
    await engine.stop()
    assert children() == set() and not (tmp_path / "media-0.sock").exists()


# --- crossings ----------------------------------------------------------------------------------------------------


async def test_a_browser_that_is_lost_twice_has_the_whole_time_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was back in time after the first loss: the time that ran then says nothing of the second one."""
    monkeypatch.setattr(coming_back, "RENEWED_WITHIN", 0.3)
    engine, told = client(tmp_path), Told()
    engine.listen(told)
    worker, leg = engine._workers[0], a_leg()
    opened = engine._legs[leg] = OpenedLeg(leg, "", media_of(WEB_AUDIO), 0, None, worker, worker)
    engine._back.lose(opened)
    engine._back.tell_lost(opened)
    await asyncio.sleep(0.2)
    opened.lost = False
    engine._back.lose(opened)
    engine._back.tell_lost(opened)
    await asyncio.sleep(0.2)
    assert told.died == []
    await asyncio.sleep(0.2)
    assert told.died == [leg]


async def test_a_change_that_came_too_late_can_be_asked_for_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser's leg is opened by its new worker after whoever asked has given up: the next offer opens it."""
    engine, leg = engine_of(bench), a_leg()
    await engine.open_leg(leg, "", WEB_AUDIO)
    await bench.lose_worker()
    await until(lambda: leg in bench.told.lost)
    pid = engine.worker_pid
    assert pid is not None
    monkeypatch.setattr(client_module, "CHANGE_WITHIN", 0.1)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(MediaUnavailable):
        await engine.change_leg(leg, WEB_AUDIO)
    os.kill(pid, signal.SIGCONT)
    monkeypatch.setattr(client_module, "CHANGE_WITHIN", 3.0)
    assert isinstance(await engine.change_leg(leg, WEB_AUDIO), WebLocal)
    assert engine.worker_pid == pid


class Dying(MediaWorker):
    """Dies over whatever it is asked."""

    async def ask(self, build: Builder) -> m.Response:
        self.up.clear()
        raise MediaUnavailable("it died")


async def test_no_hand_over_waits_for_a_worker_that_died_over_another(tmp_path: Path) -> None:
    """Who was to go there is opened by its next process; who goes elsewhere goes at once."""
    engine = client(tmp_path)
    source, dying, sound = (
        kind(index, tmp_path, lambda number: m.Configure(id=number, port_low=1, port_high=2), engine)
        for index, kind in enumerate((MediaWorker, Dying, MediaWorker))
    )
    again: list[OpenedLeg] = []

    async def open_again(opened: OpenedLeg) -> None:
        again.append(opened)

    hand_over = HandOver(open_again, lambda _opened: None)
    legs = [OpenedLeg(a_leg(), LOCAL, media_of(PCMU), 9, None, source, source) for _ in range(2)]
    for opened, to in zip(legs, (dying, sound), strict=True):
        opened.ready.set()
        to.up.set()
        hand_over.bring(opened, to)
    await until(lambda: again, 1.0)
    assert again == legs[1:] and legs[0].worker is dying and not legs[0].moving
    await hand_over.stop()


async def test_a_server_that_cannot_start_leaves_calls_alone(tmp_path: Path) -> None:
    """Workers with legs wait for the next control; one without any ends."""
    ports = free_ports(ROOM)
    first = client(tmp_path, ports, outlive=20.0)
    await first.start()
    leg = a_leg()
    await first.open_leg(leg, LOCAL, PCMU)
    pid = first.worker_pid
    await first.leave()
    second = client(tmp_path, ports, outlive=20.0)
    await second.start()
    assert second.worker_pid == pid and second.found() == {leg}
    second.keep((), ())
    await second.leave()
    await until(lambda: not children())

"""Two media workers: callers of each kind are in one meeting, and the death of its worker ends nobody's call."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.kit.server import Server

from .test_browser_meeting import space_with_talking_guests
from .web_scene import web_stage

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("browsers"), pytest.mark.timeout(120)]


def worker_with_most_sockets(server: Server) -> int:
    """The process of the worker that has a meeting, by what it has open."""
    found: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"parley.engine" in words and str(server.data).encode() in b"\0".join(words):
                found[int(entry.name)] = len(list((entry / "fd").iterdir()))
        except (OSError, ValueError):
            continue
    other, most = sorted(found, key=lambda pid: found[pid])
    assert found[most] - found[other] == 4, "two phones with two sockets each"
    return most


async def test_callers_of_each_kind_meet_and_outlast_their_worker() -> None:
    """A browser, a phone by the space's own address and one by the number for everybody, whose prompts another worker
    played, hear one another; the worker is killed, and without a click or a new call they do so again."""
    async with web_stage(MEDIA__WORKERS="2") as scene:
        await space_with_talking_guests(scene)
        host = await scene.browser("host")
        await scene.comes_as_host(host, "Hanna")
        ada = await scene.caller("ada", "9000")
        await ada.hears_prompt("enter-id", ada.start)
        await ada.digits("1234#")
        await ada.hears_prompt("enter-pin-or-hash", ada.start)
        await ada.digits("#")
        await scene.phone_guest("bob")
        await scene.everybody_hears_everybody("host", "ada", "bob")
        legs = sorted(await scene.api.ids("/callLegs"))
        scene.nobody_heard_himself()
        assert re.search(r"^workers +2$", await scene.server.command("status"), re.MULTILINE)

        killed = time.monotonic()
        os.kill(worker_with_most_sockets(scene.server), signal.SIGKILL)
        host.start = host.mark()  # a tone that is cut off clicks, which sounds like every voice
        await scene.settles({"ada": ["bob", "host"], "bob": ["ada", "host"]})
        await scene.everybody_hears_everybody("host", "ada", "bob")
        print(
            f"all hear one another {time.monotonic() - killed:.1f} s after the death, of which 2.6 s were listened to"
        )
        assert sorted(await scene.api.ids("/callLegs")) == legs
        for phone in (ada, host):
            phone.start = phone.mark()
        scene.phones["bob"].start = scene.phones["bob"].mark()

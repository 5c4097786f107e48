"""An operator looks into a running server: the echo, `check`, `explain leg` and `replay`."""

from __future__ import annotations

import json
import stat
from typing import Any

import pytest

from tests.kit.addresses import Network
from tests.kit.api import eventually
from tests.kit.baresip import OPUS, Phone
from tests.kit.recordings import HEARD, silence, tone
from tests.kit.server import Server

from .scene import same_uri_two_pins, uri

pytestmark = pytest.mark.story

VOICE = 420.0


async def test_an_operator_looks_into_a_running_server() -> None:
    """A phone hears itself a second later in the echo; another types a wrong PIN and the right one. `check` calls the
    server and hears its tone, and names what is advertised wrongly; `explain leg` tells the PIN's refusal; `replay`
    finds that all came out the same; how the sound of each call fared is kept with its record, and no PIN is."""
    async with Server(Network()) as server:
        await same_uri_two_pins(server)
        speech = (tone(VOICE, 0.5), silence(60.0))
        alone = Phone(server.network.address(), name="alone", codec=OPUS, proxy=server.sip, speech=(silence(60.0),))
        typist = Phone(server.network.address(), name="typist", proxy=server.sip, speech=(silence(60.0),))
        async with alone, typist:
            await alone.dial(uri("echo"))
            await typist.dial(uri("guestpin.space"))
            await typist.digits("555#")
            await typist.digits("789#")
            start = alone.mark()
            await alone.say(*speech)
            await alone.listen(3.0)
            runs = alone.heard_since(start).runs(VOICE, HEARD, shortest=0.1)
            assert runs and runs[0].start >= 0.95 and 0.3 <= sum(run.seconds for run in runs) <= 0.6, runs
            story = json.loads(await server.command("explain", "leg", "2", "--json"))
            whats = [entry["what"] for entry in story["timeline"]]
            assert "the PIN was refused: wrong-pin" in whats and any("the PIN was right" in what for what in whats)
            assert story["state"] == "connected" and story["waits"][0].startswith("no-host: ")
            (load,) = json.loads(await server.command("status", "--json"))["media"]
            assert load["ticks"] > 100 and 0 < load["busy_percent"] < 100
            found = json.loads(await server.command("check", "--json"))
            assert [row["told"] for row in found if row["holds"] != "yes"] == []
            assert any("came back after 1." in row["told"] for row in found), found
            elsewhere = server.network.address()
            found = json.loads(await server.command("check", "--json", code=1, MEDIA__ADDRESS=elsewhere))
            wrong = {row["what"]: row["told"] for row in found if row["holds"] == "NO"}
            places = {way: f"sip by {way} at {elsewhere}:{server.sip_port}" for way in ("udp", "tcp")}
            assert wrong.keys() == set(places.values())
            for way, place in places.items():
                assert f"at {server.sip} the server answers" in wrong[place]
                assert f"media.address is wrong, or {way} port {server.sip_port} is not forwarded" in wrong[place]
            await alone.hang_up()
            await typist.hang_up()
        ends: dict[str, Any] = {}

        async def ended() -> bool:
            rows = json.loads(await server.command("records", "--json"))
            ends.update((row["id"], row) for row in rows if row["record"] == "callLegEnd")
            return len(ends) == 4

        await eventually(ended, "not all ends are in the records")
        (fared,) = [row["quality"] for row in ends.values() if row.get("quality", {}).get("codec") == "opus"]
        assert fared["received"] > 250 and fared["lost"] == 0 and fared["worst_jitter_ms"] < 100
        assert 0 < fared["buffer_ms"] < 300 and -60 < fared["level"] < 0
        told = json.loads(await server.command("explain", "leg", "2", "--json"))
        assert told["ending"]["quality"] == ends[story["id"]]["quality"] and told["quality"]
        replayed = await server.command("replay", "--quiet")
        assert replayed.endswith(" inputs, no difference\n") and int(replayed.split()[0]) > 20, replayed
        [file] = (server.data / "inputs").iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        server.never_log("555")

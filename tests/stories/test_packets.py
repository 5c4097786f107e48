"""What a telephone may send and like to get: long packets, comfort noise, RTCP on the port of RTP."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.kit.api import eventually
from tests.kit.baresip import PCMA
from tests.kit.rawphone import RawPhone
from tests.kit.recordings import LEVEL

from .scene import stage, uri

pytestmark = pytest.mark.story


async def test_a_phone_that_falls_silent_is_heard_as_noise() -> None:
    """Packets of 30 ms both ways; after a packet of comfort noise the others hear noise as loud as told, then speech
    again, all without loss; RTCP comes to the one port that was agreed. Five lost
    packets are told as a burst of loss of 150 ms."""
    async with stage() as scene:
        await scene.api.post("/coSpaces", "name=Room&uri=room")
        ann = await scene.phone("ann", PCMA, silent=True)
        await ann.dial(uri("room"))
        address, voice = scene.server.network.address(), scene.offered[3]
        raw = RawPhone(address, scene.server.sip, uri("room"), packet_ms=30, formats="0 13", lines="a=rtcp-mux\n")
        async with raw:
            assert "RTP/AVP 0 13" in raw.answer and "a=rtcp-mux" in raw.answer and "a=ptime:30" in raw.answer
            await raw.hum(voice, 0.8, LEVEL)
            mark = ann.mark()
            await raw.hum(voice, 0.4, LEVEL)
            assert ann.heard_since(mark).voices([voice])
            raw.fall_silent(-40)
            await raw.pause(0.6)
            mark = ann.mark()
            await raw.pause(0.6)
            noise = ann.heard_since(mark)
            rms = float(np.sqrt(np.mean(noise.samples.astype(np.float64) ** 2)))
            assert 20 * math.log10(rms / 32768) == pytest.approx(-40, abs=3)
            mark = ann.mark()
            await raw.hum(voice, 0.6, LEVEL)
            assert ann.heard_since(mark).runs(voice)

            async def reported() -> bool:
                return any(data[1] == 200 for data in raw.came)

            await eventually(reported, "no report came")
            voices = [data for data in raw.came if data[1] & 0x7F == 0]
            assert voices and {len(data) for data in voices} == {12 + 240}
            legs = await scene.api.ids("/callLegs")
            losses = [
                (await scene.api.tree(f"/callLegs/{leg}")).findtext("status/rxAudio/packetLossPercentage")
                for leg in legs
            ]
            assert losses == ["0.0", "0.0"]
            raw.lose(5)
            await raw.hum(voice, 0.2, LEVEL)

            async def told() -> set[tuple[str | None, str | None]]:
                """Of both legs: how long a burst of loss took, and how much was lost in it."""
                burst = "status/rxAudio/packetStatistics/packetLossBursts"
                trees = [await scene.api.tree(f"/callLegs/{leg}") for leg in legs]
                return {(tree.findtext(f"{burst}/duration"), tree.findtext(f"{burst}/density")) for tree in trees}

            async def burst() -> bool:
                return await told() == {("0.000", "0.00"), ("0.150", "1.00")}

            await eventually(burst, "the burst is not told")

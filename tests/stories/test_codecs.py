"""Phones of every codec in one meeting, with packets of many lengths."""

from __future__ import annotations

import pytest

from tests.kit.baresip import G722, OPUS, PCMA, PCMU

from .scene import stage, uri

pytestmark = pytest.mark.story


async def test_phones_of_every_codec_hear_one_another() -> None:
    """Opus, G.722 and both laws of G.711, in packets of 10, 20, 40 and 60 ms: each hears the three others, nothing is
    lost, and the API says what each speaks."""
    async with stage() as scene:
        await scene.api.post("/coSpaces", "name=Codecs&uri=codecs")
        codecs = {"opus": (OPUS, "60"), "g722": (G722, "40"), "g711a": (PCMA, "10"), "g711u": (PCMU, "20")}
        for name, (codec, packet_ms) in codecs.items():
            phone = await scene.phone(name, codec, packet_ms=packet_ms)
            await phone.dial(uri("codecs"))
        await scene.everybody_hears_everybody(*codecs)
        told = set()
        for leg in await scene.api.ids("/callLegs"):
            answer = await scene.api.get(f"/callLegs/{leg}")
            assert "<packetLossPercentage>0.0</packetLossPercentage>" in answer
            told.add(answer.partition("<rxAudio>")[2].partition("<codec>")[2].partition("</codec>")[0])
        assert told == set(codecs)

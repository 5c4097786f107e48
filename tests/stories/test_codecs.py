"""Phones of every codec in one meeting."""

from __future__ import annotations

import pytest

from tests.kit.baresip import G722, OPUS, PCMA, PCMU

from .scene import stage

pytestmark = pytest.mark.story


async def test_phones_of_every_codec_hear_one_another() -> None:
    """Opus, G.722 and both laws of G.711: each hears the three others, and the API says what each speaks."""
    async with stage() as scene:
        await scene.api.post("/coSpaces", "name=Codecs&uri=codecs")
        codecs = {"opus": OPUS, "g722": G722, "g711a": PCMA, "g711u": PCMU}
        for name, codec in codecs.items():
            await scene.caller(name, "codecs", codec)
        await scene.everybody_hears_everybody(*codecs)
        told = set()
        for leg in await scene.api.ids("/callLegs"):
            answer = await scene.api.get(f"/callLegs/{leg}")
            told.add(answer.partition("<rxAudio>")[2].partition("<codec>")[2].partition("</codec>")[0])
        assert told == set(codecs)

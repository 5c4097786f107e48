"""The instruments themselves: two phones call one another without a server."""

from __future__ import annotations

import asyncio

import pytest

from tests.kit.addresses import Network
from tests.kit.baresip import OPUS, PCMU, Codec, Phone
from tests.kit.recordings import VOICES, silence, tone

pytestmark = pytest.mark.story


@pytest.mark.parametrize("codec", [PCMU, OPUS], ids=lambda codec: codec.name)
async def test_a_phone_hears_what_the_other_says_and_when(codec: Codec) -> None:
    """A phone's recording holds the other's tones, in their order, with the gap that was in between."""
    network = Network()
    async with Phone(network.address(), codec=codec) as ada, Phone(network.address(), codec=codec) as bob:
        await ada.dial(f"sip:phone@{bob.address}:{bob.sip_port}")
        await bob.hum(VOICES[3])
        await ada.hears(VOICES[3])
        await bob.be_silent()
        await asyncio.sleep(0.3)
        start = ada.mark()
        await bob.say(silence(0.2), tone(VOICES[0], 0.5), silence(0.1), tone(VOICES[0], 0.3), tone(VOICES[1], 0.5))
        await asyncio.sleep(2.0)
        heard = ada.heard_since(start)
        first, second = heard.runs(VOICES[0])
        (third,) = heard.runs(VOICES[1])
        assert abs(first.seconds - 0.5) < 0.03
        assert abs(second.seconds - 0.3) < 0.03
        assert abs(second.start - first.end - 0.1) < 0.03
        assert abs(third.start - second.end) < 0.03
        assert [hole.seconds > 0.08 for hole in heard.holes(VOICES[0], 0.04)] == [True]
        assert heard.traces(VOICES) == {VOICES[0], VOICES[1]}
        assert not bob.heard_since(bob.mark()).traces(VOICES)


async def test_a_phone_presses_keys_and_holds() -> None:
    """Keys arrive in order, an ended call is noticed by both sides."""
    network = Network()
    async with Phone(network.address()) as ada, Phone(network.address()) as bob:
        await ada.dial(f"sip:phone@{bob.address}:{bob.sip_port}")
        await ada.digits("19#")
        assert [event.param for event in bob.events if event.kind == "CALL_DTMF_START"] == ["1", "9", "#"]
        await bob.hang_up()
        await ada.wait_closed()
        assert not ada.in_call

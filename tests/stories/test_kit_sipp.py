"""The second instrument: sipp's scenarios against a phone, without a server."""

from __future__ import annotations

import pytest

from tests.kit.addresses import Network
from tests.kit.baresip import Phone
from tests.kit.rawsip import RawCaller
from tests.kit.sipp import Sipp

pytestmark = pytest.mark.story


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_sipp_calls_and_hangs_up(transport: str) -> None:
    """A plain call is answered and ended, by UDP and by TCP."""
    network = Network()
    async with Phone(network.address()) as phone:
        target = f"{phone.address}:{phone.sip_port}"
        async with Sipp("call", target, network.address(), service="phone", domain=target, transport=transport) as call:
            result = await call.succeeds()
        assert "BYE" in result.messages
        await phone.wait_closed()


async def test_sipp_presses_keys_as_telephone_events() -> None:
    """Digits by play_dtmf reach the far end in order."""
    network = Network()
    async with Phone(network.address()) as phone:
        target = f"{phone.address}:{phone.sip_port}"
        async with Sipp(
            "rfc4733_digits", target, network.address(), service="phone", domain=target, digits="1234#"
        ) as call:
            await call.succeeds()
        assert [event.param for event in phone.events if event.kind == "CALL_DTMF_START"] == list("1234#")


async def test_sipp_holds_and_resumes() -> None:
    """Two re-INVITEs turn the direction of the sound and back."""
    network = Network()
    async with Phone(network.address()) as phone:
        target = f"{phone.address}:{phone.sip_port}"
        async with Sipp("hold", target, network.address(), service="phone", domain=target) as call:
            result = await call.succeeds()
        assert result.messages.count("a=sendonly") >= 1


async def test_a_raw_caller_cancels_what_is_not_yet_answered() -> None:
    """INVITE and CANCEL end without a call, whichever was quicker."""
    network = Network()
    async with Phone(network.address()) as phone:
        target = f"{phone.address}:{phone.sip_port}"
        caller = RawCaller(network.address(), target, f"sip:phone@{target}")
        await caller.invite_and_cancel()
        await caller.settle(1.0)
        caller.close()
        assert caller.statuses("1 INVITE")[-1] in (200, 487)
        assert not phone.in_call


async def test_sipp_asks_for_options() -> None:
    """OPTIONS outside a dialog is answered."""
    network = Network()
    async with Phone(network.address()) as phone:
        target = f"{phone.address}:{phone.sip_port}"
        async with Sipp("options", target, network.address(), service="phone", domain=target) as call:
            await call.succeeds()


async def test_sipp_takes_a_refusal() -> None:
    """A URI that nobody answers gets 404 and the scenario acknowledges it."""
    network = Network()
    async with Phone(network.address()) as phone:
        target = f"{phone.address}:{phone.sip_port}"
        async with Sipp("unknown", target, network.address(), service="stranger", domain=target) as call:
            result = await call.succeeds()
        assert result.statuses[-1] == 404

"""`explain`: what would happen to a caller and why, from the store as it is."""

from __future__ import annotations

import pytest

from parley.app.dial_transforms import DialTransformEdit
from parley.app.forwarding_rules import ForwardingRuleEdit
from parley.app.outbound_rules import OutboundRuleEdit
from parley.app.profiles import SystemEdit
from parley.core.forwarding import ForwardingAction
from parley.core.secret import Secret
from parley.core.transforms import TransformAction
from tests.app.floor import Floor
from tests.app.operator_rig import operator_of


async def explained(floor: Floor, address: str, pin: str | None = None) -> str:
    return "\n".join(await operator_of(floor).explain(address, Secret(pin) if pin is not None else None))


@pytest.mark.parametrize(
    "address",
    [
        "room@example.com",
        "sip:room@example.com",
        "SIPS:Room@EXAMPLE.com:5061;transport=tls",
        " room ",
        "room@example.com:5060",
    ],
)
async def test_an_address_may_be_written_in_many_ways(floor: Floor, address: str) -> None:
    """With or without scheme, port, parameters and domain."""
    space = await floor.space()
    assert f"it leads to space {space}" in await explained(floor, address)


async def test_an_ipv6_domain_is_read_whole(floor: Floor) -> None:
    """With its brackets and a port, as in a URI."""
    assert "room@2001:db8::9" in await explained(floor, "sip:room@[2001:db8::9]:5060")


async def test_each_pin_says_its_door_and_never_itself(floor: Floor) -> None:
    """By URI and by call ID; a wrong one is refused."""
    await floor.two_pins()
    for address in ("room", "100"):
        host = await explained(floor, address, "2222")
        assert "with the PIN given: admitted by door" in host
        assert "2222" not in host and "1111" not in host
        assert "the PIN fits no door" in await explained(floor, address, "9999")


async def test_layers_name_the_profile_that_decided(floor: Floor) -> None:
    """Field by field."""
    system = await floor.profile(rx_audio_mute=True)
    await floor.use.system.change(SystemEdit(leg_profile=system))  # type: ignore[arg-type]
    space = await floor.guests()
    await floor.space(leg_profile=space)
    lines = await explained(floor, "room")
    assert f"needs_activation = true (space, profile {space})" in lines
    assert f"rx_audio_mute = true (system, profile {system})" in lines
    assert "tx_audio_mute = false (built-in default)" in lines


async def test_what_leads_nowhere_is_said(floor: Floor) -> None:
    """Unknown domain, unknown name, unknown call ID."""
    assert "no inbound rule claims room@other.example" in await explained(floor, "room@other.example")
    assert "leads nowhere" in await explained(floor, "nobody")
    assert "no space has this call ID" in await explained(floor, "999")


async def test_the_access_number_is_named(floor: Floor) -> None:
    """As an address it leads to the IVR."""
    assert "it leads to IVR access-number" in await explained(floor, "9000@example.com")


async def test_a_lock_out_is_told_to_the_operator(floor: Floor) -> None:
    """For the space itself; a caller would not be told."""
    await floor.space(pin="123")
    for number in range(20):
        call = await floor.enter("room", "9#", source=f"192.0.2.{number}")
        await call.end()
    assert "locked out" in await explained(floor, "room", "123")


async def test_explaining_changes_nothing(floor: Floor) -> None:
    """No attempt is counted and nothing is journalled, however often."""
    await floor.space(pin="123")
    for _ in range(50):
        await explained(floor, "room", "9")
    assert floor.events() == []
    assert (await floor.enter("room", "123#")).active


async def test_a_call_that_is_passed_on_is_explained(floor: Floor) -> None:
    """Which forwarding rule decides, whither, and by which outbound rules in order; or why not."""
    refusing = await floor.use.forwarding_rules.create(
        ForwardingRuleEdit(pattern="closed.*", action=ForwardingAction.REJECT, priority=2)
    )
    rule = await floor.use.forwarding_rules.create(ForwardingRuleEdit(pattern="*.far", destination_domain="b.far"))
    text = await explained(floor, "ada@x.far")
    assert f"forwarding rule {rule} (*.far, priority 0) forwards it to sip:ada@b.far" in text
    assert "no outbound rule leads there" in text
    outbound = await floor.use.outbound_rules.create(OutboundRuleEdit(domain="*", proxy="p.example:5070;transport=tcp"))
    text = await explained(floor, "ada@x.far")
    assert "by 1 way in this order" in text and f"rule {outbound}: p.example:5070 by tcp, then stop" in text
    denying = DialTransformEdit(match="($1/^0900/)", action=TransformAction.DENY)
    await floor.use.dial_transforms.create(denying)
    assert "but a dial transform denies it: unknown destination" in await explained(floor, "0900@x.far")
    text = await explained(floor, "ada@closed.far")
    assert f"forwarding rule {refusing} (closed.*, priority 2) refuses the call" in text
    assert "leads nowhere" in await explained(floor, "ada@elsewhere")

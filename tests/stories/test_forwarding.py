"""Calls that are passed on: by forwarding rules, to people's devices, past a next hop that fails, and in no circle."""

from __future__ import annotations

import pytest

from tests.kit.addresses import Network
from tests.kit.api import eventually
from tests.kit.baresip import Phone
from tests.kit.rawcallee import RawCallee
from tests.kit.rawsip import RawCaller
from tests.kit.server import Server

from .scene import Stage, stage, uri
from .test_call_out import meeting, rule
from .test_devices import device, registered

pytestmark = pytest.mark.story


async def forwarding(scene: Stage, pattern: str, more: str = "") -> str:
    return await scene.api.post("/forwardingDialPlanRules", f"matchPattern={pattern}{more}")


async def presses(phone: Phone, digits: str) -> None:
    """The phone has heard these keys and no others, each once."""

    def heard() -> str:
        return "".join(event.param for event in phone.events if event.kind == "CALL_DTMF_START")

    async def all_of_them() -> bool:
        return heard() == digits

    await eventually(all_of_them, f"wanted {digits}, heard {heard()}")


async def test_a_caller_is_put_through_to_a_phone_elsewhere() -> None:
    """A forwarding rule rewrites the domain; both hear one another, keys arrive, and one hangs up for both."""
    async with stage() as scene, RawCallee(scene.server.network.address(), [(503, "")]) as broken:
        ada = await scene.phone("ada")
        bob = await scene.phone("bob")
        await forwarding(scene, "*.lab.example", "&destinationDomain=phones.example&callerIdMode=preserve")
        await rule(scene, "phones.example", broken.place, "&priority=2&failureAction=continue")
        await rule(scene, "*.example", f"{ada.address}:{ada.sip_port}", "&priority=1")
        await bob.dial("sip:ada@west.lab.example")
        await scene.everybody_hears_everybody("ada", "bob")
        assert (await broken.hears("INVITE")).target == "sip:ada@phones.example"
        await bob.digits("12#")
        await presses(ada, "12#")
        (call,) = await scene.api.ids("/calls")
        tree = await scene.api.tree(f"/calls/{call}")
        assert (tree.findtext("callType"), tree.findtext("numCallLegs")) == ("forwarding", "2")
        assert tree.find("coSpace") is None
        await ada.hang_up()
        await bob.wait_closed()
        await scene.until_empty()
        await bob.dial("sip:ada@west.lab.example")
        await bob.hang_up()
        await ada.wait_closed()
        await scene.until_empty()


async def test_why_nobody_came_is_passed_back() -> None:
    """The caller hears the ringing and the refusal of the one he is put through to, and may give up meanwhile."""
    causes = [([180, 486], 486), ([404], 404), ([180, 603], 603), ([483], 483)]
    async with (
        stage() as scene,
        RawCallee(scene.server.network.address(), *(script for script, _ in causes), [180]) as callee,
    ):
        await forwarding(scene, "far.example")
        await rule(scene, "far.example", callee.place)
        for script, status in causes:
            caller = RawCaller(scene.server.network.address(), scene.server.sip, "sip:ada@far.example")
            await caller.invite()
            await caller.settle(0.3)
            rings = [180] if 180 in script else []
            assert [one for one in caller.statuses("1 INVITE") if one != 100] == [*rings, status]
            caller.close()
        assert await scene.api.total("/callLegs") == 0
        caller = RawCaller(scene.server.network.address(), scene.server.sip, "sip:ada@far.example")
        await caller.invite_and_cancel(0.3)
        await callee.hears("CANCEL")
        await scene.until_empty()
        caller.close()


async def test_calling_a_person_rings_all_the_devices_of_that_person() -> None:
    """Whoever dials a user's address reaches the phone that is registered; no rule and no space is needed."""
    async with stage() as scene:
        owner = await device(scene)
        await registered(scene)
        bob = await scene.phone("bob")
        await bob.dial(uri("user1"))
        await scene.everybody_hears_everybody("user1", "bob")
        await bob.hang_up()
        await owner.wait_closed()
        await scene.until_empty()


async def test_two_servers_that_forward_to_each_other_end_the_call() -> None:
    """The call comes back to the first one, which knows its mark and refuses it with 482; nothing goes round again."""
    async with stage() as scene, Server(Network()) as other:
        for one, next_hop in ((scene.server, other), (other, scene.server)):
            await one.api.post("/forwardingDialPlanRules", "matchPattern=*.example.net")
            await one.api.post("/outboundDialPlanRules", f"domain=*.net&sipProxy={next_hop.sip}")
        caller = RawCaller(scene.server.network.address(), scene.server.sip, "sip:ada@x.example.net")
        await caller.invite()
        await caller.settle(1.0)
        assert [one for one in caller.statuses("1 INVITE") if one > 180] == [482]
        caller.close()
        for server in (scene.server, other):
            assert await server.api.total("/callLegs") == 0
        assert len([text for text in await scene.server.event_texts() if "incoming" in text]) == 1
        # A rule whose next hop is ourselves is found out before anything is sent.
        await scene.api.post(
            "/outboundDialPlanRules", f"domain=self.example.net&sipProxy={scene.server.sip}&priority=9"
        )
        caller = RawCaller(scene.server.network.address(), scene.server.sip, "sip:ada@self.example.net")
        await caller.invite()
        await caller.settle(0.5)
        assert [one for one in caller.statuses("1 INVITE") if one > 180] == [482]
        caller.close()


async def test_keys_of_the_api_are_heard_by_the_phone_that_is_called() -> None:
    """dtmfSequence is pressed after the answer, with its pauses, and again when it is set on the live leg."""
    async with stage() as scene:
        call = await meeting(scene)
        ada = await scene.phone("ada")
        await rule(scene, "phones.example", f"{ada.address}:{ada.sip_port}")
        await scene.api.post(
            "/dialTransforms", "type=strip&match=($1/^0\\d%2B$/)&transform=$1{/^042$/ada/}@phones.example"
        )
        leg = await scene.api.post(f"/calls/{call}/callLegs", "remoteParty=0-4 2&dtmfSequence=11,%234&ownerId=me")
        await ada.wait_for("CALL_ESTABLISHED")
        await presses(ada, "11#4")
        await scene.api.put(f"/callLegs/{leg}", "dtmfSequence=*9")
        await presses(ada, "11#4*9")
        tree = await scene.api.tree(f"/callLegs/{leg}")
        assert tree.findtext("remoteParty") == "ada@phones.example"
        assert tree.findtext("configuration/ownerId") == "me"

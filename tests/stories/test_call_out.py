"""People are called by the API: a real phone rings and is in; and every way in which nobody comes."""

from __future__ import annotations

import asyncio
import re
import time

import pytest

from tests.kit.api import ApiError, eventually
from tests.kit.baresip import OPUS, PCMU, Codec
from tests.kit.rawcallee import RawCallee
from tests.kit.recordings import PROMPT_HEARD
from tests.kit.sipp import Sipp

from .scene import DECLARATION, Stage, stage

pytestmark = pytest.mark.story


async def meeting(scene: Stage) -> str:
    """A space with a call that stays although nobody is in it; the call's id."""
    space = await scene.api.post("/coSpaces", "name=Room&uri=room&callId=100")
    return await scene.api.post("/calls", f"coSpace={space}")


async def rule(scene: Stage, domain: str, proxy: str, more: str = "") -> str:
    return await scene.api.post("/outboundDialPlanRules", f"domain={domain}&sipProxy={proxy}{more}")


async def answered(scene: Stage, person: str) -> None:
    """The participant's phone was picked up."""

    async def connected() -> bool:
        return (await scene.api.tree(f"/participants/{person}")).findtext("status/state") == "connected"

    await eventually(connected, "nobody answered")


async def ended_with(scene: Stage, words: str) -> None:
    """The event log tells of an end in these words."""

    async def told() -> bool:
        return any(words in text for text in await scene.server.event_texts())

    await eventually(told, f"no line with {words!r}")


@pytest.mark.parametrize(("codec", "confirmed"), [(PCMU, False), (OPUS, True)], ids=["pcmu", "opus, confirmed"])
async def test_a_phone_called_by_the_api_hears_the_host(codec: Codec, confirmed: bool) -> None:
    """POST on a call's participants rings the phone; it is in without a PIN, hears the host and is heard by him. Where
    that is to be confirmed, it is asked first, and in once it has pressed a key.

    A call without a space is as good.
    """
    async with stage() as scene:
        call = await scene.api.post("/calls", "name=Just now") if confirmed else await meeting(scene)
        host = await scene.phone("host") if confirmed else await scene.caller("host", "room")
        if confirmed:
            await rule(scene, "hosts.example", f"{host.address}:{host.sip_port}")
            await scene.api.post(f"/calls/{call}/participants", "remoteParty=sip:host@hosts.example")
            await host.wait_for("CALL_ESTABLISHED")
        ada = await scene.phone("ada", codec)
        await rule(scene, "phones.example", f"{ada.address}:{ada.sip_port}")
        wish = f"remoteParty=sip:ada@phones.example&confirmation={str(confirmed).lower()}"
        person = await scene.api.post(f"/calls/{call}/participants", wish)
        await ada.wait_for("CALL_ESTABLISHED")
        if confirmed:

            async def asked() -> bool:
                return bool(ada.heard_since(ada.start).runs(3200.0, PROMPT_HEARD, shortest=0.08))

            await eventually(asked, "nobody is asked to press a key")
            scene.nobody_was_heard("host", "ada")
            await ada.digits("5")
        await scene.everybody_hears_everybody("host", "ada")
        tree = await scene.api.tree(f"/participants/{person}")
        assert tree.findtext("uri") == "ada@phones.example" and tree.findtext("status/state") == "connected"
        leg = (await scene.api.ids(f"/participants/{person}/callLegs"))[0]
        tree = await scene.api.tree(f"/callLegs/{leg}")
        assert (tree.findtext("direction"), tree.findtext("call")) == ("outgoing", call)
        assert tree.findtext("remoteParty") == "ada@phones.example"
        await scene.api.delete(f"/participants/{person}")
        await ada.wait_closed()
        await host.hang_up()
        texts = await scene.server.event_texts()
        local = "meeting" if confirmed else "room"
        assert any(
            text == f'call 2: outgoing SIP call to "sip:ada@phones.example" from local URI "sip:{local}@parley.example"'
            for text in texts
        ), texts
        await ended_with(scene, "call 2: ending; local teardown - connected for 0:0")


async def test_a_called_phone_holds_types_and_hangs_up_like_any_other() -> None:
    """Inside its dialog a call that we made behaves as one that we took: hold, resume, BYE."""
    async with stage() as scene:
        call = await meeting(scene)
        await scene.caller("host", "room")
        ada = await scene.phone("ada")
        await rule(scene, "*.example", f"{ada.address}:{ada.sip_port}")
        leg = await scene.api.post(f"/calls/{call}/callLegs", "remoteParty=ada@phones.example&nameLabelOverride=Ada")
        await scene.everybody_hears_everybody("host", "ada")
        assert (await scene.api.tree(f"/callLegs/{leg}")).findtext("configuration/nameLabelOverride") == "Ada"
        await ada.hold()
        await scene.settles({"host": set()})
        assert await scene.api.is_in("ada")
        await ada.resume()
        await scene.settles({"host": {"ada"}})  # baresip 1.0 itself stays deaf after a hold, whoever its peer is
        await ada.hang_up()
        await ended_with(scene, "call 2: ending; remote SIP teardown - connected for")


async def test_without_a_rule_nobody_is_called() -> None:
    """No outbound rule, no call: the API says what is wrong, and not one packet goes out."""
    async with stage() as scene:
        call = await meeting(scene)
        async with RawCallee(scene.server.network.address()) as callee:
            await rule(scene, "other.example", callee.place)
            for party in (f"sip:ada@{callee.place}", "sip:ada@phones.example", "+123", "sip:ada@x?Route=y"):
                with pytest.raises(ApiError) as refused:
                    await scene.api.post(f"/calls/{call}/participants", f"remoteParty={party}")
                assert refused.value.status == 400
                assert refused.value.body == (
                    f"{DECLARATION}<failureDetails>"
                    '<parameterError parameter="remoteParty" error="invalidValue" /></failureDetails>'
                )
            await asyncio.sleep(0.3)
            assert callee.heard == []
        assert await scene.api.total("/callLegs") == 0


# What the far end answers, and how the event log tells it.
ENDS = [
    ([180, 486], "busy"),
    ([180, 600], "busy"),
    ([180, 603], "declined"),
    ([180, 480], "no answer"),
    ([404], "destination unreachable"),
    ([302], "declined"),  # it has moved to where no rule of ours leads
]


async def test_whoever_does_not_come_is_told_of() -> None:
    """Busy, declined, no answer, unknown, moved elsewhere: each ends the leg in its own words, after one INVITE."""
    async with stage() as scene:
        call = await meeting(scene)
        for number, (script, words) in enumerate(ENDS, start=1):
            async with RawCallee(scene.server.network.address(), script) as callee:
                await rule(scene, f"phones{number}.example", callee.place)
                party = f"sip:ada@phones{number}.example"
                await scene.api.post(f"/calls/{call}/participants", f"remoteParty={party}")
                told = f"call {number}: ending; remote SIP teardown, {words} - not connected after 0:00"
                await ended_with(scene, told)
                assert len(callee.requests("INVITE")) == 1, script
                assert await scene.api.total("/callLegs") == 0
                await callee.hears("ACK")


async def test_a_call_taken_back_while_it_rings_is_cancelled() -> None:
    """DELETE of a ringing participant sends CANCEL; until then the API shows it ringing."""
    async with stage() as scene, RawCallee(scene.server.network.address(), [180]) as callee:
        call = await meeting(scene)
        await rule(scene, "*", callee.place)
        person = await scene.api.post(f"/calls/{call}/participants", "remoteParty=ada@phones.example")
        await callee.hears("INVITE")

        async def ringing() -> bool:
            return (await scene.api.tree(f"/participants/{person}")).findtext("status/state") == "ringing"

        await eventually(ringing, "it does not ring")
        assert await scene.api.ids(f"/calls/{call}/participants") == [person]
        await scene.api.delete(f"/participants/{person}")
        await callee.hears("CANCEL")
        await scene.api.delete(f"/calls/{call}")
        await scene.until_empty()


async def test_the_end_of_a_call_ends_what_still_rings_for_it() -> None:
    """Nobody is left ringing for a call that is over."""
    async with stage() as scene, RawCallee(scene.server.network.address(), [180]) as callee:
        call = await meeting(scene)
        await rule(scene, "*", callee.place)
        await scene.api.post(f"/calls/{call}/participants", "remoteParty=ada@phones.example")
        await callee.hears("INVITE")
        await scene.api.delete(f"/calls/{call}")
        await callee.hears("CANCEL")
        await scene.until_empty()


async def test_an_answer_that_crosses_our_cancel_is_hung_up() -> None:
    """Whoever picks up in the very moment of the CANCEL is not left in a call with nobody."""
    async with stage() as scene, RawCallee(scene.server.network.address(), [180]) as callee:
        callee.deaf = True
        call = await meeting(scene)
        await rule(scene, "*", callee.place)
        person = await scene.api.post(f"/calls/{call}/participants", "remoteParty=ada@phones.example")
        await callee.hears("INVITE")
        await asyncio.sleep(0.2)
        await scene.api.delete(f"/participants/{person}")
        await callee.hears("CANCEL")
        callee.respond(200)
        await callee.hears("ACK")
        await callee.hears("BYE")
        assert await scene.api.total("/callLegs") == 0


async def test_a_trunk_that_asks_for_a_password_gets_it() -> None:
    """A 401 is answered by a second INVITE whose digest sipp checks by itself; the password stands in no log."""
    async with stage() as scene:
        scene.server.never_log("sesame-open-7")
        call = await meeting(scene)
        address = scene.server.network.address()
        async with Sipp("challenges", scene.server.sip, address) as trunk:
            more = "&authenticationName=parley&authenticationPassword=sesame-open-7&authenticationRealm=trunk.example"
            made = await rule(scene, "phones.example", f"{address}:{trunk.port}", more)
            assert "sesame" not in await scene.api.get(f"/outboundDialPlanRules/{made}")
            await asyncio.sleep(0.3)  # sipp says nowhere that it listens
            person = await scene.api.post(f"/calls/{call}/participants", "remoteParty=ada@phones.example")
            await answered(scene, person)
            await scene.api.delete(f"/participants/{person}")
            result = await trunk.succeeds()
        invites = re.findall(r"(?s)message received[^\n]*\n\nINVITE .*?\r?\n\r?\n", result.messages)
        assert len(invites) == 2, result.messages
        for name in ("From", "Call-ID"):
            first, second = (re.search(rf"(?m)^{name}: *(.*?)\r?$", invite) for invite in invites)
            assert first and second and first[1] == second[1]


async def test_the_password_goes_to_no_other_realm() -> None:
    """A next hop that names another realm gets no credentials, only an end."""
    challenge = 'WWW-Authenticate: Digest realm="elsewhere", nonce="n1", algorithm=MD5'
    async with stage() as scene, RawCallee(scene.server.network.address(), [(401, challenge)]) as callee:
        call = await meeting(scene)
        more = "&authenticationName=parley&authenticationPassword=sesame-open-8&authenticationRealm=trunk.example"
        await rule(scene, "*", callee.place, more)
        await scene.api.post(f"/calls/{call}/participants", "remoteParty=ada@phones.example")
        await ended_with(scene, "call 1: ending; remote SIP teardown, declined")
        assert len(callee.requests("INVITE")) == 1
        assert all("uthorization" not in request.text for request in callee.heard)


async def test_a_stream_carries_a_call_where_the_rule_says_so() -> None:
    """transport=tcp in a rule's proxy: INVITE, answer, ACK and BYE over one connection that we opened. A better rule
    whose proxy is dead, and which says to continue, costs half a second."""
    async with stage() as scene, RawCallee(scene.server.network.address(), [180, 200]) as callee:
        call = await meeting(scene)
        await rule(
            scene, "phones.example", f"{scene.server.network.address()}:5060", "&priority=2&failureAction=continue"
        )
        await rule(scene, "*", f"{callee.place}%3Btransport%3Dtcp")
        person = await scene.api.post(f"/calls/{call}/participants", "remoteParty=ada@phones.example")
        await answered(scene, person)
        assert "SIP/2.0/TCP" in callee.requests("INVITE")[0].header("Via")
        assert "transport=tcp" in callee.requests("INVITE")[0].header("Contact")
        await scene.api.delete(f"/participants/{person}")
        await callee.hears("BYE")


async def test_a_call_to_ourselves_is_not_made() -> None:
    """A rule that leads back to our own listener ends the call at once instead of going round in circles."""
    async with stage() as scene:
        call = await meeting(scene)
        await rule(scene, "*", scene.server.sip)
        began = time.monotonic()
        await scene.api.post(f"/calls/{call}/participants", "remoteParty=sip:room@parley.example")
        await ended_with(scene, "call 1: ending; local teardown, loop detected")
        assert time.monotonic() - began < 5.0
        assert not any("incoming" in text for text in await scene.server.event_texts())

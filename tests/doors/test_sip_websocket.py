"""SIP over WebSocket (RFC 7118) on a real listener: calls, devices, and who may not come in."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.types import ASGIApp
from websockets.exceptions import ConnectionClosed, InvalidStatus

from parley.app.devices import Devices
from parley.app.users import UserEdit
from parley.core.devices import BINDINGS_MOST
from parley.core.endings import Ending, Reason, Side
from parley.core.ids import OutboundRuleId
from parley.core.leg_inputs import Answered, CallFailed, MediaChanged, Reached, WebLocal
from parley.core.outbound import Hop
from parley.core.secret import Secret
from parley.doors.http import HttpListener
from parley.doors.shared.accepting import Acceptor, Turnstile
from parley.doors.sip.listeners import StreamLimits, bind_sockets
from parley.doors.sip.outgoing import OutgoingSipLeg
from parley.doors.sip.registrar import Registrar
from tests.app.floor import Floor, no_errors
from tests.doors.sip_calling_rig import Told, leg_of
from tests.doors.sip_rig import SipRig, offer
from tests.doors.test_sip_bounds import until
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.sip_socket import HOST, SipSocket, header

REALM = "parley.example"
PAGE = (Path(__file__).parent.parent / "wire/offers/chromium.sdp").read_bytes().decode()
ROOM = "sip:room@example.com"


def web_offer(ufrag: str) -> str:
    """A browser's, with these credentials."""
    return re.sub(r"a=ice-ufrag:\S+", f"a=ice-ufrag:{ufrag}", PAGE)


class Place:
    """An agent behind a WebSocket listener."""

    def __init__(self, floor: Floor, rig: SipRig, devices: Devices, port: int) -> None:
        self.floor, self.rig, self.devices = floor, rig, devices
        self.host = f"127.0.0.1:{port}"
        self.url = f"ws://{self.host}/sip"

    def phone(self, **options: str) -> SipSocket:
        return SipSocket(self.url, **options)  # type: ignore[arg-type]

    async def device(self) -> str:
        """Of the user ann; its password."""
        await self.floor.use.users.create(f"ann@{REALM}", UserEdit(name="Ann"))
        return (await self.devices.add(f"ann@{REALM}", "page")).password.reveal()


@asynccontextmanager
async def place(*origins: str, limits: StreamLimits | None = None) -> AsyncIterator[Place]:
    with no_errors():
        floor = Floor()
        devices = Devices(floor.held, CountedIdentifiers(), floor.clock, floor.changes, REALM)
        rig = SipRig(floor, registrar=Registrar(devices, b"key"), streams=limits)
        del rig.agent._listeners.send  # type: ignore[misc]
        app: ASGIApp = rig.agent.sockets(origins)
        sockets = bind_sockets("127.0.0.1", 0, socket.SOCK_STREAM)
        listener = HttpListener(app, "sip", Acceptor(Turnstile(100, 100)), websockets=True)
        await listener.open(sockets)
        try:
            yield Place(floor, rig, devices, sockets[0].getsockname()[1])
        finally:
            await rig.agent.close()
            await listener.close()


async def test_a_call_by_websocket_from_invite_to_bye() -> None:
    """Every response comes back on the socket with its Via as it was; Contact names the transport (RFC 7118)."""
    async with place() as here, here.phone(user="guest", domain="page.example") as phone:
        await here.floor.space()
        await phone.send("OPTIONS", "sip:example.com")
        options = await phone.answered(200)
        assert header(options, "Via").startswith(f"SIP/2.0/WS {HOST};branch=")
        sdp = await phone.invite(ROOM, offer("pcmu"))
        assert "m=audio" in sdp and phone._target.endswith(";transport=ws")
        (leg,) = here.floor.directory.legs()
        assert leg.facts.transport == "ws"
        await phone.bye()
        await until(lambda: here.floor.directory.legs() == [])


async def test_a_page_that_offers_ice_gets_the_browsers_port() -> None:
    """Its audio is WebRTC's: the answer is ICE-lite, passive, and so is one to a re-INVITE; what we offer in the call
    later, be it only to keep it, is what stands then."""
    async with place() as here, here.phone(user="guest", domain="page.example") as phone:
        await here.floor.space()
        for number in range(2):
            sdp = await phone.invite(ROOM, web_offer(f"page{number}"))
            assert "a=ice-lite" in sdp and "a=setup:passive" in sdp and "a=candidate:" in sdp
            assert "UDP/TLS/RTP/SAVPF" in sdp
        legs = here.floor.directory.legs()
        assert len(legs) == 2 and all(leg.view is None or leg.view.encrypted_media for leg in legs)
        await phone.send("INVITE", phone._target, body=web_offer("again"), to=phone._remote)
        again = await phone.answered(200)
        assert "a=ice-lite" in again
        await phone.acknowledge(again, phone._target)
        await phone.send("INVITE", phone._target, to=phone._remote)  # asks for our offer
        as_it_stands = await phone.answered(200)
        assert as_it_stands.partition("\r\n\r\n")[2] == again.partition("\r\n\r\n")[2]
        await phone.acknowledge(as_it_stands, phone._target)
        await phone.send("INVITE", phone._target, body=offer("pcmu"), to=phone._remote)
        await phone.answered(488)
        await phone.bye()


@pytest.mark.parametrize("answers", [True, False])
async def test_a_page_that_leaves_the_offer_to_us_is_offered_ice(answers: bool) -> None:
    """Its answer comes with its ACK, and is what the call goes on with; without one there is no call."""
    async with place() as here, here.phone(user="guest", domain="page.example") as phone:
        await here.floor.space()
        phone._call = "offerless"
        await phone.send("INVITE", ROOM)
        ok = await phone.answered(200)
        for line in ("a=ice-lite", "a=setup:actpass", "a=rtcp-mux", "UDP/TLS/RTP/SAVPF"):
            assert line in ok
        phone._remote, phone._target = header(ok, "To"), header(ok, "Contact").partition("<")[2].partition(">")[0]
        answer = web_offer("theirs").replace("a=setup:actpass", "a=setup:active") if answers else ""
        await phone.send("ACK", phone._target, to=phone._remote, body=answer)
        if not answers:
            assert (await phone.request("BYE")).startswith("BYE ")
            return
        await until(lambda: any(leg.view is not None for leg in here.floor.directory.legs()))
        (audio,) = here.floor.engine.legs.values()
        assert audio.web is not None and audio.web.ufrag == "theirs" and audio.sends and audio.receives
        await phone.bye()


async def test_a_device_registers_by_its_socket_and_is_called_by_it() -> None:
    """The binding is the flow (RFC 5626): a call of ours takes it, and when the socket is gone there is no way."""
    async with place() as here:
        password = await here.device()
        async with here.phone() as phone:
            assert f"sip:ann@{HOST};transport=ws" in header(await phone.register(password), "Contact")
            (record,) = await here.devices.all()
            (binding,) = record.device.live(here.floor.clock.utc())
            hop = Hop(
                OutboundRuleId("registered"), binding.host, binding.port, binding.transport, contact=binding.contact
            )
            leg, told = leg_of(here.rig.agent)
            leg.reach(hop)
            assert isinstance(await told.hears(Reached), Reached)
            leg.place(20000)
            invite = await phone.request("INVITE")
            assert invite.startswith(f"INVITE sip:ann@{HOST};transport=ws ")
            assert header(invite, "Via").startswith("SIP/2.0/WS ") and ";transport=ws>" in header(invite, "Contact")
            await phone.respond(invite, 200, offer("pcmu"))
            assert isinstance(await told.hears(Answered), Answered)
            assert (await phone.request("ACK")).startswith("ACK ")
        await until(lambda: not here.rig.agent._listeners._streams)
        again, told = leg_of(here.rig.agent)
        again.reach(hop)
        assert await failed(told)


async def test_pages_that_were_closed_do_not_stand_in_the_way_of_new_ones() -> None:
    """Each time it is loaded a page has another name and says nothing of the one before; those whose socket is gone
    are forgotten when the next one registers, however many there were."""
    async with place() as here:
        password = await here.device()
        async with here.phone() as open_still:
            await open_still.register(password)
            for number in range(BINDINGS_MOST + 1):
                async with here.phone(host=f"page{number}.invalid") as phone:
                    answer = await phone.register(password)
                    assert re.findall(r"sip:ann@([^;]*)", answer.partition("Contact")[2]) == [HOST, phone.host]
                await until(lambda: len(here.rig.agent._listeners._streams) == 1)


async def test_a_page_whose_socket_broke_is_hung_up_by_its_next_one() -> None:
    """Its call goes on without any; once it has registered again by the same address, it hears what it is told."""
    async with place() as here:
        await here.floor.space()
        password = await here.device()
        async with here.phone() as phone:
            await phone.register(password)
            await phone.invite(ROOM, web_offer("page"), password)
            await until(lambda: any(leg.view is not None for leg in here.floor.directory.legs()))
        await until(lambda: not here.rig.agent._listeners._streams)
        assert len(here.floor.directory.legs()) == 1
        async with here.phone() as phone:
            await phone.register(password)
            (call,) = here.rig.agent._legs.values()
            call.hang_up(Ending(Side.LOCAL, Reason.HANG_UP))
            assert (await phone.request("BYE")).startswith(f"BYE sip:ann@{HOST};transport=ws ")


async def failed(told: Told) -> bool:
    return isinstance(await told.hears(CallFailed), CallFailed)


OURS = WebLocal(20002, "ourufrag", Secret("o" * 24), ":".join(["01"] * 32), ("127.0.0.1",))


async def called(here: Place, phone: SipSocket) -> tuple[OutgoingSipLeg, Told, str]:
    """A page that has registered is called, and offered WebRTC's media; its INVITE."""
    await phone.register(await here.device())
    (record,) = await here.devices.all()
    (binding,) = record.device.live(here.floor.clock.utc())
    leg, told = leg_of(here.rig.agent)
    leg.reach(Hop(OutboundRuleId("r"), binding.host, binding.port, "ws", contact=binding.contact))
    reached = await told.hears(Reached)
    assert isinstance(reached, Reached) and reached.keys == "web"
    leg.place(OURS.port, OURS)
    return leg, told, await phone.request("INVITE")


async def test_a_page_that_is_called_is_offered_ice() -> None:
    """WebRTC's media with the engine's credentials; the answer is the leg's, and so is a re-INVITE of the page's."""
    async with place() as here, here.phone() as phone:
        leg, told, invite = await called(here, phone)
        for line in ("a=ice-lite", "a=setup:actpass", "a=ice-ufrag:ourufrag", "a=rtcp-mux", "UDP/TLS/RTP/SAVPF"):
            assert line in invite
        await phone.respond(invite, 200, web_offer("answer").replace("a=setup:actpass", "a=setup:active"))
        answered = await told.hears(Answered)
        assert isinstance(answered, Answered) and answered.audio.web is not None
        assert (answered.audio.web.ufrag, answered.audio.web.setup) == ("answer", "active")
        ack = await phone.request("ACK")
        phone._call, phone._remote = header(ack, "Call-ID"), header(invite, "From")
        phone._target = header(invite, "Contact").partition("<")[2].partition(">")[0]
        await phone.send("INVITE", phone._target, body=web_offer("moved"), to=phone._remote)
        changed = await told.hears(MediaChanged)
        assert isinstance(changed, MediaChanged) and changed.audio.web is not None
        leg.accept_change(changed.audio, OURS)
        assert "a=setup:passive" in await phone.answered(200)


async def test_an_answer_of_a_page_without_its_certificate_is_hung_up() -> None:
    """It was offered WebRTC's media and nothing else."""
    async with place() as here, here.phone() as phone:
        _leg, told, invite = await called(here, phone)
        await phone.respond(invite, 200, offer("pcmu"))
        await phone.request("BYE")
        assert await failed(told)


@pytest.mark.parametrize(
    ("origins", "origin", "welcome"),
    [
        ((), None, True),
        ((), "http://{host}", True),
        ((), "https://evil.example", False),
        ((), "null", False),
        (("https://phone.example",), "https://phone.example", True),
        (("https://phone.example",), "https://phone.example.evil.example", False),
        (("*",), "https://anybody.example", True),
    ],
)
async def test_whose_pages_may_speak(origins: tuple[str, ...], origin: str | None, welcome: bool) -> None:
    """Programs, our own pages, and those that are named; others' handshake is refused."""
    async with place(*origins) as here:
        phone = here.phone(**({} if origin is None else {"origin": origin.format(host=here.host)}))
        if welcome:
            async with phone:
                await phone.send("OPTIONS", "sip:example.com")
                await phone.answered(200)
        else:
            with pytest.raises(InvalidStatus):
                await phone.__aenter__()


async def test_another_subprotocol_is_not_spoken() -> None:
    """The handshake is refused."""
    async with place() as here:
        with pytest.raises(InvalidStatus):
            await here.phone(subprotocol="mqtt").__aenter__()


async def test_a_socket_survives_nonsense_and_ends_with_what_is_too_long() -> None:
    """Each message stands alone, so one that cannot be read does no harm; keep-alives are answered in kind."""
    async with place() as here, here.phone() as phone:
        for data in ("nonsense", b"\xff\xfe\0", "\r\n", "INVITE sip:x SIP/2.0\r\n\r\n"):
            await phone.socket.send(data)
        await phone.socket.send("\r\n\r\n")
        assert "\r\n" in [await phone.next() for _ in range(phone.heard.qsize() + 1)] or await phone.next() == "\r\n"
        await phone.send("OPTIONS", "sip:example.com")
        await phone.answered(200)
        here.rig.agent._listeners.may_send = lambda _source: False  # keep-alives are no requests
        await phone.socket.send("\r\n\r\n")
        assert await phone.next() == "\r\n"
        here.rig.agent._listeners.may_send = here.rig.agent._may_send
        await phone.socket.send("x" * 70_000)
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(phone.socket.wait_closed(), 5)
            await phone.socket.send("")


async def test_sockets_count_against_the_bounds_of_connections() -> None:
    """Beyond them the handshake is refused; one that ends makes room."""
    async with place(limits=StreamLimits(per_source=1)) as here:
        async with here.phone():
            with pytest.raises(InvalidStatus):
                await here.phone().__aenter__()
        await until(lambda: not here.rig.agent._listeners._streams)
        async with here.phone() as phone:
            await phone.send("OPTIONS", "sip:example.com")
            await phone.answered(200)

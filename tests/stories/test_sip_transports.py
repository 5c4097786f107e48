"""Ways to the same meeting: a phone by IPv6, a page by SIP over secure WebSocket, and a plain old phone."""

from __future__ import annotations

import json
import socket
import ssl

import pytest

from tests.kit.api import eventually
from tests.kit.baresip import SPEECH, Phone
from tests.kit.recordings import tone
from tests.kit.sip_socket import SipSocket
from tests.kit.tones import heard
from tests.kit.webpeer import RATE, WebPeer

from .scene import DOMAIN, stage, uri

pytestmark = pytest.mark.story

PAGE, SIX, BACK = 1300.0, 1900.0, 700.0  # Hz


def free_port6() -> int:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_everybody_meets_whatever_way_they_come() -> None:
    """A phone on ::1 by TCP, a device of a page by WSS with WebRTC's media, and a phone on IPv4 hear one another; the
    page's device is called back by its socket when it has left."""
    port = free_port6()
    async with stage(https=True, SIP__FURTHER=f"udp:[::1]:{port},tcp:[::1]:{port}") as scene:
        server = scene.server
        await scene.api.post("/coSpaces", "name=Room&uri=room")
        await server.command("users", "add", f"page@{DOMAIN}", "--name", "Page", "--generate")
        made = json.loads(await server.command("users", "sip-device", "add", f"page@{DOMAIN}", "--json"))
        server.never_log(made["password"])
        bob = await scene.phone("bob", silent=True)
        await bob.dial(uri("room"))
        six = Phone(
            server.network.address(),
            name="six",
            ipv6="::1",
            proxy=f"[::1]:{port}",
            transport="tcp",
            speech=(tone(SIX, SPEECH),),
        )
        trust = ssl.create_default_context(cafile=server.certificate)
        trust.check_hostname = False
        where = f"wss://{server.address}:{server.https_port}/sip"
        async with six, SipSocket(where, "page", DOMAIN, trust=trust) as page:
            await six.dial(uri("room"))
            await page.register(made["password"])
            async with WebPeer(server.network.address(), PAGE) as peer:
                await peer.accept(await page.invite(uri("room"), await peer.offer(), made["password"]))
                await peer.connected()
                await bob.hears(SIX, PAGE)
                await six.hears(PAGE)
                peer.forget()

                async def hears_six() -> bool:
                    return len(peer.heard) > RATE and heard(peer.heard[-RATE:], SIX, RATE)

                await eventually(hears_six, "the page does not hear the phone by IPv6")
                await page.bye()
            call = (await scene.api.ids("/calls"))[0]
            await scene.api.post(f"/calls/{call}/participants", f"remoteParty=page@{DOMAIN}")
            invite = await page.request("INVITE")
            assert invite.startswith("INVITE sip:page@")
            async with WebPeer(server.network.address(), BACK) as peer:
                await page.respond(invite, 200, await peer.answer(invite.partition("\r\n\r\n")[2]))
                await peer.connected()
                await six.hears(BACK)
                await six.hang_up()

"""SIP over IPv6 on real sockets: addresses in brackets in URIs and bare in SDP, and media of the offer's version."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from parley.tls import generated_certificate
from parley.tls_contexts import CertificatePair, ServerCertificates
from tests.app.floor import Floor, no_errors
from tests.doors.sip_rig import SipRig, offer
from tests.doors.test_sip_bounds import Datagrams, until
from tests.doors.test_sip_limits import reply
from tests.kit.sip_wire import request


@asynccontextmanager
async def listening(directory: Path) -> AsyncIterator[tuple[Floor, SipRig, dict[str, int]]]:
    """By UDP, TCP and TLS on ::1."""
    files = generated_certificate(directory, ["localhost"], datetime.now(UTC))
    context = ServerCertificates([CertificatePair(files.certificate, files.key)]).context()
    with no_errors():
        floor = Floor()
        rig = SipRig(floor)
        del rig.agent._listeners.send  # type: ignore[misc]
        ports = await rig.agent.open(udp=("::1", 0), tcp=("::1", 0), tls=("::1", 0, context))
        await floor.space()
        try:
            yield floor, rig, ports
        finally:
            await rig.agent.close()


def invite(transport: str, body: str) -> bytes:
    via = f"SIP/2.0/{transport.upper()} [::1]:9;branch=z9hG4bK{transport};rport"
    return request(
        target="sip:room@example.com",
        via=via,
        from_="<sip:phone@[::1]>;tag=phone",
        contact="<sip:phone@[::1]:9>",
        call_id=transport,
        body=body,
    )


async def ask(transport: str, port: int, body: str) -> str:
    """The final answer to an INVITE by that transport."""
    loop = asyncio.get_running_loop()
    if transport == "udp":
        socket, said = await loop.create_datagram_endpoint(Datagrams, remote_addr=("::1", port))
        socket.sendto(invite(transport, body))
        try:
            while True:
                text = (await asyncio.wait_for(said.heard.get(), 5)).decode()
                if not text.startswith("SIP/2.0 100"):
                    assert f"rport={socket.get_extra_info('sockname')[1]}" in text
                    return text
        finally:
            socket.close()
    client = None
    if transport == "tls":
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("::1", port, ssl=client)
    writer.write(invite(transport, body))
    try:
        while (text := await reply(reader)).startswith("SIP/2.0 100"):
            pass
        return text
    finally:
        writer.close()


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_call_over_ipv6(tmp_path: Path, transport: str) -> None:
    """Contact has brackets, `received` and the SDP have none, and media are bound where the phone can reach them."""
    async with listening(tmp_path) as (floor, _, ports):
        text = await ask(transport, ports[transport], offer("pcmu", address="::1"))
        assert text.startswith("SIP/2.0 200"), text
        contact = re.search(r"(?m)^Contact: (\S+)\r$", text)
        suffix = "" if transport == "udp" else f";transport={transport}"
        assert contact is not None and contact[1] == f"<sip:room@[::1]:{ports[transport]}{suffix}>"
        assert re.search(r"(?m)^Via: SIP/2.0/\w+ \[::1\]:9;.*received=::1\r$", text)
        assert "c=IN IP6 ::1\r\n" in text and "IN IP6 ::1\r\ns=" in text
        (leg,) = floor.directory.legs()
        assert leg.facts.remote_address.startswith("[::1]:") and leg.facts.transport == transport
        (audio,) = floor.engine.legs.values()
        assert audio.remote_host == "::1"


async def test_media_may_be_of_the_other_version_than_signalling(tmp_path: Path) -> None:
    """A phone that calls by IPv6 and offers IPv4 is told an address that it can send to (RFC 6157)."""
    async with listening(tmp_path) as (floor, _, ports):
        text = await ask("udp", ports["udp"], offer("pcmu", address="127.0.0.1"))
        assert text.startswith("SIP/2.0 200") and "c=IN IP4 127.0.0.1\r\n" in text
        (audio,) = floor.engine.legs.values()
        assert audio.remote_host == "127.0.0.1"
        assert floor.engine.locals[-1] == "127.0.0.1"


async def test_we_call_by_ipv6_and_use_a_connection_again(tmp_path: Path) -> None:
    """One stream serves every call to one place; when it has died another one is opened."""
    async with listening(tmp_path) as (_, rig, _ports):
        accepted: list[asyncio.StreamWriter] = []
        server = await asyncio.start_server(lambda _reader, writer: accepted.append(writer), "::1", 0)
        port = server.sockets[0].getsockname()[1]
        listeners = rig.agent._listeners
        first = await listeners.connect("::1", port)
        assert first.sent_by.startswith("[::1]:") and await listeners.connect("::1", port) == first
        await until(lambda: bool(accepted))
        accepted[0].close()
        await until(lambda: not listeners.stands(first))
        second = await listeners.connect("::1", port)
        assert second != first and len(accepted) <= 2
        server.close()

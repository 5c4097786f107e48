"""`parley check` calls by SIP: each kind of failure with real sockets, and what it says of it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from parley import checks_sip
from parley.checks_base import Finding
from parley.checks_sip import (
    WayIn,
    check_certificate,
    check_sip,
    check_sound,
    check_way,
    judged,
    shown,
    ways_in,
)
from parley.config import Settings
from parley.demo import selfcall
from parley.demo.selfcall import Sound
from parley.tls import generated_certificate
from tests.kit.addresses import Network, free_port
from tests.kit.rawcallee import RawCallee

CALLED = ("127.0.0.9", 5060)


def settings_of(**sections: dict[str, Any]) -> Settings:
    return Settings.model_validate({"sip": {"domains": "meet.example"}, **sections})


@pytest.fixture
async def server() -> AsyncIterator[RawCallee]:
    """Answers OPTIONS, takes every call, and serves no RTP."""
    async with RawCallee(Network().server, [200]) as callee:
        yield callee


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcall, "ANSWER_WITHIN", 0.5)
    monkeypatch.setattr(checks_sip, "HEAR_WITHIN", 0.5)


async def way(transport: str, advertised: tuple[str, int], own: tuple[str, int] | None = None) -> Finding:
    return (await check_way(settings_of(), WayIn(transport, advertised, own or advertised)))[0]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_an_answer_is_an_answer(server: RawCallee, transport: str) -> None:
    """OPTIONS for our domain, by that transport."""
    finding = await way(transport, (server.address, server.port))
    assert finding.holds and finding.what == f"sip by {transport} at {server.place}"
    assert (await server.hears("OPTIONS")).target == "sip:meet.example"


@pytest.mark.parametrize(
    ("transport", "said"), [("udp", "nobody listens on that port"), ("tcp", "no connection: Connection refused;")]
)
async def test_a_closed_port_is_named(transport: str, said: str) -> None:
    """And that our own listener does not answer either."""
    address = Network().server
    port = free_port(address)
    finding = await way(transport, (address, port))
    assert not finding.holds and said in finding.told and f"{address}:{port}" in finding.what


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_wrong_advertised_address_is_told_from_a_server_that_is_not_there(
    server: RawCallee, transport: str
) -> None:
    """The listener answers at its own address, so it is media.address or the forwarding of the port."""
    wrong = (Network().server, server.port)
    finding = await way(transport, wrong, (server.address, server.port))
    assert not finding.holds
    assert f"at {server.place} the server answers" in finding.told and "media.address is wrong" in finding.told


async def test_an_answer_from_another_address_is_told(server: RawCallee) -> None:
    """As from a machine with several addresses whose answers take another way."""
    loop = asyncio.get_running_loop()
    address = Network().server

    class Crooked(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            server.send(b"SIP/2.0 200 OK\r\n\r\n", addr)

    transport, _ = await loop.create_datagram_endpoint(Crooked, local_addr=(address, 0))
    finding = await way("udp", transport.get_extra_info("sockname"))
    transport.close()
    assert finding.holds is False and f"the answer came from {server.place}" in finding.told
    assert "sip.udp is to name the one that others use" in finding.told and "firewall" not in finding.told


async def test_silence_is_told() -> None:
    """Somebody listens and says nothing."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(Network().server, 0))
    finding = await way("udp", transport.get_extra_info("sockname"))
    transport.close()
    assert not finding.holds and finding.told.startswith("nothing answered; ")


async def test_sound_that_nobody_takes_is_told_with_its_port(server: RawCallee) -> None:
    """The SDP names a port on which nobody listens; the call is hung up all the same."""
    finding = await check_sound(settings_of(), "udp", (server.address, server.port))
    assert (
        not finding.holds and f"UDP {server.address}:40000" in finding.told and "nobody listens there" in finding.told
    )
    assert (await server.hears("INVITE")).target == "sip:echo@meet.example"
    assert server.requests("BYE")


class Ear(asyncio.DatagramProtocol):
    """Where the called server's SDP sends us: gives back each packet, or silence, by itself or by another socket."""

    def __init__(self, deaf: bool, mouth: asyncio.DatagramTransport | None) -> None:
        self._deaf, self._mouth = deaf, mouth

    def connection_made(self, transport: Any) -> None:
        self._mouth = self._mouth or transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._mouth is not None
        self._mouth.sendto(data[:12] + b"\xff" * 160 if self._deaf else data, addr)


@pytest.mark.parametrize(
    ("how", "holds", "said"),
    [
        ("echo", True, "a tone sent to UDP {place} came back after 0."),
        ("deaf", False, "what is sent to UDP {place} does not arrive: the ports 20000-29999 are blocked on the way in"),
        ("crooked", False, "packets come from {other} and the SDP says {place}"),
    ],
)
async def test_what_becomes_of_sound_is_heard(
    server: RawCallee, monkeypatch: pytest.MonkeyPatch, how: str, holds: bool, said: str
) -> None:
    """By real packets: it comes back; only one way is open; it comes from a port that the SDP does not name."""
    monkeypatch.setattr(checks_sip, "HEAR_WITHIN", 3.0 if how != "deaf" else 0.5)
    loop = asyncio.get_running_loop()
    place, ends = (server.address, 40000), []
    if how == "crooked":
        ends.append((await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(server.address, 0)))[0])
    mouth = ends[0] if ends else None
    ends.append((await loop.create_datagram_endpoint(lambda: Ear(how == "deaf", mouth), local_addr=place))[0])
    finding = await check_sound(settings_of(), "udp", (server.address, server.port))
    other = shown(ends[0].get_extra_info("sockname")[:2])
    for end in ends:
        end.close()
    assert finding.holds is holds and said.format(place=shown(place), other=other) in finding.told, finding.told


def test_every_listener_is_a_way_in() -> None:
    """The first of each transport at the address that is set for others, further ones where they stand."""
    settings = settings_of(
        sip={
            "udp": "0.0.0.0:5060",
            "tcp": "",
            "tls": "127.0.0.9:5061",
            "further": "udp:[::1]:5070, tcp:127.0.0.8:5070",
        },
        media={"address": "192.0.2.7"},
    )
    assert [way.what for way in ways_in(settings)] == [
        "sip by udp at 192.0.2.7:5060",
        "sip by tls at 192.0.2.7:5061",
        "sip by udp at [::1]:5070",
        "sip by tcp at 127.0.0.8:5070",
    ]


async def test_sound_that_could_not_be_tried_is_not_said_to_hold() -> None:
    """No way in answers, so there is nobody to call."""
    address = Network().server
    settings = settings_of(sip={"udp": f"{address}:{free_port(address)}", "tcp": "", "domains": "meet.example"})
    signalling, sound = await check_sip(settings)
    assert signalling.holds is False
    assert (sound.what, sound.holds, sound.told) == ("sound", None, "not tried: no way in answers")


async def test_a_refused_echo_is_told_with_its_likely_cause() -> None:
    """404 speaks of domains and rules."""
    async with RawCallee(Network().server, [404]) as server:
        finding = await check_sound(settings_of(), "udp", (server.address, server.port))
    assert not finding.holds and "refused with 404" in finding.told and "sip.domains" in finding.told


@pytest.mark.parametrize(
    ("sound", "holds", "said"),
    [
        (
            Sound(("127.0.0.9", 20000), 90, {("127.0.0.9", 20000)}, heard=True, delay=1.04),
            True,
            "came back after 1.04 s",
        ),
        (
            Sound(("127.0.0.9", 20000), 90, {("127.0.0.8", 20000)}, heard=True),
            False,
            "packets come from 127.0.0.8:20000",
        ),
        (Sound(("127.0.0.9", 20000), 90, {("127.0.0.9", 20000)}), False, "blocked on the way in"),
        (Sound(("127.0.0.9", 20000)), False, "20000-29999 are probably blocked"),
        (Sound(("198.51.100.1", 20000)), False, "the SDP names 198.51.100.1, while signalling answers at 127.0.0.9"),
    ],
)
def test_what_came_of_the_tone_is_judged(sound: Sound, holds: bool, said: str) -> None:
    """Heard, heard from elsewhere, one way only, nothing, another address."""
    finding = judged("sound", sound, CALLED, settings_of())
    assert finding.holds is holds and said in finding.told


@pytest.mark.parametrize(
    ("names", "made", "said"),
    [
        (["meet.example"], timedelta(), "it holds, and names us"),
        (["other.example"], timedelta(), "does not name meet.example"),
        (["meet.example"], timedelta(days=-500), "it has expired"),
    ],
)
async def test_a_certificate_is_seen_as_a_caller_sees_it(
    tmp_path: Path, names: list[str], made: timedelta, said: str
) -> None:
    """Its names and its dates, by a real handshake."""
    files = generated_certificate(tmp_path, names, datetime.now(UTC) + made)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    settings = settings_of(
        https={"certificate": str(files.certificate), "key": str(files.key)},
        sip={"domains": "meet.example", "authorities": str(files.certificate)},
    )
    async with RawCallee(Network().server, tls=context) as server:
        place = (server.address, server.port)
        finding = await check_certificate(settings, WayIn("tls", place, place))
    assert finding.holds is said.startswith("it holds") and said in finding.told


async def test_a_certificate_of_nobody_known_is_told(tmp_path: Path) -> None:
    """Without an authority that this system trusts."""
    files = generated_certificate(tmp_path, ["meet.example"], datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    settings = settings_of(https={"certificate": str(files.certificate), "key": str(files.key)})
    async with RawCallee(Network().server, tls=context) as server:
        place = (server.address, server.port)
        finding = await check_certificate(settings, WayIn("tls", place, place))
    assert not finding.holds and "no authority" in finding.told

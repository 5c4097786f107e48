"""Ways to a next hop: names by SRV, TLS with the right certificate, and requests too long for a datagram."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from parley.app.ports import CallerIdentity
from parley.core.endings import Ending, Reason, Side
from parley.core.leg_inputs import Answered, CallFailed, Reached
from parley.core.outbound import Hop
from parley.core.profiles import MediaEncryption
from parley.doors.sip.resolver import NameUnknown, Place, Resolver
from parley.tls import generated_certificate
from tests.doors.sip_calling_rig import RULE, address, agent_at_work, leg_of
from tests.kit.name_server import NameServer
from tests.kit.rawcallee import RawCallee


def hop(host: str, port: int | None = None, transport: str = "udp") -> Hop:
    return Hop(RULE, host, port, transport)


def named(name: str) -> CallerIdentity:
    return CallerIdentity("room", "parley.example", name)


def secured(directory: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A peer's context with a certificate of that name, and one that trusts it."""
    directory.mkdir()
    files = generated_certificate(directory, [name], datetime.now(UTC))
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(files.certificate, files.key)
    return theirs, ssl.create_default_context(cafile=files.certificate)


async def test_services_are_tried_by_priority() -> None:
    """SRV names hosts and ports; the lower priority number comes first, and a dead one is passed over."""
    records = {
        ("_sip._udp.a.example", "SRV"): ["20 1 5070 second.example.", "10 1 5060 first.example."],
        ("first.example", "A"): ["192.0.2.1", "192.0.2.2"],
        ("second.example", "AAAA"): ["2001:db8::2"],
    }
    async with NameServer(address(), records) as names:
        resolver = Resolver([(names.address, names.port)])
        places = await resolver.places("a.example", None, "udp")
        assert set(places[:2]) == {Place("192.0.2.1", 5060, "udp"), Place("192.0.2.2", 5060, "udp")}
        assert places[2:] == [Place("2001:db8::2", 5070, "udp")]


@pytest.mark.parametrize(
    ("port", "transport", "expected"),
    [
        (None, "udp", [Place("192.0.2.7", 5062, "tcp")]),  # only TCP is offered
        (None, "tls", [Place("192.0.2.7", 5061, "tls")]),  # no SRV for it: the address
        (5099, "udp", [Place("192.0.2.7", 5099, "udp")]),  # a port that is named asks for no service
        (None, "tcp", [Place("192.0.2.7", 5062, "tcp")]),
    ],
)
async def test_what_is_asked_for(port: int | None, transport: str, expected: list[Place]) -> None:
    """The order of RFC 3263 section 4: port, service, address."""
    records = {("_sip._tcp.b.example", "SRV"): ["1 1 5062 b.example."], ("b.example", "A"): ["192.0.2.7"]}
    async with NameServer(address(), records) as names:
        assert await Resolver([(names.address, names.port)]).places("b.example", port, transport) == expected


async def test_a_name_without_an_address_is_unknown() -> None:
    """And a service that is decidedly absent is not one."""
    async with NameServer(address(), {("_sip._udp.c.example", "SRV"): ["0 0 0 ."]}) as names:
        with pytest.raises(NameUnknown):
            await Resolver([(names.address, names.port)]).places("c.example", None, "udp")


async def test_a_call_goes_where_the_service_is() -> None:
    """The INVITE arrives at the port that SRV names."""
    async with RawCallee(address(), [486]) as ada:
        records = {("_sip._udp.d.example", "SRV"): [f"1 1 {ada.port} d.example."], ("d.example", "A"): [ada.address]}
        async with (
            NameServer(address(), records) as names,
            agent_at_work(resolver=Resolver([(names.address, names.port)])) as made,
        ):
            leg, told = leg_of(made)
            leg.reach(hop("d.example"))
            assert isinstance(await told.next(), Reached)
            leg.place(20000)
            assert (await ada.hears("INVITE")).target == "sip:ada@phones.example"


async def test_a_call_by_tls_to_whom_the_certificate_names(tmp_path: Path) -> None:
    """Via and Contact say TLS; the answer comes back by the same stream; keys of SRTP are safe there."""
    place = address()
    theirs, trust = secured(tmp_path / "a", place)
    crypto = f"1 AES_CM_128_HMAC_SHA1_80 inline:{'A' * 40}"
    async with RawCallee(place, [200], tls=theirs, crypto=crypto) as ada, agent_at_work(trust=trust) as made:
        leg, told = leg_of(made)
        leg.reach(hop(place, ada.port, "tls"))
        assert isinstance(await told.next(), Reached)
        leg.place(20000)
        answered = await told.next()
        assert isinstance(answered, Answered) and answered.audio.encrypted
        invite = ada.requests("INVITE")[0]
        assert invite.header("Via").startswith("SIP/2.0/TLS ")
        assert "transport=tls" in invite.header("Contact")
        await ada.hears("ACK")
        leg.hang_up(Ending(Side.LOCAL, Reason.MEETING_ENDED))
        await ada.hears("BYE")
        assert ada.connections == 1


async def test_a_call_by_tls_is_by_plain_rtp_where_srtp_is_prohibited(tmp_path: Path) -> None:
    """For peers that have TLS alone."""
    place = address()
    theirs, trust = secured(tmp_path / "a", place)
    async with RawCallee(place, [200], tls=theirs) as ada, agent_at_work(trust=trust) as made:
        leg, told = leg_of(made, encryption=MediaEncryption.PROHIBITED)
        leg.reach(hop(place, ada.port, "tls"))
        assert isinstance(await told.next(), Reached)
        leg.place(20000)
        answered = await told.next()
        assert isinstance(answered, Answered) and not answered.audio.encrypted
        assert "crypto" not in ada.requests("INVITE")[0].text


@pytest.mark.parametrize("case", ["another name", "a stranger's"])
async def test_no_call_to_whoever_shows_another_certificate(tmp_path: Path, case: str) -> None:
    """Nothing is sent: the far end is not whom we want, or nobody we trust says so."""
    place = address()
    theirs, trust = secured(tmp_path / "a", "other.example" if case == "another name" else place)
    if case == "a stranger's":
        _, trust = secured(tmp_path / "b", place)
    async with RawCallee(place, [200], tls=theirs) as ada, agent_at_work(trust=trust) as made:
        leg, told = leg_of(made)
        leg.reach(hop(place, ada.port, "tls"))
        assert await told.next() == CallFailed(Ending(Side.LOCAL, Reason.UNREACHABLE))
        assert ada.heard == []


async def test_what_is_too_long_for_a_datagram_goes_by_tcp() -> None:
    """Over 1300 bytes the same peer is called by a stream (RFC 3261 section 18.1.1); short ones stay datagrams."""
    async with RawCallee(address(), [486]) as ada, agent_at_work() as made:
        for name, transport in (("Short", "UDP"), ("x" * 100, "TCP")):
            leg, told = leg_of(made, identity=named(name))
            leg._target = f"sip:{'a' * (400 if transport == 'TCP' else 4)}@phones.example"
            leg.reach(hop(ada.address, ada.port))
            assert isinstance(await told.next(), Reached)
            leg.place(20000)
            assert isinstance(await told.next(), CallFailed)
            assert ada.requests("INVITE")[-1].header("Via").startswith(f"SIP/2.0/{transport} ")


async def test_a_peer_without_tcp_gets_the_long_datagram() -> None:
    """Better a fragmented request than none."""
    async with RawCallee(address(), [486]) as ada, agent_at_work() as made:
        ada._server.close()
        leg, told = leg_of(made, identity=named("x" * 100))
        leg._target = f"sip:{'a' * 400}@phones.example"
        leg.reach(hop(ada.address, ada.port))
        assert isinstance(await told.next(), Reached)
        leg.place(20000)
        assert isinstance(await told.next(), CallFailed)
        assert ada.requests("INVITE")[-1].header("Via").startswith("SIP/2.0/UDP ")

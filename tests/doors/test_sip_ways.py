"""Ways to a next hop: names by SRV, TLS with the right certificate, and requests too long for a datagram."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from parley.app.ports import CallerIdentity
from parley.core.endings import Ending, Reason, Side
from parley.core.leg_inputs import Answered, CallFailed, Reached, Ringing
from parley.core.outbound import FailureAction, Hop
from parley.core.profiles import MediaEncryption
from parley.doors.sip.agent import SipAgent
from parley.doors.sip.outgoing import OutgoingSipLeg
from parley.doors.sip.resolver import NameUnknown, Place, Resolver
from parley.doors.sip.tries import KNOCK_AFTER, SHUNNED_FOR, SILENT_FOR
from parley.tls import generated_certificate
from tests.doors.sip_calling_rig import RULE, Told, address, agent_at_work, leg_of
from tests.kit.manual_clock import ManualClock
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
    """And a service that is decidedly absent is not one, whatever else stands at its name (RFC 2782)."""
    records = {("_sip._udp.c.example", "SRV"): ["0 0 0 ."], ("c.example", "A"): ["192.0.2.7"]}
    async with NameServer(address(), records) as names:
        resolver = Resolver([(names.address, names.port)])
        for name in ("c.example", "d.example"):
            with pytest.raises(NameUnknown):
                await resolver.places(name, None, "udp")
        assert await resolver.places("c.example", None, "tcp") == [Place("192.0.2.7", 5060, "tcp")]


async def test_a_service_by_tcp_alone_is_used() -> None:
    """Where the one by UDP is decidedly absent."""
    records = {
        ("_sip._udp.c.example", "SRV"): ["0 0 0 ."],
        ("_sip._tcp.c.example", "SRV"): ["1 1 5062 c.example."],
        ("c.example", "A"): ["192.0.2.7"],
    }
    async with NameServer(address(), records) as names:
        resolver = Resolver([(names.address, names.port)])
        assert await resolver.places("c.example", None, "udp") == [Place("192.0.2.7", 5062, "tcp")]


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


@asynccontextmanager
async def served_by(
    first: tuple[str, int], second: tuple[str, int], transport: str = "udp"
) -> AsyncIterator[tuple[SipAgent, ManualClock]]:
    """An agent that finds e.example at these two places, in this order."""
    clock = ManualClock()
    found = {
        (f"_sip._{transport}.e.example", "SRV"): [f"1 1 {first[1]} one.e.example.", f"2 1 {second[1]} two.e.example."],
        ("one.e.example", "A"): [first[0]],
        ("two.e.example", "A"): [second[0]],
    }
    async with (
        NameServer(address(), found) as names,
        agent_at_work(clock, resolver=Resolver([(names.address, names.port)])) as made,
    ):
        yield made, clock


async def called(made: SipAgent, transport: str = "udp") -> tuple[OutgoingSipLeg, Told]:
    leg, told = leg_of(made)
    leg.reach(hop("e.example", transport=transport))
    assert isinstance(await told.next(), Reached)
    leg.place(20000)
    return leg, told


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("late", [180, 200])
async def test_a_place_that_says_nothing_is_passed_over(transport: str, late: int) -> None:
    """Before people lose patience the next place of the service is called, by another Call-ID (RFC 3263 section 4.3).
    Who wakes up too late gets a CANCEL when it rings there, and a BYE when it is answered."""
    async with (
        RawCallee(address(), []) as silent,
        RawCallee(address(), [200]) as ada,
        served_by((silent.address, silent.port), (ada.address, ada.port), transport) as (made, clock),
    ):
        _, told = await called(made, transport)
        first = await silent.hears("INVITE")
        clock.advance(SILENT_FOR - 0.01)
        assert told.unread == []
        clock.advance(0.02)
        assert isinstance(await told.next(), Answered)
        assert (await ada.hears("INVITE")).header("Call-ID") != first.header("Call-ID")
        await ada.hears("ACK")
        silent.respond(late)
        await silent.hears("CANCEL" if late == 180 else "BYE")
        assert (await silent.hears("ACK")).header("CSeq") == "1 ACK"
        await asyncio.sleep(0.05)
        assert told.unread == [] and ada.requests("BYE") == []


async def test_a_machine_without_the_port_is_passed_over_at_once() -> None:
    """It says so by ICMP."""
    closed = address()
    async with (
        RawCallee(address(), [180, 200]) as ada,
        served_by((closed, 5060), (ada.address, ada.port)) as (made, clock),
    ):
        await called(made)
        clock.advance(KNOCK_AFTER + 0.01)
        await ada.hears("ACK")


async def test_a_place_that_is_out_of_service_is_passed_over() -> None:
    """503 is of the place, not of who is called (RFC 3263 section 4.3); of the last place it is the call's end."""
    async with (
        RawCallee(address(), [100, 503]) as one,
        RawCallee(address(), [503]) as two,
        served_by((one.address, one.port), (two.address, two.port)) as (made, _),
    ):
        _, told = await called(made)
        assert await told.next() == CallFailed(Ending(Side.REMOTE, Reason.UNREACHABLE))
        assert [len(place.requests("INVITE")) for place in (one, two)] == [1, 1]


async def test_where_it_has_rung_no_other_place_is_called() -> None:
    """The person would be rung twice."""
    async with (
        RawCallee(address(), [180, 503]) as one,
        RawCallee(address(), [200]) as two,
        served_by((one.address, one.port), (two.address, two.port)) as (made, clock),
    ):
        _, told = await called(made)
        assert isinstance(await told.next(), Ringing)
        assert await told.next() == CallFailed(Ending(Side.REMOTE, Reason.UNREACHABLE))
        clock.advance(SILENT_FOR + 1)
        await asyncio.sleep(0.05)
        assert two.heard == [] and told.unread == []


async def test_a_place_that_our_port_cannot_reach_is_passed_over() -> None:
    """The port is open towards the first one; a place of the other IP version is no way for it, and the next one is."""
    async with RawCallee(address(), [503]) as one, RawCallee("::1", [200]) as two, RawCallee(address(), [486]) as three:
        records = {
            ("_sip._udp.f.example", "SRV"): [
                f"{n} 1 {at.port} {n}.f.example." for n, at in enumerate((one, two, three))
            ]
        }
        records |= {
            ("0.f.example", "A"): [one.address],
            ("1.f.example", "AAAA"): ["::1"],
            ("2.f.example", "A"): [three.address],
        }
        async with (
            NameServer(address(), records) as names,
            agent_at_work(resolver=Resolver([(names.address, names.port)])) as made,
        ):
            await made.open(udp=("::1", 0), tcp=None)
            leg, told = leg_of(made)
            leg.reach(hop("f.example"))
            assert isinstance(await told.next(), Reached)
            leg.place(20000)
            assert await told.next() == CallFailed(Ending(Side.REMOTE, Reason.BUSY))
            assert [len(at.requests("INVITE")) for at in (one, two, three)] == [1, 0, 1]


async def test_a_dead_place_is_tried_last_for_a_while() -> None:
    """The next call loses no time with it; a minute later it has its turn again."""
    async with (
        RawCallee(address(), []) as silent,
        RawCallee(address(), [486]) as ada,
        served_by((silent.address, silent.port), (ada.address, ada.port)) as (made, clock),
    ):
        _, told = await called(made)
        clock.advance(SILENT_FOR)
        assert isinstance(await told.next(), CallFailed)
        _, told = await called(made)
        assert isinstance(await told.next(), CallFailed)
        assert len(ada.requests("INVITE")) == 2 and len(silent.requests("INVITE")) == 1
        clock.advance(SHUNNED_FOR)
        leg, _ = await called(made)
        await silent.hears("INVITE", 2)
        leg.give_up()


@pytest.mark.parametrize(
    ("action", "contact", "listens", "seconds"),
    [
        (FailureAction.STOP, None, True, 32.0),
        (FailureAction.STOP, None, False, 32.0),
        (FailureAction.CONTINUE, None, True, SILENT_FOR),
        (FailureAction.CONTINUE, None, False, KNOCK_AFTER),
        (FailureAction.CONTINUE, "sip:ada@192.0.2.9", True, 32.0),
    ],
    ids=["nowhere else to go", "closed, and nowhere else to go", "another rule", "closed, and another rule", "a phone"],
)
async def test_how_long_the_only_place_of_a_hop_has(
    action: FailureAction, contact: str | None, listens: bool, seconds: float
) -> None:
    """With nowhere else to go, an INVITE is repeated until timer B ends it; where the rule says to continue, the next
    one is soon asked. A phone that registered may be asleep."""
    async with RawCallee(address(), []) as silent:
        clock = ManualClock()
        if not listens:
            silent._datagrams.close()
            await asyncio.sleep(0.01)
        async with agent_at_work(clock) as made:
            leg, told = leg_of(made)
            leg.reach(replace(hop(silent.address, silent.port), failure_action=action, contact=contact))
            assert isinstance(await told.next(), Reached)
            leg.place(20000)
            clock.advance(seconds - 0.1)
            await asyncio.sleep(0.05)
            assert told.unread == []
            clock.advance(0.2)
            assert await told.next() == CallFailed(Ending(Side.REMOTE, Reason.UNREACHABLE))


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


async def test_a_stream_is_used_again_for_the_name_that_it_has_shown_alone(tmp_path: Path) -> None:
    """Two names lead to one place: the certificate was that of the first, so no call to the second goes that way."""
    place = address()
    theirs, trust = secured(tmp_path / "a", "one.example")
    async with RawCallee(place, [486], tls=theirs) as ada:
        records = {("one.example", "A"): [place], ("two.example", "A"): [place]}
        async with (
            NameServer(address(), records) as names,
            agent_at_work(resolver=Resolver([(names.address, names.port)]), trust=trust) as made,
        ):
            for name in ("one.example", "two.example", "one.example"):
                leg, told = leg_of(made)
                leg.reach(hop(name, ada.port, "tls"))
                if name == "two.example":
                    assert await told.next() == CallFailed(Ending(Side.LOCAL, Reason.UNREACHABLE))
                    continue
                assert isinstance(await told.next(), Reached)
                leg.place(20000)
                assert isinstance(await told.next(), CallFailed)
            assert ada.connections == 1 and len(ada.requests("INVITE")) == 2


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

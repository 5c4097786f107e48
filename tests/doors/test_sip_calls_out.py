"""The SIP door's calling half on real sockets: what it says to a next hop, and what it makes of the answers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable

import pytest

from parley.app.ports import CallerIdentity
from parley.app.tasks import Tasks
from parley.core.endings import Ending, Reason, Side
from parley.core.forwarding import Passage
from parley.core.leg_inputs import Answered, CallFailed, MediaChanged, Reached, RemoteEnded, Ringing
from parley.core.outbound import Credentials, Hop, Target
from parley.core.profiles import MediaEncryption
from parley.core.secret import Secret
from parley.doors.sip.agent import SipAgent
from parley.doors.sip.outgoing import OutgoingSipLeg, display, ending_of
from parley.doors.sip.stored_call import invite_of
from tests.doors.sip_calling_rig import (
    HOST,
    ROOM,
    RULE,
    Told,
    agent_at_work,
    callee,
    calling_agent,
    hop,
    leg_of,
    listening,
)
from tests.kit.rawcallee import RawCallee


@pytest.fixture
async def agent() -> AsyncIterator[SipAgent]:
    async with agent_at_work() as made:
        yield made


async def placed(agent: SipAgent, at: Hop, identity: CallerIdentity = ROOM) -> tuple[OutgoingSipLeg, Told]:
    leg, told = leg_of(agent, identity=identity)
    leg.reach(at)
    reached = await told.hears(Reached)
    assert reached == Reached(HOST, at.host)
    leg.place(20000)
    return leg, told


async def test_what_an_invite_says(agent: SipAgent) -> None:
    """Request-URI and To name the target, From the room, Contact our socket; the SDP offers all that we speak."""
    async with callee([100, 180, 200]) as ada:
        leg, told = await placed(agent, hop(ada))
        await told.hears(Ringing)
        answered = await told.hears(Answered)
        invite = ada.requests("INVITE")[0]
        assert invite.target == "sip:ada@phones.example" and invite.header("To") == "<sip:ada@phones.example>"
        assert re.fullmatch(r'"The Room" <sip:room@parley.example>;tag=\w+', invite.header("From"))
        assert invite.header("Contact").startswith(f"<sip:room@{HOST}:")
        assert invite.header("Call-ID") == leg.facts().sip_call_id
        for line in (
            f"c=IN IP4 {HOST}",
            "m=audio 20000 RTP/AVP 111 9 0 8",
            "opus/48000/2",
            "PCMU/8000",
            "telephone-event",
        ):
            assert line in invite.text
        assert isinstance(answered, Answered)
        audio = answered.audio
        assert (audio.remote_host, audio.remote_port, audio.codec.name) == (ada.address, 40000, "pcmu")
        assert audio.sends and audio.receives
        await ada.hears("ACK")
        leg.hang_up(Ending(Side.LOCAL, Reason.MEETING_ENDED))
        bye = await ada.hears("BYE")
        assert bye.target == f"sip:callee@{ada.place}" and bye.tag == invite.tag
        assert [type(message) for message in told.messages].count(Answered) == 1


async def test_a_registered_phone_behind_address_translation_is_in_the_call(agent: SipAgent) -> None:
    """It gets ACK and BYE where its registration came from, under the inner address that it names."""
    async with callee([180, 200]) as ada:
        ada.inner = "192.168.1.7:5066"
        leg, told = await placed(agent, hop(ada, contact="sip:ada@192.168.1.7:5060"))
        await told.hears(Answered)
        assert ada.requests("INVITE")[0].target == "sip:ada@192.168.1.7:5060"
        assert (await ada.hears("ACK")).target == "sip:callee@192.168.1.7:5066"
        leg.hang_up(Ending(Side.LOCAL, Reason.MEETING_ENDED))
        assert (await ada.hears("BYE")).target == "sip:callee@192.168.1.7:5066"


async def test_a_rule_may_name_other_domains(agent: SipAgent) -> None:
    """From and Contact carry the domains of the hop's rule."""
    async with callee([486]) as ada:
        await placed(agent, hop(ada, from_domain="f.example", contact_domain="c.example"))
        invite = await ada.hears("INVITE")
        assert "<sip:room@f.example>" in invite.header("From")
        assert invite.header("Contact") == "<sip:room@c.example>"


@pytest.mark.parametrize(
    ("identity", "sender"),
    [
        (CallerIdentity("a b;x=y", "d.example", ""), "<sip:a%20b%3Bx=y@d.example>"),
        (CallerIdentity("r", "d.example", 'Say "hi"\r\nVia: x\\'), '"Say \\"hi\\"Via: x\\\\" <sip:r@d.example>'),
        (CallerIdentity("r", "d.example", "会议室"), '"会议室" <sip:r@d.example>'),
    ],
)
async def test_a_name_cannot_get_out_of_its_place(agent: SipAgent, identity: CallerIdentity, sender: str) -> None:
    """Quotes, line ends and separators in names of spaces are escaped or left out."""
    async with callee([486]) as ada:
        await placed(agent, hop(ada), identity)
        invite = await ada.hears("INVITE")
        assert invite.header("From").rpartition(";tag=")[0] == sender
        assert len(re.findall(r"(?m)^Via:", invite.text)) == 1


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (305, Reason.DECLINED),
        (380, Reason.DECLINED),
        (403, Reason.DECLINED),
        (404, Reason.UNREACHABLE),
        (408, Reason.NO_ANSWER),
        (480, Reason.NO_ANSWER),
        (486, Reason.BUSY),
        (488, Reason.NO_COMMON_CODEC),
        (500, Reason.UNREACHABLE),
        (503, Reason.UNREACHABLE),
        (600, Reason.BUSY),
        (603, Reason.DECLINED),
        (604, Reason.UNREACHABLE),
        (606, Reason.NO_COMMON_CODEC),
        (401, Reason.DECLINED),
        (407, Reason.DECLINED),
    ],
)
async def test_each_refusal_has_its_meaning(agent: SipAgent, status: int, reason: Reason) -> None:
    """It is acknowledged, told once, and not tried again."""
    async with callee([status]) as ada:
        _, told = await placed(agent, hop(ada))
        assert await told.hears(CallFailed) == CallFailed(Ending(Side.REMOTE, reason))
        await ada.hears("ACK")
        assert len(ada.requests("INVITE")) == 1


def test_every_final_status_has_a_meaning() -> None:
    """Nothing from 300 to 699 is without one, and all are the far end's."""
    for status in range(300, 700):
        assert ending_of(status).side is Side.REMOTE


@pytest.mark.parametrize(
    ("status", "ask", "give"),
    [(401, "WWW-Authenticate", "Authorization"), (407, "Proxy-Authenticate", "Proxy-Authorization")],
)
async def test_a_challenge_is_answered_once(agent: SipAgent, status: int, ask: str, give: str) -> None:
    """Same call, same tag, next CSeq; when the answer does not please, that is the end of it."""
    challenge = (status, f'{ask}: Digest realm="trunk", nonce="n1", qop="auth", algorithm=SHA-256')
    again = (status, f'{ask}: Digest realm="trunk", nonce="n2", qop="auth", algorithm=SHA-256')
    credentials = Credentials("parley", Secret("sesame"), "trunk")
    async with callee([challenge], [again]) as ada:
        _, told = await placed(agent, hop(ada, credentials=credentials))
        assert await told.hears(CallFailed) == CallFailed(Ending(Side.REMOTE, Reason.DECLINED))
        first, second = ada.requests("INVITE")
        assert first.header(give) == "" and 'username="parley"' in second.header(give)
        assert (first.header("Call-ID"), first.tag) == (second.header("Call-ID"), second.tag)
        assert (first.header("CSeq"), second.header("CSeq")) == ("1 INVITE", "2 INVITE")
        assert "sesame" not in second.text


async def test_an_answer_with_other_payload_types_is_understood_by_both(agent: SipAgent) -> None:
    """They send Opus as we called it, and we as they did (RFC 3264 section 6.1)."""
    async with callee([200], codec="opus/48000/2", format=96) as ada:
        _, told = await placed(agent, hop(ada))
        answered = await told.hears(Answered)
        assert isinstance(answered, Answered)
        assert (answered.audio.codec.payload_type, answered.audio.payload_type_in) == (96, 111)


async def test_an_answer_without_a_codec_of_ours_is_hung_up(agent: SipAgent) -> None:
    """The call was taken, so it gets its ACK and a BYE; the leg hears of no codec."""
    async with callee([200], codec="G729/8000", format=18) as ada:
        _, told = await placed(agent, hop(ada))
        assert await told.hears(CallFailed) == CallFailed(Ending(Side.REMOTE, Reason.NO_COMMON_CODEC))
        await ada.hears("ACK")
        await ada.hears("BYE")


async def test_giving_up_cancels_and_says_nothing_more(agent: SipAgent) -> None:
    """CANCEL once it rings; its 487 is no news."""
    async with callee([180]) as ada:
        leg, told = await placed(agent, hop(ada))
        await told.hears(Ringing)
        leg.give_up()
        cancel = await ada.hears("CANCEL")
        assert cancel.header("CSeq") == "1 CANCEL" and cancel.target == "sip:ada@phones.example"
        await ada.hears("ACK")
        await asyncio.sleep(0.05)
        assert [type(message) for message in told.messages] == [Reached, Ringing]
        assert agent.live[1] == 0


async def test_an_answer_that_crosses_our_cancel_is_hung_up(agent: SipAgent) -> None:
    """Who took the call all the same gets his ACK and a BYE; the leg hears of no answer."""
    async with callee([180]) as ada:
        ada.deaf = True
        leg, told = await placed(agent, hop(ada))
        await told.hears(Ringing)
        leg.give_up()
        await ada.hears("CANCEL")
        ada.respond(200)
        await ada.hears("ACK")
        assert (await ada.hears("BYE")).target == f"sip:callee@{ada.place}"
        assert not any(isinstance(message, Answered) for message in told.messages)


async def test_a_call_given_up_before_the_way_is_known_is_never_made(agent: SipAgent) -> None:
    """A late way leads to no INVITE."""
    async with callee([200]) as ada:
        leg, told = leg_of(agent)
        leg.reach(hop(ada))
        leg.give_up()
        await asyncio.sleep(0.05)
        leg.place(20000)
        await asyncio.sleep(0.05)
        assert ada.heard == [] and told.messages == []


async def test_the_next_hop_gets_a_call_of_its_own(agent: SipAgent) -> None:
    """Another Call-ID, so that no proxy takes it for a copy of the first."""
    async with callee([503]) as first, callee([200]) as second:
        leg, told = await placed(agent, hop(first))
        await told.hears(CallFailed)
        leg.reach(hop(second))
        await told.hears(Reached, 2)
        leg.place(20000)
        await told.hears(Answered)
        ids = [one.requests("INVITE")[0].header("Call-ID") for one in (first, second)]
        assert ids[0] != ids[1] and leg.facts().sip_call_id == ids[1]


async def test_the_far_end_renegotiates_and_ends_like_any_other(agent: SipAgent) -> None:
    """A re-INVITE is answered with our port, its BYE ends the leg."""
    async with callee([200]) as ada:
        leg, told = await placed(agent, hop(ada))
        answered = await told.hears(Answered)
        await ada.hears("ACK")
        invite = ada.requests("INVITE")[0]
        replies: list[str] = []
        send = _peer(ada, invite.header("From"), invite.header("Call-ID"), invite.header("Contact"), replies)
        await send(
            "INVITE",
            1,
            f"v=0\r\no=c 7 8 IN IP4 {ada.address}\r\ns=-\r\nc=IN IP4 {ada.address}\r\nt=0 0\r\n"
            "m=audio 40002 RTP/AVP 0\r\na=sendonly\r\n",
        )
        changed = await told.hears(MediaChanged)
        assert isinstance(changed, MediaChanged) and isinstance(answered, Answered)
        assert (changed.audio.remote_port, changed.audio.sends) == (40002, False)
        leg.accept_change(changed.audio)
        await asyncio.sleep(0.1)
        assert any(reply.startswith("SIP/2.0 200") and "m=audio 20000" in reply for reply in replies), replies
        await send("BYE", 2, "")
        assert await told.hears(RemoteEnded) == RemoteEnded(Ending(Side.REMOTE, Reason.HANG_UP))


def _peer(ada: RawCallee, ours: str, call_id: str, contact: str, replies: list[str]) -> Callable[..., object]:
    """Sends requests of the far end inside the dialog from its own socket."""
    place = re.search(r"@([\d.]+):(\d+)", contact)
    assert place is not None
    address = (place[1], int(place[2]))

    async def send(method: str, number: int, body: str) -> None:
        lines = [
            f"{method} {contact.strip('<>')} SIP/2.0",
            f"Via: SIP/2.0/UDP {ada.place};branch=z9hG4bK{method}{number};rport",
            "From: <sip:ada@phones.example>;tag=callee",
            f"To: {ours}",
            f"Call-ID: {call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:callee@{ada.place}>",
            "Max-Forwards: 70",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        ada.replies = replies
        ada.send(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), address)

    return send


async def test_over_a_stream_all_goes_by_one_connection(agent: SipAgent) -> None:
    """Two calls to one place share the stream; Via and Contact name it."""
    async with callee([200]) as ada:
        for number in (1, 2):
            leg, told = await placed(agent, hop(ada, "tcp"))
            await told.hears(Answered)
            await ada.hears("ACK", number)
            assert leg.facts().transport == "tcp"
            leg.hang_up(Ending(Side.LOCAL, Reason.HANG_UP))
            await ada.hears("BYE", number)
        assert ada.connections == 1
        invite = ada.requests("INVITE")[0]
        assert invite.header("Via").startswith("SIP/2.0/TCP") and "transport=tcp" in invite.header("Contact")


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (("no-such-name.invalid", 5060, "udp"), Reason.NAME_UNKNOWN),
        (("127.0.0.1", 1, "tcp"), Reason.UNREACHABLE),
        (("::1", 5060, "udp"), Reason.UNREACHABLE),  # we have no socket for it
        (("0.0.0.0", 5060, "udp"), Reason.UNREACHABLE),
        (("224.0.1.75", 5060, "udp"), Reason.UNREACHABLE),
        (("192.0.2.1", 5061, "tls"), Reason.UNREACHABLE),
    ],
    ids=str,
)
async def test_ways_that_lead_nowhere(agent: SipAgent, place: tuple[str, int, str], reason: Reason) -> None:
    """Each is told at once, and is our own finding."""
    leg, told = leg_of(agent)
    leg.reach(Hop(RULE, *place))
    assert await told.hears(CallFailed) == CallFailed(Ending(Side.LOCAL, reason))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_our_own_listener_is_no_next_hop(agent: SipAgent, transport: str) -> None:
    """A call that would come back to us is not made."""
    port = agent.ports[transport]
    leg, told = leg_of(agent)
    leg.reach(Hop(RULE, HOST, port, transport))
    assert await told.hears(CallFailed) == CallFailed(Ending(Side.LOCAL, Reason.LOOP))
    assert not agent.dialler.is_loop(HOST, port + 1, transport)
    assert not agent.dialler.is_loop("127.0.0.9", port, transport), "another address of this machine is not ours"


async def test_a_wildcard_listener_is_every_address_of_this_machine() -> None:
    """Bound to all of them, none of them is a next hop at that port."""
    made = calling_agent(Tasks())
    port = (await made.open(udp=("0.0.0.0", 0), tcp=None))["udp"]
    assert made.dialler.is_loop("127.0.0.1", port, "udp") and made.dialler.is_loop(HOST, port, "udp")
    assert not made.dialler.is_loop("192.0.2.1", port, "udp")
    await made.close()


def test_a_display_name_is_bounded() -> None:
    """Longer names are cut; none at all leaves no quotes."""
    assert display("") == "" and display("\r\n") == ""
    assert len(display("x" * 1000)) < 110


SUITE = "AES_CM_128_HMAC_SHA1_80"
THEIR_KEY = "A" * 40


async def test_srtp_is_offered_where_it_must_be(agent: SipAgent) -> None:
    """One section for SRTP alone with a key of ours; the answer's key is theirs."""
    async with callee([200], crypto=f"1 {SUITE} inline:{THEIR_KEY}") as ada:
        leg, told = leg_of(agent, encryption=MediaEncryption.REQUIRED)
        leg.reach(hop(ada))
        await told.hears(Reached)
        leg.place(20000)
        answered = await told.hears(Answered)
        text = ada.requests("INVITE")[0].text
        assert "m=audio 20000 RTP/SAVP " in text and text.count("m=audio") == 1
        found = re.findall(r"a=crypto:(\d+) (\w+) inline:(\S+)", text)
        assert isinstance(answered, Answered) and answered.audio.srtp is not None
        srtp = answered.audio.srtp
        assert found == [("1", SUITE, srtp.ours.reveal())] and srtp.theirs.reveal() == THEIR_KEY
        leg.hang_up(Ending(Side.LOCAL, Reason.MEETING_ENDED))
        await ada.hears("BYE")


@pytest.mark.parametrize("crypto", ["", f"2 {SUITE} inline:{THEIR_KEY}", f"1 {SUITE} inline:AAAA"])
async def test_an_offer_of_srtp_is_not_taken_for_less(agent: SipAgent, crypto: str) -> None:
    """A plain answer, another tag or a broken key: acknowledged, hung up, and the call has failed."""
    async with callee([200], crypto=crypto) as ada:
        leg, told = leg_of(agent, encryption=MediaEncryption.REQUIRED)
        leg.reach(hop(ada))
        await told.hears(Reached)
        leg.place(20000)
        failed = await told.hears(CallFailed)
        assert failed == CallFailed(Ending(Side.REMOTE, Reason.NO_COMMON_CODEC))
        await ada.hears("BYE")


# --- redirections, early media, credentials -----------------------------------------------------------------------


async def test_a_redirection_tells_where_to(agent: SipAgent) -> None:
    """Contacts of sip and sips with a name, best first, without what they would add to a message of ours."""
    contacts = (
        "Contact: <sip:low@b.example>;q=0.1, <sip:high@B.example:5070;transport=tcp?Subject=x>;q=0.9, <tel:+1>\r\n"
        "Contact: <sips:top@[2001:db8::1]>, <sip:low@b.example>;q=0.2, <sip:nobody.example>"
    )
    async with callee([(302, contacts)]) as ada:
        _, told = await placed(agent, hop(ada))
        failed = await told.hears(CallFailed)
        assert isinstance(failed, CallFailed) and failed.ending == Ending(Side.REMOTE, Reason.DECLINED)
        ours = f"sip:callee@{ada.place}"  # stands first in every answer of this callee
        assert failed.elsewhere == (ours, "sips:top@[2001:db8::1]", "sip:high@b.example:5070", "sip:low@b.example")


async def test_a_hop_for_somebody_else_names_him(agent: SipAgent) -> None:
    """The Request-URI and To of a redirected call are those of the redirection."""
    async with callee([486]) as ada:
        await placed(agent, hop(ada, target="sip:bob@b.example"))
        invite = await ada.hears("INVITE")
        assert invite.target == "sip:bob@b.example" and invite.header("To") == "<sip:bob@b.example>"


CHALLENGE = 'WWW-Authenticate: Digest realm="trunk", nonce="n1", qop="auth", algorithm=SHA-256'


async def test_an_answer_that_comes_early_is_one_and_everything_is_proven(agent: SipAgent) -> None:
    """SDP in a reliable 183 and none in the 200; PRACK and BYE are challenged and repeated with credentials."""
    credentials = Credentials("parley", Secret("sesame"), "trunk")
    progress = (183, "Require: 100rel\r\nRSeq: 1")
    async with callee([100, progress, progress], describes=183, challenges=CHALLENGE) as ada:
        leg, told = await placed(agent, hop(ada, credentials=credentials))
        await ada.hears("PRACK", 2)
        ada.respond(200)
        answered = await told.hears(Answered)
        assert isinstance(answered, Answered) and answered.audio.remote_port == 40000
        leg.hang_up(Ending(Side.LOCAL, Reason.MEETING_ENDED))
        await ada.hears("BYE", 2)
        for method in ("PRACK", "BYE"):
            first, second = ada.requests(method)
            assert first.header("Authorization") == "" and f'uri="{second.target}"' in second.header("Authorization")
        assert {one.header("RAck") for one in ada.requests("PRACK")} == {"1 1 INVITE"}
        assert [type(message) for message in told.messages].count(Ringing) == 1


async def test_unreliable_early_sdp_is_no_answer(agent: SipAgent) -> None:
    """It may be lost or replaced; a 200 without SDP after it leaves nothing agreed."""
    async with callee([183], describes=183) as ada:
        _, told = await placed(agent, hop(ada))
        await told.hears(Ringing)
        ada.respond(200)
        assert await told.hears(CallFailed) == CallFailed(Ending(Side.REMOTE, Reason.NO_COMMON_CODEC))


async def test_a_call_that_is_passed_on_says_so(agent: SipAgent) -> None:
    """One Max-Forwards, the caller's less one, the marks, and the parameters of the address."""
    async with callee([200]) as phone:
        target = Target("ada", "phones.example", parameters=";user=phone")
        leg = agent.dialler.outgoing(target, ROOM, passage=Passage(8, ("0" * 16,)))
        told = Told()
        leg.attach(told)
        leg.reach(Hop(RULE, phone.address, phone.port))
        await told.hears(Reached)
        leg.place(4000)
        heard = await phone.hears("INVITE")
        assert heard.target == "sip:ada@phones.example;user=phone"
        assert heard.header("Max-Forwards") == "8" and heard.text.count("Max-Forwards:") == 1
        assert heard.header("Parley-Passed") == "0" * 16


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_the_next_life_gives_up_a_call_that_rings(transport: str) -> None:
    """Its CANCEL is of the INVITE that rang, by another stream where it went by one; the 487 gets its ACK."""
    before, after = Tasks(), Tasks()
    killed = await listening(before)
    async with callee([180]) as ada:
        leg, told = await placed(killed, hop(ada, transport))
        await told.hears(Ringing)
        invite, written = await ada.hears("INVITE"), leg.written()
        port = killed.ports["udp"]
        await killed.close()
        await before.cancel()
        again = await listening(after, port)
        try:
            again.give_up(written)
            cancel = await ada.hears("CANCEL")
            for name in ("Via", "From", "To", "Call-ID"):
                assert cancel.header(name) == invite.header(name)
            assert (cancel.target, cancel.header("CSeq")) == (invite.target, "1 CANCEL")
            if transport == "udp":  # by a stream the phone's 487 would come by one of its own
                await ada.hears("ACK")
            assert len(ada.requests("INVITE")) == 1 and ada.connections == (2 if transport == "tcp" else 0)
        finally:
            await after.cancel()
            await again.close()


async def test_who_takes_a_call_that_the_next_life_gives_up_is_hung_up_on() -> None:
    """The answer crosses the CANCEL, or came while no server ran and is said again: ACK and BYE."""
    before, after = Tasks(), Tasks()
    killed = await listening(before)
    async with callee([180]) as ada:
        ada.deaf = True
        leg, told = await placed(killed, hop(ada))
        await told.hears(Ringing)
        written, port = leg.written(), killed.ports["udp"]
        await killed.close()
        await before.cancel()
        again = await listening(after, port)
        try:
            again.give_up(written)
            await ada.hears("CANCEL")
            ada.respond(200)
            ack, bye = await ada.hears("ACK"), await ada.hears("BYE")
            assert ack.header("To") == bye.header("To") and "tag=callee" in bye.header("To")
            assert bye.target.startswith("sip:callee@") and again._legs == {}
            assert again.live[1] == 0, "a dialog is left"
        finally:
            await after.cancel()
            await again.close()


async def test_what_is_written_of_a_call_and_when(agent: SipAgent) -> None:
    """Nothing before the INVITE, the INVITE while it rings, nothing once it is refused or given up."""
    async with callee([180], [180, 486]) as ada:
        leg, told = leg_of(agent)
        assert leg.written() == b""
        leg.reach(hop(ada))
        await told.hears(Reached)
        leg.place(40000)
        await told.hears(Ringing)
        assert invite_of(leg.written()).sent.startswith(b"INVITE sip:ada@phones.example")
        leg.give_up()
        assert leg.written() == b""
        leg, told = await placed(agent, hop(ada))
        await told.hears(CallFailed)
        assert leg.written() == b""


def test_what_no_version_has_written(agent: SipAgent) -> None:
    """Is passed over."""
    for written in (b"", b"{}", b"[1]"):
        agent.give_up(written)

"""That everything ends: what a peer leaves open, repeats or never answers is neither kept for ever nor ends a call."""

import pytest

from parley.wire.sip.answers import Dialect
from parley.wire.sip.events import DialogEnded, DialogId, IncomingInvite, ResponseReceived, TransactionFailed
from parley.wire.sip.flow import Flow
from parley.wire.sip.layer import SipLayer
from parley.wire.sip.message import Request, Response
from tests.kit.sip_wire import PHONE, SERVER, Desk, counting_token, request
from tests.wire.sip.test_client_transactions import OFFER, call, reply

ANSWER_LIMIT = 300


def answered(desk: Desk, extra: str = "", contact: str = "<sip:phone@192.0.2.50:5062>") -> tuple[Request, DialogId]:
    """A call of ours that stands."""
    _, invite = call(desk)
    desk.hear(reply(invite, 200, extra=extra, contact=contact))
    received = desk.last(ResponseReceived)
    assert isinstance(received, ResponseReceived) and received.dialog is not None
    return invite, received.dialog


def theirs(dialog: DialogId, method: str, number: int, **more: str) -> bytes:
    """A request of the one we called."""
    return request(
        method,
        branch=f"z9hG4bK{method}{number}",
        from_=f"<sip:phone@192.0.2.50>;tag={dialog.remote_tag}",
        to=f"<sip:room@192.0.2.1>;tag={dialog.local_tag}",
        call_id=dialog.call_id,
        number=number,
        **more,
    )


def methods(said: list[Request | Response]) -> list[str]:
    return [message.method for message in said if isinstance(message, Request)]


@pytest.mark.parametrize("hangs_up", ["they", "we"])
def test_a_reinvite_that_is_never_answered_does_not_outlive_its_call(hangs_up: str) -> None:
    """Only 100 came for our re-INVITE when somebody hung up: minutes later nothing of either is left."""
    desk = Desk()
    _, dialog = answered(desk)
    desk.layer.reinvite(dialog, desk.now, body=OFFER)
    (again,) = desk.said()
    assert isinstance(again, Request)
    desk.hear(reply(again, 100))
    if hangs_up == "they":
        desk.hear(theirs(dialog, "BYE", 1))
    else:
        desk.layer.bye(dialog, desk.now)
        (bye,) = desk.said()
        assert isinstance(bye, Request)
        desk.hear(reply(bye, 200))
    desk.wait(ANSWER_LIMIT + 64)
    assert desk.layer.live == (0, 0)


def test_a_reinvite_that_is_never_answered_ends_as_one_that_failed() -> None:
    """A peer that says 100 to our re-INVITE and nothing more holds up later ones for minutes, and not for ever."""
    desk = Desk()
    _, dialog = answered(desk)
    transaction = desk.layer.reinvite(dialog, desk.now, body=OFFER)
    (again,) = desk.said()
    assert isinstance(again, Request)
    desk.hear(reply(again, 100))
    desk.wait(ANSWER_LIMIT - 1)
    assert desk.layer.busy(dialog)
    heard = desk.wait(40)
    assert TransactionFailed(transaction, "INVITE", dialog, "timeout") in desk.events
    assert "BYE" in methods([message for _, message in heard])  # RFC 3261 section 12.2.1.2: as after 408
    desk.wait(64)
    assert desk.layer.live == (0, 0)


def test_copies_of_a_forks_answer_are_acknowledged_and_the_fork_is_ended_once() -> None:
    """RFC 3261 section 13.2.2.4: every copy gets an ACK, the fork one BYE."""
    desk = Desk()
    _, invite = call(desk)
    desk.hear(reply(invite, 200))
    fork = reply(invite, 200, tag="fork", contact="<sip:fork@192.0.2.51:5062>")
    assert methods(desk.hear(fork)) == ["ACK", "BYE"]
    assert methods(desk.hear(fork)) == ["ACK"]
    assert methods(desk.hear(fork)) == ["ACK"]


def test_an_answer_in_a_thousand_tongues_costs_little() -> None:
    """Who answers one INVITE of ours under ever new tags has us send a few BYEs where he names, and no more."""
    desk = Desk()
    _, invite = call(desk)
    desk.hear(reply(invite, 200))
    said = []
    for number in range(100):
        said += desk.hear(reply(invite, 200, tag=f"fork{number}", contact="<sip:victim@198.51.100.9:53>"))
    assert methods(said).count("BYE") <= 8
    assert desk.layer.live[0] <= 10
    desk.wait(64)
    assert desk.layer.live[0] == 0


def test_a_prack_that_nobody_answers_does_not_end_the_call_that_was_answered() -> None:
    """A far end that says 200 to the INVITE and never a word to the PRACK of its ringing is in a call."""
    desk = Desk(layer=SipLayer(Dialect(supported=("100rel",)), token=counting_token("t"), secret=b"s"))
    _, invite = call(desk)
    (prack,) = desk.hear(reply(invite, 180, extra="Require: 100rel\r\nRSeq: 1"))
    assert isinstance(prack, Request) and prack.method == "PRACK"
    desk.hear(reply(invite, 200))
    desk.wait(64)
    assert desk.count(DialogEnded) == 0
    assert desk.layer.live == (0, 1)


@pytest.mark.parametrize("ending", ["silence", 408])
def test_who_does_not_answer_inside_a_call_is_hung_up_on(ending: object) -> None:
    """RFC 3261 section 12.2.1.2: the dialog is terminated, by a BYE, so that nobody is left in a call that is over."""
    desk = Desk()
    _, dialog = answered(desk)
    desk.layer.request(dialog, "INFO", desk.now)
    (info,) = desk.said()
    assert isinstance(info, Request)
    if isinstance(ending, int):
        said = desk.hear(reply(info, ending))
    else:
        said = [message for _, message in desk.wait(33)]
    assert methods(said)[-1] == "BYE"
    ended = desk.last(DialogEnded)
    assert isinstance(ended, DialogEnded) and (ended.dialog, ended.why) == (dialog, "gone")
    desk.wait(64)
    assert desk.layer.live == (0, 0) and desk.count(DialogEnded) == 1


def test_who_knows_the_call_no_longer_is_sent_no_bye() -> None:
    """481 says that there is nothing left to hang up."""
    desk = Desk()
    _, dialog = answered(desk)
    desk.layer.request(dialog, "INFO", desk.now)
    (info,) = desk.said()
    assert isinstance(info, Request)
    assert desk.hear(reply(info, 481)) == []
    assert desk.count(DialogEnded) == 1


def test_a_phone_behind_address_translation_that_we_call_gets_its_ack() -> None:
    """It was called where its registration came from and names an inner address: what follows goes the same way."""
    desk = Desk()
    outside = Flow("udp", SERVER, ("203.0.113.7", 31000), 1)
    target = "sip:ada@192.168.1.7:5060"
    desk.layer.invite(target, outside, 0.0, from_="<sip:room@192.0.2.1>", body=OFFER, direct=True)
    (invite,) = desk.said()
    assert isinstance(invite, Request)
    desk.hear(reply(invite, 200, contact="<sip:ada@192.168.1.7:5066>"), outside)
    assert desk.raw[-1][0].remote == ("203.0.113.7", 31000)
    assert desk.raw[-1][1].startswith(b"ACK sip:ada@192.168.1.7:5066 ")
    received = desk.last(ResponseReceived)
    assert isinstance(received, ResponseReceived) and received.dialog is not None
    restored = SipLayer(token=counting_token("u"), secret=b"s")
    restored.restore(desk.layer.snapshot(received.dialog))
    desk.layer.bye(received.dialog, 1.0)
    desk.said()
    assert desk.raw[-1][0].remote == ("203.0.113.7", 31000)
    assert restored.flow(received.dialog).remote == ("203.0.113.7", 31000)


def test_a_proxy_that_does_not_stay_on_the_way_is_left_out() -> None:
    """Without Record-Route the ACK goes to the Contact, as RFC 3261 section 12.2.1.1 has it."""
    desk = Desk()
    by_proxy = Flow("udp", SERVER, ("203.0.113.7", 5060), 1)
    desk.layer.invite("sip:ada@198.51.100.4", by_proxy, 0.0, from_="<sip:room@192.0.2.1>", body=OFFER)
    (invite,) = desk.said()
    assert isinstance(invite, Request)
    desk.hear(reply(invite, 200, contact="<sip:ada@198.51.100.4:5070>"), by_proxy)
    assert desk.raw[-1][0].remote == ("198.51.100.4", 5070)


def test_a_target_of_the_other_ip_version_is_reached_by_the_way_that_stands() -> None:
    """A socket of IPv4 cannot send to an IPv6 Contact: requests inside the call go back where the call came from."""
    desk = Desk()
    answered(desk, contact="<sip:phone@[2001:db8::50]:5062>")
    assert desk.raw[-1][1].startswith(b"ACK ")
    assert desk.raw[-1][0].remote == PHONE


@pytest.mark.parametrize(
    "to", ['"tag=5" <sip:room@192.0.2.1>', "<sip:room@192.0.2.1;tag=5>", "<sip:x;tag=5@192.0.2.1>"]
)
def test_a_refusal_has_a_tag_whatever_the_address_looks_like(to: str) -> None:
    """RFC 3261 section 8.2.6.2: a To without a tag parameter of its own gets one in every final response."""
    (answer,) = Desk().hear(request("SUBSCRIBE", to=to))
    assert isinstance(answer, Response) and answer.status == 405
    assert answer.to.tag and answer.to.tag != "5"


def test_a_call_whose_caller_vanishes_at_every_stage_leaves_nothing() -> None:
    """Unanswered by us, unacknowledged by them, refused and never acknowledged: an hour later all maps are empty."""
    for transport in ("udp", "tcp"):
        for status in (None, 180, 200, 486):
            desk = Desk(transport)
            desk.hear(request())
            invite = desk.last(IncomingInvite)
            assert isinstance(invite, IncomingInvite)
            if status is not None:
                desk.layer.respond(invite.transaction, status, desk.now)
            desk.wait(3600)
            core = desk.layer._core
            assert (core.servers, core.clients, core.by_id, core.merges, core.dialogs, core.early) == ({},) * 6

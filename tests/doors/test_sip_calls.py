"""A SIP call from INVITE to its end, as a phone sees it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegArrived
from parley.core.meeting_inputs import End
from parley.wire.sip.message import Response
from tests.app.floor import PROMPT, Floor, no_errors
from tests.doors.sip_rig import Phone, SipRig, audio_of, described, offer


@pytest.fixture
def rig() -> Iterator[SipRig]:
    with no_errors():
        yield SipRig(Floor())


def statuses(said: list[object]) -> list[int]:
    return [message.status for message in said if isinstance(message, Response)]


async def test_a_call_is_answered_with_our_port(rig: SipRig) -> None:
    """100 at once, then 200 with the engine's port at the address the phone called; ACK lets the leg in."""
    await rig.floor.space()
    phone = Phone(rig)
    assert statuses(list(await phone.send("INVITE", offer(), branch="1"))) == [100, 200]
    answer = next(m for _, m in rig.sent if isinstance(m, Response) and m.status == 200)
    session = described(answer)
    assert (audio_of(session).port, str(session.connection)) == (20000, "IN IP4 192.0.2.1")
    phone.to_tag = f";tag={answer.to.tag}"
    assert rig.floor.meeting() is None
    await phone.ack()
    (leg,) = rig.floor.directory.legs()
    assert leg.view is not None and not leg.view.waits
    assert (leg.facts.remote_address, leg.facts.transport) == ("192.0.2.50:5062", "udp")


async def test_what_the_journal_says_of_a_caller(rig: SipRig) -> None:
    """Addresses without parameters, the network's source, and the call's own id."""
    await rig.floor.space()
    await Phone(rig).invite()
    (arrived,) = rig.floor.events(LegArrived)
    assert isinstance(arrived, LegArrived)
    assert (arrived.caller, arrived.dialled) == ("sip:phone@192.0.2.50", "sip:room@example.com")
    assert (arrived.remote_address, arrived.encrypted_signalling) == ("192.0.2.50", False)
    assert arrived.sip_call_id.startswith("call-")


@pytest.mark.parametrize(("header", "language"), [("Accept-Language: fr, pt-BR;q=0.8, en;q=0.3\r\n", "pt"), ("", "zh")])
async def test_a_phone_is_spoken_to_in_the_language_it_asks_for(rig: SipRig, header: str, language: str) -> None:
    """At the prompts and in the meeting; one that says nothing hears the space's."""
    await rig.floor.space(pin="1", language="zh")
    phone = Phone(rig)
    await phone.invite(extra=header)
    await phone.ack()
    (leg,) = rig.floor.directory.legs()
    assert rig.floor.engine.spoken[leg.leg] == [(language, "")]
    rig.floor.engine.press(leg.leg, "1#")
    await rig.floor.settle()
    media = rig.floor.engine.media(leg.leg)
    assert media is not None and media.language == language


@pytest.mark.parametrize("user", ["nobody", "ROOM%20", "%72oo"])
async def test_an_unknown_address_gets_404_and_creates_nothing(rig: SipRig, user: str) -> None:
    """At once; no leg, no port, no event, and the dialog is gone."""
    await rig.floor.space()
    answers = await Phone(rig, user).invite()
    assert statuses(list(answers)) == [404]
    assert rig.floor.events() == [] and rig.floor.engine.opened == 0
    assert rig.agent.live[1] == 0


@pytest.mark.parametrize("user", ["ROOM", "r%6Fom", "room;x=y", "room:secret"])
async def test_a_name_may_be_written_in_many_ways(rig: SipRig, user: str) -> None:
    """Letter case, escapes and what a phone adds to the user part do not matter."""
    await rig.floor.space()
    answers = await Phone(rig, user).invite()
    assert statuses(list(answers)) == [200 if user != "room;x=y" else 404]


async def test_a_copy_of_the_invite_makes_no_second_call(rig: SipRig) -> None:
    """Also one that comes after the answer."""
    await rig.floor.space()
    phone = Phone(rig)
    for _ in range(3):
        await phone.send("INVITE", offer(), number=1, branch="1")
    assert len(rig.floor.directory.legs()) == 1 and rig.floor.engine.opened == 1


async def test_bye_ends_the_leg(rig: SipRig) -> None:
    """200 to it, the leg is out of its meeting, and another BYE finds nothing."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.call()
    assert statuses(list(await phone.send("BYE"))) == [200]
    assert statuses(list(await phone.send("BYE"))) == [481]
    assert rig.agent.live[1] == 0
    await rig.floor.wait(64)
    rig.floor.assert_nothing_left()


@pytest.mark.parametrize("held", ["look-up", "port"])
async def test_cancel_while_the_call_is_being_set_up(rig: SipRig, held: str) -> None:
    """487 to the INVITE at once; what comes of the set-up afterwards is given back and answers nothing."""
    floor = rig.floor
    await floor.space()
    phone = Phone(rig)
    (floor.held if held == "look-up" else floor.engine).hold()
    assert await phone.invite() == []
    assert statuses(list(await phone.send("CANCEL", branch="1"))) == [200, 487]
    await phone.send("ACK", branch="1")
    before = len(rig.sent)
    floor.held.release()
    floor.engine.release()
    await floor.wait(64)
    assert len(rig.sent) == before and rig.agent.live == (0, 0)
    floor.assert_nothing_left()


async def test_an_answer_without_ack_ends_the_call(rig: SipRig) -> None:
    """After 64·T1 a BYE goes out and the leg is over (RFC 3261 section 13.3.1.4)."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.invite()
    requests = await phone.took(33)
    assert "BYE" in {one.method for one in requests}
    assert rig.floor.directory.legs() == []
    await rig.floor.wait(64)
    rig.floor.assert_nothing_left()


async def test_our_end_is_a_bye_with_what_may_be_told(rig: SipRig) -> None:
    """The meeting has ended: a Reason header says so."""
    floor = rig.floor
    await floor.space()
    phone = Phone(rig)
    await phone.call()
    meeting = floor.meeting()
    assert meeting is not None
    await floor.directory.tell(meeting.meeting, End(Ending(Side.ADMINISTRATOR, Reason.MEETING_ENDED)))
    (bye,) = await phone.took()
    assert bye.method == "BYE" and "the meeting has ended" in (bye.headers.get("Reason") or "")


async def test_our_bye_waits_for_the_ack(rig: SipRig) -> None:
    """A leg dropped between our 200 and its ACK: no BYE before, one after (RFC 3261 section 15)."""
    floor = rig.floor
    await floor.space()
    phone = Phone(rig)
    await phone.invite()
    await floor.directory.close(Ending(Side.LOCAL, Reason.SHUTDOWN))
    assert await phone.took() == []
    await phone.ack()
    assert [one.method for one in await phone.took()] == ["BYE"]


@pytest.mark.parametrize("pins", [["9"] * 3, []])
async def test_a_refused_caller_is_told_nothing(rig: SipRig, pins: list[str]) -> None:
    """Three wrong PINs or none at all: a BYE without a reason."""
    await rig.floor.space(pin="123")
    phone = Phone(rig)
    await phone.call()
    for pin in pins:
        await phone.info("application/dtmf-relay", f"Signal={pin}\r\n")
        await phone.info("application/dtmf-relay", "Signal=#\r\n")
    requests = await phone.took(PROMPT + 10 + PROMPT + 1)
    assert {one.method for one in requests} == {"BYE"} and all(one.headers.get("Reason") is None for one in requests)


async def test_a_failing_look_up_is_a_500(rig: SipRig) -> None:
    """The store cannot be read: the caller is told and not left ringing; the next call is served."""
    floor = rig.floor
    await floor.space()
    with no_errors("background work failed"):
        floor.held.broken = True
        phone = Phone(rig)
        assert statuses(list(await phone.invite())) == [500]
        floor.held.broken = False
        assert statuses(list(await Phone(rig).invite())) == [200]


async def test_a_full_server_says_503(rig: SipRig) -> None:
    """As where the engine has no port: what is full now may not be later, or elsewhere."""
    full = SipRig(Floor(legs=1))
    await full.floor.space()
    assert [statuses(list(await Phone(full).invite())) for _ in range(2)] == [[200], [503]]
    portless = SipRig(Floor(ports=0))
    await portless.floor.space()
    assert statuses(list(await Phone(portless).invite())) == [503]


async def test_requests_in_no_call_are_refused(rig: SipRig) -> None:
    """BYE, INFO and re-INVITE of a dialog that is not there get 481; OPTIONS is answered."""
    stranger = Phone(rig)
    stranger.to_tag = ";tag=none"
    for method in ("BYE", "INVITE"):
        assert statuses(list(await stranger.send(method)))[-1:] == [481]
    assert await stranger.info("application/dtmf-relay", "Signal=1") == 481
    assert statuses(list(await Phone(rig).send("OPTIONS"))) == [200]


# --- digits in INFO ----------------------------------------------------------------------------------------------

RELAY, PLAIN = "application/dtmf-relay", "application/dtmf"


@pytest.mark.parametrize(
    ("content_type", "body", "digit"),
    [
        (RELAY, "Signal=5\r\nDuration=160\r\n", "5"),
        (RELAY, "Signal= #\r\n", "#"),
        (RELAY, "signal=*", "*"),
        (RELAY, "Duration=160\nSignal=a\n", "A"),
        (RELAY, "Signal=10\r\n", "*"),
        (RELAY, "Signal=11\r\n", "#"),
        (RELAY, "Signal=12\r\n", None),
        (RELAY, "Signal=\r\n", None),
        (RELAY, "Signal 5\r\n", None),
        (RELAY, "5", None),
        (PLAIN, "5", "5"),
        (PLAIN, " # \r\n", "#"),
        (PLAIN, "11", "#"),
        (PLAIN, "55", None),
        (PLAIN, "\u00b2", None),
        ("application/octet-stream", "5", None),
    ],
)
async def test_digits_in_info(rig: SipRig, content_type: str, body: str, digit: str | None) -> None:
    """A digit is taken with 200 and stops the prompt, `#` ends the PIN; anything else is 415 and changes nothing."""
    await rig.floor.space(pin="123")
    phone = Phone(rig)
    await phone.call()
    assert await phone.info(content_type, body) == (200 if digit else 415)
    engine = rig.floor.engine
    (heard,) = engine.played.values()
    match digit:
        case None:
            assert engine._playing and heard == ["enter-pin"]
        case "#":  # no PIN is a wrong one here
            assert heard == ["enter-pin", "pin-incorrect-try-again"]
        case _:
            assert not engine._playing and heard == ["enter-pin"]


async def test_a_pin_typed_by_info_opens_the_door(rig: SipRig) -> None:
    """Digit by digit, as phones without RFC 4733 send it; an empty INFO is a keep-alive."""
    await rig.floor.space(pin="12")
    phone = Phone(rig)
    await phone.call()
    assert await phone.info("text/plain", "") == 200
    for digit in ("1", "2", "#"):
        assert await phone.info(RELAY, f"Signal={digit}\r\nDuration=100\r\n") == 200
    (leg,) = rig.floor.directory.legs()
    assert leg.view is not None


async def test_other_requests_inside_a_call_change_nothing(rig: SipRig) -> None:
    """OPTIONS is answered; what we do not do is refused and the call stays."""
    await rig.floor.space()
    phone = Phone(rig)
    await phone.call()
    assert statuses(list(await phone.send("OPTIONS"))) == [200]
    for method, wanted in (("REFER", 400), ("MESSAGE", 405), ("NOTIFY", 405), ("SUBSCRIBE", 405)):
        (status,) = statuses(list(await phone.send(method)))
        assert status == wanted
    assert len(rig.floor.directory.legs()) == 1

"""Phones that move their participant by REFER, and calls that take the place of others (RFC 3515, RFC 3891)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.core.meeting_inputs import OverrideLeg
from parley.core.profiles import LegSettings
from parley.doors.sip.refer import NotTaken, destination
from parley.doors.sip.replaces import Refused, call_replaced
from parley.wire.sip.message import Request, Response
from tests.app.floor import Floor, no_errors
from tests.doors.sip_rig import Phone, SipRig, offer
from tests.kit.sip_wire import request


@pytest.fixture
def rig() -> Iterator[SipRig]:
    with no_errors():
        yield SipRig(Floor())


def told(said: list[Request | Response]) -> list[str]:
    """Status of the answer, then what each NOTIFY says."""
    answers = [str(one.status) for one in said if isinstance(one, Response)]
    notes = [one for one in said if isinstance(one, Request) and one.method == "NOTIFY"]
    return answers + [f"{note.body.decode().split(' ')[1]} {note.headers.get('Subscription-State')}" for note in notes]


def refer_to(uri: str, more: str = "") -> str:
    return f"Refer-To: {uri}\r\n{more}"


def where(rig: SipRig) -> list[str]:
    """The spaces with somebody in them."""
    return sorted(view.name for view in rig.floor.directory.meetings() if view.legs)


async def in_call(rig: SipRig, user: str = "room", host: str = "192.0.2.50") -> Phone:
    phone = Phone(rig, user, host=host)
    await phone.call()
    return phone


ON, OVER = "100 active;expires=60", "terminated;reason=noresource"


async def test_a_phone_moves_to_another_meeting(rig: SipRig) -> None:
    """202, two NOTIFYs, one leg that is now elsewhere, with its port and dialog; and back again."""
    await rig.floor.space("room", name="Room")
    await rig.floor.space("other", name="Other")
    phone = await in_call(rig)
    said = await phone.send("REFER", extra=refer_to("<sip:Other@example.com>"))
    assert told(said) == ["202", ON, f"200 {OVER}"]
    assert said[0].headers.get("Contact") and [one.headers.get("Event") for one in said[1:]] == ["refer;id=2"] * 2
    assert {one.headers.get("Content-Type") for one in said[1:]} == {"message/sipfrag;version=2.0"}
    assert where(rig) == ["Other"] and rig.floor.engine.opened == 1
    (leg,) = rig.floor.directory.legs()
    assert leg.view is not None and not leg.view.waits
    assert told(await phone.send("REFER", extra=refer_to("sip:room@example.com")))[-1] == f"200 {OVER}"
    assert where(rig) == ["Room"]
    await phone.send("BYE")
    await rig.floor.wait(64)
    assert rig.floor.directory.legs() == [] == rig.floor.directory.meetings() and rig.floor.engine.legs == {}
    assert rig.agent.live == (0, 0)


async def test_the_new_door_asks_for_its_pin(rig: SipRig) -> None:
    """Whoever is in one meeting is nobody in another one: until the PIN is typed he is in neither."""
    await rig.floor.space("room", name="Room")
    await rig.floor.space("other", "1234", name="Other")
    phone = await in_call(rig)
    assert told(await phone.send("REFER", extra=refer_to("<sip:other@example.com>")))[-1] == f"200 {OVER}"
    assert where(rig) == []
    for digit in "1234#":
        assert await phone.info("application/dtmf-relay", f"Signal={digit}\r\n") == 200
    await rig.floor.settle()
    assert where(rig) == ["Other"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (refer_to("<sip:nobody@example.com>"), ["202", ON, f"404 {OVER}"]),
        (refer_to("<sip:other@elsewhere.example>"), ["202", ON, f"404 {OVER}"]),
        (refer_to("<sip:other@example.com?Replaces=x>"), ["403"]),
        (refer_to("<sip:other@example.com;method=BYE>"), ["403"]),
        (refer_to("<sip:example.com>"), ["403"]),
        (refer_to("<tel:+15550100>"), ["416"]),
        (refer_to("<sip:other@"), ["400"]),
        (refer_to("<sip:other@example.com>") * 2, ["400"]),
        ("", ["400"]),
    ],
)
async def test_a_transfer_that_is_not_made(rig: SipRig, header: str, expected: list[str]) -> None:
    """It is refused, or told to have failed, and the participant stays where it is."""
    await rig.floor.space("room", name="Room")
    await rig.floor.space("other", name="Other")
    phone = await in_call(rig)
    assert told(await phone.send("REFER", extra=header)) == expected
    assert where(rig) == ["Room"]


async def test_who_does_not_want_to_know_is_not_told(rig: SipRig) -> None:
    """Refer-Sub: false gets 200 and no NOTIFY (RFC 4488)."""
    await rig.floor.space("room", name="Room")
    await rig.floor.space("other", name="Other")
    phone = await in_call(rig)
    said = await phone.send("REFER", extra=refer_to("<sip:other@example.com>", "Refer-Sub: false\r\n"))
    assert told(said) == ["200"] and said[0].headers.get("Refer-Sub") == "false"
    assert where(rig) == ["Other"]


async def test_one_transfer_at_a_time(rig: SipRig) -> None:
    """A second REFER while the first is under way gets 491, and the first is made."""
    await rig.floor.space("room", name="Room")
    await rig.floor.space("other", name="Other")
    await rig.floor.space("third", name="Third")
    phone = await in_call(rig)
    wishes = (phone.send("REFER", extra=refer_to(f"<sip:{name}@example.com>")) for name in ("other", "third"))
    said, _ = await asyncio.gather(*wishes)
    assert sorted(one.status for one in said if isinstance(one, Response)) == [202, 491]
    assert where(rig) == ["Other"]


@pytest.mark.parametrize("method", ["MESSAGE", "SUBSCRIBE", "NOTIFY", "PUBLISH"])
async def test_what_is_not_done_here_is_told(rig: SipRig, method: str) -> None:
    """Whoever asks gets 405 with what is done, outside a call and inside, and nothing of it is kept."""
    await rig.floor.space()
    for phone in (Phone(rig), await in_call(rig)):
        live = rig.agent.live
        (answer,) = await phone.send(method, "to whom it may concern", extra="Event: presence\r\n")
        assert isinstance(answer, Response) and answer.status == 405
        assert method not in answer.headers.values("Allow") and "INVITE" in answer.headers.values("Allow")
        assert rig.agent.live == live


async def test_outside_a_call_nobody_is_referred(rig: SipRig) -> None:
    """481, and nothing happens."""
    await rig.floor.space()
    assert told(await Phone(rig).send("REFER", extra=refer_to("<sip:room@example.com>"))) == ["481"]
    assert rig.floor.directory.legs() == [] and rig.agent.live == (0, 0)


async def test_what_we_say_of_ourselves_is_true(rig: SipRig) -> None:
    """Allow and Supported of OPTIONS, outside a call and inside, name what is done here."""
    await rig.floor.space()
    for phone in (Phone(rig), await in_call(rig)):
        (answer,) = await phone.send("OPTIONS")
        assert answer.headers.values("Supported") == ["100rel", "replaces", "norefersub", "timer"]
        allowed = answer.headers.values("Allow")
        for method in ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "REGISTER", "PRACK", "REFER"):
            assert method in allowed


# --- Replaces -------------------------------------------------------------------------------------------------------


def replaces(phone: Phone, more: str = "", ours: str | None = None) -> str:
    tag = ours if ours is not None else phone.to_tag.removeprefix(";tag=")
    return f"Replaces: {phone._call_id};from-tag=phone;to-tag={tag}{more}\r\n"


async def test_a_call_takes_the_place_of_another(rig: SipRig) -> None:
    """The same participant by the same door, without a PIN and as muted as before; the old call gets a BYE."""
    await rig.floor.space("room", "1234", name="Room")
    first = await in_call(rig)
    for digit in "1234#":
        await first.info("application/dtmf-relay", f"Signal={digit}\r\n")
    (old,) = rig.floor.directory.legs()
    assert old.meeting is not None
    await rig.floor.directory.tell(old.meeting, OverrideLeg(old.leg, LegSettings(rx_audio_mute=True)))
    second = Phone(rig, host="192.0.2.51")
    (answer,) = await second.invite(extra=replaces(first))
    assert answer.status == 200 and await first.took() == []
    await second.ack()
    (new,) = rig.floor.directory.legs()
    assert (new.participant, new.meeting) == (old.participant, old.meeting) and new.leg != old.leg
    assert new.view is not None and new.view.muted and not new.view.waits
    assert [one.method for one in await first.took()] == ["BYE"]
    assert [one.method for one in await second.took()] == []


@pytest.mark.parametrize(
    ("more", "ours", "status"),
    [("", "another", 481), (";early-only", None, 486), ("", "", 400)],
)
async def test_a_call_that_cannot_be_replaced(rig: SipRig, more: str, ours: str | None, status: int) -> None:
    """One that is not known, that is answered, or not named: the new call is refused, the old one stays."""
    await rig.floor.space()
    first = await in_call(rig)
    (answer,) = await Phone(rig, host="192.0.2.51").invite(extra=replaces(first, more, ours))
    assert answer.status == status
    assert len(rig.floor.directory.legs()) == 1 and await first.took() == []


async def test_a_call_that_is_not_answered_yet_is_nobodys_to_take(rig: SipRig) -> None:
    """481 for one that another end began and we have not answered (RFC 3891 section 3); it is answered all the same."""
    await rig.floor.space()
    rig.floor.engine.hold()
    first = Phone(rig)
    assert await first.invite() == []
    (dialog,) = rig.agent._legs
    (answer,) = await Phone(rig, host="192.0.2.51").invite(extra=replaces(first, ours=dialog.local_tag))
    assert answer.status == 481
    rig.floor.engine.release()
    await rig.floor.settle()
    assert [one.status for _, one in rig.sent if isinstance(one, Response)][-1] == 200


async def test_a_full_server_takes_no_call_in_place_of_another(rig: SipRig) -> None:
    """503, as for any other call; the old one stays."""
    await rig.floor.space()
    first = await in_call(rig)
    rig.floor.directory._legs_most = 1
    (answer,) = await Phone(rig, host="192.0.2.51").invite(extra=replaces(first))
    assert answer.status == 503
    assert len(rig.floor.directory.legs()) == 1 and await first.took() == []


async def test_a_call_at_the_entrance_is_replaced_too(rig: SipRig) -> None:
    """The new one is asked for the PIN, and the old one ends when it is in."""
    await rig.floor.space("room", "1234", name="Room")
    first = await in_call(rig)
    second = Phone(rig, host="192.0.2.51")
    (answer,) = await second.invite(extra=replaces(first))
    assert answer.status == 200
    await second.ack()
    assert len(rig.floor.directory.legs()) == 2
    rig.floor.engine.press(rig.floor.directory.legs()[1].leg, "1234#")
    await rig.floor.settle()
    assert where(rig) == ["Room"] and [one.method for one in await first.took()] == ["BYE"]


# --- PRACK, bodies --------------------------------------------------------------------------------------------------


async def test_who_requires_reliable_ringing_gets_it(rig: SipRig) -> None:
    """180 with RSeq before the 200, PRACK is answered, and the call goes on like any other."""
    await rig.floor.space(name="Room")
    phone = Phone(rig)
    ringing, answer = await phone.invite(extra="Require: 100rel\r\n")
    assert (ringing.status, ringing.headers.get("Require"), answer.status) == (180, "100rel", 200)
    (done,) = await phone.send("PRACK", extra=f"RAck: {ringing.headers.get('RSeq')} 1 INVITE\r\n")
    assert isinstance(done, Response) and done.status == 200
    await phone.send("ACK", number=1)
    assert where(rig) == ["Room"] and await phone.took(40) == []


@pytest.mark.parametrize(
    ("kind", "words", "status"),
    [
        ("image/x-face", "Content-Disposition: render;handling=optional\r\n", 200),
        ("image/x-face", "", 415),
        ("image/x-face", "Content-Disposition: render;handling=required\r\n", 415),
        ("multipart/mixed;boundary=b", "Content-Disposition: render;handling=optional\r\n", 200),
        ("multipart/mixed;boundary=b", "", 488),
        ("application/sdp", "", 400),
    ],
)
async def test_a_body_without_a_description(rig: SipRig, kind: str, words: str, status: int) -> None:
    """Where its sender says that it may be passed over, the INVITE is one without SDP and the offer is ours; else it is
    refused, and no leg is made (RFC 5621)."""
    await rig.floor.space()
    body = "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n"
    data = request("INVITE", "sip:room@example.com", branch="z9hG4bKx", call_id="x", extra=words, body=body)
    data = data.replace(b"Content-Type: application/sdp\r\n", f"Content-Type: {kind}\r\n".encode(), 1)
    said = [one for one in await rig.hear(data, Phone(rig).flow) if isinstance(one, Response) and one.status > 100]
    assert [one.status for one in said] == [status]
    assert (b"m=audio 20000" in said[0].body) is (status == 200)
    assert len(rig.floor.directory.legs()) == (status == 200)


PARTS = (
    "--b\r\nContent-Type: application/sdp\r\n\r\n{}\r\n--b\r\nContent-Type: application/isup\r\n{}\r\nx\r\n--b--\r\n"
)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("", 200),
        ("Content-Disposition: signal;handling=optional\r\n", 200),
        ("Content-Disposition: signal;handling=required\r\n", 415),
    ],
)
async def test_parts_beside_the_sdp(rig: SipRig, words: str, status: int) -> None:
    """Signalling of another network is passed over, unless its sender insists (RFC 3204)."""
    await rig.floor.space()
    phone = Phone(rig)
    body = PARTS.format(offer(), words)
    raw = await phone.rig.hear(_multipart(phone, body), phone.flow)
    assert [one.status for one in raw if isinstance(one, Response) and one.status > 100] == [status]


def _multipart(phone: Phone, body: str) -> bytes:
    data = request("INVITE", "sip:room@example.com", branch="z9hG4bKmulti", call_id="multi", body=body)
    return data.replace(b"Content-Type: application/sdp\r\n", b"Content-Type: multipart/mixed;boundary=b\r\n", 1)


@pytest.mark.parametrize(
    ("extra", "kind", "status"),
    [
        ("Info-Package: conference\r\n", "application/conference", 469),
        ("", "application/conference", 415),
        ("Content-Disposition: render;handling=optional\r\n", "application/conference", 200),
        ("", "", 200),
    ],
)
async def test_info_of_other_kinds(rig: SipRig, extra: str, kind: str, status: int) -> None:
    """Packages are refused with an empty Recv-Info, bodies with what we read; a bare INFO is a sign of life."""
    await rig.floor.space()
    phone = await in_call(rig)
    more = extra + (f"Content-Type: {kind}\r\n" if kind else "")
    (answer,) = await phone.send("INFO", "", extra=more) if not kind else await _info(phone, more)
    assert isinstance(answer, Response) and answer.status == status
    assert ("Recv-Info" in answer.headers) == (status == 469)
    assert (answer.headers.get("Accept") == "application/dtmf-relay, application/dtmf") == (status == 415)


async def _info(phone: Phone, headers: str) -> list[Request | Response]:
    data = request(
        "INFO",
        "sip:room@example.com",
        branch="z9hG4bKinfo",
        to=f"<sip:room@example.com>{phone.to_tag}",
        call_id=phone._call_id,
        number=9,
        extra=headers,
        body="x",
    ).replace(b"Content-Type: application/sdp\r\n", b"", 1)
    return await phone.rig.hear(data, phone.flow)


WORDS = st.sampled_from(
    ["<", ">", "sip:", "a@b", ";", "to-tag=", "from-tag=x", "?", '"', "method=BYE", "%00", "early-only"]
)


@given(st.lists(st.lists(WORDS, max_size=8).map("".join), max_size=2))
def test_whatever_is_referred_to_or_replaced(lines: list[str]) -> None:
    """It is an address, a call, or a refusal, and never an error."""
    try:
        to = destination(Request("REFER", "sip:a@b", [("Refer-To", line) for line in lines]))
        assert to.user and len(lines) == 1
    except NotTaken as refused:
        assert refused.status in {400, 403, 416}
    try:
        assert call_replaced(Request("INVITE", "sip:a@b", [("Replaces", line) for line in lines]), {}) is None
        assert not lines
    except Refused as refused:
        assert refused.status in {400, 481}

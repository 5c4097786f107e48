"""Messages in the spirit of RFC 4475, each with what must become of it."""

# ruff: noqa: E501  (rows of a table stay on one line)

import re

import pytest

from parley.wire.sip.errors import BadRequest, TheirMistake
from parley.wire.sip.events import IncomingInvite, IncomingRegister
from parley.wire.sip.message import Request, Response, body_part
from parley.wire.sip.parser import MAX_BODY, parse
from tests.kit.sip_wire import Desk
from tests.kit.sip_wire import request as build

VIA = "Via: SIP/2.0/UDP 192.0.2.50:5062;rport;branch=z9hG4bKtorture\r\n"


def raw(
    start: str = "INVITE sip:room@192.0.2.1 SIP/2.0",
    *,
    via: str = VIA,
    from_: str = "From: <sip:a@192.0.2.50>;tag=a\r\n",
    to: str = "To: <sip:room@192.0.2.1>\r\n",
    call_id: str = "Call-ID: torture\r\n",
    cseq: str = "CSeq: 1 INVITE\r\n",
    more: str = "Contact: <sip:a@192.0.2.50:5062>\r\n",
    end: str = "Content-Length: 0\r\n\r\n",
) -> bytes:
    text = start + "\r\n" + via + "Max-Forwards: 70\r\n" + from_ + to + call_id + cseq + more + end
    return text.encode("utf-8", "surrogateescape")


# name, message, what comes of it: "call" (an event and 100), a status, or "dropped"
TABLE: list[tuple[str, bytes, str | int]] = [
    ("plain", raw(), "call"),
    ("compact header names", raw(via=VIA.replace("Via", "v"), from_="f: <sip:a@b>;tag=x\r\n", to="t: <sip:r@b>\r\n",
                                 call_id="i: c\r\n", more="m: <sip:a@192.0.2.50>\r\n", end="l: 0\r\n\r\n"), "call"),
    ("odd case of names", raw(from_="fRoM: <sip:a@b>;tag=x\r\n", cseq="CSEQ: 0001 INVITE\r\n"), "call"),
    ("blanks before the colon and around it", raw(from_="From  \t:   <sip:a@b> ; tag = x\r\n"), "call"),
    ("folded headers", raw(to="To:\r\n <sip:room@192.0.2.1>\r\n", via=VIA.replace(";branch", "\r\n  ;branch")), "call"),
    ("blanks in the Via", raw(via="Via: SIP  / 2.0\t/ UDP   192.0.2.50 : 5062 ; branch = z9hG4bKx\r\n"), "call"),
    ("several Vias on one line", raw(via=VIA[:-2] + ", SIP/2.0/TCP [2001:db8::1]:5070;branch=z9hG4bK2\r\n"), "call"),
    ("quoted separators in a display name", raw(from_='From: "a;b <c@d>, \\"e\\"" <sip:a@b>;tag=x\r\n'), "call"),
    ("quoted controls", raw(from_='From: "bel \\\x07 nul \\\x00 del \\\x7f" <sip:a@b>;tag=x\r\n'), "call"),
    ("unquoted display name of several words", raw(from_="From: Anna B. <sip:a@b>;tag=x\r\n"), "call"),
    ("empty display name", raw(from_='From: "" <sip:a@b>;tag=x\r\n'), "call"),
    ("UTF-8 display name", raw(from_='From: "Çédille 会议" <sip:a@b>;tag=x\r\n'), "call"),
    ("bytes that are no UTF-8", raw(from_='From: "caf\udce9" <sip:a@b>;tag=x\r\n'), "call"),
    ("no angle brackets", raw(from_="From: sip:a@192.0.2.50;tag=x\r\n"), "call"),
    ("parameters inside the user part", raw("INVITE sip:room;x=%40y@192.0.2.1 SIP/2.0"), "call"),
    ("escaped user part", raw("INVITE sip:%72oom%3B@192.0.2.1 SIP/2.0"), "call"),
    ("IPv6 request target", raw("INVITE sip:room@[2001:db8::9]:5060 SIP/2.0"), "call"),
    ("no user part", raw("INVITE sip:192.0.2.1 SIP/2.0"), "call"),
    ("target with parameters and headers", raw("INVITE sip:r@192.0.2.1;a=b?Subject=x SIP/2.0"), "call"),
    ("unknown URI parameters and header parameters", raw(to="To: <sip:r@b;unk=1;flag>;other;x=y\r\n"), "call"),
    ("unknown scheme in From", raw(from_="From: <isbn:2983792873>;tag=x\r\n"), "call"),
    ("unknown headers", raw(more="X-Any: thing\r\nContact: <sip:a@b>\r\nNone:\r\n"), "call"),
    ("long values", raw(call_id="Call-ID: " + "c" * 200 + "\r\n", to=f"To: <sip:{'l' * 2000}@b>\r\n"), "call"),
    ("bytes behind the body", raw(end="Content-Length: 0\r\n\r\ntrailing"), "call"),
    ("no Content-Length in a datagram", raw(end="\r\n"), "call"),
    ("empty lines before the start", b"\r\n\r\n" + raw(), "call"),
    ("a client of RFC 2543", raw(via="Via: SIP/2.0/UDP 192.0.2.50:5062\r\n", more="", from_="From: sip:a@b\r\n",
                                 end="\r\n").replace(b"Max-Forwards: 70\r\n", b""), "call"),
    ("largest CSeq", raw(cseq="CSeq: 2147483647 INVITE\r\n"), "call"),
    ("lower-case version", raw("INVITE sip:room@192.0.2.1 sip/2.0"), "call"),
    ("strange but valid branch", raw(via="Via: SIP/2.0/UDP h;branch=z9hG4bK'*~!%+_`.\r\n"), "call"),
    ("odd but valid method", raw("!i%VI*T+e sip:r@b SIP/2.0", cseq="CSeq: 1 !i%VI*T+e\r\n"), 405),
    ("unknown method", raw("NEWMETHOD sip:r@b SIP/2.0", cseq="CSeq: 1 NEWMETHOD\r\n"), 405),
    ("method in lower case", raw("invite sip:r@b SIP/2.0", cseq="CSeq: 1 invite\r\n"), 405),
    ("REGISTER", raw("REGISTER sip:192.0.2.1 SIP/2.0", cseq="CSeq: 1 REGISTER\r\n", more="Contact: *\r\n"), "register"),
    ("UPDATE", raw("UPDATE sip:192.0.2.1 SIP/2.0", cseq="CSeq: 1 UPDATE\r\n"), 481),
    ("REFER", raw("REFER sip:192.0.2.1 SIP/2.0", cseq="CSeq: 1 REFER\r\n"), 405),
    ("unknown scheme", raw("INVITE nobody:anything SIP/2.0"), 416),
    ("known but unusual scheme", raw("INVITE soap.beep://192.0.2.1:3002 SIP/2.0"), 416),
    ("Max-Forwards 0, which is for proxies", raw().replace(b"Max-Forwards: 70", b"Max-Forwards: 0"), "call"),
    ("unknown Require", raw(more="Require: nothingYet, 100rel\r\n"), 420),
    ("unknown Proxy-Require", raw(more="Proxy-Require: sausages\r\n"), 420),
    ("unknown body type", raw(more="Content-Type: application/unknown\r\n", end="Content-Length: 1\r\n\r\nx"), 415),
    ("compressed body", raw(more="Content-Type: application/sdp\r\ne: gzip\r\n", end="l: 1\r\n\r\nx"), 415),
    ("two Contacts", raw(more="Contact: <sip:a@b>, <sip:c@d>\r\n"), 400),
    ("unknown To tag", raw(to="To: <sip:room@192.0.2.1>;tag=never\r\n"), 481),
    ("unknown version", raw("INVITE sip:room@192.0.2.1 SIP/7.0"), 505),
    ("version with long digits", raw("INVITE sip:room@192.0.2.1 SIP/02.00"), 505),
    ("no version", raw("INVITE sip:room@192.0.2.1"), 400),
    ("another protocol's version", raw("INVITE sip:room@192.0.2.1 HTTP/1.1"), 400),
    ("two blanks in the request line", raw("INVITE  sip:room@192.0.2.1 SIP/2.0"), 400),
    ("blank at the end of the request line", raw("INVITE sip:room@192.0.2.1 SIP/2.0 "), 400),
    ("blank inside the target", raw("INVITE sip:ro om@192.0.2.1 SIP/2.0"), 400),
    ("target in angle brackets", raw("INVITE <sip:room@192.0.2.1> SIP/2.0"), 400),
    ("target without scheme", raw("INVITE room SIP/2.0"), 400),
    ("two at signs", raw("INVITE sip:a@b@c SIP/2.0"), 400),
    ("broken escape", raw("INVITE sip:a%zz@c SIP/2.0"), 400),
    ("port out of range", raw("INVITE sip:a@c:70000 SIP/2.0"), 400),
    ("broken IPv6", raw("INVITE sip:a@[2001:db8:::1] SIP/2.0"), 400),
    ("huge CSeq", raw(cseq="CSeq: 36893488147419103232 INVITE\r\n"), 400),
    ("CSeq of 2**31", raw(cseq="CSeq: 2147483648 INVITE\r\n"), 400),
    ("negative CSeq", raw(cseq="CSeq: -1 INVITE\r\n"), 400),
    ("CSeq of another method", raw(cseq="CSeq: 1 BYE\r\n"), 400),
    ("CSeq without number", raw(cseq="CSeq: INVITE\r\n"), 400),
    ("no CSeq", raw(cseq=""), 400),
    ("two CSeqs", raw(cseq="CSeq: 1 INVITE\r\nCSeq: 2 INVITE\r\n"), 400),
    ("no Call-ID", raw(call_id=""), 400),
    ("empty Call-ID", raw(call_id="Call-ID:\r\n"), 400),
    ("two Call-IDs", raw(call_id="Call-ID: a\r\ni: b\r\n"), 400),
    ("no From", raw(from_=""), 400),
    ("no To", raw(to=""), 400),
    ("two Tos", raw(to="To: <sip:a@b>\r\nt: <sip:c@d>\r\n"), 400),
    ("unterminated quote", raw(from_='From: "Anna <sip:a@b>;tag=x\r\n'), 400),
    ("unclosed bracket", raw(from_="From: <sip:a@b;tag=x\r\n"), 400),
    ("text behind the quoted name", raw(from_='From: "Anna" B <sip:a@b>;tag=x\r\n'), 400),
    ("header part outside brackets", raw(more="Contact: sip:a@b?Route=%3Csip:c%3E\r\n"), 400),
    ("negative Content-Length", raw(end="Content-Length: -999\r\n\r\n"), 400),
    ("signed Content-Length", raw(end="Content-Length: +0\r\n\r\n"), 400),
    ("huge Content-Length", raw(end="Content-Length: 99999999999999999999\r\n\r\n"), 400),
    ("repeated Content-Length", raw(end="Content-Length: 0\r\nl: 0\r\n\r\n"), 400),
    ("Content-Length beyond the body", raw(end="Content-Length: 9999\r\n\r\nshort"), 400),
    ("bare LF line ends", raw().replace(b"\r\n", b"\n"), 400),
    ("a bare LF in a header", raw(more="Subject: a\nContent-Length: 5\r\n"), 400),
    ("a bare CR in a header", raw(more="Subject: a\rContent-Length: 5\r\n"), 400),
    ("a NUL in a header", raw(more="Subject: a\x00b\r\n"), 400),
    ("no end of headers", raw(end=""), 400),
    ("a header without colon", raw(more="Contact <sip:a@b>\r\n"), 400),
    ("a blank in a header name", raw(more="Con tact: <sip:a@b>\r\n"), 400),
    ("Max-Forwards of 300", raw().replace(b"Max-Forwards: 70", b"Max-Forwards: 300"), 400),
    ("Expires beyond 32 bits", raw(more="Expires: 5000000000\r\n"), 400),
    ("too many headers", raw(more="X: y\r\n" * 200), 400),
    ("an overlong header", raw(more="X: " + "y" * 5000 + "\r\n"), 400),
    ("an overlong head", raw(more=("X: " + "y" * 4000 + "\r\n") * 5), 400),
    ("no Via", raw(via=""), "dropped"),
    ("Via of another protocol", raw(via="Via: HTTP/1.1 proxy\r\n"), "dropped"),
    ("Via with a broken host", raw(via="Via: SIP/2.0/UDP [::zz];branch=z9hG4bKx\r\n"), "dropped"),
    ("a faulty ACK", raw("ACK sip:r@b SIP/2.0", cseq="CSeq: 1 INVITE\r\n"), "dropped"),
    ("a stray ACK", raw("ACK sip:r@b SIP/2.0", cseq="CSeq: 1 ACK\r\n", to="To: <sip:r@b>;tag=x\r\n"), "dropped"),
    ("a stray 200", raw("SIP/2.0 200 OK"), "dropped"),
    ("a response with a huge CSeq", raw("SIP/2.0 200 OK", cseq="CSeq: 9292394834772304023312 OPTIONS\r\n"), "dropped"),
    ("a response out of range", raw("SIP/2.0 4294967301 better not"), "dropped"),
    ("a response of another version", raw("SIP/7.0 200 OK"), "dropped"),
    ("HTTP", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "dropped"),
    ("noise", bytes(range(256)), "dropped"),
    ("a keep-alive", b"\r\n\r\n", "dropped"),
    ("an empty datagram", b"", "dropped"),
    ("zeros", b"\0\0\0\0", "dropped"),
]  # fmt: skip


def test_the_table_is_large_enough() -> None:
    """The torture table holds at least 45 distinct messages."""
    assert len({message for _, message, _ in TABLE}) >= 45


@pytest.mark.parametrize(("message", "outcome"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_every_message_comes_to_its_end(message: bytes, outcome: str | int) -> None:
    """Each torture message is accepted, refused with its status, or dropped, and never breaks the layer."""
    desk = Desk()
    answers = desk.hear(message)
    if outcome == "call":
        assert [type(event) for event in desk.events] == [IncomingInvite]
        assert [a.status for a in answers if isinstance(a, Response)] == [100]
    elif outcome == "register":
        assert [type(event) for event in desk.events] == [IncomingRegister]
        assert desk.layer.live == (0, 0)
    else:
        assert desk.events == []
        assert desk.layer.live == (0, 0)
        found = [a.status for a in answers if isinstance(a, Response)]
        assert found == ([] if outcome == "dropped" else [outcome])


ANSWERED = [row for row in TABLE if row[2] not in {"dropped", "register"}]


@pytest.mark.parametrize("message", [row[1] for row in ANSWERED], ids=[row[0] for row in ANSWERED])
def test_answers_echo_what_was_sent_byte_for_byte(message: bytes) -> None:
    """The From of any answer is the From of the request, and its Via begins as the request's did,
    unchanged.
    """
    desk = Desk()
    desk.hear(message)
    unfolded = re.sub(rb"[ \t]*\r\n[ \t]+", b" ", message)
    for name, other in ((b"From", b"f"), (b"Call-ID", b"i")):
        wanted = re.search(rb"(?im)^(?:%s|%s)[ \t]*:[ \t]*([^\r\n]*)" % (name, other), unfolded)
        given = re.search(rb"(?m)^%s: ([^\r\n]*)" % name, desk.raw[-1][1])
        if given is not None:
            assert wanted is not None
            assert wanted[1].strip() == given[1].strip()
    branch = re.search(rb"branch ?= ?([^;,\r\n]*)", unfolded)
    if branch is not None:
        assert branch[1] in desk.raw[-1][1]


def test_refusals_carry_what_the_peer_needs() -> None:
    """405 lists Allow truthfully, 420 names what is unsupported, 415 what is accepted."""
    rows = {name: message for name, message, _ in TABLE}
    allow = Desk().hear(rows["REFER"])[0].headers.get("Allow")
    assert allow == "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REGISTER"
    assert Desk().hear(rows["unknown Require"])[0].headers.get("Unsupported") == "nothingYet, 100rel"
    assert Desk().hear(rows["unknown body type"])[0].headers.get("Accept") == "application/sdp"


def test_a_refusal_without_memory_is_the_same_for_every_copy() -> None:
    """Copies of a request that is refused statelessly get the same bytes, To tag included."""
    desk = Desk()
    message = build(method="BYE", to="<sip:r@b>")
    desk.hear(message)
    desk.hear(message)
    assert desk.raw[0] == desk.raw[1]
    assert b"481" in desk.raw[0][1]
    assert re.search(rb"To: [^\r]*;tag=[0-9a-f]{16}\r\n", desk.raw[0][1])


def test_options_is_answered_without_a_user() -> None:
    """OPTIONS gets 200 with Allow and Accept, and nothing is remembered of it."""
    desk = Desk()
    (answer,) = desk.hear(build("OPTIONS"))
    assert isinstance(answer, Response)
    assert (answer.status, answer.headers.get("Accept")) == (200, "application/sdp")
    assert "INVITE" in (answer.headers.get("Allow") or "")
    assert desk.layer.live == (0, 0)
    assert desk.events == []


def test_bodies_are_bytes() -> None:
    """A body that is no text comes through unchanged, and Content-Length counts bytes."""
    body = bytes(range(256)) + "é会".encode()
    wire = Request("INFO", "sip:a@b", [("Via", "SIP/2.0/UDP h;branch=z9hG4bK1"), ("From", "<sip:a@b>;tag=1"),
                                        ("To", "<sip:c@d>"), ("Call-ID", "x"), ("CSeq", "1 INFO")], body)  # fmt: skip
    read = parse(wire.serialise())
    assert read.body == body
    assert read.headers.get("l") == str(len(body))


def test_the_sdp_part_of_a_multipart_body_is_found() -> None:
    """A multipart body yields its part of the asked type, with bytes kept, and nothing for other types."""
    parts = b"--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b1\r\nc: application/SDP; x=y\r\n\r\nv=0\r\n\xff\r\n--b1--\r\n"
    message = Response(200, headers=[("Content-Type", 'multipart/mixed;boundary="b1"')], body=parts)
    assert body_part(message, "application/sdp") == b"v=0\r\n\xff"
    assert body_part(message, "application/isup") is None


def test_a_wreck_tells_what_an_answer_needs() -> None:
    """The error for an answerable wreck carries status, method and the headers to echo; limits are
    enforced.
    """
    with pytest.raises(BadRequest) as caught:
        parse(raw("INVITE sip:room@192.0.2.1 SIP/7.0"))
    assert (caught.value.status, caught.value.method) == (505, "INVITE")
    assert dict(caught.value.echo)["CSeq"] == "1 INVITE"
    with pytest.raises(TheirMistake):
        parse(raw(end=f"Content-Length: {MAX_BODY + 1}\r\n\r\n" + "x" * (MAX_BODY + 1)))


def test_no_password_of_a_uri_is_shown() -> None:
    """The repr of a URI keeps its password back, and Request's shows no headers at all."""
    message = parse(raw("INVITE sip:anna:hidden@192.0.2.1 SIP/2.0"))
    assert isinstance(message, Request)
    assert "hidden" not in repr(message.uri) + repr(message)
    assert message.uri.username == "anna"

"""What the layer makes of every message of RFC 4475 and RFC 5118; tests/doors/test_sip_torture.py has their answers."""

from typing import Any

import pytest

from parley.wire.sip.errors import TheirMistake
from parley.wire.sip.message import Request, Response
from parley.wire.sip.parser import parse
from tests.kit.sip_wire import Desk
from tests.kit.torture import RFC4475, RFC5118

ALL = {**RFC4475, **RFC5118}

# RFC 4475 3.1.2, 3.3.1, 3.3.8 and 3.3.9; RFC 5118 4.2. Those of 3.1.2 that are not here may be read all the same.
UNREADABLE = {
    *("badinv01", "clerr", "ncl", "scalar02", "scalarlg", "quotbal", "ltgtruri", "lwsruri", "lwsstart", "trws"),
    *("regbadct", "badvers", "mismatch01", "mismatch02", "bigcode", "insuf", "multi01", "mcl01", "ipv6-bad"),
}


def test_the_set_is_whole() -> None:
    """49 messages of RFC 4475 and 12 of RFC 5118."""
    assert (len(RFC4475), len(RFC5118)) == (49, 12)


@pytest.mark.parametrize("name", ALL)
def test_which_can_be_read(name: str) -> None:
    """Everything that is well-formed, and what of the rest does no harm."""
    if name in UNREADABLE:
        with pytest.raises(TheirMistake):
            parse(ALL[name])
    else:
        parse(ALL[name])


def read(name: str) -> Any:
    message = parse(ALL[name])
    assert isinstance(message, Request | Response)
    return message


# message, what is asked of it, what is right
READ = [
    ("wsinv", "vias[0].sent_by", "192.0.2.2:5060"),
    ("wsinv", "vias[1].branch", "z9hG4bK9ikj8"),
    ("wsinv", "vias[2].branch", "z9hG4bK30239"),
    ("wsinv", "from_.display", 'J Rosenberg \\"'),
    ("wsinv", "to.tag", "1918181833n"),
    ("wsinv", "max_forwards", 68),
    ("wsinv", "cseq.number", 9),
    ("wsinv", "contacts[0].display", 'Quoted string ""'),
    ("wsinv", "contacts[0].param('q')", "0.33"),
    ("wsinv", "headers.get('Subject')", ""),
    ("wsinv", "headers.get('UnknownHeaderWithUnusualValue')", ";;,,;;,;"),
    ("intmeth", "method", "!interesting-Method0123456789_*+`.%indeed'~"),
    ("intmeth", "to.display", "BEL:\x07 NUL:\x00 DEL:\x7f"),
    ("intmeth", "from_.tag", "_token~1'+`*%!-."),
    ("intmeth", "uri.host", "example.com"),
    ("esc01", "uri.username", "sips:user@example.com"),
    ("esc01", "uri.host", "example.net"),
    ("esc01", "to.uri.username", "user"),
    ("esc01", "from_.uri.username", "I have spaces"),
    ("escnull", "contacts[1].uri.username", "\x00\x00"),
    ("esc02", "method", "RE%47IST%45R"),
    ("esc02", "to.display", "%Z%45"),
    ("esc02", "len(contacts)", 2),
    ("lwsdisp", "from_.display", "caller"),
    ("longreq", "len(vias)", 34),
    ("longreq", "vias[33].branch", "very" + "long" * 50 + "branchvalue"),
    ("dblreq", "method", "REGISTER"),
    ("dblreq", "body", b""),
    ("semiuri", "uri.username", "user;par=u@example.net"),
    ("semiuri", "uri.params", ()),
    ("transports", "vias[3].transport", "UNKNOWN"),
    ("mpart01", "len(body)", 555),
    ("unreason", "reason", "= 2**3 * 5**2 но сто девяносто девять - простое"),
    ("noreason", "reason", ""),
    ("baddn", "from_.display", "Bell, Alexander"),
    ("badaspec", "to.uri.text", "sip:t.watson@example.org"),
    ("cparam01", "contacts[0].param('unknownparam')", ""),
    ("cparam01", "contacts[0].uri.param('unknownparam')", None),
    ("cparam02", "contacts[0].uri.param('unknownparam')", ""),
    ("inv2543", "vias[0].branch", ""),
    ("ipv6-good", "uri.host", "2001:db8::10"),
    ("port-ambiguous", "(uri.host, uri.port)", ("2001:db8::10:5070", None)),
    ("port-unambiguous", "(uri.host, uri.port)", ("2001:db8::10", 5070)),
    ("ipv6-bug-abnf-3-colons", "uri.host", "2001:db8::192.0.2.1"),
    ("ipv6-correct-abnf-2-colons", "uri.host", "2001:db8::192.0.2.1"),
    ("mult-ip-in-header", "[via.host for via in vias]", ["2001:db8::9:1", "192.0.2.1", "2001:db8::9:255"]),
    ("ipv4-mapped-ipv6", "(vias[0].host, vias[0].port)", ("::ffff:192.0.2.10", 19823)),
    ("ipv4-mapped-ipv6", "contacts[0].uri.host", "::ffff:192.0.2.2"),
]


@pytest.mark.parametrize(("name", "asked", "right"), READ, ids=[f"{name} {asked}" for name, asked, _ in READ])
def test_what_is_read(name: str, asked: str, right: object) -> None:
    """Names, numbers and parameters are those that the RFC says they are."""
    message = read(name)
    words = {word: getattr(message, word) for word in dir(message) if not word.startswith("_")} | {
        "from_": message.from_
    }
    assert eval(asked, {"len": len}, words) == right


def test_ipv6_in_received_is_answered() -> None:
    """With brackets and without: the address it really came from stands in their place (RFC 5118 section 4.5)."""
    for name in ("via-received-param-with-delim", "via-received-param-no-delim"):
        (answer,) = Desk().hear(ALL[name])
        (via,) = answer.vias
        assert via.host == "2001:db8::9:1" and dict(via.params)["received"] == "192.0.2.50"


def test_a_broken_via_is_answered_as_far_as_it_can_be_read() -> None:
    """The 400 goes back with what stands before the damage (RFC 4475 3.1.2.1)."""
    (answer,) = Desk().hear(ALL["badinv01"])
    assert isinstance(answer, Response) and answer.status == 400
    assert [via.host for via in answer.vias] == ["192.0.2.15"]


def test_unsupported_names_what_is_asked_of_us() -> None:
    """What is asked of proxies is not in it where something is asked of us (RFC 4475 3.3.5)."""
    (answer,) = Desk().hear(ALL["bext01"])
    assert answer.headers.values("Unsupported") == ["nothingSupportsThis", "nothingSupportsThisEither"]

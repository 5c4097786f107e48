"""Where a call goes, whom it may be for, and how many a tenant makes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.core.call_counts import AT_ONCE, PER_MINUTE, CallCounts, CallLimitReached, Reservation
from parley.core.ids import OutboundRuleId, TenantId
from parley.core.outbound import (
    BadTarget,
    ControlEncryption,
    FailureAction,
    OutboundRule,
    Target,
    matches,
    parse_place,
    parse_proxy,
    parse_target,
    routes_for,
)
from parley.core.people import CallOutLimits
from parley.core.secret import Secret

ACME, OTHER = TenantId("acme"), TenantId("other")


def rule(id: str, domain: str, priority: int = 0, **fields: object) -> OutboundRule:
    return OutboundRule(OutboundRuleId(id), domain, priority, **fields)  # type: ignore[arg-type]


def order(target: str, rules: list[OutboundRule], tenant: TenantId | None = None) -> list[str]:
    return [hop.rule for hop in routes_for(parse_target(target, "example.com"), rules, tenant)]


RULES = [
    rule("low", "phones.example", 1),
    rule("any", "*", 5),
    rule("com", "*.com", 5),
    rule("long", "*example.com", 5),
    rule("exact", "a.example.com", 5),
    rule("mine", "a.example.com", 5, tenant=ACME),
    rule("theirs", "*", 100, tenant=OTHER),
    rule("high", "*.com", 9),
]


@pytest.mark.parametrize(
    ("target", "tenant", "expected"),
    [
        ("sip:x@a.example.com", None, ["high", "exact", "long", "com", "any"]),
        ("sip:x@a.example.com", ACME, ["high", "mine", "exact", "long", "com", "any"]),
        ("sip:x@a.example.com", OTHER, ["theirs", "high", "exact", "long", "com", "any"]),
        ("sip:x@phones.example", None, ["any", "low"]),
        ("sip:x@PHONES.example.", None, ["any", "low"]),
        ("12345", None, ["high", "long", "com", "any"]),
    ],
)
def test_hops_are_tried_in_this_order(target: str, tenant: TenantId | None, expected: list[str]) -> None:
    """Priority first, then exactness, then the longer end of a domain; a tenant's rule is for that tenant alone."""
    assert order(target, RULES, tenant) == expected


def test_no_rule_no_way() -> None:
    """What no rule covers leads nowhere: neither a like-named domain, nor one of another tenant."""
    rules = [rule("a", "example.org"), rule("b", "*.example.net"), rule("c", "*", tenant=ACME)]
    for target in ("sip:x@example.com", "sip:x@sub.example.org", "sip:x@example.net", "sip:x@badexample.org"):
        assert order(target, rules) == []


@pytest.mark.parametrize(
    ("pattern", "domain", "expected"),
    [
        ("*", "any.where", True),
        ("*.com", "a.com", True),
        ("*.com", "com", False),
        ("*.com", "a.com.evil", False),
        ("a.com", "a.com", True),
        ("A.Com", "a.com", True),
        ("a.*", "a.com", False),
        ("*a.com", "ba.com", True),
    ],
)
def test_a_star_stands_for_the_beginning_of_a_domain(pattern: str, domain: str, expected: bool) -> None:
    """Only in front, and never for the end."""
    assert matches(rule("r", pattern), domain) is expected


def test_a_hop_carries_what_its_rule_says() -> None:
    """Proxy, port, transport, domains, failure action and credentials; without a proxy the target itself."""
    full = rule(
        "r",
        "*",
        proxy="trunk.example:5070;transport=tcp",
        local_contact_domain="c.example",
        local_from_domain="f.example",
        failure_action=FailureAction.CONTINUE,
        username="u",
        password=Secret("p"),
        realm="r",
    )
    (hop,) = routes_for(Target("x", "y.example", 5080), [full], None)
    assert (hop.host, hop.port, hop.transport) == ("trunk.example", 5070, "tcp")
    assert (hop.contact_domain, hop.from_domain, hop.failure_action) == ("c.example", "f.example", "continue")
    assert hop.credentials is not None and hop.credentials.realm == "r"
    (direct,) = routes_for(Target("x", "y.example", 5080), [rule("r", "*")], None)
    assert (direct.host, direct.port, direct.transport, direct.credentials) == ("y.example", 5080, "udp", None)


def test_credentials_without_a_realm_are_for_nobody() -> None:
    """A password that is meant for no named realm is never given away."""
    (hop,) = routes_for(Target("x", "y"), [rule("r", "*", username="u", password=Secret("p"))], None)
    assert hop.credentials is None


def test_a_secure_call_is_never_made_less_secure() -> None:
    """sips stays TLS whatever the rule's proxy says."""
    (hop,) = routes_for(parse_target("sips:a@b.example", None), [rule("r", "*", proxy="p.example")], None)
    assert hop.transport == "tls"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sip:ada@phones.example", "sip:ada@phones.example"),
        ("SIP:Ada@Phones.Example", "sip:Ada@phones.example"),
        ("ada@phones.example:5070", "sip:ada@phones.example:5070"),
        ("sips:ada@phones.example", "sips:ada@phones.example"),
        ("sip:ada@192.0.2.1", "sip:ada@192.0.2.1"),
        ("sip:ada@[2001:db8::1]:5060", "sip:ada@[2001:db8::1]:5060"),
        ("tel:+49-30-(12)34.5", "sip:+493012345@example.com"),
        ("+4930123", "sip:+4930123@example.com"),
        ("2000", "sip:2000@example.com"),
        ("  2000 ", "sip:2000@example.com"),
        ("sip:2000", "sip:2000@example.com"),
        ("a%20b@phones.example", "sip:a%20b@phones.example"),
    ],
)
def test_whom_a_text_names(text: str, expected: str) -> None:
    """URIs, numbers and JIDs; what has no domain is at the default one."""
    assert parse_target(text, "example.com").uri == expected


BAD = [
    "",
    "sip:",
    "sip:@example.com",
    "sip:a@",
    "sip:a@b;transport=tcp",
    "sip:a;x=y@b",
    "sip:a@b?Route=%3Csip:c%3E",
    "sip:a?x@b",
    "sip:a:secret@b",
    "sip:a@b@c",
    "sip:a@b\r\nVia: x",
    "sip:a\nb@c",
    "sip:a b@c",
    'sip:"a"@b',
    "sip:<a>@b",
    "sip:a%0d%0aVia@b",
    "sip:a%00@b",
    "sip:a%zz@b",
    "sip:a@b:0",
    "sip:a@b:70000",
    "sip:a@b:",
    "sip:a@1.2.3",
    "sip:a@1.2.3.999",
    "sip:a@[::g]",
    "sip:a@[::1",
    "sip:a@-b",
    "sip:a@b..c",
    "sip:a,b@c",
    "http://example.com",
    "tel:call-me",
    "tel:+1;ext=2",
    "x" * 200,
    "sip:ü@example.com",
    "sip:a@exämple.com",
]


@pytest.mark.parametrize("text", BAD)
def test_what_names_nobody(text: str) -> None:
    """Parameters, headers, passwords, line ends and everything else that could get out of its place is refused."""
    with pytest.raises(BadTarget):
        parse_target(text, "example.com")


def test_a_number_without_a_domain_needs_a_default() -> None:
    """Where there is none, nobody is meant."""
    with pytest.raises(BadTarget):
        parse_target("2000", None)


@given(st.text(max_size=60))
def test_no_text_gets_out_of_its_place(text: str) -> None:
    """Whatever is dialled is refused, or stands as one URI without parameters, headers or blanks."""
    try:
        uri = parse_target(text, "example.com").uri
    except BadTarget:
        return
    assert not set(uri) & set(' ;?<>"\r\n\t,') and uri.count("@") == 1
    assert uri.isascii()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1", ("10.0.0.1", None, "udp")),
        ("Trunk.example:5080", ("trunk.example", 5080, "udp")),
        ("[::1]:5061;transport=TCP", ("::1", 5061, "tcp")),
    ],
)
def test_a_proxy_is_a_place_and_a_transport(text: str, expected: object) -> None:
    """host[:port][;transport=]; UDP unless it says otherwise."""
    assert parse_proxy(text) == expected


@pytest.mark.parametrize("text", ["", "a b", "sip:a@b", "a;lr", "a;transport=sctp", "a:x", "<sip:a>"])
def test_what_is_no_proxy(text: str) -> None:
    """Anything else is a mistake worth telling."""
    with pytest.raises(BadTarget):
        parse_proxy(text)


def test_hosts_are_lower_case_and_end_without_a_dot() -> None:
    """So that rules compare."""
    assert parse_place("A.Example.:5060") == ("a.example", 5060)


# --- counts -----------------------------------------------------------------------------------------------------


def reserve(counts: CallCounts, now: float = 0.0, tenant: TenantId | None = None, **limits: int) -> Reservation:
    reservation = counts.reserve(tenant, CallOutLimits(**limits), now)
    counts.confirm(reservation)
    return reservation


def test_calls_at_once_are_bounded() -> None:
    """The third of two is refused, also when none has been confirmed; one that ends makes room."""
    counts = CallCounts()
    first = counts.reserve(None, CallOutLimits(at_once=2), 0.0)
    reserve(counts, at_once=2)
    with pytest.raises(CallLimitReached) as reached:
        reserve(counts, at_once=2)
    assert reached.value.which == AT_ONCE
    counts.release(first)
    counts.release(first)  # giving back again does nothing
    reserve(counts, at_once=2)
    assert counts.live(None) == 2


def test_calls_in_a_minute_are_bounded() -> None:
    """Calls that are over count until a minute has passed since they began; calls never made do not."""
    counts = CallCounts()
    for at in (0.0, 10.0):
        counts.release(reserve(counts, at, per_minute=2))
    with pytest.raises(CallLimitReached) as reached:
        reserve(counts, 59.9, per_minute=2)
    assert reached.value.which == PER_MINUTE
    counts.release(counts.reserve(None, CallOutLimits(per_minute=2), 60.0))
    reserve(counts, 60.0, per_minute=2)
    with pytest.raises(CallLimitReached):
        reserve(counts, 69.0, per_minute=2)


def test_tenants_do_not_count_for_each_other_and_are_forgotten() -> None:
    """Each has its own bounds; nothing is kept of one without calls in the last minute."""
    counts = CallCounts()
    counts.release(reserve(counts, 0.0, ACME, at_once=1))
    held = reserve(counts, 0.0, OTHER, at_once=1)
    reserve(counts, 100.0, at_once=1)
    assert set(counts._calls) == {OTHER, None}
    counts.release(held)
    counts.release(reserve(counts, 200.0, ACME))
    assert set(counts._calls) == {None, ACME}


@pytest.mark.parametrize(
    ("encryption", "proxy", "target", "transport"),
    [
        ("auto", None, "sip:x@a.example", "udp"),
        ("auto", "p.example;transport=tcp", "sip:x@a.example", "tcp"),
        ("encrypted", None, "sip:x@a.example", "tls"),
        ("encrypted", "p.example:5062", "sip:x@a.example", "tls"),
        ("unencrypted", "p.example;transport=tcp", "sip:x@a.example", "tcp"),
        ("unencrypted", None, "sips:x@a.example", None),
        ("encrypted", None, "sips:x@a.example", "tls"),
    ],
)
def test_encryption_of_signalling(encryption: str, proxy: str | None, target: str, transport: str | None) -> None:
    """encrypted is TLS or nothing; a rule without TLS leads nowhere for a call that must be secure."""
    one = rule("r", "*", proxy=proxy, control_encryption=ControlEncryption(encryption))
    hops = routes_for(parse_target(target, None), [one], None)
    assert [hop.transport for hop in hops] == ([transport] if transport else [])

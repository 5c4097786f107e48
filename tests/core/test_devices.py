"""What a REGISTER makes of the addresses that are known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from parley.core.devices import (
    BINDINGS_MOST,
    EXPIRES_MOST,
    Binding,
    Contact,
    DigestAlgorithm,
    Registration,
    RegistrationRefused,
    ha1,
    one_way_each,
    registered,
)
from parley.core.secret import Secret

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
A, B = "sip:ann@192.0.2.7:5062", "sip:ann@192.0.2.8"


def wish(*contacts: Contact, cseq: int = 1, call_id: str = "c1") -> Registration:
    return Registration(contacts, call_id, cseq, "192.0.2.7", 5062, "udp", "Phone/1")


def bound(uri: str, seconds: int, cseq: int = 1, call_id: str = "c1") -> Binding:
    return Binding(uri, "192.0.2.7", 5062, "udp", call_id, cseq, NOW + timedelta(seconds=seconds), "Phone/1")


def itself(uri: str, instance: str = "x", reg_id: str = "1", seconds: int = 600) -> Contact:
    """Of a device that says who it is."""
    return Contact(uri, seconds, f'+sip.instance="{instance}";reg-id={reg_id}', instance, reg_id)


def known_as(contact: Contact, cseq: int = 1, call_id: str = "c1") -> Binding:
    """What stands for it once it is registered."""
    one = bound(contact.uri, contact.expires, cseq, call_id)
    return replace(one, parameters=contact.parameters, instance=contact.instance, reg_id=contact.reg_id)


@pytest.mark.parametrize(
    ("known", "asked", "after"),
    [
        pytest.param((), wish(Contact(A, 600)), (bound(A, 600),), id="a first address"),
        pytest.param((bound(A, 9),), wish(Contact(A, 600), cseq=2), (bound(A, 600, 2),), id="the same again"),
        pytest.param((bound(A, 9),), wish(Contact(B, 600), cseq=2), (bound(A, 9), bound(B, 600, 2)), id="one more"),
        pytest.param((bound(A, 9), bound(B, 9)), wish(Contact(A, 0), cseq=2), (bound(B, 9),), id="one taken back"),
        pytest.param((bound(A, 9),), wish(), (bound(A, 9),), id="only a question"),
        pytest.param((bound(A, -1),), wish(), (), id="an expired one is gone"),
        pytest.param((bound(A, 9),), replace(wish(cseq=2), contacts=None), (), id="all taken back"),
        pytest.param((bound(A, 9, 7, "old"),), wish(Contact(A, 60)), (bound(A, 60),), id="a phone that began anew"),
        pytest.param((), wish(Contact(A, 10**9)), (bound(A, EXPIRES_MOST),), id="too long is shortened"),
        pytest.param((), wish(Contact(A, 90), Contact(A, 600)), (bound(A, 600),), id="one address twice"),
    ],
)
def test_a_registration_and_what_it_leaves(
    known: tuple[Binding, ...], asked: Registration, after: tuple[Binding, ...]
) -> None:
    """The table of what may be asked for."""
    assert registered(known, asked, NOW) == after


@pytest.mark.parametrize(
    ("before", "asked", "after"),
    [
        pytest.param(itself(A), itself(B), [itself(B)], id="it has moved"),
        pytest.param(itself(A), itself(B, seconds=0), [], id="it takes back where it was"),
        pytest.param(itself(A), itself(B, reg_id="2"), [itself(A), itself(B, reg_id="2")], id="another way to it"),
        pytest.param(itself(A), itself(B, "y"), [itself(A), itself(B, "y")], id="another device"),
        pytest.param(itself(A, reg_id=""), itself(B, reg_id=""), [itself(B, reg_id="")], id="it knows no reg-id"),
        pytest.param(itself(A, ""), itself(B, ""), [itself(A, ""), itself(B, "")], id="nobody says who it is"),
        pytest.param(Contact(A, 600), itself(A), [itself(A)], id="it says now who it is"),
        pytest.param(itself(A), Contact(A, 600), [Contact(A, 600)], id="it says so no longer"),
    ],
)
def test_a_device_that_says_who_it_is_stands_there_once(before: Contact, asked: Contact, after: list[Contact]) -> None:
    """A new address with the same instance and reg-id takes the place of the old one (RFC 5626 section 6)."""
    found = registered((known_as(before),), wish(asked, cseq=2, call_id="c2"), NOW)
    assert {one.contact: one for one in found} == {
        one.uri: known_as(one, 1, "c1") if one == before else known_as(one, 2, "c2") for one in after
    }


def test_two_addresses_of_one_request_stay_both_and_come_again_both() -> None:
    """Who registers two ways at once under one name means both; the next request renews the two."""
    both = (itself(A, reg_id=""), itself(B, reg_id=""))
    first = registered((), wish(*both), NOW)
    assert [one.contact for one in first] == [A, B]
    again = registered(first, wish(*both, cseq=2), NOW)
    assert [(one.contact, one.cseq) for one in again] == [(A, 2), (B, 2)]


def test_of_the_ways_to_one_device_the_first_is_taken() -> None:
    """Devices that say nothing of themselves are never taken for one another, whatever their addresses."""
    ways = [known_as(itself(A)), known_as(itself(B, reg_id="2")), known_as(itself(B, "y")), bound(A, 9), bound(A, 9)]
    assert one_way_each(ways) == [ways[0], *ways[2:]]


@pytest.mark.parametrize(
    ("known", "asked", "why"),
    [
        pytest.param((), wish(Contact(A, 59)), "interval", id="too brief"),
        pytest.param((bound(A, 9, 2),), wish(Contact(A, 600), cseq=2), "out-of-order", id="a copy that came late"),
        pytest.param((bound(A, 9, 2),), replace(wish(cseq=1), contacts=None), "out-of-order", id="a late goodbye"),
        pytest.param((known_as(itself(B), 2),), wish(itself(A)), "out-of-order", id="where it was before, come late"),
        pytest.param(
            tuple(bound(f"sip:{n}@a", 9) for n in range(BINDINGS_MOST)),
            wish(Contact(A, 60), cseq=2),
            "too-many",
            id="too many",
        ),
    ],
)
def test_what_is_refused(known: tuple[Binding, ...], asked: Registration, why: str) -> None:
    """Each refusal says why."""
    with pytest.raises(RegistrationRefused) as refused:
        registered(known, asked, NOW)
    assert refused.value.why == why


def test_the_hash_of_a_password_is_the_one_of_the_rfc() -> None:
    """RFC 2617 section 3.5 and RFC 7616 section 3.9.1 name these credentials."""
    password = Secret("Circle Of Life")
    assert ha1("Mufasa", "testrealm@host.com", password, DigestAlgorithm.MD5).reveal() == (
        "939e7578ed9e3c518a452acee763bce9"
    )
    longer = ha1("Mufasa", "http-auth@example.org", Secret("Circle of Life"), DigestAlgorithm.SHA_256).reveal()
    assert longer == "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"

"""Whom a trusted network's word means, and who counts as invited."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from parley.core.conferences import Attendee, Conference
from parley.core.ids import ConferenceId, SpaceId, UserId
from parley.core.people import User
from parley.core.proofs import Identity, identity_of, invites, is_invited, is_of

OWN = ("example.com",)
ANN = User(UserId("ann"), "ann@example.com", number="2001", account="ann.a", email="ann@mail.example")


def conference(*attendees: Attendee, organiser: str = "somebody") -> Conference:
    return Conference(
        ConferenceId("c"),
        "900000001",
        SpaceId("s"),
        UserId(organiser),
        "Review",
        datetime(2026, 1, 1, tzinfo=UTC),
        60,
        "UTC",
        "en",
        "uid",
        attendees=attendees,
    )


@pytest.mark.parametrize(
    ("uri", "identity"),
    [
        ("sip:Ann@Example.com", Identity("ann", "example.com")),
        ("sips:ann@example.com;user=phone", Identity("ann", "example.com")),
        ("sip:+49-30-1@trunk.example", Identity("+49-30-1", "trunk.example")),
        ("tel:+49-30-123;ext=1", Identity("+49-30-123")),
        ("tel:ann", None),
        ("tel:", None),
        ("sip:example.com", None),
        ("sip:@example.com", None),
        ("sip:ann@", None),
        ("mailto:ann@example.com", None),
        ("", None),
    ],
)
def test_an_identity_is_read_from_what_is_asserted(uri: str, identity: Identity | None) -> None:
    """User and domain of a SIP URI, the number of a tel URI; anything else names nobody."""
    assert identity_of(uri) == identity


@pytest.mark.parametrize(
    ("text", "uri", "same"),
    [
        ("2001", "sip:2001@trunk.example", True),
        ("+49 (30) 123", "tel:+4930123", True),
        ("tel:+4930123", "sip:+4930123@trunk.example;user=phone", True),
        ("sip:2001@example.com", "sip:2001@trunk.example", True),
        ("sip:2001@far.example", "sip:2001@trunk.example", False),
        ("sip:2001@far.example", "sip:2001@far.example", True),
        ("+4930123", "tel:4930123", False),
        ("ann", "sip:ann@example.com", True),
        ("ann", "sip:ann@far.example", False),
        ("sip:ann@far.example", "sip:Ann@FAR.example", True),
        ("sip:ann@far.example", "sip:ann@example.com", False),
        ("ann@example.com", "sip:ann@example.com", True),
        ("ann@example.com", "sip:ann@far.example", False),
        ("", "sip:ann@example.com", False),
        ("@example.com", "sip:ann@example.com", False),
        ("2", "sip:2@example.com", True),
        ("2", "sip:2@far.example", False),
    ],
)
def test_numbers_mean_the_same_everywhere_and_names_do_not(text: str, uri: str, same: bool) -> None:
    """A name at a foreign domain is another person's; one digit is a name."""
    identity = identity_of(uri)
    assert identity is not None and is_of(text, identity, OWN) is same


@pytest.mark.parametrize(
    ("attendee", "invited"),
    [
        (Attendee(user=UserId("ann")), True),
        (Attendee(user=UserId("bob")), False),
        (Attendee(address="2001"), True),
        (Attendee(address="sip:ANN@example.com"), True),
        (Attendee(address="ann.a"), True),
        (Attendee(address="sip:ann@far.example"), False),
        (Attendee(name="ann", email="ann@mail.example"), False),
        (Attendee(), False),
    ],
)
def test_a_user_is_invited_by_account_or_by_an_own_address(attendee: Attendee, invited: bool) -> None:
    """A mail address proves nothing: people may change their own."""
    assert is_invited(conference(attendee), ANN) is invited
    assert not is_invited(conference(), ANN)


def test_the_organiser_is_invited() -> None:
    """Though listed nowhere."""
    assert is_invited(conference(organiser="ann"), ANN)


@pytest.mark.parametrize(
    ("attendee", "uri", "invited"),
    [
        (Attendee(address="+4930123"), "tel:+49-30-123", True),
        (Attendee(sms="+49 30 123"), "sip:+4930123@trunk.example", True),
        (Attendee(address="sip:dora@far.example"), "sip:dora@far.example", True),
        (Attendee(email="dora@far.example"), "sip:dora@far.example", False),
        (Attendee(name="+4930123"), "tel:+4930123", False),
        (Attendee(), "tel:+4930123", False),
    ],
)
def test_an_asserted_identity_is_invited_by_what_is_dialled_or_sent_to(
    attendee: Attendee, uri: str, invited: bool
) -> None:
    """The address that would be rung, or the number for messages."""
    identity = identity_of(uri)
    assert identity is not None and invites(conference(attendee), identity, OWN) is invited

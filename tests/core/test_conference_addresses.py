"""Does somebody who is in a meeting answer to an invited address?"""

import pytest

from parley.core.conferences import answers_to


@pytest.mark.parametrize(
    ("dialled", "seen", "same"),
    [
        ("2002", "2002@example.com", True),
        ("sip:bob@Far.example", "bob@far.example", True),
        ("sips:bob@far.example;transport=tls", "bob@far.example", True),
        ("tel:+8613800000000", "+8613800000000@gateway.example", True),
        ("bob@near.example", "bob@far.example", False),
        ("2002", "12002@example.com", False),
        ("", "", False),
        ("sip:", "@x", False),
    ],
)
def test_addresses_are_compared_as_people_mean_them(dialled: str, seen: str, same: bool) -> None:
    """A number stands for itself at any domain; case, scheme and parameters do not count."""
    assert answers_to(dialled, seen) is same

"""What stands in join links, and whose they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parley.core.links import LINK_BYTES, PersonalLinks, meanings, spelled
from parley.core.secret import Secret

LINKS = PersonalLinks(bytes(range(32)))
CONFERENCE, OTHER = "900000001", "900000002"
DOOR = Secret("ab" * LINK_BYTES)


@given(st.text("ABCDEFabcdef0123456789._-", min_size=1, max_size=24))
def test_what_is_spelled_means_the_secret(text: str) -> None:
    """Of every secret that fits, among the meanings."""
    digits = spelled(Secret(text))
    assert digits is not None and len(digits) == 2 * LINK_BYTES
    assert Secret(text) in meanings(Secret(digits))


@given(st.text(max_size=60))
def test_a_links_text_always_means_itself(text: str) -> None:
    """First, and at most one more."""
    found = meanings(Secret(text))
    assert found[0] == Secret(text) and len(found) <= 2


def test_a_personal_link_is_read_by_its_own_conference_door_and_installation_alone() -> None:
    """Anywhere else its seal is wrong."""
    secret = LINKS.secret(CONFERENCE, DOOR, "Ann@Example.com")
    assert len(secret.reveal()) == 2 * LINK_BYTES
    assert LINKS.read(CONFERENCE, DOOR, secret) == LINKS.mark(CONFERENCE, "ann@example.com")
    assert LINKS.read(OTHER, DOOR, secret) is None
    assert LINKS.read(CONFERENCE, Secret("cd" * LINK_BYTES), secret) is None
    assert PersonalLinks(bytes(32)).read(CONFERENCE, DOOR, secret) is None


def test_every_reader_has_a_link_of_his_own() -> None:
    """And another one in another conference, so that marks tell nobody who meets whom."""
    people = [f"p{number}@example.com" for number in range(200)]
    links = {LINKS.secret(CONFERENCE, DOOR, one).reveal() for one in people}
    assert len(links) == 200
    assert LINKS.mark(CONFERENCE, people[0]) != LINKS.mark(OTHER, people[0])


@given(st.integers(0, 2 * LINK_BYTES - 1), st.sampled_from("0123456789abcdefABCDEF"))
def test_a_changed_digit_makes_a_personal_link_worthless(position: int, digit: str) -> None:
    """Wherever it stands: in the mark or in the seal."""
    digits = LINKS.secret(CONFERENCE, DOOR, "ann@example.com").reveal()
    changed = digits[:position] + digit + digits[position + 1 :]
    if changed != digits:
        assert LINKS.read(CONFERENCE, DOOR, Secret(changed)) is None


@given(st.text(max_size=60))
def test_no_text_is_a_personal_link_by_chance(text: str) -> None:
    """Nor does any break the reading."""
    assert LINKS.read(CONFERENCE, DOOR, Secret(text)) is None


def test_a_doors_secret_does_not_make_personal_links() -> None:
    """Whoever holds a shared link, which is the door's secret, cannot make himself a personal one."""
    made = PersonalLinks(DOOR.reveal().encode()).secret(CONFERENCE, DOOR, "ann@example.com")
    assert LINKS.read(CONFERENCE, DOOR, made) is None
    assert "\x01" not in repr(LINKS)

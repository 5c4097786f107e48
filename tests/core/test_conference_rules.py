"""What the rules of a conference mean for those who come in."""

import pytest

from parley.core.conference_rules import guest_settings, host_settings
from parley.core.conferences import ConferenceRules


@pytest.mark.parametrize(
    ("may_start", "waiting_room", "waits"),
    [(False, False, True), (True, False, False), (False, True, True), (True, True, True)],
)
def test_guests_start_only_where_they_may_and_no_host_decides_about_them(
    may_start: bool, waiting_room: bool, waits: bool
) -> None:
    """A waiting room wins: a guest who may start would walk past it."""
    settings = guest_settings(ConferenceRules(guests_may_start=may_start, waiting_room=waiting_room))
    assert (settings.needs_activation, settings.waiting_room) == (waits, waiting_room)


def test_hosts_wait_for_nobody() -> None:
    """Neither for activation nor in a waiting room, whatever the rules for guests are."""
    settings = host_settings(ConferenceRules(waiting_room=True))
    assert settings.needs_activation is False and not settings.waiting_room

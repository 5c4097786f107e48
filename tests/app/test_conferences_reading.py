"""Who sees which conferences and how, lists and history, and proving oneself by a passcode."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from parley.app.booking import Actor, ConferenceRecord
from parley.app.conference_reading import role_of
from parley.app.ports import Page
from parley.core.conferences import Attendee, Cycle, OccurrenceState, Series
from parley.core.refusals import Refusal
from parley.core.secret import Secret
from parley.core.spaces import Role
from tests.app.conference_floor import NOW, ConferenceFloor, at


@pytest.fixture
async def floor() -> ConferenceFloor:
    made = ConferenceFloor()
    await made.people()
    return made


def subjects(page: Page[ConferenceRecord]) -> list[str]:
    return [record.conference.subject for record in page.items]


async def test_the_host_sees_both_passcodes_the_guest_one(floor: ConferenceFloor) -> None:
    """Organiser, administrators and who is invited as host are hosts."""
    invited = (Attendee(user=floor.bob.user), Attendee(user=floor.carol.user, role=Role.HOST))
    record = await floor.book(start=at("2026-01-02 09:00"), attendees=invited)
    for actor, host in ((floor.alice, True), (floor.chief, True), (floor.carol, True), (floor.bob, False)):
        seen = await floor.conferences.show(actor, record.conference.number)
        assert (seen.host.passcode is not None, seen.host.secret is not None) == (host, host), actor.user
        assert seen.guest == record.guest
        assert role_of(actor, record.conference) is (Role.HOST if host else Role.GUEST)
    for stranger in (floor.eve, Actor(floor.eve.user, None, floor.alice.level)):
        with pytest.raises(Refusal, match="not-found"):
            await floor.conferences.show(stranger, record.conference.number)


async def lists_of_three(floor: ConferenceFloor) -> None:
    await floor.book(start=at("2026-01-03 09:00"), subject="Budget", attendees=(Attendee(user=floor.bob.user),))
    await floor.book(subject="Now", actor=floor.bob)
    weekly = Series(Cycle.WEEK, date(2026, 1, 20), date(2026, 2, 28), 540, points=(2,))
    await floor.book(series=weekly, subject="Weekly", zone="UTC", actor=floor.carol)
    await floor.book(start=at("2026-06-01 09:00"), subject="Summer")


async def test_lists_show_ones_own_and_what_one_is_invited_to(floor: ConferenceFloor) -> None:
    """By start, a series once; administrators may see everybody's, nobody sees another tenant's."""
    await lists_of_three(floor)
    use = floor.conferences
    assert subjects(await use.list(floor.alice)) == ["Budget", "Summer"]
    assert subjects(await use.list(floor.bob)) == ["Now", "Budget"]
    assert subjects(await use.list(floor.bob, everybody=True)) == ["Now", "Budget"]
    assert subjects(await use.list(floor.chief)) == []
    everything = await use.list(floor.chief, everybody=True)
    assert subjects(everything) == ["Now", "Budget", "Weekly", "Summer"] and everything.total == 4
    assert subjects(await use.list(floor.eve, everybody=True)) == []
    turned = await use.list(floor.chief, everybody=True, sort_descending=True, offset=1, limit=2)
    assert (subjects(turned), turned.total) == (["Weekly", "Budget"], 4)
    assert len(turned.items[0].occurrences) == 6
    assert turned.items[1].host.passcode is not None
    assert (await use.list(floor.bob)).items[1].host.passcode is None


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"within": "day"}, ["Now"]),
        ({"within": "week"}, ["Now", "Budget"]),
        ({"within": "month"}, ["Now", "Budget", "Weekly"]),
        ({"search": "week"}, ["Weekly"]),
        ({"search": "ALICE"}, ["Budget", "Summer"]),
        ({"search": "100000004"}, ["Now"]),
        ({"search": "%"}, []),
        ({"states": {OccurrenceState.BOOKED}}, ["Budget", "Weekly", "Summer"]),
    ],
)
async def test_lists_are_narrowed(floor: ConferenceFloor, options: dict[str, Any], expected: list[str]) -> None:
    """By span, by state, and by words in subject, organiser or number."""
    await lists_of_three(floor)
    page = await floor.conferences.list(floor.chief, everybody=True, **options)
    assert (subjects(page), page.total) == (expected, len(expected))


async def test_running_ones_alone(floor: ConferenceFloor) -> None:
    """What goes on now."""
    await lists_of_three(floor)
    assert subjects(await floor.conferences.running(floor.chief, everybody=True)) == ["Now"]


async def test_history_has_a_row_for_each_that_took_place(floor: ConferenceFloor) -> None:
    """Also after its space is gone, and of each occurrence of a series; cancelled ones never were."""
    series = Series(Cycle.DAY, date(2026, 1, 2), date(2026, 1, 4), 540)
    daily = await floor.book(series=series, subject="Daily", zone="UTC", attendees=(Attendee(user=floor.bob.user),))
    await floor.book(start=at("2026-01-03 10:00"), subject="Once")
    gone = await floor.book(start=at("2026-01-03 11:00"), subject="Gone")
    await floor.conferences.cancel(floor.alice, gone.conference.number)
    async with floor.running():
        await floor.until("2026-01-03 12:00")
    use, span = floor.conferences, (NOW, NOW + timedelta(days=30))
    page = await use.history(floor.alice, *span)
    assert subjects(page) == ["Daily", "Daily", "Once"]
    assert [len(record.occurrences) for record in page.items] == [1, 1, 1]
    assert subjects(await use.history(floor.alice, *span, sort_descending=True, limit=1)) == ["Once"]
    assert subjects(await use.history(floor.alice, at("2026-01-03 00:00"), at("2026-01-03 09:00"))) == ["Daily"]
    assert subjects(await use.history(floor.bob, *span, search="daily")) == ["Daily", "Daily"]
    assert subjects(await use.history(floor.chief, *span)) == []
    assert len((await use.history(floor.chief, *span, everybody=True)).items) == 3
    once = page.items[2]
    assert once.guest.passcode is None and once.conference.number == once.guest.call_id
    assert await use.history_of(floor.alice, once.occurrences[0].id) == once
    for stranger in (floor.carol, floor.eve):
        for question in (use.history_of, use.attendance):
            with pytest.raises(Refusal, match="not-found"):
                await question(stranger, daily.occurrences[0].id)


# --- proving oneself -----------------------------------------------------------------------------------------


async def test_a_passcode_says_as_what_one_comes(floor: ConferenceFloor) -> None:
    """Host, guest, or neither; an unknown number says the same as a wrong passcode."""
    record = await floor.book()
    number = record.conference.number
    assert record.host.passcode and record.guest.passcode
    found, role = await floor.conferences.authenticate(number, record.host.passcode, "192.0.2.1")
    assert (found.conference, role) == (record.conference, Role.HOST)
    assert (await floor.conferences.authenticate(number, record.guest.passcode, "192.0.2.1"))[1] is Role.GUEST
    for where, passcode in ((number, "000000"), ("999999999", record.host.passcode.reveal()), (number, "")):
        with pytest.raises(Refusal) as refused:
            await floor.conferences.authenticate(where, Secret(passcode), "192.0.2.1")
        assert (refused.value.code, refused.value.data) == ("wrong-passcode", {})


async def test_guesses_are_counted_with_those_of_phones(floor: ConferenceFloor) -> None:
    """Whoever has guessed too often is locked out, with the right passcode too, here and at every phone."""
    floor = ConferenceFloor(wrong_most=5)
    await floor.people()
    record = await floor.book()
    number = record.conference.number
    assert record.host.passcode is not None
    for _ in range(5):
        with pytest.raises(Refusal, match="wrong-passcode"):
            await floor.conferences.authenticate(number, Secret("000000"), "192.0.2.66")
    with pytest.raises(Refusal, match="locked-out"):
        await floor.conferences.authenticate(number, record.host.passcode, "192.0.2.66")
    with pytest.raises(Refusal, match="locked-out"):
        await floor.conferences.start(number, record.host.passcode, "192.0.2.66")
    assert not (await floor.host_enters(record)).active
    await floor.wait(600)
    assert (await floor.conferences.authenticate(number, record.host.passcode, "192.0.2.66"))[1] is Role.HOST

"""Booking: what is made, by which defaults, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from parley.app.booking import Actor, Booking, ConferenceRecord, OccurrenceEdit, RulesEdit
from parley.app.editing import KEEP
from parley.app.ports import Query, Transaction
from parley.core.conferences import Attendee, Cycle, Medium, OccurrenceState, Series
from parley.core.ids import UserId
from parley.core.people import AdministratorLevel, ConferenceDefaults, SystemDefaults
from parley.core.profiles import DeactivationMode, EntryScope, MediaEncryption, PasscodeMode
from parley.core.refusals import Refusal
from parley.core.secret import Secret
from parley.core.spaces import Role, SpaceKind
from tests.app.conference_floor import MEDIA, NOW, ConferenceFloor, at
from tests.kit.memory_store import MemoryStore

TOMORROW = at("2026-01-02 09:00")


def weekly(first: str = "2026-01-05", last: str = "2026-01-31", **more: Any) -> Series:
    """Mondays at nine."""
    return Series(Cycle.WEEK, date.fromisoformat(first), date.fromisoformat(last), 540, points=(1,), **more)


@pytest.fixture
async def floor() -> ConferenceFloor:
    made = ConferenceFloor()
    await made.people()
    return made


async def test_a_booked_conference_is_a_space_with_two_doors_under_one_number(floor: ConferenceFloor) -> None:
    """Guests and hosts dial the same nine digits and are told apart by their passcodes of six."""
    record = await floor.book(start=TOMORROW, length=45, subject="Plans")
    conference, space, guest, host = record.conference, record.space, record.guest, record.host
    assert (space.kind, space.name, space.owner) == (SpaceKind.CONFERENCE, "Plans", "alice")
    assert len(conference.number) == 9 and conference.number.isdigit()
    assert {guest.uri, guest.call_id, host.uri, host.call_id} == {conference.number}
    assert (guest.own, host.own, guest.role, host.role) == (True, False, Role.GUEST, Role.HOST)
    assert guest.passcode and host.passcode and guest.passcode != host.passcode
    assert all(len(door.passcode.reveal()) == 6 for door in (guest, host) if door.passcode)
    assert all(door.secret and len(door.secret.reveal()) == 48 for door in (guest, host))
    assert guest.secret != host.secret
    (only,) = record.occurrences
    assert (only.start, only.length, only.state, only.slot) == (TOMORROW, 45, OccurrenceState.BOOKED, None)
    assert not conference.instant and conference.own_space
    assert await floor.conferences.show(floor.alice, conference.number) == record
    assert await floor.notified() == ["booked"]


async def test_without_a_start_it_runs_at_once(floor: ConferenceFloor) -> None:
    """It begins now and ends after its length, or after half an hour."""
    record = await floor.book()
    (only,) = record.occurrences
    assert record.conference.instant and only.state is OccurrenceState.RUNNING
    assert (only.start, only.begun, only.end) == (NOW, NOW, NOW + timedelta(minutes=30))
    assert record.conference.subject == "Alice的会议"  # the enterprise speaks Chinese unless told otherwise
    assert (await floor.book(length=120, language="en")).conference.subject == "Alice's meeting"


async def test_rules_become_settings_of_the_doors(floor: ConferenceFloor) -> None:
    """Guests wait for a host and stay when the host goes; who is muted, let in and encrypted is as asked."""
    plain = await floor.book(start=TOMORROW)
    guest, host = plain.guest.leg_settings, plain.host.leg_settings
    assert (guest.needs_activation, guest.deactivation_mode) == (True, DeactivationMode.REMAIN)
    assert (guest.rx_audio_mute, guest.terminal_rx_audio_mute, guest.waiting_room) == (False, False, False)
    assert host.needs_activation is False
    assert plain.space.call_settings.passcode_mode is PasscodeMode.REQUIRED
    asked = RulesEdit(
        guests_may_start=True,
        mute_guests=True,
        mute_guest_terminals=True,
        waiting_room=True,
        media_encryption=MediaEncryption.REQUIRED,
        entry_scope=EntryScope.INVITED,
        participant_limit=7,
        guests_need_no_passcode=True,
    )
    record = await floor.book(start=TOMORROW, rules=asked)
    guest, host, call = record.guest.leg_settings, record.host.leg_settings, record.space.call_settings
    # A host decides about each of them, so none of them may start after all.
    assert (guest.needs_activation, guest.rx_audio_mute, guest.terminal_rx_audio_mute) == (True, True, True)
    assert (guest.waiting_room, guest.media_encryption) == (True, MediaEncryption.REQUIRED)
    assert (host.needs_activation, host.media_encryption) == (False, MediaEncryption.REQUIRED)
    assert not host.rx_audio_mute and not host.waiting_room
    assert (call.participant_limit, call.entry_scope) == (7, EntryScope.INVITED)
    # A phone that types nothing comes in as a guest.
    assert (record.guest.passcode, call.passcode_mode) == (None, PasscodeMode.TIMEOUT)
    assert record.host.passcode is not None


async def test_what_is_not_said_is_the_enterprises_default(floor: ConferenceFloor) -> None:
    """As it stands when the conference is booked."""
    defaults = ConferenceDefaults(
        send_mail=False,
        send_sms=True,
        send_calendar=False,
        mute_guests=True,
        mute_guest_terminals=True,
        media_encryption=MediaEncryption.REQUIRED,
        auto_invite=True,
        language="pt",
        zone="America/Sao_Paulo",
    )
    async with floor.held.transaction() as tx:
        await tx.save_system_defaults(SystemDefaults(conferences=defaults))
    two = (Attendee(address="1"), Attendee(address="2", auto_invite=False))
    record = await floor.book(start=TOMORROW, attendees=two, rules=RulesEdit(mute_guests=False))
    rules, conference = record.rules, record.conference
    assert (rules.send_mail, rules.send_sms, rules.send_calendar) == (False, True, False)
    assert (rules.mute_guests, rules.mute_guest_terminals) == (False, True)
    assert rules.media_encryption is MediaEncryption.REQUIRED
    assert (conference.language, conference.zone, conference.subject) == ("pt", "America/Sao_Paulo", "Reunião de Alice")
    assert [one.auto_invite for one in conference.attendees] == [True, False]
    async with floor.held.transaction() as tx:
        await tx.save_system_defaults(SystemDefaults())
    assert (await floor.conferences.show(floor.alice, conference.number)).rules == rules


async def test_invited_users_are_filled_in(floor: ConferenceFloor) -> None:
    """What is not said of a user is what is known; what is said stands."""
    asked = (Attendee(user=UserId("bob")), Attendee(user=UserId("carol"), name="C", address="sip:c@x", email="c@x"))
    record = await floor.book(start=TOMORROW, attendees=asked)
    bob, carol = record.conference.attendees
    assert (bob.name, bob.address, bob.email) == ("Bob", "2002", "bob@example.com")
    assert (carol.name, carol.address, carol.email) == ("C", "sip:c@x", "c@x")
    assert record.people == {"bob": "Bob", "carol": "Carol"}


async def test_a_series_has_its_occurrences_under_one_number(floor: ConferenceFloor) -> None:
    """Each has an id and a slot, and is to be announced; the start of the booking is passed over."""
    record = await floor.book(series=weekly(), start=None, zone="Europe/Berlin")
    starts = [at(f"2026-01-{day} 08:00") for day in ("05", "12", "19", "26")]
    assert [one.start for one in record.occurrences] == [one.slot for one in record.occurrences] == starts
    assert len({one.id for one in record.occurrences}) == 4
    assert not any(one.reminded for one in record.occurrences)
    assert record.conference.series == replace(weekly(), remind_days=7)
    assert record.current == record.occurrences[0]


async def test_a_series_is_cut_at_fifty(floor: ConferenceFloor) -> None:
    """Without an error; its last date says so."""
    daily = Series(Cycle.DAY, date(2026, 1, 2), date(2026, 12, 31), 540)
    record = await floor.book(series=daily, zone="UTC")
    assert len(record.occurrences) == 50
    assert record.conference.series is not None and record.conference.series.last == date(2026, 2, 20)


BAD: list[tuple[str, str | None, dict[str, Any]]] = [
    ("missing", "media", {"media": KEEP}),
    ("invalid", "media", {"media": ()}),
    ("start-in-past", "start", {"start": at("2025-12-31 23:59")}),
    ("start-too-far", "start", {"start": at("2028-01-03 00:00")}),
    ("invalid", "start", {"start": datetime(2026, 1, 2)}),  # noqa: DTZ001 - that is the point
    ("length-out-of-range", "length", {"length": 14}),
    ("length-out-of-range", "length", {"length": 1441}),
    ("subject-too-long", "subject", {"subject": "x" * 129}),
    ("invalid", "subject", {"subject": "a\r\nBcc: all"}),
    ("invalid", "zone", {"zone": "Mars/Base"}),
    ("invalid", "zone", {"zone": "../../etc/passwd"}),
    ("invalid", "zone", {"zone": ""}),
    ("invalid", "zone", {"zone": "Europe"}),
    ("invalid", "language", {"language": "fr"}),
    ("invalid", "rules.prolong_by", {"rules": RulesEdit(prolong_by=61)}),
    ("invalid", "rules.prolong_by", {"rules": RulesEdit(prolong_by=-1)}),
    ("invalid", "rules.participant_limit", {"rules": RulesEdit(participant_limit=0)}),
    ("passcode-illegal", "guest_passcode", {"guest_passcode": Secret("123")}),
    ("passcode-illegal", "guest_passcode", {"guest_passcode": Secret("1" * 17)}),
    ("passcode-illegal", "guest_passcode", {"guest_passcode": Secret("12a4")}),
    ("passcode-illegal", "guest_passcode", {"guest_passcode": Secret("١٢٣٤")}),
    ("too-many-attendees", "attendees", {"attendees": (Attendee(),) * 501}),
    ("invalid", "attendees[1].name", {"attendees": (Attendee(), Attendee(name="x" * 97))}),
    ("invalid", "attendees[0].name", {"attendees": (Attendee(name="a\nb"),)}),
    ("invalid", "attendees[0].address", {"attendees": (Attendee(address="1" * 128),)}),
    ("invalid", "attendees[0].address", {"attendees": (Attendee(address="1 2"),)}),
    ("invalid", "attendees[0].email", {"attendees": (Attendee(email="nobody"),)}),
    ("invalid", "attendees[0].email", {"attendees": (Attendee(email="a@b,c@d"),)}),
    ("invalid", "attendees[0].email", {"attendees": (Attendee(email="a" * 250 + "@b.com"),)}),
    ("invalid", "attendees[0].sms", {"attendees": (Attendee(sms="call me"),)}),
    ("invalid", "attendees[0].zone", {"attendees": (Attendee(zone="nowhere"),)}),
    ("unknown-reference", "attendees[0].user", {"attendees": (Attendee(user=UserId("ghost")),)}),
    ("unknown-reference", "attendees[0].user", {"attendees": (Attendee(user=UserId("eve")),)}),
    ("start-in-past", "series.first", {"series": weekly("2025-12-29"), "zone": "UTC"}),
    ("start-in-past", "series.first", {"series": Series(Cycle.DAY, date(2026, 1, 1), date(2026, 1, 9), 0)}),
    ("start-too-far", "series.first", {"series": weekly("2028-06-05", "2028-06-30")}),
    ("series-order", "series.last", {"series": weekly("2026-01-05", "2026-01-04")}),
    ("series-too-long", "series.last", {"series": weekly("2026-01-05", "2027-01-06")}),
    ("series-empty", "series", {"series": weekly("2026-01-06", "2026-01-09")}),
    ("not-found", "room", {"room": "no-such-room"}),
    ("not-permitted", "on_behalf", {"on_behalf": UserId("bob")}),
]


@pytest.mark.parametrize(("code", "field", "fields"), BAD)
async def test_every_bad_value_is_named_and_changes_nothing(
    floor: ConferenceFloor, code: str, field: str | None, fields: dict[str, Any]
) -> None:
    """The refusal says the field; the store is as before."""
    await floor.refused(code, field, **fields)


async def test_the_running_minute_is_not_past(floor: ConferenceFloor) -> None:
    """Who books for now in whole minutes is not told that now is over; such a series begins today as well."""
    await floor.wait(59)
    assert (await floor.book(start=NOW)).occurrences[0].state is OccurrenceState.BOOKED
    series = Series(Cycle.DAY, date(2026, 1, 1), date(2026, 1, 3), 0)
    assert len((await floor.book(series=series, zone="UTC")).occurrences) == 3
    await floor.wait(1)
    await floor.refused("start-in-past", "start", start=NOW)


async def test_a_passcode_is_unlike_the_number_and_the_hosts(floor: ConferenceFloor) -> None:
    """Each equality has a refusal of its own."""
    number = str(10**8 + 1)  # the next of the counted digits
    await floor.refused("passcode-equals-number", "guest_passcode", start=TOMORROW, guest_passcode=Secret(number))
    record = await floor.book(start=TOMORROW, guest_passcode=Secret("4711"))
    assert record.guest.passcode == Secret("4711")
    host = record.host.passcode
    for field, code in ((host, "passcode-equals-host"), (Secret(record.conference.number), "passcode-equals-number")):
        with pytest.raises(Refusal, match=code):
            await change(floor, record.conference.number, guest_passcode=field)


async def change(floor: ConferenceFloor, number: str, **fields: Any) -> ConferenceRecord:
    return await floor.conferences.change(floor.alice, number, Booking(**fields))


async def test_taken_numbers_are_passed_over(floor: ConferenceFloor) -> None:
    """Those of spaces, of IVRs, of the server's own and of earlier conferences."""
    await floor.space("100000001", call_id="1")
    await floor.space("other", call_id="100000002")
    floor.conferences._reserved = frozenset({"100000003"})
    first = await floor.book(start=TOMORROW)
    assert first.conference.number == "100000004"
    await floor.conferences.cancel(floor.alice, first.conference.number)
    floor.identifiers._digits = 0
    assert (await floor.book(start=TOMORROW)).conference.number not in {"100000004"}
    floor.identifiers.digits = lambda count: "100000001"  # type: ignore[method-assign]
    await floor.refused("limit", None, start=TOMORROW)


async def test_administrators_book_for_others_of_their_tenant(floor: ConferenceFloor) -> None:
    """Nobody books for somebody of another tenant, and nobody in another's name."""
    record = await floor.book(actor=floor.chief, on_behalf=UserId("bob"), start=TOMORROW, language="en")
    assert (record.conference.organiser, record.organiser_name) == ("bob", "Bob")
    await floor.refused("unknown-reference", "on_behalf", actor=floor.chief, on_behalf=UserId("eve"), start=TOMORROW)
    await floor.refused("unknown-reference", "on_behalf", actor=floor.eve, on_behalf=UserId("bob"), start=TOMORROW)
    ghost = Actor(UserId("ghost"), None, AdministratorLevel.NONE)
    await floor.refused("unknown-reference", "on_behalf", actor=ghost, start=TOMORROW)
    assert (await floor.book(actor=floor.bob, on_behalf=UserId("bob"), start=TOMORROW)).conference.organiser == "bob"


class Breaking(MemoryStore):
    """Fails at the n-th write of every transaction."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0
        self.writes = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with super().transaction() as tx:
            writing = tx.writing  # type: ignore[attr-defined]

            def counted() -> None:
                self.writes += 1
                if self.writes == self.at:
                    raise OSError("the disk is full")
                writing()

            tx.writing = counted  # type: ignore[attr-defined]
            yield tx


@pytest.mark.parametrize(
    "use", ["instant", "single", "series", "change", "occurrence", "cancel", "cancel-one", "start"]
)
async def test_no_half_of_anything_is_ever_kept(use: str) -> None:
    """Whichever write fails, everything is as before; and each use case writes more than once."""
    writes = 0
    while True:
        store = Breaking()
        floor = ConferenceFloor(store=store)
        await floor.people()
        single = await floor.book(start=TOMORROW, subject="Single")
        series = await floor.book(series=weekly(), zone="UTC", subject="Series")
        before = await floor.everything()
        writes += 1
        store.writes, store.at = 0, writes
        try:
            await _use(floor, use, single, series)
        except OSError:
            assert await floor.everything() == before
            continue
        assert await floor.everything() != before
        break
    assert writes > 2


async def _use(floor: ConferenceFloor, use: str, single: ConferenceRecord, series: ConferenceRecord) -> None:
    conferences, alice, number = floor.conferences, floor.alice, series.conference.number
    match use:
        case "instant":
            await floor.book()
        case "single":
            await floor.book(start=TOMORROW)
        case "series":
            await floor.book(series=weekly(), zone="UTC")
        case "change":
            await change(floor, number, series=replace(weekly(), points=(1, 3)), subject="New")
        case "occurrence":
            await conferences.change_occurrence(alice, number, series.occurrences[0].id, OccurrenceEdit(length=60))
        case "cancel":
            await conferences.cancel(alice, number)
        case "cancel-one":
            await conferences.cancel_occurrences(alice, number, [one.id for one in series.occurrences])
        case "start":
            assert single.host.passcode is not None
            await conferences.start(single.conference.number, single.host.passcode)


async def test_nobody_hears_of_what_was_not_kept(floor: ConferenceFloor) -> None:
    """Changes are published after the commit alone."""
    heard: list[str] = []
    floor.changes.subscribe(lambda change: heard.append(change.kind))
    await floor.refused("invalid", "language", start=TOMORROW, language="xx")
    assert heard == []
    await floor.book(start=TOMORROW)
    assert heard == ["space", "conference"]


async def test_media_are_kept_as_asked(floor: ConferenceFloor) -> None:
    """In the order of the wish."""
    record = await floor.book(start=TOMORROW, media=(Medium.HD_VIDEO, *MEDIA))
    assert record.conference.media == (Medium.HD_VIDEO, Medium.VOICE)
    async with floor.held.reading() as tx:
        assert (await tx.conferences.page(Query())).items[0].media == record.conference.media

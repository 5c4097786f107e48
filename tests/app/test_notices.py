"""Who is told what of a conference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from parley.app.booking import ConferenceRecord
from parley.app.notices import Notices, Places
from parley.app.ports import Query
from parley.backends.notify.letters import MailWriter
from parley.core.conferences import Attendee, ConferenceRules, Occurrence, OccurrenceState
from parley.core.ids import UserId
from parley.core.outbox import Channel, OutboxEntry, OutboxState
from parley.core.people import User
from parley.core.spaces import Role
from tests.kit.calendars import both, event_lines, spans
from tests.kit.conferences import GUEST, HOST, ORGANISER, conference_record, join_link, weekly
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.mails import Mail, read_mail
from tests.kit.manual_clock import ManualClock
from tests.kit.memory_store import MemoryStore

NEWCOMER = Attendee("Nina New", email="nina@example.com", sms="+4915112345")
PLACES = Places("example.com", ("+49 30 555",), join_link)
SMS = ConferenceRules(send_mail=False, send_calendar=False, send_sms=True)


class Office:
    """Notices over a store in memory; each call is one unit of work, whose new rows it returns."""

    def __init__(self, mail: bool = True, sms: bool = True) -> None:
        self.store = MemoryStore()
        self.clock = ManualClock(utc=datetime(2026, 1, 1, tzinfo=UTC))
        writer = MailWriter(("Parley", "noreply@example.com")) if mail else None
        self.notices = Notices(CountedIdentifiers(), self.clock, PLACES, writer, sms)
        self._seen: set[str] = set()

    async def add(self, *users: User) -> None:
        async with self.store.transaction() as tx:
            for user in users:
                await tx.users.add(user)

    async def say(self, what: str, *arguments: Any) -> list[OutboxEntry]:
        async with self.store.transaction() as tx:
            await getattr(self.notices, what)(tx, *arguments)
        async with self.store.reading() as tx:
            rows = [row for row in (await tx.outbox.page(Query())).items if row.id not in self._seen]
        self._seen |= {row.id for row in rows}
        return rows


@pytest.fixture
async def office() -> Office:
    office = Office()
    await office.add(ORGANISER)
    return office


def told(rows: Sequence[OutboxEntry]) -> list[tuple[str, str]]:
    return [(row.recipient.partition("@")[0], row.notice.value) for row in rows]


def mail(row: OutboxEntry) -> Mail:
    return read_mail(row.payload)


def event(row: OutboxEntry) -> dict[str, str]:
    calendar = mail(row).calendar
    assert calendar is not None
    return {name.partition(";")[0]: value for name, value in event_lines(calendar).items()}


def series_record(reminded: int = 0, **values: Any) -> ConferenceRecord:
    """Eight Mondays over the change of clocks, of which the first so many have been announced."""
    series, starts = weekly()
    record = conference_record(starts, series=series, **values)
    return replace(
        record,
        occurrences=tuple(replace(one, reminded=number < reminded) for number, one in enumerate(record.occurrences)),
    )


def with_conference(record: ConferenceRecord, **changes: Any) -> ConferenceRecord:
    return replace(record, conference=replace(record.conference, **changes))


def with_occurrence(record: ConferenceRecord, number: int, **changes: Any) -> tuple[ConferenceRecord, Occurrence]:
    changed = replace(record.occurrences[number], **changes)
    rest = [one for one in record.occurrences if one.id != changed.id]
    return replace(record, occurrences=tuple(sorted([*rest, changed], key=lambda one: one.start))), changed


# --- booking ---


async def test_everybody_hears_of_a_single_conference_at_booking(office: Office) -> None:
    """Organiser and attendees, each once, at once due, with the event in their calendars."""
    rows = await office.say("booked", conference_record())
    assert told(rows) == [("ada", "booked"), ("bruno", "booked"), ("gao", "booked")]
    for row in rows:
        assert row.state is OutboxState.WAITING
        assert row.due == office.clock.utc()
        assert row.message_id == mail(row)["Message-ID"]
        assert both(mail(row).calendar or b"") == spans([datetime(2026, 3, 30, 7, tzinfo=UTC)], 60)


async def test_of_a_series_the_organiser_alone_hears_at_booking(office: Office) -> None:
    """The whole of it: rule, zone and every time across the change of clocks."""
    record = series_record()
    rows = await office.say("booked", record)
    assert told(rows) == [("ada", "series-booked")]
    assert both(mail(rows[0]).calendar or b"") == spans([one.start for one in record.occurrences], 60)
    assert "RRULE" in event(rows[0])


async def test_everybody_hears_of_an_occurrence_when_it_is_announced(office: Office) -> None:
    """With the UID of the series and the slot as RECURRENCE-ID, so that the organiser has no second entry."""
    record = series_record()
    occurrence = record.occurrences[2]
    rows = await office.say("reminder", record, occurrence)
    assert told(rows) == [("ada", "reminder"), ("bruno", "reminder"), ("gao", "reminder")]
    for row in rows:
        assert row.occurrence == occurrence.id
        assert event(row)["UID"] == "uid-1@example.com"
        assert event(row)["RECURRENCE-ID"] == "20260316T090000"
        assert event(row)["SEQUENCE"] == "0"


async def test_the_times_are_in_the_readers_zone(office: Office) -> None:
    """The attendee's own where it is known, else the conference's."""
    rows = await office.say("booked", conference_record())
    assert "09:00 – 10:00 (Europe/Berlin, UTC+02:00)" in mail(rows[0]).plain
    assert "04:00 – 05:00 (America/Sao_Paulo, UTC-03:00)" in mail(rows[1]).plain
    assert "15:00 – 16:00 (Asia/Shanghai, UTC+08:00)" in mail(rows[2]).plain


async def test_hosts_get_the_host_link_and_guests_theirs(office: Office) -> None:
    """The host link and passcode reach nobody but hosts and the organiser, in no part of the mail."""
    rows = await office.say("booked", conference_record())
    for row in rows[:2]:
        assert "/host-link" in mail(row).plain
        assert "Link for guests: https://meet.example.com/#/j/912345678/guest-link" in mail(row).plain
        assert "774411" in mail(row).plain
    guest = mail(rows[2])
    for part in (guest.plain, guest.html, (guest.calendar or b"").decode().replace("\r\n ", "")):
        assert "host-link" not in part
        assert "774411" not in part
    assert "/guest-link" in guest.plain
    assert "205060" in guest.plain


async def test_who_is_named_twice_is_told_once(office: Office) -> None:
    """Under one address, in the higher role, however it is spelt; the organiser stays the organiser."""
    again = replace(GUEST, email="GAO@example.com", role=Role.HOST)
    myself = Attendee("Ada", email="Ada@example.com", zone="America/New_York")
    rows = await office.say("booked", conference_record(attendees=[GUEST, again, myself]))
    assert [row.recipient for row in rows] == ["ada@example.com", "gao@example.com"]
    assert "774411" in mail(rows[1]).plain
    assert "You have booked" in mail(rows[0]).plain


async def test_an_attendee_with_an_account_is_told_at_its_address(office: Office) -> None:
    """Unless another address was given."""
    await office.add(User(UserId("u-b"), "b@x", "Beate", "beate@example.com"))
    member = Attendee(user=UserId("u-b"))
    rows = await office.say("booked", conference_record(attendees=[member]))
    assert [row.recipient for row in rows] == ["ada@example.com", "beate@example.com"]
    assert mail(rows[1])["To"] == "Beate <beate@example.com>"


async def test_answers_reach_the_organiser(office: Office) -> None:
    """Reply-To and the calendar's ORGANIZER, with the real sender in From."""
    row = (await office.say("booked", conference_record()))[2]
    assert mail(row)["From"] == "Parley <noreply@example.com>"
    assert mail(row)["Reply-To"] == "Ada Lovelace <ada@example.com>"
    assert event(row)["ORGANIZER"] == "mailto:ada@example.com"


async def test_an_address_that_cannot_be_sent_to_is_kept_as_failed(office: Office) -> None:
    """The operator sees it, the others are told, and nothing of it reaches a mail server."""
    evil = [Attendee(email=text) for text in ("no-at-sign", "a@b\r\nRCPT TO:<c@d>", "a b@c", "<a@b>", "a@b, c@d")]
    rows = await office.say("booked", conference_record(attendees=[*evil, GUEST]))
    assert [row.state.value for row in rows] == ["waiting", *["failed"] * 5, "waiting"]
    assert all(row.payload == b"" and row.last_error for row in rows[1:6])


# --- which channels ---

RULES = [
    (ConferenceRules(send_mail=True, send_calendar=True), 1, True),
    (ConferenceRules(send_mail=True, send_calendar=False), 1, False),
    (ConferenceRules(send_mail=False, send_calendar=True), 1, True),
    (ConferenceRules(send_mail=False, send_calendar=False), 0, False),
]


@pytest.mark.parametrize(("rules", "mails", "calendar"), RULES)
async def test_the_rules_say_whether_mail_and_calendar_are_sent(
    office: Office, rules: ConferenceRules, mails: int, calendar: bool
) -> None:
    """A calendar part travels in a mail of its own where no other is wanted; neither, no mail."""
    rows = await office.say("booked", conference_record(attendees=[], rules=rules))
    assert len(rows) == mails
    assert all((mail(row).calendar is not None) == calendar for row in rows)


async def test_sms_are_made_when_wanted(office: Office) -> None:
    """To every number, without what people put between its digits; the text is the payload."""
    rows = await office.say("booked", conference_record(rules=SMS))
    assert [(row.channel, row.recipient) for row in rows] == [
        (Channel.SMS, "+49301234567"), (Channel.SMS, "+5511999990000"), (Channel.SMS, "+8613800138000"),
    ]  # fmt: skip
    assert rows[2].payload.decode() == (
        "Invitation: Weekly review; 2026-03-30 15:00 (Asia/Shanghai); Dial-in number +49 30 555; "
        "Conference ID 912345678; Passcode 205060; https://meet.example.com/#/j/912345678/guest-link"
    )


async def test_channels_that_are_off_make_no_rows_and_say_so_once() -> None:
    """In the log, once for each channel, however many conferences want it."""
    office = Office(mail=False, sms=False)
    await office.add(ORGANISER)
    both_wanted = ConferenceRules(send_sms=True)
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            assert await office.say("booked", conference_record(rules=both_wanted)) == []
    assert [line["channel"] for line in lines] == ["mail", "sms"]


# --- changes of a single conference ---


async def test_a_change_reaches_those_told_with_the_next_sequence(office: Office) -> None:
    """Same UID, SEQUENCE one higher, the new time; everybody once."""
    before = conference_record()
    after, _ = with_occurrence(with_conference(before, sequence=1), 0, start=datetime(2026, 4, 1, 7, tzinfo=UTC))
    rows = await office.say("changed", before, after)
    assert told(rows) == [("ada", "changed"), ("bruno", "changed"), ("gao", "changed")]
    for row in rows:
        assert (event(row)["UID"], event(row)["SEQUENCE"]) == ("uid-1@example.com", "1")
        assert mail(row).method == "REQUEST"
        assert both(mail(row).calendar or b"") == spans([datetime(2026, 4, 1, 7, tzinfo=UTC)], 60)


async def test_a_change_that_nobody_can_see_is_not_told(office: Office) -> None:
    """A rule about muting is nobody's news."""
    before = conference_record()
    assert await office.say("changed", before, with_conference(before, sequence=1, rules=ConferenceRules(
        mute_guests=True))) == []  # fmt: skip


async def test_the_removed_are_told_so_and_the_added_invited(office: Office) -> None:
    """CANCEL to the one, REQUEST to the other, nothing to those for whom nothing changed."""
    before = conference_record()
    after = with_conference(before, sequence=1, attendees=(HOST, NEWCOMER))
    rows = await office.say("changed", before, after)
    assert told(rows) == [("gao", "cancelled"), ("nina", "booked")]
    assert mail(rows[0]).method == "CANCEL"
    assert event(rows[0])["SEQUENCE"] == "1"
    assert "You are no longer invited to this meeting." in mail(rows[0]).plain
    assert mail(rows[1]).method == "REQUEST"


async def test_a_new_role_is_news_for_its_bearer_alone(office: Office) -> None:
    """Who becomes a host gets the host's passcode; the others get nothing."""
    before = conference_record()
    rows = await office.say(
        "changed", before, with_conference(before, sequence=1, attendees=(HOST, replace(GUEST, role=Role.HOST)))
    )
    assert told(rows) == [("gao", "changed")]
    assert "774411" in mail(rows[0]).plain


async def test_mail_wanted_only_now_invites_everybody(office: Office) -> None:
    """Those who were never told hear of a booking, not of a change."""
    before = conference_record(rules=ConferenceRules(send_mail=False, send_calendar=False))
    rows = await office.say("changed", before, with_conference(before, sequence=1, rules=ConferenceRules()))
    assert told(rows) == [("ada", "booked"), ("bruno", "booked"), ("gao", "booked")]


async def test_a_cancellation_reaches_everybody_told(office: Office) -> None:
    """CANCEL with the next SEQUENCE, and no way in."""
    record = with_conference(conference_record(), sequence=1, cancelled=True)
    record, _ = with_occurrence(record, 0, state=OccurrenceState.CANCELLED)
    rows = await office.say("cancelled", record)
    assert told(rows) == [("ada", "cancelled"), ("bruno", "cancelled"), ("gao", "cancelled")]
    for row in rows:
        assert mail(row).method == "CANCEL"
        assert (event(row)["STATUS"], event(row)["SEQUENCE"]) == ("CANCELLED", "1")
        assert "205060" not in mail(row).plain


# --- changes of a series ---


async def test_a_changed_series_reaches_the_organiser_whole_and_others_by_what_they_know(office: Office) -> None:
    """Two occurrences were announced: attendees hear of those two, the organiser of the series."""
    before = series_record(reminded=2)
    rows = await office.say("changed", before, with_conference(before, sequence=1, subject="Other"))
    assert told(rows) == [
        ("ada", "changed"),
        *[("bruno", "occurrence-changed")] * 2,
        *[("gao", "occurrence-changed")] * 2,
    ]
    assert "RRULE" in event(rows[0])
    assert [event(row)["RECURRENCE-ID"] for row in rows[1:]] == ["20260302T090000", "20260309T090000"] * 2
    assert {event(row)["SEQUENCE"] for row in rows} == {"1"}


async def test_announced_occurrences_that_a_new_rule_does_not_name_are_cancelled(office: Office) -> None:
    """For those who had been told of them; the organiser's series is replaced as a whole."""
    before = series_record(reminded=2)
    after = with_conference(replace(before, occurrences=before.occurrences[1:]), sequence=1)
    rows = await office.say("changed", before, after)
    assert told(rows) == [("ada", "changed"), ("bruno", "occurrence-cancelled"), ("gao", "occurrence-cancelled")]
    assert event(rows[1])["RECURRENCE-ID"] == "20260302T090000"
    assert int(event(rows[1])["SEQUENCE"]) >= 1
    assert mail(rows[1]).method == "CANCEL"


async def test_who_joins_a_series_hears_of_what_was_announced(office: Office) -> None:
    """And who leaves it, that these no longer concern them."""
    before = series_record(reminded=1)
    rows = await office.say("changed", before, with_conference(before, sequence=1, attendees=(HOST, NEWCOMER)))
    assert told(rows) == [("gao", "occurrence-cancelled"), ("nina", "reminder")]
    assert "no longer invited" in mail(rows[0]).plain


async def test_a_moved_occurrence_keeps_its_slot(office: Office) -> None:
    """RECURRENCE-ID is the slot and DTSTART the new time, for the organiser and those told of it."""
    record = series_record(reminded=1)
    start = record.occurrences[0].start + timedelta(hours=3)
    record, occurrence = with_occurrence(record, 0, start=start, changed=True, sequence=1)
    rows = await office.say("occurrence_changed", record, occurrence)
    assert told(rows) == [(name, "occurrence-changed") for name in ("ada", "bruno", "gao")]
    for row in rows:
        facts = event(row)
        assert (facts["RECURRENCE-ID"], facts["DTSTART"]) == ("20260302T090000", "20260302T120000")
        assert facts["SEQUENCE"] == "1"


async def test_of_what_was_not_announced_the_organiser_alone_hears(office: Office) -> None:
    """Attendees will hear of it as it then is."""
    record, occurrence = with_occurrence(series_record(), 5, length=30, changed=True, sequence=1)
    assert told(await office.say("occurrence_changed", record, occurrence)) == [("ada", "occurrence-changed")]
    rows = await office.say("reminder", record, occurrence)
    assert {event(row)["SEQUENCE"] for row in rows} == {"1"}
    assert {event(row)["DTEND"] for row in rows} == {"20260406T093000"}


async def test_a_cancelled_occurrence_is_taken_out_alone(office: Office) -> None:
    """CANCEL with its RECURRENCE-ID; the organiser's next series has it excluded."""
    record, occurrence = with_occurrence(series_record(reminded=1), 0, state=OccurrenceState.CANCELLED, sequence=1)
    rows = await office.say("occurrence_cancelled", record, occurrence)
    assert told(rows) == [(name, "occurrence-cancelled") for name in ("ada", "bruno", "gao")]
    assert {event(row)["RECURRENCE-ID"] for row in rows} == {"20260302T090000"}
    assert {mail(row).method for row in rows} == {"CANCEL"}
    after = with_conference(record, sequence=1, subject="Other")
    series = (await office.say("changed", record, after))[0]
    assert both(mail(series).calendar or b"") == spans([one.start for one in record.occurrences[1:]], 60)


async def test_a_cancelled_series_is_taken_out_by_what_each_knows(office: Office) -> None:
    """The organiser's as a whole, the attendees' announced occurrences one by one; what is over stays."""
    record = series_record(reminded=3)
    office.clock.advance((record.occurrences[0].planned_end - office.clock.utc()).total_seconds() + 1)
    record = with_conference(record, sequence=1, cancelled=True)
    record = replace(record, occurrences=tuple(
        replace(one, state=OccurrenceState.ENDED if number == 0 else OccurrenceState.CANCELLED)
        for number, one in enumerate(record.occurrences)
    ))  # fmt: skip
    rows = await office.say("cancelled", record)
    assert told(rows) == [("ada", "cancelled"), *[("bruno", "cancelled")] * 2, *[("gao", "cancelled")] * 2]
    assert "RECURRENCE-ID" not in event(rows[0])
    assert [event(row)["RECURRENCE-ID"] for row in rows[1:3]] == ["20260309T090000", "20260316T090000"]
    assert {event(row)["SEQUENCE"] for row in rows} == {"1"}


# --- the unit of work ---


async def test_what_is_not_committed_is_not_told(office: Office) -> None:
    """A booking that fails after its notices were made leaves no row."""
    with pytest.raises(LookupError):
        async with office.store.transaction() as tx:
            await office.notices.booked(tx, conference_record())
            raise LookupError
    async with office.store.reading() as tx:
        assert (await tx.outbox.page(Query())).total == 0


async def test_an_occurrence_may_have_rules_of_its_own(office: Office) -> None:
    """By which it is announced, whatever holds for the series: here by SMS alone."""
    record = series_record()
    record, occurrence = with_occurrence(record, 1, rules=SMS, changed=True, sequence=1)
    rows = await office.say("reminder", record, occurrence)
    assert [row.channel for row in rows] == [Channel.SMS] * 3
    rows = await office.say("reminder", record, record.occurrences[2])
    assert [row.channel for row in rows] == [Channel.MAIL] * 3

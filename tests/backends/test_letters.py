"""Letters written down as mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.app.notices import Letter
from parley.backends.notify.letters import MailWriter
from parley.core.calendar_entry import CalendarEntry, Sitting
from parley.core.invitations import Invitation, html_text, plain_text
from parley.core.outbox import Notice
from parley.core.secret import Secret
from tests.kit.calendars import both, event_lines, spans
from tests.kit.mails import read_mail

START = datetime(2026, 3, 30, 7, tzinfo=UTC)
INVITATION = Invitation(
    Notice.BOOKED,
    "en",
    "Review",
    ((START, START + timedelta(hours=1)),),
    "Europe/Berlin",
    "Ada Lovelace",
    "ada@example.com",
    link="https://meet.example.com/#/j/1/g",
    number="91",
    passcode=Secret("205060"),
)
ENTRY = CalendarEntry("uid-1", "Europe/Berlin", 2, False, Sitting(START, START + timedelta(hours=1), 2))
LETTER = Letter(
    "<00000000-0000-4000-8000-000000000001@example.com>",
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    ("Gao", "gao@example.com"),
    ("Ada Lovelace", "ada@example.com"),
    INVITATION,
    ENTRY,
)
WRITER = MailWriter(("Parley", "noreply@meet.example.com"))


def test_the_headers_say_who_to_whom_and_when() -> None:
    """The sender is real, answers go to the organiser, and no machine answers."""
    mail = read_mail(WRITER.write(LETTER))
    assert mail["From"] == "Parley <noreply@meet.example.com>"
    assert mail["To"] == "Gao <gao@example.com>"
    assert mail["Reply-To"] == "Ada Lovelace <ada@example.com>"
    assert mail["Subject"] == "Invitation: Review"
    assert mail["Date"] == "Fri, 02 Jan 2026 03:04:05 +0000"
    assert mail["Message-ID"] == "<00000000-0000-4000-8000-000000000001@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["MIME-Version"] == "1.0"


def test_the_parts_stand_in_the_order_that_programs_expect() -> None:
    """Alternatives from plain to rich with the calendar last, and the calendar again as a file."""
    message = read_mail(WRITER.write(LETTER)).message
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar", "application/ics",
    ]  # fmt: skip
    file = [part for part in message.walk() if part.get_filename()]
    assert [part.get_filename() for part in file] == ["invite.ics"]


def test_the_parts_hold_the_words_and_the_event() -> None:
    """Text and HTML as composed; both calendar parts are one, and both readers find the event."""
    mail = read_mail(WRITER.write(LETTER))
    assert mail.plain.replace("\r\n", "\n") == plain_text(INVITATION)
    assert mail.html.replace("\r\n", "\n") == html_text(INVITATION)
    assert mail.calendar == mail.attachment
    assert mail.calendar is not None
    assert mail.method == "REQUEST"
    assert both(mail.calendar) == spans([START], 60)


def test_a_cancellation_has_its_method_in_the_part_too() -> None:
    """Calendar programs look at the parameter (RFC 6047, 2.4)."""
    mail = read_mail(WRITER.write(replace(LETTER, calendar=replace(ENTRY, cancel=True))))
    assert mail.method == "CANCEL"
    assert mail.calendar is not None
    assert b"METHOD:CANCEL" in mail.calendar


def test_without_a_calendar_there_are_two_alternatives() -> None:
    """Text and HTML, nothing attached."""
    message = read_mail(WRITER.write(replace(LETTER, calendar=None))).message
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_the_same_letter_is_the_same_bytes() -> None:
    """Nothing is left to chance or to the time of writing."""
    assert WRITER.write(LETTER) == WRITER.write(LETTER)


def test_the_organisers_own_copy_comes_from_the_servers_address() -> None:
    """A calendar whose owner is ORGANIZER would take the entry for one that it sent itself, and not file it."""
    own = replace(LETTER, to=("Ada Lovelace", "ada@example.com"), invitation=replace(INVITATION, own=True))
    data, other = read_mail(WRITER.write(own)).calendar, read_mail(WRITER.write(LETTER)).calendar
    assert data is not None
    assert other is not None
    assert event_lines(data)['ORGANIZER;CN="Ada Lovelace"'] == "mailto:noreply@meet.example.com"
    sent_by = 'ORGANIZER;CN="Ada Lovelace";SENT-BY="mailto:noreply@meet.example.com"'
    assert event_lines(other)[sent_by] == "mailto:ada@example.com"


@pytest.mark.parametrize(
    "subject", ["评审会议 " * 20, "Reunião de ação, às 9h — próxima", "a b" * 60, "=?utf-8?b?eA==?="]
)
@pytest.mark.parametrize("name", ["高先生", "João da Conceição", 'Q "X" <y@z>, W', ""])
def test_chinese_and_portuguese_come_back(subject: str, name: str) -> None:
    """Subjects and names of any language, in ASCII on the wire, in lines of at most 78 characters in the head."""
    letter = replace(LETTER, to=(name, "gao@example.com"), invitation=replace(INVITATION, subject=subject))
    data = WRITER.write(letter)
    assert data.isascii()
    head = data.partition(b"\r\n\r\n")[0]
    assert all(len(line) <= 78 for line in head.split(b"\r\n"))
    mail = read_mail(data)
    assert mail["Subject"] == f"Invitation: {subject.strip()}"
    assert mail.message["To"].addresses[0].addr_spec == "gao@example.com"
    assert mail.message["To"].addresses[0].display_name == name


@settings(deadline=None)
@given(st.text(max_size=100), st.text(max_size=60))
def test_no_text_adds_a_header(subject: str, name: str) -> None:
    """Line breaks and colons in what strangers wrote change no other header and add none."""
    expected = read_mail(WRITER.write(LETTER)).message
    for evil in (subject, f"x\r\nBcc: eve@evil.example\r\n\r\n{subject}"):
        from parley.core.invitations import one_line

        letter = replace(
            LETTER,
            to=(one_line(name), "gao@example.com"),
            reply_to=(one_line(evil), "ada@example.com"),
            invitation=replace(INVITATION, subject=evil, organiser=evil),
        )
        message = read_mail(WRITER.write(letter)).message
        assert message.keys() == expected.keys()
        assert [address.addr_spec for address in message["To"].addresses] == ["gao@example.com"]
        assert [address.addr_spec for address in message["Reply-To"].addresses] == ["ada@example.com"]


def test_every_line_ends_with_crlf_and_is_short() -> None:
    """As SMTP wants it (RFC 5321, 4.5.3.1.6), without a lone CR or LF."""
    data = WRITER.write(replace(LETTER, invitation=replace(INVITATION, subject="长" * 2000, organiser="名" * 500)))
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert max(len(line) for line in data.split(b"\r\n")) <= 998

"""A letter written down as a mail (RFC 5322): text, HTML and calendar parts, once and for all.

Nothing in it is left to chance, so that writing the same letter again gives the same bytes.
"""

from __future__ import annotations

from base64 import encodebytes
from email.header import Header
from email.utils import format_datetime, formataddr

from ...app.account_notices import Note
from ...app.notices import Letter
from ...core.calendar_entry import CalendarEntry, Sitting
from ...core.conferences import Cycle, Series
from ...core.invitations import Invitation, calendar_text, html_text, mail_subject, one_line, plain_text
from ...wire import ical
from ...wire.recurrence import Repetition

UNITS = {Cycle.DAY: "DAILY", Cycle.WEEK: "WEEKLY", Cycle.MONTH: "MONTHLY"}
LINE = 76  # RFC 2047, 2
LONGEST_HEADER = 300  # characters of a subject with its title


class MailWriter:
    """Implements LetterWriter and NoteWriter. sender: (name, address) that every mail comes from."""

    def __init__(self, sender: tuple[str, str]) -> None:
        self._sender = sender
        self.domain = sender[1].rpartition("@")[2]

    def write(self, letter: Letter) -> bytes:
        return self._head(letter, mail_subject(letter.invitation), letter.reply_to) + self._content(
            letter, _boundary(letter.message_id)
        )

    def write_note(self, note: Note) -> bytes:
        texts = [
            _part('text/plain; charset="utf-8"', note.written.plain.encode()),
            _part('text/html; charset="utf-8"', note.written.html.encode()),
        ]
        content = _multipart("alternative", f"=1={_boundary(note.message_id)}", texts)
        return self._head(note, note.written.subject) + content

    def _head(self, letter: Letter | Note, subject: str, reply_to: tuple[str, str] | None = None) -> bytes:
        lines = [
            f"From: {_mailbox(*self._sender)}",
            f"To: {_mailbox(*letter.to)}",
            *([f"Reply-To: {_mailbox(*reply_to)}"] if reply_to is not None else []),
            f"Subject: {_words(subject, len('Subject: '))}",
            f"Date: {format_datetime(letter.date)}",
            f"Message-ID: {letter.message_id}",
            "Auto-Submitted: auto-generated",  # RFC 3834: no out-of-office answers, please
            "MIME-Version: 1.0",
        ]
        return "".join(f"{line}\r\n" for line in lines).encode()

    def _content(self, letter: Letter, boundary: str) -> bytes:
        """multipart/mixed with the alternatives and the calendar as a file, which is for programs that do not act on
        the alternative; without a calendar the alternatives alone."""
        texts = [
            _part('text/plain; charset="utf-8"', plain_text(letter.invitation).encode()),
            _part('text/html; charset="utf-8"', html_text(letter.invitation).encode()),
        ]
        if letter.calendar is None:
            return _multipart("alternative", f"=1={boundary}", texts)
        invite = self._invite(letter, letter.calendar)
        data = ical.render(invite)
        texts.append(_part(f'text/calendar; charset="utf-8"; method={invite.method}', data))
        file = _part(f"application/ics; method={invite.method}", data, 'attachment; filename="invite.ics"')
        return _multipart("mixed", f"=0={boundary}", [_multipart("alternative", f"=1={boundary}", texts), file])

    def _invite(self, letter: Letter, calendar: CalendarEntry) -> ical.Invite:
        invitation = letter.invitation
        return ical.Invite(
            uid=calendar.uid,
            cancel=calendar.cancel,
            stamp=letter.date,
            zone=calendar.zone,
            main=_instance(calendar.sitting),
            organiser=self._organiser(letter),
            attendee=ical.Person(letter.to[1], letter.to[0]),
            summary=one_line(invitation.subject),
            location="" if calendar.cancel else invitation.link or invitation.sip,
            description=calendar_text(invitation),
            url="" if calendar.cancel else invitation.link,
            language=invitation.language,
            needs_answer=not invitation.own,
            series=_series(calendar) if calendar.series is not None else None,
        )

    def _organiser(self, letter: Letter) -> ical.Person:
        """Calendar programs take an entry whose organiser is their owner for one that the owner sent, and do not file
        it: the organiser's own copy therefore comes from the server's address."""
        name, mail = self._sender
        invitation = letter.invitation
        if invitation.own or not invitation.organiser_mail:
            return ical.Person(mail, _organiser_name(invitation) or name)
        return ical.Person(invitation.organiser_mail, _organiser_name(invitation), sent_by=mail)


def _boundary(message_id: str) -> str:
    return message_id.strip("<>").partition("@")[0]


def _part(kind: str, data: bytes, disposition: str = "") -> bytes:
    """Base64 throughout: no line is ever too long, whatever the text."""
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
    if disposition:
        head += f"Content-Disposition: {disposition}\r\n"
    lines = encodebytes(data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))  # text has CRLF (RFC 2046, 4.1.1)
    return head.encode() + b"\r\n" + lines.replace(b"\n", b"\r\n")


def _multipart(kind: str, boundary: str, parts: list[bytes]) -> bytes:
    """The boundary holds "=" in front, which base64 never has."""
    head = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n'
    body = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
    return head.encode() + body + f"--{boundary}--\r\n".encode()


def _organiser_name(invitation: Invitation) -> str:
    return one_line(invitation.organiser)


def _words(text: str, before: int) -> str:
    """Unstructured text for a header that has `before` characters in its line already: as it is where it is short
    ASCII, else in encoded words (RFC 2047), of which none is mistaken for one that somebody wrote."""
    text = one_line(text, LONGEST_HEADER)
    if text.isascii() and "=?" not in text and before + len(text) <= LINE:
        return text
    return _encoded(text, before)


def _encoded(text: str, before: int) -> str:
    name = "x" * (before - len(": "))
    return Header(text, "utf-8", maxlinelen=LINE, header_name=name).encode(linesep="\r\n")


def _mailbox(name: str, mail: str) -> str:
    name = one_line(name)
    if not name:
        return mail
    if name.isascii() and "=?" not in name and len(name) <= LINE // 2:
        return formataddr((name, mail))
    return f"{_encoded(name, len('Reply-To: '))}\r\n <{mail}>"


def _instance(sitting: Sitting) -> ical.Instance:
    return ical.Instance(sitting.start, sitting.end, sitting.sequence, sitting.slot)


def _series(calendar: CalendarEntry) -> ical.Series:
    rule: Series | None = calendar.series
    assert rule is not None
    return ical.Series(
        Repetition(UNITS[rule.cycle], rule.interval, rule.points),
        calendar.slots,
        calendar.gone,
        tuple(_instance(moved) for moved in calendar.moved),
    )

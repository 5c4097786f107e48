"""A letter written down as a mail (RFC 5322): text, HTML and calendar parts, once and for all.

Nothing in it is left to chance, so that writing the same letter again gives the same bytes.
"""

from __future__ import annotations

from base64 import encodebytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from ...app.notices import Letter
from ...core.agenda import Agenda, Sitting
from ...core.conferences import Cycle, Series
from ...core.invitations import Invitation, calendar_text, html_text, mail_subject, one_line, plain_text
from ...wire import ical
from ...wire.recurrence import Repetition

UNITS = {Cycle.DAY: "DAILY", Cycle.WEEK: "WEEKLY", Cycle.MONTH: "MONTHLY"}
POLICY = SMTP.clone(max_line_length=76)


class MailWriter:
    """Implements LetterWriter. sender: (name, address) that every mail comes from."""

    def __init__(self, sender: tuple[str, str]) -> None:
        self._sender = sender
        self.domain = sender[1].rpartition("@")[2]

    def write(self, letter: Letter) -> bytes:
        """Headers by the library, which knows encoded words; the parts by hand, for that is five times as quick."""
        invitation = letter.invitation
        message = EmailMessage(policy=POLICY)
        message["From"] = _address(*self._sender)
        message["To"] = _address(*letter.to)
        if letter.reply_to is not None:
            message["Reply-To"] = _address(*letter.reply_to)
        message["Subject"] = one_line(mail_subject(invitation))
        message["Date"] = format_datetime(letter.date)
        message["Message-ID"] = letter.message_id
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
        message["MIME-Version"] = "1.0"
        boundary = letter.message_id.strip("<>").partition("@")[0]
        return message.as_bytes().removesuffix(b"\r\n") + self._content(letter, boundary)

    def _content(self, letter: Letter, boundary: str) -> bytes:
        """multipart/mixed with the alternatives and the calendar as a file, which is for programs that do not act on
        the alternative; without a calendar the alternatives alone."""
        texts = [
            _part('text/plain; charset="utf-8"', plain_text(letter.invitation).encode()),
            _part('text/html; charset="utf-8"', html_text(letter.invitation).encode()),
        ]
        if letter.agenda is None:
            return _multipart("alternative", f"=1={boundary}", texts)
        invite = self._invite(letter, letter.agenda)
        data = ical.render(invite)
        texts.append(_part(f'text/calendar; charset="utf-8"; method={invite.method}', data))
        file = _part(f"application/ics; method={invite.method}", data, 'attachment; filename="invite.ics"')
        return _multipart("mixed", f"=0={boundary}", [_multipart("alternative", f"=1={boundary}", texts), file])

    def _invite(self, letter: Letter, agenda: Agenda) -> ical.Invite:
        invitation = letter.invitation
        return ical.Invite(
            uid=agenda.uid,
            cancel=agenda.cancel,
            stamp=letter.date,
            zone=agenda.zone,
            main=_instance(agenda.sitting),
            organiser=self._organiser(letter),
            attendee=ical.Person(letter.to[1], letter.to[0]),
            summary=one_line(invitation.subject),
            location="" if agenda.cancel else invitation.link or invitation.sip,
            description=calendar_text(invitation),
            url="" if agenda.cancel else invitation.link,
            language=invitation.language,
            needs_answer=not invitation.own,
            series=_series(agenda) if agenda.series is not None else None,
        )

    def _organiser(self, letter: Letter) -> ical.Person:
        """Calendar programs take an entry whose organiser is their owner for one that the owner sent, and do not file
        it: the organiser's own copy therefore comes from the server's address."""
        name, mail = self._sender
        invitation = letter.invitation
        if invitation.own or not invitation.organiser_mail:
            return ical.Person(mail, _organiser_name(invitation) or name)
        return ical.Person(invitation.organiser_mail, _organiser_name(invitation), sent_by=mail)


def _part(kind: str, data: bytes, disposition: str = "") -> bytes:
    """Base64 throughout: no line is ever too long, whatever the text."""
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
    if disposition:
        head += f"Content-Disposition: {disposition}\r\n"
    lines = encodebytes(data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))  # text has CRLF (RFC 2046, 4.1.1)
    return head.encode() + b"\r\n" + lines.replace(b"\n", b"\r\n")


def _multipart(kind: str, boundary: str, parts: list[bytes]) -> bytes:
    """The boundary holds "=" in front, which base64 never has."""
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'
    body = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
    return head.encode() + body + f"--{boundary}--\r\n".encode()


def _organiser_name(invitation: Invitation) -> str:
    return one_line(invitation.organiser)


def _address(name: str, mail: str) -> Address:
    local, _, domain = mail.rpartition("@")
    return Address(name, username=local, domain=domain)


def _instance(sitting: Sitting) -> ical.Instance:
    return ical.Instance(sitting.start, sitting.end, sitting.sequence, sitting.slot)


def _series(agenda: Agenda) -> ical.Series:
    rule: Series | None = agenda.series
    assert rule is not None
    return ical.Series(
        Repetition(UNITS[rule.cycle], rule.interval, rule.points),
        agenda.slots,
        agenda.gone,
        tuple(_instance(moved) for moved in agenda.moved),
    )

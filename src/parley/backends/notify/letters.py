"""A letter written down as a mail (RFC 5322): text, HTML and calendar parts, once and for all.

Nothing in it is left to chance, so that writing the same letter again gives the same bytes.
"""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime

from ...app.notices import Letter
from ...core.agenda import Agenda, Sitting
from ...core.conferences import Cycle, Series
from ...core.invitations import Invitation, calendar_text, html_text, mail_subject, one_line, plain_text
from ...wire import ical
from ...wire.recurrence import Repetition

UNITS = {Cycle.DAY: "DAILY", Cycle.WEEK: "WEEKLY", Cycle.MONTH: "MONTHLY"}
# Lines of at most 76 characters whatever the text: every part travels as base64 or quoted-printable.
POLICY = SMTP.clone(max_line_length=76)


class MailWriter:
    """Implements LetterWriter. sender: (name, address) that every mail comes from."""

    def __init__(self, sender: tuple[str, str]) -> None:
        self._sender = sender
        self.domain = sender[1].rpartition("@")[2]

    def write(self, letter: Letter) -> bytes:
        invitation = letter.invitation
        message = EmailMessage(policy=POLICY)
        message["From"] = _address(*self._sender)
        message["To"] = _address(*letter.to)
        if letter.reply_to is not None:
            message["Reply-To"] = _address(*letter.reply_to)
        message["Subject"] = one_line(mail_subject(invitation))
        message["Date"] = format_datetime(letter.date)
        message["Message-ID"] = letter.message_id
        message["Content-Language"] = invitation.language
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
        message.set_content(plain_text(invitation), cte="base64")
        message.add_alternative(html_text(invitation), subtype="html", cte="base64")
        if letter.agenda is not None:
            self._add_calendar(message, letter, letter.agenda)
        for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
            part.set_boundary(f"={number}={letter.message_id.strip('<>').partition('@')[0]}")
        return message.as_bytes()

    def _add_calendar(self, message: EmailMessage, letter: Letter, agenda: Agenda) -> None:
        """Once as an alternative, which mail programs act on, and once as a file, for those that do not."""
        invite = self._invite(letter, agenda)
        data = ical.render(invite)
        inline = MIMEPart(policy=POLICY)
        inline.set_content(data, "text", "calendar", cte="base64", params={"method": invite.method, "charset": "UTF-8"})
        message.attach(inline)
        message.add_attachment(data, "application", "ics", filename="invite.ics", params={"method": invite.method})

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

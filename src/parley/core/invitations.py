"""What one reader is told of a conference, and the words for it: plain text, HTML, one line for a phone.

Pure: the same invitation always gives the same words. Texts of strangers (subjects, names) are made harmless
here: one line each, no control characters, escaped in HTML.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from .conferences import Series
from .invitation_words import LANGUAGES, Words, rule, span
from .outbox import Notice
from .secret import Secret
from .spaces import Role

LONGEST_TEXT = 200  # characters of a subject or a name as shown
LONGEST_SMS = 600  # characters: 9 parts even in UCS-2
CANCELLING = frozenset({Notice.CANCELLED, Notice.OCCURRENCE_CANCELLED})


@dataclass(frozen=True, slots=True)
class Invitation:
    """Everything that is said to one reader. sittings: (start, end) in UTC, at least one; zone: the reader's.

    own: the reader is the organiser. withdrawn: the reader alone is no longer invited. link, sip, dial_in, number
    and passcode are the reader's own way in; guest_link and guest_passcode are for a host to pass on.
    series: told with its rule, whose dates are meant in series_zone.
    """

    notice: Notice
    language: str
    subject: str
    sittings: tuple[tuple[datetime, datetime], ...]
    zone: str
    organiser: str
    organiser_mail: str = ""
    own: bool = False
    withdrawn: bool = False
    role: Role = Role.GUEST
    link: str = ""
    sip: str = ""
    dial_in: tuple[str, ...] = ()
    number: str = ""
    passcode: Secret | None = None
    guest_link: str = ""
    guest_passcode: Secret | None = None
    series: Series | None = None
    series_zone: str = ""

    @property
    def cancels(self) -> bool:
        return self.withdrawn or self.notice in CANCELLING


def one_line(text: str, longest: int = LONGEST_TEXT) -> str:
    """Without line breaks, control and direction-changing characters, and not longer than allowed."""
    shown = "".join(" " if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def words_of(invitation: Invitation) -> Words:
    """An unknown language is told in English."""
    return LANGUAGES.get(invitation.language, LANGUAGES["en"])


def _language(invitation: Invitation) -> str:
    return invitation.language if invitation.language in LANGUAGES else "en"


def mail_subject(invitation: Invitation) -> str:
    words = words_of(invitation)
    notice = Notice.CANCELLED if invitation.withdrawn else invitation.notice
    return f"{words.title[notice]}{words.colon}{one_line(invitation.subject)}"


def opening(invitation: Invitation) -> str:
    words = words_of(invitation)
    if invitation.withdrawn:
        return words.withdrawn
    template = (words.opening_own if invitation.own else words.opening)[invitation.notice]
    days = invitation.series.remind_days if invitation.series else 0
    return template.format(organiser=one_line(invitation.organiser), days=days)


def closing(invitation: Invitation) -> str:
    """Whom to answer; nothing to tell the organiser of himself."""
    if invitation.own:
        return ""
    words = words_of(invitation)
    template = words.answer if invitation.organiser_mail else words.no_answer
    return template.format(organiser=one_line(invitation.organiser), mail=invitation.organiser_mail)


def times(invitation: Invitation) -> list[str]:
    language = _language(invitation)
    return [span(language, start, end, invitation.zone) for start, end in invitation.sittings]


def ways_in(invitation: Invitation) -> Iterator[tuple[str, list[str]]]:
    """(label key, lines) of how to join. Nothing once it is cancelled."""
    if invitation.cancels:
        return
    host = invitation.role is Role.HOST
    yield "link", [invitation.link]
    yield "sip", [invitation.sip]
    yield "dial_in", list(invitation.dial_in)
    yield "number", [invitation.number]
    if invitation.passcode:
        yield "host_passcode" if host else "passcode", [invitation.passcode.reveal()]
    if host:
        yield "guest_link", [invitation.guest_link]
        if invitation.guest_passcode:
            yield "guest_passcode", [invitation.guest_passcode.reveal()]


def _rows(invitation: Invitation) -> list[tuple[str, list[str]]]:
    """(label, lines), rows without content left out."""
    words = words_of(invitation)
    rows: list[tuple[str, list[str]]] = [("subject", [one_line(invitation.subject)])]
    if invitation.series:
        rows.append(("repeats", [rule(_language(invitation), invitation.series, invitation.series_zone)]))
    rows += [("time", times(invitation)), ("organiser", [_organiser(invitation)]), *ways_in(invitation)]
    return [(words.labels[key], lines) for key, lines in rows if any(lines)]


def _organiser(invitation: Invitation) -> str:
    name = one_line(invitation.organiser)
    return f"{name} <{invitation.organiser_mail}>" if invitation.organiser_mail else name


def _told(rows: list[tuple[str, list[str]]], colon: str) -> list[str]:
    told: list[str] = []
    for label, lines in rows:
        if len(lines) == 1:
            told.append(f"{label}{colon}{lines[0]}")
        else:
            told += [f"{label}{colon}".rstrip(), *(f"  {line}" for line in lines)]
    return told


def plain_text(invitation: Invitation) -> str:
    """The text part of a mail."""
    told = [opening(invitation), "", *_told(_rows(invitation), words_of(invitation).colon)]
    if last := closing(invitation):
        told += ["", last]
    return "\n".join(told) + "\n"


def html_text(invitation: Invitation) -> str:
    """The HTML part: one table, no outside picture, style or script."""
    rows = "".join(
        f'<tr><th style="text-align:left;vertical-align:top;padding:2px 16px 2px 0;white-space:nowrap">'
        f'{html.escape(label)}</th><td style="padding:2px 0">{"<br>".join(_cell(line) for line in lines)}</td></tr>\n'
        for label, lines in _rows(invitation)
    )
    last = closing(invitation)
    return (
        f'<!DOCTYPE html>\n<html lang="{_language(invitation)}"><head><meta charset="utf-8">'
        f"<title>{html.escape(mail_subject(invitation))}</title></head>\n"
        f'<body style="font-family:sans-serif;font-size:15px;line-height:1.45">\n'
        f"<p>{html.escape(opening(invitation))}</p>\n<table>\n{rows}</table>\n"
        + (f"<p>{html.escape(last)}</p>\n" if last else "")
        + "</body></html>\n"
    )


def _cell(line: str) -> str:
    shown = html.escape(line)
    return f'<a href="{shown}">{shown}</a>' if line.startswith(("https://", "http://")) else shown


def calendar_text(invitation: Invitation) -> str:
    """The DESCRIPTION of a calendar entry: what the entry's own fields do not say."""
    words = words_of(invitation)
    rows = [(words.labels[key], lines) for key, lines in ways_in(invitation) if any(lines)]
    told = [
        opening(invitation),
        "",
        *_told([(words.labels["organiser"], [_organiser(invitation)]), *rows], words.colon),
    ]
    if last := closing(invitation):
        told += ["", last]
    return "\n".join(told)


def sms_text(invitation: Invitation) -> str:
    """One message for a phone: what, when, and how to get in. The ways in are kept whole: the subject gives way."""
    words = words_of(invitation)
    notice = Notice.CANCELLED if invitation.withdrawn else invitation.notice
    start = invitation.sittings[0][0].astimezone(ZoneInfo(invitation.zone))
    rest = [f"{start:%Y-%m-%d %H:%M} ({invitation.zone})"]
    if invitation.series:
        rest.append(rule(_language(invitation), invitation.series, invitation.series_zone))
    if not invitation.cancels:
        if invitation.dial_in:
            rest.append(f"{words.labels['dial_in']} {invitation.dial_in[0]}")
        rest.append(f"{words.labels['number']} {invitation.number}")
        if invitation.passcode:
            rest.append(f"{words.labels['passcode']} {invitation.passcode.reveal()}")
        if invitation.link:
            rest.append(invitation.link)
    tail = "; ".join(rest)
    head = f"{words.title[notice]}{words.colon}"
    room = max(LONGEST_SMS - len(head) - len(tail) - 2, 20)
    return f"{head}{one_line(invitation.subject, min(room, 80))}; {tail}"[: 2 * LONGEST_SMS]

"""The words of invitations."""

from __future__ import annotations

import html.parser
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.conferences import Cycle, Series
from parley.core.invitation_words import LANGUAGES, rule, span
from parley.core.invitations import (
    LONGEST_SMS,
    Invitation,
    calendar_text,
    html_text,
    mail_subject,
    one_line,
    plain_text,
    sms_text,
)
from parley.core.outbox import Notice
from parley.core.secret import Secret
from parley.core.spaces import Role

START = datetime(2026, 3, 30, 7, tzinfo=UTC)
WEEKLY = Series(Cycle.WEEK, date(2026, 3, 2), date(2026, 4, 20), 540, 1, (1,), 7)
INVITATION = Invitation(
    Notice.BOOKED,
    "en",
    "Review",
    ((START, START + timedelta(hours=1)),),
    "Europe/Berlin",
    "Ada Lovelace",
    "ada@example.com",
    link="https://meet.example.com/#/j/1/g",
    sip="91@example.com",
    dial_in=("+49 30 555", "+1 212 555"),
    number="91",
    passcode=Secret("205060"),
    guest_link="https://meet.example.com/#/j/1/guest",
    guest_passcode=Secret("333444"),
)
HOST = replace(INVITATION, role=Role.HOST, passcode=Secret("774411"), link="https://meet.example.com/#/j/1/h")


def told(**changes: Any) -> Invitation:
    return replace(INVITATION, **changes)


def every_text(invitation: Invitation) -> list[str]:
    return [plain_text(invitation), html_text(invitation), calendar_text(invitation), sms_text(invitation)]


# --- the whole, as it reads ---


def test_a_guest_reads_how_to_join() -> None:
    """Every way in, the time with its zone, and whom to answer."""
    assert plain_text(INVITATION) == (
        "Ada Lovelace invites you to a meeting.\n"
        "\n"
        "Subject: Review\n"
        "Time: Monday, 30 March 2026, 09:00 – 10:00 (Europe/Berlin, UTC+02:00)\n"
        "Organiser: Ada Lovelace <ada@example.com>\n"
        "Join by browser: https://meet.example.com/#/j/1/g\n"
        "SIP address: 91@example.com\n"
        "Dial-in number:\n"
        "  +49 30 555\n"
        "  +1 212 555\n"
        "Conference ID: 91\n"
        "Passcode: 205060\n"
        "\n"
        "Questions? Answer this message: it reaches Ada Lovelace <ada@example.com>.\n"
    )


def test_a_chinese_invitation_is_chinese() -> None:
    """Labels, date and punctuation."""
    text = plain_text(told(language="zh", subject="评审"))
    assert "Ada Lovelace 邀请您参加会议。" in text
    assert "会议主题：评审" in text
    assert "会议时间：2026年3月30日 星期一, 09:00 – 10:00 (Europe/Berlin, UTC+02:00)" in text
    assert "会议密码：205060" in text
    assert mail_subject(told(language="zh", subject="评审")) == "会议邀请：评审"


def test_a_portuguese_invitation_is_portuguese() -> None:
    """Labels and date."""
    text = plain_text(told(language="pt", zone="America/Sao_Paulo"))
    assert "Ada Lovelace convida você para uma reunião." in text
    assert "Horário: segunda-feira, 30 de março de 2026, 04:00 – 05:00 (America/Sao_Paulo, UTC-03:00)" in text
    assert "Senha: 205060" in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", [notice for notice in Notice if not notice.tells_password])
@pytest.mark.parametrize("own", [False, True])
def test_every_notice_has_words_in_every_language(language: str, notice: Notice, own: bool) -> None:
    """With every place in the templates filled, in all forms."""
    invitation = told(language=language, notice=notice, own=own, series=WEEKLY, series_zone="Europe/Berlin")
    for text in [mail_subject(invitation), *every_text(invitation)]:
        assert "Review" in text or text == calendar_text(invitation)
        assert "{" not in text.replace("{font", "")
    assert LANGUAGES[language].title[notice] in mail_subject(invitation)


def test_an_unknown_language_is_english() -> None:
    """Never a failure for want of words."""
    assert plain_text(told(language="x-test")) == plain_text(INVITATION)


# --- who is told what ---


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_guest_never_reads_what_is_for_hosts(language: str) -> None:
    """In no part of no form: not the passcodes and links that only hosts get."""
    for text in every_text(told(language=language)):
        assert "333444" not in text
        assert "#/j/1/guest" not in text


def test_a_host_reads_the_host_passcode_and_what_to_pass_on() -> None:
    """Both passcodes and both links, told apart."""
    text = plain_text(HOST)
    assert "Host passcode: 774411" in text
    assert "Guest passcode: 333444" in text
    assert "Join by browser: https://meet.example.com/#/j/1/h" in text
    assert "Link for guests: https://meet.example.com/#/j/1/guest" in text


@pytest.mark.parametrize("changes", [
    {"notice": Notice.CANCELLED}, {"notice": Notice.OCCURRENCE_CANCELLED}, {"withdrawn": True}
])  # fmt: skip
def test_who_need_not_come_reads_no_way_in(changes: dict[str, Any]) -> None:
    """No link, number or passcode; what and when stay."""
    for invitation in (replace(INVITATION, **changes), replace(HOST, **changes)):
        for text in every_text(invitation):
            assert not any(word in text for word in ("205060", "774411", "333444", "https://", "91@"))
        assert "30 March 2026" in plain_text(invitation)


def test_a_blank_door_has_no_passcode_line() -> None:
    """Where no passcode is asked for, none is named."""
    assert "asscode" not in plain_text(told(passcode=None))


def test_without_the_organisers_address_nobody_is_told_to_answer() -> None:
    """The mail says that answers are not read."""
    assert "answers to this message are not read" in plain_text(told(organiser_mail=""))


def test_the_organiser_of_a_series_reads_the_rule_and_every_date() -> None:
    """And how many days ahead everybody hears."""
    text = plain_text(told(notice=Notice.SERIES_BOOKED, own=True, series=WEEKLY, series_zone="Europe/Berlin"))
    assert "Everybody invited hears of each of them 7 day(s) ahead." in text
    assert "Repeats: every week on Monday, 2 March 2026 – 20 April 2026 (Europe/Berlin)" in text


# --- times ---

SPANS = [
    ("en", datetime(2026, 3, 29, 0, 30, tzinfo=UTC), 60,
     "Sunday, 29 March 2026, 01:30 – 03:30 (Europe/Berlin, UTC+01:00/+02:00)"),
    ("en", datetime(2026, 7, 1, 21, 30, tzinfo=UTC), 60,
     "Wednesday, 1 July 2026, 23:30 – Thursday, 2 July 2026 00:30 (Europe/Berlin, UTC+02:00)"),
    ("zh", datetime(2026, 1, 4, 8, tzinfo=UTC), 15, "2026年1月4日 星期日, 09:00 – 09:15 (Europe/Berlin, UTC+01:00)"),
    ("pt", datetime(2026, 1, 3, 8, tzinfo=UTC), 15,
     "sábado, 3 de janeiro de 2026, 09:00 – 09:15 (Europe/Berlin, UTC+01:00)"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "start", "minutes", "words"), SPANS)
def test_a_time_is_written_in_the_readers_zone(language: str, start: datetime, minutes: int, words: str) -> None:
    """With the zone's name and its offset then; over midnight with both days, over a change with both offsets."""
    assert span(language, start, start + timedelta(minutes=minutes), "Europe/Berlin") == words


RULES = [
    (Series(Cycle.DAY, date(2026, 1, 1), date(2026, 2, 1), 0),
     "every day, 1 January 2026 – 1 February 2026", "每天，2026年1月1日 – 2026年2月1日",
     "todo dia, 1 de janeiro de 2026 – 1 de fevereiro de 2026"),
    (Series(Cycle.WEEK, date(2026, 1, 1), date(2026, 2, 1), 0, 2, (0, 3)),
     "every 2 weeks on Wednesday, Sunday, 1 January 2026 – 1 February 2026",
     "每 2 周 星期三、星期日，2026年1月1日 – 2026年2月1日",
     "a cada 2 semanas: quarta-feira, domingo, 1 de janeiro de 2026 – 1 de fevereiro de 2026"),
    (Series(Cycle.MONTH, date(2026, 1, 1), date(2026, 2, 1), 0, 3, (15, 31)),
     "every 3 months on day 15, 31, 1 January 2026 – 1 February 2026",
     "每 3 个月 15日、31日，2026年1月1日 – 2026年2月1日",
     "a cada 3 meses, dia 15, 31, 1 de janeiro de 2026 – 1 de fevereiro de 2026"),
]  # fmt: skip


@pytest.mark.parametrize(("series", "english", "chinese", "portuguese"), RULES)
def test_a_rule_is_one_line(series: Series, english: str, chinese: str, portuguese: str) -> None:
    """In every language, with the zone that its dates are meant in."""
    assert rule("en", series, "Asia/Shanghai") == f"{english} (Asia/Shanghai)"
    assert rule("zh", series, "Asia/Shanghai") == f"{chinese} (Asia/Shanghai)"
    assert rule("pt", series, "Asia/Shanghai") == f"{portuguese} (Asia/Shanghai)"


# --- what strangers wrote ---

EVIL = "Free\r\nBcc: all@example.com\r\n\r\n<script>x</script>\u202e\u2028\x00"


def test_a_subject_is_one_line() -> None:
    """No control character, line or direction of a subject reaches a header or a terminal."""
    assert one_line(EVIL) == "Free Bcc: all@example.com <script>x</script>"
    assert mail_subject(told(subject=EVIL)) == "Invitation: Free Bcc: all@example.com <script>x</script>"


@settings(deadline=None)
@given(st.text(max_size=400))
def test_one_line_is_one_line(text: str) -> None:
    """Of any text: printable, and bounded."""
    shown = one_line(text)
    assert len(shown) <= 200
    assert "\n" not in shown
    assert "\r" not in shown
    assert len(shown.splitlines()) <= 1


class Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_adds_markup(subject: str, name: str) -> None:
    """The HTML part has our tags alone, and links to our addresses alone."""
    for text in (html_text(told(subject=subject, organiser=name)), html_text(told(subject=EVIL, organiser=EVIL))):
        tags = Tags()
        tags.feed(text)
        assert tags.seen <= {"html", "head", "meta", "title", "body", "p", "table", "tr", "th", "td", "a", "br"}
        assert tags.links == ["https://meet.example.com/#/j/1/g"]


# --- SMS ---


def test_an_sms_says_what_when_and_how() -> None:
    """In one line, with the first number only."""
    assert sms_text(INVITATION) == (
        "Invitation: Review; 2026-03-30 09:00 (Europe/Berlin); Dial-in number +49 30 555; Conference ID 91; "
        "Passcode 205060; https://meet.example.com/#/j/1/g"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_keeps_its_ways_in_whole(language: str) -> None:
    """A long subject gives way, and the whole is bounded."""
    text = sms_text(told(language=language, subject="长" * 500))
    assert text.endswith("https://meet.example.com/#/j/1/g")
    assert len(text) <= LONGEST_SMS


def test_no_invitation_shows_a_passcode_in_its_repr() -> None:
    """An invitation in a log line gives nothing away."""
    assert "205060" not in repr(INVITATION)

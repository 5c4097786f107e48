"""The words of invitations in English, Chinese and Portuguese, and how each language writes times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from .conferences import Cycle, Series
from .outbox import Notice


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Templates name: organiser, subject, mail, days, when."""

    title: Mapping[Notice, str]  # of the mail's subject and of an SMS
    opening: Mapping[Notice, str]
    opening_own: Mapping[Notice, str]  # where the reader is the organiser
    withdrawn: str
    answer: str
    no_answer: str
    labels: Mapping[str, str]
    colon: str


ENGLISH = Words(
    title={
        Notice.BOOKED: "Invitation",
        Notice.SERIES_BOOKED: "Series booked",
        Notice.REMINDER: "Invitation",
        Notice.CHANGED: "Changed",
        Notice.OCCURRENCE_CHANGED: "Changed",
        Notice.CANCELLED: "Cancelled",
        Notice.OCCURRENCE_CANCELLED: "Cancelled",
    },
    opening={
        Notice.BOOKED: "{organiser} invites you to a meeting.",
        Notice.SERIES_BOOKED: "{organiser} invites you to a series of meetings.",
        Notice.REMINDER: "{organiser} invites you to a meeting of a series.",
        Notice.CHANGED: "A meeting you are invited to has changed. This is what holds now.",
        Notice.OCCURRENCE_CHANGED: "A meeting of a series has changed. This is what holds now.",
        Notice.CANCELLED: "A meeting you were invited to is cancelled.",
        Notice.OCCURRENCE_CANCELLED: "This meeting of a series is cancelled.",
    },
    opening_own={
        Notice.BOOKED: "You have booked a meeting.",
        Notice.SERIES_BOOKED: "You have booked a series of meetings. "
        "Everybody invited hears of each of them {days} day(s) ahead.",
        Notice.REMINDER: "The next meeting of your series is near.",
        Notice.CHANGED: "Your booking has changed. This is what holds now.",
        Notice.OCCURRENCE_CHANGED: "A meeting of your series has changed. This is what holds now.",
        Notice.CANCELLED: "Your booking is cancelled.",
        Notice.OCCURRENCE_CANCELLED: "This meeting of your series is cancelled.",
    },
    withdrawn="You are no longer invited to this meeting.",
    answer="Questions? Answer this message: it reaches {organiser} <{mail}>.",
    no_answer="Questions? Please ask {organiser}; answers to this message are not read.",
    labels={
        "subject": "Subject",
        "time": "Time",
        "repeats": "Repeats",
        "organiser": "Organiser",
        "link": "Join by browser",
        "sip": "SIP address",
        "dial_in": "Dial-in number",
        "number": "Conference ID",
        "passcode": "Passcode",
        "host_passcode": "Host passcode",
        "guest_passcode": "Guest passcode",
        "guest_link": "Link for guests",
    },
    colon=": ",
)

CHINESE = Words(
    title={
        Notice.BOOKED: "会议邀请",
        Notice.SERIES_BOOKED: "周期会议已预订",
        Notice.REMINDER: "会议邀请",
        Notice.CHANGED: "会议变更",
        Notice.OCCURRENCE_CHANGED: "会议变更",
        Notice.CANCELLED: "会议取消",
        Notice.OCCURRENCE_CANCELLED: "会议取消",
    },
    opening={
        Notice.BOOKED: "{organiser} 邀请您参加会议。",
        Notice.SERIES_BOOKED: "{organiser} 邀请您参加周期会议。",
        Notice.REMINDER: "{organiser} 邀请您参加周期会议中的一场会议。",
        Notice.CHANGED: "您受邀参加的会议有变更，现以下列信息为准。",
        Notice.OCCURRENCE_CHANGED: "周期会议中的一场会议有变更，现以下列信息为准。",
        Notice.CANCELLED: "您受邀参加的会议已取消。",
        Notice.OCCURRENCE_CANCELLED: "周期会议中的这场会议已取消。",
    },
    opening_own={
        Notice.BOOKED: "您已预订会议。",
        Notice.SERIES_BOOKED: "您已预订周期会议。每场会议将提前 {days} 天通知所有受邀人。",
        Notice.REMINDER: "您的周期会议即将举行下一场会议。",
        Notice.CHANGED: "您预订的会议有变更，现以下列信息为准。",
        Notice.OCCURRENCE_CHANGED: "您的周期会议中的一场会议有变更，现以下列信息为准。",
        Notice.CANCELLED: "您预订的会议已取消。",
        Notice.OCCURRENCE_CANCELLED: "您的周期会议中的这场会议已取消。",
    },
    withdrawn="您不再受邀参加此会议。",
    answer="如有疑问，请直接回复本邮件，{organiser} <{mail}> 将会收到。",
    no_answer="如有疑问，请联系 {organiser}。本邮件的回复无人查看。",
    labels={
        "subject": "会议主题",
        "time": "会议时间",
        "repeats": "周期",
        "organiser": "组织者",
        "link": "入会链接",
        "sip": "SIP 地址",
        "dial_in": "接入号码",
        "number": "会议 ID",
        "passcode": "会议密码",
        "host_passcode": "主持人密码",
        "guest_passcode": "来宾密码",
        "guest_link": "来宾链接",
    },
    colon="：",
)

PORTUGUESE = Words(
    title={
        Notice.BOOKED: "Convite",
        Notice.SERIES_BOOKED: "Série marcada",
        Notice.REMINDER: "Convite",
        Notice.CHANGED: "Alteração",
        Notice.OCCURRENCE_CHANGED: "Alteração",
        Notice.CANCELLED: "Cancelamento",
        Notice.OCCURRENCE_CANCELLED: "Cancelamento",
    },
    opening={
        Notice.BOOKED: "{organiser} convida você para uma reunião.",
        Notice.SERIES_BOOKED: "{organiser} convida você para uma série de reuniões.",
        Notice.REMINDER: "{organiser} convida você para uma reunião de uma série.",
        Notice.CHANGED: "Uma reunião para a qual você foi convidado mudou. Vale agora o seguinte.",
        Notice.OCCURRENCE_CHANGED: "Uma reunião de uma série mudou. Vale agora o seguinte.",
        Notice.CANCELLED: "Uma reunião para a qual você foi convidado foi cancelada.",
        Notice.OCCURRENCE_CANCELLED: "Esta reunião de uma série foi cancelada.",
    },
    opening_own={
        Notice.BOOKED: "Você marcou uma reunião.",
        Notice.SERIES_BOOKED: "Você marcou uma série de reuniões. "
        "Cada uma é anunciada a todos os convidados com {days} dia(s) de antecedência.",
        Notice.REMINDER: "A próxima reunião da sua série está perto.",
        Notice.CHANGED: "A sua reserva mudou. Vale agora o seguinte.",
        Notice.OCCURRENCE_CHANGED: "Uma reunião da sua série mudou. Vale agora o seguinte.",
        Notice.CANCELLED: "A sua reserva foi cancelada.",
        Notice.OCCURRENCE_CANCELLED: "Esta reunião da sua série foi cancelada.",
    },
    withdrawn="Você não está mais convidado para esta reunião.",
    answer="Dúvidas? Responda a esta mensagem: a resposta chega a {organiser} <{mail}>.",
    no_answer="Dúvidas? Pergunte a {organiser}; as respostas a esta mensagem não são lidas.",
    labels={
        "subject": "Assunto",
        "time": "Horário",
        "repeats": "Repetição",
        "organiser": "Organizador",
        "link": "Entrar pelo navegador",
        "sip": "Endereço SIP",
        "dial_in": "Número de telefone",
        "number": "ID da conferência",
        "passcode": "Senha",
        "host_passcode": "Senha do anfitrião",
        "guest_passcode": "Senha dos convidados",
        "guest_link": "Link para convidados",
    },
    colon=": ",
)

LANGUAGES: Mapping[str, Words] = {"en": ENGLISH, "zh": CHINESE, "pt": PORTUGUESE}

# --- days ----------------------------------------------------------------------------------------------------

# Monday first, as date.weekday() counts.
WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
    "pt": ("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"),
}
MONTHS = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "pt": (
        "janeiro", "fevereiro", "março", "abril", "maio", "junho",
        "julho", "agosto", "setembro", "outubro", "novembro", "dezembro",
    ),
}  # fmt: skip


def day(language: str, at: date) -> str:
    """30 March 2026 in each language's order."""
    if language == "zh":
        return f"{at.year}年{at.month}月{at.day}日"
    of = " de " if language == "pt" else " "
    return f"{at.day}{of}{MONTHS[language][at.month - 1]}{of}{at.year}"


def weekday_and_day(language: str, at: date) -> str:
    name = WEEKDAYS[language][at.weekday()]
    return f"{day(language, at)} {name}" if language == "zh" else f"{name}, {day(language, at)}"


def offset(at: datetime) -> str:
    """UTC+02:00 of an aware time."""
    minutes = round((at.utcoffset() or at - at).total_seconds() / 60)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def span(language: str, start: datetime, end: datetime, zone: str) -> str:
    """From start to end in the zone, which is named with its offset at that time."""
    here = ZoneInfo(zone)
    first, last = start.astimezone(here), end.astimezone(here)
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{weekday_and_day(language, last)} {last:%H:%M}"
    # Where the clocks are changed meanwhile, an hour would seem to be missing or too many.
    named = offset(first) if offset(first) == offset(last) else f"{offset(first)}/{offset(last).removeprefix('UTC')}"
    return f"{weekday_and_day(language, first)}, {first:%H:%M} – {until} ({zone}, {named})"


def rule(language: str, series: Series, zone: str) -> str:
    """The rule of a series in one line, without its times of day."""
    return {"en": _rule_en, "zh": _rule_zh, "pt": _rule_pt}[language](series) + f" ({zone})"


def _names(language: str, points: tuple[int, ...]) -> list[str]:
    """Of weekdays, 0 being Sunday, told from Monday on."""
    return [WEEKDAYS[language][point] for point in sorted((point - 1) % 7 for point in points)]


def _rule_en(series: Series) -> str:
    unit = {Cycle.DAY: "day", Cycle.WEEK: "week", Cycle.MONTH: "month"}[series.cycle]
    text = f"every {unit}" if series.interval == 1 else f"every {series.interval} {unit}s"
    if series.cycle is Cycle.WEEK and series.points:
        text += " on " + ", ".join(_names("en", series.points))
    if series.cycle is Cycle.MONTH and series.points:
        text += " on day " + ", ".join(str(point) for point in series.points)
    return f"{text}, {day('en', series.first)} – {day('en', series.last)}"


def _rule_zh(series: Series) -> str:
    unit = {Cycle.DAY: "天", Cycle.WEEK: "周", Cycle.MONTH: "个月"}[series.cycle]
    text = f"每{unit.removeprefix('个')}" if series.interval == 1 else f"每 {series.interval} {unit}"
    if series.cycle is Cycle.WEEK and series.points:
        text += " " + "、".join(_names("zh", series.points))
    if series.cycle is Cycle.MONTH and series.points:
        text += " " + "、".join(f"{point}日" for point in series.points)
    return f"{text}，{day('zh', series.first)} – {day('zh', series.last)}"


def _rule_pt(series: Series) -> str:
    one, many = {Cycle.DAY: ("dia", "dias"), Cycle.WEEK: ("semana", "semanas"), Cycle.MONTH: ("mês", "meses")}[
        series.cycle
    ]
    every = "toda" if series.cycle is Cycle.WEEK else "todo"
    text = f"{every} {one}" if series.interval == 1 else f"a cada {series.interval} {many}"
    if series.cycle is Cycle.WEEK and series.points:
        text += ": " + ", ".join(_names("pt", series.points))
    if series.cycle is Cycle.MONTH and series.points:
        text += ", dia " + ", ".join(str(point) for point in series.points)
    return f"{text}, {day('pt', series.first)} – {day('pt', series.last)}"

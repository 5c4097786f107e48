"""What people are told of their own accounts by mail, in English, Chinese and Portuguese.

Pure: the same facts always give the same words. Names are made harmless as in invitations.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field

from .invitations import one_line
from .outbox import Notice
from .secret import Secret


@dataclass(frozen=True, slots=True)
class AccountLetter:
    """Everything that is said. password: one that was made for the person and must be changed; None: not told."""

    notice: Notice  # PASSWORD_RESET or ACCOUNT_CREATED
    language: str
    enterprise: str
    name: str
    account: str
    password: Secret | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """The same in three forms; the texts hold the password."""

    subject: str
    plain: str = field(repr=False)
    html: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Words:
    title: dict[Notice, str]
    greeting: str
    opening: dict[Notice, str]
    change: str  # beside a password that was made
    ask: str  # where the password is not told
    unasked: str
    account: str
    password: str
    link: str
    colon: str


_LANGUAGES = {
    "en": _Words(
        title={Notice.PASSWORD_RESET: "Your new password", Notice.ACCOUNT_CREATED: "Your account"},
        greeting="Hello {name},",
        opening={
            Notice.PASSWORD_RESET: "An administrator of {enterprise} has had a new password made for you.",
            Notice.ACCOUNT_CREATED: "An administrator of {enterprise} has set up an account for you.",
        },
        change="Please change the password when you sign in for the first time, and delete this message.",
        ask="Your administrator will tell you the password.",
        unasked="Did you not expect this? Please tell your administrator.",
        account="Account",
        password="Password",
        link="Server",
        colon=": ",
    ),
    "zh": _Words(
        title={Notice.PASSWORD_RESET: "您的新密码", Notice.ACCOUNT_CREATED: "您的账号"},
        greeting="{name}，您好：",
        opening={
            Notice.PASSWORD_RESET: "{enterprise} 的管理员已为您重置密码。",
            Notice.ACCOUNT_CREATED: "{enterprise} 的管理员已为您创建账号。",
        },
        change="请在首次登录时修改密码，并删除本邮件。",
        ask="密码将由管理员告知您。",
        unasked="如非您本人所需，请联系管理员。",
        account="账号",
        password="密码",
        link="服务器",
        colon="：",
    ),
    "pt": _Words(
        title={Notice.PASSWORD_RESET: "Sua nova senha", Notice.ACCOUNT_CREATED: "Sua conta"},
        greeting="Olá, {name}.",
        opening={
            Notice.PASSWORD_RESET: "Um administrador de {enterprise} pediu uma nova senha para você.",
            Notice.ACCOUNT_CREATED: "Um administrador de {enterprise} criou uma conta para você.",
        },
        change="Altere a senha no primeiro acesso e apague esta mensagem.",
        ask="O administrador informará a senha.",
        unasked="Não esperava esta mensagem? Avise o administrador.",
        account="Conta",
        password="Senha",
        link="Servidor",
        colon=": ",
    ),
}


def written(letter: AccountLetter) -> Written:
    """An unknown language is told in English."""
    language = letter.language if letter.language in _LANGUAGES else "en"
    words = _LANGUAGES[language]
    enterprise, name = one_line(letter.enterprise) or "Parley", one_line(letter.name)
    opening = [words.opening[letter.notice].format(enterprise=enterprise)]
    if name:
        opening.insert(0, words.greeting.format(name=name))
    closing = [words.change if letter.password is not None else words.ask, words.unasked]
    rows = [(words.account, one_line(letter.account))]
    if letter.password is not None:
        rows.append((words.password, letter.password.reveal()))
    if letter.link:
        rows.append((words.link, letter.link))
    told = [f"{label}{words.colon}{value}" for label, value in rows]
    return Written(
        subject=f"{words.title[letter.notice]}{words.colon}{enterprise}",
        plain="\n".join([*opening, "", *told, "", *closing, ""]),
        html=_html(language, opening, rows, closing),
    )


def _html(language: str, opening: list[str], rows: list[tuple[str, str]], closing: list[str]) -> str:
    def paragraphs(lines: list[str]) -> str:
        return "".join(f"<p>{html.escape(line)}</p>\n" for line in lines)

    table = "".join(
        f"<tr><th align=left>{html.escape(label)}</th><td><code>{html.escape(value)}</code></td></tr>\n"
        for label, value in rows
    )
    return (
        f'<!doctype html>\n<html lang="{language}"><body>\n'
        f"{paragraphs(opening)}<table>\n{table}</table>\n{paragraphs(closing)}</body></html>\n"
    )

"""Settings of what is told to people: invitations, mail and SMS."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr

from .config_base import DOMAIN, MaybePath, Section, address, setting, unset


def _address_and_name(text: str) -> str:
    mail = parseaddr(text)[1]
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}", mail) or not text.isprintable():
        raise ValueError(f"'{text}' is not an address such as Parley <parley@example.com>")
    return text


def _gateway_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.fragment or parts.username:
        raise ValueError("not an address such as https://sms.example.com/send")
    return text


def _host(text: str) -> str:
    name = text.lower().strip("[]")
    if not DOMAIN.fullmatch(name):
        address(name)
    return name


def _numbers(value: object) -> object:
    """Comma-separated text or a list of telephone numbers as people read them."""
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise ValueError("give numbers separated by commas, or a list of numbers")
    numbers = tuple(part.strip() for part in value)
    for number in numbers:
        if not re.fullmatch(r"[+0-9][0-9 ()./-]{1,40}", number):
            raise ValueError(f"'{number}' is not a telephone number")
    return numbers


def _secret(value: object) -> object:
    """Never quoted, whatever is wrong with it."""
    if value is None or isinstance(value, SecretStr):
        return value
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value or None


MaybeHost = Annotated[str | None, unset(_host)]
MaybeSecret = Annotated[SecretStr | None, BeforeValidator(_secret)]


class Invitations(Section):
    """What invitations say beside the conference's own facts."""

    dial_in: Annotated[tuple[str, ...], BeforeValidator(_numbers)] = setting(
        (), "Telephone numbers that lead to `sip.access_number`, as people read them, separated by commas."
    )


class Mail(Section):
    """Invitations by e-mail, handed to one SMTP server. Off until `mail.host` is set."""

    host: MaybeHost = setting(None, "The SMTP server; unset: no mail is made.", "host")
    port: Annotated[int | None, unset(str)] = setting(
        None, "Its port; unset: 587 for starttls, 465 for tls, 25 for none.", "port", ge=1, le=65535
    )
    security: Literal["starttls", "tls", "none"] = setting(
        "starttls", "starttls (refused where the server does not offer it), tls from the start, or none."
    )
    username: str = setting("", "Who we are to the server; empty: it does not ask.", max_length=256)
    password: MaybeSecret = setting(None, "The password of `mail.username`.")
    sender: Annotated[str | None, unset(_address_and_name)] = setting(
        None, "The address that all mail comes from, with or without a name: `Parley <parley@example.com>`."
    )
    ca: MaybePath = setting(
        None, "PEM file of the authorities that the server's certificate may come from; unset: the system's.", "path"
    )

    @property
    def default_port(self) -> int:
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.security]

    @property
    def sender_parts(self) -> tuple[str, str]:
        """(name, address)."""
        return parseaddr(self.sender or "")


class Sms(Section):
    """Invitations by SMS: HTTP gateway (docs/sms-gateway.md) or SMPP 3.4. Off until `url` or `smpp_host` is set."""

    url: Annotated[str | None, unset(_gateway_url)] = setting(None, "The gateway's address for POST.", "URL")
    token: MaybeSecret = setting(None, "Bearer token for the gateway.")
    key: MaybeSecret = setting(None, "Key that signs requests to the gateway (HMAC-SHA256), instead of a token.")
    sender: str = setting(
        "", "What phones show as the sender, where the carrier lets it be set.", pattern=r"^[A-Za-z0-9+ ._-]{0,20}$"
    )
    smpp_host: MaybeHost = setting(None, "The message centre.", "host")
    smpp_port: int = setting(2775, "Its port.", "port", ge=1, le=65535)
    smpp_tls: bool = setting(False, "Speak TLS with it.")
    smpp_system_id: str = setting("", "Who we are to it, at most 15 characters.", pattern=r"^[!-~]{0,15}$")
    smpp_password: MaybeSecret = setting(None, "The password of `sms.smpp_system_id`, at most 8 characters.")
    smpp_system_type: str = setting("", "System type, where it asks for one.", pattern=r"^[ -~]{0,12}$")


def mail_contradictions(mail: Mail) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if mail.host is None:
        set_alone = {"username": mail.username, "password": mail.password, "ca": mail.ca, "port": mail.port}
        return [(f"mail.{name}", "has no effect without mail.host") for name, value in set_alone.items() if value]
    if mail.sender is None:
        found.append(("mail.sender", "mail.host needs an address to send from"))
    if bool(mail.username) != (mail.password is not None):
        missing = "password" if mail.username else "username"
        found.append((f"mail.{missing}", "mail.username and mail.password are set together or not at all"))
    if mail.security == "none":
        if mail.username and mail.host not in {"localhost", "127.0.0.1", "::1"}:
            found.append(("mail.security", "none would send the password in the clear; use starttls or tls"))
        if mail.ca is not None:
            found.append(("mail.ca", "has no effect with mail.security none"))
    return found


def sms_contradictions(sms: Sms) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if sms.url is not None and sms.smpp_host is not None:
        found.append(("sms.smpp_host", "sms.url and sms.smpp_host are two ways: choose one"))
    if sms.token is not None and sms.key is not None:
        found.append(("sms.key", "sms.token and sms.key are two proofs: choose one"))
    for name in ("token", "key"):
        if getattr(sms, name) is not None and sms.url is None:
            found.append((f"sms.{name}", "has no effect without sms.url"))
    given = bool(sms.smpp_system_id), sms.smpp_password is not None
    if sms.smpp_host is not None and given != (True, True):
        found.append(("sms.smpp_system_id", "sms.smpp_host needs sms.smpp_system_id and sms.smpp_password"))
    if sms.smpp_host is None and any(given):
        found.append(("sms.smpp_system_id", "has no effect without sms.smpp_host"))
    if sms.smpp_password is not None and not re.fullmatch(r"[ -~]{1,8}", sms.smpp_password.get_secret_value()):
        found.append(("sms.smpp_password", "must have 1 to 8 ASCII characters"))
    return found

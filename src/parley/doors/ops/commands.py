"""The verbs of the operator's door: what each takes and whom it asks. A verb is named as its use case is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...core.refusals import Refusal
from ...core.secret import Secret
from .operations import Operations

MAX_TEXT = 1024  # names, addresses and passwords are far shorter
MAX_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Argument:
    """kind: text, secret, flag or count. An optional one that is absent or null gives None."""

    name: str
    kind: str = "text"
    optional: bool = False

    def take(self, given: Mapping[str, Any]) -> Any:
        """Raises Refusal missing or invalid, naming this argument and never its value."""
        value = given.get(self.name)
        if value is None:
            if self.optional:
                return None
            raise Refusal("missing", field=self.name)
        fits = {
            "text": isinstance(value, str) and len(value) <= MAX_TEXT,
            "secret": isinstance(value, str) and len(value) <= MAX_TEXT,
            "flag": isinstance(value, bool),
            "count": isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_LIMIT,
        }
        if not fits[self.kind]:
            raise Refusal("invalid", field=self.name, error=f"not a {self.kind}")
        return Secret(value) if self.kind == "secret" else value


@dataclass(frozen=True, slots=True)
class Command:
    """One verb; exactly one of `run` and `stream` is set."""

    verb: str
    arguments: tuple[Argument, ...] = ()
    run: Callable[..., Awaitable[Any]] | None = None
    stream: Callable[..., AsyncIterator[str]] | None = None

    def parse(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Raises Refusal for an unknown, missing or misshapen argument."""
        for name in given:
            if all(name != argument.name for argument in self.arguments):
                raise Refusal("invalid", field=str(name)[:64], error="no such argument")
        return {argument.name: argument.take(given) for argument in self.arguments}


def commands(operations: Operations) -> dict[str, Command]:
    """The table, bound to who answers."""
    by_id = (Argument("id"),)
    newest = (Argument("limit", "count"),)
    user = (Argument("jid"), Argument("name"), Argument("email"), Argument("password", "secret"))
    space = (Argument("name"), Argument("uri", optional=True), Argument("call_id", optional=True))
    table = (
        Command("users", (), operations.users),
        Command("add_user", user, operations.add_user),
        Command("remove_user", (Argument("jid"),), operations.remove_user),
        Command("devices", (Argument("jid", optional=True),), operations.devices),
        Command("add_device", (Argument("jid"), Argument("label"), Argument("sha256", "flag")), operations.add_device),
        Command("remove_device", (Argument("username"),), operations.remove_device),
        Command("administrators", (), operations.administrators),
        Command("add_administrator", (Argument("name"), Argument("password", "secret")), operations.add_administrator),
        Command("remove_administrator", (Argument("name"),), operations.remove_administrator),
        Command("spaces", (), operations.spaces),
        Command("space", (Argument("which"),), operations.space),
        Command("add_space", (*space, Argument("passcode", "secret", optional=True)), operations.add_space),
        Command("records", newest, operations.records),
        Command("outbox", (Argument("state", optional=True), *newest), operations.outbox),
        Command("retry_outbox", by_id, operations.retry_outbox),
        Command("forget_outbox", by_id, operations.forget_outbox),
        Command("explain", (Argument("address"), Argument("pin", "secret", optional=True)), operations.explain),
        Command("explain_leg", by_id, operations.explain_leg),
        Command("status", (), operations.status),
        Command("meetings", (), operations.meetings),
        Command("meeting", by_id, operations.meeting),
        Command("end_meeting", by_id, operations.end_meeting),
        Command("lock_meeting", (*by_id, Argument("locked", "flag")), operations.lock_meeting),
        Command("legs", (), operations.legs),
        Command("drop_leg", by_id, operations.drop_leg),
        Command("log", newest, operations.log),
        Command("follow_log", stream=operations.follow_log),
    )
    return {command.verb: command for command in table}

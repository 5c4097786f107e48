"""Who is told what of an account, written into the outbox by the transaction that makes or changes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ..core.account_words import AccountLetter, Written, written
from ..core.ids import OutboxId
from ..core.invitations import one_line
from ..core.outbox import Channel, Notice, OutboxEntry
from ..core.people import User
from ..core.refusals import Refusal
from ..core.secret import Secret
from .enterprises import Enterprises
from .notices import MAIL
from .ports import Clock, Identifiers, Transaction


@dataclass(frozen=True, slots=True)
class Note:
    """What becomes a mail without a calendar. to: (name, address)."""

    message_id: str
    date: datetime
    to: tuple[str, str]
    written: Written = field(repr=False)


class NoteWriter(Protocol):
    """Writes a note down as the bytes that will be sent. `domain` is the right side of every Message-ID."""

    domain: str

    def write_note(self, note: Note) -> bytes: ...


class AccountNotices:
    """link: where the server is reached, or empty."""

    def __init__(
        self, identifiers: Identifiers, clock: Clock, enterprises: Enterprises, writer: NoteWriter, link: str = ""
    ) -> None:
        self._identifiers = identifiers
        self._clock = clock
        self._writer = writer
        self._enterprises = enterprises
        self._link = link

    async def password_made(self, tx: Transaction, user: User, password: Secret) -> None:
        """An `Announce`. Raises Refusal invalid(email)."""
        await self._tell(tx, user, Notice.PASSWORD_RESET, password)

    async def created(self, tx: Transaction, user: User, password: Secret | None) -> None:
        """A `Welcome`. Raises Refusal invalid(email)."""
        await self._tell(tx, user, Notice.ACCOUNT_CREATED, password)

    async def _tell(self, tx: Transaction, user: User, notice: Notice, password: Secret | None) -> None:
        address = user.email.strip()
        if not MAIL.fullmatch(address):
            raise Refusal("invalid", field="email", error="is an address that no mail can be sent to")
        enterprise = await self._enterprises.read(tx, user.tenant)
        text = written(
            AccountLetter(
                notice,
                enterprise.conferences.language,
                enterprise.name,
                user.name,
                user.account or user.jid,
                password,
                self._link,
            )
        )
        now, id = self._clock.utc(), self._identifiers.uuid()
        note = Note(f"<{id}@{self._writer.domain}>", now, (one_line(user.name), address), text)
        await tx.outbox.add(
            OutboxEntry(
                id=OutboxId(id),
                channel=Channel.MAIL,
                notice=notice,
                recipient=address,
                message_id=note.message_id,
                payload=self._writer.write_note(note),
                created=now,
                due=now,
                subject=text.subject,
            )
        )

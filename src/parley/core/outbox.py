"""Messages that must reach people: kept with what caused them, sent after it is committed, tried until it works."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .ids import ConferenceId, OccurrenceId, OutboxId


class Channel(StrEnum):
    MAIL = "mail"
    SMS = "sms"


class Notice(StrEnum):
    """Why the message is sent; with the stored facts it decides every word of it."""

    BOOKED = "booked"  # a single conference, to everybody
    SERIES_BOOKED = "series-booked"  # to the organiser
    REMINDER = "reminder"  # one occurrence of a series, to everybody, remind_days ahead
    CHANGED = "changed"
    OCCURRENCE_CHANGED = "occurrence-changed"
    CANCELLED = "cancelled"
    OCCURRENCE_CANCELLED = "occurrence-cancelled"
    PASSWORD_RESET = "password-reset"  # to the user, with a password that was made
    ACCOUNT_CREATED = "account-created"  # the same

    @property
    def tells_password(self) -> bool:
        """Its text gives an account away, and is kept no longer than until it is sent."""
        return self in {Notice.PASSWORD_RESET, Notice.ACCOUNT_CREATED}


class OutboxState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"  # given up


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One message to one person, rendered when it was made: what is sent again is the same bytes, so at least once
    shows as once. `message_id` is the Message-ID of a mail and the reference of an SMS.

    payload: the whole RFC 5322 message, or the text of an SMS. It holds secrets, and stores keep it sealed.
    """

    id: OutboxId
    channel: Channel
    notice: Notice
    recipient: str
    message_id: str
    payload: bytes = field(repr=False)
    created: datetime  # UTC
    due: datetime  # UTC: next try
    conference: ConferenceId | None = None
    occurrence: OccurrenceId | None = None
    subject: str = ""
    tries: int = 0
    state: OutboxState = OutboxState.WAITING
    last_error: str = ""
    sent: datetime | None = None

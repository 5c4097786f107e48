"""What is to be told to people about conferences, in the same transaction as the cause."""

from __future__ import annotations

from typing import Protocol

from ..core.conferences import Occurrence
from .booking import ConferenceRecord
from .ports import Transaction


class Notices(Protocol):
    """Writes what must be sent into the outbox of `tx`; sending is another's business, after the commit.

    Records hold everything, host passcode included. Those after a cancellation still name the space and the ways in,
    which the same transaction takes away.
    """

    async def booked(self, tx: Transaction, record: ConferenceRecord) -> None:
        """A conference was booked or began at once (conference.instant)."""
        ...

    async def changed(self, tx: Transaction, before: ConferenceRecord, after: ConferenceRecord) -> None:
        """conference.sequence rose by one, and by the highest sequence among the occurrences that are gone: those that
        a new rule of the series does not name, which stand in `before` alone. Those it has in common with the old one
        keep their id and slot."""
        ...

    async def cancelled(self, tx: Transaction, record: ConferenceRecord) -> None:
        """All that was still to come is cancelled; sequence rose by one. Not told when only a running one was ended."""
        ...

    async def occurrence_changed(self, tx: Transaction, record: ConferenceRecord, occurrence: Occurrence) -> None:
        """occurrence: as it is now; its slot says which one it was. Its own sequence rose by one."""
        ...

    async def occurrence_cancelled(self, tx: Transaction, record: ConferenceRecord, occurrence: Occurrence) -> None:
        """Its own sequence rose by one."""
        ...

    async def reminder(self, tx: Transaction, record: ConferenceRecord, occurrence: Occurrence) -> None:
        """An occurrence of a series is announced to everybody; once each."""
        ...

"""The operator's use cases over the whole app layer on fakes."""

from __future__ import annotations

from parley.app.credentials import Credentials
from parley.app.devices import Devices
from parley.app.event_feed import EventFeed
from parley.app.leg_history import ReadLines
from parley.app.operator import KeptServices, Operator
from parley.app.outbox import OutboxDesk
from tests.app.floor import Floor
from tests.kit.counted_identifiers import CountedIdentifiers


class PlainHasher:
    """Quick and readable."""

    def hash(self, password: str) -> str:
        return f"hash of {password}"

    def verify(self, password: str, hashed: str) -> bool:
        return hashed == f"hash of {password}"


def operator_of(
    floor: Floor, leg_inputs: ReadLines = lambda _leg: [], recorded: tuple[str, ...] | None = None
) -> Operator:
    """An operator of this server. Event lines are the names of the events. recorded: those that are call records."""
    hasher = PlainHasher()
    kept = KeptServices(
        store=floor.held,
        administration=floor.use,
        credentials=Credentials(floor.held, hasher, floor.changes, floor.clock),
        hasher=hasher,
        lookup=floor.lookup,
        render_records=lambda events: [
            {"event": name} for stored in events if (name := type(stored.event).__name__) in (recorded or (name,))
        ],
        outbox=OutboxDesk(floor.held, floor.clock),
        devices=Devices(floor.held, CountedIdentifiers(), floor.clock, floor.changes, "example.com"),
        utc=floor.clock.utc,
        leg_inputs=leg_inputs,
    )
    feed = EventFeed(lambda _at, event: [type(event).__name__], 100)
    floor.journal.subscribe(feed.take)
    return Operator(kept, floor.pins, floor.directory, feed, floor.clock, lambda: {"version": "1"})

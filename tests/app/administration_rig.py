"""The create-and-change use cases over a store in memory."""

from parley.app.administration import Administration, administration
from parley.app.changes import Change, Changes
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.memory_store import MemoryStore


class World:
    def __init__(self) -> None:
        self.store = MemoryStore()
        self.identifiers = CountedIdentifiers()
        self.changes = Changes()
        self.published: list[Change] = []
        self.changes.subscribe(self.published.append)
        self.use: Administration = administration(
            self.store, self.identifiers, self.changes, domains=["example.com"], access_number="9000"
        )

    def told(self) -> list[tuple[str, str, bool]]:
        """(kind, id, deleted) of every change since the last call."""
        found = [(change.kind, change.id, change.deleted) for change in self.published]
        self.published.clear()
        return found

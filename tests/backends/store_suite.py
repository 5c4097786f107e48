"""What every Store does. A test class inherits StoreSuite and gives a `store` fixture."""

from __future__ import annotations

from tests.backends.store_accounts_suite import AccountsSuite
from tests.backends.store_conferences_suite import ConferencesSuite
from tests.backends.store_entities_suite import EntitiesSuite
from tests.backends.store_events_suite import EventsSuite
from tests.backends.store_messages_suite import MessagesSuite
from tests.backends.store_pages_suite import PagesSuite
from tests.backends.store_units_suite import UnitsSuite


class StoreSuite(EntitiesSuite, PagesSuite, UnitsSuite, AccountsSuite, ConferencesSuite, MessagesSuite, EventsSuite):
    """All of it."""

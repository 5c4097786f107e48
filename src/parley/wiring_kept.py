"""Settings -> what works without a running server: the store, and the use cases on what is kept in it."""

from __future__ import annotations

import base64
import fcntl
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .app.administration import Administration, administration
from .app.changes import Changes
from .app.credentials import CredentialLimits, Credentials
from .app.devices import Devices
from .app.lookup import Lookup
from .app.operator import KeptOperator, KeptServices
from .app.outbox import OutboxDesk
from .app.ports import StoredEvent, StoreUnavailable
from .app.troubles import Troubles
from .backends.secrets import ScryptHasher
from .backends.store.migrate import DatabaseTooNew
from .backends.store.sql import SqlStore
from .backends.system import RandomIdentifiers, SystemClock
from .config import Settings
from .core.dialplan import Echo
from .core.events import Event, LegEnded
from .core.links import PersonalLinks
from .doors.cms.call_records import record_of
from .first_run import ServerSecrets, load_secrets, personal_links_key
from .host import own_names, short_of_room
from .server_facts import first_domain, shown_host
from .wiring_http import CannotStart
from .wiring_inputs import leg_lines


@dataclass(frozen=True, slots=True)
class Kept:
    """What works without a running server."""

    store: SqlStore
    changes: Changes
    clock: SystemClock
    identifiers: RandomIdentifiers
    hasher: ScryptHasher
    administration: Administration
    credentials: Credentials
    lookup: Lookup
    outbox: OutboxDesk
    devices: Devices
    personal_links: PersonalLinks
    data_dir: Path
    troubles: Troubles

    def services(self, local_source: str) -> KeptServices:
        return KeptServices(
            self.store,
            self.administration,
            self.credentials,
            self.hasher,
            self.lookup,
            _records,
            self.outbox,
            self.devices,
            self.clock.utc,
            local_source,
            partial(leg_lines, self.data_dir),
        )


async def open_kept(settings: Settings, stack: AsyncExitStack) -> Kept:
    """Until the stack closes, which needs nothing but the store. Raises CannotStart."""
    changes, clock, identifiers, hasher = Changes(), SystemClock(), RandomIdentifiers(), ScryptHasher()
    troubles = Troubles(clock)
    troubles.look("the disk is nearly full", partial(short_of_room, settings.data_dir))
    secrets, store = await _open_store(settings, stack, troubles)
    domains = settings.sip.domains or own_names()
    return Kept(
        store,
        changes,
        clock,
        identifiers,
        hasher,
        administration(store, identifiers, changes, domains=domains, access_number=settings.sip.access_number),
        Credentials(
            store,
            hasher,
            changes,
            clock,
            CredentialLimits(
                remember=settings.cms.credential_memory, failures=settings.limits.credential_checks_per_source
            ),
        ),
        Lookup(
            store, domains, settings.sip.access_number, own_addresses=not settings.sip.domains, echo=_echo(settings)
        ),
        OutboxDesk(store, clock),
        Devices(store, identifiers, clock, changes, first_domain(settings)),
        PersonalLinks(personal_links_key(secrets)),
        settings.data_dir,
        troubles,
    )


async def _open_store(settings: Settings, stack: AsyncExitStack, troubles: Troubles) -> tuple[ServerSecrets, SqlStore]:
    in_service = (settings.data_dir / "journal").is_dir()  # since an earlier start got so far
    try:
        secrets = load_secrets(settings.data_dir)
        seal = base64.urlsafe_b64encode(secrets.seal)
        store = SqlStore(settings.database_url, seal, troubles, new=not in_service)
        stack.push_async_callback(store.close)
        await store.migrate()
    except StoreUnavailable as problem:
        raise CannotStart(f"the database of {settings.data_dir} cannot be used: {problem}") from problem
    except (DatabaseTooNew, ValueError) as problem:
        raise CannotStart(str(problem)) from problem
    return secrets, store


@asynccontextmanager
async def offline(settings: Settings) -> AsyncIterator[KeptOperator]:
    """The operator's kept half on the store itself, for when no server runs."""
    async with AsyncExitStack() as stack:
        lock(settings.data_dir, stack)
        kept = await open_kept(settings, stack)
        yield KeptOperator(kept.services(shown_host(settings)))


def lock(data_dir: Path, stack: AsyncExitStack) -> None:
    """One server on a data directory. Raises CannotStart."""
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    stack.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        raise CannotStart(f"another parley uses the data directory {data_dir}") from problem


def _records(events: Iterable[StoredEvent]) -> list[dict[str, Any]]:
    """Call records speak the words of the CMS dialect, as the event log does."""
    records = [(record, stored.event) for stored in events if (record := record_of(stored)) is not None]
    return [
        {"at": record.at.strftime("%Y-%m-%dT%H:%M:%SZ"), **record.plain(), **_fared(event)} for record, event in records
    ]


def _fared(event: Event) -> dict[str, Any]:
    """What is kept of a leg's sound with its end, in our own words: the dialect has them for little of it."""
    quality = event.quality if isinstance(event, LegEnded) else None
    return {"quality": quality.plain()} if quality is not None else {}


def _echo(settings: Settings) -> tuple[str, Echo] | None:
    name = settings.echo.name
    return (name, Echo(limit=settings.echo.limit)) if name is not None else None

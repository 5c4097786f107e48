"""Settings -> objects -> run -> close: the only file that names every concrete class."""

from __future__ import annotations

import asyncio
import base64
import fcntl
import gc
import os
import signal
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import uvloop
from starlette.types import ASGIApp

from . import __version__, logs
from .app.administration import Administration, administration
from .app.arrivals import Arrivals
from .app.bridges import Bridges
from .app.changes import Changes
from .app.credentials import CredentialLimits, Credentials
from .app.devices import Devices
from .app.dialling import Dialling
from .app.directory import Directory
from .app.event_feed import EventFeed
from .app.legs import LegServices
from .app.lookup import Lookup
from .app.operator import KeptOperator, KeptServices, Operator
from .app.outbox import Outbox, OutboxDesk
from .app.pins import PinJudge
from .app.ports import StoredEvent
from .app.seats import Seats
from .app.tasks import Tasks
from .backends.engine.client import EngineClient
from .backends.engine.worker import WorkerDied
from .backends.journal.file import FileJournal
from .backends.journal.importer import Importer
from .backends.secrets import ScryptHasher
from .backends.store.sql import SqlStore
from .backends.system import RandomIdentifiers, SystemClock
from .config import Settings
from .core.attempts import Attempts, AttemptSettings
from .core.dialplan import Echo
from .core.events import Event
from .core.leg_inputs import EntrySettings
from .core.links import PersonalLinks
from .doors.cms import event_log
from .doors.cms.app import CmsSettings, cms_app
from .doors.cms.call_records import record_of
from .doors.ops.server import OpsDoor
from .first_run import banner, ensure_data_dir, host_id, load_secrets, personal_links_key
from .first_start import prepare
from .host import own_names
from .server_facts import describer, first_domain, shown_host, start_facts
from .wiring_brands import brand_keeping
from .wiring_conferences import Shared, conference_parts
from .wiring_http import CannotStart, certificate_of, certificates_of, open_http, pages_of, root_of
from .wiring_inputs import leg_lines, noted_inputs
from .wiring_media import run_directory_of, web_listening
from .wiring_notices import couriers_of
from .wiring_sip import open_sip, sip_agent, sockets_beside_pages
from .wiring_sockets import SocketShared, meeting_socket, with_socket
from .wiring_survival import survival_of
from .wiring_web import WebShared, web_parts

log = structlog.get_logger(__name__)


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


async def _kept(settings: Settings, stack: AsyncExitStack) -> Kept:
    secrets = load_secrets(settings.data_dir)
    store = SqlStore(settings.database_url, base64.urlsafe_b64encode(secrets.seal))
    stack.push_async_callback(store.close)
    await store.migrate()
    changes, clock, identifiers, hasher = Changes(), SystemClock(), RandomIdentifiers(), ScryptHasher()
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
    )


@asynccontextmanager
async def offline(settings: Settings) -> AsyncIterator[KeptOperator]:
    """The operator's kept half on the store itself, for when no server runs."""
    async with AsyncExitStack() as stack:
        _lock(settings.data_dir, stack)
        kept = await _kept(settings, stack)
        yield KeptOperator(kept.services(shown_host(settings)))


def serve(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT. 0: stopped cleanly; 1: could not start, and said why."""
    logs.configure(settings.log.format, settings.log.level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings))
    except CannotStart as problem:
        print(f"parley: {problem}", flush=True)
        return 1
    return 0


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with AsyncExitStack() as stack:
            text = await _start(settings, stack)
            print(text, flush=True)
            print("ready", flush=True)
            # What stands now stands for good: the collector need not look at it again.
            gc.collect()
            gc.freeze()
            gc.enable()  # the command turned it off for the start
            await stop.wait()
            log.info("stopping")
    except (OSError, ValueError) as problem:
        raise CannotStart(str(problem)) from problem


async def _start(settings: Settings, stack: AsyncExitStack) -> str:
    """Everything in the order in which it is needed; the stack closes it in reverse. Returns the banner."""
    empty = ensure_data_dir(settings.data_dir)
    _lock(settings.data_dir, stack)
    kept = await _kept(settings, stack)
    first = await prepare(settings, empty, kept.store, kept.administration, kept.credentials, kept.identifiers)

    journal = FileJournal(settings.data_dir, kept.clock)
    stack.callback(journal.close)
    feed = EventFeed(_log_lines, settings.log.kept_lines)
    journal.subscribe(feed.take)
    importer = Importer(journal, kept.store, kept.clock)
    stack.push_async_callback(importer.import_now)
    _run_beside(importer.run(), stack)

    _run_sender(settings, kept, stack)
    engine = await _engine(settings, stack)
    _run_beside(brand_keeping(settings, kept.store, engine, kept.changes, stack), stack)
    tasks = Tasks()
    stack.push_async_callback(tasks.cancel)
    bounds = AttemptSettings(wrong_most=settings.limits.wrong_pins, window=settings.limits.window_s)
    pins = PinJudge(Attempts(bounds), kept.lookup, kept.clock, journal)
    services = LegServices(
        clock=kept.clock,
        engine=engine,
        journal=journal,
        lookup=kept.lookup,
        pins=pins,
        tasks=tasks,
        entry=_entry(settings),
        inputs=noted_inputs(settings, kept.clock, stack),
    )
    directory = Directory(kept.store, services, kept.identifiers, kept.changes, settings.limits.legs)
    arrivals = Arrivals(kept.lookup, directory)

    certificates = certificates_of(settings, certificate := certificate_of(settings, kept.clock))
    sip = sip_agent(settings, kept.clock, kept.devices, arrivals, tasks)
    first_domain = kept.administration.inbound_rules.space_domain
    dialling = Dialling(kept.store, directory, sip.dialler, kept.clock, first_domain)
    arrivals.bridges = Bridges(
        kept.store,
        kept.lookup,
        directory,
        services,
        sip.dialler,
        kept.identifiers,
        dialling.counts,
        first_domain,
        server=kept.identifiers.uuid(),
    )
    parts = conference_parts(
        settings,
        Shared(
            kept.store,
            kept.clock,
            kept.changes,
            kept.identifiers,
            kept.hasher,
            kept.administration.users,
            directory,
            engine,
            journal,
            pins,
            tasks,
            dialling,
            kept.outbox,
            kept.personal_links,
        ),
    )
    web = web_parts(
        settings,
        WebShared(
            kept.store,
            kept.clock,
            kept.changes,
            kept.identifiers,
            kept.administration,
            parts.people,
            directory,
            journal,
            feed,
            KeptOperator(kept.services(shown_host(settings)), pins),
        ),
    )
    seats = Seats(kept.store, directory, kept.clock, tasks, settings.web.grace)
    await seats.load()
    stack.push_async_callback(seats.flush)
    survival = survival_of(settings, kept.store, directory, services, sip, dialling)
    stack.push_async_callback(survival.flush)
    await importer.import_now()
    await survival.take_up()
    sockets = SocketShared(
        kept.store,
        kept.clock,
        kept.identifiers,
        kept.lookup,
        pins,
        kept.personal_links,
        journal,
        engine,
        directory,
        arrivals,
        web.sessions,
        seats,
        parts.start.give_up_in,
    )
    native = with_socket(web.native, meeting_socket(settings, sockets))
    cms = _cms(settings, kept, directory, dialling, journal)
    root = root_of(cms, parts.json, native, pages_of(settings), sockets_beside_pages(settings, sip))
    await open_http(settings, root, certificates, stack)
    sip_ports = await open_sip(settings, sip, directory, certificates, stack)
    survival.farewell()
    seats.ready()
    _run_beside(parts.timekeeping, stack)  # conferences may dial from here on
    described = describer(
        settings, f"{kept.clock.utc():%Y-%m-%dT%H:%M:%SZ}", sip_ports, lambda: len(engine.worker_pids)
    )
    operator = Operator(kept.services(shown_host(settings)), pins, directory, feed, kept.clock, described)
    door = OpsDoor(operator, settings.data_dir)
    await door.open()
    stack.push_async_callback(door.close)
    return banner(start_facts(settings, first, sip_ports, certificate))


def _log_lines(at: datetime, event: Event) -> list[str]:
    """The event log speaks the words of the CMS dialect, as its readers expect."""
    return [event_log.line(at, text) for text in event_log.texts(event)]


def _records(events: Iterable[StoredEvent]) -> list[dict[str, Any]]:
    """Call records in the same dialect's words."""
    records = [record for stored in events if (record := record_of(stored)) is not None]
    return [{"at": record.at.strftime("%Y-%m-%dT%H:%M:%SZ"), **record.plain()} for record in records]


def _entry(settings: Settings) -> EntrySettings:
    ivr = settings.ivr
    return EntrySettings(
        language=ivr.language,
        no_input_timeout=ivr.no_input_timeout,
        digit_timeout=ivr.digit_timeout,
        stay_limit=ivr.stay_limit,
        tries=ivr.tries,
        tells_alone=ivr.only_participant,
    )


def _echo(settings: Settings) -> tuple[str, Echo] | None:
    name = settings.echo.name
    return (name, Echo(limit=settings.echo.limit)) if name is not None else None


def _run_sender(settings: Settings, kept: Kept, stack: AsyncExitStack) -> None:
    """Sends from now on, beginning with what an earlier run left."""
    try:
        couriers = couriers_of(settings.mail, settings.sms, kept.clock)
    except OSError as problem:
        raise CannotStart(f"mail.ca: cannot read {settings.mail.ca}: {problem.strerror or problem}") from problem
    for courier in couriers.values():
        stack.push_async_callback(courier.close)
    outbox = Outbox(kept.store, couriers, kept.clock)
    kept.outbox.poke = outbox.poke
    _run_beside(outbox.run(), stack)
    stack.push_async_callback(outbox.stop)


async def _engine(settings: Settings, stack: AsyncExitStack) -> EngineClient:
    ports = (settings.media.ports.first, settings.media.ports.last)
    run_directory = run_directory_of(settings.data_dir)
    engine = EngineClient(
        run_directory,
        ports=ports,
        loudest=settings.media.speakers,
        dead_after=settings.media.dead_after,
        outlive=settings.media.outlive,
        web=web_listening(settings.media),
        workers=settings.media.workers or len(os.sched_getaffinity(0)),
    )

    async def end(_kind: object, problem: BaseException | None, _trace: object) -> None:
        """A start that comes to nothing must not end the calls of the life before."""
        await (engine.stop() if problem is None else engine.leave())

    stack.push_async_exit(end)
    try:
        await engine.start()
    except WorkerDied as problem:
        raise CannotStart(str(problem)) from problem
    return engine


def _cms(settings: Settings, kept: Kept, directory: Directory, dialling: Dialling, journal: FileJournal) -> ASGIApp:
    return cms_app(
        administration=kept.administration,
        credentials=kept.credentials,
        directory=directory,
        clock=kept.clock,
        settings=CmsSettings(
            version=__version__,
            live_page=settings.cms.calls_page_limit,
            page=settings.cms.page_limit,
            host_id=host_id(settings.data_dir),
        ),
        record=journal.append,
        placer=dialling,
    )


def _run_beside(work: Any, stack: AsyncExitStack) -> None:
    task = asyncio.get_running_loop().create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(end)


def _lock(data_dir: Path, stack: AsyncExitStack) -> None:
    """One server on a data directory. Raises CannotStart."""
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    stack.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        raise CannotStart(f"another parley uses the data directory {data_dir}") from problem

"""Settings -> what lives: the journal, the media engine, meetings and legs, and the SIP agent that brings them."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime

from .app.arrivals import Arrivals
from .app.bridges import Bridges
from .app.dialling import Dialling
from .app.directory import Directory
from .app.event_feed import EventFeed
from .app.legs import LegServices
from .app.outbox import Outbox
from .app.pins import PinJudge
from .app.tasks import Tasks
from .app.troubles import Troubles
from .backends.engine.client import EngineClient
from .backends.engine.worker import WorkerDied
from .backends.journal.file import FileJournal
from .backends.journal.importer import Importer
from .config import Settings
from .core.attempts import Attempts, AttemptSettings
from .core.events import Event
from .core.leg_inputs import EntrySettings
from .doors.cms import event_log
from .doors.sip.agent import SipAgent
from .wiring_beside import run_beside
from .wiring_brands import brand_keeping
from .wiring_http import CannotStart
from .wiring_inputs import noted_inputs
from .wiring_kept import Kept
from .wiring_media import run_directory_of, web_listening
from .wiring_notices import couriers_of
from .wiring_sip import sip_agent


@dataclass(frozen=True, slots=True)
class Live:
    """What the doors stand on, beside what is kept. services: of every leg, its engine, journal, pins and tasks too."""

    journal: FileJournal
    feed: EventFeed
    importer: Importer
    engine: EngineClient
    tasks: Tasks
    pins: PinJudge
    services: LegServices
    directory: Directory
    arrivals: Arrivals
    sip: SipAgent
    dialling: Dialling


async def open_live(settings: Settings, kept: Kept, stack: AsyncExitStack) -> Live:
    """Nobody can come yet. Raises CannotStart."""
    journal = FileJournal(settings.data_dir, kept.clock, troubles=kept.troubles)
    stack.callback(journal.close)
    feed = EventFeed(_log_lines, settings.log.kept_lines)
    journal.subscribe(feed.take)
    importer = Importer(journal, kept.store, kept.clock)
    stack.push_async_callback(importer.finish)
    run_beside(importer.run(), stack)
    _run_sender(settings, kept, stack)
    engine = await _engine(settings, kept.troubles, stack)
    run_beside(brand_keeping(settings, kept.store, engine, kept.changes, stack), stack)
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
    sip = sip_agent(settings, kept.clock, kept.devices, arrivals, tasks)
    domain_of = kept.administration.inbound_rules.space_domain
    dialling = Dialling(kept.store, directory, sip.dialler, kept.clock, domain_of)
    arrivals.bridges = Bridges(
        kept.store,
        kept.lookup,
        directory,
        services,
        sip.dialler,
        kept.identifiers,
        dialling.counts,
        domain_of,
        server=kept.identifiers.uuid(),
    )
    return Live(journal, feed, importer, engine, tasks, pins, services, directory, arrivals, sip, dialling)


def _log_lines(at: datetime, event: Event) -> list[str]:
    """The event log speaks the words of the CMS dialect, as its readers expect."""
    return [event_log.line(at, text) for text in event_log.texts(event)]


def _entry(settings: Settings) -> EntrySettings:
    ivr = settings.ivr
    return EntrySettings(
        language=ivr.language,
        no_input_timeout=ivr.no_input_timeout,
        digit_timeout=ivr.digit_timeout,
        stay_limit=ivr.stay_limit,
        tries=ivr.tries,
        tells_alone=ivr.only_participant,
        says_farewell=ivr.farewell,
    )


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
    run_beside(outbox.run(), stack)
    stack.push_async_callback(outbox.stop)


async def _engine(settings: Settings, troubles: Troubles, stack: AsyncExitStack) -> EngineClient:
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
        troubles=troubles,
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

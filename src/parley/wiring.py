"""Settings -> objects -> run -> close. With its parts (`wiring_*`) the only place that names concrete classes."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import structlog
import uvloop
from starlette.types import ASGIApp

from . import __version__, logs
from .app.operator import Operator
from .app.seats import Seats
from .config import Settings
from .doors.cms.app import CmsSettings, cms_app
from .doors.ops.server import OpsDoor
from .doors.web.health import health_app
from .first_run import banner, ensure_data_dir, host_id
from .first_start import prepare
from .host import use_every_file
from .server_facts import describer, shown_host, start_facts
from .wiring_beside import run_beside
from .wiring_conferences import conference_parts
from .wiring_http import CannotStart, certificate_of, certificates_of, open_http, pages_of, root_of
from .wiring_kept import Kept, lock, open_kept
from .wiring_live import Live, open_live
from .wiring_sip import open_sip, sockets_beside_pages
from .wiring_sockets import meeting_socket, with_socket
from .wiring_survival import survival_of
from .wiring_web import web_parts

log = structlog.get_logger(__name__)


def serve(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT. 0: stopped cleanly; 1: could not start, and said why."""
    logs.configure(settings.log.format, settings.log.level)
    use_every_file()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings))
    except CannotStart as problem:
        print(f"parley: {problem}", file=sys.stderr, flush=True)
        return 1
    return 0


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with AsyncExitStack() as stack:
            text, stopping = await _start(settings, stack)
            print(text, flush=True)
            print("ready", flush=True)
            # What stands now stands for good: the collector need not look at it again.
            gc.collect()
            gc.freeze()
            gc.enable()  # the command turned it off for the start
            await stop.wait()
            log.info("stopping")
            stopping()
    except OSError as problem:
        raise CannotStart(_words(problem, settings)) from problem
    except ValueError as problem:
        raise CannotStart(str(problem)) from problem


def _words(problem: OSError, settings: Settings) -> str:
    """With the setting where the trouble is in the data directory, as it mostly is."""
    if not problem.filename:
        return str(problem)
    ours = Path(os.fsdecode(problem.filename)).is_relative_to(settings.data_dir)
    return f"{'data_dir: ' if ours else ''}cannot use {problem.filename}: {(problem.strerror or '').lower()}"


async def _start(settings: Settings, stack: AsyncExitStack) -> tuple[str, Callable[[], None]]:
    """Everything in the order in which it is needed; the stack closes it in reverse. Returns the banner, and what is to
    be called before that."""
    empty = ensure_data_dir(settings.data_dir)
    lock(settings.data_dir, stack)
    kept = await open_kept(settings, stack)
    first = await prepare(settings, empty, kept.store, kept.administration, kept.credentials, kept.identifiers)

    certificates = certificates_of(settings, certificate := certificate_of(settings, kept.clock))
    if certificates is not None:
        kept.troubles.look("a certificate is of no use", lambda: certificates.wrong(kept.clock.utc()))
    live = await open_live(settings, kept, stack)

    parts = conference_parts(settings, kept, live)
    web = web_parts(settings, kept, live, parts.people)
    seats = Seats(kept.store, live.directory, kept.clock, live.tasks, settings.web.grace)
    await seats.load()
    stack.push_async_callback(seats.flush)
    survival = survival_of(settings, kept.store, live)
    stack.push_async_callback(survival.flush)
    await live.importer.import_now()
    await survival.take_up()

    socket = meeting_socket(settings, kept, live, web.sessions, seats, parts.start.give_up_in)
    native = with_socket(web.native, socket)
    sip_sockets = sockets_beside_pages(settings, live.sip)
    health = health_app(lambda: [trouble.what for trouble in kept.troubles.now()])
    root = root_of(_cms(settings, kept, live), parts.json, native, pages_of(settings), health, sip_sockets)
    await open_http(settings, root, certificates, stack)
    sip_ports = await open_sip(settings, live.sip, live.directory, certificates, stack)
    survival.farewell()
    seats.ready()
    run_beside(kept.troubles.watch(), stack)
    run_beside(parts.timekeeping(), stack)  # conferences may dial from here on
    await _open_ops(settings, kept, live, sip_ports, stack)
    return banner(start_facts(settings, first, sip_ports, certificate)), kept.store.hurry


async def _open_ops(
    settings: Settings, kept: Kept, live: Live, sip_ports: dict[str, int], stack: AsyncExitStack
) -> None:
    started = f"{kept.clock.utc():%Y-%m-%dT%H:%M:%SZ}"
    engine = live.engine
    described = describer(
        settings,
        started,
        sip_ports,
        lambda: len(engine.worker_pids),
        lambda: engine.loads,
        lambda: [f"{one.what}: {one.told}" for one in kept.troubles.now()],
    )
    services = kept.services(shown_host(settings))
    operator = Operator(services, live.pins, live.directory, live.feed, kept.clock, described)
    door = OpsDoor(operator, settings.data_dir)
    await door.open()
    stack.push_async_callback(door.close)


def _cms(settings: Settings, kept: Kept, live: Live) -> ASGIApp:
    return cms_app(
        administration=kept.administration,
        credentials=kept.credentials,
        directory=live.directory,
        clock=kept.clock,
        settings=CmsSettings(
            version=__version__,
            live_page=settings.cms.calls_page_limit,
            page=settings.cms.page_limit,
            host_id=host_id(settings.data_dir),
        ),
        record=live.journal.append,
        placer=live.dialling,
    )

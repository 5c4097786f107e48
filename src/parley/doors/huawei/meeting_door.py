"""All operations about conferences, and the WebSocket push, in one bundle for the wiring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...app.accounts import Accounts
from ...app.booking_desk import BookingDesk
from ...app.changes import Changes
from ...app.conference_control import ConferenceControl
from ...app.conference_start import ConferenceStart
from ...app.conferences import Conferences
from ...app.directory import Directory
from ...app.ports import CallPlacer, Clock, MediaEngine, Store
from ...app.tasks import Tasks
from ...app.tokens import Tokens
from ...core.events import Event
from .commander import Commander
from .conference_answers import Place
from .conferences import ConferenceRoutes, Desk
from .control import Control
from .control_calls import ControlCalls, told_result
from .control_tokens import ControlTokens
from .history import HistoryRoutes
from .live_state import LiveStates
from .pictures import Pictures
from .push import Push
from .push_hub import Hub
from .realtime import RealTime
from .router import Route
from .series import SeriesRoutes


@dataclass(frozen=True, slots=True)
class MeetingDoor:
    """push: the ASGI application for the WebSockets of `control_tokens.SOCKET_PATH`."""

    routes: list[Route]
    push: Push


def meeting_door(
    *,
    store: Store,
    clock: Clock,
    changes: Changes,
    tasks: Tasks,
    directory: Directory,
    engine: MediaEngine,
    conferences: Conferences,
    start: ConferenceStart,
    accounts: Accounts,
    tokens: Tokens,
    placer: CallPlacer,
    place: Place,
    record: Callable[[Event], None],
) -> MeetingDoor:
    """record: the journal's append. start: what calls people when a conference begins."""
    control = ConferenceControl(store, clock, changes, directory, placer, record, start)
    booking = BookingDesk(store, clock, accounts, conferences)
    states = LiveStates(directory)
    hub = Hub(control, directory, states, engine, clock, tasks, place)
    commander = Commander(control, directory, states, hub.dirty)
    start.watch(lambda number, called: hub.called(number, called.target, told_result(called)))
    desk = Desk(conferences, booking, clock, place)
    routes = [
        *ConferenceRoutes(desk).routes(),
        *SeriesRoutes(desk).routes(),
        *HistoryRoutes(desk, control).routes(),
        *ControlTokens(conferences, control, tokens, clock, place.links).routes(),
        *Control(commander, conferences.authenticate).routes(),
        *ControlCalls(commander, booking, conferences.authenticate, hub.call_ended).routes(),
        *Pictures(commander).routes(),
        *RealTime(commander, conferences, directory).routes(),
    ]
    return MeetingDoor(routes, Push(hub, tokens))

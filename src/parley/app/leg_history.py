"""What is kept of one leg, live or gone: its events, its inputs, and how it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from ..core.events import Event, LegArrived
from ..core.explain_leg import LegHistory, Told, moment
from ..core.meeting_inputs import Join
from ..core.profiles import LegLayer
from ..core.refusals import Refusal
from .input_codec import InputUnreadable
from .inputs import CALL, LEG
from .live import LiveLeg
from .ports import Store
from .replay import Replay, Step

EVENTS_MOST = 10_000  # of the newest, among which those of a leg that is gone are looked for

ReadLines = Callable[[str], list[bytes]]  # lines of inputs that name this leg, oldest first


async def leg_events(store: Store, which: str) -> tuple[str, list[tuple[datetime, Event]]]:
    """The id and the events of the newest leg of this id or running number. Raises Refusal not-found."""
    async with store.reading() as tx:
        stored = await tx.newest_events(EVENTS_MOST)
    leg = which
    for entry in stored:
        if isinstance(entry.event, LegArrived) and which in {entry.event.leg, str(entry.event.number)}:
            leg = entry.event.leg
    found = [(entry.at, entry.event) for entry in stored if getattr(entry.event, "leg", None) == leg]
    if not found:
        raise Refusal("not-found", kind="leg", id=which)
    return leg, found


def history(leg: str, events: Iterable[tuple[datetime, Event]], lines: list[bytes], live: LiveLeg | None) -> LegHistory:
    """Of everything that is known. A line that cannot be read tells nothing, and those before it all they told."""
    told: list[Told] = []
    layers: tuple[LegLayer, ...] = ()
    with suppress(InputUnreadable, ValueError):
        for step in Replay().run(lines):
            if step.id == leg and step.kind in {LEG, CALL} and step.given is not None:
                told.append(_told(step))
            elif isinstance(step.given, Join) and step.given.leg == leg:
                layers = step.given.layers
                at = told[-1].at if told else None
                told += [Told(at, step.given, ())] if at is not None else []
    statistics = _numbers(live.statistics) if live is not None and live.statistics is not None else None
    view = live.view if live is not None else None
    events = tuple(events)
    return LegHistory(
        leg=leg,
        events=events,
        quality=[window for _, event in events for window in _windows(event)],
        told=tuple(told),
        layers=view.layers if view is not None else layers,
        state=live.state if live is not None else None,
        causes=view.causes if view is not None else frozenset(),
        statistics=statistics,
    )


def _windows(event: Event) -> list[dict[str, Any]]:
    """What an event tells of media, window by window, if it does."""
    return [{spec.name: getattr(one, spec.name) for spec in fields(one)} for one in getattr(event, "windows", ())]


def _told(step: Step) -> Told:
    return Told(moment(step.at, step.seconds), step.given, step.effects)


def _numbers(statistics: Any) -> dict[str, Any]:
    numbers = asdict(statistics)
    losses = numbers.pop("losses", {})
    return {**numbers, **losses}

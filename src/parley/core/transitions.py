"""Who waits and who is active: the activation table, the joint-state rules, and the diagram drawn from them.

Theory of operation
-------------------
A leg of a meeting carries a set of *causes* for which it waits; it is ACTIVE when the set is empty. Nothing
else decides whether it is heard or hears. Causes come and go in two ways only:

* A *trigger* happens to a leg (it joins, or returns after a restart with the causes it had; is sent back, is admitted;
  its meeting is unlocked; its profile is resolved anew). The rows of `TABLE` for that trigger whose guard holds add and
  remove causes: `happen`.
* *As things stand.* Some rows depend on everybody together: whether a host is present. A host is an ACTIVE leg
  that needs no activation; one that waits (locked, sent back) is none. After every trigger, and whenever
  time has passed, these rows run over all legs until nothing changes any more: `settle`.

settle ends: while a host is present its rows only take no-host away, and while none is they act only on legs
that need activation, which are no hosts; so the presence of a host changes at most once in it.

The last host's going is an edge. It starts the clock of absence, from which each leg that needs activation acts
by its OWN mode after its OWN delay, and it ends the leave of those whom a person let in singly
(`admitted`): they stay without a host only until a host has come and gone. Mode, delay and profile
are read as they stand, not as they stood at the edge, so a change during the absence counts at once.
A host who is back before the delay is over stops it, because the rows ask whether a host is present.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar

from .meeting_inputs import Cause
from .profiles import DeactivationMode, EffectiveLeg, LockMode

K = TypeVar("K", bound=Hashable)


class State(StrEnum):
    """What a set of causes amounts to; OUTSIDE is not part of the meeting yet, or no longer."""

    OUTSIDE = "[*]"
    WAITING = "WAITING"
    ACTIVE = "ACTIVE"


class Trigger(StrEnum):
    """What can happen to a leg. The text appears in the diagram."""

    JOINS = "joins"
    RETURNS = "returns to its seat"
    RESOLVED = "profile resolved anew"
    LOCKED = "meeting locked"
    UNLOCKED = "meeting unlocked"
    ADMITTED = "admitted by a person"
    SENT_BACK = "sent back by a person"
    STANDS = "as things stand"
    LEAVES = "leaves"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules see of a leg. delay: seconds. admitted: let in singly while no host was present.

    waiting_room: it waits for a person's decision when it comes. passes_lock: a lock does not keep it.
    """

    needs_activation: bool
    causes: frozenset[Cause] = frozenset()
    mode: DeactivationMode = DeactivationMode.DEACTIVATE
    delay: float = 0.0
    is_member: bool = False
    admitted: bool = False
    waiting_room: bool = False
    passes_lock: bool = False

    @property
    def state(self) -> State:
        return State.WAITING if self.causes else State.ACTIVE

    @property
    def is_host(self) -> bool:
        return not self.causes and not self.needs_activation

    def resolved(self, effective: EffectiveLeg) -> Standing:
        """The same leg under other settings."""
        settings = effective.settings
        return replace(
            self,
            needs_activation=effective.needs_activation,
            mode=settings.deactivation_mode or DeactivationMode.DEACTIVATE,
            delay=float(settings.deactivation_delay or 0),
            waiting_room=bool(settings.waiting_room),
            passes_lock=bool(settings.passes_lock),
        )


@dataclass(frozen=True, slots=True)
class Room:
    """What the rules see of the meeting. absent_since: when the last host went (or the meeting began)."""

    locked: bool
    lock_mode: LockMode
    now: float
    host_present: bool = False
    absent_since: float = 0.0


def acts_at(leg: Standing, room: Room) -> float | None:
    """When this leg will act by its mode because no host is present; None: it will not."""
    if room.host_present or leg.causes or not leg.needs_activation or leg.admitted:
        return None
    if leg.mode is DeactivationMode.REMAIN:
        return None
    return room.absent_since + leg.delay


def _acts(leg: Standing, room: Room, mode: DeactivationMode) -> bool:
    due = acts_at(leg, room)
    return due is not None and leg.mode is mode and room.now >= due


@dataclass(frozen=True, slots=True)
class Row:
    """When `trigger` happens to a leg in one of the states `of` and `holds`, it gains and loses these causes.

    `when` says the guard in words; `leaves`: the leg is out of the meeting.
    """

    trigger: Trigger
    of: tuple[State, ...]
    when: str
    holds: Callable[[Standing, Room], bool]
    adds: frozenset[Cause] = frozenset()
    removes: frozenset[Cause] = frozenset()
    leaves: bool = False


def _always(_leg: Standing, _room: Room) -> bool:
    return True


_NEWCOMER = (State.OUTSIDE,)
_WAITS = (State.WAITING,)
_TALKS = (State.ACTIVE,)
_INSIDE = (State.WAITING, State.ACTIVE)
_NO_HOST = frozenset({Cause.NO_HOST})

TABLE: tuple[Row, ...] = (
    Row(
        Trigger.JOINS,
        _NEWCOMER,
        "needs activation, no host present",
        lambda leg, room: leg.needs_activation and not room.host_present,
        adds=_NO_HOST,
    ),
    Row(
        Trigger.JOINS,
        _NEWCOMER,
        "locked for all, and does not pass locks",
        lambda leg, room: room.locked and room.lock_mode is LockMode.ALL and not leg.passes_lock,
        adds=frozenset({Cause.LOCKED}),
    ),
    Row(
        Trigger.JOINS,
        _NEWCOMER,
        "locked for those who need activation, needs it, does not pass locks, and is no member with a host present",
        lambda leg, room: (
            room.locked
            and room.lock_mode is LockMode.NEEDS_ACTIVATION
            and leg.needs_activation
            and not leg.passes_lock
            and not (leg.is_member and room.host_present)
        ),
        adds=frozenset({Cause.LOCKED}),
    ),
    Row(
        Trigger.JOINS,
        _NEWCOMER,
        "waiting room, needs activation",
        lambda leg, _room: leg.waiting_room and leg.needs_activation,
        adds=frozenset({Cause.WAITING_ROOM}),
    ),
    Row(
        Trigger.RETURNS,
        _NEWCOMER,
        "needs activation, no host present, neither let in singly nor to remain without one",
        lambda leg, room: (
            leg.needs_activation
            and not room.host_present
            and not leg.admitted
            and leg.mode is not DeactivationMode.REMAIN
        ),
        adds=_NO_HOST,
    ),
    Row(
        Trigger.RETURNS,
        _NEWCOMER,
        "needs no activation",
        lambda leg, _room: not leg.needs_activation,
        removes=_NO_HOST,
    ),
    Row(
        Trigger.RETURNS,
        _NEWCOMER,
        "not locked any more",
        lambda _leg, room: not room.locked,
        removes=frozenset({Cause.LOCKED}),
    ),
    Row(
        Trigger.RESOLVED,
        _WAITS,
        "needs no activation any more",
        lambda leg, _room: not leg.needs_activation,
        removes=_NO_HOST,
    ),
    Row(Trigger.LOCKED, _INSIDE, "whoever is in stays as it is", _always),
    Row(Trigger.UNLOCKED, _WAITS, "", _always, removes=frozenset({Cause.LOCKED})),
    Row(Trigger.ADMITTED, _WAITS, "", _always, removes=frozenset(Cause)),
    Row(Trigger.SENT_BACK, _INSIDE, "", _always, adds=frozenset({Cause.SENT_BACK})),
    Row(Trigger.STANDS, _WAITS, "a host is present", lambda _leg, room: room.host_present, removes=_NO_HOST),
    Row(
        Trigger.STANDS,
        _WAITS,
        "needs activation, no host present",
        lambda leg, room: leg.needs_activation and not room.host_present,
        adds=_NO_HOST,
    ),
    Row(
        Trigger.STANDS,
        _TALKS,
        "needs activation, mode deactivate, no host for its delay, not admitted singly",
        lambda leg, room: _acts(leg, room, DeactivationMode.DEACTIVATE),
        adds=_NO_HOST,
    ),
    Row(
        Trigger.STANDS,
        _TALKS,
        "needs activation, mode disconnect, no host for its delay, not admitted singly",
        lambda leg, room: _acts(leg, room, DeactivationMode.DISCONNECT),
        leaves=True,
    ),
    Row(Trigger.LEAVES, _INSIDE, "", _always, leaves=True),
)

_COMING = frozenset({Trigger.JOINS, Trigger.RETURNS})
_ROWS = {
    (trigger, state): tuple(row for row in TABLE if row.trigger is trigger and state in row.of)
    for trigger in Trigger
    for state in State
}


def happen(trigger: Trigger, leg: Standing, room: Room) -> Standing | None:
    """The leg after the trigger; None: it is out of the meeting."""
    state = State.OUTSIDE if trigger in _COMING else leg.state
    rows = [row for row in _ROWS[trigger, state] if row.holds(leg, room)]
    if not rows:
        return leg
    if any(row.leaves for row in rows):
        return None
    causes = leg.causes
    for row in rows:
        causes = (causes - row.removes) | row.adds
    admitted = leg.admitted
    if trigger is Trigger.ADMITTED and leg.causes:
        admitted = True
    elif trigger is Trigger.SENT_BACK:
        admitted = False
    if causes == leg.causes and admitted == leg.admitted:
        return leg
    return replace(leg, causes=causes, admitted=admitted)


@dataclass(frozen=True, slots=True)
class Settled(Generic[K]):
    """Everybody's standing when nothing changes any more; `gone` are out, in order."""

    legs: Mapping[K, Standing]
    gone: tuple[K, ...]
    room: Room


def settle(legs: Mapping[K, Standing], room: Room) -> Settled[K]:
    """Run the rows of STANDS over all legs, in their order, to a fixed point."""
    standing = dict(legs)
    gone: list[K] = []
    while True:
        present = any(leg.is_host for leg in standing.values())
        if room.host_present and not present:
            room = replace(room, host_present=False, absent_since=room.now)
            standing = {key: replace(leg, admitted=False) if leg.admitted else leg for key, leg in standing.items()}
        elif present and not room.host_present:
            room = replace(room, host_present=True)
        changed = False
        for key, leg in list(standing.items()):
            after = happen(Trigger.STANDS, leg, room)
            if after is None:
                del standing[key]
                gone.append(key)
            elif after is not leg:
                standing[key] = after
            changed = changed or after is not leg
        if not changed:
            return Settled(standing, tuple(gone), room)


def next_act(legs: Iterable[Standing], room: Room) -> float | None:
    """When settle will next have something to do by time alone; None: never."""
    return min((due for leg in legs if (due := acts_at(leg, room)) is not None), default=None)


def _signed(row: Row) -> str:
    if row.removes == frozenset(Cause):
        return "minus every cause"
    parts = [f"plus {cause}" for cause in sorted(row.adds)] + [f"minus {cause}" for cause in sorted(row.removes)]
    return ", ".join(parts) or "no change"


def _targets(row: Row, state: State) -> list[tuple[State, str]]:
    """Where a row leads from a state, and what must be true of the other causes."""
    if row.leaves:
        return [(State.OUTSIDE, "")]
    if row.adds:
        return [(State.WAITING, "")]
    if state is State.WAITING and row.removes == frozenset(Cause):
        return [(State.ACTIVE, "")]
    if row.removes and state in {State.OUTSIDE, State.WAITING}:
        return [(State.ACTIVE, "no cause left"), (State.WAITING, "a cause is left")]
    return [(state, "")]


def diagram() -> str:
    """The table as a Mermaid state diagram (the block in docs/activation.md)."""
    lines = ["stateDiagram-v2", f"    {State.OUTSIDE} --> {State.ACTIVE} : {Trigger.JOINS} (no row below adds a cause)"]
    for row in TABLE:
        for state in row.of:
            for target, also in _targets(row, state):
                guard = ", ".join(part for part in (row.when, also) if part)
                label = f"{row.trigger} [{guard}]" if guard else str(row.trigger)
                effect = "" if row.leaves else f" / {_signed(row)}"
                lines.append(f"    {state} --> {target} : {label}{effect}")
    return "\n".join(lines) + "\n"

"""Word of committed changes, so that live meetings can be resolved anew (within 100 ms of the commit)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """kind: leg-profile, call-profile, space, access-method, member, tenant, system, user, administrator,
    inbound-rule, outbound-rule, forwarding-rule, dial-transform, ivr, conference, application. space: the space that
    an access method or member belongs to."""

    kind: str
    id: str = ""
    space: str | None = None
    deleted: bool = False


class Changes:
    """Publish after the commit, never before. Listeners are called at once and must not block."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Change], None]] = []

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        self._listeners.append(listener)

    def publish(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)

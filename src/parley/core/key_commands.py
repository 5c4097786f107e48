"""What keys of a phone can ask for in a meeting, which keys they are, and who may (cms-api 2.10).

A profile says which keys there are, the leg's own settings who may use them. Profiles resolve field by field like all
others; one command is built in: `*6` turns one's own microphone off and on again, as callers know it from other
services.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum

from .ids import DtmfProfileId
from .profiles import Extras, LegSettings


class KeyCommand(StrEnum):
    """What may be asked for. Newcomers: whether who comes from now on is heard; others: everybody but oneself."""

    MUTE_SELF = "mute_self"
    UNMUTE_SELF = "unmute_self"
    TOGGLE_MUTE_SELF = "toggle_mute_self"
    LOCK = "lock"
    UNLOCK = "unlock"
    MUTE_OTHERS = "mute_others"
    UNMUTE_OTHERS = "unmute_others"
    END = "end"
    FREE_MUTE = "free_mute"  # everybody may mute and unmute himself
    BIND_MUTE = "bind_mute"  # who may, his own settings say again
    MUTE_NEWCOMERS = "mute_newcomers"
    UNMUTE_NEWCOMERS = "unmute_newcomers"
    LEAVE_NEWCOMERS = "leave_newcomers"  # as their own settings say
    MUTE_NEWCOMERS_AND_OTHERS = "mute_newcomers_and_others"
    UNMUTE_NEWCOMERS_AND_OTHERS = "unmute_newcomers_and_others"


@dataclass(frozen=True, slots=True)
class KeySettings:
    """One layer's keys, by the names of KeyCommand. None: the layer above decides."""

    mute_self: str | None = None
    unmute_self: str | None = None
    toggle_mute_self: str | None = None
    lock: str | None = None
    unlock: str | None = None
    mute_others: str | None = None
    unmute_others: str | None = None
    end: str | None = None
    free_mute: str | None = None
    bind_mute: str | None = None
    mute_newcomers: str | None = None
    unmute_newcomers: str | None = None
    leave_newcomers: str | None = None
    mute_newcomers_and_others: str | None = None
    unmute_newcomers_and_others: str | None = None


@dataclass(frozen=True, slots=True)
class DtmfProfile:
    """A shared bundle of keys."""

    id: DtmfProfileId
    settings: KeySettings = KeySettings()
    extras: Extras = field(default_factory=dict)


# Sequences with what they ask for; no sequence twice.
KeyMap = tuple[tuple[str, KeyCommand], ...]

SEQUENCE = re.compile("[0-9*#A-D]{1,16}")
BUILT_IN = KeySettings(toggle_mute_self="*6")


def key_map(layers: Sequence[KeySettings]) -> KeyMap:
    """layers: outermost first. Where two commands have the same keys, the later layer's counts, then the earlier name.

    So what is built in gives way to whatever a profile has on its keys.
    """
    decided: set[str] = set()
    found: dict[str, KeyCommand] = {}
    for layer in reversed((BUILT_IN, *layers)):
        for spec in fields(layer):
            keys = getattr(layer, spec.name)
            if keys is None or spec.name in decided:
                continue
            decided.add(spec.name)
            found.setdefault(keys, KeyCommand(spec.name))
    return tuple(sorted(found.items()))


BUILT_IN_KEYS = key_map(())

# The rights that a command needs, all of them. Whether one may mute oneself is asked of `may_mute_self`.
_RIGHTS: Mapping[KeyCommand, tuple[str, ...]] = {
    KeyCommand.LOCK: ("may_lock",),
    KeyCommand.UNLOCK: ("may_lock",),
    KeyCommand.MUTE_OTHERS: ("may_mute_others",),
    KeyCommand.UNMUTE_OTHERS: ("may_mute_others",),
    KeyCommand.END: ("may_end",),
    KeyCommand.FREE_MUTE: ("may_free_mute",),
    KeyCommand.BIND_MUTE: ("may_free_mute",),
    KeyCommand.MUTE_NEWCOMERS: ("may_mute_newcomers",),
    KeyCommand.UNMUTE_NEWCOMERS: ("may_mute_newcomers",),
    KeyCommand.LEAVE_NEWCOMERS: ("may_mute_newcomers",),
    KeyCommand.MUTE_NEWCOMERS_AND_OTHERS: ("may_mute_others", "may_mute_newcomers"),
    KeyCommand.UNMUTE_NEWCOMERS_AND_OTHERS: ("may_mute_others", "may_mute_newcomers"),
}

# What one asks for oneself: the mute that is wanted; None: the other one.
ONESELF: Mapping[KeyCommand, bool | None] = {
    KeyCommand.MUTE_SELF: True,
    KeyCommand.UNMUTE_SELF: False,
    KeyCommand.TOGGLE_MUTE_SELF: None,
}


def may(command: KeyCommand, settings: LegSettings, *, waits: bool) -> bool:
    """Of settings that are resolved, and of what concerns more than oneself. Who waits looks after nothing."""
    return not waits and all(getattr(settings, right) for right in _RIGHTS[command])

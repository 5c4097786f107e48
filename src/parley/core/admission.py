"""Admission is a question with an enumerated answer; doors merely perform it (cms-api 3.3, 3.4).

`ask(candidates)` says what to do with somebody who reached these doors; `judge(candidates, pin, locked)`
says what a typed PIN means. A PIN picks a door; it never makes one.
"""

from __future__ import annotations

from dataclasses import dataclass

from .endings import Reason
from .ids import AccessMethodId, SpaceId, TenantId
from .profiles import CallLayer, PasscodeMode
from .secret import Secret


@dataclass(frozen=True, slots=True)
class Door:
    """One way in among several. passcode None is blank."""

    access_method: AccessMethodId
    own: bool
    passcode: Secret | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Everything an address or call ID could mean. `doors` is never empty and all lead to `space`."""

    space: SpaceId
    space_name: str
    tenant: TenantId | None
    non_member_access: bool
    doors: tuple[Door, ...]
    call_layers: tuple[CallLayer, ...] = ()


@dataclass(frozen=True, slots=True)
class Admit:
    """Come in by this door."""

    access_method: AccessMethodId


@dataclass(frozen=True, slots=True)
class AskPin:
    """Ask for a PIN. `blank` is None where a PIN is needed, else how "no PIN" is said.

    `timeout`: seconds of silence after the prompt that mean blank; only with PasscodeMode.TIMEOUT.
    """

    blank: PasscodeMode | None = None
    timeout: int | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """No. The reason stays inside; callers see what endings say of it."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class WrongPin:
    """The PIN fits no door (or entry is locked out, or there is nothing here): try again or give up."""

    reason: Reason  # WRONG_PIN, LOCKED_OUT or UNKNOWN_CALL_ID


Answer = Admit | AskPin | Refuse
Verdict = Admit | WrongPin

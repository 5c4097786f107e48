"""Admission is a question with an enumerated answer; doors merely perform it (cms-api 3.3, 3.4).

`ask(candidates)` says what to do with somebody who reached these doors; `judge(candidates, pin, locked)`
says what a typed PIN means, `judge_link(candidates, secrets, locked)` what the secret of a link does. A PIN or a
link picks a door; it never makes one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .endings import Reason
from .ids import AccessMethodId, SpaceId, TenantId, UserId
from .profiles import CallLayer, EntryScope, MediaEncryption, PasscodeMode, resolve_call
from .secret import Secret


@dataclass(frozen=True, slots=True)
class Door:
    """One way in among several. passcode None is blank. encryption: what it asks of the media of who comes by it.

    secret: what a link to this door carries instead of the passcode; None: no link leads here.
    """

    access_method: AccessMethodId
    own: bool
    passcode: Secret | None = None
    encryption: MediaEncryption = MediaEncryption.OPTIONAL
    secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Everything an address or call ID could mean. `doors` is never empty and all lead to `space`."""

    space: SpaceId
    space_name: str
    tenant: TenantId | None
    non_member_access: bool
    doors: tuple[Door, ...]
    call_layers: tuple[CallLayer, ...] = ()
    brand: str = ""  # whose prompts are heard
    language: str = ""  # of them, where the caller does not say; empty: nobody says


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody at the entrance has proven of who he is; a name that he merely says proves nothing.

    user: signed in, or a device with digest credentials of that user, or a number of theirs that a trusted trunk
    asserts; tenant: that user's. invited: came by a personal link, or is such a user and was invited.
    """

    user: UserId | None = None
    tenant: TenantId | None = None
    invited: bool = False


NOTHING_PROVEN = Proof()


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

# A PIN is compared with this many doors at least (a multiple of it with more), so that neither the number
# of doors nor the absence of any shows in the time an answer takes.
_COMPARED_TOGETHER = 8
_NOTHING = b"\0" * 32  # no digest of a PIN


def _passcode(door: Door) -> str:
    return door.passcode.reveal() if door.passcode is not None else ""


def _secret(door: Door) -> str:
    return door.secret.reveal() if door.secret is not None else ""


def _preferred(doors: Iterable[Door]) -> Door | None:
    """The first door, the space's own before others. Twins are refused when they are made; be steady anyway."""
    return min(doors, key=lambda door: not door.own, default=None)


def _blank_door(doors: Iterable[Door]) -> Door | None:
    return _preferred(door for door in doors if not _passcode(door))


def within(scope: EntryScope | None, proof: Proof, tenant: TenantId | None) -> bool:
    """May somebody with this proof come in by a door of a space of this tenant?"""
    if scope is EntryScope.TENANT:
        return proof.invited or (proof.user is not None and proof.tenant == tenant)
    return scope is not EntryScope.INVITED or proof.invited


def closed_by(candidates: Candidates, proof: Proof = NOTHING_PROVEN) -> Reason | None:
    """Why these doors stay shut for somebody who has proven no more than this; None: they do not.

    Whoever was called comes in by no door, and nor does a member.
    """
    if not candidates.non_member_access:
        return Reason.NOT_MEMBER
    scope = resolve_call(candidates.call_layers).settings.entry_scope
    return None if within(scope, proof, candidates.tenant) else Reason.ENTRY_RESTRICTED


def media_refused(encryption: MediaEncryption | None, encrypted: bool) -> bool:
    """May media not be so? encryption: what is asked of it."""
    wrong = MediaEncryption.PROHIBITED if encrypted else MediaEncryption.REQUIRED
    return encryption is wrong


def ask(candidates: Candidates, encrypted_media: bool = False, proof: Proof = NOTHING_PROVEN) -> Answer:
    """What to do with somebody who reached these doors and has said nothing yet (cms-api 3.4).

    A door that asks for other media refuses before the answer where it is the only one that could be meant.
    """
    if (reason := closed_by(candidates, proof)) is not None:
        return Refuse(reason)
    blank = _blank_door(candidates.doors)
    reachable = candidates.doors
    if blank is not None and not any(_passcode(door) for door in candidates.doors):
        reachable = (blank,)
    if all(media_refused(door.encryption, encrypted_media) for door in reachable):
        return Refuse(Reason.ENCRYPTION_REQUIRED)
    if blank is None:
        return AskPin()
    if not any(_passcode(door) for door in candidates.doors):
        return Admit(blank.access_method)
    settings = resolve_call(candidates.call_layers).settings
    if settings.passcode_mode is PasscodeMode.TIMEOUT:
        return AskPin(PasscodeMode.TIMEOUT, settings.passcode_timeout)
    return AskPin(PasscodeMode.REQUIRED)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _fitting_door(doors: Sequence[Door], said: str, wanted: Callable[[Door], str]) -> Door | None:
    """The door that wants exactly this to be said, found by work that depends on nothing a caller may learn."""
    typed = _digest(said)
    fitting: list[Door] = []
    padding = -len(doors) % _COMPARED_TOGETHER or (0 if doors else _COMPARED_TOGETHER)
    for door in (*doors, *[None] * padding):
        text = wanted(door) if door is not None else ""
        digest = _digest(text)
        if hmac.compare_digest(typed, digest if text else _NOTHING) and door is not None:
            fitting.append(door)
    return _preferred(fitting)


def judge(candidates: Candidates | None, pin: Secret, locked: bool, proof: Proof = NOTHING_PROVEN) -> Verdict:
    """What a typed PIN means; an empty one means the blank door where there is one (cms-api 3.4).

    candidates None: nobody has that call ID. locked: too many wrong PINs came before, so that doors with a
    PIN stay shut even for the right one; blank doors stay open, for there is nothing to guess.
    """
    doors = candidates.doors if candidates is not None and closed_by(candidates, proof) is None else ()
    text = pin.reveal()
    door = _fitting_door(doors, text, _passcode)
    if not doors:
        return WrongPin(Reason.UNKNOWN_CALL_ID)
    if not text and (blank := _blank_door(doors)) is not None:
        return Admit(blank.access_method)
    if locked:
        return WrongPin(Reason.LOCKED_OUT)
    return Admit(door.access_method) if door is not None else WrongPin(Reason.WRONG_PIN)


def judge_link(
    candidates: Candidates | None,
    secrets: Sequence[Secret],
    locked: bool,
    proof: Proof = NOTHING_PROVEN,
    personal: AccessMethodId | None = None,
) -> Verdict:
    """What a link means: the door that owns one of these secrets, whose passcode it replaces (cms-api 3.8).

    secrets: all that the link may be spelling. personal: the door that a personal link was found to lead to.
    candidates None: nobody has that meeting ID. locked: as for `judge`.
    """
    doors = candidates.doors if candidates is not None and closed_by(candidates, proof) is None else ()
    found = [_fitting_door(doors, secret.reveal(), _secret) for secret in secrets]
    chosen = _preferred([door for door in found if door is not None])
    if not doors:
        return WrongPin(Reason.UNKNOWN_CALL_ID)
    if locked:
        return WrongPin(Reason.LOCKED_OUT)
    if chosen is None:
        chosen = next((door for door in doors if door.access_method == personal), None)
    return Admit(chosen.access_method) if chosen is not None else WrongPin(Reason.WRONG_PIN)

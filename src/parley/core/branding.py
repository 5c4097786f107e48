"""An organisation's own prompts: where they come from, which files count, and whose language is spoken.

A branding profile names a place on the web (`resource_location`) with sound files of fixed names (cms-api 2.11, 2.12,
3.5). What it lacks, or cannot be had, is heard as built in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .ids import BrandingId
from .profiles import Extras


class BrandKind(StrEnum):
    CALL = "call"  # of spaces: PIN, lobby, meeting
    IVR = "ivr"  # of the entrance where call IDs are typed


@dataclass(frozen=True, slots=True)
class Branding:
    """One branding profile. resource_location: http or https, of a directory; None: nothing of its own."""

    id: BrandingId
    kind: BrandKind
    resource_location: str | None = None
    extras: Extras = field(default_factory=dict)


# What the entrance says: prompt, and the file that holds it. The first file that is there counts.
_PIN = {
    "enter-pin": ("passcode_entry.wav",),
    "enter-pin-or-hash": ("passcode_or_blank_required_entry.wav",),
    "enter-pin-or-wait": ("passcode_or_blank_timeout_entry.wav",),
    "pin-incorrect-try-again": ("passcode_incorrect_try_again.wav",),
    "pin-incorrect-final-attempt": ("passcode_incorrect_final_attempt.wav",),
    "pin-incorrect-goodbye": ("passcode_incorrect_goodbye.wav",),
}
FILES: Mapping[BrandKind, Mapping[str, tuple[str, ...]]] = {
    BrandKind.IVR: {
        "welcome": ("ivr_welcome.wav",),
        "enter-id": ("ivr_id_entry.wav",),
        "id-incorrect-try-again": ("ivr_id_incorrect_try_again.wav",),
        "id-incorrect-final-attempt": ("ivr_id_incorrect_final_attempt.wav",),
        "id-incorrect-goodbye": ("ivr_id_incorrect_goodbye.wav",),
        "timeout-goodbye": ("ivr_timeout.wav",),
        **_PIN,
    },
    BrandKind.CALL: {
        "greeting": ("welcome.wav", "cospace_join.wav", "call_join.wav"),
        "timeout-goodbye": ("timeout.wav",),
        "waiting-for-host": ("waiting_for_host.wav",),
        "only-participant": ("only_participant.wav",),
        "confirm-join": ("cospace_join_confirmation.wav", "call_join_confirmation.wav"),
        **_PIN,
    },
}

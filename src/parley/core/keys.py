"""Keys that somebody in a meeting presses on a phone, and what is said to them about it.

One gesture is built in: `*6` turns one's own microphone off and on again, as callers know it from other services.
A key of another service's profile is none of ours, so everything else is passed over.
"""

from __future__ import annotations

from .leg_inputs import AskToMute, LegEffect, Play
from .meeting_inputs import SelfMuted

MUTE_KEYS = "*6"
# Seconds between two keys of one gesture: longer than a slow hand, shorter than a change of mind.
KEYS_WITHIN = 3.0
MUTED = "muted"
UNMUTED = "unmuted"
MUTE_REFUSED = "mute-refused"


class Keypad:
    """Of one leg while it is in a meeting."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._plays = 0
        self._pressed = ""
        self._at = 0.0
        self._asked = 0

    def press(self, key: str, now: float) -> list[LegEffect]:
        pressed = self._pressed if now - self._at <= KEYS_WITHIN else ""
        self._at = now
        self._pressed = pressed + key if MUTE_KEYS.startswith(pressed + key) else key if key == MUTE_KEYS[0] else ""
        if self._pressed != MUTE_KEYS:
            return []
        self._pressed = ""
        self._asked += 1
        return [AskToMute()]

    def answered(self, answer: SelfMuted) -> list[LegEffect]:
        """Say it to whoever asked by keys; who asked in another way sees it there."""
        if not self._asked:
            return []
        self._asked -= 1
        self._plays += 1
        prompt = MUTE_REFUSED if not answer.granted else MUTED if answer.muted else UNMUTED
        return [Play(self._plays, (prompt,), self._language)]

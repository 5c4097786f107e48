"""Keys that somebody in a meeting presses on a phone, and what is said to them about it.

Keys are taken for the longest sequence that they can still become. One that is whole but could become longer waits for
a moment; keys that fit nothing are passed over, and the next one may begin a sequence: a slip of the finger costs
nothing.
"""

from __future__ import annotations

from .key_commands import BUILT_IN_KEYS, ONESELF, KeyCommand, KeyMap
from .leg_inputs import AskByKeys, LegEffect, Play
from .meeting_inputs import KeysDone, SelfMuted

# Seconds between two keys of one sequence: longer than a slow hand, shorter than a change of mind.
KEYS_WITHIN = 3.0
MUTED = "muted"
UNMUTED = "unmuted"
REFUSED = "mute-refused"  # "the host does not allow that"
DONE = "done"
SAID = {
    KeyCommand.LOCK: "locked",
    KeyCommand.UNLOCK: "unlocked",
    KeyCommand.MUTE_OTHERS: "others-muted",
    KeyCommand.UNMUTE_OTHERS: "others-unmuted",
}


class KeyMatcher:
    """Which commands keys amount to. Times are monotonic seconds."""

    def __init__(self, keys: KeyMap = BUILT_IN_KEYS) -> None:
        self._commands = dict(keys)
        self._begun = {sequence[:length] for sequence in self._commands for length in range(1, len(sequence) + 1)}
        self._goes_on = {prefix[:-1] for prefix in self._begun}
        self._pressed = ""
        self._at = 0.0
        self._took = False

    @property
    def deadline(self) -> float | None:
        """When what was pressed is all there is; None: nothing waits for that."""
        return self._at + KEYS_WITHIN if self._whole() else None

    def press(self, key: str, now: float) -> list[KeyCommand]:
        """One more key. What was due before it comes first."""
        asked = self.tick(now)
        self._at = now
        asked += self._take(key)
        return asked

    def tick(self, now: float) -> list[KeyCommand]:
        """Time has passed: keys long ago belong to nothing that comes now."""
        if not self._pressed or now < self._at + KEYS_WITHIN:
            return []
        return self._settle()

    @property
    def took(self) -> bool:
        """Has the key pressed last become part of something?"""
        return self._took

    def _take(self, key: str) -> list[KeyCommand]:
        asked: list[KeyCommand] = []
        pressed = self._pressed + key
        while pressed and pressed not in self._begun:
            command, length = self._longest(pressed)
            asked += [command] if command is not None else []
            pressed = pressed[length:]
        self._took = bool(pressed)
        if pressed in self._commands and pressed not in self._goes_on:
            asked.append(self._commands[pressed])
            pressed = ""
        self._pressed = pressed
        return asked

    def _settle(self) -> list[KeyCommand]:
        """Nothing more comes: the longest whole sequence counts, and then what is in the rest."""
        asked: list[KeyCommand] = []
        pressed, self._pressed = self._pressed, ""
        while pressed:
            command, length = self._longest(pressed)
            asked += [command] if command is not None else []
            pressed = pressed[length:]
        return asked

    def _longest(self, pressed: str) -> tuple[KeyCommand | None, int]:
        """The longest sequence that these keys begin with, and its length; None and 1: there is none."""
        for length in range(len(pressed), 0, -1):
            if pressed[:length] in self._commands:
                return self._commands[pressed[:length]], length
        return None, 1

    def _whole(self) -> bool:
        return any(self._pressed[:length] in self._commands for length in range(1, len(self._pressed) + 1))


class Keypad:
    """Of one leg while it is in a meeting."""

    def __init__(self, language: str, keys: KeyMap = BUILT_IN_KEYS) -> None:
        self._language = language
        self._matcher = KeyMatcher(keys)
        self._plays = 0
        self._asked = 0  # for one's own mute, unanswered yet

    @property
    def deadline(self) -> float | None:
        """When `tick` will have something to do."""
        return self._matcher.deadline

    def use(self, keys: KeyMap) -> None:
        """From now on; what was half pressed is forgotten."""
        self._matcher = KeyMatcher(keys)

    def press(self, key: str, now: float) -> list[LegEffect]:
        return [self._ask(command) for command in self._matcher.press(key, now)]

    def tick(self, now: float) -> list[LegEffect]:
        return [self._ask(command) for command in self._matcher.tick(now)]

    def _ask(self, command: KeyCommand) -> LegEffect:
        if command in ONESELF:
            self._asked += 1
        return AskByKeys(command)

    def answered(self, answer: SelfMuted | KeysDone) -> list[LegEffect]:
        """Say it to whoever asked by keys; who asked in another way sees it there."""
        if isinstance(answer, KeysDone):
            return [self._say(SAID.get(answer.command, DONE) if answer.granted else REFUSED)]
        if not self._asked:
            return []
        self._asked -= 1
        return [self._say(REFUSED if not answer.granted else MUTED if answer.muted else UNMUTED)]

    def _say(self, prompt: str) -> LegEffect:
        self._plays += 1
        return Play(self._plays, (prompt,), self._language)

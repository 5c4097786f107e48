"""Spoken prompts: package data read once at start, and the players that cut them into frames."""

from __future__ import annotations

import wave
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from parley.engine.resample import TAPS_PER_PHASE, Upsampler
from parley.engine.sound import FRAME, RATE, Samples

DIRECTORY = Path(__file__).parent / "prompts"
DEFAULT_LANGUAGE = "en"
TONES = "tones"  # what is said in no language
FILE_RATE = 16_000

Clip = NDArray[np.int16]  # at 48 kHz; half the memory of float
_NOTHING: Clip = np.zeros(0, np.int16)


# Prompts that only a brand has: without one there is nothing to say.
OPTIONAL = frozenset({"greeting"})
MOST_BRAND_BYTES = 16 << 20  # of one brand's prompts: three minutes, read within a few milliseconds


class BadPromptFile(ValueError):
    """A file of a brand that cannot be read, is no such sound, or is too long."""


class UnknownPrompt(LookupError):
    """No file of that name in the language or in English."""


class Prompts:
    """Every prompt in memory (about 9 MB of 48 kHz sound): the audio thread never touches a disk."""

    def __init__(self, clips: dict[str, dict[str, Clip]]) -> None:
        self._clips = clips
        self._brands: dict[str, dict[str, Clip]] = {}
        self._files: dict[str, dict[str, str]] = {}  # of each brand, as they were named

    @classmethod
    def load(cls, directory: Path = DIRECTORY) -> Prompts:
        """Read `<directory>/<language>/<name>.wav`, 16 kHz mono 16 bit. Raises ValueError on others."""
        clips: dict[str, dict[str, Clip]] = {}
        for path in sorted(directory.glob("*/*.wav")):
            clips.setdefault(path.parent.name, {})[path.stem] = read_clip(path)
        return cls(clips)

    def load_brand(self, brand: str, files: Mapping[str, str]) -> None:
        """Take over a brand's own prompts, all or none. Raises BadPromptFile.

        A file is never written again: what is loaded already, as another control tells all once more, is not read.
        """
        if brand in self._brands and self._files[brand] == files:
            return
        clips: dict[str, Clip] = {}
        left = MOST_BRAND_BYTES
        for name, path in files.items():
            clips[name] = _read_plain(path, left)
            left -= clips[name].nbytes
        if clips:
            self._brands[brand], self._files[brand] = clips, dict(files)
        else:
            self._brands.pop(brand, None)
            self._files.pop(brand, None)

    def brands(self) -> dict[str, list[str]]:
        """The names of each brand's own prompts."""
        return {brand: sorted(clips) for brand, clips in self._brands.items()}

    def clip(self, name: str, language: str, brand: str = "") -> Clip:
        """The brand's own, else in the language, its primary subtag ("pt-BR": "pt") or English.

        Raises UnknownPrompt.
        """
        own = self._brands.get(brand, {}).get(name)
        if own is not None:
            return own
        for candidate in (language, language.partition("-")[0].lower(), DEFAULT_LANGUAGE, TONES):
            found = self._clips.get(candidate, {}).get(name)
            if found is not None:
                return found
        if name in OPTIONAL:
            return _NOTHING
        raise UnknownPrompt(f"no prompt {name!r}")

    def clips(self, names: Sequence[str], language: str, brand: str = "") -> list[Clip]:
        """Several at once. Raises UnknownPrompt."""
        return [self.clip(name, language, brand) for name in names]


def _read_plain(path: str, most: int) -> Clip:
    try:
        with Path(path).open("rb") as file:
            data = file.read(most + 1)
    except OSError as problem:
        raise BadPromptFile(f"{path}: {problem.strerror}") from problem
    if not data or len(data) % 2 or len(data) > most:
        raise BadPromptFile(f"{path}: {len(data)} bytes are no sound of 16 bit, or too many")
    return np.frombuffer(data, "<i2")


def read_clip(path: Path) -> Clip:
    """One file, brought to 48 kHz."""
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (FILE_RATE, 1, 2):
            raise ValueError(f"{path}: not 16 kHz mono 16 bit")
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32)
    # The filter's delay is filled up at the end, so that the last samples are not cut off.
    padded = np.concatenate((pcm, np.zeros(TAPS_PER_PHASE // 2, np.float32)))
    sound = Upsampler(RATE // FILE_RATE).run(padded)
    return np.clip(sound, -32768, 32767).astype(np.int16)


class Player:
    """Plays clips one after another without a pause between them."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self._clips = list(clips)
        self._offset = 0

    @property
    def ended(self) -> bool:
        return not self._clips

    def next_frame(self) -> Samples | None:
        """The next 20 ms, the last one filled up with silence; None after the end."""
        if not self._clips:
            return None
        frame = np.zeros(FRAME, np.float32)
        filled = 0
        while self._clips and filled < FRAME:
            piece = self._clips[0][self._offset : self._offset + FRAME - filled]
            frame[filled : filled + len(piece)] = piece
            filled += len(piece)
            self._offset += len(piece)
            if self._offset >= len(self._clips[0]):
                del self._clips[0]
                self._offset = 0
        frame *= 1 / 32768
        return frame


class Announcement:
    """A prompt told to a leg on entering a state, and told again after each pause if so wished."""

    def __init__(self, name: str, language: str, repeat_ms: int | None, brand: str, clip: Clip) -> None:
        self.key = (name, language, repeat_ms, brand)
        self._clip = clip
        self._pause = None if repeat_ms is None else max(repeat_ms, 0) * (RATE // 1000)
        self._player = Player([clip])
        self._paused = 0  # samples since the end

    def next_frame(self) -> Samples | None:
        """The next 20 ms; None in the pauses and after the end."""
        frame = self._player.next_frame()
        if frame is not None:
            return frame
        if self._pause is None:
            return None
        self._paused += FRAME
        if self._paused >= self._pause:
            self._player, self._paused = Player([self._clip]), 0
        return None

"""Makes sound files for phones to speak and measures the sound files of what they heard.

Levels are amplitudes in 16-bit units (a sine of level 8000 peaks at 8000). Measuring uses short Hann-weighted
windows: two tones 200 Hz apart do not disturb one another in a window of 20 ms.
"""

from __future__ import annotations

import itertools
import math
import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .tones import sine

LEVEL = 8000.0  # of every tone a phone speaks: -12 dBFS, so that three at once do not clip
HEARD = 1600.0  # a fifth of what was spoken: certainly there
SILENT = 300.0  # -28 dB below what was spoken: under it lie quantisation noise and codec artefacts
WINDOW = 0.020
HOP = 0.005
TRACE_WINDOW = 0.3
EDGE = 0.006

# Twelve voices, 220 Hz apart or more, clear of every tone the test language's prompts are made of.
VOICES = (320.0, 540.0, *(920.0 + 228.0 * number for number in range(10)))

# The test language: what each prompt that stands alone sounds like (Hz).
PROMPTS = {
    "enter-id": 200.0,
    "enter-pin": 600.0,
    "enter-pin-or-hash": 700.0,
    "enter-pin-or-wait": 800.0,
    "pin-incorrect-try-again": 3200.0,
    "pin-incorrect-final-attempt": 3300.0,
    "pin-incorrect-goodbye": 3400.0,
    "waiting-for-host": 3100.0,
}
PROMPT_HEARD = 500.0  # the band's edges are weak in a phone of 8 kHz


@dataclass(frozen=True, slots=True)
class Part:
    """seconds of one tone, or of silence when tone is None. amplitude: of full scale; None: LEVEL."""

    seconds: float
    tone: float | None = None
    amplitude: float | None = None


def silence(seconds: float) -> Part:
    return Part(seconds)


def tone(frequency: float, seconds: float) -> Part:
    return Part(seconds, frequency)


def write_wav(path: Path, parts: Iterable[Part], rate: int, channels: int) -> Path:
    """Write the parts one after the other, with soft edges, for a switched tone clicks on all frequencies."""
    pieces = [_render(part, rate) for part in parts]
    samples = np.concatenate(pieces) if pieces else np.zeros(0)
    frames = np.repeat(np.round(samples).astype("<i2"), channels)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames.tobytes())
    return path


def _render(part: Part, rate: int) -> np.ndarray:
    count = round(part.seconds * rate)
    if part.tone is None:
        return np.zeros(count)
    level = LEVEL if part.amplitude is None else part.amplitude * 32768
    samples = sine(part.tone, part.seconds, rate, level).astype(np.float64)
    edge = min(round(EDGE * rate), count // 2)
    ramp = (1 - np.cos(np.linspace(0.0, math.pi, edge, endpoint=False))) / 2
    samples[:edge] *= ramp
    samples[count - edge :] *= ramp[::-1]
    return samples


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch in which a tone was there, seconds from the start of the recording."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Recording:
    """What a phone heard: one channel of samples in 16-bit units."""

    samples: np.ndarray
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def between(self, start: float, end: float) -> Recording:
        return Recording(self.samples[max(0, round(start * self.rate)) : max(0, round(end * self.rate))], self.rate)

    def level(self, frequency: float) -> float:
        """Amplitude of the tone over the whole recording; 0 for a recording too short to tell.

        The mean over windows, for a player that stretches sound to keep its pace shifts the phase, and both sides
        of such a seam taken together would cancel each other out.
        """
        if self.seconds < WINDOW:
            return 0.0
        if self.seconds < TRACE_WINDOW:
            return float(_amplitudes(self.samples[None, :], self.rate, [frequency])[0, 0])
        return float(self._track([frequency], TRACE_WINDOW, TRACE_WINDOW / 6)[:, 0].mean())

    def loudest(self, frequency: float) -> float:
        """The highest amplitude the tone has in any window of 300 ms: a short burst does not drown in the mean.

        A click (a lost packet, another voice cut off) spreads over all frequencies, yet is short: in a window of
        this length it stays below SILENT, while 20 ms of a voice do not. Where a prompt's tone is stronger, what
        is measured is that prompt's edge, and is passed over.
        """
        if self.seconds < TRACE_WINDOW:
            level = self.level(frequency)
            return level if level > max(map(self.level, PROMPTS.values())) else 0.0
        track = self._track([frequency, *PROMPTS.values()], TRACE_WINDOW, TRACE_WINDOW / 6)
        own, prompts = track[:, 0], track[:, 1:].max(axis=1)
        return float(own[own > prompts].max(initial=0.0))

    def voices(self, tones: Sequence[float], heard: float = HEARD) -> set[float]:
        """The tones of this set that are there throughout: their mean level is at least `heard`."""
        return {frequency for frequency in tones if self.level(frequency) >= heard}

    def traces(self, tones: Sequence[float], silent: float = SILENT) -> set[float]:
        """The tones of this set of which any trace is there, however short."""
        return {frequency for frequency in tones if self.loudest(frequency) > silent}

    def runs(self, frequency: float, heard: float = HEARD, shortest: float = 0.02) -> list[Run]:
        """The stretches in which the tone is there, exact to about 5 ms."""
        if self.seconds < WINDOW:
            return []
        track = self._track([frequency], WINDOW, HOP)[:, 0]
        if not (track >= heard).any():
            return []
        # Half of the tone's own level marks its edge at the middle of a window, whatever gain it came with.
        edge = max(heard / 2, float(np.median(track[track >= heard])) / 2)
        present = np.concatenate(([False], track >= edge, [False])).astype(np.int8)
        changes = np.flatnonzero(np.diff(present))
        found = []
        for first, last in zip(changes[::2], changes[1::2], strict=True):
            run = Run(float(first) * HOP + WINDOW / 2 - HOP / 2, float(last - 1) * HOP + WINDOW / 2 + HOP / 2)
            if run.seconds >= shortest and track[first:last].max() >= heard:
                found.append(run)
        return found

    def holes(self, frequency: float, longer_than: float, heard: float = HEARD) -> list[Run]:
        """The gaps longer than so many seconds between the tone's first and last appearance."""
        runs = self.runs(frequency, heard)
        gaps = [Run(before.end, after.start) for before, after in itertools.pairwise(runs)]
        return [gap for gap in gaps if gap.seconds > longer_than]

    def _track(self, tones: Sequence[float], window: float, hop: float) -> np.ndarray:
        size, step = round(window * self.rate), round(hop * self.rate)
        frames = np.lib.stride_tricks.sliding_window_view(self.samples, size)[::step]
        return _amplitudes(frames, self.rate, tones)


def _amplitudes(frames: np.ndarray, rate: int, tones: Sequence[float]) -> np.ndarray:
    """Amplitude of every tone in every frame (frames x samples): one Fourier coefficient each.

    Like `tones.strength`, for many tones at once and for frames that overlap, which makes edges exact to the hop.
    """
    size = frames.shape[1]
    weight = np.hanning(size)
    turns = np.exp(-2j * math.pi * np.outer(np.arange(size), np.asarray(tones)) / rate)
    return np.abs(frames @ (turns * weight[:, None])) * 2 / weight.sum()


def samples_of(raw: bytes, channels: int, rate: int) -> Recording:
    """A recording from the sample bytes of a 16-bit sound file; a torn last frame is left out.

    What comes at 48 kHz is measured at 8 kHz: every tone of these tests lies in the telephone band.
    """
    whole = len(raw) // (2 * channels) * 2 * channels
    samples = np.frombuffer(raw[:whole], "<i2").reshape(-1, channels)[:, 0].astype(np.float64)
    return Recording(_at_8000(samples), 8000) if rate == 48000 else Recording(samples, rate)


def _at_8000(samples: np.ndarray) -> np.ndarray:
    """Every sixth sample behind a low-pass of 3.6 kHz, which adds no delay."""
    if len(samples) == 0:
        return samples
    positions = np.arange(-90, 91)
    low_pass = np.sinc(2 * 3600 / 48000 * positions) * np.hamming(len(positions))
    padded = np.pad(samples, 90)
    return np.convolve(padded, low_pass / low_pass.sum(), "valid")[::6]

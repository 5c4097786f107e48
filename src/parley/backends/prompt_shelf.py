"""Fetched prompts in the data directory, as media workers want them: 48 kHz mono 16 bit without a header.

`branding/<brand>/` holds `<hash>.pcm` files, which are never written to again, and `index.json`, which says what they
are and is replaced in one step. A half-written file has a name that nobody reads.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from ..app.ports import BadSound, Shelved, ShelvedPrompt
from ..wire.wave import BadWave, Wave, parse_wave

RATE = 48_000
SECONDS_MOST = 60.0
_BRAND = re.compile(r"[0-9a-f-]{1,64}")


class FilePromptShelf:
    """Implements PromptShelf."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def load(self) -> dict[str, Shelved]:
        return await asyncio.to_thread(self._load)

    async def keep(self, brand: str, source: str, tag: str, body: bytes) -> ShelvedPrompt:
        return await asyncio.to_thread(self._keep, brand, source, tag, body)

    async def save(self, brand: str, shelved: Shelved | None) -> None:
        await asyncio.to_thread(self._save, brand, shelved)

    def _of(self, brand: str) -> Path:
        if not _BRAND.fullmatch(brand):
            raise ValueError("not the id of a brand")
        return self._directory / brand

    def _load(self) -> dict[str, Shelved]:
        found: dict[str, Shelved] = {}
        for index in sorted(self._directory.glob("*/index.json")):
            try:
                found[index.parent.name] = _shelved(json.loads(index.read_text()), index.parent)
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue
        return found

    def _keep(self, brand: str, source: str, tag: str, body: bytes) -> ShelvedPrompt:
        directory = self._of(brand)
        try:
            wave = parse_wave(body)
        except BadWave as bad:
            raise BadSound(str(bad)) from bad
        if wave.seconds > SECONDS_MOST:
            raise BadSound(f"{wave.seconds:.0f} s are longer than {SECONDS_MOST:.0f}")
        sound = _resampled(wave)
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{hashlib.sha256(sound).hexdigest()[:32]}.pcm"
        if not path.exists():
            _write(path, sound)
        return ShelvedPrompt(source, tag, path, len(sound))

    def _save(self, brand: str, shelved: Shelved | None) -> None:
        directory = self._of(brand)
        if shelved is None or not shelved.prompts:
            shutil.rmtree(directory, ignore_errors=True)
            return
        prompts = {
            name: {"source": one.source, "tag": one.tag, "file": one.path.name, "bytes": one.bytes}
            for name, one in shelved.prompts.items()
        }
        directory.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"location": shelved.location, "prompts": prompts}, ensure_ascii=False)
        _write(directory / "index.json", text.encode())
        named = {one.path.name for one in shelved.prompts.values()} | {"index.json"}
        for file in directory.iterdir():
            if file.name not in named:
                file.unlink(missing_ok=True)


def _shelved(index: Any, directory: Path) -> Shelved:
    prompts: dict[str, ShelvedPrompt] = {}
    for name, one in index["prompts"].items():
        path = directory / Path(one["file"]).name
        if path.stat().st_size != one["bytes"]:
            raise ValueError("a file is not what it was")
        prompts[str(name)] = ShelvedPrompt(str(one["source"]), str(one["tag"]), path, int(one["bytes"]))
    return Shelved(str(index["location"]), prompts)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _resampled(wave: Wave) -> bytes:
    """To 48 kHz by way of the spectrum: exact for a whole clip, and nobody waits for it."""
    if wave.rate == RATE:
        return wave.pcm
    import numpy as np  # noqa: PLC0415 - nothing else of the server needs it: a start would wait for it

    samples = np.frombuffer(wave.pcm, "<i2").astype(np.float64)
    # A little silence behind it: the end must not ring into the beginning, nor be a length that is slow to turn.
    padded = np.concatenate((samples, np.zeros(wave.rate // 10)))
    length = round(len(padded) * RATE / wave.rate)
    spectrum = np.fft.rfft(padded)
    turned = np.fft.irfft(spectrum, length) * (length / len(padded))
    wanted = turned[: round(len(samples) * RATE / wave.rate)]
    return bytes(np.clip(np.round(wanted), -32768, 32767).astype("<i2").tobytes())

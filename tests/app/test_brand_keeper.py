"""Prompts of branding profiles are fetched ahead, kept, and kept fresh."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from parley.app import brand_keeper
from parley.app.brand_keeper import BrandKeeper
from parley.app.brandings import BrandingEdit, Brandings
from parley.app.changes import Changes
from parley.backends.prompt_shelf import FilePromptShelf
from parley.core.branding import BrandKind
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.fake_engine import FakeEngine
from tests.kit.fake_fetcher import FakeFetcher
from tests.kit.manual_clock import ManualClock
from tests.kit.memory_store import MemoryStore
from tests.kit.tones import strength
from tests.kit.web_server import wav

HERE = "http://brand.example/calls"


class Desk:
    """A keeper with what it needs; the shelf is a real directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.store, self.changes, self.web = MemoryStore(), Changes(), FakeFetcher()
        self.engine = FakeEngine(ManualClock())
        identifiers = CountedIdentifiers()
        self.call = Brandings(BrandKind.CALL, self.store, identifiers, self.changes)
        self.ivr = Brandings(BrandKind.IVR, self.store, identifiers, self.changes)
        self.keeper = self.again()

    def again(self) -> BrandKeeper:
        """As after a restart of the server."""
        shelf = FilePromptShelf(self.directory)
        self.keeper = BrandKeeper(self.store, self.web, shelf, self.engine, self.changes, 600.0)
        return self.keeper

    def heard(self, brand: str) -> dict[str, bytes]:
        """What the engine would play."""
        return {name: path.read_bytes() for name, path in self.engine.brands.get(brand, {}).items()}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "branding")


async def test_a_brands_files_become_its_prompts(desk: Desk) -> None:
    """Each file by its fixed name, of its kind alone; in 48 kHz, as long as it was and with its tone."""
    desk.web.files[f"{HERE}/welcome.wav"] = wav(440, 0.5, 8_000)
    desk.web.files[f"{HERE}/passcode_entry.wav"] = wav(700, 0.25, 44_100)
    desk.web.files[f"{HERE}/ivr_welcome.wav"] = wav(900)
    call = await desk.call.create(BrandingEdit(resource_location=HERE + "/"))
    ivr = await desk.ivr.create(BrandingEdit(resource_location=HERE))
    assert await desk.keeper.refresh()
    assert {name: len(sound) for name, sound in desk.heard(call).items()} == {"greeting": 48_000, "enter-pin": 24_000}
    assert set(desk.heard(ivr)) == {"welcome", "enter-pin"}
    for name, tone in (("greeting", 440), ("enter-pin", 700)):
        sound = np.frombuffer(desk.heard(call)[name], "<i2").astype(np.float32) / 32768
        assert float(np.median(strength(sound, tone, 48_000))) == pytest.approx(0.5, rel=0.02)


async def test_what_is_no_prompt_is_left_out_and_the_rest_is_taken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of text, a file too long or too large; the built-in prompt stands in for it."""
    desk.web.files |= {
        f"{HERE}/welcome.wav": b"<html>",
        f"{HERE}/cospace_join.wav": wav(440),  # the greeting's second name
        f"{HERE}/passcode_entry.wav": wav(700, 61, 8_000),
        f"{HERE}/waiting_for_host.wav": bytes(brand_keeper.FILE_MOST + 1),
    }
    brand = await desk.call.create(BrandingEdit(resource_location=HERE))
    assert await desk.keeper.refresh()
    assert set(desk.heard(brand)) == {"greeting"}
    monkeypatch.setattr(brand_keeper, "BRAND_MOST", 100_000)
    for name in ("timeout.wav", "only_participant.wav", "passcode_incorrect_goodbye.wav"):
        desk.web.files[f"{HERE}/{name}"] = wav(440, 0.4)
    assert await desk.keeper.refresh()
    assert sum(map(len, desk.heard(brand).values())) <= 100_000 and len(desk.heard(brand)) == 2


async def test_what_has_not_changed_is_not_told_again_and_what_has_is(desk: Desk) -> None:
    """The engine hears of a new file, of one that is gone, and of nothing else."""
    desk.web.files[f"{HERE}/welcome.wav"] = wav(440)
    brand = await desk.call.create(BrandingEdit(resource_location=HERE))
    await desk.keeper.refresh()
    before = desk.heard(brand)
    desk.engine.brands.clear()
    await desk.keeper.refresh()
    assert desk.engine.brands == {}
    desk.web.files[f"{HERE}/welcome.wav"] = wav(550)
    await desk.keeper.refresh()
    assert desk.heard(brand)["greeting"] != before["greeting"]
    assert len(list(desk.directory.glob("*/*.pcm"))) == 1, "the old file is gone"
    del desk.web.files[f"{HERE}/welcome.wav"]
    await desk.keeper.refresh()
    assert desk.engine.brands == {} and not list(desk.directory.glob("*/*"))


async def test_a_server_that_is_away_changes_nothing(desk: Desk) -> None:
    """What was had stays, through a restart too; it is asked once a round, not once a file."""
    desk.web.files[f"{HERE}/welcome.wav"] = wav(440)
    brand = await desk.call.create(BrandingEdit(resource_location=HERE))
    await desk.keeper.refresh()
    before = desk.heard(brand)
    desk.web.away.add("brand.example")
    desk.web.asked.clear()
    assert not await desk.keeper.refresh()
    assert desk.heard(brand) == before and len(desk.web.asked) == 1
    desk.engine.brands.clear()
    await desk.again().load()
    assert desk.heard(brand) == before
    assert not await desk.keeper.refresh()
    assert desk.heard(brand) == before


async def test_a_new_location_or_none_makes_the_old_prompts_void(desk: Desk) -> None:
    """At once, whether or not the new one answers; so does the removal of the profile."""
    desk.web.files[f"{HERE}/welcome.wav"] = wav(440)
    brand = await desk.call.create(BrandingEdit(resource_location=HERE))
    await desk.keeper.refresh()
    desk.web.away.add("other.example")
    await desk.call.change(brand, BrandingEdit(resource_location="http://other.example"))
    assert not await desk.keeper.refresh()
    assert desk.engine.brands == {}
    for edit in (BrandingEdit(resource_location=None), None):
        await desk.call.change(brand, BrandingEdit(resource_location=HERE))
        await desk.keeper.refresh()
        assert set(desk.heard(brand)) == {"greeting"}
        await (desk.call.delete(brand) if edit is None else desk.call.change(brand, edit))
        assert await desk.keeper.refresh()
        assert desk.engine.brands == {} and not list(desk.directory.glob("*/*"))


async def test_a_damaged_shelf_is_an_empty_one(desk: Desk) -> None:
    """An index that cannot be read, or a file that is not what it was, is as if never had, and is fetched anew."""
    desk.web.files[f"{HERE}/welcome.wav"] = wav(440)
    brand = await desk.call.create(BrandingEdit(resource_location=HERE))
    await desk.keeper.refresh()
    good = desk.heard(brand)
    index = desk.directory / brand / "index.json"
    text = index.read_text()
    for damage in ("", "[]", '{"location": 1}', text.replace('"bytes": ', '"bytes": 1'), text.replace(".pcm", ".none")):
        index.write_text(damage)
        desk.engine.brands.clear()
        await desk.again().load()
        assert desk.engine.brands == {}
        await desk.keeper.refresh()
        assert desk.heard(brand) == good


@contextlib.asynccontextmanager
async def running(keeper: BrandKeeper) -> AsyncIterator[None]:
    task = asyncio.create_task(keeper.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_change_is_acted_on_at_once(desk: Desk) -> None:
    """Whoever sets a location need not wait for the next round."""
    desk.web.files[f"{HERE}/welcome.wav"] = wav(440)
    async with running(desk.keeper):
        brand = await desk.call.create(BrandingEdit(resource_location=HERE))
        for _ in range(500):
            if brand in desk.engine.brands:
                break
            await asyncio.sleep(0.01)
        assert brand in desk.engine.brands

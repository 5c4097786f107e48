"""Gets the prompts of branding profiles ahead of the calls that want them, and keeps them fresh.

No call waits for this: until a prompt is here, and whenever it cannot be had, the built-in one is heard. What was
had once stays through restarts of the server, and while its own server is away. A new location makes all that came
from the one before void.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from ..core.branding import FILES, Branding
from .changes import Change, Changes
from .ports import (
    BadSound,
    Fetcher,
    FetchFailed,
    MediaEngine,
    NotThere,
    PromptShelf,
    Query,
    Shelved,
    ShelvedPrompt,
    Store,
)

log = structlog.get_logger(__name__)

FILE_MOST = 2 << 20  # bytes of one file as it is fetched
BRAND_MOST = 16 << 20  # bytes of all prompts of a brand as workers hold them
FETCH_SECONDS = 10.0
RETRY_AFTER = 60.0  # seconds, where a server did not answer


class BrandKeeper:
    """every: seconds after which what is at each location is looked at again."""

    def __init__(
        self, store: Store, fetcher: Fetcher, shelf: PromptShelf, engine: MediaEngine, changes: Changes, every: float
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._shelf = shelf
        self._engine = engine
        self._every = every
        self._shelved: dict[str, Shelved] = {}
        self._changed = asyncio.Event()
        changes.subscribe(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.kind == "branding":
            self._changed.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        await self.load()
        while True:
            self._changed.clear()
            try:
                whole = await self.refresh()
            except Exception:  # the store or the disk; the prompts that are there serve on
                log.exception("brands were not looked at")
                whole = False
            with_patience = self._every if whole else min(RETRY_AFTER, self._every)
            try:
                async with asyncio.timeout(with_patience):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def load(self) -> None:
        """What an earlier run had, at once."""
        self._shelved = await self._shelf.load()
        for brand, shelved in self._shelved.items():
            self._tell(brand, shelved)

    async def refresh(self) -> bool:
        """Look at every location. False: some server did not answer."""
        async with self._store.reading() as tx:
            brandings = (await tx.brandings.page(Query())).items
        for brand in self._shelved.keys() - {branding.id for branding in brandings}:
            await self._forget(brand)
        answers = [await self._refresh(branding) for branding in brandings]
        return all(answers)

    async def _refresh(self, branding: Branding) -> bool:
        location, known = branding.resource_location, self._shelved.get(branding.id)
        if known is not None and known.location != location:
            await self._forget(branding.id)
            known = None
        if not location:
            return True
        old = known.prompts if known is not None else {}
        fresh, answered = await self._fetch_all(branding, location, old)
        if fresh != old:
            shelved = Shelved(location, fresh)
            self._shelved[branding.id] = shelved
            self._tell(branding.id, shelved)
            await self._shelf.save(branding.id, shelved)
            log.info("prompts of a brand", brand=branding.id, prompts=sorted(fresh))
        return answered

    async def _fetch_all(
        self, branding: Branding, location: str, old: Mapping[str, ShelvedPrompt]
    ) -> tuple[dict[str, ShelvedPrompt], bool]:
        """What the brand has now; False: its server gave up answering, and what was not asked for is as before."""
        fresh: dict[str, ShelvedPrompt] = {}
        room = BRAND_MOST
        for prompt, files in FILES[branding.kind].items():
            try:
                found = await self._fetch(branding.id, location, files, old.get(prompt))
            except FetchFailed as problem:
                log.warning("a brand's prompts cannot be had", brand=branding.id, problem=str(problem))
                return {**old, **fresh}, False
            if found is None:
                continue
            room -= found.bytes
            if room < 0:
                log.warning("a brand has more prompts than are held", brand=branding.id, without=prompt)
                break
            fresh[prompt] = found
        return fresh, True

    async def _fetch(
        self, brand: str, location: str, files: tuple[str, ...], old: ShelvedPrompt | None
    ) -> ShelvedPrompt | None:
        """The first of these files that is there; None: none is. Raises FetchFailed when the server is away."""
        for file in files:
            known = old if old is not None and old.source == file else None
            try:
                answer = await self._fetcher.fetch(
                    f"{location.rstrip('/')}/{file}",
                    most_bytes=FILE_MOST,
                    seconds=FETCH_SECONDS,
                    tag=known.tag if known is not None else "",
                )
                if answer is None:
                    return known
                return await self._shelf.keep(brand, file, answer.tag, answer.body)
            except NotThere:
                continue
            except FetchFailed as problem:
                if problem.of_the_server:
                    raise
                log.warning("a brand's prompt was refused", brand=brand, file=file, problem=str(problem))
            except (BadSound, OSError) as problem:
                log.warning("a brand's prompt was refused", brand=brand, file=file, problem=str(problem))
        return None

    async def _forget(self, brand: str) -> None:
        self._shelved.pop(brand, None)
        self._engine.load_prompts(brand, {})
        await self._shelf.save(brand, None)

    def _tell(self, brand: str, shelved: Shelved) -> None:
        self._engine.load_prompts(brand, {name: one.path for name, one in shelved.prompts.items()})

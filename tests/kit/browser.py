"""A person at a real browser: headless, with a microphone that hums one tone and a loudspeaker that is listened to.

`chromium.Chromium` and `firefox.Firefox` do the same things by the same names, so that a story reads alike for both.
Things on a page are found as people find them: by role and accessible name, by the label of a field, by text.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import axe_playwright_python

from .loudspeaker import Loudspeaker
from .recordings import HEARD, PROMPT_HEARD, PROMPTS, Recording

PATIENCE = 15.0  # a story waits no longer than this for one thing
POLL = 0.05
HEIGHTS = {1440: 900, 390: 844}  # of the windows screenshots are taken in, by their width

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
GRAVE = ("serious", "critical")  # what axe-core may not find

Theme = Literal["light", "dark"]


def program(name: str) -> str:
    """The path of an installed program; a story without its browser fails, it is never left out."""
    found = shutil.which(name)
    assert found, f"{name} is not installed (scripts/install_test_peers.sh does it)"
    return found


class Browser(ABC):
    """`async with Chromium("ann", 540.0) as ann: await ann.open("https://..."); await ann.click("button", "Join")`.

    voice: Hz of the tone its microphone hums from the moment a page takes it.
    failures: where a picture of the page goes when the story fails; a folder that stays, unless given.
    """

    # How strongly the voice comes out of a loudspeaker at the other end, in the units of `recordings`.
    loudness: float

    def __init__(self, name: str, voice: float, *, certificate: Path | None = None, failures: Path | None = None):
        self.name, self.voice = name, voice
        self._certificate, self._failures = certificate, failures
        self.said: list[str] = []  # what pages wrote to the console
        self.complaints: list[str] = []  # errors nobody caught, and what the content security policy forbade
        self.start = 0  # where what is heard begins: at the newest `open`

    async def __aenter__(self) -> Browser:
        self._profile = Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        self._exits = contextlib.AsyncExitStack()
        try:
            self.loudspeaker = await self._exits.enter_async_context(Loudspeaker())
            await self._launch()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            await self._tell()
        await self.close()
        if error is None:
            assert not self.complaints, f"pages of {self.name} complained: {self.complaints}"

    async def close(self) -> None:
        """End the browser, as when its window is closed."""
        await self._exits.aclose()
        shutil.rmtree(self._profile, ignore_errors=True)

    async def _tell(self) -> None:
        """What a developer wants to see of a page on which a story failed."""
        with contextlib.suppress(Exception):
            folder = self._failures or Path(tempfile.mkdtemp(prefix="failed-page-"))
            picture = folder / f"{self.name}.png"
            print(f"--- what {self.name} saw ({picture}) ---\n{await self.url()}\n{(await self.text())[:3000]}")
            await self.screenshot(picture)
        print("\n".join(["--- console ---", *self.said[-40:], *self.complaints]))

    # --- what each browser does in its own way ------------------------------------------------------------------

    @abstractmethod
    async def _launch(self) -> None:
        """Start the program; what ends it goes on `self._exits`."""

    @abstractmethod
    async def open(self, url: str) -> None:
        """Go to a page and wait until it is loaded."""

    @abstractmethod
    async def reload(self) -> None: ...

    @abstractmethod
    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression (a promise is awaited), which must be JSON."""

    @abstractmethod
    async def count(self, role: str, name: str) -> int:
        """How many visible things of this role have exactly this accessible name."""

    @abstractmethod
    async def click(self, role: str, name: str) -> None:
        """Wait until the one thing of this role and name can be clicked, and click it."""

    @abstractmethod
    async def fill(self, label: str, text: str) -> None:
        """Type the text into the field with this label, instead of what stands there."""

    @abstractmethod
    async def choose(self, label: str, option: str) -> None:
        """Choose in the list with this label."""

    @abstractmethod
    async def press(self, key: str) -> None:
        """One key, by its name in KeyboardEvent.key."""

    @abstractmethod
    async def screenshot(self, path: Path, width: int = 1440, theme: Theme = "light") -> Path:
        """A picture of the page in a window of this width; the window stays so."""

    # --- what is on the page ------------------------------------------------------------------------------------

    async def url(self) -> str:
        return str(await self.evaluate("location.href"))

    async def text(self) -> str:
        """All text that can be seen, each line without blanks around it."""
        text = str(await self.evaluate("document.body ? document.body.innerText : ''"))
        return "\n".join(" ".join(line.split()) for line in text.split("\n") if line.strip())

    async def sees(self, *texts: str, patience: float = PATIENCE) -> None:
        """Wait until all these texts can be seen."""
        await self._until(self._shown(texts, True), f"{self.name} does not see {texts}", patience)

    async def sees_no(self, *texts: str, patience: float = PATIENCE) -> None:
        """Wait until none of these texts can be seen."""
        await self._until(self._shown(texts, False), f"{self.name} still sees one of {texts}", patience)

    async def finds(self, role: str, name: str, patience: float = PATIENCE) -> None:
        """Wait until there is a visible thing of this role and name."""
        await self._until(lambda: self.count(role, name), f"{self.name} has no {role} {name!r}", patience)

    async def finds_no(self, role: str, name: str, patience: float = PATIENCE) -> None:
        """Wait until there is no visible thing of this role and name."""

        async def gone() -> bool:
            return await self.count(role, name) == 0

        await self._until(gone, f"{self.name} still has a {role} {name!r}", patience)

    async def becomes(self, expression: str, patience: float = PATIENCE) -> None:
        """Wait until a JavaScript expression is true."""
        await self._until(lambda: self.evaluate(f"!!({expression})"), f"{self.name}: not {expression}", patience)

    async def barriers(self) -> list[str]:
        """What axe-core finds serious or critical on the page as it stands."""
        if await self.evaluate("typeof window.axe") != "object":
            await self.evaluate(f"(() => {{ {AXE.read_text()}\n; return 1; }})()")
        found = await self.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
        return [
            f"{each['id']} ({each['impact']}): {each['help']}: {[node['html'][:200] for node in each['nodes'][:5]]}"
            for each in found
            if each["impact"] in GRAVE
        ]

    async def has_no_barriers(self) -> None:
        """axe-core finds nothing serious."""
        found = await self.barriers()
        assert not found, f"{await self.url()}: " + "\n".join(found)

    def _shown(self, texts: tuple[str, ...], wanted: bool) -> Callable[[], Awaitable[bool]]:
        async def ask() -> bool:
            text = await self.text()
            return all((part in text) is wanted for part in texts)

        return ask

    async def _until(self, ask: Callable[[], Awaitable[object]], otherwise: str, patience: float) -> None:
        until = time.monotonic() + patience
        while not await self._answer(ask):
            assert time.monotonic() < until, f"{otherwise} after {patience} s"
            await asyncio.sleep(POLL)

    async def _answer(self, ask: Callable[[], Awaitable[object]]) -> object:
        """While a page is being replaced by the next there is nobody to answer: not yet."""
        try:
            return await ask()
        except self.between_pages:
            return False

    # What a question to a page raises that is going away under it.
    between_pages: tuple[type[Exception], ...] = ()

    # --- what is heard, as of a Phone ---------------------------------------------------------------------------

    def mark(self) -> int:
        """This moment in what is heard."""
        return self.loudspeaker.mark()

    def heard_since(self, mark: int, until: int | None = None) -> Recording:
        return self.loudspeaker.heard_since(mark, until)

    async def listen(self, seconds: float) -> Recording:
        """What is heard from now on for so long."""
        start = self.mark()
        await asyncio.sleep(seconds)
        return self.heard_since(start)

    async def hears(self, *voices: float, heard: float = HEARD, patience: float = PATIENCE) -> int:
        """Wait until all these tones are heard at once for 200 ms; the mark where they were."""
        until = time.monotonic() + patience
        missing = set(voices)
        while time.monotonic() < until:
            start = self.mark()
            await asyncio.sleep(0.24)
            missing = set(voices) - self.heard_since(start).voices(voices, heard)
            if not missing:
                return start
        raise TimeoutError(f"{self.name} does not hear {sorted(missing)}")

    async def hears_prompt(self, name: str, since: int = 0, patience: float = PATIENCE) -> None:
        """Wait until this prompt of the test language has been heard whole."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            await asyncio.sleep(0.05)
            heard = self.heard_since(since or self.start)
            if any(run.end < heard.seconds - 0.04 for run in heard.runs(PROMPTS[name], PROMPT_HEARD, shortest=0.08)):
                return
        raise TimeoutError(f"{self.name} does not hear the prompt {name}")

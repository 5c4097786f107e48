"""The scenes of the stories with browsers: people at real pages, beside the phones of `scene`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.kit.addresses import Network, own_address
from tests.kit.baresip import Phone
from tests.kit.browser import Browser
from tests.kit.cable import Cable
from tests.kit.chromium import Chromium
from tests.kit.recordings import VOICES
from tests.kit.server import Server

from .scene import Stage

# The pages' own chimes lie around 523, 659 and 784 Hz.
VOICES_BESIDE_CHIMES = (VOICES[0], *VOICES[2:])
PASSWORD = "Zither-4711-moss"

# Where the pictures of the pages go that these stories come past; unset: none are taken.
PICTURES = os.environ.get("PARLEY_SCREENSHOTS", "")
SIZES = (1440, 390)


@dataclass
class WebStage(Stage):
    """A running server with people at phones and at browsers. What is said of phones is said of browsers too."""

    host: str = ""  # where browsers find the pages
    cable: Cable | None = None

    async def browsers(self, *names: str) -> list[Browser]:
        """Chromium for each, started at once."""
        made = [self._made(name, Chromium) for name in names]
        for ready in asyncio.as_completed([browser.__aenter__() for browser in made]):
            self._exits.push_async_exit(await ready)
        return made

    async def browser(self, name: str, kind: type[Browser] = Chromium) -> Browser:
        """A browser whose microphone hums a voice of its own."""
        return await self._exits.enter_async_context(self._made(name, kind))

    def _made(self, name: str, kind: type[Browser]) -> Browser:
        voice = self.offered[len(self.phones)]
        browser = kind(name, voice, certificate=self.server.certificate)
        self.phones[name] = browser  # type: ignore[assignment]  # it is listened to like a phone
        self.voices[name], self.loudness[voice] = voice, kind.loudness
        return browser

    def url(self, path: str) -> str:
        return f"https://{self.host}:{self.server.https_port}{path}"

    async def account(self, jid: str, name: str) -> None:
        """Somebody who can sign in by PASSWORD."""
        self.server.never_log(PASSWORD)
        await self.server.command("users", "add", jid, "--name", name, "--password-stdin", stdin=f"{PASSWORD}\n")

    async def signed_in(self, browser: Browser, jid: str, path: str = "/spaces") -> None:
        """At this page, signed in through the sign-in page."""
        await browser.open(self.url(path))
        await browser.fill("Account", jid)
        await browser.fill("Password", PASSWORD)
        await browser.click("button", "Sign in")
        await browser.becomes(f"location.pathname === {json.dumps(path)}")

    async def changes_passcode(self, browser: Browser, space: str, passcode: str) -> None:
        """A member sets the guests' passcode on the page of the space."""
        self.server.never_log(passcode)
        await browser.open(self.url(f"/spaces/{space}"))
        await browser.click("button", "Change Guest passcode")
        await browser.fill("Guest passcode", passcode)
        await browser.click("button", "Save")
        await browser.sees("Saved.")

    async def comes_to_join(self, browser: Browser, path: str, name: str, passcode: str | None = None) -> None:
        """Through the join page, with this name; passcode: typed where it is asked for."""
        await browser.open(self.url(path))
        await self.joins(browser, name, passcode)

    async def comes_as_host(self, browser: Browser, name: str, passcode: str = "12345") -> None:
        """From the first page, by meeting ID and passcode."""
        await browser.open(self.url("/"))
        await browser.fill("Meeting ID or address", "1234")
        await browser.fill("Passcode", passcode)
        await browser.click("button", "Continue")
        await self.joins(browser, name)

    async def phone_guest(self, name: str) -> Phone:
        """A phone that has come through the guests' door of scenario 6.4."""
        phone = await self.caller(name, "global")
        await phone.hears_prompt("enter-pin-or-hash", phone.start)
        await phone.digits("#")
        return phone

    async def joins(self, browser: Browser, name: str, passcode: str | None = None) -> None:
        """From the join page, when the microphone is there."""
        await browser.becomes("document.getElementById('microphone')?.disabled === false")
        await browser.fill("Your name", name)
        if passcode is not None:
            await browser.fill("Passcode", passcode)
        await browser.click("button", "Join")


async def does_to(host: Browser, name: str, deed: str) -> None:
    """A host chooses from somebody's menu in the list of people, which is open."""
    await host.click("button", f"Actions for {name}")
    await host.click("menuitem", deed)


async def does_to_all(host: Browser, deed: str) -> None:
    """A host chooses from the menu of the bar."""
    await host.click("button", "More")
    await host.click("menuitem", deed)


@contextlib.asynccontextmanager
async def web_stage(
    *, beyond_loopback: bool = False, by_cable: bool = False, **settings: str
) -> AsyncIterator[WebStage]:
    """A server for phones and browsers; at the end nobody has heard himself and the server ends cleanly.

    beyond_loopback: browsers are told an address of this machine that is none of loopback, for Firefox sends no sound
    to any other; a cable leads from there to the server. by_cable: `scene.cable` carries all that browsers say.
    """
    network = Network()
    async with contextlib.AsyncExitStack() as exits:
        near = own_address() if beyond_loopback else network.address() if by_cable else ""
        if near:
            settings["MEDIA__WEB_ADDRESSES"] = near
        server = await exits.enter_async_context(Server(network, https=True, **settings))
        scene = WebStage(server, offered=VOICES_BESIDE_CHIMES)
        if near:
            tcp_port = server.https_port if by_cable else 0
            scene.cable = Cable(near, server.address, tcp_port=tcp_port, udp_port=server.web_port)
            await exits.enter_async_context(scene.cable)
        scene.host = near if by_cable else server.address
        async with scene._exits:
            yield scene
            scene.nobody_heard_himself()


async def picture(browser: Browser, name: str) -> None:
    """Pictures of the page as it stands, by this name, where pictures are wanted; wide again afterwards."""
    if not PICTURES:
        return
    for width in reversed(SIZES):
        for theme in ("light", "dark") if isinstance(browser, Chromium) else ("light",):
            await browser.screenshot(Path(PICTURES) / f"{name}-{width}-{theme}.png", width, theme)  # type: ignore[arg-type]

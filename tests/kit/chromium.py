"""Debian's Chromium, driven by Playwright; no browser is downloaded."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import ConsoleMessage, Error, Locator, Page, Playwright, async_playwright

from .browser import HEIGHTS, PATIENCE, Browser, Theme, program
from .recordings import LEVEL, tone, write_wav

FLAGS = (
    *("--headless=new", "--no-sandbox", "--no-first-run", "--no-proxy-server", "--disable-quic", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
    *("--autoplay-policy=no-user-gesture-required", "--allow-loopback-in-peer-connection"),
    "--audio-buffer-size=2048",  # 43 ms: a busy machine is late by less
)
REACHABLE = "html:not(:has(dialog:modal)), dialog:modal"
MICROPHONE = 60.0  # seconds of the sound file, which is played again and again


class Chromium(Browser):
    """One Chromium with a profile of its own. It takes exactly `certificate` for good, beside the usual ones."""

    loudness = LEVEL
    between_pages = (Error,)

    async def _launch(self) -> None:
        microphone = write_wav(self._profile / "microphone.wav", [tone(self.voice, MICROPHONE)], 48000, 1)
        playwright: Playwright = await self._exits.enter_async_context(async_playwright())
        trusted = [f"--ignore-certificate-errors-spki-list={_fingerprint(self._certificate)}"]
        self._context = await playwright.chromium.launch_persistent_context(
            self._profile / "profile",
            executable_path=program("chromium"),
            args=[*FLAGS, f"--use-file-for-fake-audio-capture={microphone}", *(trusted if self._certificate else ())],
            ignore_default_args=["--mute-audio"],
            env=self._environment(),
            viewport={"width": 1440, "height": HEIGHTS[1440]},
            locale="en-US",
            timeout=PATIENCE * 1000,
        )
        self._exits.push_async_callback(self._context.close)
        self._context.set_default_timeout(PATIENCE * 1000)
        self._page: Page = self._context.pages[0]
        self._page.on("console", self._heard_console)
        self._page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _environment(self) -> dict[str, str | float | bool]:
        folder = str(self._profile)
        return {"HOME": folder, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **self.loudspeaker.environment}

    def _heard_console(self, message: ConsoleMessage) -> None:
        self.said.append(f"{message.type}: {message.text}")
        if message.type == "error" and "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    async def open(self, url: str) -> None:
        self.start = self.mark()
        await self._page.goto(url)

    async def reload(self) -> None:
        await self._page.reload()

    async def evaluate(self, expression: str) -> Any:
        return await self._page.evaluate(expression)

    def _thing(self, role: str, name: str) -> Locator:
        """Below an open dialog nothing can be reached."""
        within = self._page.locator("html" if role == "dialog" else REACHABLE)
        return within.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]

    async def count(self, role: str, name: str) -> int:
        return await self._thing(role, name).count()

    async def click(self, role: str, name: str) -> None:
        await self._thing(role, name).click()

    async def fill(self, label: str, text: str) -> None:
        await self._field("textbox", label).fill(text)

    async def choose(self, label: str, option: str) -> None:
        await self._field("combobox", label).select_option(label=option)

    def _field(self, role: str, label: str) -> Locator:
        """A field of passwords has no role, so its label has to do."""
        return self._thing(role, label).or_(self._page.locator(REACHABLE).get_by_label(label, exact=True)).first

    async def press(self, key: str) -> None:
        await self._page.keyboard.press(key)

    async def screenshot(self, path: Path, width: int = 1440, theme: Theme = "light") -> Path:
        await self._page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        await self._page.emulate_media(color_scheme=theme)
        await self._page.screenshot(path=path, full_page=True, animations="disabled")
        return path

    async def copied(self) -> str:
        """What was copied last, in this browser: each has a clipboard of its own."""
        await self._context.grant_permissions(["clipboard-read"])
        text = str(await self.evaluate("navigator.clipboard.readText()"))
        await self._context.clear_permissions()
        return text

    async def offline(self, cut: bool) -> None:
        """Cut this browser off the network, or connect it again."""
        await self._context.set_offline(cut)


def _fingerprint(certificate: Path | None) -> str:
    """SHA-256 of the public key, as Chromium's flag takes it."""
    if certificate is None:
        return ""
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    return base64.b64encode(
        hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    ).decode()

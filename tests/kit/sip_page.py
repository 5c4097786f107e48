"""A page that is a SIP phone (`sip_page.js`), to be opened in a real browser.

async with SipPage() as site, web_stage(SIP__WEBSOCKET_ORIGINS=site.origin) as scene:
    page = await scene.browser("page")
    phone = await site.open(page, "wss://…/sip", "ann", "parley.example", password)
    await phone.do("dial('sip:room@parley.example')")
"""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any

from .browser import Browser
from .web_server import WebServer

SCRIPT = Path(__file__).with_suffix(".js").read_text()
HEAD = '<!doctype html><meta charset="utf-8"><title>Phone</title><link rel="icon" href="data:,">'
PAGE = f'{HEAD}<audio id="ear" autoplay></audio><script>{SCRIPT}</script>'


class SipPage:
    """Where the page is served from: not from the server that it calls."""

    async def __aenter__(self) -> SipPage:
        self._server = await WebServer(files={"/": PAGE.encode()}).__aenter__()
        self.origin = self._server.url
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.__aexit__(kind, error, trace)

    async def open(self, browser: Browser, url: str, user: str, domain: str, password: str) -> PagePhone:
        """The page with its socket open, not registered yet."""
        await browser.open(f"{self.origin}/")
        account = json.dumps({"url": url, "user": user, "domain": domain, "password": password})
        await browser.evaluate(f"(globalThis.phone = new Phone({account})).connect()")
        return PagePhone(browser)


class PagePhone:
    """The phone in the page."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    async def do(self, deed: str) -> Any:
        """A call of one of its methods, or one of its values; what it said and heard is printed where that fails."""
        try:
            return await self.browser.evaluate(f"phone.{deed}")
        except Exception:
            print(await self.trace())
            raise

    async def trace(self) -> str:
        return "\n".join(await self.browser.evaluate("phone.trace"))

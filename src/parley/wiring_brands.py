"""Settings -> the prompts of branding profiles, fetched and kept."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from . import __version__
from .app.brand_keeper import BrandKeeper
from .app.changes import Changes
from .app.ports import MediaEngine, Store
from .backends.fetch import Allowed, OutboundHttp
from .backends.prompt_shelf import FilePromptShelf
from .config import Settings


def brand_keeping(
    settings: Settings, store: Store, engine: MediaEngine, changes: Changes, stack: AsyncExitStack
) -> Coroutine[Any, Any, None]:
    """What runs beside the server; the stack closes the client."""
    web = OutboundHttp(Allowed.of(settings.outbound.allowed_private), f"Parley/{__version__}")
    stack.push_async_callback(web.close)
    shelf = FilePromptShelf(settings.data_dir.absolute() / "branding")
    return BrandKeeper(store, web, shelf, engine, changes, settings.outbound.refresh).run()

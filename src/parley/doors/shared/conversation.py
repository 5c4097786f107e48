"""A socket that is read and written side by side, until one of the two is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine


async def converse(
    reading: Coroutine[None, None, None],
    writing: Coroutine[None, None, None],
    last_words: Callable[[], bool],
    within: float,
    failed: Callable[[Exception], None],
) -> None:
    """When reading is over first, writing has `within` seconds more if there are last words; then both end.

    failed: told what either of them ended with, also where this is cancelled.
    """
    both = asyncio.ensure_future(reading), asyncio.ensure_future(writing)
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if both[0].done() and last_words():
            await asyncio.wait({both[1]}, timeout=within)
    finally:
        for task in both:
            task.cancel()
        for failure in await asyncio.gather(*both, return_exceptions=True):
            if isinstance(failure, Exception):
                failed(failure)

"""A web without a network: bodies by URL, each with a tag; a host can be away."""

from __future__ import annotations

from parley.app.ports import Fetched, FetchFailed, NotThere


class FakeFetcher:
    """asked: URLs in order. away: hosts that do not answer."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.away: set[str] = set()
        self.asked: list[str] = []

    async def fetch(self, url: str, *, most_bytes: int, seconds: float, tag: str = "") -> Fetched | None:
        self.asked.append(url)
        if url.split("/")[2] in self.away:
            raise FetchFailed("no answer", of_the_server=True)
        body = self.files.get(url)
        if body is None:
            raise NotThere("the server said 404")
        if len(body) > most_bytes:
            raise FetchFailed(f"more than {most_bytes} bytes")
        fresh = f'"{hash(body)}"'
        return None if fresh == tag else Fetched(body, fresh)

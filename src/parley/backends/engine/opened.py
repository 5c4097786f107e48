"""What control remembers of an open leg, so that it can be opened again where its worker is lost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import msgspec

from ...core.ids import LegId, SpaceId
from ...engine import messages as m
from .media_worker import MediaWorker
from .worker import Builder


def _same_keys(before: m.LegMedia, after: m.LegMedia) -> bool:
    """Whether what the far end sends is protected as before."""
    if after.dtls is not None:
        return before.dtls is not None and after.dtls.fingerprint.upper() == before.dtls.fingerprint.upper()
    return after.srtp is not None and before.srtp is not None and after.srtp.theirs == before.srtp.theirs


@dataclass(slots=True, eq=False)
class OpenedLeg:
    """space: whose meeting it is to be in, where that was known. wanted: the worker it is to be on; worker: the one it
    is on, or is on its way to.

    ready: it is open on `worker`. A phone's leg comes back by itself; a browser's is `lost` until its far end is
    described anew.
    """

    leg: LegId
    local: str
    media: m.LegMedia
    port: int
    space: SpaceId | None
    worker: MediaWorker
    wanted: MediaWorker
    playing: m.Play | None = None
    keys: list[Builder] = field(default_factory=list)  # asked for while it was not open
    stream: m.StreamState | None = None
    statistics: m.LegStatistics | None = None
    lost: bool = False
    losses: int = 0  # how often it was told so
    moving: bool = False
    closed: bool = False
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_browsers(self) -> bool:
        return self.media.web is not None

    @property
    def can_come_back(self) -> bool:
        """Keys of a handshake that only a dead worker knew cannot be agreed again without the far end."""
        return self.media.dtls is None or (self.stream is not None and self.stream.agreed is not None)

    def send_keys(self) -> None:
        """Those that were asked for while it was not open."""
        keys, self.keys = self.keys, []
        for press in keys:
            self.worker.tell(press)

    def describe(self, media: m.LegMedia) -> None:
        """Take over what was negotiated; what was learnt of the former stream and is void with it is forgotten."""
        before, self.media = self.media, media
        stream = self.stream
        if stream is None:
            return
        if (media.remote_host, media.remote_port) != (before.remote_host, before.remote_port):
            stream = msgspec.structs.replace(stream, source=None, reports_from=None)
        if not _same_keys(before, media):
            stream = msgspec.structs.replace(stream, heard={}, agreed=None)
        self.stream = stream

    def opening(self, number: int) -> m.OpenLeg:
        """Open it on the very port that it had."""
        port = 0 if self.is_browsers else self.port
        return m.OpenLeg(id=number, leg=self.leg, local=self.local, media=self.media, port=port, stream=self.stream)


def numbered(request: m.Play | m.SetMedia, number: int) -> m.Message:
    return msgspec.structs.replace(request, id=number)

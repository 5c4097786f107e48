"""Recurring conferences: the series whole, and its occurrences one by one (huawei-api 2.3)."""

from __future__ import annotations

from typing import Any

from .conference_codecs import MediaTypes
from .conference_fields import CANCELLED, CONFERENCE, OCCURRENCE
from .conference_requests import occurrence_edit
from .conferences import BASE, Desk
from .requests import Reply, Request
from .router import Route


class SeriesRoutes:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._conferences = desk.conferences

    def routes(self) -> list[Route]:
        series, occurrence = f"{BASE}/cycleconferences", f"{BASE}/conferences/cyclesubconf"
        return [
            Route("POST", series, self.create, tables=(CONFERENCE,)),
            Route("PUT", series, self.change, tables=(CONFERENCE,)),
            Route("DELETE", series, self.cancel),
            Route("PUT", occurrence, self.change_one, tables=(OCCURRENCE,)),
            Route("DELETE", occurrence, self.cancel_some, tables=(CANCELLED,)),
        ]

    async def create(self, request: Request) -> Reply:
        return await self._desk.book(request, series=True)

    async def change(self, request: Request) -> Any:
        return await self._desk.change(request, series=True)

    async def cancel(self, request: Request) -> None:
        number = request.required("conferenceID", 32)
        ending = request.integer("type", 0, 0, 1) == 1
        await self._conferences.cancel(request.actor, number, end_running=ending)

    async def change_one(self, request: Request) -> None:
        number = request.required("conferenceID", 32)
        wish = OCCURRENCE.parse(request.body)
        media = MediaTypes().render(wish.values["wanted_media"])
        edit = occurrence_edit(wish, media)
        await self._conferences.change_occurrence(request.actor, number, wish.values["id"], edit)

    async def cancel_some(self, request: Request) -> None:
        number = request.required("conferenceID", 32)
        ids = CANCELLED.parse(request.body).values["ids"]
        ending = request.integer("type", 0, 0, 1) == 1
        await self._conferences.cancel_occurrences(request.actor, number, ids, end_running=ending)

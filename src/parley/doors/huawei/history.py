"""What took place: list, detail, who was there, and what was commanded (huawei-api 2.2)."""

from __future__ import annotations

from typing import Any

from ...app.booking import ConferenceRecord
from ...app.conference_control import Command, ConferenceControl
from ...core.conferences import Attendance, AttendeeKind
from ...core.refusals import Refusal
from .codecs import BadValue, Milliseconds, Text, core_id
from .conference_fields import KIND_WORD
from .conferences import BASE, SEARCHED_MOST, Desk, detail, everybody
from .errors import HuaweiError
from .fields import Access, Field, Table
from .requests import Request, listing
from .router import Route

GONE = "MMC.111070005"
# Sorts by recording are taken, for nothing is recorded yet: they leave the order of time.
SORTS = {"ASC_StartTIME": False, "DSC_StartTIME": True, "ASC_RecordTYPE": False, "DSC_RecordTYPE": True}

_OUT = Access.READ_ONLY
ATTENDANCE = Table(
    "ConfAttendeeRecordInfo",
    "2.2",
    (
        Field("displayName", Text(96), "name", access=_OUT),
        Field("callNumber", Text(127), "address", access=_OUT),
        Field("deviceType", Text(32), "kind", access=_OUT),
        Field("joinTime", Milliseconds(), "joined", access=_OUT),
        Field("leftTime", Milliseconds(), "left", access=_OUT),
        Field("mediaType", Text(32), "media", access=_OUT, default="Voice"),
        Field("deptName", Text(128), "department", access=_OUT, default=""),
    ),
)
CONTROL_RECORD = Table(
    "ConfCtlRecordInfo",
    "2.2",
    (
        Field("operateTime", Milliseconds(), "at", access=_OUT),
        Field("operateSource", Text(64), "source", access=_OUT),
        Field("operator", Text(127), "operator", access=_OUT),
        Field("operateCode", Text(64), "code", access=_OUT),
        Field("operationObject", Text(127), "object", access=_OUT),
        Field("operateResult", Text(32), "result", access=_OUT),
        Field("detail", Text(1000), "detail", access=_OUT),
    ),
)


class HistoryRoutes:
    def __init__(self, desk: Desk, control: ConferenceControl) -> None:
        self._desk = desk
        self._control = control
        self._conferences = desk.conferences

    def routes(self) -> list[Route]:
        base = f"{BASE}/conferences/history"
        return [
            Route("GET", base, self.list),
            Route("GET", f"{base}/confDetail", self.detail),
            Route("GET", f"{base}/confAttendeeRecord", self.attendance),
            Route("GET", f"{base}/confCtlRecord", self.commands),
        ]

    async def list(self, request: Request) -> dict[str, Any]:
        offset, limit = request.span(20)
        first, last = moment(request, "startDate"), moment(request, "endDate")
        page = await self._conferences.history(
            request.actor,
            first,
            last,
            offset=offset,
            limit=limit,
            everybody=everybody(request),
            search=request.text("searchKey", SEARCHED_MOST),
            sort_descending=request.word("sortType", SORTS, False),
        )
        rows = [self._desk.info(request.actor, record, occurrence=record.current) for record in page.items]
        return listing(offset, limit, page.total, rows)

    async def detail(self, request: Request) -> dict[str, Any]:
        record = await self._of(request)
        return detail(self._desk, request, record, occurrence=record.current)

    async def attendance(self, request: Request) -> dict[str, Any]:
        record = await self._of(request)
        offset, limit = request.span(20)
        search = (request.text("searchKey", SEARCHED_MOST) or "").casefold()
        every = await self._conferences.attendance(request.actor, record.current.id)
        found = [stay for stay in every if search in f"{stay.name}\n{stay.address}".casefold()]
        return listing(offset, limit, len(found), [shown_stay(stay) for stay in found[offset : offset + limit]])

    async def commands(self, request: Request) -> dict[str, Any]:
        """What hosts ordered while it ran, oldest first."""
        record = await self._of(request)
        offset, limit = request.span(20)
        every = await self._control.commands(record)
        return listing(offset, limit, len(every), [shown_command(one) for one in every[offset : offset + limit]])

    async def _of(self, request: Request) -> ConferenceRecord:
        """The occurrence of confUUID, as the only one of its record. Raises HuaweiError."""
        id = core_id(request.required("confUUID", 64))
        try:
            return await self._conferences.history_of(request.actor, id or "")
        except Refusal:
            raise HuaweiError(GONE, "confUUID: there is no such conference") from None


def moment(request: Request, name: str) -> Any:
    """A time of the query, epoch milliseconds. Raises HuaweiError."""
    try:
        return Milliseconds().parse(request.required(name, 20))
    except BadValue as bad:
        raise request.bad(name, str(bad)) from None


def shown_stay(stay: Attendance) -> dict[str, Any]:
    kind = KIND_WORD[AttendeeKind(stay.kind)] if stay.kind in {*AttendeeKind} else stay.kind
    values = {"name": stay.name, "address": stay.address, "kind": kind, "joined": stay.joined, "left": stay.left}
    return ATTENDANCE.render(values)


def shown_command(command: Command) -> dict[str, Any]:
    values = {
        "at": command.at,
        "source": command.source,
        "operator": command.who,
        "code": command.what,
        "object": command.object,
        "result": "0",
        "detail": f"{command.what} {command.object}".strip(),
    }
    return CONTROL_RECORD.render(values)

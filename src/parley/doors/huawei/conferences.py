"""conferences: booking, changing, cancelling, listing, starting and the check before joining (huawei-api 1, 2.2)."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

from ...app.booking import Actor, ConferenceRecord
from ...app.booking_desk import BookingDesk, Named, Once, fingerprint
from ...app.conference_reading import Within, role_of
from ...app.conferences import Conferences
from ...app.editing import KEEP, Kept
from ...app.ports import Clock, Page
from ...core.conferences import Attendee, OccurrenceState, Series
from ...core.ids import SpaceId, UserId
from ...core.profiles import EntryScope
from ...core.refusals import Refusal
from ...core.secret import Secret
from ...core.spaces import Role
from .codecs import core_id
from .conference_answers import Place, conference_info, participant_info, role_word
from .conference_fields import CONFERENCE, START
from .conference_requests import attendees_of, booking, series_of, wants_series
from .errors import HuaweiError
from .fields import Parsed
from .requests import Reply, Request, listing
from .router import Auth, Route

BASE = "/v1/mmc/management"
KEY_MOST = 255  # characters of an Idempotency-Key
SEARCHED_MOST = 128

GONE = "MMC.111070005"
WRONG_PASSWORD = "MMC.111071091"
VMR_FLAG_FIXED = "MMC.111071114"
VMR_ID_FIXED = "MMC.111071113"
# Whom a conference does not let in who has proven nothing but its password.
CLOSED = {EntryScope.TENANT: "MMC.111071074", EntryScope.INVITED: "MMC.111071075"}
WITHIN = {"ADAY": Within.DAY, "AWEEK": Within.WEEK, "AMONTH": Within.MONTH, "ALL": Within.ALL}
SORTS = {"ASC_StartTIME": False, "DSC_StartTIME": True}


@dataclass(frozen=True, slots=True)
class Desk:
    """What the handlers of conferences and of series share."""

    conferences: Conferences
    booking: BookingDesk
    clock: Clock
    place: Place

    async def book(self, request: Request, *, series: bool) -> Reply:
        """series: the request must be one, as on the path of series."""
        parsed = CONFERENCE.parse(request.body)
        wants = wants_series(parsed, always=series)
        behalf = on_behalf(request)
        attendees = await self.attendees(request.actor, parsed)
        wish = booking(
            parsed,
            attendees=() if isinstance(attendees, Kept) else attendees,
            series=await self._series(request.actor, parsed) if wants else None,
            room=await self._room(request.actor, parsed, behalf),
            on_behalf=behalf,
            create=True,
        )
        body = await self.booking.book(
            request.actor, wish, once_of(request), lambda record: self._bytes(request, record)
        )
        return Reply(json.loads(body))

    def _bytes(self, request: Request, record: ConferenceRecord) -> bytes:
        return json.dumps([self.info(request.actor, record)], ensure_ascii=False).encode()

    async def change(self, request: Request, *, series: bool) -> list[Any]:
        """Change what is sent, keep what is not."""
        number = request.required("conferenceID", 32)
        parsed = CONFERENCE.parse(request.body, partial=True)
        actor = request.actor
        before = await self.conferences.show(actor, number)
        is_series = before.conference.series is not None
        if series and not is_series:
            raise Refusal("not-a-series", number=number)
        check_place(parsed, before)
        rule: Series | Kept | None = KEEP
        if is_series:
            zone = parsed.get("zone", before.conference.zone)
            rule = series_of(parsed, self.clock.utc(), zone, before.conference.series)
        elif parsed.get("type") or "series" in parsed.values:
            rule = await self._series(actor, parsed)  # refused: a single conference stays one
        wish = booking(
            parsed, attendees=await self.attendees(actor, parsed), series=rule, is_series=is_series, create=False
        )
        return [self.info(actor, await self.conferences.change(actor, number, wish))]

    def info(self, actor: Actor, record: ConferenceRecord, **more: Any) -> dict[str, Any]:
        host = role_of(actor, record.conference) is Role.HOST
        return conference_info(record, self.place, host=host, **more)

    async def attendees(self, actor: Actor, parsed: Parsed) -> tuple[Attendee, ...] | Kept:
        if "attendees" not in parsed.values:
            return KEEP
        given: tuple[Parsed, ...] = parsed.values["attendees"]
        named = [
            Named(core_id(one.get("user_id", "")), one.get("account"), third=bool(one.get("app_id"))) for one in given
        ]
        return attendees_of(given, await self.booking.people(actor, named))

    async def _series(self, actor: Actor, parsed: Parsed) -> Series | Kept:
        zone = parsed.get("zone") or await self.booking.zone(actor)
        return series_of(parsed, self.clock.utc(), zone)

    async def _room(self, actor: Actor, parsed: Parsed, behalf: UserId | None) -> SpaceId | None:
        if not parsed.get("in_room"):
            return None
        wanted = parsed.get("room") or None
        return await self.booking.room(actor, behalf, None if wanted is None else core_id(wanted) or wanted)


def on_behalf(request: Request) -> UserId | None:
    """Raises HuaweiError."""
    text = request.text("userUUID", 64)
    if text is None:
        return None
    id = core_id(text)
    if id is None:
        raise request.bad("userUUID", "must be 32 hexadecimal digits")
    return UserId(id)


def check_place(parsed: Parsed, before: ConferenceRecord) -> None:
    """Where it takes place cannot change; naming what holds is no change. Raises HuaweiError."""
    in_room = not before.conference.own_space
    if parsed.get("in_room", in_room) is not in_room:
        raise HuaweiError(VMR_FLAG_FIXED, "vmrFlag: cannot change")
    wanted = parsed.get("room")
    if wanted and (core_id(wanted) or wanted) != before.conference.space:
        raise HuaweiError(VMR_ID_FIXED, "vmrID: cannot change")


def once_of(request: Request) -> Once | None:
    """Of the Idempotency-Key. Raises HuaweiError."""
    key = request.header("Idempotency-Key").strip()
    if not key:
        return None
    if len(key) > KEY_MOST or not key.isascii() or not key.isprintable():
        raise request.bad("Idempotency-Key", f"must be at most {KEY_MOST} visible ASCII characters")
    user = request.text("userUUID", 64) or ""
    scope = f"huawei {request.actor.user} {request.method} {request.path}"
    return Once(scope, key, fingerprint(user.encode(), request.raw))


class ConferenceRoutes:
    """The operations."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._conferences = desk.conferences

    def routes(self) -> list[Route]:
        base = f"{BASE}/conferences"
        return [
            Route("POST", base, self.create, tables=(CONFERENCE,)),
            Route("PUT", base, self.change, tables=(CONFERENCE,)),
            Route("DELETE", base, self.cancel),
            Route("GET", base, self.list),
            Route("GET", f"{base}/confDetail", self.detail),
            Route("GET", f"{base}/online", self.online),
            Route("GET", f"{base}/online/confDetail", self.online_detail),
            Route("POST", f"{base}/start", self.start, tables=(START,)),
            Route("GET", f"{base}/region/info", self.region),
            Route("GET", f"{base}/region/random", self.region),
            Route("GET", f"{base}/anonymous/auth", self.anonymous, Auth.NONE),
            Route("GET", "/v2/mms/ncms/conferences/auth/random", self.random, Auth.NONE),
        ]

    async def create(self, request: Request) -> Reply:
        return await self._desk.book(request, series=False)

    async def change(self, request: Request) -> Any:
        return await self._desk.change(request, series=False)

    async def cancel(self, request: Request) -> None:
        number = request.required("conferenceID", 32)
        ending = request.integer("type", 0, 0, 1) == 1
        await self._conferences.cancel(request.actor, number, end_running=ending)

    async def list(self, request: Request) -> dict[str, Any]:
        offset, limit = request.span(20)
        page = await self._conferences.list(
            request.actor,
            offset=offset,
            limit=limit,
            everybody=everybody(request),
            search=request.text("searchKey", SEARCHED_MOST),
            within=request.word("queryConfMode", WITHIN, Within.ALL),
            sort_descending=request.word("sortType", SORTS, False),
        )
        return self._page(request, offset, limit, page)

    async def online(self, request: Request) -> dict[str, Any]:
        offset, limit = request.span(20)
        page = await self._conferences.running(
            request.actor,
            offset=offset,
            limit=limit,
            everybody=everybody(request),
            search=request.text("searchKey", SEARCHED_MOST),
        )
        return self._page(request, offset, limit, page)

    async def detail(self, request: Request) -> dict[str, Any]:
        """One that is booked or runs, with the invited people."""
        record = await self._conferences.show(request.actor, request.required("conferenceID", 32))
        return detail(self._desk, request, record)

    async def online_detail(self, request: Request) -> dict[str, Any]:
        record = await self._conferences.show(request.actor, request.required("conferenceID", 32))
        if record.current.state is not OccurrenceState.RUNNING:
            raise HuaweiError(GONE, "conferenceID: does not run")
        return detail(self._desk, request, record)

    # --- before joining ----------------------------------------------------------------------------------------

    async def start(self, request: Request) -> dict[str, Any]:
        """Without a host's device: by the password alone."""
        wish = START.parse(request.body)
        number = wish.values["number"]
        try:
            await self._conferences.start(number, wish.values["password"], request.source)
        except Refusal as refusal:
            raise refused_password(refusal, "password") from None
        return {"uuid": "", "regionIP": self._desk.place.links.host}

    async def region(self, request: Request) -> dict[str, Any]:
        host = self._desk.place.links.host
        if request.path.endswith("/random"):
            return {"regionIP": host, "uuid": request.id}
        await self._conferences.show(request.actor, request.required("conferenceID", 32))
        return {"regionIP": host, "regionUrl": self._desk.place.links.base}

    async def anonymous(self, request: Request) -> dict[str, Any]:
        """The random value is the asker's from now on; it stands for no right."""
        await self._check(request, request.required("conferenceID", 32))
        return {"siteUrl": self._desk.place.links.host, "random": fresh_random()}

    async def random(self, request: Request) -> dict[str, Any]:
        record = await self._check(request, request.required("conf_id", 32))
        return {
            "random": fresh_random(),
            "subject": record.conference.subject,
            "conf_mode": "COMMON",
            "webinar": False,
            "need_password": record.guest.passcode is not None,
            "support_applets": False,
        }

    async def _check(self, request: Request, number: str) -> ConferenceRecord:
        """Somebody unknown asks to come in. Raises HuaweiError."""
        password = Secret(request.header("X-Password")[:64])
        try:
            record, role = await self._conferences.authenticate(number, password, request.source)
        except Refusal as refusal:
            raise refused_password(refusal, "X-Password") from None
        scope = (record.current.rules or record.rules).entry_scope
        if role is not Role.HOST and scope in CLOSED:
            raise HuaweiError(CLOSED[scope], "conferenceID: does not let everybody in")
        return record

    def _page(self, request: Request, offset: int, limit: int, page: Page[ConferenceRecord]) -> dict[str, Any]:
        rows = [self._desk.info(request.actor, record) for record in page.items]
        return listing(offset, limit, page.total, rows)


def refused_password(refusal: Refusal, wire: str) -> HuaweiError:
    """A wrong password and an unknown conference look alike."""
    if refusal.code == "locked-out":
        return HuaweiError("MMC.111071052", f"{wire}: too many wrong tries; wait a while")
    if refusal.code == "not-permitted":
        return HuaweiError("MMC.111071004", f"{wire}: is the guests', who may not start this conference")
    return HuaweiError(WRONG_PASSWORD, f"{wire}: is wrong, or there is no such conference")


def everybody(request: Request) -> bool:
    """Others than administrators see their own, whatever they ask for (huawei-api 2.2)."""
    return bool(request.flag("queryAll", False))


def detail(desk: Desk, request: Request, record: ConferenceRecord, **more: Any) -> dict[str, Any]:
    """X-Type 2 asks for people or terminals alone, as X-Query-Type says."""
    offset, limit = request.span(20)
    search = (request.text("searchKey", SEARCHED_MOST) or "").casefold()
    people = [participant_info(one) for one in record.conference.attendees]
    if request.header("X-Type").strip() == "2":
        terminals = request.header("X-Query-Type").strip() == "1"
        people = [one for one in people if (one["attendeeType"] in TERMINALS) is terminals]
    found = [one for one in people if search in f"{one.get('name', '')}\n{one.get('participantID', '')}".casefold()]
    role = role_word(role_of(request.actor, record.conference))
    return {
        "conferenceData": desk.info(request.actor, record, role=role, **more),
        "data": listing(offset, limit, len(found), found[offset : offset + limit]),
    }


TERMINALS = ("terminal", "telepresence", "ideahub", "board", "hwvision", "customnumber")


def fresh_random() -> str:
    """48 hexadecimal digits that say nothing."""
    return secrets.token_hex(24)

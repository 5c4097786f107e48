"""Display modes, layouts, cameras and sharing of a running conference: kept and told on (huawei-api 2.4).

They act when pictures are composed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from . import control_fields as fields
from .commander import BASE, Commander, Who, leg_of
from .control_fields import LAYOUT_PICTURE
from .errors import HuaweiError
from .fields import Parsed, Table
from .live_state import LAYOUTS_MOST, Mode
from .requests import Request
from .router import Auth, Handler, Route

SUCCESS = {"returnCode": 0, "returnDesc": "SUCCESS"}
TOO_MANY_LAYOUTS = "MMC.111071085"
SINGLE_WITHOUT_VAS = "MMC.111071061"


class Pictures:
    def __init__(self, commander: Commander) -> None:
        self._commander = commander

    def routes(self) -> list[Route]:
        def put(path: str, handler: Handler, *tables: Table) -> Route:
            return Route("PUT", f"{BASE}/{path}", handler, Auth.CONTROL, tables)

        return [
            put("display/mode", self.mode, fields.MODE),
            put("display/customMultiPicture", partial(self.keep, fields.CUSTOM_PICTURE), fields.CUSTOM_PICTURE),
            put("display/multiPicture", partial(self.keep, fields.SIMPLE_PICTURE), fields.SIMPLE_PICTURE),
            put("chairView", partial(self.view, fields.HOST_VIEW), fields.HOST_VIEW),
            put("partView", partial(self.view, fields.VIEW), fields.VIEW),
            put("lockView", partial(self.view, fields.LOCK_VIEW), fields.LOCK_VIEW),
            put("participants/video", self.camera, fields.CAMERA),
            put("participants/share/invite", self.share, fields.SHARE),
            put("allowClientRecord", self.client_record, fields.CLIENT_RECORD),
            put("layOut", self.save_layout, fields.LAYOUT),
            Route("GET", f"{BASE}/layOut", self.layouts, Auth.CONTROL),
            Route("DELETE", f"{BASE}/layOut", self.delete_layout, Auth.CONTROL),
        ]

    async def mode(self, request: Request) -> dict[str, Any]:
        """One picture alone only where the speaker chooses it (huawei-api 2.4)."""
        wish = fields.MODE.parse(request.body)
        mode, multi = wish.values["mode"], wish.values["multi"]
        if not multi and mode != "VAS":
            raise HuaweiError(SINGLE_WITHOUT_VAS, "imageType: a single picture needs switchMode VAS")
        running = await self._commander.running(request)
        state = self._commander.state(running)
        state.pictures.update(switchMode=mode, multi=int(multi))
        state.mode = Mode.FIXED if mode == "Fixed" else Mode.FREE
        self._commander.dirty(running)
        return SUCCESS

    async def keep(self, table: Table, request: Request) -> dict[str, Any]:
        wish = table.parse(request.body)
        running = await self._commander.running(request)
        self._commander.state(running).pictures["display"] = rendered(table, wish)
        self._commander.dirty(running)
        return SUCCESS

    async def view(self, table: Table, request: Request) -> dict[str, Any]:
        wish = table.parse(request.body)
        running = await self._commander.running(request)
        if wish.get("id"):
            leg_of(running, wish.values["id"], "participantID")
        self._commander.state(running).pictures[table.name] = rendered(table, wish)
        return SUCCESS

    async def camera(self, request: Request) -> None:
        wish = fields.CAMERA.parse(request.body)
        running = await self._commander.running(request)
        leg = self._commander.named(request, running)
        closed = self._commander.state(running).cameras_closed
        (closed.add if wish.values["closed"] else closed.discard)(leg.participant)
        self._commander.dirty(running)

    async def share(self, request: Request) -> None:
        wish = fields.SHARE.parse(request.body)
        running = await self._commander.running(request)
        leg = self._commander.named(request, running)
        self._commander.state(running).asked_to_share = leg.participant if wish.values["share"] else None
        self._commander.dirty(running)

    async def client_record(self, request: Request) -> None:
        wish = fields.CLIENT_RECORD.parse(request.body)
        running = await self._commander.running(request)
        leg = self._commander.named(request, running)
        recorders = self._commander.state(running).recorders
        (recorders.add if wish.values["allowed"] else recorders.discard)(leg.participant)
        self._commander.dirty(running)

    # --- kept layouts ------------------------------------------------------------------------------------------

    async def save_layout(self, request: Request) -> dict[str, Any]:
        layout = fields.LAYOUT.parse(request.body).part("layout")
        running = await self._commander.running(request)
        layouts = self._commander.state(running).layouts
        id = layout.get("uuid") or uuid4().hex
        if id not in layouts and len(layouts) >= LAYOUTS_MOST:
            raise HuaweiError(TOO_MANY_LAYOUTS, f"restPicLayout: more than {LAYOUTS_MOST} are kept")
        layouts[id] = {**rendered(LAYOUT_PICTURE, layout), "uuid": id}
        return SUCCESS

    async def layouts(self, request: Request) -> dict[str, Any]:
        running = await self._commander.running(request, Who.ANYBODY)
        return {**SUCCESS, "picLayouts": list(self._commander.state(running).layouts.values())}

    async def delete_layout(self, request: Request) -> dict[str, Any]:
        id = request.required("uuID", 64)
        running = await self._commander.running(request)
        if self._commander.state(running).layouts.pop(id, None) is None:
            raise request.bad("uuID", "there is no such layout")
        return SUCCESS


def rendered(table: Table, wish: Parsed) -> dict[str, Any]:
    """As it came, with the JSON type of each field."""
    shown: dict[str, Any] = {}
    for row in table.fields:
        if row.attribute not in wish.values:
            continue
        value = wish.values[row.attribute]
        shown[row.wire] = _plain(row.codec.table, value) if row.codec.table else row.codec.render(value)
    return shown


def _plain(table: Table, value: Any) -> Any:
    if isinstance(value, Parsed):
        return rendered(table, value)
    if isinstance(value, tuple):
        return [_plain(table, one) for one in value]
    return dict(value) if isinstance(value, Mapping) else value

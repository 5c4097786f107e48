"""Users, administrators and the directory (huawei-api 2.6, 2.10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...app.accounts import AccountEdit, AccountQuery, Accounts, Naming
from ...app.departments import ROOT, Departments, Tree
from ...app.editing import KEEP
from ...app.passwords import Passwords
from ...app.ports import Clock
from ...app.rooms import Rooms
from ...core.people import AdministratorLevel, User
from ...core.spaces import SpaceKind
from .account_fields import (
    ADMINISTRATOR,
    ADMINISTRATOR_ROW,
    CHANGED_USER,
    DIRECTORY_ROW,
    MYSELF,
    NEW_USER,
    STATUS,
    USER,
    USER_ROW,
)
from .codecs import BadValue, core_id
from .corporation import Corporation, corporation_id, signed_in_name
from .errors import HuaweiError
from .fields import Parsed, extras_of
from .requests import Request, listing
from .rooms import rooms_of, user_room
from .router import Route

ACCOUNTS_MOST = 100  # in one request
SILENT = "0"  # of sendNotify
USER_TYPE = 2  # an ordinary member: the only type there is

Key = Callable[[User], Any]

SORTS: dict[str, Key] = {
    "userType": lambda _: USER_TYPE,
    "adminType": lambda user: list(AdministratorLevel).index(user.level),
    "ldapAccount": lambda user: user.account or user.jid,
    "deptCode": lambda user: user.department,
    "status": lambda user: not user.enabled,
    "sortLevel": lambda user: int(extras_of(user).get("sortLevel", "10000")),
}
LEVELS = dict(enumerate((AdministratorLevel.DEFAULT, AdministratorLevel.ADMINISTRATOR, AdministratorLevel.NONE)))


@dataclass(frozen=True, slots=True)
class UserDoor:
    """The operations. domain: that of sign-in names without one."""

    accounts: Accounts
    departments: Departments
    passwords: Passwords
    corporation: Corporation
    clock: Clock
    domain: str
    rooms: Rooms

    def routes(self) -> list[Route]:
        member, admin, abs = "/v1/usg/dcs/corp/member", "/v1/usg/dcs/corp/admin", "/v1/usg/abs/users"
        return [
            Route("POST", member, self.create, tables=(NEW_USER,)),
            Route("GET", member, self.index),
            Route("GET", f"{member}/{{account}}", self.show),
            Route("PUT", f"{member}/{{account}}", self.change, tables=(CHANGED_USER,)),
            Route("POST", f"{member}/delete", self.delete),
            Route("PUT", f"{member}/status/{{value}}", self.set_status),
            Route("GET", "/v1/usg/dcs/member", self.show_me),
            Route("PUT", "/v1/usg/dcs/member", self.change_me, tables=(MYSELF,)),
            Route("POST", admin, self.add_administrator, tables=(ADMINISTRATOR,)),
            Route("GET", admin, self.administrators),
            Route("GET", f"{admin}/{{account}}", self.administrator),
            Route("POST", f"{admin}/delete", self.remove_administrators),
            Route("GET", abs, self.directory),
            Route("POST", f"{abs}/list", self.directory_entries),
        ]

    # --- users -------------------------------------------------------------------------------------------------

    async def create(self, request: Request) -> Any:
        parsed = NEW_USER.parse(request.body)
        account, third = parsed.get("account"), parsed.get("third_account")
        password = parsed.get("password")
        # Whoever is known to an application alone signs in by it.
        told = bool(account and parsed.get("email")) and parsed.get("notify") != SILENT
        first = await self.passwords.first(
            password if password is not None and password.reveal() else None,
            tuple(name.partition("@")[0] for name in (account, third) if name),
            tells=told,
        )
        user = await self.accounts.create(
            request.actor,
            _edit(parsed),
            account=account,
            third_account=third,
            password=first,
            changed=self.clock.utc(),
        )
        return await self._shown(user)

    async def index(self, request: Request) -> Any:
        offset, limit = request.span(10)
        if not request.actor.administers:
            raise HuaweiError("USG.000000005", "X-Access-Token: is not an administrator's")
        order = request.word("sortField", SORTS)
        enabled = request.integer("status", None, 0, 1)
        levels = request.integer("adminType", None, 0, 2)
        tree = await self.departments.tree(request.actor.tenant)
        types = request.texts("userType")
        if types and str(USER_TYPE) not in types:
            return listing(offset, limit, 0, [])
        query = AccountQuery(
            offset,
            limit,
            contains=request.text("searchKey", 128),
            departments=_departments(request, tree, "enableSubDept"),
            level=None if levels is None else frozenset({LEVELS[levels]}),
            enabled=None if enabled is None else enabled == 0,
            order=order,
            ascending=request.flag("isAsc", True) is not False,
        )
        page = await self.accounts.page(request.actor, query)
        rows = [USER_ROW.render(await self._values(user, tree), extras_of(user)) for user in page.items]
        return listing(offset, limit, page.total, rows)

    async def show(self, request: Request) -> Any:
        return await self._shown(
            await self.accounts.find(request.actor, request.parameters["account"], _naming(request))
        )

    async def change(self, request: Request) -> Any:
        edit = _edit(CHANGED_USER.parse(request.body))
        user = await self.accounts.change(request.actor, request.parameters["account"], _naming(request), edit)
        return await self._shown(user)

    async def delete(self, request: Request) -> None:
        await self.accounts.delete(request.actor, request.strings(ACCOUNTS_MOST), _naming(request))

    async def set_status(self, request: Request) -> None:
        try:
            enabled = STATUS.parse(request.parameters["value"])
        except BadValue as bad:
            raise request.bad("value", str(bad)) from None
        await self.accounts.set_enabled(request.actor, request.strings(ACCOUNTS_MOST), _naming(request), enabled)

    async def show_me(self, request: Request) -> Any:
        return await self._shown(await self.accounts.get(request.actor.user))

    async def change_me(self, request: Request) -> Any:
        edit = _edit(MYSELF.parse(request.body))
        return await self._shown(await self.accounts.change_oneself(request.actor, edit))

    # --- administrators ----------------------------------------------------------------------------------------

    async def add_administrator(self, request: Request) -> None:
        account = ADMINISTRATOR.parse(request.body).get("account")
        await self.accounts.set_level(request.actor, [account], _naming(request), AdministratorLevel.ADMINISTRATOR)

    async def remove_administrators(self, request: Request) -> None:
        accounts = request.strings(ACCOUNTS_MOST)
        await self.accounts.set_level(request.actor, accounts, _naming(request), AdministratorLevel.NONE)

    async def administrators(self, request: Request) -> Any:
        offset, limit = request.span(10)
        if not request.actor.administers:
            raise HuaweiError("USG.000000005", "X-Access-Token: is not an administrator's")
        levels = frozenset({AdministratorLevel.DEFAULT, AdministratorLevel.ADMINISTRATOR})
        query = AccountQuery(offset, limit, contains=request.text("searchKey", 128), level=levels)
        page = await self.accounts.page(request.actor, query)
        tree = await self.departments.tree(request.actor.tenant)
        rows = [await self._administrator(user, tree) for user in page.items]
        return listing(offset, limit, page.total, rows)

    async def administrator(self, request: Request) -> Any:
        user = await self.accounts.find(request.actor, request.parameters["account"], _naming(request))
        if user.level is AdministratorLevel.NONE:
            raise HuaweiError("USG.206030000", "account: is not an administrator")
        return await self._administrator(user, await self.departments.tree(user.tenant))

    async def _administrator(self, user: User, tree: Tree) -> Any:
        placed = tree.get(user.department) or tree.get(ROOT)
        assert placed is not None
        short = {
            "code": placed.department.code,
            "company": corporation_id(user.tenant),
            "name": placed.department.name,
            "path": "/".join(placed.names),
            "parent": placed.department.parent,
        }
        values = {**await self._values(user, tree), "department_short": short}
        return ADMINISTRATOR_ROW.render(values, extras_of(user))

    # --- directory ---------------------------------------------------------------------------------------------

    async def directory(self, request: Request) -> Any:
        """Everybody of the enterprise, for everybody of it."""
        offset, limit = request.span(100)
        scopes = {"NORMAL_USER": True, "ALL": True, "HARD_TERMINAL": False}
        tree = await self.departments.tree(request.actor.tenant)
        if not request.word("searchScope", scopes, True):
            return listing(offset, limit, 0, [])  # no room systems are kept
        query = AccountQuery(
            offset,
            limit,
            contains=request.text("searchKey", 128),
            departments=_departments(request, tree, "querySubDept"),
            enabled=True,
        )
        page = await self.accounts.page(request.actor, query)
        rows = [await self._entry(user, tree) for user in page.items]
        return listing(offset, limit, page.total, rows)

    async def directory_entries(self, request: Request) -> Any:
        """The entries of some users, by id, as a list."""
        given = request.body if isinstance(request.body, list) else [request.body]
        ids = [one.get("id") if isinstance(one, dict) else one for one in given[:ACCOUNTS_MOST]]
        known = [id for text in ids if isinstance(text, str) and (id := core_id(text)) is not None]
        users = await self.accounts.several(request.actor, known)
        tree = await self.departments.tree(request.actor.tenant)
        return [await self._entry(user, tree) for user in users]

    async def _entry(self, user: User, tree: Tree) -> Any:
        extras = extras_of(user)
        values = await self._values(user, tree)
        values["department_codes"] = (user.department,)
        shown = DIRECTORY_ROW.render(values, extras)
        if "desc" in extras:
            shown["description"] = USER.render({}, extras)["desc"]
        if shown["hidePhone"]:
            shown.pop("phone", None)
        return shown

    # --- rendering ---------------------------------------------------------------------------------------------

    async def _shown(self, user: User) -> Any:
        tree = await self.departments.tree(user.tenant)
        values = await self._values(user, tree)
        rooms = await rooms_of(self.rooms, user)
        values["rooms"] = [user_room(room) for room in rooms]
        values["company"] = await self.corporation.card(user.tenant)
        return USER.render(values, extras_of(user))

    async def _values(self, user: User, tree: Tree) -> dict[str, Any]:
        placed = tree.get(user.department) or tree.get(ROOT)
        assert placed is not None
        personal = await rooms_of(self.rooms, user, SpaceKind.PERSONAL_ROOM)
        return {
            "id": user.id,
            "sign_in_name": signed_in_name(user, self.domain),
            "name": user.name,
            "phone": user.phone,
            "email": user.email,
            "department": user.department,
            "department_name": placed.department.name,
            "department_path": "/".join(placed.names),
            "enabled": user.enabled,
            "number": user.number,
            "third_account": user.third_account,
            "level": user.level,
            "active_time": user.password_changed,
            "room_number": personal[0].number if personal else None,
        }


def _naming(request: Request) -> Naming:
    return Naming(request.integer("accountType", 0, 0, 1) or 0)


def _departments(request: Request, tree: Tree, below: str) -> frozenset[str] | None:
    """The codes asked for; None: no matter which. Raises HuaweiError."""
    code = request.text("deptCode", 32)
    if code is None:
        return None
    if tree.get(code) is None:
        raise HuaweiError("USG.201040050", "deptCode: there is no such department")
    if request.flag(below, True) is False:
        return frozenset({code})
    return None if code == ROOT else frozenset(tree.within(code))


def _edit(parsed: Parsed) -> AccountEdit:
    return AccountEdit(
        name=parsed.get("name", KEEP),
        email=parsed.get("email", KEEP),
        phone=parsed.get("phone", KEEP),
        number=parsed.values["number"] or None if "number" in parsed.values else KEEP,
        department=parsed.get("department", KEEP) or ROOT,
        enabled=parsed.get("enabled", KEEP),
        extras=parsed.extras_edit,
    )

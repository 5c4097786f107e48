"""Departments, passwords and applications (huawei-api 2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...app.applications import ApplicationEdit, Applications
from ...app.departments import DepartmentEdit, Departments, Placed
from ...app.editing import KEEP
from ...app.passwords import Passwords
from ...app.sign_in import SignIn
from ...core.people import Application
from ...core.refusals import Refusal
from .account_fields import (
    APPLICATION,
    CHANGE_PASSWORD,
    DEPARTMENT,
    DEPARTMENT_SHOWN,
    RESET_PASSWORD,
    SEND_PASSWORD,
)
from .corporation import corporation_id
from .errors import HuaweiError
from .fields import extras_of
from .requests import Request, listing
from .router import Auth, Route

TEMPORARY = 1


@dataclass(frozen=True, slots=True)
class DepartmentDoor:
    """The operations."""

    departments: Departments

    def routes(self) -> list[Route]:
        path = "/v1/usg/dcs/corp/dept"
        return [
            Route("POST", path, self.create, tables=(DEPARTMENT,)),
            Route("PUT", f"{path}/{{dept_code}}", self.change, tables=(DEPARTMENT,)),
            Route("DELETE", f"{path}/{{dept_code}}", self.delete),
            Route("GET", "/v1/usg/dcs/member/dept", self.by_name),
            Route("GET", "/v1/usg/dcs/member/dept/{dept_code}", self.show),
            Route("GET", "/v1/usg/abs/departments/{dept_code}", self.show_short),
        ]

    async def create(self, request: Request) -> Any:
        parsed = DEPARTMENT.parse(request.body)
        edit = DepartmentEdit(
            name=parsed.get("name", KEEP), parent=parsed.get("parent") or "1", extras=parsed.extras_edit
        )
        return {"value": await self.departments.create(request.actor, parsed.get("code") or None, edit)}

    async def change(self, request: Request) -> None:
        parsed = DEPARTMENT.parse(request.body)
        edit = DepartmentEdit(
            name=parsed.get("name", KEEP), parent=parsed.get("parent") or KEEP, extras=parsed.extras_edit
        )
        await self.departments.change(request.actor, request.parameters["dept_code"], edit)

    async def delete(self, request: Request) -> None:
        await self.departments.delete(request.actor, request.parameters["dept_code"])

    async def show(self, request: Request) -> Any:
        tree = await self.departments.tree(request.actor.tenant)
        placed = _placed(tree.get(request.parameters["dept_code"]))
        shown = _shown(placed, request)
        shown["childDepts"] = [_shown(child, request) for child in tree.below(placed.department.code)]
        return shown

    async def show_short(self, request: Request) -> Any:
        """As the directory shows it."""
        tree = await self.departments.tree(request.actor.tenant)
        placed = _placed(tree.get(request.parameters["dept_code"]))
        children = [_short(child) for child in tree.below(placed.department.code)]
        return {**_short(placed), "childDepts": children}

    async def by_name(self, request: Request) -> Any:
        tree = await self.departments.tree(request.actor.tenant)
        return [_shown(placed, request) for placed in tree.named(request.required("deptName", 128))][:500]


def _placed(placed: Placed | None) -> Placed:
    if placed is None:
        raise Refusal("not-found", kind="department")
    return placed


def _shown(placed: Placed, request: Request) -> dict[str, Any]:
    one = placed.department
    values = {
        "company": corporation_id(request.actor.tenant),
        "code": one.code,
        "name": one.name,
        "level": len(placed.codes) - 1,
        "path": "/".join(placed.names),
        "code_path": "/".join(placed.codes),
        "leaf": placed.leaf,
        "parent": one.parent,
    }
    return DEPARTMENT_SHOWN.render(values, extras_of(one))


def _short(placed: Placed) -> dict[str, Any]:
    return {"deptCode": placed.department.code, "deptName": placed.department.name, "isLeafNodes": placed.leaf}


@dataclass(frozen=True, slots=True)
class PasswordDoor:
    """The operations. Changing one's own needs the old password, not a token: it works where that has expired."""

    passwords: Passwords
    sign_in: SignIn

    def routes(self) -> list[Route]:
        path = "/v1/usg/acs/password"
        return [
            Route("PUT", path, self.change, Auth.MAYBE, (CHANGE_PASSWORD,)),
            Route("PUT", f"{path}/reset", self.reset, tables=(RESET_PASSWORD,)),
            Route("PUT", f"{path}/admin/reset", self.reset_and_send, tables=(SEND_PASSWORD,)),
        ]

    async def change(self, request: Request) -> None:
        parsed = CHANGE_PASSWORD.parse(request.body)
        old, new = parsed.get("old"), parsed.get("new")
        try:
            user = await self.sign_in.prove(parsed.get("account"), old, request.source)
        except Refusal as refusal:
            if refusal.code != "bad-credential":
                raise
            # 401 would tell the client that its token is bad.
            raise HuaweiError("USG.206010000", "oldPwd: account or password is wrong", status=400) from None
        await self.passwords.change(user, old, new, keep_token=request.token or None)

    async def reset(self, request: Request) -> None:
        parsed = RESET_PASSWORD.parse(request.body)
        temporary = parsed.get("kind") == TEMPORARY
        await self.passwords.reset(request.actor, parsed.get("account"), parsed.get("new"), temporary)

    async def reset_and_send(self, request: Request) -> None:
        await self.passwords.reset_and_tell(request.actor, SEND_PASSWORD.parse(request.body).get("account"))


@dataclass(frozen=True, slots=True)
class ApplicationDoor:
    """The operations, in snake case as the original has them."""

    applications: Applications

    def routes(self) -> list[Route]:
        path = "/v2/usg/acs/corp/app"
        return [
            Route("POST", path, self.create, tables=(APPLICATION,)),
            Route("GET", f"{path}s", self.index),
            Route("PUT", f"{path}/{{app_id}}", self.change, tables=(APPLICATION,)),
            Route("PUT", f"{path}/{{app_id}}/reset", self.reset),
            Route("DELETE", f"{path}/{{app_id}}", self.delete),
        ]

    async def create(self, request: Request) -> Any:
        return _application(await self.applications.create(request.actor, _edit(request)))

    async def index(self, request: Request) -> Any:
        """The keys are shown when they are made, and not here."""
        offset, limit = request.span(10)
        found = sorted(await self.applications.all(request.actor), key=lambda one: (one.name, one.app_id))
        rows = [_application(one, with_key=False) for one in found[offset : offset + limit]]
        return listing(offset, limit, len(found), rows)

    async def change(self, request: Request) -> Any:
        changed = await self.applications.change(request.actor, request.parameters["app_id"], _edit(request))
        return _application(changed, with_key=False)

    async def reset(self, request: Request) -> Any:
        return _application(await self.applications.reset_key(request.actor, request.parameters["app_id"]))

    async def delete(self, request: Request) -> None:
        await self.applications.delete(request.actor, request.parameters["app_id"])


def _edit(request: Request) -> ApplicationEdit:
    parsed = APPLICATION.parse(request.body)
    return ApplicationEdit(**parsed.values)


def _application(application: Application, *, with_key: bool = True) -> Any:
    return APPLICATION.render(
        {
            "name": application.name,
            "description": application.description,
            "enabled": application.enabled,
            "app_id": application.app_id,
            "app_key": application.app_key if with_key else None,
            "created_text": _text(application.created),
            "changed_text": _text(application.changed),
        }
    )


def _text(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment is not None else ""

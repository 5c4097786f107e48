"""Users and tenants, for administrators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ....app.administration import Administration
from ....app.tenants import TenantEdit
from ....app.user_administration import PersonEdit, UserAdministration
from ....core.people import Tenant, User
from ....core.secret import Secret
from .my_spaces import query_of
from .routing import Request, Route
from .values import Id, In, Line, Number, Out, PageQuery, Password


class UserOut(Out):
    """account, jid: sign-in names."""

    id: str
    name: str
    account: str | None
    jid: str
    email: str
    tenant: str | None
    enabled: bool
    administrator: bool
    must_change_password: bool


class UsersOut(Out):
    users: list[UserOut]
    total: int


class UserIn(In):
    """A password given here is for the first sign-in, unless must_change_password is false."""

    name: Line = ""
    account: Line | None = None
    jid: Line | None = None
    email: Line = ""
    tenant: Id | None = None
    enabled: bool = True
    password: Password | None = None
    must_change_password: bool = True

    def edit(self) -> PersonEdit:
        values: dict[str, Any] = {
            name: self.given(name) for name in ("name", "email", "enabled", "must_change_password")
        }
        if self.jid:
            values["jid"] = self.jid
        if self.password is not None:
            values["password"] = Secret(self.password.get_secret_value())
        return PersonEdit(account=self.text("account"), tenant=self.text("tenant"), **values)  # type: ignore[arg-type]


class TenantOut(Out):
    id: str
    name: str
    participant_limit: int | None
    leg_profile: str | None
    call_profile: str | None


class TenantsOut(Out):
    tenants: list[TenantOut]
    total: int


class TenantIn(In):
    name: Line = ""
    participant_limit: Number | None = None
    leg_profile: Id | None = None
    call_profile: Id | None = None

    def edit(self) -> TenantEdit:
        return TenantEdit(
            name=self.given("name"),
            participant_limit=self.given("participant_limit"),
            leg_profile=self.text("leg_profile"),  # type: ignore[arg-type]
            call_profile=self.text("call_profile"),  # type: ignore[arg-type]
        )


@dataclass(frozen=True, slots=True)
class PeopleRoutes:
    people: UserAdministration
    administration: Administration

    def routes(self) -> list[Route]:
        users, tenants = "/admin/users", "/admin/tenants"
        user, tenant = users + "/{user}", tenants + "/{tenant}"
        clash: dict[str, Any] = {"refusals": (409, 503)}
        return [
            Route("GET", users, self.users, "Users", query=PageQuery, answer=UsersOut),
            Route("POST", users, self.add_user, "Add a user", body=UserIn, answer=UserOut, status=201, **clash),
            Route("GET", user, self.user, "A user", answer=UserOut),
            Route("PATCH", user, self.change_user, "Change a user", body=UserIn, answer=UserOut, **clash),
            Route("DELETE", user, self.delete_user, "Delete a user"),
            Route("GET", tenants, self.tenants, "Tenants", query=PageQuery, answer=TenantsOut),
            Route("POST", tenants, self.add_tenant, "Add a tenant", body=TenantIn, answer=TenantOut, status=201),
            Route("GET", tenant, self.tenant, "A tenant", answer=TenantOut),
            Route("PATCH", tenant, self.change_tenant, "Change a tenant", body=TenantIn, answer=TenantOut),
            Route("DELETE", tenant, self.delete_tenant, "Delete a tenant that owns nothing", refusals=(409,)),
        ]

    async def users(self, request: Request) -> UsersOut:
        page = await self.people.page(query_of(request))
        return UsersOut(total=page.total, users=[_user(user) for user in page.items])

    async def user(self, request: Request) -> UserOut:
        return _user(await self.people.get(request.ids[0]))

    async def add_user(self, request: Request) -> UserOut:
        return _user(await self.people.create(request.sent(UserIn).edit()))

    async def change_user(self, request: Request) -> UserOut:
        return _user(await self.people.change(request.actor, request.ids[0], request.sent(UserIn).edit()))

    async def delete_user(self, request: Request) -> None:
        await self.people.delete(request.actor, request.ids[0])

    async def tenants(self, request: Request) -> TenantsOut:
        page = await self.administration.tenants.page(query_of(request))
        return TenantsOut(total=page.total, tenants=[_tenant(tenant) for tenant in page.items])

    async def tenant(self, request: Request) -> TenantOut:
        return _tenant(await self.administration.tenants.get(request.ids[0]))

    async def add_tenant(self, request: Request) -> TenantOut:
        return _tenant(
            await self.administration.tenants.get(
                await self.administration.tenants.create(request.sent(TenantIn).edit())
            )
        )

    async def change_tenant(self, request: Request) -> TenantOut:
        await self.administration.tenants.change(request.ids[0], request.sent(TenantIn).edit())
        return await self.tenant(request)

    async def delete_tenant(self, request: Request) -> None:
        await self.administration.tenants.delete(request.ids[0])


def _user(user: User) -> UserOut:
    return UserOut(
        id=user.id,
        name=user.name,
        account=user.account,
        jid=user.jid,
        email=user.email,
        tenant=user.tenant,
        enabled=user.enabled,
        administrator=user.level != "none",
        must_change_password=user.must_change_password,
    )


def _tenant(tenant: Tenant) -> TenantOut:
    return TenantOut(
        id=tenant.id,
        name=tenant.name,
        participant_limit=tenant.participant_limit,
        leg_profile=tenant.leg_profile,
        call_profile=tenant.call_profile,
    )

"""The enterprise itself: its card, its settings, and how it and its people are named (huawei-api 2.6, 2.10)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from ...app.default_administrator import default_administrator
from ...app.editing import KEEP
from ...app.enterprises import Enterprise, EnterpriseEdit, Enterprises
from ...app.ports import Store
from ...core.ids import TenantId
from ...core.people import ConferenceDefaults, User
from .account_fields import CORPORATION
from .codecs import wire_id
from .fields import extras_of
from .requests import Request
from .router import Route


def own_id() -> str:
    """Of the installation's own enterprise, which has no id inside."""
    return "0" * 32


def corporation_id(tenant: TenantId | None) -> str:
    return own_id() if tenant is None else wire_id(tenant)


def signed_in_name(user: User, domain: str) -> str:
    """What the dialect calls the account: a sign-in name of our own domain goes without it."""
    if user.account is not None:
        return user.account
    name, _, at = user.jid.partition("@")
    return name if at == domain else user.jid


@dataclass(frozen=True, slots=True)
class Corporation:
    """The operations."""

    enterprises: Enterprises
    store: Store
    domain: str

    def routes(self) -> list[Route]:
        path = "/v1/usg/dcs/corp"
        return [Route("GET", path, self.show), Route("PUT", path, self.change, tables=(CORPORATION,))]

    async def show(self, request: Request) -> Any:
        enterprise = await self.enterprises.get(request.actor.tenant)
        defaults = {spec.name: getattr(enterprise.conferences, spec.name) for spec in fields(ConferenceDefaults)}
        values = {**await self.values(enterprise), "conferences": defaults}
        return CORPORATION.render(values, extras_of(enterprise))

    async def change(self, request: Request) -> None:
        parsed = CORPORATION.parse(request.body)
        edit = EnterpriseEdit(
            name=parsed.get("name", KEEP),
            auto_create_users=parsed.get("auto_create_users", KEEP),
            conferences=parsed.part("conferences").values,
            extras=parsed.extras_edit,
        )
        await self.enterprises.change(request.actor, edit)

    async def card(self, tenant: TenantId | None) -> Any:
        """As it stands inside a user."""
        enterprise = await self.enterprises.get(tenant)
        return await self.values(enterprise)

    async def values(self, enterprise: Enterprise) -> dict[str, Any]:
        """By attribute of the table."""
        async with self.store.reading() as tx:
            administrator = await default_administrator(tx, enterprise.id)
        values: dict[str, Any] = {
            "id": corporation_id(enterprise.id),
            "name": enterprise.name,
            "auto_create_users": enterprise.auto_create_users,
        }
        if administrator is not None:
            values |= {
                "administrator_name": administrator.name,
                "administrator_account": signed_in_name(administrator, self.domain),
                "administrator_phone": administrator.phone,
                "administrator_email": administrator.email,
            }
        return values

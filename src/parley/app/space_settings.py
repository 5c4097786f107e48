"""What holds for whoever enters a space, door by door, and which layer says so; reads for administrators."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..core.meeting_inputs import Entry
from ..core.profiles import CallLayer, EffectiveCall, EffectiveLeg, LegLayer, resolve_call, resolve_leg
from ..core.refusals import Refusal
from ..core.spaces import AccessMethod
from .accounts import Accounts
from .editing import found
from .layers import call_layers, leg_layers
from .ports import Page, Query, Store


@dataclass(frozen=True, slots=True)
class DoorOrigins:
    method: AccessMethod
    layers: tuple[LegLayer, ...]
    effective: EffectiveLeg


@dataclass(frozen=True, slots=True)
class SpaceOrigins:
    """doors: the space's own first."""

    doors: tuple[DoorOrigins, ...]
    call_layers: tuple[CallLayer, ...]
    call: EffectiveCall


class SpaceSettings:
    """The reads."""

    def __init__(self, store: Store, accounts: Accounts) -> None:
        self._store = store
        self._accounts = accounts

    async def of(self, space: str) -> SpaceOrigins:
        """Raises Refusal not-found."""
        async with self._store.reading() as tx:
            place = await found(tx.spaces, space, "space")
            methods = sorted(await tx.access_methods.of_spaces([place.id]), key=lambda method: not method.own)
            doors: list[DoorOrigins] = []
            for method in methods:
                layers = await leg_layers(tx, place, Entry(access_method=method.id))
                doors.append(DoorOrigins(method, layers, resolve_leg(layers)))
            calls = await call_layers(tx, place)
            return SpaceOrigins(tuple(doors), calls, resolve_call(calls))

    async def methods(self, space: str, query: Query) -> Page[AccessMethod]:
        """All of a space, its own too. Raises Refusal not-found."""
        async with self._store.reading() as tx:
            await found(tx.spaces, space, "space")
            return await tx.access_methods.page(replace(query, where={**query.where, "space": space}))

    async def method(self, space: str, id: str) -> AccessMethod:
        """Any of a space, its own too. Raises Refusal not-found."""
        async with self._store.reading() as tx:
            await found(tx.spaces, space, "space")
            method = await found(tx.access_methods, id, "access-method")
            if method.space != space:
                raise Refusal("not-found", kind="access-method", id=id)
            return method

    async def jid_of(self, id: str | None, account: str | None) -> str:
        """The jid of whom an id or, where there is none, a sign-in name means. Raises Refusal: missing,
        unknown-reference."""
        if not id and not account:
            raise Refusal("missing", field="user")
        async with self._store.reading() as tx:
            user = await tx.users.get(id) if id else await self._accounts.read_account(tx, account or "")
        if user is None:
            raise Refusal("unknown-reference", kind="user", field="user" if id else "account")
        return user.jid

"""Leg and call profiles, for administrators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ....app.administration import Administration
from ....app.profiles import CallProfileEdit, LegProfileEdit
from ....core.profiles import CallProfile, LegProfile
from .my_spaces import query_of
from .routing import Request, Route
from .settings import CallSettingsIn, CallSettingsOut, LegSettingsIn, LegSettingsOut, shown
from .values import In, Line, Out, PageQuery

DIALECT = "native"  # among the extras: call profiles have a name here alone


class LegProfileOut(Out):
    id: str
    name: str
    settings: LegSettingsOut


class LegProfilesOut(Out):
    leg_profiles: list[LegProfileOut]
    total: int


class LegProfileIn(In):
    """settings: those that are to change."""

    name: Line | None = None
    settings: LegSettingsIn = LegSettingsIn()

    def edit(self) -> LegProfileEdit:
        return LegProfileEdit(name=self.text("name"), settings=_changes(self.settings))


class CallProfileOut(Out):
    id: str
    name: str
    settings: CallSettingsOut


class CallProfilesOut(Out):
    call_profiles: list[CallProfileOut]
    total: int


class CallProfileIn(In):
    """settings: those that are to change."""

    name: Line | None = None
    settings: CallSettingsIn = CallSettingsIn()

    def edit(self) -> CallProfileEdit:
        extras = {DIALECT: {"name": self.name or None}} if "name" in self.model_fields_set else {}
        return CallProfileEdit(settings=_changes(self.settings), extras=extras)


def _changes(settings: In) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.model_fields_set}


@dataclass(frozen=True, slots=True)
class ProfileRoutes:
    administration: Administration

    def routes(self) -> list[Route]:
        legs, calls = "/admin/leg-profiles", "/admin/call-profiles"
        leg, call = legs + "/{profile}", calls + "/{profile}"
        leg_in: dict[str, Any] = {"body": LegProfileIn, "answer": LegProfileOut}
        call_in: dict[str, Any] = {"body": CallProfileIn, "answer": CallProfileOut}
        return [
            Route("GET", legs, self.legs, "Leg profiles", query=PageQuery, answer=LegProfilesOut),
            Route("POST", legs, self.add_leg, "Add a leg profile", status=201, **leg_in),
            Route("GET", leg, self.leg, "A leg profile", answer=LegProfileOut),
            Route("PATCH", leg, self.change_leg, "Change a leg profile", **leg_in),
            Route("DELETE", leg, self.delete_leg, "Delete a leg profile; who referred to it refers to none"),
            Route("GET", calls, self.calls, "Call profiles", query=PageQuery, answer=CallProfilesOut),
            Route("POST", calls, self.add_call, "Add a call profile", status=201, **call_in),
            Route("GET", call, self.call, "A call profile", answer=CallProfileOut),
            Route("PATCH", call, self.change_call, "Change a call profile", **call_in),
            Route("DELETE", call, self.delete_call, "Delete a call profile; who referred to it refers to none"),
        ]

    async def legs(self, request: Request) -> LegProfilesOut:
        page = await self.administration.leg_profiles.page(query_of(request))
        return LegProfilesOut(total=page.total, leg_profiles=[_leg(profile) for profile in page.items])

    async def leg(self, request: Request) -> LegProfileOut:
        return _leg(await self.administration.leg_profiles.get(request.ids[0]))

    async def add_leg(self, request: Request) -> LegProfileOut:
        profiles = self.administration.leg_profiles
        return _leg(await profiles.get(await profiles.create(request.sent(LegProfileIn).edit())))

    async def change_leg(self, request: Request) -> LegProfileOut:
        await self.administration.leg_profiles.change(request.ids[0], request.sent(LegProfileIn).edit())
        return await self.leg(request)

    async def delete_leg(self, request: Request) -> None:
        await self.administration.leg_profiles.delete(request.ids[0])

    async def calls(self, request: Request) -> CallProfilesOut:
        page = await self.administration.call_profiles.page(query_of(request))
        return CallProfilesOut(total=page.total, call_profiles=[_call(profile) for profile in page.items])

    async def call(self, request: Request) -> CallProfileOut:
        return _call(await self.administration.call_profiles.get(request.ids[0]))

    async def add_call(self, request: Request) -> CallProfileOut:
        profiles = self.administration.call_profiles
        return _call(await profiles.get(await profiles.create(request.sent(CallProfileIn).edit())))

    async def change_call(self, request: Request) -> CallProfileOut:
        await self.administration.call_profiles.change(request.ids[0], request.sent(CallProfileIn).edit())
        return await self.call(request)

    async def delete_call(self, request: Request) -> None:
        await self.administration.call_profiles.delete(request.ids[0])


def _leg(profile: LegProfile) -> LegProfileOut:
    return LegProfileOut(id=profile.id, name=profile.name or "", settings=LegSettingsOut(**shown(profile.settings)))


def _call(profile: CallProfile) -> CallProfileOut:
    name = profile.extras.get(DIALECT, {}).get("name", "")
    return CallProfileOut(id=profile.id, name=name, settings=CallSettingsOut(**shown(profile.settings)))

"""callLegProfiles with their usage, callProfiles and system/profiles (cms-api 2.5, 2.6, 2.16)."""

from __future__ import annotations

from ...app.administration import Administration
from ...app.ports import ProfileUse
from ...app.profiles import CallProfileEdit, LegProfileEdit, SystemEdit
from ...core.profiles import CallProfile, LegProfile
from .fields import Parsed, collection, extras_of, values_of
from .plan_fields import SYSTEM_PROFILES
from .profile_fields import CALL_LEG_PROFILE, CALL_PROFILE
from .requests import USAGE, Created, Request
from .router import Route
from .xml import Node

# The children of callLegProfileUsage; only `global` is known for sure (cms-api 8, question 11).
_USES = {
    "system": "global",
    "tenant": "tenant",
    "space": "coSpace",
    "member": "coSpaceUser",
    "access-method": "accessMethod",
}


def routes(administration: Administration, cap: int) -> list[Route]:
    """cap: most entries of one page."""
    legs = _LegProfiles(administration, cap)
    calls = _CallProfiles(administration, cap)
    system = _System(administration)
    return [
        Route("callLegProfiles", CALL_LEG_PROFILE, get=legs.index, post=legs.create),
        Route("callLegProfiles/{id}", CALL_LEG_PROFILE, get=legs.get, put=legs.change, delete=legs.delete),
        Route("callLegProfiles/{id}/usage", CALL_LEG_PROFILE, get=legs.usage),
        Route("callProfiles", CALL_PROFILE, get=calls.index, post=calls.create),
        Route("callProfiles/{id}", CALL_PROFILE, get=calls.get, put=calls.change, delete=calls.delete),
        # One page of the published text says PUT, another PUT or POST: both work.
        Route("system/profiles", SYSTEM_PROFILES, get=system.get, put=system.change, post=system.change),
    ]


class _LegProfiles:
    def __init__(self, administration: Administration, cap: int) -> None:
        self._profiles = administration.leg_profiles
        self._cap = cap

    async def index(self, request: Request) -> Node:
        page = await self._profiles.page(request.page(self._cap), request.word("usageFilter", USAGE))
        return collection("callLegProfiles", page.total, [_leg_node(profile, listed=True) for profile in page.items])

    async def get(self, request: Request) -> Node:
        return _leg_node(await self._profiles.get(request.ids[0]))

    async def usage(self, request: Request) -> Node:
        id = request.ids[0]
        uses = await self._profiles.uses(id)
        attributes = (("id", id), ("total", str(len(uses))))
        return Node("callLegProfileUsage", tuple(_use_node(use) for use in uses), attributes)

    async def create(self, request: Request) -> Created:
        edit = _leg_edit(CALL_LEG_PROFILE.parse(request.form, create=True))
        return Created(f"callLegProfiles/{await self._profiles.create(edit)}")

    async def change(self, request: Request) -> None:
        await self._profiles.change(request.ids[0], _leg_edit(CALL_LEG_PROFILE.parse(request.form, create=False)))

    async def delete(self, request: Request) -> None:
        await self._profiles.delete(request.ids[0])


def _use_node(use: ProfileUse) -> Node:
    return Node(_USES[use.kind], use.id)


def _leg_edit(parsed: Parsed) -> LegProfileEdit:
    return LegProfileEdit(**parsed.plain(), settings=parsed.under("settings"), extras=parsed.extras_edit)


def _leg_node(profile: LegProfile, *, listed: bool = False) -> Node:
    return CALL_LEG_PROFILE.node(profile.id, values_of(profile), extras_of(profile), listed=listed)


class _CallProfiles:
    def __init__(self, administration: Administration, cap: int) -> None:
        self._profiles = administration.call_profiles
        self._cap = cap

    async def index(self, request: Request) -> Node:
        page = await self._profiles.page(request.page(self._cap), request.word("usageFilter", USAGE))
        return collection("callProfiles", page.total, [_call_node(profile, listed=True) for profile in page.items])

    async def get(self, request: Request) -> Node:
        return _call_node(await self._profiles.get(request.ids[0]))

    async def create(self, request: Request) -> Created:
        edit = _call_edit(CALL_PROFILE.parse(request.form, create=True))
        return Created(f"callProfiles/{await self._profiles.create(edit)}")

    async def change(self, request: Request) -> None:
        await self._profiles.change(request.ids[0], _call_edit(CALL_PROFILE.parse(request.form, create=False)))

    async def delete(self, request: Request) -> None:
        await self._profiles.delete(request.ids[0])


def _call_edit(parsed: Parsed) -> CallProfileEdit:
    return CallProfileEdit(settings=parsed.under("settings"), extras=parsed.extras_edit)


def _call_node(profile: CallProfile, *, listed: bool = False) -> Node:
    return CALL_PROFILE.node(profile.id, values_of(profile), extras_of(profile), listed=listed)


class _System:
    def __init__(self, administration: Administration) -> None:
        self._system = administration.system

    async def get(self, _request: Request) -> Node:
        defaults = await self._system.get()
        return SYSTEM_PROFILES.node(None, values_of(defaults), extras_of(defaults))

    async def change(self, request: Request) -> None:
        parsed = SYSTEM_PROFILES.parse(request.form, create=False)
        await self._system.change(SystemEdit(**parsed.plain(), extras=parsed.extras_edit))

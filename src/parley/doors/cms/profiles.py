"""callLegProfiles with their usage, callProfiles and system/profiles (cms-api 2.5, 2.6, 2.16)."""

from __future__ import annotations

from ...app.administration import Administration
from ...app.profiles import CallProfileEdit, LegProfileEdit, SystemEdit
from .fields import extras_of, values_of
from .kept_objects import Profiles, with_settings
from .plan_fields import SYSTEM_PROFILES
from .profile_fields import CALL_LEG_PROFILE, CALL_PROFILE
from .requests import Request
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
    calls = Profiles("callProfiles", CALL_PROFILE, administration.call_profiles, with_settings(CallProfileEdit), cap)
    system = _System(administration)
    return [
        *legs.routes(),
        Route("callLegProfiles/{id}/usage", CALL_LEG_PROFILE, get=legs.usage),
        *calls.routes(),
        # One page of the published text says PUT, another PUT or POST: both work.
        Route("system/profiles", SYSTEM_PROFILES, get=system.get, put=system.change, post=system.change),
    ]


class _LegProfiles(Profiles[LegProfileEdit]):
    def __init__(self, administration: Administration, cap: int) -> None:
        self._uses = administration.leg_profiles.uses
        edit = with_settings(LegProfileEdit)
        super().__init__("callLegProfiles", CALL_LEG_PROFILE, administration.leg_profiles, edit, cap)

    async def usage(self, request: Request) -> Node:
        id = request.ids[0]
        uses = await self._uses(id)
        attributes = (("id", id), ("total", str(len(uses))))
        return Node("callLegProfileUsage", tuple(Node(_USES[use.kind], use.id) for use in uses), attributes)


class _System:
    def __init__(self, administration: Administration) -> None:
        self._system = administration.system

    async def get(self, _request: Request) -> Node:
        defaults = await self._system.get()
        return SYSTEM_PROFILES.node(None, values_of(defaults), extras_of(defaults))

    async def change(self, request: Request) -> None:
        parsed = SYSTEM_PROFILES.parse(request.form, create=False)
        await self._system.change(SystemEdit(**parsed.plain(), extras=parsed.extras_edit))

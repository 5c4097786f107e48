"""Changing a live leg: what a PUT on a call leg or participant asks of its meeting (cms-api 2.8, 2.9)."""

from __future__ import annotations

from typing import Any

from ...app.administration import Administration
from ...app.directory import Directory
from ...app.live import LiveLeg
from ...core.ids import LegProfileId
from ...core.meeting_inputs import OverrideLeg
from ...core.profiles import LegProfile, LegSettings
from ...core.refusals import Refusal
from .errors import fail, invalid_operation
from .fields import DIALECT, Parsed

ANSWERED = ("connected", "on-hold")


async def override(administration: Administration, directory: Directory, live: LiveLeg, parsed: Parsed) -> None:
    """Have the leg's meeting take the values. Raises Failure; then nothing was changed."""
    profile = await _profile(administration, parsed)
    settings = parsed.under("settings")
    unset = {name for name, value in settings.items() if value is None}
    if "profile" in parsed.values and profile is None:
        unset.add("profile")
    extras = tuple((DIALECT, name, text) for name, text in parsed.extras.items())
    keys = parsed.values.get("keys")
    if keys and live.state not in ANSWERED:
        raise invalid_operation()  # nobody there could hear them
    if settings or unset or extras or profile is not None:
        await _set(directory, live, settings, unset, extras, profile)
    if keys and not directory.send_keys(live.leg, keys):
        raise Refusal("not-found", kind="leg", id=live.leg)


async def _set(
    directory: Directory,
    live: LiveLeg,
    settings: dict[str, Any],
    unset: set[str],
    extras: tuple[tuple[str, str, str | None], ...],
    profile: LegProfile | None,
) -> None:
    if live.meeting is None or live.view is None:
        raise invalid_operation()  # at the entrance, or before the answer, nothing can be set yet
    given = {name: value for name, value in settings.items() if value is not None}
    told = await directory.tell(
        live.meeting,
        OverrideLeg(
            leg=live.leg,
            settings=LegSettings(**given),
            unset=frozenset(unset),
            profile=LegProfileId(profile.id) if profile else None,
            profile_settings=profile.settings if profile else None,
            extras=extras,
        ),
    )
    if not told:
        raise Refusal("not-found", kind="leg", id=live.leg)


async def _profile(administration: Administration, parsed: Parsed) -> LegProfile | None:
    id = parsed.values.get("profile")
    if id is None:
        return None
    try:
        return await administration.leg_profiles.get(id)
    except Refusal:
        raise fail("callLegProfileDoesNotExist") from None

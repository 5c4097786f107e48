"""dtmfProfiles: which keys of a phone do what in a meeting (cms-api 2.10)."""

from __future__ import annotations

from ...app.administration import Administration
from ...app.dtmf_profiles import DtmfProfileEdit
from ...core.key_commands import DtmfProfile
from .codecs import KeySequence
from .fields import Field, Parsed, Shown, Table, collection, extras_of, values_of
from .requests import USAGE, Created, Request
from .router import Route
from .xml import Node

_KEYS = KeySequence()


def _keys(wire: str, command: str | None = None, since: str = "", note: str = "") -> Field:
    attribute = f"settings.{command}" if command is not None else None
    return Field(wire, _KEYS, attribute, since=since, shown=Shown.ALWAYS, note=note)


def _others(wire: str, command: str, since: str, right: str) -> Field:
    return _keys(wire, command, since, f"needs {right}")


_NEWCOMERS = "changeJoinAudioMuteOverrideAllowed"
DTMF_PROFILE = Table(
    "dtmfProfile",
    "2.10",
    (
        _keys("muteSelfAudio", "mute_self", note="needs muteSelfAllowed"),
        _keys("unmuteSelfAudio", "unmute_self", note="needs muteSelfAllowed"),
        _keys("toggleMuteSelfAudio", "toggle_mute_self", note="needs muteSelfAllowed; *6 where nothing else is on it"),
        _others("lockCall", "lock", "1.8", "callLockAllowed"),
        _others("unlockCall", "unlock", "1.8", "callLockAllowed"),
        _others("muteAllExceptSelfAudio", "mute_others", "", "muteOthersAllowed"),
        _others("unmuteAllExceptSelfAudio", "unmute_others", "", "muteOthersAllowed"),
        _others("endCall", "end", "", "endCallAllowed"),
        _keys("nextLayout", since="1.8"),
        _keys("previousLayout", since="1.8"),
        _keys("startRecording", since="1.9"),
        _keys("stopRecording", since="1.9"),
        _keys("startStreaming", since="2.1"),
        _keys("stopStreaming", since="2.1"),
        _others("allowAllMuteSelf", "free_mute", "1.9", "allowAllMuteSelfAllowed"),
        _others("cancelAllowAllMuteSelf", "bind_mute", "1.9", "allowAllMuteSelfAllowed"),
        _keys("allowAllPresentationContribution", since="1.9"),
        _keys("cancelAllowAllPresentationContribution", since="1.9"),
        _others("muteAllNewAudio", "mute_newcomers", "1.9", _NEWCOMERS),
        _others("unmuteAllNewAudio", "unmute_newcomers", "1.9", _NEWCOMERS),
        _others("defaultMuteAllNewAudio", "leave_newcomers", "1.9", _NEWCOMERS),
        _others(
            "muteAllNewAndAllExceptSelfAudio",
            "mute_newcomers_and_others",
            "1.9",
            f"muteOthersAllowed and {_NEWCOMERS}",
        ),
        _others(
            "unmuteAllNewAndAllExceptSelfAudio",
            "unmute_newcomers_and_others",
            "1.9",
            f"muteOthersAllowed and {_NEWCOMERS}",
        ),
        _keys("getTotalParticipantCount", since="2.8"),
    ),
)


def routes(administration: Administration, cap: int) -> list[Route]:
    """cap: most entries of one page."""
    door = _DtmfProfiles(administration, cap)
    return [
        Route("dtmfProfiles", DTMF_PROFILE, get=door.index, post=door.create),
        Route("dtmfProfiles/{id}", DTMF_PROFILE, get=door.get, put=door.change, delete=door.delete),
    ]


class _DtmfProfiles:
    def __init__(self, administration: Administration, cap: int) -> None:
        self._profiles = administration.dtmf_profiles
        self._cap = cap

    async def index(self, request: Request) -> Node:
        page = await self._profiles.page(request.page(self._cap), request.word("usageFilter", USAGE))
        return collection("dtmfProfiles", page.total, [_node(profile, listed=True) for profile in page.items])

    async def get(self, request: Request) -> Node:
        return _node(await self._profiles.get(request.ids[0]))

    async def create(self, request: Request) -> Created:
        return Created(f"dtmfProfiles/{await self._profiles.create(_edit(request, create=True))}")

    async def change(self, request: Request) -> None:
        await self._profiles.change(request.ids[0], _edit(request, create=False))

    async def delete(self, request: Request) -> None:
        await self._profiles.delete(request.ids[0])


def _edit(request: Request, *, create: bool) -> DtmfProfileEdit:
    parsed: Parsed = DTMF_PROFILE.parse(request.form, create=create)
    return DtmfProfileEdit(settings=parsed.under("settings"), extras=parsed.extras_edit)


def _node(profile: DtmfProfile, *, listed: bool = False) -> Node:
    """A list shows ids alone."""
    return DTMF_PROFILE.node(profile.id, values_of(profile), extras_of(profile), listed=listed)

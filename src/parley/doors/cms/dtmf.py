"""dtmfProfiles: which keys of a phone do what in a meeting (cms-api 2.10)."""

from __future__ import annotations

from ...app.administration import Administration
from ...app.dtmf_profiles import DtmfProfileEdit
from .codecs import KeySequence
from .fields import Field, Shown, Table
from .kept_objects import Profiles, with_settings
from .router import Route

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
    edit = with_settings(DtmfProfileEdit)
    return Profiles("dtmfProfiles", DTMF_PROFILE, administration.dtmf_profiles, edit, cap).routes()

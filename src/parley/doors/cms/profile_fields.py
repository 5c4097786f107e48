"""Field tables of callLegProfiles and callProfiles (cms-api 2.5, 2.6). Empty means unset: the layer above decides."""

from __future__ import annotations

from ...core.profiles import DeactivationMode, LockMode, MediaEncryption, PasscodeMode
from .codecs import LAYOUT, Boolean, Choice, Guid, Number, Text, words
from .fields import Field, Table

_BOOLEAN = Boolean()
_NUMBER = Number()


def _allowed(wire: str, default: str = "", since: str = "", aliases: tuple[str, ...] = ()) -> Field:
    """A right that is kept and echoed."""
    return Field(wire, _BOOLEAN, default=default, since=since, listed=True, aliases=aliases)


def _by_keys(wire: str, right: str, since: str = "") -> Field:
    """A right that counts where keys of a phone ask for something."""
    note = "by keys of a dtmfProfile"
    return Field(wire, _BOOLEAN, f"settings.{right}", default="false", since=since, listed=True, note=note)


def _kept(wire: str, codec: object, default: str = "", since: str = "") -> Field:
    return Field(wire, codec, default=default, since=since, listed=True)  # type: ignore[arg-type]


CALL_LEG_PROFILE = Table(
    "callLegProfile",
    "2.5",
    (
        Field("name", Text(), "name", since="2.0", listed=True),
        Field("needsActivation", _BOOLEAN, "settings.needs_activation", default="false", listed=True),
        _kept("defaultLayout", LAYOUT),
        _allowed("changeLayoutAllowed", "true", "1.8"),
        _allowed("participantLabels"),
        _kept("presentationDisplayMode", words("dualStream", "singleStream"), "dualStream"),
        _allowed("presentationContributionAllowed", "true"),
        _allowed("presentationViewingAllowed", "true"),
        _by_keys("endCallAllowed", "may_end"),
        _allowed("disconnectOthersAllowed", "false"),
        _allowed("addParticipantAllowed", since="2.3"),
        _by_keys("muteOthersAllowed", "may_mute_others"),
        _allowed("videoMuteOthersAllowed", "false"),
        Field(
            "muteSelfAllowed",
            _BOOLEAN,
            "settings.mute_self",
            default="true",
            listed=True,
            note="phones press *6, or keys of a dtmfProfile",
        ),
        _allowed("videoMuteSelfAllowed", "true"),
        _by_keys("allowAllMuteSelfAllowed", "may_free_mute", "1.9"),
        _allowed("allowAllPresentationContributionAllowed", "false", "1.8"),
        _by_keys("changeJoinAudioMuteOverrideAllowed", "may_mute_newcomers", "1.8"),
        Field(
            "joinToneParticipantThreshold",
            Number(0, 100),
            "settings.join_tone",
            default="0",
            listed=True,
            note="heard by those already in, while so many or fewer are active, the newcomer counted; 0: never",
        ),
        Field(
            "leaveToneParticipantThreshold",
            Number(0, 100),
            "settings.leave_tone",
            default="0",
            listed=True,
            note="heard by those who stay, while they are so many or fewer; 0: never",
        ),
        _kept("videoMode", words("auto", "disabled"), "auto"),
        Field("rxAudioMute", _BOOLEAN, "settings.rx_audio_mute", default="false", listed=True),
        Field("txAudioMute", _BOOLEAN, "settings.tx_audio_mute", default="false", listed=True),
        _kept("rxVideoMute", _BOOLEAN, "false"),
        _kept("txVideoMute", _BOOLEAN, "false"),
        Field(
            "sipMediaEncryption",
            Choice(
                {
                    "optional": MediaEncryption.OPTIONAL,
                    "required": MediaEncryption.REQUIRED,
                    "prohibited": MediaEncryption.PROHIBITED,
                }
            ),
            "settings.media_encryption",
            listed=True,
            note="required: SRTP alone; prohibited: plain RTP alone; keys in SDP or by DTLS",
        ),
        _kept("audioPacketSizeMs", _NUMBER, "20"),
        Field(
            "deactivationMode",
            Choice(
                {
                    "deactivate": DeactivationMode.DEACTIVATE,
                    "disconnect": DeactivationMode.DISCONNECT,
                    "remainActivated": DeactivationMode.REMAIN,
                }
            ),
            "settings.deactivation_mode",
            default="deactivate",
            listed=True,
            aliases=("deactiviationMode",),
        ),
        Field(
            "deactivationModeTime",
            _NUMBER,
            "settings.deactivation_delay",
            default="0",
            listed=True,
            aliases=("deactiviationModeTime",),
        ),
        _allowed("telepresenceCallsAllowed"),
        _allowed("sipPresentationChannelEnabled"),
        _kept("bfcpMode", words("serverOnly", "serverAndClient"), "serverOnly"),
        _by_keys("callLockAllowed", "may_lock", "1.8"),
        _allowed("setImportanceAllowed", since="2.3"),
        _allowed("recordingControlAllowed", since="1.9"),
        _allowed("streamingControlAllowed", since="2.1"),
        Field("maxCallDurationTime", _NUMBER, "settings.max_duration", since="2.0", listed=True),
        _kept("qualityMain", words("unrestricted", "max1080p30", "max720p30", "max480p30"), "unrestricted", "2.2"),
        _kept("qualityPresentation", words("unrestricted", "max1080p30", "max720p5"), "unrestricted", "2.2"),
        _kept("participantCounter", words("never", "auto", "always"), "auto", "2.2"),
        _allowed("controlRemoteCameraAllowed", since="2.8"),
        _kept("layoutTemplate", Guid(), since="2.8"),
        Field(
            "audioGainMode",
            Choice({"disabled": False, "agc": True}),
            "settings.agc",
            default="disabled",
            since="2.8",
            listed=True,
        ),
        _kept("meetingTitlePosition", words("disabled", "top", "middle", "bottom"), "disabled", "3.2"),
        _allowed("chatContributionAllowed", since="3.2"),
        _allowed("changeRoleAllowed", since="3.2"),
        _allowed("noteContributionAllowed", since="3.4"),
        _allowed("captionContributionAllowed", since="3.4"),
    ),
)

_MODE = words("disabled", "manual", "automatic")

CALL_PROFILE = Table(
    "callProfile",
    "2.6",
    (
        Field("participantLimit", _NUMBER, "settings.participant_limit"),
        Field("messageBoardEnabled", _BOOLEAN),
        Field("locked", _BOOLEAN, "settings.locked", default="false", since="1.8"),
        Field(
            "lockMode",
            Choice({"all": LockMode.ALL, "needsActivation": LockMode.NEEDS_ACTIVATION}),
            "settings.lock_mode",
            default="all",
            since="2.9",
        ),
        Field("recordingMode", _MODE, default="manual", since="1.9"),
        Field("streamingMode", _MODE, default="manual", since="2.1"),
        Field("sipRecorderUri", Text(), since="2.9"),
        Field("sipStreamerUri", Text(), since="3.0"),
        Field(
            "passcodeMode",
            Choice({"required": PasscodeMode.REQUIRED, "timeout": PasscodeMode.TIMEOUT}),
            "settings.passcode_mode",
            default="required",
            since="2.1",
        ),
        Field("passcodeTimeout", _NUMBER, "settings.passcode_timeout", default="5", since="2.1"),
        Field("gatewayAudioCallOptimization", _BOOLEAN, default="false", since="2.3"),
        Field("lyncConferenceMode", words("dualHomeCluster", "dualHomeCallBridge", "gateway"), since="2.3"),
        Field("chatAllowed", _BOOLEAN, since="3.2"),
        Field("raiseHandEnabled", _BOOLEAN, since="3.2"),
        Field("messageBannerText", Text(), since="3.2"),
        Field("notesAllowed", _BOOLEAN, since="3.4"),
        Field("captionsAllowed", _BOOLEAN, since="3.4"),
    ),
)

"""Every parameter that the sheet lists for our objects is accepted, checked and echoed (cms-api 2).

The lists are typed from the sheet, not taken from the field tables: (parameter, value sent, value echoed or None).
"""

import re
from pathlib import Path

import pytest
from scripts.generate_cms_docs import page

from tests.doors.cms_rig import Rig

GUID = "12345678-1234-1234-1234-123456789abc"

CO_SPACE = {
    "name": "A room",
    "uri": "a.room",
    "secondaryUri": "b.room",
    "callId": "0123",
    "cdrTag": "tag",
    "passcode": "0042",
    "defaultLayout": "onePlusN",
    "callBrandingProfile": GUID,
    "dialInSecurityProfile": GUID,
    "secret": "abc.DEF_123",
    "nonMemberAccess": "false",
    "ownerAdGuid": GUID,
    "streamUrl": "rtmps://s.example/live?key=1",
    "meetingScheduler": "Desk",
    "panePlacementHighestImportance": "3",
    "panePlacementSelfPaneMode": "self",
    "panePlacementActiveSpeakerMode": "allow",
    "defaultAccessMethod": GUID,
    "metadata": "{&}",
    "language": "zh",
}
ACCESS_METHOD = {
    "language": "pt",
    "uri": "a.room",
    "callId": "0123",
    "passcode": "0042",
    "name": "Host",
    "secret": "abc",
    "scope": "directory",
    "importance": "2147483647",
    "dialInSecurityProfile": GUID,
}
CO_SPACE_USER = {
    "canDestroy": "true",
    "canAddRemoveMember": "true",
    "canChangeName": "true",
    "canChangeUri": "true",
    "canChangeCallId": "true",
    "canChangePasscode": "true",
    "canPostMessage": "true",
    "canRemoveSelf": "true",
    "canDeleteAllMessages": "true",
    "canChangeNonMemberAccessAllowed": "false",
    "canChangeScope": "true",
}
OUTBOUND_RULE = {
    "domain": "*.example.com",
    "priority": "7",
    "localContactDomain": "c.example.com",
    "localFromDomain": "f.example.com",
    "sipProxy": "trunk.example.com:5070;transport=tcp",
    "trunkType": "avaya",
    "failureAction": "continue",
    "sipControlEncryption": "unencrypted",
    "scope": "callBridgeGroup",
    "callBridge": GUID,
    "callBridgeGroup": GUID,
    "callRouting": "traversal",
    "authenticationRealm": "trunk.example.com",
}
FORWARDING_RULE = {
    "matchPattern": "*.lab.*",
    "destinationDomain": "b.example.com",
    "action": "reject",
    "callerIdMode": "preserve",
    "priority": "7",
    "uriParameters": "forward",
}
DIAL_TRANSFORM = {
    "type": "phone",
    "match": "($1/^49/)",
    "transform": "0$1{/^49/31/}@trunk.example.com",
    "priority": "7",
    "action": "acceptPhone",
}
# The sheet prints these even when empty.
EMPTY_SHOWN = {"localContactDomain", "localFromDomain", "sipProxy"}
CALL_LEG_PROFILE = {
    "name": "Guests",
    "needsActivation": "true",
    "defaultLayout": "telepresence",
    "changeLayoutAllowed": "true",
    "participantLabels": "true",
    "presentationDisplayMode": "singleStream",
    "presentationContributionAllowed": "false",
    "presentationViewingAllowed": "false",
    "endCallAllowed": "true",
    "disconnectOthersAllowed": "true",
    "addParticipantAllowed": "true",
    "muteOthersAllowed": "true",
    "videoMuteOthersAllowed": "true",
    "muteSelfAllowed": "false",
    "videoMuteSelfAllowed": "false",
    "allowAllMuteSelfAllowed": "true",
    "allowAllPresentationContributionAllowed": "true",
    "changeJoinAudioMuteOverrideAllowed": "true",
    "joinToneParticipantThreshold": "100",
    "leaveToneParticipantThreshold": "0",
    "videoMode": "disabled",
    "rxAudioMute": "true",
    "txAudioMute": "true",
    "rxVideoMute": "true",
    "txVideoMute": "true",
    "sipMediaEncryption": "required",
    "audioPacketSizeMs": "40",
    "deactivationMode": "remainActivated",
    "deactivationModeTime": "30",
    "telepresenceCallsAllowed": "true",
    "sipPresentationChannelEnabled": "true",
    "bfcpMode": "serverAndClient",
    "callLockAllowed": "true",
    "setImportanceAllowed": "true",
    "recordingControlAllowed": "true",
    "streamingControlAllowed": "true",
    "maxCallDurationTime": "3600",
    "qualityMain": "max480p30",
    "qualityPresentation": "max720p5",
    "participantCounter": "never",
    "controlRemoteCameraAllowed": "true",
    "layoutTemplate": GUID,
    "audioGainMode": "agc",
    "meetingTitlePosition": "bottom",
    "chatContributionAllowed": "true",
    "changeRoleAllowed": "true",
    "noteContributionAllowed": "true",
    "captionContributionAllowed": "true",
}
CALL_PROFILE = {
    "participantLimit": "20",
    "messageBoardEnabled": "true",
    "locked": "true",
    "lockMode": "needsActivation",
    "recordingMode": "automatic",
    "streamingMode": "disabled",
    "sipRecorderUri": "rec@example.com",
    "sipStreamerUri": "str@example.com",
    "passcodeMode": "timeout",
    "passcodeTimeout": "7",
    "gatewayAudioCallOptimization": "true",
    "lyncConferenceMode": "gateway",
    "chatAllowed": "true",
    "raiseHandEnabled": "true",
    "messageBannerText": "Hello",
    "notesAllowed": "true",
    "captionsAllowed": "true",
}
TENANT = {
    "name": "Acme",
    "tenantGroup": GUID,
    "dtmfProfile": GUID,
    "ivrBrandingProfile": GUID,
    "callBrandingProfile": GUID,
    "participantLimit": "100",
    "userProfile": GUID,
    "dialInSecurityProfile": GUID,
    "webBridgeProfile": GUID,
}
SYSTEM_PROFILES = {
    "dtmfProfile": GUID,
    "userProfile": GUID,
    "ivrBrandingProfile": GUID,
    "callBrandingProfile": GUID,
    "compatibilityProfile": GUID,
    "dialInSecurityProfile": GUID,
    "webBridgeProfile": GUID,
}
INBOUND_RULE = {
    "domain": "a.example",
    "priority": "7",
    "resolveToUsers": "false",
    "resolveTocoSpaces": "false",
    "resolveToIvrs": "false",
    "resolveToLyncConferences": "true",
    "resolveToLyncSimplejoin": "true",
}
DTMF_PROFILE = {
    "muteSelfAudio": "*1",
    "unmuteSelfAudio": "*2",
    "toggleMuteSelfAudio": "*6",
    "lockCall": "*9",
    "unlockCall": "*7",
    "muteAllExceptSelfAudio": "#6",
    "unmuteAllExceptSelfAudio": "#4",
    "endCall": "*0",
    "nextLayout": "#3",
    "previousLayout": "#1",
    "startRecording": "*3",
    "stopRecording": "*5",
    "startStreaming": "**6",
    "stopStreaming": "**4",
    "allowAllMuteSelf": "##1",
    "cancelAllowAllMuteSelf": "##2",
    "allowAllPresentationContribution": "##3",
    "cancelAllowAllPresentationContribution": "##4",
    "muteAllNewAudio": "#9",
    "unmuteAllNewAudio": "#7",
    "defaultMuteAllNewAudio": "#8",
    "muteAllNewAndAllExceptSelfAudio": "##9",
    "unmuteAllNewAndAllExceptSelfAudio": "##7",
    "getTotalParticipantCount": "*#ABCD012345678*",
}
CALL_BRANDING = {
    "invitationTemplate": "http://brand.example/invitation.txt",
    "resourceLocation": "https://brand.example/calls/?tenant=1",
}
IVR_BRANDING = {"resourceLocation": "http://brand.example:8080/ivr"}
IVR = {
    "language": "en",
    "uri": "411",
    "tenantGroup": GUID,
    "ivrBrandingProfile": GUID,
    "resolveCoSpaceCallIds": "false",
    "resolveLyncConferenceIds": "true",
}
CALL = {
    "locked": "true",
    "recording": "true",
    "streaming": "true",
    "allowAllMuteSelf": "true",
    "allowAllPresentationContribution": "true",
    "joinAudioMuteOverride": "true",
    "messageText": "Hello",
    "messagePosition": "top",
    "messageDuration": "30",
    "messageBannerText": "Banner",
    "activeWhenEmpty": "true",
    "panePlacementHighestImportance": "4",
    "panePlacementSelfPaneMode": "skip",
}
LEG_ONLY = {"ownerId": "me", "chosenLayout": "allEqual", "nameLabelOverride": "Boss"}
LAYOUTS = [
    "allEqual",
    "speakerOnly",
    "telepresence",
    "stacked",
    "allEqualQuarters",
    "allEqualNinths",
    "allEqualSixteenths",
    "allEqualTwentyFifths",
    "onePlusFive",
    "onePlusSeven",
    "onePlusNine",
    "automatic",
    "onePlusN",
]


async def made(cms: Rig, kind: str) -> str:
    """The path of a fresh object, or of a singleton."""
    if kind in ("accessMethods", "coSpaceUsers"):
        space = await cms.post("coSpaces")
        if kind == "coSpaceUsers":
            await cms.user("a@example.com")
            return f"coSpaces/{space}/{kind}/{await cms.post(f'coSpaces/{space}/{kind}', userJid='a@example.com')}"
        return f"coSpaces/{space}/{kind}/{await cms.post(f'coSpaces/{space}/{kind}')}"
    if kind == "calls":
        return f"calls/{await cms.post('calls', coSpace=await cms.post('coSpaces'))}"
    if kind == "system/profiles":
        return kind
    first = {
        "tenants": {"name": "t"},
        "ivrs": {"uri": "1"},
        "inboundDialPlanRules": {"domain": "d"},
        "outboundDialPlanRules": {"domain": "d"},
        "forwardingDialPlanRules": {"matchPattern": "d"},
    }.get(kind, {})
    return f"{kind}/{await cms.post(kind, **first)}"


async def parameters_of(cms: Rig, kind: str) -> dict[str, str]:
    """Its parameters; those that name a profile of prompts or keys name one that is there."""
    named = {"callBrandingProfile", "ivrBrandingProfile", "dtmfProfile"}
    return {name: await cms.post(f"{name}s") if name in named else value for name, value in OBJECTS[kind].items()}


OBJECTS = {
    "coSpaces": CO_SPACE,
    "accessMethods": ACCESS_METHOD,
    "coSpaceUsers": CO_SPACE_USER,
    "callLegProfiles": CALL_LEG_PROFILE,
    "callProfiles": CALL_PROFILE,
    "tenants": TENANT,
    "system/profiles": SYSTEM_PROFILES,
    "inboundDialPlanRules": INBOUND_RULE,
    "outboundDialPlanRules": OUTBOUND_RULE,
    "forwardingDialPlanRules": FORWARDING_RULE,
    "dialTransforms": DIAL_TRANSFORM,
    "ivrs": IVR,
    "calls": CALL,
    "dtmfProfiles": DTMF_PROFILE,
    "callBrandingProfiles": CALL_BRANDING,
    "ivrBrandingProfiles": IVR_BRANDING,
}
# What cannot be emptied, and what has a value even when nobody has set it.
MANDATORY = {"name", "domain", "uri", "matchPattern"}
ALWAYS_SHOWN = {
    "passcode",
    "secret",
    *CO_SPACE_USER,
    *(set(CALL) - {"joinAudioMuteOverride", "messageText", "messageBannerText"}),
    *INBOUND_RULE,
    "resolveCoSpaceCallIds",
    "resolveLyncConferenceIds",
} - {"canChangeScope", "panePlacementHighestImportance", "panePlacementSelfPaneMode"}


KEEP_THEIRS = ("tenants", "ivrs", "inboundDialPlanRules", "outboundDialPlanRules", "forwardingDialPlanRules")
# Of these kinds an element stands in every reply, with its default or empty.
WHOLE = ("forwardingDialPlanRules", "dialTransforms", "dtmfProfiles")
OUTBOUND_SHOWN = {"priority", "trunkType", "failureAction", "sipControlEncryption", "scope", "callRouting"}


def escaped(text: str) -> str:
    return text.replace("&", "&amp;")


@pytest.mark.parametrize("kind", OBJECTS)
async def test_every_parameter_is_accepted_and_echoed_alone(cms: Rig, kind: str) -> None:
    """Each parameter set alone by PUT is in the next GET, under its canonical name."""
    path = await made(cms, kind)
    for name, value in (await parameters_of(cms, kind)).items():
        await cms.put(path, **{name: value})
        assert f"<{name}>{escaped(value)}</{name}>" in await cms.get(path), name


@pytest.mark.parametrize("kind", [kind for kind in OBJECTS if kind not in ("system/profiles", "calls", "coSpaceUsers")])
async def test_every_parameter_is_accepted_on_creation(cms: Rig, kind: str) -> None:
    """All parameters together in one POST, in odd letter case, are all in the next GET."""
    where = kind
    if kind == "accessMethods":
        where = f"coSpaces/{await cms.post('coSpaces')}/{kind}"
    expected = await parameters_of(cms, kind)
    parameters = {name.upper(): value for name, value in expected.items()}
    body = await cms.get(f"{where}/{await cms.post(where, **parameters)}")
    for name, value in expected.items():
        assert f"<{name}>{escaped(value)}</{name}>" in body, name


@pytest.mark.parametrize("kind", OBJECTS)
async def test_every_parameter_is_unset_by_an_empty_value(cms: Rig, kind: str) -> None:
    """An empty value takes the element away, or gives its default back where one is always shown."""
    path = await made(cms, kind)
    parameters = await parameters_of(cms, kind)
    await cms.put(path, **parameters)
    for name, value in parameters.items():
        if name in MANDATORY and kind in KEEP_THEIRS:
            continue
        if name == "activeWhenEmpty":
            continue  # nobody is in it: the call would be over
        await cms.put(path, **{name: ""})
        body = await cms.get(path)
        if (
            name in ALWAYS_SHOWN
            or kind in WHOLE
            or (kind == "outboundDialPlanRules" and name in OUTBOUND_SHOWN | EMPTY_SHOWN)
        ):
            assert f"<{name}>{value}</{name}>" not in body, name
        else:
            assert f"<{name}>" not in body, name


async def test_every_leg_parameter_can_be_set_on_a_live_leg(cms: Rig) -> None:
    """A leg takes its own three parameters and everything of a callLegProfile but its name."""
    await cms.post("coSpaces", "uri=n")
    leg = (await cms.call("n")).id
    parameters = {**LEG_ONLY, **CALL_LEG_PROFILE}
    del parameters["name"]
    for name, value in parameters.items():
        await cms.put(f"callLegs/{leg}", **{name: value})
        body = await cms.get(f"callLegs/{leg}")
        configuration = body.partition("<configuration>")[2].partition("</configuration>")[0]
        assert f"<{name}>{value}</{name}>" in configuration, name


async def test_every_leg_parameter_is_taken_through_a_participant(cms: Rig) -> None:
    """PUT on a participant takes the same and shows it on the leg; importance is its own."""
    await cms.post("coSpaces", "uri=n")
    leg = (await cms.call("n")).id
    groups = re.search("<groupId>(.*)</groupId>", await cms.get(f"callLegs/{leg}"))
    assert groups is not None
    parameters = {**LEG_ONLY, **CALL_LEG_PROFILE}
    del parameters["name"]
    await cms.put(f"participants/{groups[1]}", importance="3", **parameters)
    body = await cms.get(f"callLegs/{leg}")
    for name, value in parameters.items():
        assert f"<{name}>{value}</{name}>" in body, name
    assert (
        f"<configuration><importance>3</importance><nameLabelOverride>Boss</nameLabelOverride>"
        f"<defaultLayout>telepresence</defaultLayout><layoutTemplate>{GUID}</layoutTemplate></configuration>"
    ) in await cms.get(f"participants/{groups[1]}")


async def test_every_layout_is_known(cms: Rig) -> None:
    """All thirteen layout words are taken, in any case, and echoed in their own."""
    profile = await cms.post("callLegProfiles")
    for layout in LAYOUTS:
        await cms.put(f"callLegProfiles/{profile}", defaultLayout=layout.lower())
        assert f"<defaultLayout>{layout}</defaultLayout>" in await cms.get(f"callLegProfiles/{profile}")


def test_the_generated_page_is_current() -> None:
    """docs/cms-api.md is what scripts/generate_cms_docs.py makes of the field tables now."""
    path = Path(__file__).resolve().parents[2] / "docs" / "cms-api.md"
    assert path.read_text() == page(), "run scripts/generate_cms_docs.py"


def test_the_generated_page_tells_stored_parameters_from_effective_ones() -> None:
    """A parameter without effect says so; one with an effect names the value it sets."""
    text = page()
    assert re.search(r"\| `defaultLayout` \| stored only \|", text)
    assert re.search(r"\| `needsActivation` \| `settings.needs_activation` \|", text)

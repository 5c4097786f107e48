"""Profiles of keys in the XML API, and what a call allows everybody (cms-api 2.7, 2.10)."""

from __future__ import annotations

import pytest

from parley.core.ids import LegId
from tests.doors.cms_rig import Rig

HEAD = '<?xml version="1.0"?>'


async def test_profiles_of_keys_are_objects_of_their_own(cms_on_disk: Rig) -> None:
    """Made, listed by id, filtered by use, changed and removed, with every reference to it."""
    cms = cms_on_disk
    used = await cms.post("dtmfProfiles", "lockCall=*9&nextLayout=%233")
    free = await cms.post("dtmfProfiles")
    tenant = await cms.post("tenants", name="Acme", dtmfProfile=used)
    listed = [f'<dtmfProfile id="{id}"/>' for id in (used, free)]
    assert await cms.get("dtmfProfiles") == f'{HEAD}<dtmfProfiles total="2">{"".join(listed)}</dtmfProfiles>'
    for which, shown in (("referenced", listed[0]), ("unreferenced", listed[1])):
        expected = f'{HEAD}<dtmfProfiles total="1">{shown}</dtmfProfiles>'
        assert await cms.get(f"dtmfProfiles?usageFilter={which}") == expected
    body = await cms.get(f"dtmfProfiles/{used}")
    assert "<toggleMuteSelfAudio></toggleMuteSelfAudio><lockCall>*9</lockCall><unlockCall></unlockCall>" in body
    assert "<nextLayout>#3</nextLayout>" in body
    await cms.put(f"dtmfProfiles/{used}", "lockCall=&unlockCall=%2a7a")
    body = await cms.get(f"dtmfProfiles/{used}")
    assert "<lockCall></lockCall><unlockCall>*7A</unlockCall>" in body
    assert f"<dtmfProfile>{used}</dtmfProfile>" in await cms.get(f"tenants/{tenant}")
    await cms.delete(f"dtmfProfiles/{used}")
    assert "dtmfProfile" not in await cms.get(f"tenants/{tenant}")
    for method in ("GET", "PUT", "DELETE"):
        assert await cms.refused(method, f"dtmfProfiles/{used}") == (404, "<dtmfProfileDoesNotExist />")
    for where in (f"tenants/{tenant}", "system/profiles"):
        assert await cms.refused("PUT", where, dtmfProfile=used) == (400, "<dtmfProfileDoesNotExist />")


@pytest.mark.parametrize("keys", ["x", "*9,", "1 2", "12345678901234567", "٣"])
async def test_keys_are_keys_of_a_phone(cms: Rig, keys: str) -> None:
    """Anything else is refused where it is set."""
    error = '<parameterError parameter="endCall" error="invalidValue" />'
    assert await cms.refused("POST", "dtmfProfiles", endCall=keys) == (400, error)


def heard(cms: Rig, leg: str) -> bool:
    """Do the others hear it?"""
    live = cms.directory.leg(LegId(leg))
    assert live is not None and live.view is not None
    return not live.view.muted


async def test_newcomers_are_muted_as_the_call_says(cms: Rig) -> None:
    """joinAudioMuteOverride: muted, heard, and as their profiles say again; who is in stays as he is."""
    space = await cms.post("coSpaces", "uri=n")
    call = await cms.post("calls", coSpace=space)
    legs = []
    for value, expected in (("true", False), ("false", True), ("", True)):
        await cms.put(f"calls/{call}", joinAudioMuteOverride=value)
        legs.append((await cms.call("n")).id)
        assert heard(cms, legs[-1]) is expected
    assert [heard(cms, leg) for leg in legs] == [False, True, True]
    profile = await cms.post("callLegProfiles", rxAudioMute="true")
    await cms.put(f"coSpaces/{space}", callLegProfile=profile)
    await cms.settle()
    assert not heard(cms, (await cms.call("n")).id)
    await cms.put(f"calls/{call}", joinAudioMuteOverride="false")
    assert heard(cms, (await cms.call("n")).id)


async def test_everybody_may_unmute_as_the_call_says(cms: Rig) -> None:
    """allowAllMuteSelf goes before muteSelfAllowed, while it is set."""
    profile = await cms.post("callLegProfiles", rxAudioMute="true", muteSelfAllowed="false")
    call = await cms.post("calls", coSpace=await cms.post("coSpaces", uri="n", callLegProfile=profile))
    leg = (await cms.call("n")).id
    cms.engine.press(leg, "*6")
    assert not heard(cms, leg)
    await cms.put(f"calls/{call}", allowAllMuteSelf="true")
    assert "<allowAllMuteSelf>true</allowAllMuteSelf>" in await cms.get(f"calls/{call}")
    for expected in (True, False):
        cms.engine.press(leg, "*6")
        assert heard(cms, leg) is expected
    await cms.put(f"calls/{call}", allowAllMuteSelf="")
    cms.engine.press(leg, "*6")
    assert not heard(cms, leg)

"""Branding profiles and languages in the XML API, and what callers hear of them (cms-api 2.11, 2.12, 3.1)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.core.admission import Candidates
from parley.core.dialplan import Address, Ivr
from parley.core.ids import LegId
from parley.core.leg_inputs import AudioCodec, Confirmed, LegAudio, Offered
from tests.doors.cms_rig import Rig
from tests.kit.fake_leg_door import FakeLegDoor

HEAD = '<?xml version="1.0"?>'
NOBODY = "00000000-0000-0000-0000-000000000000"


async def arrives(cms: Rig, user: str, language: str = "") -> LegId:
    """Somebody dials and is answered."""
    target = await cms.lookup.resolve(Address(user, "example.com"))
    assert isinstance(target, Candidates | Ivr)
    audio = LegAudio("192.0.2.1", 30000, AudioCodec("pcmu", 0, 8000))
    offered = Offered(Address(user, "example.com"), "sip:2000@a.example", f"sip:{user}@example.com", "", "192.0.2.1",
                      "192.0.2.9", audio, language=language)  # fmt: skip
    runner = cms.directory.arrive(offered, target, FakeLegDoor())
    assert runner is not None
    await cms.settle()
    runner.post(Confirmed())
    await cms.settle()
    return runner.id


@pytest.mark.parametrize("kind", ["callBrandingProfile", "ivrBrandingProfile"])
async def test_branding_profiles_are_objects_of_their_own(cms_on_disk: Rig, kind: str) -> None:
    """Made, listed, changed and removed; the other kind's list and path do not know them."""
    cms, where = cms_on_disk, f"{kind}s"
    other = "ivrBrandingProfiles" if kind == "callBrandingProfile" else "callBrandingProfiles"
    id = await cms.post(where, resourceLocation="https://brand.example/a?b&c")
    shown = f'<{kind} id="{id}"><resourceLocation>https://brand.example/a?b&amp;c</resourceLocation></{kind}>'
    assert await cms.get(f"{where}/{id}") == HEAD + shown
    assert await cms.get(where) == f'{HEAD}<{where} total="1">{shown}</{where}>'
    assert await cms.get(other) == f'{HEAD}<{other} total="0"/>'
    missing = (404, f"<{other[:-1]}DoesNotExist />")
    for method in ("GET", "PUT", "DELETE"):
        assert await cms.refused(method, f"{other}/{id}") == missing
    await cms.put(f"{where}/{id}", resourceLocation="")
    assert await cms.get(f"{where}/{id}") == f'{HEAD}<{kind} id="{id}"/>'
    await cms.delete(f"{where}/{id}")
    assert await cms.refused("GET", f"{where}/{id}") == (404, f"<{kind}DoesNotExist />")


@pytest.mark.parametrize("location", ["ftp://brand.example/", "brand.example", "file:///etc/passwd", "http://", "x y"])
async def test_a_location_is_a_url_of_the_web(cms: Rig, location: str) -> None:
    """Anything else is refused where it is set."""
    error = '<parameterError parameter="resourceLocation" error="invalidValue" />'
    assert await cms.refused("POST", "callBrandingProfiles", resourceLocation=location) == (400, error)


async def test_whoever_refers_to_a_profile_names_one_that_is_there_and_of_that_kind(cms_on_disk: Rig) -> None:
    """Else it is refused; a profile that is removed is referred to no more."""
    cms = cms_on_disk
    call, ivr = await cms.post("callBrandingProfiles"), await cms.post("ivrBrandingProfiles")
    tenant, space = await cms.post("tenants", name="t"), await cms.post("coSpaces")
    menu = await cms.post("ivrs", uri="411")
    both = {"callBrandingProfile": call, "ivrBrandingProfile": ivr}
    users: list[tuple[str, dict[str, str]]] = [
        (f"tenants/{tenant}", both),
        ("system/profiles", both),
        (f"coSpaces/{space}", {"callBrandingProfile": call}),
        (f"ivrs/{menu}", {"ivrBrandingProfile": ivr}),
    ]
    for path, references in users:
        for name, id in references.items():
            refusal = (400, f"<{name}DoesNotExist />")
            for wrong in (NOBODY, ivr if id == call else call):
                assert await cms.refused("PUT", path, **{name: wrong}) == refusal
            await cms.put(path, **{name: id})
            assert f"<{name}>{id}</{name}>" in await cms.get(path)
    await cms.delete(f"callBrandingProfiles/{call}")
    await cms.delete(f"ivrBrandingProfiles/{ivr}")
    for path, _ in users:
        assert "randingProfile" not in await cms.get(path)


async def test_the_nearest_branding_is_heard(cms: Rig) -> None:
    """System, then tenant, then space or IVR; a greeting comes before the PIN prompt where there is a brand."""
    system, tenants, own = [await cms.post("callBrandingProfiles") for _ in range(3)]
    menus, ours = [await cms.post("ivrBrandingProfiles") for _ in range(2)]
    tenant = await cms.post("tenants", name="t")
    space = await cms.post("coSpaces", uri="room", passcode="1", tenant=tenant)
    menu = await cms.post("ivrs", uri="411", tenant=tenant)
    heard = cms.engine.spoken, cms.engine.played
    leg = await arrives(cms, "room")
    assert (heard[0][leg], heard[1][leg]) == ([("en", "")], ["enter-pin"])
    await cms.put("system/profiles", callBrandingProfile=system, ivrBrandingProfile=menus)
    leg = await arrives(cms, "room")
    assert (heard[0][leg], heard[1][leg]) == ([("en", system)], ["greeting", "enter-pin"])
    assert heard[0][await arrives(cms, "411")] == heard[0][await arrives(cms, "9000")] == [("en", menus)]
    await cms.put(f"tenants/{tenant}", callBrandingProfile=tenants, ivrBrandingProfile=ours)
    assert heard[0][await arrives(cms, "room")] == [("en", tenants)]
    assert heard[0][await arrives(cms, "411")] == [("en", ours)]
    await cms.put(f"coSpaces/{space}", callBrandingProfile=own)
    assert heard[0][await arrives(cms, "room")] == [("en", own)]
    await cms.put(f"ivrs/{menu}", ivrBrandingProfile=menus)
    assert heard[0][await arrives(cms, "411")] == [("en", menus)]


async def test_a_callers_language_then_the_doors_the_spaces_the_tenants_and_the_servers(cms: Rig) -> None:
    """In that order; doors that disagree under one address say nothing; in the meeting the chosen door does."""
    tenant = await cms.post("tenants", name="t")
    space = await cms.post("coSpaces", uri="room", passcode="1", tenant=tenant)
    doors = f"coSpaces/{space}/accessMethods"
    door = await cms.post(doors, uri="sala", passcode="2")
    heard = cms.engine.spoken
    assert heard[await arrives(cms, "room")] == [("en", "")]
    await cms.put(f"tenants/{tenant}", language="zh")
    assert heard[await arrives(cms, "room")] == [("zh", "")]
    await cms.put(f"coSpaces/{space}", language="pt")
    assert heard[await arrives(cms, "room")] == [("pt", "")]
    await cms.put(f"{doors}/{door}", language="zh")
    assert heard[await arrives(cms, "sala")] == [("zh", "")]
    assert heard[await arrives(cms, "sala", "en")] == [("en", "")]
    await cms.post(doors, uri="sala", passcode="3", language="en")
    assert heard[await arrives(cms, "sala")] == [("pt", "")]
    leg = await arrives(cms, "sala")
    cms.engine.press(leg, "2#")
    await cms.settle()
    media = cms.engine.media(leg)
    assert media is not None and media.language == "zh"


async def test_at_an_ivr_all_that_is_heard_is_the_ivrs(cms: Rig) -> None:
    """Brand and language of a space would tell that its call ID exists."""
    await cms.post("coSpaces", uri="room", callId="77", passcode="1", language="pt",
                   callBrandingProfile=await cms.post("callBrandingProfiles"))  # fmt: skip
    branding = await cms.post("ivrBrandingProfiles")
    await cms.post("ivrs", uri="411", language="zh", ivrBrandingProfile=branding)
    said = []
    for call_id in ("77#", "78#"):
        leg = await arrives(cms, "411")
        cms.engine.press(leg, call_id)
        await cms.settle()
        cms.engine.press(leg, "9#")
        await cms.settle()
        assert set(cms.engine.spoken[leg]) == {("zh", branding)}
        said.append(cms.engine.played[leg])
    assert said[0] == said[1] == ["welcome", "enter-id", "enter-pin", "pin-incorrect-try-again"]


async def test_a_branding_that_changes_hands_reaches_those_who_are_in(cms: Rig) -> None:
    """A live meeting's plan names the brand of its space as it stands."""
    space = await cms.post("coSpaces", uri="room")
    leg = (await cms.call("room")).id
    media = cms.engine.media(leg)
    assert media is not None and media.brand == ""
    branding = await cms.post("callBrandingProfiles")
    await cms.put(f"coSpaces/{space}", callBrandingProfile=branding)
    await cms.settle()
    assert cms.engine.media(leg) == replace(media, brand=branding)
    await cms.delete(f"callBrandingProfiles/{branding}")
    await cms.settle()
    assert cms.engine.media(leg) == media


async def test_automatic_gain_is_on_by_profile_and_on_a_leg(cms: Rig) -> None:
    """audioGainMode reaches the plan of a live leg at once, from its profile and from the leg itself."""
    profile = await cms.post("callLegProfiles")
    await cms.post("coSpaces", uri="room", callLegProfile=profile)
    leg = (await cms.call("room")).id
    found = []
    for path, mode in ((f"callLegProfiles/{profile}", "agc"), (f"callLegs/{leg}", "disabled"), (f"callLegs/{leg}", "")):
        await cms.put(path, audioGainMode=mode)
        await cms.settle()
        media = cms.engine.media(leg)
        assert media is not None
        found.append(media.agc)
    assert found == [True, False, True]

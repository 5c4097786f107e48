"""Calling people by the API: POST on a call's participants and call legs, and the rules that allow it.

cms-api 2.8, 2.9, 2.13.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from parley.app import space_reader
from parley.app.ports import StoredEvent
from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegArrived, MeetingStarted
from parley.core.ids import LegId
from parley.core.leg_inputs import Answered, AudioCodec, CallFailed, LegAudio, RemoteEnded, Ringing
from parley.core.people import CallOutLimits, SystemDefaults
from parley.core.profiles import LegSettings
from parley.doors.cms.call_records import record_of
from tests.doors.cms_rig import Rig

AUDIO = LegAudio("192.0.2.1", 30000, AudioCodec("pcmu", 0, 8000))
ADA = "sip:ada@phones.example"
BAD_PARTY = (400, '<parameterError parameter="remoteParty" error="invalidValue" />')


async def call(cms: Rig, **space: str) -> str:
    made = await cms.post("coSpaces", name="Room", uri="room", **space)
    return await cms.post("calls", coSpace=made)


async def rule(cms: Rig, domain: str = "*", **more: str) -> str:
    return await cms.post("outboundDialPlanRules", domain=domain, **more)


async def answer(cms: Rig) -> None:
    cms.dialler.doors[-1].say(Answered(AUDIO))
    await cms.settle()


async def test_a_participant_is_called_and_shown_from_the_first_ring(cms: Rig) -> None:
    """Location is top-level; the participant is listed while it rings and is the same one when it has answered."""
    meeting = await call(cms)
    await rule(cms)
    sent = await cms.send("POST", f"calls/{meeting}/participants", remoteParty=ADA)
    assert (sent.status_code, sent.content) == (200, b"")
    person = sent.headers["location"].removeprefix("/api/v1/participants/")
    assert len(person) == 36
    await cms.settle()
    cms.dialler.doors[-1].say(Ringing())
    assert await cms.get(f"participants/{person}") == (
        f'<?xml version="1.0"?><participant id="{person}"><name>ada@phones.example</name><call>{meeting}</call>'
        "<uri>ada@phones.example</uri><numCallLegs>1</numCallLegs><isActivator>false</isActivator>"
        "<canMove>false</canMove><configuration/><status><state>ringing</state></status></participant>"
    )
    for listing in ("participants", f"calls/{meeting}/participants"):
        assert f'<participants total="1"><participant id="{person}">' in await cms.get(listing)
    await answer(cms)
    shown = await cms.get(f"participants/{person}")
    assert "<state>connected</state>" in shown and "<isActivator>true</isActivator>" in shown
    assert '<participants total="1">' in await cms.get("participants")


async def test_a_call_leg_is_called(cms: Rig) -> None:
    """Location is top-level; direction outgoing in both places; state, call and party from the first moment."""
    meeting = await call(cms)
    await rule(cms)
    sent = await cms.send("POST", f"calls/{meeting}/callLegs", remoteParty="ada@phones.example")
    leg = sent.headers["location"].removeprefix("/api/v1/callLegs/")
    body = await cms.get(f"callLegs/{leg}")
    assert body.count("<direction>outgoing</direction>") == 2
    for part in (
        "<remoteParty>ada@phones.example</remoteParty><localAddress>room@example.com</localAddress>",
        f"<call>{meeting}</call>",
        "<state>initial</state>",
        "<sipCallId>c-out</sipCallId>",
    ):
        assert part in body
    await cms.settle()
    await answer(cms)
    assert "<state>connected</state>" in await cms.get(f"callLegs/{leg}")


async def test_settings_profile_and_extras_of_the_post_hold_for_the_leg(cms: Rig) -> None:
    """The profile is the callOut level, single parameters are the leg's own; stored ones are echoed."""
    meeting = await call(cms)
    await rule(cms)
    profile = await cms.post("callLegProfiles", needsActivation="true", txAudioMute="true")
    leg = await cms.post(
        f"calls/{meeting}/callLegs",
        remoteParty=ADA,
        callLegProfile=profile,
        rxAudioMute="true",
        needsActivation="false",
        ownerId="77",
        nameLabelOverride="Ada",
    )
    await cms.settle()
    await answer(cms)
    trace = await cms.get(f"callLegs/{leg}/callLegProfileTrace")
    assert trace.endswith(
        f'<profile scope="callOut"><callLegProfile id="{profile}"><needsActivation>true</needsActivation>'
        "<txAudioMute>true</txAudioMute></callLegProfile></profile>"
        '<profile scope="callLeg"><callLegProfile><needsActivation>false</needsActivation>'
        "<rxAudioMute>true</rxAudioMute></callLegProfile></profile></callLegProfileTrace>"
    )
    body = await cms.get(f"callLegs/{leg}")
    for part in ("<ownerId>77</ownerId>", "<nameLabelOverride>Ada</nameLabelOverride>", "<rxAudioMute>true<"):
        assert part in body


@pytest.mark.parametrize(("deactivated", "waits"), [("false", False), ("true", True), ("", True)])
async def test_deactivated_false_skips_the_lobby(cms: Rig, deactivated: str, waits: bool) -> None:
    """In a locked call only the one who is let in beforehand does not wait."""
    meeting = await call(cms)
    await rule(cms)
    await cms.put(f"calls/{meeting}", locked="true")
    leg = await cms.post(f"calls/{meeting}/participants", remoteParty=ADA, deactivated=deactivated)
    await cms.settle()
    await answer(cms)
    (shown,) = cms.directory.legs()
    assert shown.participant == leg
    assert ("<deactivated>true</deactivated>" in await cms.get(f"callLegs/{shown.leg}")) is waits


@pytest.mark.parametrize("node", ["participants", "callLegs"])
async def test_what_is_wrong_is_told_and_nobody_is_called(cms: Rig, node: str) -> None:
    """No rule, no party, a bad party, an unknown profile, call or value."""
    meeting = await call(cms)
    path = f"calls/{meeting}/{node}"
    assert await cms.refused("POST", path, remoteParty=ADA) == BAD_PARTY  # no rule, no call
    await rule(cms)
    missing = (400, '<parameterError parameter="remoteParty" error="missing" />')
    assert await cms.refused("POST", path) == missing
    assert await cms.refused("POST", path, remoteParty="") == missing
    for party in ("sip:a@b?Subject=x", "sip:a;b@c", "a b", "http://x.example"):
        assert await cms.refused("POST", path, remoteParty=party) == BAD_PARTY
    assert await cms.refused("POST", path, remoteParty=ADA, callLegProfile="x") == (
        400,
        "<callLegProfileDoesNotExist />",
    )
    assert await cms.refused("POST", f"calls/{'0' * 36}/{node}", remoteParty=ADA) == (404, "<callDoesNotExist />")
    assert await cms.refused("POST", path, remoteParty=ADA, rxAudioMute="maybe") == (
        400,
        '<parameterError parameter="rxAudioMute" error="invalidValue" />',
    )
    assert cms.dialler.doors == [] and cms.directory.legs() == []


async def test_bounds_answer_that_it_is_busy(cms: Rig) -> None:
    """Too many calls at once: 503, to be tried again later; a full call: its own code."""
    meeting = await call(cms)
    await rule(cms)
    async with cms.store.transaction() as tx:
        await tx.save_system_defaults(SystemDefaults(call_out=CallOutLimits(at_once=1)))
    await cms.post(f"calls/{meeting}/participants", remoteParty=ADA)
    busy = await cms.refused("POST", f"calls/{meeting}/participants", remoteParty=ADA)
    assert busy == (503, "<tenantParticipantLimitReached />")
    limited = await cms.post("callProfiles", participantLimit="0")
    full = await cms.post("calls", coSpace=await cms.post("coSpaces", uri="full", callProfile=limited))
    assert await cms.refused("POST", f"calls/{full}/participants", remoteParty=ADA) == (
        400,
        "<participantLimitReached />",
    )


async def test_whoever_rings_can_be_dropped_but_not_changed(cms: Rig) -> None:
    """DELETE gives the call up; PUT before the answer is an invalid operation."""
    meeting = await call(cms)
    await rule(cms)
    person = await cms.post(f"calls/{meeting}/participants", remoteParty=ADA)
    await cms.settle()
    refused = await cms.refused("PUT", f"participants/{person}", rxAudioMute="true")
    assert refused == (400, "<invalidOperation />")
    await cms.delete(f"participants/{person}")
    assert cms.dialler.doors[-1].given_up
    assert await cms.refused("GET", f"participants/{person}") == (404, "<participantDoesNotExist />")


async def test_who_did_not_come_is_gone(cms: Rig) -> None:
    """A busy or ended leg is in no list, and the call is as it was."""
    meeting = await call(cms)
    await rule(cms)
    await cms.post(f"calls/{meeting}/participants", remoteParty=ADA)
    await cms.settle()
    cms.dialler.doors[-1].say(CallFailed(Ending(Side.REMOTE, Reason.BUSY)))
    await cms.post(f"calls/{meeting}/participants", remoteParty=ADA)
    await cms.settle()
    await answer(cms)
    cms.dialler.doors[-1].say(RemoteEnded(Ending(Side.REMOTE, Reason.HANG_UP)))
    await cms.settle()
    assert '<callLegs total="0"/>' in await cms.get("callLegs")
    assert "<numCallLegs>0</numCallLegs>" in await cms.get(f"calls/{meeting}")


async def test_the_log_names_who_had_somebody_called(cms: Rig) -> None:
    """One line for the API's user, one for the call."""
    meeting = await call(cms)
    await rule(cms)
    person = await cms.post(f"calls/{meeting}/participants", remoteParty=ADA)
    verbs = [(event.verb, event.subject) for event in cms.journal.events if hasattr(event, "verb")]
    assert ("created new participant", person) in verbs


# --- rules ---------------------------------------------------------------------------------------------------------


async def test_a_rule_reads_back_as_the_sheet_says(cms: Rig) -> None:
    """Defaults are printed, unset texts as empty elements; a list shows domain, priority and tenant."""
    made = await rule(cms, "phones.example")
    assert await cms.get(f"outboundDialPlanRules/{made}") == (
        f'<?xml version="1.0"?><outboundDialPlanRule id="{made}"><domain>phones.example</domain><priority>0</priority>'
        "<localContactDomain></localContactDomain><localFromDomain></localFromDomain><sipProxy></sipProxy>"
        "<trunkType>sip</trunkType><failureAction>stop</failureAction>"
        "<sipControlEncryption>auto</sipControlEncryption><scope>global</scope>"
        "<callRouting>default</callRouting></outboundDialPlanRule>"
    )
    tenant = await cms.post("tenants", name="t")
    await cms.put(f"outboundDialPlanRules/{made}", tenant=tenant, priority="9")
    assert await cms.get("outboundDialPlanRules?filter=PHONES") == (
        f'<?xml version="1.0"?><outboundDialPlanRules total="1"><outboundDialPlanRule id="{made}">'
        f"<domain>phones.example</domain><priority>9</priority><tenant>{tenant}</tenant></outboundDialPlanRule>"
        "</outboundDialPlanRules>"
    )
    await cms.delete(f"outboundDialPlanRules/{made}")
    gone = await cms.refused("GET", f"outboundDialPlanRules/{made}")
    assert gone == (404, "<outboundDialPlanRuleDoesNotExist />")


@pytest.mark.parametrize(
    ("parameters", "wrong", "error"),
    [
        ({}, "domain", "missing"),
        ({"domain": "a b"}, "domain", "invalidValue"),
        ({"domain": "a.*"}, "domain", "invalidValue"),
        ({"domain": "*", "sipProxy": "a;lr"}, "sipProxy", "invalidValue"),
        ({"domain": "*", "localFromDomain": "a>b"}, "localFromDomain", "invalidValue"),
        ({"domain": "*", "failureAction": "maybe"}, "failureAction", "invalidValue"),
        ({"domain": "*", "trunkType": "x"}, "trunkType", "invalidValue"),
        ({"domain": "*", "priority": "-1"}, "priority", "invalidValue"),
        ({"domain": "*", "authenticationName": "u"}, "authenticationPassword", "missing"),
    ],
    ids=str,
)
async def test_a_bad_rule_is_refused_by_its_parameter(
    cms: Rig, parameters: dict[str, str], wrong: str, error: str
) -> None:
    """Under the name that the client used, and nothing is made."""
    refused = await cms.refused("POST", "outboundDialPlanRules", **parameters)
    assert refused == (400, f'<parameterError parameter="{wrong}" error="{error}" />')
    assert 'total="0"' in await cms.get("outboundDialPlanRules")


async def test_a_trunks_password_is_never_returned(cms: Rig) -> None:
    """Name and realm are; the password stays inside, also after a change of something else."""
    made = await rule(
        cms, authenticationName="parley", authenticationPassword="sesame", authenticationRealm="trunk.example"
    )
    await cms.put(f"outboundDialPlanRules/{made}", priority="3")
    body = await cms.get(f"outboundDialPlanRules/{made}")
    assert "sesame" not in body and "<authenticationName>parley</authenticationName>" in body
    assert (await cms.administration.outbound_rules.get(made)).password is not None


async def test_what_a_space_sets_itself_is_traced_beside_its_profile(cms: Rig) -> None:
    """A level's own values follow its profile, without an id; one with no word in the dialect is left out."""
    profile = await cms.post("callLegProfiles", rxAudioMute="true")
    space = await cms.post("coSpaces", uri="room", callLegProfile=profile)
    for settings, shown in (
        (
            LegSettings(max_duration=60),
            "<callLegProfile><maxCallDurationTime>60</maxCallDurationTime></callLegProfile>",
        ),
        (LegSettings(waiting_room=False), None),
    ):
        async with cms.store.transaction() as tx:
            found = await tx.spaces.get(space)
            assert found is not None
            await tx.spaces.save(replace(found, leg_settings=settings))
        runner = await cms.call("room")
        trace = await cms.get(f"callLegs/{runner.id}/callLegProfileTrace")
        first = (
            f'<profile scope="coSpace"><callLegProfile id="{profile}"><rxAudioMute>true</rxAudioMute>'
            "</callLegProfile></profile>"
        )
        own = f'<profile scope="coSpace">{shown}</profile>' if shown else ""
        assert trace.endswith(f'callLeg="{runner.id}">{first}{own}</callLegProfileTrace>')


async def test_a_participant_is_moved_into_another_call(cms: Rig) -> None:
    """The same participant, elsewhere; nobody is called, and a participant that is not there is said not to be."""
    first = await call(cms)
    other = await cms.post("coSpaces", name="Other", uri="other")
    second = await cms.post("calls", coSpace=other)
    await rule(cms)
    person = await cms.post(f"calls/{first}/participants", remoteParty=ADA)
    missing = await cms.send("POST", f"calls/{second}/participants", movedParticipant=person)
    assert missing.status_code == 404 and b"participantDoesNotExist" in missing.content, "it is not in yet"
    await cms.settle()
    await answer(cms)
    assert "<canMove>true</canMove>" in await cms.get(f"participants/{person}")
    moved = await cms.send("POST", f"calls/{second}/participants", movedParticipant=person)
    assert moved.status_code == 200 and moved.headers["location"] == f"/api/v1/participants/{person}"
    await cms.settle()
    assert f"<call>{second}</call>" in await cms.get(f"participants/{person}")
    assert '<participants total="0"' in await cms.get(f"calls/{first}/participants")
    assert len(cms.dialler.doors) == 1 and cms.dialler.doors[0].hung_up is None


async def test_a_call_without_a_space_is_of_those_who_are_called_into_it(cms: Rig) -> None:
    """POST calls with a name alone: it is no coSpace's, the system's profile holds in it, and it ends when it is to."""
    profile = await cms.post("callLegProfiles", rxAudioMute="true")
    await cms.put("system/profiles", callLegProfile=profile)
    meeting = await cms.post("calls", name="Just now")
    body = await cms.get(f"calls/{meeting}")
    assert "<name>Just now</name><callType>adHoc</callType><callCorrelator>" in body and "coSpace" not in body
    assert "<activeWhenEmpty>true</activeWhenEmpty>" in body
    assert '<coSpaces total="0"/>' in await cms.get("coSpaces")
    await rule(cms)
    unheard = await cms.post(f"calls/{meeting}/callLegs", remoteParty=ADA)
    await cms.settle()
    await answer(cms)
    heard = await cms.post(f"calls/{meeting}/participants", remoteParty=ADA, rxAudioMute="false")
    await cms.settle()
    await answer(cms)
    views = {view.leg: view for view in cms.directory.legs()}
    assert [view.view is not None and view.view.muted for view in views.values()] == [True, False]
    assert f"<call>{meeting}</call>" in await cms.get(f"participants/{heard}")
    await cms.put(f"callLegProfiles/{profile}", rxAudioMute="false")
    await cms.settle()
    assert "<rxAudioMute>false</rxAudioMute>" in await cms.get(f"callLegs/{unheard}")
    await cms.delete(f"calls/{meeting}")
    await cms.settle()
    assert cms.directory.legs() == [] and '<calls total="0"/>' in await cms.get("calls")
    started = next(event for event in cms.journal.events if isinstance(event, MeetingStarted))
    record = record_of(StoredEvent(1, datetime(2026, 1, 1, tzinfo=UTC), started))
    assert record is not None
    assert record.plain()["callType"] == "adHoc" and "coSpace" not in record.plain()


async def test_calls_without_a_space_are_bounded(cms: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is a matter of time; those that are over make room."""
    monkeypatch.setattr(space_reader, "AD_HOC_MOST", 2)
    first, _ = [await cms.post("calls", name=name) for name in "ab"]
    assert await cms.refused("POST", "calls", name="c") == (503, "<callBridgeUnavailable />")
    await cms.delete(f"calls/{first}")
    await cms.post("calls", name="c")


async def test_keys_are_pressed_for_the_one_who_is_called(cms: Rig) -> None:
    """dtmfSequence waits for the answer; a live leg or participant takes another one; before the answer none is."""
    meeting = await call(cms)
    await rule(cms)
    leg = await cms.post(f"calls/{meeting}/callLegs", remoteParty=ADA, dtmfSequence="12#,*", ownerId="mine")
    await cms.settle()
    assert await cms.refused("PUT", f"callLegs/{leg}", dtmfSequence="1") == (400, "<invalidOperation />")
    assert cms.engine.sent_digits == {}
    await answer(cms)
    assert cms.engine.sent_digits == {leg: "12#,*"}
    await cms.put(f"callLegs/{leg}", dtmfSequence="34", rxAudioMute="true")
    (person,) = [view.participant for view in cms.directory.legs()]
    await cms.put(f"participants/{person}", dtmfSequence="5")
    assert cms.engine.sent_digits == {leg: "12#,*345"}
    body = await cms.get(f"callLegs/{leg}")
    assert "<rxAudioMute>true</rxAudioMute>" in body and "dtmfSequence" not in body
    for keys in ("abc", "1" * 129):
        wrong = (400, '<parameterError parameter="dtmfSequence" error="invalidValue" />')
        assert await cms.refused("PUT", f"callLegs/{leg}", dtmfSequence=keys) == wrong
    arrived = next(event for event in cms.journal.events if isinstance(event, LegArrived))
    assert arrived.owner == "mine"


async def test_whoever_answers_confirms_by_a_key(cms: Rig) -> None:
    """Until then the leg is connected, the call's, and not in it; the end of the call ends it."""
    meeting = await call(cms)
    await rule(cms)
    legs = []
    for _ in range(2):
        legs.append(await cms.post(f"calls/{meeting}/callLegs", remoteParty=ADA, confirmation="true"))
        await cms.settle()
        await answer(cms)
    first, second = legs
    for leg in (first, second):
        body = await cms.get(f"callLegs/{leg}")
        assert f"<call>{meeting}</call>" in body and "<state>connected</state>" in body and "groupId" not in body
        assert cms.engine.played[LegId(leg)] == ["confirm-join"]
    cms.engine.press(LegId(first), "1")
    await cms.settle()
    assert "<groupId>" in await cms.get(f"callLegs/{first}")
    await cms.delete(f"calls/{meeting}")
    await cms.settle()
    assert await cms.refused("GET", f"callLegs/{second}") == (404, "<callLegDoesNotExist />")


async def test_a_whole_picture_is_asked_for(cms: Rig) -> None:
    """POST generateKeyframe in either spelling has an empty answer; of no leg it is an unknown leg."""
    meeting = await call(cms)
    await rule(cms)
    leg = await cms.post(f"calls/{meeting}/callLegs", remoteParty=ADA)
    for spelling in ("generateKeyframe", "generateKeyFrame"):
        sent = await cms.send("POST", f"callLegs/{leg}/{spelling}")
        assert (sent.status_code, sent.content) == (200, b"") and "location" not in sent.headers
    unknown = (404, "<callLegDoesNotExist />")
    assert await cms.refused("POST", f"callLegs/{'0' * 36}/generateKeyframe") == unknown
    assert (await cms.refused("GET", f"callLegs/{leg}/generateKeyframe"))[1] == "<invalidOperation />"


async def test_the_legs_of_one_call_are_filtered_and_paged(cms: Rig) -> None:
    """The list below a call takes the filters and pages of the whole list, and shows that call's legs alone."""
    meeting = await call(cms)
    await rule(cms)
    other = await cms.post("calls", coSpace=await cms.post("coSpaces", uri="other"))
    await cms.post(f"calls/{other}/callLegs", remoteParty="sip:eve@phones.example")
    legs = [
        await cms.post(f"calls/{meeting}/callLegs", remoteParty=f"sip:{name}@phones.example") for name in ("ada", "bob")
    ]
    path = f"calls/{meeting}/callLegs"
    assert '<callLegs total="2">' in await cms.get(path)
    assert f'<callLegs total="1"><callLeg id="{legs[1]}">' in await cms.get(f"{path}?filter=BOB")
    assert f'<callLegs total="2"><callLeg id="{legs[1]}">' in await cms.get(f"{path}?offset=1&limit=1")
    assert '<callLegs total="0"/>' in await cms.get(f"{path}?filter=eve")

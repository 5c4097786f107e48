"""Calls, call legs and participants as the API shows and changes them, over the real directory (cms-api 2.7 to 2.9)."""

import re

from parley.app.ports import MediaStatistics
from parley.core.endings import Ending, Reason, Side
from parley.core.events import AdministratorActed
from parley.core.quality import LossRuns, QualityWindow
from parley.doors.cms.app import CmsSettings
from tests.doors.cms_rig import Rig

HEAD = '<?xml version="1.0"?>'
NOBODY = "00000000-0000-0000-0000-000000000000"


def ids(body: str) -> list[str]:
    return re.findall(r' id="([^"]*)"', body)


async def guest_and_host(cms: Rig) -> tuple[str, str, str]:
    """A space with URI guest for those who wait and host for those who activate: (space, guest and host profile)."""
    guest = await cms.post("callLegProfiles", "needsActivation=true&rxAudioMute=true&defaultLayout=speakerOnly")
    host = await cms.post("callLegProfiles", "needsActivation=false")
    space = await cms.post("coSpaces", f"name=Both&uri=guest&callLegProfile={guest}")
    await cms.post(f"coSpaces/{space}/accessMethods", f"uri=host&callLegProfile={host}")
    return space, guest, host


async def participant_of(cms: Rig, leg: str) -> str:
    found = re.search("<groupId>(.*)</groupId>", await cms.get(f"callLegs/{leg}"))
    assert found is not None
    return found[1]


async def test_a_waiting_guest_as_the_api_shows_him(cms: Rig) -> None:
    """3.10, guest in the lobby: the call is there, the leg is deactivated, the participant is no activator."""
    space, _, _ = await guest_and_host(cms)
    leg = (await cms.call("guest", "sip:2000@example.com", "Ann")).id
    cms.clock.advance(7)
    (call,) = ids(await cms.get("calls"))
    assert await cms.get("calls") == (
        f'{HEAD}<calls total="1"><call id="{call}"><name>Both</name><coSpace>{space}</coSpace>'
        f"<callCorrelator>{call}</callCorrelator></call></calls>"
    )
    participant = await participant_of(cms, leg)
    assert await cms.get(f"callLegs/{leg}") == (
        f'{HEAD}<callLeg id="{leg}"><name>Ann</name><remoteParty>2000@example.com</remoteParty>'
        f"<localAddress>guest@example.com</localAddress><call>{call}</call><type>sip</type>"
        "<direction>incoming</direction><canMove>true</canMove><configuration>"
        "<needsActivation>true</needsActivation><defaultLayout>speakerOnly</defaultLayout>"
        "<rxAudioMute>true</rxAudioMute></configuration><status><state>connected</state>"
        "<durationSeconds>7</durationSeconds><direction>incoming</direction><sipCallId>c1</sipCallId>"
        f"<groupId>{participant}</groupId><deactivated>true</deactivated><encryptedMedia>false</encryptedMedia>"
        "<unencryptedMedia>true</unencryptedMedia><rxAudio><codec>g711u</codec>"
        "<packetLossPercentage>0.0</packetLossPercentage><jitter>0</jitter><bitRate>0</bitRate></rxAudio>"
        "<txAudio><codec>g711u</codec><bitRate>0</bitRate></txAudio></status></callLeg>"
    )
    assert await cms.get(f"participants/{participant}") == (
        f'{HEAD}<participant id="{participant}"><name>Ann</name><call>{call}</call><uri>2000@example.com</uri>'
        "<numCallLegs>1</numCallLegs><isActivator>false</isActivator><canMove>true</canMove><configuration/>"
        "<status><state>connected</state></status></participant>"
    )


async def test_lists_of_live_objects(cms: Rig) -> None:
    """Lists show the subset of the sheet, everywhere the same."""
    await guest_and_host(cms)
    leg = (await cms.call("guest", "sip:2000@example.com", "Ann")).id
    (call,) = ids(await cms.get("calls"))
    participant = await participant_of(cms, leg)
    legs = (
        f'{HEAD}<callLegs total="1"><callLeg id="{leg}"><name>Ann</name><remoteParty>2000@example.com</remoteParty>'
        f"<call>{call}</call><alarms/></callLeg></callLegs>"
    )
    for path in ("callLegs", f"calls/{call}/calllegs", f"participants/{participant}/callLegs"):
        assert await cms.get(path) == legs
    participants = (
        f'{HEAD}<participants total="1"><participant id="{participant}"><name>Ann</name><call>{call}</call>'
        "</participant></participants>"
    )
    for path in ("participants", f"calls/{call}/participants"):
        assert await cms.get(path) == participants


async def test_the_host_activates_and_is_shown_as_activator(cms: Rig) -> None:
    """3.10, host in: the guest's deactivated element is gone, and only the host is an activator."""
    await guest_and_host(cms)
    guest = (await cms.call("guest")).id
    host = (await cms.call("host", "sip:3000@example.com")).id
    (call,) = ids(await cms.get("calls"))
    assert "<deactivated>" not in await cms.get(f"callLegs/{guest}")
    assert "<isActivator>false<" in await cms.get(f"participants/{await participant_of(cms, guest)}")
    assert "<isActivator>true<" in await cms.get(f"participants/{await participant_of(cms, host)}")
    assert "<numParticipantsLocal>2</numParticipantsLocal>" in await cms.get(f"calls/{call}")


async def test_detail_of_a_call(cms: Rig) -> None:
    """The elements of a call stand in the order of the sheet's sample; the owner's name comes from the space."""
    await cms.user("owner@example.com", name="Olive")
    space = await cms.post("coSpaces", "name=Both&uri=both&ownerJid=owner@example.com")
    await cms.call("both")
    cms.clock.advance(61.9)
    (call,) = ids(await cms.get("calls"))
    detail = (
        f'{HEAD}<call id="{call}"><name>Both</name><callType>coSpace</callType><coSpace>{space}</coSpace>'
        f"<ownerName>{{0}}</ownerName><callCorrelator>{call}</callCorrelator><durationSeconds>61</durationSeconds>"
        "<numCallLegs>1</numCallLegs><maxCallLegs>1</maxCallLegs><numParticipantsLocal>1</numParticipantsLocal>"
        "<locked>false</locked><recording>false</recording><recordingStatus>false</recordingStatus>"
        "<streaming>false</streaming><streamingStatus>false</streamingStatus>"
        "<allowAllMuteSelf>false</allowAllMuteSelf>"
        "<allowAllPresentationContribution>false</allowAllPresentationContribution>"
        "<messagePosition>middle</messagePosition><messageDuration>0</messageDuration>"
        "<activeWhenEmpty>false</activeWhenEmpty><endpointRecording>false</endpointRecording></call>"
    )
    assert await cms.get(f"calls/{call}") == detail.format("Olive")
    await cms.put(f"coSpaces/{space}", "meetingScheduler=Desk")
    assert await cms.get(f"calls/{call}") == detail.format("Desk")


async def test_post_opens_a_call_that_stays(cms: Rig) -> None:
    """POST /calls makes an empty call that is kept, until activeWhenEmpty is set to false."""
    space = await cms.post("coSpaces", "name=n&uri=n")
    call = await cms.post("calls", f"coSpace={space.upper()}&locked=true&messageText=Hi")
    body = await cms.get(f"calls/{call}")
    assert "<locked>true</locked>" in body and "<activeWhenEmpty>true</activeWhenEmpty>" in body
    assert "<messageText>Hi</messageText>" in body
    assert AdministratorActed("192.0.2.77", "admin", "created new call", call) in cms.journal.events
    await cms.put(f"calls/{call}", "activeWhenEmpty=false")
    assert await cms.get("calls") == f'{HEAD}<calls total="0"/>'


async def test_post_of_a_call_needs_a_space(cms: Rig) -> None:
    """Neither a missing nor an unknown space opens anything, without a name at least."""
    missing = (400, '<parameterError parameter="coSpace" error="missing" />')
    assert await cms.refused("POST", "calls", "name=&locked=true") == missing
    assert await cms.refused("POST", "calls", f"coSpace={NOBODY}") == (400, "<coSpaceDoesNotExist />")
    space = await cms.post("coSpaces", "uri=n")
    bad = (400, '<parameterError parameter="messageDuration" error="invalidValue" />')
    assert await cms.refused("POST", "calls", f"coSpace={space}&messageDuration=long") == bad
    assert await cms.get("calls") == f'{HEAD}<calls total="0"/>'


async def test_a_locked_call_keeps_newcomers_waiting(cms: Rig) -> None:
    """PUT locked does what it says, and its change is in the event log's words."""
    await guest_and_host(cms)
    await cms.call("host")
    (call,) = ids(await cms.get("calls"))
    await cms.put(f"calls/{call}", "locked=true")
    assert AdministratorActed("192.0.2.77", "admin", "modified call", call) in cms.journal.events
    late = (await cms.call("guest", "sip:late@example.com")).id
    assert "<deactivated>true</deactivated>" in await cms.get(f"callLegs/{late}")
    await cms.put(f"calls/{call}", "locked=false")
    assert "<deactivated>" not in await cms.get(f"callLegs/{late}")


async def test_parameters_of_a_call_without_effect_are_kept_while_it_lives(cms: Rig) -> None:
    """They are echoed, unset by an empty value, and forgotten with their call."""
    space = await cms.post("coSpaces", "uri=n")
    call = await cms.post("calls", f"coSpace={space}")
    await cms.put(f"calls/{call}", "joinAudioMuteOverride=true&messageDuration=Permanent&recording=true")
    body = await cms.get(f"calls/{call}")
    assert "<joinAudioMuteOverride>true</joinAudioMuteOverride>" in body
    assert "<messageDuration>permanent</messageDuration>" in body
    assert "<recording>true</recording><recordingStatus>false</recordingStatus>" in body
    await cms.put(f"calls/{call}", "joinAudioMuteOverride=&messageDuration=")
    body = await cms.get(f"calls/{call}")
    assert "joinAudioMuteOverride" not in body and "<messageDuration>0<" in body
    await cms.delete(f"calls/{call}")
    again = await cms.post("calls", f"coSpace={space}")
    assert "<recording>false</recording>" in await cms.get(f"calls/{again}")


async def test_deleting_ends_what_it_names(cms: Rig) -> None:
    """DELETE of a leg, a participant and a call hang up with an administrator's ending; then it is not there."""
    await cms.post("coSpaces", "uri=n")
    runners = [await cms.call("n", f"sip:{number}@example.com") for number in range(4)]
    (call,) = ids(await cms.get("calls"))
    participant = await participant_of(cms, runners[1].id)
    await cms.delete(f"callLegs/{runners[0].id}")
    await cms.delete(f"participants/{participant}")
    await cms.settle()
    assert await cms.refused("DELETE", f"callLegs/{runners[0].id}") == (404, "<callLegDoesNotExist />")
    assert await cms.refused("PUT", f"participants/{participant}") == (404, "<participantDoesNotExist />")
    await cms.delete(f"calls/{call}")
    await cms.settle()
    assert await cms.refused("DELETE", f"calls/{call}") == (404, "<callDoesNotExist />")
    dropped = Ending(Side.ADMINISTRATOR, Reason.HANG_UP)
    ended = Ending(Side.ADMINISTRATOR, Reason.MEETING_ENDED)
    assert [runner.door.hung_up for runner in runners] == [dropped, dropped, ended, ended]  # type: ignore[attr-defined]


async def test_one_guest_is_let_in_and_sent_back(cms: Rig) -> None:
    """deactivated=false lets one waiting participant in, true sends back."""
    await guest_and_host(cms)
    first, second = (await cms.call("guest", "sip:1@example.com")).id, (await cms.call("guest", "sip:2@example.com")).id
    participant = await participant_of(cms, first)
    await cms.put(f"participants/{participant}", "deactivated=false")
    assert "<deactivated>" not in await cms.get(f"callLegs/{first}")
    assert "<deactivated>true" in await cms.get(f"callLegs/{second}")
    await cms.put(f"participants/{participant}", "deactivated=true")
    assert "<deactivated>true" in await cms.get(f"callLegs/{first}")


async def test_any_profile_parameter_can_be_set_on_a_leg_and_unset(cms: Rig) -> None:
    """What is set on the leg wins over its profile, and an empty value gives the profile's back."""
    await guest_and_host(cms)
    leg = (await cms.call("guest")).id
    await cms.put(
        f"callLegs/{leg}", "rxAudioMute=false&chosenLayout=allEqual&ownerId=me&layout=stacked&qualityMain=max720p30"
    )
    configuration = (
        "<configuration><ownerId>me</ownerId><chosenLayout>allEqual</chosenLayout>"
        "<needsActivation>true</needsActivation><defaultLayout>stacked</defaultLayout>"
        "<rxAudioMute>false</rxAudioMute><qualityMain>max720p30</qualityMain></configuration>"
    )
    assert configuration in await cms.get(f"callLegs/{leg}")
    await cms.put(f"callLegs/{leg}", "rxAudioMute=&chosenLayout=&ownerId=&defaultLayout=&qualityMain=")
    configuration = (
        "<configuration><needsActivation>true</needsActivation><defaultLayout>speakerOnly</defaultLayout>"
        "<rxAudioMute>true</rxAudioMute></configuration>"
    )
    assert configuration in await cms.get(f"callLegs/{leg}")


async def test_a_refused_change_of_a_leg_changes_nothing(cms: Rig) -> None:
    """An unknown profile or a bad value keeps the good ones that came with it from being taken."""
    await guest_and_host(cms)
    leg = (await cms.call("guest")).id
    before = await cms.get(f"callLegs/{leg}")
    for body, inner in (
        (f"rxAudioMute=false&callLegProfile={NOBODY}", "<callLegProfileDoesNotExist />"),
        (
            "rxAudioMute=false&nameLabelOverride=" + "%C3%A9" * 26,
            '<parameterError parameter="nameLabelOverride" error="invalidValue" />',
        ),
        ("needsActivation=false&dtmfSequence=abc", '<parameterError parameter="dtmfSequence" error="invalidValue" />'),
    ):
        assert await cms.refused("PUT", f"callLegs/{leg}", body) == (400, inner)
    assert await cms.get(f"callLegs/{leg}") == before


async def test_the_trace_shows_every_level_in_order(cms: Rig) -> None:
    """Global, coSpace, accessMethod and callLeg follow one another; levels that set nothing are left out."""
    _, guest, host = await guest_and_host(cms)
    globally = await cms.post("callLegProfiles", "rxAudioMute=false&name=G")
    await cms.put("system/profiles", callLegProfile=globally)
    leg = (await cms.call("host")).id
    extra = await cms.post("callLegProfiles", "txAudioMute=true")
    await cms.put(f"callLegs/{leg}", f"callLegProfile={extra}&maxCallDurationTime=90&chosenLayout=allEqual")
    assert await cms.get(f"callLegs/{leg}/callLegProfileTrace") == (
        f'{HEAD}<callLegProfileTrace callLeg="{leg}"><profile scope="global"><callLegProfile id="{globally}">'
        '<rxAudioMute>false</rxAudioMute></callLegProfile></profile><profile scope="coSpace">'
        f'<callLegProfile id="{guest}"><needsActivation>true</needsActivation><defaultLayout>speakerOnly'
        '</defaultLayout><rxAudioMute>true</rxAudioMute></callLegProfile></profile><profile scope="accessMethod">'
        f'<callLegProfile id="{host}"><needsActivation>false</needsActivation></callLegProfile></profile>'
        f'<profile scope="callLeg"><callLegProfile id="{extra}"><txAudioMute>true</txAudioMute></callLegProfile>'
        '</profile><profile scope="callLeg"><callLegProfile><maxCallDurationTime>90</maxCallDurationTime>'
        "</callLegProfile></profile></callLegProfileTrace>"
    )
    await cms.put(f"callLegs/{leg}", "callLegProfile=")
    assert extra not in await cms.get(f"callLegs/{leg}/callLegProfileTrace")


async def muted(cms: Rig, legs: list[str]) -> list[bool]:
    return ["<rxAudioMute>true</rxAudioMute>" in await cms.get(f"callLegs/{leg}") for leg in legs]


async def test_many_are_muted_at_once(cms: Rig) -> None:
    """participants/* mutes all, all but some, or only some; unknown ids do no harm."""
    await cms.post("coSpaces", "uri=n")
    legs = [(await cms.call("n", f"sip:{number}@example.com")).id for number in range(3)]
    people = [await participant_of(cms, leg) for leg in legs]
    (call,) = ids(await cms.get("calls"))
    path = f"calls/{call}/participants/*"
    await cms.put(path, "rxAudioMute=true")
    assert await muted(cms, legs) == [True, True, True]
    await cms.put(path, f"rxAudioMute=false&filterIds={people[0]},{NOBODY}")
    assert await muted(cms, legs) == [True, False, False]
    await cms.put(path, f"rxAudioMute=true&mode=selected&filterIds={people[2].upper()}, {people[1]}")
    assert await muted(cms, legs) == [True, True, True]
    await cms.put(path, "rxAudioMute=false&mode=selected")
    assert await muted(cms, legs) == [True, True, True]
    await cms.put(path, f"layout=stacked&importance=3&rxVideoMute=true&mode=selected&filterIds={people[1]}")
    shown = [await cms.get(f"participants/{person}") for person in people]
    assert [
        "<configuration><importance>3</importance><defaultLayout>stacked</defaultLayout></configuration>" in body
        for body in shown
    ] == [False, True, False]


async def test_a_bulk_change_is_bounded_and_checked(cms: Rig) -> None:
    """More than 20 filter ids, an odd mode or a bad mute are refused; an unknown call is not found."""
    space = await cms.post("coSpaces", "uri=n")
    call = await cms.post("calls", f"coSpace={space}")
    path = f"calls/{call}/participants/*"
    for body, name in (
        ("filterIds=" + ",".join([NOBODY] * 21), "filterIds"),
        ("mode=some", "mode"),
        ("rxAudioMute=loud", "rxAudioMute"),
    ):
        expected = (400, f'<parameterError parameter="{name}" error="invalidValue" />')
        assert await cms.refused("PUT", path, body) == expected
    assert await cms.refused("PUT", f"calls/{NOBODY}/participants/*") == (404, "<callDoesNotExist />")


async def test_a_participant_of_a_call_is_reached_through_it(cms: Rig) -> None:
    """The nested path works for the right call only."""
    await cms.post("coSpaces", "uri=n")
    other = await cms.post("calls", f"coSpace={await cms.post('coSpaces')}")
    leg = (await cms.call("n")).id
    person = await participant_of(cms, leg)
    call = next(id for id in ids(await cms.get("calls")) if id != other)
    await cms.put(f"calls/{call}/participants/{person}", "rxAudioMute=true&importance=5&nameLabelOverride=Boss")
    assert await muted(cms, [leg]) == [True]
    assert "<configuration><importance>5</importance><nameLabelOverride>Boss</nameLabelOverride></configuration>" in (
        await cms.get(f"calls/{call}/participants/{person}")
    )
    assert await cms.refused("PUT", f"calls/{other}/participants/{person}") == (404, "<participantDoesNotExist />")


async def test_filters_and_pages_of_live_objects() -> None:
    """The cap of live collections is their own; filters by space, tenant, name and owner narrow them."""
    async with Rig(CmsSettings(version="1", live_page=2)) as cms:
        tenant = await cms.post("tenants", name="t")
        space = await cms.post("coSpaces", "uri=n")
        await cms.post("coSpaces", f"uri=m&tenant={tenant}")
        legs = [(await cms.call("n", f"sip:{number}@example.com")).id for number in range(3)]
        last = (await cms.call("m", "sip:9@example.com", "Zoe")).id
        assert ids(await cms.get("callLegs?limit=50")) == legs[:2]
        assert 'total="4"' in await cms.get("callLegs")
        assert ids(await cms.get("callLegs?offset=2")) == [legs[2], last]
        assert len(ids(await cms.get("participants"))) == 2
        for query, expected in (
            ("filter=ZOE", [last]),
            ("filter=1@", [legs[1]]),
            (f"tenantFilter={tenant}", [last]),
            ("alarms=all", []),
            ("activeLayoutFilter=allEqual", []),
            ("availableVideoStreamsLowerBound=1", []),
            ("availableVideoStreamsUpperBound=0&filter=zoe", [last]),
            (f"participantFilter={await participant_of(cms, last)}", [last]),
        ):
            assert ids(await cms.get(f"callLegs?{query}")) == expected, query
        await cms.put(f"callLegs/{last}", "ownerId=me")
        assert ids(await cms.get("callLegs?ownerIdSet=true")) == [last]
        assert ids(await cms.get("callLegs?ownerIdSet=false&offset=1")) == legs[1:]
        assert len(ids(await cms.get(f"calls?coSpaceFilter={space}"))) == 1
        assert ids(await cms.get(f"calls?tenantFilter={NOBODY}")) == []
        assert len(ids(await cms.get(f"participants?tenantFilter={tenant}"))) == 1
        assert ids(await cms.get("participants?callBridgeFilter=x")) == []


async def test_numbers_of_the_media_are_shown(cms: Rig) -> None:
    """A leg's status has codec, loss, jitter and rates; high loss is an alarm; status sums the rates."""
    await cms.post("coSpaces", "uri=n")
    leg = (await cms.call("n")).id
    numbers = MediaStatistics(
        codec="pcmu", packets_received=90, packets_lost=10, bytes_received=80_000, bytes_sent=40_000, jitter_ms=3.4
    )
    cms.engine.statistics = lambda _leg: numbers  # type: ignore[method-assign]
    cms.clock.advance(10)
    assert (
        "<rxAudio><codec>g711u</codec><packetLossPercentage>10.0</packetLossPercentage><jitter>3</jitter>"
        "<bitRate>64000</bitRate></rxAudio><txAudio><codec>g711u</codec><bitRate>32000</bitRate></txAudio>"
    ) in await cms.get(f"callLegs/{leg}")
    assert "<alarms>packetLoss</alarms>" in await cms.get("callLegs?alarms=packetLoss|excessiveJitter")
    assert ids(await cms.get("callLegs?alarms=excessiveJitter")) == []
    assert await cms.get("system/status") == (
        f"{HEAD}<status><softwareVersion>1.2.3</softwareVersion><uptimeSeconds>10</uptimeSeconds>"
        "<cdrTime>2026-01-01T00:00:10Z</cdrTime><activated>true</activated><clusterEnabled>false</clusterEnabled>"
        "<cdrCorrelatorIndex>0</cdrCorrelatorIndex><callLegsActive>1</callLegsActive>"
        "<callLegsMaxActive>1</callLegsMaxActive><callLegsCompleted>0</callLegsCompleted>"
        "<audioBitRateOutgoing>32000</audioBitRateOutgoing><audioBitRateIncoming>64000</audioBitRateIncoming>"
        "<videoBitRateOutgoing>0</videoBitRateOutgoing><videoBitRateIncoming>0</videoBitRateIncoming></status>"
    )


async def test_the_last_seconds_count_once_they_are_told(cms: Rig) -> None:
    """Loss, rates and alarms are of the newest window; what the far end hears of us stands under txAudio.

    Bursts and gaps of loss are of the whole leg: seconds on average, and the share of packets lost in them.
    """
    await cms.post("coSpaces", "uri=n")
    leg = (await cms.call("n")).id
    numbers = MediaStatistics(
        codec="opus",
        packets_received=90,
        packets_lost=10,
        bytes_received=80_000,
        jitter_ms=3.4,
        round_trip_ms=812.4,
        far_loss_percent=2.26,
        far_jitter_ms=7.7,
        losses=LossRuns(bursts=2, burst_packets=22, burst_lost=11, gaps=3, gap_packets=978, gap_lost=9, packet_ms=20.0),
    )
    cms.engine.statistics = lambda _leg: numbers  # type: ignore[method-assign]
    cms.clock.advance(10)
    assert "<alarms>packetLoss|highRoundTripTime</alarms>" in await cms.get("callLegs")
    window = QualityWindow(5.0, 250, 1, 250, 20_000, 25_000, 3.4, 40.0, -30, 0, 812.4, 2.26)
    cms.engine.measure(leg, window)
    assert (
        "<rxAudio><codec>opus</codec><packetLossPercentage>0.4</packetLossPercentage><jitter>3</jitter>"
        "<bitRate>32000</bitRate><packetStatistics><packetLossBursts><duration>0.220</duration><density>0.50</density>"
        "</packetLossBursts><packetGap><duration>6.520</duration><density>0.01</density></packetGap>"
        "</packetStatistics></rxAudio><txAudio><codec>opus</codec>"
        "<packetLossPercentage>2.3</packetLossPercentage><jitter>8</jitter><bitRate>40000</bitRate>"
        "<roundTripTime>812</roundTripTime></txAudio>"
    ) in await cms.get(f"callLegs/{leg}")
    assert "<alarms>highRoundTripTime</alarms>" in await cms.get("callLegs")
    assert ids(await cms.get("callLegs?alarms=highRoundTripTime")) == [leg]
    assert ids(await cms.get("callLegs?alarms=packetLoss")) == []


async def test_a_callers_odd_name_stays_readable_xml(cms: Rig) -> None:
    """What XML cannot hold is replaced, and what it must escape is escaped."""
    from xml.etree import ElementTree

    await cms.post("coSpaces", "uri=n")
    leg = (await cms.call("n", name='<b>\x00\ud800&"')).id
    body = await cms.get(f"callLegs/{leg}")
    assert '<name>&lt;b&gt;\ufffd\ufffd&amp;"</name>' in body
    assert ElementTree.fromstring(body).findtext("name") == '<b>\ufffd\ufffd&"'

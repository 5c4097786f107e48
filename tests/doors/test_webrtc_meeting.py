"""In a meeting by a browser: what one is shown, what one may do, and how long a leg waits for its next socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from parley.app.profiles import CallProfileEdit
from parley.app.spaces import SpaceEdit
from parley.core.chat import KEPT
from parley.core.endings import Ending, Reason, Side
from parley.core.events import LegEnded
from parley.core.ids import ParticipantId
from parley.core.meeting_inputs import OverrideLegs
from parley.core.profiles import LegSettings
from parley.doors.webrtc import app as webrtc_app
from parley.doors.webrtc import publisher as publishing
from parley.doors.webrtc.app import PATH
from tests.doors.webrtc_rig import OFFER, OTHER_OFFER, WebRig, attribute, names, webrtc_rig

HOST = {"meeting": "100", "passcode": "2222"}


@pytest.fixture
async def rig() -> AsyncIterator[WebRig]:
    async with webrtc_rig() as one:
        yield one


def person(state: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in state["participants"] if one["name"] == name)
    return found


def is_active(state: dict[str, Any]) -> bool:
    return bool(state["you"]["state"] == "active")


# --- who sees whom -----------------------------------------------------------------------------------------------


async def test_a_guest_waits_until_the_host_comes_and_hears_nothing_before(rig: WebRig) -> None:
    """The guest sees himself alone and is in no mix; with the host both are active and hear one another."""
    guest, waiting = await rig.guest()
    assert names(waiting) == ["Gus"] and waiting["you"]["causes"] == ["no-host"]
    host, seen = await rig.host()
    active = await guest.state(is_active)
    assert names(active) == ["Gus", "Hana"]
    assert (person(active, "Hana")["role"], person(active, "Hana")["kind"]) == ("host", "browser")
    assert rig.floor.engine.hears(guest.leg, host.leg) and rig.floor.engine.hears(host.leg, guest.leg)
    assert seen["you"]["may"] == {"unmute": True, "say": True, "moderate": True}
    assert active["you"]["may"]["moderate"] is False
    assert active["revision"] > waiting["revision"]


async def test_phones_stand_in_the_list(rig: WebRig) -> None:
    """Somebody at a phone is a participant like others, of kind phone; the phone and the browser hear one another."""
    host, _ = await rig.host()
    call = await rig.floor.enter("room", "1111#")
    state = await host.state(lambda one: len(one["participants"]) == 2)
    assert state["participants"][1]["kind"] == "phone"
    assert rig.floor.engine.hears(host.leg, call.leg.id) and rig.floor.engine.hears(call.leg.id, host.leg)


async def test_those_who_wait_are_shown_to_hosts_alone(rig: WebRig) -> None:
    """A guest is not told who waits behind the lock; whoever waits is not told who is inside."""
    host, _ = await rig.host()
    guest, _ = await rig.guest()
    await host.done("lock", locked=True)
    assert (await guest.state(lambda one: one["meeting"]["locked"]))["meeting"]["locked"]
    late, waiting = await rig.guest("Lea")
    assert names(waiting) == ["Lea"] and waiting["you"]["causes"] == ["locked"]
    seen = await host.state(lambda one: "Lea" in names(one))
    assert person(seen, "Lea")["state"] == "waiting"
    assert all(said["type"] != "state" or "Lea" not in names(said) for said in await guest.quiet(0.5))
    await host.done("admit", participant=late.participant)
    assert names(await late.state(is_active)) == ["Hana", "Gus", "Lea"]


async def test_states_come_at_most_ten_a_second_and_only_on_change(rig: WebRig) -> None:
    """Many changes at once are shown as one, and time alone is no change."""
    host, _ = await rig.host()
    await host.quiet(1.0)
    for number in range(20):
        await host.send("rename", name=f"Hana {number}")
    await host.done("ping")
    states = [said for said in await host.quiet(1.0) if said["type"] == "state"]
    assert 1 <= len(states) <= 4 and states[-1]["you"]["name"] == "Hana 19"
    assert [said for said in await host.quiet(3.0) if said["type"] == "state"] == []


async def test_speakers_and_quality(rig: WebRig) -> None:
    """Who is in the mix is told on change to those who are active; numbers of one's own leg come every two seconds."""
    guest, _ = await rig.guest()
    assert all(said["type"] != "speakers" for said in await guest.quiet(1.0))
    host, _ = await rig.host()
    told = await guest.hear(lambda said: said["type"] == "speakers" and len(said["participants"]) == 2)
    assert set(told["participants"]) == {host.participant, guest.participant}
    await host.done("mute", muted=True)
    assert (await guest.hear("speakers"))["participants"] == [guest.participant]
    await host.quiet(0.5)
    heard = [said for said in await host.quiet(6.0) if said["type"] == "quality"]
    assert len(heard) == 3
    assert heard[0]["received"].keys() == {"packets", "lost", "jitter_ms", "concealed_ms", "level"}


# --- what one does -----------------------------------------------------------------------------------------------


async def test_muting_oneself(rig: WebRig) -> None:
    """One's own mute is shown as such, keeps the voice out of the mix, and is one's own to lift."""
    host, _ = await rig.host()
    guest, _ = await rig.guest()
    await guest.done("mute", muted=True)
    you = (await guest.state(lambda one: one["you"]["muted"]))["you"]
    assert (you["muted_by_host"], you["may"]["unmute"]) == (False, True)
    assert not rig.floor.engine.hears(host.leg, guest.leg)
    assert person(await host.state(lambda one: len(one["participants"]) == 2 and person(one, "Gus")["muted"]), "Gus")
    await guest.done("mute", muted=False)
    assert rig.floor.engine.hears(host.leg, guest.leg)


async def test_being_muted_by_a_host(rig: WebRig) -> None:
    """It is shown as a host's doing; one may unmute where the settings let one, and not where they do not."""
    host, _ = await rig.host()
    guest, _ = await rig.guest()
    await host.done("mute-participant", participant=guest.participant, muted=True)
    assert (await guest.state(lambda one: one["you"]["muted"]))["you"]["muted_by_host"] is True
    await guest.done("mute", muted=False)
    assert (await guest.state(lambda one: not one["you"]["muted"]))["you"]["muted_by_host"] is False
    meeting = rig.floor.meeting()
    assert meeting is not None
    settings = LegSettings(rx_audio_mute=True, unmute_self=False)
    silent = OverrideLegs(settings, frozenset({ParticipantId(guest.participant)}), exclude=False)
    await rig.floor.directory.tell(meeting.meeting, silent)
    assert (await guest.state(lambda one: one["you"]["muted"]))["you"]["may"]["unmute"] is False
    assert await guest.refused("mute", muted=False) == "not-permitted"
    assert not rig.floor.engine.hears(host.leg, guest.leg)


async def test_muting_everybody_spares_hosts(rig: WebRig) -> None:
    """All but hosts are muted and unmuted at once, phones too."""
    host, _ = await rig.host()
    guest, _ = await rig.guest()
    call = await rig.floor.enter("room", "1111#")
    await host.done("mute-all", muted=True)
    engine = rig.floor.engine
    assert engine.hears(guest.leg, host.leg)
    assert not engine.hears(host.leg, guest.leg) and not engine.hears(host.leg, call.leg.id)
    await host.done("mute-all", muted=False)
    assert engine.hears(host.leg, guest.leg) and engine.hears(host.leg, call.leg.id)


async def test_hands_and_names(rig: WebRig) -> None:
    """One raises one's own hand and changes one's own name; a host lowers hands and renames others."""
    host, _ = await rig.host()
    guest, _ = await rig.guest()
    await guest.done("hand", raised=True)
    assert person(await host.state(lambda one: "Gus" in names(one) and person(one, "Gus")["hand"]), "Gus")
    await host.done("lower-hand", participant=guest.participant)
    assert not (await guest.state(lambda one: not one["you"]["hand"]))["you"]["hand"]
    await guest.done("rename", name="Gustav")
    assert "Gustav" in names(await host.state(lambda one: "Gustav" in names(one)))
    await host.done("rename-participant", participant=guest.participant, name="Guest 1")
    assert (await guest.state(lambda one: one["you"]["name"] == "Guest 1"))["you"]["name"] == "Guest 1"


async def test_sending_back_and_letting_in(rig: WebRig) -> None:
    """Whoever is sent back waits and is told nothing of the meeting; admit-all lets everybody in."""
    host, _ = await rig.host()
    guest, inside = await rig.guest()
    assert is_active(inside)
    await host.done("send-back", participant=guest.participant)
    waiting = await guest.state(lambda one: not is_active(one))
    assert (waiting["you"]["causes"], names(waiting)) == (["sent-back"], ["Gus"])
    assert not rig.floor.engine.hears(guest.leg, host.leg)
    await host.done("admit-all")
    assert is_active(await guest.state(is_active))


async def test_making_a_host_and_a_guest_again(rig: WebRig) -> None:
    """A guest made host may moderate and keeps the meeting going; made a guest again he may not."""
    host, _ = await rig.host()
    guest, _ = await rig.guest()
    await host.done("make-host", participant=guest.participant, host=True)
    assert (await guest.state(lambda one: one["you"]["role"] == "host"))["you"]["may"]["moderate"] is True
    await host.send("leave")
    await host.closed()
    assert names(await guest.state(lambda one: len(one["participants"]) == 1)) == ["Gus"]
    again, _ = await rig.host()
    await again.done("make-host", participant=guest.participant, host=False)
    you = (await guest.state(lambda one: one["you"]["role"] == "guest"))["you"]
    assert (you["state"], you["may"]["moderate"]) == ("active", False)


async def test_removing_somebody(rig: WebRig) -> None:
    """The one removed is told that a host did it, and the socket closes in order."""
    host, _ = await rig.host()
    guest, _ = await rig.guest()
    await host.done("remove", participant=guest.participant)
    assert await guest.hear("ended") == {"type": "ended", "whose": "host", "reason": "hang-up"}
    assert await guest.closed() == 1000
    assert names(await host.state(lambda one: len(one["participants"]) == 1)) == ["Hana"]


async def test_ending_for_all(rig: WebRig) -> None:
    """Everybody is told that the meeting ended, the host too, and nothing is left."""
    host, _ = await rig.host()
    guest, _ = await rig.guest()
    await host.done("end")
    for page in (host, guest):
        assert await page.hear("ended") == {"type": "ended", "whose": "host", "reason": "meeting-ended"}
        assert await page.closed() == 1000
    await rig.floor.settle()
    assert rig.floor.directory.meetings() == [] and len(rig.entrance) == 0
    assert rig.publisher._legs == {}


CONTROLS: dict[str, dict[str, Any]] = {
    "admit": {},
    "admit-all": {},
    "send-back": {},
    "mute-participant": {"muted": True},
    "mute-all": {"muted": True},
    "lower-hand": {},
    "rename-participant": {"name": "X"},
    "make-host": {"host": True},
    "remove": {},
    "lock": {"locked": True},
    "end": {},
}


async def test_what_is_a_hosts_is_refused_to_guests(rig: WebRig) -> None:
    """Each control, to an active guest and to one who waits; nothing has changed after."""
    guest, _ = await rig.guest()
    for control, members in CONTROLS.items():
        assert await guest.refused(control, participant=guest.participant, **members) == "not-permitted"
    host, _ = await rig.host()
    await guest.state(is_active)
    before = rig.floor.meeting()
    for control, members in CONTROLS.items():
        assert await guest.refused(control, participant=host.participant, **members) == "not-permitted"
    after = rig.floor.meeting()
    assert before is not None and after is not None
    assert [(leg.leg, leg.causes, leg.muted, leg.name, leg.stands_as) for leg in after.legs] == [
        (leg.leg, leg.causes, leg.muted, leg.name, leg.stands_as) for leg in before.legs
    ]
    assert not after.locked


async def test_a_control_of_somebody_who_is_not_there(rig: WebRig) -> None:
    """It is refused by name of the member, for each control that names somebody."""
    host, _ = await rig.host()
    for control, members in CONTROLS.items():
        if control in {"admit-all", "mute-all", "lock", "end"}:
            continue
        answer = await host.ask(control, participant="nobody", **members)
        assert (answer["code"], answer["field"]) == ("not-found", "participant")


# --- chat --------------------------------------------------------------------------------------------------------


async def test_chat_reaches_those_inside(rig: WebRig) -> None:
    """A line goes to everybody who is active, numbered; who waits says nothing, and reads it when he comes in."""
    guest, _ = await rig.guest()
    assert await guest.refused("say", text="Hello?") == "not-permitted"
    host, _ = await rig.host()
    await guest.state(is_active)
    await host.done("lock", locked=True)
    late, _ = await rig.guest("Lea")
    await guest.done("say", text="line one\nline two 📎")
    line = await host.hear("chat")
    assert (line["number"], line["participant"], line["name"]) == (1, guest.participant, "Gus")
    assert line["text"] == "line one\nline two 📎" and line["at"].endswith("Z")
    assert (await guest.hear("chat"))["number"] == 1
    assert all(said["type"] != "chat" for said in await late.quiet(1.0))
    await host.done("admit", participant=late.participant)
    assert (await late.hear("chat"))["number"] == 1
    assert await guest.refused("say", text="  ") == "invalid"
    assert await guest.refused("say", text="x" * 2001) == "invalid"


async def test_the_last_hundred_lines_are_kept(rig: WebRig) -> None:
    """Whoever comes in is sent these, in order."""
    host, _ = await rig.host()
    for number in range(KEPT + 5):
        await host.done("say", text=f"{number + 1}")
        await rig.floor.wait(0.5)
    guest, _ = await rig.guest()
    lines = [said for said in await guest.quiet(1.0) if said["type"] == "chat"]
    assert [line["number"] for line in lines] == list(range(6, KEPT + 6))


async def test_a_flood_is_held_off(rig: WebRig) -> None:
    """Beyond the rate requests are refused; who goes on is disconnected, and the leg may be resumed."""
    host, _ = await rig.host()
    for _ in range(20):
        await host.send("say", text="x")
    assert (await host.hear("error"))["code"] == "too-many"
    await rig.floor.wait(10)
    await host.done("say", text="slowly")
    for number in range(300):
        try:
            await host.send("ping", id=10_000 + number)
        except Exception:
            break
    assert await host.closed() == 1008
    again = await rig.resumed(host)
    assert again.welcome["participant"] == host.participant


# --- sockets that come and go ------------------------------------------------------------------------------------


async def test_a_broken_socket_is_resumed_as_the_same_participant(rig: WebRig) -> None:
    """The leg and its media live on; the new socket is shown the state and the chat anew."""
    host, _ = await rig.host()
    await host.done("say", text="hello")
    leg = host.leg
    await host.socket.close()
    await rig.floor.wait(29)
    assert rig.floor.directory.leg(leg) is not None and leg in rig.floor.engine.legs
    again = await rig.resumed(host)
    assert again.welcome["participant"] == host.participant
    assert again.welcome["resume"] == host.welcome["resume"]
    assert is_active(await again.state()) and (await again.hear("chat"))["text"] == "hello"
    await rig.floor.wait(60)
    assert rig.floor.directory.leg(leg) is not None
    await again.done("mute", muted=True)


async def test_an_offer_comes_along_when_the_network_changed(rig: WebRig) -> None:
    """It changes the leg's media and is answered; the port stays, and so does the place in the meeting."""
    host, _ = await rig.host()
    leg = host.leg
    await host.socket.close()
    again = await rig.resumed(host, offer=OTHER_OFFER)
    answer = await again.hear("answer")
    assert attribute(answer["sdp"], "setup") == "passive" and "a=rtpmap:109 opus" in answer["sdp"]
    web = rig.floor.engine.legs[leg].web
    assert web is not None and web.ufrag == attribute(OTHER_OFFER, "ice-ufrag")
    sdp = await again.offer()
    assert "a=rtpmap:111 opus" in sdp and is_active(await again.state())


async def test_offers_that_cross_are_answered_once_by_the_newest(rig: WebRig) -> None:
    """While one is being answered the next one waits; the answer is to the last."""
    host, _ = await rig.host()
    rig.floor.engine.hold()
    await host.send("offer", sdp=OTHER_OFFER, id=901)
    await host.send("offer", sdp=OTHER_OFFER, id=902)
    await host.done("ping")
    rig.floor.engine.release()
    assert (await host.hear("answer"))["id"] == 902
    assert all(said["type"] != "answer" for said in await host.quiet(0.5))


async def test_after_the_grace_the_participant_has_left(rig: WebRig) -> None:
    """The leg ends by its transport, and the token is nobody's."""
    host, _ = await rig.host()
    await host.socket.close()
    await asyncio.sleep(0.1)
    await rig.floor.wait(31)
    assert rig.floor.directory.legs() == [] and rig.floor.engine.legs == {} and len(rig.entrance) == 0
    ended = [event.ending for event in rig.floor.events(LegEnded)]  # type: ignore[attr-defined]
    assert ended == [Ending(Side.REMOTE, Reason.TRANSPORT_FAILED)]
    page = await rig.open()
    assert await page.refused("resume", token=host.welcome["resume"]) == "refused"


async def test_a_second_socket_takes_over_from_the_first(rig: WebRig) -> None:
    """The first is closed with a code that says so, and the participant stays."""
    host, _ = await rig.host()
    again = await rig.resumed(host)
    assert await host.closed() == 4000
    await rig.floor.wait(60)
    await again.done("hand", raised=True)


async def test_coming_back_after_the_end_tells_it(rig: WebRig) -> None:
    """Whoever was away when the meeting ended is told when he comes back within the grace."""
    guest, _ = await rig.guest()
    host, _ = await rig.host()
    await guest.socket.close()
    await host.done("end")
    again = await rig.open()
    await again.send("resume", token=guest.welcome["resume"])
    assert (await again.hear("ended"))["reason"] == "meeting-ended"
    assert await again.closed() == 1000
    assert len(rig.entrance) == 0


async def test_resuming_before_any_offer(rig: WebRig) -> None:
    """A socket that broke between welcome and offer is resumed too, and the offer may come along."""
    page = await rig.open()
    await page.join(HOST)
    await page.socket.close()
    again = await rig.resumed(page)
    assert again.welcome["participant"] == page.participant
    await again.offer()
    rig.floor.engine.ready(again.leg)
    assert is_active(await again.state())


async def test_a_meeting_that_is_full_says_so(rig: WebRig) -> None:
    """By the prompt that phones hear, and by the reason of the end."""
    use = rig.floor.use
    profile = await use.call_profiles.create(CallProfileEdit(settings={"participant_limit": 1}))
    await use.spaces.change(rig.space, SpaceEdit(call_profile=profile))
    await rig.host()
    page = await rig.open()
    await page.join(HOST)
    await page.offer()
    rig.floor.engine.ready(page.leg)
    assert (await page.hear("ended"))["reason"] == "participant-limit"


async def test_a_client_that_does_not_read_costs_a_bounded_amount(rig: WebRig) -> None:
    """Whatever happens meanwhile, a socket that takes nothing keeps one state, one list of speakers and the chat."""
    host, _ = await rig.host()
    leg = next(iter(rig.publisher._legs.values()))
    assert leg.outbox is not None
    leg.outbox.wake.set = lambda: None  # type: ignore[method-assign]
    for number in range(300):
        await rig.moderation.rename_oneself(host.leg, f"{number}")
        await rig.moderation.say(host.leg, "x" * 100)
        await rig.floor.wait(publishing.EVERY)
    waiting = list(leg.outbox.drain())
    assert len(waiting) <= KEPT + 4


async def test_nobody_watches_meetings_without_browsers(rig: WebRig) -> None:
    """When the last browser has left, no timer runs and no meeting is looked at."""
    page, _ = await rig.host()
    call = await rig.floor.enter("room", "2222#")
    await page.send("leave")
    await page.closed()
    await asyncio.sleep(0.05)
    await rig.floor.wait(1)
    assert rig.publisher._channels == {} and rig.floor.clock.pending() == 0
    await call.end()
    assert rig.publisher._channels == {}


async def test_a_client_that_takes_nothing_is_dropped_and_may_come_back(
    rig: WebRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket whose window stays shut ends after a while; its leg waits for the next socket."""
    monkeypatch.setattr(webrtc_app, "SEND_WITHIN", 0.3)
    asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) > 2:  # accepted and welcomed
            await asyncio.Event().wait()

    scope = {"type": "websocket", "path": PATH, "headers": [], "subprotocols": [], "client": ("192.0.2.7", 4000)}
    conversation = asyncio.ensure_future(rig.app(scope, asked.get, send))
    join = {"type": "join", "version": 1, "entry": HOST, "name": "Hana", "id": 1}
    asked.put_nowait({"type": "websocket.connect"})
    asked.put_nowait({"type": "websocket.receive", "text": json.dumps(join)})
    asked.put_nowait({"type": "websocket.receive", "text": json.dumps({"type": "offer", "sdp": OFFER})})
    await asyncio.wait_for(conversation, 5)
    await rig.floor.settle()
    [live] = rig.floor.directory.legs()
    welcome = json.loads(sent[1]["text"])
    assert live.participant == welcome["participant"] and len(rig.entrance) == 1
    page = await rig.open()
    again = await page.ask("resume", token=welcome["resume"], offer=OFFER)
    assert again["participant"] == welcome["participant"]
    await page.hear("answer")

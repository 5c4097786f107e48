"""Coming in by a browser: who may open the socket, what opens a meeting, and what an offer leads to."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator

import pytest
from websockets.exceptions import InvalidStatus

from parley.app.members import MemberEdit
from parley.app.users import UserEdit
from parley.core.endings import Reason
from parley.core.events import LegArrived, LegEnded
from parley.doors.webrtc import app as webrtc_app
from tests.doors.webrtc_rig import COOKIE, OFFER, Page, WebRig, attribute, names, webrtc_rig

GUEST = {"meeting": "100", "passcode": "1111"}
HOST = {"meeting": "100", "passcode": "2222"}


@pytest.fixture
async def rig() -> AsyncIterator[WebRig]:
    async with webrtc_rig() as one:
        yield one


# --- the socket --------------------------------------------------------------------------------------------------


async def test_only_pages_of_this_server_may_open_the_socket(rig: WebRig) -> None:
    """A browser's Origin must be ours, or one of the settings; a program has none."""
    own = f"http://127.0.0.1:{rig.port}"
    for origin in (own, own.upper().replace("HTTP", "http")):
        await rig.open(Origin=origin)
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{rig.port + 1}", "file://127.0.0.1"):
        with pytest.raises(InvalidStatus):
            await rig.open(Origin=origin)


async def test_the_public_name_of_the_settings_is_ours_too() -> None:
    """Behind a proxy that tells another host, the base of links is an origin of ours."""
    async with webrtc_rig(origins=("https://meet.example.com",)) as rig:
        await rig.open(Origin="https://meet.example.com")
        with pytest.raises(InvalidStatus):
            await rig.open(Origin="http://meet.example.com")


async def test_sockets_of_one_source_are_bounded() -> None:
    """The socket beyond the bound is refused, and one that closes makes room."""
    async with webrtc_rig(sockets_per_source=2) as rig:
        first = await rig.open()
        await rig.open()
        with pytest.raises(InvalidStatus):
            await rig.open()
        await first.socket.close()
        await asyncio.sleep(0.1)
        await rig.open()


async def test_a_socket_that_does_not_join_is_closed() -> None:
    """Whoever says nothing is not kept."""
    async with webrtc_rig(join_within=0.2) as rig:
        assert await (await rig.open()).closed() == 1008


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x", 1008),
        ("[]", 1008),
        ("{}", 1008),
        ('{"type": 1}', 1008),
        ("[" * 20_000, 1008),
        ('"' + "é" * 33_000 + '"', 1009),
    ],
)
async def test_what_is_no_message_ends_the_conversation(rig: WebRig, text: str, code: int) -> None:
    """It is answered by an error, and the socket is closed."""
    page = await rig.open()
    await page.socket.send(text)
    assert (await page.hear("error"))["code"] == "invalid"
    assert await page.closed() == code


async def test_bytes_are_not_spoken(rig: WebRig) -> None:
    """A binary frame is answered by an error, and the socket is closed."""
    page = await rig.open()
    await page.socket.send(b"{}")
    assert (await page.hear("error"))["code"] == "invalid"
    assert await page.closed() == 1008


# --- joining -----------------------------------------------------------------------------------------------------


async def test_welcome_says_who_one_is_and_how_to_come_back(rig: WebRig) -> None:
    """Space, participant, token, grace, and TURN servers with a credential that expires."""
    page = await rig.open()
    await page.join(GUEST)
    assert page.welcome["version"] == 1
    assert page.welcome["space"] == {"name": "Room"}
    assert page.welcome["grace"] == 30.0
    assert len(page.welcome["resume"]) >= 40
    [server] = page.welcome["ice_servers"]
    expires, _, word = server["username"].partition(":")
    assert int(expires) == int(rig.floor.clock.utc().timestamp()) + 600 and word == page.participant
    proof = hmac.new(b"north", server["username"].encode(), hashlib.sha1).digest()
    assert base64.b64decode(server["credential"]) == proof
    assert rig.floor.directory.legs() == []  # nothing is opened before an offer


@pytest.mark.parametrize(
    "entry",
    [
        {"meeting": "999", "passcode": "1111"},
        {"meeting": "100", "passcode": "9999"},
        {"meeting": "100", "passcode": ""},
        {"meeting": "100", "secret": "wrong"},
        {"space": "nothing"},
    ],
)
async def test_every_refusal_is_alike(rig: WebRig, entry: dict[str, str]) -> None:
    """Unknown meeting, wrong passcode, wrong secret and not a member: one answer, and nothing was made."""
    page = await rig.open()
    answer = await page.ask("join", version=1, entry=entry, name="Ann", language="en")
    del answer["id"]
    assert answer == {
        "type": "error",
        "code": "refused",
        "message": "there is no such meeting, or this does not open it",
    }
    assert rig.floor.directory.legs() == [] and len(rig.entrance) == 0


async def test_tries_on_one_socket_are_bounded(rig: WebRig) -> None:
    """After five refusals the socket is closed."""
    page = await rig.open()
    for _ in range(5):
        assert await page.refused("join", version=1, entry={"meeting": "1", "passcode": ""}, name="A") == "refused"
    assert (await page.hear("error"))["code"] == "too-many"
    assert await page.closed() == 1008


@pytest.mark.parametrize(
    ("members", "code", "field"),
    [
        ({"version": 2}, "version", "version"),
        ({"version": None}, "invalid", "version"),
        ({"version": True}, "invalid", "version"),
        ({"name": ""}, "invalid", "name"),
        ({"name": " \t "}, "invalid", "name"),
        ({"name": "x" * 65}, "invalid", "name"),
        ({"name": "a\nb"}, "invalid", "name"),
        ({"name": "\ud800"}, "invalid", "name"),
        ({"name": 7}, "invalid", "name"),
        ({"language": "de"}, "invalid", "language"),
        ({"entry": "100"}, "invalid", "entry"),
        ({"entry": {}}, "invalid", "entry.meeting"),
        ({"entry": {"meeting": "100"}}, "invalid", "entry.passcode"),
        ({"entry": {"meeting": "100", "passcode": 1}}, "invalid", "entry.passcode"),
        ({"entry": {"meeting": "x" * 321, "passcode": ""}}, "invalid", "entry.meeting"),
        ({"entry": {"meeting": "100", "secret": None}}, "invalid", "entry.secret"),
        ({"entry": {"space": ""}}, "invalid", "entry.space"),
    ],
)
async def test_a_wrong_member_is_named(rig: WebRig, members: dict[str, object], code: str, field: str) -> None:
    """The error's field says which; unknown members are passed over."""
    page = await rig.open()
    wish = {"version": 1, "entry": GUEST, "name": "Ann", "language": "en", "future": 1, **members}
    answer = await page.ask("join", **wish)
    assert (answer["type"], answer["code"], answer["field"]) == ("error", code, field)


@pytest.mark.parametrize("id", ["x", -1, 1.5, True, 2**53])
async def test_a_request_is_numbered_by_a_whole_number(rig: WebRig, id: object) -> None:
    """Anything else is refused, by an error without a number."""
    page = await rig.open()
    await page.send("ping", id=id)
    answer = await page.hear("error")
    assert (answer["code"], answer["field"]) == ("invalid", "id") and "id" not in answer


async def test_the_first_message_is_join_or_resume(rig: WebRig) -> None:
    """Anything else is refused, and so is a second join."""
    page = await rig.open()
    assert await page.refused("ping") == "invalid"
    assert await page.refused("dance") == "unknown-type"
    await page.join(GUEST)
    assert await page.refused("join", version=1, entry=GUEST, name="Ann") == "invalid"
    assert await page.refused("mute", muted=True) == "no-media"


async def test_a_member_who_is_signed_in_enters_as_that_member(rig: WebRig) -> None:
    """By the cookie of a page or the token of a program, whichever entry is named; whoever is no member does not."""
    use = rig.floor.use
    hosts = await rig.floor.profile(needs_activation=False)
    for jid in ("ann@example.com", "bob@example.com"):
        id = await use.users.create(jid, UserEdit(name=jid))
        rig.people[f"c-{jid}", False] = rig.people[f"b-{jid}", True] = await use.users.get(id)
    await use.members.create(rig.space, "ann@example.com", MemberEdit(leg_profile=hosts))
    for headers in ({"Cookie": f"{COOKIE}=c-ann@example.com"}, {"Authorization": "Bearer b-ann@example.com"}):
        for entry in ({"space": rig.space}, {"meeting": "100", "passcode": ""}):
            page = await rig.open(**headers)
            you = (await page.enter(entry, "Ann"))["you"]
            assert (you["role"], you["state"], you["member"]) == ("host", "active", True)
            await page.send("leave")
            await page.closed()
    for headers in ({"Cookie": f"{COOKIE}=c-bob@example.com"}, {"Authorization": "Bearer c-ann@example.com"}):
        page = await rig.open(**headers)
        assert await page.refused("join", version=1, entry={"space": rig.space}, name="B", language="en") == "refused"


# --- offers ------------------------------------------------------------------------------------------------------


async def test_an_offer_is_answered_and_leads_into_the_meeting(rig: WebRig) -> None:
    """The answer carries the engine's end; once media flow, a guest waits for a host and is told so."""
    page = await rig.open()
    await page.join(GUEST, "Gus")
    sdp = await page.offer()
    assert attribute(sdp, "ice-ufrag") and attribute(sdp, "setup") == "passive"
    assert attribute(sdp, "candidate") == "1 1 udp 2130706431 192.0.2.9 10000 typ host"
    assert await page.quiet(1.0) == []  # not in the meeting before the path stands
    rig.floor.engine.ready(page.leg)
    state = await page.state()
    you = state["you"]
    assert you == {
        "participant": page.participant,
        "name": "Gus",
        "role": "guest",
        "state": "waiting",
        "causes": ["no-host"],
        "muted": False,
        "hand": False,
        "member": False,
        "muted_by_host": False,
        "may": {"unmute": True, "say": False, "moderate": False},
    }
    assert state["meeting"]["name"] == "Room" and state["meeting"]["call_id"] == "100"
    assert names(state) == ["Gus"]
    [arrived] = rig.floor.events(LegArrived)
    assert isinstance(arrived, LegArrived)
    assert (arrived.kind, arrived.dialled, arrived.display_name) == ("browser", "sip:100@example.com", "Gus")


async def test_an_offer_that_cannot_be_answered_is_refused_in_words(rig: WebRig) -> None:
    """The error names the member and says what is wrong; a better offer may follow."""
    page = await rig.open()
    await page.join(GUEST)
    answer = await page.ask("offer", sdp=OFFER.replace("a=rtcp-mux\n", ""))
    assert (answer["code"], answer["field"]) == ("invalid", "sdp") and "rtcp-mux" in answer["message"]
    assert (await page.ask("offer", sdp=""))["code"] == "invalid"
    await page.offer()


async def test_a_media_path_that_never_stands_ends_the_leg(rig: WebRig) -> None:
    """After 20 seconds without it the client is told, and nothing is left."""
    page = await rig.open()
    await page.join(GUEST)
    await page.offer()
    await rig.floor.wait(19.9)
    assert page.kept == []
    assert await page.hear("ended") == {"type": "ended", "whose": "local", "reason": "media-failed"}
    assert await page.closed() == 1000
    await rig.floor.settle()
    assert [e.ending.reason for e in rig.floor.events(LegEnded)] == [Reason.MEDIA_FAILED]  # type: ignore[attr-defined]
    assert rig.floor.engine.legs == {} and len(rig.entrance) == 0


async def test_no_media_at_all_is_said(rig: WebRig) -> None:
    """Without a free place on the engine the answer is an end."""
    rig.floor.engine._most = 0
    page = await rig.open()
    await page.join(GUEST)
    await page.send("offer", sdp=OFFER)
    assert (await page.hear("ended"))["reason"] == "media-failed"


async def test_a_page_that_never_offers_does_not_stay(rig: WebRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was welcomed and brings no media is told that it is over."""
    monkeypatch.setattr(webrtc_app, "OFFER_WITHIN", 0.2)
    page = await rig.open()
    await page.join(GUEST)
    assert (await page.hear("ended"))["reason"] == "media-failed"
    assert await page.closed() == 1000
    assert len(rig.entrance) == 0


async def test_a_full_server_says_so() -> None:
    """Legs of browsers are bounded, those that have not offered yet included."""
    async with webrtc_rig(legs=1) as rig:
        first: Page = await rig.open()
        await first.join(GUEST)
        page = await rig.open()
        assert await page.refused("join", version=1, entry=GUEST, name="Ann") == "full"


async def test_leaving_is_done_at_once(rig: WebRig) -> None:
    """The leg ends as hung up by its person, and the socket closes in order."""
    page, _ = await rig.host()
    await page.send("leave", id=99)
    assert (await page.hear("done"))["id"] == 99
    assert await page.hear("ended") == {"type": "ended", "whose": "remote", "reason": "hang-up"}
    assert await page.closed() == 1000
    await rig.floor.settle()
    assert rig.floor.directory.legs() == [] and len(rig.entrance) == 0


async def test_json_keeps_every_character(rig: WebRig) -> None:
    """A name in another script arrives as it was given."""
    page = await rig.open()
    state = await page.enter(HOST, "王芳 📞")
    assert names(state) == ["王芳 📞"]

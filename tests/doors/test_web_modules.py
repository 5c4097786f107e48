"""What the pages' modules decide, asked of them where they run: in a browser, without a server behind it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, async_playwright

from parley.doors.web.app import web_app
from tests.kit.browser import program

HOST = "https://meet.example"

PERSON = {"role": "guest", "kind": "browser", "state": "active", "causes": [], "muted": False, "hand": False}


def person(id: str, **changes: Any) -> dict[str, Any]:
    return {**PERSON, "participant": id, "name": id.title(), "member": False, **changes}


def told(*people: dict[str, Any], **you: Any) -> dict[str, Any]:
    """A `state` message to the first of these people."""
    me = {**people[0], "muted_by_host": False, "may": {"unmute": True, "say": True, "moderate": False}, **you}
    meeting = {"name": "Weekly", "locked": False, "seconds": 10, "call_id": "2000"}
    return {"type": "state", "revision": 1, "you": me, "meeting": meeting, "participants": [me, *people[1:]]}


WELCOME = {"type": "welcome", "participant": "ann"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page() -> AsyncIterator[Page]:
    """A page of ours in a browser that reaches nothing but the web door, which runs here."""
    transport = httpx.ASGITransport(web_app(domain="meet.example", access_number=None))
    async with (
        async_playwright() as playwright,
        httpx.AsyncClient(transport=transport, base_url=HOST) as http,
    ):
        browser = await playwright.chromium.launch(executable_path=program("chromium"), args=["--no-sandbox"])

        async def answer(route: Route) -> None:
            got = await http.get(route.request.url.removeprefix(HOST), headers={"Accept-Encoding": "identity"})
            await route.fulfill(status=got.status_code, headers=dict(got.headers), body=got.content)

        opened = await browser.new_page()
        await opened.route("**/*", answer)
        await opened.goto(f"{HOST}/")
        yield opened
        await browser.close()


async def run(page: Page, module: str, body: str, **values: Any) -> Any:
    """The value of a function body in which `m` is the module and `v` the values given."""
    return await page.evaluate(
        f"async (v) => {{ const m = await import('/static/{module}'); {body} }}", json.loads(json.dumps(values))
    )


async def states(page: Page, *events: dict[str, Any]) -> dict[str, Any]:
    """What the page knows after these, and what it says aloud of the last."""
    body = """
        let before = m.START, state = m.START;
        for (const event of v.events) { before = state; state = m.reduce(state, event, 5000); }
        return {...state, silent: m.isMuted(state), retell: m.isUnmutedByOthers(state),
                reconnecting: m.isReconnecting(state), news: m.news(before, state).map((item) => item.key)};"""
    return await run(page, "meeting/state.js", body, events=list(events))  # type: ignore[no-any-return]


pytestmark = pytest.mark.asyncio(loop_scope="module")

LINK_CASES = [
    ("/meeting/2000?secret=abc", ["2000", "abc"]),
    ("/invited.sf?secret=abc&id=2000", ["2000", "abc"]),
    ("/index.html?id=2000", ["2000", None]),
    ("/#/j/914083136/" + "Ab" * 24, ["914083136", "ab" * 24]),
    ("/meeting/914083136#" + "ab" * 24, ["914083136", "ab" * 24]),
    ("/meeting/team.north", ["team.north", None]),
    ("/", None),
    ("/#/j/914083136/abab", None),
    ("/meeting/%3Cscript%3E", None),
    ("/meeting/%", None),
]


@pytest.mark.parametrize(("address", "read"), LINK_CASES)
async def test_an_address_says_which_meeting_and_what_opens_it(page: Page, address: str, read: Any) -> None:
    """Every form of link of cms-api 3.8 and of the other API, and nothing else."""
    body = "const link = m.readLink(new URL(v.address, location.origin)); return link && [link.meeting, link.secret];"
    assert await run(page, "links.js", body, address=address) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (" 914 083 136 ", ["914083136", None]),
        ("914-083-136", ["914083136", None]),
        ("sip:weekly@meet.example;transport=tls", ["weekly", None]),
        ("https://meet.example/meeting/2000?secret=abc", ["2000", "abc"]),
        ("", None),
        ("https://", None),
        ("<b>", None),
    ],
)
async def test_what_somebody_types_is_read_as_people_write_it(page: Page, typed: str, read: Any) -> None:
    """Blanks and dashes in an ID, a SIP address, a whole link."""
    body = "const link = m.readTyped(v.typed); return link && [link.meeting, link.secret];"
    assert await run(page, "links.js", body, typed=typed) == read


async def test_waiting_becomes_meeting_by_itself(page: Page) -> None:
    """And it is said aloud."""
    waits = told(person("ann", state="waiting", causes=["no-host"]))
    assert (await states(page, WELCOME, waits))["phase"] == "lobby"
    after = await states(page, WELCOME, waits, told(person("ann"), person("bob")))
    assert after["phase"] == "meeting" and after["news"] == ["newsLetIn"]


async def test_nobody_else_opens_a_microphone_that_its_owner_muted(page: Page) -> None:
    """A host's unmute leaves it shut, asks, and the server is told again; muted by the host alone, it opens."""
    mine = {"type": "muting", "muted": True}
    muted = told(person("ann", muted=True))
    after = await states(page, WELCOME, told(person("ann")), mine, muted, told(person("ann")))
    assert after["silent"] and after["retell"] and after["news"] == ["newsMayUnmute"]
    hosts = told(person("ann", muted=True), muted_by_host=True)
    after = await states(page, WELCOME, told(person("ann")), hosts, told(person("ann")))
    assert not after["silent"] and not after["retell"] and after["news"] == ["newsUnmuted"]


async def test_a_mute_counts_before_it_is_confirmed(page: Page) -> None:
    """A state that was under way does not open the microphone again."""
    mine = {"type": "muting", "muted": True}
    assert (await states(page, WELCOME, told(person("ann")), mine, told(person("ann"))))["silent"]


async def test_a_mute_of_before_a_reload_is_still_ones_own(page: Page) -> None:
    """The page that comes back finds itself muted, and by whom."""
    after = await states(page, WELCOME, told(person("ann", muted=True)), told(person("ann")))
    assert after["silent"] and after["retell"]


async def test_a_chat_line_that_comes_twice_is_shown_once(page: Page) -> None:
    """After a resumed connection the history comes again."""
    line = {
        "type": "chat",
        "number": 1,
        "participant": "bob",
        "name": "Bob",
        "text": "Hi",
        "at": "2026-11-21T10:00:00Z",
    }
    after = await states(page, WELCOME, told(person("ann")), line, {**line, "number": 2}, line)
    assert [each["number"] for each in after["chat"]] == [1, 2] and after["unread"] == 2
    assert (await states(page, WELCOME, told(person("ann")), line, {"type": "panel", "panel": "chat"}))["unread"] == 0


async def test_a_broken_connection_is_seen_only_where_there_was_one(page: Page) -> None:
    """In the meeting and in the lobby, for the socket and for the sound."""
    down, lost = {"type": "link", "up": False}, {"type": "media", "state": "lost"}
    assert not (await states(page, down))["reconnecting"]
    for event in (down, lost):
        assert (await states(page, WELCOME, told(person("ann")), event))["reconnecting"]


async def test_a_crowd_is_not_read_out_by_name(page: Page) -> None:
    """Who waits is told, the first three of them; who merely came is seen."""
    crowd = [person(f"guest{number}") for number in range(20)]
    waiting = [person(f"late{number}", state="waiting") for number in range(9)]
    after = await states(page, WELCOME, told(person("ann")), told(person("ann"), *crowd, *waiting))
    assert after["news"] == ["newsWaiting"] * 3


async def test_where_not_all_have_room_oneself_and_who_spoke_last_are_on_the_stage(page: Page) -> None:
    """In the order of arrival, so that a tile keeps its place."""
    people = [person(f"p{number:02}") for number in range(30)]
    body = """
        let state = m.START;
        for (const event of v.events) state = m.reduce(state, event, 0);
        const {tiles, more} = m.tilesOf(state, 5);
        return [tiles.map((each) => each.participant), more];"""
    events = [
        {"type": "welcome", "participant": "p03"},
        told(*people),
        {"type": "speakers", "participants": ["p29"]},
        {"type": "speakers", "participants": ["p17", "p05"]},
    ]
    assert await run(page, "meeting/state.js", body, events=events) == [["p03", "p05", "p17", "p29"], 26]


async def test_opus_is_asked_to_correct_and_to_be_silent(page: Page) -> None:
    """RFC 7587 section 7: once each, whatever stood there; other codecs and other parameters stay."""
    opus = "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=0\r\n"
    sdp = f"m=audio 9 UDP 111 0\r\n{opus}a=rtpmap:0 PCMU/8000\r\n"
    wished = await run(page, "meeting/sdp.js", "return m.withOpusWishes(v.sdp);", sdp=sdp)
    assert "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n" in wished and "PCMU" in wished
    bare = await run(page, "meeting/sdp.js", "return m.withOpusWishes(v.sdp);", sdp=sdp.replace("a=fmtp:111 ", "a=x-"))
    assert "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1;usedtx=1\r\n" in bare
    none = "m=audio 9 UDP 0\r\na=rtpmap:0 PCMU/8000\r\n"
    assert await run(page, "meeting/sdp.js", "return m.withOpusWishes(v.sdp);", sdp=none) == none


async def test_quality_is_of_the_last_two_seconds(page: Page) -> None:
    """Losses of long ago do not count, silence that is not sent is no loss, and the worst of both ways decides."""
    body = """
        const report = (got, lost) => [
          {type: "transport", selectedCandidatePairId: "p"},
          {id: "p", type: "candidate-pair", currentRoundTripTime: 0.04},
          {type: "inbound-rtp", kind: "audio", packetsReceived: got, packetsLost: lost, jitter: 0.01,
           totalSamplesReceived: got * 960, concealedSamples: 48000, silentConcealedSamples: 48000}];
        const first = m.measure(report(1000, 500), null);
        const second = m.measure(report(1096, 504), first);
        const quiet = {packets: 100, lost: 0, jitter_ms: 1}, bad = {packets: 180, lost: 20, jitter_ms: 1};
        return [second.roundTrip, second.received, m.grade(second, null),
                m.servedShares(bad, quiet), m.grade(second, m.servedShares(bad, quiet)), m.grade(null, null)];"""
    assert await run(page, "meeting/quality.js", body) == [
        40,
        {"jitter": 10, "loss": 0.04, "concealed": 0},
        "fair",
        {"loss": 0.2, "jitter": 1},
        "poor",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ann Archer", "AA"), ("bob", "B"), ("王小明", "小明"), ("ann@meet.example", "AE"), ("(Eve) Li", "EL"), ("", "?")],
)
async def test_a_name_gives_the_letters_of_its_picture(page: Page, name: str, letters: str) -> None:
    """Two at most, in the manner of the script."""
    assert await run(page, "meeting/state.js", "return m.initials(v.name);", name=name) == letters

"""Who is not let in by a browser: counted, written down, and not told apart."""

from __future__ import annotations

import pytest

from parley.app.tenants import TenantEdit
from parley.app.web_entry import ByLink, ByPasscode, Wish
from parley.core.events import EntryLockedOut, EntryRefused
from parley.core.ids import SpaceId
from parley.core.secret import Secret
from parley.core.spaces import Space
from tests.app.conference_floor import at
from tests.app.web_floor import BRUNO, GAO, INVITED, LINKS, SOURCE, Web, passcode, room_and_conference

# --- guesses ---------------------------------------------------------------------------------------------------


async def test_guesses_at_browsers_and_at_phones_are_counted_together(web: Web) -> None:
    """Per space and per source: after twenty wrong passcodes the right one opens nothing, from anywhere."""
    space = await web.two_pins()
    for number in range(20):
        assert await web.enter(passcode("100", "9"), source=f"198.51.100.{number}") is None
    assert web.pins.is_locked(SpaceId(space), "203.0.113.1")
    assert await web.enter(passcode("100", "1111")) is None
    assert await web.enter(ByLink("100", await web.secret(space))) is not None
    assert [(one.space, one.source) for one in web.events(EntryLockedOut)] == [(space, None)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("meeting", ["100", "999"])
async def test_wrong_links_lock_their_source_out(web: Web, meeting: str) -> None:
    """For links and passcodes alike, in no other space's count, and for no other source."""
    space = await web.two_pins()
    secret = await web.secret(space)
    for _ in range(20):
        assert await web.enter(ByLink(meeting, Secret("wrong"))) is None
    assert await web.enter(ByLink("100", secret)) is None
    assert await web.enter(passcode("100", "1111")) is None
    assert await web.enter(ByLink("100", secret), source="198.51.100.1") is not None
    assert await web.enter(passcode("100", "1111"), source="198.51.100.1") is not None


async def test_the_refused_are_journalled_until_their_source_is_locked_out(web: Web) -> None:
    """With the reason that they are not told; what is typed is not in it, and nobody fills the journal."""
    space = await web.two_pins()
    await web.enter(passcode("100", "98765"))
    await web.enter(passcode("999", "98765"))
    await web.enter(ByLink("100", Secret("98765")))
    refused = [event for event in web.events(EntryRefused) if isinstance(event, EntryRefused)]
    assert [(one.reason.value, one.space, one.source) for one in refused] == [
        ("wrong-pin", space, SOURCE),
        ("unknown-call-id", None, SOURCE),
        ("wrong-pin", space, SOURCE),
    ]
    assert "98765" not in repr(web.journal.events)
    for _ in range(100):
        await web.enter(passcode("999", "1"))
    assert len(web.events(EntryRefused)) < 20 and len(web.events(EntryLockedOut)) == 1


# --- the same work ---------------------------------------------------------------------------------------------


async def refusals(web: Web) -> dict[str, list[Wish]]:
    """Wishes that are refused, each for another reason, by what shows of them outside."""
    tenant = await web.use.tenants.create(TenantEdit(name="t"))
    profile = await web.call_profile(participant_limit=9)
    await web.two_pins()
    await web.space("one", pin="1111", call_id="101")
    await web.space("closed", pin="1111", call_id="102", non_member_access=False)
    await web.space("dressed", pin="1111", call_id="103", tenant=tenant, call_profile=profile)
    off = await web.space("off", pin="1111", call_id="104")
    await web.alter(off, enabled=False)
    many = await web.space("many", pin="1111", call_id="105")
    for number in range(5):
        await web.method(many, f"222{number}", call_id="105")
    booked = await web.book(start=at("2026-01-01 09:00"), attendees=(GAO, BRUNO))
    restricted = await web.book(start=at("2026-01-01 09:00"), attendees=(GAO, BRUNO), rules=INVITED)
    _, in_room = await room_and_conference(web, attendees=(GAO,))
    numbers = [one.conference.number for one in (booked, restricted, in_room)]
    meetings = ["999", "nobody", *numbers, *(f"10{number}" for number in range(6))]
    wrong_link = Secret("0123456789abcdef" * 3)
    return {
        "passcode": [passcode(meeting, "9999") for meeting in meetings],
        "link": [ByLink(meeting, wrong_link) for meeting in meetings],
        "old link": [ByLink(meeting, Secret("0w4O2zTTF0WdL4ymF8D0_A")) for meeting in meetings],
        "address": [passcode(f"{name}@example.com", "9") for name in ("nobody", "one", "closed", "dressed", "off")],
    }


@pytest.mark.parametrize("signed_in", [False, True])
async def test_every_refusal_costs_as_many_reads(web: Web, signed_in: bool) -> None:
    """Unknown, closed, switched off, of a tenant, with one door or many, locked out: nothing shows in the time."""
    user = await web.user("carol") if signed_in else None
    for kind, wishes in (await refusals(web)).items():
        counted: dict[int, list[Wish]] = {}
        for locked in (False, True):
            for number, wish in enumerate(wishes):
                source = f"198.51.100.{number}"
                if locked:
                    for _ in range(20):
                        web.pins.judge_link(None, [Secret("x")], source)
                before = web.held.reads
                assert await web.enter(wish, user, source) is None
                counted.setdefault(web.held.reads - before, []).append(wish)
        assert len(counted) == 1, (kind, counted)


async def test_every_refusal_costs_as_many_comparisons(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of digests and of seals."""
    from parley.core import admission

    real = admission.hmac.compare_digest
    counts = [0]

    def counting(a: bytes, b: bytes) -> bool:
        counts[0] += 1
        return real(a, b)

    monkeypatch.setattr(admission.hmac, "compare_digest", counting)
    for kind, wishes in (await refusals(web)).items():
        totals = set()
        for wish in wishes:
            counts[0] = 0
            assert await web.enter(wish) is None
            totals.add(counts[0])
        assert len(totals) == 1, kind


async def test_an_outage_is_no_guess_and_no_refusal(web: Web) -> None:
    """The page is told that something broke, and nobody is locked out for it."""
    space = await web.two_pins()
    for _ in range(30):
        web.held.broken = True
        with pytest.raises(OSError, match="database"):
            await web.enter(passcode("100", "1111"))
        web.held.broken = False
    assert not web.pins.is_locked(SpaceId(space), SOURCE)
    assert await web.enter(passcode("100", "1111")) is not None


def test_nothing_secret_shows() -> None:
    """Wishes and links print stars."""
    shown = f"{ByLink('1', Secret('topsecret'))} {ByPasscode('1', Secret('topsecret'))} {LINKS}"
    assert "topsecret" not in shown and "kkk" not in shown
    assert Space(SpaceId("s")).enabled

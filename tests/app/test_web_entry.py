"""Which door a browser comes in by: links, meeting IDs with passcodes, membership."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.app.profiles import CallProfileEdit
from parley.app.spaces import SpaceEdit
from parley.app.web_entry import ByLink, ByPasscode, BySpace, Wish
from parley.core.admission import Proof
from parley.core.ids import SpaceId, UserId
from parley.core.links import spelled
from parley.core.secret import Secret
from tests.app.conference_floor import at
from tests.app.web_floor import GAO, SOURCE, Web, passcode, room_and_conference

# --- links -----------------------------------------------------------------------------------------------------


async def test_a_link_opens_the_door_that_owns_its_secret(web: Web) -> None:
    """Whichever of the two, without a passcode, spelled as it is or in 48 digits."""
    space = await web.two_pins()
    for own in (True, False):
        door = next(one for one in await web.doors(space) if one.own is own)
        assert door.secret is not None
        for text in (door.secret.reveal(), spelled(door.secret) or ""):
            grant = await web.enter(ByLink("100", Secret(text)))
            assert grant is not None and grant.granted.entry.access_method == door.id
            assert (grant.granted.space, grant.space_name, grant.call_id) == (space, "Room", "100")


async def test_a_link_with_another_meetings_id_is_refused(web: Web) -> None:
    """The secret must belong to the meeting that the link names."""
    space = await web.two_pins()
    await web.space("other", call_id="200")
    secret = await web.secret(space)
    assert await web.enter(ByLink("200", secret)) is None
    assert await web.enter(ByLink("999", secret)) is None
    assert await web.enter(ByLink("", secret)) is None
    assert await web.enter(ByLink("room", secret)) is not None


async def test_a_new_secret_makes_the_old_link_worthless(web: Web) -> None:
    """At once."""
    space = await web.two_pins()
    old = await web.secret(space)
    await web.use.spaces.change(space, SpaceEdit(regenerate_secret=True))
    assert await web.enter(ByLink("100", old)) is None
    assert await web.enter(ByLink("100", await web.secret(space))) is not None


@pytest.mark.parametrize("text", ["", "x", "\0", "0" * 48, "é" * 40, "a" * 5000])
async def test_a_link_that_nobody_made_opens_nothing(web: Web, text: str) -> None:
    """Not even where a door has no secret to compare."""
    space = await web.space(call_id="100")
    assert await web.enter(ByLink("100", Secret(text))) is None
    async with web.held.transaction() as tx:
        (door,) = await tx.access_methods.of_spaces([space])
        await tx.access_methods.save(replace(door, secret=None))
    assert await web.enter(ByLink("100", Secret(text))) is None


async def test_the_links_of_a_conference_lead_in_by_the_hosts_or_the_guests_door(web: Web) -> None:
    """Under its number, and they prove nothing but the door."""
    record = await web.book(start=at("2026-01-01 09:00"), attendees=(GAO,))
    for door in (record.host, record.guest):
        assert door.secret is not None
        grant = await web.enter(ByLink(record.conference.number, door.secret))
        assert grant is not None and grant.granted.entry.access_method == door.id
        assert grant.granted.proof == Proof()


# --- meeting IDs and passcodes ---------------------------------------------------------------------------------


async def test_a_passcode_picks_the_door(web: Web) -> None:
    """As at the prompts: the guests', the host's, no other; an empty one is not one."""
    space = await web.two_pins()
    guest, host = await web.doors(space)
    assert await web.entered(passcode("100", "1111")) == guest.id
    assert await web.entered(passcode(" 10 0 ", "2222")) == host.id
    assert await web.entered(passcode("100", "3333")) is None
    assert await web.entered(passcode("100")) is None
    assert await web.entered(passcode("100", "1" * 5000)) is None


async def test_an_empty_passcode_means_the_blank_door_at_once(web: Web) -> None:
    """Whatever way phones have of saying it, and where there is one."""
    for mode in ("required", "timeout"):
        profile = await web.use.call_profiles.create(CallProfileEdit(settings={"passcode_mode": mode}))
        space = await web.space(f"room{mode}", call_id=f"1{mode}", call_profile=profile)
        await web.method(space, "12345", uri=f"room{mode}", call_id=f"1{mode}")
        blank, host = await web.doors(space)
        assert await web.entered(passcode(f"1{mode}")) == blank.id
        assert await web.entered(passcode(f"1{mode}", "12345")) == host.id
        assert await web.entered(passcode(f"1{mode}", "9")) is None
        assert await web.entered(passcode(f"1{mode}", "9" * 5000)) is None


@pytest.mark.parametrize("typed", ["room@example.com", "sip:Room@Example.com", "room", " ROOM "])
async def test_an_address_may_be_typed_for_a_meeting_id(web: Web, typed: str) -> None:
    """The whole, or the part before the @; as phones dial it."""
    space = await web.space("room", pin="1111")
    (door,) = await web.doors(space)
    assert await web.entered(passcode(typed, "1111")) == door.id
    assert await web.entered(passcode(typed, "2222")) is None


@pytest.mark.parametrize(
    "typed",
    ["room@elsewhere.example", "nobody@example.com", "nobody", "@", "room@", "9000", "\ud800", "ro\0om", "é" * 9999],
)
async def test_an_address_that_is_not_ours_leads_nowhere(web: Web, typed: str) -> None:
    """Nor does the number of an IVR."""
    await web.space("room")
    assert await web.enter(passcode(typed)) is None


async def test_a_conference_is_entered_by_number_and_passcode(web: Web) -> None:
    """Host and guest by theirs, until it is cancelled."""
    record = await web.book(start=at("2026-01-01 09:00"))
    number = record.conference.number
    for door in (record.host, record.guest):
        assert door.passcode is not None
        assert await web.entered(ByPasscode(number, door.passcode)) == door.id
    await web.conferences.cancel(web.alice, number)
    assert record.host.passcode is not None
    assert await web.entered(ByPasscode(number, record.host.passcode)) is None


async def test_a_conference_in_a_room_is_entered_by_its_own_number_too(web: Web) -> None:
    """Though no phone dials it: the room's doors serve while the conference is to come."""
    room, record = await room_and_conference(web)
    number = record.conference.number
    assert record.guest.call_id != number
    assert record.host.passcode is not None and record.guest.secret is not None
    assert await web.entered(ByPasscode(number, record.host.passcode)) == record.host.id
    assert await web.entered(ByLink(number, record.guest.secret)) == record.guest.id
    await web.conferences.cancel(web.alice, number)
    assert await web.entered(ByLink(number, record.guest.secret)) is None
    assert await web.entered(ByLink(record.guest.call_id or "", record.guest.secret)) == record.guest.id
    assert room == record.space.id


# --- who is closed out -----------------------------------------------------------------------------------------


async def test_a_space_closed_to_non_members_lets_members_in_alone(web: Web) -> None:
    """Neither link nor passcode helps others, signed in or not."""
    space = await web.space("room", pin="1", call_id="100", non_member_access=False)
    member = await web.make_member(space)
    wishes: list[Wish] = [passcode("100", "1"), passcode("room", "1"), ByLink("100", await web.secret(space))]
    for wish in wishes:
        assert await web.entered(wish) is None
        assert await web.entered(wish, await web.user("carol")) is None
        assert await web.entered(wish, await web.user("bob")) == member


async def test_a_space_switched_off_is_closed_to_everybody(web: Web) -> None:
    """Members and those with links included."""
    space = await web.space("room", call_id="100")
    await web.make_member(space)
    secret = await web.secret(space)
    await web.alter(space, enabled=False)
    bob = await web.user("bob")
    for wish in (passcode("100"), ByLink("100", secret), BySpace(SpaceId(space))):
        assert await web.enter(wish, bob) is None


# --- members ---------------------------------------------------------------------------------------------------


async def test_a_member_enters_as_that_member_whatever_he_shows(web: Web) -> None:
    """By the space, by a link or a passcode, right or wrong; and no guess is counted for it."""
    space = await web.two_pins()
    member = await web.make_member(space)
    bob = await web.user("bob")
    wishes: list[Wish] = [
        BySpace(SpaceId(space)),
        ByLink("100", await web.secret(space)),
        ByLink("100", Secret("wrong")),
        passcode("100", "1111"),
        passcode("100", "wrong"),
        passcode("room"),
    ]
    for _ in range(5):
        for wish in wishes:
            grant = await web.enter(wish, bob)
            assert grant is not None and grant.granted.entry.member == member
            assert grant.granted.entry.access_method is None
            assert grant.granted.proof == Proof(UserId("bob"), None)
            assert (grant.space_name, grant.call_id) == ("Room", "100")
    assert not web.pins.is_locked(SpaceId(space), SOURCE)


async def test_only_members_enter_by_the_space(web: Web) -> None:
    """Not the signed-in who are none, nor who is not signed in, nor anybody to a space that is not there."""
    space = await web.space("room", call_id="100")
    await web.make_member(space)
    assert await web.enter(BySpace(SpaceId(space)), await web.user("carol")) is None
    assert await web.enter(BySpace(SpaceId(space))) is None
    assert await web.enter(BySpace(SpaceId("nowhere")), await web.user("bob")) is None


async def test_a_member_who_names_an_unknown_meeting_is_refused(web: Web) -> None:
    """As everybody is."""
    await web.make_member(await web.two_pins())
    bob = await web.user("bob")
    assert await web.enter(ByLink("999", Secret("x")), bob) is None
    assert await web.enter(passcode("999", "1111"), bob) is None


async def test_a_disabled_user_is_nobody(web: Web) -> None:
    """Neither member nor proven; the guests' door is as open as to anybody."""
    space = await web.two_pins()
    await web.make_member(space)
    bob = replace(await web.user("bob"), enabled=False)
    assert await web.enter(BySpace(SpaceId(space)), bob) is None
    guest = (await web.doors(space))[0]
    assert await web.entered(passcode("100", "1111"), bob) == guest.id
    assert await web.proof(passcode("100", "1111"), bob) == Proof()

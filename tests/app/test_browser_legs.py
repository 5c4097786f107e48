"""Browsers that were granted an entrance, from the grant to the meeting."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.app.web_entry import BySpace, WebGrant, Wish
from parley.core.endings import Reason
from parley.core.events import LegEnded, ParticipantJoined, UnencryptedMediaPresent
from parley.core.ids import SpaceId
from parley.core.leg_inputs import WebRemote
from parley.core.profiles import CallSettings, EntryScope, LegSettings, MediaEncryption
from parley.core.secret import Secret
from tests.app.floor import Call
from tests.app.web_floor import Web, passcode
from tests.kit.fake_leg_door import FakeLegDoor


class Browsers(Web):
    async def granted(self, wish: Wish, user: str | None = None) -> WebGrant:
        grant = await self.enter(wish, await self.user(user) if user else None)
        assert grant is not None
        return grant

    async def open(self, grant: WebGrant) -> Call:
        """As far as the answer; the media path is to come."""
        door = FakeLegDoor()
        offer = self.offer("page")
        audio = replace(offer.audio, web=WebRemote("ufrag", Secret("password"), "AB:CD"))
        leg = self.arrivals.enter(replace(offer, audio=audio, kind="browser"), grant.granted, door)
        await self.settle()
        assert door.web is not None
        return Call(self, door, leg)

    async def joins(self, wish: Wish, user: str | None = None) -> Call:
        call = await self.open(await self.granted(wish, user))
        self.engine.ready(call.leg.id)
        await self.settle()
        return call


@pytest.fixture
async def browsers() -> Browsers:
    floor = Browsers()
    await floor.people()
    return floor


async def test_a_browser_is_in_when_its_media_stand_and_its_media_are_encrypted(browsers: Browsers) -> None:
    """The view, the journal and the end say so; no line about plain media appears for it."""
    await browsers.space("room", call_id="100")
    call = await browsers.joins(passcode("100"))
    assert call.active and call.heard == []
    assert call.live is not None and call.live.view is not None and call.live.view.encrypted_media
    await call.end()
    [joined] = browsers.events(ParticipantJoined)
    [ended] = browsers.events(LegEnded)
    assert isinstance(joined, ParticipantJoined) and joined.encrypted_media
    assert isinstance(ended, LegEnded) and ended.encrypted_media
    assert browsers.events(UnencryptedMediaPresent) == []
    browsers.assert_nothing_left()


@pytest.mark.parametrize(
    ("encryption", "browser", "phone"),
    [
        (MediaEncryption.REQUIRED, True, False),
        (MediaEncryption.PROHIBITED, False, True),
        (MediaEncryption.OPTIONAL, True, True),
    ],
)
async def test_what_a_space_asks_of_media_holds_for_browsers(
    browsers: Browsers, encryption: MediaEncryption, browser: bool, phone: bool
) -> None:
    """Where encryption is required browsers come in and plain phones do not; where it is forbidden, the reverse."""
    space = await browsers.space("room", call_id="100")
    await browsers.alter(space, leg_settings=LegSettings(media_encryption=encryption))
    call = await browsers.joins(passcode("100"))
    assert call.active is browser
    assert call.reason is (None if browser else Reason.ENCRYPTION_REQUIRED)
    plain = await browsers.dial("room")
    if phone:
        await plain.confirm()
    assert plain.active is phone


async def test_a_member_comes_in_as_member(browsers: Browsers) -> None:
    """By the space alone, with the member's own settings, also where strangers and the uninvited are shut out."""
    space = await browsers.space("room", leg_profile=await browsers.guests(), non_member_access=False)
    await browsers.make_member(space)
    await browsers.alter(space, call_settings=CallSettings(entry_scope=EntryScope.INVITED))
    call = await browsers.joins(BySpace(SpaceId(space)), "bob")
    assert call.waits and call.live is not None and call.live.view is not None
    assert call.live.view.entry.member is not None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"enabled": False}, Reason.SPACE_DELETED),
        ({"non_member_access": False}, Reason.NOT_MEMBER),
        ({"call_settings": CallSettings(entry_scope=EntryScope.TENANT)}, Reason.ENTRY_RESTRICTED),
    ],
)
async def test_what_is_shut_between_grant_and_join_stays_shut(
    browsers: Browsers, change: dict[str, object], reason: Reason
) -> None:
    """A grant opens the door as it stood; the join looks again, and nothing is left of the leg."""
    space = await browsers.space("room", call_id="100")
    grant = await browsers.granted(passcode("100"))
    await browsers.alter(space, **change)
    call = await browsers.open(grant)
    browsers.engine.ready(call.leg.id)
    await browsers.settle()
    assert call.reason is reason and call.door.hung_up is not None
    browsers.assert_nothing_left()


async def test_a_browser_that_goes_before_its_media_stand_leaves_nothing(browsers: Browsers) -> None:
    """No meeting was made for it."""
    await browsers.space("room", call_id="100")
    call = await browsers.open(await browsers.granted(passcode("100")))
    await call.end()
    assert browsers.meeting() is None
    browsers.assert_nothing_left()

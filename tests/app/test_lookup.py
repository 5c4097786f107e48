"""Where an address or a call ID leads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.app.dial_plan import InboundRuleEdit, IvrEdit
from parley.app.lookup import ACCESS_NUMBER_IVR, Lookup
from parley.app.tenants import TenantEdit
from parley.core.admission import Candidates
from parley.core.dialplan import Address, Ivr
from parley.core.leg_inputs import UnknownTarget
from tests.app.floor import Call, Floor
from tests.kit.fake_leg_door import FakeLegDoor

NOWHERE = UnknownTarget()


async def space_of(floor: Floor, user: str, domain: str = "example.com", arrived_at: str | None = None) -> str | None:
    """The space that an address leads to."""
    found = await floor.lookup.resolve(Address(user, domain), arrived_at)
    return found.space if isinstance(found, Candidates) else None


async def test_every_door_of_the_uri_is_a_candidate(floor: Floor) -> None:
    """The space's own by either of its URIs and each access method with that URI; no other."""
    space = await floor.space("room", secondary_uri="alias")
    same = await floor.method(space, "1", uri="room")
    await floor.method(space, "2", uri="other")
    found = await floor.lookup.resolve(Address("room", "example.com"))
    assert isinstance(found, Candidates)
    assert [door.own for door in found.doors] == [True, False] and found.doors[1].access_method == same
    alias = await floor.lookup.resolve(Address("alias", "example.com"))
    assert isinstance(alias, Candidates) and [door.own for door in alias.doors] == [True]


async def test_the_access_number_is_below_the_rules_of_the_api(floor: Floor) -> None:
    """It answers at the domains of the settings; not at a domain of one tenant."""
    found = await floor.lookup.resolve(Address("9000", "example.com"))
    assert isinstance(found, Ivr) and found.id == ACCESS_NUMBER_IVR
    tenant = await floor.use.tenants.create(TenantEdit(name="t"))
    await floor.use.inbound_rules.create(InboundRuleEdit(domain="t.example", tenant=tenant))
    assert await floor.lookup.resolve(Address("9000", "t.example")) == NOWHERE


async def test_a_rule_that_resolves_to_nothing_hides_nothing(floor: Floor) -> None:
    """The next rule for the domain is asked, the settings' last."""
    await floor.space()
    await floor.use.inbound_rules.create(
        InboundRuleEdit(domain="example.com", priority=9, resolve_to_spaces=False, resolve_to_ivrs=False)
    )
    assert await space_of(floor, "room") is not None


async def test_a_rule_without_spaces_leads_to_ivrs_alone(floor: Floor) -> None:
    """Each flag is its own."""
    await floor.space()
    await floor.use.ivrs.create(IvrEdit(uri="500"))
    await floor.use.inbound_rules.create(InboundRuleEdit(domain="a.example", resolve_to_spaces=False))
    await floor.use.inbound_rules.create(InboundRuleEdit(domain="b.example", resolve_to_ivrs=False))
    assert await space_of(floor, "room", "a.example") is None
    assert isinstance(await floor.lookup.resolve(Address("500", "a.example")), Ivr)
    assert await floor.lookup.resolve(Address("500", "b.example")) == NOWHERE
    assert await space_of(floor, "room", "b.example") is not None


async def test_a_tenants_domain_leads_to_its_own_spaces(floor: Floor) -> None:
    """Spaces of others do not answer there."""
    ours = await floor.use.tenants.create(TenantEdit(name="ours"))
    await floor.use.inbound_rules.create(InboundRuleEdit(domain="ours.example", tenant=ours))
    own = await floor.space("own", tenant=ours)
    await floor.space("others")
    assert await space_of(floor, "own", "ours.example") == own
    assert await space_of(floor, "others", "ours.example") is None


@pytest.mark.parametrize("address", ["192.0.2.9", "2001:db8::9"])
async def test_the_address_a_call_came_in_on_is_ours_where_no_domain_is_set(floor: Floor, address: str) -> None:
    """A phone that knows only our IP address can call; with domains of our own it is no domain."""
    await floor.space()
    own = Lookup(floor.held, ["example.com"], "9000", own_addresses=True)
    assert isinstance(await own.resolve(Address("room", address), address), Candidates)
    assert await own.resolve(Address("room", "198.51.100.1"), address) == NOWHERE
    assert await space_of(floor, "room", address, address) is None


async def test_an_ivr_that_resolves_no_call_ids_finds_none(floor: Floor) -> None:
    """Whatever is typed."""
    await floor.space(call_id="100")
    await floor.use.ivrs.create(IvrEdit(uri="500", resolve_call_ids=False))
    ivr = await floor.lookup.resolve(Address("500", "example.com"))
    assert isinstance(ivr, Ivr)
    assert await floor.lookup.resolve_call_id(ivr, "100") is None
    assert await floor.lookup.resolve_call_id(floor.lookup.access_ivr, "100") is not None


async def test_without_an_access_number_nothing_answers_there(floor: Floor) -> None:
    """An empty setting turns it off; call IDs can still be explained."""
    off = Lookup(floor.held, ["example.com"], None)
    assert off.access_number is None
    assert await off.resolve(Address("", "example.com")) == NOWHERE
    await floor.space(call_id="100")
    assert await off.resolve_call_id(off.access_ivr, "100") is not None


@pytest.mark.parametrize(
    ("door", "space", "tenant", "asked", "heard"),
    [
        (None, None, None, "", "en"),
        (None, None, "pt", "", "pt"),
        (None, "zh", "pt", "", "zh"),
        ("en", "zh", "pt", "", "en"),
        ("en", "zh", "pt", "pt", "pt"),
        (None, None, "pt", "zh", "zh"),
    ],
)
async def test_the_nearest_language_is_spoken(
    floor: Floor, door: str | None, space: str | None, tenant: str | None, asked: str, heard: str
) -> None:
    """At the prompt and in the meeting: the caller's, else the door's, the space's, the tenant's, the server's."""
    owner = await floor.use.tenants.create(TenantEdit(name="t", language=tenant))
    place = await floor.space("other", "1", tenant=owner, language=space)
    await floor.method(place, "2", uri="room", language=door)
    ends = FakeLegDoor()
    call = Call(floor, ends, await floor.arrivals.arrive(replace(floor.offer("room"), language=asked), ends))
    await floor.settle()
    await call.confirm()
    assert floor.engine.spoken[call.leg.id] == [(heard, "")]
    await call.type("2#")
    media = floor.engine.media(call.leg.id)
    assert media is not None and media.language == heard

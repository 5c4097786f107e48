"""Inbound rules, IVRs, tenants and users."""

import pytest

from parley.app.dial_plan import InboundRuleEdit, IvrEdit
from parley.app.spaces import SpaceEdit
from parley.app.tenants import TenantEdit
from parley.app.users import UserEdit
from parley.core.refusals import Refusal
from tests.app.administration_rig import World


async def test_the_domain_of_a_spaces_full_address() -> None:
    """The best rule that leads to spaces and is everybody's or the tenant's own; else the settings' first domain."""
    world = World()
    tenant = await world.use.tenants.create(TenantEdit(name="t"))
    rules = world.use.inbound_rules
    assert await rules.space_domain(None) == "example.com"
    assert await rules.space_domain(None, "shown.example") == "shown.example"
    await rules.create(InboundRuleEdit(domain="own.example", tenant=tenant, priority=5))
    await rules.create(InboundRuleEdit(domain="all.example", priority=1))
    await rules.create(InboundRuleEdit(domain="ivr.example", priority=9, resolve_to_spaces=False))
    assert await rules.space_domain(None) == "all.example"
    assert await rules.space_domain(None, "shown.example") == "all.example"
    assert await rules.space_domain(tenant) == "own.example"


async def test_the_number_where_a_call_id_is_typed() -> None:
    """The tenant's IVR that takes call IDs, else the access number of the settings."""
    world = World()
    tenant = await world.use.tenants.create(TenantEdit(name="t"))
    ivrs = world.use.ivrs
    assert await ivrs.number(tenant) == "9000"
    await ivrs.create(IvrEdit(uri="1", tenant=tenant, resolve_call_ids=False))
    await ivrs.create(IvrEdit(uri="2", tenant=tenant))
    assert (await ivrs.number(tenant), await ivrs.number(None)) == ("2", "9000")


async def test_one_rule_per_domain_and_tenant() -> None:
    """A second one is a conflict, also by a change; another tenant may have its own."""
    world = World()
    tenant = await world.use.tenants.create(TenantEdit(name="t"))
    rules = world.use.inbound_rules
    await rules.create(InboundRuleEdit(domain="a.example"))
    other = await rules.create(InboundRuleEdit(domain="a.example", tenant=tenant))
    for work in (
        rules.create(InboundRuleEdit(domain="a.example")),
        rules.change(other, InboundRuleEdit(tenant=None)),
    ):
        with pytest.raises(Refusal, match="rule-conflict"):
            await work


@pytest.mark.parametrize("owned", ["space", "user", "rule", "ivr"])
async def test_a_tenant_in_use_stays(owned: str) -> None:
    """Whatever belongs to it keeps it."""
    world = World()
    tenant = await world.use.tenants.create(TenantEdit(name="t"))
    match owned:
        case "space":
            await world.use.spaces.create(SpaceEdit(tenant=tenant))
        case "user":
            await world.use.users.create("a@example.com", UserEdit(tenant=tenant))
        case "rule":
            await world.use.inbound_rules.create(InboundRuleEdit(domain="d", tenant=tenant))
        case "ivr":
            await world.use.ivrs.create(IvrEdit(uri="1", tenant=tenant))
    with pytest.raises(Refusal, match="in-use"):
        await world.use.tenants.delete(tenant)
    assert (await world.use.tenants.get(tenant)).name == "t"


@pytest.mark.parametrize("jid", ["", "a", "@b", "a@", "a@b@c", "a b@c", "a\n@b"])
async def test_a_jid_has_a_name_and_a_domain(jid: str) -> None:
    """Anything else is refused."""
    with pytest.raises(Refusal, match="invalid"):
        await World().use.users.create(jid, UserEdit())


async def test_a_jid_is_one_users() -> None:
    """In whatever letter case; it is kept lower-cased."""
    world = World()
    id = await world.use.users.create("Ann@Example.com", UserEdit(name="Ann"))
    with pytest.raises(Refusal, match="duplicate-name"):
        await world.use.users.create("ann@example.COM", UserEdit())
    found = await world.use.users.by_jid("ANN@example.com")
    assert found is not None and (found.id, found.jid) == (id, "ann@example.com")
    await world.use.users.change(id, UserEdit(email="a@b.example"))
    changed = await world.use.users.get(id)
    assert (changed.name, changed.email) == ("Ann", "a@b.example")

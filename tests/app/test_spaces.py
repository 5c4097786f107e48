"""Spaces and their access methods: one own door each, unique addresses, generated values."""

import pytest

from parley.app.members import MemberEdit
from parley.app.ports import Query
from parley.app.spaces import AccessMethodEdit, SpaceEdit
from parley.app.users import UserEdit
from parley.core.ids import LegProfileId
from parley.core.refusals import Refusal
from parley.core.secret import Secret
from parley.core.spaces import Space
from tests.app.administration_rig import World


async def test_a_new_space_has_exactly_one_own_door() -> None:
    """Its address is that door's."""
    world = World()
    id = await world.use.spaces.create(SpaceEdit(name="a", uri="a", passcode=Secret("12")))
    async with world.store.reading() as tx:
        doors = (await tx.access_methods.page(Query(where={"space": id}))).items
    assert [(door.own, door.uri, door.passcode, door.name) for door in doors] == [(True, "a", Secret("12"), None)]
    record = await world.use.spaces.get(id)
    assert (record.space.name, record.own, record.methods) == ("a", doors[0], 0)


async def test_the_change_is_committed_before_it_is_told() -> None:
    """A listener that reads at once sees the new value."""
    world = World()
    id = await world.use.spaces.create(SpaceEdit(name="before"))
    assert world.told() == [("space", id, False)]
    seen: list[str] = []
    world.changes.subscribe(lambda _: seen.append(world.store._state.spaces[id].name))
    await world.use.spaces.change(id, SpaceEdit(name="after"))
    assert seen == ["after"]


async def test_a_refused_change_is_rolled_back_whole() -> None:
    """Neither space nor door keep a part of it, and nobody is told."""
    world = World()
    await world.use.spaces.create(SpaceEdit(uri="taken"))
    id = await world.use.spaces.create(SpaceEdit(name="n", uri="u"))
    before = await world.use.spaces.get(id)
    world.told()
    for edit in (
        SpaceEdit(name="x", uri="taken"),
        SpaceEdit(name="x", leg_profile=LegProfileId("none")),
        SpaceEdit(name="x", owner_jid="nobody@example.com"),
    ):
        with pytest.raises(Refusal):
            await world.use.spaces.change(id, edit)
    assert await world.use.spaces.get(id) == before
    assert world.told() == []


async def test_deleting_a_space_takes_doors_and_members_along() -> None:
    """Its URI is free again."""
    world = World()
    await world.use.users.create("a@example.com", UserEdit())
    id = await world.use.spaces.create(SpaceEdit(uri="u", call_id="1"))
    await world.use.spaces.create_access_method(id, AccessMethodEdit(uri="v"))
    await world.use.members.create(id, "a@example.com", MemberEdit())
    await world.use.spaces.delete(id)
    async with world.store.reading() as tx:
        assert (await tx.access_methods.page(Query())).total == 0
        assert (await tx.members.page(Query())).total == 0
    await world.use.spaces.create(SpaceEdit(uri="v", secondary_uri="u", call_id="1"))


async def test_an_imported_space_cannot_be_deleted() -> None:
    """The next import would bring it back."""
    world = World()
    id = await world.use.spaces.create(SpaceEdit(name="n"))
    async with world.store.transaction() as tx:
        await tx.spaces.save(Space(id, auto_generated=True))
    with pytest.raises(Refusal, match="not-permitted"):
        await world.use.spaces.delete(id)


async def test_a_call_id_is_looked_for_until_it_is_free_and_not_for_ever() -> None:
    """A taken number is passed over; when none is found the refusal says which limit."""
    world = World()
    world.identifiers.digits = lambda count: next(numbers)  # type: ignore[method-assign]
    numbers = iter(["111", "111", "222", *["111"] * 200])
    await world.use.spaces.create(SpaceEdit(require_call_id=True))
    second = await world.use.spaces.create(SpaceEdit(require_call_id=True))
    assert (await world.use.spaces.get(second)).own.call_id == "222"
    with pytest.raises(Refusal, match="limit"):
        await world.use.spaces.create(SpaceEdit(require_call_id=True))


async def test_extras_of_other_dialects_are_left_alone() -> None:
    """An edit of one dialect's extras keeps the others', and clearing the last one leaves nothing behind."""
    world = World()
    id = await world.use.spaces.create(SpaceEdit(extras={"cms": {"a": "1", "b": "2"}, "other": {"a": "3"}}))
    await world.use.spaces.change(id, SpaceEdit(extras={"cms": {"a": None, "c": "4"}}))
    assert (await world.use.spaces.get(id)).space.extras == {"cms": {"b": "2", "c": "4"}, "other": {"a": "3"}}
    await world.use.spaces.change(id, SpaceEdit(extras={"other": {"a": None}}))
    assert (await world.use.spaces.get(id)).space.extras == {"cms": {"b": "2", "c": "4"}}


async def test_an_edit_that_names_nothing_changes_nothing() -> None:
    """KEEP is the default of every field."""
    world = World()
    id = await world.use.spaces.create(SpaceEdit(name="n", uri="u", call_id="1", passcode=Secret("2")))
    before = await world.use.spaces.get(id)
    await world.use.spaces.change(id, SpaceEdit())
    assert await world.use.spaces.get(id) == before

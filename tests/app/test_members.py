"""Members of a space."""

import pytest

from parley.app.members import MemberEdit
from parley.app.ports import Query
from parley.app.spaces import SpaceEdit
from parley.app.users import UserEdit
from parley.core.refusals import Refusal
from parley.core.spaces import MemberRights
from tests.app.administration_rig import World


async def test_a_user_can_be_a_member_of_two_spaces() -> None:
    """Each membership is an object of its own with its own rights."""
    world = World()
    user = await world.use.users.create("A@Example.com", UserEdit())
    first, second = await world.use.spaces.create(SpaceEdit()), await world.use.spaces.create(SpaceEdit())
    one = await world.use.members.create(first, "a@example.com", MemberEdit(rights={"destroy": True}))
    two = await world.use.members.create(second, "a@example.COM", MemberEdit())
    assert one != two
    assert (await world.use.members.get(first, one)).member.rights == MemberRights(destroy=True)
    assert (await world.use.members.get(second, two)).member.rights == MemberRights()
    assert [member.space for member in await world.use.members.of_user(user)] == [first, second]


@pytest.mark.parametrize(("jid", "code"), [(None, "missing"), ("", "missing"), ("b@example.com", "unknown-reference")])
async def test_a_member_needs_a_known_user(jid: str | None, code: str) -> None:
    """The refusal tells a missing from an unknown user."""
    world = World()
    space = await world.use.spaces.create(SpaceEdit())
    with pytest.raises(Refusal, match=code):
        await world.use.members.create(space, jid, MemberEdit())
    assert (await world.use.members.page(space, Query())).total == 0


async def test_removing_a_user_removes_memberships_and_ownership() -> None:
    """Nothing refers to the user afterwards, and listeners hear of each membership."""
    world = World()
    user = await world.use.users.create("a@example.com", UserEdit())
    space = await world.use.spaces.create(SpaceEdit(owner_jid="a@example.com"))
    member = await world.use.members.create(space, "a@example.com", MemberEdit())
    world.told()
    await world.use.users.delete(user)
    assert world.told() == [("user", user, True), ("member", member, True)]
    assert (await world.use.spaces.get(space)).space.owner is None
    assert (await world.use.members.page(space, Query())).total == 0

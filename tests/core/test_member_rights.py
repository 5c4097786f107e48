"""Each right opens its own deed and no other; what is handed on to whom a member adds (cms-api 2.4)."""

from dataclasses import fields, replace

import pytest

from parley.core.member_rights import Deed, allows, handed_on
from parley.core.spaces import MemberRights

NONE = MemberRights(change_non_member_access=False)
OPENS = {
    "destroy": {Deed.DESTROY},
    "add_remove_member": {Deed.ADD_MEMBER, Deed.REMOVE_MEMBER},
    "change_name": {Deed.CHANGE_NAME},
    "change_uri": {Deed.CHANGE_URI},
    "change_call_id": {Deed.CHANGE_CALL_ID},
    "change_passcode": {Deed.CHANGE_PASSCODE},
    "post_message": {Deed.POST_MESSAGE},
    "remove_self": {Deed.LEAVE},
    "delete_all_messages": {Deed.DELETE_MESSAGES},
    "change_non_member_access": {Deed.CHANGE_NON_MEMBER_ACCESS},
}


def test_every_right_is_told_of_here() -> None:
    """A right that is added to the members opens something, or this fails."""
    assert set(OPENS) == {spec.name for spec in fields(MemberRights)}


@pytest.mark.parametrize("right", OPENS)
def test_a_right_opens_its_own_deeds_alone(right: str) -> None:
    """Everybody may see; nothing else is free."""
    rights = replace(NONE, **{right: True})
    assert {deed for deed in Deed if allows(rights, deed)} == OPENS[right] | {Deed.SEE}


def test_without_rights_a_member_may_only_see() -> None:
    """The least of members."""
    assert {deed for deed in Deed if allows(NONE, deed)} == {Deed.SEE}


def test_a_member_hands_on_what_he_has() -> None:
    """Where the adder may leave, the copy is exact."""
    adder = MemberRights(add_remove_member=True, remove_self=True, change_passcode=True, destroy=False)
    assert handed_on(adder) == adder


def test_who_may_not_leave_makes_members_who_may_leave_and_add_nobody() -> None:
    """The rest is copied."""
    adder = MemberRights(add_remove_member=True, remove_self=False, change_name=True, destroy=True)
    assert handed_on(adder) == replace(adder, add_remove_member=False, remove_self=True)

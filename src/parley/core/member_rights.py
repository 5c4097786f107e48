"""What a member may do to a space, and what rights a member passes on to whom he adds (cms-api 2.4)."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from .spaces import MemberRights


class Deed(StrEnum):
    """What a member may want to do to a space that he belongs to."""

    SEE = "see"
    CHANGE_NAME = "change-name"
    CHANGE_URI = "change-uri"
    CHANGE_CALL_ID = "change-call-id"
    CHANGE_PASSCODE = "change-passcode"
    CHANGE_NON_MEMBER_ACCESS = "change-non-member-access"
    ADD_MEMBER = "add-member"
    REMOVE_MEMBER = "remove-member"  # somebody else
    LEAVE = "leave"
    DESTROY = "destroy"
    POST_MESSAGE = "post-message"
    DELETE_MESSAGES = "delete-messages"


def allows(rights: MemberRights, deed: Deed) -> bool:
    """May a member with these rights do this? Everything but seeing needs a right of its own."""
    return {
        Deed.SEE: True,
        Deed.CHANGE_NAME: rights.change_name,
        Deed.CHANGE_URI: rights.change_uri,
        Deed.CHANGE_CALL_ID: rights.change_call_id,
        Deed.CHANGE_PASSCODE: rights.change_passcode,
        Deed.CHANGE_NON_MEMBER_ACCESS: rights.change_non_member_access,
        Deed.ADD_MEMBER: rights.add_remove_member,
        Deed.REMOVE_MEMBER: rights.add_remove_member,
        Deed.LEAVE: rights.remove_self,
        Deed.DESTROY: rights.destroy,
        Deed.POST_MESSAGE: rights.post_message,
        Deed.DELETE_MESSAGES: rights.delete_all_messages,
    }[deed]


def handed_on(adder: MemberRights) -> MemberRights:
    """The rights of somebody whom a member adds: a copy of the adder's.

    Who may not leave himself cannot make others who add and remove and may not leave either: they may leave, and
    add nobody (cms-api 2.4).
    """
    return adder if adder.remove_self else replace(adder, add_remove_member=False, remove_self=True)

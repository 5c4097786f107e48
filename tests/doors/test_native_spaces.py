"""A member's spaces through the API: each right granted and denied, and what changes do to those who call."""

from __future__ import annotations

from typing import Any

import pytest

from parley.app.profiles import LegProfileEdit
from parley.app.spaces import AccessMethodEdit
from parley.core.admission import Admit, AskPin, Candidates, Refuse, ask
from parley.core.dialplan import Address
from parley.core.secret import Secret
from tests.doors.native_rig import Client, NativeRig

RIGHTS = (
    "destroy", "add_remove_member", "change_name", "change_uri", "change_call_id", "change_passcode",
    "post_message", "remove_self", "delete_all_messages", "change_non_member_access",
)  # fmt: skip
NONE = dict.fromkeys(RIGHTS, False)


async def member_with(native: NativeRig, space: str, account: str = "ann", **rights: bool) -> tuple[Client, str]:
    """Somebody signed in who belongs to the space with these rights alone, and the id of that membership."""
    user = await native.person(account)
    member = await native.member(space, user, **{**NONE, **rights})
    return await native.signed_in(account), member


async def space_of(native: NativeRig, **values: Any) -> str:
    return await native.space(
        **{"name": "Global", "uri": "global", "call_id": "1234", "passcode": Secret("13579"), **values}
    )


# --- seeing -----------------------------------------------------------------------------------------------------


async def test_a_member_sees_his_space_whole(native: NativeRig) -> None:
    """Passcode, link by the space's own secret, owner's name, own rights and membership."""
    owner = await native.person("owner")
    space = await space_of(native, owner_jid=owner.jid)
    ann, member = await member_with(native, space, change_name=True)
    own = (await native.administration.spaces.get(space)).own
    assert own.secret is not None
    assert await ann.done("GET", f"/spaces/{space}") == {
        "id": space,
        "name": "Global",
        "uri": "global",
        "call_id": "1234",
        "live": None,
        "passcode": "13579",
        "non_member_access": True,
        "link": f"https://meet.example.com/meeting/1234?secret={own.secret.reveal()}",
        "owner": "Owner",
        "rights": {**NONE, "change_name": True},
        "member": member,
    }


async def test_a_member_never_sees_the_passcodes_of_other_doors(native: NativeRig) -> None:
    """A host's passcode is nobody's who is only a member."""
    space = await space_of(native)
    await native.administration.spaces.create_access_method(
        space, AccessMethodEdit(uri="global", passcode=Secret("86420"))
    )
    ann, _ = await member_with(native, space, **dict.fromkeys(RIGHTS, True))
    for path in ("", "/members", "/invitation"):
        assert "86420" not in (await ann.ask("GET", f"/spaces/{space}{path}")).text


async def test_somebody_sees_his_own_spaces_alone(native: NativeRig) -> None:
    """In pages, found by name, URI and call ID."""
    ids = [await space_of(native, name=f"Room {n}", uri=f"room{n}", call_id=f"100{n}") for n in range(5)]
    ann = await native.person("ann")
    for space in ids[:3]:
        await native.member(space, ann)
    client = await native.signed_in("ann")
    listed = await client.done("GET", "/spaces")
    assert [space["id"] for space in listed["spaces"]] == ids[:3] and listed["total"] == 3
    assert listed["spaces"][0] == {"id": ids[0], "name": "Room 0", "uri": "room0", "call_id": "1000", "live": None}
    second = await client.done("GET", "/spaces?offset=1&limit=1")
    assert [space["id"] for space in second["spaces"]] == [ids[1]] and second["total"] == 3
    found = await client.done("GET", "/spaces?search=ROOM2")
    assert [space["id"] for space in found["spaces"]] == [ids[2]]


async def test_who_is_inside_is_shown(native: NativeRig) -> None:
    """How many, how many of them wait, and whether it is locked."""
    guest = await native.administration.leg_profiles.create(LegProfileEdit(settings={"needs_activation": True}))
    space = await space_of(native, passcode=None, leg_profile=guest)
    ann, _ = await member_with(native, space)
    await native.call("global")
    live = {"participants": 1, "waiting": 1, "locked": False}
    assert (await ann.done("GET", "/spaces"))["spaces"][0]["live"] == live
    assert (await ann.done("GET", f"/spaces/{space}"))["live"] == live


async def test_a_space_of_others_does_not_exist(native: NativeRig) -> None:
    """Whatever is asked, the answer is that of an unknown id."""
    space = await space_of(native)
    member = await native.member(space, await native.person("owner"), **dict.fromkeys(RIGHTS, True))
    await native.person("ann")
    ann = await native.signed_in("ann")
    before = await native.administration.spaces.get(space)
    asked: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine"}),
        ("DELETE", "", None),
        ("GET", "/members", None),
        ("POST", "/members", {"account": "ann"}),
        ("DELETE", f"/members/{member}", None),
        ("GET", "/invitation", None),
    ]
    for method, path, body in asked:
        known = await ann.ask(method, f"/spaces/{space}{path}", body)
        unknown = await ann.ask(method, f"/spaces/00000000-0000-0000-0000-000000000000{path}", body)
        assert known.status_code == unknown.status_code == 404
        assert known.content == unknown.content
    assert await native.administration.spaces.get(space) == before


# --- each right -------------------------------------------------------------------------------------------------

CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("change_name", {"name": "Other"}),
    ("change_uri", {"uri": "other"}),
    ("change_call_id", {"call_id": "5678"}),
    ("change_passcode", {"passcode": "24680"}),
    ("change_passcode", {"passcode": ""}),
    ("change_non_member_access", {"non_member_access": False}),
]


@pytest.mark.parametrize(("right", "change"), CHANGES, ids=lambda v: v if isinstance(v, str) else "")
async def test_a_change_needs_its_right(native: NativeRig, right: str, change: dict[str, Any]) -> None:
    """With this right alone it is done; with every other right it is refused and nothing changes."""
    space = await space_of(native)
    allowed, _ = await member_with(native, space, "ann", **{right: True})
    others = {name: name != right for name in RIGHTS}
    denied, _ = await member_with(native, space, "bob", **others)
    before = await denied.done("GET", f"/spaces/{space}")
    assert await denied.refused("PATCH", f"/spaces/{space}", change) == (403, "not-permitted")
    assert await denied.done("GET", f"/spaces/{space}") == before
    answer = await allowed.done("PATCH", f"/spaces/{space}", change)
    wanted = {name: value or None if value == "" else value for name, value in change.items()}
    assert {name: answer[name] for name in change} == wanted
    assert await allowed.done("GET", f"/spaces/{space}") == answer


async def test_a_change_of_several_values_needs_every_right(native: NativeRig) -> None:
    """One that is not allowed spoils the others too."""
    space = await space_of(native)
    ann, _ = await member_with(native, space, change_name=True)
    body = {"name": "Other", "passcode": "24680"}
    assert await ann.refused("PATCH", f"/spaces/{space}", body) == (403, "not-permitted")
    assert (await ann.done("GET", f"/spaces/{space}"))["name"] == "Global"


async def test_deleting_needs_its_right(native: NativeRig) -> None:
    """The space is gone with its meeting; without the right it stays."""
    space = await space_of(native, passcode=None)
    denied, _ = await member_with(native, space, "bob", **{name: name != "destroy" for name in RIGHTS})
    ann, _ = await member_with(native, space, destroy=True)
    await native.call("global")
    assert await denied.refused("DELETE", f"/spaces/{space}") == (403, "not-permitted")
    assert len(native.directory.meetings()) == 1
    await ann.done("DELETE", f"/spaces/{space}")
    await native.settle()
    assert native.directory.meetings() == []
    assert await ann.refused("GET", f"/spaces/{space}") == (404, "not-found")


async def test_adding_members_needs_its_right(native: NativeRig) -> None:
    """By account or jid; the added one sees the space."""
    space = await space_of(native)
    denied, _ = await member_with(native, space, "bob", **{name: name != "add_remove_member" for name in RIGHTS})
    ann, _ = await member_with(native, space, add_remove_member=True, remove_self=True)
    await native.person("eve")
    await native.person("joe")
    assert await denied.refused("POST", f"/spaces/{space}/members", {"account": "eve"}) == (403, "not-permitted")
    eve = await native.signed_in("eve")
    assert (await eve.done("GET", "/spaces"))["total"] == 0
    made = await ann.done("POST", f"/spaces/{space}/members", {"account": "eve"})
    assert (made["account"], made["name"]) == ("eve", "Eve")
    await ann.done("POST", f"/spaces/{space}/members", {"account": "joe@example.com"})
    assert (await eve.done("GET", "/spaces"))["total"] == 1
    listed = await eve.done("GET", f"/spaces/{space}/members")
    assert [member["account"] for member in listed["members"]] == ["bob", "ann", "eve", "joe"]


async def test_an_added_member_has_the_rights_of_the_adder(native: NativeRig) -> None:
    """A copy; but who may not leave makes members who may leave and add nobody (cms-api 2.4). No profile is copied."""
    space = await space_of(native)
    free, _ = await member_with(native, space, "ann", add_remove_member=True, remove_self=True, change_name=True)
    bound, _ = await member_with(native, space, "bob", add_remove_member=True, change_passcode=True)
    await native.person("eve")
    await native.person("joe")
    made = await free.done("POST", f"/spaces/{space}/members", {"account": "eve"})
    assert made["rights"] == {**NONE, "add_remove_member": True, "remove_self": True, "change_name": True}
    made = await bound.done("POST", f"/spaces/{space}/members", {"account": "joe"})
    assert made["rights"] == {**NONE, "remove_self": True, "change_passcode": True}
    joe = await native.signed_in("joe")
    assert await joe.refused("POST", f"/spaces/{space}/members", {"account": "root"}) == (403, "not-permitted")
    kept = await native.administration.members.get(space, made["id"])
    assert kept.member.leg_profile is None


async def test_only_known_people_of_ones_own_enterprise_are_added(native: NativeRig) -> None:
    """Unknown, and of another enterprise: answered alike. Nobody is a member twice."""
    space = await space_of(native)
    ann, _ = await member_with(native, space, add_remove_member=True)
    await native.person("far", tenant=await native.tenant())
    one = await ann.ask("POST", f"/spaces/{space}/members", {"account": "far"})
    other = await ann.ask("POST", f"/spaces/{space}/members", {"account": "nobody"})
    assert one.content == other.content and one.status_code == other.status_code == 400
    assert one.json()["field"] == "account"
    assert await ann.refused("POST", f"/spaces/{space}/members", {"account": "ann"}) == (409, "duplicate")
    assert await ann.refused("POST", f"/spaces/{space}/members", {"account": " "}) == (400, "invalid")


async def test_removing_others_needs_its_right(native: NativeRig) -> None:
    """And it is not the right to leave."""
    space = await space_of(native)
    eve, doomed = await member_with(native, space, "eve")
    denied, _ = await member_with(native, space, "bob", **{name: name != "add_remove_member" for name in RIGHTS})
    ann, own = await member_with(native, space, add_remove_member=True)
    path = f"/spaces/{space}/members"
    assert await denied.refused("DELETE", f"{path}/{doomed}") == (403, "not-permitted")
    assert await ann.refused("DELETE", f"{path}/{own}") == (403, "not-permitted")
    await eve.done("GET", path)
    await ann.done("DELETE", f"{path}/{doomed}")
    assert await eve.refused("GET", path) == (404, "not-found")
    assert await ann.refused("DELETE", f"{path}/{doomed}") == (404, "not-found")


async def test_leaving_needs_its_right(native: NativeRig) -> None:
    """The right to remove others does not do."""
    space = await space_of(native)
    bound, own = await member_with(native, space, "bob", **{name: name != "remove_self" for name in RIGHTS})
    ann, mine = await member_with(native, space, remove_self=True)
    assert await bound.refused("DELETE", f"/spaces/{space}/members/{own}") == (403, "not-permitted")
    assert await ann.refused("DELETE", f"/spaces/{space}/members/{own}") == (403, "not-permitted")
    await ann.done("DELETE", f"/spaces/{space}/members/{mine}")
    assert (await ann.done("GET", "/spaces"))["total"] == 0


async def test_a_member_of_another_space_is_not_removed_from_here(native: NativeRig) -> None:
    """A right counts for its own space, whatever ids are combined."""
    here, there = await space_of(native), await space_of(native, uri="there", call_id="99")
    ann, _ = await member_with(native, here, add_remove_member=True)
    bob, foreign = await member_with(native, there, "bob")
    assert await ann.refused("DELETE", f"/spaces/{here}/members/{foreign}") == (404, "not-found")
    assert (await bob.done("GET", "/spaces"))["total"] == 1


async def test_a_right_that_is_taken_away_is_gone_at_once(native: NativeRig) -> None:
    """Each deed asks anew."""
    space = await space_of(native)
    ann, member = await member_with(native, space, change_name=True)
    await ann.done("PATCH", f"/spaces/{space}", {"name": "One"})
    root = await native.signed_in()
    await root.done("PATCH", f"/admin/spaces/{space}/members/{member}", {"rights": {"change_name": False}})
    assert await ann.refused("PATCH", f"/spaces/{space}", {"name": "Two"}) == (403, "not-permitted")


# --- what changes do --------------------------------------------------------------------------------------------


async def answer_at_the_door(native: NativeRig, user: str = "global") -> Any:
    target = await native.lookup.resolve(Address(user, "example.com"))
    assert isinstance(target, Candidates), target
    return ask(target)


async def test_later_guests_need_the_new_passcode(native: NativeRig) -> None:
    """Set by a member, changed, and removed again."""
    space = await space_of(native, passcode=None)
    ann, _ = await member_with(native, space, change_passcode=True)
    assert isinstance(await answer_at_the_door(native), Admit)
    await ann.done("PATCH", f"/spaces/{space}", {"passcode": "24680"})
    assert isinstance(await answer_at_the_door(native), AskPin)
    await ann.done("PATCH", f"/spaces/{space}", {"passcode": None})
    assert isinstance(await answer_at_the_door(native), Admit)


async def test_a_space_closed_to_non_members_refuses_later_guests(native: NativeRig) -> None:
    """From the moment a member closes it."""
    space = await space_of(native, passcode=None)
    ann, _ = await member_with(native, space)
    user = await native.person("bob")
    await native.member(space, user, change_non_member_access=True)
    bob = await native.signed_in("bob")
    await bob.done("PATCH", f"/spaces/{space}", {"non_member_access": False})
    assert isinstance(await answer_at_the_door(native), Refuse)
    assert (await ann.done("GET", f"/spaces/{space}"))["non_member_access"] is False


async def test_a_running_meeting_follows_its_new_name(native: NativeRig) -> None:
    """The change is told to who is live."""
    space = await space_of(native, passcode=None)
    ann, _ = await member_with(native, space, change_name=True)
    await native.call("global")
    await ann.done("PATCH", f"/spaces/{space}", {"name": "Renamed"})
    await native.settle()
    assert native.directory.meetings()[0].name == "Renamed"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"uri": "taken"}, 409, "duplicate"),
        ({"call_id": "4321"}, 409, "duplicate"),
        ({"uri": "9000"}, 409, "duplicate"),
        ({"uri": "a b"}, 400, "invalid"),
        ({"uri": "a@b"}, 400, "invalid"),
        ({"call_id": "12a"}, 400, "invalid"),
        ({"call_id": "1" * 33}, 400, "invalid"),
        ({"passcode": "abc"}, 400, "invalid"),
        ({"passcode": 1234}, 400, "invalid"),
        ({"passcode": "1" * 33}, 400, "invalid"),
        ({"name": "x" * 256}, 400, "invalid"),
        ({"name": "a\x00b"}, 400, "invalid"),
        ({"non_member_access": "yes"}, 400, "invalid"),
        ({"non_member_access": None}, 400, "invalid"),
        ({"owner": "x"}, 400, "invalid"),
        ({"tenant": "x"}, 400, "invalid"),
        ([], 400, "invalid"),
        ("x", 400, "invalid"),
    ],
)
async def test_what_is_wrong_or_taken_changes_nothing(native: NativeRig, change: Any, status: int, code: str) -> None:
    """Whoever asks; other members of the space than those of the document are unknown."""
    await space_of(native, name="Other", uri="taken", call_id="4321")
    space = await space_of(native)
    ann, _ = await member_with(native, space, **dict.fromkeys(RIGHTS, True))
    before = await ann.done("GET", f"/spaces/{space}")
    assert await ann.refused("PATCH", f"/spaces/{space}", change) == (status, code)
    assert await ann.done("GET", f"/spaces/{space}") == before


# --- invitations ------------------------------------------------------------------------------------------------


async def test_an_invitation_says_every_way_in(native: NativeRig) -> None:
    """Link, SIP address, entrances by number, call ID and passcode."""
    space = await space_of(native)
    ann, _ = await member_with(native, space)
    told = await ann.done("GET", f"/spaces/{space}/invitation")
    assert told["subject"] == "Invitation: Global"
    assert told["link"] == (await ann.done("GET", f"/spaces/{space}"))["link"]
    assert told["text"] == (
        "Ann invites you to a meeting.\n"
        "\n"
        "Subject: Global\n"
        f"Join by browser: {told['link']}\n"
        "SIP address: global@example.com\n"
        "Dial-in number:\n"
        "  9000@example.com\n"
        "  +1 555 0100\n"
        "Conference ID: 1234\n"
        "Passcode: 13579\n"
    )


@pytest.mark.parametrize(
    ("language", "word"), [("en", "Passcode: 13579"), ("zh", "会议密码：13579"), ("pt", "Senha: 13579")]
)
async def test_an_invitation_speaks_three_languages(native: NativeRig, language: str, word: str) -> None:
    """The words are those of booked invitations."""
    space = await space_of(native)
    ann, _ = await member_with(native, space)
    assert word in (await ann.done("GET", f"/spaces/{space}/invitation?language={language}"))["text"]


async def test_an_invitation_leaves_out_what_there_is_not(native: NativeRig) -> None:
    """A space with an address alone has no link and nothing to type; an unknown language is refused."""
    space = await native.space("Small\nroom", uri="small")
    ann, _ = await member_with(native, space)
    told = await ann.done("GET", f"/spaces/{space}/invitation")
    assert told["link"] is None and told["subject"] == "Invitation: Small room"
    expected = "Ann invites you to a meeting.\n\nSubject: Small room\nSIP address: small@example.com\n"
    assert told["text"] == expected
    assert await ann.refused("GET", f"/spaces/{space}/invitation?language=xx") == (400, "invalid")


async def test_it_all_works_on_the_real_store(native_on_disk: NativeRig) -> None:
    """A member changes, adds, lists and leaves."""
    native = native_on_disk
    space = await space_of(native)
    ann, mine = await member_with(native, space, **dict.fromkeys(RIGHTS, True))
    await native.person("eve")
    await ann.done("PATCH", f"/spaces/{space}", {"name": "Other", "passcode": "24680"})
    await ann.done("POST", f"/spaces/{space}/members", {"account": "eve"})
    assert (await ann.done("GET", f"/spaces/{space}/members?search=eve"))["total"] == 1
    assert (await ann.done("GET", "/spaces?search=oth"))["total"] == 1
    await ann.done("DELETE", f"/spaces/{space}/members/{mine}")
    eve = await native.signed_in("eve")
    assert (await eve.done("GET", f"/spaces/{space}"))["passcode"] == "24680"

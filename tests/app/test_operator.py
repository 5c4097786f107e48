"""What the operator's door is answered."""

from __future__ import annotations

import pytest

from parley.core.refusals import Refusal
from parley.core.secret import Secret
from tests.app.floor import Floor
from tests.app.operator_rig import operator_of


async def test_users_are_made_listed_and_removed(floor: Floor) -> None:
    """By their sign-in name, in whatever case; the password is kept as a hash and not shown."""
    operator = operator_of(floor)
    made = await operator.add_user("Ann@Example.com", "Ann", "ann@mail.example", Secret("pass"))
    assert {key: made[key] for key in ("jid", "name", "email")} == {
        "jid": "ann@example.com",
        "name": "Ann",
        "email": "ann@mail.example",
    }
    assert await operator.users() == [made]
    assert "pass" not in str(made)
    user = await floor.use.users.get(made["id"])
    assert user.password_hash is not None and user.password_hash.reveal() == "hash of pass"
    await operator.remove_user("ANN@example.com")
    assert await operator.users() == []
    with pytest.raises(Refusal, match="not-found"):
        await operator.remove_user("ann@example.com")


async def test_administrators_are_made_listed_and_removed(floor: Floor) -> None:
    """Their names alone are shown."""
    operator = operator_of(floor)
    assert await operator.add_administrator("ann", Secret("pass")) == {"name": "ann"}
    assert await operator.administrators() == [{"name": "ann"}]
    await operator.remove_administrator("ann")
    assert await operator.administrators() == []


@pytest.mark.parametrize("which", ["Room", "room", "ROOM", "100", "id"])
async def test_a_space_is_found_by_whatever_names_it(floor: Floor, which: str) -> None:
    """Name, URI, call ID or id; with its doors and PINs, for the operator needs them."""
    operator = operator_of(floor)
    space = await floor.space("room", "1111", call_id="100")
    await floor.method(space, "2222", uri="room", name="hosts")
    found = await operator.space(space if which == "id" else which)
    assert found["id"] == space
    assert [(method["own"], method["passcode"]) for method in found["access_methods"]] == [
        (True, "1111"),
        (False, "2222"),
    ]


async def test_spaces_are_made_and_listed(floor: Floor) -> None:
    """With what a table shows of them."""
    operator = operator_of(floor)
    made = await operator.add_space("Room", "room", "100", Secret("1111"))
    assert await operator.spaces() == [made]
    assert (made["uri"], made["call_id"], made["access_methods"], made["members"]) == ("room", "100", 0, 0)
    assert "1111" not in str(made)
    with pytest.raises(Refusal, match="not-found"):
        await operator.space("other")
    with pytest.raises(Refusal):
        await operator.add_space("Twin", "room", None, None)


@pytest.mark.parametrize(
    ("name", "uri", "call_id", "pin", "field"),
    [
        ("", "x", None, None, "name"),
        ("Room", "a b", None, None, "uri"),
        ("Room", "a@b", None, None, "uri"),
        ("Room", "", None, None, "uri"),
        ("Room", None, "12a", None, "call ID"),
        ("Room", None, None, "12ab", "PIN"),
    ],
)
async def test_a_space_that_no_phone_could_reach_is_not_made(
    floor: Floor, name: str, uri: str | None, call_id: str | None, pin: str | None, field: str
) -> None:
    """What an operator types is held to what can be dialled, as by the other doors; no PIN is repeated."""
    operator = operator_of(floor)
    with pytest.raises(Refusal, match="invalid") as refused:
        await operator.add_space(name, uri, call_id, Secret(pin) if pin is not None else None)
    assert refused.value.data["field"] == field
    assert "12ab" not in str(refused.value.data)
    assert await operator.spaces() == []


async def test_meetings_and_legs_are_listed_as_they_stand(floor: Floor) -> None:
    """Who is where, and why somebody waits."""
    operator = operator_of(floor)
    await floor.two_doors()
    guest = await floor.enter("guest")
    ringing = await floor.dial("guest")
    (meeting,) = await operator.meetings()
    assert (meeting["participants"], meeting["waiting"], meeting["locked"]) == (1, 1, False)
    assert meeting["started"] == "2026-01-01T00:00:00Z"
    rows = await operator.legs()
    assert [(row["id"], row["causes"], row["meeting"] is not None) for row in rows] == [
        (guest.leg.id, ["no-host"], True),
        (ringing.leg.id, [], False),
    ]
    detail = await operator.meeting(meeting["id"])
    assert [leg["id"] for leg in detail["legs"]] == [guest.leg.id]
    status = await operator.status()
    assert status == {"version": "1", "meetings": 1, "legs": 2}


async def test_live_things_are_locked_dropped_and_ended(floor: Floor) -> None:
    """As the operator says; what is not there is refused by name."""
    operator = operator_of(floor)
    await floor.two_doors()
    host, other = await floor.enter("host"), await floor.enter("host")
    (meeting,) = await operator.meetings()
    await operator.lock_meeting(meeting["id"], True)
    assert (await operator.meetings())[0]["locked"]
    await operator.drop_leg(host.leg.id)
    assert host.door.hung_up is not None and other.active
    await operator.end_meeting(meeting["id"])
    assert other.door.hung_up is not None
    for work in (
        operator.drop_leg(host.leg.id),
        operator.end_meeting(meeting["id"]),
        operator.lock_meeting("none", True),
        operator.meeting("none"),
    ):
        with pytest.raises(Refusal, match="not-found"):
            await work


async def test_the_log_shows_what_was_journalled(floor: Floor) -> None:
    """The newest lines, oldest first."""
    operator = operator_of(floor)
    await floor.space()
    await floor.enter("room")
    assert await operator.log(2) == floor.story()[-2:]


async def test_records_are_rendered_from_the_store(floor: Floor) -> None:
    """The newest events as the dialect renders them."""
    operator = operator_of(floor)
    await floor.space()
    await floor.enter("room")
    async with floor.held.transaction() as tx:
        await tx.add_events("segment", 0, floor.journal.lines)
    assert [row["event"] for row in await operator.records(2)] == floor.story()[-2:]


async def test_as_many_records_are_shown_as_were_asked_for(floor: Floor) -> None:
    """Events that are no call records do not make the listing shorter while older records are there."""
    await floor.space()
    for _ in range(3):
        await floor.enter("room")
    async with floor.held.transaction() as tx:
        await tx.add_events("segment", 0, floor.journal.lines)
    first = floor.story()[0]
    many = floor.story().count(first)
    assert many >= 3 and floor.story()[-1] != first
    operator = operator_of(floor, recorded=(first,))
    assert len(await operator.records(2)) == 2
    assert len(await operator.records(100)) == many


async def test_a_leg_is_dropped_by_its_number_too(floor: Floor) -> None:
    """Listings show the number, which can be typed; one that nobody has is refused."""
    operator = operator_of(floor)
    await floor.two_doors()
    await floor.enter("guest")
    (row,) = await operator.legs()
    with pytest.raises(Refusal, match="not-found"):
        await operator.drop_leg(str(row["number"] + 1))
    await operator.drop_leg(str(row["number"]))
    await floor.settle()
    assert await operator.legs() == []

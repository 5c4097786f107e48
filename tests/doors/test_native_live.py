"""Live meetings through the API: what administrators see of them, and do to them."""

from __future__ import annotations

from parley.app.profiles import LegProfileEdit
from parley.app.spaces import AccessMethodEdit
from parley.core.endings import Ending, Reason, Side
from parley.core.events import AdministratorActed, LegEnded
from parley.core.secret import Secret
from tests.doors.native_rig import NativeRig

NOBODY = "00000000-0000-0000-0000-000000000000"
BY_US = Ending(Side.ADMINISTRATOR, Reason.HANG_UP)


async def two_doors(native: NativeRig) -> tuple[str, str]:
    """guest waits for host; the space's id and that of the guest's profile."""
    profile = await native.administration.leg_profiles.create(LegProfileEdit(settings={"needs_activation": True}))
    space = await native.space(name="Both", uri="guest", leg_profile=profile)
    host = await native.administration.leg_profiles.create(LegProfileEdit(settings={"needs_activation": False}))
    await native.administration.spaces.create_access_method(space, AccessMethodEdit(uri="host", leg_profile=host))
    return space, profile


async def test_meetings_and_their_legs_are_shown(native: NativeRig) -> None:
    """A waiting guest with its causes, role, address and the layer of every setting; then the host comes."""
    root = await native.signed_in()
    space, profile = await two_doors(native)
    runner = await native.call("guest", "sip:2000@example.com", "Ann")
    native.clock.advance(7)
    listed = await root.done("GET", "/admin/meetings")
    (meeting,) = listed["meetings"]
    assert meeting == {
        "id": meeting["id"], "space": space, "name": "Both", "seconds": 7, "locked": False,
        "participants": 1, "waiting": 1,
    }  # fmt: skip
    detail = await root.done("GET", f"/admin/meetings/{meeting['id']}")
    (leg,) = detail.pop("legs")
    assert detail == meeting
    assert leg["id"] == runner.id and leg["participant"] == runner.participant
    assert (leg["name"], leg["remote"], leg["kind"], leg["state"]) == (
        "Ann",
        "sip:2000@example.com",
        "sip",
        "connected",
    )
    assert (leg["role"], leg["causes"], leg["muted"], leg["seconds"]) == ("guest", ["no-host"], False, 7)
    assert leg["settings"]["needs_activation"] == {"value": True, "layer": "space", "profile": profile}
    await native.call("host")
    detail = await root.done("GET", f"/admin/meetings/{meeting['id']}")
    assert [(leg["role"], leg["causes"]) for leg in detail["legs"]] == [("guest", []), ("host", [])]
    assert (await root.done("GET", "/admin/meetings?search=both"))["total"] == 1
    assert (await root.done("GET", "/admin/meetings?search=none")) == {"meetings": [], "total": 0}


async def test_a_meeting_is_locked_unlocked_and_ended(native: NativeRig) -> None:
    """Who comes while it is locked waits; ending is an administrator's doing."""
    root = await native.signed_in()
    await native.space(uri="global")
    first = await native.call("global")
    meeting = native.directory.meetings()[0].meeting
    path = f"/admin/meetings/{meeting}"
    await root.done("POST", f"{path}/lock")
    assert (await root.done("GET", path))["locked"] is True
    late = await native.call("global")
    assert (await root.done("GET", path))["waiting"] == 1
    await root.done("POST", f"{path}/unlock")
    assert (await root.done("GET", path))["waiting"] == 0
    await root.done("POST", f"{path}/end")
    await native.settle()
    endings = [event.ending for event in native.journal.events if isinstance(event, LegEnded)]
    assert endings == [BY_US, BY_US] and {first.id, late.id}
    assert (await root.done("GET", "/admin/meetings"))["total"] == 0
    assert await root.refused("POST", f"{path}/end") == (404, "not-found")


async def test_a_leg_is_muted_and_unmuted(native: NativeRig) -> None:
    """Over what its profile says of phones, and the layer is the leg's own."""
    root = await native.signed_in()
    settings = {"terminal_rx_audio_mute": True}
    profile = await native.administration.leg_profiles.create(LegProfileEdit(settings=settings))
    await native.space(uri="global", leg_profile=profile)
    leg = (await native.call("global")).id
    meeting = native.directory.meetings()[0].meeting

    async def shown() -> tuple[bool, str]:
        (one,) = (await root.done("GET", f"/admin/meetings/{meeting}"))["legs"]
        return one["muted"], one["settings"]["rx_audio_mute"]["layer"]

    assert await shown() == (True, "space")
    await root.done("POST", f"/admin/legs/{leg}/unmute")
    assert await shown() == (False, "leg")
    await root.done("POST", f"/admin/legs/{leg}/mute")
    assert await shown() == (True, "leg")


async def test_a_waiting_leg_is_let_in(native: NativeRig) -> None:
    """Whatever it waits for."""
    root = await native.signed_in()
    await two_doors(native)
    leg = (await native.call("guest")).id
    await root.done("POST", f"/admin/legs/{leg}/admit")
    live = native.directory.leg(leg)
    assert live is not None and live.view is not None and not live.view.waits


async def test_a_leg_is_dropped_by_an_administrator(native: NativeRig) -> None:
    """The others stay."""
    root = await native.signed_in()
    await native.space(uri="global")
    leg, other = (await native.call("global")).id, (await native.call("global")).id
    await root.done("POST", f"/admin/legs/{leg}/drop")
    await native.settle()
    assert [live.leg for live in native.directory.legs()] == [other]
    assert [event.ending for event in native.journal.events if isinstance(event, LegEnded)] == [BY_US]
    assert await root.refused("POST", f"/admin/legs/{leg}/drop") == (404, "not-found")


async def test_what_is_not_there_is_not_controlled(native: NativeRig) -> None:
    """Meetings and legs that are gone or never were."""
    root = await native.signed_in()
    for verb in ("lock", "unlock", "end"):
        assert await root.refused("POST", f"/admin/meetings/{NOBODY}/{verb}") == (404, "not-found")
    for verb in ("mute", "unmute", "admit", "drop"):
        assert await root.refused("POST", f"/admin/legs/{NOBODY}/{verb}") == (404, "not-found")
    assert await root.refused("GET", f"/admin/meetings/{NOBODY}") == (404, "not-found")
    assert [event for event in native.journal.events if isinstance(event, AdministratorActed)] == []


async def test_what_an_administrator_did_is_in_the_event_log(native: NativeRig) -> None:
    """Who, from where, and what; the log is read through the API as well."""
    root = await native.signed_in()
    await native.space(uri="global")
    leg = (await native.call("global")).id
    await root.done("POST", f"/admin/legs/{leg}/mute")
    (acted,) = [event for event in native.journal.events if isinstance(event, AdministratorActed)]
    assert acted == AdministratorActed("192.0.2.77", "root", "muted call leg", leg)
    lines = (await root.done("GET", "/admin/log"))["lines"]
    assert lines[-1].endswith("AdministratorActed") and len(lines) > 2
    assert (await root.done("GET", "/admin/log?limit=1"))["lines"] == lines[-1:]
    for limit in ("0", "1001", "x"):
        assert await root.refused("GET", f"/admin/log?limit={limit}") == (400, "invalid")


async def test_explain_says_what_a_call_would_meet(native: NativeRig) -> None:
    """With and without a PIN, which is never repeated."""
    root = await native.signed_in()
    await native.space(name="Global", uri="global", passcode=Secret("13579"))
    without = (await root.done("POST", "/admin/explain", {"address": "global@example.com"}))["lines"]
    right = (await root.done("POST", "/admin/explain", {"address": "global@example.com", "pin": "13579"}))["lines"]
    assert any("Global" in line for line in without) and without != right
    assert not any("13579" in line for line in without + right)
    for body in ({}, {"address": ""}, {"address": "x", "pin": "abc"}):
        assert await root.refused("POST", "/admin/explain", body) == (400, "invalid")

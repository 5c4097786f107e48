"""From a dialled address into the meeting, or not: the whole of entry on simulated time."""

from __future__ import annotations

import pytest

from parley.app.dial_plan import IvrEdit
from parley.app.spaces import SpaceEdit
from parley.app.tenants import TenantEdit
from parley.core.endings import Reason
from parley.core.events import EntryLockedOut, LegConnected, PinRefused, PromptUnanswered
from parley.core.profiles import PasscodeMode
from parley.core.secret import Secret
from tests.app.floor import PROMPT, Floor


async def test_a_blank_door_alone_is_entered_at_once(floor: Floor) -> None:
    """No prompt is played and no digit is awaited (3.4)."""
    await floor.space()
    call = await floor.dial("room")
    assert call.door.port is not None and call.live is not None and call.live.view is None
    await call.confirm()
    assert call.active and call.heard == []


async def test_nobody_is_in_the_space_before_the_confirmation(floor: Floor) -> None:
    """An answered call whose ACK is missing is a leg without a meeting (3.10)."""
    await floor.space()
    call = await floor.dial("room")
    assert floor.meeting() is None
    assert floor.directory.legs()[0].state == "connected" and call.live is not None
    assert call.live.meeting is None


async def test_a_pin_opens_its_door(floor: Floor) -> None:
    """One door with a PIN: prompted, three digits and `#`, inside; nothing begins before that."""
    await floor.space(pin="123")
    call = await floor.enter("room")
    assert call.heard == ["enter-pin"] and floor.meeting() is None
    await call.type("123")
    assert not call.active  # no automatic end by length
    await call.type("#")
    assert call.active


@pytest.mark.parametrize(("pin", "host"), [("1111#", False), ("2222#", True)])
async def test_among_several_doors_the_pin_picks_one(floor: Floor, pin: str, host: bool) -> None:
    """The profile of that door holds: guests wait, hosts do not."""
    await floor.two_pins()
    call = await floor.enter("room", pin)
    assert (call.active, call.waits) == (host, not host)


async def test_hash_alone_means_the_blank_door(floor: Floor) -> None:
    """By default the blank door needs `#`, however long the silence."""
    space = await floor.space(leg_profile=await floor.guests())
    await floor.method(space, "2222", uri="room", leg_profile=await floor.profile(needs_activation=False))
    call = await floor.enter("room")
    assert call.heard == ["enter-pin-or-hash"]
    await floor.wait(120)
    assert call.live is not None and call.live.view is None
    await call.type("#")
    assert call.waits


async def test_silence_is_counted_from_the_end_of_the_prompt(floor: Floor) -> None:
    """passcodeMode timeout: the prompt's length plus passcodeTimeout, not a moment less, and then inside."""
    profile = await floor.call_profile(passcode_mode=PasscodeMode.TIMEOUT, passcode_timeout=5)
    space = await floor.space(call_profile=profile)
    await floor.method(space, "2222", uri="room")
    call = await floor.enter("room")
    assert call.heard == ["enter-pin-or-wait"]
    await floor.wait(PROMPT + 4.9)
    assert not call.active
    await floor.wait(0.1)
    assert call.active
    assert len(floor.events(PromptUnanswered)) == 1


async def test_a_host_types_while_silence_is_counted(floor: Floor) -> None:
    """A digit in the last moment of the time-out is the beginning of a PIN."""
    profile = await floor.call_profile(passcode_mode=PasscodeMode.TIMEOUT, passcode_timeout=5)
    space = await floor.space(call_profile=profile, leg_profile=await floor.guests())
    await floor.method(space, "2222", uri="room", leg_profile=await floor.profile(needs_activation=False))
    call = await floor.enter("room")
    await floor.wait(PROMPT + 4.9)
    await call.type("2222")
    await floor.wait(5)
    await call.type("#")
    assert call.active


async def test_the_third_wrong_pin_is_the_last(floor: Floor) -> None:
    """Two more tries with their prompts, then a goodbye that is heard to its end (3.5)."""
    await floor.space(pin="123")
    call = await floor.enter("room", "1#")
    await call.type("2#")
    await call.type("3#")
    prompts = ["enter-pin", "pin-incorrect-try-again", "pin-incorrect-final-attempt", "pin-incorrect-goodbye"]
    assert call.heard == prompts and call.door.hung_up is None
    await floor.wait(PROMPT)
    assert call.door.hung_up is not None and call.reason is Reason.WRONG_PIN
    floor.assert_nothing_left()


async def test_who_says_nothing_is_sent_away(floor: Floor) -> None:
    """Where a PIN is needed, silence ends the call with its own prompt."""
    await floor.space(pin="123")
    call = await floor.enter("room")
    await floor.wait(PROMPT + 10)
    assert call.heard[-1] == "timeout-goodbye"
    await floor.wait(PROMPT)
    assert call.reason is Reason.NO_INPUT
    floor.assert_nothing_left()


async def test_the_access_number_leads_by_call_id_and_pin(floor: Floor) -> None:
    """The IVR of the settings asks for both; a blank call ID joins without a PIN."""
    await floor.two_pins()
    await floor.space("open", call_id="200")
    call = await floor.enter("9000")
    assert call.heard == ["welcome", "enter-id"]
    connected = floor.events(LegConnected)
    assert isinstance(connected[0], LegConnected) and connected[0].at_ivr
    await call.type("100#")
    assert call.heard[2:] == ["enter-pin"]
    await call.type("2222#")
    assert call.active
    other = await floor.enter("9000", "200#")
    assert other.active


async def test_an_unknown_call_id_is_refused_like_a_wrong_pin(floor: Floor) -> None:
    """Asked for a PIN, told the same, hung up on the same; only inside do the reasons differ."""
    await floor.space("shut", pin="123", call_id="300")
    known, unknown = [await floor.enter("9000", digits) for digits in ("300#", "999#")]
    for digits in ("1#", "2#", "3#"):
        await known.type(digits)
        await unknown.type(digits)
    await floor.wait(PROMPT)
    assert known.heard == unknown.heard
    assert known.door.hung_up is not None and unknown.door.hung_up is not None
    assert (known.reason, unknown.reason) == (Reason.WRONG_PIN, Reason.UNKNOWN_CALL_ID)
    refused = [event.reason for event in floor.events(PinRefused) if isinstance(event, PinRefused)]
    assert set(refused) == {Reason.WRONG_PIN, Reason.UNKNOWN_CALL_ID}


async def test_a_locked_out_call_id_is_refused_like_an_unknown_one(floor: Floor) -> None:
    """Even for the right PIN."""
    await floor.space("shut", pin="123", call_id="300")
    for number in range(7):
        await floor.enter("9000", "300#", source=f"192.0.2.{number + 10}")
    for call in floor.directory.legs()[:7]:
        floor.engine.press(call.leg, "1#")
        await floor.settle()
        floor.engine.press(call.leg, "2#")
        await floor.settle()
        floor.engine.press(call.leg, "3#")
        await floor.settle()
    locked, unknown = await floor.enter("9000", "300#"), await floor.enter("9000", "999#")
    for _ in range(3):
        await locked.type("123#")
        await unknown.type("123#")
    await floor.wait(PROMPT)
    assert locked.heard == unknown.heard
    assert (locked.reason, unknown.reason) == (Reason.LOCKED_OUT, Reason.UNKNOWN_CALL_ID)


async def test_a_tenants_ivr_reaches_its_own_spaces_alone(floor: Floor) -> None:
    """A call ID of another tenant is unknown there."""
    ours = await floor.use.tenants.create(TenantEdit(name="ours"))
    theirs = await floor.use.tenants.create(TenantEdit(name="theirs"))
    await floor.space("a", call_id="1", tenant=ours)
    await floor.space("b", call_id="2", tenant=theirs)
    await floor.use.ivrs.create(IvrEdit(uri="500", tenant=ours))
    assert (await floor.enter("500", "1#")).active
    stranger = await floor.enter("500", "2#")
    assert stranger.heard[-1] == "enter-pin" and not stranger.active


# --- lock-out --------------------------------------------------------------------------------------------------


async def guess(floor: Floor, user: str, times: int, source: str) -> None:
    """Wrong PINs, three to a call; the last call hangs up by itself or is hung up."""
    while times:
        call = await floor.enter(user, source=source)
        for _ in range(min(3, times)):
            await call.type("9#")
            times -= 1
        await call.end()


async def test_a_space_locks_after_so_many_wrong_pins_from_anywhere(floor: Floor) -> None:
    """The twentieth locks; from then on the right PIN is refused everywhere, other spaces are not."""
    await floor.space(pin="123")
    await floor.space("other", pin="123")
    for number in range(20):
        await guess(floor, "room", 1, f"192.0.2.{number}")
    locks = floor.events(EntryLockedOut)
    assert [(event.space is not None, event.source) for event in locks if isinstance(event, EntryLockedOut)] == [
        (True, None)
    ]
    assert not (await floor.enter("room", "123#", source="198.51.100.1")).active
    assert (await floor.enter("other", "123#", source="198.51.100.1")).active


async def test_a_source_locks_after_so_many_wrong_pins_anywhere(floor: Floor) -> None:
    """Its guesses at several spaces count together; other sources still get in."""
    for number in range(4):
        await floor.space(f"room{number}", pin="123")
        await guess(floor, f"room{number}", 5, "192.0.2.66")
    assert not (await floor.enter("room0", "123#", source="192.0.2.66")).active
    assert (await floor.enter("room0", "123#", source="192.0.2.67")).active


async def test_an_ipv6_subscriber_is_one_source(floor: Floor) -> None:
    """Guesses from two addresses of one /64 count together."""
    for number in range(4):
        await floor.space(f"room{number}", pin="123")
        await guess(floor, f"room{number}", 5, f"2001:db8::{number + 1}")
    assert not (await floor.enter("room0", "123#", source="2001:db8::99")).active
    assert (await floor.enter("room0", "123#", source="2001:db8:0:1::99")).active


async def test_a_lock_out_ends_with_its_window(floor: Floor) -> None:
    """Ten minutes after the wrong PIN that locked, the right one opens again, and not before."""
    await floor.space(pin="123")
    await guess(floor, "room", 20, "192.0.2.66")
    await floor.wait(599)
    call = await floor.enter("room", "123#")
    assert not call.active
    await call.end()
    await floor.wait(1)
    assert (await floor.enter("room", "123#")).active


async def test_blank_doors_stay_open_in_a_lock_out(floor: Floor) -> None:
    """There is nothing to guess at them: guests of a space under attack still come in."""
    space = await floor.space()
    await floor.method(space, "2222", uri="room")
    await guess(floor, "room", 20, "192.0.2.66")
    assert (await floor.enter("room", "#")).active


async def test_parallel_guesses_cannot_pass_the_bound(floor: Floor) -> None:
    """Guesses under way count: of thirty at once at most twenty are judged."""
    await floor.space(pin="123")
    calls = [await floor.enter("room", "9", source=f"192.0.2.{number}") for number in range(30)]
    for call in calls:
        floor.engine.press(call.leg.id, "#")
    await floor.settle()
    reasons = [event.reason for event in floor.events(PinRefused) if isinstance(event, PinRefused)]
    assert (reasons.count(Reason.WRONG_PIN), reasons.count(Reason.LOCKED_OUT)) == (20, 10)


# --- while somebody types --------------------------------------------------------------------------------------


async def test_a_pin_changed_while_somebody_types_counts_at_once(floor: Floor) -> None:
    """The new one opens, the old one does not."""
    space = await floor.space(pin="123")
    old, new = await floor.enter("room", "123"), await floor.enter("room", "456")
    await floor.use.spaces.change(space, SpaceEdit(passcode=Secret("456")))
    await old.type("#")
    await new.type("#")
    assert (old.active, new.active) == (False, True)


async def test_a_door_removed_while_somebody_types_is_shut(floor: Floor) -> None:
    """Its PIN is as wrong as any; the space's other doors stay."""
    space = await floor.space(pin="123")
    method = await floor.method(space, "2222", uri="room")
    call = await floor.enter("room", "2222")
    await floor.use.spaces.delete_access_method(space, method)
    await call.type("#")
    assert call.heard[-1] == "pin-incorrect-try-again"
    await call.type("123#")
    assert call.active


async def test_a_space_deleted_while_somebody_types_is_gone(floor: Floor) -> None:
    """The PIN that was right is refused, and nothing is made."""
    space = await floor.space(pin="123")
    call = await floor.enter("room", "123")
    await floor.use.spaces.delete(space)
    await call.type("#")
    assert call.heard[-1] == "pin-incorrect-try-again" and floor.meeting() is None


@pytest.mark.parametrize("shut", ["method", "space", "closed"])
async def test_a_door_shut_before_the_caller_is_through_keeps_him_out(floor: Floor, shut: str) -> None:
    """Answered but not yet confirmed, then door deleted, space deleted or closed to non-members: not let in."""
    space = await floor.space("other")
    method = await floor.method(space, uri="room")
    call = await floor.dial("room")
    match shut:
        case "method":
            await floor.use.spaces.delete_access_method(space, method)
        case "space":
            await floor.use.spaces.delete(space)
        case "closed":
            await floor.use.spaces.change(space, SpaceEdit(non_member_access=False))
    await call.confirm()
    assert call.door.hung_up is not None
    floor.assert_nothing_left()

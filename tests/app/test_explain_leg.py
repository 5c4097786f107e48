"""`explain leg`: what happened to a leg, live or gone, and why."""

from __future__ import annotations

from typing import Any

import pytest

from parley.app.inputs import InputRecorder
from parley.core.refusals import Refusal
from tests.app.floor import Floor
from tests.app.operator_rig import operator_of
from tests.kit.manual_clock import ManualClock


class Kept:
    """A floor whose inputs and events are kept as a server keeps them."""

    def __init__(self) -> None:
        clock = ManualClock()
        self.recorder = InputRecorder(clock)
        self.floor = Floor(inputs=self.recorder, clock=clock)
        self.lines: list[bytes] = []
        self.with_inputs = True

    def read(self, leg: str) -> list[bytes]:
        self.lines += self.recorder.lines(10_000)
        return [line for line in self.lines if leg.encode() in line] if self.with_inputs else []

    async def story(self, which: str) -> dict[str, Any]:
        async with self.floor.held.transaction() as tx:
            await tx.add_events("segment", 0, self.floor.journal.lines)
        return await operator_of(self.floor, self.read).explain_leg(which)


async def test_a_guest_who_waits_is_told_with_what_and_why() -> None:
    """Live: how he came in, for whom he waits, and where each of his settings comes from."""
    kept = Kept()
    await kept.floor.two_pins()
    call = await kept.floor.enter("room", "9999#")
    await kept.floor.wait(1.5)
    await call.type("1111#")
    story = await kept.story("1")
    assert (story["id"], story["state"], story["ending"]) == (call.leg.id, "connected", None)
    assert story["waits"] == ["no-host: it needs activation and no active host is there"]
    text = "\n".join(story["lines"])
    for part in (
        "called sip:room@example.com by sip",
        "by 2 doors, 0 without a PIN",
        "the PIN was refused: wrong-pin",
        "the PIN was right: door",
        "it hears enter-pin",
        "needs_activation = true (space, profile ",
        "its media: codec pcmu",
    ):
        assert part in text, (part, text)
    assert "1111" not in text and "9999" not in text
    assert "losses" not in story["media"] and story["media"]["packets_lost"] == story["media"]["bursts"] == 0


async def test_a_leg_that_is_gone_is_told_with_its_ending() -> None:
    """By id, from what is kept: its settings as it joined, the times in order, who ended it."""
    kept = Kept()
    await kept.floor.two_doors()
    call = await kept.floor.enter("host")
    await kept.floor.wait(5)
    await call.end()
    story = await kept.story(call.leg.id)
    assert story["state"] == "over"
    assert story["ending"]["side"] == "remote" and story["ending"]["reason"] == "hang-up"
    assert story["ending"]["seconds"] == 5.0
    times = [entry["at"] for entry in story["timeline"]]
    assert times == sorted(times) and story["timeline"][0]["what"] == "a call came"
    assert "it ended: hang-up, by the far end" in [entry["what"] for entry in story["timeline"][-2:]]
    assert any(setting["name"] == "needs_activation" for setting in story["settings"])


async def test_events_alone_tell_the_outline() -> None:
    """Where inputs are not kept: who, when, and the ending."""
    kept = Kept()
    kept.with_inputs = False
    await kept.floor.two_doors()
    call = await kept.floor.enter("host")
    await call.end()
    story = await kept.story(call.leg.id)
    whats = [entry["what"] for entry in story["timeline"]]
    assert whats[0] == "a call came" and "it ended: hang-up, by the far end" in whats[-2:]
    assert any("it joined meeting" in what for what in whats) and story["settings"] == []


async def test_a_leg_that_never_was_is_not_found() -> None:
    """By any name."""
    with pytest.raises(Refusal, match="not-found"):
        await Kept().story("77")

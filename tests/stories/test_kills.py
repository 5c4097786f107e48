"""SIGKILL at any moment of booking, mailing and starting loses nothing and does nothing twice."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.kit.kill_audit import Audit
from tests.kit.kills import Campaign

pytestmark = pytest.mark.story

KILLS = int(os.environ.get("PARLEY_TEST_KILLS", "20"))
SEEDS = [int(seed) for seed in os.environ.get("PARLEY_TEST_KILLS_SEEDS", "1").split(",")]


@pytest.mark.timeout(60 + 5 * KILLS)
@pytest.mark.parametrize("seed", SEEDS)
async def test_kills_at_any_moment_lose_nothing_and_show_nothing_twice(tmp_path: Path, seed: int) -> None:
    """Whatever was acknowledged is there as agreed, the rest whole or not at all; every mail comes, its copies are the
    same, and calendars show what the store says; nobody is called twice, and what fell due in between is started or
    recorded as missed."""
    began = time.monotonic()
    campaign = Campaign(tmp_path, KILLS, seed)
    await campaign.run()
    audit = Audit(campaign)
    await audit.all()
    print(f"\nseed {seed}: {sum(campaign.killed.values())} kills in {time.monotonic() - began:.1f} s")
    print("killed:", dict(campaign.killed.most_common()))
    print("acknowledged:", dict(campaign.operations), "unacknowledged:", dict(campaign.uncertain))
    print("looked at:", audit.numbers)
    assert not campaign.wrong, "\n".join(campaign.wrong[:30])


async def test_a_server_that_forgets_is_found_out(tmp_path: Path) -> None:
    """The campaign sees a mail that was counted as sent and was not, copies that differ, and a start not kept."""
    places = [("mail-data-kept", 1, 3), ("anywhen", 1000, 1800)]
    faults = ("forget-mail", "other-copies", "forget-start")
    campaign = Campaign(tmp_path, 9, 4, places, 3.0, faults)
    await campaign.run()
    await Audit(campaign).all()
    text = "\n".join(campaign.wrong)
    assert "never came" in text and "differ" in text, text
    assert "was started" in text, text

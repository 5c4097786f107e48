"""An error of ours in one leg's tick is that leg's alone."""

from __future__ import annotations

from typing import Any

import pytest

from parley.engine.faults import MOST_FAULTS, Faults
from parley.engine.messages import (
    AgreedKeys,
    DtlsRemote,
    Failed,
    GetFound,
    LegMedia,
    LegOpened,
    Log,
    MediaDead,
    OpenLeg,
    SrtpKeys,
    StreamState,
)
from tests.engine.rig import PCMU, Rig
from tests.engine.test_phone_srtp import LONG
from tests.kit.tones import heard, sine


@pytest.mark.parametrize("where", ["receive", "voice", "emit"])
def test_who_breaks_a_tick_is_given_up_and_the_others_are_heard(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sound and streams of the others have no hole; control is told of the leg's death once, after a second."""
    rig = Rig()
    ann, bob, _cat = rig.calls(["ann", "bob", "cat"], PCMU)
    rig.gather()
    rig.run(0.5)

    def breaks(*_given: Any, **_named: Any) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(rig.engine._legs["cat"], where, breaks)
    ann.forget()
    sent = len(ann.received)
    bob.say(sine(440, 3.0, 48_000))
    rig.run(0.9)
    assert rig.told_of(MediaDead) == []
    rig.run(1.1)
    assert heard(ann.heard[24_000:], 440, 48_000) and len(ann.received) - sent == 100
    assert [dead.leg for dead in rig.told_of(MediaDead)] == ["cat"]
    assert len([log for log in rig.told_of(Log) if "cat" in log.text]) == 1


def test_faults_are_counted_in_a_row() -> None:
    """One that stops to be at fault begins anew; several in one tick are one."""
    faults = Faults()
    assert [faults.note("a", tick) for tick in (1, 1, 2, 3, 5, 6)] == [1, 0, 2, 3, 1, 2]
    assert faults.note("b", 6) == 1
    assert [faults.note("a", tick) for tick in range(7, 7 + MOST_FAULTS)][-1] == MOST_FAULTS + 2


def test_a_leg_that_cannot_be_opened_again_holds_no_port() -> None:
    """What another worker is said to have agreed is looked at before anything is opened."""
    rig = Rig()
    fingerprint = ":".join(["AB"] * 32)
    agreed = AgreedKeys(fingerprint=fingerprint, keys=SrtpKeys(suite=LONG, theirs=b"short", ours=b"short"))
    media = LegMedia(
        remote_host="192.0.2.9", remote_port=4000, codec=PCMU, dtls=DtlsRemote(fingerprint=fingerprint, client=False)
    )
    answer = rig.ask(OpenLeg(id=1, leg="ann", local="192.0.2.1", media=media, stream=StreamState(agreed=agreed)))
    assert isinstance(answer, Failed) and answer.code == "bad-request"
    assert rig.ports.open_legs == {}
    assert isinstance(rig.ask(OpenLeg(id=2, leg="ann", local="192.0.2.1", media=media)), LegOpened)


def test_a_death_is_told_to_the_next_control_too() -> None:
    """The one before may have been told, and gone before it did anything about it."""
    rig = Rig(dead_after_ms=1000)
    ann = rig.call("ann", PCMU)
    rig.run(0.5)
    ann.talking = False
    rig.run(3)
    assert len(rig.told_of(MediaDead)) == 1
    rig.ask(GetFound(id=9))
    rig.run(1)
    assert len(rig.told_of(MediaDead)) == 2

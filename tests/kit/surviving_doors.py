"""Doors that open again after a restart of the server, as far as they are told to."""

from __future__ import annotations

from parley.app.ports import LegInbox
from parley.core.leg_inputs import AudioCodec, LegAudio, LegInput
from tests.kit.fake_leg_door import FakeLegDoor

AUDIO = LegAudio("192.0.2.1", 30000, AudioCodec("pcmu", 0, 8000))


class SurvivingFakeDoor(FakeLegDoor):
    """Implements SurvivingDoor."""

    def __init__(self, written: bytes) -> None:
        super().__init__()
        self.writes = written
        self.audio: LegAudio | None = AUDIO
        self._inbox: LegInbox | None = None

    def attach(self, inbox: LegInbox) -> None:
        self._inbox = inbox

    def say(self, message: LegInput) -> None:
        """The far end speaks."""
        assert self._inbox is not None
        self._inbox.post(message)


class FakeSurvivingDoors:
    """Implements SurvivingDoors; `opened` by what was written. What begins with "broken" cannot be read."""

    def __init__(self) -> None:
        self.opened: dict[bytes, SurvivingFakeDoor] = {}
        self.given_up: list[bytes] = []

    def open_again(self, written: bytes) -> SurvivingFakeDoor | None:
        if written.startswith(b"broken"):
            return None
        assert written not in self.opened, "one call, opened twice"
        self.opened[written] = SurvivingFakeDoor(written)
        return self.opened[written]

    def give_up(self, written: bytes) -> None:
        self.given_up.append(written)

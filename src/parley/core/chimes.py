"""What everybody in a meeting is told by ear: somebody has come, somebody has gone, nobody else is here.

A tone is for those who were in before and are still in; who waits, or has just come, hears none. Each listener's own
settings say up to how many active participants he wants it (cms-api 2.5). Counted is after the event: with a
threshold of 3 the third to come is rung in and the fourth is not, and so is the going that leaves three. Somebody's
second connection is nobody new. However many come at once, it rings once; and not again within a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .ids import LegId, MeetingId, ParticipantId
from .meeting_inputs import Announce
from .meeting_legs import MeetingLeg
from .profiles import TERMINALS

JOIN_TONE = "join-tone"
LEAVE_TONE = "leave-tone"
ONLY_PARTICIPANT = "only-participant"
RING_AFTER = 1.0  # seconds between two tones of one kind


class Chimes:
    """Of one meeting. tells_alone: phones that come first are told that they are alone, as browsers show it."""

    def __init__(self, meeting: MeetingId, tells_alone: bool) -> None:
        self._meeting = meeting
        self._tells_alone = tells_alone
        self._inside: Mapping[LegId, ParticipantId] = {}
        self._rung: dict[str, float] = {}

    def after(self, legs: Iterable[MeetingLeg], brand: str, now: float) -> list[Announce]:
        """What is to be heard, now that these are the legs of the meeting."""
        active = [leg for leg in legs if not leg.standing.causes]
        before, self._inside = self._inside, {leg.join.leg: leg.join.participant for leg in active}
        were, are = set(before.values()), set(self._inside.values())
        if were == are:
            return []
        count, effects = len(are), []
        old = [leg for leg in active if leg.join.leg in before]
        if are - were and self._may_ring(JOIN_TONE, now):
            hearers = [leg for leg in old if (leg.effective.settings.join_tone or 0) >= count]
            effects += self._announce(JOIN_TONE, hearers, brand, now)
        if were - are and self._may_ring(LEAVE_TONE, now):
            hearers = [leg for leg in old if (leg.effective.settings.leave_tone or 0) >= count]
            effects += self._announce(LEAVE_TONE, hearers, brand, now)
        if self._tells_alone and count == 1 and not were:
            alone = [leg for leg in active if leg.join.kind in TERMINALS]
            effects += self._announce(ONLY_PARTICIPANT, alone, brand, now)
        return effects

    def _may_ring(self, prompt: str, now: float) -> bool:
        return now - self._rung.get(prompt, -RING_AFTER) >= RING_AFTER

    def _announce(self, prompt: str, hearers: Iterable[MeetingLeg], brand: str, now: float) -> list[Announce]:
        """One for each language."""
        spoken: dict[str, list[LegId]] = {}
        for leg in hearers:
            spoken.setdefault(leg.join.language, []).append(leg.join.leg)
        if spoken:
            self._rung[prompt] = now
        return [Announce(self._meeting, prompt, tuple(legs), language, brand) for language, legs in spoken.items()]

"""What people in a meeting do: to themselves, and as hosts to others. Authority over a meeting is decided here alone.

Whoever acts is named by his leg. Every act goes in by the meeting's own inputs.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.conference_rules import HOST_SETTINGS
from ..core.endings import Ending, Reason, Side
from ..core.ids import LegId, MeetingId, ParticipantId, SpaceId
from ..core.meeting_inputs import (
    AdmitParticipant,
    DropParticipant,
    End,
    LegView,
    MeetingInput,
    MeetingView,
    MuteSelf,
    OverrideLegs,
    Rename,
    Say,
    SendBack,
    SetHands,
    SetLocked,
    SetRole,
    by_participant,
)
from ..core.profiles import DeactivationMode, Layer, LegSettings, resolve_leg
from ..core.refusals import Refusal
from ..core.spaces import Role
from .directory import Directory
from .ports import Clock

DROPPED = Ending(Side.HOST, Reason.HANG_UP)
STOPPED = Ending(Side.HOST, Reason.MEETING_ENDED)


def may_moderate(leg: LegView) -> bool:
    """A host who waits looks after nothing."""
    return leg.stands_as is Role.HOST and not leg.waits


def may_mute(leg: LegView, muted: bool) -> bool:
    """May this one mute himself, or unmute?"""
    return leg.may_mute_itself(muted)


def audible(heard: bool) -> LegSettings:
    """Of phones and other clients alike."""
    return LegSettings(rx_audio_mute=not heard, terminal_rx_audio_mute=not heard)


def only(leg: LegView, settings: LegSettings) -> OverrideLegs:
    return OverrideLegs(settings, frozenset({leg.participant}), exclude=False)


def promotion(leg: LegView) -> SetRole:
    return SetRole(leg.participant, Role.HOST, HOST_SETTINGS)


def demotion(leg: LegView, guests_wait: bool) -> SetRole:
    """guests_wait: must guests have a host? Whoever was in stays in, and has for the rest what the door says."""
    settings = LegSettings(needs_activation=guests_wait, deactivation_mode=DeactivationMode.REMAIN, passes_lock=False)
    return SetRole(leg.participant, Role.GUEST, settings, frozenset({"mute_self", "unmute_self"}))


def waits_by_its_door(leg: LegView) -> bool:
    """Would it need a host if nothing had been set on the leg itself? Of a host's door: as guests commonly do."""
    if leg.door_role is not Role.GUEST:
        return True
    return resolve_leg([layer for layer in leg.layers if layer.layer is not Layer.LEG], leg.kind).needs_activation


class Moderation:
    """All methods raise Refusal: not-permitted(what), not-found(kind: participant), state(kind: leg, state: outside).

    ended: told of a space whose meeting a host ends for all, before it ends.
    """

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        ended: Callable[[SpaceId], None] = lambda _space: None,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._ended = ended

    # --- to oneself -----------------------------------------------------------------------------------------------

    async def mute_oneself(self, leg: LegId, muted: bool) -> None:
        meeting, own = self._inside(leg)
        if not may_mute(own, muted):
            raise Refusal("not-permitted", what="mute" if muted else "unmute")
        await self._tell(meeting, MuteSelf(own.participant, muted))

    async def show_hand(self, leg: LegId, raised: bool) -> None:
        meeting, own = self._inside(leg)
        await self._tell(meeting, SetHands(frozenset({own.participant}), raised))

    async def rename_oneself(self, leg: LegId, name: str) -> None:
        meeting, own = self._inside(leg)
        await self._tell(meeting, Rename(own.participant, name))

    async def say(self, leg: LegId, text: str) -> None:
        meeting, own = self._inside(leg)
        if own.waits:
            raise Refusal("not-permitted", what="say")
        await self._tell(meeting, Say(own.participant, text, self._clock.utc()))

    # --- as a host, to others -------------------------------------------------------------------------------------

    async def admit(self, leg: LegId, participant: ParticipantId) -> None:
        meeting, named = self._over(leg, participant)
        await self._tell(meeting, AdmitParticipant(named.participant))

    async def admit_all(self, leg: LegId) -> None:
        meeting = self._moderated(leg)
        waiting = [one for one in by_participant(meeting.legs).values() if one.waits]
        await self._tell(meeting, *(AdmitParticipant(one.participant) for one in waiting))

    async def send_back(self, leg: LegId, participant: ParticipantId) -> None:
        meeting, named = self._over(leg, participant)
        await self._tell(meeting, SendBack(named.participant))

    async def mute(self, leg: LegId, participant: ParticipantId, muted: bool) -> None:
        meeting, named = self._over(leg, participant)
        await self._tell(meeting, only(named, audible(not muted)))

    async def mute_all(self, leg: LegId, muted: bool) -> None:
        """Everybody but the hosts."""
        meeting = self._moderated(leg)
        hosts = frozenset(one.participant for one in meeting.legs if one.stands_as is Role.HOST)
        await self._tell(meeting, OverrideLegs(audible(not muted), hosts))

    async def lower_hand(self, leg: LegId, participant: ParticipantId) -> None:
        meeting, named = self._over(leg, participant)
        await self._tell(meeting, SetHands(frozenset({named.participant}), False))

    async def rename(self, leg: LegId, participant: ParticipantId, name: str) -> None:
        meeting, named = self._over(leg, participant)
        await self._tell(meeting, Rename(named.participant, name))

    async def make_host(self, leg: LegId, participant: ParticipantId, host: bool) -> None:
        """host False: a guest from now on. What somebody is already is left as it is."""
        meeting, named = self._over(leg, participant)
        if (named.stands_as is Role.HOST) != host:
            change = promotion(named) if host else demotion(named, waits_by_its_door(named))
            await self._tell(meeting, change)

    async def remove(self, leg: LegId, participant: ParticipantId) -> None:
        meeting, named = self._over(leg, participant)
        await self._tell(meeting, DropParticipant(named.participant, DROPPED))

    async def lock(self, leg: LegId, locked: bool) -> None:
        await self._tell(self._moderated(leg), SetLocked(locked))

    async def end(self, leg: LegId) -> None:
        """For all."""
        meeting = self._moderated(leg)
        self._ended(meeting.space)
        await self._tell(meeting, End(STOPPED))

    # --- who may --------------------------------------------------------------------------------------------------

    def _inside(self, leg: LegId) -> tuple[MeetingView, LegView]:
        live = self._directory.leg(leg)
        meeting = self._directory.meeting(live.meeting or MeetingId("")) if live is not None else None
        if live is None or live.view is None or meeting is None:
            raise Refusal("state", kind="leg", state="outside")
        return meeting, live.view

    def _moderated(self, leg: LegId) -> MeetingView:
        meeting, own = self._inside(leg)
        if not may_moderate(own):
            raise Refusal("not-permitted", what="moderate")
        return meeting

    def _over(self, leg: LegId, participant: ParticipantId) -> tuple[MeetingView, LegView]:
        meeting = self._moderated(leg)
        named = by_participant(meeting.legs).get(participant)
        if named is None:
            raise Refusal("not-found", kind="participant", id=participant)
        return meeting, named

    async def _tell(self, meeting: MeetingView, *messages: MeetingInput) -> None:
        for message in messages:
            await self._directory.tell(meeting.meeting, message)

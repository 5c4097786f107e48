"""What no history of a meeting may bring about, tried on many of them."""

from __future__ import annotations

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from parley.core.events import LegActivated, LegDeactivated, ParticipantJoined, ParticipantLeft
from parley.core.ids import LegId, ParticipantId
from parley.core.meeting_inputs import (
    AdmitParticipant,
    ApplyPlan,
    Cause,
    DropLeg,
    Dropped,
    Finished,
    Left,
    LegLayersChanged,
    MeetingEffect,
    MeetingInput,
    OverrideLeg,
    OverrideLegs,
    Record,
    SendBack,
    SetKeptWhenEmpty,
    SetLocked,
    SpaceChanged,
    TellLeg,
    Tick,
    Waiting,
)
from parley.core.profiles import CallLayer, CallSettings, DeactivationMode, Layer, LegLayer, LegSettings, LockMode
from tests.core.meeting_kit import GONE, Gathering, join

NAMES = st.sampled_from(["a", "b", "c", "d"])
SETTINGS = st.builds(
    LegSettings,
    needs_activation=st.sampled_from([None, True, True, False]),
    rx_audio_mute=st.sampled_from([None, True, False]),
    tx_audio_mute=st.sampled_from([None, True, False]),
    deactivation_mode=st.sampled_from([None, *DeactivationMode]),
    deactivation_delay=st.sampled_from([None, 0, 0, 5, 30]),
    max_duration=st.sampled_from([None, None, None, 40]),
)
CALLS = st.builds(
    CallSettings,
    participant_limit=st.sampled_from([None, None, 2]),
    locked=st.sampled_from([None, True]),
    lock_mode=st.sampled_from([None, *LockMode]),
)


class AnyHistory(RuleBasedStateMachine):
    """Joins, leaves, mutes, locks, admissions, profiles, overrides and ticks in any order."""

    @initialize(call=CALLS)
    def begin(self, call: CallSettings) -> None:
        self.call = call
        self.room = Gathering(call)
        self.layers = (CallLayer(Layer.SPACE, call),)
        self.generation = 0
        self.generations: dict[str, int] = {}
        self.waits: dict[str, bool] = {}  # as the records tell it
        self.told: dict[str, object] = {}  # the last news of each leg
        self.admitted: set[str] = set()  # let in by a person at any time
        self.sent: set[str] = set()  # sent back by a person, and by none let in since
        self.finished = 0

    def do(self, given: MeetingInput) -> None:
        effects = self.room.do(given)
        assert sum(isinstance(e, ApplyPlan) for e in effects) <= 1
        if any(isinstance(e, Finished) for e in effects):
            self.finished += 1
            assert isinstance(effects[-1], Finished)
        for effect in effects:
            self.follow(effect)
        if self.finished:
            assert not self.waits
            self.begin(self.call)

    def follow(self, effect: MeetingEffect) -> None:
        if isinstance(effect, Record):
            event = effect.event
            if isinstance(event, LegDeactivated):
                assert not self.waits.get(event.leg, False)
                self.waits[event.leg] = True
            elif isinstance(event, LegActivated):
                assert self.waits[event.leg]
                self.waits[event.leg] = False
            elif isinstance(event, ParticipantJoined):
                assert event.deactivated == self.waits.setdefault(event.leg, False)
            elif isinstance(event, ParticipantLeft):
                del self.waits[event.leg]
                self.sent.discard(event.leg)
        elif isinstance(effect, TellLeg):
            self.told[effect.leg] = effect.news

    @rule(name=NAMES, settings=SETTINGS, member=st.booleans())
    def somebody_joins(self, name: str, settings: LegSettings, member: bool) -> None:
        self.generation += 1
        self.admitted.discard(name)
        self.generations[name] = self.generation
        self.do(join(name, settings, generation=self.generation, member=member))

    @rule(name=NAMES)
    def somebody_leaves(self, name: str) -> None:
        self.do(Left(LegId(name), self.generations.get(name, 0), GONE))

    @rule(name=NAMES)
    def somebody_is_dropped(self, name: str) -> None:
        self.do(DropLeg(LegId(name), GONE))

    @rule(name=NAMES)
    def somebody_is_admitted(self, name: str) -> None:
        self.admitted.add(name)
        self.sent.discard(name)
        self.do(AdmitParticipant(ParticipantId(name)))

    @rule(name=NAMES)
    def somebody_is_sent_back(self, name: str) -> None:
        if name in self.waits:
            self.sent.add(name)
        self.do(SendBack(ParticipantId(name)))

    @rule(locked=st.booleans())
    def the_lock_is_set(self, locked: bool) -> None:
        self.do(SetLocked(locked))

    @rule(kept=st.booleans())
    def it_is_kept_or_not(self, kept: bool) -> None:
        self.do(SetKeptWhenEmpty(kept))

    @rule(name=NAMES, settings=SETTINGS, unset=st.sets(st.sampled_from(["needs_activation", "rx_audio_mute"])))
    def a_leg_is_overridden(self, name: str, settings: LegSettings, unset: set[str]) -> None:
        self.do(OverrideLeg(LegId(name), settings, frozenset(unset)))

    @rule(names=st.none() | st.sets(NAMES), settings=SETTINGS, exclude=st.booleans())
    def several_are_overridden(self, names: set[str] | None, settings: LegSettings, exclude: bool) -> None:
        chosen = None if names is None else frozenset(ParticipantId(name) for name in names)
        self.do(OverrideLegs(settings, chosen, exclude))

    @rule(name=NAMES, settings=SETTINGS)
    def a_profile_changes(self, name: str, settings: LegSettings) -> None:
        self.do(LegLayersChanged(LegId(name), (LegLayer(Layer.SPACE, settings),)))

    @rule(call=CALLS)
    def the_space_changes(self, call: CallSettings) -> None:
        self.layers = (CallLayer(Layer.SPACE, call),)
        self.do(SpaceChanged("Other", self.layers))

    @rule()
    def the_server_is_killed_and_started_again(self) -> None:
        """Nothing is another than it was, nothing is told, and one plan says it all anew."""
        room = self.room
        before, due = room.meeting.view(room.now), room.meeting.next_deadline()
        room.live_again(self.layers)
        assert room.meeting.view(room.now) == before
        assert room.meeting.next_deadline() == due
        plan = room.plan
        effects = room.do(Tick())
        assert [type(effect) for effect in effects] == [ApplyPlan] * bool(before.legs)
        assert room.plan == plan

    @rule(seconds=st.sampled_from([0.0, 1.0, 5.0, 29.0, 31.0]))
    def time_passes(self, seconds: float) -> None:
        """With ticks when they are due, as the owner of a meeting sends them."""
        until = self.room.now + seconds
        while (due := self.room.meeting.next_deadline()) is not None and due <= until:
            self.room.now = max(self.room.now, due)
            before = due
            self.do(Tick())
            after = self.room.meeting.next_deadline()
            assert after is None or after > before, "a tick settles what was due"
        self.room.now = until
        self.do(Tick())

    @invariant()
    def nobody_who_waits_is_heard_or_hears(self) -> None:
        view = self.room.meeting.view(self.room.now)
        assert set(self.room.plan) == {leg.leg for leg in view.legs}
        for leg in view.legs:
            media = self.room.plan[leg.leg]
            if leg.causes:
                assert not media.contributes
                assert not media.receives
                assert media.announcement
            else:
                assert media.contributes == (not leg.effective.settings.rx_audio_mute)
                assert media.receives == (not leg.effective.settings.tx_audio_mute)
                assert media.announcement is None

    @invariant()
    def nobody_who_needs_a_host_is_active_without_one(self) -> None:
        legs = self.room.meeting.view(self.room.now).legs
        if any(leg.is_activator for leg in legs):
            assert all(Cause.NO_HOST not in leg.causes for leg in legs)
            return
        for leg in legs:
            settings = leg.effective.settings
            if not leg.effective.needs_activation or leg.leg in self.admitted:
                continue
            if settings.deactivation_delay == 0 and settings.deactivation_mode is not DeactivationMode.REMAIN:
                assert Cause.NO_HOST in leg.causes

    @invariant()
    def causes_are_what_they_are_called(self) -> None:
        view = self.room.meeting.view(self.room.now)
        for leg in view.legs:
            assert (Cause.SENT_BACK in leg.causes) == (leg.leg in self.sent)
            if not leg.effective.needs_activation:
                assert Cause.NO_HOST not in leg.causes
            if not view.locked:
                assert Cause.LOCKED not in leg.causes

    @invariant()
    def records_and_news_tell_the_truth(self) -> None:
        view = self.room.meeting.view(self.room.now)
        assert self.waits == {leg.leg: bool(leg.causes) for leg in view.legs}
        for leg in view.legs:
            news = self.told[leg.leg]
            assert not isinstance(news, Dropped)
            assert (news.causes if isinstance(news, Waiting) else frozenset()) == leg.causes

    @invariant()
    def plans_are_numbered_without_gaps(self) -> None:
        assert self.room.plan_numbers == list(range(1, len(self.room.plan_numbers) + 1))


AnyHistory.TestCase.settings = hypothesis_settings(max_examples=120, stateful_step_count=40, deadline=None)
TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.__doc__ = "No history lets a waiting leg be heard or hear, nor a guest stay active without a host."

"""A meeting's life: order of records, plans, news, overrides, limits and endings."""

import pytest

from parley.core.endings import Ending, Reason, Side
from parley.core.events import MeetingEnded, MeetingStarted, ParticipantJoined
from parley.core.ids import LegId, LegProfileId, MeetingId, ParticipantId
from parley.core.meeting_inputs import (
    AdmitParticipant,
    Admitted,
    ApplyPlan,
    DropLeg,
    DropParticipant,
    Dropped,
    End,
    Finished,
    JoinRefused,
    LegLayersChanged,
    OverrideLeg,
    OverrideLegs,
    Record,
    SendBack,
    SetKeptWhenEmpty,
    SpaceChanged,
    TellLeg,
    Tick,
    Waiting,
)
from parley.core.profiles import CallLayer, CallSettings, Layer, LegLayer, LegSettings
from tests.core.meeting_kit import GUEST, HOST, Gathering, guest_settings, join, started

BY_ADMINISTRATOR = Ending(Side.ADMINISTRATOR, Reason.HANG_UP)


# --- the order of the event log (cms-api 5) ---------------------------------------------------------------------


def test_the_recorded_scenario_leaves_the_recorded_lines() -> None:
    """Two guests wait, the host comes and goes: every line in the order of the sheet."""
    room = Gathering()
    room.join("ann", GUEST, encrypted=True)
    assert room.lines() == ["MeetingStarted", "LegDeactivated ann", "ParticipantJoined ann"]
    room.join("bob", GUEST, encrypted=False)
    assert room.lines() == ["LegDeactivated bob", "ParticipantJoined bob", "UnencryptedMediaPresent"]
    room.join("host", encrypted=True)
    assert room.lines() == ["ParticipantJoined host", "LegActivated ann", "LegActivated bob"]
    room.leave("host")
    assert room.lines() == ["ParticipantLeft host", "LegDeactivated ann", "LegDeactivated bob"]
    room.leave("ann")
    assert room.lines() == ["ParticipantLeft ann"]
    room.leave("bob")
    assert room.lines() == ["ParticipantLeft bob", "MeetingEnded"]


def test_the_joined_line_says_whether_the_newcomer_waits() -> None:
    """deactivated is true for a guest without a host and false for one who comes later."""
    room = Gathering()
    said = []
    for name, settings in [("ann", GUEST), ("host", HOST), ("bob", GUEST)]:
        room.join(name, settings)
        said += [e.deactivated for e in room.events() if isinstance(e, ParticipantJoined)]
    assert said == [True, False, False]


def test_a_guest_who_comes_while_a_host_is_there_is_active_at_once() -> None:
    """No line of deactivation, and the news is Admitted."""
    room = Gathering()
    room.join("host")
    room.join("ann", GUEST)
    assert room.lines() == ["ParticipantJoined ann"]
    assert room.news() == [("ann", Admitted())]


def test_plain_media_is_told_once() -> None:
    """Only the first leg with plain RTP is worth a line, and it follows that leg's joined line."""
    room = Gathering()
    room.join("host", encrypted=False)
    assert room.lines() == ["MeetingStarted", "ParticipantJoined host", "UnencryptedMediaPresent"]
    room.join("ann", GUEST, encrypted=False)
    assert "UnencryptedMediaPresent" not in room.lines()


def test_effects_are_records_then_plan_then_news_then_the_end() -> None:
    """What is journalled precedes what is live."""
    room = started()
    room.do(End(BY_ADMINISTRATOR))
    kinds = [type(effect) for effect in room.effects]
    assert kinds == [Record] * 4 + [ApplyPlan] + [TellLeg] * 3 + [Finished]


# --- plan and news ---------------------------------------------------------------------------------------------


def test_a_waiting_guest_hears_a_prompt_and_nothing_else() -> None:
    """No contribution, no mix, the announcement every half minute."""
    room = Gathering()
    room.join("ann", GUEST)
    media = room.plan["ann"]
    assert (media.contributes, media.receives) == (False, False)
    assert (media.announcement, media.repeat_after) == ("waiting-for-host", 30.0)
    room.join("host")
    media = room.plan["ann"]
    assert (media.contributes, media.receives, media.announcement) == (True, True, None)


def test_whoever_waits_for_the_lock_hears_of_the_lock() -> None:
    """The announcement names what a host's coming will not end."""
    room = Gathering(CallSettings(locked=True))
    room.join("host")
    assert room.plan["host"].announcement == "meeting-locked"


def test_mutes_shape_the_plan_of_an_active_leg() -> None:
    """rx mute: nobody hears it; tx mute: it hears nothing."""
    room = Gathering()
    room.join("host", LegSettings(rx_audio_mute=True))
    assert (room.plan["host"].contributes, room.plan["host"].receives) == (False, True)
    room.do(OverrideLeg(LegId("host"), LegSettings(rx_audio_mute=False, tx_audio_mute=True)))
    assert (room.plan["host"].contributes, room.plan["host"].receives) == (True, False)


def test_a_plan_is_sent_only_when_it_differs() -> None:
    """Ticks and settings without effect on media send none; numbers rise by one."""
    room = started()
    unmuted = LegSettings(rx_audio_mute=False)
    for same in (Tick(), SendBack(ParticipantId("nobody")), OverrideLeg(LegId("ann"), unmuted)):
        assert not [e for e in room.do(same) if isinstance(e, ApplyPlan)]
    room.do(OverrideLegs(LegSettings(rx_audio_mute=True)))
    assert room.plan_numbers == [1, 2, 3, 4]


def test_each_change_of_state_is_told_to_its_leg() -> None:
    """Waiting with its causes, then Admitted; a second admission is no news."""
    room = Gathering()
    room.join("ann", GUEST, generation=7)
    told = [e for e in room.effects if isinstance(e, TellLeg)]
    assert [(t.leg, t.generation) for t in told] == [("ann", 7)]
    assert isinstance(told[0].news, Waiting)
    room.do(AdmitParticipant(ParticipantId("ann")))
    assert room.news() == [("ann", Admitted())]
    room.do(AdmitParticipant(ParticipantId("ann")))
    assert room.effects == []


# --- overrides, layers, space ------------------------------------------------------------------------------------


def test_an_override_decides_and_can_be_cleared() -> None:
    """Set on the leg it wins over every layer; unset, the layer above holds again."""
    room = Gathering()
    room.join("host", LegSettings(rx_audio_mute=True, needs_activation=False))
    room.do(OverrideLeg(LegId("host"), LegSettings(rx_audio_mute=False)))
    view = room.leg("host")
    assert view.effective.settings.rx_audio_mute is False
    assert view.effective.origins["rx_audio_mute"] is Layer.LEG
    assert view.layers[-1] == LegLayer(Layer.LEG, LegSettings(rx_audio_mute=False))
    room.do(OverrideLeg(LegId("host"), unset=frozenset({"rx_audio_mute"})))
    assert room.leg("host").effective.settings.rx_audio_mute is True
    assert [layer.layer for layer in room.leg("host").layers] == [Layer.SPACE]


def test_a_profile_set_on_the_leg_lies_below_its_single_values() -> None:
    """Both are of the leg; a value set by itself wins; clearing the profile leaves it."""
    room = Gathering()
    room.join("host")
    profile = LegProfileId("p")
    values = LegSettings(rx_audio_mute=True, tx_audio_mute=True)
    room.do(OverrideLeg(LegId("host"), LegSettings(tx_audio_mute=False), profile=profile, profile_settings=values))
    view = room.leg("host")
    assert [(layer.layer, layer.profile) for layer in view.layers[-2:]] == [(Layer.LEG, profile), (Layer.LEG, None)]
    assert (view.effective.settings.rx_audio_mute, view.effective.settings.tx_audio_mute) == (True, False)
    room.do(OverrideLeg(LegId("host"), unset=frozenset({"profile"})))
    assert room.leg("host").effective.settings.rx_audio_mute is False


def test_extras_are_kept_and_cleared() -> None:
    """Values of a dialect set on a leg are echoed in its LEG layer and go when cleared."""
    room = Gathering()
    room.join("host")
    room.do(OverrideLeg(LegId("host"), extras=(("cms", "chosenLayout", "allEqual"),)))
    assert room.leg("host").layers[-1].extras == {"cms": {"chosenLayout": "allEqual"}}
    room.do(OverrideLeg(LegId("host"), extras=(("cms", "chosenLayout", None),)))
    assert len(room.leg("host").layers) == 1


@pytest.mark.parametrize(
    ("names", "exclude", "muted"),
    [
        (None, True, {"host", "ann", "bob"}),
        (None, False, {"host", "ann", "bob"}),
        ({"host"}, True, {"ann", "bob"}),
        ({"host"}, False, {"host"}),
        (set(), True, {"host", "ann", "bob"}),
    ],
)
def test_an_override_of_several_reaches_those_it_names(names: set[str] | None, exclude: bool, muted: set[str]) -> None:
    """All of them, all but those named, or only those named."""
    room = started()
    chosen = None if names is None else frozenset(ParticipantId(n) for n in names)
    room.do(OverrideLegs(LegSettings(rx_audio_mute=True), chosen, exclude))
    assert {leg for leg, media in room.plan.items() if not media.contributes} == muted


def test_a_host_made_a_guest_takes_everybody_back_to_waiting() -> None:
    """His change of profile is a going of the last host, for himself too."""
    room = started()
    room.do(LegLayersChanged(LegId("host"), (LegLayer(Layer.SPACE, GUEST),)))
    assert room.active() == []
    assert room.lines() == ["LegDeactivated host", "LegDeactivated ann", "LegDeactivated bob"]
    room.do(LegLayersChanged(LegId("ann"), (LegLayer(Layer.SPACE, HOST),)))
    assert room.active() == ["host", "ann", "bob"]
    assert room.lines()[0] == "LegActivated ann"


def test_roles_can_be_exchanged_in_one_moment() -> None:
    """Making everybody a host at once leaves no moment without one."""
    room = Gathering()
    room.join("host")
    room.join("ann", guest_settings("disconnect"))
    room.do(OverrideLegs(HOST))
    room.do(OverrideLeg(LegId("host"), GUEST))
    assert room.active() == ["host", "ann"]


def test_a_changed_space_is_seen_at_once_and_sends_nobody_away() -> None:
    """The name and the limit are new for the next one who comes; the lock keeps its state."""
    room = started()
    settings = CallSettings(participant_limit=1, locked=True)
    room.do(SpaceChanged("New name", (CallLayer(Layer.SPACE, settings),)))
    view = room.meeting.view(room.now)
    assert (view.name, view.locked, len(view.legs)) == ("New name", False, 3)
    room.join("late")
    assert room.news() == [("late", JoinRefused(Reason.PARTICIPANT_LIMIT))]


# --- limits and time ----------------------------------------------------------------------------------------------


def test_a_full_meeting_refuses() -> None:
    """Waiting legs take places; a further leg of somebody inside takes none; a place left is free again."""
    room = Gathering(CallSettings(participant_limit=2))
    room.join("ann", GUEST)
    room.join("bob", GUEST)
    room.join("late")
    assert room.effects == [TellLeg(LegId("late"), 0, JoinRefused(Reason.PARTICIPANT_LIMIT))]
    room.join("ann-2", GUEST, participant="ann")
    assert room.lines()[-1] == "ParticipantJoined ann-2"
    room.leave("bob")
    room.join("late", generation=1)
    assert "ParticipantJoined late" in room.lines()


def test_a_leg_stays_no_longer_than_it_may() -> None:
    """max_duration counts from joining, waiting or not, and ends the leg alone."""
    room = Gathering()
    room.join("ann", LegSettings(needs_activation=True, max_duration=60))
    room.join("bob", GUEST)
    assert room.meeting.next_deadline() == 1060.0
    room.wait(59.9)
    assert room.effects == []
    room.wait(0.2)
    assert room.news() == [("ann", Dropped(Ending(Side.LOCAL, Reason.TOO_LONG)))]
    assert list(room.causes()) == ["bob"]


def test_times_are_told_in_seconds() -> None:
    """A leg's seconds run from joining, its active seconds only while it is active."""
    room = Gathering()
    room.join("ann", GUEST)
    room.wait(10)
    room.join("host")
    room.wait(20)
    room.leave("host")
    room.wait(5)
    assert (room.leg("ann").seconds, room.leg("ann").active_seconds) == (35.0, 20.0)
    assert room.meeting.view(room.now).seconds == 35.0


# --- crossing and ending --------------------------------------------------------------------------------------------


def test_a_left_that_overtakes_its_join_leaves_nothing_behind() -> None:
    """The Join of a generation that has left is passed over, and a meeting made for it alone is over."""
    room = Gathering()
    assert room.leave("ann") == []
    assert room.join("ann") == [Finished(MeetingId("m"))]


def test_messages_of_an_older_connection_change_nothing() -> None:
    """An old Left, an old Join and a repeated Join are passed over; a newer Join replaces."""
    room = Gathering()
    room.join("ann", generation=2)
    for echo in (join("ann", generation=2), join("ann", generation=1)):
        assert room.do(echo) == []
    assert room.leave("ann", generation=1) == []
    room.join("ann", generation=3)
    assert room.lines() == ["ParticipantLeft ann", "ParticipantJoined ann"]
    assert room.leave("ann", generation=2) == []
    room.leave("ann", generation=3)
    assert room.lines() == ["ParticipantLeft ann", "MeetingEnded"]


def test_a_replaced_host_connection_is_no_host_for_the_newcomer() -> None:
    """Who comes back as a guest waits, though the old connection was a host a moment ago."""
    room = Gathering()
    room.join("ann", HOST)
    room.join("ann", guest_settings(delay=30), generation=1)
    assert room.active() == []


def test_the_meeting_ends_with_its_last_leg() -> None:
    """Counts and duration are told, then nothing more is answered but that it is over."""
    room = started()
    room.wait(30)
    for name in ("ann", "bob", "host"):
        room.leave(name)
    assert room.events()[-1] == MeetingEnded(MeetingId("m"), legs_completed=3, legs_most=3, duration=30.0)
    assert room.effects[-1] == Finished(MeetingId("m"))
    assert room.do(Tick()) == []
    assert room.join("late") == [TellLeg(LegId("late"), 0, JoinRefused(Reason.MEETING_ENDED))]


def test_a_meeting_kept_when_empty_begins_and_stays_empty() -> None:
    """Kept, it starts without anybody and outlives everybody; no longer kept, it ends."""
    room = Gathering()
    room.do(SetKeptWhenEmpty(True))
    assert isinstance(room.events()[0], MeetingStarted)
    room.join("host")
    assert "MeetingStarted" not in room.lines()
    room.leave("host")
    assert room.lines() == ["ParticipantLeft host"]
    room.do(SetKeptWhenEmpty(False))
    assert room.lines() == ["MeetingEnded"]


def test_ending_the_meeting_drops_everybody() -> None:
    """Waiting or active, kept or not; everyone is told the same ending."""
    room = started()
    room.do(SetKeptWhenEmpty(True))
    room.do(End(BY_ADMINISTRATOR))
    assert room.news() == [(name, Dropped(BY_ADMINISTRATOR)) for name in ("host", "ann", "bob")]
    assert room.plan == {}
    assert room.lines()[-1] == "MeetingEnded"


def test_a_dropped_leg_is_out_at_once() -> None:
    """Its own Left, which comes later, finds nothing; all legs of a dropped participant go."""
    room = started()
    room.do(DropLeg(LegId("ann"), BY_ADMINISTRATOR))
    assert room.lines() == ["ParticipantLeft ann"]
    assert "ann" not in room.plan
    assert room.leave("ann") == []
    room.join("bob-2", GUEST, participant="bob")
    room.do(DropParticipant(ParticipantId("bob"), BY_ADMINISTRATOR))
    assert room.lines() == ["ParticipantLeft bob", "ParticipantLeft bob-2"]


def test_inputs_about_strangers_change_nothing() -> None:
    """An unknown leg or participant is passed over."""
    room = started()
    nobody, no_leg = ParticipantId("nobody"), LegId("nobody")
    for given in (
        AdmitParticipant(nobody),
        SendBack(nobody),
        DropParticipant(nobody, BY_ADMINISTRATOR),
        DropLeg(no_leg, BY_ADMINISTRATOR),
        OverrideLeg(no_leg, HOST),
        LegLayersChanged(no_leg, ()),
    ):
        assert room.do(given) == []

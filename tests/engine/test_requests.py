"""Requests of control: what they answer, and that a failed one changes nothing."""

import itertools
from itertools import pairwise

import pytest

from parley.engine import messages
from parley.engine.messages import (
    CloseLeg,
    Codec,
    Configure,
    Done,
    DropMeeting,
    Dump,
    Failed,
    GetDump,
    LegOpened,
    MediaDead,
    OpenLeg,
    Ping,
    SetMedia,
    SetPlan,
)
from parley.engine.transport import Arrival
from parley.wire.rtp import build_report, parse_rtcp, parse_rtp
from tests.engine.rig import EVENTS, OPUS, PCMU, Rig, talker
from tests.kit.tones import heard, sine

RATE = 48_000


def code(answer: messages.Response | None) -> str:
    assert isinstance(answer, Failed), answer
    return answer.code


def open_leg(rig: Rig, name: str, **media: object) -> messages.Response | None:
    fields: dict[str, object] = {"remote_host": "192.0.2.9", "remote_port": 4000, "codec": PCMU}
    return rig.ask(
        OpenLeg(id=7, leg=name, local="192.0.2.1", media=messages.LegMedia(**(fields | media)))  # type: ignore[arg-type]
    )


def test_nothing_works_before_configure_but_ping_and_dump() -> None:
    """A worker that was told no ports opens none."""
    rig = Rig()
    rig.engine._configuration = None
    assert code(open_leg(rig, "ann")) == "bad-request"
    assert rig.ask(Ping(id=3)) == Done(id=3)
    assert isinstance(rig.ask(GetDump(id=4)), Dump)


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 99},
        {"port_low": 9, "port_high": 8},
        {"port_high": 70_000},
        {"loudest": 0},
        {"dead_after_ms": 0},
    ],
)
def test_a_configuration_out_of_range_is_refused(changes: dict[str, int]) -> None:
    """Another schema, no ports, no voices: refused, and the old configuration stays."""
    rig = Rig()
    fields = {"id": 1, "port_low": 20_000, "port_high": 20_010} | changes
    assert code(rig.ask(Configure(**fields))) == "bad-request"
    assert open_leg(rig, "ann") == LegOpened(id=7, port=20_000)


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ({"codec": Codec(name="g729", payload_type=18, clock_rate=8000)}, "bad-request"),
        ({"codec": Codec(name="opus", payload_type=111, clock_rate=16_000)}, "bad-request"),
        ({"codec": Codec(name="pcmu", payload_type=128, clock_rate=8000)}, "bad-request"),
        ({"dtmf_payload_type": 0}, "bad-request"),
        ({"dtmf_payload_type": -1}, "bad-request"),
        ({"payload_type_in": 128}, "bad-request"),
        ({"payload_type_in": 99, "dtmf_payload_type_in": 99}, "bad-request"),
        ({"remote_port": 70_000}, "bad-request"),
        ({"remote_host": "phone.example"}, "bad-address"),
    ],
)
def test_media_that_cannot_be_is_refused(media: dict[str, object], expected: str) -> None:
    """OpenLeg and SetMedia check alike; no port is taken and the open leg keeps its media."""
    rig = Rig()
    assert code(open_leg(rig, "ann", **media)) == expected
    assert rig.ports.open_legs == {}
    assert isinstance(open_leg(rig, "ann"), LegOpened)
    before = rig.dump("ann")
    fields: dict[str, object] = {"remote_host": "192.0.2.9", "remote_port": 4000, "codec": PCMU}
    request = SetMedia(id=8, leg="ann", media=messages.LegMedia(**(fields | media)))  # type: ignore[arg-type]
    assert code(rig.ask(request)) == expected
    assert rig.dump("ann") == before


def test_a_leg_is_opened_once_and_closed_any_number_of_times() -> None:
    """A second OpenLeg of one name is refused; CloseLeg is always Done and frees the port."""
    rig = Rig()
    assert open_leg(rig, "ann") == LegOpened(id=7, port=20_000)
    assert code(open_leg(rig, "ann")) == "bad-request"
    for number in (1, 2):
        assert rig.ask(CloseLeg(id=number, leg="ann")) == Done(id=number)
    assert rig.ports.open_legs == {}


def test_no_free_port_is_told() -> None:
    """When the range is used up, OpenLeg fails with no-port."""
    rig = Rig()
    rig.ask(Configure(id=1, port_low=20_001, port_high=20_004))
    assert open_leg(rig, "ann") == LegOpened(id=7, port=20_002)
    assert code(open_leg(rig, "bob")) == "no-port"


def test_requests_for_unknown_legs_fail() -> None:
    """Play, StopPlaying and SetMedia name a leg that must be open."""
    rig = Rig()
    media = messages.LegMedia(remote_host="192.0.2.9", remote_port=1, codec=PCMU)
    assert code(rig.play("gone", "welcome")) == "unknown-leg"
    assert code(rig.ask(messages.StopPlaying(id=1, leg="gone"))) == "unknown-leg"
    assert code(rig.ask(SetMedia(id=1, leg="gone", media=media))) == "unknown-leg"


@pytest.mark.parametrize("gain", [-1.0, float("nan"), float("inf"), 17.0])
def test_a_plan_with_an_impossible_gain_changes_nothing(gain: float) -> None:
    """The plan fails whole, and its number is not used up."""
    rig = Rig()
    rig.calls(["ann", "bob"])
    assert code(rig.plan(talker("ann"), talker("bob", gain=gain), number=3)) == "bad-request"
    assert rig.dump("ann")["meeting"] is None
    rig.plan(talker("ann"), number=3)
    assert rig.dump("ann")["meeting"] == "m"


def test_a_dropped_meeting_falls_silent_and_its_numbers_start_anew() -> None:
    """Its legs stay open and hear silence; a later plan of the same name may have any number."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"])
    rig.plan(talker("ann"), talker("bob"), number=50)
    ann.say(sine(400, 3, RATE))
    rig.run(0.5)
    assert heard(bob.heard, 400, RATE)
    assert rig.ask(DropMeeting(id=5, meeting="m")) == Done(id=5)
    bob.forget()
    rig.run(0.5)
    assert not heard(bob.heard[RATE // 20 :], 400, RATE)
    assert len(bob.received) == 50
    rig.plan(talker("ann"), talker("bob"), number=1)
    rig.run(0.5)
    assert heard(bob.heard, 400, RATE)


def test_a_closed_leg_leaves_its_meeting() -> None:
    """The others go on; a plan that still names it is fine."""
    rig = Rig()
    ann, bob, cid = rig.calls(["ann", "bob", "cid"])
    rig.gather()
    ann.say(sine(400, 3, RATE))
    cid.say(sine(1900, 3, RATE))
    rig.run(0.5)
    rig.ask(CloseLeg(id=1, leg="cid"))
    rig.gather("ann", "bob", "cid")
    bob.forget()
    rig.run(0.5)
    assert heard(bob.heard, 400, RATE)
    assert not heard(bob.heard[RATE // 20 :], 1900, RATE)


def test_the_dump_tells_the_whole_state() -> None:
    """Legs and meetings as plain values that the channel can carry."""
    rig = Rig()
    rig.call("ann")
    rig.gather()
    rig.run(0.1)
    answer = rig.ask(GetDump(id=9))
    assert isinstance(answer, Dump)
    assert messages.decode_reply(messages.encode(answer)[4:]) == answer
    assert answer.state["meetings"]["m"] == {"number": 1, "legs": ["ann"], "speakers": []}
    assert answer.state["legs"]["ann"]["latched"] == ["192.0.2.1", 40_000]


# --- death ----------------------------------------------------------------------------------------------


def test_a_leg_that_falls_silent_is_told_dead_once() -> None:
    """After dead_after_ms without a packet MediaDead is told, and again only after a sign of life."""
    rig = Rig(dead_after_ms=2000)
    ann = rig.call("ann")
    rig.run(5)
    assert rig.told_of(MediaDead) == []
    for _ in range(2):
        ann.talking = False
        rig.run(5)
        ann.talking = True
        rig.run(1)
    told = rig.told_of(MediaDead)
    assert [dead.leg for dead in told] == ["ann", "ann"]
    assert all(2000 <= dead.silent_ms <= 2100 for dead in told)


def test_a_leg_that_never_sent_anything_is_dead_as_well() -> None:
    """The time runs from the opening of the port."""
    rig = Rig(dead_after_ms=2000)
    rig.call("ann").talking = False
    rig.run(1.9)
    assert rig.told_of(MediaDead) == []
    rig.run(0.3)
    assert len(rig.told_of(MediaDead)) == 1


def test_hold_is_not_death() -> None:
    """While no packets are expected none are missed; after the hold the time starts anew."""
    rig = Rig(dead_after_ms=2000)
    ann = rig.call("ann")
    rig.run(1)
    rig.ask(SetMedia(id=1, leg="ann", media=rig.media(ann, receives=False)))
    ann.talking = False
    rig.run(10)
    rig.ask(SetMedia(id=2, leg="ann", media=rig.media(ann)))
    rig.run(1.9)
    assert rig.told_of(MediaDead) == []
    rig.run(0.3)
    assert len(rig.told_of(MediaDead)) == 1


def test_rtcp_alone_is_a_sign_of_life() -> None:
    """A peer that is silent by choice still reports; those of a stranger do not count."""
    for source, deaths in ((("192.0.2.1", 40_001), 0), (("198.51.100.1", 40_001), 1)):
        rig = Rig(dead_after_ms=2000)
        ann = rig.call("ann")
        ann.talking = False
        report = build_report(1, "x", unix_time=0, timestamp=0, packets=0, octets=0)
        for _ in range(5):
            rig.run(1)
            rig.deliver(ann, rig.now, report, source)
        assert len(rig.told_of(MediaDead)) == deaths


# --- where packets go -----------------------------------------------------------------------------------


def destination(rig: Rig, leg: str) -> tuple[str, int] | None:
    return rig.engine._legs[leg].transport.latch.destination


def test_packets_go_to_the_source_once_something_arrived() -> None:
    """The SDP's address is used until then (RFC 4961), and a peer behind a NAT is reached after."""
    rig = Rig()
    ann = rig.call("ann", remote_host="10.0.0.1", remote_port=9)  # type: ignore[arg-type]
    ann.talking = False
    rig.run(0.1)
    assert destination(rig, "ann") == ("10.0.0.1", 9)
    ann.talking = True
    rig.run(0.1)
    assert destination(rig, "ann") == ann.source


def test_a_stranger_cannot_take_an_established_stream() -> None:
    """Packets from elsewhere are not heard and draw nothing to them, whatever their SSRC."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"], PCMU)
    rig.gather()
    rig.run(1)
    for number in range(100):
        rig.deliver(ann, rig.now, build(number, 4242), ("198.51.100.1", 666))
        rig.deliver(ann, rig.now, build(number + 30_000, ann.ssrc), ("198.51.100.1", 667))
        rig.tick()
        assert destination(rig, "ann") == ann.source
    assert abs(bob.heard).max() < 0.001


def build(sequence: int, ssrc: int, kind: int = 0) -> bytes:
    from parley.wire.rtp import build_rtp

    return build_rtp(kind, sequence, sequence * 160, ssrc, b"\x00" * 160)


def test_a_stream_that_moves_to_another_port_is_followed() -> None:
    """A NAT that changed its mapping sends the same stream from elsewhere: followed at once."""
    rig = Rig()
    ann = rig.call("ann")
    rig.run(1)
    ann.source = ("192.0.2.1", 51_111)
    rig.tick()
    assert destination(rig, "ann") == ann.source


@pytest.mark.parametrize(("host", "silence"), [("192.0.2.1", 1.1), ("192.0.2.77", 5.1)])
def test_a_new_sender_takes_over_after_a_silence(host: str, silence: float) -> None:
    """A latched source that has gone gives way to whoever sends now: after a second to another stream of its own host,
    after five to anybody."""
    rig = Rig()
    ann = rig.call("ann")
    rig.run(1)
    ann.talking = False
    rig.run(silence - 0.3)
    rig.deliver(ann, rig.now, build(5, 99), (host, 4))
    rig.tick()
    assert destination(rig, "ann") != (host, 4)
    rig.run(0.3)
    rig.deliver(ann, rig.now, build(6, 99, OPUS.payload_type), (host, 4))
    rig.tick()
    assert destination(rig, "ann") == (host, 4)


def test_who_falls_silent_and_reports_on_is_not_overheard() -> None:
    """A stranger who tries the ports of phones that are muted gets nothing of what they hear."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    rig.run(1)
    ann.talking = False
    report = build_report(1, "x", unix_time=0, timestamp=0, packets=0, octets=0)
    for second in range(30):
        rig.run(1)
        if second % 4 == 0:
            rig.deliver(ann, rig.now, report, (ann.source[0], 40_001))
        for number in range(3):
            rig.deliver(ann, rig.now, build(second * 3 + number, 4242), ("198.51.100.1", 666))
        rig.tick()
        assert destination(rig, "ann") == ann.source


def test_the_address_of_the_sdp_is_no_stranger() -> None:
    """Who was there first with his packets does not keep the port from the phone whose call it is, however IPv6 is
    spelled in its SDP."""
    rig = Rig()
    rig.ports.check_remote = lambda _local, _remote: None  # type: ignore[method-assign]
    media = {"remote_host": "2001:DB8:0::1", "remote_port": 4000, "codec": PCMU}
    assert isinstance(open_leg(rig, "ann", **media), LegOpened)
    leg = rig.engine._legs["ann"]
    for number in range(10):
        stranger = Arrival("ann", False, build(number, 4242), ("2001:db8::bad", 666))
        rig.engine.step(rig.now + number / 50, [stranger])
    assert leg.transport.is_known(("2001:db8::bad", 666))
    rig.engine.step(rig.now + 0.2, [Arrival("ann", False, build(5, 7), ("2001:db8::1", 4000))])
    stranger = Arrival("ann", False, build(11, 4242), ("2001:db8::bad", 666))
    rig.engine.step(rig.now + 0.22, [stranger])
    assert leg.transport.is_known(("2001:db8::1", 4000))


def test_a_new_address_in_the_sdp_is_sent_to_although_the_old_source_still_sends() -> None:
    """Packets still on their way are heard but do not draw the stream back; the new source latches."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"])
    rig.gather()
    ann.say(sine(400, 3, RATE))
    rig.run(1)
    moved = rig.media(ann, remote_host="192.0.2.50", remote_port=5000)
    rig.ask(SetMedia(id=1, leg="ann", media=moved))
    bob.forget()
    rig.run(0.3)
    assert destination(rig, "ann") == ("192.0.2.50", 5000)
    assert heard(bob.heard, 400, RATE)
    ann.source = ("192.0.2.50", 5002)
    rig.run(0.1)
    assert destination(rig, "ann") == ("192.0.2.50", 5002)


def test_the_same_media_again_keeps_the_latch() -> None:
    """A re-INVITE that changes nothing does not send packets to a private address of the SDP."""
    rig = Rig()
    ann = rig.call("ann", remote_host="10.0.0.1", remote_port=9)  # type: ignore[arg-type]
    rig.run(0.1)
    rig.ask(SetMedia(id=1, leg="ann", media=rig.media(ann, remote_host="10.0.0.1", remote_port=9)))
    assert destination(rig, "ann") == ann.source


def test_a_change_of_codec_keeps_the_stream() -> None:
    """After SetMedia both directions speak the new codec with the same SSRC and going-on sequence numbers."""
    rig = Rig()
    ann, bob = rig.calls(["ann", "bob"])
    rig.gather()
    rig.run(1)
    rig.ask(SetMedia(id=1, leg="ann", media=rig.media(ann, codec=PCMU)))
    ann.codec = PCMU
    ann.say(sine(400, 1, RATE))
    bob.say(sine(1100, 1, RATE))
    rig.run(1.2)
    assert heard(bob.heard, 400, RATE)
    assert heard(ann.heard, 1100, RATE)
    packets = [parse_rtp(data) for data in ann.received]
    assert len({packet.ssrc for packet in packets}) == 1
    assert {packet.payload_type for packet in packets} == {OPUS.payload_type, PCMU.payload_type}
    for before, after in itertools.pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1


def test_nothing_is_sent_to_a_peer_on_hold() -> None:
    """sends=False stops packets; afterwards timestamps have gone on with the time."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    rig.run(0.2)
    rig.ask(SetMedia(id=1, leg="ann", media=rig.media(ann, sends=False)))
    count = len(ann.received)
    rig.run(1)
    assert len(ann.received) == count
    rig.ask(SetMedia(id=2, leg="ann", media=rig.media(ann)))
    rig.tick()
    before, after = parse_rtp(ann.received[-2]), parse_rtp(ann.received[-1])
    assert (after.sequence - before.sequence) & 0xFFFF == 1
    assert (after.timestamp - before.timestamp) & 0xFFFFFFFF == 51 * 160


def test_sender_reports_are_sent_every_few_seconds() -> None:
    """RTCP tells what was sent and what was received, to the port above the RTP port, at random intervals."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    reports, times = [], []
    for _ in range(round(60 / 0.02)):
        rig.now += 0.02
        departures = rig.engine.step(rig.now, [])
        reports += [one for one in departures if one.rtcp]
        times += [rig.now] * any(one.rtcp for one in departures)
    gaps = [after - before for before, after in pairwise(times)]
    assert 10 <= len(reports) <= 25
    assert min(gaps) >= 2.05 - 0.02 and max(gaps) <= 6.16 + 0.02
    assert max(gaps) - min(gaps) > 1
    assert reports[0].destination == (ann.source[0], ann.source[1] + 1)
    sender, _ = parse_rtcp(reports[-1].data)
    assert int.from_bytes(sender.body[16:20], "big") == pytest.approx((times[-1] - rig.start) * 50, abs=2)


def test_foreign_payload_types_are_ignored() -> None:
    """Unknown types, and comfort noise where the codec has none, are not decoded and do not latch."""
    rig = Rig()
    ann, bob = rig.call("ann", PCMU), rig.call("bob", OPUS)
    ann.talking = bob.talking = False
    ann.inject(ann.packet(bytes(160), 96))
    bob.inject(bob.packet(b"\x40", 13))
    rig.run(0.1)
    assert rig.dump("ann")["latched"] is None
    assert rig.dump("bob")["latched"] is None
    assert EVENTS not in (13, 96)


def test_older_plan_numbers_are_answered_done() -> None:
    """A plan that comes too late is no error."""
    rig = Rig()
    rig.call("ann")
    rig.plan(talker("ann"), number=9)
    assert rig.ask(SetPlan(id=77, meeting="m", number=9, legs=())) == Done(id=77)
    assert rig.dump("ann")["meeting"] == "m"

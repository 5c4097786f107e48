"""RTCP between a leg and its far end: where it goes, what it tells, and how a stream ends."""

import pytest

from parley.engine.messages import CloseLeg, LegOpened, OpenLeg, SetMedia
from parley.engine.reception import Echo
from parley.engine.transport import Arrival, Departure
from parley.wire.rtp import (
    GOODBYE,
    RECEIVER_REPORT,
    SENDER_REPORT,
    SOURCE_DESCRIPTION,
    ReportBlock,
    build_goodbye,
    build_receiver_report,
    parse_rtcp,
    report_blocks,
    report_interval,
    sender_report_time,
)
from tests.engine.rig import OPUS, PCMU, Caller, Rig
from tests.kit.tones import sine


def reporting(**media: object) -> tuple[Rig, Caller, list[Departure]]:
    """A rig with one caller, and the list that its reports gather on."""
    rig = Rig()
    ann = rig.call("ann", PCMU)
    rig.ask(SetMedia(id=1, leg="ann", media=rig.media(ann, **media)))
    reports: list[Departure] = []
    carry = rig.carry

    def keep(departure: Departure) -> None:
        if 192 <= departure.data[1] <= 223:
            reports.append(departure)
        else:
            carry(departure)

    rig.carry = keep  # type: ignore[method-assign]
    return rig, ann, reports


@pytest.mark.parametrize(
    ("media", "to_rtcp_socket", "port"),
    [
        ({}, True, 40_001),
        ({"rtcp_port": 50_123}, True, 50_123),
        ({"rtcp_mux": True}, False, 40_000),
        ({"rtcp_mux": True, "rtcp_port": 50_123}, False, 40_000),
    ],
)
def test_reports_go_where_the_far_end_wants_them(media: dict[str, object], to_rtcp_socket: bool, port: int) -> None:
    """The next port, the one told (RFC 3605), or the RTP port and socket (RFC 5761)."""
    rig, ann, reports = reporting(**media)
    ann.talking = False
    rig.run(8)
    assert reports
    assert {(report.rtcp, report.destination) for report in reports} == {(to_rtcp_socket, (ann.source[0], port))}


def test_a_port_told_does_not_hold_behind_a_nat() -> None:
    """Where packets come from elsewhere than the SDP said, its RTCP port is as little worth as its RTP port."""
    rig, ann, reports = reporting(rtcp_port=50_123)
    ann.source = ("192.0.2.99", 61_000)
    rig.run(8)
    assert reports[-1].destination == ("192.0.2.99", 61_001)


@pytest.mark.parametrize("lost", [0, 1, 5])
def test_what_did_not_come_is_reported(lost: int) -> None:
    """Fraction since the last report, the total, the highest number, and the sender's own report echoed."""
    rig, ann, reports = reporting()
    ann.sequence = 65_500
    rig.run(7)
    reports.clear()
    received = rig.dump("ann")["packets_received"]
    for _ in range(lost):
        ann.packet(bytes(160))
        ann.timestamp += 160
    rig.run(7)
    blocks = [block for report in reports for packet in parse_rtcp(report.data) for block in report_blocks(packet)]
    assert [block.cumulative_lost for block in blocks][-1] == lost
    assert (sum(block.fraction_lost for block in blocks) > 0) == (lost > 0)
    assert blocks[-1].ssrc == ann.ssrc
    assert blocks[-1].highest_sequence > 65_536  # extended over the turn
    assert isinstance(received, int)


def test_a_report_names_its_sender_and_measures_the_way() -> None:
    """SR with CNAME in one compound; the far end's block on it gives the round trip and its loss of our packets."""
    rig, ann, reports = reporting()
    rig.run(7)
    sender, description = parse_rtcp(reports[-1].data)
    assert (sender.packet_type, description.packet_type) == (SENDER_REPORT, SOURCE_DESCRIPTION)
    told = sender_report_time(sender)
    assert told is not None
    while len(reports) < 4:  # the very moment it was sent is known after its tick only
        rig.tick()
    told = sender_report_time(parse_rtcp(reports[-1].data)[0])
    assert told is not None
    rig.run(0.5)
    block = ReportBlock(sender.ssrc, 26, 40, 0, 80, told, int(0.38 * 65536))  # 0.5 s later, of which it held it 0.38
    data = build_receiver_report(ann.ssrc, "ann", block)
    arrival = Arrival("ann", True, data, (ann.source[0], 40_001))
    rig.engine._legs["ann"].receive(rig.now, arrival)
    rig.run(1)
    found = rig.told_statistics("ann")
    assert found.round_trip_ms == pytest.approx(120, abs=1)
    assert (found.far_lost, found.far_loss_percent) == (40, pytest.approx(10.2, abs=0.1))
    assert found.far_jitter_ms == pytest.approx(10)


def test_a_block_on_a_report_that_was_never_sent_measures_nothing() -> None:
    """Nor does one on another's stream."""
    echo = Echo()
    echo.sent(5.0, 77)
    for ssrc, last in ((1, 78), (2, 77), (1, 0)):
        data = build_receiver_report(9, "x", ReportBlock(ssrc, 0, 0, 0, 0, last, 0))
        echo.hear(6.0, parse_rtcp(data)[0], 1)
    assert echo.round_trip is None


def test_who_only_listens_is_still_reported_on() -> None:
    """A leg that we may not send to gets receiver reports for what it sends (RFC 3264 section 8.4: RTCP goes on)."""
    rig, _, reports = reporting(sends=False)
    rig.run(8)
    assert [packet.packet_type for packet in parse_rtcp(reports[-1].data)] == [RECEIVER_REPORT, SOURCE_DESCRIPTION]


def test_a_stream_ends_with_a_goodbye() -> None:
    """A closed leg's last packet is RTCP with BYE, sent before its port is given back."""
    rig, ann, _ = reporting()
    rig.run(1)
    rig.ask(CloseLeg(id=9, leg="ann"))
    (last,) = rig.ports.last_words
    kinds = [packet.packet_type for packet in parse_rtcp(last.data)]
    assert kinds == [RECEIVER_REPORT, SOURCE_DESCRIPTION, GOODBYE]
    assert last.destination == (ann.source[0], 40_001) and last.rtcp
    silent = Rig()
    opened = silent.ask(OpenLeg(id=1, leg="b", local="192.0.2.200", media=silent.media(ann)))
    assert isinstance(opened, LegOpened)
    silent.ask(CloseLeg(id=2, leg="b"))
    assert silent.ports.last_words == []  # it never began


def test_intervals_are_random_within_their_bounds() -> None:
    """RFC 3550 A.7 for two members and the usual minimum."""
    assert report_interval(0.0) == pytest.approx(2.05, abs=0.01)
    assert report_interval(1.0) == pytest.approx(6.16, abs=0.01)
    assert len(build_goodbye(1, "abc")) % 4 == 0


def test_loss_told_by_one_listener_protects_the_shared_encode() -> None:
    """The shared encode expects the loss of whoever of its listeners loses most."""
    rig = Rig()
    ann, bob, carl = rig.calls(["ann", "bob", "carl"], OPUS)
    rig.gather()
    carl.say(sine(300, 3, 48_000))
    rig.run(1)
    block = ReportBlock(int(str(rig.dump("ann")["ssrc_out"])), 30, 5, 100, 0)
    data = build_receiver_report(ann.ssrc, "ann", block)
    rig.engine._legs["ann"].receive(rig.now, Arrival("ann", True, data, (ann.source[0], 40_001)))
    rig.run(1)
    shared = rig.engine._meetings["m"]._groups["main"].shared
    assert shared._losses == {"opus": 10}
    assert bob.received

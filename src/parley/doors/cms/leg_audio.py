"""How a leg's sound fares, in the dialect's words (cms-api 2.8, 4.1). Pure."""

from __future__ import annotations

from ...app.live import LiveLeg
from ...app.ports import MediaStatistics
from ...core.quality import LossRuns, QualitySummary, QualityWindow, share
from ...core.quality import alarms as raised_alarms
from .xml import Node

ALARMS = ("packetLoss", "excessiveJitter", "highRoundTripTime")
CODECS = {"pcmu": "g711u", "pcma": "g711a", "g722": "g722", "opus": "opus"}


def audio(numbers: MediaStatistics, lately: QualityWindow | None, seconds: float) -> list[Node]:
    """Of the last few seconds; before the first window averages over the leg's time so far."""
    codec = CODECS.get(numbers.codec, numbers.codec)
    loss = loss_percent(numbers) if lately is None else lately.loss_percent
    incoming, outgoing = numbers.bytes_received, numbers.bytes_sent
    if lately is not None:
        incoming, outgoing, seconds = lately.bytes_received, lately.bytes_sent, lately.seconds
    received = [
        Node("codec", codec),
        Node("packetLossPercentage", f"{loss:.1f}"),
        Node("jitter", str(round(numbers.jitter_ms))),
        Node("bitRate", str(bit_rate(incoming, seconds))),
    ]
    if numbers.gain:
        received.append(Node("gainApplied", f"{numbers.gain:.1f}"))
    if numbers.losses.gaps or numbers.losses.bursts:  # something has come
        received.append(packet_statistics(numbers.losses))
    sent = [Node("codec", codec)]
    if numbers.round_trip_ms is not None:  # the far end reports on what it hears
        sent.append(Node("packetLossPercentage", f"{numbers.far_loss_percent:.1f}"))
        sent.append(Node("jitter", str(round(numbers.far_jitter_ms))))
    sent.append(Node("bitRate", str(bit_rate(outgoing, seconds))))
    if numbers.round_trip_ms is not None:
        sent.append(Node("roundTripTime", str(round(numbers.round_trip_ms))))
    return [Node("rxAudio", tuple(received)), Node("txAudio", tuple(sent))]


def loss_percent(numbers: MediaStatistics) -> float:
    return share(numbers.packets_lost, numbers.packets_received)


def bit_rate(octets: int, seconds: float) -> int:
    """Bits per second."""
    return int(octets * 8 / seconds) if seconds > 0 else 0


def alarms(leg: LiveLeg) -> list[str]:
    """Those of the last few seconds; before the first window those of the leg's time so far."""
    numbers = leg.statistics
    if numbers is None:
        return []
    window = leg.quality or QualityWindow(
        seconds=leg.seconds,
        received=numbers.packets_received,
        lost=numbers.packets_lost,
        jitter_ms=numbers.jitter_ms,
        round_trip_ms=numbers.round_trip_ms,
    )
    return [name for name, raised in zip(ALARMS, raised_alarms(window), strict=True) if raised]


def fared(quality: QualitySummary | None) -> tuple[Node, ...]:
    """Alarms with their share of the leg's time, the codec each way, and how what came was lost."""
    if quality is None:
        return ()
    raised = (quality.loss_alarm_seconds, quality.jitter_alarm_seconds, quality.round_trip_alarm_seconds)
    nodes = [
        Node("alarm", None, (("type", name), ("durationPercentage", f"{100 * seconds / quality.seconds:.1f}")))
        for name, seconds in zip(ALARMS, raised, strict=True)
        if seconds > 0
    ]
    codec = Node("codec", CODECS.get(quality.codec, quality.codec))
    received = (codec,) if quality.losses is None else (codec, packet_statistics(quality.losses))
    return (*nodes, Node("rxAudio", received), Node("txAudio", (codec,)))


def packet_statistics(losses: LossRuns) -> Node:
    """Means: how many seconds a burst of loss and a gap between two took, and the share of packets lost in each."""
    return Node(
        "packetStatistics",
        (
            _run("packetLossBursts", losses.burst_seconds, losses.burst_density),
            _run("packetGap", losses.gap_seconds, losses.gap_density),
        ),
    )


def _run(name: str, seconds: float, density: float) -> Node:
    return Node(name, (Node("duration", f"{seconds:.3f}"), Node("density", f"{density:.2f}")))

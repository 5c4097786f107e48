"""A phone's leg goes from one worker to another: its sockets, and with them all that makes its streams go on.

What is not carried along begins anew, as after a re-negotiation of the codec: jitter buffer, decoder and encoder. What
plays and what it hears in a meeting, control and its plan say. Times are CLOCK_MONOTONIC, the same for all processes.
"""

from __future__ import annotations

import random

import msgspec

from parley.engine.digits import Presses
from parley.engine.leg import Leg
from parley.engine.messages import LegMedia, LossRuns, StreamState
from parley.engine.sound import TICK_MS
from parley.engine.transport import PortTransport, with_agreed_keys


class LegState(msgspec.Struct, frozen=True, kw_only=True):
    """One leg, from worker to worker of the same version."""

    leg: str
    local: str
    port: int
    media: LegMedia
    stream: StreamState
    ssrc: int
    sequence: int
    timestamp: int
    stepped_at: float  # when the timestamp was last moved on
    in_silence: bool
    sent: tuple[int, int]  # packets, octets of payload
    sealed: tuple[int, int]  # highest extended sequence number by SRTP, reports by SRTCP
    received: tuple[int, int, int]  # packets, octets, lost
    losses: LossRuns
    concealed_ms: int
    pausing: bool  # it said that it would fall silent
    presses: Presses
    keys: tuple[tuple[str, int], ...]  # to be pressed for the far end
    last_life: float
    told_dead: bool

    def __repr__(self) -> str:
        return f"LegState(leg={self.leg!r})"


_decoder = msgspec.msgpack.Decoder(LegState)


def packed(leg: Leg, transport: PortTransport, local: str, stepped_at: float) -> bytes:
    """All there is to tell of a leg."""
    outgoing, reception = leg.outgoing, leg.reception
    state = LegState(
        leg=leg.name,
        local=local,
        port=transport.port,
        media=leg.media,
        stream=transport.stream(),
        ssrc=outgoing.ssrc,
        sequence=outgoing.sequence,
        timestamp=outgoing.timestamp,
        stepped_at=stepped_at,
        in_silence=outgoing.in_silence,
        sent=(outgoing.packets, outgoing.octets),
        sealed=transport.sealed(),
        received=(reception.packets, reception.octets, reception.lost),
        losses=reception.runs(leg.receiver.packet_ms),
        concealed_ms=leg.concealed_ms,
        pausing=leg.receiver.is_pausing,
        presses=leg.digits.presses(),
        keys=leg.keys.waiting,
        last_life=leg.last_life,
        told_dead=leg.told_dead,
    )
    return msgspec.msgpack.encode(state)


def unpacked(data: bytes) -> LegState:
    """Raises ValueError."""
    return _decoder.decode(data)


def revived(state: LegState, now: float, dice: random.Random) -> Leg:
    """The leg, to be stepped within a tick from `now`."""
    media = with_agreed_keys(state.media, state.stream.agreed)
    transport = PortTransport(state.leg, state.port, media)
    transport.resume(state.stream, now)
    transport.seal_on(state.ssrc, *state.sealed)
    leg = Leg(state.leg, transport, media, now, dice)
    outgoing = leg.outgoing
    outgoing.ssrc, outgoing.sequence, outgoing.timestamp = state.ssrc, state.sequence, state.timestamp
    outgoing.packets, outgoing.octets = state.sent
    outgoing.in_silence = state.in_silence
    leg.reception.carry_on(*state.received, state.losses)
    if state.pausing:
        leg.receiver.begin_pausing()
    leg.carry_on(now, state.concealed_ms, state.last_life, state.told_dead)
    leg.digits.restore(state.presses)
    leg.keys.carry_on(state.keys)
    leg.pass_over(max(int((now - state.stepped_at) * 1000 / TICK_MS), 0))
    return leg

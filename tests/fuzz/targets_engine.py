"""Targets for what reaches a media worker: datagrams of phones and browsers, and the channel of control."""

from __future__ import annotations

import contextlib

import msgspec

from parley.engine import messages
from parley.engine.messages import Codec, Framer, LegMedia, LegPlan, OpenLeg, SetPlan
from parley.engine.transport import Arrival
from parley.wire.rtp import build_rtp
from tests.engine.rig import OPUS, PCMU, Rig, talker
from tests.engine.web_rig import WebRig
from tests.fuzz.target import target

SOURCE = ("192.0.2.77", 4000)
STUN = b"\0\1\0\x08!\x12\xa4B" + b"t" * 12 + b"\0\6\0\3a:b\0"
HELLO = b"\x16\xfe\xff" + bytes(8) + b"\0\x20\1" + bytes(31)


@target("phone-datagrams", "engine.leg", "engine.receiver", "engine.reception", "engine.digits", seeds=(
    build_rtp(0, 1, 160, 3, b"\xff" * 160), build_rtp(101, 2, 160, 3, b"\1\x0a\0\xa0"),
    build_rtp(111, 3, 960, 3, b"\xf8\xff\xfe"), b"\x81\xc8\0\x0c" + bytes(48), build_rtp(13, 1, 2, 3, b"\x40"),
))  # fmt: skip
def phone_datagrams(data: bytes) -> None:
    """Datagrams of any bytes, cut by their first byte, leave a leg of each codec that still is sent sound."""
    rig = Rig()
    callers = [rig.call("ann", PCMU), rig.call("bob", OPUS)]
    rig.plan(talker("ann"), talker("bob"))
    size = 1 + (data[0] if data else 0)
    for caller in callers:
        for at in range(1, min(len(data), 40 * size), size):
            rig.deliver(caller, rig.now, data[at : at + size])
        for one in (data, data[:12] + data):
            rig.deliver(caller, rig.now, one)
    before = [len(caller.received) for caller in callers]
    rig.run(0.06)
    assert all(len(caller.received) > count for caller, count in zip(callers, before, strict=True))


@target(
    "browser-datagrams",
    "engine.browsers",
    "engine.ice",
    "engine.dtls",
    "engine.srtp",
    seeds=(STUN, HELLO, build_rtp(111, 1, 2, 3, b"x" * 30)),
)
def browser_datagrams(data: bytes) -> None:
    """STUN, DTLS or SRTP of any bytes from a stranger changes nothing for anybody and raises nothing."""
    rig = WebRig()
    rig.browse("ann")
    rig.engine.step(rig.now, [Arrival("", False, data, SOURCE, 0), Arrival("", False, data[::-1], SOURCE, 1)])
    while rig.engine.negotiate(rig.now):
        pass
    rig.engine.step(rig.now + 0.02, [])


PLAN = SetPlan(id=1, meeting="m", number=1, legs=(LegPlan(leg="a", echo_ms=1000),))
OPEN = OpenLeg(id=2, leg="a", local="127.0.0.1", media=LegMedia(
    remote_host="127.0.0.1", remote_port=4000, codec=Codec(name="pcmu", payload_type=0, clock_rate=8000)))  # fmt: skip


@target("engine-channel", "engine.messages", seeds=(
    messages.encode(PLAN), messages.encode(OPEN) + messages.encode(PLAN), messages.encode(messages.Done(id=3)),
    b"\0\0\0\x06\x81\xa3typ\xa4",
))  # fmt: skip
def engine_channel(data: bytes) -> None:
    """The same frames however reads are cut; a body is a message that is written as it was read, or refused."""

    def bodies(step: int) -> list[bytes]:
        framer, found = Framer(), []
        with contextlib.suppress(ValueError):
            for at in range(0, len(data), step):
                found += framer.feed(data[at : at + step])
        return found

    for body in [*bodies(1 + len(data) % 5), data]:
        for decode in (messages.decode_request, messages.decode_reply):
            with contextlib.suppress(msgspec.DecodeError):
                read = decode(body)
                written = messages.encode(read)
                assert messages.encode(decode(written[4:])) == written  # bytes: a number that is none equals nothing

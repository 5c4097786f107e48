"""A leg goes from one engine to another, or is opened again where its engine died: streams and SRTP go on."""

from __future__ import annotations

import itertools

import pytest

from parley.engine.messages import (
    CloseLeg,
    Done,
    Failed,
    GiveLeg,
    LegOpened,
    MediaDead,
    OpenLeg,
    SetPlan,
    Statistics,
    StreamState,
    TakeLeg,
)
from parley.engine.srtp import SUITES, Inbound, Outbound, PhoneSrtp
from parley.wire.rtp import build_rtp, parse_rtp
from tests.engine.rig import PCMU, FakePorts, Rig, talker
from tests.engine.test_phone_dtls import DtlsRig
from tests.engine.test_phone_srtp import GCM, LONG, SHORT, SecureRig, keys_of
from tests.kit.tones import heard, sine

SSRC = 77


def pair_of(first: Rig, second: Rig) -> None:
    """Each can give legs to the other, by the names of their places."""
    for rig, other, place in ((first, second, "second"), (second, first, "first")):
        assert isinstance(rig.ports, FakePorts) and isinstance(other.ports, FakePorts)
        rig.ports.peers[place] = other.ports


def packets(first: int, count: int) -> list[bytes]:
    """RTP whose sequence numbers are counted over their turns."""
    return [build_rtp(0, number & 0xFFFF, 0, SSRC, b"voice") for number in range(first, first + count)]


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("last", [5, 65_535, 65_536, 70_000, 3_000_000, 66 * 65_536 + 32_768])
def test_srtp_goes_on_however_often_the_number_has_turned(suite: str, last: int) -> None:
    """A new session that is told how far the one before was goes on in both directions: what comes next is authentic,
    what went out before is not protected a second time; a session that is not told fails after the first turn."""
    keys = keys_of(suite, 3)
    far = Outbound(SUITES[suite], keys.theirs)
    far.seal_on(SSRC, last, 0)
    again, fresh = PhoneSrtp(keys), PhoneSrtp(keys)
    again.hear_on({SSRC: last})
    for sent, data in ((plain, far.close(plain)) for plain in packets(last + 1, 300)):
        assert again.open(data) == sent
        assert (fresh.open(data) == sent) is (last < 65_535 - 300)
    assert again.heard() == {SSRC: last + 300}
    ears = Inbound(SUITES[suite], keys.ours)
    ears.hear_on({SSRC: last})
    again.seal_on(SSRC, last, 4)
    assert again.sealed == (last, 4)
    for plain in packets(last + 1, 300):
        assert ears.open(again.close(plain)) == plain


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("last", [3, 300, 65_540, 3_000_000])
def test_a_copy_of_what_was_heard_before_is_refused_by_the_next_session(suite: str, last: int) -> None:
    """Whoever has recorded the last seconds cannot play them to the worker that goes on; what comes next is heard."""
    keys = keys_of(suite, 3)
    far, before, after = Outbound(SUITES[suite], keys.theirs), PhoneSrtp(keys), PhoneSrtp(keys)
    first = max(0, last - 400)
    far.seal_on(SSRC, first - 1, 0)
    before.hear_on({SSRC: first - 1} if first else {})
    copies = [far.close(plain) for plain in packets(first, last - first + 1)]
    assert None not in [before.open(data) for data in copies]
    after.hear_on(before.heard())
    assert [data for data in copies if after.open(data) is not None] == []
    (following,) = packets(last + 1, 1)
    assert after.open(far.close(following)) == following


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("count", [1, 200])
def test_a_copy_of_a_report_is_refused_by_the_next_session(suite: str, count: int) -> None:
    """A recorded report is no sign of life, and tells nothing; the next one does."""
    keys = keys_of(suite, 3)
    far, before, after = Outbound(SUITES[suite], keys.theirs), PhoneSrtp(keys), PhoneSrtp(keys)
    report = b"\x80\xc9\0\1" + SSRC.to_bytes(4, "big")
    copies = [far.close_report(report) for _ in range(count)]
    assert {before.open(data) for data in copies} == {report}
    after.hear_on(before.heard(), before.reports())
    assert {after.open(data) for data in copies} == {None}
    following = far.close_report(report)
    assert (after.open(following), after.open(following)) == (report, None)
    last = PhoneSrtp(keys)
    last.hear_on(after.heard(), after.reports())
    assert last.open(following) is None and last.open(far.close_report(report)) == report


def test_no_report_is_protected_by_a_counter_that_was_used() -> None:
    """SRTCP carries its counter: the fifth report of the stream is the fifth, in whatever session."""
    before, after = PhoneSrtp(keys_of(LONG, 3)), PhoneSrtp(keys_of(LONG, 3))
    report = b"\x80\xc9\0\1" + SSRC.to_bytes(4, "big")
    indices = [before.close_report(report)[8:12] for _ in range(4)]
    after.seal_on(SSRC, 10, 4)
    assert after.close_report(report)[8:12] == before.close_report(report)[8:12] not in indices


@pytest.mark.parametrize("suite", [None, LONG, SHORT, GCM])
def test_a_leg_goes_on_in_another_engine(suite: str | None) -> None:
    """Its SSRC, numbers and timestamps, its counts, its key presses and what its far end can decrypt; a meeting that
    named it before it came has it then, and nothing of it stays behind."""
    first, second = SecureRig(), SecureRig()
    pair_of(first, second)
    caller = first.call("ann", PCMU) if suite is None else first.call_by_srtp("ann", PCMU, keys_of(suite, 2)).caller
    bob = second.call("bob", PCMU)
    first.run(1.0)
    second.run(1.0)
    before = first.dump("ann")
    plan = SetPlan(id=1, meeting="m", number=1, legs=(talker("ann"), talker("bob")))
    assert second.ask(plan) == Done(id=1)
    assert first.ask(GiveLeg(id=2, leg="ann", to="second")) == Done(id=2)
    assert isinstance(first.ask(CloseLeg(id=3, leg="ann")), Done) and "ann" not in first.engine.dump()["legs"]
    assert second.ask(TakeLeg(id=4, leg="ann")) == LegOpened(id=4, port=before["port"])
    caller.rig = second
    second.callers["ann"] = caller
    if suite is not None:
        second.secure["ann"] = first.secure["ann"]
    heard_before = len(caller.received)
    caller.say(sine(900, 3.0, 48_000))
    bob.say(sine(440, 3.0, 48_000))
    second.run(2.0)
    after = second.dump("ann")
    assert [after[name] for name in ("ssrc_out", "latched", "port")] == [
        before[name] for name in ("ssrc_out", "latched", "port")
    ]
    assert after["packets_received"] > before["packets_received"] + 95 and after["packets_lost"] == 0
    if suite is not None:
        assert first.secure["ann"].refused == 0
    out = [parse_rtp(data) for data in caller.received]
    assert len(out) > heard_before + 95
    assert {(b.sequence - a.sequence) & 0xFFFF for a, b in itertools.pairwise(out)} == {1}
    assert heard(bob.heard[-24_000:], 900, 48_000) and heard(caller.heard[-24_000:], 440, 48_000)


@pytest.mark.parametrize("suite", SUITES)
def test_a_recording_of_a_call_is_nothing_to_the_engine_that_goes_on_with_it(suite: str) -> None:
    """Whoever has recorded the packets on their way is not heard, not counted, and no sign of life; the phone is."""
    first, second = SecureRig(), SecureRig(dead_after_ms=1000)
    pair_of(first, second)
    caller = first.call_by_srtp("ann", PCMU, keys_of(suite, 2)).caller
    protected, recorded = caller.network, list[bytes]()

    def overheard(data: bytes, at: float) -> list[tuple[float, bytes]]:
        arrivals = protected(data, at)
        recorded.extend(one for _, one in arrivals)
        return arrivals

    caller.network = overheard
    first.run(2.0)
    second.run(2.0)
    assert first.ask(GiveLeg(id=2, leg="ann", to="second")) == Done(id=2)
    assert isinstance(second.ask(TakeLeg(id=4, leg="ann")), LegOpened)
    counted, copies = second.dump("ann")["packets_received"], list(recorded)
    second.callers["ann"], second.secure["ann"], caller.rig = caller, first.secure["ann"], second
    caller.talking = False
    for copy in copies:
        second.deliver(caller, second.now, copy)
    second.run(1.5)
    assert second.dump("ann")["packets_received"] == counted > 90
    assert [told.leg for told in second.told_of(MediaDead)] == ["ann"]
    caller.talking = True
    second.run(1.0)
    assert second.dump("ann")["packets_received"] > counted + 45


def test_who_announced_a_silence_is_waited_for_in_another_engine_too() -> None:
    """A phone that sent comfort noise, and nothing since, is not taken for dead where it went."""
    first, second = Rig(dead_after_ms=1000), Rig(dead_after_ms=1000)
    pair_of(first, second)
    ann = first.call("ann", PCMU)
    first.run(0.5)
    second.run(0.5)
    ann.talking = False
    ann.inject(ann.packet(b"\x40", 13))
    first.run(0.5)
    second.run(0.5)
    assert first.ask(GiveLeg(id=2, leg="ann", to="second")) == Done(id=2)
    assert isinstance(second.ask(TakeLeg(id=4, leg="ann")), LegOpened)
    second.callers["ann"] = ann
    second.run(3)
    assert second.told_of(MediaDead) == []
    second.run(10)
    assert len(second.told_of(MediaDead)) == 1


def test_what_cannot_be_read_of_a_leg_holds_nothing() -> None:
    """Its sockets are closed, so that it can be opened again there; the others that came with it are taken."""
    first, second = Rig(), Rig()
    pair_of(first, second)
    first.call("ann", PCMU)
    first.call("bob", PCMU)
    for name in ("ann", "bob"):
        assert first.ask(GiveLeg(id=2, leg=name, to="second")) == Done(id=2)
    second.ports.given[0] = ("ann", b"torn")
    answer = second.ask(TakeLeg(id=4, leg="ann"))
    assert isinstance(answer, Failed) and answer.code == "unknown-leg"
    assert list(second.ports.open_legs) == ["bob"]
    assert isinstance(second.ask(TakeLeg(id=4, leg="bob")), LegOpened)


def test_what_cannot_be_given_stays() -> None:
    """To a worker that is not there, or a leg that is not; and what nobody gave cannot be taken."""
    rig = Rig()
    rig.call("ann", PCMU)
    for request, code in (
        (GiveLeg(id=1, leg="ann", to="nowhere"), "not-taken"),
        (GiveLeg(id=1, leg="bob", to="nowhere"), "unknown-leg"),
        (TakeLeg(id=1, leg="bob"), "unknown-leg"),
    ):
        answer = rig.ask(request)
        assert isinstance(answer, Failed) and answer.code == code
    rig.run(0.2)
    assert rig.dump("ann")["packets_received"] > 0


def test_a_leg_is_opened_again_on_its_port_and_sends_where_its_packets_came_from() -> None:
    """At once, before anything has come; a port that is taken is not replaced by another one."""
    first, second = Rig(), Rig()
    caller = first.call("ann", PCMU)
    first.run(1.0)
    port, media = first.dump("ann")["port"], first.media(caller)
    stream = StreamState(source=("198.51.100.7", 4000), reports_from=None)
    opened = second.ask(OpenLeg(id=1, leg="ann", local="192.0.2.1", media=media, port=port, stream=stream))
    assert opened == LegOpened(id=1, port=port)
    departures = second.engine.step(1.0, [])
    assert [(departure.destination, departure.rtcp) for departure in departures] == [(("198.51.100.7", 4000), False)]
    answer = second.ask(OpenLeg(id=2, leg="bob", local="192.0.2.1", media=media, port=port))
    assert isinstance(answer, Failed) and answer.code == "no-port"


@pytest.mark.parametrize("how", ["handed over", "opened again"])
def test_keys_of_a_handshake_go_along(how: str) -> None:
    """A phone that agreed its keys by DTLS goes on by them in another engine, also after a re-INVITE that tells of the
    same certificate; before they are agreed it cannot be given."""
    first, second = DtlsRig(), DtlsRig()
    second.engine._dice.seed(8)  # each process has streams of its own, or a counter would meet its key twice
    pair_of(first, second)
    phone = first.call_by_dtls("ann", active=True, mux=True)
    early = first.ask(GiveLeg(id=1, leg="ann", to="second"))
    assert isinstance(early, Failed) and early.code == "not-taken"
    phone.begin()
    first.run(2.0)
    second.run(2.0)
    told = first.told_of(Statistics)[-1].streams["ann"]
    assert told.agreed is not None and told.agreed.fingerprint == phone.certificate.fingerprint
    before = first.dump("ann")
    if how == "handed over":
        assert first.ask(GiveLeg(id=2, leg="ann", to="second")) == Done(id=2)
        assert second.ask(TakeLeg(id=3, leg="ann")) == LegOpened(id=3, port=before["port"])
        assert second.dump("ann")["ssrc_out"] == before["ssrc_out"]
    else:
        media = first.media(phone.caller, dtls=first.remote(phone), rtcp_mux=True)
        request = OpenLeg(id=3, leg="ann", local="192.0.2.200", media=media, port=before["port"], stream=told)
        assert second.ask(request) == LegOpened(id=3, port=before["port"])
    bob = second.call("bob", PCMU)
    second.callers["ann"], second.phones["ann"] = phone.caller, phone
    phone.caller.rig = phone.rig = second
    second.gather("ann", "bob")
    assert isinstance(second.describe(phone), Done)
    phone.caller.say(sine(900, 3.0, 48_000))
    bob.say(sine(440, 3.0, 48_000))
    second.run(2.0)
    assert heard(bob.heard[-24_000:], 900, 48_000) and heard(phone.caller.heard[-24_000:], 440, 48_000)
    other = second.describe(phone, dtls=second.remote(phone, ":".join(["AB"] * 32)))
    assert isinstance(other, Failed) and other.code == "bad-request"

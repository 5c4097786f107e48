"""Browsers on the shared port, on the virtual clock: paths, handshakes, and what strangers cannot do."""

from __future__ import annotations

import random
import time

import pytest

from parley.engine import messages
from parley.engine.browsers import MOST_HANDSHAKES, STRANGERS_PER_TICK
from parley.engine.dtls import DATAGRAM, cut
from parley.engine.ice import MOST_ROUTES
from parley.engine.leg import Leg
from parley.engine.messages import Failed, MediaDead, MediaReady
from parley.wire import stun
from parley.wire.rtp import build_rtp, parse_rtp
from tests.engine.rig import PCMU
from tests.engine.web_rig import WEB_ADDRESSES, Browser, Certificate, WebRig
from tests.kit.tones import heard, level, longest_hole, sine

RATE = 48_000
ELSEWHERE = ("203.0.113.77", 4444)


def leg(rig: WebRig, browser: Browser) -> Leg:
    return rig.engine._legs[browser.name]


def state(rig: WebRig, browser: Browser) -> tuple[object, object]:
    """Everything of one leg's path that a stranger must not change."""
    dump = rig.dump(browser.name)
    return dump["ice"], dump["dtls"]


# --- coming in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [b"SRTP_AEAD_AES_128_GCM", b"SRTP_AES128_CM_SHA1_80"])
def test_browsers_and_phones_hear_one_another(profile: bytes) -> None:
    """By either protection profile; a browser's leg is a leg like any other."""
    rig = WebRig()
    ann, bob = rig.browse("ann", profiles=profile), rig.browse("bob")
    phone = rig.call("phone", PCMU)
    rig.gather()
    rig.connect(ann, bob)
    ann.say(sine(440, 1.0, RATE))
    rig.run(1.5)
    assert heard(bob.heard, 440, RATE) and heard(phone.heard, 440, RATE) and not heard(ann.heard, 440, RATE)
    assert longest_hole(bob.heard, 440, RATE) == 0
    phone.say(sine(620, 1.0, RATE))
    rig.run(1.5)
    assert heard(ann.heard, 620, RATE) and heard(bob.heard, 620, RATE)
    assert rig.dump("ann")["dtls"]["profile"] == profile.decode().removeprefix("SRTP_")  # type: ignore[index]


def test_readiness_is_told_once() -> None:
    """When the path is nominated and the keys are agreed; not again for a restart or another page."""
    rig = WebRig()
    ann = rig.browse("ann", nominates=False)
    rig.connect(ann)
    rig.run(1)
    assert rig.told_of(MediaReady) == [] and ann.received == []
    ann.nominates = True
    rig.run(5)
    ann.generation += 1
    rig.change(ann)
    rig.run(5)
    ann.another_page()
    rig.change(ann)
    rig.connect(ann)
    assert [told.leg for told in rig.told_of(MediaReady)] == ["ann"]


def test_the_answer_tells_our_end() -> None:
    """The shared port, all our addresses, fresh credentials for each leg and one fingerprint for the worker's life."""
    rig = WebRig()
    ann, bob = rig.browse("ann"), rig.browse("bob")
    assert ann.local is not None and bob.local is not None
    assert ann.local.port == bob.local.port == 10_000 and ann.local.addresses == WEB_ADDRESSES
    assert ann.local.ufrag != bob.local.ufrag and ann.local.password != bob.local.password
    assert len(ann.local.ufrag) >= 4 and len(ann.local.password) >= 22
    rig.connect(ann)
    assert ann.client.fingerprint == ann.local.fingerprint == bob.local.fingerprint


def test_digits_of_a_browser_are_heard() -> None:
    """RFC 4733 within SRTP."""
    rig = WebRig()
    ann = rig.browse("ann")
    rig.connect(ann)
    ann.inject(*ann.key("7"), *ann.key("#"))
    rig.run(0.2)
    assert [told.digit for told in rig.told_of(messages.DigitHeard)] == ["7", "#"]


def test_without_a_shared_port_browsers_are_refused() -> None:
    """And a worker whose listening addresses are none of this machine's refuses its settings."""
    rig = WebRig()
    ann = Browser(rig, "ann", rig.browse("other").codec, 9)
    bare = type(rig.engine)(rig.ports, rig.engine._prompts, random.Random(1), lambda: 0.0)
    assert bare.handle(messages.Configure(id=1, port_low=20_000, port_high=20_009), 0.0) == messages.Done(id=1)
    answer = bare.handle(messages.OpenLeg(id=2, leg="ann", local="", media=rig.web_media(ann)), 0.0)
    assert isinstance(answer, Failed) and answer.code == "no-port"
    rig.ports.foreign = set(WEB_ADDRESSES)
    lost = type(rig.engine)(rig.ports, rig.engine._prompts, random.Random(1), lambda: 0.0)
    wish = messages.Configure(id=3, port_low=20_000, port_high=20_009, web_listen=WEB_ADDRESSES)
    answer = lost.handle(wish, 0.0)
    assert isinstance(answer, Failed) and answer.code == "bad-address"
    assert not lost.dump()["configured"]


@pytest.mark.parametrize(
    "change",
    [
        {"ufrag": "abc"},
        {"ufrag": "ab:d"},
        {"password": "p" * 21},
        {"fingerprint": "AB:CD"},
        {"setup": "passive"},
        {"level_extension": 0},
    ],
    ids=str,
)
def test_a_far_end_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    """Opening and changing alike, with nothing changed and no password in the text."""
    rig = WebRig()
    ann = rig.browse("ann")
    fields = {name: getattr(ann.remote, name) for name in ann.remote.__struct_fields__} | change
    media = rig.media(ann, remote_host="", remote_port=0, web=messages.WebRemote(**fields))
    for request in (
        messages.OpenLeg(id=7, leg="new", local="", media=media),
        messages.SetMedia(id=8, leg="ann", media=media),
    ):
        answer = rig.ask(request)
        assert isinstance(answer, Failed) and answer.code == "bad-request" and "ppp" not in answer.text
    assert rig.shared()["legs"] == 1
    rig.connect(ann)


def test_a_phones_leg_does_not_become_a_browsers() -> None:
    """Nor the other way."""
    rig = WebRig()
    ann, phone = rig.browse("ann"), rig.call("phone")
    for name, media in (("ann", rig.media(phone)), ("phone", rig.web_media(ann))):
        answer = rig.ask(messages.SetMedia(id=1, leg=name, media=media))
        assert isinstance(answer, Failed) and answer.code == "bad-request"


# --- handshakes -------------------------------------------------------------------------------------------------


def test_another_certificate_than_the_offers_is_refused() -> None:
    """No keys, no sound, and the leg's media is told dead at once."""
    rig = WebRig()
    ann = rig.browse("ann")
    stranger = Certificate()
    ann.client = type(ann.client)(stranger, ann.profiles)
    rig.run(1)
    assert ann.client.failed and not ann.talking
    assert [told.leg for told in rig.told_of(MediaDead)] == ["ann"] and rig.told_of(MediaReady) == []
    assert leg(rig, ann).transport.unwrap(b"\x80" * 100) is None  # type: ignore[attr-defined]
    assert not leg(rig, ann).transport.is_open


@pytest.mark.parametrize("flight", ["hello", "server", "client"])
def test_a_lost_flight_is_sent_again(flight: str) -> None:
    """By whose it is, within the second; the last one below."""
    rig = WebRig()
    ann = rig.browse("ann")
    dropped: list[bytes] = []

    def lose(data: bytes, out: bool) -> bool:
        if not 20 <= data[0] <= 63:
            return False
        begins = data[0] == 22 and data[3:5] == b"\0\0"  # an unencrypted handshake record
        kind = data[13] if begins else 0
        wanted = {
            "hello": out and kind == 1,
            "server": not out and kind == 2,
            "client": out and (not begins or kind != 1),
        }[flight]
        if wanted and len(dropped) < (6 if flight == "client" else 1):
            dropped.append(data)
            return True
        return False

    ann.lost = lose
    began = rig.now
    rig.connect(ann)
    assert dropped and rig.now - began < 1.0
    rig.run(0.5)
    assert [told.leg for told in rig.told_of(MediaReady)] == ["ann"] and ann.received


def test_a_lost_last_flight_is_sent_again_when_the_browser_repeats_its_own() -> None:
    """We are done by then, so only the browser's timer can tell: OpenSSL's, which runs by the real clock."""
    rig = WebRig()
    ann = rig.browse("ann")
    lost: list[bytes] = []
    ann.lost = lambda data, out: (
        not out and len(lost) < 1 and data[0] in {20, 22} and data[13] != 2 and not lost.append(data)
    )
    for _ in range(20):
        rig.tick()
        ann._next_resend = float("inf")
    assert lost and not ann.talking and rig.dump("ann")["dtls"]["state"] == "done"  # type: ignore[index]
    time.sleep(1.05)
    for data in ann.client.repeat():
        ann.transmit(data)
    rig.connect(ann)


def test_a_handshake_that_never_ends_is_given_up() -> None:
    """After half a minute, without having sent without end meanwhile."""
    rig = WebRig(dead_after_ms=3_600_000)
    ann = rig.browse("ann")
    ann.lost = lambda data, out: 20 <= data[0] <= 63 and not (out and data[0] == 22 and data[13] == 1)
    sent = 0
    for _ in range(50 * 40):
        rig.tick()
        sent += sum(20 <= departure.data[0] <= 63 for departure in rig.departures)
    assert rig.shared()["handshaking"] == 0
    assert [told.leg for told in rig.told_of(MediaDead)] == ["ann"]
    assert 0 < sent < 300


def test_flights_travel_in_datagrams_that_nobody_cuts() -> None:
    """None is over the bound, and each ends where a record ends."""
    rig = WebRig()
    ann = rig.browse("ann")
    rig.connect(ann)
    assert ann.datagrams
    for data in ann.datagrams:
        assert len(data) <= DATAGRAM and cut(data) == [data]


def test_records_are_packed_and_never_cut() -> None:
    """As many whole ones as fit stand together; one over the bound stands alone."""
    records = [bytes([22]) + bytes(10) + size.to_bytes(2, "big") + bytes([7]) * size for size in (500, 500, 500, 1400)]
    assert [len(data) for data in cut(b"".join(records))] == [1026, 513, 1413]
    assert b"".join(cut(b"".join(records))) == b"".join(records)
    assert cut(b"") == [] and cut(records[0][:100]) == []


def test_handshakes_in_progress_are_bounded() -> None:
    """More at once than that wait for their browser's next attempt, and all come in."""
    rig = WebRig()
    browsers = [rig.browse(f"b{number}", certificate=CERTIFICATE) for number in range(MOST_HANDSHAKES + 20)]
    held = True

    def lose(data: bytes, out: bool) -> bool:
        return held and not out and 20 <= data[0] <= 63

    for browser in browsers:
        browser.lost = lose
    rig.run(0.5)
    assert rig.shared()["handshaking"] == MOST_HANDSHAKES
    held = False
    rig.connect(*browsers)
    assert rig.shared()["handshaking"] == 0 and rig.shared()["legs"] == len(browsers)


CERTIFICATE = Certificate()


# --- strangers --------------------------------------------------------------------------------------------------


def test_nothing_from_an_unchecked_address_counts() -> None:
    """Not the browser's own authentic sound, not a handshake, not garbage: no state, no answer, nothing heard."""
    rig = WebRig()
    ann, bob = rig.browse("ann"), rig.browse("bob")
    rig.gather()
    rig.connect(ann, bob)
    rig.run(0.5)
    ann.talking = False
    rig.run(0.5)
    before, received = state(rig, ann), rig.dump("ann")["packets_received"]
    hello = type(ann.client)(Certificate(), ann.profiles).step()[0]
    for number in range(20):
        packet = ann.protect(
            build_rtp(111, ann.sequence + number, ann.timestamp + 960 * number, ann.ssrc, b"\xf8" * 40)
        )
        for data in (packet, hello, bytes([number * 13 % 256]) * 60, b""):
            ann.transmit(data, ELSEWHERE)
        rig.tick()
        assert all(departure.destination != ELSEWHERE for departure in rig.departures)
    assert state(rig, ann) == before and rig.dump("ann")["packets_received"] == received


def test_a_check_without_our_password_binds_nothing() -> None:
    """401 where the integrity is wrong or the name unknown, 400 where there is none; no route, no nomination."""
    rig = WebRig()
    ann = rig.browse("ann", checks=False)
    wrong = [
        (ann.check(nominate=True, password="x" * 24), 401),
        (ann.check(nominate=True, ufrag="somebodyelse"), 401),
        (stun._build(stun.REQUEST, bytes(12), [(stun.USERNAME, b"x" * 40), (0x8022, b"y" * 20)], None), 400),
    ]
    ann.source = ELSEWHERE
    for data, code in wrong:
        ann.responses.clear()
        ann.transmit(data)
        rig.run(0.04)
        assert [response.error_code for response in ann.responses] == [code]
    assert rig.shared()["routes"] == 0 and rig.dump("ann")["ice"]["nominated"] is None  # type: ignore[index]


def test_a_refusal_is_never_longer_than_what_it_answers() -> None:
    """A forged source gains nothing by sending us tiny checks."""
    rig = WebRig()
    ann = rig.browse("ann", checks=False)
    ann.transmit(stun._build(stun.REQUEST, bytes(12), [], None))
    rig.tick()
    assert rig.departures == []


def test_a_check_with_what_we_do_not_understand_is_refused() -> None:
    """420 names it, authentically; nothing is bound."""
    rig = WebRig()
    ann = rig.browse("ann", checks=False)
    assert ann.local is not None
    name = f"{ann.local.ufrag}:{ann.ufrag}".encode()
    password = ann.local.password.encode()
    ann.transmit(stun._build(stun.REQUEST, bytes(12), [(stun.USERNAME, name), (0x0055, b"")], password))
    rig.run(0.04)
    (response,) = ann.responses
    assert response.error_code == 420 and response.attributes[stun.UNKNOWN_ATTRIBUTES] == b"\x00\x55"
    assert rig.shared()["routes"] == 0


def test_a_flood_of_strangers_allocates_nothing_and_is_not_heard() -> None:
    """Forged checks and garbage by the thousand: answers are bounded, the browsers' sound goes on without a hole."""
    rig = WebRig()
    ann, bob = rig.browse("ann"), rig.browse("bob")
    rig.gather()
    rig.connect(ann, bob)
    ann.say(sine(440, 2.5, RATE))
    rig.run(0.5)
    dice = random.Random(3)
    for _ in range(50):
        for number in range(300):
            source = (f"198.51.100.{number % 200}", 1024 + number)
            forged = ann.check(nominate=True, password="w" * 24)
            for data in (forged, forged[:-1], dice.randbytes(dice.randrange(100))):
                ann.transmit(data, source)
        rig.tick()
        strange = [one for one in rig.departures if one.destination[0].startswith("198.51.100.")]
        assert len(strange) <= STRANGERS_PER_TICK
    assert rig.shared()["routes"] == 2 and rig.shared()["waiting"] == 0
    rig.run(0.5)
    assert longest_hole(bob.heard, 440, RATE) == 0


def test_one_leg_cannot_flood_the_others() -> None:
    """What one address sends in a tick is bounded before it costs anything."""
    rig = WebRig()
    ann = rig.browse("ann")
    rig.connect(ann)
    ann.talking = False
    rig.run(0.1)
    before = rig.dump("ann")["packets_received"]
    for number in range(500):
        ann.transmit(ann.protect(build_rtp(111, ann.sequence + number, ann.timestamp, ann.ssrc, b"\xf8\xff\xfe")))
    rig.tick()
    counted = rig.dump("ann")["packets_received"]
    assert isinstance(counted, int) and isinstance(before, int) and 0 < counted - before < 40


def test_an_address_in_use_is_not_taken_away() -> None:
    """A participant who forges checks from another's address gains nothing while the other checks it."""
    rig = WebRig()
    ann, eve = rig.browse("ann"), rig.browse("eve")
    rig.connect(ann, eve)
    before = state(rig, ann)
    for _ in range(100):
        eve.transmit(eve.check(nominate=True), ann.source)
        rig.tick()
    assert state(rig, ann) == before
    ann.checks = ann.talking = False
    rig.run(9)
    ann.lost = lambda data, out: True
    eve.transmit(eve.check(nominate=True), ann.source)  # nobody's any more
    rig.tick()
    assert rig.dump("eve")["ice"]["nominated"] == [0, *ann.source]  # type: ignore[index]


def test_routes_of_one_leg_are_bounded() -> None:
    """Those checked longest ago are forgotten, the nominated one never."""
    rig = WebRig()
    ann = rig.browse("ann")
    rig.connect(ann)
    for number in range(3 * MOST_ROUTES):
        ann.transmit(ann.check(), ("203.0.113.9", 1000 + number))
        rig.tick()
    assert rig.shared()["routes"] == MOST_ROUTES
    assert rig.dump("ann")["ice"]["nominated"] == [0, *ann.source]  # type: ignore[index]


# --- moving -----------------------------------------------------------------------------------------------------


def test_only_a_nominated_check_moves_the_sound() -> None:
    """A check alone makes an address known; what it sends is heard, and what we send goes where it went."""
    rig = WebRig()
    ann, bob = rig.browse("ann"), rig.browse("bob")
    rig.gather()
    rig.connect(ann, bob)
    home = ann.source
    ann.transmit(ann.check(), ELSEWHERE)
    rig.run(0.2)
    assert rig.dump("ann")["ice"]["nominated"] == [0, *home]  # type: ignore[index]
    ann.transmit(ann.check(nominate=True), ELSEWHERE)
    ann.source = ELSEWHERE
    ann.say(sine(440, 1.0, RATE))
    rig.run(1.2)
    assert rig.dump("ann")["ice"]["nominated"] == [0, *ELSEWHERE]  # type: ignore[index]
    assert heard(bob.heard, 440, RATE)
    assert {one.destination for one in rig.departures if one.leg == "ann"} == {ELSEWHERE}


def test_a_restart_keeps_the_stream_and_the_old_path_until_the_new_one_is_used() -> None:
    """New credentials, same keys, same SSRC, sequence numbers that go on, and no hole in what is heard."""
    rig = WebRig()
    ann, bob = rig.browse("ann"), rig.browse("bob")
    rig.gather()
    rig.connect(ann, bob)
    bob.say(sine(440, 6.0, RATE))
    ann.say(sine(620, 6.0, RATE))
    rig.run(1)
    before = ann.local
    assert before is not None
    keys = ann.client.srtp
    ann.checks = False
    ann.generation += 1
    rig.change(ann)
    assert ann.local is not None and ann.local.ufrag != before.ufrag and ann.local.password != before.password
    assert ann.local.fingerprint == before.fingerprint
    ann.transmit(ann.check(local=before, ufrag="farann0", nominate=True))  # the old path is kept alive meanwhile
    rig.run(1)
    assert rig.dump("ann")["ice"]["restarting"] is True  # type: ignore[index]
    ann.source = ELSEWHERE
    ann.transmit(ann.check(nominate=True))
    rig.run(1)
    assert rig.dump("ann")["ice"]["restarting"] is False  # type: ignore[index]
    ann.responses.clear()
    ann.transmit(ann.check(local=before, ufrag="farann0", nominate=True))
    rig.run(0.1)
    assert [response.error_code for response in ann.responses] == [401]  # the old credentials are void now
    packets = [parse_rtp(data) for data in ann.received]
    first = packets[0]
    assert {packet.ssrc for packet in packets} == {first.ssrc}
    assert [packet.sequence for packet in packets] == [(first.sequence + n) & 0xFFFF for n in range(len(packets))]
    assert ann.client.srtp is keys and longest_hole(ann.heard, 440, RATE) == longest_hole(bob.heard, 620, RATE) == 0


def test_another_page_takes_the_leg_over() -> None:
    """A reload: another certificate and port. The former's path and keys are void at once; our stream goes on."""
    rig = WebRig()
    ann, bob = rig.browse("ann"), rig.browse("bob")
    rig.gather()
    rig.connect(ann, bob)
    rig.run(0.5)
    old_source, old_client = ann.source, ann.client
    goodbye(ann)
    rig.run(2)
    ssrc = parse_rtp(ann.received[-1]).ssrc
    ann.another_page()
    rig.change(ann)
    old = old_client.srtp
    assert old is not None
    received = rig.dump("ann")["packets_received"]
    ann.transmit(old.close(build_rtp(111, 7, 7, 7, b"\xf8\xff\xfe")), old_source)
    rig.run(0.04)
    assert rig.dump("ann")["packets_received"] == received
    rig.connect(ann)
    ann.forget()
    bob.say(sine(440, 1.0, RATE))
    ann.say(sine(620, 1.0, RATE))
    rig.run(1.3)
    assert heard(ann.heard, 440, RATE) and heard(bob.heard, 620, RATE)
    assert parse_rtp(ann.received[-1]).ssrc == ssrc and rig.told_of(MediaDead) == []


# --- going ------------------------------------------------------------------------------------------------------


def test_a_goodbye_ends_the_sound_at_once_and_is_death_when_nobody_comes_back() -> None:
    """A page that is loaded again says goodbye too, so the leg waits as long for its next offer as for any sign."""
    rig = WebRig(dead_after_ms=5_000)
    ann = rig.browse("ann")
    rig.connect(ann)
    goodbye(ann)
    rig.run(0.1)
    count = len(ann.received)
    rig.run(4.5)
    assert len(ann.received) == count and rig.told_of(MediaDead) == []
    rig.run(3)
    assert [told.leg for told in rig.told_of(MediaDead)] == ["ann"]


def goodbye(browser: Browser) -> None:
    """The page is closed."""
    browser.talking = False
    browser.client.connection.shutdown()
    for data in browser.client.collect():
        browser.transmit(data)


def test_the_same_certificate_comes_back_after_a_goodbye() -> None:
    """A page may keep its key: a new ufrag is enough then for another handshake."""
    rig = WebRig()
    ann = rig.browse("ann")
    rig.connect(ann)
    kept = ann.certificate
    goodbye(ann)
    rig.run(0.1)
    ann.another_page(kept)
    rig.change(ann)
    rig.connect(ann)
    count = len(ann.received)
    rig.run(1)
    assert len(ann.received) > count + 45 and rig.told_of(MediaDead) == []


def test_closing_a_leg_says_goodbye() -> None:
    """And everything of it is forgotten, also where readiness was about to be told."""
    rig = WebRig()
    ann = rig.browse("ann")
    browsers = rig.engine._browsers
    assert browsers is not None
    while not browsers._news:
        rig.tick()
    for name in ("ann", "nobody", "ann"):
        rig.ask(messages.CloseLeg(id=1, leg=name))
    rig.run(0.1)
    assert ann.client.closed and rig.told == []
    assert rig.shared() | {"dropped": 0} == {
        "port": 10_000,
        "legs": 0,
        "routes": 0,
        "handshaking": 0,
        "waiting": 0,
        "dropped": 0,
    }


def test_without_consent_nothing_is_sent_and_the_leg_is_dead() -> None:
    """No checks for half a minute: the path is given up, even where sound still comes (RFC 7675)."""
    rig = WebRig(dead_after_ms=31_000)
    ann = rig.browse("ann")
    rig.connect(ann)
    rig.run(1)
    ann.checks = False
    rig.run(25)
    count = len(ann.received)
    rig.run(1)
    assert len(ann.received) == count + 50 and rig.told_of(MediaDead) == []
    rig.run(8)
    count = len(ann.received)
    rig.run(3)
    assert len(ann.received) == count
    assert [told.leg for told in rig.told_of(MediaDead)] == ["ann"]


def test_a_browser_that_only_checks_is_alive() -> None:
    """A listener without a microphone, or on hold, sends no sound; one that never comes at all is dead."""
    rig = WebRig(dead_after_ms=5_000)
    ann, never = rig.browse("ann"), rig.browse("never", checks=False)
    rig.connect(ann)
    ann.talking = False
    rig.run(12)
    assert [told.leg for told in rig.told_of(MediaDead)] == ["never"]
    rig.ask(messages.CloseLeg(id=1, leg=never.name))


def test_no_secret_stands_in_a_dump_or_a_repr() -> None:
    """ICE passwords are for the offer and the answer alone."""
    rig = WebRig()
    ann = rig.browse("ann")
    rig.connect(ann)
    assert ann.local is not None
    texts = [str(rig.engine.dump()), repr(ann.local), repr(ann.remote), repr(leg(rig, ann).transport.ice.current)]  # type: ignore[attr-defined]
    for text in texts:
        assert ann.local.password not in text and "p" * 24 not in text


def test_silence_is_sent_to_a_browser_that_hears_nobody() -> None:
    """Its stream never stops while it is in no meeting."""
    rig = WebRig()
    ann = rig.browse("ann")
    rig.connect(ann)
    ann.forget()
    rig.run(1)
    assert 48_000 <= len(ann.heard) <= 49_920 and level(ann.heard, RATE).max() < -80

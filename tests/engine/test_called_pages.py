"""Browsers' legs that begin with an offer of ours: open before anybody has answered, and met by the answer."""

from __future__ import annotations

from itertools import count

from parley.engine.messages import Failed, LegOpened, MediaDead, MediaReady, OpenLeg, WebRemote
from tests.engine.rig import OPUS
from tests.engine.web_rig import Browser, WebRig
from tests.kit.tones import heard, sine

NOBODY = WebRemote(ufrag="", password="", fingerprint="", setup="actpass")


def called(rig: WebRig) -> Browser:
    """A leg that is open for whoever will answer; the browser already knows our offer, and checks its path."""
    browser = Browser(rig, "page", OPUS, 9)
    rig.callers["page"] = browser
    media = rig.web_media(browser, web=NOBODY, sends=False, receives=False)
    answer = rig.ask(OpenLeg(id=next(rig.ids), leg="page", local="", media=media))
    rig.answered(browser, answer)
    return browser


def test_a_check_that_comes_before_the_answer_waits_for_it() -> None:
    """It is neither answered nor refused, so the browser repeats it; with the answer the path stands and is heard."""
    rig = WebRig()
    browser, bob = called(rig), rig.call("bob")
    rig.run(0.5)
    assert browser.responses == [] and not browser.talking
    offered = browser.local
    rig.change(browser)
    assert browser.local == offered  # what was offered stays good
    browser.check_now()
    browser._next_packet = rig.now - rig.start
    rig.connect(browser)
    rig.gather()
    browser.say(sine(440, 2.0, 48_000))
    rig.run(2.0)
    assert heard(bob.heard[-48_000:], 440, 48_000)
    assert [told.leg for told in rig.told_of(MediaReady)] == ["page"]


def test_ringing_is_no_death() -> None:
    """Nobody is expected before the answer; afterwards silence counts from it."""
    rig = WebRig(dead_after_ms=1000)
    browser = called(rig)
    browser.checks = False
    rig.run(3.0)
    assert rig.told_of(MediaDead) == []
    rig.change(browser)
    rig.run(0.9)
    assert rig.told_of(MediaDead) == []
    rig.run(0.4)
    assert [told.leg for told in rig.told_of(MediaDead)] == ["page"]


def test_a_half_described_far_end_is_none() -> None:
    """Everything is known of it, or nothing."""
    rig = WebRig()
    browser = Browser(rig, "page", OPUS, 9)
    numbers = count(50)
    for web in (
        WebRemote(ufrag="", password="p" * 24, fingerprint="", setup="actpass"),
        WebRemote(ufrag="abcd", password="", fingerprint="", setup="actpass"),
        WebRemote(ufrag="", password="", fingerprint="", setup="passive"),
    ):
        request = OpenLeg(id=next(numbers), leg="page", local="", media=rig.web_media(browser, web=web))
        assert isinstance(rig.ask(request), Failed)
    assert isinstance(
        rig.ask(OpenLeg(id=60, leg="page", local="", media=rig.web_media(browser, web=NOBODY))), LegOpened
    )

"""What a browser's socket still has to send, in the order in which it may be sent."""

from __future__ import annotations

from parley.doors.webrtc.outbox import NORMAL, Outbox


def test_the_answer_comes_before_the_last_word_that_it_brings_about() -> None:
    """Whoever ends the meeting is told that it is done, and then that it has ended."""
    outbox = Outbox()
    with outbox.answering():
        outbox.finish("ended")
        assert list(outbox.drain()) == [] and not outbox.empty
        outbox.answer("done")
    assert list(outbox.drain()) == ["done", "ended"]
    assert outbox.empty and outbox.close_code == NORMAL


def test_what_is_shown_meanwhile_is_not_held_back() -> None:
    """Only the last word waits."""
    outbox = Outbox()
    with outbox.answering():
        outbox.show("state", "muted")
        outbox.finish("ended")
        assert list(outbox.drain()) == ["muted"]
    assert outbox.wake.is_set()
    assert list(outbox.drain()) == ["ended"]


def test_who_is_cut_off_is_owed_nothing() -> None:
    """Neither the answer nor the last word."""
    outbox = Outbox()
    with outbox.answering():
        outbox.finish("ended")
        outbox.cut(1008)
    assert outbox.empty and outbox.close_code == 1008

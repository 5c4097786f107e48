"""What is known of a range of ports that is used up."""

import pytest

from parley.app.ports import MediaUnavailable
from parley.backends.engine.no_room import LASTS, NoRoom
from parley.engine import messages as m

FULL = m.Failed(id=1, code="no-port", text="no free pair of ports in 20000-29999")


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_full_range_is_not_searched_again_at_once() -> None:
    """A worker said so: for a second nobody asks for a port at that address; at another one it is asked."""
    time = Time()
    room = NoRoom(time)
    room.check("192.0.2.1")
    room.note("192.0.2.1", FULL)
    with pytest.raises(MediaUnavailable, match="no free pair of ports in 20000-29999"):
        room.check("192.0.2.1")
    room.check("192.0.2.2")
    time.now += LASTS
    room.check("192.0.2.1")


def test_a_port_that_is_given_back_is_room() -> None:
    """Whoever calls next asks for it."""
    room = NoRoom(Time())
    room.note("192.0.2.1", FULL)
    room.forget()
    room.check("192.0.2.1")


def test_other_failures_are_nothing_of_the_kind() -> None:
    """An address that is not ours says nothing about ports."""
    room = NoRoom(Time())
    room.note("192.0.2.1", m.Failed(id=1, code="bad-address", text="not ours"))
    room.check("192.0.2.1")

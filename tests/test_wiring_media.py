"""Where browsers' sound is listened for, and what browsers are told, by the settings."""

from __future__ import annotations

import pytest

from parley.config import Media
from parley.wiring_media import web_listening


@pytest.mark.parametrize(
    ("settings", "listen", "told"),
    [
        ({"web_listen": "127.0.0.1"}, ("127.0.0.1",), ("127.0.0.1",)),
        ({"web_listen": "192.0.2.1,127.0.0.1,2001:db8::1,::1"}, None, ("192.0.2.1", "2001:db8::1")),
        ({"web_listen": "192.0.2.1", "address": "203.0.113.5"}, ("192.0.2.1",), ("203.0.113.5",)),
        ({"web_listen": "192.0.2.1", "address": "203.0.113.5", "web_addresses": "198.51.100.1,203.0.113.5"}, None,
         ("198.51.100.1", "203.0.113.5")),
    ],
)  # fmt: skip
def test_what_browsers_are_told(
    settings: dict[str, str], listen: tuple[str, ...] | None, told: tuple[str, ...]
) -> None:
    """What is set for them, else the address set for phones, else what is listened on, without needless loopback."""
    found = web_listening(Media.model_validate(settings))
    assert found is not None and found.port == 10_000 and found.addresses == told
    assert listen is None or found.listen == listen


def test_by_default_every_address_of_this_machine_is_listened_on() -> None:
    """Each by itself, so that answers leave from the address that was asked; none of them stands for all."""
    found = web_listening(Media())
    assert found is not None and "127.0.0.1" in found.listen
    assert not {"0.0.0.0", "::"} & set(found.listen)
    assert set(found.addresses) <= set(found.listen) and found.addresses


def test_browsers_can_be_turned_off() -> None:
    """By port 0."""
    assert web_listening(Media(web_port=0)) is None

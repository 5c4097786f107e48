"""Guessing locks out who guesses, and not the device whose name or address is misused for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parley.core.secret import Secret
from parley.wire.sip.flow import Flow
from tests.app.floor import Floor, no_errors
from tests.doors.test_sip_registrar import Registry
from tests.kit.sip_wire import SERVER

HOME = Flow("udp", SERVER, ("192.0.2.50", 5062), "udp-r")
ELSEWHERE = Flow("udp", SERVER, ("198.51.100.66", 5060), "udp-r")


@pytest.fixture
def registry() -> Iterator[Registry]:
    with no_errors():
        yield Registry(Floor())


async def guesses(registry: Registry, flow: Flow, user: str, number: int) -> None:
    """Twenty-five wrong answers from there."""
    registry.flow = flow
    for guess in range(25):
        await registry.register(Secret("no"), number + 2 * guess, user=user)
        await registry.floor.wait(0.5)


@pytest.mark.parametrize(("flow", "user"), [(ELSEWHERE, "ann"), (HOME, "nobody"), (HOME, "ann")])
async def test_a_device_stays_registered_while_others_guess(registry: Registry, flow: Flow, user: str) -> None:
    """Who guesses gets 403, by its name from elsewhere or from its address with forged datagrams; the device refreshes
    its registration from where it is, and from elsewhere it is refused like everybody."""
    made = await registry.ann()
    assert (await registry.register(made.password, 1)).status == 200
    await guesses(registry, flow, user, 101)
    registry.flow = HOME
    assert (await registry.register(made.password, 301)).status == 200
    registry.flow = flow if flow is ELSEWHERE else HOME
    status = (await registry.register(Secret("no"), 401, user="ann")).status
    assert status == (403 if flow is ELSEWHERE else 401)


async def test_a_device_that_was_never_there_waits_like_everybody(registry: Registry) -> None:
    """Nobody knows it at that address: while its name is locked its own password is refused."""
    made = await registry.ann()
    await guesses(registry, ELSEWHERE, "ann", 101)
    registry.flow = HOME
    assert (await registry.register(made.password, 301)).status == 403
    await registry.floor.wait(61)
    assert (await registry.register(made.password, 401)).status == 200

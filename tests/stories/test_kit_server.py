"""The watch over the server: what it must not write is found when it writes it."""

from __future__ import annotations

import pytest

from tests.kit.addresses import Network
from tests.kit.server import Server

pytestmark = pytest.mark.story


async def test_a_secret_in_the_output_is_found() -> None:
    """A word that the server prints is found; a part of a word is not, and a passcode is nowhere."""
    server = Server(Network())
    async with server:
        await server.api.post("/coSpaces", "name=Somewhere&uri=somewhere&passcode=8642")
        server.never_log("8642", "read")
        server.check_secrets()
        server._secrets.append("ready")
        with pytest.raises(AssertionError, match="a secret stands in output"):
            server.check_secrets()
        server._secrets.remove("ready")

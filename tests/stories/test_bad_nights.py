"""What an operator and the callers see when the machine fails the server."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from parley.operator_client import connect
from tests.kit.addresses import Network
from tests.kit.api import ApiError, eventually
from tests.kit.rawphone import RawPhone
from tests.kit.server import DOMAIN, Server

pytestmark = pytest.mark.story


async def health(server: Server) -> tuple[int, list[str]]:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"http://{server.address}:{server.http_port}/health")
    return answer.status_code, answer.json()["troubles"]


async def test_a_database_that_is_gone_and_comes_back() -> None:
    """A call goes on while somebody moves the database away; changes are refused with 503, which monitors see; when
    it is back everything works without a restart, nothing that was acknowledged is lost, and the call's record is
    whole."""
    async with Server(Network()) as server:
        database = server.data / "parley.db"
        await server.api.post("/coSpaces", "name=Room&uri=room")
        async with RawPhone(server.network.address(), server.sip, f"sip:room@{DOMAIN}") as phone:
            assert await health(server) == (200, [])
            database.rename(server.data / "elsewhere.db")
            with pytest.raises(ApiError) as refused:
                await server.api.post("/coSpaces", "name=Lost&uri=lost")
            assert refused.value.status == 503
            assert await health(server) == (503, ["the database cannot be written"])
            status = await _told(server, "status")
            assert "removed or replaced" in status["troubles"][0] and status["legs"] == 1
            (leg,) = await server.api.ids("/callLegs")
            await server.api.put(f"/callLegs/{leg}", "rxAudioMute=true")
            phone.came.clear()
            await phone.hum(440, 0.5, 6000)
            assert len(phone.came) > 10
        (server.data / "elsewhere.db").rename(database)
        kept = await server.api.post("/coSpaces", "name=Kept&uri=kept")

        async def well() -> bool:
            return await health(server) == (200, [])

        await eventually(well, "the server was not well again")
        await eventually(lambda: _ended(server, leg), "the call's end was not recorded")
        assert f'<coSpace id="{kept}">' in await server.api.get("/coSpaces?filter=kept")


async def _ended(server: Server, leg: str) -> bool:
    records = await _told(server, "records", limit=100)
    return any(record.get("record") == "callLegEnd" and record.get("id") == leg for record in records)


async def _told(server: Server, verb: str, **arguments: Any) -> Any:
    async with connect(server.data) as operator:
        return await operator.call(verb, **arguments)

"""The native API of a real server: over HTTPS, with its own certificate, beside the two dialects."""

from __future__ import annotations

import ssl

import httpx
import pytest

from tests.kit.addresses import Network
from tests.kit.server import DOMAIN, Server

pytestmark = pytest.mark.story

TEMPORARY, PASSWORD, PASSCODE = "For-Once-17-Only", "Quite-Another-9", "864213"


def browser(server: Server) -> httpx.AsyncClient:
    base = f"https://{server.address}:{server.https_port}"
    trusted = ssl.create_default_context(cafile=str(server.certificate))
    return httpx.AsyncClient(base_url=f"{base}/api/parley/v1", headers={"Origin": base}, verify=trusted)


async def sign_in(http: httpx.AsyncClient, account: str, password: str) -> httpx.Response:
    """The CSRF token of the answer goes with every later request."""
    answer = await http.post("/session", json={"account": account, "password": password})
    assert answer.status_code == 200, answer.text
    http.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return answer


async def test_a_member_looks_after_a_space_over_https() -> None:
    """An administrator makes space, user and member; the user changes the first password, then the passcode; the XML
    API and `explain` see the same. Nothing secret is in any log, and the session outlives a restart."""
    async with Server(Network(), https=True) as server, browser(server) as root, browser(server) as ann:
        server.never_log(TEMPORARY, PASSWORD, PASSCODE)
        await sign_in(root, "admin", server.password)
        user = (await root.post("/admin/users", json={"account": "ann", "password": TEMPORARY})).json()
        space = (await root.post("/admin/spaces", json={"name": "Team", "uri": "team", "call_id": "4711"})).json()
        members = f"/admin/spaces/{space['id']}/members"
        made = await root.post(members, json={"user": user["id"], "rights": {"change_passcode": True}})
        assert made.status_code == 201, made.text

        answer = await sign_in(ann, "ann", TEMPORARY)
        server.never_log(ann.cookies["parley_session"], answer.json()["csrf"])
        assert (await ann.get("/spaces")).json()["code"] == "password-change-needed"
        changed = await ann.post("/session/password", json={"old": TEMPORARY, "new": PASSWORD})
        assert changed.status_code == 200, changed.text
        ann.headers["X-CSRF-Token"] = changed.json()["csrf"]
        path = f"/spaces/{space['id']}"
        assert (await ann.patch(path, json={"passcode": PASSCODE})).status_code == 200
        assert (await ann.patch(path, json={"name": "Mine"})).json()["code"] == "not-permitted"
        invitation = (await ann.get(f"{path}/invitation")).json()
        assert f"team@{DOMAIN}" in invitation["text"] and PASSCODE in invitation["text"]
        assert invitation["link"].startswith(f"https://{server.address}:{server.https_port}/meeting/4711?secret=")

        shown = await server.api.request("GET", f"/coSpaces/{space['id']}")
        assert f"<passcode>{PASSCODE}</passcode>" in shown.text
        asked = {"address": f"team@{DOMAIN}"}
        assert any("has a PIN" in line for line in (await root.post("/admin/explain", json=asked)).json()["lines"])
        await server.kill_and_restart()
        assert (await ann.get(path)).json()["passcode"] == PASSCODE

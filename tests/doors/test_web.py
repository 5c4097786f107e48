"""The pages: what they serve, under which policy, and that they give nothing away."""

from __future__ import annotations

import httpx
import pytest

from parley.doors.web.app import web_app


def client(number: str | None = "9000", domain: str = "meet.example") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(web_app(domain=domain, access_number=number))
    return httpx.AsyncClient(transport=transport, base_url="https://meet.example")


@pytest.mark.parametrize("path", ["/", "/meeting/914083136", "/static/root.js", "/static/page.css"])
async def test_everything_is_served_under_a_strict_policy(path: str) -> None:
    """Nothing from other hosts, nothing inline, no frames, no referrer."""
    async with client() as http:
        answer = await http.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "http://" not in answer.text and "https://" not in answer.text


async def test_the_entry_page_tells_how_to_call_in() -> None:
    """The conference ID, its SIP address and the access number."""
    async with client() as http:
        text = (await http.get("/meeting/914083136")).text
    assert 'href="sip:914083136@meet.example"' in text and "9000@meet.example" in text


async def test_without_an_access_number_none_is_shown() -> None:
    """The line is hidden where there is no such entrance."""
    async with client(number=None) as http:
        assert (await http.get("/meeting/1")).text.count("hidden") == 2


@pytest.mark.parametrize("id", ["abc", "1%3Cscript%3E", "1" * 33, "%22"])
async def test_what_is_no_conference_id_is_no_page(id: str) -> None:
    """Nothing that a link holds is written back into a page unless it is digits."""
    async with client() as http:
        answer = await http.get(f"/meeting/{id}")
    assert answer.status_code == 404 and id not in answer.text


async def test_known_and_unknown_conferences_look_alike() -> None:
    """The page depends on nothing but the address and the settings."""
    async with client() as http:
        one, other = [(await http.get(f"/meeting/{id}")).text for id in ("111111111", "999999999")]
    assert one.replace("111111111", "999999999") == other


@pytest.mark.parametrize("path", ["/static/root.html", "/static/../app.py", "/static/none.js", "/nothing"])
async def test_nothing_else_is_served(path: str) -> None:
    """Only the files meant for it, by their names."""
    async with client() as http:
        assert (await http.get(path)).status_code == 404

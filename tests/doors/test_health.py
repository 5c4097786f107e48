"""What a program that watches over the server is told."""

import httpx
import pytest

from parley.doors.web.health import health_app


@pytest.fixture
def wrong() -> list[str]:
    return []


@pytest.fixture
def http(wrong: list[str]) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(health_app(lambda: wrong))
    return httpx.AsyncClient(transport=transport, base_url="http://parley.example")


async def test_a_server_that_is_well_answers_200(http: httpx.AsyncClient) -> None:
    """And never from a cache."""
    answer = await http.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "troubles": []})
    assert answer.headers["cache-control"] == "no-store"


async def test_what_is_wrong_makes_it_a_503(http: httpx.AsyncClient, wrong: list[str]) -> None:
    """Each trouble by its fixed words, for as long as it lasts."""
    wrong.append("the database cannot be written")
    answer = await http.get("/health")
    assert answer.status_code == 503
    assert answer.json() == {"status": "trouble", "troubles": ["the database cannot be written"]}
    wrong.clear()
    assert (await http.head("/health")).status_code == 200


async def test_it_only_answers(http: httpx.AsyncClient) -> None:
    """Nothing can be sent to it."""
    assert (await http.post("/health", content=b"x")).status_code == 405

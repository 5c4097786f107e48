"""The pages: what they serve, under which policy, and that they give nothing away."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from parley.doors.web.app import PAGES, web_app

STATIC = Path(__file__).parents[2] / "src/parley/doors/web/static"
SCRIPTS = sorted(STATIC.rglob("*.js"))
SCRIPTS_AT_MOST = 150_000  # bytes of all pages together, as they are served
PAGE_PATHS = [path.replace("{id}", "914083136") for path, _, _ in PAGES if "{" not in path.replace("{id}", "")]


def client(number: str | None = "9000", domain: str = "meet.example") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(web_app(domain=domain, access_number=number))
    return httpx.AsyncClient(transport=transport, base_url="https://meet.example")


@pytest.mark.parametrize("path", [*PAGE_PATHS, "/static/landing.js", "/static/base.css", "/static/words/common.js"])
async def test_everything_is_served_under_a_strict_policy(path: str) -> None:
    """Nothing from other hosts, nothing inline, no frames, no referrer."""
    async with client() as http:
        answer = await http.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert "*" not in policy and "http" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", PAGE_PATHS)
async def test_a_page_has_no_inline_code_and_loads_what_is_there(path: str) -> None:
    """The policy would block the one, and a name mistyped in the table of pages would leave the other blank."""
    async with client() as http:
        text = (await http.get(path)).text
        assert "style=" not in text and not re.search(r"\son\w+=", text) and not re.search(r"<script[^>]*>[^<]", text)
        for address in re.findall(r'(?:src|href)="([^"]+)"', text):
            assert address.startswith("/static/")
            assert (await http.get(address)).status_code == 200, address


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.relative_to(STATIC)))
def test_a_script_imports_what_is_there_and_nothing_from_other_hosts(script: Path) -> None:
    """Without a build step nobody else would say so before a page stays blank."""
    text = script.read_text("utf-8")
    for target in re.findall(r"""(?:from|import)\s*\(?\s*["']([^"']+)["']""", text):
        assert target.startswith("."), target
        assert (script.parent / target).resolve() in SCRIPTS, target
    hosts = set(re.findall(r"https?://[\w.]+", text)) - {"http://www.w3.org"}
    assert not hosts


async def test_all_scripts_together_are_small() -> None:
    """They come over a phone's network before anybody can join: what counts is what travels."""
    travelled = 0
    async with client() as http:
        for script in SCRIPTS:
            answer = await http.get(f"/static/{script.relative_to(STATIC)}")
            assert answer.headers["content-encoding"] == "gzip"
            travelled += int(answer.headers["content-length"])
    assert travelled < SCRIPTS_AT_MOST


@pytest.mark.parametrize("path", PAGE_PATHS)
async def test_the_scripts_of_one_page_are_small_unpacked_too(path: str) -> None:
    """What a slow phone has to read: every module that the page leads to, in every language that it speaks."""
    async with client() as http:
        text = (await http.get(path)).text
    names = set(re.findall(r'"/static/([^"]+\.js)"', text))
    assert sum((STATIC / name).stat().st_size for name in names) < SCRIPTS_AT_MOST


async def test_who_takes_no_gzip_gets_the_file_as_it_is() -> None:
    """Compression is an offer, and what comes out of it is the file."""
    async with client() as http:
        plain = await http.get("/static/api.js", headers={"Accept-Encoding": "identity"})
        packed = await http.get("/static/api.js")
    assert "content-encoding" not in plain.headers and packed.headers["content-encoding"] == "gzip"
    assert plain.content == packed.content == (STATIC / "api.js").read_bytes()
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/spaces", "/static/dom.js"])
async def test_what_a_browser_has_is_not_sent_again(path: str) -> None:
    """It asks by the tag of what it has, and is told that it still holds; with another tag it gets the file."""
    async with client() as http:
        first = await http.get(path)
        again = await http.get(path, headers={"If-None-Match": first.headers["etag"]})
        other = await http.get(path, headers={"If-None-Match": 'W/"else"'})
    assert again.status_code == 304 and again.content == b""
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert other.status_code == 200 and other.content == first.content


@pytest.mark.parametrize(
    ("path", "script"),
    [
        ("/sign-in", "sign-in"),
        ("/sign-in?next=/spaces", "sign-in"),
        ("/spaces", "spaces"),
        ("/spaces/0b5d6c1e-6f5c-4a8f-9d0a-5b1cba6e7e11", "spaces"),
        ("/admin", "admin"),
        ("/admin/users", "admin"),
        ("/admin/users/new", "admin"),
        ("/admin/leg-profiles/0b5d6c1e-6f5c-4a8f-9d0a-5b1cba6e7e11", "admin"),
    ],
)
async def test_deep_links_behind_the_sign_in_lead_to_their_page(path: str, script: str) -> None:
    """A link that somebody kept opens the right page; nothing of the address is in it."""
    async with client() as http:
        answer = await http.get(path)
        assert answer.status_code == 200 and f'src="/static/{script}.js"' in answer.text
        assert "0b5d6c1e" not in answer.text
        assert answer.text == (await http.get(f"/{path.split('/')[1].partition('?')[0]}")).text


@pytest.mark.parametrize("path", ["/spaces/%3Cscript%3E", "/admin/users/%22", "/spaces/1/members", "/admin/users/1/2"])
async def test_other_addresses_behind_the_sign_in_are_no_page(path: str) -> None:
    """What no page of ours leads to is not found."""
    async with client() as http:
        assert (await http.get(path)).status_code == 404


async def test_types_are_told() -> None:
    """nosniff: a browser runs a module only if it is called a script."""
    async with client() as http:
        for path, kind in [
            ("/static/landing.js", "text/javascript"),
            ("/static/base.css", "text/css"),
            ("/static/icon.svg", "image/svg+xml"),
        ]:
            assert (await http.get(path)).headers["content-type"].startswith(kind)


async def test_pages_know_how_to_call_in() -> None:
    """The domain of SIP addresses and the access number stand in the head of every page."""
    async with client() as http:
        text = (await http.get("/meeting/914083136")).text
    assert '"parley-domain" content="meet.example"' in text and '"parley-access-number" content="9000"' in text


async def test_without_an_access_number_none_is_shown() -> None:
    """The fact is empty where there is no such entrance."""
    async with client(number=None) as http:
        assert '"parley-access-number" content=""' in (await http.get("/meeting/1")).text


@pytest.mark.parametrize("id", ["1%3Cscript%3E", "1" * 129, "%22", "-", "a b"])
async def test_what_is_no_meeting_id_is_no_page(id: str) -> None:
    """Nothing that a link holds is written back into a page."""
    async with client() as http:
        answer = await http.get(f"/meeting/{id}")
    assert answer.status_code == 404 and id not in answer.text


@pytest.mark.parametrize("path", ["/nothing", "/meeting/%22", "/spaces/1/members", "/admin/users/1/2"])
async def test_a_person_who_goes_astray_gets_a_page(path: str) -> None:
    """In the frame of the others, under their policy, in the reader's language; a program gets a line."""
    async with client() as http:
        page = await http.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
        line = await http.get(path, headers={"Accept": "application/json"})
        first = await http.get("/")
    assert page.status_code == line.status_code == 404
    assert 'src="/static/missing.js"' in page.text and path not in page.text
    for name in ("content-security-policy", "referrer-policy", "x-content-type-options"):
        assert page.headers[name] == line.headers[name] == first.headers[name]
    assert page.headers["cache-control"] == "no-store"
    assert line.text == "There is no such page.\n"


async def test_known_and_unknown_meetings_look_alike() -> None:
    """The page depends on nothing but the settings: not even the address is in it, and no secret."""
    async with client() as http:
        one = (await http.get("/meeting/111111111?secret=s3cret")).text
        other = (await http.get("/invited.sf?secret=else&id=999999999")).text
    assert one == other
    assert "s3cret" not in one and "111111111" not in one


@pytest.mark.parametrize(
    "path", ["/static/page.html", "/static/../app.py", "/static/none.js", "/static/words", "/nothing"]
)
async def test_nothing_else_is_served(path: str) -> None:
    """Only the files meant for it, by their names."""
    async with client() as http:
        assert (await http.get(path)).status_code == 404

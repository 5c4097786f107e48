"""The one client that fetches what strangers' settings name."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import socket
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from parley.app.ports import Fetched, FetchFailed, NotThere
from parley.backends.fetch import Allowed, OutboundHttp, is_public
from parley.tls import generated_certificate
from tests.kit.web_server import WebServer

OPEN = Allowed.of(["127.0.0.0/8"])


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer("127.3.8.1") as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[OutboundHttp]:
    http = OutboundHttp(OPEN)
    yield http
    await http.close()


async def failure(client: OutboundHttp, url: str, **bounds: Any) -> str:
    with pytest.raises(FetchFailed) as failed:
        await client.fetch(url, **{"most_bytes": 1000, "seconds": 2.0, **bounds})
    return str(failed.value)


def redirect(to: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


# --- where to ---------------------------------------------------------------------------------------------------

PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]
PRIVATE = [
    *("127.0.0.1", "127.255.0.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1"),
    *("192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "192.0.0.1"),
    *("::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1", "::127.0.0.1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1"),
    "2001:0:7f00:1::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_connected_to(address: str) -> None:
    """Without any setting."""
    assert is_public(ipaddress.ip_address(address))
    assert Allowed().permits("web.example", ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_or_special_address_may_not(address: str) -> None:
    """Loopback, private, link-local, shared, multicast, reserved, metadata services, and what stands for one."""
    assert not Allowed().permits("web.example", ipaddress.ip_address(address))


def test_an_operator_lists_what_may_be_private_after_all() -> None:
    """By network, by address or by host name; an IPv4 address is meant in every form in which it can be written."""
    allowed = Allowed.of(["10.1.0.0/16", "127.0.0.1", "fd00::/8", "Media.Example."])

    def permitted(address: str, host: str = "web.example") -> bool:
        return allowed.permits(host, ipaddress.ip_address(address))

    for address in ("10.1.255.3", "127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a01:203", "fd12::1", "8.8.8.8"):
        assert permitted(address), address
    for address in ("10.2.0.1", "127.0.0.2", "192.168.0.1", "fe80::1", "::1"):
        assert not permitted(address), address
        assert permitted(address, "media.EXAMPLE")
        assert not permitted(address, "other.media.example")


async def test_without_the_setting_this_machine_is_never_connected_to(web: WebServer) -> None:
    """By address, by name and in disguise: refused before a connection is made, and the server is not blamed."""
    client = OutboundHttp(Allowed())
    web.files["/a"] = b"secret"
    for host in (web.address, "localhost", "[::ffff:127.3.8.1]", "2130706433", "0x7f.3.8.1"):
        words = await failure(client, f"http://{host}:{web.port}/a")
        assert "outbound.allowed_private" in words or "not known" in words, words
    assert web.asked == []
    await client.close()


async def test_the_connection_goes_to_the_address_that_was_checked(
    web: WebServer, client: OutboundHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that means another address when asked again is not asked again; the server still hears its name."""
    loop, answers = asyncio.get_running_loop(), [web.address, "127.9.9.9"]

    async def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    web.files["/a"] = b"here"
    found = await client.fetch(f"http://prompts.example:{web.port}/a", most_bytes=10, seconds=2)
    assert found is not None and found.body == b"here" and answers == ["127.9.9.9"]
    assert web.asked[0][1]["host"] == f"prompts.example:{web.port}"


async def test_of_several_addresses_only_those_that_are_permitted_are_tried(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name with one private and one listed address leads to the listed one; one that is down leads to the next."""
    client = OutboundHttp(Allowed.of(["127.3.0.0/16"]))

    async def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in
                ("127.4.4.4", "127.3.8.77", web.address)]  # fmt: skip

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    web.files["/a"] = b"here"
    found = await client.fetch(f"http://prompts.example:{web.port}/a", most_bytes=10, seconds=2)
    assert found is not None and found.body == b"here"
    await client.close()


@pytest.mark.parametrize(("names", "fetched"), [(["prompts.example"], True), (["other.example", "127.3.8.1"], False)])
async def test_a_certificate_must_be_of_the_name_that_was_asked_for(
    tmp_path: Path, client: OutboundHttp, monkeypatch: pytest.MonkeyPatch, names: list[str], fetched: bool
) -> None:
    """Although the connection goes to an address: one for another name, or for the address, is none."""
    files = generated_certificate(tmp_path, names, datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    monkeypatch.setenv("SSL_CERT_FILE", str(files.certificate))  # whom this system trusts

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere")

    async def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.3.8.1", port))]

    async with await asyncio.start_server(serve, "127.3.8.1", 0, ssl=context) as server:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        url = f"https://prompts.example:{server.sockets[0].getsockname()[1]}/a"
        if fetched:
            found = await client.fetch(url, most_bytes=10, seconds=2)
            assert found is not None and found.body == b"here"
        else:
            assert "ConnectError" in await failure(client, url)


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1/a", "file:///etc/passwd", "gopher://127.0.0.1", "/a", "http://", "http://user:word@127.3.8.1/a",
     "http://127.3.8.1/" + "a" * 3000, "http://[::1", "http://127.3.8.1:99999/"],
)  # fmt: skip
async def test_only_plain_web_addresses_are_fetched(client: OutboundHttp, url: str) -> None:
    """Http and https, without a name and password, of a length that makes sense."""
    assert await failure(client, url)


# --- redirects ----------------------------------------------------------------------------------------------------


async def test_a_redirect_on_the_same_host_is_followed(web: WebServer, client: OutboundHttp) -> None:
    """Relative or whole, a few times."""
    web.raw["/a"] = redirect("b/c")
    web.raw["/b/c"] = redirect(f"{web.url}/d", 308)
    web.files["/d"] = b"here"
    assert await client.fetch(f"{web.url}/a", most_bytes=10, seconds=2) is not None


@pytest.mark.parametrize("to", ["http://127.3.8.2:{port}/d", "http://localhost:{port}/d", "//127.3.8.2/d", "ftp://x/d"])
async def test_a_redirect_to_another_host_is_not(web: WebServer, client: OutboundHttp, to: str) -> None:
    """Whether or not that host might be fetched from by itself."""
    web.raw["/a"] = redirect(to.format(port=web.port))
    web.files["/d"] = b"there"
    assert await failure(client, f"{web.url}/a") in {
        "redirected to another host, or out of TLS",
        "not an http or https URL",
    }
    assert len(web.asked) == 1


async def test_redirects_without_end_are_given_up(web: WebServer, client: OutboundHttp) -> None:
    """After three."""
    web.raw["/a"] = redirect("/a")
    assert await failure(client, f"{web.url}/a") == "redirected too often"
    assert len(web.asked) == 4


# --- how much, how long ---------------------------------------------------------------------------------------------


async def test_size_is_bounded_whatever_the_server_says(web: WebServer, client: OutboundHttp) -> None:
    """Said beforehand, not said, or said wrongly; what is exactly as long as may be is taken."""
    web.files["/said"] = bytes(1001)
    web.raw["/unsaid"] = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(5000)
    chunks = b"".join(b"100\r\n" + bytes(256) + b"\r\n" for _ in range(10))
    web.raw["/chunks"] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    web.raw["/endless"] = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"
    for path in ("/said", "/unsaid", "/chunks", "/endless"):
        assert "more than 1000 bytes" in await failure(client, web.url + path), path
    web.files["/fits"] = bytes(1000)
    found = await client.fetch(f"{web.url}/fits", most_bytes=1000, seconds=2)
    assert found is not None and len(found.body) == 1000


async def test_nothing_is_unpacked(web: WebServer, client: OutboundHttp) -> None:
    """A small answer that would become a large one is refused."""
    packed = gzip.compress(bytes(1 << 20))[:900]
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    web.raw["/a"] = head + packed
    assert "packed" in await failure(client, f"{web.url}/a")


async def test_the_whole_of_it_has_one_time(web: WebServer, client: OutboundHttp) -> None:
    """A server that begins and never ends is left after that time."""
    web.files["/a"] = b"never"
    web.stuck.add("/a")
    began = time.monotonic()
    assert "within 0.3 s" in await failure(client, f"{web.url}/a", seconds=0.3)
    assert time.monotonic() - began < 1.0


# --- what comes back ------------------------------------------------------------------------------------------------


async def test_what_is_as_before_is_not_sent_again(web: WebServer, client: OutboundHttp) -> None:
    """By the server's own tag; changed, it comes with another one."""
    web.files["/a"] = b"one"
    found = await client.fetch(f"{web.url}/a", most_bytes=10, seconds=2)
    assert isinstance(found, Fetched) and found.tag
    assert await client.fetch(f"{web.url}/a", most_bytes=10, seconds=2, tag=found.tag) is None
    web.files["/a"] = b"two"
    again = await client.fetch(f"{web.url}/a", most_bytes=10, seconds=2, tag=found.tag)
    assert isinstance(again, Fetched) and again.body == b"two" and again.tag != found.tag


async def test_failures_say_whether_the_server_is_to_blame(web: WebServer, client: OutboundHttp) -> None:
    """Not there and refused are the file's fault; 5xx, silence and nonsense are the server's."""
    web.raw["/403"] = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"
    web.raw["/503"] = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    web.raw["/junk"] = b"\0\1\2 not http at all\r\n\r\n"
    with pytest.raises(NotThere):
        await client.fetch(f"{web.url}/404", most_bytes=10, seconds=2)
    blamed = {}
    for path in ("/403", "/503", "/junk"):
        with pytest.raises(FetchFailed) as failed:
            await client.fetch(web.url + path, most_bytes=10, seconds=2)
        blamed[path] = failed.value.of_the_server
    assert blamed == {"/403": False, "/503": True, "/junk": True}
    with pytest.raises(FetchFailed) as failed:
        await client.fetch("http://127.3.8.9:1/a", most_bytes=10, seconds=2)
    assert failed.value.of_the_server


async def test_nothing_of_this_machine_goes_along(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the environment is used, and no cookie comes back to the server that set it."""
    monkeypatch.setenv("http_proxy", "http://127.9.9.9:1")
    client = OutboundHttp(OPEN)
    web.raw["/a"] = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 1\r\n\r\nx"
    for _ in range(2):
        await client.fetch(f"{web.url}/a", most_bytes=10, seconds=2)
    assert all(headers.keys() & {"cookie", "authorization", "referer"} == set() for _, headers in web.asked)
    await client.close()

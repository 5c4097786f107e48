"""The one client by which the server gets what others have put on the web. It goes where strangers' settings say.

So it trusts none of it: http and https alone; the addresses that a name leads to are checked and the connection goes
to the very address that was checked, so that a name cannot mean another one a moment later; private, local and
otherwise special addresses are refused unless the operator lists them; redirects stay with the host; size and whole
time are bounded; nothing is unpacked; no proxy, cookie or credential of this machine goes along.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from ..app.ports import Fetched, FetchFailed, NotThere

REDIRECTS_MOST = 3
URL_MOST = 2048
ADDRESSES_MOST = 4  # of one name that are tried
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_THERE = frozenset({404, 410})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which targets may be private: addresses and networks, and host names whatever they lead to."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entries: Sequence[str]) -> Allowed:
        """entries: addresses, networks or host names."""
        networks, hosts = [], set()
        for entry in entries:
            try:
                networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                hosts.add(entry.lower().rstrip("."))
        return cls(tuple(networks), frozenset(hosts))

    def permits(self, host: str, address: Address) -> bool:
        """May we connect to this address, which the host's name led to?"""
        meant = _meant(address)
        if all(is_public(one) for one in meant):
            return True
        if host.lower().rstrip(".") in self.hosts:
            return True
        return all(is_public(one) or any(one in network for network in self.networks) for one in meant)


def _meant(address: Address) -> list[Address]:
    """The address, or the IPv4 addresses that it stands for."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return [address.ipv4_mapped]
        if address.sixtofour is not None:
            return [address.sixtofour]
        if address.teredo is not None:
            return list(address.teredo)
        if address in _NAT64:
            return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address]


def is_public(address: Address) -> bool:
    """Is it an address of a single host on the internet?"""
    if address.is_multicast or address.is_reserved or address.is_unspecified or not address.is_global:
        return False
    return not (isinstance(address, ipaddress.IPv6Address) and (address.is_site_local or address in _COMPATIBLE))


class OutboundHttp:
    """Implements Fetcher."""

    def __init__(self, allowed: Allowed, agent: str = "Parley") -> None:
        self._allowed = allowed
        self._agent = agent

    @cached_property
    def _http(self) -> httpx.AsyncClient:
        """Made at the first fetch: the certificates that everybody trusts take long to read."""
        # No connection is kept: by address alone, one of another name could be taken for it.
        return httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=None,  # the whole fetch has one bound
            verify=ssl.create_default_context(),
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=0),
        )

    async def close(self) -> None:
        if "_http" in vars(self):
            await self._http.aclose()

    async def fetch(self, url: str, *, most_bytes: int, seconds: float, tag: str = "") -> Fetched | None:
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(_checked(url), most_bytes, tag)
        except TimeoutError:
            raise FetchFailed(f"no whole answer within {seconds:g} s", of_the_server=True) from None
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as problem:
            raise FetchFailed(f"no answer ({type(problem).__name__})", of_the_server=True) from problem

    async def _follow(self, url: httpx.URL, most: int, tag: str) -> Fetched | None:
        for _ in range(REDIRECTS_MOST + 1):
            found = await self._get(url, most, tag)
            if not isinstance(found, httpx.URL):
                return found
            if found.host != url.host or (url.scheme == "https" and found.scheme != "https"):
                raise FetchFailed("redirected to another host, or out of TLS")
            url = found
        raise FetchFailed("redirected too often")

    async def _get(self, url: httpx.URL, most: int, tag: str) -> Fetched | httpx.URL | None:
        """What is there, None where it is as the tag says, or where else to look."""
        problem: httpx.HTTPError | None = None
        for address in await self._addresses(url):
            try:
                return await self._get_from(address, url, most, tag)
            except (httpx.ConnectError, httpx.ConnectTimeout) as failed:
                problem = failed
        raise problem or FetchFailed("the name leads nowhere", of_the_server=True)

    async def _addresses(self, url: httpx.URL) -> list[str]:
        """Raises FetchFailed where none of them may be connected to."""
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, OverflowError) as problem:
            raise FetchFailed("the name is not known", of_the_server=True) from problem
        addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
        permitted = [str(one) for one in dict.fromkeys(addresses) if self._allowed.permits(url.host, one)]
        if not permitted:
            raise FetchFailed("its address is private, and not listed in outbound.allowed_private", of_the_server=True)
        return permitted[:ADDRESSES_MOST]

    async def _get_from(self, address: str, url: httpx.URL, most: int, tag: str) -> Fetched | httpx.URL | None:
        headers = {"Host": url.netloc.decode("ascii"), "User-Agent": self._agent, "Accept-Encoding": "identity"}
        if tag:
            headers["If-None-Match"] = tag
        request = self._http.build_request(
            "GET", url.copy_with(host=address), headers=headers, extensions={"sni_hostname": url.host}
        )
        answer = await self._http.send(request, stream=True)
        try:
            status = answer.status_code
            if status in _REDIRECTS:
                return _checked(str(url.join(answer.headers.get("Location", "")[:URL_MOST])))
            if status == 304 and tag:
                return None
            if status in _NOT_THERE:
                raise NotThere(f"the server said {status}")
            if status != 200:
                raise FetchFailed(f"the server said {status}", of_the_server=status >= 500)
            return Fetched(await _body(answer, most), _tag_of(answer))
        finally:
            await answer.aclose()


def _checked(text: str) -> httpx.URL:
    if len(text) > URL_MOST:
        raise FetchFailed("the URL is too long")
    url = httpx.URL(text)
    if url.scheme not in {"http", "https"} or not url.host:
        raise FetchFailed("not an http or https URL")
    if url.port is not None and not 0 < url.port < 65536:
        raise FetchFailed("there is no such port")
    if url.userinfo:
        raise FetchFailed("a URL with a name or password in it is not fetched")
    return url


async def _body(answer: httpx.Response, most: int) -> bytes:
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchFailed("the answer is packed, which was not asked for")
    length = answer.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and (len(length) > 12 or int(length) > most):
        raise FetchFailed(f"more than {most} bytes")
    data = bytearray()
    async for chunk in answer.aiter_raw():
        data += chunk
        if len(data) > most:
            raise FetchFailed(f"more than {most} bytes")
    return bytes(data)


def _tag_of(answer: httpx.Response) -> str:
    tag = answer.headers.get("ETag", "")
    return tag if len(tag) <= 256 and tag.isascii() and tag.isprintable() else ""

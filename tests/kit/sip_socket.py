"""A SIP phone over WebSocket (RFC 7118), typed out by hand: nothing of ours reads or writes its messages.

async with SipSocket("ws://127.0.0.1:8080/sip") as phone:
    await phone.register("ann", "parley.example", password)
    answer = await phone.invite("sip:room@parley.example", sdp)
    await phone.bye()
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import ssl
from types import TracebackType

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

HOST = "d3f4ult.invalid"  # what a page names itself by: it has no address (RFC 7118 section 5)


class SipSocket:
    """One socket, one call at a time. Requests of the server that nobody waits for are answered by 200."""

    def __init__(
        self,
        url: str,
        user: str = "ann",
        domain: str = "parley.example",
        *,
        origin: str | None = None,
        trust: ssl.SSLContext | None = None,
        subprotocol: str = "sip",
        host: str = HOST,
    ) -> None:
        self.url, self.user, self.domain, self.host = url, user, domain, host
        self._origin, self._trust, self._subprotocol = origin, trust, subprotocol
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self._call, self._tag, self._number = secrets.token_hex(8), secrets.token_hex(4), 0
        self._remote = self._target = ""  # To with its tag, and where requests inside the call go

    async def __aenter__(self) -> SipSocket:
        self.socket: ClientConnection = await connect(
            self.url,
            subprotocols=[Subprotocol(self._subprotocol)],
            origin=Origin(self._origin) if self._origin else None,
            ssl=self._trust,
            proxy=None,
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.cancel()
        await self.socket.close()

    async def _read(self) -> None:
        async for message in self.socket:
            self.heard.put_nowait(message if isinstance(message, str) else message.decode())

    # --- what it says -----------------------------------------------------------------------------------------

    async def send(self, method: str, target: str, *, body: str = "", to: str = "", extra: str = "") -> None:
        if method != "ACK":
            self._number += 1
        transport = "WSS" if self.url.startswith("wss") else "WS"
        lines = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/{transport} {self.host};branch=z9hG4bK{secrets.token_hex(8)}",
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@{self.domain}>;tag={self._tag}",
            f"To: {to or f'<{target}>'}",
            f"Call-ID: {self._call}",
            f"CSeq: {self._number} {method}",
            f"Contact: <sip:{self.user}@{self.host};transport=ws>",
            *([extra] if extra else []),
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body.encode())}",
        ]
        await self.socket.send("\r\n".join(lines) + "\r\n\r\n" + body)

    async def answered(self, status: int | None = None) -> str:
        """The next final response; of that status, where one is named."""
        while True:
            text = await self.next()
            found = re.match(r"SIP/2\.0 (\d+)", text)
            if found is not None and int(found[1]) >= 200:
                assert status is None or int(found[1]) == status, text
                return text

    async def next(self, seconds: float = 5.0) -> str:
        return await asyncio.wait_for(self.heard.get(), seconds)

    async def request(self, method: str, seconds: float = 10.0) -> str:
        """The next request of that method; others are passed over."""
        while not (text := await self.next(seconds)).startswith(f"{method} "):
            pass
        return text

    async def register(self, password: str) -> str:
        """Asked, answered, accepted; the 200."""
        uri = f"sip:{self.domain}"
        address = f"<sip:{self.user}@{self.domain}>"
        await self.send("REGISTER", uri, to=address)
        challenge = await self.answered(401)
        await self.send("REGISTER", uri, to=address, extra=self.credentials("REGISTER", uri, challenge, password))
        return await self.answered(200)

    def credentials(self, method: str, uri: str, challenge: str, password: str) -> str:
        """The Authorization line for a 401 (RFC 2617, MD5)."""
        realm, nonce = (re.search(rf'{name}="([^"]*)"', challenge)[1] for name in ("realm", "nonce"))  # type: ignore[index]

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        first, second = md5(f"{self.user}:{realm}:{password}"), md5(f"{method}:{uri}")
        response = md5(f"{first}:{nonce}:00000001:abcd:auth:{second}")
        return (
            f'Authorization: Digest username="{self.user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'response="{response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="abcd"'
        )

    async def invite(self, target: str, sdp: str, password: str = "") -> str:
        """Call and acknowledge; the SDP of the answer. password: where the caller is asked to prove who he is."""
        self._call = secrets.token_hex(8)
        await self.send("INVITE", target, body=sdp)
        answer = await self.answered()
        if answer.startswith("SIP/2.0 401") and password:
            await self.acknowledge(answer, target)
            await self.send("INVITE", target, body=sdp, extra=self.credentials("INVITE", target, answer, password))
            answer = await self.answered()
        assert answer.startswith("SIP/2.0 200"), answer
        self._remote = header(answer, "To")
        self._target = header(answer, "Contact").partition("<")[2].partition(">")[0]
        await self.acknowledge(answer, self._target)
        return answer.partition("\r\n\r\n")[2]

    async def acknowledge(self, answer: str, target: str) -> None:
        await self.send("ACK", target, to=header(answer, "To"))

    async def bye(self) -> None:
        await self.send("BYE", self._target, to=self._remote)
        await self.answered(200)

    async def respond(self, request: str, status: int, sdp: str = "") -> None:
        """To a request of the server's."""
        to = header(request, "To")
        lines = [
            f"SIP/2.0 {status} Said",
            *(f"Via: {value}" for value in re.findall(r"(?im)^Via:[ \t]*([^\r\n]*)", request)),
            f"From: {header(request, 'From')}",
            f"To: {to}" + ("" if "tag=" in to else f";tag={self._tag}"),
            f"Call-ID: {header(request, 'Call-ID')}",
            f"CSeq: {header(request, 'CSeq')}",
            f"Contact: <sip:{self.user}@{self.host};transport=ws>",
            *(["Content-Type: application/sdp"] if sdp else []),
            f"Content-Length: {len(sdp.encode())}",
        ]
        await self.socket.send("\r\n".join(lines) + "\r\n\r\n" + sdp)


def header(text: str, name: str) -> str:
    """The value of the first line of that name."""
    found = re.search(rf"(?im)^{name}[ \t]*:[ \t]*([^\r\n]*)", text)
    assert found is not None, f"no {name} in {text}"
    return found[1]

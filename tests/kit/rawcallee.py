"""Somebody who is called, typed out by hand: answers an INVITE with the statuses it is told to, over UDP or TCP.

Nothing of ours is used to read or write a message, so that a mistake of ours is not made twice.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ANSWER = """v=0
o=callee 7 7 IN IP4 {address}
s=-
c=IN IP4 {address}
t=0 0
m=audio {port} {protocol} {format}
a=rtpmap:{format} {codec}
"""

Reply = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it came."""

    text: str

    @property
    def method(self) -> str:
        return self.text.partition(" ")[0]

    @property
    def target(self) -> str:
        return self.text.split(" ")[1]

    def header(self, name: str) -> str:
        """The value of the first line of that name; empty if there is none."""
        found = re.search(rf"(?im)^{name}[ \t]*:[ \t]*([^\r\n]*)", self.text)
        return found[1] if found else ""

    @property
    def tag(self) -> str:
        """The tag of the From header."""
        found = re.search(r";tag=([^;>\s]+)", self.header("From"))
        return found[1] if found else ""


class RawCallee:
    """`async with RawCallee("127.1.2.3", [180, 486]) as callee`: each INVITE gets the next list of statuses.

    A status is a number, or (number, extra header lines). After the last list it is used again. 200 carries an answer
    with `codec`; a CANCEL is answered and the INVITE gets 487, unless `deaf` (then CANCEL is answered alone).
    """

    def __init__(
        self,
        address: str,
        *scripts: list[Any],
        codec: str = "PCMU/8000",
        format: int = 0,
        tls: ssl.SSLContext | None = None,
        crypto: str = "",
        protocol: str = "",
        extra: str = "",
        describes: int = 200,
        challenges: str = "",
    ) -> None:
        """describes: the status that carries the answer. challenges: a challenge for the first request of each method
        inside the call. tls: streams are opened by it. crypto: it answers by SRTP with this value of the attribute.

        protocol, extra: of its answer, and further lines of it.
        """
        self.address = address
        self.heard: list[Heard] = []
        self.deaf = False
        self.inner = ""  # what it calls itself in its Contact, as who stands behind address translation
        self.connections = 0
        self.replies: list[str] = []  # to requests of its own
        self._scripts = list(scripts) or [[200]]
        self._codec, self._format = codec, format
        self._tls = tls
        self._crypto = crypto
        self._protocol, self._extra = protocol, extra
        self._describes = describes
        self._challenges = challenges
        self._challenged: set[str] = {"INVITE", "ACK", "CANCEL"}
        self._pending: tuple[Heard, Reply] | None = None
        self._news = asyncio.Event()

    async def __aenter__(self) -> RawCallee:
        loop = asyncio.get_running_loop()
        callee = self

        class Datagrams(asyncio.DatagramProtocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, addr: Any) -> None:
                callee._receive(data.decode(errors="replace"), lambda reply: self.transport.sendto(reply, addr))

        self._datagrams, _ = await loop.create_datagram_endpoint(Datagrams, local_addr=(self.address, 0))
        self.port: int = self._datagrams.get_extra_info("sockname")[1]
        self._server = await asyncio.start_server(self._serve, self.address, self.port, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._datagrams.close()
        self._server.close()

    @property
    def place(self) -> str:
        return f"{self.address}:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode(errors="replace").lstrip("\r\n")
                length = re.search(r"(?im)^Content-Length:\s*(\d+)", head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                self._receive(head + body.decode(errors="replace"), writer.write)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    # --- what it does ---------------------------------------------------------------------------------------------

    def _receive(self, text: str, reply: Reply) -> None:
        if text.startswith("SIP/2.0"):
            self.replies.append(text)
            return
        if not text.strip():
            return
        request = Heard(text)
        if any(request.text == other.text for other in self.heard):
            return  # a copy on UDP; the first one was answered
        self.heard.append(request)
        self._news.set()
        if request.method == "INVITE":
            self._pending = (request, reply)
            for step in self._script():
                self.respond(step)
        elif request.method == "CANCEL":
            reply(self._response(request, 200))
            if not self.deaf:
                self.respond(487)
        elif self._challenges and request.method not in self._challenged:
            self._challenged.add(request.method)
            reply(self._response(request, 401, self._challenges))
        elif request.method != "ACK":
            reply(self._response(request, 200))

    def send(self, data: bytes, address: tuple[str, int]) -> None:
        """Something of its own, from its UDP socket."""
        self._datagrams.sendto(data, address)

    def _script(self) -> list[Any]:
        return self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]

    def respond(self, step: Any) -> None:
        """Answer the newest INVITE."""
        assert self._pending is not None
        request, reply = self._pending
        status, extra = step if isinstance(step, tuple) else (step, "")
        reply(self._response(request, status, extra))

    def _response(self, request: Heard, status: int, extra: str = "") -> bytes:
        to = request.header("To")
        if "tag=" not in to and status > 100:
            to += ";tag=callee"
        body = ""
        if request.method == "INVITE" and status == self._describes:
            sdp = ANSWER.format(
                address=self.address,
                port=40000,
                protocol=self._protocol or ("RTP/SAVP" if self._crypto else "RTP/AVP"),
                format=self._format,
                codec=self._codec,
            )
            sdp += f"a=crypto:{self._crypto}\n" if self._crypto else ""
            sdp += f"{self._extra}\n" if self._extra else ""
            body = sdp.replace("\n", "\r\n")
        lines = [
            f"SIP/2.0 {status} Said",
            *(f"Via: {value}" for value in re.findall(r"(?im)^Via[ \t]*:[ \t]*([^\r\n]*)", request.text)),
            f"From: {request.header('From')}",
            f"To: {to}",
            f"Call-ID: {request.header('Call-ID')}",
            f"CSeq: {request.header('CSeq')}",
            f"Contact: <sip:callee@{self.inner or self.place}>",
            *([extra] if extra else []),
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()

    # --- what it heard --------------------------------------------------------------------------------------------

    def requests(self, method: str) -> list[Heard]:
        return [request for request in self.heard if request.method == method]

    async def hears(self, method: str, count: int = 1, patience: float = 5.0) -> Heard:
        """Wait until that many requests of the method have come; the last of them."""
        async with asyncio.timeout(patience):
            while len(self.requests(method)) < count:
                self._news.clear()
                await self._news.wait()
        return self.requests(method)[count - 1]

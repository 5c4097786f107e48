"""A SIP phone of little cost, typed out by hand: one call at a time over UDP or TCP, its sound a voice of a chorus.

Nothing of ours is used to read or write a message.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Any

from .chorus import Voice

SDP = """v=0
o=plain 1 {version} IN IP4 {address}
s=-
c=IN IP4 {address}
t=0 0
m=audio {port} RTP/AVP 0
a=rtpmap:0 PCMU/8000
a={direction}
"""


class PlainPhone:
    """`async with PlainPhone("ada", address, voice, server) as phone: await phone.dial("sip:room@...")`.

    requests: methods of what the server asked inside the call. It takes a call of the server's too, at once.
    """

    def __init__(
        self, name: str, address: str, voice: Voice, server: str, transport: str = "udp", extra: str = ""
    ) -> None:
        """extra: a further header line of its INVITEs."""
        host, _, port = server.rpartition(":")
        self.name, self.address, self.voice, self.transport = name, address, voice, transport
        self._server = (host, int(port))
        self._extra = extra
        self.requests: list[str] = []
        self._asked = asyncio.Event()
        self._number = 0
        self._version = 0
        self._start_call()
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._readers: list[asyncio.Task[None]] = []

    def _start_call(self) -> None:
        self._call = secrets.token_hex(8)
        self._local = f"<sip:{self.name}@phones.example>;tag={secrets.token_hex(4)}"
        self._remote = ""
        self._target = ""

    async def __aenter__(self) -> PlainPhone:
        phone, loop = self, asyncio.get_running_loop()

        class Datagrams(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: Any) -> None:
                phone._take(data.decode(), lambda reply: phone._datagrams.sendto(reply, addr))

        self._datagrams, _ = await loop.create_datagram_endpoint(Datagrams, local_addr=(self.address, 0))
        self.port: int = self._datagrams.get_extra_info("sockname")[1]
        self._listener = await asyncio.start_server(self._accepted, self.address, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._datagrams.close()
        self._listener.close()
        for reader in self._readers:
            reader.cancel()
        if self._writer is not None:
            self._writer.close()

    # --- what it does ---------------------------------------------------------------------------------------------

    async def dial(self, uri: str) -> None:
        """Until it is answered."""
        self._remote, self._target = f"<{uri}>", uri
        answer = await self._ask("INVITE", self._sdp("sendrecv"))
        assert answer.startswith("SIP/2.0 200"), answer
        self._remote = _header(answer, "To")
        self._target = _bare(_header(answer, "Contact"))
        self._listen_to(answer)
        await self._send("ACK", self._number)

    async def offer_again(self, direction: str) -> str:
        """A re-INVITE; what the answer says of the direction."""
        answer = await self._ask("INVITE", self._sdp(direction))
        assert answer.startswith("SIP/2.0 200"), answer
        await self._send("ACK", self._number)
        found = re.search(r"a=(sendrecv|sendonly|recvonly|inactive)", answer)
        return found[1] if found else "sendrecv"

    async def press(self, keys: str) -> None:
        """One after another, by INFO."""
        for key in keys:
            answer = await self._ask("INFO", f"Signal={key}\r\nDuration=160\r\n", "application/dtmf-relay")
            assert answer.startswith("SIP/2.0 200"), answer

    async def hang_up(self) -> int:
        """The status of the answer to its BYE."""
        self.voice.remote = None
        return int((await self._ask("BYE"))[8:11])

    async def is_hung_up(self, patience: float = 5.0) -> None:
        """Until a BYE has come."""
        async with asyncio.timeout(patience):
            while "BYE" not in self.requests:
                self._asked.clear()
                await self._asked.wait()

    async def _ask(self, method: str, body: str = "", kind: str = "application/sdp") -> str:
        """The final response."""
        self._number += 1
        future = self._answers[f"{self._number} {method}"] = asyncio.get_running_loop().create_future()
        await self._send(method, self._number, body, kind)
        return await asyncio.wait_for(future, 5.0)

    async def _send(self, method: str, number: int, body: str = "", kind: str = "application/sdp") -> None:
        place = f"{self.address}:{self.port}"
        lines = [
            f"{method} {self._target} SIP/2.0",
            f"Via: SIP/2.0/{self.transport.upper()} {place};branch=z9hG4bK{secrets.token_hex(8)};rport",
            "Max-Forwards: 70",
            f"From: {self._local}",
            f"To: {self._remote}",
            f"Call-ID: {self._call}",
            f"CSeq: {number} {method}",
            f"Contact: {self._contact}",
            *([self._extra] if self._extra and method == "INVITE" else []),
            *([f"Content-Type: {kind}"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        data = ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
        if self.transport == "udp":
            self._datagrams.sendto(data, self._server)
            return
        if self._writer is None or self._writer.is_closing() or self._readers[-1].done():
            reader, self._writer = await asyncio.open_connection(*self._server, local_addr=(self.address, 0))
            self._readers.append(asyncio.create_task(self._read(reader, self._writer)))
        self._writer.write(data)

    @property
    def _contact(self) -> str:
        return f"<sip:{self.name}@{self.address}:{self.port};transport={self.transport}>"

    def _sdp(self, direction: str) -> str:
        self._version += 1
        sdp = SDP.format(address=self.address, port=self.voice.port, direction=direction, version=self._version)
        return sdp.replace("\n", "\r\n")

    def _listen_to(self, description: str) -> None:
        host = re.search(r"c=IN IP4 (\S+)", description)
        port = re.search(r"m=audio (\d+)", description)
        assert host and port
        self.voice.remote = (host[1], int(port[1]))

    # --- what it hears --------------------------------------------------------------------------------------------

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._read(reader, writer)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(_header(head, "Content-Length") or 0)
                self._take(head + (await reader.readexactly(length)).decode(), writer.write)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    def _take(self, text: str, reply: Any) -> None:
        if text.startswith("SIP/2.0"):
            future = self._answers.get(_header(text, "CSeq"))
            if not text.startswith("SIP/2.0 1") and future is not None and not future.done():
                future.set_result(text)
            return
        method = text.partition(" ")[0]
        if method == "ACK":
            return
        self.requests.append(method)
        self._asked.set()
        if method == "BYE":
            self.voice.remote = None
        to, body = _header(text, "To"), ""
        if method == "INVITE":
            body = self._sdp("sendrecv")
            if "tag=" not in to:
                to += ";tag=plain"
                self._call, self._local, self._remote = _header(text, "Call-ID"), to, _header(text, "From")
                self._target = _bare(_header(text, "Contact"))
            self._listen_to(text)
        lines = [
            "SIP/2.0 200 OK",
            *(f"Via: {value}" for value in re.findall(r"(?im)^Via[ \t]*:[ \t]*([^\r\n]*)", text)),
            f"From: {_header(text, 'From')}",
            f"To: {to}",
            f"Call-ID: {_header(text, 'Call-ID')}",
            f"CSeq: {_header(text, 'CSeq')}",
            f"Contact: {self._contact}",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        reply(("\r\n".join(lines) + "\r\n\r\n" + body).encode())


def _header(text: str, name: str) -> str:
    found = re.search(rf"(?im)^{name}[ \t]*:[ \t]*([^\r\n]*)", text)
    return found[1] if found else ""


def _bare(contact: str) -> str:
    return contact.partition("<")[2].partition(">")[0]

"""SIP by hand over UDP, for what neither phone nor sipp can be made to do: messages that cross in flight."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
import time

OFFER = """v=0
o=raw 1 1 IN IP4 {address}
s=-
c=IN IP4 {address}
t=0 0
m=audio 9 RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""


class RawCaller:
    """One INVITE transaction typed out; what comes back is kept in `replies`."""

    def __init__(self, address: str, target: str, uri: str) -> None:
        """target: host:port of the server."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((address, 0))
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._own = f"{address}:{self._socket.getsockname()[1]}"
        self._uri, self._address = uri, address
        self._branch, self._call = f"z9hG4bK{secrets.token_hex(8)}", secrets.token_hex(8)
        self.replies: list[str] = []

    def send(
        self, method: str, cseq: str, *, to_tag: str = "", body: str = "", branch: str = "", uri: str = ""
    ) -> None:
        """One request of this call; the branch is the INVITE's unless named, as CANCEL and ACK of a refusal need."""
        lines = [
            f"{method} {uri or self._uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._own};branch={branch or self._branch};rport",
            "Max-Forwards: 70",
            f"From: <sip:raw@phones.example>;tag={self._call}",
            f"To: <{self._uri}>{to_tag}",
            f"Call-ID: {self._call}",
            f"CSeq: {cseq}",
            f"Contact: <sip:raw@{self._own}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._socket.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), self._target)

    async def invite(self) -> None:
        self.send("INVITE", "1 INVITE", body=OFFER.format(address=self._address).replace("\n", "\r\n"))

    async def invite_and_cancel(self, between: float = 0.0) -> None:
        """INVITE, then CANCEL after so many seconds, without waiting for any answer."""
        await self.invite()
        if between:
            await asyncio.sleep(between)
        self.send("CANCEL", "1 CANCEL")

    async def settle(self, seconds: float) -> None:
        """Take replies for so long; acknowledge every final answer to INVITE, end what was answered with 200."""
        until = time.monotonic() + seconds
        loop = asyncio.get_running_loop()
        while (left := until - time.monotonic()) > 0:
            try:
                data = await asyncio.wait_for(loop.sock_recv(self._socket, 65535), left)
            except TimeoutError:
                return
            reply = data.decode(errors="replace")
            self.replies.append(reply)
            status, cseq = self._facts(reply)
            if cseq == "1 INVITE" and status >= 200:
                self._finish(reply, status)

    def _finish(self, reply: str, status: int) -> None:
        tag = re.search(r"(?im)^To:[^\r\n]*?(;tag=[^;\r\n]+)", reply)
        to_tag = tag[1] if tag else ""
        if status >= 300:
            self.send("ACK", "1 ACK", to_tag=to_tag)
            return
        contact = re.search(r"(?im)^Contact:\s*<?([^>;\r\n]+)", reply)
        uri = contact[1] if contact else self._uri
        self.send("ACK", "1 ACK", to_tag=to_tag, branch=f"z9hG4bK{secrets.token_hex(8)}", uri=uri)
        self.send("BYE", "2 BYE", to_tag=to_tag, branch=f"z9hG4bK{secrets.token_hex(8)}", uri=uri)

    def statuses(self, cseq: str) -> list[int]:
        """Every status that answered this CSeq, each once, in order of arrival."""
        found = [status for status, answered in map(self._facts, self.replies) if answered == cseq]
        return list(dict.fromkeys(found))

    def close(self) -> None:
        self._socket.close()

    @staticmethod
    def _facts(reply: str) -> tuple[int, str]:
        status = re.match(r"SIP/2\.0 (\d{3})", reply)
        cseq = re.search(r"(?im)^CSeq:\s*(\d+\s+\w+)", reply)
        return (int(status[1]) if status else 0, cseq[1] if cseq else "")

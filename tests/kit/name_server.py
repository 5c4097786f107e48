"""A name server of a few records, over UDP, for those who ask."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer:
    """records: {(name, type): texts}, such as {("_sip._udp.a.example", "SRV"): ["10 5 5062 b.example."]}."""

    def __init__(self, address: str, records: Mapping[tuple[str, str], Sequence[str]]) -> None:
        self.address = address
        self.port = 0
        self.asked: list[tuple[str, str]] = []
        self._records = records

    async def __aenter__(self) -> NameServer:
        server = self

        class Datagrams(asyncio.DatagramProtocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, addr: Any) -> None:
                self.transport.sendto(server._answer(data), addr)

        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            Datagrams, local_addr=(self.address, 0)
        )
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    def _answer(self, data: bytes) -> bytes:
        question = dns.message.from_wire(data)
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.AA
        asked = question.question[0]
        name, kind = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
        self.asked.append((name, kind))
        if (name, kind) in self._records:
            answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, *self._records[(name, kind)]))
        elif not any(known == name for known, _ in self._records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()

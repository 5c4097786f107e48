"""The SIP door over the whole app layer on fakes: phones written by hand, time that moves when told."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from parley.doors.sip.agent import SipAgent
from parley.doors.sip.listeners import StreamLimits
from parley.doors.sip.registrar import Registrar
from parley.wire.offer_answer import OPUS, PCMU
from parley.wire.sdp import Media, Session
from parley.wire.sdp import parse as parse_sdp
from parley.wire.sip.flow import Flow, Send
from parley.wire.sip.message import Request, Response
from tests.app.floor import Floor
from tests.kit.sip_wire import SERVER, read_said, request

_numbers = count(1)
DIGITS = "a=rtpmap:101 telephone-event/8000\r\n"
CODECS = {"opus": f"a=rtpmap:{OPUS.rtpmap}\r\n", "pcmu": f"a=rtpmap:{PCMU.rtpmap}\r\n"}


def offer(
    *codecs: str, address: str = "192.0.2.50", port: int = 4000, direction: str = "", extra: str = "", version: int = 1
) -> str:
    """A phone's description of one audio stream. codecs: of CODECS, best first; none: both."""
    payloads = {"opus": 111, "pcmu": 0}
    chosen = codecs or ("opus", "pcmu")
    formats = " ".join(str(payloads.get(codec, 3)) for codec in chosen)
    kind = "IP6" if ":" in address else "IP4"
    return (
        f"v=0\r\no=phone 7 {version} IN {kind} {address}\r\ns=-\r\nc=IN {kind} {address}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {formats} 101\r\n"
        + "".join(CODECS.get(codec, "a=rtpmap:3 GSM/8000\r\n") for codec in chosen)
        + DIGITS
        + (f"a={direction}\r\n" if direction else "")
        + extra
    )


class SipRig:
    """The agent's sockets are a list of what it sent; what phones send goes in by the listeners' own way."""

    def __init__(
        self,
        floor: Floor,
        *,
        calls_per_source: int = 50,
        calls_most: int = 100,
        trusted_trunks: Sequence[str] = (),
        registrar: Registrar | None = None,
        streams: StreamLimits | None = None,
    ) -> None:
        self.floor = floor
        self.agent = SipAgent(
            clock=floor.clock,
            arrivals=floor.arrivals,
            spawn=floor.tasks.spawn,
            agent="Parley/test",
            media_address=None,
            calls_most=calls_most,
            calls_per_source=calls_per_source,
            trusted_trunks=trusted_trunks,
            registrar=registrar,
            streams=streams,
            transfers=floor.arrivals.transfers,
        )
        self.sent: list[tuple[Flow, Request | Response]] = []
        self.agent._listeners.send = self._send  # type: ignore[method-assign]

    def _send(self, item: Send) -> None:
        self.sent.append((item.flow, read_said(item.data)))

    async def hear(self, data: bytes, flow: Flow) -> list[Request | Response]:
        """What it says to that, at once."""
        before = len(self.sent)
        self.agent._listeners.received(data, flow)
        await self.floor.settle()
        return [message for _, message in self.sent[before:]]


class Phone:
    """One call of one phone."""

    def __init__(self, rig: SipRig, user: str = "room", *, host: str = "192.0.2.50", transport: str = "udp") -> None:
        number = next(_numbers)
        self.rig, self.user = rig, user
        self.flow = Flow(transport, SERVER, (host, 5062), f"udp-{number}" if transport == "udp" else number)
        self._via = f"SIP/2.0/{transport.upper()} {host}:5062;rport;branch=z9hG4bK{number}x"
        self._call_id, self._number = f"call-{number}", 0
        self.to_tag = ""

    async def send(
        self, method: str, body: str = "", *, number: int | None = None, extra: str = "", branch: str | None = None
    ) -> list[Request | Response]:
        """A request of this call; what the server says to it at once. ACK and CANCEL keep the INVITE's number."""
        if number is None:
            self._number += method not in {"ACK", "CANCEL"}
            number = self._number
        return await self.rig.hear(
            request(
                method,
                f"sip:{self.user}@example.com",
                via=self._via + (branch if branch is not None else f"{number}{'' if method == 'CANCEL' else method}"),
                to=f"<sip:{self.user}@example.com>{self.to_tag}",
                call_id=self._call_id,
                number=number,
                extra=extra,
                body=body,
            ),
            self.flow,
        )

    async def invite(self, body: str | None = None, *, extra: str = "") -> list[Response]:
        """INVITE, or re-INVITE once answered; the responses, without 100."""
        said = await self.send("INVITE", offer() if body is None else body, extra=extra, branch=f"{self._number + 1}")
        answers = [message for message in said if isinstance(message, Response) and message.status > 100]
        for answer in answers:
            tag = answer.to.tag
            if answer.status == 200 and tag and not self.to_tag:
                self.to_tag = f";tag={tag}"
        return answers

    async def ack(self, body: str = "") -> list[Request | Response]:
        return await self.send("ACK", body)

    async def call(self, body: str | None = None) -> Session:
        """INVITE and ACK; the answer's SDP."""
        (answer,) = await self.invite(body)
        assert answer.status == 200
        await self.ack()
        return described(answer)

    async def info(self, content_type: str, body: str) -> int:
        """The status that an INFO gets."""
        self._number += 1
        data = request(
            "INFO",
            f"sip:{self.user}@example.com",
            via=f"{self._via}{self._number}INFO",
            to=f"<sip:{self.user}@example.com>{self.to_tag}",
            call_id=self._call_id,
            number=self._number,
            body=body,
        ).replace(b"application/sdp", content_type.encode())
        (answer,) = await self.rig.hear(data, self.flow)
        assert isinstance(answer, Response)
        return answer.status

    async def took(self, seconds: float = 0) -> list[Request]:
        """The requests the server sent to this phone since its last word, such as BYE."""
        await self.rig.floor.wait(seconds)
        return [one for flow, one in self.rig.sent if flow == self.flow and isinstance(one, Request)]


def described(answer: Response) -> Session:
    return parse_sdp(answer.body)


def audio_of(session: Session) -> Media:
    return next(media for media in session.media if media.kind == "audio")

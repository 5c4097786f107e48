"""A browser that is none: aiortc as the far end of a browser's leg. It hums a tone and keeps what it hears.

async with WebPeer("127.1.2.3", 440) as peer:
    offer = await peer.offer()              # SDP text
    await peer.accept(answer_for(offer, local))
    await peer.connected()
    ...
    heard(peer.heard, 520, peer.rate)
"""

from __future__ import annotations

import asyncio
import contextvars
import fractions
import re
from dataclasses import dataclass
from types import TracebackType

import aioice.ice
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from parley.core.leg_inputs import AudioCodec, LegAudio, WebLocal, WebRemote
from parley.core.secret import Secret
from tests.kit.tones import Sound, sine

RATE = 48_000
FRAME = RATE // 50
MOST_KEPT = 50 * 60  # frames heard: a minute

# aiortc offers no way to say on which addresses a connection shall be.
_address: contextvars.ContextVar[str] = contextvars.ContextVar("address")
_all_addresses = aioice.ice.get_host_addresses


def _host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    chosen = _address.get("")
    return [chosen] if chosen else _all_addresses(use_ipv4, use_ipv6)


aioice.ice.get_host_addresses = _host_addresses


class Tone(MediaStreamTrack):
    """A steady tone at the pace of the clock; frequency 0 is silence."""

    kind = "audio"

    def __init__(self, frequency: float, amplitude: float) -> None:
        super().__init__()
        self.frequency, self.amplitude = frequency, amplitude
        self._sent = 0
        self._began = 0.0

    async def recv(self) -> AudioFrame:
        now = asyncio.get_running_loop().time()
        if not self._began:
            self._began = now
        await asyncio.sleep(max(self._began + self._sent / RATE - now, 0))
        sound = sine(self.frequency, FRAME / RATE, RATE, self.amplitude, self._sent)
        frame = AudioFrame.from_ndarray((sound * 32767).astype(np.int16).reshape(1, -1), "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._sent, fractions.Fraction(1, RATE)
        self._sent += FRAME
        return frame


class WebPeer:
    """address: where it is on the network. frequency 0: it sends silence; None: it only listens."""

    rate = RATE

    def __init__(self, address: str, frequency: float | None = 0.0, amplitude: float = 0.25) -> None:
        self.address = address
        self.tone = None if frequency is None else Tone(frequency, amplitude)
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        if self.tone is None:
            self.connection.addTransceiver("audio", direction="recvonly")
        else:
            self.connection.addTrack(self.tone)
        self._frames: list[Sound] = []
        self._listening: asyncio.Task[None] | None = None
        self.connection.on("track", self._listen)

    async def __aenter__(self) -> WebPeer:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def offer(self) -> str:
        """The SDP of a new offer; complete with candidates."""
        token = _address.set(self.address)
        try:
            await self.connection.setLocalDescription(await self.connection.createOffer())
        finally:
            _address.reset(token)
        return self.connection.localDescription.sdp

    async def accept(self, sdp: str) -> None:
        """Take the answer, and begin to connect."""
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def answer(self, sdp: str) -> str:
        """Take an offer, and begin to connect; the SDP of the answer."""
        token = _address.set(self.address)
        try:
            await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
            await self.connection.setLocalDescription(await self.connection.createAnswer())
        finally:
            _address.reset(token)
        return self.connection.localDescription.sdp

    async def connected(self, seconds: float = 10.0) -> None:
        """Wait until sound can flow."""
        await self.reaches("connected", seconds)

    async def reaches(self, state: str, seconds: float = 10.0) -> None:
        """Wait for a state of the connection: connected, failed, closed."""
        reached = asyncio.Event()

        def look() -> None:
            if self.connection.connectionState == state:
                reached.set()

        self.connection.on("connectionstatechange", look)
        look()
        await asyncio.wait_for(reached.wait(), seconds)

    async def close(self) -> None:
        """Leave, with a goodbye."""
        await self.connection.close()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    def _listen(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.ensure_future(self._collect(track))

    async def _collect(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            channels = len(frame.layout.channels)
            samples = frame.to_ndarray().reshape(-1, channels).mean(axis=1) / 32768
            self._frames.append(samples.astype(np.float32))
            del self._frames[:-MOST_KEPT]

    @property
    def heard(self) -> Sound:
        """What was heard so far, or since forget(): mono at `rate`."""
        return np.concatenate(self._frames) if self._frames else np.zeros(0, np.float32)

    def forget(self) -> None:
        self._frames.clear()


# --- offers and answers by hand -------------------------------------------------------------------------------


@dataclass(frozen=True)
class OfferFacts:
    """What the engine needs of an offer."""

    web: WebRemote
    opus: int  # payload types
    dtmf: int | None
    mid: str

    @property
    def audio(self) -> LegAudio:
        return LegAudio("", 0, AudioCodec("opus", self.opus, RATE), dtmf_payload_type=self.dtmf, web=self.web)


def facts_of(offer: str) -> OfferFacts:
    """Read an offer of one audio section."""

    def value(pattern: str) -> str | None:
        found = re.search(pattern, offer, re.MULTILINE | re.IGNORECASE)
        return None if found is None else found[1].strip()

    def needed(pattern: str) -> str:
        found = value(pattern)
        assert found is not None, f"{pattern} is not in the offer"
        return found

    dtmf = value(r"^a=rtpmap:(\d+) telephone-event/8000")
    level = value(r"^a=extmap:(\d+)\S* urn:ietf:params:rtp-hdrext:ssrc-audio-level")
    web = WebRemote(
        needed(r"^a=ice-ufrag:(\S+)"),
        Secret(needed(r"^a=ice-pwd:(\S+)")),
        needed(r"^a=fingerprint:sha-256 (\S+)"),
        needed(r"^a=setup:(\S+)"),
        None if level is None else int(level),
    )
    opus = int(needed(r"^a=rtpmap:(\d+) opus/48000"))
    return OfferFacts(web, opus, None if dtmf is None else int(dtmf), needed(r"^a=mid:(\S+)"))


def answer_for(offer: str, local: WebLocal, *, direction: str = "sendrecv") -> str:
    """The answer that a door would give."""
    facts = facts_of(offer)
    formats = [facts.opus] if facts.dtmf is None else [facts.opus, facts.dtmf]
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=group:BUNDLE {facts.mid}",
        f"m=audio {local.port} UDP/TLS/RTP/SAVPF {' '.join(map(str, formats))}",
        f"c=IN IP4 {local.addresses[0]}",
        f"a=mid:{facts.mid}",
        f"a={direction}",
        "a=rtcp-mux",
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.password.reveal()}",
        f"a=fingerprint:sha-256 {local.fingerprint}",
        "a=setup:passive",
        f"a=rtpmap:{facts.opus} opus/48000/2",
        f"a=fmtp:{facts.opus} useinbandfec=1",
    ]
    if facts.dtmf is not None:
        lines += [f"a=rtpmap:{facts.dtmf} telephone-event/8000"]
    if facts.web.level_extension is not None:
        lines += [f"a=extmap:{facts.web.level_extension} urn:ietf:params:rtp-hdrext:ssrc-audio-level"]
    lines += [
        f"a=candidate:{number} 1 udp {2130706431 - number} {address} {local.port} typ host"
        for number, address in enumerate(local.addresses, 1)
    ]
    return "\r\n".join([*lines, "a=end-of-candidates", ""])

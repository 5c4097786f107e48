"""What bench_browser_join.py compares with: one page and plain aiortc behind it, which hums to everyone who comes."""

from __future__ import annotations

import argparse
import asyncio
import fractions
from pathlib import Path

import numpy as np
import uvicorn
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse
from starlette.routing import Route

RATE, FRAME, TONE = 48_000, 960, 1000.0  # samples a second and a frame of 20 ms, Hz
connections: set[RTCPeerConnection] = set()


class Hum(MediaStreamTrack):
    kind = "audio"
    sent, began = 0, 0.0

    async def recv(self) -> AudioFrame:
        now = asyncio.get_running_loop().time()
        self.began = self.began or now
        await asyncio.sleep(max(self.began + self.sent / RATE - now, 0))
        sound = 8000 * np.sin(2 * np.pi * TONE * (self.sent + np.arange(FRAME)) / RATE)
        frame = AudioFrame.from_ndarray(sound.astype(np.int16).reshape(1, -1), "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self.sent, fractions.Fraction(1, RATE)
        self.sent += FRAME
        return frame


async def page(_request: Request) -> FileResponse:
    return FileResponse(Path(__file__).with_name("aiortc_page.html"))


async def answer(request: Request) -> JSONResponse:
    connection = RTCPeerConnection()
    connections.add(connection)

    @connection.on("connectionstatechange")
    async def changed() -> None:
        if connection.connectionState in ("failed", "closed"):
            await connection.close()
            connections.discard(connection)

    await connection.setRemoteDescription(RTCSessionDescription((await request.json())["sdp"], "offer"))
    connection.addTrack(Hum())
    await connection.setLocalDescription(await connection.createAnswer())
    return JSONResponse({"type": "answer", "sdp": connection.localDescription.sdp})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("address", "port", "certificate", "key"):
        parser.add_argument(name)
    told = parser.parse_args()
    routes = [Route("/", page), Route("/offer", answer, methods=["POST"])]
    uvicorn.run(
        Starlette(routes=routes),
        host=told.address,
        port=int(told.port),
        ssl_certfile=told.certificate,
        ssl_keyfile=told.key,
        log_level="warning",
    )

"""What bench_browsers.py compares with: aiortc's peer connections as they come, each sending back what it hears.

One line of JSON with an offer on standard input is answered by one line with an answer on standard output.
"""

from __future__ import annotations

import asyncio
import json
import sys

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription


async def answer(offer: str, connections: list[RTCPeerConnection]) -> str:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connections.append(connection)

    @connection.on("track")
    def echo(track: MediaStreamTrack) -> None:
        connection.addTrack(track)

    await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
    await connection.setLocalDescription(await connection.createAnswer())
    return str(connection.localDescription.sdp)


async def main() -> None:
    loop = asyncio.get_running_loop()
    connections: list[RTCPeerConnection] = []
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await answer(json.loads(line), connections)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())

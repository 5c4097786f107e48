"""How soon a browser hears: `python bench/bench_browser_join.py [--runs 10]` (Chromium and baresip installed).

One headless Chromium joins a meeting of a real server through its own pages, where a phone is humming, and a small
aiortc server that hums by itself (bench/aiortc_page.py), by turns. Both speak TLS with the same certificate, and in
both the microphone is open before the click. Printed are milliseconds from the click on "Join", by the event's own
time, until the sound that has come holds the first sample above -34 dBFS, read every 4 ms where it leaves the
browser's decoder; and until the media connection stood, which tells where the time went.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.kit.addresses import Network, free_port
from tests.kit.baresip import Phone
from tests.kit.chromium import Chromium
from tests.kit.recordings import tone
from tests.kit.server import DOMAIN, Server

TONE = 1000.0  # Hz, in the meeting; of the other server in its own file
SPEECH = 600.0  # seconds; longer than all runs
PATIENCE = 15.0

# Runs before the page's own scripts, in both pages the same.
STOPWATCH = """
(() => {
  const times = (window.stopwatch = { clicked: null, connected: null, heard: null });
  const context = new AudioContext();
  addEventListener("click", (event) => { times.clicked ??= event.timeStamp; }, true);
  const listen = (track) => {
    const ear = new AnalyserNode(context, { fftSize: 256 });
    context.createMediaStreamSource(new MediaStream([track])).connect(ear);
    const samples = new Float32Array(ear.fftSize);
    const timer = setInterval(() => {
      ear.getFloatTimeDomainData(samples);
      if (!samples.some((sample) => Math.abs(sample) > 0.02)) return;
      times.heard = performance.now();
      clearInterval(timer);
    }, 4);
  };
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...settings) {
      super(...settings);
      this.addEventListener("track", ({ track }) => listen(track));
      this.addEventListener("connectionstatechange", () => {
        if (this.connectionState === "connected") times.connected ??= performance.now();
      });
    }
  };
})();
"""


class Watched(Chromium):
    """A Chromium whose every page carries the stopwatch."""

    async def _launch(self) -> None:
        await super()._launch()
        await self._context.add_init_script(STOPWATCH)

    async def waited(self) -> tuple[float, float]:
        """Milliseconds from the click to the connection and to the first sound."""
        await self.becomes("stopwatch.heard !== null && stopwatch.connected !== null", PATIENCE)
        times = await self.evaluate("stopwatch")
        return times["connected"] - times["clicked"], times["heard"] - times["clicked"]


@contextlib.asynccontextmanager
async def humming_meeting() -> AsyncIterator[tuple[Server, str]]:
    """A server in whose meeting a phone hums, and the path of the meeting's page."""
    network = Network()
    async with Server(network, https=True) as server:
        await server.api.post("/coSpaces", "name=Measured&uri=measured&callId=1234")
        phone = Phone(network.address(), name="hum", proxy=server.sip, speech=(tone(TONE, SPEECH),))
        async with phone:
            await phone.dial(f"sip:measured@{DOMAIN}")
            yield server, "/meeting/1234"


@contextlib.asynccontextmanager
async def humming_aiortc(server: Server) -> AsyncIterator[str]:
    """The other server's page."""
    address, port = server.address, free_port(server.address)
    key = server.certificate.with_name("https-key.pem")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(Path(__file__).with_name("aiortc_page.py"))),
        *(address, str(port), str(server.certificate), str(key)),
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(address, port)
                writer.close()
                break
            await asyncio.sleep(0.1)
        yield f"https://{address}:{port}/"
    finally:
        process.kill()
        await process.wait()


async def join_ours(browser: Watched, url: str) -> tuple[float, float]:
    await browser.open(url)
    await browser.becomes("document.getElementById('microphone')?.disabled === false")
    await browser.fill("Your name", "Ann")
    await browser.click("button", "Join")
    waited = await browser.waited()
    await browser.click("button", "Leave")
    await browser.click("button", "Leave")  # of the dialog: one who may moderate could end it for all as well
    await browser.sees("You have left the meeting.")
    return waited


async def join_theirs(browser: Watched, url: str) -> tuple[float, float]:
    await browser.open(url)
    await browser.becomes("!document.getElementById('join').disabled")
    await browser.click("button", "Join")
    waited = await browser.waited()
    await browser.click("button", "Leave")
    return waited


def p95(values: Sequence[float]) -> float:
    """The nearest rank: of fewer than twenty the longest."""
    return sorted(values)[-(-len(values) * 95 // 100) - 1]


def show(name: str, runs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    heard = [heard for _, heard in runs]
    connected = statistics.median(connected for connected, _ in runs)
    median, high = statistics.median(heard), p95(heard)
    print(f"{name:8} {len(runs):4} {connected:16.0f} {median:16.0f} {high:9.0f} {min(heard):9.0f} {max(heard):9.0f}")
    return median, high


async def measure(runs: int) -> None:
    ours, theirs = [], []
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    async with humming_meeting() as (server, path), humming_aiortc(server) as their_url:
        our_url = f"https://{server.address}:{server.https_port}{path}"
        async with Watched("ann", 440.0, certificate=server.certificate) as browser:
            for _ in range(runs):
                ours.append(await join_ours(browser, our_url))
                theirs.append(await join_theirs(browser, their_url))
    print("click to  runs  connected median  sound ms median       p95      best     worst")
    our_median, our_high = show("parley", ours)
    their_median, their_high = show("aiortc", theirs)
    print(f"ratio (parley / aiortc): median {our_median / their_median:.2f}, p95 {our_high / their_high:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Time from the click to the first sound, beside aiortc.")
    parser.add_argument("--runs", type=int, default=10, help="joins of each of the two")
    asyncio.run(measure(parser.parse_args().runs))


if __name__ == "__main__":
    main()

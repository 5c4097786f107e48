"""The instruments themselves: each browser, a page of the test's own, no server."""

from __future__ import annotations

import asyncio
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from tests.kit.browser import Browser
from tests.kit.chromium import Chromium
from tests.kit.firefox import Firefox
from tests.kit.recordings import VOICES

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("pages"), pytest.mark.timeout(120)]

# Sends the microphone through two peer connections to the loudspeaker.
PAGE = b"""<!doctype html><html lang="en"><title>Loop</title><main><h1>Loop</h1>
<button id="play">Play</button><button id="halt">Stop</button>
<label>Name <input id="name"></label><label>Tone <select id="tone"><option>Low<option>High</select></label>
<p id="says">idle</p>
<dialog id="ask" aria-label="Really?"><button>Play</button></dialog>
<button hidden>Secret</button><audio id="ear" autoplay></audio></main>
<script type="module">
const [here, there] = [new RTCPeerConnection(), new RTCPeerConnection()];
here.onicecandidate = event => there.addIceCandidate(event.candidate);
there.onicecandidate = event => here.addIceCandidate(event.candidate);
there.ontrack = event => { ear.srcObject = event.streams[0]; };
there.onconnectionstatechange = () => { says.textContent = there.connectionState; };
document.onkeydown = event => { if (event.key === 'Escape') says.textContent = `bye ${tone.value}`; };
halt.onclick = () => { ear.pause(); says.textContent = `goodbye ${document.getElementById('name').value}`; };
play.onclick = async () => {
    const microphone = await navigator.mediaDevices.getUserMedia({audio: true});
    here.addTrack(microphone.getAudioTracks()[0], microphone);
    await here.setLocalDescription();
    await there.setRemoteDescription(here.localDescription);
    await there.setLocalDescription();
    await here.setRemoteDescription(there.localDescription);
};
</script>"""


class Pages(http.server.BaseHTTPRequestHandler):
    bodies: ClassVar[dict[str, bytes]] = {
        "/": PAGE,
        "/wrong": b"<!doctype html><title>x</title><img src='data:,'><script>missing()</script>",
    }

    def do_GET(self) -> None:
        body = self.bodies.get(self.path, b"")
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("kind", [Chromium, Firefox])
async def test_a_browser_plays_what_its_microphone_hummed(kind: type[Browser], site: str, tmp_path: Path) -> None:
    """The tone comes out of the loudspeaker whole and at its strength while it is played, and not before or after."""
    voice = VOICES[3]
    async with kind("ada", voice, failures=tmp_path) as ada:
        await ada.open(f"{site}/")
        await ada.finds("heading", "Loop")
        assert not ada.heard_since(ada.start).traces(VOICES)
        await ada.click("button", "Play")
        await ada.sees("connected")
        await ada.hears(voice)
        heard = await ada.listen(1.0)
        assert heard.traces(VOICES) == {voice}
        assert not heard.holes(voice, 0.04)
        assert 0.8 < heard.level(voice) / ada.loudness < 1.2
        await ada.fill("Name", "Bob")
        await ada.fill("Name", "Ann Lee")
        await ada.click("button", "Stop")
        await ada.sees("goodbye Ann Lee")
        await asyncio.sleep(0.5)
        assert not (await ada.listen(0.5)).traces(VOICES)


@pytest.mark.parametrize("kind", [Chromium, Firefox])
async def test_a_page_is_used_as_people_use_it(kind: type[Browser], site: str, tmp_path: Path) -> None:
    """Things are found by role and name, what is hidden is not; keys and lists work; what is wrong is noticed."""
    async with kind("ada", VOICES[0], failures=tmp_path) as ada:
        await ada.open(f"{site}/")
        await ada.choose("Tone", "High")
        await ada.press("Escape")
        await ada.sees("bye High")
        await ada.finds_no("button", "Secret")
        await ada.sees_no("idle", "Secret")
        with pytest.raises(AssertionError, match="Nothing"):
            await ada.finds("button", "Nothing", patience=0.2)
        await ada.has_no_barriers()
        await ada.evaluate("document.getElementById('ask').showModal()")
        await ada.finds("dialog", "Really?")
        assert (await ada.count("button", "Play"), await ada.count("button", "Stop")) == (1, 0)
        await ada.press("Escape")
        await ada.finds("button", "Stop")
        for width in (390, 1440):
            picture = (await ada.screenshot(tmp_path / f"{width}.png", width)).read_bytes()
            assert int.from_bytes(picture[16:20], "big") == width
        await ada.reload()
        await ada.sees("idle")
        assert not ada.complaints
        await ada.open(f"{site}/wrong")
        assert any("image-alt" in barrier for barrier in await ada.barriers())
        assert any("missing" in complaint for complaint in ada.complaints)
        ada.complaints.clear()


async def test_a_page_that_fails_fails_the_story(site: str, tmp_path: Path) -> None:
    """An error in a page that nobody caught is no success, whatever the story itself found."""
    with pytest.raises(AssertionError, match="missing"):
        async with Chromium("ada", VOICES[0], failures=tmp_path) as ada:
            await ada.open(f"{site}/wrong")

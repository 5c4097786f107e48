"""Debian's Firefox ESR, driven over WebDriver BiDi; no driver program is needed."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

from .bidi import Bidi, BidiError, Json
from .browser import HEIGHTS, PATIENCE, POLL, Browser, Theme, program

LISTENING = "WebDriver BiDi listening on "
KEYS = {"Enter": "\ue007", "Tab": "\ue004", "Escape": "\ue00c", "Backspace": "\ue003", "Control": "\ue009"}
KEYS |= {"ArrowLeft": "\ue012", "ArrowUp": "\ue013", "ArrowRight": "\ue014", "ArrowDown": "\ue015", "Shift": "\ue008"}

# A microphone that hums, no questions, media to loopback addresses, and no word to anybody but the pages opened.
PREFERENCES: dict[str, bool | int | str] = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.cubeb_latency_mtg_frames": 2048,  # 43 ms: a busy machine is late by less
    "media.gmp-manager.url": "",
    "network.proxy.type": 0,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "app.update.enabled": False,
    "app.normandy.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.startup.page": 0,
    "signon.rememberSignons": False,
    "intl.accept_languages": "en-US",
}

# A point inside the element when it can be clicked there, else null: hidden, disabled, covered, still moving in.
CLICKABLE = """element => {
    element.scrollIntoView({block: 'center', inline: 'center'});
    const box = element.getBoundingClientRect();
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const top = document.elementFromPoint(x, y);
    if (!top || element.matches(':disabled')) return null;
    return element.contains(top) || top.contains(element) || [...(element.labels || [])].some(l => l.contains(top));
}"""
VISIBLE = "element => element.checkVisibility({visibilityProperty: true})"
FIELD = "element => element.matches('input, textarea, select, [contenteditable]')"


class Firefox(Browser):
    """One Firefox with a profile of its own. Any certificate will do."""

    loudness = 3276.0  # its own microphone's tone: a tenth of full scale, measured
    between_pages = (BidiError,)

    async def _launch(self) -> None:
        values = PREFERENCES | {"media.navigator.audio.fake_frequency": round(self.voice)}
        lines = (f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in values.items())
        (self._profile / "user.js").write_text("".join(lines))
        process = await asyncio.create_subprocess_exec(
            *(program("firefox-esr"), "--headless", "--no-remote", "--remote-debugging-port", "0"),
            *("--profile", str(self._profile), "about:blank"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"HOME": str(self._profile)} | self.loudspeaker.environment,
        )
        self._exits.push_async_callback(self._kill, process)
        url = await asyncio.wait_for(self._listening(process), PATIENCE)
        drain = asyncio.create_task(self._drain(process))
        self._exits.callback(drain.cancel)
        self._bidi = await self._exits.enter_async_context(Bidi(f"{url}/session", self._event))
        await self._bidi.send("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        await self._bidi.send("session.subscribe", events=["log.entryAdded"])
        tree = await self._bidi.send("browsingContext.getTree")
        self._tab = tree["contexts"][0]["context"]
        await self._resize(1440)

    async def _listening(self, process: asyncio.subprocess.Process) -> str:
        assert process.stderr is not None
        said = ""
        async for line in process.stderr:
            said += line.decode(errors="replace")
            if LISTENING in said:
                return said.rpartition(LISTENING)[2].strip()
        raise RuntimeError(f"Firefox did not start:\n{said[-2000:]}")

    async def _drain(self, process: asyncio.subprocess.Process) -> None:
        """Its own error output may not fill the pipe."""
        assert process.stderr is not None
        while await process.stderr.read(1 << 16):
            pass

    async def _kill(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 3.0)
                return
            process.kill()
            await process.wait()

    def _event(self, _method: str, entry: Json) -> None:
        text = f"{entry['level']}: {entry.get('text')}"
        self.said.append(text)
        uncaught = entry["type"] == "javascript" and entry["level"] == "error"
        if uncaught or "Content-Security-Policy" in text:
            self.complaints.append(text)

    # --- pages --------------------------------------------------------------------------------------------------

    async def open(self, url: str) -> None:
        self.start = self.mark()
        await self._bidi.send("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    async def reload(self) -> None:
        await self._bidi.send("browsingContext.reload", context=self._tab, wait="complete")

    async def evaluate(self, expression: str) -> Any:
        return await self._call(f"async () => JSON.stringify(await ({expression}))")

    async def _call(self, function: str, *elements: str) -> Any:
        """What a function that answers JSON text makes of these elements."""
        answer = await self._bidi.send(
            "script.callFunction",
            functionDeclaration=function,
            arguments=[{"sharedId": element} for element in elements],
            target={"context": self._tab},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        value = answer["result"].get("value")
        return None if value is None else json.loads(value)

    async def _ask(self, function: str, element: str) -> Any:
        return await self._call(f"element => JSON.stringify(({function})(element))", element)

    # --- things on the page ---------------------------------------------------------------------------------------

    async def _things(self, **wanted: str) -> list[str]:
        """The visible elements with this role or accessible name."""
        locator = {"type": "accessibility", "value": wanted}
        found = await self._bidi.send("browsingContext.locateNodes", context=self._tab, locator=locator)
        elements = [node["sharedId"] for node in found["nodes"]]
        return [element for element in elements if await self._ask(VISIBLE, element)]

    async def count(self, role: str, name: str) -> int:
        return len(await self._things(role=role, name=name))

    async def click(self, role: str, name: str) -> None:
        async def once() -> bool:
            found = await self._things(role=role, name=name)
            assert len(found) < 2, f"{len(found)} things are a {role} {name!r}"
            return bool(found) and await self._click(found[0])

        await self._until(once, f"{self.name} cannot click the {role} {name!r}", PATIENCE)

    async def _click(self, element: str) -> bool:
        if not await self._ask(CLICKABLE, element):
            return False
        target = {"type": "element", "element": {"sharedId": element}}
        await self._act(
            "pointer",
            {"type": "pointerMove", "x": 0, "y": 0, "origin": target},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        )
        return True

    async def _act(self, device: str, *actions: Json) -> None:
        sources = [{"type": device, "id": device, "actions": list(actions)}]
        await self._bidi.send("input.performActions", context=self._tab, actions=sources)

    async def _field(self, label: str) -> str:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with contextlib.suppress(BidiError):
                found = [each for each in await self._things(name=label) if await self._ask(FIELD, each)]
                assert len(found) < 2, f"{len(found)} fields are labelled {label!r}"
                if found:
                    return found[0]
            await asyncio.sleep(POLL)
        raise AssertionError(f"{self.name} has no field {label!r} after {PATIENCE} s")

    async def fill(self, label: str, text: str) -> None:
        field = await self._field(label)
        await self._ask("element => { element.focus(); if (element.select) element.select(); }", field)
        keys = text or KEYS["Backspace"]
        await self._act("key", *({"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")))

    async def choose(self, label: str, option: str) -> None:
        field = await self._field(label)
        chosen = await self._ask(
            f"""element => {{
                const wanted = [...element.options].find(each => each.label === {json.dumps(option)});
                if (!wanted) return false;
                element.value = wanted.value;
                for (const kind of ['input', 'change']) element.dispatchEvent(new Event(kind, {{bubbles: true}}));
                return true;
            }}""",
            field,
        )
        assert chosen, f"{label!r} has no choice {option!r}"

    async def press(self, key: str) -> None:
        value = KEYS.get(key, key)
        await self._act("key", {"type": "keyDown", "value": value}, {"type": "keyUp", "value": value})

    async def screenshot(self, path: Path, width: int = 1440, theme: Theme = "light") -> Path:
        assert theme == "light", "pictures in the dark are taken with Chromium"
        await self._resize(width)
        picture = await self._bidi.send("browsingContext.captureScreenshot", context=self._tab, origin="document")
        return _written(path, base64.b64decode(picture["data"]))

    async def _resize(self, width: int) -> None:
        await self._bidi.send(
            "browsingContext.setViewport", context=self._tab, viewport={"width": width, "height": HEIGHTS[width]}
        )


def _written(path: Path, picture: bytes) -> Path:
    path.write_bytes(picture)
    return path

"""A real SIP phone: one baresip process with an address of its own, driven over its control port.

It speaks from a sound file and records what it hears. The file of what it heard grows while the call lasts, so
`mark()` and `heard_since()` cut windows out of a running call without stopping it. Habits of baresip 1.0 that
shape this file: the sound file must have the codec's own rate and channels; a sound file that ends ends the call,
so every file is followed by silence; its RTP comes from 127.0.0.1 whatever its SDP says, so a server must answer
to where packets come from.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from .addresses import free_port
from .recordings import PROMPT_HEARD, PROMPTS, Part, Recording, samples_of, silence, tone, write_wav

MODULES = "/usr/lib/baresip/modules"
WAV_HEADER = 44
SPEECH = 90.0  # seconds a sound file lasts at least: longer than any story's call
PATIENCE = 15.0  # a story waits no longer than this for one thing


@dataclass(frozen=True, slots=True)
class Codec:
    name: str
    baresip: str
    rate: int
    channels: int


PCMU = Codec("pcmu", "PCMU/8000/1", 8000, 1)
PCMA = Codec("pcma", "PCMA/8000/1", 8000, 1)
G722 = Codec("g722", "G722/16000/1", 16000, 1)
OPUS = Codec("opus", "opus/48000/2", 48000, 2)


@dataclass(frozen=True, slots=True)
class PhoneEvent:
    at: float  # monotonic seconds
    kind: str  # baresip's name: CALL_ESTABLISHED, CALL_CLOSED ...
    param: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in what the phone hears: so many bytes of so many files."""

    files: int
    size: int


@dataclass
class Phone:
    """`async with Phone(address, name="ada", proxy="127.1.1.1:5060") as phone: await phone.dial("sip:...")`."""

    address: str
    name: str = "phone"
    codec: Codec = PCMU
    proxy: str = ""  # host:port every request goes to, whatever domain it names
    transport: str = "udp"
    speech: Sequence[Part] = ()
    codecs: str = ""  # baresip's list when the offer holds more than one codec
    password: str = ""  # of the device `name` at `domain`, which registers with it
    encryption: str = ""  # baresip's mediaenc: "srtp" offers it, "srtp-mand" insists on it, "dtls_srtp" by DTLS
    packet_ms: str = "20"  # what it asks for and sends
    domain: str = ""  # what stands after the @ of its own address; else its network address
    ipv6: str = ""  # where SIP and sound are, instead of `address`
    events: list[PhoneEvent] = field(default_factory=list)

    async def __aenter__(self) -> Phone:
        self._folder = Path(tempfile.mkdtemp(prefix="phone-"))
        self._heard = self._folder / "heard"
        self._heard.mkdir()
        self._speeches = 0
        self.sip_port = free_port(self.address)
        self._control_port = free_port(self.address)
        self._replies: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._token = 0
        self.start = Mark(0, 0)  # of the newest call this phone made
        self._news = asyncio.Event()
        self._configure(self._speech_file(self.speech))
        self._log = (self._folder / "log").open("wb")
        self._process = await asyncio.create_subprocess_exec(
            *("baresip", "-6" if self.ipv6 else "-4", "-s", "-f", str(self._folder), "-t", "120"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            cwd=self._folder,
        )
        try:
            await self._connect()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(f"--- what {self.name} ({self.address}) saw ---\n{self.trace()[-6000:]}")
        await self._end()

    async def _end(self) -> None:
        if hasattr(self, "_reader"):
            self._reader.cancel()
            self._writer.close()
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- what it does -----------------------------------------------------------------------------------------

    async def dial(self, uri: str, established: bool = True) -> None:
        """Call the URI; wait until it is answered unless told otherwise."""
        since = len(self.events)
        self.start = self.mark()
        await self.command("dial", uri)
        if established:
            kind = await self.wait_for("CALL_ESTABLISHED", "CALL_CLOSED", since=since)
            assert kind.kind == "CALL_ESTABLISHED", f"{self.name} dialled {uri}: {kind.param}"

    async def digits(self, digits: str) -> None:
        """Press the keys (RFC 4733), about 240 ms each; returns when the last has been let go."""
        await self.command("sndcode", digits)
        await asyncio.sleep(0.24 * len(digits) + 0.06)

    async def hang_up(self) -> None:
        since = len(self.events)
        await self.command("hangup")
        with contextlib.suppress(TimeoutError):  # baresip reports its own hang-up at once, or not at all
            await self.wait_for("CALL_CLOSED", since=since, patience=0.5)

    async def hold(self) -> None:
        await self.command("hold")

    async def resume(self) -> None:
        await self.command("resume")

    async def say(self, *parts: Part) -> float:
        """Speak these parts from now on, silence after them; returns the monotonic time of the change."""
        return await self.say_prepared(self.prepare(*parts))

    def prepare(self, *parts: Part) -> Path:
        """Write a speech to be said later: several phones that are to speak together need no time for it then."""
        return self._speech_file(parts)

    async def say_prepared(self, speech: Path) -> float:
        at = time.monotonic()
        await self.command("ausrc", f"aufile,{speech}")
        return at

    async def hum(self, frequency: float) -> float:
        """Speak one tone from now on."""
        return await self.say(tone(frequency, SPEECH))

    async def be_silent(self) -> float:
        return await self.say()

    async def command(self, name: str, params: str | None = None) -> str:
        """Give baresip a menu command; its answer, or AssertionError when it refuses."""
        self._token += 1
        token = str(self._token)
        message: dict[str, str] = {"command": name, "token": token}
        if params is not None:
            message["params"] = params
        body = json.dumps(message).encode()
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[token] = answer
        self._writer.write(b"%d:%s," % (len(body), body))
        reply = await asyncio.wait_for(answer, 5.0)
        assert reply.get("ok"), f"{self.name}: {name} {params or ''}: {reply.get('data')}"
        return str(reply.get("data", ""))

    # --- what it saw and heard ----------------------------------------------------------------------------------

    async def wait_for(self, *kinds: str, since: int = 0, patience: float = PATIENCE) -> PhoneEvent:
        """The first event of these kinds from the since-th on; TimeoutError names what came instead."""
        until = time.monotonic() + patience
        while True:
            for event in self.events[since:]:
                if event.kind in kinds:
                    return event
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), until - time.monotonic())
            except TimeoutError:
                seen = [event.kind for event in self.events[since:]]
                raise TimeoutError(f"{self.name}: none of {kinds} within {patience} s, only {seen}") from None

    async def wait_closed(self, patience: float = PATIENCE) -> PhoneEvent:
        """The end of the call that was made last."""
        return await self.wait_for("CALL_CLOSED", patience=patience)

    @property
    def in_call(self) -> bool:
        state = [e.kind for e in self.events if e.kind in ("CALL_ESTABLISHED", "CALL_CLOSED")]
        return bool(state) and state[-1] == "CALL_ESTABLISHED"

    def mark(self) -> Mark:
        """This moment in what the phone hears."""
        files = self._files()
        return Mark(len(files), files[-1].stat().st_size if files else 0)

    def heard_since(self, mark: Mark, until: Mark | None = None) -> Recording:
        """What was heard between two marks (or until now) of the newest call."""
        files = self._files()
        if not files:
            return samples_of(b"", self.codec.channels, self.codec.rate)
        raw = files[-1].read_bytes()
        start = mark.size if mark.files == len(files) else 0
        end = until.size if until else len(raw)
        frame = 2 * self.codec.channels
        start = max(start, WAV_HEADER) - WAV_HEADER
        return samples_of(raw[WAV_HEADER:end][start // frame * frame :], self.codec.channels, self.codec.rate)

    async def listen(self, seconds: float) -> Recording:
        """What is heard from now on for so long."""
        start = self.mark()
        await asyncio.sleep(seconds)
        return self.heard_since(start)

    async def hears(self, *voices: float, patience: float = PATIENCE) -> Mark:
        """Wait until all these tones are heard at once for 200 ms; the mark where they were."""
        until = time.monotonic() + patience
        missing = set(voices)
        while time.monotonic() < until:
            start = self.mark()
            await asyncio.sleep(0.24)
            missing = set(voices) - self.heard_since(start).voices(voices)
            if not missing:
                return start
        raise TimeoutError(f"{self.name} does not hear {sorted(missing)}")

    async def hears_prompt(self, name: str, since: Mark | None = None, patience: float = PATIENCE) -> float:
        """Wait until this prompt of the test language has been heard whole; the monotonic time of its end."""
        start, frequency = since or Mark(0, 0), PROMPTS[name]
        until = time.monotonic() + patience
        while time.monotonic() < until:
            await asyncio.sleep(0.02)
            heard = self.heard_since(start)
            for run in heard.runs(frequency, PROMPT_HEARD, shortest=0.08):
                if run.end < heard.seconds - 0.04:
                    return time.monotonic() - (heard.seconds - run.end)
        raise TimeoutError(f"{self.name} does not hear the prompt {name}")

    def trace(self) -> str:
        """baresip's own log with every SIP message."""
        self._log.flush()
        text = (self._folder / "log").read_text(errors="replace").replace("\r", "\n")
        text = re.sub(r"\x1b\[[0-9;]*m", "", text)
        lines = (line for line in text.split("\n") if "audio=" not in line)  # its running meter
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))

    # --- how it is run --------------------------------------------------------------------------------------------

    def _files(self) -> list[Path]:
        return sorted(self._heard.glob("dump-*-dec.wav"))

    def _speech_file(self, parts: Sequence[Part]) -> Path:
        self._speeches += 1
        path = self._folder / f"speech-{self._speeches}.wav"
        padding = max(2.0, SPEECH - sum(part.seconds for part in parts))
        return write_wav(path, [*parts, silence(padding)], self.codec.rate, self.codec.channels)

    def _configure(self, speech: Path) -> None:
        rate, channels = self.codec.rate, self.codec.channels
        lines = {
            "poll_method": "epoll",
            "sip_listen": f"[{self.ipv6}]:{self.sip_port}" if self.ipv6 else f"{self.address}:{self.sip_port}",
            "net_interface": self.ipv6 or self.address,
            "ctrl_tcp_listen": f"{self.address}:{self._control_port}",
            "audio_source": f"aufile,{speech}",
            "audio_player": "aubridge,ear",
            "audio_alert": "aubridge,bell",
            "ausrc_srate": rate,
            "auplay_srate": rate,
            "ausrc_channels": channels,
            "auplay_channels": channels,
            **{f"{kind}_format": "s16" for kind in ("ausrc", "auplay", "auenc", "audec")},
            "audio_level": "no",
            "audio_buffer": "20-160",
            "jitter_buffer_delay": "1-5",
            "rtp_ports": "40000-49999",
            "rtp_timeout": 0,
            "opus_complexity": 1,
            "call_max_calls": 4,
            "snd_path": self._heard,
            "module_path": MODULES,
        }
        text = "".join(f"{key}\t\t{value}\n" for key, value in lines.items())
        text += "".join(f"module\t{name}.so\n" for name in ("g711", "g722", "opus", "aufile", "aubridge", "sndfile"))
        text += f"module\t{'dtls_srtp' if 'dtls' in self.encryption else 'srtp'}.so\n" if self.encryption else ""
        text += "module_tmp\tuuid.so\nmodule_tmp\taccount.so\nmodule_app\tmenu.so\nmodule_app\tctrl_tcp.so\n"
        (self._folder / "config").write_text(text)
        domain = self.domain or ("phones.example" if self.proxy else f"{self.address}:{self.sip_port}")
        account = f"<sip:{self.name}@{domain};transport={self.transport}>;answermode=auto;ptime={self.packet_ms}"
        account += f";regint=600;auth_pass={self.password}" if self.password else ";regint=0"
        account += f";mediaenc={self.encryption}" if self.encryption else ""
        account += f";audio_codecs={self.codecs or self.codec.baresip}"
        if self.proxy:
            account += f';outbound="sip:{self.proxy};transport={self.transport}"'
        (self._folder / "accounts").write_text(account + "\n")
        (self._folder / "contacts").write_text("")

    async def _connect(self) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                reader, self._writer = await asyncio.open_connection(self.address, self._control_port)
                break
            except OSError:
                if time.monotonic() > until or self._process.returncode is not None:
                    raise RuntimeError(f"baresip did not start:\n{self.trace()[-2000:]}") from None
                await asyncio.sleep(0.05)
        self._reader = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Netstrings of JSON: answers to commands and events."""
        while True:
            try:
                length = await reader.readuntil(b":")
                message = json.loads(await reader.readexactly(int(length[:-1])))
                await reader.readexactly(1)
            except (asyncio.IncompleteReadError, OSError):
                return
            if message.get("response"):
                waiting = self._replies.pop(str(message.get("token")), None)
                if waiting and not waiting.done():
                    waiting.set_result(message)
            elif message.get("event"):
                event = PhoneEvent(time.monotonic(), str(message.get("type")), str(message.get("param", "")))
                self.events.append(event)
                self._news.set()

"""Another real SIP phone: one linphonec process, with the verbs and the ears of the baresip phone.

Habits of linphone 5.1 that shape this file: it registers only while it watches the network itself; the core does not
start without its folder in $HOME; a key takes it a second, in which it does nothing else; it does not end when its
input ends; the header of its recording is written when the call ends, so rate and channels are known beforehand
(Opus, which it offers first: 48 kHz, one channel). Recordings of one phone go on in one file, call after call.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import tempfile
import time
from pathlib import Path

from .addresses import free_port
from .baresip import Codec, Mark, Phone, PhoneEvent

LIFE = 120  # seconds until it is ended, should nobody else do it
KEY = 1.0  # seconds a key takes
ASKED = 9000  # seconds for which it wants to be registered
HEARD = Codec("opus", "", 48000, 1)
NEWS = {  # the state that its log tells, and what baresip calls it
    "LinphoneRegistrationOk": "REGISTER_OK",
    "LinphoneRegistrationFailed": "REGISTER_FAIL",
    "LinphoneCallConnected": "CALL_ESTABLISHED",
    "LinphoneCallStreamsRunning": "MEDIA",
    "LinphoneCallPaused": "CALL_HELD",
    "LinphoneCallError": "CALL_CLOSED",
    "LinphoneCallEnd": "CALL_CLOSED",
}
STATE = re.compile(r"moving from state \S+ to \[?(Linphone\w+)")


class Linphone(Phone):
    """`async with Linphone(address, name="lin", proxy=..., domain=..., password=...) as phone`; it answers calls too.

    encryption: linphone's media_encryption, "srtp" or "dtls"; with any it insists on it.
    """

    async def __aenter__(self) -> Linphone:
        program = shutil.which("linphonec")
        assert program, "linphonec is not installed (scripts/install_test_peers.sh does it)"
        self._folder = Path(tempfile.mkdtemp(prefix="linphone-"))
        self.codec = HEARD
        self._speeches = 0
        self.sip_port = free_port(self.address)
        self.start = Mark(0, 0)
        self._news = asyncio.Event()
        for folder in (".local/share/linphone", ".config/linphone"):
            (self._folder / folder).mkdir(parents=True)
        (self._folder / "log").touch()
        (self._folder / "settings").write_text(self._settings())
        speech = self._speech_file(self.speech)
        self._process = await asyncio.create_subprocess_exec(
            *("timeout", "--signal=KILL", str(LIFE), program, "-a"),
            *("-c", str(self._folder / "settings"), "-d", "6", "-l", str(self._folder / "log")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=self._folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self._folder), "XDG_RUNTIME_DIR": str(self._folder)},
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read_log())
        try:
            since = len(self.events)
            await self.command("soundcard", "use files")
            await self.command("record", str(self._folder / "heard.wav"))
            await self.command("play", str(speech))
            if self.password:
                await self.wait_for("REGISTER_OK", "REGISTER_FAIL", since=since)
        except BaseException:
            print(self.trace()[-6000:])
            await self._end()
            raise
        return self

    async def _end(self) -> None:
        self._reader.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- what it does -----------------------------------------------------------------------------------------

    async def dial(self, uri: str, established: bool = True) -> None:
        since = len(self.events)
        self.start = self.mark()
        await self.command("call", uri)
        if established:
            event = await self.wait_for("CALL_ESTABLISHED", "CALL_CLOSED", since=since)
            assert event.kind == "CALL_ESTABLISHED", f"{self.name} dialled {uri}: {event.param}"

    async def digits(self, digits: str) -> None:
        for digit in digits:
            await self.command(digit)
            await asyncio.sleep(KEY)

    async def hang_up(self) -> None:
        since = len(self.events)
        await self.command("terminate")
        await self.wait_for("CALL_CLOSED", since=since)

    async def hold(self) -> None:
        since = len(self.events)
        await self.command("pause")
        await self.wait_for("CALL_HELD", since=since)

    async def resume(self) -> None:
        since = len(self.events)
        await self.command("resume")
        await self.wait_for("MEDIA", since=since)

    async def say_prepared(self, speech: Path) -> float:
        at = time.monotonic()
        await self.command("play", str(speech))
        return at

    async def command(self, name: str, params: str | None = None) -> str:
        """Type a line; what it does is told by events."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name} {params}\n".encode() if params else f"{name}\n".encode())
        await self._process.stdin.drain()
        return ""

    # --- what it saw and heard ----------------------------------------------------------------------------------

    def trace(self) -> str:
        """Its own log with every SIP message."""
        return (self._folder / "log").read_text(errors="replace")

    def _files(self) -> list[Path]:
        heard = self._folder / "heard.wav"
        return [heard] if heard.exists() else []

    async def _read_log(self) -> None:
        """What its log tells becomes events. Its output says less, and nothing of registrations that succeed."""
        rest = b""
        with (self._folder / "log").open("rb") as log:
            while True:
                *lines, rest = (rest + log.read()).split(b"\n")
                for line in lines:
                    found = STATE.search(line.decode(errors="replace"))
                    if found and found[1] in NEWS:
                        self.events.append(PhoneEvent(time.monotonic(), NEWS[found[1]], found[1]))
                        self._news.set()
                await asyncio.sleep(0.02)

    # --- how it is run --------------------------------------------------------------------------------------------

    def _settings(self) -> str:
        """Its file of settings; what is not said stays as Debian's linphone has it, codecs too."""
        ports = {kind: self.sip_port if kind == self.transport else 0 for kind in ("udp", "tcp", "tls")}
        route = f"<sip:{self.proxy};transport={self.transport}>"
        sections: dict[str, dict[str, object]] = {
            "sip": {
                "sip_port": ports["udp"],
                "sip_tcp_port": ports["tcp"],
                "sip_tls_port": ports["tls"],
                "bind_address": self.address,
                "default_proxy": 0,
                "use_ipv6": 0,
                "verify_server_certs": 0,
                "media_encryption": self.encryption or "none",
                "media_encryption_mandatory": int(bool(self.encryption)),
                "use_info": 0,
                "use_rfc2833": 1,
            },
            "rtp": {"bind_address": self.address, "audio_rtp_port": -1},
            "net": {"mtu": 1300, "dns_srv_enabled": 0},
            "video": {"capture": 0, "display": 0},
            "sound": {"echocancellation": 0},
            "proxy_0": {
                "reg_proxy": route,
                "reg_route": route,
                "reg_identity": f"sip:{self.name}@{self.domain or 'phones.example'}",
                "reg_sendregister": int(bool(self.password)),
                "reg_expires": ASKED,
                "publish": 0,
            },
        }
        if self.password:
            sections["auth_info_0"] = {"username": self.name, "passwd": self.password, "domain": self.domain}
        return "".join(
            f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items())
            for name, keys in sections.items()
        )

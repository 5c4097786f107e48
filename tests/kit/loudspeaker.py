"""A sound card for one program: it plays into a pipe, and what came out can be measured.

A sound server of its own (PulseAudio with one pipe as its only loudspeaker) takes what the program plays. So a test
judges what a person in front of that machine would have heard: not what arrived, but what was played.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType

from .recordings import Recording, samples_of

RATE = 48000
PATIENCE = 15.0
LATENCY = 150  # milliseconds that a program plays ahead, so that a busy machine makes no holes
FRAME = 2  # bytes: one channel of 16 bits


class Loudspeaker:
    """`async with Loudspeaker() as loudspeaker:` and start the program with `loudspeaker.environment`."""

    async def __aenter__(self) -> Loudspeaker:
        self._folder = Path(tempfile.mkdtemp(prefix="loudspeaker-"))
        self._heard = bytearray()
        socket, pipe = self._folder / "socket", self._folder / "heard"
        self._log = (self._folder / "log").open("wb")
        self._process = await asyncio.create_subprocess_exec(
            *("pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"),
            *("--disable-shm=yes", "--realtime=no", "--high-priority=no"),
            "--load=module-pipe-sink sink_name=loudspeaker format=s16le channels=1 use_system_clock_for_timing=yes"
            f" rate={RATE} file={pipe}",
            f"--load=module-native-protocol-unix socket={socket} auth-anonymous=1",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=os.environ | {"HOME": str(self._folder), "XDG_RUNTIME_DIR": str(self._folder)},
        )
        self.environment = {
            "PULSE_SERVER": f"unix:{socket}",
            "PULSE_LATENCY_MSEC": str(LATENCY),
            "XDG_RUNTIME_DIR": str(self._folder),
        }
        try:
            await self._wait_for(socket)
        except BaseException:
            await self._end()
            raise
        self._pipe = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._pipe, self._read)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._pipe)
        os.close(self._pipe)
        await self._end()

    def mark(self) -> int:
        """This moment in what is played."""
        return len(self._heard) // FRAME * FRAME

    def heard_since(self, mark: int, until: int | None = None) -> Recording:
        """What was played between two marks, or until now."""
        return samples_of(bytes(self._heard[mark:until]), 1, RATE)

    def _read(self) -> None:
        self._heard += os.read(self._pipe, 1 << 16)

    async def _wait_for(self, socket: Path) -> None:
        until = time.monotonic() + PATIENCE
        while not self._is_there(socket):
            if self._process.returncode is not None or time.monotonic() > until:
                raise RuntimeError(f"no sound server:\n{(self._folder / 'log').read_text(errors='replace')[-2000:]}")
            await asyncio.sleep(0.02)

    def _is_there(self, socket: Path) -> bool:
        return socket.exists()

    async def _end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

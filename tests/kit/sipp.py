"""Runs sipp scenarios from tests/stories/sipp: a second real peer, for what a friendly phone does not do.

In a scenario [domain] is the domain of the Request-URI, [service] its user part, [caller] our own; digits are
written into the file because sipp 3.6 has no loop over characters. sipp always sends RFC 4733 digits with payload
type 96, whatever the offer says, and needs root for pcap playback (unused here).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from .addresses import free_port

# A tone of 1000 Hz in PCMU, one second of it, which rtp_stream of a scenario plays from the file "music".
MUSIC_TONE = 1000.0
MUSIC = bytes([0x1E, 0x0B, 0x0B, 0x1E, 0x9E, 0x8B, 0x8B, 0x9E]) * 1000

SCENARIOS = Path(__file__).parent.parent / "stories" / "sipp"


@dataclass(frozen=True, slots=True)
class SippResult:
    """How the scenario went; messages is every SIP message of it, in order, as sipp logged them."""

    code: int
    successful: int
    failed: int
    output: str
    errors: str
    messages: str

    def __str__(self) -> str:
        outcome = f"sipp ended with {self.code}: {self.successful} well, {self.failed} failed"
        return f"{outcome}\n{self.errors}{self.messages[-6000:]}"

    @property
    def statuses(self) -> list[int]:
        """Status codes received, in order."""
        received = re.findall(r"message received[^\n]*\n\n(SIP/2\.0 (\d{3})[^\n]*)", self.messages)
        return [int(status) for _, status in received]


class Sipp:
    """`async with Sipp("hold", target=..., address=...) as call: ...; result = await call.finished()`."""

    def __init__(
        self,
        scenario: str,
        target: str,
        address: str,
        *,
        service: str = "nobody",
        domain: str = "parley.example",
        caller: str = "sipp",
        transport: str = "u1",
        calls: int = 1,
        rate: int = 10,
        digits: str = "",
        loss: int = 0,
        header: str = "",
    ) -> None:
        """header: one line more in the INVITE, without its line end."""
        self._scenario, self._digits, self._header = scenario, digits, header
        self.port = free_port(address)
        self._arguments = ["-i", address, "-mi", address, "-p", str(self.port)]
        self._arguments += ["-t", transport, "-s", service, "-m", str(calls), "-r", str(rate), "-l", str(calls)]
        self._arguments += ["-key", "domain", domain, "-key", "caller", caller, "-mp", str(free_port(address) & ~1)]
        self._arguments += ["-nostdin", "-trace_msg", "-trace_err", "-timeout", "30", "-timeout_error"]
        self._arguments += ["-message_file", "messages", "-error_file", "errors"]
        self._arguments += ["-lost", str(loss)] if loss else []
        self._arguments.append(target)

    async def __aenter__(self) -> Sipp:
        self._folder = Path(tempfile.mkdtemp(prefix="sipp-"))
        text = (SCENARIOS / f"{self._scenario}.xml").read_text()
        if self._header:
            text = text.replace("Max-Forwards: 70\n", f"Max-Forwards: 70\n{self._header}\n", 1)
        (self._folder / "scenario.xml").write_text(expand_digits(text, self._digits))
        (self._folder / "music").write_bytes(MUSIC)
        with (self._folder / "output").open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *("sipp", "-sf", "scenario.xml", *self._arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        if error is not None:
            print(f"--- what sipp saw ---\n{self._read('errors')}{self._read('messages')[-6000:]}")
        shutil.rmtree(self._folder, ignore_errors=True)

    async def finished(self, patience: float = 15.0) -> SippResult:
        """Wait for the scenario's end."""
        code = await asyncio.wait_for(self._process.wait(), patience)
        output = self._read("output")
        counts = [re.findall(rf"{word} call\s*\|\s*\d+\s*\|\s*(\d+)", output) for word in ("Successful", "Failed")]
        successful, failed = (int(found[-1]) if found else 0 for found in counts)
        return SippResult(code, successful, failed, output, self._read("errors"), self._read("messages"))

    async def succeeds(self, patience: float = 15.0) -> SippResult:
        """Wait for the end; AssertionError with the messages when any call went otherwise than written."""
        result = await self.finished(patience)
        assert result.code == 0 and result.failed == 0, str(result)
        return result

    def _read(self, name: str) -> str:
        path = self._folder / name
        return path.read_text(errors="replace") if path.exists() else ""


def expand_digits(scenario: str, digits: str) -> str:
    """Repeat the part between <!-- each digit --> and <!-- end --> per digit, with {digit} and {cseq} filled in."""

    def repeat(match: re.Match[str]) -> str:
        parts = [
            match[1].replace("{digit}", digit).replace("{cseq}", str(number))
            for number, digit in enumerate(digits, start=2)
        ]
        return "".join(parts)

    expanded = re.sub(r"<!-- each digit -->(.*?)<!-- end -->", repeat, scenario, flags=re.DOTALL)
    return expanded.replace("{digits}", digits)

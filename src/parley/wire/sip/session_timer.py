"""Session timers (RFC 4028): what two ends agree on, and the machine that minds it.

    Session-Expires: 1800;refresher=uac     the call ends unless somebody refreshes it within so many seconds
    Min-SE: 90                              no shorter interval than this
    422                                     the interval asked for is shorter than that

uac and uas name the ends of the one transaction that carries the header, not of the call.
"""

import re
from dataclasses import dataclass

from parley.wire.sip.errors import TheirMistake
from parley.wire.sip.events import DialogId
from parley.wire.sip.flow import Flow
from parley.wire.sip.message import Request, Response
from parley.wire.sip.transaction import Machine, Timers

LEAST = 90  # seconds; nobody may be asked for less (section 5)
OPTION = "timer"
REFRESHING = ("INVITE", "UPDATE")  # methods that refresh a session
MARGIN = 32.0  # seconds before the end at which an end that was not refreshed hangs up, or a third (section 10)

_INTERVAL = re.compile(r"\s*([0-9]{1,9})\s*(?:;(.*))?", re.DOTALL)
_REFRESHER = re.compile(r"(?:^|;)\s*refresher\s*=\s*(uac|uas)\s*(?:;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """The header of that name. seconds; refresher "uac", "uas" or empty."""

    seconds: int
    refresher: str = ""

    @classmethod
    def of(cls, message: Request | Response) -> "SessionExpires | None":
        """What a message says; None: nothing. Raises TheirMistake."""
        text = message.headers.get("Session-Expires")
        if text is None:
            return None
        match = _INTERVAL.fullmatch(text)
        if match is None:
            raise TheirMistake("malformed Session-Expires")
        role = _REFRESHER.search(match[2] or "")
        return cls(int(match[1]), role[1].lower() if role else "")


def least_of(message: Request | Response) -> int:
    """Its Min-SE, or the least there is. Raises TheirMistake."""
    text = message.headers.get("Min-SE")
    if text is None:
        return LEAST
    match = _INTERVAL.fullmatch(text)
    if match is None:
        raise TheirMistake("malformed Min-SE")
    return max(int(match[1]), LEAST)


def supports(request: Request) -> bool:
    """Does its sender know session timers?"""
    named = [*request.headers.values("Supported"), *request.headers.values("Require")]
    return OPTION in [tag.lower() for tag in named]


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed for a session. required: the other end knows timers and is told to mind this one."""

    interval: int
    we_refresh: bool
    required: bool = True

    def answered(self) -> list[tuple[str, str]]:
        """Headers of the 2xx with which we agree."""
        lines = [("Session-Expires", f"{self.interval};refresher={'uas' if self.we_refresh else 'uac'}")]
        return [*lines, ("Require", OPTION)] if self.required else lines


def too_brief(request: Request) -> bool:
    """Does it want a shorter interval than anybody may? Raises TheirMistake."""
    asked = SessionExpires.of(request)
    least_of(request)
    return asked is not None and asked.seconds < LEAST and supports(request)


def terms_for(request: Request, usual: int, we_refresh: bool) -> Terms | None:
    """What we agree to when asked by INVITE or UPDATE; None: no timer (RFC 4028 section 9, table 2).

    usual: our own interval, which counts where it is shorter; we_refresh: who has refreshed so far and goes on with it
    unless the request says otherwise. An end that knows no timers leaves refreshing to us.
    """
    asked = SessionExpires.of(request)
    interval = max(usual, least_of(request))
    if asked is not None:
        interval = min(asked.seconds, interval)
    if supports(request):
        return Terms(interval, asked.refresher == "uas" if asked and asked.refresher else we_refresh)
    return Terms(interval, True, required=False) if asked is not None and asked.seconds >= LEAST else None


class SessionTimer(Machine):
    """One call's session timer: due at half of the interval where we refresh, failed shortly before the end."""

    __slots__ = ("asking", "dialog", "failures", "interval", "we_refresh")

    def __init__(
        self, flow: Flow, timers: Timers, now: float, *, dialog: DialogId, interval: int, we_refresh: bool
    ) -> None:
        super().__init__(flow, timers, "running")
        self.dialog = dialog
        self.interval = interval
        self.we_refresh = we_refresh
        self.asking: int | None = None  # transaction of the refresh that is under way
        self.failures = 0
        self._arm(now + interval / 2 if we_refresh else None, now + interval - min(MARGIN, interval / 3))

    def fire(self, now: float) -> bytes | None:
        """Nothing is sent here: if it has not failed, a refresh is due."""
        if self._ends is not None and now >= self._ends:
            self._terminate(failed=True)
        else:
            self._arm(None, self._ends)
        return None

    def asked(self, transaction: int) -> None:
        """A refresh is on its way; no other until its answer."""
        self.asking = transaction
        self._arm(None, self._ends)

    def put_off(self, until: float) -> None:
        """A refresh could not be made or was refused: the next is due then."""
        self.asking = None
        self._arm(until, self._ends)

    def _stored(self) -> bytes | None:
        return None

"""A browser's leg at this door: it outlives its sockets, of which it has one at a time or, for a while, none."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from ...app.legs import LiveLegRunner
from ...app.ports import LegFacts, Timer
from ...core.endings import Ending, Reason
from ...core.ids import LegId, ParticipantId
from ...core.leg_inputs import Granted, LegAudio, MediaChanged, RemoteEnded, WebLocal
from ...wire.web_sdp import WebAnswerer, WebOffer, answer, read_offer
from ..shared.web_audio import audio_of
from .messages import write
from .outbox import RESTART, Outbox

SESSION_BITS = 62  # of the o= line's number, which must fit in 63 (RFC 8829 section 5.2.1)


@dataclass(frozen=True, slots=True)
class Person:
    """Who has been let in, and from where. caller: the URI others see; token: the hash of what resumes."""

    granted: Granted
    space_name: str
    call_id: str
    name: str
    language: str
    participant: ParticipantId
    caller: str
    source: str
    address: str  # source and port
    user_agent: str
    token: str


@dataclass(slots=True)
class Shown:
    """What this socket was shown last: only what differs is sent."""

    state: str = ""
    speakers: tuple[ParticipantId, ...] = ()


@dataclass(slots=True, eq=False)
class BrowserLeg:
    """Implements LegDoor. runner: None until the first offer; ended: how it was over, for who comes back too late.

    told: of the end, once.
    """

    person: Person
    outbox: Outbox | None = None
    runner: LiveLegRunner | None = None
    ended: Ending | None = None
    expiry: Timer | None = None
    restarted: bool = False  # it was taken up from a life of the server before this
    told: Callable[[Ending], None] = lambda _ending: None
    renewing: bool = False  # its media are gone, and it has not offered others yet
    revision: int = 0
    shown: Shown = field(default_factory=Shown)
    _session: int = field(default_factory=lambda: secrets.randbits(SESSION_BITS))
    _version: int = 0
    _asked: WebOffer | None = None  # under way: its answer is to come
    _asked_by: int | None = None  # the request's id
    _next: WebOffer | None = None  # came meanwhile
    _next_by: int | None = None

    @property
    def id(self) -> LegId | None:
        return self.runner.id if self.runner is not None else None

    @property
    def is_new(self) -> bool:
        """Its client has media of before a restart, or of a worker that is gone, which have to be made anew."""
        return self.renewing or (self.restarted and self.runner is None)

    # --- offers ---------------------------------------------------------------------------------------------------

    def take(self, text: str, id: int | None) -> LegAudio | None:
        """A further offer: the audio to open or to change to. None: one is under way, and this is next.

        Raises SdpMistake.
        """
        offer = read_offer(text)
        self.renewing = False
        if self._asked is not None:
            self._next, self._next_by = offer, id
            return None
        self._asked, self._asked_by = offer, id
        return audio_of(offer)

    def accept(self, port: int, web: WebLocal | None = None, plain: bool = False) -> None:
        self._answer(web)

    def accept_change(self, audio: LegAudio, web: WebLocal | None = None) -> None:
        self._answer(web)

    def _answer(self, web: WebLocal | None) -> None:
        """The answer, unless a newer offer has made it worthless."""
        offer, by = self._asked, self._asked_by
        self._asked = self._asked_by = None
        if self._next is not None:
            self._asked, self._asked_by, self._next, self._next_by = self._next, self._next_by, None, None
            if self.runner is not None:
                self.runner.post(MediaChanged(audio_of(self._asked)))
            return
        if offer is None or web is None or self.outbox is None:
            return
        self._version += 1
        ours = WebAnswerer(
            addresses=web.addresses,
            port=web.port,
            ufrag=web.ufrag,
            password=web.password.reveal(),
            fingerprint=web.fingerprint,
            session=self._session,
            version=self._version,
        )
        self.outbox.answer(write("answer", by, sdp=answer(offer, ours)))

    def renew_media(self) -> None:
        """Implements RenewsMedia. Whose socket is away is told by his welcome."""
        self.renewing = True
        if self.outbox is not None:
            self.outbox.answer(write("renew"))

    # --- sockets --------------------------------------------------------------------------------------------------

    def attach(self, outbox: Outbox) -> None:
        """A socket of its own; what was shown on another has to be shown again, and requests of it are nobody's."""
        self.outbox = outbox
        self.shown = Shown()
        self._asked_by = self._next_by = None
        if self.expiry is not None:
            self.expiry.cancel()
            self.expiry = None

    # --- the end --------------------------------------------------------------------------------------------------

    def reject(self, ending: Ending) -> None:
        self.finish(ending)

    def hang_up(self, ending: Ending) -> None:
        self.finish(ending)

    def leave(self, ending: Ending) -> None:
        """The client, or what became of it, ends the leg; nobody tells this door then."""
        runner = self.runner
        self.finish(ending)
        if runner is not None:
            runner.post(RemoteEnded(ending))

    def finish(self, ending: Ending) -> None:
        """Told once. To a server that stops its client comes back, so he is told nothing."""
        if self.ended is not None:
            return
        self.ended = ending
        if self.outbox is not None and ending.reason is Reason.SHUTDOWN:
            self.outbox.cut(RESTART)
        elif self.outbox is not None:
            self.outbox.finish(farewell(ending))
        self.told(ending)

    def written(self) -> bytes:
        """A browser comes back by itself, with a leg of its own (app.seats)."""
        return b""

    def facts(self) -> LegFacts:
        person = self.person
        return LegFacts(remote_address=person.address, local_address="", transport="wss", user_agent=person.user_agent)


def farewell(ending: Ending) -> str:
    return write("ended", whose=str(ending.side), reason=str(ending.reason))

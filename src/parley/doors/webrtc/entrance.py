"""From a proven wish to a leg: who is in by which token, and how long a leg waits for its next socket."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

from ...app.arrivals import Arrivals
from ...app.ports import Clock, Identifiers
from ...app.seats import Seats, Sitting
from ...app.web_entry import WebGrant, Wish
from ...core.dialplan import Address
from ...core.endings import Ending, Reason, Side
from ...core.ids import ParticipantId
from ...core.leg_inputs import LegAudio, MediaChanged, Offered
from ...core.people import User
from ...core.secret import Secret
from ...wire.sdp import SdpMistake
from ...wire.turn import ephemeral_credential
from .leg import BrowserLeg, Person
from .messages import Code, Message, Problem, write
from .outbox import TAKEN_OVER, Outbox
from .publisher import Publisher
from .render import BROWSER

LEFT = Ending(Side.REMOTE, Reason.HANG_UP)
LOST = Ending(Side.REMOTE, Reason.TRANSPORT_FAILED)
GUEST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Turn:
    """The TURN servers that are handed out; lifetime: seconds that a credential holds."""

    urls: tuple[str, ...] = ()
    secret: Secret | None = None
    lifetime: int = 86_400


@dataclass(frozen=True, slots=True)
class WebSettings:
    """domain: of the addresses of guests. origins: whose pages may come besides our own name. Times are seconds.

    join_within: until a socket that has not joined is closed. legs: browsers' legs of this server at most, those that
    are not in a meeting yet included.
    """

    domain: str
    origins: tuple[str, ...] = ()
    grace: float = 30.0
    join_within: float = 10.0
    sockets: int = 2000
    sockets_per_source: int = 100
    legs: int = 500
    turn: Turn = field(default_factory=Turn)


class Doorkeeper(Protocol):
    """app.web_entry.WebEntry."""

    async def enter(self, wish: Wish, source: str, user: User | None) -> WebGrant | None: ...


class Entrance:
    """Every browser's leg, by the hash of the token that resumes it."""

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        arrivals: Arrivals,
        publisher: Publisher,
        seats: Seats,
        clock: Clock,
        identifiers: Identifiers,
        settings: WebSettings,
    ) -> None:
        self._doorkeeper = doorkeeper
        self._arrivals = arrivals
        self._publisher = publisher
        self._seats = seats
        self._clock = clock
        self._identifiers = identifiers
        self._settings = settings
        self._legs: dict[str, BrowserLeg] = {}
        self.stops = False  # the server does: whoever comes now should come again later

    def __len__(self) -> int:
        return len(self._legs)

    # --- coming in ------------------------------------------------------------------------------------------------

    async def join(self, wish: Message, caller: Caller, user: User | None, outbox: Outbox) -> BrowserLeg:
        """Raises Problem."""
        grant = await self._doorkeeper.enter(wish["entry"], caller.source, user)
        if grant is None:
            raise Problem(Code.REFUSED, "there is no such meeting, or this does not open it", id=wish.id)
        if len(self._legs) >= self._settings.legs:
            raise Problem(Code.FULL, "the server is full", id=wish.id)
        token = self._identifiers.secret() + self._identifiers.secret()
        name = user.jid if user else f"guest{self._identifiers.digits(GUEST_DIGITS)}@{self._settings.domain}"
        person = Person(
            granted=grant.granted,
            space_name=grant.space_name,
            call_id=grant.call_id,
            name=wish["name"],
            language=wish.values.get("language", ""),
            participant=ParticipantId(self._identifiers.uuid()),
            caller=f"sip:{name}",
            source=caller.source,
            address=caller.address,
            user_agent=caller.user_agent,
            token=_hash(token),
        )
        leg = self._made(person)
        self._seats.take(
            person.token,
            person.participant,
            person.granted,
            caller=person.caller,
            call_id=person.call_id,
            name=person.name,
            language=person.language,
        )
        leg.attach(outbox)
        outbox.answer(self._welcome(leg, token, wish.id))
        return leg

    def _made(self, person: Person, restarted: bool = False) -> BrowserLeg:
        leg = BrowserLeg(person, restarted=restarted, told=lambda ending: self._ended(person, ending))
        self._legs[person.token] = leg
        return leg

    def _ended(self, person: Person, ending: Ending) -> None:
        if ending.reason is Reason.SHUTDOWN:
            self.stops = True  # and the seat is kept
        else:
            self._seats.leave(person.token)

    async def resume(self, wish: Message, caller: Caller, outbox: Outbox) -> BrowserLeg:
        """Another socket takes the leg over, or the seat that it had before the server started anew.

        Raises Problem for a token that is nobody's, or nobody's any more.
        """
        token = wish["token"].reveal()
        id = _hash(token)
        if id not in self._legs and (sitting := await self._seats.claim(id)) is not None:
            self._made(_returning(sitting, caller), restarted=True)
        leg = self._legs.get(id)
        if leg is None:
            raise Problem(Code.REFUSED, "there is nothing to resume", id=wish.id)
        before = leg.outbox
        leg.attach(outbox)
        if before is not None:
            before.cut(TAKEN_OVER)
        outbox.answer(self._welcome(leg, token, wish.id))
        if (ended := leg.ended) is not None:
            leg.ended = None
            leg.finish(ended)
        elif "offer" in wish.values and not leg.is_new:
            self.offer(leg, wish["offer"], None)
        self._publisher.show(leg)
        return leg

    def _welcome(self, leg: BrowserLeg, token: str, id: int | None) -> str:
        person = leg.person
        return write(
            "welcome",
            id,
            version=1,
            participant=person.participant,
            space={"name": person.space_name},
            resume=token,
            grace=self._settings.grace,
            ice_servers=self._ice_servers(person.participant),
            **({"restart": True} if leg.is_new else {}),
        )

    def _ice_servers(self, participant: ParticipantId) -> list[dict[str, object]]:
        turn = self._settings.turn
        if not turn.urls or turn.secret is None:
            return []
        expires = int(self._clock.utc().timestamp()) + turn.lifetime
        username, credential = ephemeral_credential(turn.secret.reveal(), participant, expires)
        return [{"urls": list(turn.urls), "username": username, "credential": credential}]

    # --- offers ---------------------------------------------------------------------------------------------------

    def offer(self, leg: BrowserLeg, sdp: str, id: int | None) -> None:
        """The first makes a leg of the meeting's kind, later ones change its media. Raises Problem."""
        try:
            audio = leg.take(sdp, id)
        except SdpMistake as mistake:
            raise Problem(Code.INVALID, f"the offer cannot be answered: {mistake}", "sdp", id) from None
        if audio is None:
            return
        if leg.runner is not None:
            leg.runner.post(MediaChanged(audio))
            return
        person = leg.person
        leg.runner = self._arrivals.enter(
            self._offered(person, audio), person.granted, leg, participant=person.participant
        )
        self._publisher.add(leg)

    def _offered(self, person: Person, audio: LegAudio) -> Offered:
        domain = self._settings.domain
        target = person.call_id or person.granted.space
        return Offered(
            address=Address(target, domain),
            caller=person.caller,
            dialled=f"sip:{target}@{domain}",
            display_name=person.name,
            source=person.source,
            local_address="",
            audio=audio,
            encrypted_signalling=True,
            kind=BROWSER,
            language=person.language,
        )

    # --- going ----------------------------------------------------------------------------------------------------

    def leave(self, leg: BrowserLeg) -> None:
        """The client says so."""
        leg.leave(LEFT)

    def lost(self, leg: BrowserLeg, outbox: Outbox) -> None:
        """A socket of the leg is gone. Unless another has taken over, one may do so for a while."""
        if leg.outbox is not outbox:
            return
        leg.outbox = None
        if leg.ended is not None and outbox.close_code is not None and outbox.empty:
            self._forget(leg)  # it has been told
            return
        leg.expiry = self._clock.call_at(self._clock.now() + self._settings.grace, lambda: self._expire(leg))

    def _expire(self, leg: BrowserLeg) -> None:
        leg.expiry = None
        leg.leave(LOST)
        self._forget(leg)

    def _forget(self, leg: BrowserLeg) -> None:
        self._legs.pop(leg.person.token, None)
        self._publisher.remove(leg)


def _returning(sitting: Sitting, caller: Caller) -> Person:
    seat = sitting.seat
    return Person(
        granted=seat.returning,
        space_name=sitting.space_name,
        call_id=seat.call_id,
        name=seat.name,
        language=seat.language,
        participant=seat.participant,
        caller=seat.caller,
        source=caller.source,
        address=caller.address,
        user_agent=caller.user_agent,
        token=seat.id,
    )


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a socket comes from. address: with the port."""

    source: str
    address: str
    user_agent: str


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

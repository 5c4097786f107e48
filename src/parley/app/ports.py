"""The ports: what the use cases need of the outside, implemented by backends and doors.

Each port has a fake in tests/kit; fake and real thing pass the same suite. One long page on purpose: it is the whole
border of the use cases, and is read from top to bottom.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from ..core.branding import Branding
from ..core.conferences import Attendance, Conference, Occurrence, OccurrenceState
from ..core.devices import Device
from ..core.dialplan import InboundRule, Ivr
from ..core.endings import Ending
from ..core.events import Event
from ..core.forwarding import ForwardingRule, Passage
from ..core.ids import LegId, MeetingId, SpaceId, TenantId, UserId
from ..core.key_commands import DtmfProfile
from ..core.leg_inputs import LegAudio, LegInput, WebLocal
from ..core.mediaplan import MediaPlan
from ..core.meeting_inputs import Announce, Entry
from ..core.outbound import Hop, OutboundRule, Target
from ..core.outbox import OutboxEntry
from ..core.people import Administrator, Application, Department, SystemDefaults, Tenant, Token, User
from ..core.profiles import CallProfile, Extras, LegProfile, LegSettings, MediaEncryption
from ..core.quality import LossRuns, QualityWindow
from ..core.seats import Seat
from ..core.spaces import AccessMethod, Member, Space
from ..core.survival import StoredLeg, StoredMeeting
from ..core.transforms import DialTransform

E = TypeVar("E")

# --- time and identity ---------------------------------------------------------------------------------------


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    """`now` is monotonic seconds for what happens in a call; `utc` is for what is kept."""

    def now(self) -> float: ...

    def utc(self) -> datetime: ...

    def call_at(self, when: float, action: Callable[[], None]) -> Timer: ...


class Identifiers(Protocol):
    """Fresh random values."""

    def uuid(self) -> str: ...

    def secret(self) -> str:
        """22 characters of A-Z a-z 0-9 . _ (128 bits)."""
        ...

    def digits(self, count: int) -> str:
        """A random number of that many digits, the first not 0."""
        ...


# --- store ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Query:
    """A page of a collection, in order of creation.

    contains: case-insensitive substring of the collection's human fields; where: exact values by attribute
    name (None matches unset); among: only these ids; limit None: all.
    """

    offset: int = 0
    limit: int | None = None
    contains: str | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    among: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[E]):
    """total counts everything that matches, independent of offset and limit."""

    total: int
    items: tuple[E, ...]


class Repository(Protocol[E]):
    """One collection. `contains` searches: spaces name, uri, call_id of the own access method; access_methods uri,
    call_id, name; members and users jid and name; leg_profiles name; tenants name; inbound_rules domain; ivrs uri."""

    async def get(self, id: str) -> E | None: ...

    async def add(self, entity: E) -> None: ...

    async def save(self, entity: E) -> None:
        """Replace the stored entity of the same id. Raises LookupError if there is none."""
        ...

    async def delete(self, id: str) -> None:
        """Deleting a space deletes its access methods and members; nothing else cascades."""
        ...

    async def page(self, query: Query) -> Page[E]: ...


class LiveRepository(Repository[E], Protocol):
    """Of what comes and goes many at a time."""

    async def add_all(self, entities: Sequence[E]) -> None:
        """As add of each."""
        ...

    async def delete_all(self, ids: Sequence[str]) -> None:
        """As delete of each."""
        ...


class AccessMethodRepository(Repository[AccessMethod], Protocol):
    async def by_uri(self, uri: str) -> list[AccessMethod]:
        """Every access method whose uri or secondary_uri equals this lower-case text. Indexed."""
        ...

    async def by_call_id(self, call_id: str) -> list[AccessMethod]:
        """Indexed."""
        ...

    async def of_spaces(self, spaces: Sequence[str]) -> list[AccessMethod]:
        """All of these spaces, in order of creation within each space. Indexed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Which occurrences a list shows: of this tenant, in one of the states, to start in [first, last].

    person, search: of the conference, as in Coming.
    """

    tenant: TenantId | None
    first: datetime
    last: datetime
    states: Collection[OccurrenceState]
    person: UserId | None = None
    search: str | None = None
    descending: bool = False
    offset: int = 0
    limit: int = 20


class OccurrenceRepository(Repository[Occurrence], Protocol):
    async def of(self, conferences: Sequence[str]) -> list[Occurrence]:
        """Every occurrence of these conferences, by start."""
        ...

    async def live(self, start_before: datetime) -> list[Occurrence]:
        """Those BOOKED with start <= start_before and all RUNNING ones, by start. Indexed."""
        ...

    async def between(self, first: datetime, last: datetime, states: Sequence[str]) -> list[Occurrence]:
        """Those in one of the states whose start lies in [first, last], by start. Indexed."""
        ...

    async def unannounced(self, first: datetime, last: datetime) -> list[Occurrence]:
        """Those BOOKED and not `reminded` whose start lies in [first, last], by start. Indexed."""
        ...

    async def past(self, wish: Past) -> Page[Occurrence]:
        """By start, in order of creation where it is the same; both the other way round when descending. Indexed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """Which conferences a list shows: of this tenant, with an occurrence RUNNING or BOOKED to start by `until`.

    states: of these two, which count. person: who organises it or is invited; None: whoever. search: case-insensitive
    substring of subject, number, and the organiser's name and account (else jid).
    """

    tenant: TenantId | None
    until: datetime
    states: Collection[OccurrenceState] = (OccurrenceState.BOOKED, OccurrenceState.RUNNING)
    person: UserId | None = None
    search: str | None = None
    descending: bool = False
    offset: int = 0
    limit: int = 20


class ConferenceRepository(Repository[Conference], Protocol):
    """`contains` searches subject and number."""

    async def by_number(self, number: str) -> Conference | None:
        """The live (not cancelled, not over) conference of this number, else the newest of it. Indexed."""
        ...

    async def space_of(self, number: str) -> SpaceId | None:
        """Where the live conference of this number takes place; the same work however much it holds. Indexed."""
        ...

    async def of_space(self, space: str) -> list[Conference]:
        """Indexed."""
        ...

    async def coming(self, wish: Coming) -> Page[Conference]:
        """By the start of the first occurrence that counts, in order of creation where starts are the same."""
        ...


class OutboxRepository(Repository[OutboxEntry], Protocol):
    async def due(self, before: datetime, limit: int) -> list[OutboxEntry]:
        """WAITING ones due at or before, oldest due first. Indexed."""
        ...

    async def next_due(self) -> datetime | None: ...


class TokenRepository(Repository[Token], Protocol):
    async def of_user(self, user: str) -> list[Token]:
        """Oldest first. Indexed."""
        ...

    async def forget_expired(self, now: datetime) -> int: ...


class SeatRepository(Repository[Seat], Protocol):
    async def forget_expired(self, now: datetime) -> int:
        """From the moment they expire. Indexed."""
        ...


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What the first request with an idempotency key was answered. `fingerprint`: hash of that request."""

    status: int
    body: bytes = field(repr=False)
    fingerprint: str
    created: datetime


@dataclass(frozen=True, slots=True)
class ProfileUse:
    """Where a profile is used. kind: system, tenant, space, access-method, member; id None for system.
    space: the space that an access method or member belongs to."""

    kind: str
    id: str | None = None
    space: str | None = None


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of the journal as kept. position rises by one per event and never repeats."""

    position: int
    at: datetime  # UTC
    event: Event


class Transaction(Protocol):
    """One unit of work. What it reads is consistent; what it writes is seen by itself."""

    spaces: Repository[Space]
    access_methods: AccessMethodRepository
    members: Repository[Member]
    leg_profiles: Repository[LegProfile]
    call_profiles: Repository[CallProfile]
    tenants: Repository[Tenant]
    users: Repository[User]
    inbound_rules: Repository[InboundRule]
    ivrs: Repository[Ivr]
    conferences: ConferenceRepository
    occurrences: OccurrenceRepository
    outbound_rules: Repository[OutboundRule]
    forwarding_rules: Repository[ForwardingRule]
    dial_transforms: Repository[DialTransform]
    outbox: OutboxRepository
    tokens: TokenRepository
    departments: Repository[Department]
    devices: Repository[Device]
    brandings: Repository[Branding]
    dtmf_profiles: Repository[DtmfProfile]
    seats: SeatRepository
    live_legs: LiveRepository[StoredLeg]
    live_meetings: LiveRepository[StoredMeeting]

    async def add_attendance(self, attendance: Attendance) -> None: ...

    async def end_attendance(self, occurrence: str, address: str, joined: datetime, left: datetime) -> None: ...

    async def attendance(self, occurrence: str) -> list[Attendance]:
        """By time of joining."""
        ...

    async def kept_answer(self, scope: str, key: str) -> KeptAnswer | None:
        """scope: who asked and where, so that keys of different askers never meet."""
        ...

    async def keep_answer(self, scope: str, key: str, answer: KeptAnswer) -> None:
        """Raises ValueError when the key is kept already."""
        ...

    async def forget_answers(self, before: datetime) -> int: ...

    async def leg_profile_uses(self, id: str) -> list[ProfileUse]: ...

    async def call_profile_uses(self, id: str) -> list[ProfileUse]: ...

    async def used_leg_profiles(self) -> set[str]:
        """Ids of every leg profile that something refers to."""
        ...

    async def used_call_profiles(self) -> set[str]: ...

    async def system_defaults(self) -> SystemDefaults: ...

    async def save_system_defaults(self, defaults: SystemDefaults) -> None: ...

    async def administrator(self, name: str) -> Administrator | None: ...

    async def administrators(self) -> list[Administrator]: ...

    async def save_administrator(self, administrator: Administrator) -> None:
        """Adds or replaces by name."""
        ...

    async def delete_administrator(self, name: str) -> None: ...

    async def application(self, app_id: str) -> Application | None: ...

    async def applications(self) -> list[Application]: ...

    async def save_application(self, application: Application) -> None: ...

    async def delete_application(self, app_id: str) -> None: ...

    async def add_events(self, segment: str, first: int, events: Sequence[tuple[datetime, Event]]) -> int:
        """Import journal lines `first`, `first`+1, ... of a segment. Lines imported before are passed over,
        so that each line is kept exactly once. Returns how many were new."""
        ...

    async def events(self, after: int = 0, limit: int = 1000) -> list[StoredEvent]:
        """Events with position > after, oldest first."""
        ...

    async def newest_events(self, limit: int) -> list[StoredEvent]:
        """The last `limit` events, oldest first."""
        ...


class StoreUnavailable(Exception):
    """The database cannot be used now: locked, full, damaged, gone or unreachable. Nothing was changed.

    Its text is for people and holds no value of any statement.
    """


class Store(Protocol):
    """Each way in raises StoreUnavailable, at its beginning, in its midst or at its end."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Commits when the block ends well and rolls back when it raises: answer after the block.

        Write transactions are serialised.
        """
        ...

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """For reads alone; never waits for a writer."""
        ...

    @property
    def generation(self) -> int:
        """Another number after every commit that may have changed what people set: what was read before it is old.

        Commits of what merely happens (events, the outbox, registrations, who is inside) need not count.
        """
        ...


# --- media ---------------------------------------------------------------------------------------------------


class MediaUnavailable(Exception):
    """No port is free, no worker lives, or the address cannot be bound."""


@dataclass(frozen=True, slots=True)
class MediaStatistics:
    """Totals since the leg's media opened; now: jitter and buffer in ms, level in dBov, automatic gain in dB."""

    codec: str
    packets_received: int = 0
    packets_sent: int = 0
    packets_lost: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    jitter_ms: float = 0.0
    buffer_ms: float = 0.0
    concealed_ms: int = 0
    level: int = -127
    round_trip_ms: float | None = None  # None: not measured yet
    far_lost: int = 0  # of our packets, as the far end counts
    far_loss_percent: float = 0.0  # the same, of late
    far_jitter_ms: float = 0.0
    gain: float = 0.0
    losses: LossRuns = LossRuns()


class EngineListener(Protocol):
    """What the engine tells of its own accord. Called on the event loop; must not block."""

    def digit(self, leg: LegId, digit: str) -> None: ...

    def play_ended(self, leg: LegId, play: int) -> None: ...

    def media_ready(self, leg: LegId) -> None:
        """A browser's media path stands: checked, and its keys agreed. Told once a leg."""
        ...

    def quality(self, leg: LegId, window: QualityWindow) -> None:
        """How the leg fared in the last few seconds; now and then one is left out."""
        ...

    def media_died(self, leg: LegId) -> None:
        """Media was expected and none came, or the leg's worker died and nothing could take its place."""
        ...

    def media_lost(self, leg: LegId) -> None:
        """A browser's leg has lost its media with its worker, and has them again when `change_leg` describes a far end
        that was made anew. Phones' legs are opened again on their ports without a word."""
        ...


class MediaEngine(Protocol):
    """Media as desired state. Everything but open_leg returns at once; a failure comes back as media_died.

    A leg that a plan names comes to where the meeting is, wherever it was opened; neither side of the call notices.
    """

    def listen(self, listener: EngineListener) -> None: ...

    async def open_leg(self, leg: LegId, local: str, audio: LegAudio, space: SpaceId | None = None) -> int | WebLocal:
        """Open a port on a local address and return it. Raises MediaUnavailable.

        space: whose meeting the leg is to be in, where that is known: its media then begin where that meeting's are.
        Where `audio.web` is set: our end of a WebRTC transport on the port that all browsers share; `local` is
        then of no meaning.
        """
        ...

    async def change_leg(self, leg: LegId, audio: LegAudio) -> WebLocal | None:
        """Of a browser's leg: our end as it stands now, new where ICE was restarted. Raises MediaUnavailable when the
        leg is not open."""
        ...

    def close_leg(self, leg: LegId) -> None: ...

    def play(self, leg: LegId, play: int, prompts: Sequence[str], language: str, brand: str = "") -> None:
        """brand: whose prompts, of those loaded; what it lacks is played as built in."""
        ...

    def stop_playing(self, leg: LegId) -> None: ...

    def send_digits(self, leg: LegId, digits: str, each_ms: int) -> None:
        """Press keys for the far end to hear, after those asked for before; a comma is a pause. Waits while the far
        end cannot be sent to; a far end that takes no telephone-events hears nothing."""
        ...

    def apply(self, plan: MediaPlan) -> None:
        """The newest plan of a meeting wins; it is sent again by itself after a worker restart."""
        ...

    def announce(self, announcement: Announce) -> None:
        """Lay a prompt over what some legs of a meeting hear, once; those that are not in it are passed over."""
        ...

    def load_prompts(self, brand: str, files: Mapping[str, Path]) -> None:
        """All prompts that a brand has of its own, in place of those it had; none: the brand is forgotten. Files of
        48 kHz mono 16 bit without a header, which stay where they are: they are read again after a worker restart."""
        ...

    def drop(self, meeting: MeetingId) -> None: ...

    def statistics(self, leg: LegId) -> MediaStatistics | None:
        """The last pushed numbers; never asks a worker."""
        ...

    def speakers(self, meeting: MeetingId) -> tuple[LegId, ...]:
        """Who is in the mix, loudest first, as last pushed."""
        ...

    def found(self) -> frozenset[LegId]:
        """Legs that were open already in workers that lived on when this server started; they still send and mix by the
        last plan. Their sockets, streams and keys go on; what they told while nobody listened is told after `keep`."""
        ...

    def keep(self, legs: Collection[LegId], meetings: Collection[MeetingId]) -> None:
        """Of what was found, everything not named is closed and dropped. Called once, when the server knows what it
        takes up. Plan numbers begin anew: the first `apply` of a meeting counts, whatever the life before had sent."""
        ...


# --- doors ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LegFacts:
    """What a door can tell of its leg for those who list legs."""

    remote_address: str
    local_address: str
    transport: str
    sip_call_id: str = ""
    user_agent: str = ""


class AnsweredDoor(Protocol):
    """One answered leg's side of a door. Every method returns at once; failures come back as RemoteEnded."""

    def accept_change(self, audio: LegAudio, web: WebLocal | None = None) -> None:
        """Accept the far end's re-negotiation, where there is one. web: our end of a browser's transport."""
        ...

    def hang_up(self, ending: Ending) -> None:
        """End after the answer (SIP: BYE)."""
        ...

    def facts(self) -> LegFacts: ...

    def written(self) -> bytes:
        """What a SurvivingDoors of the next life opens this door with again; to be stored sealed, for keys are in it.
        Empty: it ends with this life."""
        ...


@runtime_checkable
class RenewsMedia(Protocol):
    """A door whose far end can make its media anew in the middle of a call."""

    def renew_media(self) -> None:
        """Ask for it; what it makes comes back as MediaChanged."""
        ...


class LegDoor(AnsweredDoor, Protocol):
    """The side of a leg that called us."""

    def accept(self, port: int, web: WebLocal | None = None, plain: bool = False) -> None:
        """Answer with our media port (SIP: 200 with SDP), or our end of a browser's transport; Confirmed follows.

        plain: what was offered as plain audio is taken.
        """
        ...

    def reject(self, ending: Ending) -> None:
        """Refuse before the answer."""
        ...


class LegInbox(Protocol):
    def post(self, message: LegInput) -> None: ...


class SurvivingDoor(LegDoor, Protocol):
    """An answered leg's side of a door, of the life of the server before; it is not answered or refused once more."""

    audio: LegAudio | None

    def attach(self, inbox: LegInbox) -> None:
        """Where to tell what comes."""
        ...


class SurvivingDoors(Protocol):
    """A door whose legs can outlive the server."""

    def open_again(self, written: bytes) -> SurvivingDoor | None:
        """None: what was written cannot be read."""
        ...

    def give_up(self, written: bytes) -> None:
        """Nobody waits any more for the answer to a call that rang; who takes it all the same is hung up on."""
        ...


class OutgoingDoor(AnsweredDoor, Protocol):
    """The side of a leg that we call. Hops are tried one after another."""

    def attach(self, inbox: LegInbox) -> None:
        """Where to tell how it goes; before anything else."""
        ...

    def reach(self, hop: Hop) -> None:
        """Find the way to the hop; answered by Reached or CallFailed."""
        ...

    def place(self, port: int, web: WebLocal | None = None) -> None:
        """Call by the hop reached last (SIP: INVITE); answered by Ringing, Answered or CallFailed.

        web: our fingerprint, where we shall agree keys by DTLS.
        """
        ...

    def give_up(self) -> None:
        """Stop trying (SIP: CANCEL). Nothing is told any more; an answer that crosses is hung up."""
        ...


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """As whom we call: user@domain, where a hop's rule names no other domain, and a name to show."""

    user: str
    domain: str
    name: str = ""


class Dialler(Protocol):
    """A door through which people can be called."""

    def outgoing(
        self,
        target: Target,
        identity: CallerIdentity,
        encryption: MediaEncryption = MediaEncryption.OPTIONAL,
        passage: Passage | None = None,
    ) -> OutgoingDoor:
        """encryption: of media. REQUIRED: nothing plain is offered or taken; OPTIONAL: the door chooses. passage: of a
        call that is passed on."""
        ...


# --- calling out ---------------------------------------------------------------------------------------------


class CallResult(StrEnum):
    """How an outbound call went."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"  # no such number, not registered, next hop silent
    FAILED = "failed"  # ours: no port, shutdown
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class CallOut:
    """Call somebody into a space's meeting. target: sip:user@domain or a number (then at the tenant's first domain).

    entry: the door the person comes in by without being asked for a PIN; settings, extras: of the leg itself.
    admitted: the person waits for nothing, not in a lobby, a waiting room or before a lock. keys: 0-9 * # and commas,
    pressed for the far end as soon as it has answered. owner: what whoever asks wants to know the call by in records.
    confirmation: whoever answers must press a key to come in.
    """

    space: SpaceId
    target: str
    name: str = ""
    tenant: TenantId | None = None
    entry: Entry = Entry()
    settings: LegSettings = LegSettings()
    ring_seconds: float = 45.0
    extras: Extras = field(default_factory=dict)
    admitted: bool = False
    keys: str = ""
    owner: str = ""
    confirmation: bool = False


class CallPlacer(Protocol):
    async def call(self, wish: CallOut, told: Callable[[LegId, CallResult], None]) -> LegId:
        """Begin a call; `told` is called once with its result. Raises Refusal: no-outbound-rule(target),
        limit(which: call-out-at-once | call-out-per-minute | participant | legs), not-found(kind: space),
        unknown-reference(kind: leg-profile), invalid(field: target)."""
        ...

    def cancel(self, leg: LegId) -> bool:
        """Give up a call that is not answered yet. False: there is none."""
        ...


# --- notices -------------------------------------------------------------------------------------------------


class NotSent(Exception):
    """The message was not taken. permanent: trying again is of no use."""

    def __init__(self, reason: str, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Courier(Protocol):
    """Hands one message to the next system (an SMTP server, an SMS gateway)."""

    async def send(self, entry: OutboxEntry) -> None:
        """Returns when the next system has taken it. Raises NotSent."""
        ...


# --- what others have put on the web ----------------------------------------------------------------------------


class FetchFailed(Exception):
    """of_the_server: no use in asking the same server for more at present."""

    def __init__(self, reason: str, of_the_server: bool = False) -> None:
        super().__init__(reason)
        self.of_the_server = of_the_server


class NotThere(FetchFailed):
    """The server says that there is no such thing."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """tag: given back with the next request; empty: the server has none."""

    body: bytes = field(repr=False)
    tag: str = ""


class Fetcher(Protocol):
    async def fetch(self, url: str, *, most_bytes: int, seconds: float, tag: str = "") -> Fetched | None:
        """seconds: for the whole of it. None: it is as it was when the server gave this tag. Raises FetchFailed,
        NotThere among them."""
        ...


class BadSound(ValueError):
    """Not a sound that can be played as a prompt; the text says why."""


@dataclass(frozen=True, slots=True)
class ShelvedPrompt:
    """One prompt that was fetched: the file it came from, the server's tag of it, and where it is kept."""

    source: str
    tag: str
    path: Path
    bytes: int


@dataclass(frozen=True, slots=True)
class Shelved:
    """What is kept of one brand: where it came from, and its prompts by name."""

    location: str
    prompts: Mapping[str, ShelvedPrompt]


class PromptShelf(Protocol):
    """Fetched prompts as files that media workers read, through restarts of the server."""

    async def load(self) -> dict[str, Shelved]:
        """By brand. What cannot be read any more is as if it had never been there."""
        ...

    async def keep(self, brand: str, source: str, tag: str, body: bytes) -> ShelvedPrompt:
        """Make a prompt of a WAV file. Raises BadSound, OSError."""
        ...

    async def save(self, brand: str, shelved: Shelved | None) -> None:
        """From now on this is what `load` finds of a brand; files that it does not name go. None: nothing."""
        ...


# --- journal -------------------------------------------------------------------------------------------------


class Journal(Protocol):
    """Append-only. `append` has returned only when one write(2) has been made, so that it survives SIGKILL; where
    the disk has no room, when the event is held in memory until it has."""

    def append(self, event: Event) -> None: ...


# --- secrets -------------------------------------------------------------------------------------------------


class PasswordHasher(Protocol):
    """Slow on purpose: call off the event loop."""

    def hash(self, password: str) -> str: ...

    def verify(self, password: str, hashed: str) -> bool: ...

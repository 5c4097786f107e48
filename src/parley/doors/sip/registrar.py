"""REGISTER, and who a caller proves to be: digest credentials of devices (RFC 3261 sections 10.3, 22).

A REGISTER must prove the device whose address it registers. A call is challenged only when its From names a device of
ours: everybody else is a guest, and guests have no credentials.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ...app.devices import DeviceRecord, LockedOut
from ...core.devices import (
    EXPIRES_LEAST,
    EXPIRES_USUAL,
    Binding,
    Contact,
    DigestAlgorithm,
    Registration,
    RegistrationRefused,
)
from ...core.ids import DeviceId
from ...core.refusals import Refusal
from ...core.secret import Secret
from ...wire.sip.address import URI, NameAddr, legible
from ...wire.sip.digest_server import Authorization, DigestServer, Freshness
from ...wire.sip.errors import TheirMistake
from ...wire.sip.flow import Flow
from ...wire.sip.message import Request
from .said import readable

Lines = list[tuple[str, str]]
CONTACT_MOST = 512  # characters
AGENT_MOST = 128
WHO = ("+sip.instance", "reg-id")  # parameters of a Contact (RFC 5626 section 4.1)
# For a registrar alone to give (RFC 5627 section 4.2), and we give none: said again they would look given.
GIVEN = frozenset({"pub-gruu", "temp-gruu"})
PARAMETERS_MOST = 1024  # characters of a Contact that are kept and said again
WAYS_MOST = 10_000
UNADDRESSED = frozenset({"ws", "wss"})  # whoever comes so is reached by his own connection alone


class Devices(Protocol):
    """The app's devices."""

    @property
    def realm(self) -> str: ...

    async def find(self, username: str) -> DeviceRecord | None: ...

    async def algorithm_of(self, username: str) -> DigestAlgorithm: ...

    async def prove(self, username: str, source: str, fits: Callable[[Secret], bool]) -> DeviceRecord | None: ...

    async def register(
        self, device: DeviceId, wish: Registration, stands: Callable[[Binding], bool] = ...
    ) -> list[tuple[Binding, int]]: ...


@dataclass(frozen=True, slots=True)
class Answered:
    """A response to be sent."""

    status: int
    headers: Lines


class Registrar:
    """One for all listeners. now: monotonic seconds."""

    def __init__(self, devices: Devices, key: bytes) -> None:
        self._devices = devices
        self._server = DigestServer(devices.realm, key)
        # The connection that a peer opened, by transport, host and port; None: it is gone.
        self.connected: Callable[[str, str, int], Flow | None] = lambda _transport, _host, _port: None
        # Of those who have no address: the connection by which they registered last, by their Contact.
        self._ways: OrderedDict[tuple[str, str], Flow] = OrderedDict()

    def way_to(self, uri: str) -> Flow | None:
        """To whoever registered by that address and is reached by his own connection alone; None: he is not there."""
        try:
            flow = self._ways.get(_who(URI.parse(uri)))
        except TheirMistake:
            return None
        return flow if flow is not None and self.connected(flow.transport, *flow.remote) == flow else None

    def _note_ways(self, request: Request, flow: Flow) -> None:
        for contact in request.contacts:
            self._ways[_who(contact.uri)] = flow
            self._ways.move_to_end(_who(contact.uri))
        while len(self._ways) > WAYS_MOST:
            self._ways.popitem(last=False)

    async def challenge(self, request: Request, now: float) -> Answered:
        """MD5 alone unless the account says otherwise: phones stumble over a choice."""
        claimed = request.to if request.method == "REGISTER" else request.from_
        return await self._challenge_of(claimed.uri.username, now)

    async def _challenge_of(self, username: str, now: float) -> Answered:
        return self._challenge(await self._devices.algorithm_of(username), now)

    def _challenge(self, algorithm: str, now: float, *, stale: bool = False) -> Answered:
        return Answered(401, [("WWW-Authenticate", self._server.challenge(algorithm, now, stale=stale))])

    async def prove(self, request: Request, flow: Flow, now: float) -> DeviceRecord | Answered:
        """Whose device sent this, or what to answer: a challenge, or 403 for who may not even try."""
        answer = self._authorization(request)
        if answer is None:
            return await self.challenge(request, now)
        if answer.uri.lower() != request.target.lower():
            return Answered(400, [])

        def fits(stored: Secret) -> bool:
            return answer.fits(stored.reveal(), request.method)

        try:
            record = await self._devices.prove(answer.username, flow.remote[0], fits)
        except LockedOut:
            return Answered(403, [])
        if record is None or record.device.algorithm != answer.algorithm:
            return await self._challenge_of(answer.username, now)
        fresh = self._server.judge(answer, now)
        if fresh is not Freshness.FRESH:
            return self._challenge(answer.algorithm, now, stale=True)
        return record

    def _authorization(self, request: Request) -> Authorization | None:
        for line in request.headers.lines("Authorization")[:4]:
            try:
                answer = Authorization.parse(line)
            except TheirMistake:
                continue
            if answer.realm == self._server.realm:
                return answer
        return None

    async def concerns(self, request: Request, flow: Flow) -> bool:
        """Must the caller prove who he is? Who calls himself a device of ours must, and who offers to may.

        Somebody of the same name at another domain is somebody else.
        """
        if self._authorization(request) is not None:
            return True
        if request.from_.uri.host.lower() not in {self._server.realm.lower(), flow.local[0]}:
            return False
        username = legible(request.from_.uri.username)
        return bool(username) and await self._devices.find(username) is not None

    async def register(self, request: Request, flow: Flow, now: float) -> Answered:
        """The answer to a REGISTER; what it says is committed before."""
        proven = await self.prove(request, flow, now)
        if isinstance(proven, Answered):
            return proven
        if request.to.uri.username.lower() != proven.device.username:
            return Answered(403, [])
        try:
            wish = _registration(request, flow)
            bindings = await self._devices.register(proven.device.id, wish, self._stands)
        except TheirMistake:
            return Answered(400, [])
        except RegistrationRefused as refused:
            return _refused(refused)
        except Refusal:
            return Answered(404, [])
        if flow.transport in UNADDRESSED and wish.contacts:
            self._note_ways(request, flow)
        return Answered(200, [("Contact", _contact(one, seconds)) for one, seconds in bindings])

    def _stands(self, binding: Binding) -> bool:
        """A page that was closed has not said so, and there is no other way to it."""
        if binding.transport not in UNADDRESSED:
            return True
        return self.connected(binding.transport, binding.host, binding.port) is not None


def _who(uri: URI) -> tuple[str, str]:
    """What stays of an address that a page made up for itself, whatever parameters it has."""
    return uri.username, uri.host.lower()


def _contact(binding: Binding, seconds: int) -> str:
    """With its parameters as they were given: by these a device knows its own (RFC 3261 section 10.3, step 8)."""
    parameters = f"{binding.parameters};expires={seconds}" if binding.parameters else f"expires={seconds}"
    return f"<{binding.contact}>;{parameters}"


def _refused(refused: RegistrationRefused) -> Answered:
    if refused.why == "interval":
        return Answered(423, [("Min-Expires", str(EXPIRES_LEAST))])
    return Answered(500 if refused.why == "out-of-order" else 403, [])


def _registration(request: Request, flow: Flow) -> Registration:
    """Raises TheirMistake."""
    lines = request.headers.values("Contact")
    usual = _seconds(request.headers.get("Expires"), EXPIRES_USUAL)
    contacts: tuple[Contact, ...] | None
    if any(line.strip() == "*" for line in lines):
        if len(lines) != 1 or usual != 0:
            raise TheirMistake("a star must be alone and expire at once")
        contacts = None
    else:
        contacts = tuple(_wanted(contact, usual) for contact in request.contacts)
        if any(not _callable(contact.uri) for contact in contacts):
            raise TheirMistake("a contact that we could not call")
    return Registration(
        contacts=contacts,
        call_id=request.call_id,
        cseq=request.cseq.number,
        host=flow.remote[0],
        port=flow.remote[1],
        transport=flow.transport,
        user_agent=readable(request.headers.get("User-Agent") or "", AGENT_MOST),
    )


def _callable(uri: str) -> bool:
    return uri.partition(":")[0].lower() in {"sip", "sips"} and uri.isascii() and len(uri) <= CONTACT_MOST


def _wanted(contact: NameAddr, usual: int) -> Contact:
    """One address, with as many of its parameters as there is room for: who it is before all others."""
    kept: dict[str, str] = {}
    room = PARAMETERS_MOST
    for name, value in sorted(contact.params, key=lambda param: param[0] not in WHO):
        text = name if value is None else f"{name}={value}"
        if name != "expires" and name not in GIVEN and name not in kept and text.isprintable() and len(text) < room:
            kept[name] = text
            room -= len(text) + 1
    instance, reg_id = (contact.param(name) if name in kept else "" for name in WHO)
    return Contact(
        uri=contact.uri.text,
        expires=_seconds(contact.param("expires"), usual),
        parameters=";".join(kept.values()),
        instance=(instance or "").strip('"'),
        reg_id=reg_id or "",
    )


def _seconds(text: str | None, usual: int) -> int:
    """A malformed one counts as the usual (RFC 3261 section 10.2.1.1)."""
    text = (text or "").strip()
    return min(int(text), 2**32) if text.isascii() and text.isdigit() and len(text) <= 10 else usual

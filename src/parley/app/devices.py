"""SIP devices of users: made, listed and removed; who proves to be one; and where they can be reached.

Credentials are made up here and shown once. Guessing is bounded per source and per device name, and an unknown name is
judged like a known one with a wrong password.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from ..core.attempts import Attempts, AttemptSettings
from ..core.devices import Binding, Device, DigestAlgorithm, Registration, ha1, one_way_each, registered
from ..core.ids import DeviceId
from ..core.people import User
from ..core.refusals import Refusal
from ..core.secret import Secret
from .changes import Change, Changes
from .ports import Clock, Identifiers, Query, Store, Transaction
from .users import by_jid

DEVICES_MOST = 20  # of one user
LABEL_MOST = 64
NAMES_TRIED = 1000
NOBODY = Secret(hashlib.sha256(b"nobody").hexdigest())  # the HA1 of no password


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    device: Device
    user: User


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What its owner types into it, shown this once."""

    device: Device
    password: Secret


class LockedOut(Exception):
    """Too many wrong answers came before."""


class Devices:
    """The use cases. realm: of the credentials that are made from now on."""

    def __init__(self, store: Store, identifiers: Identifiers, clock: Clock, changes: Changes, realm: str) -> None:
        self._store = store
        self._identifiers = identifiers
        self._clock = clock
        self._changes = changes
        self.realm = realm
        self._wrong = Attempts(AttemptSettings(wrong_most=20, window=60.0))
        self._wrong_of_name = Attempts(AttemptSettings(wrong_most=20, window=60.0))
        self._strong: frozenset[str] | None = None  # names of devices that want SHA-256; None: to be read
        self._changed = 0  # how often there was another device, or one less

    # --- administration ----------------------------------------------------------------------------------------

    async def add(self, jid: str, label: str = "", algorithm: DigestAlgorithm = DigestAlgorithm.MD5) -> NewDevice:
        """Raises Refusal: not-found (kind user), invalid (label), limit (devices)."""
        if len(label) > LABEL_MOST or not (label.isprintable() or not label):
            raise Refusal("invalid", field="label", error=f"longer than {LABEL_MOST}, or not printable")
        password = Secret(self._identifiers.secret())
        async with self._store.transaction() as tx:
            user = await by_jid(tx, jid)
            if user is None:
                raise Refusal("not-found", kind="user", id=jid)
            if (await tx.devices.page(Query(limit=1, where={"user": user.id}))).total >= DEVICES_MOST:
                raise Refusal("limit", which="devices")
            username = await _free_name(tx, user.jid.partition("@")[0])
            device = Device(
                DeviceId(self._identifiers.uuid()),
                user.id,
                username,
                self.realm,
                ha1(username, self.realm, password, algorithm),
                algorithm,
                label,
                self._clock.utc(),
            )
            await tx.devices.add(device)
        self._note_change()
        self._changes.publish(Change("device", device.id))
        return NewDevice(device, password)

    async def all(self, jid: str | None = None) -> list[DeviceRecord]:
        """Of one user, or every one. Raises Refusal not-found."""
        async with self._store.reading() as tx:
            where = {}
            if jid is not None:
                user = await by_jid(tx, jid)
                if user is None:
                    raise Refusal("not-found", kind="user", id=jid)
                where["user"] = user.id
            devices = (await tx.devices.page(Query(where=where))).items
            users = {device.user: await tx.users.get(device.user) for device in devices}
        return [DeviceRecord(device, user) for device in devices if (user := users[device.user]) is not None]

    async def remove(self, username: str) -> None:
        """It is reachable no more, and proves nothing any more. Raises Refusal not-found."""
        async with self._store.transaction() as tx:
            device = await _by_name(tx, username)
            if device is None:
                raise Refusal("not-found", kind="device", id=username)
            await tx.devices.delete(device.id)
        self._note_change()
        self._changes.publish(Change("device", device.id, deleted=True))

    # --- proving -----------------------------------------------------------------------------------------------

    async def find(self, username: str) -> DeviceRecord | None:
        """The device of this name, if its user may sign in."""
        async with self._store.reading() as tx:
            device = await _by_name(tx, username)
            user = await tx.users.get(device.user) if device else None
        return DeviceRecord(device, user) if device and user and user.enabled else None

    async def algorithm_of(self, username: str) -> DigestAlgorithm:
        """With what a device of this name is challenged, or one that is none. Asked by everybody who knocks, so it is
        answered from memory."""
        strong, changed = self._strong, self._changed
        if strong is None:
            async with self._store.reading() as tx:
                items = (await tx.devices.page(Query(where={"algorithm": DigestAlgorithm.SHA_256.value}))).items
            strong = frozenset(device.username for device in items)
            if changed == self._changed:
                self._strong = strong
        return DigestAlgorithm.SHA_256 if username.lower() in strong else DigestAlgorithm.MD5

    def _note_change(self) -> None:
        self._strong = None
        self._changed += 1

    async def prove(self, username: str, source: str, fits: Callable[[Secret], bool]) -> DeviceRecord | None:
        """The device whose credentials these are. fits: does the answer belong to this HA1? Raises LockedOut."""
        now = self._clock.now()
        name = hashlib.sha256(username.lower().encode("utf-8", "surrogatepass")).hexdigest()
        by_source = self._wrong.reserve(None, source, now)
        by_name = self._wrong_of_name.reserve(None, name, now) if by_source is not None else None
        if by_source is None or by_name is None:
            if by_source is not None:
                self._wrong.confirm(by_source, now)
            return await self._prove_at_home(username, source, fits)
        right = False
        try:
            record = await self.find(username)
            right = fits(record.device.ha1 if record else NOBODY) and record is not None
        finally:
            for counter, guess in ((self._wrong, by_source), (self._wrong_of_name, by_name)):
                if right:
                    counter.release(guess, self._clock.now())
                else:
                    counter.confirm(guess, self._clock.now())
        return record if right else None

    async def _prove_at_home(self, username: str, source: str, fits: Callable[[Secret], bool]) -> DeviceRecord | None:
        """While guesses are locked out: of a device that is registered from there it is judged all the same, so that
        nobody locks it out by its name, or by datagrams in its address's name. Its password is none that is guessed.
        """
        record = await self.find(username)
        if record is None or all(one.host != source for one in record.device.live(self._clock.utc())):
            raise LockedOut
        return record if fits(record.device.ha1) else None

    # --- where they are ----------------------------------------------------------------------------------------

    async def register(
        self, device: DeviceId, wish: Registration, stands: Callable[[Binding], bool] = lambda _binding: True
    ) -> list[tuple[Binding, int]]:
        """What is registered afterwards, each with its seconds left; committed. stands: is there still a way to it?

        Raises RegistrationRefused, and Refusal not-found when the device was removed meanwhile.
        """
        now = self._clock.utc()
        async with self._store.transaction() as tx:
            known = await tx.devices.get(device)
            if known is None:
                raise Refusal("not-found", kind="device", id=device)
            bindings = registered([one for one in known.bindings if stands(one)], wish, now)
            if bindings != known.bindings:
                await tx.devices.save(replace(known, bindings=bindings))
        return [(binding, int((binding.expires - now).total_seconds())) for binding in bindings]


async def reachable(tx: Transaction, user: str, domain: str, now: datetime) -> list[Binding]:
    """Where this address is registered now, the latest first: a device's own, else all of the person who has it.
    A device that says who it is stands there once."""
    name = user.lower()
    device = await _by_name(tx, name)
    devices = [device] if device is not None and device.realm == domain else []
    person = await by_jid(tx, f"{name}@{domain}")
    if person is not None:
        devices = list((await tx.devices.page(Query(where={"user": person.id}))).items)
    bindings = [binding for device in devices for binding in device.live(now)]
    return one_way_each(sorted(bindings, key=lambda binding: binding.expires, reverse=True))


async def _by_name(tx: Transaction, username: str) -> Device | None:
    items = (await tx.devices.page(Query(where={"username": username.lower()}))).items  # no two have it
    return items[0] if items else None


async def _free_name(tx: Transaction, wanted: str) -> str:
    """The name itself, else with the first number that is free."""
    for number in range(1, NAMES_TRIED):
        name = wanted if number == 1 else f"{wanted}-{number}"
        if await _by_name(tx, name) is None:
            return name
    raise Refusal("limit", which="devices")

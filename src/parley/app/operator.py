"""What the operator's door asks, answered by the use cases. Values out are plain: text, numbers, lists, mappings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..core.admission import Candidates
from ..core.devices import DigestAlgorithm
from ..core.dialplan import Address
from ..core.endings import Ending, Reason, Side
from ..core.explain import Inquiry, explain
from ..core.explain_leg import explain_leg, lines_of
from ..core.ids import AccessMethodId, LegId, MeetingId
from ..core.leg_inputs import UnknownTarget
from ..core.meeting_inputs import End, Entry, MeetingView, SetLocked
from ..core.profiles import LegLayer
from ..core.refusals import Refusal
from ..core.secret import Secret
from .administration import Administration
from .bridges import onward_of
from .credentials import Credentials
from .devices import Devices
from .directory import Directory
from .editing import KEEP
from .event_feed import EventFeed
from .layers import leg_layers
from .leg_history import ReadLines, history, leg_events
from .live import LiveLeg
from .lookup import Lookup
from .outbox import OutboxDesk
from .pins import PinJudge
from .ports import Clock, PasswordHasher, Query, Store, StoredEvent, Transaction
from .spaces import SpaceEdit, SpaceRecord
from .typed_values import check_space
from .users import UserEdit

Json = dict[str, Any]
RenderRecords = Callable[[Iterable[StoredEvent]], list[Json]]

EVENTS_MOST = 100_000  # that a listing of call records looks back over
ENDED_BY_US = Ending(Side.ADMINISTRATOR, Reason.HANG_UP)


@dataclass(frozen=True, slots=True)
class KeptServices:
    """What the kept half needs. local_source: the network address that explanations are made for.

    leg_inputs: what is kept of a leg's inputs; it may block.
    """

    store: Store
    administration: Administration
    credentials: Credentials
    hasher: PasswordHasher
    lookup: Lookup
    render_records: RenderRecords
    outbox: OutboxDesk
    devices: Devices
    utc: Callable[[], datetime]
    local_source: str = "127.0.0.1"
    leg_inputs: ReadLines = lambda _leg: []


class KeptOperator:
    """The half that needs no running server."""

    def __init__(self, services: KeptServices, pins: PinJudge | None = None) -> None:
        self._kept = services
        self._pins = pins

    async def users(self) -> list[Json]:
        page = await self._kept.administration.users.page(Query())
        return [_user(user.id, user.jid, user.name, user.email) for user in page.items]

    async def add_user(self, jid: str, name: str, email: str, password: Secret) -> Json:
        hashed = await asyncio.to_thread(self._kept.hasher.hash, password.reveal())
        edit = UserEdit(name=name, email=email, password_hash=Secret(hashed))
        id = await self._kept.administration.users.create(jid, edit)
        user = await self._kept.administration.users.get(id)
        return _user(user.id, user.jid, user.name, user.email)

    async def remove_user(self, jid: str) -> None:
        user = await self._kept.administration.users.by_jid(jid.lower())
        if user is None:
            raise Refusal("not-found", kind="user", id=jid)
        await self._kept.administration.users.delete(user.id)

    async def devices(self, jid: str | None) -> list[Json]:
        now = self._kept.utc()
        return [
            {
                "username": record.device.username,
                "user": record.user.jid,
                "label": record.device.label,
                "algorithm": record.device.algorithm.value,
                "registered": [f"{one.contact} by {one.transport}" for one in record.device.live(now)],
            }
            for record in await self._kept.devices.all(jid)
        ]

    async def add_device(self, jid: str, label: str, sha256: bool) -> Json:
        algorithm = DigestAlgorithm.SHA_256 if sha256 else DigestAlgorithm.MD5
        new = await self._kept.devices.add(jid, label, algorithm)
        device = new.device
        return {"username": device.username, "realm": device.realm, "password": new.password.reveal()}

    async def remove_device(self, username: str) -> None:
        await self._kept.devices.remove(username)

    async def administrators(self) -> list[Json]:
        return [{"name": name} for name in await self._kept.credentials.administrators()]

    async def add_administrator(self, name: str, password: Secret) -> Json:
        await self._kept.credentials.add_administrator(name, password.reveal())
        return {"name": name}

    async def remove_administrator(self, name: str) -> None:
        await self._kept.credentials.remove_administrator(name)

    async def spaces(self) -> list[Json]:
        page = await self._kept.administration.spaces.page(Query())
        return [await self._space_row(record) for record in page.items]

    async def _space_row(self, record: SpaceRecord) -> Json:
        members = await self._kept.administration.members.page(record.space.id, Query(limit=0))
        return {
            "id": record.space.id,
            "name": record.space.name,
            "uri": record.own.uri,
            "call_id": record.own.call_id,
            "access_methods": record.methods,
            "members": members.total,
        }

    async def space(self, which: str) -> Json:
        record = await self._find_space(which)
        async with self._kept.store.reading() as tx:
            methods = await tx.access_methods.page(Query(where={"space": record.space.id}))
        members = await self._kept.administration.members.page(record.space.id, Query())
        return {
            "id": record.space.id,
            "name": record.space.name,
            "uri": record.own.uri,
            "call_id": record.own.call_id,
            "access_methods": [
                {
                    "id": method.id,
                    "own": method.own,
                    "name": method.name,
                    "uri": method.uri,
                    "call_id": method.call_id,
                    "passcode": method.passcode.reveal() if method.passcode else None,
                    "leg_profile": record.space.leg_profile if method.own else method.leg_profile,
                }
                for method in sorted(methods.items, key=lambda method: not method.own)
            ],
            "members": [
                {"id": entry.member.id, "jid": entry.user.jid if entry.user else None} for entry in members.items
            ],
        }

    async def _find_space(self, which: str) -> SpaceRecord:
        spaces = self._kept.administration.spaces
        async with self._kept.store.reading() as tx:
            found = [method.space for method in await tx.access_methods.by_uri(which.lower())]
            found += [method.space for method in await tx.access_methods.by_call_id(which)]
            if await tx.spaces.get(which) is not None:
                found.append((await tx.spaces.get(which)).id)  # type: ignore[union-attr]
            if not found:
                found = [space.id for space in (await tx.spaces.page(Query(where={"name": which}))).items]
        if not found:
            raise Refusal("not-found", kind="space", id=which)
        return await spaces.get(found[0])

    async def add_space(self, name: str, uri: str | None, call_id: str | None, passcode: Secret | None) -> Json:
        check_space(name, uri, call_id, passcode)
        edit = SpaceEdit(
            name=name,
            uri=uri if uri is not None else KEEP,
            call_id=call_id if call_id is not None else KEEP,
            passcode=passcode if passcode is not None else KEEP,
        )
        id = await self._kept.administration.spaces.create(edit)
        return await self._space_row(await self._kept.administration.spaces.get(id))

    async def records(self, limit: int) -> list[Json]:
        """Not every event is a call record: the look back goes on until there are enough of them."""
        look = limit
        while True:
            async with self._kept.store.reading() as tx:
                events = await tx.newest_events(look)
            rows = self._kept.render_records(events)
            if len(rows) >= limit or len(events) < look or look >= EVENTS_MOST:
                return rows[-limit:]
            look *= 4

    async def outbox(self, state: str | None, limit: int) -> list[Json]:
        return await self._kept.outbox.listing(state, limit)

    async def retry_outbox(self, id: str) -> None:
        await self._kept.outbox.retry(id)

    async def forget_outbox(self, id: str) -> None:
        await self._kept.outbox.forget(id)

    async def explain_leg(self, id: str) -> Json:
        """By id or running number; `lines` holds the same for people. Raises Refusal not-found."""
        live = self._live_leg(id)
        try:
            leg, events = await leg_events(self._kept.store, live.leg if live is not None else id)
        except Refusal:
            if live is None:
                raise
            leg, events = live.leg, []  # so new that its events are still on the way to the store
        lines = await asyncio.to_thread(self._kept.leg_inputs, leg)
        story = explain_leg(history(leg, events, lines, live))
        return {**story, "lines": lines_of(story)}

    def _live_leg(self, which: str) -> LiveLeg | None:
        """Without a running server none is live."""
        return None

    async def explain(self, address: str, pin: Secret | None) -> list[str]:
        """A number alone is a call ID; a name alone is taken at the first domain."""
        text = address.strip()
        scheme, colon, rest = text.partition(":")
        text = rest if colon and scheme.lower() in {"sip", "sips"} else text
        if text.isdigit():
            return explain(await self._inquiry_by_call_id(text, pin))
        user, at, domain = text.partition("@")
        domain = _host(domain) if at else next(iter(self._kept.lookup.domains), "")
        return explain(await self._inquiry_by_uri(Address(user.lower(), domain.lower()), pin))

    async def _inquiry_by_call_id(self, call_id: str, pin: Secret | None) -> Inquiry:
        ivr = self._kept.lookup.access_ivr
        target = await self._kept.lookup.resolve_call_id(ivr, call_id)
        async with self._kept.store.reading() as tx:
            layers, names = await self._door_facts(tx, target)
        return Inquiry(
            dialled=call_id,
            target=target,
            by_call_id=True,
            pin=pin,
            locked=self._locked(target),
            leg_layers=layers,
            names=names,
        )

    async def _inquiry_by_uri(self, address: Address, pin: Secret | None) -> Inquiry:
        lookup = self._kept.lookup
        target = await lookup.resolve(address, self._kept.local_source)
        async with self._kept.store.reading() as tx:
            rules = await lookup.rules(tx, address, self._kept.local_source)
            found = target if isinstance(target, Candidates) else None
            layers, names = await self._door_facts(tx, found)
            onward = None
            if isinstance(target, UnknownTarget):
                onward = await onward_of(tx, address, rules, self._kept.utc())
        return Inquiry(
            onward=onward,
            dialled=f"{address.user}@{address.domain}",
            target=target,
            rule=rules[0] if rules else None,
            of_settings=bool(rules) and rules[0].id.startswith("settings:"),
            pin=pin,
            locked=self._locked(found),
            leg_layers=layers,
            names=names,
        )

    async def _door_facts(
        self, tx: Transaction, target: Candidates | None
    ) -> tuple[dict[AccessMethodId, tuple[LegLayer, ...]], dict[AccessMethodId, str]]:
        layers: dict[AccessMethodId, tuple[LegLayer, ...]] = {}
        names: dict[AccessMethodId, str] = {}
        space = await tx.spaces.get(target.space) if target else None
        for door in target.doors if target else ():
            if space is not None:
                layers[door.access_method] = await leg_layers(tx, space, Entry(access_method=door.access_method))
            method = await tx.access_methods.get(door.access_method)
            if method is not None and method.name:
                names[door.access_method] = method.name
        return layers, names

    def _locked(self, target: Candidates | None) -> bool:
        space = target.space if target else None
        return self._pins is not None and self._pins.is_locked(space, self._kept.local_source)


def _host(text: str) -> str:
    """Of host[:port][;parameters], with an IPv6 address in brackets."""
    text = text.partition(";")[0]
    return text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0]


def _user(id: str, jid: str, name: str, email: str) -> Json:
    return {"id": id, "jid": jid, "name": name, "email": email}


class Operator(KeptOperator):
    """All of it. `describe` gives what status says of the server itself."""

    def __init__(
        self,
        services: KeptServices,
        pins: PinJudge,
        directory: Directory,
        feed: EventFeed,
        clock: Clock,
        describe: Callable[[], Json],
    ) -> None:
        super().__init__(services, pins)
        self._directory = directory
        self._feed = feed
        self._clock = clock
        self._describe = describe

    async def status(self) -> Json:
        return {
            **self._describe(),
            "meetings": len(self._directory.meetings()),
            "legs": len(self._directory.legs()),
        }

    async def meetings(self) -> list[Json]:
        return [self._meeting(view) for view in self._directory.meetings()]

    async def meeting(self, id: str) -> Json:
        view = self._view(id)
        legs = [self._leg(leg) for leg in self._directory.legs() if leg.meeting == view.meeting]
        return {**self._meeting(view), "legs": legs}

    async def end_meeting(self, id: str) -> None:
        await self._directory.tell(self._view(id).meeting, End(ENDED_BY_US))

    async def lock_meeting(self, id: str, locked: bool) -> None:
        await self._directory.tell(self._view(id).meeting, SetLocked(locked))

    async def legs(self) -> list[Json]:
        return [self._leg(leg) for leg in self._directory.legs()]

    async def drop_leg(self, id: str) -> None:
        """By id or running number. Raises Refusal not-found."""
        live = self._live_leg(id)
        if not await self._directory.drop_leg(live.leg if live is not None else LegId(id), ENDED_BY_US):
            raise Refusal("not-found", kind="leg", id=id)

    def _live_leg(self, which: str) -> LiveLeg | None:
        return next((leg for leg in self._directory.legs() if which in {leg.leg, str(leg.number)}), None)

    async def log(self, limit: int) -> list[str]:
        return self._feed.newest(limit)

    def follow_log(self) -> AsyncIterator[str]:
        return self._feed.follow()

    def _view(self, id: str) -> MeetingView:
        view = self._directory.meeting(MeetingId(id))
        if view is None:
            raise Refusal("not-found", kind="meeting", id=id)
        return view

    def _meeting(self, view: MeetingView) -> Json:
        return {
            "id": view.meeting,
            "space": view.space,
            "name": view.name,
            "started": _text(self._clock.utc() - timedelta(seconds=view.seconds)),
            "participants": len(view.legs),
            "waiting": sum(leg.waits for leg in view.legs),
            "locked": view.locked,
        }

    def _leg(self, leg: LiveLeg) -> Json:
        return {
            "id": leg.leg,
            "number": leg.number,
            "remote": leg.caller,
            "meeting": leg.meeting,
            "state": leg.state,
            "causes": sorted(leg.view.causes) if leg.view else [],
            "codec": leg.statistics.codec if leg.statistics else None,
            "seconds": round(leg.seconds),
        }


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")

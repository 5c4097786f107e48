"""Calls that are passed on: a caller whose address is a person's or a forwarding rule's is put through to a phone.

Such a call is a meeting of two in a space that exists for this call alone, so that lists, records, mutes and the mix
are what they are for everybody (see bridge.py). Nothing is created for an address that leads nowhere, and what is rung
counts against the bounds of calls out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from ..core import explain
from ..core.call_counts import CallCounts, CallLimitReached
from ..core.dialplan import Address, InboundRule
from ..core.endings import Ending, Reason, Side
from ..core.forwarding import (
    CallerIdMode,
    Circle,
    ForwardingAction,
    ForwardingRule,
    Passage,
    destination,
    passed_on,
    rule_for,
)
from ..core.ids import SpaceId, TenantId
from ..core.leg_inputs import Offered
from ..core.outbound import BadTarget, FailureAction, Hop, Target, parse_place, routes_for
from ..core.transforms import is_denied
from .bridge import Bridge, Onward
from .devices import reachable
from .dialling import REGISTERED, DomainOf
from .directory import Directory
from .legs import LegServices, LiveLegRunner
from .live import without_scheme
from .lookup import Lookup
from .ports import CallerIdentity, Dialler, Identifiers, LegDoor, Query, Store, Transaction
from .users import by_jid

log = structlog.get_logger(__name__)

DEVICES_MOST = 8  # of one person that ring together


class LeadsNowhere(Exception):
    """The address is neither a person's nor a forwarding rule's."""


class Bridges:
    """The use case. server: a secret of this server, by which it knows its own marks."""

    def __init__(
        self,
        store: Store,
        lookup: Lookup,
        directory: Directory,
        services: LegServices,
        dialler: Dialler,
        identifiers: Identifiers,
        counts: CallCounts,
        domain_of: DomainOf,
        server: str,
    ) -> None:
        self._store = store
        self._lookup = lookup
        self._directory = directory
        self._services = services
        self._dialler = dialler
        self._identifiers = identifiers
        self._counts = counts
        self._domain_of = domain_of
        self._server = server

    async def take(self, offered: Offered, door: LegDoor) -> LiveLegRunner | None:
        """Put the caller through. None: the call was refused through the door already. Raises LeadsNowhere."""
        onward = await self._onward(offered)
        if isinstance(onward, Ending):
            door.reject(onward)
            return None
        # From here on nothing waits.
        try:
            place = self._counts.reserve(onward.tenant, onward.limits, self._services.clock.now())
        except CallLimitReached as reached:
            log.warning("a call is not passed on", why=onward.why, limit=reached.which)
            door.reject(Ending(Side.LOCAL, Reason.SYSTEM_LIMIT))
            return None
        bridge = Bridge(self._directory, self._services, self._dialler, self._counts, place, onward)
        runner = bridge.begin(SpaceId(self._identifiers.uuid()), offered, door)
        if runner is None:
            self._counts.release(place)
            door.reject(Ending(Side.LOCAL, Reason.SYSTEM_LIMIT))
            return None
        self._counts.confirm(place)
        log.info("a call is passed on", leg=runner.id, why=onward.why, ways=len(onward.attempts))
        return runner

    async def _onward(self, offered: Offered) -> Onward | Ending:
        """Raises LeadsNowhere."""
        rule: ForwardingRule | None = None
        async with self._store.reading() as tx:
            claiming = await self._lookup.rules(tx, offered.address, offered.local_address)
            if not claiming:
                rule = rule_for(offered.address, (await tx.forwarding_rules.page(Query())).items)
            if rule is not None:
                if rule.action is ForwardingAction.REJECT:
                    log.info("a call is refused by a forwarding rule", rule=rule.id)
                    return Ending(Side.LOCAL, Reason.DECLINED)
                target = _destination(rule, offered)
                ways = await _ways(tx, target, rule.tenant, self._services.clock.utc())
            else:
                if not await _leads_to_people(tx, offered.address, claiming):
                    raise LeadsNowhere
                target = Target(offered.address.user, offered.address.domain)
                ways = await _devices(tx, target, self._services.clock.utc())
            tenant = await tx.tenants.get(rule.tenant) if rule is not None and rule.tenant else None
            limits = tenant.call_out if tenant else (await tx.system_defaults()).call_out
        if not ways:
            raise LeadsNowhere
        why = f"forwarding rule {rule.id}" if rule is not None else "a person's devices"
        try:
            passage = passed_on(offered.passage, self._server, target)
        except Circle as circle:
            log.warning("a call goes in a circle", why=why, problem=str(circle))
            return Ending(Side.LOCAL, Reason.TOO_MANY_HOPS if circle.hops else Reason.LOOP)
        preserve = rule is None or rule.caller_id is CallerIdMode.PRESERVE
        if preserve:
            ways = tuple(tuple(replace(hop, from_domain=None) for hop in hops) for hops in ways)
        tenant_id = rule.tenant if rule is not None else None
        identity = _identity(offered, await self._domain_of(tenant_id) or "anonymous.invalid", preserve)
        return Onward(target, ways, identity, tenant_id, limits, passage, why)


async def onward_of(
    tx: Transaction, address: Address, claiming: Sequence[InboundRule], now: datetime
) -> explain.Onward | None:
    """The same in words, for those who ask what would happen; None: the address leads nowhere."""
    if claiming:
        if not await _leads_to_people(tx, address, claiming):
            return None
        ways = await _devices(tx, Target(address.user, address.domain), now)
        return explain.Onward(None, ways=tuple(hop for hops in ways for hop in hops)) if ways else None
    rule = rule_for(address, (await tx.forwarding_rules.page(Query())).items)
    if rule is None or rule.action is ForwardingAction.REJECT:
        return explain.Onward(rule) if rule is not None else None
    try:
        target = destination(rule, address, Passage())
    except BadTarget:
        return None
    ways = await _ways(tx, target, rule.tenant, now)
    denied = not ways and await _is_denied(tx, target)
    return explain.Onward(rule, target.uri, tuple(hop for hops in ways for hop in hops), denied)


async def _leads_to_people(tx: Transaction, address: Address, claiming: Sequence[InboundRule]) -> bool:
    """Does a rule of these lead to users, and to this one? A tenant's rule leads to that tenant's people alone."""
    tenants = {rule.tenant for rule in claiming if rule.resolve_to_users}
    if not tenants or None in tenants:
        return bool(tenants)
    person = await by_jid(tx, f"{address.user}@{address.domain}")
    return person is not None and person.tenant in tenants


def _destination(rule: ForwardingRule, offered: Offered) -> Target:
    """Raises LeadsNowhere."""
    try:
        return destination(rule, offered.address, offered.passage)
    except BadTarget:
        raise LeadsNowhere from None


async def _ways(tx: Transaction, target: Target, tenant: TenantId | None, now: datetime) -> tuple[tuple[Hop, ...], ...]:
    """The devices of ours that have the address, else the next hops of the outbound rules, in one attempt."""
    if devices := await _devices(tx, target, now):
        return devices
    if await _is_denied(tx, target):
        log.warning("a dial transform denies what a call would be passed on to", domain=target.domain)
        return ()
    hops = routes_for(target, (await tx.outbound_rules.page(Query())).items, tenant)
    return (hops,) if hops else ()


async def _is_denied(tx: Transaction, target: Target) -> bool:
    return is_denied(target.user, target.domain, (await tx.dial_transforms.page(Query())).items)


async def _devices(tx: Transaction, target: Target, now: datetime) -> tuple[tuple[Hop, ...], ...]:
    """All of them ring."""
    bindings = await reachable(tx, target.user, target.domain, now)
    return tuple(
        (Hop(REGISTERED, one.host, one.port, one.transport, FailureAction.CONTINUE, contact=one.contact),)
        for one in bindings[:DEVICES_MOST]
    )


def _identity(offered: Offered, domain: str, preserve: bool) -> CallerIdentity:
    """As whom the call goes on."""
    user, at, place = without_scheme(offered.caller).rpartition("@")
    if preserve and at:
        try:
            host, _port = parse_place(place)
            domain = f"[{host}]" if ":" in host else host
        except BadTarget:
            log.info("the caller's domain cannot be kept")
    return CallerIdentity(user or "anonymous", domain, offered.display_name)

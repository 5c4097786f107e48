"""Calling people into meetings: may we, whither, how many at once; and how it went.

No outbound rule, no call; and every call counts against its tenant's bounds from the moment it is asked for, because a
stolen credential is worth as much as the calls it can make.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

import structlog

from ..core.call_counts import CallCounts, CallLimitReached
from ..core.endings import Ending, Reason, Side
from ..core.ids import LegId, OutboundRuleId, TenantId
from ..core.leg_inputs import Dial
from ..core.meeting_inputs import MeetingView
from ..core.outbound import BadTarget, FailureAction, Hop, Target, parse_target, routes_for
from ..core.people import CallOutLimits
from ..core.profiles import Layer, LegLayer, MediaEncryption, resolve_leg
from ..core.refusals import Refusal
from ..core.spaces import Space
from ..core.transforms import dial, is_denied
from .devices import reachable
from .directory import Directory
from .layers import leg_layers
from .ports import CallerIdentity, CallOut, CallResult, Clock, Dialler, Query, Store, Transaction
from .sounds import Sounds, sounds_of_space

log = structlog.get_logger(__name__)

RING_MOST = 300.0  # seconds
HOPS_MOST = 3  # for each place that a redirection names
REGISTERED = OutboundRuleId("registered")  # stands for a rule where a device of ours is called

GIVEN_UP = Ending(Side.ADMINISTRATOR, Reason.HANG_UP)

RESULTS: dict[Reason, CallResult] = {
    Reason.BUSY: CallResult.BUSY,
    Reason.NO_ANSWER: CallResult.NO_ANSWER,
    Reason.NOT_CONFIRMED: CallResult.NO_ANSWER,
    Reason.DECLINED: CallResult.REJECTED,
    Reason.NO_COMMON_CODEC: CallResult.REJECTED,
    Reason.UNREACHABLE: CallResult.UNREACHABLE,
    Reason.NAME_UNKNOWN: CallResult.UNREACHABLE,
    Reason.UNKNOWN_DESTINATION: CallResult.UNREACHABLE,
    Reason.TRANSPORT_FAILED: CallResult.UNREACHABLE,
    Reason.LOOP: CallResult.UNREACHABLE,
    Reason.TOO_MANY_HOPS: CallResult.UNREACHABLE,
    Reason.HANG_UP: CallResult.CANCELLED,
    Reason.CANCELLED: CallResult.CANCELLED,
    Reason.MEETING_ENDED: CallResult.CANCELLED,
    Reason.SPACE_DELETED: CallResult.CANCELLED,
}

DomainOf = Callable[[str | None], Awaitable[str | None]]


def result_of(ending: Ending | None) -> CallResult:
    """None: answered. What is nobody's doing but ours has failed."""
    return CallResult.ANSWERED if ending is None else RESULTS.get(ending.reason, CallResult.FAILED)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the store says to a wish."""

    space: Space
    tenant: TenantId | None
    limits: CallOutLimits
    target: Target
    hops: tuple[Hop, ...]
    identity: CallerIdentity
    encryption: MediaEncryption  # of media, as the door and the wish ask for it
    sounds: Sounds


class Dialling:
    """Implements CallPlacer. domain_of: the first domain of a tenant, which its numbers and its calls belong to."""

    def __init__(self, store: Store, directory: Directory, dialler: Dialler, clock: Clock, domain_of: DomainOf) -> None:
        self._store = store
        self._directory = directory
        self._dialler = dialler
        self._clock = clock
        self._domain_of = domain_of
        self.counts = CallCounts()

    async def call(self, wish: CallOut, told: Callable[[LegId, CallResult], None]) -> LegId:
        """See CallPlacer."""
        plan = await self._plan(wish)
        _check_room(self._directory.meeting_of_space(wish.space))
        # From here on nothing waits.
        try:
            place = self.counts.reserve(plan.tenant, plan.limits, self._clock.now())
        except CallLimitReached as reached:
            raise Refusal("limit", which=reached.which) from None
        door = self._dialler.outgoing(plan.target, plan.identity, plan.encryption)
        runner = self._directory.dial(
            _dial(wish, plan, door.facts().sip_call_id),
            door,
            told=lambda leg, ending: told(leg, result_of(ending)),
            finished=lambda: self.counts.release(place),
            elsewhere=partial(self._elsewhere, plan),
        )
        if runner is None:
            self.counts.release(place)
            raise Refusal("limit", which="legs")
        self.counts.confirm(place)
        return runner.id

    def cancel(self, leg: LegId) -> bool:
        """See CallPlacer."""
        return self._directory.cancel_call(leg, GIVEN_UP)

    async def _elsewhere(self, plan: _Plan, targets: tuple[str, ...]) -> tuple[Hop, ...]:
        """Where somebody who redirects our call may send it: to nobody whom we would not call ourselves."""
        hops: list[Hop] = []
        async with self._store.reading() as tx:
            rules = (await tx.outbound_rules.page(Query())).items
            transforms = (await tx.dial_transforms.page(Query())).items
        for text in targets:
            try:
                target = parse_target(text, None)
            except BadTarget:
                continue
            if is_denied(target.user, target.domain, transforms):
                log.warning("a redirection leads where a dial transform denies it", space=plan.space.id)
                continue
            if target.secure == plan.target.secure:
                found = await self._registered(target) or routes_for(target, rules, plan.tenant)
                hops += [
                    replace(hop, target=target.uri, failure_action=FailureAction.CONTINUE) for hop in found[:HOPS_MOST]
                ]
        return tuple(hops)

    async def _plan(self, wish: CallOut) -> _Plan:
        async with self._store.reading() as tx:
            space = self._directory.spaces.ad_hoc(wish.space) or await tx.spaces.get(wish.space)
            if space is None or not space.enabled:
                raise Refusal("not-found", kind="space", id=wish.space)
            encryption = await _check_entry(tx, space, wish)
            tenant_id = wish.tenant or space.tenant
            tenant = await tx.tenants.get(tenant_id) if tenant_id else None
            limits = tenant.call_out if tenant else (await tx.system_defaults()).call_out
            rules = (await tx.outbound_rules.page(Query())).items
            transforms = (await tx.dial_transforms.page(Query())).items
            sounds = await sounds_of_space(tx, space)
            own = (await tx.access_methods.page(Query(where={"space": space.id, "own": True}))).items
        domain = await self._domain_of(tenant_id)
        dialled = dial(wish.target, transforms)
        if dialled.by is not None:
            log.info("what was dialled is transformed", transform=dialled.by, denied=dialled.text is None)
        if dialled.text is None:
            raise Refusal("invalid", field="target", error="a dial transform denies it")
        try:
            target = parse_target(dialled.text, domain)
        except BadTarget as bad:
            raise Refusal("invalid", field="target", error=str(bad)) from None
        hops = await self._registered(target) or routes_for(target, rules, tenant_id)
        if not hops:
            raise Refusal("no-outbound-rule", target=target.uri)
        user = next((text for method in own for text in (method.uri, method.call_id) if text), "meeting")
        identity = CallerIdentity(user, domain or "anonymous.invalid", space.name)
        return _Plan(space, tenant_id, limits, target, hops, identity, encryption, sounds)

    async def _registered(self, target: Target) -> tuple[Hop, ...]:
        """The devices of ours that have this address, where they are now. They cost nothing, so they need no rule."""
        async with self._store.reading() as tx:
            bindings = await reachable(tx, target.user, target.domain, self._clock.utc())
        return tuple(
            Hop(REGISTERED, one.host, one.port, one.transport, FailureAction.CONTINUE, contact=one.contact)
            for one in bindings
        )


async def _check_entry(tx: Transaction, space: Space, wish: CallOut) -> MediaEncryption:
    """Nobody is rung for a door that is not there. What the door asks of media."""
    profile, door = wish.entry.call_out_profile, wish.entry.access_method
    if profile is not None and await tx.leg_profiles.get(profile) is None:
        raise Refusal("unknown-reference", kind="leg-profile", field="call_out_profile")
    if door is not None:
        method = await tx.access_methods.get(door)
        if method is None or method.space != space.id:
            raise Refusal("unknown-reference", kind="access-method", field="access_method")
    layers = await leg_layers(tx, space, wish.entry)
    effective = resolve_leg((*layers, LegLayer(Layer.LEG, wish.settings)))
    return effective.settings.media_encryption or MediaEncryption.OPTIONAL


def _check_room(meeting: MeetingView | None) -> None:
    """A full meeting would only hang up on whoever answers."""
    if meeting is None or meeting.call.settings.participant_limit is None:
        return
    if len({leg.participant for leg in meeting.legs}) >= meeting.call.settings.participant_limit:
        raise Refusal("limit", which="participant")


def _dial(wish: CallOut, plan: _Plan, sip_call_id: str) -> Dial:
    identity = plan.identity
    return Dial(
        hops=plan.hops,
        remote=plan.target.uri,
        local=f"sip:{identity.user}@{plan.hops[0].from_domain or identity.domain}",
        space=plan.space.id,
        tenant=plan.space.tenant,
        display_name=wish.name,
        entry=wish.entry,
        settings=wish.settings,
        extras=wish.extras,
        admitted=wish.admitted,
        ring_seconds=min(max(wish.ring_seconds, 1.0), RING_MOST),
        sip_call_id=sip_call_id,
        keys=wish.keys,
        owner=wish.owner,
        confirmation=wish.confirmation,
        language=plan.sounds.language,
        brand=plan.sounds.brand,
    )

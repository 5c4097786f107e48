"""Where a dialled address or a typed call ID leads."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.admission import Candidates
from ..core.dialplan import Address, InboundRule, Ivr, rules_for
from ..core.ids import InboundRuleId, IvrId, SpaceId
from ..core.leg_inputs import UnknownTarget
from ..core.spaces import Space
from .layers import call_layers, candidates
from .ports import Query, Store, Transaction

ACCESS_NUMBER_IVR = IvrId("access-number")
NOBODY = "00000000-0000-0000-0000-000000000000"  # the id of nothing
DOORS_USUAL = 2  # a guest's and a host's: how many a call ID that does not exist is taken to have


class Lookup:
    """`domains` and `access_number` come from the settings: rules and an IVR below those of the API.

    own_addresses: the address that a call came in on is ours too, so that a phone that knows only the server's IP
    address can call it.
    """

    def __init__(
        self, store: Store, domains: Sequence[str], access_number: str | None, *, own_addresses: bool = False
    ) -> None:
        self._store = store
        self._own_addresses = own_addresses
        self._configured = [_rule_of(domain) for domain in domains]
        self._access = Ivr(ACCESS_NUMBER_IVR, access_number.lower()) if access_number else None

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains of the settings."""
        return tuple(rule.domain for rule in self._configured)

    @property
    def access_ivr(self) -> Ivr:
        """The IVR of the settings; one that reaches everything stands in for it where there is none."""
        return self._access or Ivr(ACCESS_NUMBER_IVR, "")

    @property
    def access_number(self) -> str | None:
        return self._access.uri if self._access else None

    async def rules(self, tx: Transaction, address: Address, arrived_at: str | None = None) -> list[InboundRule]:
        """The inbound rules that claim the address, best first. arrived_at: our address that was called."""
        found = await tx.inbound_rules.page(Query(where={"domain": address.domain}))
        configured = self._configured
        if self._own_addresses and arrived_at is not None:
            configured = [*configured, _rule_of(arrived_at)]
        return rules_for(address, configured, found.items)

    async def resolve(self, address: Address, arrived_at: str | None = None) -> UnknownTarget | Candidates | Ivr:
        """Users are not dialled yet; then spaces, then IVRs, rule by rule (cms-api 3.3)."""
        async with self._store.reading() as tx:
            for rule in await self.rules(tx, address, arrived_at):
                target = await self._resolve_by(tx, rule, address)
                if target is not None:
                    return target
        return UnknownTarget()

    async def _resolve_by(self, tx: Transaction, rule: InboundRule, address: Address) -> Candidates | Ivr | None:
        if rule.resolve_to_spaces:
            found = await candidates(tx, await tx.access_methods.by_uri(address.user), media=True)
            if found is not None and rule.tenant in {None, found.tenant}:
                return found
        if rule.resolve_to_ivrs:
            ivrs = await tx.ivrs.page(Query(where={"uri": address.user}))
            for ivr in ivrs.items:
                if rule.tenant in {None, ivr.tenant}:
                    return ivr
            if self._access is not None and address.user == self._access.uri and rule.tenant is None:
                return self._access
        return None

    async def resolve_call_id(self, ivr: Ivr, call_id: str) -> Candidates | None:
        """The doors of a call ID that this IVR may reach; the same work for a known and an unknown one."""
        async with self._store.reading() as tx:
            found = await candidates(tx, await tx.access_methods.by_call_id(call_id))
            if found is None:
                await _read_nothing(tx)
        if found is None or not ivr.resolve_call_ids or ivr.tenant not in {None, found.tenant}:
            return None
        return found

    async def refresh(self, known: Candidates) -> Candidates | None:
        """The same doors as they stand now: a PIN changed while somebody types counts at once."""
        async with self._store.reading() as tx:
            methods = [await tx.access_methods.get(door.access_method) for door in known.doors]
            return await candidates(tx, [m for m in methods if m is not None])

    async def nothing(self) -> None:
        """As much reading as `refresh` does, for a call ID that does not exist."""
        async with self._store.reading() as tx:
            for _ in range(DOORS_USUAL):
                await tx.access_methods.get(NOBODY)
            await _read_nothing(tx)


async def _read_nothing(tx: Transaction) -> None:
    """What `candidates` reads of a space that exists."""
    await tx.spaces.get(NOBODY)
    await call_layers(tx, Space(SpaceId(NOBODY)))


def _rule_of(domain: str) -> InboundRule:
    return InboundRule(id=InboundRuleId(f"settings:{domain}"), domain=domain.lower())

"""Where a dialled address or a typed call ID leads."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.admission import NOTHING_PROVEN, Candidates, Proof
from ..core.dialplan import Address, Echo, InboundRule, Ivr, rules_for
from ..core.ids import InboundRuleId, IvrId, MemberId, UserId
from ..core.leg_inputs import UnknownTarget
from ..core.spaces import AccessMethod
from ..core.survival import AtEntrance
from .layers import NOBODY, candidates
from .ports import Query, Store, Transaction
from .proofs import membership, proof_of_caller, proof_of_user
from .remembered import Remembered
from .sounds import with_sounds

ACCESS_NUMBER_IVR = IvrId("access-number")


class Lookup:
    """`domains` and `access_number` come from the settings: rules and an IVR below those of the API.

    own_addresses: the address that a call came in on is ours too, so that a phone that knows only the server's IP
    address can call it. echo: what is dialled to hear oneself; a space or an IVR of that name goes before it.
    """

    def __init__(
        self,
        store: Store,
        domains: Sequence[str],
        access_number: str | None,
        *,
        own_addresses: bool = False,
        echo: tuple[str, Echo] | None = None,
    ) -> None:
        self._store = store
        self._resolved: Remembered[Candidates | Ivr | Echo] = Remembered(store)
        self._own_addresses = own_addresses
        self._echo = echo
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

    async def resolve(self, address: Address, arrived_at: str | None = None) -> UnknownTarget | Candidates | Ivr | Echo:
        """Users are not dialled yet; then spaces, then IVRs, rule by rule (cms-api 3.3); the echo at the very last."""
        found = await self._resolved.read((address, arrived_at), lambda tx: self._resolve(tx, address, arrived_at))
        return found or UnknownTarget()

    async def _resolve(
        self, tx: Transaction, address: Address, arrived_at: str | None
    ) -> Candidates | Ivr | Echo | None:
        rules = await self.rules(tx, address, arrived_at)
        for rule in rules:
            target = await self._resolve_by(tx, rule, address)
            if target is not None:
                return target
        if self._echo is not None and address.user == self._echo[0] and any(rule.resolve_to_spaces for rule in rules):
            return self._echo[1]
        return None

    async def _resolve_by(self, tx: Transaction, rule: InboundRule, address: Address) -> Candidates | Ivr | None:
        if rule.resolve_to_spaces:
            found = await candidates(tx, await tx.access_methods.by_uri(address.user), media=True)
            if found is not None and rule.tenant in {None, found.tenant}:
                return found
        if rule.resolve_to_ivrs:
            ivrs = await tx.ivrs.page(Query(where={"uri": address.user}))
            for ivr in ivrs.items:
                if rule.tenant in {None, ivr.tenant}:
                    return await with_sounds(tx, ivr)
            if self._access is not None and address.user == self._access.uri and rule.tenant is None:
                return await with_sounds(tx, self._access)
        return None

    async def resolve_call_id(self, ivr: Ivr, call_id: str) -> Candidates | None:
        """The doors of a call ID that this IVR may reach; the same work for a known and an unknown one."""
        async with self._store.reading() as tx:
            found = await candidates(tx, await tx.access_methods.by_call_id(call_id), even=True)
        if found is None or not ivr.resolve_call_ids or ivr.tenant not in {None, found.tenant}:
            return None
        return found

    async def refresh(self, known: Candidates) -> Candidates | None:
        """The same doors as they stand now: a PIN changed while somebody types counts at once."""
        async with self._store.reading() as tx:
            standing = {method.id: method for method in await tx.access_methods.of_spaces([known.space])}
            methods = [standing[door.access_method] for door in known.doors if door.access_method in standing]
            return await candidates(tx, methods, even=True)

    async def again(self, known: AtEntrance) -> Candidates | Ivr | Echo | None:
        """Where somebody stood when the server was started anew, as it is by now. None: there is nothing any more."""
        if known.space is None:
            return known.ivr or known.echo
        async with self._store.reading() as tx:
            methods = [one for one in await tx.access_methods.of_spaces([known.space]) if one.id in known.doors]
            return await candidates(tx, methods, media=True)

    async def nothing(self) -> None:
        """As much reading as `refresh` does, for a call ID that does not exist."""
        async with self._store.reading() as tx:
            await tx.access_methods.of_spaces([NOBODY])
            await candidates(tx, [], even=True)

    async def typed(self, tx: Transaction, text: str) -> list[AccessMethod]:
        """The access methods of an address that somebody types in a browser: `name@domain`, or the name alone at
        whichever domain of ours. As many reads for an unknown name as for a known one."""
        user, at, domain = text.lower().removeprefix("sips:").removeprefix("sip:").partition("@")
        stored = (await tx.inbound_rules.page(Query(where={"domain": domain} if at else {}))).items
        rules = [rule for rule in (*stored, *self._configured) if not at or rule.domain == domain]
        methods = await tx.access_methods.by_uri(user)
        space = await tx.spaces.get(methods[0].space if methods else NOBODY)
        tenants = {rule.tenant for rule in rules if rule.resolve_to_spaces}
        return methods if space is not None and not tenants.isdisjoint({None, space.tenant}) else []

    async def proof(
        self, asserted: Sequence[str], candidates: Candidates | None, user: UserId | None = None
    ) -> tuple[Proof, MemberId | None]:
        """What is proven of a caller towards these doors, by a network that we trust or by credentials of a user's own.

        The latter alone makes a member of the space come in as that member. Nothing asserted: nothing.
        """
        if candidates is None or (not asserted and user is None):
            return NOTHING_PROVEN, None
        async with self._store.reading() as tx:
            person = await tx.users.get(user) if user is not None else None
            if person is None or not person.enabled:
                return await proof_of_caller(tx, candidates, asserted, self.domains), None
            member = await membership(tx, candidates.space, person)
            return await proof_of_user(tx, candidates, person), member.id if member is not None else None


def _rule_of(domain: str) -> InboundRule:
    return InboundRule(id=InboundRuleId(f"settings:{domain}"), domain=domain.lower())

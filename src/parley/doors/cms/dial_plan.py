"""inbound-, outbound- and forwardingDialPlanRules, dialTransforms, ivrs and accessQuery (cms-api 2.11, 2.13, 2.25)."""

from __future__ import annotations

from ...app.administration import Administration
from ...app.dial_plan import InboundRuleEdit, IvrEdit
from ...app.dial_transforms import DialTransformEdit
from ...app.forwarding_rules import ForwardingRuleEdit
from ...app.outbound_rules import OutboundRuleEdit
from ...core.dialplan import InboundRule, Ivr
from ...core.forwarding import ForwardingRule
from ...core.outbound import OutboundRule
from ...core.transforms import DialTransform
from .codecs import Digits, Reference, Text
from .errors import fail
from .fields import Access, Field, Parsed, Table, collection, extras_of, values_of
from .plan_fields import DIAL_TRANSFORM, FORWARDING_RULE, INBOUND_RULE, IVR, OUTBOUND_RULE
from .requests import Created, Request
from .router import Route
from .xml import Node

ACCESS_QUERY = Table(
    "accessQuery",
    "2.25",
    (
        Field("uri", Text(512), "uri", access=Access.CREATE_ONLY),
        Field("callId", Digits(), "call_id", access=Access.CREATE_ONLY),
        Field("tenant", Reference("tenant"), "tenant", access=Access.CREATE_ONLY),
    ),
)


def routes(administration: Administration, cap: int) -> list[Route]:
    """cap: most entries of one page."""
    rules = _Rules(administration, cap)
    outbound = _OutboundRules(administration, cap)
    forwarding = _ForwardingRules(administration, cap)
    transforms = _DialTransforms(administration, cap)
    ivrs = _Ivrs(administration, cap)
    query = _AccessQuery(administration)
    return [
        Route("inboundDialPlanRules", INBOUND_RULE, get=rules.index, post=rules.create),
        Route("inboundDialPlanRules/{id}", INBOUND_RULE, get=rules.get, put=rules.change, delete=rules.delete),
        Route("outboundDialPlanRules", OUTBOUND_RULE, get=outbound.index, post=outbound.create),
        Route(
            "outboundDialPlanRules/{id}",
            OUTBOUND_RULE,
            get=outbound.get,
            put=outbound.change,
            delete=outbound.delete,
        ),
        Route("forwardingDialPlanRules", FORWARDING_RULE, get=forwarding.index, post=forwarding.create),
        Route(
            "forwardingDialPlanRules/{id}",
            FORWARDING_RULE,
            get=forwarding.get,
            put=forwarding.change,
            delete=forwarding.delete,
        ),
        Route("dialTransforms", DIAL_TRANSFORM, get=transforms.index, post=transforms.create),
        Route(
            "dialTransforms/{id}",
            DIAL_TRANSFORM,
            get=transforms.get,
            put=transforms.change,
            delete=transforms.delete,
        ),
        Route("ivrs", IVR, get=ivrs.index, post=ivrs.create),
        Route("ivrs/{id}", IVR, get=ivrs.get, put=ivrs.change, delete=ivrs.delete),
        Route("accessQuery", ACCESS_QUERY, post=query.answer),
    ]


class _Rules:
    def __init__(self, administration: Administration, cap: int) -> None:
        self._rules = administration.inbound_rules
        self._cap = cap

    async def index(self, request: Request) -> Node:
        page = await self._rules.page(request.page(self._cap, tenant="tenantFilter"))
        nodes = [_rule_node(rule, listed=True) for rule in page.items]
        return collection("inboundDialPlanRules", page.total, nodes)

    async def get(self, request: Request) -> Node:
        return _rule_node(await self._rules.get(request.ids[0]))

    async def create(self, request: Request) -> Created:
        edit = _rule_edit(INBOUND_RULE.parse(request.form, create=True))
        return Created(f"inboundDialPlanRules/{await self._rules.create(edit)}")

    async def change(self, request: Request) -> None:
        await self._rules.change(request.ids[0], _rule_edit(INBOUND_RULE.parse(request.form, create=False)))

    async def delete(self, request: Request) -> None:
        await self._rules.delete(request.ids[0])


def _rule_edit(parsed: Parsed) -> InboundRuleEdit:
    return InboundRuleEdit(**parsed.plain(), extras=parsed.extras_edit)


def _rule_node(rule: InboundRule, *, listed: bool = False) -> Node:
    return INBOUND_RULE.node(rule.id, values_of(rule), extras_of(rule), listed=listed)


class _OutboundRules:
    def __init__(self, administration: Administration, cap: int) -> None:
        self._rules = administration.outbound_rules
        self._cap = cap

    async def index(self, request: Request) -> Node:
        page = await self._rules.page(request.page(self._cap, tenant="tenantFilter"))
        nodes = [_outbound_node(rule, listed=True) for rule in page.items]
        return collection("outboundDialPlanRules", page.total, nodes)

    async def get(self, request: Request) -> Node:
        return _outbound_node(await self._rules.get(request.ids[0]))

    async def create(self, request: Request) -> Created:
        edit = _outbound_edit(OUTBOUND_RULE.parse(request.form, create=True))
        return Created(f"outboundDialPlanRules/{await self._rules.create(edit)}")

    async def change(self, request: Request) -> None:
        await self._rules.change(request.ids[0], _outbound_edit(OUTBOUND_RULE.parse(request.form, create=False)))

    async def delete(self, request: Request) -> None:
        await self._rules.delete(request.ids[0])


def _outbound_edit(parsed: Parsed) -> OutboundRuleEdit:
    return OutboundRuleEdit(**parsed.plain(), extras=parsed.extras_edit)


def _outbound_node(rule: OutboundRule, *, listed: bool = False) -> Node:
    return OUTBOUND_RULE.node(rule.id, values_of(rule), extras_of(rule), listed=listed)


class _ForwardingRules:
    def __init__(self, administration: Administration, cap: int) -> None:
        self._rules = administration.forwarding_rules
        self._cap = cap

    async def index(self, request: Request) -> Node:
        page = await self._rules.page(request.page(self._cap, tenant="tenantFilter"))
        nodes = [_forwarding_node(rule, listed=True) for rule in page.items]
        return collection("forwardingDialPlanRules", page.total, nodes)

    async def get(self, request: Request) -> Node:
        return _forwarding_node(await self._rules.get(request.ids[0]))

    async def create(self, request: Request) -> Created:
        edit = _forwarding_edit(FORWARDING_RULE.parse(request.form, create=True))
        return Created(f"forwardingDialPlanRules/{await self._rules.create(edit)}")

    async def change(self, request: Request) -> None:
        edit = _forwarding_edit(FORWARDING_RULE.parse(request.form, create=False))
        await self._rules.change(request.ids[0], edit)

    async def delete(self, request: Request) -> None:
        await self._rules.delete(request.ids[0])


def _forwarding_edit(parsed: Parsed) -> ForwardingRuleEdit:
    return ForwardingRuleEdit(**parsed.plain(), extras=parsed.extras_edit)


def _forwarding_node(rule: ForwardingRule, *, listed: bool = False) -> Node:
    return FORWARDING_RULE.node(rule.id, values_of(rule), extras_of(rule), listed=listed)


class _DialTransforms:
    def __init__(self, administration: Administration, cap: int) -> None:
        self._transforms = administration.dial_transforms
        self._cap = cap

    async def index(self, request: Request) -> Node:
        page = await self._transforms.page(request.page(self._cap))
        nodes = [_transform_node(transform, listed=True) for transform in page.items]
        return collection("dialTransforms", page.total, nodes)

    async def get(self, request: Request) -> Node:
        return _transform_node(await self._transforms.get(request.ids[0]))

    async def create(self, request: Request) -> Created:
        edit = _transform_edit(DIAL_TRANSFORM.parse(request.form, create=True))
        return Created(f"dialTransforms/{await self._transforms.create(edit)}")

    async def change(self, request: Request) -> None:
        edit = _transform_edit(DIAL_TRANSFORM.parse(request.form, create=False))
        await self._transforms.change(request.ids[0], edit)

    async def delete(self, request: Request) -> None:
        await self._transforms.delete(request.ids[0])


def _transform_edit(parsed: Parsed) -> DialTransformEdit:
    return DialTransformEdit(**parsed.plain(), extras=parsed.extras_edit)


def _transform_node(transform: DialTransform, *, listed: bool = False) -> Node:
    return DIAL_TRANSFORM.node(transform.id, values_of(transform), extras_of(transform), listed=listed)


class _Ivrs:
    def __init__(self, administration: Administration, cap: int) -> None:
        self._ivrs = administration.ivrs
        self._cap = cap

    async def index(self, request: Request) -> Node:
        page = await self._ivrs.page(request.page(self._cap, tenant="tenantFilter"))
        return collection("ivrs", page.total, [_ivr_node(ivr, listed=True) for ivr in page.items])

    async def get(self, request: Request) -> Node:
        return _ivr_node(await self._ivrs.get(request.ids[0]))

    async def create(self, request: Request) -> Created:
        edit = _ivr_edit(IVR.parse(request.form, create=True))
        return Created(f"ivrs/{await self._ivrs.create(edit)}")

    async def change(self, request: Request) -> None:
        await self._ivrs.change(request.ids[0], _ivr_edit(IVR.parse(request.form, create=False)))

    async def delete(self, request: Request) -> None:
        await self._ivrs.delete(request.ids[0])


def _ivr_edit(parsed: Parsed) -> IvrEdit:
    return IvrEdit(**parsed.plain(), extras=parsed.extras_edit)


def _ivr_node(ivr: Ivr, *, listed: bool = False) -> Node:
    return IVR.node(ivr.id, values_of(ivr), extras_of(ivr), listed=listed)


class _AccessQuery:
    """How a URI or call ID would be reached; nothing needs to exist there yet."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration

    async def answer(self, request: Request) -> Node:
        asked = ACCESS_QUERY.parse(request.form, create=True).values
        tenant = asked.get("tenant")
        if tenant is not None and not await self._tenant_exists(tenant):
            raise fail("tenantDoesNotExist")
        children = []
        if (uri := asked.get("uri")) is not None:
            user = uri.partition("@")[0].lower()
            domain = await self._administration.inbound_rules.space_domain(tenant)
            if user and domain:
                children.append(Node("uri", f"{user}@{domain}"))
        if asked.get("call_id") is not None and (number := await self._administration.ivrs.number(tenant)):
            children.append(Node("ivr", number))
        return Node("accessQuery", tuple(children))

    async def _tenant_exists(self, id: str) -> bool:
        return await self._administration.tenants.exists(id)

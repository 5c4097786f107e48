"""inbound-, outbound- and forwardingDialPlanRules, dialTransforms, ivrs and accessQuery (cms-api 2.11, 2.13, 2.25)."""

from __future__ import annotations

from ...app.administration import Administration
from ...app.dial_plan import InboundRuleEdit, IvrEdit
from ...app.dial_transforms import DialTransformEdit
from ...app.forwarding_rules import ForwardingRuleEdit
from ...app.outbound_rules import OutboundRuleEdit
from .codecs import Digits, Reference, Text
from .errors import fail
from .fields import Access, Field, Table
from .kept_objects import Objects, plain
from .plan_fields import DIAL_TRANSFORM, FORWARDING_RULE, INBOUND_RULE, IVR, OUTBOUND_RULE
from .requests import Request
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
    kept = (
        Objects(
            "inboundDialPlanRules",
            INBOUND_RULE,
            administration.inbound_rules,
            plain(InboundRuleEdit),
            cap,
            tenant="tenantFilter",
        ),
        Objects(
            "outboundDialPlanRules",
            OUTBOUND_RULE,
            administration.outbound_rules,
            plain(OutboundRuleEdit),
            cap,
            tenant="tenantFilter",
        ),
        Objects(
            "forwardingDialPlanRules",
            FORWARDING_RULE,
            administration.forwarding_rules,
            plain(ForwardingRuleEdit),
            cap,
            tenant="tenantFilter",
        ),
        Objects("dialTransforms", DIAL_TRANSFORM, administration.dial_transforms, plain(DialTransformEdit), cap),
        Objects("ivrs", IVR, administration.ivrs, plain(IvrEdit), cap, tenant="tenantFilter"),
    )
    query = Route("accessQuery", ACCESS_QUERY, post=_AccessQuery(administration).answer)
    return [*(route for objects in kept for route in objects.routes()), query]


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

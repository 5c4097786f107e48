"""callLegs: live legs, what is in force for them, and where each value comes from (cms-api 2.8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from ...app.administration import Administration
from ...app.directory import Directory
from ...app.live import OUTGOING, LiveLeg, without_scheme
from ...core.endings import Ending, Reason, Side
from ...core.ids import LegId, MeetingId, TenantId
from ...core.profiles import Layer, LegLayer, settings_for
from ...core.refusals import Refusal
from .call_out import CallOuts
from .call_records import ACANO, LEG_TYPES
from .fields import DIALECT, collection, values_of
from .leg_audio import ALARMS, alarms, audio
from .leg_override import override
from .live_fields import CALL_LEG, NEW_CALL_LEG
from .profile_fields import CALL_LEG_PROFILE
from .requests import Request
from .router import Route
from .xml import Node

STATES = {
    "initial": "initial",
    "ringing": "ringing",
    "connected": "connected",
    "on-hold": "onHold",
    "ending": "connected",
}

SCOPES = {
    Layer.SYSTEM: "global",
    Layer.TENANT: "tenant",
    Layer.SPACE: "coSpace",
    Layer.ACCESS_METHOD: "accessMethod",
    Layer.MEMBER: "coSpaceUser",
    Layer.CALL_OUT: "callOut",
    Layer.LEG: "callLeg",
}

DROPPED = Ending(Side.ADMINISTRATOR, Reason.HANG_UP)

LegFilter = Callable[[LiveLeg], bool]


class CallLegs:
    def __init__(
        self, administration: Administration, directory: Directory, cap: int, calls_out: CallOuts | None = None
    ) -> None:
        self._administration = administration
        self._calls_out = calls_out
        self._directory = directory
        self._cap = cap

    def routes(self) -> list[Route]:
        return [
            Route("callLegs", CALL_LEG, get=self.index),
            Route("callLegs/{id}", CALL_LEG, get=self.get, put=self.change, delete=self.drop),
            Route("callLegs/{id}/generateKeyframe", post=self.generate_keyframe),
            Route("callLegs/{id}/callLegProfileTrace", CALL_LEG, get=self.trace),
            Route(
                "calls/{id}/callLegs",
                NEW_CALL_LEG,
                get=self.of_call,
                post=self._calls_out.call_leg if self._calls_out else None,
            ),
            Route("participants/{id}/callLegs", CALL_LEG, get=self.of_participant),
        ]

    async def index(self, request: Request) -> Node:
        return self._page(request, self._directory.legs())

    async def of_call(self, request: Request) -> Node:
        meeting = self._directory.meeting(MeetingId(request.ids[0]))
        if meeting is None:
            raise Refusal("not-found", kind="meeting", id=request.ids[0])
        return self._page(request, [leg for leg in self._directory.legs() if leg.meeting == meeting.meeting])

    async def of_participant(self, request: Request) -> Node:
        legs = [leg for leg in self._directory.legs() if is_listed(leg) and leg.participant == request.ids[0]]
        if not legs:
            raise Refusal("not-found", kind="participant", id=request.ids[0])
        return self._page(request, legs)

    async def get(self, request: Request) -> Node:
        leg = self._leg(request)
        children = [
            *_head(leg, self._tenant(leg)),
            Node("type", LEG_TYPES.get(leg.kind, ACANO)),
            Node("direction", leg.direction),
            Node("canMove", "true" if leg.movable else "false"),
            Node("configuration", tuple(CALL_LEG.children(*in_force(leg)))),
            Node("status", tuple(_status(leg))),
        ]
        return Node("callLeg", tuple(children), (("id", leg.leg),))

    async def change(self, request: Request) -> None:
        leg = self._leg(request)
        await override(self._administration, self._directory, leg, CALL_LEG.parse(request.form, create=False))

    async def drop(self, request: Request) -> None:
        if not await self._directory.drop_leg(self._leg(request).leg, DROPPED):
            raise Refusal("not-found", kind="leg", id=request.ids[0])

    async def generate_keyframe(self, request: Request) -> None:
        """Asks the far end for a whole picture; of a leg without video that is done at once."""
        self._leg(request)

    async def trace(self, request: Request) -> Node:
        """Every level that contributes, in the order in which later ones win."""
        leg = self._leg(request)
        traced = [_traced(layer) for layer in leg.view.layers] if leg.view else []
        return Node("callLegProfileTrace", tuple(node for node in traced if node), (("callLeg", leg.leg),))

    def _leg(self, request: Request) -> LiveLeg:
        leg = self._directory.leg(LegId(request.ids[0]))
        if leg is None:
            raise Refusal("not-found", kind="leg", id=request.ids[0])
        return leg

    def _tenant(self, leg: LiveLeg) -> TenantId | None:
        view = self._directory.meeting(leg.meeting) if leg.meeting else None
        return view.tenant if view else None

    def _page(self, request: Request, legs: list[LiveLeg]) -> Node:
        wanted = _filters(request)
        tenant = request.text("tenantFilter")
        if tenant is not None:
            wanted.append(lambda leg: self._tenant(leg) == tenant.lower())
        found = [leg for leg in legs if all(keeps(leg) for keeps in wanted)]
        offset, limit = request.span(self._cap)
        nodes = [
            Node(
                "callLeg",
                (*_head(leg, self._tenant(leg), listed=True), Node("alarms", "|".join(alarms(leg)) or None)),
                (("id", leg.leg),),
            )
            for leg in found[offset : offset + limit]
        ]
        return collection("callLegs", len(found), nodes)


# --- what a leg shows ------------------------------------------------------------------------------------------


def _head(leg: LiveLeg, tenant: TenantId | None, *, listed: bool = False) -> list[Node]:
    nodes = [Node("name", leg.name), Node("remoteParty", without_scheme(leg.caller))]
    if not listed:
        nodes.append(Node("localAddress", without_scheme(leg.dialled)))
    if leg.meeting is not None:
        nodes.append(Node("call", leg.meeting))
    if tenant is not None:
        nodes.append(Node("tenant", tenant))
    return nodes


def in_force(leg: LiveLeg) -> tuple[dict[str, Any], dict[str, str]]:
    """(values, extras) of what is set at any level, the last level winning (cms-api 8, question 13)."""
    values: dict[str, Any] = {}
    extras: dict[str, str] = {}
    for layer in leg.view.layers if leg.view else ():
        settings = settings_for(layer.settings, leg.kind)
        for spec in fields(settings):
            value = getattr(settings, spec.name)
            if value is not None:
                values[f"settings.{spec.name}"] = value
        extras.update(layer.extras.get(DIALECT, {}))
    return values, extras


def is_listed(leg: LiveLeg) -> bool:
    """Is it a participant's: in a meeting, or called into one? Who stands at an entrance is nobody's yet."""
    return leg.view is not None or leg.direction == OUTGOING


def _traced(layer: LegLayer) -> Node | None:
    """One level; None where what it sets has no word in the dialect. Without a profile, its object sets it itself."""
    profile = CALL_LEG_PROFILE.node(layer.profile, values_of(layer), layer.extras.get(DIALECT, {}))
    if layer.profile is None and not profile.content:
        return None
    return Node("profile", (profile,), (("scope", SCOPES[layer.layer]),))


def _status(leg: LiveLeg) -> list[Node]:
    view = leg.view
    nodes = [
        Node("state", STATES[leg.state]),
        Node("durationSeconds", str(int(leg.seconds))),
        Node("direction", leg.direction),
    ]
    if leg.facts.sip_call_id:
        nodes.append(Node("sipCallId", leg.facts.sip_call_id))
    if view is not None:
        nodes.append(Node("groupId", view.participant))
        if view.waits:
            nodes.append(Node("deactivated", "true"))
        nodes.append(Node("encryptedMedia", "true" if view.encrypted_media else "false"))
        nodes.append(Node("unencryptedMedia", "false" if view.encrypted_media else "true"))
    if leg.statistics is not None:
        nodes.extend(audio(leg.statistics, leg.quality, leg.seconds))
    return nodes


def _filters(request: Request) -> list[LegFilter]:
    """The conditions of a list's query (cms-api 1.6). There is no video yet: no leg has a layout or video streams."""
    wanted: list[LegFilter] = []
    if (text := request.text("filter")) is not None:
        needle = text.lower()
        wanted.append(lambda leg: needle in leg.name.lower() or needle in leg.caller.lower())
    if (participant := request.text("participantFilter")) is not None:
        wanted.append(lambda leg: leg.view is not None and leg.view.participant == participant.lower())
    if (kinds := _alarm_filter(request)) is not None:
        wanted.append(lambda leg: any(kind in kinds for kind in alarms(leg)))
    owned = request.word("ownerIdSet", {"true": True, "false": False})
    if owned is not None:
        wanted.append(lambda leg: bool(in_force(leg)[1].get("ownerId")) is owned)
    least = request.number("availableVideoStreamsLowerBound")
    request.number("availableVideoStreamsUpperBound")  # checked; 0 streams are below every bound
    if request.text("activeLayoutFilter") is not None or (least or 0) > 0:
        wanted.append(lambda _leg: False)
    return wanted


def _alarm_filter(request: Request) -> set[str] | None:
    text = request.text("alarms")
    if text is None:
        return None
    return set(ALARMS) if text == "all" else set(text.split("|"))

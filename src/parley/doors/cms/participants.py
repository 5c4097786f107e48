"""participants: reading, letting in, sending back, muting and dropping (cms-api 2.9)."""

from __future__ import annotations

from ...app.administration import Administration
from ...app.directory import Directory
from ...app.live import OUTGOING, LiveLeg, without_scheme
from ...core.ids import MeetingId, ParticipantId
from ...core.meeting_inputs import (
    AdmitParticipant,
    DropParticipant,
    LegView,
    MeetingView,
    OverrideLeg,
    OverrideLegs,
    SendBack,
)
from ...core.profiles import LegSettings
from ...core.refusals import Refusal
from .call_out import CallOuts
from .codecs import INVALID
from .errors import parameter_errors
from .fields import DIALECT, Parsed, collection
from .leg_override import override
from .legs import DROPPED, STATES, is_listed
from .live_fields import NEW_PARTICIPANT, PARTICIPANT, PARTICIPANTS
from .requests import Request
from .router import Route
from .xml import Node

FILTER_IDS_MOST = 20  # cms-api 1.10


class Participants:
    def __init__(
        self, administration: Administration, directory: Directory, cap: int, calls_out: CallOuts | None = None
    ) -> None:
        self._administration = administration
        self._calls_out = calls_out
        self._directory = directory
        self._cap = cap

    def routes(self) -> list[Route]:
        return [
            Route("participants", PARTICIPANT, get=self.index),
            Route("participants/{id}", PARTICIPANT, get=self.get, put=self.change, delete=self.drop),
            Route(
                "calls/{id}/participants",
                NEW_PARTICIPANT,
                get=self.of_call,
                post=self._calls_out.participant if self._calls_out else None,
            ),
            Route("calls/{id}/participants/*", PARTICIPANTS, put=self.change_many),
            Route(
                "calls/{id}/participants/{id}",
                PARTICIPANT,
                get=self.get,
                put=self.change,
                delete=self.drop,
            ),
        ]

    async def index(self, request: Request) -> Node:
        return self._page(request, self._directory.meetings())

    async def of_call(self, request: Request) -> Node:
        return self._page(request, [self._meeting(request.ids[0])])

    async def get(self, request: Request) -> Node:
        live = self._participant(request)
        view = live.view
        legs = [other for other in self._directory.legs() if is_listed(other) and other.participant == live.participant]
        children = [
            *_head(view.name if view else live.name, live.meeting),
            Node("uri", without_scheme(view.uri if view else live.caller)),
            Node("numCallLegs", str(len(legs))),
            Node("isActivator", "true" if view is not None and view.is_activator else "false"),
            Node("canMove", "true" if live.movable else "false"),
            Node("configuration", tuple(PARTICIPANT.children({}, _set_on(view)))),
            Node("status", (Node("state", STATES[live.state]),)),
        ]
        return Node("participant", tuple(children), (("id", live.participant),))

    async def change(self, request: Request) -> None:
        live = self._participant(request)
        parsed = PARTICIPANT.parse(request.form, create=False)
        await override(self._administration, self._directory, live, parsed)
        deactivated = parsed.values.get("deactivated")
        if deactivated is None or live.meeting is None:
            return
        participant = live.participant
        wish = SendBack(participant) if deactivated else AdmitParticipant(participant)
        await self._directory.tell(live.meeting, wish)

    async def change_many(self, request: Request) -> None:
        meeting = self._meeting(request.ids[0])
        parsed = PARTICIPANTS.parse(request.form, create=False)
        named = _named(parsed)
        exclude = parsed.values.get("mode", "exclude") == "exclude"
        settings = {name: value for name, value in parsed.under("settings").items() if value is not None}
        if settings:
            await self._directory.tell(
                meeting.meeting, OverrideLegs(LegSettings(**settings), participants=named, exclude=exclude)
            )
        extras = tuple((DIALECT, name, text) for name, text in parsed.extras.items())
        if extras:
            for leg in meeting.legs:
                if (leg.participant in named) != exclude:
                    await self._directory.tell(meeting.meeting, OverrideLeg(leg.leg, extras=extras))

    async def drop(self, request: Request) -> None:
        live = self._participant(request)
        if live.view is None:
            await self._directory.drop_leg(live.leg, DROPPED)  # called, and not there yet
        elif live.meeting is not None:
            await self._directory.tell(live.meeting, DropParticipant(live.participant, DROPPED))

    def _meeting(self, id: str) -> MeetingView:
        view = self._directory.meeting(MeetingId(id))
        if view is None:
            raise Refusal("not-found", kind="meeting", id=id)
        return view

    def _participant(self, request: Request) -> LiveLeg:
        """The participant of the path's last identifier, in the call of its first one if there are two."""
        id = request.ids[-1]
        live = self._directory.participant(ParticipantId(id))
        if len(request.ids) > 1:
            self._meeting(request.ids[0])
        if live is None or not is_listed(live) or (len(request.ids) > 1 and live.meeting != request.ids[0]):
            raise Refusal("not-found", kind="participant", id=id)
        return live

    def _page(self, request: Request, meetings: list[MeetingView]) -> Node:
        needle = (request.text("filter") or "").lower()
        tenant = request.text("tenantFilter")
        # There is one server, and it has no object of its own: nobody is on another one.
        elsewhere = request.text("callBridgeFilter") is not None
        seen: dict[ParticipantId, tuple[MeetingView, str]] = {}
        called = [leg for leg in self._directory.legs() if leg.view is None and leg.direction == OUTGOING]
        for meeting in meetings:
            if tenant is not None and meeting.tenant != tenant.lower():
                continue
            people = [(leg.participant, leg.name, leg.uri) for leg in meeting.legs]
            people += [(leg.participant, leg.name, leg.caller) for leg in called if leg.meeting == meeting.meeting]
            for participant, name, uri in people:
                if (needle in name.lower() or needle in uri.lower()) and not elsewhere:
                    seen.setdefault(participant, (meeting, name))
        found = list(seen.items())
        offset, limit = request.span(self._cap)
        nodes = []
        for participant, (meeting, name) in found[offset : offset + limit]:
            children = _head(name, meeting.meeting)
            if meeting.tenant is not None:
                children.append(Node("tenant", meeting.tenant))
            nodes.append(Node("participant", tuple(children), (("id", participant),)))
        return collection("participants", len(found), nodes)


def _head(name: str, meeting: MeetingId | None) -> list[Node]:
    nodes = [Node("name", name)]
    if meeting is not None:
        nodes.append(Node("call", meeting))
    return nodes


def _set_on(leg: LegView | None) -> dict[str, str]:
    """What was set on the leg itself; a participant's configuration shows only that."""
    extras: dict[str, str] = {}
    for layer in leg.layers if leg is not None else ():
        if layer.layer == "leg":
            extras.update(layer.extras.get(DIALECT, {}))
    return extras


def _named(parsed: Parsed) -> frozenset[ParticipantId]:
    text = parsed.values.get("filter_ids") or ""
    ids = [part.strip().lower() for part in text.split(",") if part.strip()]
    if len(ids) > FILTER_IDS_MOST:
        raise parameter_errors([("filterIds", INVALID)])
    return frozenset(ParticipantId(id) for id in ids)

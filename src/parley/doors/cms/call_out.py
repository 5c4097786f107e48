"""Calling somebody into a call: POST on the participants and call legs of a call (cms-api 2.8, 2.9)."""

from __future__ import annotations

from collections.abc import Callable

from ...app.administration import Administration
from ...app.directory import Directory
from ...app.live import LiveLeg
from ...app.ports import CallOut, CallPlacer, CallResult
from ...core.events import AdministratorActed, Event
from ...core.ids import LegId, LegProfileId, MeetingId, ParticipantId
from ...core.leg_inputs import Granted
from ...core.meeting_inputs import Entry
from ...core.profiles import LegSettings
from ...core.refusals import Refusal
from .codecs import INVALID
from .errors import MISSING, fail, parameter_errors
from .fields import DIALECT, Parsed, Table
from .live_fields import NEW_CALL_LEG, NEW_PARTICIPANT
from .requests import Created, Request

REMOTE_PARTY = "remoteParty"


class CallOuts:
    """placer None: this server makes no calls, and every POST is an invalidOperation."""

    def __init__(
        self,
        administration: Administration,
        directory: Directory,
        placer: CallPlacer,
        record: Callable[[Event], None],
    ) -> None:
        self._administration = administration
        self._directory = directory
        self._placer = placer
        self._record = record

    async def participant(self, request: Request) -> Created:
        moved = NEW_PARTICIPANT.parse(request.form, create=True).values.get("moved_participant")
        if moved:
            self._move(request, ParticipantId(moved))
            self._tell_record(request, "moved participant", moved)
            return Created(f"participants/{moved}")
        leg = await self._call(request, NEW_PARTICIPANT)
        self._tell_record(request, "created new participant", leg.participant)
        return Created(f"participants/{leg.participant}")

    async def call_leg(self, request: Request) -> Created:
        leg = await self._call(request, NEW_CALL_LEG)
        self._tell_record(request, "created new call leg", leg.leg)
        return Created(f"callLegs/{leg.leg}")

    def _move(self, request: Request, participant: ParticipantId) -> None:
        meeting = self._directory.meeting(MeetingId(request.ids[0]))
        if meeting is None:
            raise Refusal("not-found", kind="meeting", id=request.ids[0])
        profile = _profile(NEW_PARTICIPANT.parse(request.form, create=True))
        door = Granted(meeting.space, meeting.tenant, Entry(call_out_profile=profile), called=True)
        if not self._directory.move(participant, door):
            raise Refusal("not-found", kind="participant", id=participant)

    async def _call(self, request: Request, table: Table) -> LiveLeg:
        meeting = self._directory.meeting(MeetingId(request.ids[0]))
        if meeting is None:
            raise Refusal("not-found", kind="meeting", id=request.ids[0])
        parsed = table.parse(request.form, create=True)
        if not parsed.values.get("remote_party"):
            raise parameter_errors([(REMOTE_PARTY, MISSING)])
        wish = CallOut(
            space=meeting.space,
            target=parsed.values["remote_party"],
            tenant=meeting.tenant,
            entry=Entry(call_out_profile=_profile(parsed)),
            settings=LegSettings(**{n: v for n, v in parsed.under("settings").items() if v is not None}),
            extras=_extras(parsed),
            admitted=parsed.values.get("deactivated") is False,
            keys=parsed.values.get("keys") or "",
            owner=parsed.extras.get("ownerId") or "",
            confirmation=bool(parsed.values.get("confirmation")),
        )
        try:
            leg = await self._placer.call(wish, _nobody_waits)
        except Refusal as refusal:
            if refusal.code == "invalid":
                raise parameter_errors([(REMOTE_PARTY, INVALID)]) from None
            if refusal.code == "not-found":
                raise fail("callDoesNotExist") from None  # its space went a moment ago
            raise
        live = self._directory.leg(leg)
        if live is None:
            raise fail("callLegDoesNotExist")  # over before we could tell of it
        return live

    def _tell_record(self, request: Request, verb: str, subject: str) -> None:
        self._record(AdministratorActed(request.source, request.administrator, verb, subject))


def _profile(parsed: Parsed) -> LegProfileId | None:
    id = parsed.values.get("profile")
    return LegProfileId(id) if id else None


def _extras(parsed: Parsed) -> dict[str, dict[str, str]]:
    kept = {name: text for name, text in parsed.extras.items() if text is not None}
    return {DIALECT: kept} if kept else {}


def _nobody_waits(_leg: LegId, _result: CallResult) -> None:
    """The API's client learns the outcome from the leg itself and from the call records."""

"""Field tables of what is live: calls, call legs and participants (cms-api 2.7 to 2.9)."""

from __future__ import annotations

from dataclasses import replace

from .codecs import LAYOUT, Boolean, Guid, KeyPresses, Number, NumberOr, Reference, Text, words
from .fields import Access, Field, Shown, Table
from .profile_fields import CALL_LEG_PROFILE

_BOOLEAN = Boolean()
_NUMBER = Number()
_GUID = Guid()


def _told(wire: str, codec: object, attribute: str, since: str = "", *, listed: bool = False) -> Field:
    """A value of the live call that only replies hold."""
    return Field(wire, codec, attribute, since=since, access=Access.READ_ONLY, listed=listed)  # type: ignore[arg-type]


def _flag(wire: str, since: str) -> Field:
    return Field(wire, _BOOLEAN, default="false", since=since, shown=Shown.ALWAYS)


CALL = Table(
    "call",
    "2.7",
    (
        Field(
            "name",
            Text(),
            "name",
            access=Access.CREATE_ONLY,
            listed=True,
            note="of the space; without coSpace: of a call of its own, into which people are called",
        ),
        _told("callType", words("coSpace", "forwarding", "adHoc"), "call_type", "2.3"),
        Field(
            "coSpace",
            Reference("coSpace"),
            "space",
            access=Access.CREATE_ONLY,
            listed=True,
            note="mandatory unless there is a name",
        ),
        _told("ownerName", Text(), "owner_name", "2.2"),
        _told("callCorrelator", Guid(), "correlator", "1.7", listed=True),
        _told("tenant", Guid(), "tenant", listed=True),
        _told("durationSeconds", _NUMBER, "seconds"),
        _told("numCallLegs", _NUMBER, "legs"),
        _told("maxCallLegs", _NUMBER, "legs_most"),
        _told("numParticipantsLocal", _NUMBER, "participants"),
        Field("locked", _BOOLEAN, "locked", default="false", since="1.8", shown=Shown.ALWAYS, unset=False),
        _flag("recording", "1.9"),
        Field("recordingStatus", _BOOLEAN, default="false", since="1.9", access=Access.READ_ONLY, shown=Shown.ALWAYS),
        _flag("streaming", "2.1"),
        Field("streamingStatus", _BOOLEAN, default="false", since="2.1", access=Access.READ_ONLY, shown=Shown.ALWAYS),
        Field(
            "allowAllMuteSelf",
            _BOOLEAN,
            "free_mute",
            default="false",
            since="1.9",
            shown=Shown.ALWAYS,
            unset=False,
            note="whatever muteSelfAllowed says",
        ),
        _flag("allowAllPresentationContribution", "1.9"),
        Field(
            "joinAudioMuteOverride",
            _BOOLEAN,
            "newcomers_muted",
            since="1.9",
            note="of who joins from now on, where nothing is said of that very leg",
        ),
        Field("messageText", Text(), since="2.1"),
        Field("messagePosition", words("top", "middle", "bottom"), default="middle", since="2.1", shown=Shown.ALWAYS),
        Field("messageDuration", NumberOr("permanent"), default="0", since="2.1", shown=Shown.ALWAYS),
        Field("messageBannerText", Text(), since="3.2"),
        Field(
            "activeWhenEmpty",
            _BOOLEAN,
            "kept",
            default="false",
            since="2.2",
            shown=Shown.ALWAYS,
            unset=False,
            note="true for a call made by POST",
        ),
        Field("endpointRecording", _BOOLEAN, default="false", since="2.4", access=Access.READ_ONLY, shown=Shown.ALWAYS),
        Field("panePlacementHighestImportance", _NUMBER, since="2.7"),
        Field("panePlacementSelfPaneMode", words("skip", "self"), since="2.7"),
    ),
)

# Everything of a callLegProfile can be set on one leg, except the profile's own name.
_LEG_SETTINGS = tuple(replace(row, listed=False) for row in CALL_LEG_PROFILE.fields if row.wire != "name")

_KEYS = Field(
    "dtmfSequence", KeyPresses(), "keys", since="1.9", access=Access.WRITE_ONLY, note="a comma is a pause of 2 s"
)
_LABEL = Field("nameLabelOverride", Text(50, bytes_most=50), since="2.4")
_PROFILE = Field("callLegProfile", Reference("callLegProfile"), "profile", access=Access.WRITE_ONLY)


def _with_old_layout(row: Field) -> Field:
    """`layout` is an old name of defaultLayout on a leg; the newer name wins."""
    return replace(row, aliases=("layout",)) if row.wire == "defaultLayout" else row


# What stands in a call leg's `configuration`, and what PUT may change of it.
CALL_LEG = Table(
    "configuration",
    "2.8",
    (
        Field("ownerId", Text()),
        Field("chosenLayout", LAYOUT, since="1.8"),
        _LABEL,
        *(_with_old_layout(row) for row in _LEG_SETTINGS),
        _PROFILE,
        _KEYS,
    ),
)

# The same of a participant: its replies hold only these four; PUT takes any setting of a leg.
PARTICIPANT = Table(
    "configuration",
    "2.9",
    (
        Field("importance", _NUMBER, since="2.2"),
        _LABEL,
        *(
            row if row.wire in ("defaultLayout", "layoutTemplate") else replace(row, access=Access.WRITE_ONLY)
            for row in map(_with_old_layout, _LEG_SETTINGS)
        ),
        Field("ownerId", Text(), access=Access.WRITE_ONLY),
        Field("chosenLayout", LAYOUT, access=Access.WRITE_ONLY),
        _PROFILE,
        _KEYS,
        Field("deactivated", _BOOLEAN, "deactivated", since="2.9", access=Access.WRITE_ONLY, note="false lets in"),
    ),
)

# PUT on participants/*: several at once.
_BULK = ("rxAudioMute", "txAudioMute", "rxVideoMute", "txVideoMute")
PARTICIPANTS = Table(
    "participants",
    "2.9",
    (
        *(replace(row, access=Access.WRITE_ONLY) for row in _LEG_SETTINGS if row.wire in _BULK),
        Field("defaultLayout", LAYOUT, access=Access.WRITE_ONLY, aliases=("layout",), note="also as layout"),
        Field("importance", _NUMBER, since="2.2", access=Access.WRITE_ONLY),
        Field("filterIds", Text(), "filter_ids", since="2.4", access=Access.WRITE_ONLY, note="comma list, at most 20"),
        Field(
            "mode",
            words("exclude", "selected"),
            "mode",
            default="exclude",
            since="2.4",
            access=Access.WRITE_ONLY,
            unset="exclude",
        ),
    ),
)

# POST on a call's participants and call legs: whom to call, and everything that can be set on a leg.
_CALL_OUT = (
    Field(
        "remoteParty",
        Text(255),
        "remote_party",
        access=Access.CREATE_ONLY,
        note="mandatory; a SIP URI, a telephone number or a JID",
    ),
    Field(
        "bandwidth",
        _NUMBER,
        "bandwidth",
        access=Access.WRITE_ONLY,
        effect=False,
        note="sound takes what its codec takes, and there is no video",
    ),
    Field(
        "confirmation",
        _BOOLEAN,
        "confirmation",
        default="false",
        access=Access.WRITE_ONLY,
        note="whoever answers must press a key within a minute to come in",
    ),
)

NEW_CALL_LEG = Table("callLeg", "2.8", (*_CALL_OUT, *CALL_LEG.fields))

NEW_PARTICIPANT = Table(
    "participant",
    "2.9",
    (
        *_CALL_OUT,
        Field(
            "movedParticipant",
            _GUID,
            "moved_participant",
            since="2.6",
            access=Access.CREATE_ONLY,
            note="in place of remoteParty: somebody on the phone in another call, who comes in by callLegProfile",
        ),
        Field("callBridge", _GUID, "call_bridge", since="2.2", access=Access.CREATE_ONLY, effect=False),
        Field("callBridgeGroup", _GUID, "call_bridge_group", since="2.2", access=Access.CREATE_ONLY, effect=False),
        *(
            replace(row, note="false skips the lobby") if row.wire == "deactivated" else row
            for row in PARTICIPANT.fields
        ),
    ),
)

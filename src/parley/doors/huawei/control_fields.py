"""The bodies of the commands to a running conference (huawei-api 2.4)."""

from __future__ import annotations

from .codecs import Anything, Bit, Flag, Integer, Number, Text, Word
from .conference_fields import DIALLED, KINDS, PROOF, ROLES, SCOPES
from .fields import Access, Field, ListOf, ObjectOf, Table

INVITED_MOST = 100
NAMED_MOST = 500  # participants named in one command

_IN = Access.WRITE_ONLY
_ON_OFF = "MMC.111072045"
_PID = Text(64, least=1)
_STORED = "stored, returned and pushed; acts with layouts"

INVITEE = Table(
    "InvitedAttendee",
    "2.4",
    (
        Field("name", Text(96, least=1), "name", required=True, error="MMC.111072034"),
        Field("phone", DIALLED, "address", required=True, error="MMC.111072033"),
        Field("type", Word({word: word for word in KINDS}), "kind", required=True),
        Field("role", Number(ROLES), "role", error="MMC.111072035"),
        Field("accountId", Text(255), "account"),
        Field("userUUID", Text(64), "user_id"),
        Field("isMute", Bit(), "mute", error="MMC.111072038"),
        Field("phone2", Text(127), effect=False),
        Field("phone3", Text(127), effect=False),
        Field("email", Text(255), "email", error="MMC.111072036"),
        Field("sms", Text(32), "sms", error="MMC.111072037"),
        Field("deptUUID", Text(64), effect=False),
        Field("deptName", Text(128), effect=False),
    ),
)
INVITE = Table(
    "RestInviteReqBody",
    "2.4",
    (Field("attendees", ListOf(ObjectOf(INVITEE), INVITED_MOST), "attendees", required=True),),
)
INVITE_WITH_PASSWORD = Table(
    "RestInviteWithPwdReqBody",
    "2.4",
    (
        Field("callNum", DIALLED, "address", required=True, error="MMC.111072033"),
        Field("confID", Text(32, least=1), "number", required=True),
        Field("pwd", Text(64, least=1), "password", required=True),
        Field("orgID", Text(64), "enterprise", effect=False),
        Field("numBelongsType", Bit(), "belongs", effect=False),
        Field("isNotOverlayPidName", Flag(), "own_name", effect=False),
    ),
)
HANG_UP = Table(
    "RestBulkHangUpReqBody", "2.4", (Field("bulkHangUpParticipants", ListOf(_PID, NAMED_MOST), "ids", required=True),)
)
_DELETED = Table(
    "RestBulkDelAttendee",
    "2.4",
    (Field("number", Text(127, least=1), "address", required=True), Field("participantID", Text(64), "id")),
)
DELETE = Table(
    "RestBulkDelAttendReqBody",
    "2.4",
    (Field("bulkDelAttendInfo", ListOf(ObjectOf(_DELETED), NAMED_MOST), "attendees", required=True),),
)
MUTE_ALL = Table(
    "RestMuteReqBody",
    "2.4",
    (
        Field("isMute", Bit(), "muted", required=True, error="MMC.111072038"),
        Field("allowUnmuteByOneself", Bit(), "may_unmute", error=_ON_OFF, note="default 1"),
    ),
)
MUTE_ONE = Table(
    "RestMuteParticipantReqBody", "2.4", (Field("isMute", Bit(), "muted", required=True, error="MMC.111072038"),)
)
MAY_UNMUTE = Table(
    "AllowUnMute", "2.4", (Field("allowUnmuteByOneself", Bit(), "may_unmute", required=True, error=_ON_OFF),)
)
LOCK = Table("RestLockReqBody", "2.4", (Field("isLock", Bit(), "locked", required=True, error=_ON_OFF),))
DURATION = Table(
    "RestProlongDurReqBody",
    "2.4",
    (
        Field("auto", Bit(), "automatic", required=True, error=_ON_OFF),
        Field("duration", Integer(1, 1440), "minutes", note="minutes, default 15"),
    ),
)
ROLE = Table(
    "RestSetChairReqBody",
    "2.4",
    (
        Field("applyChair", Bit(), "host", required=True, error=_ON_OFF),
        Field("chairmanPwd", Text(64), "password"),
    ),
)
COHOST = Table("RestCohostReqBody", "2.4", (Field("isCohost", Bit(), "cohost", required=True, error=_ON_OFF),))
HAND = Table("RestHandsUpReqBody", "2.4", (Field("handsState", Bit(), "raised", required=True, error=_ON_OFF),))
HANDS = Table(
    "RestBatchHandReqBody",
    "2.4",
    (
        Field("handsState", Bit(), "raised", required=True, error=_ON_OFF),
        Field("pids", ListOf(_PID, NAMED_MOST), "ids", required=True),
    ),
)
RENAME = Table(
    "RestRenamePartReqBody",
    "2.4",
    (
        Field("number", Text(127, least=1), "address", required=True),
        Field("newName", Text(96), "name", required=True, error="MMC.111072034", note="empty: MMC.111072046"),
        Field("participantID", Text(64), "id", note="of somebody inside"),
    ),
)
ADMIT = Table(
    "RestAllowWaitingParticipantReqBody",
    "2.4",
    (Field("participantID", Text(64), "id"), Field("allowAll", Flag(), "everybody")),
)
SEND_BACK = Table("RestMoveToWaitingRoomReqBody", "2.4", (Field("participantID", _PID, "id", required=True),))
SEND_MANY_BACK = Table(
    "RestBatchMoveToWaitingRoomReqBody",
    "2.4",
    (Field("batchParticipants", ListOf(_PID, NAMED_MOST), "ids", required=True),),
)
CAMERA = Table(
    "RestOperateVideoBody",
    "2.4",
    (Field("status", Bit(), "closed", required=True, error=_ON_OFF, effect=False, note="0 opens, 1 closes"),),
)
SHARE = Table("RestInviteShareReqBody", "2.4", (Field("share", Bit(), "share", required=True, effect=False),))
CLIENT_RECORD = Table(
    "RestAllowClientRecordReqBody",
    "2.4",
    (Field("allowClientRecord", Bit(), "allowed", required=True, effect=False),),
)
SETTINGS = Table(
    "RestUpdateStartedConfConfig",
    "2.4",
    (
        Field("lockSharing", Bit(), "lock_sharing", effect=False, note=_STORED),
        Field("callInRestriction", Number(SCOPES), "entry_scope", note=PROOF),
        Field("allowUnmuteByOneself", Bit(), "may_unmute"),
        Field("chatPermission", Number({n: n for n in (1, 2, 3, 4)}), "chat", effect=False, note=_STORED),
        Field("audienceCallInRestriction", Number({0: 0, 2: 2}), "audience_scope", effect=False, note=_STORED),
        Field("clientRecMode", Number({0: 0, 1: 1, 2: 2}), "client_recording", effect=False, note=_STORED),
        Field("allowOpenCamera", Bit(), "may_open_camera", effect=False, note=_STORED),
        Field("allowRename", Bit(), "may_rename", effect=False, note=_STORED),
        Field("isLock", Bit(), "locked"),
        Field("freeShare", Bit(), "free_share", effect=False, note=_STORED),
        Field("enableWaitingRoom", Bit(), "waiting_room", note="for those who come from now on"),
    ),
)

# --- pictures: kept as they came, for a later issue ------------------------------------------------------------------

SIMPLE_IMAGES = ("Single", "Two", "Three", "Four", "Six", "Nine", "Sixteen")


def _images() -> tuple[str, ...]:
    """Every layout name of the sheet: `Three`, `Three-2` to `Three-4`, and so on."""
    variants = {"Three": 4, "Four": 3, "Five": 2, "Six": 5, "Seven": 4, "Eight": 4, "Ten": 6, "Thirteen": 5}
    names = ["Single", "Two"]
    for name in ("Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Thirteen"):
        names += [name, *(f"{name}-{number}" for number in range(2, variants.get(name, 1) + 1))]
    return (*names, "ThirteenR", "ThirteenM", "Sixteen", "Seventeen", "Twenty-Five", "Custom")


IMAGES = _images()
_PICTURES_MOST = 25
_NUMBERS_MOST = 20  # who take turns in one picture

PICTURE = Table(
    "RestSubscriberInPic",
    "2.4",
    (
        Field("index", Integer(1, _PICTURES_MOST), "index"),
        Field("subscriber", ListOf(Text(127), _NUMBERS_MOST), "subscribers", aliases=("id",), error="MMC.111071088"),
        Field("isAssistStream", Bit(), "shared", aliases=("share",)),
    ),
)
_PICTURES = Field(
    "subscriberInPics",
    ListOf(ObjectOf(PICTURE), _PICTURES_MOST),
    "pictures",
    error="MMC.111071087",
    effect=False,
    note=_STORED,
)
_SWITCH = Field("switchTime", Integer(10, 120), "switch_time", error="MMC.111072042", effect=False, note="default 10")
CUSTOM_PICTURE = Table(
    "RestCustomMultiPictureBody",
    "2.4",
    (
        Field("manualSet", Bit(), "manual", required=True, error="MMC.111071086", effect=False, note=_STORED),
        Field("imageType", Word({name: name for name in IMAGES}), "image", effect=False, note=_STORED),
        _PICTURES,
        _SWITCH,
        Field("picLayoutInfo", Anything("object"), "places", effect=False, note=_STORED),
        Field("multiPicSaveOnly", Flag(), "save_only", effect=False, note=_STORED),
    ),
)
SIMPLE_PICTURE = Table(
    "RestSetMultiPictureReqBody",
    "2.4",
    (
        Field("manualSet", Bit(), "manual", required=True, error="MMC.111071086", effect=False, note=_STORED),
        Field("imageType", Word({name: name for name in SIMPLE_IMAGES}), "image", effect=False, note=_STORED),
        _PICTURES,
        _SWITCH,
    ),
)
MODE = Table(
    "RestSwitchModeReqBody",
    "2.4",
    (
        Field("switchMode", Word({"Fixed": "Fixed", "VAS": "VAS"}), "mode", required=True, effect=False, note=_STORED),
        Field("imageType", Bit(), "multi", required=True, effect=False, note="0 single: with VAS alone"),
    ),
)
LAYOUT_PICTURE = Table(
    "RestPicLayout",
    "2.4",
    (
        _SWITCH,
        Field("picNum", Integer(0, _PICTURES_MOST), "count", effect=False),
        Field("layOutName", Text(96), "name", effect=False),
        Field("imageType", Word({name: name for name in IMAGES}), "image", effect=False),
        Field("uuid", Text(64), "uuid", effect=False, note="given by the server when left out"),
        _PICTURES,
    ),
)
LAYOUT = Table(
    "RestSaveLayoutBody", "2.4", (Field("restPicLayout", ObjectOf(LAYOUT_PICTURE), "layout", required=True),)
)
HOST_VIEW = Table(
    "RestChairViewReqBody",
    "2.4",
    (
        Field("viewType", Number({0: 0, 1: 1, 2: 2}), "view", required=True, error="MMC.111072040", effect=False),
        Field("participantID", Text(64), "id", effect=False),
        _SWITCH,
        Field("status", Bit(), "on", error=_ON_OFF, effect=False),
    ),
)
VIEW = Table(
    "RestParticipantViewReqBody",
    "2.4",
    (
        Field("viewType", Number({2: 2}), "view", required=True, error="MMC.111072040", effect=False),
        Field("participantID", _PID, "id", required=True, effect=False),
    ),
)
LOCK_VIEW = Table(
    "RestLockSiteViewReqBody",
    "2.4",
    (
        Field("status", Bit(), "locked", required=True, error=_ON_OFF, effect=False),
        Field("participantID", _PID, "id", required=True, effect=False),
    ),
)

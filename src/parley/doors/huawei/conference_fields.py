"""The fields of a conference: what a request may hold and an answer holds (huawei-api 1.2 to 1.5, 1.8, 2.3)."""

from __future__ import annotations

from ...core.conferences import AttendeeKind, Cycle
from ...core.profiles import EntryScope, MediaEncryption
from ...core.spaces import Role
from .codecs import Anything, Bit, Day, Flag, Hidden, Identifier, Integer, Minute, Number, Text, Word
from .conference_codecs import Filled, MediaTypes, Passcode, Zone
from .fields import Access, Field, ListOf, ObjectOf, Table

IN, OUT = Access.WRITE_ONLY, Access.READ_ONLY

ATTENDEES_MOST = 500
_LISTED_MOST = 5000  # a longer list is not even read

_LATER = "stored and returned; acts with recording and streaming"
_RESERVED = "reserved by the vendor: stored"

# What each kind of terminal joins with; the word itself is kept.
KINDS = {
    "normal": AttendeeKind.SOFT,
    "terminal": AttendeeKind.TERMINAL,
    "outside": AttendeeKind.OUTSIDE,
    "mobile": AttendeeKind.MOBILE,
    "ideahub": AttendeeKind.TERMINAL,
    "board": AttendeeKind.TERMINAL,
    "hwvision": AttendeeKind.TERMINAL,
    "telepresence": AttendeeKind.TERMINAL,
    "telephone": AttendeeKind.MOBILE,
    "anonymous": AttendeeKind.OUTSIDE,
    "customnumber": AttendeeKind.TERMINAL,
}
KIND_WORD = {
    AttendeeKind.SOFT: "normal",
    AttendeeKind.TERMINAL: "terminal",
    AttendeeKind.OUTSIDE: "outside",
    AttendeeKind.MOBILE: "mobile",
}
LANGUAGES = {"zh-CN": "zh", "en-US": "en", "pt-BR": "pt", "zh": "zh", "en": "en", "pt": "pt", "pt-PT": "pt"}
ROLES = {0: Role.GUEST, 1: Role.HOST}
SCOPES = {0: EntryScope.EVERYONE, 2: EntryScope.TENANT, 3: EntryScope.INVITED}
ENCRYPTION = {0: MediaEncryption.OPTIONAL, 1: MediaEncryption.REQUIRED, 2: MediaEncryption.PROHIBITED}

# A number, or a SIP address with or without its scheme. The vendor's own example hides digits behind stars.
DIALLED = Filled(
    127,
    pattern=r"(sips?:)?[A-Za-z0-9+*#._~%-]+(@[A-Za-z0-9.:\[\]-]+)?",
    like="a number or SIP address, at most 127",
)
_MAIL = Filled(255, pattern=r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+", like="an e-mail address, at most 255")
_SMS = Filled(32, pattern=r"\+?[0-9][0-9 -]{0,31}", like="a phone number, at most 32")

ATTENDEE = Table(
    "Attendee",
    "1.3",
    (
        Field("userUUID", Text(64), "user_id", note="a user of the enterprise"),
        Field("accountId", Text(255), "account", note="with appId: the third-party user ID, else the account"),
        Field("appId", Text(64), "app_id"),
        Field("name", Text(96), "name", error="MMC.111072034", note="taken from the user when left out"),
        Field("role", Number({**ROLES, 2: Role.GUEST}), "role", error="MMC.111072035", note="2 is reserved: as 0"),
        Field("phone", DIALLED, "address", error="MMC.111072033"),
        Field("phone2", Text(127), effect=False, note=_RESERVED),
        Field("phone3", Text(127), effect=False, note=_RESERVED),
        Field("email", _MAIL, "email", error="MMC.111071024"),
        Field("sms", _SMS, "sms", error="MMC.111071025"),
        Field("isMute", Bit(), "mute", error="MMC.111072038"),
        Field("isAutoInvite", Bit(), "auto_invite", error="MMC.111072039"),
        Field("type", Word({word: word for word in KINDS}), "kind", note="default normal"),
        Field("address", Text(255), effect=False, note=_RESERVED),
        Field("deptUUID", Text(64), effect=False, note="stored"),
        Field("deptName", Text(128), error="MMC.111071026", effect=False, note="stored"),
        Field("uniqueType", Number({0: 0, 1: 1}), effect=False, note="stored"),
    ),
)

CYCLE = Table(
    "CycleParams",
    "1.4",
    (
        Field("startDate", Day(), "first", required=True, error="MMC.111071041", note="in the zone of timeZoneID"),
        Field("endDate", Day(), "last", required=True, error="MMC.111071042", note="moved to the 50th occurrence"),
        Field(
            "cycle",
            Word({"Day": Cycle.DAY, "Week": Cycle.WEEK, "Month": Cycle.MONTH}),
            "cycle",
            required=True,
            error="MMC.111071043",
        ),
        Field("interval", Integer(1, 60), "interval", error="MMC.111071044", note="Day 60, Week 5, Month 12 at most"),
        Field(
            "point",
            ListOf(Integer(0, 31), 62),
            "points",
            error="MMC.111071046",
            note="Week: 0 Sunday to 6; Month: 1 to 31, a missing day is the last of the month",
        ),
        Field("preRemindDays", Integer(0, 30), "remind_days", error="MMC.111071030", note="default 1"),
        Field("cycleCount", Integer(), "count", access=OUT, default=0),
    ),
)

# Being called at the start needs none. A From header is none.
PROOF = "2 and 3 want proof: signed in, SIP digest, a personal join link, or a number that a trusted trunk asserts"
RULES = Table(
    "RestConfConfigDTO",
    "1.5",
    (
        Field("isSendNotify", Flag(), "send_mail"),
        Field("isSendSms", Flag(), "send_sms"),
        Field("isSendCalendar", Flag(), "send_calendar"),
        Field("isAutoMute", Flag(), "mute_guests"),
        Field("isHardTerminalAutoMute", Flag(), "mute_guest_terminals"),
        Field("isGuestFreePwd", Flag(), "guests_need_no_passcode", note="random conference IDs only"),
        Field("callInRestriction", Number(SCOPES), "entry_scope", note=PROOF),
        Field("allowGuestStartConf", Flag(), "guests_may_start", note="random conference IDs only"),
        Field("guestPwd", Passcode(), "guest_passcode", error="MMC.111071080"),
        Field("vmrIDType", Number({0: False, 1: True}), "random_number", note="0 the room's number, 1 a random one"),
        Field("prolongLength", Integer(0, 60), "prolong_by", error="MMC.111071036"),
        Field("enableWaitingRoom", Flag(), "waiting_room"),
        Field("isHostCameraOn", Flag(), "host_camera", effect=False, note="stored"),
        Field("isGuestCameraOn", Flag(), "guest_camera", effect=False, note="stored"),
    ),
)
# Of the rules, those that core does not know.
STORED_RULES = ("host_camera", "guest_camera")

PASSWORD = Table(
    "PasswordEntry",
    "1.8",
    (
        Field("conferenceRole", Text(20), "role", access=OUT),
        Field("password", Text(16), "password", access=OUT),
    ),
)
PART_ATTENDEE = Table(
    "PartAttendee",
    "1.8",
    (
        Field("phone", Text(127), "address", access=OUT),
        Field("name", Text(96), "name", access=OUT),
        Field("type", Text(32), "kind", access=OUT),
        Field("role", Integer(), "role", access=OUT, note="only for hosts"),
        Field("phone2", Text(127), "phone2", access=OUT),
        Field("phone3", Text(127), "phone3", access=OUT),
    ),
)

PARTICIPANT = Table(
    "ParticipantInfo",
    "2.2",
    (
        Field("participantID", Text(127), "address", access=OUT, note="the number"),
        Field("name", Text(96), "name", access=OUT),
        Field("subscriberID", Text(127), "address", access=OUT),
        Field("role", Number(ROLES), "role", access=OUT),
        Field("state", Text(20), "state", access=OUT, default="MEETTING", note="the vendor's spelling, always"),
        Field("address", Text(255), access=OUT),
        Field("attendeeType", Text(32), "kind", access=OUT),
        Field("accountId", Text(255), access=OUT),
        Field("phone2", Text(127), access=OUT),
        Field("phone3", Text(127), access=OUT),
        Field("email", Text(255), "email", access=OUT),
        Field("sms", Text(32), "sms", access=OUT),
        Field("deptName", Text(128), access=OUT),
        Field("userUUID", Identifier(), "user", access=OUT),
        Field("appId", Text(64), access=OUT),
        Field("isAutoInvite", Bit(), "auto_invite", access=OUT),
        Field("isNotOverlayPidName", Flag(), "own_name", access=OUT, default=False),
    ),
)

_AUDIENCE = "stored; acts with webinars"
OCCURRENCE_RULES = Table(
    "SubConfConfigInfo",
    "1.8",
    (
        Field("callInRestriction", Number(SCOPES), "entry_scope", note=PROOF),
        Field("audienceCallInRestriction", Number({0: 0, 2: 2}), "audience_scope", effect=False, note=_AUDIENCE),
        Field("allowGuestStartConf", Flag(), "guests_may_start"),
        Field("enableWaitingRoom", Flag(), "waiting_room"),
        Field("showAudienceCountInfo", Anything("object", 1000), "audience_count", effect=False, note=_AUDIENCE),
    ),
)
OCCURRENCE = Table(
    "CycleSubConf",
    "1.8, 2.3",
    (
        Field("cycleSubConfID", Identifier(), "id", required=True),
        Field("conferenceID", Text(32), "number", access=OUT),
        Field("mediaType", MediaTypes(), "media", access=OUT),
        Field("mediaTypes", MediaTypes(), "wanted_media", required=True, access=IN, error="MMC.111071018"),
        Field("startTime", Minute(), "start", required=True),
        Field("endTime", Minute(), "end", access=OUT),
        Field("length", Integer(15, 1440), "length", required=True, access=IN, error="MMC.111071021"),
        Field("isAutoRecord", Bit(), "auto_record", error="MMC.111071032", effect=False, note=_LATER),
        Field("recordAuthType", Number({0: 0, 1: 1, 2: 2}), "record_scope", effect=False, note=_LATER),
        Field("description", Text(200, lines=True), "description", effect=False, note="stored"),
        Field("confConfigInfo", ObjectOf(OCCURRENCE_RULES), "rules"),
    ),
)
CANCELLED = Table(
    "CancelRecurringSubMeeting",
    "2.3",
    (Field("cycleSubConfIDs", ListOf(Identifier(), 50), "ids", required=True, access=IN, error="MMC.111071016"),),
)

START = Table(
    "StartRequest",
    "2.2",
    (
        Field("conferenceID", Text(32, least=1), "number", required=True, access=IN),
        Field("password", Hidden(64, least=1), "password", required=True, access=IN),
    ),
)

CONFERENCE = Table(
    "Conference",
    "1.2, 1.8",
    (
        Field("conferenceID", Text(32), "number", access=OUT),
        Field("subject", Text(128), "subject", error="MMC.111071022", note="default: the organiser's meeting"),
        Field("mediaTypes", MediaTypes(), "media", required=True, error="MMC.111071018"),
        Field("size", Integer(), "size", access=OUT),
        Field("timeZoneID", Zone(), "zone", note="default: the enterprise's, 56 at first"),
        Field("startTime", Minute(), "start", note="UTC; missing or empty: now"),
        Field("endTime", Minute(), "end", access=OUT),
        Field("length", Integer(15, 1440), "length", access=IN, error="MMC.111071021", note="minutes, default 30"),
        Field("conferenceState", Text(20), "state", access=OUT),
        Field("accessNumber", Text(64), "access_number", access=OUT),
        Field("language", Word(LANGUAGES), "language", error="MMC.111071035"),
        Field("passwordEntry", ListOf(ObjectOf(PASSWORD), 3), "passwords", access=OUT),
        Field("userUUID", Identifier(), "organiser", access=OUT),
        Field("scheduserName", Text(96), "organiser_name", access=OUT),
        Field(
            "conferenceType",
            Number({0: 0, 1: 1, 2: 2}),
            "type",
            error="MMC.111071019",
            note="1 and 2: a series, needs cycleParams",
        ),
        Field("confType", Text(20), "kind", access=OUT),
        Field("cycleParams", ObjectOf(CYCLE), "series", error="MMC.111071020"),
        Field("isAutoMute", Bit(), "auto_mute", access=OUT),
        Field("isAutoRecord", Bit(), None, default=0, error="MMC.111071032", effect=False, note=_LATER),
        Field("chairJoinUri", Text(1024), "host_link", access=OUT),
        Field("guestJoinUri", Text(1024), "guest_link", access=OUT),
        Field(
            "recordType",
            Number({0: 0, 1: 1, 2: 2, 3: 3}),
            None,
            default=0,
            error="MMC.111071038",
            effect=False,
            note=_LATER,
        ),
        Field("liveAddress", Text(255), None, error="MMC.111071039", effect=False, note=_LATER),
        Field("auxAddress", Text(255), None, error="MMC.111071040", effect=False, note=_LATER),
        Field("recordAuxStream", Bit(), None, default=0, error="MMC.111071048", effect=False, note=_LATER),
        Field("recordAuthType", Number({0: 0, 1: 1, 2: 2}), None, effect=False, note=_LATER),
        Field("liveUrl", Text(1024), "live_url", access=OUT, effect=False, note=_LATER),
        Field("confConfigInfo", ObjectOf(RULES), "rules"),
        Field("encryptMode", Number(ENCRYPTION), "media_encryption", access=IN, error="MMC.111071034"),
        Field("vmrFlag", Bit(), "in_room", error="MMC.111071047"),
        Field("vmrID", Text(512), "room", error="MMC.111071037", note="`id` of a room; empty: personal, else smallest"),
        Field("vmrConferenceID", Text(32), "room_number", access=OUT),
        Field("isHasRecordFile", Flag(), "recorded", access=OUT, default=False),
        Field("confUUID", Identifier(), "uuid", access=OUT),
        Field("attendees", ListOf(ObjectOf(ATTENDEE), _LISTED_MOST), "attendees", access=IN),
        Field("partAttendeeInfo", ListOf(ObjectOf(PART_ATTENDEE), 40), "listed", access=OUT),
        Field("terminlCount", Integer(), "terminals", access=OUT),
        Field("normalCount", Integer(), "normals", access=OUT),
        Field("deptName", Text(96), "enterprise", access=OUT),
        Field("concurrentParticipants", Integer(0, 1_000_000), "participant_limit", error="MMC.111071017"),
        Field("groupuri", Text(31), None, access=IN, error="MMC.111071023", effect=False, note="stored"),
        Field("supportSimultaneousInterpretation", Flag(), None, effect=False, note="stored and returned"),
        Field("confResType", Number({0: 0, 1: 1, 2: 2, 3: 3}), None, access=IN, effect=False, note="stored"),
        Field("role", Text(20), "role", access=OUT, note="detail query: the asker's own"),
        Field("confMode", Text(20), "mode", access=OUT),
        Field("picDisplay", Anything("object"), "layout", access=OUT, effect=False, note="acts with layouts"),
        Field("subConfs", ListOf(ObjectOf(OCCURRENCE), 50), "occurrences", access=OUT),
        Field("cycleSubConfID", Identifier(), "first_occurrence", access=OUT),
        Field("onlineAttendeeAmount", Integer(), "online", access=OUT, note="online list"),
    ),
)

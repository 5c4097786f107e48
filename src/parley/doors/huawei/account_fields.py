"""The field tables of accounts: login, tokens, users, departments, applications, rooms (huawei-api 2.1, 2.5, 2.6)."""

from __future__ import annotations

from ...core.people import AdministratorLevel
from ...core.profiles import MediaEncryption
from .codecs import Bit, Flag, Hidden, Identifier, Integer, Milliseconds, Number, Seconds, Text, Word, Zone
from .fields import Access, Field, ListOf, ObjectOf, Table

READ, WRITE = Access.READ_ONLY, Access.WRITE_ONLY

STATUS = Number({0: True, 1: False})  # normal, disabled
LEVEL = Number({0: AdministratorLevel.DEFAULT, 1: AdministratorLevel.ADMINISTRATOR, 2: AdministratorLevel.NONE})
CODE = Text(32, pattern=r"[A-Za-z0-9_-]+", like="letters, digits, _ and -, at most 32")

# --- login and tokens ----------------------------------------------------------------------------------------

APP_LOGIN = Table(
    "application login",
    "2.1",
    (
        Field("appId", Text(128, least=1), "app_id", required=True, error="USG.206010025"),
        Field("clientType", Integer(0, 255), "client"),
        Field("userId", Text(255), "user_id"),
        Field(
            "corpId", Text(64), "corporation", note="a tenant, for applications of the installation's own enterprise"
        ),
        Field("expireTime", Integer(0, 2**53 - 1), "expires", required=True),
        Field("nonce", Text(64, least=32), "nonce", required=True),
        Field("userEmail", Text(255), "email"),
        Field("userName", Text(96), "name"),
        Field("userPhone", Text(32), "phone"),
        Field("deptCode", CODE, "department"),
    ),
)

ACCOUNT_LOGIN = Table(
    "account login",
    "2.1",
    (
        Field("account", Text(255), "account", note="the Authorization header counts"),
        Field("pwd", Hidden(1024), "password", note="of the older `auth/proxy`"),
        Field("clientType", Integer(0, 255), "client"),
        Field("createTokenType", Integer(), note="a token is always made", effect=False),
        Field("HA2", Text(1024), note="no captcha is asked for", effect=False),
        Field("authServerType", Text(64), effect=False),
        Field("authType", Text(64), "type", note="AccountAndPwd"),
    ),
)

VALIDATE = Table(
    "token to validate",
    "2.1",
    (
        Field("token", Hidden(256, least=1), "token", required=True),
        Field("needGenNewToken", Flag(), "renew", note="answers a new token"),
        Field("needAccountInfo", Flag(), "with_user", note="false: without `user`"),
    ),
)

TOKEN_USER = Table(
    "user of a token",
    "2.1",
    (
        Field("userId", Identifier(), "id"),
        Field("ucloginAccount", Text(255), "account"),
        Field("serviceAccount", Text(255), "sip"),
        Field("name", Text(96), "name"),
        Field("nameEn", Text(96), "english_name"),
        Field("companyId", Text(64), "company"),
        Field("companyDomain", Text(255), "company_domain"),
        Field("realm", Text(255), "domain"),
        Field("thirdAccount", Text(255), "third_account"),
        Field("userType", Integer(), "type"),
        Field("adminType", LEVEL, "level"),
        Field("status", STATUS, "enabled"),
        Field("corpType", Integer(), default=6),
        Field("freeUser", Flag(), default=False),
        Field("weLinkUser", Flag(), default=False),
        Field("grayUser", Flag(), default=False),
        Field("isBindPhone", Flag(), "has_phone"),
        Field("alias1", Text(96), "alias"),
    ),
)

TOKEN = Table(
    "token",
    "2.1",
    (
        Field("accessToken", Hidden(256), "access"),
        Field("tokenIp", Text(64), "source"),
        Field("validPeriod", Integer(), "valid"),
        Field("expireTime", Seconds(), "expires"),
        Field("createTime", Milliseconds(), "created"),
        Field("clientType", Integer(), "client"),
        Field("tokenType", Integer(), default=0),
        Field("forceLoginInd", Bit(), "replaced", default=0),
        Field("firstLogin", Flag(), "must_change", default=False, note="the password is a temporary one"),
        Field("pwdExpired", Flag(), "must_change", default=False),
        Field("daysPwdAvailable", Integer(), default=9999, note="passwords do not grow old"),
        Field("delayDelete", Flag(), default=False),
        Field("refreshToken", Hidden(256), "refresh"),
        Field("refreshValidPeriod", Integer(), "refresh_valid"),
        Field("refreshExpireTime", Seconds(), "refresh_expires"),
        Field("refreshCreateTime", Milliseconds(), "refresh_created"),
        Field("user", ObjectOf(TOKEN_USER), "user"),
    ),
)

# --- users ---------------------------------------------------------------------------------------------------

_PERSON = (
    Field("name", Text(96, least=1), "name"),
    Field("englishName", Text(64)),
    Field("phone", Text(32), "phone"),
    Field("country", Text(64)),
    Field("email", Text(255), "email"),
    Field("deptCode", CODE, "department", note="default 1"),
    Field("signature", Text(96)),
    Field("title", Text(32)),
    Field("desc", Text(128, lines=True)),
    Field("status", STATUS, "enabled", note="default 0"),
    Field("sortLevel", Integer(1, 10000), default=10000),
    Field("hidePhone", Flag(), default=False),
    Field("sipNum", Text(64), "number", note="the number that reaches the person; the original gives one by itself"),
)

FUNCTION = Table("functions", "2.6", (Field("enableRoom", Flag(), effect=False),))

NEW_USER = Table(
    "new user",
    "2.6",
    (
        Field("account", Text(255), "account", note="or thirdAccount"),
        Field("thirdAccount", Text(128), "third_account"),
        Field("pwd", Hidden(1024), "password", note="without it only an application signs the person in"),
        *_PERSON,
        Field("function", ObjectOf(FUNCTION), effect=False),
        Field(
            "sendNotify",
            Text(8),
            "notify",
            note="0: nobody is told; else, where mail is set up, with a password made here unless `pwd` is given",
        ),
    ),
)

CHANGED_USER = Table(
    "changed user",
    "2.6",
    (*_PERSON, Field("vmrId", Text(32), "room_number", note="the personal room is changed as a room", effect=False)),
)

MYSELF = Table(
    "changed oneself",
    "2.6",
    tuple(row for row in _PERSON if row.wire in ("name", "englishName", "signature", "title", "desc")),
)

COMPANY = Table(
    "enterprise",
    "2.6",
    (
        Field("id", Text(64), "id", access=READ),
        Field("name", Text(96, least=1), "name", note="settable here; the original has no way to"),
        Field("address", Text(255)),
        Field("adminName", Text(96), "administrator_name", access=READ),
        Field("account", Text(255), "administrator_account", access=READ),
        Field("phone", Text(32), "administrator_phone", access=READ),
        Field("country", Text(64)),
        Field("email", Text(255), "administrator_email", access=READ),
        Field("enableSMS", Flag(), "sms", access=READ, default=True),
        Field("enableCloudDisk", Flag(), access=READ, default=False),
        Field("enablePstn", Flag(), access=READ, default=True),
        Field("autoUserCreate", Flag(), "auto_create_users"),
        Field("corpType", Integer(), access=READ, default=6),
    ),
)

# Ours: the original keeps these in its portal. Values hold for conferences that do not say otherwise.
CONFERENCE_DEFAULTS = Table(
    "conference defaults",
    "1.6 rule 12",
    (
        Field("isSendNotify", Flag(), "send_mail"),
        Field("isSendSms", Flag(), "send_sms"),
        Field("isSendCalendar", Flag(), "send_calendar"),
        Field("isAutoMute", Flag(), "mute_guests"),
        Field("isHardTerminalAutoMute", Flag(), "mute_guest_terminals"),
        Field("isAutoInvite", Flag(), "auto_invite"),
        Field(
            "encryptMode",
            Number({0: MediaEncryption.OPTIONAL, 1: MediaEncryption.REQUIRED, 2: MediaEncryption.PROHIBITED}),
            "media_encryption",
        ),
        Field("language", Word({"zh-CN": "zh", "en-US": "en", "pt-BR": "pt"}), "language"),
        Field("timeZone", Zone(), "zone"),
    ),
)

CORPORATION = Table(
    "enterprise settings",
    "2.10",
    (*COMPANY.fields, Field("conferenceDefaults", ObjectOf(CONFERENCE_DEFAULTS), "conferences", note="Parley's own")),
)

USER_ROOM = Table(
    "room of a user",
    "2.6",
    (
        Field("id", Identifier(), "id"),
        Field("vmrId", Text(32), "number"),
        Field("vmrName", Text(128), "name"),
        Field("vmrMode", Integer(), "mode"),
        Field("vmrPkgId", Text(64), default=""),
        Field("vmrPkgName", Text(96), default=""),
        Field("vmrPkgParties", Integer(), "size", default=0),
        Field("vmrPkgLength", Integer(), default=0),
        Field("status", Integer(), "status", default=0),
    ),
)

_SHOWN = (
    Field("id", Identifier(), "id"),
    Field("userAccount", Text(255), "sign_in_name"),
    *_PERSON,
    Field("thirdAccount", Text(128), "third_account"),
    Field("deptNamePath", Text(1000), "department_path"),
    Field("userType", Integer(), default=2),
    Field("adminType", LEVEL, "level"),
    Field("license", Integer(), default=1),
    Field("activeTime", Milliseconds(), "active_time"),
)

USER = Table(
    "user",
    "2.6",
    (
        *_SHOWN,
        Field("deptName", Text(128), "department_name"),
        Field("vmrList", ListOf(ObjectOf(USER_ROOM), 1000), "rooms"),
        Field("corp", ObjectOf(COMPANY), "company"),
        Field("function", ObjectOf(FUNCTION)),
    ),
)

USER_ROW = Table("user in a list", "2.6", (*_SHOWN, Field("vmrId", Text(32), "room_number")))

DIRECTORY_ROW = Table(
    "directory entry",
    "2.6",
    (
        Field("id", Identifier(), "id"),
        Field("statusCode", Integer(), default=0),
        Field("account", Text(255), "sign_in_name"),
        Field("name", Text(96), "name"),
        Field("englishName", Text(64)),
        Field("email", Text(255), "email"),
        Field("phone", Text(32), "phone"),
        Field("number", Text(64), "number"),
        Field("deptName", Text(128), "department_name"),
        Field("deptCodes", ListOf(Text(32), 20), "department_codes"),
        Field("vmrId", Text(32), "room_number"),
        Field("signature", Text(96)),
        Field("title", Text(32)),
        Field("description", Text(128), "description"),
        Field("hidePhone", Flag(), default=False),
        Field("isHardTerminal", Flag(), default=False),
        Field("type", Text(32), default="NORMAL_USER"),
        Field("updateTime", Integer(), "updated", default=0),
    ),
)

ADMINISTRATOR = Table("administrator", "2.10", (Field("account", Text(255, least=1), "account", required=True),))

DEPARTMENT_SHORT = Table(
    "department of an administrator",
    "2.10",
    (
        Field("deptCode", CODE, "code"),
        Field("corpId", Text(64), "company"),
        Field("deptName", Text(128), "name"),
        Field("deptNamePath", Text(1000), "path"),
        Field("parentDeptCode", CODE, "parent"),
    ),
)

ADMINISTRATOR_ROW = Table(
    "administrator in a list",
    "2.10",
    (
        Field("id", Identifier(), "id"),
        Field("account", Text(255), "sign_in_name"),
        Field("name", Text(96), "name"),
        Field("adminType", LEVEL, "level"),
        Field("email", Text(255), "email"),
        Field("phone", Text(32), "phone"),
        Field("country", Text(64)),
        Field("dept", ObjectOf(DEPARTMENT_SHORT), "department_short"),
    ),
)

# --- passwords -----------------------------------------------------------------------------------------------

CHANGE_PASSWORD = Table(
    "changed password",
    "2.6",
    (
        Field("account", Text(255, least=1), "account", required=True),
        Field("oldPwd", Hidden(1024, least=1), "old", required=True),
        Field("newPwd", Hidden(1024, least=1), "new", required=True),
    ),
)

RESET_PASSWORD = Table(
    "password set by an administrator",
    "2.6",
    (
        Field("user", Text(255, least=1), "account", required=True),
        Field("newPwd", Hidden(1024, least=1), "new", required=True),
        Field("passWordType", Integer(), "kind", note="1: temporary, to be changed at once"),
    ),
)

SEND_PASSWORD = Table(
    "password made and sent", "2.6", (Field("account", Text(255, least=1), "account", required=True),)
)

# --- departments ---------------------------------------------------------------------------------------------

_DEPARTMENT = (
    Field("deptName", Text(128, least=1), "name"),
    Field("parentDeptCode", CODE, "parent", note="default 1"),
    Field("note", Text(96, lines=True)),
    Field("inPermission", Word({"UNLIMITED": "UNLIMITED", "OPEN": "OPEN"}), effect=False),
    Field(
        "outPermission",
        Word({word: word for word in ("UNLIMITED", "ONLY_SELF", "SELF_AND_CHILD_DEPARTMENT", "DESIGNATED_DEPARTMENT")}),
        effect=False,
    ),
    Field("designatedOutDeptCodes", ListOf(CODE, 150), access=WRITE, effect=False),
    Field("sortLevel", Integer(1, 10000), default=10000),
)

DEPARTMENT = Table("department", "2.6", (Field("deptCode", CODE, "code"), *_DEPARTMENT))

DEPARTMENT_SHOWN = Table(
    "department shown",
    "2.6",
    (
        Field("corpId", Text(64), "company"),
        Field("deptCode", CODE, "code"),
        Field("deptLevel", Integer(), "level"),
        Field("deptNamePath", Text(1000), "path"),
        Field("deptCodePath", Text(1000), "code_path"),
        Field("isLeafNode", Flag(), "leaf"),
        *_DEPARTMENT,
    ),
)

# --- applications --------------------------------------------------------------------------------------------

APPLICATION = Table(
    "application",
    "2.6",
    (
        Field("app_name", Text(64, least=1), "name"),
        Field("description", Text(255, lines=True), "description"),
        Field("status", STATUS, "enabled"),
        Field("app_id", Text(64), "app_id", access=READ),
        Field("app_key", Hidden(256), "app_key", access=READ),
        Field("create_time", Text(32), "created_text", access=READ),
        Field("last_update_time", Text(32), "changed_text", access=READ),
    ),
)

# --- rooms ---------------------------------------------------------------------------------------------------

PASSCODE = Hidden(16, pattern="[0-9]{4,16}", like="4 to 16 digits")

ROOM = Table(
    "room",
    "2.5",
    (
        Field("id", Identifier(), "id", access=READ),
        Field("vmrId", Text(32), "number", access=READ),
        Field("vmrName", Text(128), "name"),
        Field("gustPwd", PASSCODE, "guest_passcode", note="empty removes it"),
        Field("gustJoinUrl", Text(1024), "guest_link", access=READ),
        Field("chairPwd", PASSCODE, "host_passcode"),
        Field("chairJoinUrl", Text(1024), "host_link", access=READ),
        Field("allowGustFirst", Flag(), "guests_may_start"),
        Field("gustFirstNotice", Flag(), effect=False, default=False),
        Field("vmrMode", Integer(), "mode", access=READ),
        Field("vmrPkgId", Text(64), access=READ, default=""),
        Field("vmrPkgName", Text(96), access=READ, default=""),
        Field("vmrPkgParties", Integer(), "size", access=READ, default=0),
        Field("status", Integer(), "status", access=READ),
    ),
)

HOLDER = Table("holder of a room", "2.5", (Field("id", Identifier(), "id"), Field("mark", Text(255), "mark")))

ENTERPRISE_ROOM = Table(
    "room in the enterprise's list",
    "2.5",
    (
        Field("id", Identifier(), "id"),
        Field("vmrId", Text(32), "number"),
        Field("vmrName", Text(128), "name"),
        Field("vmrPkgName", Text(96), default=""),
        Field("vmrPkgParties", Integer(), "size", default=0),
        Field("maxAudienceParties", Integer(), default=0),
        Field("member", ObjectOf(HOLDER), "holder"),
        Field("status", Integer(), "status"),
    ),
)

# Ours: the original sells rooms.
NEW_ROOM = Table(
    "new cloud room",
    "2.5",
    (
        Field("vmrName", Text(128, least=1), "name", required=True),
        Field("vmrPkgParties", Integer(2, 10_000), "size"),
    ),
)

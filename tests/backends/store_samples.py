"""Entities for the store's suite: of each kind one with every attribute set and one with none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from parley.app.ports import Store
from parley.core.admission import Proof
from parley.core.branding import Branding, BrandKind
from parley.core.chat import ChatLine
from parley.core.conferences import (
    Attendance,
    Attendee,
    AttendeeKind,
    Conference,
    ConferenceRules,
    Cycle,
    Medium,
    Occurrence,
    OccurrenceState,
    Series,
)
from parley.core.devices import Binding, Device, DigestAlgorithm
from parley.core.dialplan import InboundRule, Ivr
from parley.core.forwarding import CallerIdMode, ForwardingAction, ForwardingRule, UriParameters
from parley.core.ids import (
    AccessMethodId,
    BrandingId,
    CallProfileId,
    ConferenceId,
    DeviceId,
    DialTransformId,
    DtmfProfileId,
    ForwardingRuleId,
    InboundRuleId,
    IvrId,
    LegId,
    LegProfileId,
    MeetingId,
    MemberId,
    OccurrenceId,
    OutboundRuleId,
    OutboxId,
    ParticipantId,
    SpaceId,
    TenantId,
    UserId,
)
from parley.core.key_commands import DtmfProfile, KeySettings
from parley.core.meeting_inputs import Cause, Entry, Stay
from parley.core.outbound import ControlEncryption, FailureAction, OutboundRule
from parley.core.outbox import Channel, Notice, OutboxEntry, OutboxState
from parley.core.people import (
    AdministratorLevel,
    CallOutLimits,
    ConferenceDefaults,
    Department,
    Tenant,
    Token,
    TokenKind,
    User,
)
from parley.core.profiles import (
    CallProfile,
    CallSettings,
    DeactivationMode,
    EntryScope,
    Layer,
    LegLayer,
    LegProfile,
    LegSettings,
    LockMode,
    MediaEncryption,
    PasscodeMode,
)
from parley.core.seats import Seat
from parley.core.secret import Secret
from parley.core.spaces import AccessMethod, Member, MemberRights, Role, Space, SpaceKind
from parley.core.survival import Inside, StoredLeg, StoredMeeting
from parley.core.transforms import DialTransform, TransformAction, TransformType

EXTRAS = {"cms": {"cdrTag": "a <b> ü", "empty": ""}, "other": {}}
LEG, CALL, TENANT = LegProfileId("leg-1"), CallProfileId("call-1"), TenantId("tenant-1")
T = datetime(2026, 3, 29, 1, 2, 3, 456789, tzinfo=UTC)
HOUR = timedelta(hours=1)

LEG_SETTINGS = LegSettings(
    True,
    False,
    True,
    DeactivationMode.DISCONNECT,
    0,
    3600,
    False,
    True,
    MediaEncryption.REQUIRED,
    agc=True,
    join_tone=3,
    may_end=True,
)
CALL_SETTINGS = CallSettings(
    0, True, LockMode.NEEDS_ACTIVATION, PasscodeMode.TIMEOUT, 7, entry_scope=EntryScope.INVITED
)
CONFERENCE_DEFAULTS = ConferenceDefaults(
    False, True, False, True, True, MediaEncryption.PROHIBITED, True, "pt", "America/Sao_Paulo"
)
CALL_OUT = CallOutLimits(0, 7)

FULL: dict[str, Any] = {
    "spaces": Space(
        SpaceId("full"),
        "Team",
        TENANT,
        LEG,
        CALL,
        False,
        UserId("user-1"),
        True,
        EXTRAS,
        SpaceKind.CLOUD_ROOM,
        LEG_SETTINGS,
        CALL_SETTINGS,
        100,
        False,
        BrandingId("b1"),
        "pt",
    ),
    "access_methods": AccessMethod(
        AccessMethodId("full"),
        SpaceId("s1"),
        True,
        "team",
        "team.two",
        "123456",
        Secret("0042"),
        Secret("abcdefghij.klmnop_qrst"),
        "Guests",
        LEG,
        EXTRAS,
        Role.HOST,
        LEG_SETTINGS,
        "zh",
    ),
    "members": Member(
        MemberId("full"),
        SpaceId("s1"),
        UserId("user-1"),
        LEG,
        MemberRights(destroy=True, change_non_member_access=False),
        True,
        EXTRAS,
    ),
    "leg_profiles": LegProfile(LegProfileId("full"), "Guests", LEG_SETTINGS, EXTRAS),
    "call_profiles": CallProfile(CallProfileId("full"), CALL_SETTINGS, EXTRAS),
    "tenants": Tenant(
        TenantId("full"),
        "Ünal",
        LEG,
        CALL,
        2**32 - 1,
        EXTRAS,
        CONFERENCE_DEFAULTS,
        CALL_OUT,
        BrandingId("b1"),
        BrandingId("b2"),
        "zh",
        DtmfProfileId("d1"),
    ),
    "dtmf_profiles": DtmfProfile(DtmfProfileId("full"), KeySettings(lock="*9", end="*0"), EXTRAS),
    "brandings": Branding(BrandingId("full"), BrandKind.IVR, "https://a.example/prompts", EXTRAS),
    "users": User(
        UserId("full"),
        "full@a.example",
        "Full",
        "f@a.example",
        TENANT,
        Secret("scrypt$"),
        EXTRAS,
        "full",
        "f-77",
        "+8613512345678",
        "8001",
        "2",
        False,
        AdministratorLevel.DEFAULT,
        True,
        (Secret("newest"), Secret("older")),
        T,
    ),
    "inbound_rules": InboundRule(InboundRuleId("full"), "a.example", -5, False, False, False, TENANT, EXTRAS),
    "ivrs": Ivr(IvrId("full"), "ivr", TENANT, False, EXTRAS, BrandingId("b2"), "en"),
    "conferences": Conference(
        ConferenceId("full"),
        "914083136",
        SpaceId("s1"),
        UserId("user-1"),
        "Reunião 周会",
        T,
        60,
        "Europe/Lisbon",
        "pt",
        "uid@a.example",
        TENANT,
        (Medium.VOICE, Medium.HD_VIDEO),
        (
            Attendee("李", Role.HOST, AttendeeKind.TERMINAL, "sip:li@a.example", "li@a.example", "+86", UserId("u")),
            Attendee(auto_invite=False, mute=True, zone="Asia/Shanghai", extras=EXTRAS),
        ),
        Series(Cycle.MONTH, date(2026, 1, 31), date(2026, 12, 31), 615, 2, (1, 31), 7),
        ConferenceRules(
            False, True, False, True, True, True, True, False, True, EntryScope.TENANT, MediaEncryption.REQUIRED, 15, 12
        ),
        True,
        False,
        3,
        True,
        EXTRAS,
    ),
    "occurrences": Occurrence(
        OccurrenceId("full"),
        ConferenceId("c1"),
        T,
        45,
        OccurrenceState.RUNNING,
        T - HOUR,
        T + HOUR,
        T + timedelta(microseconds=1),
        MeetingId("m1"),
        True,
        2,
        True,
        True,
        EXTRAS,
        ConferenceRules(waiting_room=True, entry_scope=EntryScope.TENANT),
    ),
    "outbound_rules": OutboundRule(
        OutboundRuleId("full"),
        "*.a.example",
        -1,
        "proxy.a.example:5061;transport=tls",
        "contact.example",
        "from.example",
        FailureAction.CONTINUE,
        TENANT,
        "trunk",
        Secret("trunk-password-ü"),
        "realm",
        ControlEncryption.ENCRYPTED,
        EXTRAS,
    ),
    "forwarding_rules": ForwardingRule(
        ForwardingRuleId("full"),
        "*.a.example",
        "b.example",
        ForwardingAction.REJECT,
        CallerIdMode.PRESERVE,
        -1,
        TENANT,
        UriParameters.FORWARD,
        EXTRAS,
    ),
    "dial_transforms": DialTransform(
        DialTransformId("full"),
        TransformType.PHONE,
        "($1/^49$/)($2/ü/)",
        "$2@a.example",
        7,
        TransformAction.ACCEPT_PHONE,
        EXTRAS,
    ),
    "outbox": OutboxEntry(
        OutboxId("full"),
        Channel.SMS,
        Notice.OCCURRENCE_CANCELLED,
        "li@a.example",
        "<1@a.example>",
        bytes(range(256)),
        T,
        T + HOUR,
        ConferenceId("c1"),
        OccurrenceId("o1"),
        "周会",
        3,
        OutboxState.FAILED,
        "550 no",
        T + 2 * HOUR,
    ),
    "tokens": Token(
        "full",
        TokenKind.CONTROL,
        UserId("user-1"),
        T,
        T + HOUR,
        "192.0.2.1",
        0,
        "pair",
        "914083136",
        Role.HOST,
    ),
    "departments": Department("full", "2", "研发", "1", TENANT, EXTRAS),
    "devices": Device(
        DeviceId("full"),
        UserId("user-1"),
        "ann",
        "a.example",
        Secret("0" * 32),
        DigestAlgorithm.SHA_256,
        "desk 4",
        T,
        (Binding("sip:ann@192.0.2.7:5062", "192.0.2.7", 5062, "udp", "c1", 7, T + HOUR, "Phone/1"),),
    ),
    "seats": Seat(
        "full",
        ParticipantId("p1"),
        SpaceId("s1"),
        TenantId("t1"),
        Entry(AccessMethodId("a1"), MemberId("m1"), LegProfileId("l1")),
        Proof(UserId("user-1"), TenantId("t1"), True),
        "sip:ann@a.example",
        "2000",
        "Ann 安",
        "zh",
        T,
        T + HOUR,
        Stay(
            frozenset({Cause.SENT_BACK, Cause.NO_HOST}),
            "Anna",
            LegSettings(rx_audio_mute=True, deactivation_mode=DeactivationMode.REMAIN),
            Role.HOST,
            cohost=True,
            hand_raised=True,
            muted_itself=True,
            admitted=True,
        ),
    ),
    "live_legs": StoredLeg(
        LegId("full"),
        7,
        ParticipantId("p1"),
        "sip:ann@a.example",
        "sip:room@a.example",
        "Ann 安",
        "sip",
        "outgoing",
        "pt",
        T,
        T + HOUR,
        True,
        bytes(range(256)),
        MeetingId("m1"),
        TENANT,
        Inside(
            T + HOUR,
            "Ann",
            "ann@a.example",
            Entry(AccessMethodId("a1"), MemberId("m1"), LegProfileId("l1")),
            (LegLayer(Layer.SPACE, LEG_SETTINGS, LEG, EXTRAS), LegLayer(Layer.CALL_OUT, LegSettings())),
            Stay(frozenset({Cause.LOCKED}), "Anna", LegSettings(rx_audio_mute=True), Role.GUEST, hand_raised=True),
            True,
            "pt",
            Role.HOST,
            LEG,
            LEG_SETTINGS,
            EXTRAS,
            T + timedelta(microseconds=1),
            0.25,
        ),
        UserId("user-1"),
        ("sip:ann@a.example", "tel:+55"),
    ),
    "live_meetings": StoredMeeting(
        MeetingId("full"),
        SpaceId("s1"),
        "Team",
        TENANT,
        True,
        True,
        True,
        T,
        T + HOUR,
        True,
        20,
        3,
        (ChatLine(4, ParticipantId("p1"), "Ann 安", "olá", T),),
        T + 2 * HOUR,
        "forwarding",
        True,
        False,
    ),
}
BARE: dict[str, Any] = {
    "spaces": Space(SpaceId("bare")),
    "access_methods": AccessMethod(AccessMethodId("bare"), SpaceId("s1")),
    "members": Member(MemberId("bare"), SpaceId("s1"), UserId("user-1")),
    "leg_profiles": LegProfile(LegProfileId("bare")),
    "call_profiles": CallProfile(CallProfileId("bare")),
    "tenants": Tenant(TenantId("bare"), ""),
    "users": User(UserId("bare"), "bare@a.example"),
    "inbound_rules": InboundRule(InboundRuleId("bare"), "b.example"),
    "ivrs": Ivr(IvrId("bare"), "other"),
    "brandings": Branding(BrandingId("bare"), BrandKind.CALL),
    "dtmf_profiles": DtmfProfile(DtmfProfileId("bare")),
    "conferences": Conference(
        ConferenceId("bare"), "1", SpaceId("s1"), UserId("u"), "", T, 15, "UTC", "en", "bare-uid"
    ),
    "occurrences": Occurrence(OccurrenceId("bare"), ConferenceId("c1"), T, 15),
    "outbound_rules": OutboundRule(OutboundRuleId("bare"), "b.example"),
    "forwarding_rules": ForwardingRule(ForwardingRuleId("bare"), "b.example"),
    "dial_transforms": DialTransform(DialTransformId("bare")),
    "outbox": OutboxEntry(OutboxId("bare"), Channel.MAIL, Notice.BOOKED, "b@a.example", "<2@a.example>", b"", T, T),
    "tokens": Token("bare", TokenKind.ACCESS, None, T, T),
    "departments": Department("bare", "1", ""),
    "seats": Seat("bare", ParticipantId("p2"), SpaceId("s1"), None, Entry(), Proof(), "", "", "", "", T, T),
    "devices": Device(DeviceId("bare"), UserId("user-1"), "bob", "a.example", Secret("1" * 32)),
    "live_legs": StoredLeg(LegId("bare"), 1, ParticipantId("p2"), "", "", "", "", "", "", T, T, False),
    "live_meetings": StoredMeeting(MeetingId("bare"), SpaceId("s1"), "", None, False, False, False, T),
}
COLLECTIONS = sorted(FULL)


def space(number: int, name: str = "", **values: Any) -> Space:
    return Space(SpaceId(f"s{number}"), name or f"Space {number}", **values)


def method(id: str, of: str = "s1", **values: Any) -> AccessMethod:
    return AccessMethod(AccessMethodId(id), SpaceId(of), **values)


def member(id: str, of: str = "s1", user: str = "u1", **values: Any) -> Member:
    return Member(MemberId(id), SpaceId(of), UserId(user), **values)


def user(which: int, jid: str, name: str = "", **values: Any) -> User:
    return User(UserId(f"u{which}"), jid, name, **values)


def conference(number: int, of_number: str = "914083136", **values: Any) -> Conference:
    required = {"space": "s1", "organiser": "u1", "subject": f"Conference {number}", "created": T, "length": 60}
    required |= {"zone": "UTC", "language": "en", "uid": f"uid-{number}"}
    return Conference(ConferenceId(f"c{number}"), of_number, **(required | values))  # type: ignore[arg-type]


def occurrence(id: str, of: str = "c1", start: datetime = T, **values: Any) -> Occurrence:
    return Occurrence(OccurrenceId(id), ConferenceId(of), start, 60, **values)


def stay(address: str, joined: datetime = T, of: str = "o1", **values: Any) -> Attendance:
    return Attendance(OccurrenceId(of), address.title(), address, "soft", joined, **values)


# What the entities above belong to.
OWNERS = (space(1), conference(1))


def ids(items: Any) -> list[str]:
    return [item.id for item in items]


PLACES: dict[type[Any], str] = {type(entity): place for place, entity in FULL.items()}


async def fill(store: Store, *entities: Any) -> None:
    """Add entities of any kind, in the order given."""
    async with store.transaction() as transaction:
        for entity in entities:
            if isinstance(entity, Attendance):
                await transaction.add_attendance(entity)
            else:
                await getattr(transaction, PLACES[type(entity)]).add(entity)

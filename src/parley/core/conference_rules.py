"""What the values of a conference may be, and what its rules mean for those who come in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .conferences import Attendee, ConferenceRules, Occurrence, OccurrenceState
from .profiles import CallSettings, DeactivationMode, LegSettings, LockMode, PasscodeMode
from .refusals import Refusal
from .secret import Secret

SUBJECT_MOST = 128
LENGTHS = range(15, 1441)  # minutes
DEFAULT_LENGTH = 30
PROLONG_MOST = 60  # minutes at a time
ATTENDEES_MOST = 500
# How far ahead a start may lie: two years are more than any calendar asks for, and keep typing errors out.
HORIZON = timedelta(days=731)
LANGUAGES = ("en", "zh", "pt")

_NAME_MOST, _ADDRESS_MOST, _EMAIL_MOST, _SMS_MOST = 96, 127, 255, 32
# What passes for an address of mail: the next system judges the rest.
_EMAIL = re.compile(r"[^\s@<>(),;:\\\"\[\]]+@[^\s@<>(),;:\\\"\[\]]+")
_SMS = re.compile(r"\+?[0-9][0-9 -]*")
_PASSCODE = re.compile(r"[0-9]{4,16}", re.ASCII)
_SUBJECTS = {"en": "{}'s meeting", "zh": "{}的会议", "pt": "Reunião de {}"}

# What makes a host, by the door or inside: nothing keeps him waiting, and nobody silent.
HOST_SETTINGS = LegSettings(needs_activation=False, passes_lock=True, mute_self=True, unmute_self=True)
# A co-host is a guest who stands in for the host: others need not wait while one is there.
COHOST_SETTINGS = LegSettings(needs_activation=False, mute_self=True, unmute_self=True)
# Whom the server calls was invited: neither a waiting room nor a lock is meant for them. Where guests wait for the
# first host they do so too.
CALLED_SETTINGS = LegSettings(waiting_room=False, passes_lock=True)


def default_subject(name: str, language: str) -> str:
    return _SUBJECTS.get(language, _SUBJECTS["en"]).format(name)[:SUBJECT_MOST]


def check_subject(subject: str) -> None:
    """Raises Refusal subject-too-long, invalid."""
    if len(subject) > SUBJECT_MOST:
        raise Refusal("subject-too-long", field="subject", error=f"more than {SUBJECT_MOST} characters")
    check_text(subject, "subject")


def check_length(length: int) -> None:
    """Raises Refusal length-out-of-range."""
    if length not in LENGTHS:
        error = f"{LENGTHS.start} to {LENGTHS.stop - 1} minutes"
        raise Refusal("length-out-of-range", field="length", error=error)


def check_start(start: datetime, now: datetime, field: str = "start") -> None:
    """The minute that runs is not past yet: wishes name whole minutes. Raises Refusal start-in-past, start-too-far."""
    if start < now.replace(second=0, microsecond=0):
        raise Refusal("start-in-past", field=field, error="in the past")
    if start > now + HORIZON:
        raise Refusal("start-too-far", field=field, error=f"more than {HORIZON.days} days ahead")


def check_zone(zone: str) -> None:
    """Raises Refusal invalid."""
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError):  # unknown, no path inside the zone folder, or a folder of it
        raise Refusal("invalid", field="zone", error="no IANA time zone") from None


def check_language(language: str) -> None:
    """Raises Refusal invalid."""
    if language not in LANGUAGES:
        raise Refusal("invalid", field="language", error=f"one of {', '.join(LANGUAGES)}")


def check_rules(rules: ConferenceRules) -> None:
    """Raises Refusal invalid."""
    if not 0 <= rules.prolong_by <= PROLONG_MOST:
        raise Refusal("invalid", field="rules.prolong_by", error=f"0 to {PROLONG_MOST} minutes")
    if rules.participant_limit is not None and rules.participant_limit < 1:
        raise Refusal("invalid", field="rules.participant_limit", error="at least 1")


def check_passcode(passcode: Secret, number: str, host: Secret | None, field: str = "guest_passcode") -> None:
    """Raises Refusal passcode-illegal, passcode-equals-number, passcode-equals-host."""
    if not _PASSCODE.fullmatch(passcode.reveal()):
        raise Refusal("passcode-illegal", field=field, error="4 to 16 digits")
    if passcode.reveal() == number:
        raise Refusal("passcode-equals-number", field=field, error="the same as the conference number")
    if passcode == host:
        raise Refusal("passcode-equals-host", field=field, error="the same as the host's")


def check_attendees(attendees: Sequence[Attendee]) -> None:
    """Raises Refusal too-many-attendees, invalid (field `attendees[index].attribute`)."""
    if len(attendees) > ATTENDEES_MOST:
        raise Refusal("too-many-attendees", field="attendees", error=f"more than {ATTENDEES_MOST}")
    for index, attendee in enumerate(attendees):
        _check_attendee(attendee, f"attendees[{index}]")


def _check_attendee(attendee: Attendee, place: str) -> None:
    for name, most in (("name", _NAME_MOST), ("address", _ADDRESS_MOST), ("email", _EMAIL_MOST), ("sms", _SMS_MOST)):
        text = getattr(attendee, name)
        if len(text) > most:
            raise Refusal("invalid", field=f"{place}.{name}", error=f"more than {most} characters")
        check_text(text, f"{place}.{name}")
    if any(character.isspace() for character in attendee.address):
        raise Refusal("invalid", field=f"{place}.address", error="with a space")
    if attendee.email and not _EMAIL.fullmatch(attendee.email):
        raise Refusal("invalid", field=f"{place}.email", error="no address of mail")
    if attendee.sms and not _SMS.fullmatch(attendee.sms):
        raise Refusal("invalid", field=f"{place}.sms", error="no phone number")
    if attendee.zone is not None:
        try:
            check_zone(attendee.zone)
        except Refusal as refusal:
            raise Refusal("invalid", field=f"{place}.zone", error=refusal.data["error"]) from None


def check_text(text: str, field: str) -> None:
    """No line breaks and other control characters: texts stand in headers of mail and SIP. Raises Refusal invalid."""
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        raise Refusal("invalid", field=field, error="with a control character")


def guest_settings(rules: ConferenceRules) -> LegSettings:
    """What the guests' door means. Guests wait for the first host and stay when the last one goes.

    With a waiting room a host decides about each of them, so none of them may start, whatever else is wished.
    """
    return LegSettings(
        needs_activation=rules.waiting_room or not rules.guests_may_start,
        deactivation_mode=DeactivationMode.REMAIN,
        rx_audio_mute=rules.mute_guests,
        terminal_rx_audio_mute=rules.mute_guest_terminals,
        waiting_room=rules.waiting_room,
        unmute_self=rules.guests_may_unmute,
        media_encryption=rules.media_encryption,
    )


def host_settings(rules: ConferenceRules) -> LegSettings:
    return replace(HOST_SETTINGS, media_encryption=rules.media_encryption)


def demoted_settings(rules: ConferenceRules) -> LegSettings:
    """Of a host made a guest while inside: as the guests are; whoever is in stays in."""
    return LegSettings(
        needs_activation=not rules.guests_may_start,
        deactivation_mode=DeactivationMode.REMAIN,
        unmute_self=rules.guests_may_unmute,
        passes_lock=False,
    )


def lock_mode(guests_wait: bool) -> LockMode:
    """A lock keeps guests out and lets hosts in. Guests who need no activation are kept out when all are meant."""
    return LockMode.NEEDS_ACTIVATION if guests_wait else LockMode.ALL


def call_settings(rules: ConferenceRules, guests_blank: bool, size: int | None = None) -> CallSettings:
    """size: the most a room takes. With a blank guests' door silence means guest, so that a phone that cannot type
    comes in as well; a host types the passcode within the time."""
    limits = [limit for limit in (rules.participant_limit, size) if limit is not None]
    return CallSettings(
        participant_limit=min(limits, default=None),
        passcode_mode=PasscodeMode.TIMEOUT if guests_blank else PasscodeMode.REQUIRED,
        entry_scope=rules.entry_scope,
        lock_mode=lock_mode(rules.waiting_room or not rules.guests_may_start),
    )


def overlap(occurrences: Sequence[Occurrence], starts: Sequence[datetime], length: int) -> Occurrence | None:
    """The first live occurrence that shares time with one of [start, start + length minutes)."""
    for occurrence in occurrences:
        if occurrence.state not in {OccurrenceState.BOOKED, OccurrenceState.RUNNING}:
            continue
        end = occurrence.end or occurrence.planned_end
        begins = min(occurrence.start, occurrence.begun or occurrence.start)
        if any(start < end and begins < start + timedelta(minutes=length) for start in starts):
            return occurrence
    return None

"""How entities become rows: the codec of compound values, and that nothing of an entity is left out."""

from dataclasses import MISSING, fields
from datetime import date
from typing import Any

import pytest
from cryptography.fernet import Fernet

from parley.backends.store import catalogue, tables
from parley.backends.store.mapping import Mapper, compound, of_compound
from parley.backends.store.sealing import Seal
from parley.core.conferences import Attendee, AttendeeKind, Cycle, Medium, Series
from parley.core.people import ConferenceDefaults
from parley.core.profiles import LegSettings, MediaEncryption
from parley.core.secret import Secret
from parley.core.spaces import Role, Space
from tests.backends.store_samples import COLLECTIONS, FULL

SEAL = Seal(Fernet.generate_key())


def default(spec: Any) -> Any:
    return spec.default if spec.default_factory is MISSING else spec.default_factory()


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_the_samples_leave_no_attribute_at_its_default(collection: str) -> None:
    """What the suite calls full is full: a column that is forgotten shows."""
    entity = FULL[collection]
    assert [spec.name for spec in fields(entity) if getattr(entity, spec.name) == default(spec)] == []


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (LegSettings(), {}),
        (
            LegSettings(False, media_encryption=MediaEncryption.REQUIRED, max_duration=0),
            {"needs_activation": False, "max_duration": 0, "media_encryption": "required"},
        ),
        (
            Series(Cycle.WEEK, date(2026, 3, 29), date(2026, 4, 30), 615, points=(0, 6)),
            {
                "cycle": "week",
                "first": "2026-03-29",
                "last": "2026-04-30",
                "at": 615,
                "interval": 1,
                "points": [0, 6],
                "remind_days": 1,
            },
        ),
    ],
)
def test_compound_values_are_plain_json(value: Any, stored: Any) -> None:
    """Enums by value, days as ISO 8601, unset attributes left out; and they come back equal."""
    assert compound(value) == stored
    assert of_compound(type(value), stored) == value


def test_lists_of_compound_values_are_lists() -> None:
    """Attendees and media come back as tuples of what they were."""
    attendees = (Attendee("李", Role.HOST, AttendeeKind.MOBILE, extras={"huawei": {"a": "b"}}), Attendee())
    stored = compound(attendees)
    assert stored[0]["role"] == "host"
    assert stored[0]["extras"] == {"huawei": {"a": "b"}}
    assert "user" not in stored[1]
    assert of_compound(tuple[Attendee, ...], stored) == attendees
    assert of_compound(tuple[Medium, ...], compound((Medium.HD_VIDEO, Medium.DATA))) == (Medium.HD_VIDEO, Medium.DATA)


def test_unknown_attributes_are_passed_over_and_missing_ones_have_their_default() -> None:
    """A value of another version is read as far as this one understands it."""
    read = of_compound(ConferenceDefaults, {"send_sms": True, "later": [1, 2]})
    assert read == ConferenceDefaults(send_sms=True)


def test_hashes_are_stored_as_text_and_readable_secrets_sealed() -> None:
    """A password's hash is kept as it is; what can be read again stands in a column of its own, sealed."""
    row = catalogue.USERS.mapper.row(FULL["users"], SEAL)
    assert row["password_history"] == ["newest", "older"]
    rule = catalogue.OUTBOUND_RULES.mapper.row(FULL["outbound_rules"], SEAL)
    assert "password" not in rule
    assert rule["sealed_password"] != "trunk-password-ü"
    assert SEAL.open(rule["sealed_password"]) == Secret("trunk-password-ü")


def test_an_attribute_without_a_column_is_an_error_at_start() -> None:
    """It cannot be forgotten silently."""
    with pytest.raises(KeyError):
        Mapper(Space, tables.members, {})

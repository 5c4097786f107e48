"""Single words of the dialect: time zones, media, identifiers, join links."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from parley.core.conferences import Medium
from parley.core.ids import AccessMethodId, SpaceId
from parley.core.secret import Secret
from parley.core.spaces import AccessMethod
from parley.doors.huawei import join_links, zones
from parley.doors.huawei.codecs import BadValue
from parley.doors.huawei.conference_codecs import MediaTypes, Passcode, Zone

# Rows of the published table whose offset still holds in January, typed from the sheet.
OFFSETS = {"5": -8, "13": -5, "19": -3, "26": 0, "27": 1, "35": 2, "40": 3, "48": 5.5, "56": 8, "60": 9, "73": 13}


def test_there_are_77_zones_and_each_number_comes_back() -> None:
    """No two numbers share a zone, so what was asked for is what is returned."""
    assert list(zones.ZONES) == [str(number) for number in range(1, 78)]
    for number in zones.ZONES:
        assert ZoneInfo(zones.zone_of(number))
        assert zones.id_of(zones.zone_of(number)) == number


def test_zones_have_the_published_offsets() -> None:
    """For those that the world has not moved since."""
    for number, hours in OFFSETS.items():
        offset = datetime(2026, 1, 15, tzinfo=UTC).astimezone(ZoneInfo(zones.zone_of(number))).utcoffset()
        assert offset is not None and offset.total_seconds() == hours * 3600, number


def test_a_zone_that_is_in_no_row_is_shown_as_its_like() -> None:
    """The other dialect or a default may name any zone."""
    assert zones.id_of("Europe/Lisbon") == "26"
    assert zones.id_of("Antarctica/Troll") == "56"


def test_media_words_follow_the_older_precedence() -> None:
    """Voice and data always belong to it; of both kinds of video the plain one is meant, telepresence wins."""
    media = MediaTypes()
    assert media.render(media.parse("Voice")) == "Voice,Data"
    assert media.render(media.parse("hdvideo, Voice")) == "Voice,Data,HDVideo"
    assert media.parse("HDVideo,Video") == (Medium.VOICE, Medium.DATA, Medium.VIDEO)
    assert media.parse("Video,Telepresence,Data") == (Medium.VOICE, Medium.DATA, Medium.TELEPRESENCE)
    for bad in ("", "Voice,", "Fax", None, ["Voice"]):
        with pytest.raises(BadValue):
            media.parse(bad)


def test_numbers_of_zones_come_as_text_or_number() -> None:
    """`56` and `"56"` are one; what is no number of the table is refused."""
    assert Zone().parse(56) == Zone().parse("56") == "Asia/Shanghai"
    for bad in ("0", "78", "056", "Asia/Shanghai", True, 5.5):
        with pytest.raises(BadValue):
            Zone().parse(bad)


def test_a_passcode_is_digits_and_never_shown() -> None:
    """4 to 16 of them, ASCII ones."""
    assert "1234" not in repr(Passcode().parse("1234"))
    for bad in ("123", "1" * 17, "12 4", "１２３４", 12.5):
        with pytest.raises(BadValue):
            Passcode().parse(bad)


def door(secret: str | None) -> AccessMethod:
    return AccessMethod(AccessMethodId("a"), SpaceId("s"), secret=Secret(secret) if secret else None)


def test_a_join_link_names_the_door_by_its_secret() -> None:
    """48 hexadecimal digits, whatever form the secret has; read back they mean the same secret."""
    links = join_links.JoinLinks("https://meet.example.com/")
    plain = "0123456789abcdef" * 3
    assert links.link("914083136", door(plain)) == f"https://meet.example.com/#/j/914083136/{plain}"
    other = links.link("914083136", door("short.secret_22_marks."))
    assert other is not None
    fragment = other.partition("#")[2]
    number, secrets = join_links.read(fragment) or ("", ())
    assert number == "914083136"
    assert Secret("short.secret_22_marks.") in secrets
    assert join_links.read(f"/j/914083136/{plain}") == ("914083136", (Secret(plain),))
    assert links.link("1", door(None)) is None
    assert links.link("1", door("x" * 25)) is None


@pytest.mark.parametrize("text", ["", "/j/1/2", "/j/x/" + "a" * 48, "/j/1/" + "A" * 48, "/j/1/" + "a" * 49])
def test_what_is_no_join_link_is_none(text: str) -> None:
    """Only the exact form counts."""
    assert join_links.read(text) is None

"""Whose P-Asserted-Identity counts (RFC 3325)."""

from __future__ import annotations

import pytest

from parley.core.profiles import CallSettings, EntryScope
from parley.doors.sip.trunks import TrustedTrunks
from parley.wire.sip.message import Request
from parley.wire.sip.parser import parse
from tests.app.web_floor import Web
from tests.doors.sip_rig import Phone, SipRig
from tests.kit.sip_wire import request

TRUNK, STRANGER = "192.0.2.33", "192.0.2.50"
NETWORKS = ["192.0.2.32/28", "2001:db8::7"]


def invite(*headers: str) -> Request:
    extra = "".join(f"{header}\r\n" for header in headers)
    message = parse(
        request(
            "INVITE",
            "sip:room@example.com",
            via="SIP/2.0/UDP 192.0.2.33;branch=z9hG4bK1",
            to="<sip:room@example.com>",
            call_id="c",
            number=1,
            extra=extra,
        )
    )
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize(
    ("headers", "asserted"),
    [
        (["P-Asserted-Identity: <sip:2001@trunk.example;user=phone>"], ("sip:2001@trunk.example",)),
        (["P-Asserted-Identity: sip:2001@trunk.example;x=y"], ("sip:2001@trunk.example",)),
        (['p-asserted-identity: "Ann" <tel:+49-30-1;ext=2>'], ("tel:+49-30-1;ext=2",)),
        (
            ["P-Asserted-Identity: <sip:a@t.example>, <tel:+491>"],
            ("sip:a@t.example", "tel:+491"),
        ),
        (
            ["P-Asserted-Identity: <sip:a@t.example>", "P-Asserted-Identity: <tel:+491>"],
            ("sip:a@t.example", "tel:+491"),
        ),
        (["P-Asserted-Identity: <sip:a@t.example>, <sip:b@t.example>, <sip:c@t.example>"], ()),
        (["P-Asserted-Identity: <mailto:a@t.example>"], ()),
        (["P-Asserted-Identity: <sip:a@t.example"], ()),
        (["P-Asserted-Identity:"], ()),
        (["P-Preferred-Identity: <sip:a@t.example>"], ()),
        (["Remote-Party-ID: <sip:a@t.example>"], ()),
        ([], ()),
    ],
)
def test_a_trusted_trunk_asserts_what_its_header_says(headers: list[str], asserted: tuple[str, ...]) -> None:
    """One or two URIs; what is malformed, too much or another header asserts nobody."""
    assert TrustedTrunks(NETWORKS).asserted(invite(*headers), TRUNK) == asserted


@pytest.mark.parametrize(
    ("source", "trusted"),
    [
        ("192.0.2.32", True),
        ("192.0.2.47", True),
        ("::ffff:192.0.2.33", True),
        ("2001:db8::7", True),
        ("192.0.2.48", False),
        ("192.0.2.31", False),
        ("2001:db8::8", False),
        ("fe80::1%eth0", False),
        ("trunk.example", False),
        ("", False),
    ],
)
def test_only_the_networks_of_the_settings_are_trusted(source: str, trusted: bool) -> None:
    """By the address that packets come from; without settings nobody is."""
    call = invite("P-Asserted-Identity: <sip:a@t.example>")
    assert TrustedTrunks(NETWORKS).asserted(call, source) == (("sip:a@t.example",) if trusted else ())
    assert TrustedTrunks().asserted(call, source) == ()


@pytest.mark.parametrize(
    ("host", "extra", "status"),
    [
        (TRUNK, "P-Asserted-Identity: <sip:2001@trunk.example>\r\n", 200),
        (TRUNK, "P-Asserted-Identity: <sip:2009@trunk.example>\r\n", 404),
        (TRUNK, "", 404),
        (STRANGER, "P-Asserted-Identity: <sip:2001@trunk.example>\r\n", 404),
        (STRANGER, "P-Preferred-Identity: <sip:2001@trunk.example>\r\n", 404),
    ],
)
async def test_a_space_for_the_tenants_people_answers_whom_a_trusted_trunk_asserts(
    host: str, extra: str, status: int
) -> None:
    """From anywhere else the header proves nothing, and the space is as if it were not there."""
    floor = Web()
    await floor.people()  # alice's number is 2001
    await floor.alter(await floor.space("room"), call_settings=CallSettings(entry_scope=EntryScope.TENANT))
    rig = SipRig(floor, trusted_trunks=NETWORKS)
    (answer,) = await Phone(rig, host=host).invite(extra=extra)
    assert answer.status == status

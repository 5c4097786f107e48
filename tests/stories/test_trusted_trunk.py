"""A conference for the invited alone, at phones: a trusted trunk's word lets in, and nobody else's counts."""

from __future__ import annotations

import secrets

import pytest
from huaweicloudsdkmeeting.v1 import model as m

from tests.kit.addresses import Network
from tests.kit.server import Server
from tests.kit.sipp import Sipp
from tests.kit.vendor import Vendor

from .scene import Stage

pytestmark = pytest.mark.story

APP_ID = "3ab1e72ff2e5434d8b11ad6b5ac2b3ff"
DORA = "+4930123"
ASSERTED = f"P-Asserted-Identity: <sip:{DORA}@trunk.example;user=phone>"


async def test_a_number_proves_an_invitation_only_when_a_trusted_trunk_asserts_it() -> None:
    """From the trunk's address the invited number is asked for the password and is in. From any other address the same
    header, and the number in From, meet an unknown address; so does another number from the trunk."""
    network, key = Network(), secrets.token_hex(16)
    trunk, stranger = network.address(), network.address()
    settings = {"SIP__TRUSTED_TRUNKS": trunk, "BOOTSTRAP_APP": f"{APP_ID}:{key}"}
    async with Server(network, https=True, **settings) as server:
        server.never_log(key)
        scene = Stage(server)
        vendor = Vendor(f"https://{server.address}:{server.https_port}", server.certificate, APP_ID, key)
        dora = m.RestAttendeeDTO(name="Dora", phone=DORA, role=0)
        booked = await vendor.book(subject="Invited", attendees=[dora], rules={"call_in_restriction": 3})
        server.never_log(booked.host, booked.guest)

        for address, caller, header in [
            (stranger, DORA, ASSERTED),
            (stranger, DORA, ""),
            (trunk, DORA, ""),
            (trunk, "eve", "P-Asserted-Identity: <tel:+4930999>"),
            (trunk, "eve", ASSERTED.replace("Asserted", "Preferred")),
        ]:
            async with Sipp(
                "unknown", server.sip, address, service=booked.number, caller=caller, header=header
            ) as call:
                await call.succeeds()
        assert await scene.api.total("/callLegs") == 0

        digits = f"{booked.host}#"
        async with Sipp(
            "info_digits", server.sip, trunk, service=booked.number, caller="dora", digits=digits, header=ASSERTED
        ) as call:
            await scene.until_in("dora")
            await call.succeeds()

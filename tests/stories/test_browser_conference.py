"""A conference booked by API, and its join links opened in browsers: the host's and the guests'."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

import pytest

from tests.kit.vendor import Vendor

from .test_conferences import APP_ID
from .web_scene import web_stage

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("browsers"), pytest.mark.timeout(120)]


async def test_the_join_links_of_a_conference_lead_in_as_host_and_as_guest() -> None:
    """The root page reads the link and leads on; the guest waits for the host, whose link makes him one, and neither
    types a password."""
    key = secrets.token_hex(16)
    async with web_stage(BOOTSTRAP_APP=f"{APP_ID}:{key}") as scene:
        server = scene.server
        server.never_log(key)
        base = f"https://{server.address}:{server.https_port}"
        vendor = Vendor(base, server.certificate, APP_ID, key)
        booked = await vendor.book(subject="By link", rules={"allow_guest_start_conf": False})
        links = (booked.info.guest_join_uri, booked.info.chair_join_uri)
        server.never_log(*(link.rpartition("/")[2] for link in links), vendor.access_token)
        gil, hal = await scene.browsers("gil", "hal")
        for browser, link, name in ((gil, links[0], "Gil"), (hal, links[1], "Hal")):
            parts = urlsplit(link)
            assert parts.path == "/" and parts.fragment.startswith(f"/j/{booked.number}/")
            await browser.open(f"{base}/#{parts.fragment}")
            await browser.becomes(f"location.pathname === '/meeting/{booked.number}'")
            await scene.joins(browser, name)
            if browser is gil:
                await gil.sees("Waiting for the host.")
                scene.nobody_was_heard("gil")
        await scene.everybody_hears_everybody("gil", "hal")
        await booked.cancel()
        await hal.sees("The meeting has ended.")

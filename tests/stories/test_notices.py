"""Messages to people leave a running server, as its settings say."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from parley.app.notices import Notices
from parley.app.ports import Query
from parley.backends.notify.letters import MailWriter
from parley.backends.store.sql import SqlStore
from parley.backends.system import RandomIdentifiers, SystemClock
from parley.core.conferences import ConferenceRules
from parley.first_run import load_secrets
from parley.operator_client import connect
from tests.app.test_notices import PLACES
from tests.kit.addresses import Network
from tests.kit.calendars import both
from tests.kit.conferences import ORGANISER, conference_record, weekly
from tests.kit.mail_server import PASSWORD, USERNAME, mail_server
from tests.kit.mails import read_mail
from tests.kit.server import Server
from tests.kit.sms_gateway import sms_gateway

pytestmark = pytest.mark.story


async def test_what_is_committed_is_mailed_by_starttls_and_sent_by_sms(tmp_path: Path) -> None:
    """The rows of a booking in the server's own database are sent once the server is poked: the mail by STARTTLS with
    credentials, byte for byte, the SMS by the gateway; the operator sees both as sent."""
    async with mail_server(tmp_path) as box, sms_gateway() as gateway, Server(
        Network(),
        MAIL__HOST="127.0.0.1",
        MAIL__PORT=str(box.port),
        MAIL__USERNAME=USERNAME,
        MAIL__PASSWORD=PASSWORD,
        MAIL__SENDER="Parley <noreply@example.com>",
        MAIL__CA=str(box.certificate),
        SMS__URL=gateway.url,
        SMS__TOKEN="a-token-of-the-gateway",
    ) as server:  # fmt: skip
        server.never_log(PASSWORD)
        server.never_log("a-token-of-the-gateway")
        server.never_log("774411")
        rows = await _book(server.data)
        async with connect(server.data) as operator:
            for row in rows:
                await operator.call("retry_outbox", id=row)
            await box.wait_for(1)
            sent = await operator.call("outbox", state="sent", limit=10)
            while len(sent) < 2:
                sent = await operator.call("outbox", state="sent", limit=10)
        assert {row["channel"] for row in sent} == {"mail", "sms"}
        assert {row["id"] for row in sent} == set(rows)
        calendar = read_mail(box.letters[0][2]).calendar
        assert calendar is not None
        assert len(both(calendar)) == 8
        assert "774411" in gateway.requests[0][1].decode()


async def _book(data: Path) -> list[str]:
    store = SqlStore(f"sqlite+aiosqlite:///{data / 'parley.db'}", base64.urlsafe_b64encode(load_secrets(data).seal))
    writer = MailWriter(("Parley", "noreply@example.com"))
    notices = Notices(RandomIdentifiers(), SystemClock(), PLACES, writer, sms=True)
    series, starts = weekly()
    try:
        async with store.transaction() as tx:
            await tx.users.add(ORGANISER)
            record = conference_record(starts, series=series, rules=ConferenceRules(send_sms=True))
            await notices.booked(tx, record)
        async with store.reading() as tx:
            return [str(row.id) for row in (await tx.outbox.page(Query())).items]
    finally:
        await store.close()

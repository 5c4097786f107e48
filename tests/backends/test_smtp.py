"""The courier of mail against a real SMTP server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from parley.app.notices import Notices
from parley.app.outbox import Outbox
from parley.app.ports import NotSent, Query
from parley.backends.notify.letters import MailWriter
from parley.backends.notify.smtp import SmtpCourier, SmtpSettings
from parley.backends.system import SystemClock
from parley.core.ids import OutboxId
from parley.core.outbox import Channel, Notice, OutboxEntry, OutboxState
from parley.core.secret import Secret
from tests.app.test_notices import PLACES
from tests.kit.calendars import both, spans
from tests.kit.conferences import ORGANISER, conference_record, weekly
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.mail_server import PASSWORD, USERNAME, MailServer, mail_server
from tests.kit.mails import read_mail
from tests.kit.memory_store import MemoryStore

T = datetime(2026, 1, 1, tzinfo=UTC)
MESSAGE = b"From: a@example.com\r\nSubject: x\r\n\r\nline\r\n.dotted\r\n.\r\nlast\r\n"


def letter(recipient: str = "gao@example.com", payload: bytes = MESSAGE) -> OutboxEntry:
    return OutboxEntry(OutboxId("1"), Channel.MAIL, Notice.BOOKED, recipient, "<1@x>", payload, T, T)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[MailServer]:
    async with mail_server(tmp_path) as server:
        yield server


def courier(server: MailServer, **changes: Any) -> SmtpCourier:
    given = SmtpSettings("localhost", server.port, "starttls", "noreply@example.com", USERNAME, Secret(PASSWORD),
                         server.certificate, limit=5.0)  # fmt: skip
    given = replace(given, **{"host": "127.0.0.1", **changes})
    return SmtpCourier(given, asyncio.get_running_loop().time)


async def refusal(courier: SmtpCourier, entry: OutboxEntry | None = None) -> NotSent:
    with pytest.raises(NotSent) as caught:
        await courier.send(entry or letter())
    await courier.close()
    assert PASSWORD not in str(caught.value)
    return caught.value


async def test_a_message_goes_by_starttls_with_credentials(server: MailServer) -> None:
    """Byte for byte, lines that begin with a dot included, from the sender to the recipient alone."""
    post = courier(server)
    await post.send(letter())
    await post.close()
    assert server.letters == [("noreply@example.com", ["gao@example.com"], MESSAGE)]
    assert server.secure == [True]
    assert server.logins == [USERNAME]


async def test_a_message_goes_by_tls_from_the_start(tmp_path: Path) -> None:
    """As on port 465."""
    async with mail_server(tmp_path, tls=True) as server:
        post = courier(server, security="tls")
        await post.send(letter())
        await post.close()
        assert len(server.letters) == 1


async def test_a_message_goes_in_the_clear_only_when_set_so(tmp_path: Path) -> None:
    """To a server that neither asks for TLS nor for credentials."""
    async with mail_server(tmp_path, starttls=False, auth=False) as server:
        post = courier(server, security="none", username="", password=None)
        await post.send(letter())
        await post.close()
        assert server.secure == [False]


async def test_a_server_without_starttls_gets_nothing(tmp_path: Path) -> None:
    """No silent downgrade: neither message nor credentials leave in the clear."""
    async with mail_server(tmp_path, starttls=False) as server:
        problem = await refusal(courier(server))
        assert not problem.permanent
        assert server.letters == []
        assert server.logins == []


async def test_a_certificate_that_nobody_vouches_for_is_refused(server: MailServer) -> None:
    """Before anything is said."""
    problem = await refusal(courier(server, authorities=None))
    assert not problem.permanent
    assert "certificate" in str(problem).lower()
    assert server.logins == []


async def test_wrong_credentials_are_of_the_settings_and_no_fault_of_the_message(server: MailServer) -> None:
    """It waits until they are right."""
    problem = await refusal(courier(server, password=Secret("wrong horse battery")))
    assert not problem.permanent
    assert "credentials" in str(problem)
    assert "wrong horse" not in str(problem)


@pytest.mark.parametrize(
    ("reply", "permanent"),
    [("550 5.1.1 no such user", True), ("451 4.3.0 later", False), ("452 4.2.2 full", False), ("530 5.7.0 x", False)],
)
async def test_a_refused_recipient_is_for_good_with_5xx_and_for_now_with_4xx(
    server: MailServer, reply: str, permanent: bool
) -> None:
    """The server's words are kept for the operator."""
    server.refuse["gao@example.com"] = reply
    problem = await refusal(courier(server))
    assert problem.permanent == permanent
    assert str(problem) == reply


@pytest.mark.parametrize(("reply", "permanent"), [("554 5.6.0 spam", True), ("450 4.7.1 grey", False)])
async def test_a_refused_message_is_for_good_with_5xx_and_for_now_with_4xx(
    server: MailServer, reply: str, permanent: bool
) -> None:
    """As with recipients."""
    server.data_reply = reply
    problem = await refusal(courier(server))
    assert (problem.permanent, str(problem)) == (permanent, reply)


async def test_a_broken_connection_is_for_now(server: MailServer) -> None:
    """It may or may not have been taken: the same bytes are sent again."""
    server.drop = True
    assert not (await refusal(courier(server))).permanent


async def test_a_silent_server_is_given_up_in_time() -> None:
    """A connection that says nothing costs the time limit, not an hour."""
    silent = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    server = MailServer(port=silent.sockets[0].getsockname()[1])
    problem = await refusal(courier(server, limit=0.2))
    assert not problem.permanent
    silent.close()


async def test_no_server_is_for_now(tmp_path: Path) -> None:
    """Connection refused."""
    async with mail_server(tmp_path) as server:
        port = server.port
    assert not (await refusal(courier(MailServer(port=port, certificate=server.certificate)))).permanent


async def test_a_swarm_shares_a_connection_and_a_stale_one_is_replaced(server: MailServer) -> None:
    """Several messages by one session; when that was closed meanwhile, by another, without a failure."""
    post = courier(server)
    for _ in range(3):
        await post.send(letter())
    assert server.sessions == 1
    server.disconnect_all()
    await post.send(letter())
    await post.close()
    assert server.sessions == 2
    assert len(server.letters) == 4


async def test_after_a_refusal_the_session_is_still_of_use(server: MailServer) -> None:
    """The next message is not refused for what was wrong with the last."""
    server.refuse["gone@example.com"] = "550 gone"
    post = courier(server)
    with pytest.raises(NotSent):
        await post.send(letter("gone@example.com"))
    await post.send(letter())
    await post.close()
    assert server.sessions == 1
    assert [recipients for _, recipients, _ in server.letters] == [["gao@example.com"]]


async def test_a_domain_beyond_ascii_is_written_in_ascii(server: MailServer) -> None:
    """Any server takes it so; a local part beyond ASCII needs one that says it does."""
    post = courier(server)
    await post.send(letter("gao@bücher.example"))
    assert server.letters[0][1] == ["gao@xn--bcher-kva.example"]
    assert (await refusal(post, letter("gäo@example.com"))).permanent


async def test_credentials_reach_no_log(server: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    """Not even the library's, at its most talkative."""
    with caplog.at_level(logging.DEBUG):
        post = courier(server)
        await post.send(letter())
        await post.close()
    said = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("mail.log"))
    assert PASSWORD not in said
    assert PASSWORD not in repr(post.__dict__)


async def test_a_booking_arrives_as_events_that_two_readers_read_alike(server: MailServer) -> None:
    """The whole way: booked, committed, sent over STARTTLS with AUTH, and read back by both calendars at the right
    instants across the change of clocks."""
    store, clock = MemoryStore(), SystemClock()
    writer = MailWriter(("Parley", "noreply@example.com"))
    notices = Notices(CountedIdentifiers(), clock, PLACES, writer)
    post = courier(server)
    outbox = Outbox(store, {Channel.MAIL: post}, clock)
    running = asyncio.ensure_future(outbox.run())
    expected: dict[str, Any] = {}
    async with store.transaction() as tx:
        await tx.users.add(ORGANISER)
        for zone in ("Europe/Berlin", "America/New_York", "Asia/Shanghai"):
            series, starts = weekly(weeks=40, zone=zone)
            record = conference_record(starts, series=series, zone=zone, uid=f"{zone}@example.com")
            await notices.booked(tx, record)
            expected[f"{zone}@example.com"] = spans(starts, 60)
    outbox.poke()
    await server.wait_for(3)
    await outbox.stop()
    await running
    await post.close()
    async with store.reading() as tx:
        rows = (await tx.outbox.page(Query())).items
    assert {row.state for row in rows} == {OutboxState.SENT}
    assert sorted(content for _, _, content in server.letters) == sorted(row.payload for row in rows)
    for _, _, content in server.letters:
        calendar = read_mail(content).calendar
        assert calendar is not None
        uid = calendar.decode().split("UID:")[1].split("\r\n")[0]
        assert both(calendar) == expected.pop(uid)
    assert expected == {}

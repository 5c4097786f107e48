"""Passwords that are made here reach their owners by mail, and nobody else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from parley.app.account_notices import AccountNotices
from parley.app.enterprises import Enterprises
from parley.app.outbox import OutboxDesk
from parley.app.ports import Query
from parley.backends.notify.letters import MailWriter
from parley.core.outbox import Notice, OutboxEntry
from tests.doors.huawei_people_rig import PeopleRig
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.mails import Mail, read_mail

PASSWORD = "Str0ng-enough"
RESET = "/v1/usg/acs/password/admin/reset"
MEMBER = "/v1/usg/dcs/corp/member"


class Post(PeopleRig):
    """With mail."""

    def __init__(self) -> None:
        super().__init__(announces=self._notices)

    def _notices(self) -> AccountNotices:
        writer = MailWriter(("Parley", "parley@mail.example"))
        enterprises = Enterprises(self.store, self.changes, "Example Corp")
        return AccountNotices(CountedIdentifiers(), self.clock, enterprises, writer, "https://meet.example.com")

    async def rows(self) -> list[OutboxEntry]:
        async with self.store.reading() as tx:
            return list((await tx.outbox.page(Query())).items)

    async def letter(self) -> tuple[OutboxEntry, Mail]:
        """The newest."""
        row = (await self.rows())[-1]
        return row, read_mail(row.payload)


def password_in(mail: Mail) -> str:
    found = re.search(r"^(?:Password: |Senha: |密码：)(\S+)$", mail.plain.replace("\r", ""), re.MULTILINE)
    assert found is not None, mail.plain
    return found.group(1)


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with Post() as made:
        yield made


@pytest.mark.parametrize(
    ("language", "subject"), [("zh", "您的新密码：Example Corp"), ("en", "Your new password: Example Corp")]
)
async def test_a_password_is_made_and_mailed(post: Post, language: str, subject: str) -> None:
    """In the enterprise's language; it signs in, must be changed, and the old one is void with all its sessions."""
    await post.user("frank", PASSWORD, name="Frank", sendNotify="0")
    async with post.store.transaction() as tx:
        defaults = await tx.system_defaults()
        await tx.save_system_defaults(replace(defaults, conferences=replace(defaults.conferences, language=language)))
    session = (await post.account_login("frank", PASSWORD)).json()["accessToken"]
    await post.done("PUT", RESET, {"account": "frank"})
    row, mail = await post.letter()
    assert (row.notice, row.recipient, row.subject) == (Notice.PASSWORD_RESET, "frank@mail.example", subject)
    assert (mail["Subject"], mail["Message-ID"]) == (subject, row.message_id)
    assert mail["To"] == "Frank <frank@mail.example>"
    made = password_in(mail)
    assert made in mail.html
    login = (await post.account_login("frank", made)).json()
    assert (login["firstLogin"], login["pwdExpired"]) == (True, True)
    assert (await post.account_login("frank", PASSWORD)).status_code == 401
    assert (await post.ask("GET", "/v1/usg/dcs/member", token=session)).status_code == 401


async def test_the_operator_does_not_see_it(post: Post) -> None:
    """The outbox tells to whom and of what, and a log line of the row holds nothing of the letter."""
    await post.user("frank", PASSWORD, sendNotify="0")
    await post.done("PUT", RESET, {"account": "frank"})
    row, mail = await post.letter()
    shown = repr(await OutboxDesk(post.store, post.clock).listing(None, 10)) + repr(row)
    assert "frank@mail.example" in shown
    assert password_in(mail) not in shown


@pytest.mark.parametrize(("email", "phone"), [("", "+861380000"), ("frank@nowhere,else", "")])
async def test_nothing_changes_where_no_letter_can_go(post: Post, email: str, phone: str) -> None:
    """Without an address, or with one that mail cannot take, the old password stays."""
    await post.user("frank", PASSWORD, sendNotify="0")
    async with post.store.transaction() as tx:
        (user,) = (await tx.users.page(Query(where={"account": "frank"}))).items
        await tx.users.save(replace(user, email=email, phone=phone))
    status, _, detail = await post.refused("PUT", RESET, {"account": "frank"})
    assert status == 400 and "email" in detail
    assert await post.rows() == []
    assert (await post.account_login("frank", PASSWORD)).status_code == 200


async def test_a_new_user_hears_of_the_account_with_a_password_made_here(post: Post) -> None:
    """Where none is given; it must be changed at the first login."""
    await post.user("frank")
    row, mail = await post.letter()
    assert row.notice is Notice.ACCOUNT_CREATED
    login = (await post.account_login("frank", password_in(mail))).json()
    assert (login["firstLogin"], login["pwdExpired"]) == (True, True)


async def test_a_password_that_the_administrator_chose_is_not_mailed(post: Post) -> None:
    """The person hears of the account alone."""
    await post.user("frank", PASSWORD)
    _, mail = await post.letter()
    assert PASSWORD not in mail.plain + mail.html
    assert "frank" in mail.plain
    assert (await post.account_login("frank", PASSWORD)).json()["firstLogin"] is False


async def test_nobody_is_told_who_is_not_to_be(post: Post) -> None:
    """sendNotify 0 is silent; without an address, or for people of an application, there is nobody to tell; a user that
    is refused is told nothing."""
    await post.user("frank", sendNotify="0")
    await post.done("POST", MEMBER, {"name": "Gina", "account": "gina", "phone": "+861380001"})
    await post.done("POST", MEMBER, {"name": "Hana", "thirdAccount": "hana", "email": "hana@mail.example"})
    status, _, _ = await post.refused("POST", MEMBER, {"name": "X", "account": "frank", "email": "x@mail.example"})
    assert status == 400
    assert await post.rows() == []
    assert (await post.account_login("frank", "")).status_code == 401


async def test_without_mail_a_user_without_a_password_has_none() -> None:
    """As ever: an application signs the person in, or an administrator sets a password."""
    async with PeopleRig() as rig:
        await rig.user("frank")
        async with rig.store.reading() as tx:
            (user,) = (await tx.users.page(Query(where={"account": "frank"}))).items
            assert user.password_hash is None
            assert (await tx.outbox.page(Query())).total == 0

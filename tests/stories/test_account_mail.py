"""A password that the server made leaves it by mail, and stays nowhere behind."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmeeting.v1 import model as m

from tests.kit.addresses import Network
from tests.kit.api import eventually
from tests.kit.mail_server import PASSWORD, USERNAME, mail_server
from tests.kit.mails import read_mail
from tests.kit.server import Server
from tests.kit.vendor import Vendor

pytestmark = pytest.mark.story

APP_ID = "3ab1e72ff2e5434d8b11ad6b5ac2b3ff"


def made_password(data: bytes) -> str:
    found = re.search(r"^密码：(\S+)$", read_mail(data).plain.replace("\r", ""), re.MULTILINE)
    assert found is not None
    return found.group(1)


async def test_a_made_password_is_mailed_with_the_change_and_kept_nowhere(tmp_path: Path) -> None:
    """The vendor's client has a user added and reset while the mail server is busy; the server is killed, and sends the
    same letters after it: their passwords sign in, and stand in no log, no answer and no file."""
    key = secrets.token_hex(16)
    async with mail_server(tmp_path) as box, Server(
        Network(),
        https=True,
        BOOTSTRAP_APP=f"{APP_ID}:{key}",
        MAIL__HOST="127.0.0.1",
        MAIL__PORT=str(box.port),
        MAIL__USERNAME=USERNAME,
        MAIL__PASSWORD=PASSWORD,
        MAIL__SENDER="Parley <noreply@example.com>",
        MAIL__CA=str(box.certificate),
    ) as server:  # fmt: skip
        vendor = Vendor(f"https://{server.address}:{server.https_port}", server.certificate, APP_ID, key)
        box.refuse["ann@example.com"] = "451 busy"
        await vendor(
            "add_user", m.AddUserRequest(body=m.AddUserDTO(name="Ann", account="ann", email="ann@example.com"))
        )
        await vendor("reset_pwd_by_admin", m.ResetPwdByAdminRequest(body=m.AdminResetPwdReqDTO(account="ann")))

        async def tried() -> bool:
            rows = json.loads(await server.command("outbox", "list", "--json"))
            return len(rows) == 2 and all(row["tries"] >= 1 and "451" in row["last_error"] for row in rows)

        await eventually(tried, "the letters were not tried")
        await server.kill_and_restart()
        box.refuse.clear()
        for row in json.loads(await server.command("outbox", "list", "--json")):
            await server.command("outbox", "retry", row["id"])
        await box.wait_for(2)
        letters = {read_mail(data)["Subject"].partition("：")[0]: data for _, _, data in box.letters}
        assert set(letters) == {"您的账号", "您的新密码"}
        passwords = {subject: made_password(data) for subject, data in letters.items()}
        server.never_log(*passwords.values())
        assert [recipients for _, recipients, _ in box.letters] == [["ann@example.com"]] * 2

        async def sent() -> bool:
            listed = await server.command("outbox", "list", "--json")
            assert not any(password in listed for password in passwords.values())
            return [row["state"] for row in json.loads(listed)] == ["sent", "sent"]

        await eventually(sent, "the letters are not marked as sent")
        ann = vendor.as_user("ann", passwords["您的新密码"])
        assert (await ann("show_my_info", m.ShowMyInfoRequest())).user_account == "ann"
        old = vendor.as_user("ann", passwords["您的账号"])
        with pytest.raises(ClientRequestException):
            await old("show_my_info", m.ShowMyInfoRequest())
        for path in sorted(server.data.rglob("*")):
            if path.is_file():
                held = path.read_bytes()
                assert not any(password.encode() in held for password in passwords.values()), path


async def test_without_mail_no_password_is_made() -> None:
    """The refusal names the reason."""
    key = secrets.token_hex(16)
    async with Server(Network(), https=True, BOOTSTRAP_APP=f"{APP_ID}:{key}") as server:
        vendor = Vendor(f"https://{server.address}:{server.https_port}", server.certificate, APP_ID, key)
        await vendor(
            "add_user", m.AddUserRequest(body=m.AddUserDTO(name="Ann", account="ann", email="ann@example.com"))
        )
        with pytest.raises(ClientRequestException) as refused:
            await vendor("reset_pwd_by_admin", m.ResetPwdByAdminRequest(body=m.AdminResetPwdReqDTO(account="ann")))
        assert refused.value.status_code == 403
        assert await server.command("outbox", "list", "--json") in ("[]", "[]\n")

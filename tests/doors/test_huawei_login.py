"""Signing in to the JSON dialect, and its tokens (sheet 2.1)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from parley.app.ports import Query
from parley.app.sign_in import SignInLimits
from parley.app.users import UserEdit, Users
from parley.core.people import Administrator, AdministratorLevel, Application, TokenKind
from parley.core.secret import Secret
from tests.doors.huawei_people_rig import APP_ID, APP_KEY, SOURCE, START, PeopleRig, error_of, signature
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.memory_store import MemoryStore

PASSWORD = "Str0ng-enough"
LATER = int(START.timestamp()) + 600


@pytest.fixture
async def rig(huawei_people: PeopleRig) -> AsyncIterator[PeopleRig]:
    yield huawei_people


# --- application ID ------------------------------------------------------------------------------------------


async def test_an_application_signs_in_as_the_default_administrator(rig: PeopleRig) -> None:
    """An empty user ID means the enterprise's default administrator, and the answer has every key and type."""
    answer = await rig.app_login("")
    assert answer.status_code == 200
    token = answer.json()
    types = {name: type(value) for name, value in token.items()}
    assert types == {
        "accessToken": str,
        "tokenIp": str,
        "validPeriod": int,
        "expireTime": int,
        "createTime": int,
        "clientType": int,
        "tokenType": int,
        "forceLoginInd": int,
        "firstLogin": bool,
        "pwdExpired": bool,
        "daysPwdAvailable": int,
        "delayDelete": bool,
        "refreshToken": str,
        "refreshValidPeriod": int,
        "refreshExpireTime": int,
        "refreshCreateTime": int,
        "user": dict,
    }
    now = int(START.timestamp())
    assert token["validPeriod"] == 57_600
    assert token["expireTime"] == now + 57_600
    assert token["createTime"] == now * 1000
    assert token["refreshValidPeriod"] == 2_592_000
    assert token["refreshExpireTime"] == now + 2_592_000
    assert token["tokenIp"] == SOURCE
    assert (token["clientType"], token["tokenType"]) == (72, 0)
    user = token["user"]
    assert user["adminType"] == 0 and user["userType"] == 2 and user["status"] == 0
    assert user["ucloginAccount"] == "admin"
    assert len(user["userId"]) == 32
    assert user["freeUser"] is False and user["corpType"] == 6


@pytest.mark.parametrize("proof", ["f6b1d2", "-", "0" * 64])
async def test_a_bad_signature_is_refused(rig: PeopleRig, proof: str) -> None:
    """Anything but the right signature is 401 USG.206010025."""
    assert error_of(await rig.app_login(signed=proof))[:2] == (401, "USG.206010025")


async def test_the_signature_is_the_documented_one(rig: PeopleRig) -> None:
    """HMAC-SHA256 over appId:userId:expireTime:nonce, in either letter case; some clients leave `access` out."""
    nonce = "d33dccda-b0f8-4e3d-9b5e-0a3ec3b4a001"
    assert LATER == 1772352600
    # By `openssl dgst -sha256 -hmac "the key of the app"` over those four parts.
    proof = "6efa53fb7ff146bee9d70dc6bb6517c2e137db4545ea609273b27d9e5f664db0"
    lower = await rig.app_login("alice", expires=LATER, nonce=nonce, signed=proof, access=None)
    assert lower.status_code == 200
    other = nonce.replace("001", "002")
    upper = signature(APP_KEY, f"{APP_ID}:alice:{LATER}:{other}").upper()
    assert (await rig.app_login("alice", expires=LATER, nonce=other, signed=upper)).status_code == 200


@pytest.mark.parametrize("part", ["userId", "expireTime", "nonce", "appId"])
async def test_every_signed_part_counts(rig: PeopleRig, part: str) -> None:
    """A body in which one signed part was changed after signing is refused."""
    nonce = rig.nonce()
    proof = signature(APP_KEY, APP_ID, "alice", str(LATER), nonce)
    body: dict[str, Any] = {"appId": APP_ID, "clientType": 72, "expireTime": LATER, "nonce": nonce, "userId": "alice"}
    body[part] = {"userId": "bob", "expireTime": LATER + 1, "nonce": rig.nonce(), "appId": APP_ID + "x"}[part]
    headers = {"Authorization": f"HMAC-SHA256 signature={proof}"}
    answer = await rig.http.post("/v2/usg/acs/auth/appauth", json=body, headers=headers)
    assert error_of(answer)[:2] == (401, "USG.206010025")


async def test_access_must_name_the_same_application(rig: PeopleRig) -> None:
    """Where the header names an application it is the one of the body."""
    other = base64.b64encode(b"another").decode()
    assert error_of(await rig.app_login(access=other))[:2] == (401, "USG.206010025")


async def test_an_expired_signature_is_refused(rig: PeopleRig) -> None:
    """After expireTime the signature is worth nothing; 0 never expires."""
    now = int(rig.clock.utc().timestamp())
    assert error_of(await rig.app_login(expires=now - 1))[:2] == (401, "USG.206010057")
    assert (await rig.app_login(expires=0)).status_code == 200


async def test_a_signed_login_works_once(rig: PeopleRig) -> None:
    """The same nonce is refused as long as its signature is good, and another one is not."""
    nonce = rig.nonce()
    assert (await rig.app_login(nonce=nonce)).status_code == 200
    code = error_of(await rig.app_login(nonce=nonce))
    assert code == (401, "USG.206010025", "nonce: was used before")
    assert (await rig.app_login()).status_code == 200


async def test_nonces_take_bounded_memory() -> None:
    """A memory that is full forgets the oldest nonce, never grows."""
    async with PeopleRig(limits=SignInLimits(nonces=5)) as rig:
        for _ in range(50):
            assert (await rig.app_login()).status_code == 200
        assert len(rig.people.sign_in._nonces) <= 5


@pytest.mark.parametrize("nonce", ["x" * 31, "x" * 65])
async def test_a_nonce_has_32_to_64_characters(rig: PeopleRig, nonce: str) -> None:
    """Shorter and longer ones are bad parameters."""
    status, _, detail = error_of(await rig.app_login(nonce=nonce))
    assert status == 400 and detail.startswith("nonce: ")


async def test_numbers_come_as_text_too(rig: PeopleRig) -> None:
    """expireTime and clientType are read from text; the signature is over the text as sent."""
    nonce = rig.nonce()
    proof = signature(APP_KEY, APP_ID, "", str(LATER), nonce)
    body = {"appId": APP_ID, "clientType": "72", "expireTime": str(LATER), "nonce": nonce}
    headers = {"Authorization": f"HMAC-SHA256 signature={proof}"}
    assert (await rig.http.post("/v2/usg/acs/auth/appauth", json=body, headers=headers)).status_code == 200


async def test_unknown_people_are_made(rig: PeopleRig) -> None:
    """A user ID that is not known becomes a user with what the login says of it, and is the same one next time."""
    first = (await rig.app_login("carol", userName="Carol", userEmail="carol@mail.example")).json()["user"]
    assert (first["name"], first["thirdAccount"], first["adminType"]) == ("Carol", "carol", 2)
    again = (await rig.app_login("carol")).json()["user"]
    assert again["userId"] == first["userId"]


async def test_unknown_people_are_refused_where_they_must_be_known(rig: PeopleRig) -> None:
    """With autoUserCreate switched off an unknown user ID is 401 USG.206010030; known ones still sign in."""
    await rig.token("known")
    await rig.done("PUT", "/v1/usg/dcs/corp", {"autoUserCreate": False})
    assert error_of(await rig.app_login("unknown"))[:2] == (401, "USG.206010030")
    assert (await rig.app_login("known")).status_code == 200


async def test_a_disabled_application_signs_nobody_in(rig: PeopleRig) -> None:
    """A right signature of a disabled application is 401 USG.206010058."""
    async with rig.store.transaction() as tx:
        await tx.save_application(Application(APP_ID, Secret(APP_KEY), enabled=False))
    assert error_of(await rig.app_login())[:2] == (401, "USG.206010058")


async def test_a_tenant_is_named_by_its_id(rig: PeopleRig) -> None:
    """The installation's own application acts in a tenant that it names, and the signature covers the name."""
    tenant = await rig.tenant()
    token = (await rig.app_login("dora", corporation=tenant.replace("-", ""))).json()
    assert token["user"]["companyId"] == tenant.replace("-", "")
    own = (await rig.app_login("dora")).json()
    assert own["user"]["companyId"] != token["user"]["companyId"]
    assert own["user"]["userId"] != token["user"]["userId"]
    administrator = (await rig.app_login("", corporation=tenant)).json()["user"]
    assert (administrator["adminType"], administrator["companyId"]) == (0, tenant.replace("-", ""))


async def test_a_tenants_application_stays_in_it(rig: PeopleRig) -> None:
    """An application of a tenant cannot name another enterprise."""
    tenant = await rig.tenant()
    other = await rig.tenant("Third", "99999999-2222-4333-8444-555555555555")
    async with rig.store.transaction() as tx:
        await tx.save_application(Application("theirs", Secret("k" * 30), tenant=tenant))
    own = await rig.app_login("", app_id="theirs", key="k" * 30, access=None)
    assert own.json()["user"]["companyId"] == tenant.replace("-", "")
    answer = await rig.app_login("", app_id="theirs", key="k" * 30, access=None, corporation=other)
    assert error_of(answer)[:2] == (401, "USG.206010025")


async def test_the_multi_tenant_form_with_an_empty_corporation(rig: PeopleRig) -> None:
    """A service provider's program signs an empty corporation as a part of its own."""
    nonce = rig.nonce()
    proof = signature(APP_KEY, APP_ID, "", "", str(LATER), nonce)
    assert (await rig.app_login("", expires=LATER, nonce=nonce, signed=proof)).status_code == 200


# --- account and password ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/usg/acs/auth/account", "/v2/usg/acs/auth/account"])
async def test_a_person_signs_in(rig: PeopleRig, path: str) -> None:
    """Account and password in a Basic header open a session, in either version of the path."""
    made = await rig.user("frank", PASSWORD)
    answer = await rig.account_login("frank", PASSWORD, path=path)
    assert answer.status_code == 200, answer.text
    assert answer.json()["user"]["userId"] == made["id"]
    me = await rig.done("GET", "/v1/usg/dcs/member", token=answer.json()["accessToken"])
    assert me["userAccount"] == "frank"


async def test_the_older_form_has_the_password_in_the_body(rig: PeopleRig) -> None:
    """`auth/proxy` takes account and pwd, and knows no other authType."""
    await rig.user("frank", PASSWORD)
    body = {
        "authServerType": "workplace",
        "authType": "AccountAndPwd",
        "clientType": 72,
        "account": "frank",
        "pwd": PASSWORD,
    }
    assert (await rig.http.post("/v1/usg/acs/auth/proxy", json=body)).json()["user"]["ucloginAccount"] == "frank"
    answer = await rig.http.post("/v1/usg/acs/auth/proxy", json={**body, "authType": "AuthCode"})
    assert error_of(answer)[:2] == (401, "USG.206010024")


@pytest.mark.parametrize(("account", "password"), [("frank", "wrong-one-1"), ("nobody", PASSWORD), ("", "")])
async def test_a_wrong_credential_is_refused(rig: PeopleRig, account: str, password: str) -> None:
    """A wrong password and an unknown account are answered alike: 401 USG.206010000."""
    await rig.user("frank", PASSWORD)
    assert error_of(await rig.account_login(account, password)) == (401, "USG.206010000", "bad-credential")


async def test_a_disabled_account_is_told_so_only_with_the_right_password(rig: PeopleRig) -> None:
    """412 for a disabled account; who guesses learns nothing."""
    await rig.user("frank", PASSWORD)
    await rig.done("PUT", "/v1/usg/dcs/corp/member/status/1", ["frank"])
    assert error_of(await rig.account_login("frank", PASSWORD))[:2] == (412, "USG.206010007")
    assert error_of(await rig.account_login("frank", "wrong-one-1"))[0] == 401


async def test_guessing_locks_the_account(rig: PeopleRig) -> None:
    """Ten wrong passwords from many addresses lock the account for a minute, for the right password too."""
    await rig.user("frank", PASSWORD)
    for at in range(10):
        async with rig.client(f"198.51.100.{at}") as http:
            assert (await rig.account_login("frank", f"wrong-{at}", http)).status_code == 401
    verified = rig.hasher.verified
    assert error_of(await rig.account_login("FRANK", PASSWORD))[:2] == (423, "USG.206030015")
    assert rig.hasher.verified == verified
    rig.clock.advance(61)
    assert (await rig.account_login("frank", PASSWORD)).status_code == 200


async def test_guessing_locks_the_address(rig: PeopleRig) -> None:
    """Thirty wrong passwords for many accounts lock the address, and no other one."""
    await rig.user("frank", PASSWORD)
    async with rig.client("198.51.100.9") as http:
        for at in range(30):
            assert (await rig.account_login(f"user{at}", "wrong", http)).status_code == 401
        assert error_of(await rig.account_login("frank", PASSWORD, http))[0] == 423
    assert (await rig.account_login("frank", PASSWORD)).status_code == 200


async def test_a_user_of_the_xml_dialect_signs_in_by_jid(rig: PeopleRig) -> None:
    """One table of users: who was made elsewhere signs in with name or name@domain."""
    identifiers = CountedIdentifiers()
    for _ in range(50):
        identifiers.uuid()
    users = Users(rig.store, identifiers, rig.changes)
    await users.create("gina@example.com", UserEdit(name="Gina", password_hash=Secret(f"plain:{PASSWORD}")))
    for account in ("gina", "gina@example.com", "GINA"):
        assert (await rig.account_login(account, PASSWORD)).json()["user"]["name"] == "Gina"


# --- tokens --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "pat-nonsense", "x" * 5000])
async def test_a_bad_token_is_refused(rig: PeopleRig, token: str) -> None:
    """401 with USG.000000004, which makes clients sign in again."""
    assert (await rig.refused("GET", "/v1/usg/dcs/member", token=token))[:2] == (401, "USG.000000004")


async def test_tokens_are_kept_as_hashes_alone(rig: PeopleRig) -> None:
    """Neither the access nor the refresh token stands anywhere in the store."""
    pair = (await rig.app_login()).json()
    assert isinstance(rig.store, MemoryStore)
    kept = repr(vars(rig.store._state))
    for text in (pair["accessToken"], pair["refreshToken"]):
        assert text not in kept
        assert hashlib.sha256(text.encode()).hexdigest() in kept


async def test_tokens_outlive_a_restart(rig: PeopleRig) -> None:
    """A server that starts anew on the same store takes the tokens it gave before."""
    token = await rig.token()
    other = PeopleRig(store=rig.store, clock=rig.clock)
    assert (await other.ask("GET", "/v1/usg/dcs/member", token=token)).status_code == 200
    await other.http.aclose()


async def test_a_token_ends(rig: PeopleRig) -> None:
    """After validPeriod the token is refused, not a second earlier."""
    token = await rig.token()
    rig.clock.advance(57_599)
    assert (await rig.ask("GET", "/v1/usg/dcs/member", token=token)).status_code == 200
    rig.clock.advance(1)
    assert (await rig.refused("GET", "/v1/usg/dcs/member", token=token))[0] == 401


async def test_signing_out_ends_both_tokens(rig: PeopleRig) -> None:
    """DELETE token: neither the access nor the refresh token is worth anything afterwards."""
    pair = (await rig.app_login()).json()
    answer = await rig.ask("DELETE", "/v1/usg/acs/token", token=pair["accessToken"])
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await rig.refused("GET", "/v1/usg/dcs/member", token=pair["accessToken"]))[0] == 401
    assert (await rig.refused("PUT", "/v1/usg/acs/token", token=pair["refreshToken"]))[0] == 401


async def test_refreshing_by_refresh_token(rig: PeopleRig) -> None:
    """It works after the access token has ended, gives a new pair, and works once."""
    pair = (await rig.app_login("alice")).json()
    rig.clock.advance(57_600)
    new = await rig.done("PUT", "/v1/usg/acs/token", token=pair["refreshToken"])
    assert new["user"]["userId"] == pair["user"]["userId"]
    assert (await rig.ask("GET", "/v1/usg/dcs/member", token=new["accessToken"])).status_code == 200
    assert (await rig.refused("PUT", "/v1/usg/acs/token", token=pair["refreshToken"]))[:2] == (401, "USG.000000004")


async def test_refreshing_by_access_token_keeps_it_until_its_end(rig: PeopleRig) -> None:
    """Clients that never look for a new token keep theirs; its refresh token is replaced."""
    pair = (await rig.app_login("alice")).json()
    new = await rig.done("PUT", "/v1/usg/acs/token", token=pair["accessToken"])
    for token in (pair["accessToken"], new["accessToken"]):
        assert (await rig.ask("GET", "/v1/usg/dcs/member", token=token)).status_code == 200
    assert (await rig.refused("PUT", "/v1/usg/acs/token", token=pair["refreshToken"]))[0] == 401


async def test_a_refresh_token_opens_nothing_else(rig: PeopleRig) -> None:
    """A refresh token is no access token."""
    pair = (await rig.app_login()).json()
    assert (await rig.refused("GET", "/v1/usg/dcs/member", token=pair["refreshToken"]))[0] == 401


async def test_sixty_four_sessions_of_a_program_live(rig: PeopleRig) -> None:
    """The 65th login of a user ends the oldest session, and only that one."""
    tokens = [await rig.token("alice") for _ in range(65)]
    alive = [(await rig.ask("GET", "/v1/usg/dcs/member", token=token)).status_code == 200 for token in tokens]
    assert alive == [False] + [True] * 64


async def test_one_session_of_another_kind_of_client_lives(rig: PeopleRig) -> None:
    """A second login of a person's own client ends the first, says so, and touches no program's session."""
    program = await rig.token("alice")
    first = (await rig.app_login("alice", clientType=0)).json()
    second = (await rig.app_login("alice", clientType=0)).json()
    assert (first["forceLoginInd"], second["forceLoginInd"]) == (0, 1)
    assert (await rig.refused("GET", "/v1/usg/dcs/member", token=first["accessToken"]))[0] == 401
    for token in (second["accessToken"], program):
        assert (await rig.ask("GET", "/v1/usg/dcs/member", token=token)).status_code == 200


async def test_validating(rig: PeopleRig) -> None:
    """A live token is answered with its object, with or without the user; a dead one is 401 USG.206020000."""
    token = await rig.token("alice")
    rig.clock.advance(100)
    path = "/v1/usg/acs/token/validate"
    answer = await rig.done("POST", path, {"token": token, "needGenNewToken": False}, token="")
    assert (answer["accessToken"], answer["validPeriod"]) == (token, 57_500)
    assert answer["user"]["thirdAccount"] == "alice"
    bare = {"token": token, "needGenNewToken": "false", "needAccountInfo": "false"}
    assert "user" not in await rig.done("POST", path, bare, token="")
    new = await rig.done("POST", path, {"token": token, "needGenNewToken": True}, token="")
    assert new["accessToken"] != token
    assert (await rig.refused("POST", path, {"token": "gone"}, token=""))[:2] == (401, "USG.206020000")
    assert (await rig.refused("POST", path, {}, token=""))[2] == "token: is missing"


async def test_disabling_ends_sessions_at_once(rig: PeopleRig) -> None:
    """A user who is disabled or deleted cannot go on with a token that was just used."""
    await rig.user("frank", PASSWORD)
    token = (await rig.account_login("frank", PASSWORD)).json()["accessToken"]
    assert (await rig.ask("GET", "/v1/usg/dcs/member", token=token)).status_code == 200
    await rig.done("PUT", "/v1/usg/dcs/corp/member/status/1", ["frank"])
    assert (await rig.refused("GET", "/v1/usg/dcs/member", token=token))[0] == 401
    await rig.done("PUT", "/v1/usg/dcs/corp/member/status/0", ["frank"])
    assert (await rig.ask("GET", "/v1/usg/dcs/member", token=token)).status_code == 200
    await rig.done("POST", "/v1/usg/dcs/corp/member/delete", ["frank"])
    assert (await rig.refused("GET", "/v1/usg/dcs/member", token=token))[0] == 401


async def test_a_nonce_of_the_portal_opens_nothing(rig: PeopleRig) -> None:
    """portal-ref-nonce gives another text each time; there is no portal, so nobody gets in by it anywhere."""
    nonces = [(await rig.done("POST", "/v1/usg/acs/auth/portal-ref-nonce"))["nonce"] for _ in range(2)]
    assert nonces[0] != nonces[1] and min(map(len, nonces)) > 40
    tokens, nonce = rig.people.tokens, nonces[0]
    assert await tokens.actor(nonce) is None and await tokens.refresh(nonce, "192.0.2.1") is None
    assert await tokens.control(nonce) is None and await tokens.take_socket(nonce) is None
    assert (await rig.ask("GET", "/v1/usg/dcs/member", token=nonce)).status_code == 401
    assert (await rig.ask("POST", "/v1/usg/acs/auth/portal-ref-nonce", token=nonce)).status_code == 401


async def test_old_tokens_are_forgotten(rig: PeopleRig) -> None:
    """What has ended does not stay in the store."""
    await rig.token("alice")
    rig.clock.advance(2_592_001)
    await rig.token("bob")
    async with rig.store.reading() as tx:
        kept = (await tx.tokens.page(Query())).items
    assert sorted(token.kind for token in kept) == [TokenKind.ACCESS, TokenKind.REFRESH]


async def test_an_administrator_of_the_server_signs_in_as_the_default_administrator(rig: PeopleRig) -> None:
    """One credential serves both dialects; a wrong password, and the name of another account, do not."""
    async with rig.store.transaction() as tx:
        await tx.save_administrator(Administrator("root", Secret(rig.hasher.hash("of-the-server-1"))))
    assert error_of(await rig.account_login("root", "wrong-one-1"))[0] == 401
    answer = await rig.account_login("root", "of-the-server-1")
    assert answer.status_code == 200
    assert answer.json()["user"]["adminType"] == 0
    async with rig.store.reading() as tx:
        everybody = (await tx.users.page(Query(where={"level": AdministratorLevel.DEFAULT}))).items
    assert len(everybody) == 1


async def test_an_account_is_not_opened_by_the_administrators_password_of_the_same_name(rig: PeopleRig) -> None:
    """Somebody's own account keeps its own password."""
    await rig.user("frank", PASSWORD)
    async with rig.store.transaction() as tx:
        await tx.save_administrator(Administrator("frank", Secret(rig.hasher.hash("of-the-server-1"))))
    assert error_of(await rig.account_login("frank", "of-the-server-1"))[0] == 401

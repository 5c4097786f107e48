"""Signing in to the native API: cookies, bearers, CSRF, fixation, locks, passwords (docs/native-api.md)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.app.ports import Query, StoreUnavailable
from parley.app.sessions import COOKIE, SessionLimits
from parley.app.sign_in import SignInLimits
from parley.core.people import AdministratorLevel
from parley.core.secret import Secret
from tests.doors.cms_rig import NAME
from tests.doors.native_rig import PASSWORD, NativeRig

HOUR = 3600


async def test_signing_in_answers_the_user_and_sets_a_guarded_cookie(native: NativeRig) -> None:
    """HttpOnly, SameSite=Strict, Secure over HTTPS, for the API's paths alone; the body has the CSRF token."""
    ann = await native.person("ann")
    answer = await native.browser().sign_in("ann")
    assert answer.json()["user"] == {
        "id": ann.id,
        "name": "Ann",
        "account": "ann",
        "administrator": False,
        "must_change_password": False,
    }
    assert len(answer.json()["csrf"]) >= 43 and "token" not in answer.json()
    cookie = answer.headers["set-cookie"]
    value, *marks = cookie.split("; ")
    assert value.startswith(f"{COOKIE}=psc") and len(value) > 50
    assert set(marks) == {"Path=/api/parley", "HttpOnly", "SameSite=Strict", "Secure"}


async def test_somebody_signs_in_by_account_or_by_jid(native: NativeRig) -> None:
    """Both sign-in names lead to the same person."""
    ann = await native.person("ann")
    for name in ("ann", "ANN", "ann@example.com"):
        assert (await native.browser().sign_in(name)).json()["user"]["id"] == ann.id


async def test_the_administrator_of_the_server_signs_in_as_the_default_administrator(native: NativeRig) -> None:
    """As for the JSON dialect; removing that administrator ends the session at once."""
    await native.credentials.add_administrator(NAME, "correct horse")
    client = native.browser()
    answer = await client.sign_in(NAME, "correct horse")
    assert answer.json()["user"]["administrator"] is True
    await client.done("GET", "/admin/users")
    await native.credentials.add_administrator("second", "other horse")
    await native.credentials.remove_administrator(NAME)
    assert await client.refused("GET", "/admin/users") == (401, "not-signed-in")


async def test_the_administrator_of_the_server_has_no_password_to_change_here(native: NativeRig) -> None:
    """It is not the user's own."""
    await native.credentials.add_administrator(NAME, "correct horse")
    client = native.browser()
    await client.sign_in(NAME, "correct horse")
    body = {"old": "correct horse", "new": "Quite-Another-9"}
    assert await client.refused("POST", "/session/password", body) == (403, "not-permitted")


async def test_who_is_signed_in_can_be_asked_again(native: NativeRig) -> None:
    """A reloaded page gets the user and the same CSRF token."""
    await native.person("ann")
    client = await native.signed_in("ann")
    again = await client.done("GET", "/session")
    assert again["csrf"] == client.csrf and again["user"]["account"] == "ann"


async def test_nobody_is_signed_in_without_a_session(native: NativeRig) -> None:
    """No cookie, a made-up one and two cookies are nobody's."""
    client = native.browser()
    assert await client.refused("GET", "/session") == (401, "not-signed-in")
    for cookie in (f"{COOKIE}=psc{'x' * 43}", f"{COOKIE}=", f"{COOKIE}=a; {COOKIE}=b", f"{COOKIE}={'x' * 5000}"):
        assert await client.refused("GET", "/session", headers={"Cookie": cookie}) == (401, "not-signed-in")


async def test_wrong_password_and_unknown_account_are_answered_alike(native: NativeRig) -> None:
    """Nothing tells whether an account exists."""
    await native.person("ann")
    one = await native.browser().sign_in("ann", "wrong")
    other = await native.browser().sign_in("nobody", "wrong")
    assert (one.status_code, one.content) == (other.status_code, other.content)
    assert (one.status_code, one.json()["code"]) == (401, "bad-credential")
    assert "set-cookie" not in one.headers


async def test_a_disabled_account_does_not_sign_in_and_its_sessions_end(native: NativeRig) -> None:
    """At once, also where the session was just used."""
    ann = await native.person("ann")
    client = await native.signed_in("ann")
    await client.done("GET", "/spaces")
    root = await native.signed_in()
    await root.done("PATCH", f"/admin/users/{ann.id}", {"enabled": False})
    assert await client.refused("GET", "/spaces") == (401, "not-signed-in")
    assert (await native.browser().sign_in("ann")).json()["code"] == "not-permitted"


# --- fixation and CSRF ------------------------------------------------------------------------------------------


async def test_every_sign_in_has_a_new_id_and_the_old_one_is_dead(native: NativeRig) -> None:
    """A session that was planted in a browser never becomes its user's."""
    await native.person("ann")
    client = await native.signed_in("ann")
    first = client.http.cookies[COOKIE]
    await client.sign_in("ann")
    assert client.http.cookies[COOKIE] != first
    other = native.browser()
    assert await other.refused("GET", "/session", headers={"Cookie": f"{COOKIE}={first}"}) == (401, "not-signed-in")
    planted = "psc" + "p" * 43
    stranger = native.browser()
    stranger.http.cookies.set(COOKIE, planted, domain="meet.example.com")
    answer = await stranger.sign_in("ann")
    assert planted not in answer.headers["set-cookie"]


@pytest.mark.parametrize("token", [None, "", "wrong", "ä"])
async def test_a_change_without_the_csrf_token_changes_nothing(native: NativeRig, token: str | None) -> None:
    """Missing and wrong tokens are refused; reading needs none."""
    client = await native.signed_in()
    client.csrf = ""
    headers = {} if token is None else {"X-CSRF-Token": token.encode()}
    body = {"name": "Sales"}
    assert await client.refused("POST", "/admin/tenants", body, headers=headers) == (403, "csrf")
    assert await client.refused("DELETE", "/session", headers=headers) == (403, "csrf")
    assert (await client.done("GET", "/admin/tenants"))["total"] == 0


async def test_the_csrf_token_of_another_session_does_not_fit(native: NativeRig) -> None:
    """It is bound to its session, even of the same user."""
    one, other = await native.signed_in(), await native.signed_in()
    one.csrf = other.csrf
    assert await one.refused("POST", "/admin/tenants", {"name": "Sales"}) == (403, "csrf")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "https://meet.example.com.evil.example",
        "https://meet.example.com:444",
        "https://[",
    ],
)
async def test_pages_of_other_servers_change_nothing(native: NativeRig, origin: str) -> None:
    """Not even with the right token; nor do they sign anybody in."""
    client = await native.signed_in()
    headers = {"Origin": origin}
    assert await client.refused("POST", "/admin/tenants", {"name": "Sales"}, headers=headers) == (403, "csrf")
    body = {"account": "root", "password": PASSWORD}
    assert await client.refused("POST", "/session", body, headers=headers) == (403, "csrf")


async def test_a_form_of_another_page_is_no_request(native: NativeRig) -> None:
    """Only application/json is read, which no plain form can send."""
    client = native.browser()
    body = {"account": "root", "password": PASSWORD}
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        refused = await client.refused("POST", "/session", body, headers={"Content-Type": kind})
        assert refused == (400, "invalid")


# --- bearers ----------------------------------------------------------------------------------------------------


async def test_a_program_takes_a_bearer_token_and_needs_no_csrf_token(native: NativeRig) -> None:
    """No cookie is set, and it works from anywhere."""
    client = native.browser()
    answer = await client.sign_in("root", bearer=True)
    assert "csrf" not in answer.json() and "set-cookie" not in answer.headers
    await client.done("POST", "/admin/tenants", {"name": "Sales"})
    await client.done("DELETE", "/session")
    assert await client.refused("GET", "/session") == (401, "not-signed-in")


async def test_cookie_and_bearer_do_not_pass_as_each_other(native: NativeRig) -> None:
    """A stolen cookie is no way round the CSRF token, nor a token a cookie."""
    page = await native.signed_in()
    program = await native.signed_in(bearer=True)
    stranger = native.browser()
    bearer = {"Authorization": f"Bearer {page.http.cookies[COOKIE]}"}
    assert await stranger.refused("GET", "/session", headers=bearer) == (401, "not-signed-in")
    cookie = {"Cookie": f"{COOKIE}={program.token}"}
    assert await stranger.refused("GET", "/session", headers=cookie) == (401, "not-signed-in")
    # A wrong bearer is not helped by a good cookie.
    assert await page.refused("GET", "/session", headers={"Authorization": "Bearer x"}) == (401, "not-signed-in")


# --- in the clear -----------------------------------------------------------------------------------------------


async def test_no_cookie_travels_in_the_clear(native: NativeRig) -> None:
    """Over plain HTTP only who sits at this machine gets one, without Secure; a program's token is its own affair."""
    far = native.browser(scheme="http")
    refused = await far.sign_in("root")
    assert (refused.status_code, refused.json()["code"]) == (403, "not-permitted")
    assert "set-cookie" not in refused.headers
    assert (await far.sign_in("root", bearer=True)).status_code == 200


async def test_a_proxy_on_this_machine_speaks_tls_for_us(native: NativeRig) -> None:
    """Under the host name of the settings' HTTPS address the cookie is Secure; under another one it is not."""
    near = native.browser(source="127.0.0.1", scheme="http")
    assert "; Secure" in (await near.sign_in("root")).headers["set-cookie"]
    other = native.browser(source="::1", scheme="http")
    headers = {"Host": "localhost:8080", "Origin": "http://localhost:8080"}
    answer = await other.ask("POST", "/session", {"account": "root", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 200 and "Secure" not in answer.headers["set-cookie"]


# --- guessing ---------------------------------------------------------------------------------------------------


async def test_guessing_is_bounded_per_account_from_everywhere() -> None:
    """The right password is refused too while the account is locked; the lock passes by itself."""
    async with NativeRig(sign_in=SignInLimits(account_wrong=3, source_wrong=100, window=60)) as native:
        for number in range(3):
            answer = await native.browser(source=f"192.0.2.{number}").sign_in("root", "wrong")
            assert answer.status_code == 401
        answer = await native.browser(source="192.0.2.200").sign_in("root")
        assert (answer.status_code, answer.json()["code"]) == (429, "locked")
        native.clock.advance(61)
        assert (await native.browser(source="192.0.2.200").sign_in("root")).status_code == 200


async def test_guessing_is_bounded_per_source_over_all_accounts() -> None:
    """One source tries many accounts."""
    async with NativeRig(sign_in=SignInLimits(account_wrong=100, source_wrong=3, window=60)) as native:
        for number in range(3):
            assert (await native.browser().sign_in(f"user{number}", "wrong")).status_code == 401
        assert (await native.browser().sign_in("root")).json()["code"] == "locked"
        assert (await native.browser(source="192.0.2.78").sign_in("root")).status_code == 200


async def test_guessing_the_old_password_is_bounded_too() -> None:
    """A stolen session does not open the password by trying."""
    async with NativeRig(sign_in=SignInLimits(account_wrong=3, window=60)) as native:
        client = await native.signed_in()
        body = {"old": "wrong", "new": "Quite-Another-9"}
        for _ in range(3):
            assert await client.refused("POST", "/session/password", body) == (401, "bad-credential")
        assert await client.refused("POST", "/session/password", body) == (429, "locked")


# --- passwords --------------------------------------------------------------------------------------------------


async def test_a_changed_password_ends_all_sessions_and_begins_a_new_one(native: NativeRig) -> None:
    """The page that changed it goes on with a new id and a new CSRF token."""
    await native.person("ann")
    here, there = await native.signed_in("ann"), await native.signed_in("ann")
    before, csrf = here.http.cookies[COOKIE], here.csrf
    answer = await here.done("POST", "/session/password", {"old": PASSWORD, "new": "Quite-Another-9"})
    assert here.http.cookies[COOKIE] != before and answer["csrf"] != csrf
    here.csrf = answer["csrf"]
    await here.done("GET", "/spaces")
    assert await there.refused("GET", "/spaces") == (401, "not-signed-in")
    old = {"Cookie": f"{COOKIE}={before}"}
    assert await native.browser().refused("GET", "/session", headers=old) == (401, "not-signed-in")
    assert (await native.browser().sign_in("ann")).status_code == 401
    assert (await native.browser().sign_in("ann", "Quite-Another-9")).status_code == 200


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (PASSWORD, "password-unchanged"),
        ("short", "password-length"),
        ("ann-Correct-7", "password-account"),
        ("onlyletters", "password-classes"),
    ],
)
async def test_a_new_password_keeps_the_rules(native: NativeRig, new: str, code: str) -> None:
    """What is wrong has a code of its own, and the old password goes on."""
    await native.person("ann")
    client = await native.signed_in("ann")
    assert await client.refused("POST", "/session/password", {"old": PASSWORD, "new": new}) == (400, code)
    await client.done("GET", "/spaces")


async def test_a_first_password_must_be_changed_before_anything_else(native: NativeRig) -> None:
    """Everything but the session answers so; afterwards everything is open."""
    await native.person("ann", must_change=True)
    client = await native.signed_in("ann")
    assert (await client.done("GET", "/session"))["user"]["must_change_password"] is True
    for path in ("/spaces", "/spaces/x", "/admin/users"):
        assert await client.refused("GET", path) == (403, "password-change-needed")
    answer = await client.done("POST", "/session/password", {"old": PASSWORD, "new": "Quite-Another-9"})
    assert answer["user"]["must_change_password"] is False
    assert (await client.done("GET", "/spaces"))["total"] == 0


async def test_a_password_changed_past_this_server_ends_the_session(native: NativeRig) -> None:
    """A session is good for the password it came by alone, whoever changes that in the store."""
    ann = await native.person("ann")
    client = await native.signed_in("ann")
    async with native.store.transaction() as tx:
        await tx.users.save(replace(ann, password_hash=Secret("plain:other")))
    native.clock.advance(10)  # what was resolved lately is remembered for a moment
    assert await client.refused("GET", "/session") == (401, "not-signed-in")


# --- lifetimes --------------------------------------------------------------------------------------------------


async def test_a_session_ends_when_nobody_uses_it() -> None:
    """Use moves the end, until the whole life is over."""
    async with NativeRig(limits=SessionLimits(idle=2 * HOUR, life=5 * HOUR)) as native:
        used, idle = await native.signed_in(), await native.signed_in()
        for _ in range(3):
            native.clock.advance(1.5 * HOUR)
            await used.done("GET", "/session")
        assert await idle.refused("GET", "/session") == (401, "not-signed-in")
        native.clock.advance(0.6 * HOUR)  # 5.1 hours after the sign-in, half an hour after the last use
        assert await used.refused("GET", "/session") == (401, "not-signed-in")


async def test_the_oldest_session_goes_when_somebody_has_too_many() -> None:
    """Others than the user's own are not touched."""
    async with NativeRig(limits=SessionLimits(per_user=2)) as native:
        await native.person("ann")
        ann = await native.signed_in("ann")
        clients = []
        for _ in range(3):
            clients.append(await native.signed_in())
            native.clock.advance(1)
        assert await clients[0].refused("GET", "/session") == (401, "not-signed-in")
        for client in (*clients[1:], ann):
            await client.done("GET", "/session")


async def test_signing_out_ends_the_session_at_once(native: NativeRig) -> None:
    """The cookie is taken back, and would not help any more."""
    client = await native.signed_in()
    text = client.http.cookies[COOKIE]
    await client.done("DELETE", "/session")
    assert COOKIE not in client.http.cookies
    refused = await native.browser().refused("GET", "/session", headers={"Cookie": f"{COOKIE}={text}"})
    assert refused == (401, "not-signed-in")


async def test_the_store_keeps_no_session_text(native_on_disk: NativeRig) -> None:
    """A copy of the database opens nothing; a session survives a restart of the server."""
    client = await native_on_disk.signed_in()
    text = client.http.cookies[COOKIE]
    async with native_on_disk.store.reading() as tx:
        (root,) = (await tx.users.page(Query(where={"account": "root"}))).items
        tokens = await tx.tokens.of_user(root.id)
    assert len(tokens) == 1 and text not in repr(tokens) and client.csrf not in repr(tokens)
    restarted = NativeRig(store=native_on_disk.store)
    found = await restarted.sessions.resolve(text)
    assert found is not None and found.user.id == root.id


# --- who may ask what -------------------------------------------------------------------------------------------


async def test_the_server_says_what_everybody_may_know(native: NativeRig) -> None:
    """Without signing in."""
    assert await native.browser().done("GET", "/server") == {
        "version": "1.2.3",
        "languages": ["en", "zh", "pt"],
        "domain": "example.com",
        "access_number": "9000",
    }


async def test_every_operation_of_administrators_is_closed_to_others(native: NativeRig) -> None:
    """Members and administrators of tenants are told so, strangers are asked to sign in."""
    await native.person("ann")
    await native.person("boss", tenant=await native.tenant(), level=AdministratorLevel.ADMINISTRATOR)
    ann, boss, stranger = await native.signed_in("ann"), await native.signed_in("boss"), native.browser()
    tried = 0
    for route in native.routes:
        if not route.path.startswith("/admin/"):
            continue
        path = route.path.replace("{", "").replace("}", "")
        for client in (ann, boss):
            assert await client.refused(route.method, path, {}) == (403, "not-permitted"), route
        assert await stranger.refused(route.method, path, {}) == (401, "not-signed-in"), route
        tried += 1
    assert tried > 40


async def test_a_database_that_cannot_be_used_is_a_503(native: NativeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was changed, and asking again makes sense in some seconds."""

    def unusable() -> None:
        raise StoreUnavailable("database is locked")

    ann = await native.person("ann")
    client = native.browser()
    with monkeypatch.context() as patch:
        for way in ("transaction", "reading"):
            patch.setattr(native.store, way, unusable)
        answer = await client.sign_in("ann")
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "5")
    assert (await client.sign_in("ann")).json()["user"]["id"] == ann.id

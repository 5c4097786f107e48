"""Users, tenants, spaces and profiles through the API, as administrators of the installation keep them."""

from __future__ import annotations

from typing import Any

import pytest

from parley.core.people import AdministratorLevel
from tests.doors.native_rig import PASSWORD, NativeRig

NOBODY = "00000000-0000-0000-0000-000000000000"
TEMPORARY = "For-Once-1"


# --- users ------------------------------------------------------------------------------------------------------


async def test_a_user_is_made_changed_and_deleted(native: NativeRig) -> None:
    """By account: the jid follows from it."""
    root = await native.signed_in()
    tenant = (await root.done("POST", "/admin/tenants", {"name": "Sales"}))["id"]
    body = {"account": "Ann", "name": "Ann A.", "email": "ann@mail.example", "tenant": tenant}
    made = await root.done("POST", "/admin/users", body)
    assert made == {
        "id": made["id"],
        "name": "Ann A.",
        "account": "ann",
        "jid": "ann@example.com",
        "email": "ann@mail.example",
        "tenant": tenant,
        "enabled": True,
        "administrator": False,
        "must_change_password": False,
    }
    assert await root.done("GET", f"/admin/users/{made['id']}") == made
    change = {"name": "Ann B.", "email": "", "tenant": None, "jid": "ann@other.example", "account": "anna"}
    changed = await root.done("PATCH", f"/admin/users/{made['id']}", change)
    assert changed == {**made, **change}
    listed = await root.done("GET", "/admin/users?search=ann")
    assert listed == {"users": [changed], "total": 1}
    await root.done("DELETE", f"/admin/users/{made['id']}")
    assert await root.refused("GET", f"/admin/users/{made['id']}") == (404, "not-found")


async def test_a_user_may_have_a_jid_alone(native: NativeRig) -> None:
    """As those that the command line makes; he signs in by it."""
    root = await native.signed_in()
    body = {"jid": "Eve@Elsewhere.example", "password": TEMPORARY, "must_change_password": False}
    made = await root.done("POST", "/admin/users", body)
    assert (made["jid"], made["account"]) == ("eve@elsewhere.example", None)
    eve = await native.signed_in("eve@elsewhere.example", TEMPORARY)
    assert (await eve.done("GET", "/session"))["user"]["account"] == "eve@elsewhere.example"


async def test_a_password_given_by_an_administrator_is_for_the_first_sign_in(native: NativeRig) -> None:
    """It never comes out again, and must be changed."""
    root = await native.signed_in()
    answer = await root.ask("POST", "/admin/users", {"account": "ann", "password": TEMPORARY})
    assert TEMPORARY not in answer.text and "password_hash" not in answer.text
    assert answer.json()["must_change_password"] is True
    ann = await native.signed_in("ann", TEMPORARY)
    assert await ann.refused("GET", "/spaces") == (403, "password-change-needed")


async def test_a_new_password_by_an_administrator_ends_the_sessions(native: NativeRig) -> None:
    """And it keeps the rules."""
    user = await native.person("ann")
    ann, root = await native.signed_in("ann"), await native.signed_in()
    path = f"/admin/users/{user.id}"
    assert await root.refused("PATCH", path, {"password": "short"}) == (400, "password-length")
    await ann.done("GET", "/spaces")
    await root.done("PATCH", path, {"password": TEMPORARY})
    assert await ann.refused("GET", "/spaces") == (401, "not-signed-in")
    assert (await native.browser().sign_in("ann", PASSWORD)).status_code == 401
    assert (await native.browser().sign_in("ann", TEMPORARY)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 400, "invalid", "account"),
        ({"account": "root"}, 409, "duplicate", "account"),
        ({"account": "root@example.com"}, 400, "invalid", "account"),
        ({"account": "a b"}, 400, "invalid", "account"),
        ({"jid": "no-domain"}, 400, "invalid", "jid"),
        ({"jid": "root@example.com"}, 409, "duplicate", "jid"),
        ({"account": "x", "email": "nowhere"}, 400, "invalid", "email"),
        ({"account": "x", "tenant": NOBODY}, 400, "invalid", "tenant"),
        ({"account": "x", "enabled": 1}, 400, "invalid", "enabled"),
        ({"account": "x", "password": "x" * 2000}, 400, "invalid", "password"),
        ({"account": "x", "password": "xyzzy-X-1" * 4}, 400, "password-length", "password"),
        ({"account": "x", "administrator": True}, 400, "invalid", "administrator"),
    ],
)
async def test_a_bad_user_is_not_made(
    native: NativeRig, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    """The answer names the member at fault, and never repeats a password."""
    root = await native.signed_in()
    before = (await root.done("GET", "/admin/users"))["total"]
    answer = await root.ask("POST", "/admin/users", body)
    assert (answer.status_code, answer.json()["code"], answer.json().get("field")) == (status, code, field)
    assert str(body.get("password", "none sent")) not in answer.text
    assert (await root.done("GET", "/admin/users"))["total"] == before


async def test_administrators_do_not_lock_each_other_out(native: NativeRig) -> None:
    """Nobody disables, moves or deletes himself or the default administrator, or resets an administrator's password."""
    other = await native.person("other", level=AdministratorLevel.ADMINISTRATOR)
    root = await native.signed_in()
    users = {user["account"]: user["id"] for user in (await root.done("GET", "/admin/users"))["users"]}
    tenant = await native.tenant()
    for account in ("admin", "root", "other"):
        path = f"/admin/users/{users[account]}"
        for change in ({"enabled": False}, {"tenant": tenant}, {"password": TEMPORARY}):
            assert await root.refused("PATCH", path, change) == (403, "not-permitted"), (account, change)
        assert await root.refused("DELETE", path) == (403, "not-permitted")
    assert await root.refused("PATCH", f"/admin/users/{users['admin']}", {"name": "x"}) == (403, "not-permitted")
    await root.done("PATCH", f"/admin/users/{other.id}", {"name": "Colleague"})


# --- tenants ----------------------------------------------------------------------------------------------------


async def test_a_tenant_is_made_changed_and_deleted(native: NativeRig) -> None:
    """One that still owns something stays."""
    root = await native.signed_in()
    profile = (await root.done("POST", "/admin/leg-profiles", {"name": "guests"}))["id"]
    made = await root.done("POST", "/admin/tenants", {"name": "Sales", "participant_limit": 5})
    assert made == {
        "id": made["id"], "name": "Sales", "participant_limit": 5, "leg_profile": None, "call_profile": None,
    }  # fmt: skip
    path = f"/admin/tenants/{made['id']}"
    changed = await root.done("PATCH", path, {"participant_limit": None, "leg_profile": profile})
    assert changed == {**made, "participant_limit": None, "leg_profile": profile}
    assert await root.done("GET", path) == changed
    space = (await root.done("POST", "/admin/spaces", {"tenant": made["id"]}))["id"]
    assert await root.refused("DELETE", path) == (409, "in-use")
    await root.done("DELETE", f"/admin/spaces/{space}")
    await root.done("DELETE", path)
    assert await root.done("GET", "/admin/tenants") == {"tenants": [], "total": 0}


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "x", "participant_limit": -1}, {"name": "x", "leg_profile": NOBODY}]
)
async def test_a_bad_tenant_is_not_made(native: NativeRig, body: dict[str, Any]) -> None:
    """A name is needed, a limit is no negative number, a profile exists."""
    root = await native.signed_in()
    assert await root.refused("POST", "/admin/tenants", body) == (400, "invalid")
    assert (await root.done("GET", "/admin/tenants"))["total"] == 0


# --- spaces -----------------------------------------------------------------------------------------------------


async def test_a_space_is_made_changed_and_deleted(native: NativeRig) -> None:
    """The owner is a user's id; null and empty text clear."""
    owner = await native.person("ann")
    root = await native.signed_in()
    body = {"name": "Global", "uri": "Global", "call_id": "1234", "passcode": "13579", "owner": owner.id}
    made = await root.done("POST", "/admin/spaces", body)
    expected = {**body, "uri": "global", "tenant": None, "leg_profile": None, "call_profile": None}
    assert made == {"id": made["id"], **expected, "non_member_access": True}
    path = f"/admin/spaces/{made['id']}"
    change = {"uri": "", "call_id": None, "passcode": "", "owner": None, "name": None, "non_member_access": False}
    changed = await root.done("PATCH", path, change)
    cleared = {"uri": None, "passcode": None, "name": ""}
    assert changed == {**made, **change, **cleared}
    assert await root.done("GET", "/admin/spaces") == {"spaces": [changed], "total": 1}
    await root.done("DELETE", path)
    assert await root.refused("DELETE", path) == (404, "not-found")


async def test_references_of_a_space_must_exist(native: NativeRig) -> None:
    """The member that names nothing is told."""
    root = await native.signed_in()
    for field in ("owner", "tenant", "leg_profile", "call_profile"):
        answer = await root.ask("POST", "/admin/spaces", {field: NOBODY})
        assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert (await root.done("GET", "/admin/spaces"))["total"] == 0


async def test_ways_into_a_space(native: NativeRig) -> None:
    """The own one is listed with the others, and changed as the space is."""
    root = await native.signed_in()
    space = (await root.done("POST", "/admin/spaces", {"uri": "global", "call_id": "1234"}))["id"]
    base = f"/admin/spaces/{space}/access-methods"
    body = {"name": "Host", "uri": "global", "call_id": "1234", "passcode": "13579"}
    made = await root.done("POST", base, body)
    assert made == {"id": made["id"], **body, "leg_profile": None, "own": False}
    listed = await root.done("GET", base)
    assert listed["total"] == 2 and [method["own"] for method in listed["access_methods"]] == [True, False]
    own = listed["access_methods"][0]
    assert await root.done("GET", f"{base}/{own['id']}") == own
    assert await root.refused("PATCH", f"{base}/{own['id']}", {"uri": "x"}) == (403, "not-permitted")
    assert await root.refused("DELETE", f"{base}/{own['id']}") == (403, "not-permitted")
    assert await root.refused("PATCH", f"{base}/{made['id']}", {"passcode": None}) == (409, "duplicate")
    assert (await root.done("PATCH", f"{base}/{made['id']}", {"passcode": "2"}))["passcode"] == "2"
    other = (await root.done("POST", "/admin/spaces", {"uri": "other"}))["id"]
    crossed = f"/admin/spaces/{other}/access-methods/{made['id']}"
    for method in ("GET", "DELETE"):
        assert await root.refused(method, crossed) == (404, "not-found")
    await root.done("DELETE", f"{base}/{made['id']}")
    assert (await root.done("GET", base))["total"] == 1


async def test_members_of_a_space(native: NativeRig) -> None:
    """By id or by account, with a profile and rights."""
    ann, bob = await native.person("ann"), await native.person("bob")
    root = await native.signed_in()
    host = (await root.done("POST", "/admin/leg-profiles", {"name": "host"}))["id"]
    space = (await root.done("POST", "/admin/spaces", {"name": "Global"}))["id"]
    base = f"/admin/spaces/{space}/members"
    made = await root.done("POST", base, {"user": ann.id, "leg_profile": host, "rights": {"destroy": True}})
    assert (made["user"], made["account"], made["name"], made["leg_profile"]) == (ann.id, "ann", "Ann", host)
    assert made["rights"]["destroy"] and made["rights"]["change_non_member_access"]
    assert not made["rights"]["change_name"]
    assert (await root.done("POST", base, {"account": "bob@example.com"}))["user"] == bob.id
    changed = await root.done("PATCH", f"{base}/{made['id']}", {"leg_profile": None, "rights": {"change_name": True}})
    assert changed["leg_profile"] is None and changed["rights"]["destroy"] and changed["rights"]["change_name"]
    assert (await root.done("GET", base))["total"] == 2
    assert await root.done("GET", f"{base}/{made['id']}") == changed
    assert await root.refused("POST", base, {"user": ann.id}) == (409, "duplicate")
    for body, field in (({}, "user"), ({"user": NOBODY}, "user"), ({"account": "nobody"}, "account")):
        answer = await root.ask("POST", base, body)
        assert (answer.status_code, answer.json()["field"]) == (400, field)
    await root.done("DELETE", f"{base}/{made['id']}")
    assert await root.refused("DELETE", f"{base}/{made['id']}") == (404, "not-found")


async def test_settings_say_which_layer_each_value_comes_from(native: NativeRig) -> None:
    """System, tenant, space and access method, with the profile; what nobody set is a default."""
    root = await native.signed_in()

    async def profile(**settings: Any) -> str:
        return str((await root.done("POST", "/admin/leg-profiles", {"settings": settings}))["id"])

    of_tenant = await profile(needs_activation=False, deactivation_delay=7)
    of_space, of_door = await profile(needs_activation=True, rx_audio_mute=True), await profile(needs_activation=False)
    call = (await root.done("POST", "/admin/call-profiles", {"settings": {"lock_mode": "needs-activation"}}))["id"]
    tenant = (await root.done("POST", "/admin/tenants", {"name": "Sales", "leg_profile": of_tenant}))["id"]
    body = {"uri": "global", "tenant": tenant, "leg_profile": of_space, "call_profile": call}
    space = (await root.done("POST", "/admin/spaces", body))["id"]
    host = {"name": "Host", "uri": "global", "passcode": "1", "leg_profile": of_door}
    door = (await root.done("POST", f"/admin/spaces/{space}/access-methods", host))["id"]
    found = await root.done("GET", f"/admin/spaces/{space}/settings")
    own, second = found["doors"]
    assert (second["access_method"], second["name"]) == (door, "Host")
    assert own["settings"]["needs_activation"] == {"value": True, "layer": "space", "profile": of_space}
    assert second["settings"]["needs_activation"] == {"value": False, "layer": "access-method", "profile": of_door}
    assert second["settings"]["rx_audio_mute"] == {"value": True, "layer": "space", "profile": of_space}
    assert own["settings"]["deactivation_delay"] == {"value": 7, "layer": "tenant", "profile": of_tenant}
    assert own["settings"]["deactivation_mode"] == {"value": "deactivate", "layer": "default", "profile": None}
    assert found["call"]["lock_mode"] == {"value": "needs-activation", "layer": "space", "profile": call}
    assert found["call"]["participant_limit"] == {"value": None, "layer": "default", "profile": None}


# --- profiles ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "value"), [("leg", "deactivation_mode", "disconnect"), ("call", "lock_mode", "needs-activation")]
)
async def test_a_profile_is_made_changed_and_deleted(native: NativeRig, kind: str, name: str, value: str) -> None:
    """Both kinds have a name; null unsets a value, and what is not named stays."""
    root = await native.signed_in()
    base = f"/admin/{kind}-profiles"
    made = await root.done("POST", base, {"name": "Guests", "settings": {name: value}})
    assert made["name"] == "Guests" and made["settings"][name] == value
    assert {v for k, v in made["settings"].items() if k != name} == {None}
    path = f"{base}/{made['id']}"
    assert await root.done("PATCH", path, {"name": "Others"}) == {**made, "name": "Others"}
    assert (await root.done("PATCH", path, {"settings": {name: None}}))["settings"][name] is None
    listed = await root.done("GET", base)
    assert listed["total"] == 1 and listed[f"{kind}_profiles"][0]["id"] == made["id"]
    for bad in ({name: "sometimes"}, {"unknown": 1}, {name: 1}):
        assert await root.refused("PATCH", path, {"settings": bad}) == (400, "invalid")
    await root.done("DELETE", path)
    assert await root.refused("GET", path) == (404, "not-found")


async def test_a_changed_profile_reaches_who_is_live(native: NativeRig) -> None:
    """A guest in a meeting is muted by his profile."""
    root = await native.signed_in()
    profile = (await root.done("POST", "/admin/leg-profiles", {}))["id"]
    await root.done("POST", "/admin/spaces", {"uri": "global", "leg_profile": profile})
    leg = (await native.call("global")).id
    await root.done("PATCH", f"/admin/leg-profiles/{profile}", {"settings": {"rx_audio_mute": True}})
    await native.settle()
    live = native.directory.leg(leg)
    assert live is not None and live.view is not None and live.view.effective.settings.rx_audio_mute


async def test_administration_on_the_real_store(native_on_disk: NativeRig) -> None:
    """Users, spaces and members, found again."""
    native = native_on_disk
    root = await native.signed_in()
    user = await root.done("POST", "/admin/users", {"account": "ann", "password": TEMPORARY})
    space = await root.done("POST", "/admin/spaces", {"name": "Global", "passcode": "13579", "owner": user["id"]})
    await root.done("POST", f"/admin/spaces/{space['id']}/members", {"user": user["id"], "rights": {"destroy": True}})
    assert (await root.done("GET", "/admin/spaces?search=glob"))["spaces"] == [space]
    assert (await root.done("GET", f"/admin/spaces/{space['id']}/settings"))["doors"]
    changed = await root.done("PATCH", f"/admin/users/{user['id']}", {"account": "anna", "password": "Another-2-Go"})
    assert changed["account"] == "anna"
    await root.done("DELETE", f"/admin/users/{user['id']}")
    assert (await root.done("GET", f"/admin/spaces/{space['id']}"))["owner"] is None

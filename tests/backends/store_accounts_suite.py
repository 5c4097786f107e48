"""Profiles in use, the system's defaults, administrators and applications."""

from __future__ import annotations

import pytest

from parley.app.ports import ProfileUse, Store
from parley.core.ids import LegProfileId
from parley.core.people import Administrator, Application, SystemDefaults, Tenant
from parley.core.profiles import LegProfile
from parley.core.secret import Secret
from tests.backends.store_samples import (
    CALL,
    CALL_OUT,
    CONFERENCE_DEFAULTS,
    EXTRAS,
    HOUR,
    LEG,
    TENANT,
    T,
    fill,
    member,
    method,
    space,
)


class AccountsSuite:
    async def test_uses_of_a_profile_name_every_place(self, store: Store) -> None:
        """System, tenants, spaces, access methods and members, with the space of the last two."""
        other = LegProfileId("leg-2")
        await fill(store, Tenant(TENANT, "t", LEG, CALL), space(1, leg_profile=LEG, call_profile=CALL), space(2))
        await fill(store, method("a1", "s2", leg_profile=LEG), method("a2", leg_profile=other))
        await fill(store, member("m1", "s1", leg_profile=LEG), member("m2", user="u2"))
        async with store.transaction() as transaction:
            await transaction.save_system_defaults(SystemDefaults(LEG, CALL))
        async with store.reading() as reading:
            assert await reading.leg_profile_uses(LEG) == [
                ProfileUse("system"),
                ProfileUse("tenant", TENANT),
                ProfileUse("space", "s1"),
                ProfileUse("access-method", "a1", "s2"),
                ProfileUse("member", "m1", "s1"),
            ]
            assert await reading.leg_profile_uses(other) == [ProfileUse("access-method", "a2", "s1")]
            assert await reading.call_profile_uses(CALL) == [
                ProfileUse("system"),
                ProfileUse("tenant", TENANT),
                ProfileUse("space", "s1"),
            ]
            assert await reading.leg_profile_uses("absent") == []
            assert await reading.used_leg_profiles() == {LEG, other}
            assert await reading.used_call_profiles() == {CALL}

    async def test_nothing_is_used_in_an_empty_store(self, store: Store) -> None:
        """Unset attributes are no use."""
        await fill(store, space(1), method("a1"), member("m1"), Tenant(TENANT, "t"))
        async with store.transaction() as transaction:
            await transaction.save_system_defaults(SystemDefaults())
        async with store.reading() as reading:
            assert await reading.used_leg_profiles() == set()
            assert await reading.used_call_profiles() == set()

    async def test_deleting_a_profile_leaves_its_users(self, store: Store) -> None:
        """Only the space cascades: who may delete a profile in use is the use case's question."""
        await fill(store, LegProfile(LEG), space(1, leg_profile=LEG))
        async with store.transaction() as transaction:
            await transaction.leg_profiles.delete(LEG)
        async with store.reading() as reading:
            kept = await reading.spaces.get("s1")
        assert kept is not None
        assert kept.leg_profile == LEG

    async def test_system_defaults_are_empty_then_as_saved(self, store: Store) -> None:
        """The last saved defaults hold, each save replacing the whole."""
        first = SystemDefaults(LEG, CALL, EXTRAS)
        last = SystemDefaults(None, CALL, EXTRAS, CONFERENCE_DEFAULTS, CALL_OUT)
        async with store.transaction() as transaction:
            assert await transaction.system_defaults() == SystemDefaults()
            await transaction.save_system_defaults(last)
            await transaction.save_system_defaults(first)
            assert await transaction.system_defaults() == first
            await transaction.save_system_defaults(last)
        async with store.reading() as reading:
            assert await reading.system_defaults() == last

    async def test_administrators_are_kept_by_name(self, store: Store) -> None:
        """Names are case-sensitive, saving replaces, deleting takes one, the order is that of adding."""
        async with store.transaction() as transaction:
            await transaction.save_administrator(Administrator("root", Secret("1")))
            await transaction.save_administrator(Administrator("Root", Secret("2")))
            await transaction.save_administrator(Administrator("anna", Secret("3")))
            await transaction.save_administrator(Administrator("root", Secret("4")))
            await transaction.delete_administrator("anna")
            await transaction.delete_administrator("absent")
        async with store.reading() as reading:
            assert await reading.administrator("root") == Administrator("root", Secret("4"))
            assert await reading.administrator("ROOT") is None
            assert await reading.administrators() == [
                Administrator("root", Secret("4")),
                Administrator("Root", Secret("2")),
            ]

    async def test_applications_are_kept_by_id(self, store: Store) -> None:
        """Every attribute comes back, the key in the clear; saving replaces; the order is that of adding."""
        bare = Application("other", Secret("x"))
        full = Application("app", Secret("schlüssel"), "Portal", "Books", False, TENANT, T, T + HOUR)
        async with store.transaction() as transaction:
            await transaction.save_application(Application("app", Secret("first")))
            await transaction.save_application(bare)
            await transaction.save_application(full)
        async with store.reading() as reading:
            assert await reading.application("app") == full
            assert await reading.application("other") == bare
            assert await reading.application("absent") is None
            assert await reading.applications() == [full, bare]

    async def test_a_deleted_application_is_gone_alone(self, store: Store) -> None:
        """Deleting takes one, and deleting it again changes nothing; readers cannot."""
        async with store.transaction() as transaction:
            await transaction.save_application(Application("app", Secret("1")))
            await transaction.save_application(Application("other", Secret("2")))
            await transaction.delete_application("app")
            await transaction.delete_application("app")
        async with store.reading() as reading:
            assert await reading.application("app") is None
            assert await reading.applications() == [Application("other", Secret("2"))]
            with pytest.raises(RuntimeError):
                await reading.delete_application("other")

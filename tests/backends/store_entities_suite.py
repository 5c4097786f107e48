"""One entity of every collection: added, saved, deleted, and found by what callers dial."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from parley.app.ports import Query, Store
from parley.core.ids import TenantId
from parley.core.people import Department
from parley.core.profiles import LegProfile
from parley.core.secret import Secret
from tests.backends.store_samples import (
    BARE,
    COLLECTIONS,
    FULL,
    LEG,
    OWNERS,
    TENANT,
    fill,
    ids,
    member,
    method,
    space,
    user,
)

# What a changed entity needs to be none other's double.
OTHERWISE = {
    "users": {"jid": "changed@a.example"},
    "departments": {"code": "changed"},
    "devices": {"username": "changed"},
}


class EntitiesSuite:
    @pytest.mark.parametrize("collection", COLLECTIONS)
    async def test_an_entity_comes_back_as_it_was_added(self, store: Store, collection: str) -> None:
        """Every attribute of every collection survives storing, filled and unset."""
        await fill(store, *OWNERS, FULL[collection], BARE[collection])
        async with store.reading() as reading:
            repository = getattr(reading, collection)
            assert await repository.get("full") == FULL[collection]
            assert await repository.get("bare") == BARE[collection]
            assert await repository.get("absent") is None

    @pytest.mark.parametrize("collection", COLLECTIONS)
    async def test_saving_replaces_every_attribute_and_keeps_the_order(self, store: Store, collection: str) -> None:
        """A saved entity is the new one in all its attributes, at its old place."""
        await fill(store, *OWNERS, FULL[collection], BARE[collection])
        changed = replace(BARE[collection], id="full")
        if collection in OTHERWISE:
            changed = replace(changed, **OTHERWISE[collection])
        async with store.transaction() as transaction:
            await getattr(transaction, collection).save(changed)
        async with store.reading() as reading:
            page = await getattr(reading, collection).page(Query(among=("full", "bare")))
            assert page.items == (changed, BARE[collection])

    @pytest.mark.parametrize("collection", COLLECTIONS)
    async def test_saving_what_is_not_there_is_refused(self, store: Store, collection: str) -> None:
        """Saving an unknown id raises LookupError and adds nothing."""
        await fill(store, *OWNERS)
        with pytest.raises(LookupError):
            async with store.transaction() as transaction:
                await getattr(transaction, collection).save(FULL[collection])
        async with store.reading() as reading:
            assert await getattr(reading, collection).get("full") is None

    @pytest.mark.parametrize("collection", COLLECTIONS)
    async def test_a_deleted_entity_is_gone_alone(self, store: Store, collection: str) -> None:
        """Deleting takes one entity, and deleting it again changes nothing."""
        await fill(store, *OWNERS, FULL[collection], BARE[collection])
        for _ in range(2):
            async with store.transaction() as transaction:
                await getattr(transaction, collection).delete("full")
        async with store.reading() as reading:
            repository = getattr(reading, collection)
            assert await repository.get("full") is None
            assert await repository.get("bare") == BARE[collection]

    @pytest.mark.parametrize("collection", COLLECTIONS)
    async def test_an_id_is_taken_once(self, store: Store, collection: str) -> None:
        """Adding an id again raises ValueError and leaves the first."""
        await fill(store, *OWNERS, FULL[collection])
        with pytest.raises(ValueError):
            await fill(store, replace(BARE[collection], id="full"))
        async with store.reading() as reading:
            assert await getattr(reading, collection).get("full") == FULL[collection]

    @pytest.mark.parametrize("collection", ["live_legs", "live_meetings"])
    async def test_what_is_live_comes_and_goes_many_at_a_time(self, store: Store, collection: str) -> None:
        """Each as it was added, none where none is given, and of those that go only the ones named; an id once."""
        both = [FULL[collection], BARE[collection]]
        for entities in (both, []):
            async with store.transaction() as transaction:
                await getattr(transaction, collection).add_all(entities)
        async with store.reading() as reading:
            assert (await getattr(reading, collection).page(Query())).items == tuple(both)
        with pytest.raises(ValueError):
            async with store.transaction() as transaction:
                await getattr(transaction, collection).add_all([replace(BARE[collection], id="new"), both[0]])
        for gone in (["full", "absent"], []):
            async with store.transaction() as transaction:
                await getattr(transaction, collection).delete_all(gone)
        async with store.reading() as reading:
            assert (await getattr(reading, collection).page(Query())).items == (BARE[collection],)

    async def test_a_jid_is_taken_once(self, store: Store) -> None:
        """Two users cannot have the same sign-in name, by adding or by saving."""
        await fill(store, user(1, "one@a.example"), user(2, "two@a.example"))
        with pytest.raises(ValueError):
            await fill(store, user(3, "one@a.example"))
        with pytest.raises(ValueError):
            async with store.transaction() as transaction:
                await transaction.users.save(user(2, "one@a.example"))

    async def test_an_account_is_taken_once(self, store: Store) -> None:
        """In all tenants together, by adding or by saving; who has none is in nobody's way."""
        await fill(store, user(1, "1@a", account="ann", tenant=TENANT), user(2, "2@a"), user(3, "3@a"))
        with pytest.raises(ValueError):
            await fill(store, user(4, "4@a", account="ann"))
        with pytest.raises(ValueError):
            async with store.transaction() as transaction:
                await transaction.users.save(user(2, "2@a", account="ann"))
        async with store.transaction() as transaction:
            await transaction.users.save(user(1, "1@a", account="ann", name="Ann"))

    @pytest.mark.parametrize("tenant", [None, TENANT])
    async def test_a_third_account_is_taken_once_in_a_tenant(self, store: Store, tenant: TenantId | None) -> None:
        """No tenant is a tenant of its own here; another tenant may use the same name; unset ones do not count."""
        await fill(store, user(1, "1@a", third_account="ann", tenant=tenant), user(2, "2@a", tenant=tenant))
        await fill(store, user(3, "3@a", third_account="ann", tenant=TenantId("t2")), user(4, "4@a", tenant=tenant))
        with pytest.raises(ValueError):
            await fill(store, user(5, "5@a", third_account="ann", tenant=tenant))
        with pytest.raises(ValueError):
            async with store.transaction() as transaction:
                await transaction.users.save(user(2, "2@a", third_account="ann", tenant=tenant))

    async def test_a_number_may_be_shared(self, store: Store) -> None:
        """Whom a number rings is the use cases' question."""
        await fill(store, user(1, "1@a", number="8001"), user(2, "2@a", number="8001"))
        async with store.reading() as reading:
            assert ids((await reading.users.page(Query(where={"number": "8001"}))).items) == ["u1", "u2"]

    @pytest.mark.parametrize("tenant", [None, TENANT])
    async def test_a_department_code_is_taken_once_in_a_tenant(self, store: Store, tenant: TenantId | None) -> None:
        """Every tenant, and the installation's own enterprise, has its root "1"."""
        await fill(store, Department("d1", "1", "Root", tenant=tenant))
        await fill(store, Department("d2", "1", "Root", tenant=TenantId("t2")))
        with pytest.raises(ValueError):
            await fill(store, Department("d3", "1", "Again", tenant=tenant))

    @pytest.mark.parametrize("entity", [method("m1", "nowhere"), member("m1", "nowhere")], ids=["method", "member"])
    async def test_access_methods_and_members_need_their_space(self, store: Store, entity: Any) -> None:
        """What belongs to a space that does not exist is refused."""
        with pytest.raises(ValueError):
            await fill(store, entity)

    async def test_deleting_a_space_takes_its_access_methods_and_members(self, store: Store) -> None:
        """They go with their space; those of another space, users and profiles stay."""
        await fill(store, space(1), space(2), user(1, "u@a.example"), LegProfile(LEG))
        await fill(store, method("a1"), method("a2", "s2", leg_profile=LEG), member("m1"), member("m2", "s2"))
        async with store.transaction() as transaction:
            await transaction.spaces.delete("s1")
            assert ids((await transaction.access_methods.page(Query())).items) == ["a2"]
        async with store.reading() as reading:
            assert ids((await reading.access_methods.page(Query())).items) == ["a2"]
            assert ids((await reading.members.page(Query())).items) == ["m2"]
            assert (await reading.users.page(Query())).total == 1
            assert await reading.leg_profiles.get(LEG) is not None

    async def test_access_methods_are_found_by_what_is_dialled(self, store: Store) -> None:
        """Exactly by uri or secondary uri, by call ID and by secret, across spaces, in order of creation."""
        await fill(store, space(1), space(2))
        await fill(store, method("a1", own=True, uri="team", secondary_uri="group", call_id="100"))
        await fill(store, method("a2", "s2", uri="group", call_id="100", secret=Secret("Sec.ret")))
        await fill(store, method("a3", "s2", uri="teams"), method("a4", "s2"))
        async with store.reading() as reading:
            methods = reading.access_methods
            assert ids(await methods.by_uri("team")) == ["a1"]
            assert ids(await methods.by_uri("group")) == ["a1", "a2"]
            assert ids(await methods.by_uri("tea%")) == []
            assert ids(await methods.by_uri("")) == []
            assert ids(await methods.by_call_id("100")) == ["a1", "a2"]
            assert ids(await methods.by_call_id("10")) == []
            every = ids((await methods.page(Query())).items)
            assert sorted(ids(await methods.of_spaces(["s1", "s2", "absent"]))) == sorted(every)
            assert await methods.of_spaces([]) == []

"""What every Store does. A test class inherits StoreSuite and gives a `store` fixture."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from parley.app.ports import ProfileUse, Query, Store, Transaction
from parley.core.dialplan import InboundRule, Ivr
from parley.core.events import Event
from parley.core.ids import (
    AccessMethodId,
    CallProfileId,
    InboundRuleId,
    IvrId,
    LegProfileId,
    MemberId,
    SpaceId,
    TenantId,
    UserId,
)
from parley.core.people import Administrator, Application, SystemDefaults, Tenant, User
from parley.core.profiles import (
    CallProfile,
    CallSettings,
    DeactivationMode,
    LegProfile,
    LegSettings,
    LockMode,
    PasscodeMode,
)
from parley.core.secret import Secret
from parley.core.spaces import AccessMethod, Member, MemberRights, Space
from tests.kit.samples import EVENTS

EXTRAS = {"cms": {"cdrTag": "a <b> ü", "empty": ""}, "other": {}}
LEG, CALL, TENANT = LegProfileId("leg-1"), CallProfileId("call-1"), TenantId("tenant-1")

FULL: dict[str, Any] = {
    "spaces": Space(SpaceId("full"), "Team", TENANT, LEG, CALL, False, UserId("user-1"), True, EXTRAS),
    "access_methods": AccessMethod(
        AccessMethodId("full"),
        SpaceId("s1"),
        True,
        "team",
        "team.two",
        "123456",
        Secret("0042"),
        Secret("abcdefghij.klmnop_qrst"),
        "Guests",
        LEG,
        EXTRAS,
    ),
    "members": Member(
        MemberId("full"),
        SpaceId("s1"),
        UserId("user-1"),
        LEG,
        MemberRights(destroy=True, change_non_member_access=False),
        True,
        EXTRAS,
    ),
    "leg_profiles": LegProfile(
        LegProfileId("full"), "Guests", LegSettings(True, False, True, DeactivationMode.DISCONNECT, 0, 3600), EXTRAS
    ),
    "call_profiles": CallProfile(
        CallProfileId("full"),
        CallSettings(0, True, LockMode.NEEDS_ACTIVATION, PasscodeMode.TIMEOUT, 7),
        EXTRAS,
    ),
    "tenants": Tenant(TenantId("full"), "Ünal", LEG, CALL, 2**32 - 1, EXTRAS),
    "users": User(UserId("full"), "full@a.example", "Full", "f@a.example", TENANT, Secret("scrypt$"), EXTRAS),
    "inbound_rules": InboundRule(InboundRuleId("full"), "a.example", -5, False, False, False, TENANT, EXTRAS),
    "ivrs": Ivr(IvrId("full"), "ivr", TENANT, False, EXTRAS),
}
BARE: dict[str, Any] = {
    "spaces": Space(SpaceId("bare")),
    "access_methods": AccessMethod(AccessMethodId("bare"), SpaceId("s1")),
    "members": Member(MemberId("bare"), SpaceId("s1"), UserId("user-1")),
    "leg_profiles": LegProfile(LegProfileId("bare")),
    "call_profiles": CallProfile(CallProfileId("bare")),
    "tenants": Tenant(TenantId("bare"), ""),
    "users": User(UserId("bare"), "bare@a.example"),
    "inbound_rules": InboundRule(InboundRuleId("bare"), "b.example"),
    "ivrs": Ivr(IvrId("bare"), "other"),
}
COLLECTIONS = sorted(FULL)


def space(number: int, name: str = "", **values: Any) -> Space:
    return Space(SpaceId(f"s{number}"), name or f"Space {number}", **values)


def method(id: str, of: str = "s1", **values: Any) -> AccessMethod:
    return AccessMethod(AccessMethodId(id), SpaceId(of), **values)


def member(id: str, of: str = "s1", user: str = "u1", **values: Any) -> Member:
    return Member(MemberId(id), SpaceId(of), UserId(user), **values)


def user(number: int, jid: str, name: str = "", **values: Any) -> User:
    return User(UserId(f"u{number}"), jid, name, **values)


def ids(items: Any) -> list[str]:
    return [item.id for item in items]


async def fill(store: Store, *entities: Any) -> None:
    """Add entities of any kind, in the order given."""
    places = {
        Space: "spaces",
        AccessMethod: "access_methods",
        Member: "members",
        LegProfile: "leg_profiles",
        CallProfile: "call_profiles",
        Tenant: "tenants",
        User: "users",
        InboundRule: "inbound_rules",
        Ivr: "ivrs",
    }
    async with store.transaction() as transaction:
        for entity in entities:
            await getattr(transaction, places[type(entity)]).add(entity)


class StoreSuite:
    # --- one entity ------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("collection", COLLECTIONS)
    async def test_an_entity_comes_back_as_it_was_added(self, store: Store, collection: str) -> None:
        """Every attribute of every collection survives storing, filled and unset."""
        await fill(store, space(1), FULL[collection], BARE[collection])
        async with store.reading() as reading:
            repository = getattr(reading, collection)
            assert await repository.get("full") == FULL[collection]
            assert await repository.get("bare") == BARE[collection]
            assert await repository.get("absent") is None

    @pytest.mark.parametrize("collection", COLLECTIONS)
    async def test_saving_replaces_every_attribute_and_keeps_the_order(self, store: Store, collection: str) -> None:
        """A saved entity is the new one in all its attributes, at its old place."""
        await fill(store, space(1), FULL[collection], BARE[collection])
        changed = replace(BARE[collection], id="full")
        if collection == "users":
            changed = replace(changed, jid="changed@a.example")
        async with store.transaction() as transaction:
            await getattr(transaction, collection).save(changed)
        async with store.reading() as reading:
            page = await getattr(reading, collection).page(Query(among=("full", "bare")))
            assert page.items == (changed, BARE[collection])

    @pytest.mark.parametrize("collection", COLLECTIONS)
    async def test_saving_what_is_not_there_is_refused(self, store: Store, collection: str) -> None:
        """Saving an unknown id raises LookupError and adds nothing."""
        await fill(store, space(1))
        with pytest.raises(LookupError):
            async with store.transaction() as transaction:
                await getattr(transaction, collection).save(FULL[collection])
        async with store.reading() as reading:
            assert await getattr(reading, collection).get("full") is None

    @pytest.mark.parametrize("collection", COLLECTIONS)
    async def test_a_deleted_entity_is_gone_alone(self, store: Store, collection: str) -> None:
        """Deleting takes one entity, and deleting it again changes nothing."""
        await fill(store, space(1), FULL[collection], BARE[collection])
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
        await fill(store, space(1), FULL[collection])
        with pytest.raises(ValueError):
            await fill(store, replace(BARE[collection], id="full"))
        async with store.reading() as reading:
            assert await getattr(reading, collection).get("full") == FULL[collection]

    async def test_a_jid_is_taken_once(self, store: Store) -> None:
        """Two users cannot have the same sign-in name, by adding or by saving."""
        await fill(store, user(1, "one@a.example"), user(2, "two@a.example"))
        with pytest.raises(ValueError):
            await fill(store, user(3, "one@a.example"))
        with pytest.raises(ValueError):
            async with store.transaction() as transaction:
                await transaction.users.save(user(2, "one@a.example"))

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

    # --- pages -----------------------------------------------------------------------------------------------

    async def test_pages_follow_the_order_of_creation(self, store: Store) -> None:
        """The order is that of adding, whatever the ids, and holds across transactions."""
        for number in (5, 3, 9, 1):
            await fill(store, space(number))
        async with store.reading() as reading:
            assert ids((await reading.spaces.page(Query())).items) == ["s5", "s3", "s9", "s1"]

    @pytest.mark.parametrize(
        ("offset", "limit", "expected"),
        [
            (0, None, ["s0", "s1", "s2", "s3", "s4"]),
            (0, 2, ["s0", "s1"]),
            (3, None, ["s3", "s4"]),
            (3, 10, ["s3", "s4"]),
            (1, 2, ["s1", "s2"]),
            (5, 10, []),
            (500, None, []),
            (0, 0, []),
        ],
    )
    async def test_a_page_is_a_cut_and_total_counts_all(
        self, store: Store, offset: int, limit: int | None, expected: list[str]
    ) -> None:
        """Total does not depend on offset and limit; an offset beyond the end gives an empty page."""
        await fill(store, *(space(number) for number in range(5)))
        async with store.reading() as reading:
            page = await reading.spaces.page(Query(offset=offset, limit=limit))
            assert (page.total, ids(page.items)) == (5, expected)

    @pytest.mark.parametrize("query", [Query(offset=-1), Query(limit=-1)])
    async def test_negative_pages_are_refused(self, store: Store, query: Query) -> None:
        """A negative offset or limit raises ValueError instead of meaning something."""
        async with store.reading() as reading:
            with pytest.raises(ValueError):
                await reading.spaces.page(query)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("TEAM", ["s1", "s2"]),
            ("%", ["s3"]),
            ("_", ["s4"]),
            ("/", ["s6"]),
            ("ÜNAL", ["s5"]),
            ("çÃ", ["s5"]),
            ("room-u", ["s2"]),
            ("774", ["s3"]),
            ("hidden", []),
            ("", ["s1", "s2", "s3", "s4", "s5", "s6"]),
        ],
    )
    async def test_contains_finds_spaces_by_their_human_fields(
        self, store: Store, text: str, expected: list[str]
    ) -> None:
        """Name, and uri and call ID of the own access method; any letter case and language; wildcards are letters."""
        await fill(store, space(1, "My team"), space(2, "TEAMWORK"), space(3, "100% sure"), space(4, "snake_case"))
        await fill(store, space(5, "Ünal reuniÇão"), space(6, "a/b"))
        await fill(store, method("a2", "s2", own=True, uri="room-uri"), method("a3", "s3", own=True, call_id="17745"))
        await fill(store, method("b2", "s2", uri="hidden", name="hidden"))
        async with store.reading() as reading:
            page = await reading.spaces.page(Query(contains=text))
            assert (page.total, ids(page.items)) == (len(expected), expected)

    @pytest.mark.parametrize(
        ("collection", "text", "expected"),
        [
            ("access_methods", "GUE", ["a1"]),
            ("access_methods", "front", ["a2"]),
            ("access_methods", "7", ["a2"]),
            ("access_methods", "0042", []),
            ("members", "ANNA@", ["m1"]),
            ("members", "bert", ["m2"]),
            ("users", "a.example", ["u1", "u2"]),
            ("users", "BERT", ["u2"]),
            ("leg_profiles", "quiet", ["l1"]),
            ("call_profiles", "c1", []),
            ("tenants", "org", ["t1"]),
            ("inbound_rules", "exam", ["r1"]),
            ("ivrs", "IVR", ["i1"]),
        ],
    )
    async def test_contains_searches_the_fields_the_port_names(
        self, store: Store, collection: str, text: str, expected: list[str]
    ) -> None:
        """Each collection is searched in its human fields and never in a passcode."""
        await fill(store, space(1), user(1, "anna@a.example", "Anna"), user(2, "b@a.example", "Bert"))
        await fill(store, method("a1", name="Guests", passcode=Secret("0042")))
        await fill(store, method("a2", uri="front", call_id="717", name="x"))
        await fill(store, member("m1", user="u1"), member("m2", user="u2"), member("m3", user="gone"))
        await fill(store, LegProfile(LegProfileId("l1"), "Quiet"), CallProfile(CallProfileId("c1")))
        await fill(store, Tenant(TenantId("t1"), "Org"), InboundRule(InboundRuleId("r1"), "a.example"))
        await fill(store, Ivr(IvrId("i1"), "my.ivr"))
        async with store.reading() as reading:
            assert ids((await getattr(reading, collection).page(Query(contains=text))).items) == expected

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            ({"tenant": "t1"}, ["s1", "s3"]),
            ({"tenant": None}, ["s2"]),
            ({"tenant": "t1", "non_member_access": False}, ["s3"]),
            ({"non_member_access": True}, ["s1", "s2"]),
            ({"tenant": "T1"}, []),
            ({}, ["s1", "s2", "s3"]),
        ],
    )
    async def test_where_compares_exactly(self, store: Store, where: dict[str, Any], expected: list[str]) -> None:
        """Every named attribute must be equal; None matches what is unset."""
        await fill(store, space(1, tenant="t1"), space(2), space(3, tenant="t1", non_member_access=False))
        async with store.reading() as reading:
            page = await reading.spaces.page(Query(where=where))
            assert (page.total, ids(page.items)) == (len(expected), expected)

    async def test_where_compares_secrets(self, store: Store) -> None:
        """A secret is compared by its text; a blank door is one whose passcode is unset."""
        await fill(store, space(1), method("a1", passcode=Secret("42")), method("a2", passcode=Secret("43")))
        await fill(store, method("a3"))
        async with store.reading() as reading:
            found = await reading.access_methods.page(Query(where={"space": "s1", "passcode": Secret("42")}))
            assert ids(found.items) == ["a1"]
            blank = await reading.access_methods.page(Query(where={"passcode": None}))
            assert ids(blank.items) == ["a3"]

    @pytest.mark.parametrize("name", ["nonsense", "extras", "position"])
    async def test_where_refuses_what_cannot_be_compared(self, store: Store, name: str) -> None:
        """An unknown or composite attribute raises ValueError: a mistyped filter must not match everything."""
        await fill(store, space(1))
        async with store.reading() as reading:
            with pytest.raises(ValueError):
                await reading.spaces.page(Query(where={name: "x"}))

    @pytest.mark.parametrize("padding", [0, 40_000])
    async def test_among_keeps_the_named_ones(self, store: Store, padding: int) -> None:
        """Only these ids, in order of creation, however long the list of ids; none for an empty list."""
        await fill(store, *(space(number) for number in range(6)))
        among = ["s4", "s1", "s2", "absent", *(f"other-{number}" for number in range(padding))]
        async with store.reading() as reading:
            page = await reading.spaces.page(Query(among=among))
            assert (page.total, ids(page.items)) == (3, ["s1", "s2", "s4"])
            page = await reading.spaces.page(Query(among=among, offset=1, limit=1, contains="space"))
            assert (page.total, ids(page.items)) == (3, ["s2"])
            assert (await reading.spaces.page(Query(among=()))).total == 0

    # --- doors -----------------------------------------------------------------------------------------------

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
            assert ids(await methods.by_secret("Sec.ret")) == ["a2"]
            assert ids(await methods.by_secret("sec.ret")) == []

    # --- units of work ---------------------------------------------------------------------------------------

    async def test_a_commit_is_visible_to_readers_when_the_block_has_ended(self, store: Store) -> None:
        """Readers see nothing before and everything after; the writer sees its own writes."""
        async with store.transaction() as transaction:
            await transaction.spaces.add(space(1))
            assert await transaction.spaces.get("s1") == space(1)
            async with asyncio.timeout(5), store.reading() as reading:
                assert await reading.spaces.get("s1") is None
        async with store.reading() as reading:
            assert await reading.spaces.get("s1") == space(1)

    async def test_a_reader_keeps_what_it_saw_first(self, store: Store) -> None:
        """A commit during a reading does not show in it."""
        await fill(store, space(1))
        async with store.reading() as reading:
            assert (await reading.spaces.page(Query())).total == 1
            await fill(store, space(2))
            assert (await reading.spaces.page(Query())).total == 1
            assert await reading.spaces.get("s2") is None

    async def test_a_block_that_raises_leaves_nothing(self, store: Store) -> None:
        """Every kind of write before the error is undone."""
        await fill(store, space(1))

        async def writes(transaction: Transaction) -> None:
            await transaction.spaces.add(space(2))
            await transaction.spaces.delete("s1")
            await transaction.save_administrator(Administrator("root", Secret("x")))
            await transaction.save_application(Application("app", Secret("x")))
            await transaction.save_system_defaults(SystemDefaults(LEG))
            await transaction.add_events("seg", 1, [(datetime(2026, 1, 1, tzinfo=UTC), EVENTS[0])])
            raise RuntimeError("stop")

        with pytest.raises(RuntimeError, match="stop"):
            async with store.transaction() as transaction:
                await writes(transaction)
        async with store.reading() as reading:
            assert ids((await reading.spaces.page(Query())).items) == ["s1"]
            assert await reading.administrators() == []
            assert await reading.application("app") is None
            assert await reading.system_defaults() == SystemDefaults()
            assert await reading.events() == []

    async def test_a_cancelled_block_leaves_nothing_and_the_next_one_works(self, store: Store) -> None:
        """A task cancelled amid a transaction neither commits nor keeps the lock."""
        entered = asyncio.Event()

        async def stuck() -> None:
            async with store.transaction() as transaction:
                await transaction.spaces.add(space(1))
                entered.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(stuck())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await fill(store, space(2))
        async with store.reading() as reading:
            assert ids((await reading.spaces.page(Query())).items) == ["s2"]

    async def test_write_transactions_are_serialised(self, store: Store) -> None:
        """Twenty tasks that each read, yield and write lose no update."""
        await fill(store, Tenant(TENANT, "t", participant_limit=0))

        async def increment() -> None:
            async with store.transaction() as transaction:
                tenant = await transaction.tenants.get(TENANT)
                assert tenant is not None
                assert tenant.participant_limit is not None
                await asyncio.sleep(0)
                await transaction.tenants.save(replace(tenant, participant_limit=tenant.participant_limit + 1))

        await asyncio.gather(*(increment() for _ in range(20)))
        async with store.reading() as reading:
            tenant = await reading.tenants.get(TENANT)
        assert tenant is not None
        assert tenant.participant_limit == 20

    async def test_nested_write_transactions_are_refused(self, store: Store) -> None:
        """A task that opens a second one gets an error instead of waiting for itself for ever."""
        with pytest.raises(RuntimeError):
            async with asyncio.timeout(5), store.transaction(), store.transaction():
                pass
        await fill(store, space(1))

    async def test_readers_cannot_write(self, store: Store) -> None:
        """A write in a reading raises RuntimeError."""
        async with store.reading() as reading:
            with pytest.raises(RuntimeError):
                await reading.spaces.add(space(1))
            with pytest.raises(RuntimeError):
                await reading.save_administrator(Administrator("root", Secret("x")))

    # --- profiles in use -------------------------------------------------------------------------------------

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

    # --- system and accounts ---------------------------------------------------------------------------------

    async def test_system_defaults_are_empty_then_as_saved(self, store: Store) -> None:
        """The last saved defaults hold, each save replacing the whole."""
        async with store.transaction() as transaction:
            assert await transaction.system_defaults() == SystemDefaults()
            await transaction.save_system_defaults(SystemDefaults(LEG, CALL, EXTRAS))
            await transaction.save_system_defaults(SystemDefaults(None, CALL, EXTRAS))
        async with store.reading() as reading:
            assert await reading.system_defaults() == SystemDefaults(None, CALL, EXTRAS)

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
        """The key comes back in the clear; saving replaces."""
        async with store.transaction() as transaction:
            await transaction.save_application(Application("app", Secret("first")))
            await transaction.save_application(Application("app", Secret("schlüssel")))
            await transaction.save_application(Application("other", Secret("x")))
        async with store.reading() as reading:
            assert await reading.application("app") == Application("app", Secret("schlüssel"))
            assert await reading.application("absent") is None

    # --- events ----------------------------------------------------------------------------------------------

    async def test_events_come_back_in_order_with_their_times(self, store: Store) -> None:
        """Every kind of event is kept as it was, positions rise, paging goes on after a position."""
        start = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
        lines: list[tuple[datetime, Event]] = [
            (start + timedelta(seconds=number), event) for number, event in enumerate(EVENTS)
        ]
        async with store.transaction() as transaction:
            assert await transaction.add_events("seg", 1, lines) == len(EVENTS)
        async with store.reading() as reading:
            kept = await reading.events()
            assert [(stored.at, stored.event) for stored in kept] == lines
            assert all(stored.at.utcoffset() == timedelta(0) for stored in kept)
            positions = [stored.position for stored in kept]
            assert positions == sorted(set(positions))
            assert positions[0] > 0
            assert await reading.events(after=positions[4], limit=3) == kept[5:8]
            assert await reading.events(after=positions[-1]) == []

    async def test_each_journal_line_is_kept_once(self, store: Store) -> None:
        """Lines imported before are passed over, by segment and number, whatever the group."""
        at = datetime(2026, 1, 1, tzinfo=UTC)
        lines: list[tuple[datetime, Event]] = [(at, event) for event in EVENTS[:6]]
        async with store.transaction() as transaction:
            assert await transaction.add_events("one", 1, lines[:4]) == 4
            assert await transaction.add_events("one", 1, lines[:4]) == 0
        async with store.transaction() as transaction:
            assert await transaction.add_events("one", 3, lines[2:6]) == 2
            assert await transaction.add_events("two", 1, lines[:1]) == 1
            assert await transaction.add_events("two", 2, []) == 0
        async with store.reading() as reading:
            assert [stored.event for stored in await reading.events()] == [*EVENTS[:6], EVENTS[0]]

    @pytest.mark.parametrize("limit", [0, 1, 3, len(EVENTS), 100])
    async def test_the_newest_events_come_oldest_first(self, store: Store, limit: int) -> None:
        """As many as asked for, from the end; all when there are fewer."""
        at = datetime(2026, 1, 1, tzinfo=UTC)
        async with store.transaction() as transaction:
            assert await transaction.newest_events(limit) == []
            await transaction.add_events("seg", 1, [(at, event) for event in EVENTS])
        async with store.reading() as reading:
            newest = [stored.event for stored in await reading.newest_events(limit)]
            assert newest == list(EVENTS[max(0, len(EVENTS) - limit) :])

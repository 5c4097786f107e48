"""Pages of a collection: order, cut, search and exact values."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from parley.app.ports import Query, Store
from parley.core.dialplan import InboundRule, Ivr
from parley.core.ids import CallProfileId, InboundRuleId, IvrId, LegProfileId, OutboundRuleId, TenantId
from parley.core.outbound import OutboundRule
from parley.core.people import Department, Tenant
from parley.core.profiles import CallProfile, LegProfile
from parley.core.secret import Secret
from tests.backends.store_samples import (
    BARE,
    COLLECTIONS,
    FULL,
    OWNERS,
    conference,
    fill,
    ids,
    member,
    method,
    occurrence,
    space,
    user,
)

# Attributes that are made of several values, in any collection.
COMPOUND = {"attendees", "bindings", "call_out", "call_settings", "conferences", "entry", "extras", "leg_settings"}
COMPOUND |= {
    "asserted",
    "chat",
    "inside",
    "entrance",
    "media",
    "password_history",
    "proof",
    "rights",
    "rules",
    "series",
    "settings",
    "stay",
}
SEALED = {"door", "password", "payload", "ha1"}


class PagesSuite:
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
            ("conferences", "WEEKLY", ["c1"]),
            ("conferences", "1408", ["c1"]),
            ("conferences", "uid", []),
            ("occurrences", "o1", []),
            ("outbound_rules", "EXAM", ["r2"]),
            ("outbound_rules", "trunk", []),
            ("outbox", "LI@", ["full"]),
            ("outbox", "周会", ["full"]),
            ("tokens", "t", []),
            ("seats", "full", []),
            ("live_legs", "ann", []),
            ("live_meetings", "team", []),
            ("departments", "R&", ["d1"]),
            ("departments", "77", ["d1"]),
            ("devices", "DESK", ["full"]),
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
        await fill(store, Ivr(IvrId("i1"), "my.ivr"), conference(1, "914083136", subject="Weekly"), occurrence("o1"))
        await fill(store, OutboundRule(OutboundRuleId("r2"), "b.example", username="trunk"), FULL["outbox"])
        await fill(store, FULL["tokens"], Department("d1", "77", "R&D"), FULL["devices"], FULL["seats"])
        await fill(store, FULL["live_legs"], FULL["live_meetings"])
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

    @pytest.mark.parametrize("collection", COLLECTIONS)
    async def test_where_takes_every_simple_attribute(self, store: Store, collection: str) -> None:
        """Each finds the entity by its value and leaves the other one; several together find it as well."""
        full, bare = FULL[collection], BARE[collection]
        await fill(store, *OWNERS, full, bare)
        simple = [spec.name for spec in fields(full) if spec.name not in COMPOUND and spec.name not in SEALED]
        async with store.reading() as reading:
            repository = getattr(reading, collection)
            for name in simple:
                for entity, other in ((full, bare), (bare, full)):
                    found = ids((await repository.page(Query(where={name: getattr(entity, name)}))).items)
                    assert entity.id in found, name
                    if getattr(other, name) != getattr(entity, name):
                        assert other.id not in found, name
            where = {name: getattr(full, name) for name in simple}
            assert ids((await repository.page(Query(where=where))).items) == ["full"]

    @pytest.mark.parametrize("collection", COLLECTIONS)
    async def test_where_refuses_compound_attributes(self, store: Store, collection: str) -> None:
        """Values made of several cannot be compared."""
        compound = [spec.name for spec in fields(FULL[collection]) if spec.name in COMPOUND]
        await fill(store, *OWNERS, FULL[collection])
        async with store.reading() as reading:
            for name in compound:
                with pytest.raises(ValueError):
                    await getattr(reading, collection).page(Query(where={name: getattr(FULL[collection], name)}))

    @pytest.mark.parametrize("name", ["password", "sealed_password"])
    async def test_where_refuses_what_is_sealed(self, store: Store, name: str) -> None:
        """A sealed secret cannot be looked up, under any name."""
        await fill(store, FULL["outbound_rules"])
        async with store.reading() as reading:
            with pytest.raises(ValueError):
                await reading.outbound_rules.page(Query(where={name: Secret("trunk-password-ü")}))

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

"""Conferences, their occurrences and who attended."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from parley.app.ports import Coming, Past, Query, Store
from parley.core.conferences import Attendee, OccurrenceState
from parley.core.ids import TenantId, UserId
from parley.core.spaces import Role
from tests.backends.store_samples import HOUR, OWNERS, T, conference, fill, ids, occurrence, space, stay, user

BOOKED, RUNNING, ENDED = OccurrenceState.BOOKED, OccurrenceState.RUNNING, OccurrenceState.ENDED
CANCELLED, MISSED = OccurrenceState.CANCELLED, OccurrenceState.MISSED


class ConferencesSuite:
    # --- by number -------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("state", [BOOKED, RUNNING])
    async def test_a_number_leads_to_its_live_conference(self, store: Store, state: OccurrenceState) -> None:
        """The one with something ahead or running, though newer ones of the number are over or cancelled."""
        await fill(
            store, conference(1), conference(2), conference(3), conference(4, cancelled=True), conference(5, "7")
        )
        await fill(store, occurrence("o1", "c1", state=ENDED), occurrence("o2", "c2", state=ENDED))
        await fill(store, occurrence("o2b", "c2", T + HOUR, state=state), occurrence("o3", "c3", state=MISSED))
        await fill(store, occurrence("o3b", "c3", state=CANCELLED), occurrence("o4", "c4"), occurrence("o5", "c5"))
        async with store.reading() as reading:
            found = await reading.conferences.by_number("914083136")
            assert found == conference(2)
            assert await reading.conferences.by_number("91408313") is None

    async def test_a_number_without_a_live_conference_leads_to_the_newest(self, store: Store) -> None:
        """Over or cancelled, the one added last answers for the number."""
        await fill(store, conference(2), conference(1), conference(3, "7"))
        await fill(store, occurrence("o1", "c1", state=ENDED), occurrence("o2", "c2", state=MISSED))
        async with store.reading() as reading:
            found = await reading.conferences.by_number("914083136")
            assert found == conference(1)

    async def test_the_number_of_a_live_conference_names_its_space(self, store: Store) -> None:
        """Not that of one that is cancelled or over, or was never booked."""
        await fill(store, conference(1, "1", space="s2"), conference(2, "2", cancelled=True), conference(3, "3"))
        await fill(store, conference(4, "4"), occurrence("o1", "c1"), occurrence("o1b", "c1", state=ENDED))
        await fill(store, occurrence("o2", "c2"), occurrence("o3", "c3", state=ENDED))
        async with store.reading() as reading:
            assert [await reading.conferences.space_of(number) for number in "12345"] == ["s2", None, None, None, None]

    async def test_a_space_names_its_conferences(self, store: Store) -> None:
        """All of them, in order of creation, cancelled ones too."""
        await fill(store, conference(2), conference(1, cancelled=True), conference(3, space="s2"))
        async with store.reading() as reading:
            assert ids(await reading.conferences.of_space("s1")) == ["c2", "c1"]
            assert await reading.conferences.of_space("s9") == []

    async def test_a_list_goes_by_the_first_occurrence_that_counts(self, store: Store) -> None:
        """Conferences of the tenant that run or are booked to start in time, by that start, a page at a time."""
        await fill(store, *(conference(number) for number in range(1, 7)), conference(7, tenant="t1"))
        await fill(store, occurrence("o1", "c1", T + HOUR), occurrence("o1b", "c1", T + 3 * HOUR))
        await fill(store, occurrence("o2", "c2", T - HOUR, state=ENDED), occurrence("o2b", "c2", T + 2 * HOUR))
        await fill(store, occurrence("o3", "c3", T + 9 * HOUR), occurrence("o4", "c4", T + 9 * HOUR, state=RUNNING))
        await fill(store, occurrence("o5", "c5", state=CANCELLED), occurrence("o6", "c6", T + HOUR))
        await fill(store, occurrence("o7", "c7"))
        async with store.reading() as reading:

            async def found(**wish: Any) -> tuple[int, list[str]]:
                page = await reading.conferences.coming(Coming(tenant=None, until=T + 3 * HOUR, **wish))
                return page.total, ids(page.items)

            assert await found() == (4, ["c1", "c6", "c2", "c4"])
            assert (await found(descending=True))[1][:2] == ["c4", "c2"]
            assert await found(states=[RUNNING]) == (1, ["c4"])
            assert await found(states=[BOOKED]) == (3, ["c1", "c6", "c2"])
            assert await found(states=[]) == (0, [])
            assert await found(offset=1, limit=2) == (4, ["c6", "c2"])
            assert await found(offset=3, limit=2) == (4, ["c4"])
            assert await found(offset=9) == (4, [])
            assert await found(limit=0) == (4, [])
            page = await reading.conferences.coming(Coming(tenant=TenantId("t1"), until=T))
            assert (page.total, ids(page.items)) == (1, ["c7"])

    async def test_a_list_can_be_of_one_person(self, store: Store) -> None:
        """Who organises a conference or is invited to it, as it is now; somebody named twice sees it once."""
        ann, bo = UserId("ann"), UserId("bo")
        twice = (Attendee(user=bo), Attendee(user=bo, role=Role.HOST), Attendee(name="ann"))
        await fill(store, conference(1, organiser=ann), conference(2, attendees=twice), conference(3))
        await fill(store, *(occurrence(f"o{number}", f"c{number}") for number in (1, 2, 3)))

        async def of(person: UserId) -> list[str]:
            async with store.reading() as reading:
                page = await reading.conferences.coming(Coming(tenant=None, until=T, person=person))
                assert page.total == len(page.items)
                return ids(page.items)

        assert (await of(ann), await of(bo), await of(UserId("cy"))) == (["c1"], ["c2"], [])
        async with store.transaction() as transaction:
            await transaction.conferences.save(conference(2, attendees=(Attendee(user=ann),)))
            await transaction.conferences.save(conference(3, attendees=(Attendee(user=bo),)))
            await transaction.conferences.delete("c1")
        assert (await of(ann), await of(bo)) == (["c2"], ["c3"])

    @pytest.mark.parametrize(
        ("search", "expected"),
        [
            ("BUDGET", ["c1"]),
            ("777", ["c2"]),
            ("dora", ["c3"]),
            ("ÄNN", ["c3"]),
            ("two@x", []),
            ("jid", ["c1", "c2"]),
            ("%", []),
        ],
    )
    async def test_a_list_can_be_searched(self, store: Store, search: str, expected: list[str]) -> None:
        """Subject, number, and the organiser's name and account, or jid without one; case does not count."""
        await fill(store, user(1, "jid@x", "Bo"), user(2, "two@x", "Änne", account="Dora"))
        one, two = UserId("u1"), UserId("u2")
        await fill(store, conference(1, "1", subject="Budget", organiser=one), conference(2, "9777", organiser=one))
        await fill(store, conference(3, "3", organiser=two))
        await fill(store, *(occurrence(f"o{number}", f"c{number}") for number in (1, 2, 3)))
        async with store.reading() as reading:
            page = await reading.conferences.coming(Coming(tenant=None, until=T, search=search))
        assert ids(page.items) == expected

    async def test_a_history_is_of_what_was_to_start_in_a_span(self, store: Store) -> None:
        """Occurrences of the tenant in these states, by start and then by creation, a page at a time."""
        await fill(store, conference(1), conference(2), conference(3, tenant="t1"))
        await fill(store, occurrence("o1", "c1", T + HOUR, state=ENDED), occurrence("o2", "c2", T, state=CANCELLED))
        await fill(store, occurrence("o3", "c2", T + HOUR, state=ENDED), occurrence("o4", "c1", T, state=BOOKED))
        await fill(store, occurrence("o5", "c3", T, state=ENDED), occurrence("o6", "c1", T - HOUR, state=ENDED))
        await fill(store, occurrence("o7", "c1", T + 2 * HOUR, state=ENDED), occurrence("o8", "c1", T, state=ENDED))

        async def found(**wish: Any) -> tuple[int, list[str]]:
            span = {"tenant": None, "first": T, "last": T + HOUR, "states": [ENDED, CANCELLED], **wish}
            async with store.reading() as reading:
                page = await reading.occurrences.past(Past(**span))
                return page.total, ids(page.items)

        assert await found() == (4, ["o2", "o8", "o1", "o3"])
        assert await found(descending=True) == (4, ["o3", "o1", "o8", "o2"])
        assert await found(states=[CANCELLED]) == (1, ["o2"])
        assert await found(states=[]) == (0, [])
        assert await found(offset=1, limit=2) == (4, ["o8", "o1"])
        assert await found(offset=3, limit=2) == (4, ["o3"])
        assert await found(offset=9) == (4, [])
        assert await found(tenant=TenantId("t1")) == (1, ["o5"])

    async def test_a_history_can_be_of_one_person_and_be_searched(self, store: Store) -> None:
        """As what is to come."""
        ann, bo = UserId("u1"), UserId("u2")
        await fill(store, user(1, "ann@x", "Ännchen"), user(2, "bo@x", "Bo"))
        await fill(store, conference(1, "1", organiser=ann, subject="Budget"))
        await fill(store, conference(2, "2", organiser=bo, attendees=(Attendee(user=ann), Attendee(user=ann))))
        await fill(store, *(occurrence(f"o{number}", f"c{number}", T, state=ENDED) for number in (1, 2)))

        async def found(**wish: Any) -> list[str]:
            async with store.reading() as reading:
                page = await reading.occurrences.past(Past(tenant=None, first=T, last=T, states=[ENDED], **wish))
                assert page.total == len(page.items)
                return ids(page.items)

        assert (await found(person=ann), await found(person=bo)) == (["o1", "o2"], ["o2"])
        assert (await found(search="ÄNN"), await found(search="bUd"), await found(search="2")) == (
            ["o1"],
            ["o1"],
            ["o2"],
        )
        assert await found(person=bo, search="Budget") == [] == await found(search="%")

    # --- what belongs together -------------------------------------------------------------------------------

    async def test_a_deleted_conference_takes_its_occurrences_and_their_attendance(self, store: Store) -> None:
        """Those of another conference stay."""
        await fill(store, conference(1), conference(2), occurrence("o1"), occurrence("o2", "c2"))
        await fill(store, stay("ann"), stay("bo", of="o2"))
        async with store.transaction() as transaction:
            await transaction.conferences.delete("c1")
        async with store.reading() as reading:
            assert ids((await reading.occurrences.page(Query())).items) == ["o2"]
            assert await reading.attendance("o1") == []
            assert await reading.attendance("o2") == [stay("bo", of="o2")]

    async def test_a_deleted_occurrence_takes_its_attendance(self, store: Store) -> None:
        """The conference and its other occurrences stay."""
        await fill(store, conference(1), occurrence("o1"), occurrence("o2"), stay("ann"), stay("bo", of="o2"))
        async with store.transaction() as transaction:
            await transaction.occurrences.delete("o1")
        async with store.reading() as reading:
            assert await reading.attendance("o1") == []
            assert await reading.attendance("o2") == [stay("bo", of="o2")]
            assert await reading.conferences.get("c1") is not None

    async def test_a_conference_outlives_its_space(self, store: Store) -> None:
        """History stays when the room is gone."""
        await fill(store, *OWNERS, occurrence("o1"))
        async with store.transaction() as transaction:
            await transaction.spaces.delete("s1")
        async with store.reading() as reading:
            assert await reading.conferences.get("c1") == conference(1)
            assert await reading.occurrences.get("o1") == occurrence("o1")

    @pytest.mark.parametrize("entity", [occurrence("o1", "c9"), stay("ann", of="o9")], ids=["occurrence", "stay"])
    async def test_occurrences_and_stays_need_what_they_belong_to(self, store: Store, entity: Any) -> None:
        """An occurrence of no conference and a stay in no occurrence are refused."""
        await fill(store, conference(1), occurrence("o0"))
        with pytest.raises(ValueError):
            await fill(store, entity)

    # --- occurrences by time ---------------------------------------------------------------------------------

    @pytest.mark.parametrize("padding", [0, 2000])
    async def test_occurrences_of_conferences_come_by_start(self, store: Store, padding: int) -> None:
        """Of all the named conferences together, however many; none for none."""
        await fill(store, conference(1), conference(2), conference(3), occurrence("late", "c1", T + HOUR))
        await fill(store, occurrence("early", "c2", T - HOUR), occurrence("mid", "c1", state=CANCELLED))
        await fill(store, occurrence("other", "c3"))
        async with store.reading() as reading:
            named = ["c1", *(f"x{number}" for number in range(padding)), "c2"]
            assert ids(await reading.occurrences.of(named)) == ["early", "mid", "late"]
            assert await reading.occurrences.of([]) == []

    async def test_live_occurrences_are_the_due_and_the_running(self, store: Store) -> None:
        """Booked ones up to and with the given time, running ones whenever they began, by start."""
        await fill(store, conference(1), occurrence("due", start=T), occurrence("past", start=T - HOUR))
        await fill(store, occurrence("ahead", start=T + timedelta(microseconds=1)))
        await fill(store, occurrence("early", start=T + HOUR, state=RUNNING))
        await fill(store, occurrence("long", start=T - 9 * HOUR, state=RUNNING))
        await fill(store, *(occurrence(state.value, state=state) for state in (ENDED, CANCELLED, MISSED)))
        async with store.reading() as reading:
            assert ids(await reading.occurrences.live(T)) == ["long", "past", "due", "early"]

    async def test_occurrences_between_two_times_are_in_one_of_the_states(self, store: Store) -> None:
        """Both ends belong to it, the order is by start, and no state means none."""
        await fill(store, conference(1), occurrence("last", start=T + HOUR, state=ENDED), occurrence("first"))
        await fill(store, occurrence("before", start=T - timedelta(microseconds=1)))
        await fill(store, occurrence("after", start=T + HOUR + timedelta(microseconds=1)))
        await fill(store, occurrence("missed", start=T + HOUR / 2, state=MISSED))
        async with store.reading() as reading:
            between = reading.occurrences.between
            assert ids(await between(T, T + HOUR, [BOOKED, ENDED])) == ["first", "last"]
            assert ids(await between(T, T + HOUR, ["missed"])) == ["missed"]
            assert await between(T, T + HOUR, []) == []
            assert await between(T + HOUR, T, [BOOKED, ENDED]) == []

    async def test_unannounced_occurrences_are_booked_and_not_reminded_of(self, store: Store) -> None:
        """Both ends belong to the time asked for, the order is by start."""
        await fill(store, conference(1), occurrence("last", start=T + HOUR), occurrence("first"))
        await fill(store, occurrence("told", reminded=True), occurrence("runs", state=RUNNING))
        await fill(store, occurrence("after", start=T + HOUR + timedelta(microseconds=1)))
        async with store.reading() as reading:
            assert ids(await reading.occurrences.unannounced(T, T + HOUR)) == ["first", "last"]

    async def test_times_of_other_zones_are_the_same_times(self, store: Store) -> None:
        """What is stored or asked in local time with an offset is compared as the instant it is."""
        china = timezone(timedelta(hours=8))
        await fill(store, conference(1), occurrence("local", start=T.astimezone(china)), occurrence("utc", start=T))
        async with store.reading() as reading:
            assert ids(await reading.occurrences.live(T)) == ["local", "utc"]
            assert ids(await reading.occurrences.between(T.astimezone(china), T, [BOOKED])) == ["local", "utc"]
            page = await reading.occurrences.page(Query(where={"start": T.astimezone(china)}))
            assert ids(page.items) == ["local", "utc"]

    # --- attendance ------------------------------------------------------------------------------------------

    async def test_attendance_comes_by_time_of_joining(self, store: Store) -> None:
        """Every stay of every address as it was added, whoever joined first at the front."""
        whole = stay("bo", T, left=T + HOUR, user="u1", role=Role.HOST)
        await fill(store, conference(1), occurrence("o1"), occurrence("o2"))
        await fill(store, stay("ann", T + HOUR), whole, stay("ann", T - HOUR), stay("cy", T, of="o2"))
        async with store.reading() as reading:
            assert await reading.attendance("o1") == [stay("ann", T - HOUR), whole, stay("ann", T + HOUR)]
            assert await reading.attendance("absent") == []

    async def test_a_stay_ends_once(self, store: Store) -> None:
        """The named stay alone gets its end; ending it again or ending what is not there changes nothing."""
        await fill(store, conference(1), occurrence("o1"), stay("ann"), stay("ann", T + HOUR), stay("bo"))

        async def end(address: str, joined: datetime, left: datetime) -> None:
            async with store.transaction() as transaction:
                await transaction.end_attendance("o1", address, joined, left)

        await end("ann", T, T + HOUR / 2)
        await end("ann", T, T + 5 * HOUR)
        await end("cy", T, T + HOUR)
        async with store.reading() as reading:
            assert await reading.attendance("o1") == [
                stay("ann", left=T + HOUR / 2),
                stay("bo"),
                stay("ann", T + HOUR),
            ]

    async def test_readers_cannot_write_attendance(self, store: Store) -> None:
        """Adding and ending a stay need a write transaction."""
        await fill(store, space(1), conference(1), occurrence("o1"))
        async with store.reading() as reading:
            with pytest.raises(RuntimeError):
                await reading.add_attendance(stay("ann"))
            with pytest.raises(RuntimeError):
                await reading.end_attendance("o1", "ann", T, T)

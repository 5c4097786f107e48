"""What a browser proves of who is at it, and whom that lets in where not everybody is."""

from __future__ import annotations

import re
from dataclasses import replace

from parley.app.booking import ConferenceRecord
from parley.app.notices import Notices, Places
from parley.app.ports import Query
from parley.app.web_entry import ByLink, ByPasscode
from parley.backends.notify.letters import MailWriter
from parley.core.admission import Proof
from parley.core.conferences import Attendee, OccurrenceState
from parley.core.ids import UserId
from parley.core.profiles import CallSettings, EntryScope
from parley.core.secret import Secret
from parley.core.spaces import AccessMethod, Role
from parley.doors.huawei.join_links import JoinLinks
from tests.app.conference_floor import at
from tests.app.web_floor import BRUNO, GAO, INVITED, LINKS, TENANT, Web, passcode, personal, room_and_conference
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.mails import read_mail

# --- proof -----------------------------------------------------------------------------------------------------


async def test_a_signed_in_user_is_proven(web: Web) -> None:
    """User and tenant, by whichever door; whoever is not signed in has proven nothing."""
    await web.two_pins()
    assert await web.proof(passcode("100", "1111"), await web.user("eve")) == Proof(UserId("eve"), "other")  # type: ignore[arg-type]
    assert await web.proof(passcode("100", "1111")) == Proof()


async def test_a_conference_for_the_tenant_takes_its_people_and_the_invited(web: Web) -> None:
    """carol, who is signed in, eve of another tenant when invited; not a stranger with the right passcode."""
    record = await web.book(
        start=at("2026-01-01 09:00"), rules=TENANT, attendees=(Attendee("Eve", address="sip:eve@other.example"),)
    )
    stranger = await web.book(start=at("2026-01-01 09:00"), rules=TENANT)
    for one, name, enters in [
        (record, None, False),
        (record, "carol", True),
        (record, "eve", True),
        (stranger, "eve", False),
    ]:
        assert one.guest.passcode is not None and one.guest.secret is not None
        user = await web.user(name) if name else None
        for wish in (
            ByPasscode(one.conference.number, one.guest.passcode),
            ByLink(one.conference.number, one.guest.secret),
        ):
            assert (await web.enter(wish, user) is not None) is enters


async def test_a_conference_for_the_invited_takes_them_and_its_organiser(web: Web) -> None:
    """By account, or by an address that is theirs; colleagues are not invited."""
    invited = (Attendee("Bob", user=UserId("bob")), Attendee("The chief", address="2000"))
    record = await web.book(start=at("2026-01-01 09:00"), rules=INVITED, attendees=invited)
    assert record.guest.passcode is not None
    wish = ByPasscode(record.conference.number, record.guest.passcode)
    entered = [
        name for name in ("alice", "bob", "carol", "chief", "eve") if await web.enter(wish, await web.user(name))
    ]
    assert entered == ["alice", "bob", "chief"]
    assert await web.proof(wish, await web.user("bob")) == Proof(UserId("bob"), None, invited=True)
    assert await web.enter(wish) is None


async def test_in_a_room_the_invited_of_the_running_conference_count(web: Web) -> None:
    """Not those of another day's."""
    room, record = await room_and_conference(web, rules=INVITED, attendees=(Attendee("Bob", user=UserId("bob")),))
    _, other = (
        room,
        await web.book(
            start=at("2026-01-05 09:00"),
            room=room,
            random_number=False,
            attendees=(Attendee("C", user=UserId("carol")),),
        ),
    )
    await web.alter(room, call_settings=CallSettings(entry_scope=EntryScope.INVITED))
    async with web.held.transaction() as tx:
        (occurrence,) = await tx.occurrences.of([record.conference.id])
        await tx.occurrences.save(replace(occurrence, state=OccurrenceState.RUNNING))
    assert record.guest.secret is not None and other.conference.space == room
    wish = ByLink(record.guest.call_id or "", record.guest.secret)
    assert await web.enter(wish, await web.user("bob")) is not None
    assert await web.enter(wish, await web.user("carol")) is None


# --- personal links --------------------------------------------------------------------------------------------


async def test_a_personal_link_proves_its_reader_invited(web: Web) -> None:
    """By mail address or by number, into the door of the reader's role, where strangers with the shared link are not
    let in."""
    record = await web.book(start=at("2026-01-01 09:00"), rules=INVITED, attendees=(GAO, BRUNO))
    for role, reader, door in [
        (Role.GUEST, "gao@example.com", record.guest),
        (Role.HOST, "+551199", record.host),
        (Role.HOST, "alice@example.com", record.host),
    ]:
        grant = await web.enter(personal(record, role, reader))
        assert grant is not None and grant.granted.entry.access_method == door.id
        assert grant.granted.proof == Proof(invited=True)
    assert record.guest.secret is not None
    assert await web.enter(ByLink(record.conference.number, record.guest.secret)) is None


async def test_a_personal_link_of_another_role_or_person_is_refused(web: Web) -> None:
    """A guest's address in the host's door, somebody who is not invited, another conference."""
    record = await web.book(start=at("2026-01-01 09:00"), attendees=(GAO,))
    other = await web.book(start=at("2026-01-01 09:00"), attendees=(GAO,))
    assert await web.enter(personal(record, Role.HOST, "gao@example.com")) is None
    assert await web.enter(personal(record, Role.GUEST, "eve@other.example")) is None
    link = personal(record, Role.GUEST, "gao@example.com")
    assert await web.enter(ByLink(other.conference.number, link.secret)) is None
    assert await web.enter(link) is not None


async def test_whoever_is_taken_off_the_list_has_a_link_no_more(web: Web) -> None:
    """At once, and put on again has it back; a new secret of the door ends it for good."""
    record = await web.book(start=at("2026-01-01 09:00"), attendees=(GAO, BRUNO))
    link = personal(record, Role.GUEST, "gao@example.com")
    for attendees, enters in [((BRUNO,), False), ((GAO,), True)]:
        async with web.held.transaction() as tx:
            await tx.conferences.save(replace(await web.conference(record), attendees=attendees))
        assert (await web.enter(link) is not None) is enters
    async with web.held.transaction() as tx:
        await tx.access_methods.save(replace(record.guest, secret=Secret("a" * 48)))
    assert await web.enter(link) is None


async def test_a_personal_link_into_a_room_ends_with_its_conference(web: Web) -> None:
    """Though the room's doors stay as they are."""
    _, record = await room_and_conference(web, attendees=(GAO,))
    link = personal(record, Role.GUEST, "gao@example.com")
    assert await web.enter(link) is not None
    await web.conferences.cancel(web.alice, record.conference.number)
    assert await web.enter(link) is None


async def test_the_link_in_an_invitation_is_its_readers_own(web: Web) -> None:
    """Each mail holds another one, and each opens the door of its reader's role; what a host is given to pass on, and
    what the API answers, is the shared one, which proves nothing."""
    links = JoinLinks("https://meet.example.com")

    def join_link(record: ConferenceRecord, method: AccessMethod) -> str:
        return links.link(record.conference.number, method) or ""

    def personal_link(record: ConferenceRecord, method: AccessMethod, reader: str) -> str:
        return links.personal(record.conference.number, method, reader, LINKS) or ""

    record = await web.book(
        start=at("2026-01-01 09:00"), rules=INVITED, attendees=(GAO, replace(BRUNO, email="b@h.example"))
    )
    places = Places("example.com", (), join_link, personal_link)
    notices = Notices(CountedIdentifiers(), web.clock, places, MailWriter(("Parley", "noreply@example.com")))
    async with web.held.transaction() as tx:
        for row in (await tx.outbox.page(Query())).items:
            await tx.outbox.delete(row.id)
        await notices.booked(tx, record)
        rows = (await tx.outbox.page(Query())).items
    own: list[str] = []
    for row in rows:
        found = dict.fromkeys(re.findall(r"#/j/(\d+/[0-9a-f]{48})", read_mail(row.payload).plain))
        is_host = row.recipient != "Gao@Example.com"
        assert len(found) == (2 if is_host else 1)
        first, *shared = found
        own.append(first)
        number, _, digits = first.partition("/")
        grant = await web.enter(ByLink(number, Secret(digits)))
        door = record.host if is_host else record.guest
        assert grant is not None and grant.granted.entry.access_method == door.id
        for link in shared:
            assert links.link(record.conference.number, record.guest) == f"https://meet.example.com/#/j/{link}"
            assert await web.enter(ByLink(number, Secret(link.partition("/")[2]))) is None
    assert len(set(own)) == len(rows) == 3

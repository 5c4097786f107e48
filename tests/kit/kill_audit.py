"""What a campaign of kills has left, compared with what happened in the world."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from parley.app.ports import Query, StoredEvent
from parley.backends.store.sql import SqlStore
from parley.core.conferences import Conference, Occurrence, OccurrenceState
from parley.core.events import AttendeeCalled
from parley.core.outbox import Notice, OutboxEntry, OutboxState
from parley.core.spaces import SpaceKind
from tests.kit.calendar_program import CalendarProgram, Key, Told, read
from tests.kit.kill_facts import agreed, differences
from tests.kit.kill_life import ORGANISER, SEAL, facts_of
from tests.kit.kills import Campaign, Known
from tests.kit.mails import read_mail

Shown = dict[Key, tuple[datetime, datetime, str]]
NOT_LONG_AFTER = 600.0  # seconds of the lives' clock that a birth may take on a busy machine


class Audit:
    """`await Audit(campaign).all()`; what is wrong is added to campaign.wrong. `numbers`: what was looked at."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._wrong = campaign.wrong
        self.numbers: dict[str, int] = {}
        self._notes: list[dict[str, Any]] = []
        self._conferences: dict[str, Conference] = {}
        self._occurrences: dict[str, list[Occurrence]] = defaultdict(list)
        self._rows: tuple[OutboxEntry, ...] = ()

    async def all(self) -> None:
        directory = self._campaign.directory
        self._notes = [json.loads(line) for line in (directory / "notes").read_text().splitlines()]
        store = SqlStore(f"sqlite+aiosqlite:///{directory / 'parley.db'}", SEAL)
        try:
            await self._read(store)
        finally:
            await store.close()
        self._mails()
        self._starts()
        self._calls()
        self._calendars()
        self._log()

    def _say(self, text: str) -> None:
        self._wrong.append(text)

    # --- the store -------------------------------------------------------------------------------------------

    async def _read(self, store: SqlStore) -> None:
        async with store.reading() as tx:
            self._conferences = {one.id: one for one in (await tx.conferences.page(Query())).items}
            for one in (await tx.occurrences.page(Query())).items:
                self._occurrences[one.conference].append(one)
            self._rows = tuple((await tx.outbox.page(Query())).items)
            spaces = [one for one in (await tx.spaces.page(Query())).items if one.kind is SpaceKind.CONFERENCE]
            events = await tx.events(limit=1_000_000)
        if spaces:
            self._say(f"{len(spaces)} spaces outlived their conferences")
        keys = {one.subject.split()[0] for one in self._conferences.values()}
        if len(keys) != len(self._conferences):
            self._say("a conference was booked twice")
        for conference in self._conferences.values():
            if not self._occurrences[conference.id]:
                self._say(f"{conference.subject} has no occurrences")
        self._all_there()
        self._imported(events)
        self.numbers |= {"conferences": len(self._conferences), "messages": len(self._rows)}
        self.numbers["occurrences"] = sum(map(len, self._occurrences.values()))

    def _all_there(self) -> None:
        for known in self._campaign.known.values():
            if known.facts is None:
                continue
            conference = self._conferences.get(known.facts["id"])
            if conference is None:
                self._say(f"{known.key} was acknowledged and is lost")
                continue
            now = agreed(self._facts(conference))
            then = agreed(known.facts)
            if now != then:
                self._say(f"{known.key} is not as agreed: {differences(then, now)}")

    def _facts(self, conference: Conference) -> dict[str, Any]:
        class Record:
            guest = host = type("Gone", (), {"id": ""})
            occurrences = tuple(sorted(self._occurrences[conference.id], key=lambda one: one.start))

        Record.conference = conference  # type: ignore[attr-defined]
        return json.loads(json.dumps(facts_of(Record)))  # type: ignore[arg-type, no-any-return]

    def _imported(self, events: Iterable[StoredEvent]) -> None:
        seen = set()
        for stored in events:
            if isinstance(stored.event, AttendeeCalled):
                if (key := (stored.at, stored.event)) in seen:
                    self._say(f"a call stands in the call records twice: {stored.event}")
                seen.add(key)
        self.numbers["call records"] = len(seen)

    # --- mails -----------------------------------------------------------------------------------------------

    def _mails(self) -> None:
        """Each was taken at least once, and every copy is the same."""
        box = self._campaign.box
        assert box is not None
        copies: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        for _, (recipient,), data in box.letters:
            found = re.search(rb"^Message-ID: *(\S+)\r$", data, re.MULTILINE | re.IGNORECASE)
            assert found is not None
            copies[found[1].decode()].append((recipient, data))
        rows = {row.message_id: row for row in self._rows}
        for id, received in copies.items():
            row = rows.get(id)
            if row is None:
                self._say(f"a mail was sent that nobody caused: {id}")
            elif any(one != (row.recipient, row.payload) for one in received):
                self._say(f"the copies of {id} differ")
        for row in self._rows:
            if row.state is not OutboxState.SENT:
                self._say(f"{row.notice} to {row.recipient} ({row.subject}) is {row.state}: {row.last_error}")
            elif row.message_id not in copies:
                self._say(f"{row.notice} to {row.recipient} ({row.subject}) never came")
        self.numbers["mails received"] = len(box.letters)
        self.numbers["second copies"] = len(box.letters) - len(copies)

    # --- starting --------------------------------------------------------------------------------------------

    def _starts(self) -> None:
        """Those within their time began, those whose whole time passed while no life was there were missed."""
        births = self._campaign.births
        for note in self._notes:
            if note["what"] != "mark":
                continue
            if note["state"] == "running" and not note["start"] <= note["utc"] < note["end"]:
                self._say(f"{note['occurrence']} began outside its time")
            if note["state"] == "missed" and births[note["life"]][0] < note["end"] - NOT_LONG_AFTER:
                self._say(f"{note['occurrence']} was missed by life {note['life']}, which was there in its time")
        ends = {one.id: one for some in self._occurrences.values() for one in some}
        for one in ends.values():
            if one.state in {OccurrenceState.BOOKED, OccurrenceState.RUNNING}:
                self._say(f"{one.id} is {one.state} long after its time")
            cancelled = self._conferences[one.conference].cancelled
            if one.state is OccurrenceState.ENDED and not one.dialled and not cancelled and self._had_time(one):
                self._say(f"{one.id} ended and nobody was called")
        for life, (born, live) in births.items():
            for note in live:
                then = ends.get(note["occurrence"])
                if then is None or then.start.timestamp() != note["start"]:
                    continue  # taken away, or moved
                if note["state"] == "booked" and note["end"] <= born and then.state is OccurrenceState.ENDED:
                    self._say(f"{then.id} was over before life {life} and is {then.state}")
        for state in OccurrenceState:
            self.numbers[state.value] = sum(one.state is state for one in ends.values())

    def _had_time(self, one: Occurrence) -> bool:
        """Did a life that found it running go on, after it had worked on what was due then, within its time?"""
        begun, ends = one.start.timestamp(), one.planned_end.timestamp()
        if any(begun + 60 < rest < ends for rest in self._campaign.rests):
            return True
        groups: dict[int, set[int]] = defaultdict(set)
        for note in self._notes:
            if note["what"] == "mark" and begun <= self._campaign.births[note["life"]][0] and note["utc"] < ends:
                groups[note["life"]].add(note["group"])
        return any(len(some) > 1 for some in groups.values())

    def _calls(self) -> None:
        """For one occurrence one life calls, and everybody; less only where it died between deciding and calling."""
        begins: dict[str, list[dict[str, Any]]] = defaultdict(list)
        marks: dict[str, dict[str, Any]] = {}
        current: dict[tuple[int, str], str] = {}
        called: dict[tuple[str, str], list[int]] = defaultdict(list)
        last_group: dict[int, int] = defaultdict(int)
        for note in self._notes:
            if note["what"] == "begin":
                begins[note["occurrence"]].append(note)
                current |= {(note["life"], target): note["occurrence"] for target in note["targets"]}
            elif note["what"] == "call":
                called[current[note["life"], note["target"]], note["target"]].append(note["life"])
            elif note["what"] == "mark":
                last_group[note["life"]] = note["group"]
                if note["dialled"] and note["state"] == "running":
                    marks[note["occurrence"]] = note  # the last: one before it was rolled back
        for (occurrence, target), lives in called.items():
            if len(set(lives)) > 1 or len(lives) > (3 if "busy" in target else 1):
                self._say(f"{target} was called by lives {lives} for {occurrence}")
        lost = 0
        for some in self._occurrences.values():
            for one in some:
                lost += self._lost(one, begins[one.id], called, marks.get(one.id), last_group)
        self.numbers |= {"calls": sum(map(len, called.values())), "starts whose calls a kill took": lost}

    def _lost(
        self,
        one: Occurrence,
        begins: list[dict[str, Any]],
        called: dict[tuple[str, str], list[int]],
        mark: dict[str, Any] | None,
        last_group: dict[int, int],
    ) -> bool:
        if len(begins) > 1:
            self._say(f"{one.id} was started {len(begins)} times")
        if not one.dialled:
            if begins:
                self._say(f"{one.id} was started, and the store does not know it")
            return False
        if mark is None:
            self._say(f"{one.id} is said to have been called by nobody")
            return False
        if begins:
            missing = [target for target in begins[0]["targets"] if not called.get((one.id, target))]
        else:
            known = self._conferences[one.conference]
            missing = [attendee.address for attendee in known.attendees if attendee.auto_invite]
        if missing and last_group[mark["life"]] > mark["group"]:
            self._say(f"{one.id}: {missing} were not called, and the life went on")
        return bool(missing)

    # --- calendars -------------------------------------------------------------------------------------------

    def _calendars(self) -> None:
        """Everybody's calendar shows what the store says, each once."""
        box = self._campaign.box
        assert box is not None
        programs: dict[str, CalendarProgram] = defaultdict(CalendarProgram)
        parsed: dict[bytes, Told] = {}
        for _, (recipient,), data in box.letters:
            if data not in parsed:
                calendar = read_mail(data).calendar
                assert calendar is not None
                parsed[data] = read(calendar)
            programs[recipient].take(parsed[data])
        known = {one.facts["uid"]: one for one in self._campaign.known.values() if one.facts}
        by_uid = {one.uid: one for one in self._conferences.values()}
        entries = 0
        for person, program in programs.items():
            shown: dict[str, Shown] = defaultdict(dict)
            for key, entry in program.shown().items():
                shown[key[0]][key] = entry
                entries += 1
            for uid in set(shown) - set(by_uid):
                self._say(f"{person} sees {uid}, which nobody booked")
            for uid, conference in by_uid.items():
                self._entries(person, conference, known.get(uid), shown.get(uid, {}))
        self.numbers["calendar entries"] = entries

    def _entries(self, person: str, conference: Conference, known: Known | None, shown: Shown) -> None:
        must, may = self._expected(person, conference, known)
        for key, entry in must.items():
            if shown.get(key) != entry:
                self._say(f"{person}: {conference.subject} {key[1]} is shown as {shown.get(key)} instead of {entry}")
        for key, entry in shown.items():
            if key not in must and (key not in may or entry[:2] != may[key][:2]):
                self._say(f"{person}: {conference.subject} {key[1]} is shown as {entry} and should not be")

    def _expected(self, person: str, conference: Conference, known: Known | None) -> tuple[Shown, Shown]:
        """What must be shown exactly, and what may be because the person knew it while it was right."""
        own = person == ORGANISER.email
        invited = own or any(one.email == person for one in conference.attendees)
        whole = {row.notice for row in self._rows if row.conference == conference.id and row.recipient == person}
        must: Shown = {}
        may: Shown = {}
        for one in self._occurrences[conference.id]:
            if one.state is OccurrenceState.CANCELLED:
                continue
            slot = (one.slot or one.start) if conference.series is not None else None
            key = conference.uid, slot
            entry = _second(one.start), _second(one.start) + timedelta(minutes=one.length), conference.subject
            if conference.series is None:
                if invited:
                    must[key] = entry
            elif own:
                if Notice.CANCELLED not in whole:
                    must[key] = entry
            elif one.reminded:
                last = known.last_change if known is not None else 0.0
                to_come = one.start.timestamp() > last
                always = known is not None and person in known.always
                (must if invited and to_come and always else may)[key] = entry
        return must, may

    def _log(self) -> None:
        path = self._campaign.directory / "log"
        text = path.read_text() if path.exists() else ""
        for line in text.splitlines():
            if '"level": "error"' in line or "Traceback" in line:
                self._say(f"the log says: {line[:3000]}")


def _second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)

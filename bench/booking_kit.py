"""What the measurements of conferences need: a server process, a client that costs little, rows in bulk, raw writes."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from parley.app.conference_spaces import conference_space, dressed, ways_in
from parley.backends.store import catalogue, tables
from parley.backends.store.sealing import Seal
from parley.backends.system import RandomIdentifiers
from parley.core.conferences import Attendee, Conference, Occurrence
from parley.core.ids import ConferenceId, OccurrenceId, SpaceId, UserId
from parley.core.people import User
from parley.core.secret import Secret

HOST = "127.0.0.1"
APP, KEY = "bench", secrets.token_urlsafe(24)
NO_SEAL_KEY = base64.urlsafe_b64encode(bytes(32))
NO_SEAL = Seal(NO_SEAL_KEY)  # nothing written here is sealed
# One booking with an own space is two access methods, an `invited` for each user among the attendees, and one row each.
BOOKED_TABLES = ("spaces", "access_methods", "conferences", "invited", "occurrences")
STAFF = 100  # organisers beside the one who asks


# --- the server ----------------------------------------------------------------------------------------------


class Server:
    """`python -m parley serve` on a data directory: `with Server(path) as server`."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.database = data / "parley.db"
        self._log_path = data.parent / f"{data.name}.log"

    def __enter__(self) -> Server:
        self.port, sip = _free_port(), _free_port()
        settings = {
            "DATA_DIR": str(self.data),
            "HTTP__LISTEN": f"{HOST}:{self.port}",
            "HTTPS__LISTEN": "",
            "SIP__UDP": f"{HOST}:{sip}",
            "SIP__TCP": f"{HOST}:{sip}",
            "SIP__TLS": "",
            "MEDIA__ADDRESS": HOST,
            "LOG__LEVEL": "warning",
            "BOOTSTRAP_APP": f"{APP}:{KEY}",
        }
        began = time.perf_counter()
        with self._log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "parley", "serve"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {f"PARLEY_{name}": value for name, value in settings.items()},
            )
        while b"\nready\n" not in self._log_path.read_bytes():
            if self.process.poll() is not None or time.perf_counter() - began > 60:
                self.process.kill()
                raise SystemExit(f"the server did not start:\n{self._log_path.read_text()}")
            time.sleep(0.02)
        self.ready_after = time.perf_counter() - began
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)

    def processor_seconds(self) -> float:
        """Used by the server's own process so far, all threads."""
        after_name = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as found:
        port: int = found.getsockname()[1]
        return port


# --- the client ----------------------------------------------------------------------------------------------


class Client:
    """One keep-alive connection. Written by hand, for a client library would cost as much as the server."""

    def __init__(self, port: int, token: str = "") -> None:
        self._port = port
        self.token = token

    async def open(self) -> Client:
        self._reader, self._writer = await asyncio.open_connection(HOST, self._port)
        return self

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if self.token:
            lines.append(f"X-Access-Token: {self.token}")
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].split("\r\n")[0])
        answer = json.loads(await self._reader.readexactly(length) or b"null")
        if head.split(" ")[1] != "200":
            raise SystemExit(f"{method} {path}: {head.splitlines()[0]} {answer}")
        return answer

    async def log_in(self) -> Client:
        """As the application's default administrator."""
        expires, nonce = str(int(time.time()) + 3600), secrets.token_hex(20)
        signature = hmac.new(KEY.encode(), f"{APP}::{expires}:{nonce}".encode(), hashlib.sha256).hexdigest()
        access = base64.b64encode(APP.encode()).decode()
        body = {"appId": APP, "clientType": 72, "expireTime": int(expires), "nonce": nonce}
        proof = f"HMAC-SHA256 signature={signature},access={access}"
        answer = await self.ask("POST", "/v2/usg/acs/auth/appauth", body, Authorization=proof)
        self.token = answer["accessToken"]
        return self

    def close(self) -> None:
        self._writer.close()


# --- rows in bulk --------------------------------------------------------------------------------------------


def fill(database: Path, count: int, start: datetime, spread: timedelta, dialled: str = "") -> None:
    """Store booked conferences of an hour each, their starts spread evenly from `start` on.

    Every hundredth is the first user's own, and to every two-hundredth of the others that user is invited. dialled:
    the address of one invited person to be called at the start.
    """
    engine = sa.create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        asker = UserId(
            connection.execute(sa.select(tables.users.c.id)).scalars().first() or _add_staff(connection, 1)[0]
        )
        staff = _add_staff(connection, STAFF)
    for first in range(0, count, 5000):
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in BOOKED_TABLES}
        for number in range(first, min(first + 5000, count)):
            organiser = asker if number % 100 == 0 else staff[number % STAFF]
            invited = asker if number % 200 == 1 else staff[number % 7]
            begins = start + (spread * number / count)
            _booked(rows, 100_000_000 + number, organiser, invited, begins, dialled)
        with engine.begin() as connection:
            for name, some in rows.items():
                connection.execute(sa.insert(tables.metadata.tables[name]), some)
    engine.dispose()


def _add_staff(connection: sa.Connection, count: int) -> list[UserId]:
    users = [
        User(UserId(str(uuid4())), f"staff{number}@{uuid4().hex}.example", f"Staff {number}") for number in range(count)
    ]
    connection.execute(sa.insert(tables.users), [catalogue.USERS.mapper.row(user, NO_SEAL) for user in users])
    return [user.id for user in users]


_patterns: dict[str, dict[str, list[dict[str, Any]]]] = {}  # by who is dialled


def _booked(
    rows: dict[str, list[dict[str, Any]]],
    number: int,
    organiser: UserId,
    invited: UserId,
    start: datetime,
    dialled: str,
) -> None:
    """The rows of one booking, made by the product's own rules once and then varied."""
    if dialled not in _patterns:
        _patterns[dialled] = _made(dialled)
    conference, space = str(uuid4()), str(uuid4())
    places, doors, kept, times = _patterns[dialled].values()
    rows["spaces"].append(places[0] | {"id": space, "owner": organiser})
    for door in doors:
        way = {"id": str(uuid4()), "space": space, "uri": str(number), "call_id": str(number)}
        rows["access_methods"].append(door | way | {"secret": secrets.token_hex(24)})
    attendees = [*kept[0]["attendees"], {"name": "Invited", "user": invited}]
    own = {"id": conference, "space": space, "number": str(number), "organiser": organiser, "uid": str(uuid4())}
    rows["conferences"].append(kept[0] | own | {"attendees": attendees, "subject": f"Conference {number}"})
    rows["invited"].append({"conference": conference, "user": invited})
    rows["occurrences"].append(times[0] | {"id": str(uuid4()), "conference": conference, "start": start})


def _made(dialled: str) -> dict[str, list[dict[str, Any]]]:
    identifiers = RandomIdentifiers()
    attendees = tuple(Attendee(name=f"Guest {number}", address=f"+99111700{number}") for number in range(2))
    if dialled:
        attendees = (Attendee(name="Called", address=dialled, auto_invite=True),)
    now = datetime.now(UTC)
    conference = Conference(
        id=ConferenceId(""),
        number="0",
        space=SpaceId(""),
        organiser=UserId(""),
        subject="",
        created=now,
        length=60,
        zone="Asia/Shanghai",
        language="en",
        uid="",
        attendees=attendees,
    )
    doors = ways_in(conference.space, "0", Secret("123456"), Secret("654321"), identifiers, own=True)
    space, *dressed_doors = dressed(conference, conference.rules, conference_space(conference), *doors)
    occurrence = Occurrence(OccurrenceId(""), conference.id, now, 60, reminded=True)
    return {
        "spaces": [catalogue.SPACES.mapper.row(space, NO_SEAL)],
        "access_methods": [catalogue.ACCESS_METHODS.mapper.row(door, NO_SEAL) for door in dressed_doors],
        "conferences": [catalogue.CONFERENCES.mapper.row(conference, NO_SEAL)],
        "occurrences": [catalogue.OCCURRENCES.mapper.row(occurrence, NO_SEAL)],
    }


# --- raw writes ----------------------------------------------------------------------------------------------


def raw_connection(database: Path) -> sqlite3.Connection:
    """Set as the store sets its own."""
    connection = sqlite3.connect(database, isolation_level=None, timeout=10)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def newest_bookings(database: Path, count: int) -> Iterator[list[tuple[str, list[Any]]]]:
    """The rows that the newest bookings have left, with ids of their own, as INSERT statements in groups."""
    with closing(raw_connection(database)) as connection:
        connection.row_factory = sqlite3.Row
        newest = connection.execute("SELECT * FROM conferences ORDER BY position DESC LIMIT ?", (count,)).fetchall()
        for conference in newest:
            ids = {conference["id"]: str(uuid4()), conference["space"]: str(uuid4())}
            found = connection.execute("SELECT * FROM spaces WHERE id = ?", (conference["space"],)).fetchall()
            rows = [("spaces", row) for row in found]
            found = connection.execute(
                "SELECT * FROM access_methods WHERE space = ?", (conference["space"],)
            ).fetchall()
            rows += [("access_methods", row) for row in found]
            rows.append(("conferences", conference))
            found = connection.execute("SELECT * FROM occurrences WHERE conference = ?", (conference["id"],)).fetchall()
            rows += [("occurrences", row) for row in found]
            yield [_insert(table, row, ids) for table, row in rows]


def _insert(table: str, row: sqlite3.Row, ids: dict[str, str]) -> tuple[str, list[Any]]:
    names = [name for name in row.keys() if name != "position"]  # noqa: SIM118, a Row iterates over its values
    values = [ids.get(row[name]) or (str(uuid4()) if name == "id" else row[name]) for name in names]
    listed = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table} ({listed}) VALUES ({', '.join('?' * len(names))})", values


def raw_bookings(database: Path, bookings: Sequence[list[tuple[str, list[Any]]]]) -> list[float]:
    """Each booking a transaction of its own; how long each took, in seconds."""
    taken = []
    with closing(raw_connection(database)) as connection:
        for statements in bookings:
            began = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            for statement, values in statements:
                connection.execute(statement, values)
            connection.execute("COMMIT")
            taken.append(time.perf_counter() - began)
    return taken

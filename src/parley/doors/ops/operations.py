"""What the operator's door and the command line ask of the use cases: JSON values in and out.

Every method may raise Refusal. Listings are in a stable order; times are ISO 8601 in UTC. Values that are
not known are None, and keys may be added: the command line shows the ones named here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

from ...core.secret import Secret

Json = dict[str, Any]


class Operations(Protocol):
    """Offline (no server runs) the live half raises Refusal("not-running")."""

    # --- kept: also offline ---

    async def users(self) -> list[Json]:
        """id, jid, name, email."""
        ...

    async def add_user(self, jid: str, name: str, email: str, password: Secret) -> Json:
        """As in users."""
        ...

    async def remove_user(self, jid: str) -> None: ...

    async def devices(self, jid: str | None) -> list[Json]:
        """SIP devices of one user or of everybody: username, user (jid), label, algorithm, registered: [text]."""
        ...

    async def add_device(self, jid: str, label: str, sha256: bool) -> Json:
        """username, realm, password (shown this once), domain."""
        ...

    async def remove_device(self, username: str) -> None: ...

    async def administrators(self) -> list[Json]:
        """name."""
        ...

    async def add_administrator(self, name: str, password: Secret) -> Json:
        """As in administrators. Refuses duplicate-name."""
        ...

    async def remove_administrator(self, name: str) -> None: ...

    async def spaces(self) -> list[Json]:
        """id, name, uri, call_id, access_methods (how many beside its own), members (how many)."""
        ...

    async def space(self, which: str) -> Json:
        """By id, URI, call ID or name. id, name, uri, call_id, access_methods: [id, own, name, uri, call_id,
        passcode, leg_profile], members: [id, jid]. Passcodes are shown: whoever may open the socket owns the server."""
        ...

    async def add_space(self, name: str, uri: str | None, call_id: str | None, passcode: Secret | None) -> Json:
        """As in spaces."""
        ...

    async def records(self, limit: int) -> list[Json]:
        """The newest call records, oldest first: at, type, and what that type says."""
        ...

    async def outbox(self, state: str | None, limit: int) -> list[Json]:
        """The newest messages, oldest first: id, state, channel, notice, recipient, subject, created, due, tries, sent,
        last_error, conference. Never their text."""
        ...

    async def retry_outbox(self, id: str) -> None:
        """Send it now. Refuses state when it was sent or cannot be."""
        ...

    async def forget_outbox(self, id: str) -> None: ...

    async def explain(self, address: str, pin: Secret | None) -> list[str]:
        """What would happen to somebody who dialled this URI or call ID and typed this PIN, and why: one line per
        step and per effective value with its layer. Never contains a PIN."""
        ...

    async def explain_leg(self, id: str) -> Json:
        """Who a leg is or was, how it came in, what was decided and why, how it ended: id, number, who, came, state,
        waits, timeline: [at, what], settings: [name, value, origin], ending, media, quality, and lines for people."""
        ...

    # --- live ---

    async def status(self) -> Json:
        """version, started, data_dir, listeners: [text], workers, troubles: [text], meetings, legs."""
        ...

    async def meetings(self) -> list[Json]:
        """id, space, name, started, participants, waiting, locked."""
        ...

    async def meeting(self, id: str) -> Json:
        """As in meetings, with legs: as in legs."""
        ...

    async def end_meeting(self, id: str) -> None: ...

    async def lock_meeting(self, id: str, locked: bool) -> None: ...

    async def legs(self) -> list[Json]:
        """id, number, remote (URI), meeting (id or None), state, causes: [text] while waiting, codec, seconds."""
        ...

    async def drop_leg(self, id: str) -> None: ...

    async def log(self, limit: int) -> list[str]:
        """The newest lines of the event log, oldest first."""
        ...

    def follow_log(self) -> AsyncIterator[str]:
        """The lines from now on. A reader too slow for the bound is told how many lines it missed."""
        ...

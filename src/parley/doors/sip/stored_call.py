"""What a SIP call writes of itself for the life of the server after this one: JSON, with keys and passwords in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from ...core.leg_inputs import LegAudio
from ...core.outbound import Hop
from ...wire.sdes import Keys
from ...wire.sdp import Codec, Session
from ...wire.sip.flow import Flow


@dataclass(frozen=True, slots=True)
class StoredCall:
    """dialog: as the SIP layer tells it. hop: by which we called, with our credentials there. fingerprint: of our end,
    where keys were agreed by DTLS."""

    dialog: dict[str, Any]
    call_id: str
    media_address: str
    session: int
    port: int
    sent: Session | None
    codec: Codec | None
    keys: Keys | None
    audio: LegAudio | None
    flow: Flow | None
    user_agent: str
    hop: Hop | None = None
    fingerprint: str | None = None

    def encoded(self) -> bytes:
        # The far end's own words go back to it byte for byte, and not all of them are UTF-8: that is escaped here.
        return json.dumps(msgspec.to_builtins(self), separators=(",", ":")).encode("ascii")


def decoded(written: bytes) -> StoredCall:
    """Raises ValueError for what no version like this one has written."""
    return msgspec.convert(json.loads(written), StoredCall)

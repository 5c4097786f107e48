"""One SIP call that the life of the server before has answered or made."""

from __future__ import annotations

from dataclasses import replace

from ...core.endings import Ending
from ...core.leg_inputs import WebLocal
from ...wire.sdes import OurKeys
from ...wire.sdp import Session
from ...wire.sip.events import DialogId
from .outgoing import CallByHop, CallingWire
from .stored_call import StoredCall

# What was said in the last second before the end may not be in the store. So numbers go on with a step: a CSeq that the
# peer has seen would be refused (RFC 3261 section 12.2.2 bears any step upwards), a description under a version that it
# has seen would be passed over (RFC 3264 section 8).
SKIPPED = 100


class SurvivingCall(CallByHop):
    """Implements SurvivingDoor."""

    def __init__(self, stored: StoredCall, dialog: DialogId, wire: CallingWire) -> None:
        super().__init__(wire, stored.call_id, stored.media_address, stored.session, OurKeys(known=stored.keys))
        self.dialog = dialog
        self.audio = stored.audio
        self._calling = wire
        self._flow = stored.flow
        self._port = stored.port
        self._sent = _with_later_version(stored.sent) if stored.sent is not None else None
        self._codec = stored.codec
        self._user_agent = stored.user_agent
        self._hop = stored.hop
        self._fingerprint = stored.fingerprint

    def accept(self, port: int, web: WebLocal | None = None, plain: bool = False) -> None:
        """It is answered."""

    def reject(self, ending: Ending) -> None:
        """It is answered."""


def _with_later_version(sent: Session) -> Session:
    return replace(sent, origin=replace(sent.origin, version=sent.origin.version + SKIPPED))

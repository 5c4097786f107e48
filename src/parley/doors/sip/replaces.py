"""Replaces: a call that takes the place of another one (RFC 3891)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...app.ports import LegInbox
from ...wire.sip.address import find_param, parse_params, split_outside
from ...wire.sip.errors import TheirMistake
from ...wire.sip.events import DialogId
from ...wire.sip.message import Request
from .call import SipCall
from .statuses import Refused


@dataclass(frozen=True, slots=True)
class Replaces:
    """Which call. early_only: not once it is answered."""

    dialog: DialogId
    early_only: bool = False

    @classmethod
    def of(cls, request: Request) -> Replaces | None:
        """What the header of an INVITE says; None: nothing. Raises TheirMistake."""
        lines = request.headers.lines("Replaces")
        if not lines:
            return None
        call_id, *pieces = split_outside(lines[0], ";")
        params = parse_params(pieces)
        ours, theirs = find_param(params, "to-tag"), find_param(params, "from-tag")
        if len(lines) > 1 or not call_id.strip() or not ours or not theirs:
            raise TheirMistake("malformed Replaces")
        # The tag of an end that gives none, as RFC 2543 allowed, is written 0.
        dialog = DialogId(call_id.strip(), ours, "" if theirs == "0" else theirs)
        return cls(dialog, find_param(params, "early-only") is not None)


def call_replaced(request: Request, calls: Mapping[DialogId, SipCall]) -> LegInbox | None:
    """The call whose place the new one wants to take; None: it wants none's. Raises Refused (RFC 3891 section 3)."""
    try:
        wish = Replaces.of(request)
    except TheirMistake:
        raise Refused(400) from None
    if wish is None:
        return None
    old = calls.get(wish.dialog)
    if old is None or old.ended or old.inbox is None or not old.answered:
        raise Refused(481)
    if wish.early_only:
        raise Refused(486)
    return old.inbox

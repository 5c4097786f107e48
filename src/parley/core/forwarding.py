"""Calls that are none of ours and are passed on: forwarding rules, and what keeps a call from going in circles.

Two things end a circle. Max-Forwards is taken over into the INVITE that we send, one less (RFC 7332), so that it ends
wherever it leads. And each of our INVITEs carries the marks of its passes through servers like this one: a mark is
made of the server and of where the call went from there, so that a call may come by twice on its way to two places,
and not once to the same. Marks are at most PASSES_MOST.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from .dialplan import Address
from .ids import ForwardingRuleId, TenantId
from .outbound import Target, parse_target
from .patterns import glob_matches
from .profiles import Extras

FORWARDS = 70  # where the caller says nothing (RFC 3261 section 8.1.1.6)
PASSES_MOST = 10
MARK_LENGTH = 16
PARAMETERS_MOST = 255  # characters


class ForwardingAction(StrEnum):
    FORWARD = "forward"
    REJECT = "reject"


class CallerIdMode(StrEnum):
    """As whom we call: the caller's user part at a domain of ours, or the caller's address as it is."""

    REGENERATE = "regenerate"
    PRESERVE = "preserve"


class UriParameters(StrEnum):
    DISCARD = "discard"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class ForwardingRule:
    """Calls to domains that fit `pattern` (`*` stands for anything, anywhere in it) are passed on, or refused.

    Asked only where no inbound rule claims the domain. Higher priority first. domain: to which domain instead.
    tenant: whose outbound rules and bounds count.
    """

    id: ForwardingRuleId
    pattern: str
    destination_domain: str | None = None
    action: ForwardingAction = ForwardingAction.FORWARD
    caller_id: CallerIdMode = CallerIdMode.REGENERATE
    priority: int = 0
    tenant: TenantId | None = None
    uri_parameters: UriParameters = UriParameters.DISCARD
    extras: Extras = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passage:
    """How a call came so far: hops it may still make, the marks of servers like ours, and what followed its address.

    user: as it was dialled, with its case and its escapes.
    """

    forwards: int = FORWARDS
    marks: tuple[str, ...] = ()
    parameters: str = ""
    user: str = ""


class Circle(Exception):
    """The call has been here before, or has made too many hops. hops: it is the latter."""

    def __init__(self, hops: bool) -> None:
        super().__init__("too many hops" if hops else "it has been here before")
        self.hops = hops


def rule_for(address: Address, rules: Iterable[ForwardingRule]) -> ForwardingRule | None:
    """The best rule whose pattern fits; at the same priority the one with the most said in it."""
    fitting = [rule for rule in rules if glob_matches(rule.pattern, address.domain)]
    return min(fitting, key=lambda rule: (-rule.priority, -len(rule.pattern.replace("*", ""))), default=None)


# What a parameter of a SIP URI may be made of, and none that says by which way a call goes (RFC 3261 section 19.1.1).
_PARAMETER = re.compile(r"[A-Za-z0-9\-_.!~*'()\[\]/:&+$%]+(?:=[A-Za-z0-9\-_.!~*'()\[\]/:&+$%]+)?")
_WAYS = frozenset({"transport", "maddr", "ttl", "lr", "method", "ob", "gr", "sigcomp-id", "comp"})


def kept_parameters(text: str) -> str:
    """Of `;a=b;c` what may go on, in order, each with its semicolon."""
    kept = []
    for parameter in text.split(";"):
        if _PARAMETER.fullmatch(parameter) and parameter.partition("=")[0].lower() not in _WAYS:
            kept.append(f";{parameter}")
    made = "".join(kept)
    return made if len(made) <= PARAMETERS_MOST else ""


def destination(rule: ForwardingRule, address: Address, passage: Passage) -> Target:
    """Whom to call in place of the address. Raises BadTarget."""
    domain = rule.destination_domain or address.domain
    target = parse_target(f"{passage.user or address.user}@{f'[{domain}]' if domain.count(':') > 1 else domain}", None)
    parameters = kept_parameters(passage.parameters) if rule.uri_parameters is UriParameters.FORWARD else ""
    return Target(target.user, target.domain, target.port, parameters=parameters)


def passed_on(passage: Passage, server: str, target: Target) -> Passage:
    """How the call goes on from here. server: a secret of this server's own. Raises Circle."""
    if passage.forwards <= 1 or len(passage.marks) >= PASSES_MOST:
        raise Circle(hops=True)
    mark = mark_of(server, target)
    if mark in passage.marks:
        raise Circle(hops=False)
    return Passage(passage.forwards - 1, (*passage.marks, mark))


def mark_of(server: str, target: Target) -> str:
    """The same for the same server and place; says neither to others."""
    made = hashlib.sha256(f"{server}|{target.user.lower()}@{target.domain}:{target.port or ''}".encode())
    return made.hexdigest()[:MARK_LENGTH]


_MARK = re.compile(rf"[0-9a-f]{{{MARK_LENGTH}}}")


def read_marks(text: str) -> tuple[str, ...]:
    """Of a header's value; one mark more than there may be shows that there are too many."""
    marks = [part.strip() for part in text[: 64 * MARK_LENGTH].split(",")]
    return tuple(mark for mark in marks if _MARK.fullmatch(mark))[: PASSES_MOST + 1]

"""What would happen to somebody who dials this, and why, layer by layer. Says it in lines; never names a PIN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from .admission import Admit, AskPin, Candidates, Door, Refuse, WrongPin, ask, judge
from .dialplan import Echo, InboundRule, Ivr
from .endings import Reason
from .forwarding import ForwardingAction, ForwardingRule
from .ids import AccessMethodId
from .leg_inputs import UnknownTarget
from .outbound import Hop
from .profiles import CallLayer, LegLayer, PasscodeMode, resolve_call, resolve_leg
from .secret import Secret

_REFUSALS = {
    Reason.NOT_MEMBER: "refused: the space is closed to non-members (to the caller it looks unknown)",
    Reason.ENTRY_RESTRICTED: (
        "refused: only people who prove who they are, or were invited, come in (to the caller it looks unknown)"
    ),
    Reason.ENCRYPTION_REQUIRED: "refused: every door asks for encrypted media, and the caller's is plain",
    Reason.UNKNOWN_CALL_ID: "refused as if the PIN were wrong: no space has this call ID",
    Reason.WRONG_PIN: "refused: the PIN fits no door",
    Reason.LOCKED_OUT: "refused as if the PIN were wrong: locked out after too many wrong ones",
}


@dataclass(frozen=True, slots=True)
class Onward:
    """rule: the forwarding rule that decides; None: a person's devices ring. ways: in the order of trying.
    denied: by a dial transform."""

    rule: ForwardingRule | None
    target: str = ""
    ways: tuple[Hop, ...] = ()
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked. rule: the inbound rule that claims the address, None where a call ID was given.

    of_settings: the rule comes from the settings, not from the API. locked: PINs are locked out now.
    onward: whither the call goes on, where it leads to nothing of ours.
    leg_layers: for each access method the layers a leg would have that came in by it.
    """

    dialled: str
    target: UnknownTarget | Candidates | Ivr | Echo | None  # None: a call ID that no space has
    rule: InboundRule | None = None
    of_settings: bool = False
    by_call_id: bool = False
    pin: Secret | None = None
    locked: bool = False
    leg_layers: Mapping[AccessMethodId, Sequence[LegLayer]] = field(default_factory=dict)
    names: Mapping[AccessMethodId, str] = field(default_factory=dict)
    onward: Onward | None = None


def explain(inquiry: Inquiry) -> list[str]:
    """The whole story in lines, indented by two blanks per level."""
    lines = _claimed(inquiry)
    target = inquiry.target
    if isinstance(target, UnknownTarget) and inquiry.onward is not None:
        return [*lines, *_passed_on(inquiry.onward)]
    if isinstance(target, UnknownTarget):
        return [*lines, "it leads nowhere: the call is refused at once (unknown destination)"]
    if isinstance(target, Ivr):
        return lines + _ivr(target)
    if isinstance(target, Echo):
        stay = f"for {target.limit:.0f} s at most"
        return [
            *lines,
            f"it leads to the echo: the caller is alone and hears himself {target.delay:.0f} s later, {stay}",
        ]
    if target is None:
        lines.append("no space has this call ID: at an IVR a PIN is asked for all the same")
        if inquiry.pin is not None:
            lines.append(_verdict(inquiry, None))
        return lines
    lines.append(f'it leads to space {target.space} "{target.space_name}" by {_count(len(target.doors), "door")}')
    for door in target.doors:
        lines.append(f"  door {_door_name(inquiry, door)}: {_has_pin(door)}")
    lines += _asked(inquiry, target)
    lines.append("call settings:")
    lines += _call_values(target.call_layers)
    for door in target.doors:
        lines.append(f"leg settings by door {_door_name(inquiry, door)}:")
        lines += _leg_values(inquiry.leg_layers.get(door.access_method, ()))
    return lines


def _claimed(inquiry: Inquiry) -> list[str]:
    if inquiry.by_call_id:
        return [f"{inquiry.dialled} is a call ID"]
    if inquiry.rule is None:
        return [f"no inbound rule claims {inquiry.dialled}"]
    rule = inquiry.rule
    flags = {"users": rule.resolve_to_users, "spaces": rule.resolve_to_spaces, "IVRs": rule.resolve_to_ivrs}
    to = ", ".join(name for name, on in flags.items() if on) or "nothing"
    origin = "of the settings" if inquiry.of_settings else f"{rule.id}, priority {rule.priority}"
    lines = [f"{inquiry.dialled} is claimed by the inbound rule for {rule.domain} ({origin}), which resolves to {to}"]
    if rule.tenant is not None:
        lines.append(f"  only for tenant {rule.tenant}")
    return lines


def _ivr(ivr: Ivr) -> list[str]:
    reach = "spaces of every tenant" if ivr.tenant is None else f"only spaces of tenant {ivr.tenant}"
    lines = [f"it leads to IVR {ivr.id}: the caller is asked for a call ID", f"  {reach} can be reached"]
    if not ivr.resolve_call_ids:
        lines.append("  but this IVR resolves no call IDs: every one is refused as if the PIN were wrong")
    return lines


def _asked(inquiry: Inquiry, candidates: Candidates) -> list[str]:
    answer = ask(candidates)
    if isinstance(answer, Refuse):
        return [_REFUSALS[answer.reason]]
    if isinstance(answer, Admit):
        lines = [f"nothing is asked: the caller comes in by door {_named(inquiry, candidates, answer)}"]
    else:
        lines = [_question(answer)]
    if inquiry.pin is not None:
        if isinstance(answer, Admit):
            lines.append("a PIN is not asked for, so the one given is not used")
        else:
            lines.append(_verdict(inquiry, candidates))
    return lines


def _question(answer: AskPin) -> str:
    if answer.blank is None:
        return "a PIN is asked for"
    if answer.blank is PasscodeMode.TIMEOUT:
        silence = f"{answer.timeout} s of silence after the prompt"
        return f"a PIN is asked for; # alone, or {silence}, means the door without one"
    return "a PIN is asked for; # alone means the door without one"


def _passed_on(onward: Onward) -> list[str]:
    """Which rule passes the call on, and by which ways."""
    rule = onward.rule
    if rule is None:
        return [
            f"a person has this address: {_count(len(onward.ways), 'registered device')} of that person ring together"
        ]
    named = f"forwarding rule {rule.id} ({rule.pattern}, priority {rule.priority})"
    if rule.action is ForwardingAction.REJECT:
        return [f"{named} refuses the call"]
    if not onward.ways:
        why = "a dial transform denies it" if onward.denied else "no outbound rule leads there"
        return [f"{named} forwards it to {onward.target}, but {why}: unknown destination"]
    lines = [f"{named} forwards it to {onward.target}, by {_count(len(onward.ways), 'way')} in this order"]
    for hop in onward.ways:
        port = f":{hop.port}" if hop.port is not None else ""
        lines.append(f"  rule {hop.rule}: {hop.host}{port} by {hop.transport}, then {hop.failure_action}")
    return lines


def _verdict(inquiry: Inquiry, candidates: Candidates | None) -> str:
    verdict = judge(candidates, inquiry.pin or Secret(""), inquiry.locked)
    if isinstance(verdict, WrongPin):
        return f"with the PIN given: {_REFUSALS[verdict.reason]}"
    assert candidates is not None  # nothing is admitted where nothing is
    return f"with the PIN given: admitted by door {_named(inquiry, candidates, verdict)}"


def _named(inquiry: Inquiry, candidates: Candidates, admit: Admit) -> str:
    return next(_door_name(inquiry, door) for door in candidates.doors if door.access_method == admit.access_method)


def _door_name(inquiry: Inquiry, door: Door) -> str:
    name = inquiry.names.get(door.access_method) or ("the space's own" if door.own else "")
    return f"{door.access_method} ({name})" if name else str(door.access_method)


def _has_pin(door: Door) -> str:
    return "has a PIN" if door.passcode is not None and door.passcode.reveal() else "blank, no PIN"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _leg_values(layers: Sequence[LegLayer]) -> list[str]:
    settings = resolve_leg(layers).settings
    return [
        f"  {spec.name} = {shown_value(getattr(settings, spec.name))} ({origin_of(spec.name, layers)})"
        for spec in fields(settings)
    ]


def _call_values(layers: Sequence[CallLayer]) -> list[str]:
    settings = resolve_call(layers).settings
    return [
        f"  {spec.name} = {shown_value(getattr(settings, spec.name))} ({origin_of(spec.name, layers)})"
        for spec in fields(settings)
    ]


def origin_of(name: str, layers: Sequence[LegLayer | CallLayer]) -> str:
    """The layer that says the last word on this value, with its profile."""
    for entry in reversed(layers):
        if getattr(entry.settings, name) is not None:
            return f"{entry.layer}, profile {entry.profile}" if entry.profile is not None else f"{entry.layer}"
    return "built-in default"


def shown_value(value: object) -> str:
    """A value of a setting in words."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

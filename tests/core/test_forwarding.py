"""Forwarding rules: which one decides, whither, and how a circle ends."""

from __future__ import annotations

import pytest

from parley.core.dialplan import Address
from parley.core.forwarding import (
    Circle,
    ForwardingRule,
    Passage,
    UriParameters,
    destination,
    kept_parameters,
    passed_on,
    read_marks,
    rule_for,
)
from parley.core.ids import ForwardingRuleId
from parley.core.outbound import BadTarget, Target

ADDRESS = Address("ada", "lab.far.example")


def rule(id: str, pattern: str, priority: int = 0, **more: object) -> ForwardingRule:
    return ForwardingRule(ForwardingRuleId(id), pattern, priority=priority, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "best"),
    [
        ([rule("a", "*.far.example"), rule("b", "lab.*", 1)], "b"),
        ([rule("a", "*"), rule("b", "*.example"), rule("c", "*.far.*")], "b"),
        ([rule("a", "lab.far.example"), rule("b", "*.far.example")], "a"),
        ([rule("a", "far.example")], None),
        ([], None),
    ],
)
def test_the_rule_that_decides(rules: list[ForwardingRule], best: str | None) -> None:
    """Higher priority first; at the same one the pattern that says most."""
    found = rule_for(ADDRESS, rules)
    assert (found.id if found else None) == best


def test_whither() -> None:
    """To the rule's domain, else as dialled; the user keeps its case; parameters where the rule says."""
    passage = Passage(parameters=";user=phone;transport=tls;x=1", user="Ada")
    assert destination(rule("a", "*"), ADDRESS, passage) == Target("Ada", "lab.far.example")
    to = destination(
        rule("a", "*", destination_domain="b.example:5070", uri_parameters=UriParameters.FORWARD), ADDRESS, passage
    )
    assert to == Target("Ada", "b.example", 5070, parameters=";user=phone;x=1")
    with pytest.raises(BadTarget):
        destination(rule("a", "*"), ADDRESS, Passage(user="a;b"))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (";user=phone", ";user=phone"),
        (";maddr=10.0.0.1;lr;Transport=tcp;a=b", ";a=b"),
        (";a=b>\r\nX: y", ""),
        (";a b=c;d", ";d"),
        (";" + "a" * 300, ""),
    ],
)
def test_parameters_that_may_go_on(text: str, kept: str) -> None:
    """None that says by which way a call goes, and nothing that could end the address."""
    assert kept_parameters(text) == kept


def test_a_circle_ends() -> None:
    """Going to the same place from the same server once more is refused; going to another place is not."""
    there, elsewhere = Target("ada", "b.example"), Target("ada", "c.example")
    once = passed_on(Passage(forwards=5), "secret", there)
    assert (once.forwards, len(once.marks)) == (4, 1)
    assert len(passed_on(once, "secret", elsewhere).marks) == 2
    assert len(passed_on(once, "another server", there).marks) == 2
    with pytest.raises(Circle) as circle:
        passed_on(once, "secret", Target("ADA", "b.example"))
    assert not circle.value.hops


@pytest.mark.parametrize("passage", [Passage(forwards=1), Passage(forwards=0), Passage(marks=("0" * 16,) * 10)])
def test_too_many_hops(passage: Passage) -> None:
    """No call goes on once it has made its hops, whoever counts them."""
    with pytest.raises(Circle) as circle:
        passed_on(passage, "secret", Target("ada", "b.example"))
    assert circle.value.hops


def test_marks_are_read_with_bounds() -> None:
    """What is no mark is passed over, and no header makes us remember more than there may be."""
    mark = "0123456789abcdef"
    assert read_marks(f"{mark}, nonsense,{mark}") == (mark, mark)
    assert len(read_marks(",".join([mark] * 500))) == 11

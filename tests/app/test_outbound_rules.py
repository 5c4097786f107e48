"""Outbound rules: what is kept, what is refused."""

from __future__ import annotations

import pytest

from parley.app.outbound_rules import OutboundRuleEdit
from parley.app.ports import Query
from parley.core.outbound import FailureAction
from parley.core.refusals import Refusal
from parley.core.secret import Secret
from tests.app.floor import Floor


async def test_a_rule_is_made_changed_and_removed(floor: Floor) -> None:
    """What is not named stays; None clears."""
    rules = floor.use.outbound_rules
    id = await rules.create(
        OutboundRuleEdit(
            domain="*.com",
            priority=3,
            proxy="192.0.2.1:5070;transport=tcp",
            username="u",
            password=Secret("p"),
            realm="r",
        )
    )
    await rules.change(id, OutboundRuleEdit(priority=4, failure_action=FailureAction.CONTINUE, proxy=None))
    rule = await rules.get(id)
    assert (rule.domain, rule.priority, rule.proxy, rule.failure_action) == ("*.com", 4, None, "continue")
    assert (rule.username, rule.realm) == ("u", "r") and rule.password == Secret("p")
    assert (await rules.page(Query())).total == 1
    await rules.delete(id)
    with pytest.raises(Refusal) as gone:
        await rules.get(id)
    assert gone.value.data == {"kind": "outbound-rule", "id": id}


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({}, "missing", "domain"),
        ({"domain": None}, "missing", "domain"),
        ({"domain": "a.*"}, "invalid", "domain"),
        ({"domain": "**"}, "invalid", "domain"),
        ({"domain": "a b"}, "invalid", "domain"),
        ({"domain": "-"}, "invalid", "domain"),
        ({"domain": "*", "proxy": "a;lr"}, "invalid", "proxy"),
        ({"domain": "*", "proxy": "sip:a@b"}, "invalid", "proxy"),
        ({"domain": "*", "local_from_domain": "a>b"}, "invalid", "local_from_domain"),
        ({"domain": "*", "local_contact_domain": "a;b"}, "invalid", "local_contact_domain"),
        ({"domain": "*", "username": "u"}, "missing", "password"),
        ({"domain": "*", "username": "u", "password": Secret("p")}, "missing", "realm"),
        ({"domain": "*", "tenant": "nobody"}, "unknown-reference", "tenant"),
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(
    floor: Floor, fields: dict[str, object], code: str, field: str
) -> None:
    """On creation and on change alike, by the name of the field."""
    rules = floor.use.outbound_rules
    with pytest.raises(Refusal) as refusal:
        await rules.create(OutboundRuleEdit(**fields))  # type: ignore[arg-type]
    assert (refusal.value.code, refusal.value.data["field"]) == (code, field)
    assert (await rules.page(Query())).total == 0
    id = await rules.create(OutboundRuleEdit(domain="kept.example"))
    before = await rules.get(id)
    if fields:
        with pytest.raises(Refusal):
            await rules.change(id, OutboundRuleEdit(**fields))  # type: ignore[arg-type]
    assert await rules.get(id) == before


async def test_the_password_is_not_shown(floor: Floor) -> None:
    """Not by the repr of a rule."""
    rules = floor.use.outbound_rules
    id = await rules.create(OutboundRuleEdit(domain="*", username="u", password=Secret("sesame"), realm="r"))
    assert "sesame" not in repr(await rules.get(id))

"""forwardingDialPlanRules and dialTransforms as the sheet prints them (cms-api 1.7, 1.8, 2.13)."""

from __future__ import annotations

import pytest

from tests.doors.cms_rig import Rig

DECLARATION = '<?xml version="1.0"?>'


async def test_a_forwarding_rule_is_made_shown_listed_changed_and_deleted(cms: Rig) -> None:
    """Defaults as the sheet has them; the list shows matchPattern, priority and tenant."""
    sent = await cms.send("POST", "forwardingDialPlanRules", matchPattern="*.Lab.example")
    location = sent.headers["location"]
    assert location.startswith("/api/v1/forwardingDialPlanRules/")
    path = location.removeprefix("/api/v1/")
    id = path.partition("/")[2]
    assert await cms.get(path) == (
        f'{DECLARATION}<forwardingDialPlanRule id="{id}"><matchPattern>*.lab.example</matchPattern>'
        "<destinationDomain></destinationDomain><action>forward</action><callerIdMode>regenerate</callerIdMode>"
        "<priority>0</priority><uriParameters>discard</uriParameters></forwardingDialPlanRule>"
    )
    tenant = await cms.post("tenants", name="t")
    await cms.put(path, priority="5", tenant=tenant, destinationDomain="b.example", action="reject")
    assert await cms.get("forwardingDialPlanRules") == (
        f'{DECLARATION}<forwardingDialPlanRules total="1"><forwardingDialPlanRule id="{id}">'
        f"<matchPattern>*.lab.example</matchPattern><priority>5</priority><tenant>{tenant}</tenant>"
        "</forwardingDialPlanRule></forwardingDialPlanRules>"
    )
    assert '<forwardingDialPlanRules total="0"/>' in await cms.get("forwardingDialPlanRules?filter=other")
    assert await cms.refused("DELETE", f"tenants/{tenant}") == (400, "<invalidOperation />")
    await cms.delete(path)
    assert await cms.refused("GET", path) == (404, "<forwardingDialPlanRuleDoesNotExist />")


@pytest.mark.parametrize(
    ("parameters", "parameter", "error"),
    [
        ({}, "matchPattern", "missing"),
        ({"matchPattern": "a b"}, "matchPattern", "invalidValue"),
        ({"matchPattern": "a?b"}, "matchPattern", "invalidValue"),
        ({"matchPattern": "*", "destinationDomain": "1.2.3"}, "destinationDomain", "invalidValue"),
        ({"matchPattern": "*", "action": "drop"}, "action", "invalidValue"),
        ({"matchPattern": "*", "callerIdMode": "hide"}, "callerIdMode", "invalidValue"),
        ({"matchPattern": "*", "uriParameters": "keep"}, "uriParameters", "invalidValue"),
        ({"matchPattern": "*", "priority": "high"}, "priority", "invalidValue"),
    ],
)
async def test_what_is_no_forwarding_rule(cms: Rig, parameters: dict[str, str], parameter: str, error: str) -> None:
    """The parameter that is wrong is named, and no rule is made."""
    answer = (400, f'<parameterError parameter="{parameter}" error="{error}" />')
    assert await cms.refused("POST", "forwardingDialPlanRules", **parameters) == answer
    assert 'total="0"' in await cms.get("forwardingDialPlanRules")


async def test_a_dial_transform_is_made_shown_changed_and_deleted(cms: Rig) -> None:
    """All of it can be left out: it then takes everything as it is."""
    id = await cms.post("dialTransforms")
    path = f"dialTransforms/{id}"
    assert await cms.get(path) == (
        f'{DECLARATION}<dialTransform id="{id}"><type>raw</type><match></match><transform></transform>'
        "<priority>0</priority><action>accept</action></dialTransform>"
    )
    await cms.put(path, type="phone", match="($1/^44$/)($2/^20/)", transform="0$2@london.example", action="acceptPhone")
    assert "<match>($1/^44$/)($2/^20/)</match><transform>0$2@london.example</transform>" in await cms.get(path)
    assert '<dialTransforms total="1">' in await cms.get("dialTransforms?filter=LONDON")
    for name, value in (("type", "raw"), ("match", "($1/(/)"), ("transform", "$3"), ("action", "allow")):
        wrong = "match" if name == "type" else name  # $2 is nothing to a raw transform
        answer = (400, f'<parameterError parameter="{wrong}" error="invalidValue" />')
        assert await cms.refused("PUT", path, **{name: value}) == answer
    assert "<type>phone</type>" in await cms.get(path)
    await cms.delete(path)
    assert (await cms.refused("GET", path))[0] == 404


async def test_encryption_that_contradicts_the_proxy(cms: Rig) -> None:
    """A rule cannot ask for TLS and for a transport without it."""
    wrong = (400, '<parameterError parameter="sipControlEncryption" error="invalidValue" />')
    for proxy, encryption in (("p.example;transport=tcp", "encrypted"), ("p.example;transport=tls", "unencrypted")):
        parameters = {"domain": "d", "sipProxy": proxy, "sipControlEncryption": encryption}
        assert await cms.refused("POST", "outboundDialPlanRules", **parameters) == wrong

"""Why a use case said no. Doors translate codes into their dialect in one table each."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """`code` is one of the words below, `data` names the field or object concerned.

    Codes: not-found(kind, id) · unknown-reference(kind, field) · duplicate-uri · duplicate-call-id ·
    duplicate-uri-passcode · duplicate-call-id-passcode · rule-conflict · ivr-conflict · duplicate-name(field) ·
    invalid(field, error) · missing(field) · not-permitted(what) · in-use(kind) · limit(which) ·
    no-outbound-rule(target) · state(kind, state)

    Signing in: bad-credential · account-disabled · locked(which) · bad-signature · signature-expired ·
    signature-used · application-disabled · not-registered · may-not-register(error)
    New passwords: password-length · -characters · -classes · -repeats · -account · -unchanged · -similar ·
    -reused · -too-soon, each with (field, error)
    """

    def __init__(self, code: str, **data: Any) -> None:
        super().__init__(code, data)
        self.code = code
        self.data = data

"""Every refusal as this API says it, in one table: code of the use case -> status and code of the answer."""

from __future__ import annotations

from pydantic import ValidationError

from ....core.refusals import Refusal
from .values import Sparse


class Error(Sparse):
    """Every answer that is no success. field: the member of the request that is at fault, where there is one."""

    code: str
    message: str
    field: str | None = None


class Failure(Exception):
    """An error answer."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.error = Error(code=code, message=message, field=field)


# Refusal code -> (status, code, message). "{...}" is filled from the refusal's data.
_WRONG_SIGN_IN = (401, "bad-credential", "The account or the password is wrong.")
_CLASH = "{field} is used by something else already."
REFUSALS: dict[str, tuple[int, str, str]] = {
    "not-found": (404, "not-found", "There is no such {kind}."),
    "unknown-reference": (400, "invalid", "There is no such {kind}."),
    "duplicate-uri": (409, "duplicate", "Another space has this URI."),
    "duplicate-call-id": (409, "duplicate", "Another space has this call ID."),
    "duplicate-uri-passcode": (409, "duplicate", "Another door of this URI has this passcode."),
    "duplicate-call-id-passcode": (409, "duplicate", "Another door of this call ID has this passcode."),
    "duplicate-name": (409, "duplicate", _CLASH),
    "rule-conflict": (409, "duplicate", "An inbound rule says something else."),
    "ivr-conflict": (409, "duplicate", "An entrance has this address."),
    "invalid": (400, "invalid", "{field} {error}."),
    "missing": (400, "invalid", "{field} is missing."),
    "not-permitted": (403, "not-permitted", "You may not do this: {what}."),
    "in-use": (409, "in-use", "It is still in use by something: {kind}."),
    "limit": (409, "limit", "A limit is reached: {which}."),
    "no-outbound-rule": (400, "invalid", "No rule leads to this address."),
    "state": (409, "state", "It is {state}."),
    "bad-credential": _WRONG_SIGN_IN,
    "account-disabled": (403, "not-permitted", "The account is disabled."),
    "locked": (429, "locked", "Too many wrong passwords; wait a minute."),
    "bad-signature": _WRONG_SIGN_IN,
    "signature-expired": _WRONG_SIGN_IN,
    "signature-used": _WRONG_SIGN_IN,
    "application-disabled": _WRONG_SIGN_IN,
    "not-registered": _WRONG_SIGN_IN,
    "may-not-register": _WRONG_SIGN_IN,
    **{
        f"password-{rule}": (400, f"password-{rule}", "The new password {error}.")
        for rule in (
            "length", "characters", "classes", "repeats", "account", "unchanged", "similar", "reused", "too-soon",
        )
    },
}  # fmt: skip


class _Data(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return {"error": "is not valid", "field": "A value"}.get(key, "it")


def from_refusal(refusal: Refusal) -> Failure:
    """What the client is told. A code that is missing here is a bug, and a test finds it."""
    status, code, message = REFUSALS[refusal.code]
    data = _Data({name: str(value).replace("-", " ") for name, value in refusal.data.items() if name != "id"})
    field = refusal.data.get("field")
    if field:
        data["field"] = str(field)
    return Failure(status, code, message.format_map(data), str(field) if field else None)


def from_validation(wrong: ValidationError) -> Failure:
    """The first problem; what was sent is not repeated, for it may be a password."""
    first = wrong.errors(include_input=False, include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"])[:100]
    message = str(first["msg"]).removeprefix("Value error, ")
    return Failure(400, "invalid", f"{field}: {message}" if field else message, field or None)

"""What a mail program makes of the bytes of a mail."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage


@dataclass(frozen=True)
class Mail:
    """A mail as read by the standard library."""

    message: EmailMessage
    plain: str
    html: str
    calendar: bytes | None
    method: str | None
    attachment: bytes | None

    def __getitem__(self, header: str) -> str:
        return str(self.message[header])


def read_mail(data: bytes) -> Mail:
    """Fails where the mail has defects or another structure than it should."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    found: dict[str, EmailMessage] = {}
    for part in message.walk():
        assert not part.defects, part.defects
        assert all(not header.defects for header in part.values()), [header.defects for header in part.values()]
        assert part.get_content_type() not in found or part.is_multipart()
        found[part.get_content_type()] = part  # type: ignore[assignment]
    calendar, file = found.get("text/calendar"), found.get("application/ics")
    return Mail(
        message,
        found["text/plain"].get_content(),
        found["text/html"].get_content(),
        calendar.get_payload(decode=True) if calendar else None,  # type: ignore[arg-type]
        str(calendar["Content-Type"].params["method"]) if calendar else None,
        file.get_payload(decode=True) if file else None,  # type: ignore[arg-type]
    )

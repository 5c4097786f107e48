"""What a member passes on so that others find a space: its link, address, numbers and passcode, in three languages.

Pure, and made of the words of booked invitations; there is no time in it, for a space is always there.
"""

from __future__ import annotations

from dataclasses import dataclass

from .invitation_words import LANGUAGES
from .invitations import one_line
from .outbox import Notice
from .secret import Secret


@dataclass(frozen=True, slots=True)
class SpaceInvitation:
    """Everything that is said. Empty texts are left out. sip: the full address; entrance: the address where the
    number is asked for."""

    language: str
    name: str
    inviter: str
    link: str = ""
    sip: str = ""
    entrance: str = ""
    dial_in: tuple[str, ...] = ()
    number: str = ""
    passcode: Secret | None = None


def subject(invitation: SpaceInvitation) -> str:
    """One line."""
    words = LANGUAGES[invitation.language]
    return f"{words.title[Notice.BOOKED]}{words.colon}{one_line(invitation.name)}"


def text(invitation: SpaceInvitation) -> str:
    """Plain text, ended by a line break. An entrance by number is of no use to a space without one."""
    words = LANGUAGES[invitation.language]
    by_number = [invitation.entrance, *invitation.dial_in] if invitation.number else []
    rows = [
        ("subject", [one_line(invitation.name)]),
        ("link", [invitation.link]),
        ("sip", [invitation.sip]),
        ("dial_in", by_number),
        ("number", [invitation.number]),
        ("passcode", [invitation.passcode.reveal() if invitation.passcode else ""]),
    ]
    told = [words.opening[Notice.BOOKED].format(organiser=one_line(invitation.inviter)), ""]
    for key, lines in rows:
        shown = [line for line in lines if line]
        if len(shown) == 1:
            told.append(f"{words.labels[key]}{words.colon}{shown[0]}")
        elif shown:
            told += [f"{words.labels[key]}{words.colon}".rstrip(), *(f"  {line}" for line in shown)]
    return "\n".join(told) + "\n"

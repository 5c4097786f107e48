"""What a redirection of a call of ours (3xx) says."""

from __future__ import annotations

from ...wire.sip.address import URI, NameAddr, bracketed
from ...wire.sip.message import Response

CONTACTS_MOST = 8  # more are not read


def elsewhere(response: Response) -> tuple[str, ...]:
    """Where a redirection says that the person is, best first (RFC 3261 section 8.1.3.4), without what it would add to
    our message. 305 is not followed: by which proxies we go is for our rules to say; nor is a choice of services.
    """
    if response.status not in {300, 301, 302}:
        return ()
    contacts = [one for one in response.contacts[:CONTACTS_MOST] if one.uri.scheme in {"sip", "sips"} and one.uri.user]
    contacts.sort(key=_preference, reverse=True)
    found = (f"{one.uri.scheme}:{one.uri.user}@{_place(one.uri)}" for one in contacts)
    return tuple(dict.fromkeys(found))


def _preference(contact: NameAddr) -> float:
    try:
        return float(contact.param("q") or "1")
    except ValueError:
        return 0.0


def _place(uri: URI) -> str:
    return bracketed(uri.host.lower()) + (f":{uri.port}" if uri.port is not None else "")

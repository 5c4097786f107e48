"""Which of our addresses a far end is told for media, and where they are bound."""

from __future__ import annotations

from .listeners import every_address_like, is_ours, source_address


def media_address(advertised: str | None, local: str, remote: str) -> str:
    """What a far end whose media are at `remote` is told: the advertised address, where it is of that IP version, else
    ours on the way there; the signalling may go by the other version (RFC 6157)."""
    if not remote:
        return advertised or local
    if advertised is not None and (":" in advertised) == (":" in remote):
        return advertised
    return local if (":" in local) == (":" in remote) else source_address(remote)


def media_bind_address(advertised: str | None, local: str, remote: str) -> str:
    """Where to bind media: the address that is told if it is this machine's, else every address of its kind."""
    told = media_address(advertised, local, remote)
    return told if told == local or is_ours(told) else every_address_like(told)

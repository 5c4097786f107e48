"""Secrets that must be read again are kept sealed, so that a copied database does not give them away.

Application keys sign requests, passwords of outbound rules answer challenges, messages that wait hold passcodes and
passwords: a hash would not do.
"""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken

from ...core.secret import Secret

# Stands before sealed bytes: no message begins with it, so that those kept unsealed by earlier versions can be told.
SEALED = b"\x00"


class SealBroken(Exception):
    """A sealed value cannot be opened: it was sealed with another key, or altered."""


class Seal:
    """key: a Fernet key (32 bytes in URL-safe base64). Raises ValueError for anything else."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    def close(self, secret: Secret) -> str:
        return self._fernet.encrypt(secret.reveal().encode("utf-8")).decode("ascii")

    def close_bytes(self, data: bytes) -> bytes:
        """Nothing stays nothing."""
        return SEALED + self._fernet.encrypt(data) if data else b""

    def open_bytes(self, sealed: bytes) -> bytes:
        """Raises SealBroken."""
        if not sealed.startswith(SEALED):
            return sealed
        try:
            return self._fernet.decrypt(sealed[len(SEALED) :])
        except InvalidToken:
            raise SealBroken("a stored message does not open with this server's sealing key") from None

    def open(self, sealed: str) -> Secret:
        try:
            return Secret(self._fernet.decrypt(sealed.encode("ascii")).decode("utf-8"))
        except (InvalidToken, UnicodeError):
            raise SealBroken("a stored secret does not open with this server's sealing key") from None

"""Password hashing, and the key that seals what must be kept readable."""

from __future__ import annotations

import hashlib
import os
import secrets
from base64 import b64decode, b64encode
from pathlib import Path

from cryptography.fernet import Fernet

# OWASP's equal of its first choice that needs 32 MiB instead of 128: several verifications may run at once.
COST, BLOCK, PARALLEL = 2**15, 8, 3
SALT_BYTES, HASH_BYTES = 16, 32
# A stored text that asks for more was not written by us.
MEMORY_LIMIT = 256 * 1024 * 1024
WORK_LIMIT = 2**24  # cost x block x parallel: some 20 times the default


class ScryptHasher:
    """PasswordHasher by scrypt (RFC 7914): `scrypt$cost$block$parallel$salt$hash`, the last two in base64.

    Each text carries its own parameters, so that raising them leaves old passwords usable.
    """

    def __init__(self, cost: int = COST, block: int = BLOCK, parallel: int = PARALLEL) -> None:
        self._parameters = (cost, block, parallel)

    def hash(self, password: str) -> str:
        salt = secrets.token_bytes(SALT_BYTES)
        digest = _scrypt(password, salt, *self._parameters)
        return "$".join(["scrypt", *map(str, self._parameters), _text(salt), _text(digest)])

    def verify(self, password: str, hashed: str) -> bool:
        """Compares in constant time; a malformed text fits no password."""
        try:
            scheme, cost, block, parallel, salt, digest = hashed.split("$")
            if scheme != "scrypt":
                return False
            expected = b64decode(digest, validate=True)
            if len(expected) != HASH_BYTES:
                return False
            actual = _scrypt(password, b64decode(salt, validate=True), int(cost), int(block), int(parallel))
        except (ValueError, OverflowError, MemoryError):
            return False
        return secrets.compare_digest(actual, expected)


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    """Raises ValueError for parameters that are out of bounds."""
    if min(cost, block, parallel) < 1 or cost * block * parallel > WORK_LIMIT:
        raise ValueError("scrypt parameters are out of bounds")
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=cost,
        r=block,
        p=parallel,
        maxmem=MEMORY_LIMIT,
        dklen=HASH_BYTES,
    )


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def seal_key(path: Path) -> bytes:
    """The sealing key kept in this file (mode 0600); a new one is made where there is none.

    Raises ValueError when the file holds something else.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes().strip()
        try:
            Fernet(key)
        except ValueError:
            raise ValueError(f"{path} holds no sealing key: restore it, or remove it to have a new one made") from None
        return key
    key = Fernet.generate_key()
    with os.fdopen(descriptor, "wb") as file:
        file.write(key + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return key

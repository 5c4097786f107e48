"""Identifiers that count, so that a test can name them."""

from __future__ import annotations


class CountedIdentifiers:
    """Implements the Identifiers port: the n-th value of each kind ends in n."""

    def __init__(self) -> None:
        self._uuids = 0
        self._secrets = 0
        self._digits = 0

    def uuid(self) -> str:
        self._uuids += 1
        return f"00000000-0000-4000-8000-{self._uuids:012x}"

    def secret(self) -> str:
        self._secrets += 1
        return f"secret.{self._secrets:015d}"

    def digits(self, count: int) -> str:
        self._digits += 1
        lowest = 10 ** (count - 1)
        return str(lowest + self._digits % (9 * lowest))

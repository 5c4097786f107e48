"""Digest authentication, the server's half (RFC 7616, RFC 3261 section 22, RFC 8760).

`Authorization.parse` reads what a client answered; `fits` compares it with a stored HA1; `DigestServer` challenges
and knows whether a nonce is one of its own, still good, and used for the first time with this count. Only qop=auth is
offered and taken: without a client nonce and a count an answer could be sent again by whoever has heard it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from parley.wire.sip.address import legible
from parley.wire.sip.core import random_token
from parley.wire.sip.digest import ALGORITHMS, parameters, quoted
from parley.wire.sip.errors import TheirMistake

TEXT_MOST = 1024  # characters of one answer's parameter


class Freshness(StrEnum):
    """What is to be thought of an answer's nonce."""

    FRESH = "fresh"
    STALE = "stale"  # not ours, too old, or of an earlier run: another is handed out
    REPLAYED = "replayed"  # the same count came before


@dataclass(frozen=True, slots=True)
class Authorization:
    """One answer to a challenge, as the client sent it."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    count: int
    count_text: str
    client_nonce: str

    @classmethod
    def parse(cls, text: str) -> Authorization:
        """Raises TheirMistake for anything that could not be checked."""
        scheme, _, rest = text.strip().partition(" ")
        if scheme.lower() != "digest":
            raise TheirMistake("not a digest answer")
        values = parameters(rest)
        if any(len(value) > TEXT_MOST for value in values.values()):
            raise TheirMistake("an answer too long")
        missing = {"username", "realm", "nonce", "uri", "response", "cnonce", "nc"} - values.keys()
        if missing or values.get("qop", "").lower() != "auth":
            raise TheirMistake("an answer without all its parts")
        algorithm = values.get("algorithm", "MD5").lower()
        count = values["nc"]
        if algorithm not in ALGORITHMS or len(count) != 8 or not _is_hexadecimal(count):
            raise TheirMistake("an answer of another algorithm, or with a malformed count")
        return cls(
            username=legible(values["username"]),
            realm=values["realm"],
            nonce=values["nonce"],
            uri=values["uri"],
            response=values["response"].lower(),
            algorithm=algorithm,
            count=int(count, 16),
            count_text=count,
            client_nonce=values["cnonce"],
        )

    def fits(self, stored: str, method: str) -> bool:
        """Is it the answer of somebody who knows the password of this HA1? Compared in constant time."""
        digest = ALGORITHMS[self.algorithm]
        request = digest(f"{method}:{self.uri}".encode("utf-8", "surrogateescape")).hexdigest()
        text = f"{stored}:{self.nonce}:{self.count_text}:{self.client_nonce}:auth:{request}"
        wanted = digest(text.encode("utf-8", "surrogateescape")).hexdigest()
        return hmac.compare_digest(wanted.encode(), self.response.encode("utf-8", "surrogateescape"))

    def __repr__(self) -> str:
        return f"Authorization({self.username!r}, {self.realm!r})"


class DigestServer:
    """Challenges of one realm. Nonces carry their time under a key of this run; counts are remembered per nonce.

    life: seconds that a nonce is good for; remembered: nonces whose counts are kept, the oldest forgotten first.
    """

    def __init__(
        self,
        realm: str,
        key: bytes,
        *,
        life: float = 300.0,
        remembered: int = 20_000,
        token: Callable[[], str] = random_token,
    ) -> None:
        self.realm = realm
        self._key = key
        self._life = life
        self._remembered = remembered
        self._token = token
        self._counts: OrderedDict[str, int] = OrderedDict()  # nonce -> the highest count seen

    def challenge(self, algorithm: str, now: float, *, stale: bool = False) -> str:
        """The value of a WWW-Authenticate header; every one has a nonce of its own."""
        issued = f"{int(now * 1000):x}.{self._token()}"
        fields = [
            f'realm="{quoted(self.realm)}"',
            f'nonce="{issued}.{self._seal(issued)}"',
            f"algorithm={algorithm.upper()}",
            'qop="auth"',
        ]
        if stale:
            fields.append("stale=true")
        return "Digest " + ", ".join(fields)

    def judge(self, answer: Authorization, now: float) -> Freshness:
        """Of an answer that fits. The count counts as used from now on."""
        issued, _, seal = answer.nonce.rpartition(".")
        if not hmac.compare_digest(self._seal(issued).encode(), seal.encode("utf-8", "surrogateescape")):
            return Freshness.STALE
        made = int(issued.partition(".")[0], 16) / 1000
        if not made <= now + 1 or now - made > self._life:
            return Freshness.STALE
        known = self._counts.pop(answer.nonce, 0)
        self._counts[answer.nonce] = max(known, answer.count)
        while len(self._counts) > self._remembered:
            self._counts.popitem(last=False)
        return Freshness.FRESH if answer.count > known else Freshness.REPLAYED

    def _seal(self, issued: str) -> str:
        text = issued.encode("utf-8", "surrogateescape")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:32]


def _is_hexadecimal(text: str) -> bool:
    return all(char in "0123456789abcdefABCDEF" for char in text)

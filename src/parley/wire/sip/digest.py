"""Digest authentication, the client's half (RFC 7616, RFC 8760; MD5 as in RFC 2617 for the many that know no other).

A `DigestClient` has credentials for one realm. It answers a challenge of that realm and of no other, whoever asks, so
that a peer on the way cannot have our password tried on a realm of its choice. An answer that was refused is
not given again: only a peer that calls the nonce stale, and gives another, gets another answer, and that a few times.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from parley.wire.sip.core import random_token
from parley.wire.sip.errors import TheirMistake

# 401 is of the one we call, 407 of a proxy on the way: header of the challenge, header of the answer.
HEADERS = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}
CHALLENGES_MOST = 8  # of one response: more are not read
STALE_MOST = 2  # how often a nonce may be stale before we stop believing it

ALGORITHMS: dict[str, Callable[[bytes], hashlib._Hash]] = {"md5": hashlib.md5, "sha-256": hashlib.sha256}
_PARAMETER = re.compile(r'\s*([A-Za-z0-9\-_.!%*+`\'~]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]+))\s*(?:,|$)')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server asks for. algorithm: md5 or sha-256; auth: it offers qop=auth (else there is no qop at all)."""

    realm: str
    nonce: str
    algorithm: str = "md5"
    auth: bool = False
    opaque: str | None = None
    stale: bool = False

    @classmethod
    def parse(cls, text: str) -> Challenge | None:
        """One challenge; None when it is one that we cannot answer. Raises TheirMistake for a malformed one."""
        scheme, _, rest = text.strip().partition(" ")
        if scheme.lower() != "digest":
            return None
        values = parameters(rest)
        algorithm = values.get("algorithm", "MD5").lower()
        offered = [word.strip().lower() for word in values.get("qop", "").split(",") if word.strip()]
        if "realm" not in values or "nonce" not in values:
            raise TheirMistake("a challenge without realm or nonce")
        if algorithm not in ALGORITHMS or (offered and "auth" not in offered):
            return None
        return cls(
            realm=values["realm"],
            nonce=values["nonce"],
            algorithm=algorithm,
            auth=bool(offered),
            opaque=values.get("opaque"),
            stale=values.get("stale", "").lower() == "true",
        )


def parameters(text: str) -> dict[str, str]:
    """name=value pairs, names in lower case; the first of a name counts. Raises TheirMistake."""
    values: dict[str, str] = {}
    position, text = 0, text.strip()
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if match is None:
            raise TheirMistake("malformed parameter")
        value = _ESCAPED.sub(r"\1", match[2]) if match[2] is not None else match[3]
        values.setdefault(match[1].lower(), value)
        position = match.end()
    return values


def challenges(lines: Iterable[str]) -> list[Challenge]:
    """Those of a response's header lines that can be answered, in their order; malformed ones are passed over."""
    found: list[Challenge] = []
    for line in list(lines)[:CHALLENGES_MOST]:
        try:
            challenge = Challenge.parse(line)
        except TheirMistake:
            continue
        if challenge is not None:
            found.append(challenge)
    return found


class DigestClient:
    """Our credentials for one realm, for one call. Never shows the password in a repr."""

    __slots__ = ("_answered", "_password", "_realm", "_stale", "_token", "_username")

    def __init__(self, realm: str, username: str, password: str, token: Callable[[], str] = random_token) -> None:
        self._realm = realm
        self._username = username
        self._password = password
        self._token = token
        self._answered: set[str] = set()  # nonces
        self._stale = 0

    def answer(self, status: int, lines: Iterable[str], method: str, uri: str) -> tuple[str, str] | None:
        """The header to repeat the request with; None: there is nothing to say, or it has been said before.

        lines: the challenge header's lines of a 401 or 407 (see HEADERS); uri: the Request-URI of the repetition.
        """
        if status not in HEADERS:
            return None
        ours = next((one for one in challenges(lines) if one.realm == self._realm), None)
        if ours is None or ours.nonce in self._answered or not self._may_answer(ours):
            return None
        self._answered.add(ours.nonce)
        return HEADERS[status][1], self._credentials(ours, method, uri)

    def _may_answer(self, challenge: Challenge) -> bool:
        if not self._answered:
            return True
        self._stale += 1
        return challenge.stale and self._stale <= STALE_MOST

    def _credentials(self, challenge: Challenge, method: str, uri: str) -> str:
        def digest(text: str) -> str:
            return ALGORITHMS[challenge.algorithm](text.encode("utf-8", "surrogateescape")).hexdigest()

        secret = digest(f"{self._username}:{challenge.realm}:{self._password}")
        request = digest(f"{method}:{uri}")
        fields = [
            f'username="{quoted(self._username)}"',
            f'realm="{quoted(challenge.realm)}"',
            f'nonce="{quoted(challenge.nonce)}"',
            f'uri="{uri}"',
        ]
        if challenge.auth:
            cnonce, count = self._token(), "00000001"
            response = digest(f"{secret}:{challenge.nonce}:{count}:{cnonce}:auth:{request}")
            fields += [f'response="{response}"', f'cnonce="{cnonce}"', "qop=auth", f"nc={count}"]
        else:
            fields.append(f'response="{digest(f"{secret}:{challenge.nonce}:{request}")}"')
        fields.append(f"algorithm={challenge.algorithm.upper()}")
        if challenge.opaque is not None:
            fields.append(f'opaque="{quoted(challenge.opaque)}"')
        return "Digest " + ", ".join(fields)

    def __repr__(self) -> str:
        return f"DigestClient({self._realm!r})"


def quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')

"""Credentials for TURN that expire by themselves, as coturn's `use-auth-secret` checks them.

The user name is the Unix time of expiry, a colon and any word; the password is Base64 of HMAC-SHA1 of that user name
under the secret that both servers know (draft-uberti-behave-turn-rest, section 2.2).
"""

from __future__ import annotations

import base64
import hashlib
import hmac


def ephemeral_credential(secret: str, word: str, expires: int) -> tuple[str, str]:
    """(user name, password) that hold until `expires`, seconds since 1970."""
    username = f"{expires}:{word}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode("ascii")

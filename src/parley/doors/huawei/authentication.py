"""Signing in and out, and the token object (huawei-api 2.1)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...app.ports import Clock
from ...app.sign_in import Signed, SignIn
from ...app.tokens import API_CLIENT, Granted, Pair, Tokens, new_text
from ...core.people import Token, User
from ...core.secret import Secret
from .account_fields import ACCOUNT_LOGIN, APP_LOGIN, TOKEN, TOKEN_USER, VALIDATE
from .codecs import as_text, core_id
from .corporation import corporation_id, own_id, signed_in_name
from .errors import BAD_TOKEN, HuaweiError
from .fields import extras_of
from .requests import Request
from .router import Auth, Route

NONCE_PREFIX = "pwn"
BAD_SIGNATURE = "USG.206010025"
BAD_PASSWORD = "USG.206010000"
NOT_SUPPORTED = "USG.206010024"

_PART = re.compile(r"\s*(signature|access)\s*=\s*([^,\s]{1,512})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Authentication:
    """The operations. domain: that of people whose sign-in name has none."""

    sign_in: SignIn
    tokens: Tokens
    clock: Clock
    domain: str

    def routes(self) -> list[Route]:
        acs = "/v1/usg/acs"
        account = {"auth": Auth.NONE, "tables": (ACCOUNT_LOGIN,)}
        return [
            Route("POST", "/v2/usg/acs/auth/appauth", self.by_application, Auth.NONE, (APP_LOGIN,)),
            Route("POST", f"{acs}/auth/account", self.by_account, **account),  # type: ignore[arg-type]
            Route("POST", "/v2/usg/acs/auth/account", self.by_account, **account),  # type: ignore[arg-type]
            Route("POST", f"{acs}/auth/proxy", self.by_proxy, **account),  # type: ignore[arg-type]
            Route("POST", f"{acs}/auth/portal-ref-nonce", self.portal_nonce),
            Route("PUT", f"{acs}/token", self.refresh, Auth.NONE),
            Route("DELETE", f"{acs}/token", self.leave),
            Route("POST", f"{acs}/token/validate", self.validate, Auth.NONE, (VALIDATE,)),
        ]

    async def by_application(self, request: Request) -> Any:
        signature, access = signed_parts(request.header("authorization"))
        parsed = APP_LOGIN.parse(request.body)
        app_id = parsed.get("app_id")
        if not signature or access not in (None, app_id):
            raise HuaweiError(BAD_SIGNATURE, "Authorization: must be HMAC-SHA256 signature=<hex>,access=<base64 appId>")
        corporation = parsed.get("corporation", "")
        pair = await self.sign_in.by_signature(
            Signed(
                app_id=app_id,
                user_id=parsed.get("user_id", ""),
                corporation=corporation,
                expires=as_text(request.body["expireTime"]).strip(),
                nonce=parsed.get("nonce"),
                signature=signature,
                client=parsed.get("client", API_CLIENT),
                name=parsed.get("name", ""),
                email=parsed.get("email", ""),
                phone=parsed.get("phone", ""),
                department=parsed.get("department", ""),
            ),
            request.source,
            tenant=None if corporation == own_id() else core_id(corporation) or corporation,
        )
        return self._shown(pair)

    async def by_account(self, request: Request) -> Any:
        parsed = ACCOUNT_LOGIN.parse(request.body)
        credential = basic_credential(request.header("authorization"))
        if credential is None:
            raise HuaweiError(BAD_PASSWORD, "Authorization: must be Basic base64(account:password)")
        client = parsed.get("client", API_CLIENT)
        return self._shown(await self.sign_in.by_password(*credential, request.source, client))

    async def by_proxy(self, request: Request) -> Any:
        """The older form: account and password in the body."""
        parsed = ACCOUNT_LOGIN.parse(request.body)
        if parsed.get("type", "AccountAndPwd").lower() != "accountandpwd":
            raise HuaweiError(NOT_SUPPORTED, "authType: must be AccountAndPwd")
        account, password = parsed.get("account", ""), parsed.get("password", Secret(""))
        client = parsed.get("client", API_CLIENT)
        return self._shown(await self.sign_in.by_password(account, password, request.source, client))

    async def refresh(self, request: Request) -> Any:
        """The header holds the access token or the refresh token."""
        pair = await self.tokens.refresh(request.header("x-access-token").strip(), request.source)
        if pair is None:
            raise HuaweiError(BAD_TOKEN, "X-Access-Token: is missing or not valid")
        return self._shown(pair)

    async def validate(self, request: Request) -> Any:
        parsed = VALIDATE.parse(request.body)
        text: Secret = parsed.get("token")
        found = await self.tokens.session(text.reveal())
        if found is None:
            raise HuaweiError("USG.206020000", "token: is not valid")
        if parsed.get("renew"):
            pair = await self.tokens.refresh(text.reveal(), request.source)
            if pair is not None:
                return self._shown(pair, with_user=parsed.get("with_user", True))
        token, user = found
        values = self._access_values(Granted(text, token))
        return self._rendered(values, user, with_user=parsed.get("with_user", True))

    async def leave(self, request: Request) -> None:
        await self.tokens.leave(request.token)

    async def portal_nonce(self, _request: Request) -> Any:
        """For the portal of the original, which there is not here: nothing takes it, so nothing is kept of it."""
        return {"nonce": new_text(NONCE_PREFIX).reveal()}

    # --- the token object --------------------------------------------------------------------------------------

    def _shown(self, pair: Pair, *, with_user: bool = True) -> Any:
        values = {
            **self._access_values(pair.access),
            "replaced": pair.replaced,
            "refresh": pair.refresh.text,
            "refresh_valid": _left(pair.refresh.token, self.clock.utc()),
            "refresh_expires": pair.refresh.token.expires,
            "refresh_created": pair.refresh.token.created,
        }
        return self._rendered(values, pair.user, with_user=with_user)

    def _access_values(self, granted: Granted) -> dict[str, Any]:
        token = granted.token
        return {
            "access": granted.text,
            "source": token.source,
            "valid": _left(token, self.clock.utc()),
            "expires": token.expires,
            "created": token.created,
            "client": token.client,
        }

    def _rendered(self, values: dict[str, Any], user: User, *, with_user: bool) -> Any:
        values["must_change"] = user.must_change_password
        shown = TOKEN.render(values)
        if with_user:
            shown["user"] = self._user(user)
        return shown

    def _user(self, user: User) -> Any:
        account = signed_in_name(user, self.domain)
        return TOKEN_USER.render(
            {
                "id": user.id,
                "account": account,
                "sip": f"sip:{user.number}@{self.domain}" if user.number else f"sip:{user.jid}",
                "name": user.name or account,
                "english_name": "",
                "company": corporation_id(user.tenant),
                "company_domain": user.jid.partition("@")[2],
                "domain": self.domain,
                "third_account": user.third_account,
                "type": 2,
                "level": user.level,
                "enabled": user.enabled,
                "has_phone": bool(user.phone),
                "alias": user.name,
            },
            extras_of(user),
        )


def _left(token: Token, now: datetime) -> int:
    return max(0, round((token.expires - now).total_seconds()))


def signed_parts(header: str) -> tuple[str, str | None]:
    """(signature in hex, application id or None) of `HMAC-SHA256 signature=<hex>,access=<base64>`; empty: none."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.upper() != "HMAC-SHA256":
        return "", None
    parts = {match[1].lower(): match[2] for part in rest.split(",")[:4] if (match := _PART.fullmatch(part))}
    access = parts.get("access")
    if access is None:
        return parts.get("signature", ""), None
    try:
        return parts.get("signature", ""), base64.b64decode(access, validate=True).decode()
    except (binascii.Error, ValueError):
        return "", None


def basic_credential(header: str) -> tuple[str, Secret] | None:
    """(account, password) of an Authorization header; None: it is none."""
    if header[:6].lower() != "basic ":
        return None
    try:
        text = base64.b64decode(header[6:].strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    account, colon, password = text.partition(":")
    return (account, Secret(password)) if colon else None

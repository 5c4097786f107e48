"""The token that commands a running conference, and the one that opens its WebSocket (huawei-api 2.4)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ...app.conference_control import ConferenceControl
from ...app.conferences import Conferences
from ...app.ports import Clock
from ...app.tokens import ControlPass, Tokens
from ...core.refusals import Refusal
from ...core.secret import Secret
from ...core.spaces import Role
from .app import control_tokens
from .codecs import milliseconds, wire_id
from .commander import BASE
from .errors import BAD_CONTROL_TOKEN, HuaweiError
from .join_links import JoinLinks
from .requests import Request
from .router import Auth, Route

SOCKET_PATH = "/cms/open/websocket/confctl/increment/conn"
NOTICES = (
    "ConfBasicInfoNotify",
    "ConfDynamicInfoNotify",
    "ParticipantsNotify",
    "AttendeesNotify",
    "InviteResultNotify",
    "WaitingListNotify",
    "SpeakerChangeNotify",
)
LOCKED = "MMC.111072064"


class ControlTokens:
    def __init__(
        self, conferences: Conferences, control: ConferenceControl, tokens: Tokens, clock: Clock, links: JoinLinks
    ) -> None:
        self._conferences = conferences
        self._control = control
        self._tokens = tokens
        self._clock = clock
        self._links = links

    def routes(self) -> list[Route]:
        # One client asks with POST (huawei-api 2.4).
        return [
            Route("GET", f"{BASE}/token", self.grant, Auth.MAYBE),
            Route("POST", f"{BASE}/token", self.grant, Auth.MAYBE),
            Route("GET", f"{BASE}/wsToken", self.socket, Auth.CONTROL),
        ]

    async def grant(self, request: Request) -> dict[str, Any]:
        """By the host's or the guests' password, or with a token that lives: the same one lives on."""
        number = request.required("conferenceID", 32)
        for text in control_tokens(request.header("X-Conference-Authorization")):
            held = await self._tokens.control(text)
            if held is not None and held.conference == number:
                await self._running(number)
                extended = await self._tokens.extend_control(text)
                if extended is not None:
                    return await self._answer(extended, text, request)
        role = await self._role(request, number)
        await self._running(number)
        user = request.who.user if request.who is not None else None
        granted = await self._tokens.grant_control(number, role, user, request.source)
        text = granted.text.reveal()
        return await self._answer(ControlPass(number, role, user, granted.token.expires), text, request)

    async def socket(self, request: Request) -> dict[str, Any]:
        return {"webSocketToken": await self._socket_token(request.grant, request)}

    async def _role(self, request: Request, number: str) -> Role:
        """Raises HuaweiError; which of number and password is wrong is not told."""
        password = request.header("X-Password")[:64]
        refused = HuaweiError(BAD_CONTROL_TOKEN, "X-Password: is wrong, or there is no such conference")
        if not password:
            raise refused
        try:
            _, role = await self._conferences.authenticate(number, Secret(password), request.source)
        except Refusal as refusal:
            if refusal.code == "locked-out":
                raise HuaweiError(LOCKED, "X-Password: too many wrong tries; wait a while") from None
            raise refused from None
        return role

    async def _running(self, number: str) -> None:
        """Raises HuaweiError: there is nothing to command yet."""
        try:
            await self._control.running(number)
        except Refusal as refusal:
            if refusal.code == "state":
                raise HuaweiError(BAD_CONTROL_TOKEN, "conferenceID: has not started", status=400) from None
            raise HuaweiError(BAD_CONTROL_TOKEN, "conferenceID: there is no such conference") from None

    async def _answer(self, grant: ControlPass, text: str, request: Request) -> dict[str, Any]:
        life = int((grant.expires - self._clock.utc()).total_seconds())
        data: dict[str, Any] = {
            "token": text,
            "tmpWsToken": await self._socket_token(grant, request),
            "wsURL": socket_url(self._links.base),
            "role": 1 if grant.role is Role.HOST else 0,
            "expireTime": milliseconds(grant.expires),
            "confTokenExpireTime": life,
            "vmrCurrentConfID": grant.conference,
            "supportNotifyType": list(NOTICES),
        }
        if grant.user is not None:
            data["userID"] = wire_id(grant.user)
        return {"data": data, "gloablPublicIP": self._links.host}

    async def _socket_token(self, grant: ControlPass, request: Request) -> str:
        granted = await self._tokens.grant_socket(grant.conference, grant.role, grant.user, request.source)
        return granted.text.reveal()


def socket_url(base: str) -> str:
    parts = urlsplit(base)
    return urlunsplit(("ws" if parts.scheme == "http" else "wss", parts.netloc, SOCKET_PATH, "", ""))

"""The vendor's own client of the JSON dialect, unmodified, over HTTPS with a certificate that it checks."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from pathlib import Path
from typing import Any

from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkmeeting.v1 import MeetingClient
from huaweicloudsdkmeeting.v1 import model as m
from huaweicloudsdkmeeting.v1.meeting_credentials import AuthTypeEnum, MeetingCredentials
from websockets.asyncio.client import ClientConnection, connect


class Vendor:
    """The SDK's client in threads of its own. It signs in by an application's ID and key, as the user."""

    def __init__(self, base: str, certificate: Path, app_id: str, app_key: str, user: str | None = None) -> None:
        credentials = MeetingCredentials().with_auth_type_enum(AuthTypeEnum.APP_ID)
        credentials.with_app_id(app_id).with_app_key(app_key).with_user_id(user)
        self._base, self._certificate = base, certificate
        self._sign_in_by(credentials)

    def _sign_in_by(self, credentials: Any) -> None:
        self._credentials = credentials
        config = HttpConfig.get_default_config()
        config.ssl_ca_cert = str(self._certificate)
        builder = MeetingClient.new_builder().with_http_config(config)
        self.client: Any = builder.with_credentials(credentials).with_endpoint(self._base).build()

    def as_user(self, account: str, password: str) -> Vendor:
        """Another client, that signs in by account and password."""
        other = object.__new__(Vendor)
        other._base, other._certificate = self._base, self._certificate
        other._sign_in_by(MeetingCredentials(account, password))
        return other

    @property
    def access_token(self) -> str:
        """What it signed in with; empty before its first request."""
        return self._credentials._token or ""

    async def __call__(self, operation: str, request: Any) -> Any:
        return await asyncio.to_thread(getattr(self.client, operation), request)

    async def book(self, **fields: Any) -> Booked:
        """Create a conference; `rules` are those of confConfigInfo."""
        rules = fields.pop("rules", None)
        config = {"conf_config_info": m.RestConfConfigDTO(**rules)} if rules is not None else {}
        body = m.RestScheduleConfDTO(media_types="HDVideo", **config, **fields)
        [info] = (await self("create_meeting", m.CreateMeetingRequest(body=body))).body
        return Booked(self, info)


class Booked:
    """One conference: what its creator was told, and a host's control token once `control` was called."""

    def __init__(self, vendor: Vendor, info: Any) -> None:
        self.vendor, self.info = vendor, info
        self.number: str = info.conference_id
        passwords = {entry.conference_role: entry.password for entry in info.password_entry}
        self.host: str = passwords.get("chair", "")
        self.guest: str = passwords.get("general", "")
        self.token: Any = None
        self._header: dict[str, str] = {}

    async def control(self) -> Any:
        """Take a control token by the host's password; its data."""
        request = m.CreateConfTokenRequest(conference_id=self.number, x_password=self.host, x_login_type=1)
        self.token = (await self.vendor("create_conf_token", request)).data
        self._header = {"conference_id": self.number, "x_conference_authorization": self.token.token}
        return self.token

    async def order(self, operation: str, kind: Any, **more: Any) -> Any:
        """A command with the control token; kind: the request's class."""
        return await self.vendor(operation, kind(**self._header, **more))

    async def people(self) -> dict[str, Any]:
        """Who is in or being called, by the name of the phone."""
        state = await self.order("show_real_time_info_of_meeting", m.ShowRealTimeInfoOfMeetingRequest)
        return {one.phone.removeprefix("sip:").partition("@")[0]: one for one in state.participants}

    async def mute(self, muted: bool, who: str | None = None) -> None:
        """Everybody but the hosts, or the one whose phone has this name."""
        if who is None:
            body = m.RestMuteReqBody(is_mute=int(muted))
            await self.order("mute_meeting", m.MuteMeetingRequest, body=body)
            return
        one = m.RestMuteParticipantReqBody(is_mute=int(muted))
        pid = (await self.people())[who].pid
        await self.order("mute_participant", m.MuteParticipantRequest, participant_id=pid, body=one)

    async def admit(self, who: str) -> None:
        """From the waiting room."""
        body = m.RestAllowWaitingParticipantReqBody(participant_id=(await self.people())[who].pid)
        await self.order("allow_waiting_participant", m.AllowWaitingParticipantRequest, body=body)

    async def lock(self, locked: bool) -> None:
        await self.order("lock_meeting", m.LockMeetingRequest, body=m.RestLockReqBody(is_lock=int(locked)))

    async def stop(self) -> None:
        await self.order("stop_meeting", m.StopMeetingRequest)

    async def cancel(self) -> None:
        """For good, although it runs."""
        await self.vendor("cancel_meeting", m.CancelMeetingRequest(conference_id=self.number, type=1))


class PushListener:
    """The WebSocket of a conference's control token: everything that is pushed, in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @classmethod
    async def open(cls, booked: Booked, certificate: Path, kinds: list[str]) -> PushListener:
        """Connect with the address and one-time token of the control token, and subscribe."""
        token = booked.token
        url = f"{token.ws_url}?confID={booked.number}&tmpToken={token.tmp_ws_token}"
        socket = await connect(url, ssl=ssl.create_default_context(cafile=str(certificate)), proxy=None)
        listener = cls(socket)
        proof = "Basic " + base64.b64encode(token.token.encode()).decode()
        data = {"conferenceID": booked.number, "subscribeType": kinds, "confToken": proof}
        await socket.send(json.dumps({"action": "Subscribe", "sequence": "0123456789abcdef0123", "data": data}))
        assert (await listener.hear("Subscribe"))["returnCode"] == 0
        return listener

    async def hear(self, action: str, patience: float = 15.0) -> Any:
        """The data of the next message of this kind."""
        async with asyncio.timeout(patience):
            while True:
                message = json.loads(await self._socket.recv())
                if message["action"] == action:
                    return message.get("data")

    async def close(self) -> None:
        await self._socket.close()

"""Conferences booked with the vendor's own client: people are rung, come in by ID and password, wait and are let in."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmeeting.v1 import model as m

from tests.kit.api import eventually
from tests.kit.baresip import Phone
from tests.kit.rawcallee import RawCallee
from tests.kit.vendor import Booked, PushListener, Vendor

from .scene import Stage, stage, uri

pytestmark = pytest.mark.story

APP_ID = "3ab1e72ff2e5434d8b11ad6b5ac2b3ff"
ROOMS = "/v1/usg/dcs/corp/vmr"
PREPARATIONS = 15.0  # seconds before a start in which people come early


@dataclass
class Office:
    """A server with a program that books, and the people at their phones."""

    scene: Stage
    vendor: Vendor

    async def book(self, **fields: Any) -> Booked:
        """Its passwords and join links, and the token that books it, may stand in no log."""
        booked = await self.vendor.book(**fields)
        info = booked.info
        links = [str(link or "").rpartition("/")[2] for link in (info.chair_join_uri, info.guest_join_uri)]
        told = (booked.host, booked.guest, *links, self.vendor.access_token)
        self.scene.server.never_log(*(text for text in told if text))
        assert self.vendor.access_token
        return booked

    async def control(self, booked: Booked) -> None:
        token = await booked.control()
        self.scene.server.never_log(token.token, token.tmp_ws_token)

    async def reachable(self, name: str) -> Phone:
        """A phone that answers by itself; calls to its own domain go to it."""
        phone = await self.scene.phone(name)
        await self.rule(name, f"{phone.address}:{phone.sip_port}")
        return phone

    async def rule(self, name: str, proxy: str) -> None:
        await self.scene.api.post("/outboundDialPlanRules", f"domain={name}.example&sipProxy={proxy}")

    async def dials(self, name: str, booked: Booked, password: str) -> Phone:
        """Somebody dials the conference ID and types the password; an empty one for a guest who needs none."""
        phone = self.scene.phones.get(name) or await self.scene.phone(name)
        await phone.dial(uri(booked.number))
        await phone.hears_prompt("enter-pin" if booked.guest else "enter-pin-or-wait", phone.start)
        await phone.digits(f"{password}#")
        return phone

    async def by_access_number(self, name: str, booked: Booked, *passwords: str) -> Phone:
        """Somebody dials the access number, types the ID, and passwords until one is right."""
        phone = await self.scene.caller(name, "9000")
        await phone.hears_prompt("enter-id", phone.start)
        await phone.digits(f"{booked.number}#")
        await phone.hears_prompt("enter-pin", phone.start)
        for wrong, prompt in zip(passwords[:-1], ("try-again", "final-attempt"), strict=False):
            await phone.digits(f"{wrong}#")
            await phone.hears_prompt(f"pin-incorrect-{prompt}", phone.start)
        await phone.digits(f"{passwords[-1]}#")
        return phone

    async def leads_nowhere(self, booked: Booked) -> None:
        """Phones that dial the ID are told 404, the access number knows it no more, and so does the API."""
        late = await self.scene.phone(f"late{len(self.scene.phones)}")
        await late.dial(uri(booked.number), established=False)
        assert "404" in (await late.wait_closed()).param
        with pytest.raises(ClientRequestException) as gone:
            await self.vendor("show_meeting_detail", m.ShowMeetingDetailRequest(conference_id=booked.number))
        assert (gone.value.status_code, gone.value.error_code) == (400, "MMC.111070005")
        lines = await self.scene.server.command("explain", booked.number)
        assert "no space has this call ID" in lines, lines


@contextlib.asynccontextmanager
async def office(**settings: str) -> AsyncIterator[Office]:
    key = secrets.token_hex(16)
    async with stage(https=True, BOOTSTRAP_APP=f"{APP_ID}:{key}", **settings) as scene:
        server = scene.server
        server.never_log(key)
        base = f"https://{server.address}:{server.https_port}"
        yield Office(scene, Vendor(base, server.certificate, APP_ID, key))


def called(name: str, **more: Any) -> Any:
    """An attendee who is to be rung when it begins."""
    return m.RestAttendeeDTO(name=name.title(), phone=f"sip:{name}@{name}.example", is_auto_invite=1, **more)


# --- who is rung -------------------------------------------------------------------------------------------------


async def test_whom_an_instant_conference_is_to_call_is_in_by_role_without_a_pin() -> None:
    """Two phones are rung at once, one as host and one as a muted guest; who dials the ID types the host's password."""
    async with office() as here:
        scene = here.scene
        ada, bob = await here.reachable("ada"), await here.reachable("bob")
        people = [called("ada", role=1), called("bob", role=0, is_mute=1)]
        booked = await here.book(subject="At once", attendees=people)
        assert booked.info.conference_state == "Created"
        await ada.wait_for("CALL_ESTABLISHED")
        await bob.wait_for("CALL_ESTABLISHED")
        await scene.until_in("ada", "bob")
        await here.dials("host", booked, booked.host)
        await scene.settles({"host": {"ada"}, "ada": {"host"}, "bob": {"ada", "host"}})
        await here.control(booked)
        now = await booked.order("show_real_time_info_of_meeting", m.ShowRealTimeInfoOfMeetingRequest)
        told = {one.phone.partition("@")[0]: (one.name, one.state, one.mute) for one in now.participants}
        assert told == {"ada": ("Ada", 0, 0), "bob": ("Bob", 0, 1), "host": ("host@phones.example", 0, 0)}
        assert now.conf_info.chair_id == (await booked.people())["ada"].pid
        await booked.mute(False, "bob")
        await scene.everybody_hears_everybody("ada", "bob", "host")
        await booked.cancel()
        for phone in scene.phones.values():
            await phone.wait_closed()


@pytest.mark.timeout(150)
async def test_a_booking_survives_a_kill_and_its_people_are_rung_at_the_start() -> None:
    """Booked, killed, started again: token and room hold, a host who is early is heard by the phone rung on time."""
    async with office() as here:
        scene, server = here.scene, here.scene.server
        ada, bob = await here.reachable("ada"), await here.reachable("bob")
        start = await upcoming_minute()
        text = start.strftime("%Y-%m-%d %H:%M")
        booked = await here.book(subject="On time", start_time=text, length=30, attendees=[called("ada")])
        assert (booked.info.conference_state, booked.info.start_time) == ("Schedule", text)
        token = await here.vendor("update_token", m.UpdateTokenRequest())
        server.never_log(token.access_token, token.refresh_token)
        async with requests(here, token.access_token) as http:
            made = await http.post(ROOMS, json={"vmrName": "Atrium", "vmrPkgParties": 20})
            assert made.status_code == 200, made.text
        await server.kill_and_restart()
        async with requests(here, token.access_token) as http:
            rooms = await http.get(ROOMS)
            assert [(row["vmrName"], row["vmrId"]) for row in rooms.json()["data"]] == [
                ("Atrium", made.json()["vmrId"])
            ]
        shown = await here.vendor("show_meeting_detail", m.ShowMeetingDetailRequest(conference_id=booked.number))
        assert (shown.conference_data.conference_state, shown.conference_data.start_time) == ("Schedule", text)
        also = await here.book(subject="Too", start_time=text, length=30, attendees=[called("bob")])
        await here.dials("host", booked, booked.host)
        await scene.until_in("host")
        await here.control(booked)
        push = await PushListener.open(booked, server.certificate, ["InviteResultNotify"])
        early = datetime.now(UTC) < start
        assert early and not ada.events and not bob.events
        await ada.wait_for("CALL_ESTABLISHED", patience=75.0)
        assert timedelta(0) <= datetime.now(UTC) - start < timedelta(seconds=10)
        [result] = await push.hear("InviteResultNotify")
        assert (result["callNumber"], result["resultCode"]) == ("sip:ada@ada.example", "0")
        await push.close()
        await bob.wait_for("CALL_ESTABLISHED")
        await scene.everybody_hears_everybody("host", "ada")
        assert (await scene.api.total("/calls")) == 2
        await also.cancel()
        await bob.wait_closed()
        await booked.cancel()
        await ada.wait_closed()


async def upcoming_minute() -> datetime:
    """The next full minute that leaves time enough to prepare; waits for the one before it if need be."""
    now = datetime.now(UTC)
    if now.second > 60 - PREPARATIONS:
        await asyncio.sleep(60.1 - now.second - now.microsecond / 1e6)
        now = datetime.now(UTC)
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def requests(here: Office, token: str) -> httpx.AsyncClient:
    """What the vendor's client has no operation for; nothing but this token proves who asks."""
    server = here.scene.server
    return httpx.AsyncClient(
        base_url=f"https://{server.address}:{server.https_port}",
        headers={"X-Access-Token": token},
        verify=ssl.create_default_context(cafile=str(server.certificate)),
        trust_env=False,
    )


async def test_how_calls_at_the_start_went_stands_in_the_event_log() -> None:
    """Busy, declined, unreachable and answered: each in words, with the number of the try; the rest are not kept."""
    async with office() as here, contextlib.AsyncExitStack() as callees:
        scene = here.scene
        for name, script in (("busy", [180, 486]), ("no", [603]), ("lost", [404])):
            callee = RawCallee(scene.server.network.address(), script)
            await callees.enter_async_context(callee)
            await here.rule(name, callee.place)
        await here.reachable("ada")
        people = [called(name) for name in ("busy", "no", "lost", "ada")]
        people.append(m.RestAttendeeDTO(name="Idle", phone="sip:idle@ada.example"))
        people.append(called("ruleless"))
        booked = await here.book(subject="Ring", attendees=people)
        wanted = {
            ("busy", "busy"),
            ("no", "rejected"),
            ("lost", "unreachable"),
            ("ada", "answered"),
            ("ruleless", "unreachable"),
        }

        async def told() -> bool:
            texts = await scene.server.event_texts()
            return all(
                f'conference {booked.number}: call to "sip:{name}@{name}.example", try 1: {result}' in texts
                for name, result in wanted
            )

        await eventually(told, "the event log does not tell how the calls went")
        assert not any("idle@" in text for text in await scene.server.event_texts())


# --- who comes by himself ----------------------------------------------------------------------------------------


async def test_guests_wait_for_the_host_and_stay_when_he_leaves() -> None:
    """By the access number, with ID and password; a wrong one is refused; the end leads everybody out and nobody in."""
    async with office() as here:
        scene = here.scene
        booked = await here.book(subject="Hosts first", rules={"allow_guest_start_conf": False})
        wrong = "111111" if booked.guest != "111111" != booked.host else "222222"
        scene.server.never_log(wrong)
        asked = m.CreateConfTokenRequest(conference_id=booked.number, x_password=wrong, x_login_type=1)
        with pytest.raises(ClientRequestException) as refused:
            await here.vendor("create_conf_token", asked)
        assert refused.value.error_code == "MMC.111072065"
        await here.by_access_number("ada", booked, wrong, booked.guest)
        await scene.until_waiting("ada")
        host = await here.by_access_number("host", booked, booked.host)
        await scene.everybody_hears_everybody("ada", "host")
        await here.dials("bob", booked, booked.guest)
        await scene.everybody_hears_everybody("ada", "bob", "host")
        await host.hang_up()
        await scene.everybody_hears_everybody("ada", "bob")
        await booked.cancel()
        await scene.phones["ada"].wait_closed()
        await scene.phones["bob"].wait_closed()
        await scene.until_empty()
        await here.leads_nowhere(booked)


async def test_phones_are_muted_by_the_rule_for_phones_alone() -> None:
    """isAutoMute leaves them heard, isHardTerminalAutoMute does not; hosts mute all, let speak one and all."""
    async with office() as here:
        scene = here.scene
        free = {"is_guest_free_pwd": True, "allow_guest_start_conf": True}
        loud = await here.book(
            subject="Loud", rules={**free, "is_auto_mute": True, "is_hard_terminal_auto_mute": False}
        )
        hush = await here.book(
            subject="Hush", rules={**free, "is_auto_mute": False, "is_hard_terminal_auto_mute": True}
        )
        assert not hush.guest
        ada, bob = await here.dials("ada", loud, ""), await here.dials("bob", loud, "")
        await scene.everybody_hears_everybody("ada", "bob")
        await here.control(loud)
        await loud.mute(True)
        await scene.settles({"ada": set(), "bob": set()})
        await loud.mute(False)
        await scene.everybody_hears_everybody("ada", "bob")
        await asyncio.gather(ada.hang_up(), bob.hang_up())
        await scene.until_empty()
        await asyncio.gather(here.dials("ada", hush, ""), here.dials("bob", hush, ""))
        await scene.until_in("ada", "bob")
        await scene.settles({"ada": set(), "bob": set()})
        await here.control(hush)
        assert {name: one.mute for name, one in (await hush.people()).items()} == {"ada": 1, "bob": 1}
        await hush.mute(False, "ada")
        await scene.settles({"ada": set(), "bob": {"ada"}})


async def test_the_waiting_room_the_lock_more_time_and_the_end() -> None:
    """Guests wait until they are let in one by one; a lock keeps out the next; the host's word ends it for all."""
    async with office() as here:
        scene = here.scene
        rules = {"enable_waiting_room": True, "is_hard_terminal_auto_mute": False}
        booked = await here.book(subject="One by one", length=30, rules=rules)
        await here.dials("host", booked, booked.host)
        await scene.until_in("host")
        await here.dials("ada", booked, booked.guest)
        await scene.until_waiting("ada")
        await here.control(booked)
        push = await PushListener.open(booked, scene.server.certificate, ["ParticipantsNotify", "WaitingListNotify"])
        assert [row["pinfoMap"]["TEL"] for row in await push.hear("ParticipantsNotify")] == ["host@phones.example"]
        assert [row["pinfoMap"]["TEL"] for row in await push.hear("WaitingListNotify")] == ["ada@phones.example"]
        await booked.admit("ada")
        [row] = await push.hear("ParticipantsNotify")
        assert (row["mode"], row["pinfoMap"]["TEL"], row["pinfoMap"]["STATE"]) == (0, "ada@phones.example", "0")
        await scene.everybody_hears_everybody("host", "ada")
        await push.close()

        await booked.lock(True)
        await here.dials("bob", booked, booked.guest)
        await scene.until_waiting("bob")
        await booked.lock(False)
        assert await scene.api.waits("bob")  # for he has not been let in
        await booked.admit("bob")
        await scene.everybody_hears_everybody("host", "ada", "bob")

        end = await self_end(here, booked)
        await booked.order("prolong_meeting", m.ProlongMeetingRequest, body=m.RestProlongDurReqBody(0, 20))
        assert await self_end(here, booked) == end + timedelta(minutes=20)
        await booked.stop()
        for phone in scene.phones.values():
            await phone.wait_closed()
        await scene.until_empty()


async def self_end(here: Office, booked: Booked) -> datetime:
    """When the conference ends by itself."""
    request = m.ShowOnlineMeetingDetailRequest(conference_id=booked.number)
    shown = await here.vendor("show_online_meeting_detail", request)
    return datetime.strptime(shown.conference_data.end_time, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


# --- two dialects, one server ------------------------------------------------------------------------------------


async def test_what_one_dialect_makes_the_other_sees() -> None:
    """A conference is a space, a call and participants of the XML dialect; a room of the JSON dialect is a space that
    phones call, and bears the name that the XML dialect gives it; the push tells who joins."""
    async with office() as here:
        scene, api = here.scene, here.scene.api
        booked = await here.book(subject="Seen by both", rules={"is_guest_free_pwd": True})
        spaces = {tree.get("id"): tree for tree in await api.tree("/coSpaces")}
        [space] = [id for id, tree in spaces.items() if tree.findtext("name") == "Seen by both"]
        assert spaces[space].findtext("callId") == booked.number
        await here.control(booked)
        push = await PushListener.open(booked, scene.server.certificate, ["ParticipantsNotify"])
        await push.hear("ParticipantsNotify")
        await here.dials("host", booked, booked.host)
        rows = await push.hear("ParticipantsNotify")
        told = [(row["mode"], row["pinfoMap"]["TEL"], row["pinfoMap"]["ROLE"]) for row in rows]
        assert told == [(0, "host@phones.example", "1")]
        await push.close()
        [call] = await api.ids("/calls")
        tree = await api.tree(f"/calls/{call}")
        assert (tree.findtext("coSpace"), tree.findtext("name")) == (space, "Seen by both")
        person = await api.tree(f"/participants/{await api.participant_of('host')}")
        assert (person.findtext("call"), person.findtext("isActivator")) == (call, "true")

        token = await here.vendor("update_token", m.UpdateTokenRequest())
        scene.server.never_log(token.access_token, token.refresh_token)
        async with requests(here, token.access_token) as http:
            made = (await http.post(ROOMS, json={"vmrName": "Atrium"})).json()
        [room] = [tree for tree in await api.tree("/coSpaces") if tree.findtext("callId") == made["vmrId"]]
        assert room.findtext("name") == "Atrium"
        await api.put(f"/coSpaces/{room.get('id')}", "name=Library")
        listed = await here.vendor("search_corp_vmr", m.SearchCorpVmrRequest(vmr_mode=1))
        assert [(row.vmr_name, row.vmr_id) for row in listed.data] == [("Library", made["vmrId"])]
        await api.delete(f"/calls/{call}")
        await scene.phones["host"].wait_closed()

"""The scenes of the stories: a server, the objects of the printed scenarios, and phones with a voice each."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.kit.addresses import Network
from tests.kit.api import PATIENCE, Api, eventually
from tests.kit.baresip import PCMU, SPEECH, Codec, Phone
from tests.kit.recordings import HEARD, LEVEL, SILENT, VOICES, Recording, tone
from tests.kit.server import DOMAIN, Server

DECLARATION = '<?xml version="1.0"?>'
GUEST_FORM = (
    "needsActivation=true&defaultLayout=speakerOnly&presentationContributionAllowed=false"
    "&rxAudioMute=true&rxVideoMute=false&deactivationMode=deactivate"
)
HOST_FORM = (
    "needsActivation=false&defaultLayout=speakerOnly&presentationContributionAllowed=true"
    "&rxAudioMute=false&rxVideoMute=false"
)
GUEST_FIELDS = (
    "<needsActivation>true</needsActivation><defaultLayout>speakerOnly</defaultLayout>"
    "<presentationContributionAllowed>false</presentationContributionAllowed><rxAudioMute>true</rxAudioMute>"
    "<rxVideoMute>false</rxVideoMute><deactivationMode>deactivate</deactivationMode>"
)
HOST_FIELDS = (
    "<needsActivation>false</needsActivation><defaultLayout>speakerOnly</defaultLayout>"
    "<presentationContributionAllowed>true</presentationContributionAllowed><rxAudioMute>false</rxAudioMute>"
    "<rxVideoMute>false</rxVideoMute>"
)
SECRET = re.compile(r"<secret>([A-Za-z0-9._-]{22,})</secret>")


@dataclass
class Stage:
    """A running server and everybody who called it. Voices are handed out in the order of `phone`."""

    server: Server
    phones: dict[str, Phone] = field(default_factory=dict)
    voices: dict[str, float] = field(default_factory=dict)
    offered: Sequence[float] = VOICES
    loudness: dict[float, float] = field(default_factory=dict)  # of voices that are not spoken at LEVEL
    _exits: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    @property
    def api(self) -> Api:
        return self.server.api

    async def phone(
        self, name: str, codec: Codec = PCMU, *, silent: bool = False, program: type[Phone] = Phone, **account: str
    ) -> Phone:
        """A phone that hums its own tone from the first moment of its call, unless silent. account: see Phone."""
        voice = self.offered[len(self.phones)]
        phone = program(
            self.server.network.address(),
            name=name,
            codec=codec,
            proxy=self.server.sip,
            speech=() if silent else (tone(voice, SPEECH),),
            **{"domain": "", "password": "", **account},
        )
        self.phones[name] = phone
        if not silent:
            self.voices[name] = voice
        await self._exits.enter_async_context(phone)
        return phone

    async def caller(self, name: str, user: str, codec: Codec = PCMU) -> Phone:
        """A phone that has dialled user@domain and been answered."""
        phone = await self.phone(name, codec)
        await phone.dial(uri(user))
        return phone

    # --- who hears whom -----------------------------------------------------------------------------------------

    def names_heard(self, recording: Recording) -> set[str]:
        """Whose voices are there throughout; a mere trace of a voice gets its level after the name."""
        full = {v for v in self.offered if recording.voices([v], HEARD * self.loudness.get(v, LEVEL) / LEVEL)}
        traces = recording.traces(self.offered)
        names = {voice: name for name, voice in self.voices.items()}
        whole = {names.get(voice, str(voice)) for voice in full}
        return whole | {f"{names.get(voice, voice)}: {recording.loudest(voice):.0f}" for voice in traces - full}

    async def who_hears_whom(self, names: Iterable[str], seconds: float = 0.5) -> dict[str, set[str]]:
        """From now on for so long, at all these phones at once."""
        heard = await asyncio.gather(*(self.phones[name].listen(seconds) for name in names))
        return {name: self.names_heard(recording) for name, recording in zip(names, heard, strict=True)}

    async def settles(self, expected: Mapping[str, Iterable[str]], patience: float = PATIENCE) -> float:
        """Wait until exactly these voices are heard at these phones, for a second more too; how long it took."""
        began = time.monotonic()
        wanted = {name: set(voices) for name, voices in expected.items()}
        while True:
            at = time.monotonic()
            heard = await self.who_hears_whom(list(wanted), 0.3)
            if heard == wanted:
                break
            assert time.monotonic() - began < patience, f"wanted {wanted}, still heard {heard} after {patience} s"
        after = await self.who_hears_whom(list(wanted), 1.0)
        assert after == wanted, f"wanted {wanted}, then heard {after}"
        return at - began

    async def everybody_hears_everybody(self, *names: str) -> float:
        return await self.settles({name: set(names) - {name} for name in names})

    def nobody_was_heard(self, *names: str) -> None:
        """In the whole of their calls so far none of these phones got any trace of any voice."""
        for name in names:
            heard = self.names_heard(self.phones[name].heard_since(self.phones[name].start))
            assert not heard, f"{name} heard {heard}"

    def nobody_heard_himself(self) -> None:
        """In the whole of everybody's newest call there is no trace of the own voice."""
        for name, voice in self.voices.items():
            phone = self.phones[name]
            level = phone.heard_since(phone.start).loudest(voice)
            assert level < SILENT, f"{name} heard the own voice with level {level:.0f}"

    # --- what the API says ----------------------------------------------------------------------------------------

    async def until_waiting(self, *users: str) -> float:
        """Until all these are in the lobby; how long it took."""
        began = time.monotonic()
        for user in users:
            await eventually(lambda user=user: self.api.waits(user), f"{user} is not in the lobby")
        return time.monotonic() - began

    async def until_in(self, *users: str) -> None:
        for user in users:
            await eventually(lambda user=user: self.api.is_in(user), f"{user} is not in the meeting")

    async def until_empty(self) -> None:
        """No leg and no call is left."""

        async def empty() -> bool:
            return await self.api.total("/callLegs") == 0 and await self.api.total("/calls") == 0

        await eventually(empty, "legs or calls are left")


@contextlib.asynccontextmanager
async def stage(*, https: bool = False, **settings: str) -> AsyncIterator[Stage]:
    """A server with these settings; at the end nobody has heard himself and the server ends cleanly."""
    async with Server(Network(), https=https, **settings) as server:
        scene = Stage(server)
        async with scene._exits:
            yield scene
            scene.nobody_heard_himself()


def uri(user: str) -> str:
    return f"sip:{user}@{DOMAIN}"


# --- the printed scenarios -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Space:
    """What a scenario made."""

    space: str
    door: str
    guest_profile: str
    host_profile: str
    call_profile: str = ""


async def make_profiles(api: Api) -> tuple[str, str]:
    """Steps 1 and 2 of every scenario: the guest profile and the host profile, each posted and read back."""
    guest = await api.post("/callLegProfiles", GUEST_FORM)
    assert await api.get(f"/callLegProfiles/{guest}") == profile_xml(guest, GUEST_FIELDS)
    host = await api.post("/callLegProfiles", HOST_FORM)
    assert await api.get(f"/callLegProfiles/{host}") == profile_xml(host, HOST_FIELDS)
    return guest, host


def profile_xml(profile: str, fields: str) -> str:
    return f'{DECLARATION}<callLegProfile id="{profile}">{fields}</callLegProfile>'


async def different_uris(server: Server) -> Space:
    """Scenario 6.1: guest.space and host.space lead into one space, no PIN."""
    api = server.api
    guest, host = await make_profiles(api)
    space = await api.post("/coSpaces", "name=Guest.space&uri=guest.space&callId=628821815")
    await api.put(f"/coSpaces/{space}", f"callLegProfile={guest}")
    door = await api.post(f"/coSpaces/{space}/accessMethods", f"uri=host.space&callId=888&callLegProfile={host}")
    return Space(space, door, guest, host)


async def same_uri_two_pins(server: Server) -> Space:
    """Scenario 6.2: guestpin.space, PIN 789 for guests and 1234 for hosts."""
    server.never_log("789", "1234")
    api = server.api
    guest, host = await make_profiles(api)
    space = await api.post(
        "/coSpaces", f"name=Guest/Host PIN&uri=guestpin.space&callId=189&passcode=789&callLegProfile={guest}"
    )
    door = await api.post(
        f"/coSpaces/{space}/accessMethods", f"uri=guestpin.space&callId=889&passcode=1234&callLegProfile={host}"
    )
    return Space(space, door, guest, host)


async def same_uri_host_pin(server: Server, mode: str = "passcodeMode=timeout&passcodeTimeout=5") -> Space:
    """Scenario 6.3: the space of 6.2 with the guest PIN taken away and a call profile."""
    made = await same_uri_two_pins(server)
    call_profile = await server.api.post("/callProfiles", mode)
    await server.api.put(f"/coSpaces/{made.space}", f"passcode=&callProfile={call_profile}")
    return Space(made.space, made.door, made.guest_profile, made.host_profile, call_profile)


def secret_in(body: str) -> str:
    """The secret of a space or access method; never empty."""
    found = SECRET.search(body)
    assert found, f"no secret in {body}"
    return found[1]

"""What participants hear of us besides one another: tones, even voices, a tenant's own prompts."""

from __future__ import annotations

import asyncio
import contextlib
import time
import wave

import numpy as np
import pytest

from parley.engine.prompts import DIRECTORY
from tests.kit.addresses import Network
from tests.kit.api import eventually
from tests.kit.baresip import G722, Phone
from tests.kit.chorus import RATE, Chorus
from tests.kit.plain_phone import PlainPhone
from tests.kit.recordings import Part, Recording
from tests.kit.server import DOMAIN, Server
from tests.kit.tones import Sound
from tests.kit.web_server import WebServer, wav

from .scene import Stage, stage, uri

pytestmark = pytest.mark.story

JOINS = (659.0, 880.0)
TONE = 32768 * 10 ** (-15 / 20)  # what the tones peak at
FAINT, LOUD = 1604.0, 2060.0  # voices clear of the tones
AMPLITUDES = {FAINT: 0.03, LOUD: 0.42}  # -33.5 and -10.5 dBov of a tone
GREETING, OWN_PIN_PROMPT, BUILT_IN_PIN_PROMPT = 1000.0, 1700.0, 600.0


async def test_tones_even_voices_and_own_prompts() -> None:
    """With a threshold of 2 ann hears bob come, at the tones' level, and not cid, who makes three; she hears cid go.
    Nobody hears a tone for himself. Where the profile says agc, talkers 23 dB apart come out within 3 dB after two
    seconds, and the legs' status tells the gain. A tenant's greeting and PIN prompt come from its web server, where
    the setting lists it, and stay when that server is gone."""
    async with WebServer("127.2.7.1") as web, stage(OUTBOUND__ALLOWED_PRIVATE="127.2.7.0/24") as scene:
        web.files |= {"/p/welcome.wav": wav(GREETING, 0.5, 8_000), "/p/passcode_entry.wav": wav(OWN_PIN_PROMPT, 0.4)}
        branding = await scene.api.post("/callBrandingProfiles", f"resourceLocation={web.url}/p")
        tenant = await scene.api.post("/tenants", f"name=Acme&callBrandingProfile={branding}")
        await scene.api.post("/coSpaces", f"uri=branded&passcode=1&tenant={tenant}")
        profile = await scene.api.post(
            "/callLegProfiles",
            "joinToneParticipantThreshold=2&leaveToneParticipantThreshold=2&audioGainMode=agc",
        )
        await scene.api.post("/coSpaces", f"uri=room&callLegProfile={profile}")
        await _tones_and_voices(scene)
        await eventually(lambda: _all_was_asked_for(web), "the prompts were not fetched")
        web.files.clear()
        assert await _own_prompts(scene.phones["ann"]) == [GREETING, OWN_PIN_PROMPT]


async def _tones_and_voices(scene: Stage) -> None:
    ann, bob, cid = [await scene.phone(name, codec, silent=True) for name, codec in
                     (("ann", G722), ("bob", G722), ("cid", G722))]  # fmt: skip
    await ann.dial(uri("room"))
    await scene.until_in("ann")
    await asyncio.sleep(0.5)  # the word that she is alone
    come = ann.mark()
    await bob.dial(uri("room"))
    await scene.until_in("bob")
    await asyncio.sleep(0.6)
    heard = ann.heard_since(come)
    assert notes(heard) == [659.0, 880.0]
    for note in JOINS:
        (run,) = heard.runs(note, TONE / 3, shortest=0.06)
        level = heard.between(run.start + 0.03, run.end - 0.03).level(note)
        assert 0.8 < level / TONE < 1.25, f"{note} Hz at {level:.0f} of {TONE:.0f}"
    third = ann.mark()
    await cid.dial(uri("room"))
    await scene.until_in("cid")
    await asyncio.gather(bob.say(*_words(FAINT)), cid.say(*_words(LOUD)))
    await asyncio.sleep(2.2)
    assert notes(ann.heard_since(third)) == []
    assert notes(bob.heard_since(bob.start)) == notes(cid.heard_since(cid.start)) == []
    heard = await ann.listen(1.2)
    faint, loud = (_loudness(heard, voice) for voice in (FAINT, LOUD))
    assert 0.71 < loud / faint < 1.41, f"{faint:.0f} and {loud:.0f}"
    for name in ("bob", "cid"):
        assert "<gainApplied>" in await scene.api.get(f"/callLegs/{await scene.api.leg_of(name)}")
    await bob.be_silent()
    gone = ann.mark()
    await cid.hang_up()
    await asyncio.sleep(0.8)
    assert notes(ann.heard_since(gone)) == [880.0, 659.0]
    await ann.hang_up()


def notes(recording: Recording) -> list[float]:
    """The notes of tones that were heard, in their order."""
    found = [(run.start, note) for note in JOINS for run in recording.runs(note, TONE / 3, shortest=0.06)]
    return [note for _, note in sorted(found)]


def _words(voice: float) -> list[Part]:
    """Syllables, as people talk: what never pauses is no speech."""
    return [part for _ in range(20) for part in (Part(0.2, voice, AMPLITUDES[voice]), Part(0.1))]


def _loudness(recording: Recording, voice: float) -> float:
    runs = recording.runs(voice, 300.0, shortest=0.1)
    return max(recording.between(run.start + 0.04, run.end - 0.04).level(voice) for run in runs)


async def _all_was_asked_for(web: WebServer) -> bool:
    """The last of a brand's files is asked for after those that are there."""
    return any(path == "/p/passcode_incorrect_goodbye.wav" for path, _ in web.asked)


async def _own_prompts(phone: Phone) -> list[float]:
    """The tones of prompts, in the order in which the caller hears them."""
    await phone.dial(uri("branded"))
    await asyncio.sleep(1.3)
    heard = phone.heard_since(phone.start)
    tones = (BUILT_IN_PIN_PROMPT, GREETING, OWN_PIN_PROMPT)
    runs = [(run.start, tone) for tone in tones for run in heard.runs(tone, 3000.0, shortest=0.1)]
    return [tone for _, tone in sorted(runs)]


# --- languages ----------------------------------------------------------------------------------------------------

WHO = {  # address, what the phone says of languages, and which it then hears
    "server": ("plain", "", "en"),
    "tenant": ("acme", "", "pt"),
    "space": ("branch", "", "zh"),
    "door": ("counter", "", "en"),
    "caller": ("branch", "Accept-Language: fr, pt-BR;q=0.7, en;q=0.1", "pt"),
}


async def test_prompts_are_heard_in_the_language_of_caller_door_space_tenant_and_server() -> None:
    """The nearest that says one: five phones are asked for a PIN, each in the language of its own case, by the very
    words of that language."""
    async with Server(Network(), IVR__LANGUAGE="en") as server, contextlib.AsyncExitStack() as stack:
        tenant = await server.api.post("/tenants", "name=Acme&language=pt")
        await server.api.post("/coSpaces", "uri=plain&passcode=1")
        await server.api.post("/coSpaces", f"uri=acme&passcode=1&tenant={tenant}")
        branch = await server.api.post("/coSpaces", f"uri=branch&passcode=1&tenant={tenant}&language=zh")
        await server.api.post(f"/coSpaces/{branch}/accessMethods", "uri=counter&passcode=2&language=en")
        chorus, phones = stack.enter_context(Chorus()), dict[str, PlainPhone]()
        for name, (_, header, _) in WHO.items():
            address = server.network.address()
            phone = PlainPhone(name, address, chorus.voice(address), server.sip, extra=header)
            phones[name] = await stack.enter_async_context(phone)
        await asyncio.gather(*(phone.dial(f"sip:{WHO[name][0]}@{DOMAIN}") for name, phone in phones.items()))

        async def all_heard() -> bool:
            return all(_language(phone.voice.sound(0.0, time.time())) for phone in phones.values())

        await eventually(all_heard, "a prompt was not heard")
        heard = {name: _language(phone.voice.sound(0.0, time.time())) for name, phone in phones.items()}
        assert heard == {name: language for name, (_, _, language) in WHO.items()}


def _language(sound: Sound) -> str | None:
    """In which language these are the first words of the prompt for a PIN; None: in none, or not yet."""
    if len(sound) < 2 * RATE:
        return None
    alike = {}
    for language in ("en", "pt", "zh"):
        with wave.open(str(DIRECTORY / language / "enter-pin.wav")) as file:
            assert file.getframerate() == 2 * RATE
            words = np.frombuffer(file.readframes(2 * RATE), "<i2").astype(np.float64)  # the first second
        words = (words[::2] + words[1::2]) / 2
        spectrum = np.fft.rfft(sound, 1 << 17) * np.conj(np.fft.rfft(words, 1 << 17))
        energy = np.convolve(sound.astype(np.float64) ** 2, np.ones(RATE), "valid")
        match = np.fft.irfft(spectrum)[: len(energy)]
        alike[language] = float((match / np.sqrt(np.maximum(energy, 1e-4) * (words**2).sum())).max())
    best = max(alike, key=lambda language: alike[language])
    return best if alike[best] > 0.8 and sorted(alike.values())[1] < 0.5 else None

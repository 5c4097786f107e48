"""Make every spoken prompt of the engine: `python scripts/make_prompts.py` (needs espeak-ng).

Writes src/parley/engine/prompts/<language>/<name>.wav, 16 kHz mono 16 bit, silence trimmed, peak at -3 dBov.
Chinese is given as tone-numbered pinyin, because espeak-ng's own reading of characters guesses tones.

`x-test` is a language of beeps for tests, so that stories need not sit through speech. Its tones keep clear
of 300-560 Hz and 900-3000 Hz (the callers of our tests hum there), lie 100 Hz or more apart and pass G.711.
One number is one beep of 200 ms; two numbers are two beeps of 120 ms, in that order.

`tones` are the same in every language: they are laid over the mix, so they are soft, at a peak of -15 dBov.
"""

from __future__ import annotations

import io
import subprocess
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
PEAK = 10 ** (-3 / 20) * 32767
DIRECTORY = Path(__file__).resolve().parents[1] / "src/parley/engine/prompts"
VOICES = {"en": "en-gb", "zh": "cmn-latn-pinyin", "pt": "pt-br"}
WORDS_PER_MINUTE = {"en": 185, "zh": 225, "pt": 215}

TEXTS: dict[str, dict[str, str]] = {
    "welcome": {
        "en": "Welcome.",
        "zh": "huan1 ying2",
        "pt": "Bem-vindo.",
    },
    "enter-id": {
        "en": "Enter the meeting ID, then hash.",
        "zh": "qing3 shu1 ru4 hui4 yi4 hao4 ma3, yi3 jing3 hao4 jie2 shu4",
        "pt": "Digite o número da reunião e jogo da velha.",
    },
    "id-incorrect-try-again": {
        "en": "That ID is not known. Try again.",
        "zh": "hui4 yi4 hao4 ma3 cuo4 wu4, qing3 chong2 shi4",
        "pt": "Número incorreto. Tente de novo.",
    },
    "id-incorrect-final-attempt": {
        "en": "That ID is not known. Last attempt.",
        "zh": "hui4 yi4 hao4 ma3 cuo4 wu4, zui4 hou4 yi1 ci4",
        "pt": "Número incorreto. Última tentativa.",
    },
    "id-incorrect-goodbye": {
        "en": "That ID is not known. Goodbye.",
        "zh": "hui4 yi4 hao4 ma3 cuo4 wu4, zai4 jian4",
        "pt": "Número incorreto. Até logo.",
    },
    "enter-pin": {
        "en": "Enter your PIN, then hash.",
        "zh": "qing3 shu1 ru4 mi4 ma3, yi3 jing3 hao4 jie2 shu4",
        "pt": "Digite sua senha e jogo da velha.",
    },
    "enter-pin-or-hash": {
        "en": "Enter your PIN. If you have none, press hash.",
        "zh": "qing3 shu1 ru4 mi4 ma3. mei2 you3 mi4 ma3, qing3 an4 jing3 hao4",
        "pt": "Digite sua senha. Se não tem senha, tecle jogo da velha.",
    },
    "enter-pin-or-wait": {
        "en": "Enter your PIN. If you have none, please wait.",
        "zh": "qing3 shu1 ru4 mi4 ma3. mei2 you3 mi4 ma3, qing3 shao1 hou4",
        "pt": "Digite sua senha. Se não tem senha, aguarde.",
    },
    "pin-incorrect-try-again": {
        "en": "Wrong PIN. Try again.",
        "zh": "mi4 ma3 cuo4 wu4, qing3 chong2 shi4",
        "pt": "Senha incorreta. Tente de novo.",
    },
    "pin-incorrect-final-attempt": {
        "en": "Wrong PIN. Last attempt.",
        "zh": "mi4 ma3 cuo4 wu4, zui4 hou4 yi1 ci4",
        "pt": "Senha incorreta. Última tentativa.",
    },
    "pin-incorrect-goodbye": {
        "en": "Wrong PIN. Goodbye.",
        "zh": "mi4 ma3 cuo4 wu4, zai4 jian4",
        "pt": "Senha incorreta. Até logo.",
    },
    "timeout-goodbye": {
        "en": "Nothing was entered. Goodbye.",
        "zh": "wei4 shou1 dao4 shu1 ru4, zai4 jian4",
        "pt": "Nada foi digitado. Até logo.",
    },
    "waiting-for-host": {
        "en": "Please wait for the host.",
        "zh": "qing3 deng3 dai4 zhu3 chi2 ren2",
        "pt": "Aguarde o anfitrião.",
    },
    "meeting-locked": {
        "en": "The meeting is locked. Please wait.",
        "zh": "hui4 yi4 yi3 suo3 ding4, qing3 shao1 hou4",
        "pt": "A reunião está bloqueada. Aguarde.",
    },
    "only-participant": {
        "en": "You are the only participant.",
        "zh": "nin2 shi4 wei2 yi1 de5 can1 hui4 zhe3",
        "pt": "Você é o único participante.",
    },
    "meeting-ended": {
        "en": "The meeting has ended.",
        "zh": "hui4 yi4 yi3 jie2 shu4",
        "pt": "A reunião terminou.",
    },
    "disconnected": {
        "en": "You have been disconnected.",
        "zh": "nin2 yi3 duan4 kai1 lian2 jie1",
        "pt": "Você foi desconectado.",
    },
    "meeting-full": {
        "en": "The meeting is full.",
        "zh": "hui4 yi4 yi3 man3",
        "pt": "A reunião está cheia.",
    },
    "muted": {
        "en": "Muted.",
        "zh": "yi3 jing4 yin1",
        "pt": "Microfone desligado.",
    },
    "unmuted": {
        "en": "Unmuted.",
        "zh": "yi3 qu3 xiao1 jing4 yin1",
        "pt": "Microfone ligado.",
    },
    "mute-refused": {
        "en": "The host does not allow that.",
        "zh": "zhu3 chi2 ren2 bu4 yun3 xu3 ci3 cao1 zuo4",
        "pt": "O anfitrião não permite isso.",
    },
}

TEXTS["echo"] = {
    "en": "This is the echo test. You hear yourself one second later.",
    "zh": "zhe4 shi4 hui2 sheng1 ce4 shi4, nin2 hui4 zai4 yi1 miao3 hou4 ting1 dao4 zi4 ji3",
    "pt": "Teste de eco. Você ouve a si mesmo um segundo depois.",
}

TEXTS |= {
    "locked": {
        "en": "The meeting is locked.",
        "zh": "hui4 yi4 yi3 suo3 ding4",
        "pt": "A reunião está bloqueada.",
    },
    "unlocked": {
        "en": "The meeting is open.",
        "zh": "hui4 yi4 yi3 jie3 suo3",
        "pt": "A reunião está desbloqueada.",
    },
    "others-muted": {
        "en": "Everyone else is muted.",
        "zh": "qi2 ta1 ren2 yi3 jing4 yin1",
        "pt": "Os outros estão sem microfone.",
    },
    "others-unmuted": {
        "en": "Everyone else is unmuted.",
        "zh": "qi2 ta1 ren2 yi3 qu3 xiao1 jing4 yin1",
        "pt": "Os outros têm o microfone ligado.",
    },
    "confirm-join": {
        "en": "You are called into a meeting. Press any key.",
        "zh": "yao1 qing3 nin2 can1 jia1 hui4 yi4, qing3 an4 ren4 yi4 jian4",
        "pt": "Você foi chamado a uma reunião. Tecle algo para entrar.",
    },
    "done": {
        "en": "Done.",
        "zh": "yi3 wan2 cheng2",
        "pt": "Feito.",
    },
}

BEEPS: dict[str, tuple[int, ...]] = {
    "welcome": (600, 800),
    "enter-id": (200,),
    "id-incorrect-try-again": (600, 700),
    "id-incorrect-final-attempt": (700, 600),
    "id-incorrect-goodbye": (700, 800),
    "enter-pin": (600,),
    "enter-pin-or-hash": (700,),
    "enter-pin-or-wait": (800,),
    "pin-incorrect-try-again": (3200,),
    "pin-incorrect-final-attempt": (3300,),
    "pin-incorrect-goodbye": (3400,),
    "timeout-goodbye": (800, 600),
    "waiting-for-host": (3100,),
    "meeting-locked": (800, 700),
    "only-participant": (3100, 3200),
    "meeting-ended": (3200, 3100),
    "disconnected": (3100, 3300),
    "meeting-full": (3300, 3100),
    "muted": (700, 3200),
    "unmuted": (3200, 700),
    "mute-refused": (3400, 700),
    "echo": (800, 3300),
    "locked": (200, 600),
    "unlocked": (600, 200),
    "others-muted": (200, 700),
    "others-unmuted": (700, 200),
    "done": (200, 800),
    "confirm-join": (3200, 600),
}

# Somebody comes: up a fourth; somebody goes: down.
TONES: dict[str, tuple[int, ...]] = {"join-tone": (659, 880), "leave-tone": (880, 659)}
TONE_PEAK = 10 ** (-15 / 20) * 32767


def speak(text: str, language: str) -> NDArray[np.float64]:
    """Speech at 16 kHz, any scale."""
    command = ["espeak-ng", "-v", VOICES[language], "-s", str(WORDS_PER_MINUTE[language]), "--stdout", text]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(data)) as spoken:
        rate = spoken.getframerate()
        samples = np.frombuffer(spoken.readframes(1 << 24), "<i2").astype(np.float64)
    return trim(resample(samples, rate))


def resample(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """To 16 kHz by cutting the spectrum: exact for a whole clip, and there is no hurry here."""
    length = round(len(samples) * RATE / rate)
    spectrum = np.fft.rfft(samples)[: length // 2 + 1]
    return np.fft.irfft(spectrum, length)


def trim(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the silence at both ends; 20 ms stay before and 60 ms after the words."""
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
    first, last = max(loud[0] - RATE // 50, 0), loud[-1] + RATE * 6 // 100
    return samples[first:last]


def beep(frequencies: tuple[int, ...]) -> NDArray[np.float64]:
    """Pure tones one after another, each with 5 ms ramps so that it does not click."""
    seconds = 0.2 if len(frequencies) == 1 else 0.12
    time = np.arange(int(RATE * seconds)) / RATE
    ramp = np.minimum(1.0, np.minimum(time, time[::-1]) / 0.005)
    return np.concatenate([np.sin(2 * np.pi * frequency * time) * ramp for frequency in frequencies])


def save(language: str, name: str, samples: NDArray[np.float64], peak: float = PEAK) -> None:
    path = DIRECTORY / language / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    pcm = np.round(samples * peak / np.abs(samples).max()).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm.tobytes())


def main() -> None:
    for name, texts in TEXTS.items():
        for language, text in texts.items():
            save(language, name, speak(text, language))
        save("x-test", name, beep(BEEPS[name]))
    for name, notes in TONES.items():
        save("tones", name, beep(notes), TONE_PEAK)


if __name__ == "__main__":
    main()

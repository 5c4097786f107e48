// Microphones and speakers: opening, choosing, measuring, trying.

import { remembered } from "../dom.js";

/** @typedef {"insecure" | "denied" | "none" | "busy" | "unknown"} Problem */

/** @param {any} error of getUserMedia @returns {Problem} */
function problemOf(error) {
  switch (error?.name) {
    case "NotAllowedError": case "SecurityError": return "denied";
    case "NotFoundError": case "OverconstrainedError": return "none";
    case "NotReadableError": case "AbortError": return "busy";
    default: return navigator.mediaDevices ? "unknown" : "insecure";
  }
}

export const CAN_CHOOSE_SPEAKER = "setSinkId" in HTMLMediaElement.prototype;

export class Devices {
  /** @type {MediaStreamTrack | null} */ track = null;
  /** @type {Problem | null} */ problem = null;
  /** @type {{id: string, label: string}[]} */ microphones = [];
  /** @type {{id: string, label: string}[]} */ speakers = [];
  opening = false;
  #meter = new Meter();

  /** @param {{changed: () => void, track: (track: MediaStreamTrack | null) => void, unplugged: () => void}} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    this.microphone = remembered("microphone") ?? "";
    this.speaker = remembered("speaker") ?? "";
    this.audio = new Audio();
    this.audio.autoplay = true;
    navigator.mediaDevices?.addEventListener("devicechange", () => this.list());
  }

  /** Ask for the microphone, the chosen one if it is there. @param {string} [id] to choose it */
  async open(id = this.microphone) {
    this.opening = true;
    this.handlers.changed();
    try {
      this.#use(await microphone(id));
      this.problem = null;
      this.microphone = id;
    } catch (error) {
      this.problem = problemOf(error);
      this.#use(null);
    }
    this.opening = false;
    await this.list();
    if (CAN_CHOOSE_SPEAKER && this.speaker) await this.chooseSpeaker(this.speaker);
  }

  /** @param {string} id */
  async choose(id) {
    remembered("microphone", id);
    await this.open(id);
  }

  /** @param {string} id */
  async chooseSpeaker(id) {
    try {
      await this.audio["setSinkId"](id);
      this.speaker = id;
      remembered("speaker", id);
    } catch {
      this.speaker = "";
      await this.audio["setSinkId"]("").catch(() => null);
    }
    this.handlers.changed();
  }

  async list() {
    const found = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
    const of = (kind) => found.filter((device) => device.kind === kind && device.deviceId)
      .map((device, index) => ({ id: device.deviceId, label: device.label || `${index + 1}` }));
    this.microphones = of("audioinput");
    this.speakers = of("audiooutput");
    const used = this.track?.getSettings().deviceId;
    if (used && !this.microphones.some((device) => device.id === this.microphone)) this.microphone = used;
    this.handlers.changed();
  }

  #use(track) {
    const old = this.track;
    this.track = track;
    this.#meter.listen(track);
    if (track) {
      track.onended = async () => {
        this.handlers.unplugged();
        await this.open("");
      };
    }
    if (old) {
      old.onended = null;
      if (old !== track) old.stop();
    }
    this.handlers.track(track);
  }

  /** @returns {number} 0 to 1, how loud the microphone is now, muted or not */
  level() {
    return this.#meter.level();
  }

  /** A short sequence of notes on the chosen speaker. @param {number[]} hertz */
  async play(hertz) {
    const audio = new Audio(URL.createObjectURL(notes(hertz)));
    audio.onended = () => URL.revokeObjectURL(audio.src);
    try {
      if (CAN_CHOOSE_SPEAKER && this.speaker) await audio["setSinkId"](this.speaker);
      await audio.play();
    } catch {
      // Not allowed to sound: what is told by it is written as well.
    }
  }

  /** Let go of the microphone. */
  stop() {
    this.#use(null);
  }
}

async function microphone(id) {
  const wishes = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
  const ask = async (audio) => (await navigator.mediaDevices.getUserMedia({ audio })).getAudioTracks()[0];
  try {
    return await ask(id ? { ...wishes, deviceId: { exact: id } } : wishes);
  } catch (error) {
    if (!id || !["NotFoundError", "OverconstrainedError"].includes(error?.["name"])) throw error;
    return await ask(wishes); // the remembered one is not plugged in
  }
}

/** Hears a copy of the track: the track itself is silent while it is muted, and who talks then should be told. */
class Meter {
  /** @type {AudioContext | null} */ #context = null;
  /** @type {MediaStreamAudioSourceNode | null} */ #source = null;
  /** @type {AnalyserNode | null} */ #analyser = null;
  /** @type {MediaStreamTrack | null} */ #copy = null;
  #samples = new Float32Array(1024);

  /** @param {MediaStreamTrack | null} track */
  listen(track) {
    this.#source?.disconnect();
    this.#copy?.stop();
    this.#source = this.#copy = null;
    if (!track) return;
    this.#context ??= new AudioContext();
    this.#analyser ??= new AnalyserNode(this.#context, { fftSize: 1024 });
    this.#copy = track.clone();
    this.#copy.enabled = true;
    this.#source = this.#context.createMediaStreamSource(new MediaStream([this.#copy]));
    this.#source.connect(this.#analyser);
  }

  level() {
    if (!this.#source || !this.#analyser) return 0;
    if (this.#context?.state === "suspended") this.#context.resume().catch(() => null);
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    const decibels = 10 * Math.log10(sum / this.#samples.length + 1e-10);
    return Math.min(1, Math.max(0, (decibels + 60) / 50)); // -60 dB is a quiet room, -10 dB is loud
  }
}

/** @param {number[]} hertz one note of 0.22 s each @returns {Blob} 16 kHz mono WAV */
function notes(hertz) {
  const rate = 16000;
  const each = Math.floor(rate * 0.22);
  const view = new DataView(new ArrayBuffer(44 + hertz.length * each * 2));
  const ascii = (at, text) => [...text].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  ascii(0, "RIFF"); view.setUint32(4, view.byteLength - 8, true); ascii(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, rate * 2, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  ascii(36, "data"); view.setUint32(40, view.byteLength - 44, true);
  hertz.forEach((frequency, note) => {
    for (let index = 0; index < each; index += 1) {
      const shape = Math.min(1, index / 200) * Math.exp((-4 * index) / each);
      view.setInt16(44 + (note * each + index) * 2, 9000 * shape * Math.sin((2 * Math.PI * frequency * index) / rate), true);
    }
  });
  return new Blob([view], { type: "audio/wav" });
}

// The peer connection: one audio section, no trickle (the server is ICE-lite), ICE restarted when the network changes.

import { withOpusWishes } from "./sdp.js";

const PATIENCE = 2500; // milliseconds that "disconnected" may last before ICE is restarted: short losses heal by themselves
const BETWEEN_RESTARTS = 4000;

/** @typedef {{state: (state: "connecting" | "up" | "lost") => void, restart: () => void, blocked: (blocked: boolean) => void}} Handlers
 *   restart: an offer should be made and sent now */

export class Media {
  #waiting = 0;
  #restartedAt = -Infinity;
  #closed = false;

  /** @param {RTCIceServer[]} iceServers @param {HTMLAudioElement} audio where the meeting is heard @param {Handlers} handlers */
  constructor(iceServers, audio, handlers) {
    this.handlers = handlers;
    this.audio = audio;
    this.peer = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    this.transceiver = this.peer.addTransceiver("audio", { direction: "sendrecv" });
    preferOpus(this.transceiver);
    this.peer.ontrack = ({ track, streams }) => {
      audio.srcObject = streams[0] ?? new MediaStream([track]);
      this.play();
    };
    this.peer.onconnectionstatechange = () => this.#changed();
    this.peer.oniceconnectionstatechange = () => this.#changed();
    this.network = () => this.#restart();
    addEventListener("online", this.network);
    navigator["connection"]?.addEventListener?.("change", this.network);
  }

  /** @param {MediaStreamTrack | null} track what is heard of me; null sends nothing */
  async send(track) {
    await this.transceiver.sender.replaceTrack(track);
  }

  /** @param {boolean} [restart] with new ICE credentials @returns {Promise<string>} an offer for the server */
  async offer(restart = false) {
    if (this.peer.signalingState !== "stable") await this.peer.setLocalDescription({ type: "rollback" });
    const offer = await this.peer.createOffer({ iceRestart: restart });
    await this.peer.setLocalDescription(offer);
    return withOpusWishes(offer.sdp ?? "");
  }

  /** @param {string} sdp */
  async accept(sdp) {
    if (this.peer.signalingState !== "have-local-offer") return;
    await this.peer.setRemoteDescription({ type: "answer", sdp: withOpusWishes(sdp) });
  }

  /** Whether media flows, so that a broken WebSocket alone need not disturb it. */
  get up() {
    return this.peer.connectionState === "connected" && this.peer.iceConnectionState !== "disconnected";
  }

  #changed() {
    if (this.#closed) return;
    clearTimeout(this.#waiting);
    const { connectionState, iceConnectionState } = this.peer;
    if (connectionState === "failed" || iceConnectionState === "failed") {
      this.handlers.state("lost");
      this.#restart();
    } else if (iceConnectionState === "disconnected" || connectionState === "disconnected") {
      this.#waiting = setTimeout(() => { this.handlers.state("lost"); this.#restart(); }, PATIENCE);
    } else if (this.up) {
      this.handlers.state("up");
    }
  }

  #restart() {
    if (this.#closed || !this.peer.remoteDescription) return;
    const pause = this.#restartedAt + BETWEEN_RESTARTS - performance.now();
    clearTimeout(this.#waiting);
    if (pause > 0) {
      this.#waiting = setTimeout(() => { if (!this.up) this.#restart(); }, pause);
      return;
    }
    this.#restartedAt = performance.now();
    this.handlers.restart();
    // A restart may be lost with the network that it is for: look again until media flows.
    this.#waiting = setTimeout(() => { if (!this.up) this.#restart(); }, BETWEEN_RESTARTS);
  }

  /** Browsers may want a click before anything sounds. */
  async play() {
    try {
      await this.audio.play();
      this.handlers.blocked(false);
    } catch (problem) {
      if (problem instanceof DOMException && problem.name === "NotAllowedError") this.handlers.blocked(true);
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#waiting);
    removeEventListener("online", this.network);
    navigator["connection"]?.removeEventListener?.("change", this.network);
    this.peer.close();
    this.audio.srcObject = null;
  }
}

function preferOpus(transceiver) {
  const codecs = RTCRtpReceiver.getCapabilities?.("audio")?.codecs ?? [];
  const rank = (codec) => (codec.mimeType.toLowerCase() === "audio/opus" ? 0 : 1);
  try {
    transceiver.setCodecPreferences?.([...codecs].sort((one, other) => rank(one) - rank(other)));
  } catch {
    // An old browser's own order has Opus first as well.
  }
}

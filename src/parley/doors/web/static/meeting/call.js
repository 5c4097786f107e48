// One stay in a meeting: brings the session, the media and the state together, and does what people ask for.

import { Media } from "./media.js";
import { measure } from "./quality.js";
import { Refused, Session } from "./session.js";
import { isMuted, isUnmutedByOthers } from "./state.js";

const MEASURE_EVERY = 2000; // milliseconds
const NEGOTIATE_AGAIN = 3000;

/**
 * @typedef {{dispatch: (event: any) => void, state: () => import("./state.js").State, refused: (problem: Refused) => void}} Page
 *   refused: something asked for was not done, to be told
 */
export class Call {
  /** @type {Media | null} */ media = null;
  #measuring = 0;
  #mutes = 0;
  #wantsRestart = false;
  /** @type {any} */ #welcome = null;

  /** @param {Page} page @param {import("./devices.js").Devices} devices */
  constructor(page, devices) {
    this.page = page;
    this.devices = devices;
    this.session = new Session({
      message: (message) => this.#received(message),
      link: (up) => page.dispatch({ type: "link", up }),
      over: (reason) => this.#over(reason),
      restarted: (welcome) => this.#connect(welcome).catch((problem) => page.refused(problem)),
      offer: async () => (this.media && (this.#wantsRestart || !this.media.up) ? this.media.offer(true) : null),
    });
  }

  /** @param {any} entry @param {string} name @param {string} language @param {boolean} muted @throws {Refused} */
  async join(entry, name, language, muted) {
    this.page.dispatch({ type: "joining" });
    await this.#begin(await this.session.join(entry, name, language), muted);
  }

  /** Come back after the page was loaded anew. @param {string} token @param {boolean} muted @throws {Refused} */
  async resume(token, muted) {
    this.page.dispatch({ type: "joining" });
    await this.#begin(await this.session.resume(token), muted);
  }

  async #begin(welcome, muted) {
    // Told before anything could be heard.
    if (muted || !this.devices.track) this.mute(true);
    await this.#connect(welcome);
    this.#measuring = setInterval(() => this.#measure(), MEASURE_EVERY);
  }

  /** The media, made anew where there were some before the server was. */
  async #connect(welcome) {
    const before = this.media;
    this.page.dispatch({ type: "media", state: before ? "lost" : "connecting" });
    before?.close();
    this.media = new Media(welcome.ice_servers ?? [], this.devices.audio, {
      state: (state) => this.page.dispatch({ type: "media", state }),
      restart: () => this.#renegotiate(true).catch((problem) => this.page.refused(problem)),
      blocked: (blocked) => this.page.dispatch({ type: "sound", blocked }),
    });
    await this.media.send(this.devices.track);
    await this.#renegotiate(false);
  }

  async #negotiate(restart) {
    const media = this.media;
    if (!media) return;
    const answer = await this.session.request({ type: "offer", sdp: await media.offer(restart) }, "answer");
    await media.accept(answer.sdp);
  }

  /** @throws {Refused} where the server has no media for us */
  async #renegotiate(restart) {
    this.#wantsRestart = true;
    try {
      await this.#negotiate(restart);
      this.#wantsRestart = false;
    } catch (problem) {
      if (!(problem instanceof Refused) || problem.code !== "lost") throw problem;
      // The WebSocket broke: the offer goes along when the session comes back. Or the answer did: ask once more.
      if (this.media && this.page.state().linkUp) setTimeout(() => this.#wantsRestart && this.#renegotiate(restart), NEGOTIATE_AGAIN);
    }
  }

  #received(message) {
    if (message.type === "welcome") this.#welcome = message;
    if (message.type === "renew") {
      this.#connect(this.#welcome).catch((problem) => this.page.refused(problem));
      return;
    }
    if (message.type === "answer") {
      this.#wantsRestart = false;
      this.media?.accept(message.sdp);
      return;
    }
    if (message.type === "ended") this.close();
    if (message.type !== "error") this.page.dispatch(message);
    if (message.type === "state") this.listen();
    if (message.type === "state" && isUnmutedByOthers(this.page.state())) this.mute(true);
  }

  #over(reason) {
    this.close();
    this.page.dispatch({ type: "over", reason });
  }

  async #measure() {
    if (!this.media) return;
    const report = await this.media.peer.getStats().catch(() => null);
    if (report) this.page.dispatch({ type: "numbers", numbers: measure(report.values(), this.page.state().numbers) });
  }

  /** The microphone is open exactly while I am not muted. */
  listen() {
    if (this.devices.track) this.devices.track.enabled = !isMuted(this.page.state());
  }

  /** @param {boolean} muted */
  async mute(muted) {
    this.page.dispatch({ type: "muting", muted });
    this.listen();
    const turn = ++this.#mutes;
    const done = await this.ask({ type: "mute", muted });
    if (turn !== this.#mutes) return;
    this.page.dispatch(done ? { type: "muting-done" } : { type: "muting", muted: null });
    this.listen();
  }

  /** The chosen microphone has changed. @param {MediaStreamTrack | null} track */
  async use(track) {
    this.listen();
    await this.media?.send(track);
  }

  /** Ask the server for something and say so where it refuses. @param {any} message @returns {Promise<boolean>} whether it was done */
  async ask(message) {
    try {
      await this.session.request(message);
      return true;
    } catch (problem) {
      if (!(problem instanceof Refused)) throw problem;
      this.page.refused(problem);
      return false;
    }
  }

  async leave() {
    this.media?.close();
    await this.session.leave();
    this.#over("hang-up");
  }

  close() {
    clearInterval(this.#measuring);
    this.session.close();
    this.media?.close();
    this.media = null;
  }
}

// The WebSocket of docs/browser-protocol.md: requests and their answers, and coming back as the same participant.

const PATH = "/api/parley/v1/meeting";
const SUBPROTOCOL = "parley.1";
const PAUSES = [0, 400, 1000, 2000, 3000, 5000]; // milliseconds between attempts to come back
const OPENING = 8000; // a network that swallows packets never says that a connection failed
const ANSWER = 12000;
const RESTARTING = 60; // seconds that a server may be away, which counts its grace only from when it is ready again
const PING_EVERY = 15000; // under the minute after which proxies cut idle connections

/** What the server refused: `code` as in docs/browser-protocol.md; "lost" where the connection broke, "unreachable" where there was none. */
export class Refused extends Error {
  /** @param {string} code @param {string} [message] @param {string | null} [field] */
  constructor(code, message, field = null) {
    super(message ?? code);
    this.code = code;
    this.field = field;
  }
}

/**
 * @typedef {{message: (message: any) => void, link: (up: boolean) => void, over: (reason: string) => void,
 *   offer: () => Promise<string | null>, restarted: (welcome: any) => void}} Handlers
 *   message: everything the server says of itself, and welcome and answer too; over: coming back has failed for good;
 *   offer: asked for when coming back, null leaves the media as it is; restarted: we are back, and the media have to be made anew
 */
export class Session {
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Map<number, {type: string, resolve: (message: any) => void, reject: (problem: Refused) => void, timer: any}>} */
  #asked = new Map();
  #number = 0;
  #token = "";
  #grace = 30;
  #done = false;
  #comingBack = false;
  #hurry = () => {};
  #pinging = 0;

  /** @param {Handlers} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    this.online = () => { this.#hurry(); this.#check(); };
    addEventListener("online", this.online);
  }

  /** What resumes this participant, "" before welcome. */
  get token() {
    return this.#done ? "" : this.#token;
  }

  /** @param {any} entry @param {string} name @param {string} language @returns {Promise<any>} welcome @throws {Refused} */
  join(entry, name, language) {
    return this.#enter({ type: "join", version: 1, entry, name, language });
  }

  /** @param {string} token @returns {Promise<any>} welcome @throws {Refused} */
  resume(token) {
    return this.#enter({ type: "resume", token });
  }

  async #enter(first) {
    try {
      await this.#open();
      const welcome = await this.#ask(first, "welcome");
      this.#welcomed(welcome);
      return welcome;
    } catch (problem) {
      this.close();
      throw problem;
    }
  }

  /** @param {any} message with its type @param {string} [type] of the answer @returns {Promise<any>} @throws {Refused} */
  async request(message, type = "done") {
    if (this.#comingBack) throw new Refused("lost");
    return this.#ask(message, type);
  }

  #ask(message, type) {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) return Promise.reject(new Refused("lost"));
    const id = ++this.#number;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => { this.#asked.delete(id); reject(new Refused("lost")); }, ANSWER);
      this.#asked.set(id, { type, resolve, reject, timer });
      socket.send(JSON.stringify({ ...message, id }));
    });
  }

  #open() {
    const socket = (this.#socket = new WebSocket(location.origin.replace(/^http/, "ws") + PATH, SUBPROTOCOL));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => socket.close(), OPENING);
      socket.onopen = () => { clearTimeout(timer); resolve(undefined); };
      socket.onmessage = (event) => { if (socket === this.#socket) this.#received(event.data); };
      socket.onclose = () => {
        clearTimeout(timer);
        reject(new Refused("unreachable"));
        if (socket === this.#socket) this.#broken();
      };
    });
  }

  #received(data) {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    const asked = this.#asked.get(message.id);
    if (asked && (message.type === asked.type || message.type === "error" || message.type === "done")) {
      this.#asked.delete(message.id);
      clearTimeout(asked.timer);
      if (message.type === "error") asked.reject(new Refused(message.code, message.message, message.field ?? null));
      else asked.resolve(message);
    } else {
      if (message.type === "ended") this.#done = true;
      this.handlers.message(message);
    }
  }

  #welcomed(welcome) {
    this.#token = welcome.resume;
    this.#grace = welcome.grace ?? this.#grace;
    clearInterval(this.#pinging);
    this.#pinging = setInterval(() => this.#check(), PING_EVERY);
    this.handlers.message(welcome);
  }

  // A connection that answers no ping is gone, whatever the browser still believes.
  async #check() {
    const socket = this.#socket;
    if (this.#done || this.#comingBack || !this.#token || socket?.readyState !== WebSocket.OPEN) return;
    try {
      await this.#ask({ type: "ping" }, "done");
    } catch (problem) {
      if (problem instanceof Refused && problem.code === "lost" && socket === this.#socket) {
        socket.onclose = null;
        socket.close();
        this.#broken();
      }
    }
  }

  #broken() {
    for (const asked of this.#asked.values()) {
      clearTimeout(asked.timer);
      asked.reject(new Refused("lost"));
    }
    this.#asked.clear();
    if (!this.#done && this.#token && !this.#comingBack) this.#comeBack();
  }

  async #comeBack() {
    this.#comingBack = true;
    this.handlers.link(false);
    const until = performance.now() + Math.max(this.#grace + 5, RESTARTING) * 1000;
    let problem = "lost";
    for (let attempt = 0; !this.#done && performance.now() < until; attempt += 1) {
      await this.#pause(PAUSES[Math.min(attempt, PAUSES.length - 1)]);
      if (this.#done) return;
      try {
        await this.#open();
        const offer = await this.handlers.offer();
        const welcome = await this.#ask({ type: "resume", token: this.#token, ...(offer ? { offer } : {}) }, "welcome");
        this.#comingBack = false;
        this.#welcomed(welcome);
        this.handlers.link(true);
        if (welcome.restart) this.handlers.restarted(welcome);
        return;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (!["lost", "unreachable", "too-many"].includes(error.code)) {
          problem = error.code;
          break;
        }
      }
    }
    this.close();
    this.handlers.over(problem);
  }

  #pause(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#hurry = () => { clearTimeout(timer); resolve(undefined); };
    });
  }

  /** Say good-bye; the server answers by `ended`, and it does not matter if it cannot. */
  async leave() {
    const asked = this.#ask({ type: "leave" }, "ended").catch(() => null);
    this.#done = true;
    await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 800))]);
    this.close();
  }

  close() {
    this.#done = true;
    clearInterval(this.#pinging);
    removeEventListener("online", this.online);
    this.#hurry();
    this.#socket?.close();
  }
}

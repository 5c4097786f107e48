// What a meeting page knows, and how messages and gestures change it. Pure: no document, no clock, no socket.
//
//   join -> connecting -> lobby <-> meeting -> ended -> join

/**
 * @typedef {{participant: string, name: string, role: "host" | "guest", kind: "browser" | "phone", state: "waiting" | "active",
 *   causes: string[], muted: boolean, hand: boolean, member: boolean}} Person
 * @typedef {Person & {muted_by_host: boolean, may: {unmute: boolean, say: boolean, moderate: boolean}}} You
 * @typedef {{number: number, participant: string, name: string, text: string, at: string}} Line
 * @typedef {typeof START} State
 */

const LINES_KEPT = 500;

export const START = {
  /** @type {"join" | "connecting" | "lobby" | "meeting" | "ended"} */
  phase: "join",
  /** Of a join that failed: the code of docs/browser-protocol.md, or "unreachable". @type {string | null} */
  problem: null,
  linkUp: true,
  /** @type {"new" | "connecting" | "up" | "lost"} */
  media: "new",
  /** The own participant's id, as welcome names it. @type {string | null} */
  own: null,
  /** @type {You | null} */
  you: null,
  /** @type {{name: string, locked: boolean, call_id: string} | null} */
  meeting: null,
  /** When the meeting began, on the clock of the `now` given. */
  began: 0,
  /** @type {Person[]} */
  participants: [],
  /** @type {string[]} loudest first */
  speakers: [],
  /** Who spoke lately, latest first: they get a tile where not all fit. @type {string[]} */
  heard: [],
  /** @type {Line[]} */
  chat: [],
  unread: 0,
  /** @type {"people" | "chat" | null} */
  panel: null,
  /** What was asked for and is not told by a state yet. @type {boolean | null} */
  muting: null,
  /** Whether I want to be muted: nobody else opens my microphone then. */
  wish: false,
  /** Whether it was answered: then the next state decides, whatever it says. */
  mutingDone: false,
  soundBlocked: false,
  /** @type {any} numbers measured here, see quality.js */
  numbers: null,
  /** @type {any} what the server says of what it receives */
  served: null,
  /** @type {{whose: string, reason: string} | null} */
  ended: null,
};

/**
 * @param {State} state
 * @param {any} event a server's message as it came, or one of: joining, join-failed, link {up}, media {state}, panel {panel},
 *   muting {muted}, muting-done, sound {blocked}, numbers {numbers}, over {reason}, again
 * @param {number} now milliseconds of a clock that never goes back
 * @returns {State}
 */
export function reduce(state, event, now) {
  switch (event.type) {
    case "joining": return { ...START, phase: "connecting" };
    case "join-failed": return { ...START, problem: event.code };
    case "again": return START;
    case "welcome": return { ...state, own: event.participant, linkUp: true };
    case "state": return told(state, event, now);
    case "speakers": return spoke(state, event.participants ?? []);
    case "chat": return said(state, event);
    case "quality": return { ...state, served: { last: event.received, before: state.served?.last ?? null } };
    case "ended": return { ...START, phase: "ended", meeting: state.meeting, ended: { whose: event.whose, reason: event.reason } };
    case "over": return state.phase === "ended" ? state
      : { ...START, phase: "ended", meeting: state.meeting, ended: { whose: "local", reason: event.reason } };
    case "link": return { ...state, linkUp: event.up };
    case "media": return { ...state, media: event.state };
    case "panel": return { ...state, panel: event.panel, unread: event.panel === "chat" ? 0 : state.unread };
    case "muting": return { ...state, muting: event.muted, mutingDone: false, wish: event.muted ?? state.wish };
    case "muting-done": return { ...state, mutingDone: true };
    case "sound": return { ...state, soundBlocked: event.blocked };
    case "numbers": return { ...state, numbers: event.numbers };
    default: return state;
  }
}

function told(state, { you, meeting, participants }, now) {
  if (state.phase === "ended") return state;
  const waits = you.state === "waiting";
  return {
    ...state,
    phase: waits ? "lobby" : "meeting",
    you,
    meeting,
    began: now - (meeting.seconds ?? 0) * 1000,
    participants,
    speakers: waits ? [] : state.speakers,
    panel: waits ? null : state.panel,
    wish: state.wish || (state.you === null && you.muted && !you.muted_by_host),
    muting: state.mutingDone || state.muting === you.muted ? null : state.muting,
  };
}

function spoke(state, speakers) {
  const heard = [...speakers, ...state.heard.filter((id) => !speakers.includes(id))].slice(0, 50);
  return { ...state, speakers, heard };
}

function said(state, line) {
  if (state.chat.some((other) => other.number === line.number && other.at === line.at)) return state;
  const unread = state.panel === "chat" || line.participant === state.own ? state.unread : state.unread + 1;
  return { ...state, chat: [...state.chat, line].slice(-LINES_KEPT), unread };
}

/** Whether nothing of mine is heard: what I asked for counts before it is confirmed. @param {State} state */
export function isMuted(state) {
  return state.muting ?? ((state.you?.muted ?? true) || state.wish);
}

/** Whether a host has unmuted me against my wish, so that the server should be told again. @param {State} state */
export function isUnmutedByOthers(state) {
  return state.you?.muted === false && state.wish && state.muting === null;
}

/** @param {State} state @returns {boolean} whether the page tries to get its connection back */
export function isReconnecting(state) {
  return (state.phase === "meeting" || state.phase === "lobby") && (!state.linkUp || state.media === "lost");
}

/** @param {State} state @returns {{waiting: Person[], present: Person[]}} for the list: oneself, hosts, raised hands, the rest by name */
export function peopleInOrder(state) {
  const rank = (person) => (person.participant === state.own ? 0 : person.role === "host" ? 1 : person.hand ? 2 : 3);
  const present = state.participants.filter((person) => person.state === "active")
    .sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
  return { present, waiting: state.participants.filter((person) => person.state === "waiting") };
}

/**
 * Who has a tile: all where they fit; else oneself, raised hands and who spoke last, standing in the order of arrival so that
 * a tile keeps its place. @param {State} state @param {number} limit @returns {{tiles: Person[], more: number}}
 */
export function tilesOf(state, limit) {
  const present = state.participants.filter((person) => person.state === "active");
  if (present.length <= limit) return { tiles: present, more: 0 };
  const worth = (person) => {
    if (person.participant === state.own) return -2;
    const at = state.heard.indexOf(person.participant);
    return at >= 0 ? at : person.hand ? 100 : person.role === "host" ? 101 : 102;
  };
  const chosen = new Set([...present].sort((one, other) => worth(one) - worth(other)).slice(0, limit - 1));
  return { tiles: present.filter((person) => chosen.has(person)), more: present.length - limit + 1 };
}

/**
 * What is worth saying aloud between two states. Keys are words of words/meeting.js.
 * @param {State} before @param {State} after
 * @returns {{key: string, values?: Record<string, string>, loud?: boolean, chime?: "in" | "knock"}[]} loud: shown, not only read out
 */
export function news(before, after) {
  const found = [];
  if (before.phase === "lobby" && after.phase === "meeting") found.push({ key: "newsLetIn", loud: true, chime: "in" });
  if (before.phase === "meeting" && after.phase === "lobby") found.push({ key: "newsSentBack", loud: true });
  if (before.phase !== "meeting" || after.phase !== "meeting" || !before.you || !after.you) return found;
  if (!before.you.muted && after.you.muted && after.you.muted_by_host && after.muting === null) found.push({ key: "newsMutedByHost", loud: true });
  if (before.you.muted && !after.you.muted && before.muting === null) found.push({ key: after.wish ? "newsMayUnmute" : "newsUnmuted", loud: true });
  if (before.you.hand && !after.you.hand) found.push({ key: "newsHandLowered" });
  if (before.you.role !== after.you.role) found.push({ key: after.you.role === "host" ? "newsHost" : "newsGuest", loud: true });
  if (before.meeting?.locked !== after.meeting?.locked) found.push({ key: after.meeting?.locked ? "newsLocked" : "newsUnlocked", loud: true });
  return [...found, ...comings(before, after)];
}

function comings(before, after) {
  const found = [];
  const known = new Map(before.participants.map((person) => [person.participant, person]));
  for (const person of after.participants) {
    const old = known.get(person.participant);
    known.delete(person.participant);
    if (person.participant === after.own) continue;
    const values = { name: person.name };
    if (person.state === "waiting" && old?.state !== "waiting") found.push({ key: "newsWaiting", values, loud: true, chime: "knock" });
    if (person.state === "active" && old?.state !== "active") found.push({ key: "newsJoined", values });
    if (person.hand && old && !old.hand) found.push({ key: "newsHand", values, loud: true });
  }
  for (const gone of known.values()) {
    if (gone.state === "active" && gone.participant !== after.own) found.push({ key: "newsLeft", values: { name: gone.name } });
  }
  // A whole class that comes at once is not read out by name.
  return found.length > 6 ? found.filter((item) => item.loud).slice(0, 3) : found;
}

/** @param {string} name @returns {string} one or two letters for a picture that is not there */
export function initials(name) {
  const parts = name.trim().split(/[\s@._-]+/).filter((part) => /[\p{L}\p{N}]/u.test(part));
  const first = (part) => [...part.replace(/^[^\p{L}\p{N}]+/u, "")][0] ?? "";
  if (parts.length === 0) return "?";
  // Chinese names are told apart by their last two characters.
  if (/\p{Script=Han}/u.test(parts[0])) return [...parts[0]].slice(-2).join("");
  return (first(parts[0]) + (parts.length > 1 ? first(parts[parts.length - 1]) : "")).toUpperCase();
}

/** @param {string} id @returns {number} 0 to 7, the same for the same id */
export function hue(id) {
  let sum = 7;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % 8;
}

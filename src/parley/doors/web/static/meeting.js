// One meeting: joining, waiting, meeting, and its end. This file holds the page together; what is known is in meeting/state.js,
// what is shown in the views, what is done with the server in meeting/call.js.

import { h, remembered, render } from "./dom.js";
import { language, onLanguage } from "./i18n.js";
import { joinPath, readLink, tabKey } from "./links.js";
import { Call } from "./meeting/call.js";
import { Devices } from "./meeting/devices.js";
import * as dialogs from "./meeting/dialogs.js";
import { endedView, joinView, lobbyView } from "./meeting/join_view.js";
import { panelView } from "./meeting/panels_view.js";
import { t } from "./meeting/say.js";
import { listenForKeys } from "./meeting/shortcuts.js";
import { barView, headerView, stageView } from "./meeting/stage_view.js";
import { START, isMuted, news, reduce } from "./meeting/state.js";
import { keepToken, takeToken } from "./resume.js";
import { drawHeader, frame } from "./shell.js";
import { ask, toast } from "./ui.js";

const TALKING = 0.5; // of the level meter: ordinary speech at an ordinary distance
const HINT_EVERY = 12000;

const link = readLink(location);
const meeting = link?.meeting ?? "";
const space = new URLSearchParams(location.search).get("space");
let state = START;
/** @type {import("./api.js").User | null} */
let user = null;
/** @type {Call | null} */
let call = null;
let drawing = false;
let redrawDialog = null;
const talk = { heard: 0, hintAt: -Infinity, hint: false };
const form = { name: remembered("name") ?? "", passcode: "", muted: remembered("muted") === "yes", askPasscode: false, nameWrong: false };

const devices = new Devices({
  changed: () => draw(),
  track: (track) => call?.use(track),
  unplugged: () => toast(t("unplugged"), "bad"),
});

const page = {
  get call() { return call; },
  hint: () => talk.hint,
  panel: showPanel,
  toggleMute: () => setMuted(!isMuted(state)),
  toggleHand: () => call?.ask({ type: "hand", raised: !state.you?.hand }),
  unblock: () => call?.media?.play(),
  say: async (input) => {
    const text = input.value.trim();
    if (text && await call?.ask({ type: "say", text })) input.value = "";
  },
  rename: async (person) => {
    const name = await dialogs.renameDialog(person.name);
    if (!name || name === person.name) return;
    if (person.participant !== state.own) call?.ask({ type: "rename-participant", participant: person.participant, name });
    else if (await call?.ask({ type: "rename", name })) remembered("name", name);
  },
  removePerson: async (person) => {
    const values = { name: person.name };
    if (await ask(t("removeTitle", values), t("removeText", values), { yes: t("remove"), danger: true })) call?.ask({ type: "remove", participant: person.participant });
  },
  endForAll: async () => {
    if (await ask(t("endTitle"), t("endText"), { yes: t("endForAll"), danger: true })) call?.ask({ type: "end" });
  },
  leave: async () => {
    const choice = state.phase === "meeting" && state.you?.may.moderate ? await dialogs.leaveDialog() : "leave";
    if (choice === "leave") call?.leave();
    if (choice === "end") page.endForAll();
  },
  devicesDialog: () => dialogs.devicesDialog(devices, watch),
  qualityDialog: () => dialogs.qualityDialog(() => state, watch),
  phoneDialog: () => dialogs.phoneDialog(state.meeting?.call_id || meeting),
  helpDialog: () => dialogs.helpDialog(),
};

function watch(redraw) {
  redrawDialog = redraw;
}

async function setMuted(muted) {
  if (!muted && state.you?.may.unmute === false) return toast(t("mayNotUnmute"), "bad");
  if (!muted && !devices.track) await devices.open();
  if (!muted && !devices.track) return page.devicesDialog();
  talk.hint = false;
  await call?.mute(muted);
}

function showPanel(name) {
  const next = state.panel === name ? null : name;
  const last = state.panel;
  dispatch({ type: "panel", panel: next });
  if (next === "chat") document.getElementById("toasts")?.replaceChildren(); // what they said stands there
  drawNow();
  const focus = next === "chat" ? "say" : next ? "panel-title" : last;
  if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
}

// Changes

function dispatch(event) {
  const before = state;
  state = reduce(state, event, performance.now());
  if (event.type === "chat" && state.chat !== before.chat) chatCame(event);
  for (const item of news(before, state)) tell(item);
  if (before.phase !== state.phase) phaseChanged(before.phase);
  draw();
}

function tell(item) {
  const text = t(item.key, item.values);
  if (item.loud) toast(text, "plain");
  else if (document.getElementById("news")) /** @type {HTMLElement} */ (document.getElementById("news")).textContent = text;
  if (item.chime) devices.play(item.chime === "in" ? [523, 784] : [659, 659]);
}

function chatCame(line) {
  // What was said before one came is history, not news.
  if (line.participant !== state.own && state.panel !== "chat" && performance.now() - settledAt > 1500) toast(`${line.name}: ${line.text.slice(0, 120)}`, "plain", 4000);
}

let settledAt = 0;

function phaseChanged(from) {
  settledAt = performance.now();
  document.body.classList.toggle("in-meeting", state.phase === "meeting");
  if (state.phase === "ended") {
    devices.stop();
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  }
  if (from !== "join" && from !== "connecting" || state.phase === "lobby" || state.phase === "meeting") queueMicrotask(() => {
    drawNow();
    document.getElementById("page")?.focus({ preventScroll: true });
  });
}

// Joining

function entry() {
  if (space) return { space };
  const key = tabKey(meeting);
  return key.secret && !form.askPasscode ? { meeting, secret: key.secret } : { meeting, passcode: form.passcode.replace(/\s/g, "") };
}

async function join() {
  if (state.phase === "connecting") return;
  form.name = form.name.trim();
  form.nameWrong = !form.name;
  if (form.nameWrong) {
    drawNow();
    document.getElementById("name")?.focus();
    return;
  }
  remembered("name", form.name);
  remembered("muted", form.muted ? "yes" : "no");
  await enter((coming) => coming.join(entry(), form.name, language(), form.muted));
}

function refused(problem) {
  const known = ["not-permitted", "not-found", "invalid", "too-many", "lost"].includes(problem.code);
  toast(t(`refused-${known ? problem.code : "other"}`), "bad");
}

/** @param {(call: Call) => Promise<void>} how @param {boolean} [quietly] a failure is nobody's mistake */
async function enter(how, quietly = false) {
  const coming = (call = new Call({ dispatch, state: () => state, refused }, devices));
  try {
    await how(coming);
  } catch (problem) {
    coming.close();
    const code = ["refused", "full", "too-many", "version", "unreachable", "no-media"].includes(problem?.["code"]) ? problem["code"] : "unreachable";
    if (code === "refused") form.askPasscode = !space;
    if (state.phase !== "ended") dispatch(quietly ? { type: "again" } : { type: "join-failed", code });
    if (!(problem instanceof Error && "code" in problem)) throw problem;
  }
}

async function again() {
  dispatch({ type: "again" });
  await devices.open();
}

// A reload comes back as the same participant.
addEventListener("pagehide", () => {
  if (call?.session.token) keepToken(meeting, call.session.token);
});

// Showing

function view() {
  switch (state.phase) {
    case "join": case "connecting": return joinView({ form, meeting, user, devices, state, join, redraw: draw });
    case "lobby": return lobbyView({ state, leave: page.leave });
    case "ended": return endedView({ state, again });
    default: return h("div", { class: ["meeting", state.panel && "with-panel"], key: "meeting" },
      h("p", { class: "sr", id: "news", role: "status", "aria-live": "polite" }), stageView(state, page), panelView(state, page), barView(state, page));
  }
}

function draw() {
  if (drawing) return;
  drawing = true;
  // Nothing is painted while the page is hidden, but its title and its lists should be right when it is shown.
  if (document.hidden) setTimeout(drawNow, 250);
  else requestAnimationFrame(drawNow);
}

function drawNow() {
  drawing = false;
  const lines = document.getElementById("lines");
  const atEnd = lines && lines.scrollHeight - lines.scrollTop - lines.clientHeight < 60;
  render(/** @type {Element} */ (document.getElementById("page")), view());
  if (lines && atEnd) lines.scrollTop = lines.scrollHeight;
  drawHeader();
  redrawDialog?.();
}

function middle() {
  return state.phase === "meeting" ? headerView(state, { quality: page.qualityDialog, now: performance.now() }) : null;
}

setInterval(() => { if (state.phase === "meeting") drawHeader(); }, 1000);
setInterval(listen, 90);

function listen() {
  const level = devices.track ? devices.level() : 0;
  document.getElementById("meter")?.style.setProperty("--level", level.toFixed(2));
  if (state.phase !== "meeting") return;
  talk.heard = isMuted(state) && level > TALKING ? talk.heard + 1 : Math.max(0, talk.heard - 0.5);
  const now = performance.now();
  if (!talk.hint && talk.heard > 6 && now - talk.hintAt > HINT_EVERY) {
    talk.hint = true;
    talk.hintAt = now;
    draw();
  } else if (talk.hint && (!isMuted(state) || now - talk.hintAt > 5000)) {
    talk.hint = false;
    draw();
  }
}

listenForKeys(() => state.phase === "meeting", {
  M: page.toggleMute, R: page.toggleHand, C: () => showPanel("chat"), P: () => showPanel("people"), A: page.qualityDialog, "?": page.helpDialog,
  S: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.()),
}, { talk: (talking) => { if (isMuted(state) === talking) setMuted(!talking); } });

async function start() {
  if (!link) return location.replace("/");
  const kept = tabKey(meeting);
  if (link.secret) tabKey(meeting, { secret: link.secret });
  form.passcode = kept.passcode ?? "";
  form.askPasscode = !space && !link.secret && !kept.secret;
  // What opens the meeting does not stay where a shoulder or a screenshot sees it.
  history.replaceState(null, "", joinPath(link) + (space ? `?space=${encodeURIComponent(space)}` : ""));
  onLanguage(draw);
  draw();
  const who = frame({ title: () => t("joinTitle"), middle, brandLeads: false, meeting });
  const token = takeToken(meeting);
  const opened = devices.open();
  if (token) {
    dispatch({ type: "joining" });
    await Promise.race([opened, new Promise((resolve) => setTimeout(resolve, 1500))]);
    await enter((coming) => coming.resume(token, false), true);
  }
  user = await who;
  form.name ||= user?.name ?? "";
  draw();
}

start();

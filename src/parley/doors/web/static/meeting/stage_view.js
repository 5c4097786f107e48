// The meeting itself: the stage, which is kept for pictures, what stands above it, and the bar below.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { duration } from "../i18n.js";
import { menu } from "../ui.js";
import { grade, servedShares } from "./quality.js";
import { t } from "./say.js";
import { hue, initials, isMuted, isReconnecting, tilesOf } from "./state.js";

const TILES = 24;

/** @param {import("./state.js").Person} person @param {string} [size] */
export function avatar(person, size = "") {
  return h("span", { class: ["avatar", size, `hue-${hue(person.participant)}`], "aria-hidden": "true" },
    // Of a number nobody remembers the digits.
    /\p{L}/u.test(person.name) ? initials(person.name) : icon(person.kind === "phone" ? "phone" : "person"));
}

/** In the header. @param {import("./state.js").State} state @param {{quality: () => void, now: number}} page */
export function headerView(state, { quality, now }) {
  if (!state.meeting) return null;
  const mark = grade(state.numbers, servedShares(state.served?.last, state.served?.before));
  return h("div", { class: "meeting-head" },
    h("h1", { class: "clip" }, state.meeting.name || state.meeting.call_id),
    state.meeting.locked && h("span", { class: "badge warn", title: t("locked") }, icon("lock"), h("span", { class: "wide-only" }, t("locked")), h("span", { class: "sr" }, t("locked"))),
    h("span", { class: "numbers soft", role: "timer", "aria-label": t("time") }, duration((now - state.began) / 1000)),
    h("button", { type: "button", class: ["quiet", "round", "small", "quality", mark], "aria-label": t(`quality-${mark}`), title: t(`quality-${mark}`), onclick: quality }, icon("signal")));
}

/** @param {import("./state.js").State} state @param {any} page see meeting.js */
export function stageView(state, page) {
  const { tiles, more } = tilesOf(state, TILES);
  const count = tiles.length + (more ? 1 : 0);
  return h("section", { class: "stage", "aria-label": t("stage"), key: "stage" },
    isReconnecting(state) && h("div", { class: "notice warn banner", role: "alert" }, h("span", { class: "spinner", "aria-hidden": "true" }), h("div", null,
      h("strong", null, t("reconnecting")), " ", t(state.linkUp ? "reconnectingSound" : "reconnectingServer"))),
    state.soundBlocked && h("div", { class: "notice warn banner" }, icon("sound"), h("span", { class: "grow" }, t("soundBlocked")),
      h("button", { type: "button", class: "primary small", onclick: page.unblock }, t("turnSoundOn"))),
    h("div", { class: "tiles-box" }, h("ul", { class: ["tiles", count === 1 && "alone"], vars: grid(count) },
      tiles.map((person) => tile(person, state)),
      more > 0 && h("li", { key: "more", class: "tile more" }, h("button", { type: "button", class: "quiet", onclick: () => page.panel("people") }, t("moreTiles", { count: more }))))),
    count === 1 && h("div", { class: "alone-note" }, h("p", null, t("alone")), h("p", { class: "soft" }, t("aloneHint", { id: state.meeting?.call_id ?? "" }))),
    page.hint() && h("div", { class: "notice hint-muted", role: "status" }, icon("mic-off"), h("span", { class: "grow" }, t("talkingMuted")),
      h("button", { type: "button", class: "small", onclick: () => page.call.mute(false) }, t("unmute"))));
}

function grid(count) {
  const columns = count <= 1 ? 1 : count <= 4 ? 2 : count <= 9 ? 3 : count <= 16 ? 4 : 5;
  const narrow = count <= 2 ? 1 : count <= 8 ? 2 : 3;
  return {
    "--columns": columns, "--rows": Math.ceil(count / columns),
    "--columns-narrow": narrow, "--rows-narrow": Math.ceil(count / narrow),
  };
}

function tile(person, state) {
  const own = person.participant === state.own;
  const muted = own ? isMuted(state) : person.muted;
  const speaks = state.speakers.includes(person.participant) && !muted;
  return h("li", { key: person.participant, class: ["tile", speaks && "speaks"] },
    avatar(person, "large"),
    person.hand && h("span", { class: "tile-hand", title: t("handRaised") }, icon("hand"), h("span", { class: "sr" }, t("handRaised"))),
    h("div", { class: "tile-name" },
      muted && h("span", { class: "muted-mark", title: t("muted") }, icon("mic-off"), h("span", { class: "sr" }, t("muted"))),
      person.kind === "phone" && h("span", { title: t("kind-phone") }, icon("phone"), h("span", { class: "sr" }, t("kind-phone"))),
      h("span", { class: "clip" }, own ? t("ownName", { name: person.name }) : person.name)));
}

/** The bar of a meeting. @param {import("./state.js").State} state @param {any} page */
export function barView(state, page) {
  const you = state.you;
  const muted = isMuted(state);
  const waiting = state.participants.filter((person) => person.state === "waiting").length;
  const present = state.participants.length - waiting;
  return h("div", { class: "bar", role: "toolbar", "aria-label": t("controls"), key: "bar", onclick: dropFocus },
    h("div", { class: "bar-group" },
      barButton({
        icon: muted ? "mic-off" : "mic", text: t(muted ? "unmute" : "mute"), key_: "M", class: muted ? "off" : "on", id: "mute",
        "aria-disabled": muted && you?.may.unmute === false ? "true" : null, action: () => page.toggleMute(),
      }),
      barButton({ icon: "hand", text: t(you?.hand ? "lowerHand" : "raiseHand"), key_: "R", class: you?.hand && "raised", pressed: Boolean(you?.hand), id: "hand", action: page.toggleHand })),
    h("div", { class: "bar-group" },
      barButton({ icon: "people", text: t("people"), key_: "P", pressed: state.panel === "people", count: present, alert: you?.may.moderate && waiting ? waiting : 0, alertText: t("countWaiting", { count: waiting }), id: "people", action: () => page.panel("people") }),
      barButton({ icon: "chat", text: t("chat"), key_: "C", pressed: state.panel === "chat", alert: state.unread, alertText: t("countUnread", { count: state.unread }), id: "chat", action: () => page.panel("chat") }),
      barButton({ icon: "devices", text: t("devices"), class: "wide-only", id: "devices", action: page.devicesDialog }),
      h("div", { class: "bar-more" }, menu({ label: t("more"), icon: "more", class: "button bar-button", text: h("span", { class: "bar-text" }, t("more")), key: "more" }, moreItems(state, page)))),
    h("div", { class: "bar-group" }, barButton({ icon: "leave", text: t("leave"), class: "leave", id: "leave", action: page.leave })));
}

function moreItems(state, page) {
  const host = state.you?.may.moderate;
  const waiting = state.participants.some((person) => person.state === "waiting");
  const item = (name, image, message, extra = {}) => ({ text: t(name), icon: image, action: () => page.call.ask(message), ...extra });
  return [
    host && item("muteAll", "mic-off", { type: "mute-all", muted: true }),
    host && item("unmuteAll", "mic", { type: "mute-all", muted: false }),
    host && waiting && item("admitAll", "check", { type: "admit-all" }),
    host && (state.meeting?.locked ? item("unlock", "unlock", { type: "lock", locked: false }) : item("lock", "lock", { type: "lock", locked: true })),
    { text: t("devices"), icon: "devices", action: page.devicesDialog },
    { text: t("quality"), icon: "signal", action: page.qualityDialog },
    { text: t("byPhone"), icon: "phone", action: page.phoneDialog },
    { text: t("shortcuts"), icon: "help", action: page.helpDialog },
    host && { text: t("endForAll"), icon: "leave", danger: true, action: page.endForAll },
  ];
}

function barButton({ icon: image, text, key_, pressed, action, count, alert, alertText, ...rest }) {
  return h("button", {
    ...rest, type: "button", class: ["bar-button", rest.class], title: key_ ? `${text} (${key_})` : text,
    "aria-pressed": pressed === undefined ? null : pressed, "aria-keyshortcuts": key_ ?? null, onclick: action,
  }, icon(image), h("span", { class: "bar-text" }, text), count ? h("span", { class: "bar-count numbers" }, h("span", { class: "sr" }, " "), count) : null,
  alert ? h("span", { class: "bar-alert numbers" }, h("span", { "aria-hidden": "true" }, alert > 99 ? "99+" : alert), h("span", { class: "sr" }, alertText)) : null);
}

// After a click the space key should talk again, not press the same button: only who uses the keyboard keeps the focus there.
function dropFocus(event) {
  const button = event.target.closest("button");
  if (button && event.detail > 0) button.blur();
}

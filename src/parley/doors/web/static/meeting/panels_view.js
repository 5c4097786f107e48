// The panels beside the stage: people and chat.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { timeOfDay } from "../i18n.js";
import { menu } from "../ui.js";
import { t } from "./say.js";
import { avatar } from "./stage_view.js";
import { isMuted, peopleInOrder } from "./state.js";

/** @param {import("./state.js").State} state @param {any} page see meeting.js */
export function panelView(state, page) {
  if (!state.panel) return null;
  return h("aside", { class: "panel", "aria-labelledby": "panel-title", key: state.panel },
    h("div", { class: "panel-head" },
      h("h2", { id: "panel-title", tabindex: "-1" }, t(state.panel)),
      h("button", { type: "button", class: "quiet round", "aria-label": t("close"), onclick: () => page.panel(null) }, icon("close"))),
    state.panel === "people" ? people(state, page) : chat(state, page));
}

function people(state, page) {
  const { present, waiting } = peopleInOrder(state);
  const host = Boolean(state.you?.may.moderate);
  return h("div", { class: "panel-body" },
    host && waiting.length > 0 && h("section", { class: "waiting-people", "aria-labelledby": "waiting-title" },
      h("div", { class: "panel-sub" }, h("h3", { id: "waiting-title" }, t("waitingTitle", { count: waiting.length })),
        waiting.length > 1 && h("button", { type: "button", class: "small", onclick: () => page.call.ask({ type: "admit-all" }) }, t("admitAll"))),
      h("ul", { class: "list" }, waiting.map((person) => waitingPerson(person, page)))),
    h("div", { class: "panel-sub" }, h("h3", null, t("presentTitle", { count: present.length })),
      host && present.length > 1 && h("button", { type: "button", class: "small", onclick: () => page.call.ask({ type: "mute-all", muted: true }) }, icon("mic-off"), t("muteAll"))),
    h("ul", { class: "list people" }, present.map((person) => presentPerson(person, state, page))));
}

function waitingPerson(person, page) {
  return h("li", { key: person.participant },
    avatar(person),
    h("div", { class: "grow" }, h("div", { class: "clip" }, person.name), h("div", { class: "hint" }, t(`kind-${person.kind}`), " · ", person.causes.map((cause) => t(`cause-${cause}`)).join(", "))),
    h("button", { type: "button", class: "primary small", "aria-label": t("admitName", { name: person.name }), onclick: () => page.call.ask({ type: "admit", participant: person.participant }) }, t("admit")),
    h("button", { type: "button", class: "quiet round small", "aria-label": t("removeName", { name: person.name }), title: t("remove"), onclick: () => page.removePerson(person) }, icon("close")));
}

function presentPerson(person, state, page) {
  const own = person.participant === state.own;
  const muted = own ? isMuted(state) : person.muted;
  const speaks = state.speakers.includes(person.participant) && !muted;
  const items = own ? ownItems(state, page) : state.you?.may.moderate ? hostItems(person, page) : [];
  return h("li", { key: person.participant, class: speaks ? "speaks" : null },
    avatar(person),
    h("div", { class: "grow" },
      h("div", { class: "clip" }, own ? t("ownName", { name: person.name }) : person.name),
      h("div", { class: "hint row tight" }, h("span", { class: "row tight" }, icon(person.kind === "phone" ? "phone" : "browser"), t(`kind-${person.kind}`)),
        person.role === "host" && h("span", { class: "badge accent" }, t("host")))),
    person.hand && h("span", { class: "hand-mark", title: t("handRaised") }, icon("hand"), h("span", { class: "sr" }, t("handRaised"))),
    h("span", { class: muted ? "muted-mark" : "soft", title: t(muted ? "muted" : "notMuted") }, icon(muted ? "mic-off" : "mic"), h("span", { class: "sr" }, t(muted ? "muted" : "notMuted"))),
    items.length > 0 && menu({ label: t("menuOf", { name: person.name }), icon: "more", key: "menu" }, items));
}

function ownItems(state, page) {
  return [
    { text: t("rename"), icon: "edit", action: () => page.rename(state.you) },
    { text: t(state.you?.hand ? "lowerHand" : "raiseHand"), icon: "hand", action: page.toggleHand },
  ];
}

function hostItems(person, page) {
  const item = (key, image, type, more = {}) => ({ text: t(key), icon: image, action: () => page.call.ask({ type, participant: person.participant, ...more }) });
  return [
    person.muted ? item("unmutePerson", "mic", "mute-participant", { muted: false }) : item("mutePerson", "mic-off", "mute-participant", { muted: true }),
    person.hand && item("lowerHand", "hand", "lower-hand"),
    { text: t("rename"), icon: "edit", action: () => page.rename(person) },
    person.role === "host" ? item("makeGuest", "person", "make-host", { host: false }) : item("makeHost", "star", "make-host", { host: true }),
    item("sendBack", "back", "send-back"),
    { text: t("remove"), icon: "exit", danger: true, action: () => page.removePerson(person) },
  ];
}

function chat(state, page) {
  return h("div", { class: "panel-body chat" },
    h("div", { class: "lines", role: "log", "aria-label": t("chat"), tabindex: "0", ref: toEnd, id: "lines" },
      state.chat.length === 0
        ? h("p", { class: "empty", key: "none" }, t("chatEmpty"))
        : h("ul", { key: "some" }, state.chat.map((line, index) => chatLine(line, state.chat[index - 1], state)))),
    h("form", { class: "say", onsubmit: (event) => { event.preventDefault(); page.say(event.target.elements.text); } },
      h("label", { class: "sr", for: "say" }, t("sayLabel")),
      h("textarea", {
        id: "say", name: "text", rows: 1, maxlength: 2000, placeholder: t("sayLabel"), autocomplete: "off", disabled: state.you?.may.say === false,
        onkeydown: (event) => {
          if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            event.target.form.requestSubmit();
          }
        },
      }),
      h("button", { class: "primary round", "aria-label": t("send"), title: t("send"), disabled: state.you?.may.say === false }, icon("send"))));
}

function toEnd(element) {
  element.scrollTop = element.scrollHeight;
}

function chatLine(line, before, state) {
  const own = line.participant === state.own;
  const follows = before && before.participant === line.participant && Date.parse(line.at) - Date.parse(before.at) < 120000;
  return h("li", { key: `${line.number} ${line.at}`, class: ["line", own && "own", follows && "follows"] },
    h("div", { class: follows ? "sr" : "line-head" }, h("strong", null, own ? t("you") : line.name), " ", h("time", { datetime: line.at, class: "soft" }, timeOfDay(line.at))),
    h("p", null, withLinks(line.text)));
}

/** Addresses in a text become links; nothing else of it is read as anything but text. @param {string} text */
function withLinks(text) {
  return text.split(/(https?:\/\/[^\s<>"']+)/).map((part, index) =>
    (index % 2 ? h("a", { href: part, target: "_blank", rel: "noopener noreferrer nofollow" }, part) : part));
}

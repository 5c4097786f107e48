// The first page: a meeting ID and a passcode lead to the join page; join links lead on at once.

import { fact, h, render } from "./dom.js";
import { icon } from "./icons.js";
import { onLanguage, speaker } from "./i18n.js";
import { joinPath, readLink, readTyped, tabKey } from "./links.js";
import { frame } from "./shell.js";
import { field } from "./ui.js";
import words from "./words/landing.js";

const t = speaker(words);
const state = { meeting: "", passcode: "", wrong: false, unreadable: false };

/** @param {import("./links.js").Link} link @param {string} [passcode] */
function lead(link, passcode) {
  tabKey(link.meeting, { secret: link.secret, passcode: link.secret ? null : (passcode ?? null) });
  location.assign(joinPath(link));
}

function follow() {
  const link = readLink(location);
  if (link) {
    tabKey(link.meeting, { secret: link.secret });
    location.replace(joinPath(link));
    return;
  }
  state.unreadable = location.hash.length > 1;
  draw();
}

function submit(event) {
  event.preventDefault();
  const link = readTyped(state.meeting);
  state.wrong = !link;
  if (link) lead(link, state.passcode);
  else {
    draw();
    document.getElementById("meeting")?.focus();
  }
}

function draw() {
  render(/** @type {Element} */ (document.getElementById("page")), h("div", { class: "wrap narrow centre" },
    h("form", { class: "card", onsubmit: submit, novalidate: true },
      h("div", null, h("h1", null, t("title")), h("p", { class: "soft" }, t("lead"))),
      state.unreadable && h("p", { class: "notice warn", role: "alert" }, icon("warning"), t("unreadable")),
      field(t("meeting"), {
        id: "meeting", value: state.meeting, autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 400, required: true,
        autofocus: true, oninput: (event) => { state.meeting = event.target.value; },
      }, { hint: t("meetingHint"), error: state.wrong ? t("meetingWrong") : null }),
      field(t("passcode"), {
        id: "passcode", type: "password", value: state.passcode, autocomplete: "off", inputmode: "numeric", maxlength: 64,
        oninput: (event) => { state.passcode = event.target.value; },
      }, { hint: t("passcodeHint") }),
      h("button", { class: "primary block" }, t("go"))),
    fact("access-number") && h("p", { class: "soft row" }, icon("phone"), t("phone", { address: `${fact("access-number")}@${fact("domain")}` }))));
}

onLanguage(draw);
addEventListener("hashchange", follow);
frame({ title: () => t("title") });
follow();

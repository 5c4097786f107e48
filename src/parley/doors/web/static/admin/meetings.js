// Live meetings, and one of them with its legs and controls.

import { ApiError, get, post, query } from "../api.js";
import { h } from "../dom.js";
import { icon } from "../icons.js";
import { duration, speaker } from "../i18n.js";
import { attempt, focusOn, go, heading, pager, unhurried, waiting } from "../manage.js";
import { ask } from "../ui.js";
import words from "../words/admin.js";
import { learnProfiles, origin } from "./settings.js";
import { table } from "./table.js";

const t = speaker(words);

/** @returns {import("../manage.js").View} */
export function meetingsView() {
  const at = { offset: 0, limit: 50, total: 0 };
  let search = "";
  /** @type {any[] | null} */ let meetings = null;

  async function load() {
    const found = await get(`/admin/meetings${query({ offset: at.offset, limit: at.limit, search })}`);
    meetings = found.meetings;
    at.total = found.total;
  }

  const look = unhurried((text) => {
    search = text.trim();
    at.offset = 0;
    attempt(load);
  });

  const columns = () => [
    { label: t("name"), cell: (one) => h("a", { href: `/admin/meetings/${encodeURIComponent(one.id)}` }, one.name || t("unnamed")) },
    { label: t("running"), numbers: true, cell: (one) => duration(one.seconds) },
    { label: t("inMeeting"), numbers: true, cell: (one) => one.participants - one.waiting },
    { label: t("waiting"), numbers: true, cell: (one) => one.waiting },
    { label: t("state"), cell: (one) => (one.locked ? h("span", { class: "badge warn" }, icon("lock"), t("lockedNow")) : h("span", { class: "soft" }, t("open"))) },
  ];

  return {
    title: () => t("section_meetings"),
    draw: () => h("div", { class: "stack", key: "meetings" }, heading(t("section_meetings")),
      (at.total > 5 || search) && h("input", { type: "search", class: "search", "aria-label": t("search"), placeholder: t("search"), oninput: (event) => look(event.target.value), key: "search" }),
      !meetings ? waiting() : meetings.length ? table(t("section_meetings"), columns(), meetings, (one) => one.id)
        : h("p", { class: "empty card", key: "none" }, t(search ? "noneFound" : "noMeetings")),
      meetings && pager(at, (offset) => { at.offset = offset; attempt(load); })),
    load,
    live: { seconds: 5, poll: load },
  };
}

/** @param {string} id @returns {import("../manage.js").View} */
export function meetingView(id) {
  const path = `/admin/meetings/${encodeURIComponent(id)}`;
  /** @type {any} */ let meeting = null;
  let over = false;

  async function load() {
    try {
      const found = await get(path);
      await learnProfiles("leg-profiles", found.legs.map((leg) => leg.settings));
      meeting = found;
    } catch (problem) {
      if (!(problem instanceof ApiError) || problem.status !== 404) throw problem;
      over = true;
    }
  }

  const deed = (address, done) => attempt(async () => {
    await post(address);
    await load();
  }, done);

  async function end() {
    if (!(await ask(t("end"), t("endAsk", { what: meeting.name || t("unnamed") }), { yes: t("end"), danger: true }))) return;
    if (await attempt(() => post(`${path}/end`), t("ended"))) go("/admin/meetings");
  }

  async function drop(leg) {
    if (!(await ask(t("drop"), t("dropAsk", { what: nameOf(leg) }), { yes: t("drop"), danger: true }))) return;
    await deed(`/admin/legs/${encodeURIComponent(leg.id)}/drop`, t("dropped"));
    focusOn("heading");
  }

  const nameOf = (leg) => leg.name || leg.remote;

  async function admit(leg) {
    await deed(`/admin/legs/${encodeURIComponent(leg.id)}/admit`, t("admitDone"));
    focusOn(`mute-${leg.id}`);
  }

  function controls(leg) {
    const mute = leg.muted ? "unmute" : "mute";
    const button = (name, text, act) => h("button", { type: "button", class: "small", key: name, id: `${name}-${leg.id}`, onclick: act, "aria-label": `${text}: ${nameOf(leg)}` }, text);
    return h("div", { class: "row" },
      leg.causes.length > 0 && button("admit", t("admit"), () => admit(leg)),
      button("mute", t(mute), () => deed(`/admin/legs/${encodeURIComponent(leg.id)}/${mute}`, t(`${mute}Done`))),
      button("drop", t("drop"), () => drop(leg)));
  }

  const columns = () => [
    { label: t("name"), cell: (leg) => [h("span", { class: "break" }, nameOf(leg)), leg.name && h("div", { class: "hint break" }, leg.remote)] },
    { label: t("kind"), cell: (leg) => [t(leg.kind === "sip" ? "kindSip" : "kindBrowser"), h("div", { class: "hint" }, leg.codec || "–")] },
    { label: t("role"), cell: (leg) => (leg.role ? t(`role_${leg.role}`) : "–") },
    { label: t("state"), cell: (leg) => h("div", { class: "states" },
      leg.causes.length ? leg.causes.map((cause) => h("span", { class: "badge warn", key: cause }, t(`cause_${cause}`))) : t("in"),
      leg.muted && h("span", { class: "badge" }, icon("mic-off"), t("muted"))) },
    { label: t("since"), numbers: true, cell: (leg) => duration(leg.seconds) },
    { label: t("controls"), cell: controls },
  ];

  const settings = (leg) => h("details", { key: leg.id, class: "card leg" }, h("summary", null, t("settingsOf", { what: nameOf(leg) })),
    h("dl", { class: "facts" }, Object.entries(leg.settings).map(([name, traced]) => [h("dt", { key: name }, t(name)), h("dd", { key: `${name}=` }, origin(traced, "leg-profiles"))])));

  function body() {
    if (over) return heading(t("meetingOver"));
    if (!meeting) return [heading("…"), waiting()];
    return [
      h("div", { class: "page-head" }, h("div", null, heading(meeting.name || t("unnamed")),
        h("p", { class: "row badges" }, h("span", { class: "badge numbers" }, duration(meeting.seconds)),
          h("span", { class: "badge accent" }, icon("people"), t("inNow", { n: meeting.participants - meeting.waiting })),
          meeting.waiting > 0 && h("span", { class: "badge warn" }, t("waitingNow", { n: meeting.waiting })),
          meeting.locked && h("span", { class: "badge" }, icon("lock"), t("lockedNow")))),
      h("div", { class: "row" },
        h("a", { class: "button", href: `/admin/spaces/${encodeURIComponent(meeting.space)}` }, t("toSpace")),
        h("button", { type: "button", onclick: () => deed(`${path}/${meeting.locked ? "unlock" : "lock"}`, t(meeting.locked ? "unlocked" : "lockDone")) },
          icon(meeting.locked ? "unlock" : "lock"), t(meeting.locked ? "unlock" : "lock")),
        h("button", { type: "button", class: "danger", onclick: end }, icon("leave"), t("end")))),
      meeting.legs.length ? table(t("legs"), columns(), meeting.legs, (leg) => leg.id) : h("p", { class: "empty card" }, t("noLegs")),
      meeting.legs.length > 0 && h("h2", null, t("byDoorOfLegs")),
      h("div", { class: "stack legs", key: "settings" }, meeting.legs.map(settings)),
    ];
  }

  return {
    title: () => meeting?.name || t("section_meetings"),
    draw: () => h("div", { class: "stack", key: `meeting/${id}` }, h("a", { href: "/admin/meetings", class: "back" }, icon("back"), t("section_meetings")), body()),
    load,
    live: { seconds: 3, poll: async () => { if (!over) await load(); } },
  };
}

// What the list of spaces and the page of one space both show.

import { get, query } from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { language, speaker } from "./i18n.js";
import { attempt, copy } from "./manage.js";
import { toast } from "./ui.js";
import words from "./words/spaces.js";

const t = speaker(words);

/** @typedef {{id: string, name: string, uri: string | null, call_id: string | null, live: null | {participants: number, waiting: number, locked: boolean}}} Listed */

/** How a space is called that may have no name. @param {Listed} space */
export function nameOf(space) {
  return space.name || space.uri || space.call_id || t("unnamed");
}

/** Who is in now; participants counts those who wait as well. @param {Listed["live"]} live */
export function liveBadges(live) {
  if (!live) return h("span", { class: "badge", key: "live" }, t("empty"));
  const inside = live.participants - live.waiting;
  return [
    h("span", { class: ["badge", inside > 0 && "accent"], key: "live" }, icon("people"), inside > 0 ? t("inNow", { n: inside }) : t("empty")),
    live.waiting > 0 && h("span", { class: "badge warn", key: "waiting" }, t("waiting", { n: live.waiting })),
    live.locked && h("span", { class: "badge", key: "locked" }, icon("lock"), t("locked")),
  ];
}

/** The way in for a member: the meeting page proves the membership by the session. @param {Listed} space */
export function openButton(space) {
  const meeting = encodeURIComponent(space.call_id || space.id);
  return h("a", { class: "button primary", href: `/meeting/${meeting}?space=${encodeURIComponent(space.id)}`, key: "open" },
    t("open"), h("span", { class: "sr" }, ` ${nameOf(space)}`));
}

/** Link and invitation are asked for when they are wanted. @param {Listed} space */
export function copyButtons(space) {
  const say = { done: t("copied"), byHand: t("copyByHand") };
  const path = `/spaces/${encodeURIComponent(space.id)}`;
  const button = (name, label, deed) => h("button", { type: "button", class: "quiet", onclick: () => attempt(deed), key: name, "aria-label": label },
    icon("copy"), t(name));
  return [
    button("link", t("copyLinkOf", { name: nameOf(space) }), async () => {
      const { link } = await get(path);
      if (link) await copy(link, say);
      else toast(t("noLink"), "bad");
    }),
    button("invitation", t("copyInvitationOf", { name: nameOf(space) }), async () => {
      const { subject, text } = await get(`${path}/invitation${query({ language: language() })}`);
      await copy(`${subject}\n\n${text}`, say);
    }),
  ];
}

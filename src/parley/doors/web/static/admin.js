// The administration: its sections, and which address shows what.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { speaker } from "./i18n.js";
import { explainView } from "./admin/explain.js";
import { listView } from "./admin/list.js";
import { logView } from "./admin/log.js";
import { meetingsView, meetingView } from "./admin/meetings.js";
import { objectView } from "./admin/object.js";
import { COLLECTIONS } from "./admin/collections.js";
import { heading, run } from "./manage.js";
import words from "./words/admin.js";

const t = speaker(words);
const SECTIONS = [["meetings", "phone"], ["spaces", "people"], ["users", "person"], ["tenants", "globe"], ["leg-profiles", "devices"],
  ["call-profiles", "lock"], ["log", "menu"], ["explain", "help"]];

/** On a narrow page the sections are a strip that scrolls. */
const inView = (link) => { link.closest("nav").scrollLeft = link.offsetLeft - 40; };

function sections() {
  const now = location.pathname.split("/")[2] || "meetings";
  return h("nav", { class: "sections", "aria-label": t("sections"), key: "sections" }, h("ul", null, SECTIONS.map(([name, picture]) => h("li", { key: name },
    h("a", { href: `/admin/${name}`, "aria-current": name === now ? "page" : null, ref: name === now && inView }, icon(picture), t(`section_${name}`))))));
}

function layout(content, user) {
  if (!user.administrator) return h("div", { class: "wrap" }, content);
  return h("div", { class: "wrap admin" }, sections(), h("div", { class: "stack admin-content" }, content));
}

/** @returns {import("./manage.js").View} */
function nothing() {
  return { title: () => t("title"), draw: () => h("div", { class: "stack", key: "nothing" }, heading(t("noSuchPage"))) };
}

/** Nothing is asked for that would be refused. @returns {import("./manage.js").View} */
function refused() {
  return { title: () => t("title"), draw: () => h("div", { class: "stack", key: "refused" }, heading(t("title")), h("p", null, t("notAdministrator"))) };
}

const collection = (view) => (name, id) => (Object.hasOwn(COLLECTIONS, name) ? view(name, id) : nothing());

/** @type {import("./manage.js").Way[]} */
const WAYS = [
  [/^\/admin(?:\/meetings)?\/?$/, () => meetingsView()],
  [/^\/admin\/meetings\/([^/]+)\/?$/, (id) => meetingView(id)],
  [/^\/admin\/log\/?$/, () => logView()],
  [/^\/admin\/explain\/?$/, () => explainView()],
  [/^\/admin\/([^/]+)\/?$/, collection(listView)],
  [/^\/admin\/([^/]+)\/([^/]+)\/?$/, collection(objectView)],
  [/^\/admin\//, nothing],
];

run((user) => (user.administrator ? WAYS : [[/^\/admin/, refused]]), { layout });

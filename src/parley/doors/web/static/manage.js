// What the pages behind the sign-in have in common: one view at a time without reloading, requests that tell their problems in
// plain words, and polling that costs nothing while nobody looks.

import { ApiError } from "./api.js";
import { h, render } from "./dom.js";
import { icon } from "./icons.js";
import { onLanguage, speaker } from "./i18n.js";
import { frame } from "./shell.js";
import { openDialog, toast } from "./ui.js";
import words from "./words/manage.js";

const t = speaker(words);

/**
 * @typedef {object} View
 * @property {() => string} title of the document
 * @property {() => any} draw what is to be seen now; holds one h1 with the id "heading"
 * @property {() => Promise<void>} [load] called once, after the first drawing
 * @property {{seconds: number, poll: () => Promise<void>}} [live]
 */

/** @typedef {[RegExp, (...found: string[]) => View]} Way of addresses to a view */

/** @type {View | null} */
let view = null;
/** @type {Way[]} */
let ways = [];
let layout = (content) => content;
let turn = 0;
let timer = 0;
let stale = false;

/**
 * Run a page for whoever is signed in; anybody else is led to the sign-in page and back.
 * @param {(user: import("./api.js").User) => Way[]} waysOf whoever it is, in order of precedence; the last one should fit everything
 * @param {{layout?: (content: any, user: import("./api.js").User) => any}} [options]
 */
export async function run(waysOf, options = {}) {
  const user = await frame();
  if (!user || user.must_change_password) return toSignIn(user);
  ways = waysOf(user);
  if (options.layout) layout = (content) => options.layout?.(content, user);
  onLanguage(redraw);
  addEventListener("popstate", () => open(true));
  document.addEventListener("click", follow);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(turn); });
  open(false);
}

function toSignIn(user = /** @type {any} */ (null)) {
  location.replace(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}${user ? "#password" : ""}`);
}

/** Plain links within the page's own addresses change the view; all others, and new tabs, are the browser's. */
function follow(event) {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.target || link.hash || !ways.some(([way]) => way.test(link.pathname))) return;
  event.preventDefault();
  go(link.pathname + link.search);
}

/** Change the view. @param {string} address of this page */
export function go(address) {
  history.pushState(null, "", address);
  open(true);
}

/** @param {boolean} moved the focus follows; at the first view the browser has put it right */
async function open(moved) {
  const mine = ++turn;
  clearTimeout(timer);
  stale = false;
  for (const [way, make] of ways) {
    const found = way.exec(location.pathname);
    if (!found) continue;
    view = make(...found.slice(1).map((part) => part && decodeURIComponent(part)));
    break;
  }
  redraw();
  if (moved) {
    scrollTo(0, 0);
    focusOn("heading");
  }
  try {
    await view?.load?.();
  } catch (problem) {
    if (mine === turn) toast(tell(problem), "bad");
  }
  if (mine !== turn) return;
  redraw();
  if (moved && document.activeElement === document.body) focusOn("heading"); // it was not known before what to call it
  later(mine);
}

function later(mine) {
  clearTimeout(timer);
  if (view?.live) timer = setTimeout(() => poll(mine), view.live.seconds * 1000);
}

/** Nothing is asked while the page is hidden; it catches up as soon as it is seen. */
async function poll(mine) {
  if (mine !== turn || document.hidden || !view?.live) return;
  clearTimeout(timer);
  try {
    await view.live.poll();
    stale = false;
  } catch (problem) {
    stale = true;
    if (problem instanceof ApiError && problem.status) tell(problem);
  }
  if (mine !== turn) return;
  redraw();
  later(mine);
}

/** Bring the page in line with the view's state. */
export function redraw() {
  if (!view) return;
  const title = view.title();
  document.title = title ? `${title} · Parley` : "Parley";
  render(/** @type {Element} */ (document.getElementById("page")),
    layout([stale && h("p", { class: "notice warn", role: "status", key: "stale" }, icon("warning"), t("stale")), view.draw()]));
}

/** Move the focus to what has this id, once it is drawn. @param {string} id */
export function focusOn(id) {
  queueMicrotask(() => document.getElementById(id)?.focus());
}

/** The heading of a view; takes the focus after a change of view. */
export function heading(text, ...beside) {
  return h("h1", { id: "heading", tabindex: -1 }, text, ...beside);
}

/** A problem in the reader's words. Who is not signed in any more is led to the sign-in page. @param {any} problem */
export function tell(problem) {
  if (!(problem instanceof ApiError)) throw problem;
  const message = problem.message;
  switch (problem.code) {
    case "not-signed-in":
    case "password-change-needed":
      toSignIn(problem.code === "not-signed-in" ? null : problem);
      return t("notPermitted");
    case "unreachable": return t("unreachable");
    case "not-permitted": return t("notPermitted");
    case "not-found": return t("notFound");
    case "duplicate": return t("duplicate");
    case "locked": return t("lockedOut");
    case "busy": return t("busy");
    case "in-use": return t("inUse");
    default: return t(problem.status < 500 ? "refused" : "failed", { message });
  }
}

/** Do something and say how it went. @param {() => Promise<any>} deed @param {string} [done] said when it went well
 * @returns {Promise<boolean>} whether it did */
export async function attempt(deed, done) {
  try {
    await deed();
    if (done) toast(done, "good");
    return true;
  } catch (problem) {
    toast(tell(problem), "bad");
    return false;
  } finally {
    redraw();
  }
}

/** Wait a little after typing before something is asked. @param {(...given: any[]) => void} deed */
export function unhurried(deed, milliseconds = 250) {
  let waiting = 0;
  return (...given) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => deed(...given), milliseconds);
  };
}

/** Put a text on the clipboard; where the browser refuses (no HTTPS), show it to be copied by hand.
 * @param {string} text @param {{done: string, byHand: string}} say */
export async function copy(text, say) {
  try {
    await navigator.clipboard.writeText(text);
    toast(say.done, "good");
  } catch {
    await openDialog(say.byHand, () => h("textarea", {
      rows: 8, readonly: true, "aria-label": say.byHand, ref: (el) => { el.value = text; el.focus(); el.select(); },
    }));
  }
}

/** What stands where nothing is known yet. */
export function waiting() {
  return h("p", { class: "row soft", role: "status", key: "waiting" }, h("span", { class: "spinner" }), t("loading"));
}

/** A pager under a list; null where all is on one page.
 * @param {{offset: number, limit: number, total: number}} at @param {(offset: number) => void} turnTo */
export function pager({ offset, limit, total }, turnTo) {
  if (total <= limit && !offset) return null;
  const button = (text, to, off) => h("button", { type: "button", class: "small", "aria-disabled": off, onclick: () => off || turnTo(to) }, text);
  return h("nav", { class: "pager row", "aria-label": t("pages"), key: "pager" },
    h("p", { class: "soft numbers grow", role: "status" }, t("range", { from: Math.min(offset + 1, total), to: Math.min(offset + limit, total), total })),
    button(t("previous"), Math.max(0, offset - limit), offset === 0),
    button(t("next"), offset + limit, offset + limit >= total));
}

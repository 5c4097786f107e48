// The frame of every page: product name, theme, language, who is signed in.

import { session, signOut } from "./api.js";
import { h, remembered, render } from "./dom.js";
import { icon } from "./icons.js";
import { LANGUAGES, language, onLanguage, setLanguage, speaker } from "./i18n.js";
import { leaveOthers } from "./resume.js";
import { menu, toast } from "./ui.js";
import common from "./words/common.js";

const t = speaker(common);
/** @type {import("./api.js").User | null | undefined} undefined while it is not known yet */
let user;
let title = "";
let middle = () => null;
let brandLeads = true;

/**
 * Draw the frame and find out who is signed in.
 * @param {{title?: () => string, middle?: () => any, signedIn?: boolean, brandLeads?: boolean, meeting?: string}} [options] title: of the document; middle: more of the header;
 *   signedIn: false where the page does not care (no request is made); brandLeads: false where a slip should not leave the page;
 *   meeting: whose page this is, every other one is left
 * @returns {Promise<import("./api.js").User | null>}
 */
export async function frame(options = {}) {
  middle = options.middle ?? middle;
  brandLeads = options.brandLeads ?? true;
  leaveOthers(options.meeting ?? "");
  const draw = () => {
    title = options.title?.() ?? "";
    document.title = title ? `${title} · Parley` : "Parley";
    drawHeader();
  };
  onLanguage(draw);
  draw();
  if (options.signedIn !== false) {
    user = await session();
    drawHeader();
  }
  return user ?? null;
}

/** Draw the header again, after its middle has changed. */
export function drawHeader() {
  const top = document.getElementById("top");
  if (!top) return;
  render(top,
    h("a", { class: "skip", href: "#page", onclick: skip }, t("skip")),
    h(brandLeads ? "a" : "span", { class: "brand", href: brandLeads ? "/" : null }, h("img", { src: "/static/icon.svg", alt: "Parley", width: 28, height: 28 }), h("span", { "aria-hidden": "true", class: "brand-name" }, "Parley")),
    h("div", { class: "top-middle" }, middle()),
    h("nav", { class: "top-end", "aria-label": t("settings") }, themeSwitch(), languageMenu(), userMenu()));
}

// The fragment of an address may be a join link: the focus moves without it.
function skip(event) {
  event.preventDefault();
  document.getElementById("page")?.focus();
}

function dark() {
  return (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
}

function themeSwitch() {
  const label = dark() ? t("lightTheme") : t("darkTheme");
  return h("button", { type: "button", class: "quiet round", "aria-label": label, title: label, onclick: () => {
    const next = dark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    remembered("theme", next);
    drawHeader();
  } }, icon(dark() ? "sun" : "moon"));
}

function languageMenu() {
  return menu({ label: `${t("language")}: ${LANGUAGES[language()]}`, icon: "globe", text: h("span", { class: "wide-only" }, LANGUAGES[language()]), class: "button quiet", key: "language" },
    Object.entries(LANGUAGES).map(([tag, name]) => ({ text: name, checked: tag === language(), action: () => setLanguage(tag) })));
}

function userMenu() {
  if (user === undefined) return null;
  if (user === null) return h("a", { class: "button quiet", href: "/sign-in", "aria-label": t("signIn"), key: "user" }, icon("person"), h("span", { class: "wide-only" }, t("signIn")));
  return menu({ label: user.name || user.account, icon: "person", text: h("span", { class: "wide-only clip" }, user.name || user.account), class: "button quiet", key: "user" }, [
    { text: t("mySpaces"), icon: "people", href: "/spaces" },
    user.administrator && { text: t("administration"), icon: "devices", href: "/admin" },
    { text: t("changePassword"), icon: "key", href: "/sign-in#password" },
    { text: t("signOut"), icon: "exit", action: leave },
  ]);
}

async function leave() {
  try {
    await signOut();
    location.assign("/");
  } catch {
    toast(t("unreachable"), "bad");
  }
}

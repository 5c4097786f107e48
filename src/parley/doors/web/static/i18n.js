// The language of the pages: ?language=, else the remembered one, else the first of the reader's that we speak.

import { remembered } from "./dom.js";

/** @typedef {Record<string, Record<string, string>>} Words by language, by key */

export const LANGUAGES = { en: "English", zh: "中文", pt: "Português" };

const listeners = new Set();
let current = chosen();
document.documentElement.lang = current;

function chosen() {
  const asked = new URLSearchParams(location.search).get("language");
  const wanted = [asked, remembered("language"), ...(navigator.languages ?? [navigator.language])];
  const short = wanted.filter(Boolean).map((tag) => String(tag).toLowerCase().split("-")[0]);
  return short.find((tag) => Object.hasOwn(LANGUAGES, tag)) ?? "en";
}

/** @returns {"en" | "zh" | "pt"} */
export function language() {
  return /** @type {any} */ (current);
}

/** Change it and have every page part that listens draw itself anew. @param {string} tag */
export function setLanguage(tag) {
  if (!Object.hasOwn(LANGUAGES, tag)) return;
  current = tag;
  remembered("language", tag);
  document.documentElement.lang = tag;
  for (const listener of listeners) listener();
}

/** @param {() => void} listener called after every change of language */
export function onLanguage(listener) {
  listeners.add(listener);
}

/**
 * The speaker of a page: t(key, {name: "Ann"}) gives the text with {name} filled in. A key that ends in _one is taken
 * instead of the plain one where {count} is 1. Unknown keys come out as they are, and a test looks for them.
 * @param {...Words} sources the first that has a key wins
 * @returns {(key: string, values?: Record<string, string | number>) => string}
 */
export function speaker(...sources) {
  const find = (key) => {
    for (const tag of [current, "en"]) {
      for (const words of sources) if (words[tag]?.[key] !== undefined) return words[tag][key];
    }
    return undefined;
  };
  return (key, values = {}) => {
    const text = (values.count === 1 ? find(`${key}_one`) : undefined) ?? find(key) ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  };
}

/** @param {string | Date} when */
export function timeOfDay(when) {
  return new Date(when).toLocaleTimeString(current, { timeStyle: "short" });
}

/** @param {number} seconds @returns {string} e.g. 1:02:03 or 4:05 */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, index) => (index ? String(part).padStart(2, "0") : String(part))).join(":");
}

// What holds at each door of a space, value by value, with the layer that decided it.

import { get } from "../api.js";
import { h } from "../dom.js";
import { speaker } from "../i18n.js";
import { waiting } from "../manage.js";
import words from "../words/admin.js";
import { labelOf, learn } from "./references.js";
import { table } from "./table.js";

const t = speaker(words);

/** @typedef {{value: any, layer: string, profile: string | null}} Traced */

/** A value and where it comes from. @param {Traced} traced @param {"leg-profiles" | "call-profiles"} kind */
export function origin(traced, kind) {
  if (!traced) return "–";
  const { value, layer, profile } = traced;
  const text = value === null ? t("noValue") : typeof value === "boolean" ? t(value ? "yes" : "no") : typeof value === "number" ? String(value) : t(`value_${value}`);
  const plain = !layer || layer === "default";
  return h("div", { class: "traced" }, h("strong", { class: plain && "soft" }, text),
    h("span", { class: ["badge", !plain && "accent"] }, t(`layer_${layer || "default"}`)),
    profile && h("a", { href: `/admin/${kind}/${encodeURIComponent(profile)}` }, labelOf(profile)));
}

/** Learn the names of the profiles in these settings. @param {Record<string, Traced>[]} all */
export async function learnProfiles(kind, all) {
  await learn(kind, all.flatMap((settings) => Object.values(settings).map(({ profile }) => profile)));
}

/** @param {string} address of the space */
export function settingsView(address) {
  /** @type {any} */ let found = null;

  async function load() {
    const settings = await get(`${address}/settings`);
    await learnProfiles("leg-profiles", settings.doors.map((door) => door.settings));
    await learnProfiles("call-profiles", [settings.call]);
    found = settings;
  }

  function draw() {
    if (!found) return waiting();
    const names = Object.keys(found.doors[0]?.settings ?? {});
    const doors = found.doors.map((door, index) => ({
      label: door.name || (index ? t("doorNumber", { n: index + 1 }) : t("ownMethod")), cell: (name) => origin(door.settings[name], "leg-profiles"),
    }));
    return h("div", { class: "stack", key: "settings" },
      h("p", { class: "soft" }, t("settingsLead")),
      h("h2", null, t("byDoor")), h("div", { key: "doors" }, table(t("byDoor"), [{ label: t("setting"), cell: (name) => t(name) }, ...doors], names, (name) => name)),
      h("h2", null, t("ofMeeting")), h("div", { key: "call" }, table(t("ofMeeting"), [{ label: t("setting"), cell: (name) => t(name) },
        { label: t("value"), cell: (name) => origin(found.call[name], "call-profiles") }], Object.keys(found.call), (name) => name)));
  }

  return { draw, load };
}

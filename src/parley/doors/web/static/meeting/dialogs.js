// What opens above a meeting: devices, quality, shortcuts, how to call in, a new name.

import { h, remembered } from "../dom.js";
import { field, openDialog, tick } from "../ui.js";
import { devicePickers, phoneFacts } from "./join_view.js";
import { grade, servedShares } from "./quality.js";
import { t } from "./say.js";

const SHORTCUTS = [["M", "keyMute"], ["Space", "keyTalk"], ["R", "keyHand"], ["C", "keyChat"], ["P", "keyPeople"], ["A", "keyQuality"], ["S", "keyFullScreen"], ["?", "keyHelp"]];

/** @returns {boolean} single keys can get in the way of speech input: they can be turned off (WCAG 2.1.4) */
export function shortcutsOn() {
  return remembered("shortcuts") !== "off";
}

export function helpDialog() {
  return openDialog(t("shortcuts"), () => [
    h("dl", { class: "keys" }, SHORTCUTS.map(([key, word]) => [h("dt", null, h("kbd", null, key === "Space" ? t("spaceKey") : key)), h("dd", null, t(word))])),
    tick(t("shortcutsOn"), { checked: shortcutsOn(), onchange: (event) => remembered("shortcuts", event.target.checked ? "on" : "off") }),
  ]);
}

/** @param {import("./devices.js").Devices} devices @param {(redraw: (() => void) | null) => void} watch told how to draw it again */
export async function devicesDialog(devices, watch) {
  await openDialog(t("devices"), ({ redraw }) => {
    watch(redraw);
    return devicePickers(devices);
  });
  watch(null);
}

/** @param {string} meeting */
export function phoneDialog(meeting) {
  return openDialog(t("byPhone"), () => {
    const facts = phoneFacts(meeting);
    return h("div", { class: "stack" }, facts.children.slice(1));
  });
}

/** @param {() => import("./state.js").State} state @param {(redraw: (() => void) | null) => void} watch */
export async function qualityDialog(state, watch) {
  await openDialog(t("quality"), ({ redraw }) => {
    watch(redraw);
    const { numbers, served } = state();
    const shares = servedShares(served?.last, served?.before);
    const row = (name, value, unit) => [h("dt", null, t(name)), h("dd", { class: "numbers" }, value === null || value === undefined ? "–" : `${value} ${unit}`)];
    const percent = (part) => (part === null || part === undefined ? null : (part * 100).toFixed(1));
    const whole = (value) => (value === null || value === undefined ? null : Math.round(value));
    return [
      h("p", { class: "lead" }, t(`quality-${grade(numbers, shares)}`)),
      h("dl", { class: "pairs" },
        row("roundTrip", whole(numbers?.roundTrip), "ms"),
        row("lossIn", percent(numbers?.received?.loss), "%"), row("jitterIn", whole(numbers?.received?.jitter), "ms"), row("concealed", percent(numbers?.received?.concealed), "%"),
        row("lossOut", percent(shares?.loss ?? numbers?.sent?.loss), "%"), row("jitterOut", whole(shares?.jitter ?? numbers?.sent?.jitter), "ms"),
        numbers?.path ? row("path", t(`path-${["udp", "tcp", "relay"].includes(numbers.path) ? numbers.path : "udp"}`), "") : null),
      h("p", { class: "hint" }, t("qualityHint")),
    ];
  });
  watch(null);
}

/** @param {string} name @returns {Promise<string | undefined>} */
export function renameDialog(name) {
  return openDialog(t("rename"), ({ close }) => h("form", { class: "stack", onsubmit: (event) => { event.preventDefault(); close(event.target.elements["new-name"].value.trim()); } },
    field(t("name"), { id: "new-name", name: "new-name", value: name, maxlength: 64, required: true, autofocus: true }),
    h("div", { class: "actions" }, h("button", { class: "primary" }, t("save")))));
}

/** Leaving, as who may end it for all is asked. @returns {Promise<"leave" | "end" | undefined>} */
export function leaveDialog() {
  return openDialog(t("leaveTitle"), ({ close }) => [
    h("p", null, t("leaveText")),
    h("div", { class: "actions" },
      h("button", { type: "button", onclick: () => close("end") }, t("endForAll")),
      h("button", { type: "button", class: "danger", autofocus: true, onclick: () => close("leave") }, t("leave"))),
  ]);
}

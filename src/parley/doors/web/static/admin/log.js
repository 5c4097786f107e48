// The newest lines of the event log; the filter works on what was fetched.

import { get } from "../api.js";
import { h } from "../dom.js";
import { speaker } from "../i18n.js";
import { attempt, heading, redraw, waiting } from "../manage.js";
import { field, tick } from "../ui.js";
import words from "../words/admin.js";

const t = speaker(words);

/** @returns {import("../manage.js").View} */
export function logView() {
  /** @type {string[] | null} */ let lines = null;
  let filter = "";
  let limit = 200;
  let follow = true;

  async function load() {
    ({ lines } = await get(`/admin/log?limit=${limit}`));
  }

  function draw() {
    const wanted = filter.trim().toLowerCase();
    const found = (lines ?? []).filter((line) => line.toLowerCase().includes(wanted)).reverse();
    return h("div", { class: "stack", key: "log" }, heading(t("section_log")),
      h("div", { class: "card filters" },
        field(t("filter"), { id: "filter", type: "search", value: "", autocomplete: "off", oninput: (event) => { filter = event.target.value; redraw(); } }),
        field(t("linesMost"), { id: "limit", value: "200", options: [["200", "200"], ["500", "500"], ["1000", "1000"]], onchange: (event) => {
          limit = Number(event.target.value);
          attempt(load);
        } }),
        tick(t("followLog"), { checked: follow, onchange: (event) => { follow = event.target.checked; } }),
        h("button", { type: "button", onclick: () => attempt(load) }, t("refresh"))),
      !lines ? waiting() : [
        h("p", { class: "soft", role: "status", key: "count" }, t("linesShown", { n: found.length, all: lines.length })),
        h("ol", { class: "log", tabindex: 0, "aria-label": t("section_log"), key: "lines" }, found.map((line, index) => h("li", { key: `${found.length - index}` }, line))),
      ]);
  }

  return { title: () => t("section_log"), draw, load, live: { seconds: 5, poll: async () => { if (follow) await load(); } } };
}

// What would happen to somebody who dials an address, and why.

import { post } from "../api.js";
import { h } from "../dom.js";
import { speaker } from "../i18n.js";
import { focusOn, heading, redraw } from "../manage.js";
import words from "../words/admin.js";
import { Form } from "./form.js";

const t = speaker(words);

/** @returns {import("../manage.js").View} */
export function explainView() {
  /** @type {string[] | null} */ let lines = null;
  const form = new Form([
    { name: "address", kind: "address", label: "dialled", hint: "dialledHint", required: true },
    { name: "pin", kind: "digits", hint: "pinHint" },
  ], null, redraw);
  form.label = "explain";

  async function send() {
    const answer = await form.submit((question) => post("/admin/explain", question));
    if (!answer) return;
    ({ lines } = answer);
    redraw();
    focusOn("answer");
  }

  return {
    title: () => t("section_explain"),
    draw: () => h("div", { class: "stack", key: "explain" }, heading(t("section_explain")), h("p", { class: "soft" }, t("explainLead")),
      h("section", { class: "card" }, form.draw(send)),
      lines && h("section", { class: "card", key: "answer" }, h("h2", { id: "answer", tabindex: -1 }, t("answer")),
        h("pre", { lang: "en", tabindex: 0, "aria-labelledby": "answer" }, lines.join("\n")))),
  };
}

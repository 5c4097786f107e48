// Where an address leads nowhere: says so in the reader's language, with a way on.

import { h, render } from "./dom.js";
import { onLanguage, speaker } from "./i18n.js";
import { frame } from "./shell.js";
import words from "./words/missing.js";

const t = speaker(words);

function draw() {
  render(/** @type {Element} */ (document.getElementById("page")), h("div", { class: "wrap narrow centre" },
    h("section", { class: "card", "aria-labelledby": "heading" },
      h("div", null, h("h1", { id: "heading" }, t("title")), h("p", { class: "soft" }, t("lead"))),
      h("a", { class: "button primary block", href: "/" }, t("toStart")))));
}

onLanguage(draw);
frame({ title: () => t("title") });
draw();

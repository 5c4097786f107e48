// One collection: search, page, open, add.

import { get, query } from "../api.js";
import { h } from "../dom.js";
import { icon } from "../icons.js";
import { speaker } from "../i18n.js";
import { attempt, heading, pager, unhurried, waiting } from "../manage.js";
import words from "../words/admin.js";
import { COLLECTIONS, called, valueAt } from "./collections.js";
import { learn } from "./references.js";
import { columnsOf, table } from "./table.js";

const t = speaker(words);

/** @param {string} name of COLLECTIONS @returns {import("../manage.js").View} */
export function listView(name) {
  const { path, key, columns } = COLLECTIONS[name];
  const at = { offset: 0, limit: 50, total: 0 };
  let search = "";
  /** @type {any[] | null} */ let rows = null;

  async function load() {
    const asked = search;
    const found = await get(`${path}${query({ offset: at.offset, limit: at.limit, search })}`);
    for (const column of columns) {
      if (column.kind === "ref") await learn(/** @type {string} */ (column.of), found[key].map((row) => valueAt(row, column.name)));
    }
    if (asked !== search) return;
    rows = found[key];
    at.total = found.total;
  }

  const look = unhurried((text) => {
    search = text.trim();
    at.offset = 0;
    attempt(load);
  });

  return {
    title: () => t(`section_${name}`),
    draw() {
      const shownColumns = columnsOf(columns);
      shownColumns[0].cell = (row) => h("a", { href: `/admin/${name}/${encodeURIComponent(row.id)}` }, called(row));
      return h("div", { class: "stack", key: name },
        h("div", { class: "page-head" }, heading(t(`section_${name}`)),
          h("a", { class: "button primary", href: `/admin/${name}/new` }, icon("plus"), t(`new_${name}`))),
        h("input", { type: "search", class: "search", "aria-label": t("search"), placeholder: t("search"), oninput: (event) => look(event.target.value), key: "search" }),
        !rows ? waiting() : rows.length ? table(t(`section_${name}`), shownColumns, rows, (row) => row.id)
          : h("p", { class: "empty card", key: "none" }, t(search ? "noneFound" : "none")),
        rows && h("p", { class: "sr", role: "status", key: "count" }, t("count", { n: at.total })),
        rows && pager(at, (offset) => { at.offset = offset; attempt(load); }));
    },
    load,
  };
}

// A part of a space that is a list itself: access methods, members. Each is added and changed in a dialog.

import { get, patch, post, remove } from "../api.js";
import { h } from "../dom.js";
import { icon } from "../icons.js";
import { speaker } from "../i18n.js";
import { attempt, focusOn, pager, redraw, waiting } from "../manage.js";
import { ask, openDialog, toast } from "../ui.js";
import words from "../words/admin.js";
import { PARTS, called, valueAt } from "./collections.js";
import { Form } from "./form.js";
import { learn } from "./references.js";
import { columnsOf, table } from "./table.js";

const t = speaker(words);

/** @param {string} address of the space @param {string} name of PARTS */
export function partView(address, name) {
  const { path, key, columns, fields } = PARTS[name];
  const here = address + path;
  const at = { offset: 0, limit: 100, total: 0 };
  /** @type {any[] | null} */ let rows = null;

  async function load() {
    const found = await get(`${here}?offset=${at.offset}&limit=${at.limit}`);
    for (const column of columns) {
      if (column.kind === "ref") await learn(/** @type {string} */ (column.of), found[key].map((row) => valueAt(row, column.name)));
    }
    rows = found[key];
    at.total = found.total;
  }

  /** @param {any} row null: a new one */
  async function edit(row) {
    let form;
    const title = t(row ? "changeWhat" : `new_${name}`, { what: row ? called(row) : "" });
    const done = await openDialog(title, (dialog) => {
      if (!form) {
        form = new Form(fields, row, dialog.redraw);
        form.eager = true;
        form.prepare().then(dialog.redraw, () => {});
      }
      return form.draw(async () => {
        const answer = await form.submit((changes) => (row ? patch(`${here}/${encodeURIComponent(row.id)}`, changes) : post(here, changes)));
        if (answer) dialog.close(true);
      }, h("button", { type: "button", onclick: () => dialog.close() }, t("cancel")));
    }, { wide: true });
    if (!done) return;
    toast(t(row ? "saved" : "created"), "good");
    await attempt(load);
  }

  async function drop(row) {
    if (!(await ask(t("removeWhat", { what: called(row) }), t("removeAsk", { what: called(row) }), { yes: t("remove"), danger: true }))) return;
    await attempt(async () => {
      await remove(`${here}/${encodeURIComponent(row.id)}`);
      await load();
    }, t("removed"));
    focusOn("part-new");
  }

  function draw() {
    const shown = columnsOf(columns);
    shown[0].cell = (row) => (row.own ? t("ownMethod") : called(row));
    shown.push({ label: t("controls"), cell: (row) => (row.own ? h("span", { class: "soft" }, t("ownMethodHint")) : h("div", { class: "row" },
      h("button", { type: "button", class: "small", onclick: () => edit(row), "aria-label": t("changeWhat", { what: called(row) }) }, t("change")),
      h("button", { type: "button", class: "small", onclick: () => drop(row), "aria-label": t("removeWhat", { what: called(row) }) }, t("remove")))) });
    if (name === "members") {
      shown.splice(3, 0, { label: t("rights"), cell: (row) => t("rightsOf", { n: Object.values(row.rights).filter(Boolean).length, all: Object.keys(row.rights).length }) });
    }
    return h("section", { class: "stack", key: name, "aria-label": t(`part_${name}`) },
      h("div", { class: "row" }, h("button", { type: "button", class: "primary", id: "part-new", onclick: () => edit(null) }, icon("plus"), t(`new_${name}`))),
      !rows ? waiting() : rows.length ? table(t(`part_${name}`), shown, rows, (row) => row.id) : h("p", { class: "empty card", key: "none" }, t("none")),
      rows && pager(at, (offset) => { at.offset = offset; attempt(load); redraw(); }));
  }

  return { draw, load };
}

// The one table of the administration. On a narrow page every row becomes a card; the roles keep it a table for screen readers.

import { h } from "../dom.js";
import { speaker } from "../i18n.js";
import words from "../words/admin.js";
import { valueAt } from "./collections.js";
import { labelOf } from "./references.js";

const t = speaker(words);

/**
 * @param {string} caption for screen readers
 * @param {{label: string, cell: (row: any) => any, numbers?: boolean}[]} columns the first is the row's heading
 * @param {any[]} rows
 * @param {(row: any) => string} key
 */
export function table(caption, columns, rows, key) {
  return h("div", { class: "table-wrap", key: "table" }, h("table", { role: "table" }, h("caption", { class: "sr" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map(({ label }) => h("th", { scope: "col", role: "columnheader", key: label }, label)))),
    h("tbody", { role: "rowgroup" }, rows.map((row) => h("tr", { role: "row", key: key(row) }, columns.map(({ label, cell, numbers }, index) => h(index ? "td" : "th", {
      key: label, role: index ? "cell" : "rowheader", scope: index ? null : "row", "data-label": label, class: numbers && "numbers",
    }, h("div", null, cell(row)))))))));
}

/** What a field's value looks like. @param {any} field of a collection @param {any} value */
export function shown(field, value) {
  if (value === null || value === undefined || value === "") return h("span", { class: "soft" }, "–");
  if (field.kind === "ref") return labelOf(value);
  if (field.kind === "password") return t("isSet");
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (field.kind === "choice") return t(`value_${value}`);
  return String(value);
}

/** @param {any[]} fields @returns columns of these fields */
export function columnsOf(fields) {
  return fields.map((field) => ({ label: t(field.label ?? field.name), cell: (row) => shown(field, valueAt(row, field.name)) }));
}

// The one form of the administration, drawn from the fields of a collection. It sends what has changed and nothing else, and what the
// server refuses stands at its field.

import { ApiError } from "../api.js";
import { h } from "../dom.js";
import { speaker } from "../i18n.js";
import { icon } from "../icons.js";
import { focusOn, tell, unhurried } from "../manage.js";
import { field as input, tick } from "../ui.js";
import words from "../words/admin.js";
import { valueAt } from "./collections.js";
import { labelOf, learn, lookUp } from "./references.js";

const t = speaker(words);
const TEXTS = { address: { autocapitalize: "none", spellcheck: "false" }, digits: { inputmode: "numeric", maxlength: 32 }, text: {}, number: { type: "number", min: 0, step: 1 },
  password: { type: "password", autocomplete: "new-password" } };

let forms = 0;

export class Form {
  /**
   * @param {import("./collections.js").Field[]} fields
   * @param {any} before what is to be changed; null for something new
   * @param {() => void} redraw
   */
  constructor(fields, before, redraw) {
    this.fields = fields.filter((field) => !field.only || (field.only === "new") === !before);
    this.before = before;
    this.redraw = redraw;
    this.number = ++forms;
    /** @type {string | null} key of the words on the button, where it neither saves nor creates */ this.label = null;
    this.eager = false; // in a dialog the first field takes the focus
    /** @type {Promise<void> | null} */ this.ready = null;
    this.busy = false;
    /** @type {Record<string, any>} as typed, by name */ this.typed = {};
    /** @type {Record<string, string>} */ this.errors = {};
    /** @type {Record<string, {id: string, label: string}[]>} of refs, by name */ this.offered = {};
    for (const field of this.fields) this.typed[field.name] = this.#start(field);
    this.look = unhurried((field, text) => this.#offer(field, text));
  }

  /** Learn the names of what is referred to, once. */
  prepare() {
    return (this.ready ??= this.#learn());
  }

  async #learn() {
    for (const field of this.fields) {
      if (field.kind === "ref") {
        await learn(/** @type {string} */ (field.of), [valueAt(this.before, field.name)]);
        this.typed[field.name] = this.#start(field);
      }
    }
  }

  #start(field) {
    const value = this.before ? valueAt(this.before, field.name) : (field.start ?? null);
    if (field.kind === "flag") return Boolean(value);
    if (field.kind === "password") return "";
    if (field.kind === "ref") return labelOf(value);
    return value === null || value === undefined ? "" : String(value);
  }

  /** The value that a field holds now, as the API wants it. */
  #value(field) {
    const typed = this.typed[field.name];
    if (field.kind === "flag") return typed;
    const text = field.kind === "password" ? typed : typed.trim();
    switch (field.kind) {
      case "number": return text === "" ? null : Number(text);
      case "yesno": return text === "" ? null : text === "true";
      case "choice": return text || null;
      case "ref": return text === "" ? null : this.#idOf(field, text);
      default: return text;
    }
  }

  #idOf(field, text) {
    const id = this.before && valueAt(this.before, field.name);
    if (id && labelOf(id) === text) return id;
    const found = (this.offered[field.name] ?? []).find(({ label }) => label.toLowerCase() === text.toLowerCase());
    if (!found) throw new ApiError(400, { code: "unmatched", field: field.name });
    return found.id;
  }

  /** What has changed, in the form of the API. @throws {ApiError} where a name leads to nothing */
  #changes() {
    const changes = {};
    for (const field of this.fields) {
      const value = this.#value(field);
      const before = this.before ? (valueAt(this.before, field.name) ?? null) : field.kind === "flag" ? undefined : null;
      if (value === before || (value === "" && (before === null || field.kind === "password"))) continue;
      const parts = field.name.split(".");
      const last = /** @type {string} */ (parts.pop());
      parts.reduce((at, part) => (at[part] ??= {}), changes)[last] = value;
    }
    return changes;
  }

  /** Send the changes by `deed`. @param {(changes: any) => Promise<any>} deed @returns {Promise<any>} its answer, or undefined */
  async submit(deed) {
    if (this.busy) return undefined;
    this.busy = true;
    this.errors = {};
    try {
      return (await deed(this.#changes())) ?? true;
    } catch (problem) {
      this.#blame(problem);
      return undefined;
    } finally {
      this.busy = false;
      this.redraw();
    }
  }

  #blame(problem) {
    const text = problem instanceof ApiError && problem.code === "unmatched" ? t("unmatched") : tell(problem);
    const at = this.fields.find(({ name }) => name === problem.field || name.endsWith(`.${problem.field}`));
    this.errors = { [at?.name ?? ""]: text };
    focusOn(at ? this.#id(at) : `form-${this.number}-problem`);
  }

  async #offer(field, text) {
    this.offered[field.name] = await lookUp(field.of, text).catch(() => []);
    this.redraw();
  }

  #id(field) {
    return `form-${this.number}-${field.name}`;
  }

  #draw(field) {
    const id = this.#id(field);
    const label = t(field.label ?? field.name);
    const about = { hint: field.hint && t(field.hint), error: this.errors[field.name] };
    const common = { id, name: field.name, required: field.required, autofocus: this.eager && field === this.fields[0] };
    const oninput = (event) => { this.typed[field.name] = event.target.value; };
    if (field.kind === "flag") {
      return tick(label, { id, key: id, checked: this.typed[field.name], onchange: (event) => { this.typed[field.name] = event.target.checked; } });
    }
    if (field.kind === "yesno" || field.kind === "choice") {
      const values = field.kind === "yesno" ? [["true", t("yes")], ["false", t("no")]] : (field.options ?? []).map((value) => [value, t(`value_${value}`)]);
      return input(label, { ...common, options: [["", t("unset")], ...values], value: this.typed[field.name], onchange: oninput }, about);
    }
    if (field.kind === "ref") return this.#reference(field, label, common, about);
    return input(label, { autocomplete: "off", maxlength: 255, ...common, ...TEXTS[field.kind], value: this.typed[field.name], oninput }, about);
  }

  #reference(field, label, common, about) {
    const list = `${common.id}-list`;
    const look = (event) => this.look(field, event.target.value);
    return h("div", { key: common.id, class: "field" },
      input(label, { ...common, list, autocomplete: "off", placeholder: t(field.required ? "typeToSearch" : "noReference"), value: this.typed[field.name],
        onfocus: () => { if (!this.offered[field.name]) this.#offer(field, ""); },
        oninput: (event) => { this.typed[field.name] = event.target.value; look(event); } }, about),
      h("datalist", { id: list }, (this.offered[field.name] ?? []).map((one) => h("option", { value: one.label, key: one.id }))));
  }

  /** @param {(event: Event) => void} onsubmit @param {...any} actions beside the button that saves */
  draw(onsubmit, ...actions) {
    const flags = this.fields.filter(({ kind }) => kind === "flag");
    const others = this.fields.filter(({ kind }) => kind !== "flag");
    const loose = this.errors[""] ?? flags.map(({ name }) => this.errors[name]).find(Boolean);
    return h("form", { class: "stack", key: `form-${this.number}`, onsubmit: (event) => { event.preventDefault(); onsubmit(event); } },
      loose && h("p", { id: `form-${this.number}-problem`, class: "notice bad", role: "alert", tabindex: -1, key: "problem" }, icon("warning"), loose),
      h("div", { class: "fields" }, others.map((field) => this.#draw(field))),
      flags.length > 0 && h("div", { class: "fields ticks" }, flags.map((field) => this.#draw(field))),
      h("div", { class: "actions" }, actions, h("button", { class: "primary", "aria-disabled": this.busy }, t(this.label ?? (this.before ? "save" : "create")))));
  }
}

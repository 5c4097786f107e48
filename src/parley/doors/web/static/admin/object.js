// One object of a collection, or a new one: its form, and for spaces their parts.

import { ApiError, get, patch, post, remove } from "../api.js";
import { h } from "../dom.js";
import { icon } from "../icons.js";
import { speaker } from "../i18n.js";
import { attempt, go, heading, redraw, waiting } from "../manage.js";
import { ask, toast } from "../ui.js";
import words from "../words/admin.js";
import { COLLECTIONS, called } from "./collections.js";
import { Form } from "./form.js";
import { partView } from "./part.js";
import { forget } from "./references.js";
import { settingsView } from "./settings.js";

const t = speaker(words);

/** @param {string} name of COLLECTIONS @param {string} id or "new" @returns {import("../manage.js").View} */
export function objectView(name, id) {
  const { path, fields, parts = [] } = COLLECTIONS[name];
  const address = `${path}/${encodeURIComponent(id)}`;
  const fresh = id === "new";
  const asked = new URLSearchParams(location.search).get("part") ?? "";
  const part = parts.includes(asked) ? asked : "";
  const inner = part === "settings" ? settingsView(address) : part ? partView(address, part) : null;
  /** @type {any} */ let object = null;
  /** @type {Form | null} */ let form = null;
  let missing = false;

  async function load() {
    try {
      if (!fresh) object = await get(address);
    } catch (problem) {
      if (!(problem instanceof ApiError) || problem.status !== 404) throw problem;
      missing = true;
      return;
    }
    if (inner) {
      redraw();
      return await inner.load?.();
    }
    await renew();
  }

  async function renew() {
    const next = new Form(fields, object, redraw);
    next.number = form?.number ?? next.number; // the same form to the page, so that the focus stays
    await next.prepare();
    form = next;
  }

  async function save() {
    const answer = await form?.submit((changes) => (fresh ? post(path, changes) : patch(address, changes)));
    if (!answer) return;
    toast(t(fresh ? "created" : "saved"), "good");
    if (fresh) return go(`/admin/${name}/${encodeURIComponent(answer.id)}`);
    forget(id);
    object = answer;
    await renew();
    redraw();
  }

  async function destroy() {
    const what = called(object);
    if (!(await ask(t("delete"), t(name === "spaces" ? "deleteSpaceAsk" : "deleteAsk", { what }), { yes: t("delete"), danger: true }))) return;
    forget(id);
    if (await attempt(() => remove(address), t("deleted"))) go(`/admin/${name}`);
  }

  const tabs = () => h("nav", { class: "tabs", "aria-label": t("parts"), key: "tabs" }, ["", ...parts].map((one) => h("a", {
    key: one, class: "button", href: `/admin/${name}/${encodeURIComponent(id)}${one && `?part=${one}`}`, "aria-current": one === part ? "page" : null,
  }, t(`part_${one || "own"}`))));

  return {
    title: () => (fresh ? t(`new_${name}`) : object ? called(object) : t(`section_${name}`)),
    draw: () => h("div", { class: "stack", key: `${name}/${id}/${part}` },
      h("a", { href: `/admin/${name}`, class: "back" }, icon("back"), t(`section_${name}`)),
      missing ? heading(t("gone")) : [
        heading(fresh ? t(`new_${name}`) : object ? called(object) : "…"),
        parts.length > 0 && !fresh && tabs(),
        inner ? inner.draw() : form ? h("section", { class: "card", key: "card" }, form.draw(save,
          !fresh && h("button", { type: "button", class: "push", onclick: destroy }, icon("trash"), t("delete")))) : waiting(),
      ]),
    load,
  };
}

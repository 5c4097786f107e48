// Parts that every page uses: dialogs, short notices, menus, labelled fields.

import { create, h, render } from "./dom.js";
import { icon } from "./icons.js";
import { speaker } from "./i18n.js";
import common from "./words/common.js";

const t = speaker(common);
let fields = 0;

/** A short notice at the edge of the page, read out politely. @param {string} text @param {"plain" | "good" | "bad"} [kind] */
export function toast(text, kind = "plain", milliseconds = 6000) {
  const el = create(h("p", { class: ["toast", kind] }, icon(kind === "bad" ? "warning" : kind === "good" ? "check" : "info"), h("span", null, text)));
  const box = document.getElementById("toasts");
  box?.append(el);
  // On a small page more than one would cover what it is about.
  while (box && box.children.length > (innerWidth < 640 ? 1 : 3)) box.firstElementChild?.remove();
  setTimeout(() => el.remove(), milliseconds);
}

/**
 * A modal dialog; the browser keeps the focus inside, Escape closes. The content is drawn by `view`, again whenever `redraw` is called.
 * @param {string} title
 * @param {(dialog: {close: (result?: any) => void, redraw: () => void}) => any} view the content
 * @param {{wide?: boolean, kind?: string}} [options]
 * @returns {Promise<any>} what close() was given, undefined where it was dismissed
 */
export function openDialog(title, view, options = {}) {
  const el = /** @type {HTMLDialogElement} */ (create(h("dialog", { class: ["dialog", options.wide && "wide", options.kind], "aria-labelledby": "dialog-title" })));
  let result;
  const control = { close: (value) => { result = value; el.close(); }, redraw: () => draw() };
  const draw = () => render(el, h("div", { class: "dialog-head" },
    h("h2", { id: "dialog-title" }, title),
    h("button", { type: "button", class: "quiet round", "aria-label": t("close"), onclick: () => el.close() }, icon("close"))),
    h("div", { class: "dialog-body" }, view(control)));
  draw();
  document.body.append(el);
  el.onclick = (event) => { if (event.target === el) el.close(); };
  el.showModal();
  return new Promise((resolve) => { el.onclose = () => { el.remove(); resolve(result); }; });
}

/** @param {string} title @param {string} text @param {{yes: string, danger?: boolean}} options @returns {Promise<boolean>} */
export async function ask(title, text, { yes, danger = false }) {
  const answer = await openDialog(title, ({ close }) => [
    h("p", null, text),
    h("div", { class: "actions" },
      h("button", { type: "button", onclick: () => close(false) }, t("cancel")),
      h("button", { type: "button", class: danger ? "danger" : "primary", onclick: () => close(true) }, yes)),
  ]);
  return answer === true;
}

/**
 * A labelled input. @param {string} label
 * @param {Record<string, any>} props of the input; `options` ([value, text][]) makes it a select, `rows` a text area
 * @param {{hint?: any, error?: string | null}} [about]
 */
export function field(label, props, about = {}) {
  const id = props.id ?? `field-${++fields}`;
  const { options, ...rest } = props;
  const tag = options ? "select" : props.rows ? "textarea" : "input";
  const described = about.error ? `${id}-error` : about.hint ? `${id}-hint` : null;
  return h("div", { class: ["field", about.error && "wrong"], key: props.key ?? props.id },
    h("label", { for: id }, label),
    h(tag, { ...rest, id, key: undefined, "aria-describedby": described, "aria-invalid": about.error ? "true" : null },
      options?.map(([value, text]) => h("option", { value }, text))),
    about.error ? h("p", { id: `${id}-error`, class: "error", role: "alert" }, about.error)
      : about.hint ? h("p", { id: `${id}-hint`, class: "hint" }, about.hint) : null);
}

/** A tick box with its text. @param {string} label @param {Record<string, any>} props */
export function tick(label, props) {
  return h("label", { class: "tick", key: props.key }, h("input", { type: "checkbox", ...props, key: undefined }), h("span", null, label));
}

/**
 * A menu under its button. @param {{label: string, icon?: string, text?: any, class?: any, key?: any}} button
 * @param {({text: string, icon?: string, danger?: boolean, checked?: boolean, href?: string, action?: () => void} | null | false)[]} items
 */
export function menu(button, items) {
  return h("details", { class: "menu", key: button.key, onkeydown: menuKeys, onfocusout: menuLeft },
    h("summary", { class: button.class ?? "button quiet round", "aria-label": button.label, title: button.label, role: "button", "aria-haspopup": "menu" },
      button.icon ? icon(button.icon) : null, button.text ?? null),
    h("ul", { class: "menu-list", role: "menu" }, items.filter(Boolean).map((item) => h("li", { role: "none", key: item.text },
      h(item.href ? "a" : "button", {
        role: item.checked === undefined ? "menuitem" : "menuitemradio", "aria-checked": item.checked === undefined ? null : item.checked,
        class: item.danger ? "bad" : null, href: item.href ?? null, type: item.href ? null : "button",
        onclick: (event) => { closeMenu(event.currentTarget); item.action?.(); },
      }, item.icon ? icon(item.icon) : null, h("span", null, item.text))))));
}

function closeMenu(within) {
  const details = within.closest("details");
  details.open = false;
  details.querySelector("summary").focus();
}

function menuKeys(event) {
  const details = event.currentTarget;
  if (event.key === "Escape" && details.open) {
    event.stopPropagation();
    closeMenu(event.target);
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    details.open = true;
    const items = [...details.querySelectorAll(".menu-list button, .menu-list a")];
    const step = event.key === "ArrowDown" ? 1 : -1;
    const at = items.indexOf(document.activeElement);
    items.at(at < 0 ? (step > 0 ? 0 : -1) : (at + step) % items.length)?.focus();
  }
}

function menuLeft(event) {
  if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) event.currentTarget.open = false;
}

// A click beside an open menu closes it.
addEventListener("pointerdown", (event) => {
  for (const open of document.querySelectorAll("details.menu[open]")) {
    if (!open.contains(/** @type {Node} */ (event.target))) open.removeAttribute("open");
  }
});

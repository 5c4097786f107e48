// Views are functions from state to a description of elements; render() brings the document in line with it and leaves alone
// what has not changed, so that focus, selection and a screen reader's place survive an update.

/**
 * @typedef {{tag: string, props: Record<string, any>, key: any, children: Node_[], el?: Element}} Element_
 * @typedef {{text: string, el?: Text}} Text_
 * @typedef {Element_ | Text_} Node_
 */

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "indeterminate", "srcObject", "muted", "volume"]);

/**
 * Describe an element. Of props: on<event> is a handler; `class` may be a list with falsy gaps; `vars` are CSS custom properties;
 * `key` tells list items apart; `ref` is called with the element once it stands in the document; everything else is an
 * attribute (false and null: absent; true: empty, but "true" and "false" for aria-*).
 * @param {string} tag
 * @param {Record<string, any> | null} [props]
 * @param {...any} children descriptions, texts, lists of them; null, false and "" are passed over
 * @returns {Element_}
 */
export function h(tag, props, ...children) {
  return { tag, props: props ?? {}, key: props?.key, children: flat(children) };
}

/** @returns {Node_[]} */
function flat(children) {
  const found = [];
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    found.push(typeof child === "object" ? child : { text: String(child) });
  }
  return found;
}

/** Make the children of `parent` be what `nodes` describe. @param {Element} parent @param {...any} nodes */
export function render(parent, ...nodes) {
  const next = flat(nodes);
  patchChildren(parent, parent["parleyNodes"] ?? (parent.replaceChildren(), []), next);
  parent["parleyNodes"] = next;
}

/** A new element by its description. @returns {any} */
export function create(node) {
  return make(node, null);
}

function make(node, parent) {
  if ("text" in node) return (node.el = document.createTextNode(node.text));
  const svg = node.tag === "svg" || parent?.namespaceURI === SVG;
  const el = (node.el = svg ? document.createElementNS(SVG, node.tag) : document.createElement(node.tag));
  for (const child of node.children) el.append(make(child, el));
  // After the children, because a select takes its value only once it has its options.
  for (const [name, value] of Object.entries(node.props)) set(el, name, value);
  if (node.props.ref) queueMicrotask(() => node.props.ref(el));
  return el;
}

function patchChildren(parent, before, after) {
  const keyed = new Map();
  const loose = [];
  for (const node of before) {
    if (node.key === undefined) loose.push(node);
    else keyed.set(node.key, node);
  }
  const kept = new Set();
  for (const node of after) {
    const old = node.key === undefined ? loose.find((other) => !kept.has(other) && alike(other, node)) : keyed.get(node.key);
    if (old && !kept.has(old) && alike(old, node)) {
      kept.add(old);
      patch(old, node);
    } else {
      make(node, parent);
    }
  }
  for (const node of before) if (!kept.has(node)) node.el.remove();
  // Elements that already follow one another are not moved: moving takes the focus away.
  let place = parent.firstChild;
  for (const node of after) {
    if (node.el === place) place = place.nextSibling;
    else parent.insertBefore(node.el, place);
  }
}

function alike(one, other) {
  return "text" in one ? "text" in other : one.tag === other.tag && one.key === other.key;
}

function patch(old, node) {
  const el = (node.el = old.el);
  if ("text" in node) {
    if (old.text !== node.text) el.data = node.text;
    return;
  }
  patchChildren(el, old.children, node.children);
  for (const name of Object.keys(old.props)) if (!(name in node.props)) set(el, name, null);
  for (const [name, value] of Object.entries(node.props)) {
    // What somebody types is newer than what was rendered: a value is compared with the element, and only written when it changed.
    if (value !== old.props[name] || name === "vars" || name === "class") set(el, name, value);
  }
}

function set(el, name, value) {
  if (name === "key" || name === "ref") return;
  if (name === "class") {
    const text = Array.isArray(value) ? value.filter(Boolean).join(" ") : (value ?? "");
    if (el.getAttribute("class") !== text) el.setAttribute("class", text);
  } else if (name === "vars") {
    for (const [variable, setting] of Object.entries(value ?? {})) el.style.setProperty(variable, String(setting));
  } else if (name.startsWith("on")) {
    el[name] = value;
  } else if (PROPERTIES.has(name)) {
    if (el[name] !== value) el[name] = value ?? "";
  } else if (value === null || value === undefined || (value === false && !name.startsWith("aria-"))) {
    el.removeAttribute(name);
  } else {
    el.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
  }
}

/** What a browser remembers for its user. @param {string} name @param {string | null} [value] to remember, null to forget
 * @returns {string | null} */
export function remembered(name, value) {
  try {
    if (value === null) localStorage.removeItem(`parley.${name}`);
    else if (value !== undefined) localStorage.setItem(`parley.${name}`, value);
    return localStorage.getItem(`parley.${name}`);
  } catch {
    return null;
  }
}

/** A fact that the server put into the page's head. @param {string} name */
export function fact(name) {
  return document.querySelector(`meta[name="parley-${name}"]`)?.getAttribute("content") ?? "";
}

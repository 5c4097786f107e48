// Things of one collection that another refers to by id, by names that people can tell apart.

import { get, query } from "../api.js";
import { COLLECTIONS, called } from "./collections.js";

/** @type {Map<string, string>} id -> label */
const labels = new Map();

function labelled(kind, one) {
  const name = called(one);
  const label = kind === "users" && one.name ? `${name} (${one.account || one.jid})` : name;
  const taken = [...labels].some(([id, other]) => other === label && id !== one.id);
  labels.set(one.id, taken ? `${label} …${one.id.slice(-8)}` : label);
  return { id: one.id, label: /** @type {string} */ (labels.get(one.id)) };
}

/** The first few whose names hold the text. @param {string} kind of COLLECTIONS @param {string} text */
export async function lookUp(kind, text) {
  const { path, key } = COLLECTIONS[kind];
  const found = await get(`${path}${query({ search: text.replace(/ \(.*| ….*/, ""), limit: 20 })}`);
  return found[key].map((one) => labelled(kind, one));
}

/** Learn the names of these ids. What is gone keeps its id for a name. @param {string} kind @param {(string | null)[]} ids */
export async function learn(kind, ids) {
  const wanted = new Set(ids.filter((id) => id && !labels.has(id)));
  if (!wanted.size) return;
  const { path, key } = COLLECTIONS[kind];
  const page = await get(`${path}${query({ limit: 200 })}`);
  for (const one of page[key]) labelled(kind, one);
  await Promise.all([...wanted].filter((id) => !labels.has(id)).map(async (id) => {
    const one = await get(`${path}/${encodeURIComponent(id)}`).catch(() => ({ id }));
    labelled(kind, one);
  }));
}

/** @param {string | null} id learned before */
export function labelOf(id) {
  return id ? (labels.get(id) ?? id) : "";
}

/** Its name may have changed. @param {string} id */
export function forget(id) {
  labels.delete(id);
}

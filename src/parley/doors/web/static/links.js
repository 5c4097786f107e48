// What an address says about the meeting that it leads to. Pure.

/** @typedef {{meeting: string, secret: string | null}} Link */

const JOIN = /^#\/j\/([0-9]{1,32})\/([0-9a-f]{48})$/i;
const MEETING = /^\/meeting\/([^/]+)\/?$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/;

/**
 * Reads `/meeting/<id>?secret=`, `/meeting/<id>#<48 hex>`, `/invited.sf?secret=&id=`, `/index.html?id=`, `/?id=` and
 * `/#/j/<id>/<48 hex>`. @param {URL | Location} address @returns {Link | null}
 */
export function readLink(address) {
  const query = new URLSearchParams(address.search);
  const join = JOIN.exec(address.hash);
  if (join) return { meeting: join[1], secret: join[2].toLowerCase() };
  const path = MEETING.exec(address.pathname);
  const meeting = path ? decoded(path[1]) : (query.get("id") ?? "");
  if (!NAME.test(meeting)) return null;
  const fragment = /^#([0-9a-f]{48})$/i.exec(address.hash);
  return { meeting, secret: query.get("secret") || fragment?.[1].toLowerCase() || null };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/**
 * What somebody types or pastes where a meeting ID is asked for: an ID with or without spaces, a URI, or a whole link.
 * @param {string} text @returns {Link | null}
 */
export function readTyped(text) {
  const typed = text.trim();
  if (/^https?:\/\//i.test(typed)) {
    return URL.canParse(typed) ? readLink(new URL(typed)) : null;
  }
  const meeting = typed.replace(/^sips?:/i, "").replace(/[;?].*$/, "").replace(/@.*$/, "").replace(/[\s\u2010-\u2015]+/g, "");
  const digits = meeting.replace(/[-().]/g, "");
  const found = /^[0-9]+$/.test(digits) ? digits : meeting;
  return NAME.test(found) ? { meeting: found, secret: null } : null;
}

/** The address of the join page, with nothing secret that a server's log could keep. @param {Link} link */
export function joinPath(link) {
  return `/meeting/${encodeURIComponent(link.meeting)}`;
}

/** Under which name the secrets of this tab's meetings are kept. @param {string} meeting */
function keyName(meeting) {
  return `parley.key.${meeting}`;
}

/**
 * What opens a meeting, kept for this tab alone so that a reload needs no link and the address bar shows none.
 * @param {string} meeting @param {{secret?: string | null, passcode?: string | null}} [key] to keep
 * @returns {{secret?: string | null, passcode?: string | null}}
 */
export function tabKey(meeting, key) {
  try {
    if (key) sessionStorage.setItem(keyName(meeting), JSON.stringify(key));
    return JSON.parse(sessionStorage.getItem(keyName(meeting)) ?? "{}");
  } catch {
    return key ?? {};
  }
}

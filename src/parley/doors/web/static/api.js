// The native API (docs/native-api.md), as the pages ask it.

const ROOT = "/api/parley/v1";

/** @typedef {{id: string, name: string, account: string, administrator: boolean, must_change_password: boolean}} User */

/** What the server refused. `code` as in docs/native-api.md; "unreachable" where no answer came, "unknown" where it was not ours. */
export class ApiError extends Error {
  /** @param {number} status @param {{code?: string, message?: string, field?: string}} body */
  constructor(status, body) {
    super(body.message ?? body.code ?? String(status));
    this.status = status;
    this.code = body.code ?? "unknown";
    this.field = body.field ?? null;
  }
}

let csrf = null;

/**
 * @param {string} method
 * @param {string} path below /api/parley/v1, e.g. "/spaces"
 * @param {any} [body] sent as JSON
 * @returns {Promise<any>} the answer's JSON, or null where there is none
 * @throws {ApiError}
 */
export async function request(method, path, body) {
  try {
    return await once(method, path, body);
  } catch (problem) {
    // Another tab may have signed in anew: its token is the session's, ask for it and try once more.
    if (!(problem instanceof ApiError) || problem.code !== "csrf") throw problem;
    await session();
    return await once(method, path, body);
  }
}

async function once(method, path, body) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrf) headers["X-CSRF-Token"] = csrf;
  let answer;
  try {
    answer = await fetch(ROOT + path, {
      method, headers, credentials: "same-origin", body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, { code: "unreachable" });
  }
  const found = await answer.json().catch(() => null);
  if (!answer.ok) throw new ApiError(answer.status, found ?? {});
  return found;
}

export const get = (path) => request("GET", path);
export const post = (path, body = {}) => request("POST", path, body);
export const patch = (path, body) => request("PATCH", path, body);
export const remove = (path) => request("DELETE", path);

/** @returns {Promise<User | null>} who is signed in here */
export async function session() {
  try {
    const found = await once("GET", "/session", undefined);
    csrf = found?.csrf ?? null;
    return found?.user ?? null;
  } catch (problem) {
    if (problem instanceof ApiError) return null;
    throw problem;
  }
}

/** @param {string} account @param {string} password @returns {Promise<User>} @throws {ApiError} bad-credential, locked */
export async function signIn(account, password) {
  const found = await once("POST", "/session", { account, password });
  csrf = found.csrf;
  return found.user;
}

export async function signOut() {
  await request("DELETE", "/session");
  csrf = null;
}

/** A query string of what is given; null, undefined and "" are left out. @param {Record<string, any>} values */
export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}

// Signing in, and choosing a new password: at the first sign-in, or whenever somebody wants to (#password).

import { ApiError, post, session, signIn, signOut } from "./api.js";
import { h, render } from "./dom.js";
import { onLanguage, speaker } from "./i18n.js";
import { icon } from "./icons.js";
import { frame } from "./shell.js";
import { field, toast } from "./ui.js";
import words from "./words/sign-in.js";
import manage from "./words/manage.js";

const t = speaker(words, manage);
const RULES = ["length", "classes", "repeats", "account", "history"];
// Codes of refused passwords beside password-<rule>.
const BROKEN = { "password-characters": "brokenCharacters", "password-unchanged": "brokenHistory", "password-reused": "brokenHistory",
  "password-similar": "brokenSimilar", "password-too-soon": "brokenSoon" };

/** @type {{step: "start" | "sign-in" | "change", first: boolean, busy: boolean, errors: Record<string, string>, old: string, shown: boolean}} */
const state = { step: "start", first: false, busy: false, errors: {}, old: "", shown: false };

/** Where to go afterwards: a path of this server, whatever the address says. @param {import("./api.js").User} user */
function target(user) {
  const next = new URLSearchParams(location.search).get("next") ?? "";
  const here = URL.canParse(next, location.origin) ? new URL(next, location.origin) : null;
  return here && here.origin === location.origin && next.startsWith("/") ? here.pathname + here.search + here.hash : user.administrator ? "/admin" : "/spaces";
}

/** @param {import("./api.js").User | null} user */
function proceed(user) {
  if (!user) state.step = "sign-in";
  else if (user.must_change_password || location.hash === "#password") {
    state.step = "change";
    state.first = user.must_change_password;
  } else return location.replace(target(user));
  state.errors = {};
  draw();
  const inputs = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("#page form input")]);
  inputs.find((input) => !input.value)?.focus();
}

/** The values of the form by name. */
function typed(event) {
  event.preventDefault();
  return Object.fromEntries([...event.target.elements].filter((input) => input.name).map((input) => [input.name, input.value]));
}

/** One request at a time; what it refuses stands at its field. */
async function submit(deed, errorsOf) {
  if (state.busy) return;
  state.busy = true;
  state.errors = {};
  draw();
  try {
    await deed();
  } catch (problem) {
    if (!(problem instanceof ApiError)) throw problem;
    state.errors = errorsOf(problem);
  } finally {
    state.busy = false;
    draw();
    document.querySelector(".wrong input, #problem")?.focus();
  }
}

function trySignIn(event) {
  const { account, password } = typed(event);
  submit(async () => {
    const user = await signIn(account.trim(), password);
    state.old = user.must_change_password ? password : "";
    proceed(user);
  }, (problem) => ({ form: told(problem) }));
}

function told(problem) {
  if (problem.code === "bad-credential") return t("badCredential");
  if (problem.code === "locked") return t("locked");
  if (problem.code === "unreachable" || problem.code === "busy") return t(problem.code);
  if (problem.code === "not-permitted") return t("disabled", { message: problem.message });
  return t("refused", { message: problem.message });
}

function tryChange(event) {
  const { old, fresh, repeat } = typed(event);
  if (fresh !== repeat) {
    state.errors = { repeat: t("repeatWrong") };
    draw();
    document.getElementById("repeat")?.focus();
    return;
  }
  submit(async () => {
    await post("/session/password", { old, new: fresh });
    const user = await session(); // the password made a new session, and with it a new token
    toast(t("changed"), "good");
    setTimeout(() => (user ? location.replace(target(user)) : proceed(null)), 900); // long enough to be read out
  }, (problem) => {
    const rule = /^password-(.*)$/.exec(problem.code)?.[1];
    if (problem.code === "bad-credential") return { old: t("oldWrong") };
    if (rule) return { fresh: t(BROKEN[problem.code] ?? `broken${rule[0].toUpperCase()}${rule.slice(1)}`) };
    return problem.field === "new" ? { fresh: told(problem) } : { form: told(problem) };
  });
}

function secret(label, name, complete, more = {}) {
  return field(t(label), { id: name, name, type: state.shown ? "text" : "password", autocomplete: complete, required: true, maxlength: 1024, ...more },
    { error: state.errors[name] });
}

function problem() {
  return state.errors.form && h("p", { id: "problem", class: "notice bad", role: "alert", tabindex: -1, key: "problem" }, icon("warning"), state.errors.form);
}

function show() {
  return h("label", { class: "tick", key: "show" }, h("input", { type: "checkbox", checked: state.shown, onchange: (event) => {
    state.shown = event.target.checked;
    draw();
  } }), h("span", null, t("show")));
}

function signInForm() {
  return h("form", { class: "card", key: "sign-in", onsubmit: trySignIn },
    h("h1", null, t("title")), problem(),
    field(t("account"), { id: "account", name: "account", autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true, maxlength: 255 }),
    secret("password", "password", "current-password"), show(),
    h("button", { class: "primary block", "aria-disabled": state.busy }, t("signIn")));
}

function changeForm() {
  return h("form", { class: "card", key: "change", onsubmit: tryChange },
    h("div", null, h("h1", null, t("changeTitle")), h("p", { class: "soft" }, t(state.first ? "changeLead" : "changeLeadOwn"))), problem(),
    secret("old", "old", "current-password", { value: state.old }),
    secret("new", "fresh", "new-password", { ref: (input) => input.setAttribute("aria-describedby", "all-rules") }),
    h("div", { class: "hint", key: "rules", id: "all-rules" }, h("p", { id: "rules" }, t("rules")),
      h("ul", { class: "bullets", "aria-labelledby": "rules" }, RULES.map((rule) => h("li", null, t(`rule${rule[0].toUpperCase()}${rule.slice(1)}`))))),
    secret("repeat", "repeat", "new-password"), show(),
    h("button", { class: "primary block", "aria-disabled": state.busy }, t("change")),
    h("button", { type: "button", class: "link", onclick: other }, t("otherAccount")));
}

async function other() {
  await signOut().catch(() => {});
  history.replaceState(null, "", location.pathname + location.search);
  state.old = "";
  proceed(null);
}

function draw() {
  render(/** @type {Element} */ (document.getElementById("page")),
    h("div", { class: "wrap narrow centre" }, state.step === "sign-in" ? signInForm() : state.step === "change" ? changeForm() : null));
}

onLanguage(draw);
addEventListener("hashchange", async () => proceed(await session()));
frame({ title: () => t(state.step === "change" ? "changeTitle" : "title") }).then(proceed);

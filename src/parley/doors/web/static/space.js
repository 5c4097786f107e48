// One space as a member sees it. What the member's rights do not allow is shown without its control, and says why.

import { ApiError, get, patch, post, remove } from "./api.js";
import { fact, h } from "./dom.js";
import { icon } from "./icons.js";
import { speaker } from "./i18n.js";
import { attempt, focusOn, go, heading, redraw, tell, waiting } from "./manage.js";
import { copyButtons, liveBadges, nameOf, openButton } from "./space-parts.js";
import { ask, field, toast } from "./ui.js";
import words from "./words/spaces.js";

const t = speaker(words);
const DIGITS = { inputmode: "numeric", maxlength: 32, autocomplete: "off" };

/** What a member may change by typing: the right it needs, its words, the input. */
const VALUES = {
  name: { right: "change_name", label: "name", input: { maxlength: 255, autocomplete: "off" } },
  uri: { right: "change_uri", label: "uri", hint: "uriHint", input: { maxlength: 255, autocomplete: "off", autocapitalize: "none", spellcheck: "false" } },
  call_id: { right: "change_call_id", label: "callId", hint: "callIdHint", input: DIGITS },
  passcode: { right: "change_passcode", label: "passcode", hint: "passcodeHint", input: DIGITS },
};

/** @param {string} id @returns {import("./manage.js").View} */
export function spaceView(id) {
  const path = `/spaces/${encodeURIComponent(id)}`;
  /** @type {any} */ let space = null;
  /** @type {any[]} */ let members = [];
  let missing = false;
  let shown = false; // the passcode
  let editing = ""; // a key of VALUES
  let busy = false;
  /** @type {Record<string, string>} */ let errors = {};

  async function load() {
    try {
      [space, { members }] = await Promise.all([get(path), get(`${path}/members`)]);
    } catch (problem) {
      if (!(problem instanceof ApiError) || problem.status !== 404) throw problem;
      missing = true;
    }
  }

  /** Send something; what is refused stands at the field `at`. @returns {Promise<boolean>} */
  async function send(at, deed) {
    if (busy) return false;
    busy = true;
    errors = {};
    redraw();
    try {
      await deed();
      return true;
    } catch (problem) {
      errors = { [at]: tell(problem) };
      focusOn(`input-${at}`);
      return false;
    } finally {
      busy = false;
      redraw();
    }
  }

  async function save(event, name) {
    event.preventDefault();
    const value = event.target.elements[name].value.trim();
    const done = await send(name, async () => { space = await patch(path, { [name]: value }); });
    if (!done) return;
    stop();
    toast(t("saved"), "good");
  }

  /** Back from the form of a value to its button. */
  function stop() {
    const name = editing;
    editing = "";
    errors = {};
    redraw();
    focusOn(`change-${name}`);
  }

  function start(name) {
    editing = name;
    errors = {};
    redraw();
    focusOn(`input-${name}`);
  }

  const why = (text) => h("p", { class: "hint", key: "why" }, icon("lock"), text);

  /** A value, its label, and what may be done about it. */
  const value = (name, what, deeds) => h("div", { class: "value", key: name },
    h("dt", null, t(VALUES[name]?.label ?? name)),
    h("dd", null, h("div", { class: "value-now" }, what), deeds));

  function text(name) {
    const { right, label, hint, input } = VALUES[name];
    const now = space[name] ?? "";
    const domain = name === "uri" && fact("domain") ? `@${fact("domain")}` : "";
    if (editing === name) {
      return value(name, null, h("form", { class: "stack", onsubmit: (event) => save(event, name), onkeydown: (event) => { if (event.key === "Escape") stop(); } },
        field(t(label), { ...input, id: `input-${name}`, name, value: now, required: name === "passcode" },
          { hint: hint && t(hint), error: errors[name] }),
        h("div", { class: "row" }, h("button", { class: "primary small", "aria-disabled": busy }, t("save")),
          h("button", { type: "button", class: "small", onclick: stop }, t("cancel")))));
    }
    const may = space.rights[right];
    const seen = name === "passcode" ? passcode(now) : h("span", { class: ["break", !now && "soft"] }, now ? now + domain : t("passcodeNone"));
    return value(name, seen, may
      ? h("div", { class: "row", key: "deeds" },
        h("button", { type: "button", class: "small", id: `change-${name}`, onclick: () => start(name), "aria-label": t("changeWhat", { what: t(label) }) },
          name === "passcode" && !now ? t("setPasscode") : t("change")),
        name === "passcode" && now && h("button", { type: "button", class: "small", key: "remove", onclick: removePasscode }, t("removePasscode")))
      : why(t("noRight")));
  }

  function passcode(now) {
    if (!now) return h("span", { class: "soft" }, t("passcodeNone"));
    return h("span", { class: "row" },
      h("span", { class: "numbers", id: "passcode-now" }, shown ? now : h("span", null, h("span", { "aria-hidden": true }, "••••••"), h("span", { class: "sr" }, t("passcodeSet")))),
      h("button", { type: "button", class: "link", "aria-controls": "passcode-now", "aria-expanded": shown, onclick: () => { shown = !shown; redraw(); } },
        t(shown ? "hide" : "show"), h("span", { class: "sr" }, ` ${t("passcode")}`)));
  }

  async function removePasscode() {
    if (!(await ask(t("removePasscode"), t("removePasscodeAsk"), { yes: t("removePasscode"), danger: true }))) return;
    await attempt(async () => { space = await patch(path, { passcode: "" }); }, t("saved"));
    focusOn("change-passcode");
  }

  function nonMembers() {
    const open = space.non_member_access;
    return value("nonMember", h("span", null, t(open ? "nonMemberOn" : "nonMemberOff")), space.rights.change_non_member_access
      ? h("button", { type: "button", class: "small", onclick: () => attempt(async () => {
        space = await patch(path, { non_member_access: !open });
      }, t("saved")) }, t(open ? "refuse" : "allow"))
      : why(t("noRight")));
  }

  // --- members -----------------------------------------------------------------------------------------------------

  async function add(event) {
    event.preventDefault();
    const input = event.target.elements.account;
    let added;
    if (!(await send("account", async () => {
      added = await post(`${path}/members`, { account: input.value.trim() });
      ({ members } = await get(`${path}/members`));
    }))) return;
    input.value = "";
    toast(t("added", { name: added.name || added.account }), "good");
    focusOn("input-account");
  }

  async function dismiss(member) {
    const name = member.name || member.account;
    if (!(await ask(t("removeWho", { name }), t("removeAsk", { name }), { yes: t("remove"), danger: true }))) return;
    await attempt(async () => {
      await remove(`${path}/members/${encodeURIComponent(member.id)}`);
      members = members.filter((other) => other !== member);
    }, t("removed", { name }));
    focusOn("members");
  }

  function memberItem(member) {
    const rights = Object.keys(member.rights).filter((right) => member.rights[right]).map((right) => t(`right_${right}`));
    const mine = member.id === space.member;
    const name = member.name || member.account;
    return h("li", { key: member.id },
      h("div", { class: "grow" },
        h("p", null, h("strong", null, name), " ", h("span", { class: "soft break" }, member.account), " ", mine && h("span", { class: "badge" }, t("you"))),
        h("details", null, h("summary", { class: "soft" }, t("rights"), h("span", { class: "sr" }, `: ${name}`)),
          h("p", { class: "hint" }, rights.length ? rights.join(", ") : t("noRights")))),
      !mine && space.rights.add_remove_member && h("button", { type: "button", class: "small", onclick: () => dismiss(member), "aria-label": t("removeWho", { name }) }, t("remove")));
  }

  const memberCard = () => h("section", { class: "card", "aria-labelledby": "members", key: "members" },
    h("h2", { id: "members", tabindex: -1 }, t("members"), h("span", { class: "badge count" }, members.length)),
    h("ul", { class: "list" }, members.map(memberItem)),
    space.rights.add_remove_member
      ? h("form", { class: "beside", onsubmit: add, key: "add" },
        field(t("addMember"), { id: "input-account", name: "account", placeholder: t("account"), autocomplete: "off", autocapitalize: "none", spellcheck: "false", required: true, maxlength: 255 },
          { error: errors.account }),
        h("button", { "aria-disabled": busy }, icon("plus"), t("add")))
      : why(t("noRightMembers")));

  // --- the end -----------------------------------------------------------------------------------------------------

  async function quit(title, text, danger, address) {
    if (!(await ask(title, text, { yes: title, danger }))) return;
    if (await attempt(() => remove(address))) go("/spaces");
  }

  function endCard() {
    const name = nameOf(space);
    const deed = (right, label, reason, act) => h("div", { class: "deed", key: right },
      h("button", { type: "button", disabled: !space.rights[right], onclick: act, "aria-describedby": space.rights[right] ? null : `why-${right}` },
        icon(right === "destroy" ? "trash" : "exit"), t(label)),
      !space.rights[right] && h("p", { class: "hint", id: `why-${right}` }, t(reason)));
    return h("section", { class: "card", "aria-labelledby": "end", key: "end" },
      h("h2", { id: "end" }, t("end")),
      deed("remove_self", "leave", "noRightLeave", () => quit(t("leave"), t("leaveAsk", { name }), false, `${path}/members/${encodeURIComponent(space.member)}`)),
      deed("destroy", "destroy", "noRightDestroy", () => quit(t("destroy"), t("destroyAsk", { name }), true, path)));
  }

  function draw() {
    const back = h("a", { href: "/spaces", class: "back" }, icon("back"), t("back"));
    if (missing) return h("div", { class: "wrap", key: id }, back, heading(t("notFound")));
    if (!space) return h("div", { class: "wrap", key: id }, back, waiting());
    return h("div", { class: "wrap", key: id }, back,
      h("div", { class: "page-head" }, h("div", null, heading(nameOf(space)), h("p", { class: "row badges" }, liveBadges(space.live))),
        h("div", { class: "row space-deeds" }, openButton(space), copyButtons(space))),
      h("div", { class: "columns" },
        h("section", { class: "card", "aria-labelledby": "settings" }, h("h2", { id: "settings" }, t("settings")),
          h("dl", { class: "values" }, Object.keys(VALUES).map(text), nonMembers())),
        h("div", { class: "stack" }, memberCard(), endCard())));
  }

  return {
    title: () => (space ? nameOf(space) : t("title")),
    draw,
    load,
    live: { seconds: 5, poll: async () => { if (!busy) await load(); } },
  };
}

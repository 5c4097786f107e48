// What the administration keeps, described: where it lives in the API, its columns, its fields. The list (list.js) and the form
// (form.js) draw everything from these descriptions.

/**
 * @typedef {object} Field
 * @property {string} name of the member in the API; a dot goes into an object
 * @property {"text" | "address" | "digits" | "number" | "password" | "flag" | "yesno" | "choice" | "ref"} kind yesno and choice may be unset
 * @property {string} [label] key of its words, where it is not the name
 * @property {string} [hint] key
 * @property {string} [of] the collection that a ref points into
 * @property {string[]} [options] of a choice
 * @property {boolean} [start] of a flag of something new
 * @property {boolean} [required]
 * @property {"new" | "old"} [only] shown for something new, or not
 */

/**
 * @typedef {object} Collection
 * @property {string} path below /api/parley/v1
 * @property {string} key of the list in the answer
 * @property {string} [one] key of the words "New ..." and "Delete ...", where it is not the collection's name
 * @property {(Field | {name: string, kind: "show", show: string, of?: string})[]} columns the first one leads to the object
 * @property {Field[]} fields
 * @property {string[]} [parts] of the object's page beside its own fields
 */

const leg = (name, kind, more = {}) => ({ name: `settings.${name}`, kind, label: name, ...more });

/** The settings of a leg, as profiles hold them. @type {Field[]} */
const LEG_SETTINGS = [
  leg("needs_activation", "yesno", { hint: "needs_activation_hint" }),
  leg("waiting_room", "yesno", { hint: "waiting_room_hint" }),
  leg("mute_self", "yesno"),
  leg("unmute_self", "yesno"),
  leg("passes_lock", "yesno"),
  leg("rx_audio_mute", "yesno"),
  leg("terminal_rx_audio_mute", "yesno"),
  leg("tx_audio_mute", "yesno"),
  leg("deactivation_mode", "choice", { options: ["deactivate", "disconnect", "remain"] }),
  leg("deactivation_delay", "number", { hint: "seconds" }),
  leg("max_duration", "number", { hint: "seconds" }),
  leg("media_encryption", "choice", { options: ["optional", "required", "prohibited"] }),
  leg("agc", "yesno"),
  leg("join_tone", "number", { hint: "tone_hint" }),
  leg("leave_tone", "number", { hint: "tone_hint" }),
  leg("may_lock", "yesno", { hint: "keys_hint" }),
  leg("may_mute_others", "yesno", { hint: "keys_hint" }),
  leg("may_end", "yesno", { hint: "keys_hint" }),
  leg("may_free_mute", "yesno", { hint: "keys_hint" }),
  leg("may_mute_newcomers", "yesno", { hint: "keys_hint" }),
];

/** @type {Field[]} */
const CALL_SETTINGS = [
  leg("participant_limit", "number"),
  leg("locked", "yesno"),
  leg("lock_mode", "choice", { options: ["all", "needs-activation"] }),
  leg("passcode_mode", "choice", { options: ["required", "timeout"], hint: "passcode_mode_hint" }),
  leg("passcode_timeout", "number", { hint: "seconds" }),
  leg("entry_scope", "choice", { options: ["everyone", "tenant", "invited"] }),
];

const NAME = /** @type {Field} */ ({ name: "name", kind: "text" });
const LEG_PROFILE = /** @type {Field} */ ({ name: "leg_profile", kind: "ref", of: "leg-profiles" });
const CALL_PROFILE = /** @type {Field} */ ({ name: "call_profile", kind: "ref", of: "call-profiles" });
const TENANT = /** @type {Field} */ ({ name: "tenant", kind: "ref", of: "tenants" });
const URI = /** @type {Field} */ ({ name: "uri", kind: "address", hint: "uriHint" });
const CALL_ID = /** @type {Field} */ ({ name: "call_id", kind: "digits" });
const PASSCODE = /** @type {Field} */ ({ name: "passcode", kind: "digits", hint: "passcodeHint" });

/** @type {Record<string, Collection>} */
export const COLLECTIONS = {
  users: {
    path: "/admin/users", key: "users",
    columns: [NAME, { name: "account", kind: "text" }, { name: "jid", kind: "text" }, TENANT, { name: "enabled", kind: "flag" }],
    fields: [
      NAME, { name: "account", kind: "address", hint: "accountHint" }, { name: "jid", kind: "address", hint: "jidHint" },
      { name: "email", kind: "address" }, TENANT,
      { name: "password", kind: "password", hint: "passwordHint" },
      { name: "enabled", kind: "flag", start: true },
    ],
  },
  tenants: {
    path: "/admin/tenants", key: "tenants",
    columns: [NAME, { name: "participant_limit", kind: "number" }, LEG_PROFILE, CALL_PROFILE],
    fields: [{ ...NAME, required: true }, { name: "participant_limit", kind: "number", hint: "tenantLimitHint" }, LEG_PROFILE, CALL_PROFILE],
  },
  spaces: {
    path: "/admin/spaces", key: "spaces",
    columns: [NAME, { name: "uri", kind: "text" }, { name: "call_id", kind: "digits" }, TENANT, { name: "owner", kind: "ref", of: "users" }],
    fields: [
      NAME, URI, CALL_ID, PASSCODE, TENANT, { name: "owner", kind: "ref", of: "users", hint: "ownerHint" }, LEG_PROFILE, CALL_PROFILE,
      { name: "non_member_access", kind: "flag", start: true },
    ],
    parts: ["access-methods", "members", "settings"],
  },
  "leg-profiles": {
    path: "/admin/leg-profiles", key: "leg_profiles",
    columns: [NAME, ...LEG_SETTINGS.slice(0, 3), LEG_SETTINGS[5]],
    fields: [NAME, ...LEG_SETTINGS],
  },
  "call-profiles": {
    path: "/admin/call-profiles", key: "call_profiles",
    columns: [NAME, CALL_SETTINGS[0], CALL_SETTINGS[1], CALL_SETTINGS[3], CALL_SETTINGS[5]],
    fields: [NAME, ...CALL_SETTINGS],
  },
};

const right = (name, start = false) => /** @type {Field} */ ({ name: `rights.${name}`, kind: "flag", label: `right_${name}`, start });

/** Parts of a space; the path is below the space's own. @type {Record<string, Collection>} */
export const PARTS = {
  "access-methods": {
    path: "/access-methods", key: "access_methods",
    columns: [NAME, { name: "uri", kind: "text" }, { name: "call_id", kind: "digits" }, { name: "passcode", kind: "password" }, LEG_PROFILE],
    fields: [NAME, URI, CALL_ID, PASSCODE, LEG_PROFILE],
  },
  members: {
    path: "/members", key: "members",
    columns: [NAME, { name: "account", kind: "text" }, LEG_PROFILE],
    fields: [
      { name: "user", kind: "ref", of: "users", required: true, only: "new" }, { ...LEG_PROFILE, hint: "memberProfileHint" },
      right("change_name"), right("change_uri"), right("change_call_id"), right("change_passcode"), right("change_non_member_access", true),
      right("add_remove_member"), right("remove_self"), right("destroy"), right("post_message"), right("delete_all_messages"),
    ],
  },
};

/** How people call one. @param {any} one */
export function called(one) {
  return one.name || one.account || one.jid || one.uri || one.call_id || `…${String(one.id).slice(-8)}`;
}

/** A value by its name with dots. @param {any} one @param {string} name */
export function valueAt(one, name) {
  return name.split(".").reduce((found, part) => found?.[part], one);
}

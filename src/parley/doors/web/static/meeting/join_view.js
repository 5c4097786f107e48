// Before the meeting: who you are, what you hear and speak with, what opens the door; and after it, why it is over.

import { fact, h } from "../dom.js";
import { icon } from "../icons.js";
import { field, tick } from "../ui.js";
import { CAN_CHOOSE_SPEAKER } from "./devices.js";
import { t } from "./say.js";

/**
 * The pickers of microphone and speaker, the level meter and the speaker test, on the join page and in the meeting.
 * @param {import("./devices.js").Devices} devices
 */
export function devicePickers(devices) {
  const options = (list) => list.map((device) => [device.id, device.label]);
  return h("div", { class: "stack devices" },
    devices.problem ? permissionHelp(devices) : h("div", { class: "field" },
      field(t("microphone"), {
        id: "microphone", value: devices.microphone, disabled: devices.microphones.length === 0,
        options: devices.microphones.length ? options(devices.microphones) : [["", t(devices.opening ? "opening" : "defaultDevice")]],
        onchange: (event) => devices.choose(event.target.value),
      }),
      h("div", { class: "meter", role: "img", "aria-label": t("levelMeter") }, h("div", { class: "meter-fill", id: "meter" })),
      h("p", { class: "hint" }, t("speakToTry"))),
    h("div", { class: "field" },
      h("div", { class: "picker" },
        CAN_CHOOSE_SPEAKER && devices.speakers.length > 0
          ? field(t("speaker"), { id: "speaker", value: devices.speaker || "default", options: speakerOptions(devices), onchange: (event) => devices.chooseSpeaker(event.target.value) })
          : h("div", { class: "field" }, h("span", { class: "label" }, t("speaker")), h("span", { class: "soft fixed" }, t("systemSpeaker"))),
        h("button", { type: "button", onclick: () => devices.play([523, 659, 784]) }, icon("sound"), t("testSpeaker")))));
}

function speakerOptions(devices) {
  const list = devices.speakers.map((device) => [device.id, device.label]);
  return devices.speakers.some((device) => device.id === (devices.speaker || "default")) ? list : [[devices.speaker || "default", t("defaultDevice")], ...list];
}

function permissionHelp(devices) {
  return h("div", { class: "notice warn", role: "alert" }, icon("mic-off"),
    h("div", { class: "stack tight grow" },
      h("strong", null, t(`problem-${devices.problem}`)),
      h("p", null, t(`help-${devices.problem}`)),
      h("p", { class: "soft" }, t("listenOnly")),
      devices.problem !== "insecure" && h("div", null, h("button", { type: "button", class: "small", onclick: () => devices.open() }, t("tryAgain")))));
}

/**
 * @param {{form: {name: string, passcode: string, muted: boolean, askPasscode: boolean, nameWrong: boolean}, meeting: string, user: any,
 *   devices: import("./devices.js").Devices, state: import("./state.js").State, join: () => void, redraw: () => void}} page
 */
export function joinView({ form, meeting, user, devices, state, join, redraw }) {
  const busy = state.phase === "connecting";
  return h("div", { class: "wrap join" },
    h("div", { class: "page-head" }, h("h1", null, t("joinTitle")), h("p", { class: "soft numbers" }, t("meetingNumber", { id: meeting }))),
    h("form", { class: "join-grid", novalidate: true, onsubmit: (event) => { event.preventDefault(); join(); } },
      h("section", { class: "card", "aria-labelledby": "join-sound" },
        h("h2", { id: "join-sound" }, t("yourSound")), devicePickers(devices),
        h("p", { class: "soft row iconed camera-note" }, icon("camera"), t("cameraLater"))),
      h("section", { class: "card", "aria-labelledby": "join-you" },
        h("h2", { id: "join-you" }, t("you")),
        state.problem && h("p", { class: "notice bad", role: "alert" }, icon("warning"), t(`join-${state.problem}`)),
        user && h("p", { class: "notice" }, icon("person"), t("signedInAs", { name: user.name || user.account })),
        field(t("name"), {
          id: "name", value: form.name, required: true, maxlength: 64, autocomplete: "name",
          oninput: (event) => { form.name = event.target.value; },
        }, { error: form.nameWrong ? t("nameWrong") : null }),
        form.askPasscode && field(t("passcode"), {
          id: "passcode", type: "password", inputmode: "numeric", value: form.passcode, autocomplete: "off", maxlength: 64,
          oninput: (event) => { form.passcode = event.target.value; },
        }, { hint: t("passcodeHint") }),
        tick(t("joinMuted"), { checked: form.muted, disabled: Boolean(devices.problem), onchange: (event) => { form.muted = event.target.checked; redraw(); } }),
        h("button", { class: "primary block big", disabled: busy }, busy ? h("span", { class: "spinner", "aria-hidden": "true" }) : null,
          t(busy ? "joining" : devices.problem ? "joinListening" : "join")),
        phoneFacts(meeting))));
}

/** How to call in. @param {string} meeting */
export function phoneFacts(meeting) {
  const domain = fact("domain");
  const number = fact("access-number");
  return h("details", { class: "phone-facts", key: "phone" },
    h("summary", null, icon("phone"), t("byPhone")),
    h("dl", { class: "facts" },
      h("dt", null, t("sipAddress")), h("dd", null, h("a", { href: `sip:${meeting}@${domain}` }, `${meeting}@${domain}`)),
      number && [h("dt", null, t("accessNumber")), h("dd", null, `${number}@${domain}`, h("br"), h("small", { class: "soft" }, t("accessNumberHint", { id: meeting })))]));
}

/** @param {{state: import("./state.js").State, leave: () => void}} page */
export function lobbyView({ state, leave }) {
  const causes = state.you?.causes ?? [];
  return h("div", { class: "wrap narrow centre lobby" },
    h("section", { class: "card", "aria-labelledby": "lobby-title" },
      h("div", { class: "waiting-mark", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
      h("h1", { id: "lobby-title" }, state.meeting?.name || t("lobbyTitle")),
      h("div", { role: "status", class: "stack tight" }, causes.map((cause) => h("p", { key: cause, class: "lead" }, t(`wait-${cause}`)))),
      h("p", { class: "soft" }, t("lobbyByItself")),
      h("hr"),
      h("p", { class: "row iconed" }, icon("person"), t("lobbyYou", { name: state.you?.name ?? "" })),
      h("p", { class: "row iconed" }, icon(state.you?.muted ? "mic-off" : "mic"), t("lobbyHeard")),
      h("button", { type: "button", class: "danger", onclick: leave }, icon("leave"), t("leave"))));
}

/** @param {{state: import("./state.js").State, again: () => void}} page */
export function endedView({ state, again }) {
  const { whose, reason } = state.ended ?? { whose: "local", reason: "hang-up" };
  const known = ["hang-up", "deactivated", "meeting-ended", "space-deleted", "media-dead", "media-failed", "transport-failed", "shutdown",
    "participant-limit", "tenant-limit", "system-limit", "too-long", "lost", "refused"];
  const key = reason === "hang-up" && (whose === "host" || whose === "administrator") ? "end-removed" : `end-${known.includes(reason) ? reason : "other"}`;
  return h("div", { class: "wrap narrow centre" },
    h("section", { class: "card ended", "aria-labelledby": "ended-title" },
      h("h1", { id: "ended-title" }, t(key)),
      state.meeting?.name && h("p", { class: "soft" }, state.meeting.name),
      h("div", { class: "actions start" },
        h("button", { type: "button", class: "primary", onclick: again, autofocus: true }, t("joinAgain")),
        h("a", { class: "button", href: "/" }, t("toStart")))));
}

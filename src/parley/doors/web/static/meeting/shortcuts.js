// The keys of a meeting, as people know them from Jitsi.

import { shortcutsOn } from "./dialogs.js";

/** @param {() => boolean} inMeeting @param {Record<string, () => void>} keys by the letter @param {{talk: (talking: boolean) => void}} page */
export function listenForKeys(inMeeting, keys, page) {
  let talking = false;
  addEventListener("keydown", (event) => {
    if (!inMeeting() || event.ctrlKey || event.metaKey || event.altKey || !shortcutsOn() || writes(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === " ") {
      // On a button the space key presses it.
      if (presses(event.target)) return;
      event.preventDefault();
      if (!event.repeat && !talking) page.talk((talking = true));
      return;
    }
    const action = keys[event.key.toUpperCase()];
    if (action && !event.repeat) {
      event.preventDefault();
      action();
    }
  });
  const stop = () => { if (talking) page.talk((talking = false)); };
  addEventListener("keyup", (event) => { if (event.key === " ") stop(); });
  addEventListener("blur", stop);
}

function writes(target) {
  return target instanceof Element && target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
}

function presses(target) {
  return target instanceof Element && Boolean(target.closest("button, a, summary, input, [role=menuitem]"));
}

// The root page: join links end in #/j/<conference ID>/<48 hexadecimal digits> and lead on to the entry page.
// The digits stay in the fragment, so that no server log ever sees them.

import { say, words } from "./words.js";

const LINK = /^#\/j\/([0-9]{1,32})\/([0-9a-f]{48})$/i;

const spoken = words();
say(spoken);

function follow() {
  const link = LINK.exec(location.hash);
  if (link) {
    location.replace(`/meeting/${link[1]}#${link[2].toLowerCase()}`);
  } else {
    document.getElementById("unreadable").hidden = location.hash.length < 2;
  }
}

document.getElementById("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = document.getElementById("id").value.replace(/\D/g, "");
  if (id) location.assign(`/meeting/${id}`);
});

addEventListener("hashchange", follow);
follow();

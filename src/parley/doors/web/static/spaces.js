// One's own spaces: the list, with who is in now, and the way to each (space.js).

import { get, query } from "./api.js";
import { fact, h } from "./dom.js";
import { speaker } from "./i18n.js";
import { attempt, heading, pager, run, unhurried, waiting } from "./manage.js";
import { copyButtons, liveBadges, nameOf, openButton } from "./space-parts.js";
import { spaceView } from "./space.js";
import words from "./words/spaces.js";

const t = speaker(words);
const LIMIT = 48;

/** @returns {import("./manage.js").View} */
function listView() {
  const at = { offset: 0, limit: LIMIT, total: 0 };
  let search = "";
  /** @type {import("./space-parts.js").Listed[] | null} */
  let spaces = null;

  async function load() {
    const asked = search;
    const found = await get(`/spaces${query({ ...at, total: null, search })}`);
    if (asked !== search) return; // an answer to what is asked no more
    spaces = found.spaces;
    at.total = found.total ?? found.spaces.length;
  }

  const look = unhurried((text) => {
    search = text.trim();
    at.offset = 0;
    attempt(load);
  });

  const card = (space) => h("li", { class: "card space", key: space.id },
    h("div", { class: "space-head" },
      h("h2", null, h("a", { href: `/spaces/${encodeURIComponent(space.id)}` }, nameOf(space))),
      h("p", { class: "row badges" }, liveBadges(space.live))),
    h("p", { class: "soft numbers" },
      h("span", null, space.call_id || t("noCallId")),
      space.uri && h("span", { class: "break" }, ` · ${space.uri}${fact("domain") ? `@${fact("domain")}` : ""}`)),
    h("div", { class: "row space-deeds" }, openButton(space), copyButtons(space)));

  const list = () => (spaces?.length
    ? h("ul", { class: "cards", key: "list" }, spaces.map(card))
    : h("p", { class: "empty card", key: "none" }, t(search ? "noneFound" : "none")));

  return {
    title: () => t("title"),
    draw: () => h("div", { class: "wrap", key: "list-view" },
      h("div", { class: "page-head" }, heading(t("title")),
        (at.total > 6 || search) && h("input", { type: "search", class: "search", "aria-label": t("search"), placeholder: t("search"), key: "search",
          oninput: (event) => look(event.target.value) })),
      spaces ? list() : waiting(),
      spaces && pager(at, (offset) => { at.offset = offset; attempt(load); })),
    load,
    live: { seconds: 5, poll: load },
  };
}

run(() => [
  [/^\/spaces\/([^/]+)\/?$/, (id) => spaceView(id)],
  [/^\/spaces\/?$/, () => listView()],
]);

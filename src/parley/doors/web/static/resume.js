// What lets a reloaded page come back into its meeting, kept for this tab while no page of it holds the meeting itself.

const START = "parley.resume.";

/** Written only as the page goes: a copied tab must not find it. @param {string} meeting @param {string} token */
export function keepToken(meeting, token) {
  try {
    sessionStorage.setItem(START + meeting, token);
  } catch {
    // Storage is denied: a reload joins anew.
  }
}

/** @param {string} meeting @returns {string | null} */
export function takeToken(meeting) {
  try {
    const token = sessionStorage.getItem(START + meeting);
    sessionStorage.removeItem(START + meeting);
    return token;
  } catch {
    return null;
  }
}

/** A tab that has gone from a meeting to another page has left it, and nobody should wait for it. @param {string} here the meeting of this page, or "" */
export function leaveOthers(here) {
  let names = [];
  try {
    names = Object.keys(sessionStorage).filter((name) => name.startsWith(START) && name !== START + here);
  } catch {
    return;
  }
  for (const name of names) {
    const token = takeToken(name.slice(START.length));
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/api/parley/v1/meeting`, "parley.1");
    socket.onopen = () => socket.send(JSON.stringify({ type: "resume", id: 1, token }));
    socket.onmessage = (event) => {
      const { type } = JSON.parse(event.data);
      if (type === "welcome") socket.send(JSON.stringify({ type: "leave", id: 2 }));
      if (type === "ended" || type === "error") socket.close();
    };
  }
}

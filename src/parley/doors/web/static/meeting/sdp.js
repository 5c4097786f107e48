// The little that is changed in descriptions. Pure.

/** Ask for forward error correction and silence suppression of Opus (RFC 7587 section 7) in every direction. @param {string} sdp */
export function withOpusWishes(sdp) {
  const lines = sdp.split(/\r\n|\n/);
  const opus = lines.map((line) => /^a=rtpmap:(\d+) opus\/48000/i.exec(line)?.[1]).find(Boolean);
  if (!opus) return sdp;
  const start = `a=fmtp:${opus} `;
  const at = lines.findIndex((line) => line.startsWith(start));
  const given = at < 0 ? [] : lines[at].slice(start.length).split(";").map((part) => part.trim()).filter(Boolean);
  const kept = given.filter((part) => !/^(useinbandfec|usedtx)=/.test(part));
  const wished = start + [...kept, "useinbandfec=1", "usedtx=1"].join(";");
  if (at >= 0) lines[at] = wished;
  else lines.splice(lines.findIndex((line) => line.startsWith(`a=rtpmap:${opus} `)) + 1, 0, wished);
  return lines.join("\r\n");
}

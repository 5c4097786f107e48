// What the numbers of a peer connection mean. Pure.

/** @typedef {{roundTrip: number | null, received: {loss: number, jitter: number, concealed: number} | null,
 *   sent: {loss: number, jitter: number | null} | null, path: string | null, counts: any}} Numbers
 *   milliseconds; loss and concealed as parts of 1 since the last measurement */

/**
 * @param {Iterable<any>} reports values of RTCStatsReport @param {Numbers | null} before the last measurement
 * @returns {Numbers}
 */
export function measure(reports, before) {
  const all = [...reports];
  const transport = all.find((report) => report.type === "transport");
  const pairs = all.filter((report) => report.type === "candidate-pair");
  const pair = pairs.find((report) => report.id === transport?.selectedCandidatePairId) ?? pairs.find((report) => report.nominated);
  const inbound = all.find((report) => report.type === "inbound-rtp" && report.kind === "audio");
  const outside = all.find((report) => report.type === "remote-inbound-rtp" && report.kind === "audio");
  const local = all.find((report) => report.id === pair?.localCandidateId);
  const counts = inbound ? {
    got: inbound.packetsReceived ?? 0, lost: inbound.packetsLost ?? 0,
    samples: inbound.totalSamplesReceived ?? 0, concealed: inbound.concealedSamples ?? 0, silent: inbound.silentConcealedSamples ?? 0,
  } : null;
  const seconds = pair?.currentRoundTripTime ?? outside?.roundTripTime;
  return {
    roundTrip: seconds === undefined ? null : seconds * 1000,
    received: counts && { jitter: (inbound.jitter ?? 0) * 1000, ...shares(counts, before?.counts ?? null) },
    sent: outside ? { loss: outside.fractionLost ?? 0, jitter: outside.jitter === undefined ? null : outside.jitter * 1000 } : null,
    path: local ? (local.candidateType === "relay" ? "relay" : (local.protocol ?? null)) : null,
    counts,
  };
}

function shares(counts, before) {
  const since = (name) => Math.max(0, counts[name] - (before?.[name] ?? 0));
  const packets = since("got") + since("lost");
  // Silence that is not sent (DTX) is concealed too, and nothing to worry about.
  const concealed = Math.max(0, since("concealed") - since("silent"));
  return { loss: packets ? since("lost") / packets : 0, concealed: since("samples") ? concealed / since("samples") : 0 };
}

/** What the server received of me since it said so last. @param {any} last @param {any} before @returns {{loss: number, jitter: number} | null} */
export function servedShares(last, before) {
  if (!last) return null;
  // Counts that went back are of a new stream.
  const base = before && before.packets <= last.packets ? before : { packets: 0, lost: 0 };
  const lost = Math.max(0, last.lost - base.lost);
  const packets = last.packets - base.packets + lost;
  return { loss: packets > 0 ? lost / packets : 0, jitter: last.jitter_ms ?? 0 };
}

/**
 * Good, fair or poor by the worst of loss, delay and jitter; the limits are where speech with Opus and error correction starts to
 * be hard to follow. @param {Numbers | null} numbers @param {{loss: number, jitter: number} | null} served
 * @returns {"unknown" | "good" | "fair" | "poor"}
 */
export function grade(numbers, served) {
  if (!numbers) return "unknown";
  const loss = Math.max(numbers.received?.loss ?? 0, served?.loss ?? numbers.sent?.loss ?? 0);
  const jitter = Math.max(numbers.received?.jitter ?? 0, served?.jitter ?? 0);
  const delay = numbers.roundTrip ?? 0;
  if (loss > 0.1 || delay > 500 || jitter > 100) return "poor";
  if (loss > 0.03 || delay > 250 || jitter > 40) return "fair";
  return "good";
}

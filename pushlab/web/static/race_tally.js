// @ts-check
/**
 * What a lane has cost in this comparison: one count, from which its sentence, its figures and the
 * sentence above all lanes are made, so that they cannot contradict each other.
 *
 * A question is a poll, short or long. It is for nothing when its answer brings no message: that is
 * the share whose formula is `e^(-rate * interval)`. Connections, confirmations and goodbyes are
 * hits, and no questions.
 */

import { short, time } from "./numbers.js";
import { HIT_KINDS } from "./race_record.js";

/** @typedef {import("./race_lane.js").Told} Told */

/**
 * @typedef {object} Tally
 * @property {boolean} known whether the server has told anything yet
 * @property {number} hits
 * @property {number} asked questions
 * @property {number} empty those for nothing
 * @property {number} connects
 * @property {number} acks
 * @property {number} messages that landed at this page
 * @property {number} deliveries to all clients of the lane, as far as they are known
 * @property {number} each hits for each delivery; NaN while there is none
 */

/**
 * @param {Told | undefined} told what the server counted, for all clients of the lane
 * @param {Told | null} base what of it was before this page came
 * @param {import("./race_record.js").LaneRecord} record of this page's own client, which is ahead of the server's word
 * @param {number} pages how many look on: each is a client of the lane
 * @returns {Tally}
 */
export function tallyOf(told, base, record, pages) {
  const kinds = HIT_KINDS.map((kind, i) =>
    Math.max((told?.hits[kind] ?? 0) - (base?.hits[kind] ?? 0), record.kinds[i]),
  );
  const of = (/** @type {string} */ kind) => kinds[HIT_KINDS.indexOf(kind)];
  const hits = kinds.reduce((all, one) => all + one, 0);
  const further = (told?.swarm.deliveries ?? 0) - (base?.swarm.deliveries ?? 0);
  const { messages } = record;
  const deliveries = messages * pages + Math.max(0, further);
  return {
    known: told !== undefined,
    hits,
    asked: of("poll-empty") + of("poll-useful"),
    empty: of("poll-empty"),
    connects: of("connect") + of("reconnect"),
    acks: of("ack"),
    messages,
    deliveries,
    each: messages > 0 ? hits / deliveries : NaN,
  };
}

/**
 * A share of all, as a whole number of hundredths in words.
 * @param {number} share from 0 to 1
 */
export function percent(share) {
  const hundredths = 100 * share;
  if (hundredths > 0 && hundredths < 0.5) return "<1";
  return hundredths > 99.5 && hundredths < 100 ? ">99" : String(Math.round(hundredths));
}

/** How many questions of how many were for nothing. @param {Tally} tally */
export function inVain(tally) {
  return tally.asked > 0 ? percent(tally.empty / tally.asked) : "0";
}

/** Hits for a delivery, as they are shown. @param {Tally} tally */
export function perDelivery(tally) {
  return Number.isFinite(tally.each) ? short(tally.each) : "–";
}

/**
 * A time as it is shown, in ms: what looks the same is the same. NaN for none.
 * @param {number} ms
 */
export function shownMs(ms) {
  const [number, unit] = time(ms);
  return unit ? Number(number.replaceAll(",", "")) * (unit === "s" ? 1000 : 1) : NaN;
}

// @ts-check
/**
 * What one is seeing, in sentences: from what is set, and from what was counted and is shown beside.
 *
 * What should be, by a formula, and what is, by the lanes, are told apart. Which lane costs more is
 * said only as the lanes' own figures say it, in the digits in which they are shown.
 */

import { count, short, time, times } from "./numbers.js";
import { inVain, percent, perDelivery, shownMs } from "./race_tally.js";

/** @typedef {import("./race_tally.js").Tally} Tally */
/** @typedef {{rate_per_s: number, poll_interval_s: number, payload_bytes: number, clients: number, one_way_ms: number}} Settings */
/** @typedef {{transport: string, tally: Tally, settings: Settings, stale: boolean, lump: number}} Seen `lump`: what this page's client got at once, the last time */
/** What a lane shows: `medianMs` is NaN before anything has landed.
 * @typedef {{name: string, title: string, tally: Tally, medianMs: number}} Shown */

// ---- in a lane ----------------------------------------------------------------------------------

/** @param {Seen} seen */
export function whatIsSeen(seen) {
  if (seen.transport === "short-polling") return shortPolling(seen);
  return seen.transport === "long-polling" ? longPolling(seen) : pushed(seen);
}

/** @param {Seen} seen */
function shortPolling({ tally, settings, stale, lump }) {
  if (tally.asked === 0) return tally.hits > 0 ? "It has come, and will ask." : "It has not asked yet.";
  const vain = tally.empty === 0 ? "never for nothing" : `${count(tally.empty)} for nothing`;
  const asked = `Asked ${times(tally.asked)}, ${vain}.`;
  if (stale) {
    const why = settings.one_way_ms > 0 ? "is on its way, or waits" : "is there, and nobody has asked yet";
    return `${asked} Something ${why}.`;
  }
  if (settings.rate_per_s === 0) return `${asked} ${tally.messages ? "Silence" : "Nothing is published"}, and still it asks.`;
  if (lump > 1 && tally.asked > tally.empty) return `${asked} The last answer brought ${count(lump)} at once.`;
  return asked;
}

/** @param {Seen} seen */
function longPolling({ tally, settings }) {
  if (tally.asked === 0) return "Its question waits at the server.";
  const asked = `Asked ${times(tally.asked)}`;
  const vain = tally.empty > 0 ? `, ${count(tally.empty)} for nothing.` : ", always answered with news.";
  return asked + vain + (settings.rate_per_s === 0 ? " The next question waits at the server." : "");
}

/** @type {Record<string, [string, string, string]>} one connection, more of them, who speaks. MQTT has
 * several control packets for one session, so these are not counted. */
const LINES = {
  sse: ["One request", "requests", "the answer goes on, and brought"],
  websocket: ["One handshake", "handshakes", "the server spoke"],
  mqtt: ["Connected", "", "the broker spoke"],
};

/** @param {Seen} seen */
function pushed({ transport, tally, settings, stale }) {
  const [one, many, spoke] = LINES[transport] ?? ["One connection", "connections", "the server spoke"];
  const opened = tally.connects;
  const head = opened === 0 ? "Connected before" : opened === 1 || !many ? one : `${count(opened)} ${many}`;
  const quiet = settings.rate_per_s === 0 && !stale ? " The line is silent." : "";
  if (tally.messages === 0) return `${head}.${quiet || " The server may speak at any time."}`;
  const brought =
    transport === "sse" ? `${count(tally.messages)} message${tally.messages === 1 ? "" : "s"}` : times(tally.messages);
  const acked = tally.acks >= tally.messages ? ", each to be confirmed" : "";
  return `${head}; ${spoke} ${brought}${acked}.${quiet}`;
}

// ---- above the lanes ----------------------------------------------------------------------------

/** Without zeros at its end. @param {number} value */
function brief(value) {
  return String(+value.toFixed(value < 1 ? 2 : 1));
}

/**
 * From one question of short polling to the next, in seconds: the clock's turns, of which those are
 * left out that come before the answer.
 * @param {Settings} settings
 */
export function pollPeriodS({ poll_interval_s: interval, one_way_ms }) {
  const wayS = (2 * one_way_ms) / 1000;
  return (Math.floor(wayS / interval + 1e-9) + 1) * interval;
}

/**
 * What is set.
 * @param {Settings} settings
 * @param {number} byHand messages that were published by hand
 */
export function whatIsSet(settings, byHand) {
  const { rate_per_s: rate, poll_interval_s: interval, clients, one_way_ms: way } = settings;
  const news =
    rate === 0
      ? `Nothing is published${byHand ? " but by hand" : ""}`
      : rate < 1
        ? `A message every ${brief(1 / rate)} s on average`
        : `${rate === 1 ? "A message" : `${brief(rate)} messages`} a second on average`;
  const period = pollPeriodS(settings);
  const really = period > interval * 1.001 ? ` (every ${brief(period)} s, since each waits for its answer)` : "";
  const many = clients > 1 ? `, ${count(clients)} clients in each lane` : "";
  const far = way > 0 ? `, ${count(way)} ms each way` : "";
  return `${news}, a poll every ${brief(interval)} s${really}${many}${far}.`;
}

/**
 * How many questions of short polling are for nothing: as many as should, and as many as were.
 * @param {Settings} settings
 * @param {Tally | undefined} tally of short polling, where it runs
 * @param {number} byHand messages that were published by hand
 */
export function whatFollows(settings, tally, byHand) {
  const due = settings.rate_per_s * pollPeriodS(settings);
  const far = tally?.asked ? `; so far ${inVain(tally)}\u00a0% (${count(tally.empty)} of ${count(tally.asked)})` : "";
  if (due === 0) return `${byHand ? "All other questions" : "Every question"} should find nothing${far}.`;
  const lump = due >= MANY ? `, and one should bring ${short(Math.round(due))} messages` : "";
  return `By e^(−rate × interval), ${percent(Math.exp(-due))}\u00a0% of the questions should find nothing${far}${lump}.`;
}

const MANY = 5; // messages for one question
const ENOUGH_MESSAGES = 3;

/**
 * What short polling costs beside the others, as the lanes' figures say.
 * @param {Shown[]} lanes
 */
export function whatLanesSay(lanes) {
  const running = lanes.filter(({ tally }) => tally.known && tally.messages >= ENOUGH_MESSAGES);
  const own = running.find(({ name }) => name === "short-polling");
  const others = running.filter((lane) => lane !== own);
  if (!own || others.length === 0) return "";
  const cost = (/** @type {Shown} */ lane) => Number(perDelivery(lane.tally).replaceAll(",", ""));
  const than = (/** @type {string} */ word, /** @type {Shown[]} */ which) =>
    which.length === 0 ? "" : `${word} ${which.length === others.length ? "any other lane" : named(which)}`;
  const sides = [
    than("less than", others.filter((lane) => cost(own) < cost(lane))),
    than("as much as", others.filter((lane) => cost(own) === cost(lane))),
    than("more than", others.filter((lane) => cost(own) > cost(lane))),
  ].filter(Boolean);
  const age = (/** @type {Shown} */ lane) => shownMs(lane.medianMs);
  const quickest = running.reduce((best, lane) => (age(lane) < age(best) ? lane : best));
  const old = (/** @type {Shown} */ lane) => time(lane.medianMs).join("\u00a0");
  const late = age(quickest) === age(own) ? "as soon as anywhere" : `${inSentence(quickest.title)}: ${old(quickest)}`;
  return `Short polling: ${perDelivery(own.tally)} hits a delivery, ${sides.join(", ")}; news after ${old(own)} (${late}).`;
}

/** @param {{title: string}[]} lanes */
function named(lanes) {
  const titles = lanes.map(({ title }) => inSentence(title));
  return titles.length < 2 ? titles.join("") : `${titles.slice(0, -1).join(", ")} and ${titles[titles.length - 1]}`;
}

/** A transport's title inside a sentence. @param {string} title */
export function inSentence(title) {
  return /^(Short|Long)/.test(title) ? title.charAt(0).toLowerCase() + title.slice(1) : title;
}

/** @param {number} boundMs */
export function clockNote(boundMs) {
  if (!(boundMs > 3)) return "";
  return `The server's clock is known to ±${time(boundMs).join(" ")} here: shorter times are not exact.`;
}

/** How many pages look on beside this one. @param {number} pages */
export function pagesNote(pages) {
  if (pages < 2) return "";
  const others = pages === 2 ? "Another page looks on" : `${count(pages - 1)} other pages look on`;
  return `${others}: a client more in every lane for each, whose hits count too.`;
}

/** Whose hits are counted besides. @param {number} elsewhere clients of the hub, not of the race */
export function elsewhereNote(elsewhere) {
  if (elsewhere === 0) return "";
  const whose = elsewhere === 1 ? "one more client" : `${count(elsewhere)} more clients`;
  return `The hits of ${whose} of this hub, in a chat, a game or a program, are counted in these lanes.`;
}

/** @typedef {{answers: number, all: {process: number, runs: boolean}[], held: Record<string, number[]>, cut_off: boolean}} Hubs */

/**
 * Which hub holds this page's connection in a lane; empty where the server is one hub.
 * @param {Hubs | undefined} hubs
 * @param {string} transport
 */
export function whereHeld(hubs, transport) {
  if (!hubs) return "";
  const held = hubs.held[transport] ?? [];
  const named = held.map((process) => `hub ${process}`).join(" and ");
  if (!named) return hubs.cut_off ? "at another hub" : "at no hub just now";
  return transport === "mqtt" ? `bridged by ${named}` : `at ${named}`;
}

/**
 * The hubs of this server; empty where it is one.
 * @param {Hubs | undefined} hubs
 */
export function hubsNote(hubs) {
  if (!hubs) return "";
  if (hubs.cut_off) {
    return (
      `The backplane is away: hub ${hubs.answers} answers for itself alone. ` +
      "Connections stand, nothing can be published, and nothing false is told."
    );
  }
  const named = hubs.all.map(({ process, runs }) => `${process}${runs ? " (publishes the race)" : ""}`);
  const who = hubs.all.length === 1 ? "One hub is there" : `${hubs.all.length} hubs, one backplane`;
  return `${who}: ${named.join(", ")}. Each message is published once, at one hub, and delivered by all.`;
}

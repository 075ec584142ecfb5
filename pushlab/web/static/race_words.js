// @ts-check
/** What one is seeing, in a sentence, from what really happened in a lane. */

import { count, counted, short, time, times } from "./numbers.js";

/** @typedef {import("./race_record.js").LaneRecord} LaneRecord */
/** @typedef {{rate_per_s: number, poll_interval_s: number, payload_bytes: number, clients: number, one_way_ms: number, paused: boolean}} Settings */

/** @typedef {{transport: string, record: LaneRecord, settings: Settings, staleMs: number}} Seen the record is that of the page's own client */

/** @param {Seen} seen */
export function whatIsSeen(seen) {
  if (seen.transport === "short-polling") return shortPolling(seen);
  return seen.transport === "long-polling" ? longPolling(seen) : pushed(seen);
}

/** @param {Seen} seen */
function shortPolling({ record, settings, staleMs }) {
  if (record.asked === 0) return "About to ask for the first time.";
  const vain = record.empty === 0 ? "never in vain" : `${count(record.empty)} for nothing`;
  const asked = `Asked ${times(record.asked)}, ${vain}.`;
  if (settings.paused && staleMs === 0) return `${asked} Nothing is published, and still it asks.`;
  if (record.lump > 1 && record.useful > 0) {
    return `${asked} The last poll fetched ${count(record.lump)} at once.`;
  }
  if (staleMs > 0) return `${asked} Something is there, and nobody has asked yet.`;
  return asked;
}

/** @param {Seen} seen */
function longPolling({ record, settings }) {
  if (record.asked === 0) return "Its question waits at the server.";
  const asked = `Asked ${times(record.asked)}`;
  const vain = record.empty > 0 ? `; ${count(record.empty)} waited in vain.` : ", always answered with news.";
  if (settings.paused) return `${asked}${vain} The next question waits at the server.`;
  return asked + vain;
}

/** @type {Record<string, [string, string, string]>} one connection, more of them, who speaks */
const LINES = {
  sse: ["One request", "requests", "the answer never ended, and brought"],
  websocket: ["One handshake", "handshakes", "the server spoke"],
  mqtt: ["One session", "sessions", "the broker spoke"],
};

/** @param {Seen} seen */
function pushed({ transport, record, settings, staleMs }) {
  const [one, many, spoke] = LINES[transport] ?? ["One connection", "connections", "the server spoke"];
  const opened = record.connects > 1 && transport !== "mqtt" ? `${count(record.connects)} ${many}` : one;
  if (record.messages === 0) return `${opened} is open; the server may speak at any time.`;
  const brought =
    transport === "sse" ? counted(record.messages, "message") : times(record.messages);
  const acked = record.acks >= record.messages ? ", and each had to be confirmed" : "";
  const said = `${opened}; ${spoke} ${brought}${acked}.`;
  if (settings.paused && staleMs === 0) return `${said} Nothing is published: the line is silent.`;
  return said;
}

/** Without zeros at its end. @param {number} value */
function brief(value) {
  return String(+value.toFixed(value < 1 ? 2 : 1));
}

/**
 * What the settings mean for polling: where it loses, and where it wins.
 * @param {Settings} settings
 */
export function whatToExpect(settings) {
  const { rate_per_s: rate, poll_interval_s: interval, paused } = settings;
  if (paused) return "Paused: nothing is published. Every poll now comes for nothing; push stands silent.";
  const due = rate * interval;
  const news = rate < 1 ? `A message every ${brief(1 / rate)} s` : `${rate === 1 ? "A message" : `${brief(rate)} messages`} a second`;
  const each = `${news}, a poll every ${brief(interval)} s`;
  if (due >= 1.5) {
    return (
      `${each}: one poll fetches about ${short(Math.round(due))}. Here polling wins on hits, ` +
      `${short(1 / due)} per message, and pays with news up to ${brief(interval)} s old.`
    );
  }
  if (due >= 0.75) {
    return `${each}: about one hit per message, as cheap as long polling, and up to ${brief(interval)} s late.`;
  }
  return (
    `${each}: about ${short(1 / due)} polls per message, ${Math.round((1 - due) * 100)} % of them for nothing. ` +
    "Push needs no question."
  );
}

/** @param {number} boundMs */
export function clockNote(boundMs) {
  if (!(boundMs > 3)) return "";
  return `The server's clock is known to ±${time(boundMs).join(" ")} here: shorter times are not exact.`;
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

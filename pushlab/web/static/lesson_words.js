// @ts-check
/** The lesson's sentences, and what stands on an arrow: a piece of a conversation in a few words. */

import { time } from "./numbers.js";

/** @typedef {{at_ms: number, sender: "client" | "server", connection: number, bytes: number, text: string, note?: string}} Piece */
/** @typedef {{at_ms: number, data: string}} Said */
/** @typedef {{transport: string, peer: string, span_ms: number, published: Said[], delivered: Said[], pieces: Piece[], hits: Record<string, number>}} Talk */

/** @type {Record<string, {saying: string, how: string, look: string}>} */
export const LESSONS = {
  "short-polling": {
    saying: "“Are we there yet?”",
    how:
      "The client asks again and again, by the clock. The server answers at once, and mostly there is nothing to say. " +
      "A message waits on the server until the next question comes.",
    look:
      "Look at the grey, dashed answers: each was a question for nothing. Then look at the right edge: how long does a " +
      "message wait until somebody asks?",
  },
  "long-polling": {
    saying: "“Tell me when we are there.”",
    how:
      "The client asks, and the server keeps the question until it has something to say, or until a time has run out. " +
      "With the answer in hand, the client asks the next question at once.",
    look:
      "Look at the long bars on the server's line: questions that wait. The answer leaves the moment a message is there, " +
      "but every answer costs another question. One question is held in vain: its time runs out.",
  },
  sse: {
    saying: "One question, and an answer that never ends.",
    how:
      "SSE stands for Server-Sent Events. The client makes one ordinary request; the server begins its answer and adds " +
      "lines to it whenever there is news. Every browser knows how to read that: it is called EventSource.",
    look: "Look at how one arrow goes to the server and all others come from it. Nobody asks for the messages any more.",
  },
  websocket: {
    saying: "A telephone call.",
    how:
      "The client asks once to leave HTTP and to speak WebSocket instead. From then on the line is open, and either side " +
      "may speak at any time, in small frames.",
    look:
      "Press a message's arrow and look at its size: a frame spends 2 bytes on top of the text. Then compare an answer " +
      "to a poll, under “Short polling”, with all its headers.",
  },
  mqtt: {
    saying: "A post office in between.",
    how:
      "The client does not speak to the application but to a broker. It logs in and says which topics it wants to hear of; " +
      "whatever is published there is passed on to it. MQTT was made for small machines on bad lines.",
    look:
      "Look at the PUBACKs: the broker keeps a message until the client has confirmed it, so that none is lost on the way. " +
      "That costs a packet per message.",
  },
};

/**
 * A text of at most so many characters.
 * @param {string} text
 * @param {number} most
 */
export function cut(text, most) {
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1)).trimEnd()}…`;
}

/** A cursor is long, and only its end is telling: ...4f1c9a02-17 becomes …17. @param {string} text */
function shortCursors(text) {
  return text.replace(/\b[0-9a-f]{8}-(\d+)\b/g, "…$1");
}

/**
 * What stands on the arrow.
 * @param {Piece} piece
 * @param {Said[]} published
 */
export function labelOf(piece, published) {
  const lines = piece.text.split("\n");
  const [first] = lines;
  const news = newsIn(piece, published);
  const quoted = news.map((text) => `“${text}”`).join(" ");
  const request = /^([A-Z]+) (\S+) HTTP\//.exec(first);
  if (request) return `${request[1]} ${shortCursors(request[2].replaceAll("&", " & "))}`;
  const answer = /^HTTP\/[\d.]+ (\d+ .*)$/.exec(first);
  if (answer) {
    if (quoted) return `${answer[1]} · ${quoted}`;
    return /event-stream/.test(piece.text) ? `${answer[1]}, and to be continued …` : answer[1];
  }
  if (first.startsWith("[chunk")) return quoted ? `data: ${news.join(" ")}` : shortCursors(lines[1] ?? first);
  const packets = lines.map((line) => /^\[([A-Z]+), /.exec(line)?.[1]).filter(Boolean);
  if (packets.length > 0) return quoted ? `${packets[0]} · ${quoted}` : packetsIn(lines);
  const frame = /^\[(\w+) frame, [^\]]*\]\s?(.*)$/s.exec(first);
  if (frame) return quoted ? `${frame[1]} frame · ${quoted}` : `${frame[1]} frame ${shortCursors(frame[2])}`.trim();
  return shortCursors(first);
}

/**
 * MQTT's packets in a piece, each name once, and what those say that are no message.
 * @param {string[]} lines
 */
function packetsIn(lines) {
  const said = lines.map((line) => {
    const [, name, rest] = /^\[([A-Z]+), [^\]]*\](.*)$/.exec(line) ?? ["", line, ""];
    if (name !== "PUBLISH") return name;
    if (/\{"ask"/.test(rest)) return "PUBLISH “where am I?”";
    if (/\{"leave"/.test(rest)) return "PUBLISH “goodbye”";
    const at = /[0-9a-f]{8}-(\d+)$/.exec(rest);
    return at ? `PUBLISH “you are at ${at[1]}”` : name;
  });
  return [...new Set(said)].join(" · ");
}

/**
 * The messages that a piece brings.
 * @param {Piece} piece
 * @param {Said[]} published
 * @returns {string[]}
 */
export function newsIn(piece, published) {
  if (piece.sender !== "server") return [];
  return published.map(({ data }) => data).filter((data) => piece.text.includes(data));
}

/**
 * The piece that brings a published message; -1: none does.
 * @param {Talk} talk
 * @param {number} index of the message
 */
export function sentWith(talk, index) {
  const { at_ms, data } = talk.published[index];
  return talk.pieces.findIndex(
    (piece) => piece.sender === "server" && piece.at_ms >= at_ms - 1 && piece.text.includes(data),
  );
}

/**
 * What becomes of a message at the moment in which it is published.
 * @param {Talk} talk
 * @param {number} index of the message
 */
export function fateOf(talk, index) {
  const sent = sentWith(talk, index);
  const other = talk.peer === "broker" ? "broker" : "server";
  const now = WAITING[talk.transport] ?? "";
  if (sent < 0) return `${now} Within this conversation it is not sent.`;
  const wait = waitsOf(talk)[index] ?? 0;
  const when = wait < 10 ? `It leaves at once, ${time(wait).join(" ")} later` : `It waits at the ${other} for ${time(wait).join(" ")}`;
  return `${now} ${when}, and comes at ${time(talk.pieces[sent].at_ms).join(" ")}.`;
}

/** @type {Record<string, string>} what there is for a message to travel on */
const WAITING = {
  "short-polling": "Nobody has asked, so nothing can be sent.",
  "long-polling": "A question is waiting at the server: this is its answer.",
  sse: "The answer to the client's one request is still open: this is added to it.",
  websocket: "The line is open in both directions.",
  mqtt: "The broker knows who wants to hear it.",
};

/** @typedef {"ask" | "vain" | "news" | "rest"} Sense */

/**
 * What a piece means to the reader.
 * @param {Talk} talk
 * @param {number} index
 * @returns {Sense}
 */
export function senseOf(talk, index) {
  const piece = talk.pieces[index];
  if (newsIn(piece, talk.published).length > 0) return "news";
  if (piece.sender === "client") return /^(GET|\[CONNECT|\[SUBSCRIBE)/.test(piece.text) ? "ask" : "rest";
  const before = talk.pieces[index - 1];
  const polled = before?.sender === "client" && before.text.startsWith("GET");
  return polled && piece.text.startsWith("HTTP/1.1 204") ? "vain" : "rest";
}

/**
 * How long each message waited, in ms, as the messages were published.
 * @param {Talk} talk
 * @returns {(number | null)[]} null: it did not come within the conversation
 */
export function waitsOf(talk) {
  return talk.published.map(({ at_ms, data }) => {
    const came = talk.delivered.find((one) => one.data === data && one.at_ms >= at_ms - 1);
    return came ? Math.max(0, came.at_ms - at_ms) : null;
  });
}

/**
 * The figures of a conversation.
 * @param {Talk} talk
 */
export function figuresOf(talk) {
  const waits = waitsOf(talk).filter((wait) => wait !== null);
  return {
    sent: talk.pieces.filter(({ sender }) => sender === "client").length,
    vain: talk.pieces.filter((_, index) => senseOf(talk, index) === "vain").length,
    bytes: talk.pieces.reduce((sum, piece) => sum + piece.bytes, 0),
    messages: waits.length,
    longestMs: waits.length > 0 ? Math.max(...waits) : NaN,
  };
}

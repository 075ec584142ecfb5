// @ts-check
/**
 * The wire meter: what a page's channel costs on the wire, transport by transport.
 *
 * It counts each hit that the page makes in order to receive (a poll, a handshake, an MQTT
 * packet), the bytes as far as a page can know them, and the round trip of the page's own messages:
 * from a key pressed, by an ordinary post to the server, back over the channel. Both ends of that
 * are read from one clock, so it needs no estimate of how far the server's clock is off.
 */

import { count, median, size, time, times } from "./numbers.js";
import { element, markOf, shownAs, titleOf } from "./page.js";

/**
 * One transport's figures on this page. `asked` leaves out confirmations, keep-alives and goodbyes;
 * `trips` are the newest round trips, in milliseconds.
 * @typedef {{transport: string, hits: number, asked: number, empty: number, sent: number,
 *   received: number, messages: number, trips: number[]}} Tally
 */

/**
 * What is shown of a tally; what has a `column` also where transports stand side by side.
 * @type {{label: string, column?: string, isWaste?: boolean, said: (tally: Tally) => string}[]}
 */
const FIGURES = [
  { label: "Hits on the server", column: "Hits", said: ({ hits }) => count(hits) },
  { label: "Brought nothing", column: "In vain", isWaste: true, said: ({ empty }) => count(empty) },
  { label: "Bytes in", column: "In", said: ({ received }) => size(received).join(" ") },
  { label: "Bytes out", said: ({ sent }) => size(sent).join(" ") },
  { label: "Round trip, median", column: "Round trip", said: ({ trips }) => time(median(trips)).join(" ") },
  { label: "The last one", said: ({ trips }) => time(trips.at(-1)).join(" ") },
];
const COLUMNS = FIGURES.filter(({ column }) => column);

const SHOWN_HITS = 48;
const KEPT_TRIPS = 99;
const ASKING = new Set(["poll-empty", "poll-useful", "connect", "reconnect"]);

/** @type {Record<string, string>} */
const IN_WORDS = {
  "poll-empty": "a poll that brought nothing",
  "poll-useful": "a poll that brought something",
  connect: "opened a connection",
  reconnect: "opened a connection again",
  "keep-alive": "said that it lives",
  ack: "confirmed a delivery",
  leave: "said goodbye",
  refused: "was refused",
};

/**
 * What the figures say, in words.
 * @param {Tally} tally
 */
export function sentenceOf({ transport, asked, empty, messages }) {
  if (asked === 0) return "This page has not asked yet.";
  if (shownAs(transport)?.asks) {
    const vain = empty === 0 ? "not once in vain" : `${count(empty)} brought nothing`;
    return `This page has asked ${times(asked)}; ${vain}.`;
  }
  if (messages === 0) return `This page has asked ${times(asked)}; what is new comes by itself.`;
  const came = messages === 1 ? "1 message has come by itself" : `${count(messages)} messages have come by themselves`;
  return `This page has asked ${times(asked)}; ${came}.`;
}

/** Draws a page's hits, bytes and round trips into an element of the page. */
export class WireMeter {
  /** @type {Map<string, Tally>} */
  #tallies = new Map();
  /** @type {Tally | null} */
  #now = null;
  #due = false;

  /** @param {HTMLElement} place an empty element */
  constructor(place) {
    this._sentence = element("p", { class: "meter-sentence" });
    this._strip = element("div", { class: "meter-strip", "aria-hidden": "true" });
    this._figures = FIGURES.map(() => element("dd", {}, "–"));
    const figures = FIGURES.map(({ label }, index) =>
      element("div", {}, element("dt", {}, label), this._figures[index]),
    );
    this._rows = element("tbody");
    this._table = element(
      "table",
      { class: "meter-table", hidden: true },
      element("caption", {}, "Side by side, on this page so far"),
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ...["Transport", ...COLUMNS.map(({ column }) => column)].map((name) =>
            element("th", { scope: "col" }, name),
          ),
        ),
      ),
      this._rows,
    );
    place.replaceChildren(
      this._sentence,
      this._strip,
      element("dl", { class: "stat meter-figures" }, ...figures),
      this._table,
      element(
        "p",
        { class: "note" },
        "Each bar is one hit; a hollow one brought nothing. The round trip is that of your own " +
          "messages: by a post to the server, back over this channel. Those posts are not counted: " +
          "they are the same whatever carries the channel. Bytes are those that a page can see.",
      ),
    );
  }

  /**
   * Show this transport's figures from now on.
   * @param {string} transport
   */
  use(transport) {
    this.#now = this.#of(transport);
    this.#draw();
  }

  /**
   * A hit was made.
   * @param {string} transport
   * @param {string} kind as the hub names it
   */
  hit(transport, kind) {
    const tally = this.#of(transport);
    tally.hits += 1;
    if (kind === "poll-empty") tally.empty += 1;
    if (ASKING.has(kind)) tally.asked += 1;
    this._strip.append(
      element("span", {
        class: "meter-hit",
        title: `${titleOf(transport)}: ${IN_WORDS[kind] ?? kind}`,
        data: { transport, kind },
      }),
    );
    if (this._strip.childElementCount > SHOWN_HITS) this._strip.firstElementChild?.remove();
    this.#draw();
  }

  /**
   * Bytes went and came.
   * @param {string} transport
   * @param {number} sent
   * @param {number} received
   */
  bytes(transport, sent, received) {
    const tally = this.#of(transport);
    tally.sent += sent;
    tally.received += received;
    this.#draw();
  }

  /**
   * A message landed.
   * @param {string} transport
   */
  message(transport) {
    this.#of(transport).messages += 1;
    this.#draw();
  }

  /**
   * One of the page's own messages came back.
   * @param {string} transport
   * @param {number} ms
   */
  trip(transport, ms) {
    const { trips } = this.#of(transport);
    trips.push(ms);
    if (trips.length > KEPT_TRIPS) trips.shift();
    this.#draw();
  }

  /**
   * @param {string} transport
   * @returns {Tally}
   */
  #of(transport) {
    let tally = this.#tallies.get(transport);
    if (!tally) {
      tally = { transport, hits: 0, asked: 0, empty: 0, sent: 0, received: 0, messages: 0, trips: [] };
      this.#tallies.set(transport, tally);
    }
    return tally;
  }

  /** Draw once for all that happens before the next frame; a hidden page draws when it is seen. */
  #draw() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#show();
    });
  }

  #show() {
    const tally = this.#now;
    if (!tally) return;
    this._sentence.textContent = sentenceOf(tally);
    FIGURES.forEach(({ said, isWaste }, index) => {
      this._figures[index].textContent = said(tally);
      this._figures[index].classList.toggle("wasted", Boolean(isWaste) && tally.empty > 0);
    });
    const used = [...this.#tallies.values()].filter((one) => one.hits > 0);
    this._table.hidden = used.length < 2;
    this._rows.replaceChildren(
      ...used.map((one) =>
        element(
          "tr",
          {},
          element("th", { scope: "row" }, markOf(one.transport), titleOf(one.transport)),
          ...COLUMNS.map(({ said }) => element("td", {}, said(one))),
        ),
      ),
    );
  }
}

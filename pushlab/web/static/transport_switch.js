// @ts-check
/**
 * A channel whose transport can be changed while messages come, and the switch to change it.
 *
 * Make before break: the new transport opens where the page stands, and the old one is closed only
 * when the new one stands. What comes behind that is passed over, so nothing is lost, nothing comes
 * twice, however often it is switched, and to the server the client has been there all the time. A
 * transport that cannot be opened leaves everything as it was.
 */

import { Channel, parseCursor, spell } from "./channel.js";
import { element, markOf, titleOf } from "./page.js";

/** @typedef {import("./channel.js").Cursor} Cursor */
/** @typedef {import("./channel.js").Socket} Socket */

/**
 * What a page hears of its channel. Each is called with the transport that it happened on.
 * @typedef {object} Handlers
 * @property {(transport: string) => void} onopen it stands, for the first time or after a switch
 * @property {(message: {data: string, seq: number}, transport: string) => void} onmessage
 * @property {(gap: {missed: number | null}) => void} ongap
 * @property {(kind: string, transport: string) => void} onhit
 * @property {(sent: number, received: number, transport: string) => void} onbytes since it was told last
 * @property {() => void} onlost the line is lost; it is being tried again
 * @property {(transport: string) => void} onreconnect it stands again
 * @property {(why: string) => void} onend it has ended
 * @property {(transport: string, why: string) => void} onrefused a switch did not succeed
 */

/** The choices of the switch. */
export const CHOICES = ["auto", "websocket", "sse", "long-polling", "short-polling", "mqtt"];

const OPEN_WITHIN_MS = 10_000;

/** One channel over one transport after the other. */
export class SwitchedChannel {
  /** @type {Socket | null} */
  #socket = null;
  /** @type {Socket | null} */
  #next = null;
  /** The last message, or gap, that the page was told of. @type {Cursor | null} */
  #told = null;
  #timer = 0;
  #ended = false;

  /**
   * @param {object} options
   * @param {string} options.token
   * @param {string | null} options.after the cursor to begin after
   * @param {string} options.transport one of the CHOICES
   * @param {number} options.pollInterval in seconds, for short polling
   * @param {() => Promise<string | null>} options.refreshToken
   * @param {Handlers} options.handlers
   */
  constructor({ token, after, transport, pollInterval, refreshToken, handlers }) {
    this.token = token;
    this.pollInterval = pollInterval;
    this.handlers = handlers;
    this.refreshToken = async () => {
      const token = await refreshToken();
      if (token !== null) this.token = token;
      return token;
    };
    this.#socket = this.#open(transport, after);
  }

  /** The transport in use; while `auto` is still looking, the one it tries. */
  get transport() {
    return this.#socket?.transport ?? "";
  }

  /** Where the page stands, which a transport that has just opened may have yet to reach. */
  get cursor() {
    return this.#told ? spell(this.#told) : (this.#socket?.cursor ?? null);
  }

  /** Carry the channel by another transport. @param {string} transport one of the CHOICES */
  switchTo(transport) {
    if (this.#ended || !this.#socket) return;
    this.#giveUp();
    this.#timer = setTimeout(() => this.#refused("it did not open in time"), OPEN_WITHIN_MS);
    this.#next = this.#open(transport, this.cursor);
    this.wanted = transport;
  }

  /** End it. */
  close() {
    this.#ended = true;
    this.#giveUp();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /**
   * @param {string} transport
   * @param {string | null} after
   * @returns {Socket}
   */
  #open(transport, after) {
    let why = "it was closed";
    const options = {
      transport,
      after,
      pollInterval: this.pollInterval,
      refreshToken: this.refreshToken,
    };
    const socket = new Channel(this.token, options).open();
    let told = { sent: 0, received: 0 };
    const tellBytes = () => {
      const { sent, received } = socket.stats; // a stream's bytes belong to no hit
      if (sent === told.sent && received === told.received) return;
      this.handlers.onbytes(sent - told.sent, received - told.received, socket.transport);
      told = { sent, received };
    };
    socket.onopen = () => {
      if (socket === this.#next) this.#promote(socket);
      if (socket === this.#socket) this.handlers.onopen(socket.transport);
    };
    socket.onlost = () => {
      if (socket === this.#socket) this.handlers.onlost();
    };
    socket.onreconnect = () => {
      if (socket === this.#socket) this.handlers.onreconnect(socket.transport);
    };
    socket.onmessage = (message) => {
      tellBytes();
      if (socket === this.#socket && this.#isNews(socket.cursor)) {
        this.handlers.onmessage(message, socket.transport);
      }
    };
    socket.ongap = (gap) => {
      if (socket === this.#socket && this.#isNews(gap.resumed)) this.handlers.ongap(gap);
    };
    socket.onhit = ({ kind }) => {
      this.handlers.onhit(kind, socket.transport);
      tellBytes();
    };
    socket.onerror = ({ description }) => {
      why = description;
    };
    socket.onclose = () => {
      if (socket === this.#next) this.#refused(why);
      else if (socket === this.#socket && !this.#ended) {
        this.#ended = true;
        this.#giveUp();
        this.handlers.onend(why);
      }
    };
    return socket;
  }

  /** Whether the page has not been told of this yet; it is told now. @param {string | null} cursor */
  #isNews(cursor) {
    const at = parseCursor(cursor);
    if (this.#told?.epoch === at.epoch && at.seq <= this.#told.seq) return false;
    this.#told = at;
    return true;
  }

  /** @param {Socket} socket */
  #promote(socket) {
    clearTimeout(this.#timer);
    const old = this.#socket;
    this.#socket = socket;
    this.#next = null;
    old?.close();
  }

  #giveUp() {
    clearTimeout(this.#timer);
    const next = this.#next;
    this.#next = null;
    next?.close();
  }

  /** @param {string} why */
  #refused(why) {
    const wanted = this.wanted ?? "";
    this.#giveUp();
    this.handlers.onrefused(wanted, why);
  }
}

/**
 * The switch: a group of radio buttons, with the interval of short polling beside it.
 * @param {HTMLElement} place an empty element
 * @param {object} options
 * @param {string} options.chosen one of the CHOICES
 * @param {(transport: string, pollInterval: number) => void} options.onchange
 * @returns {{choose: (transport: string) => void, readonly transport: string,
 *   readonly pollInterval: number, say: (text: string) => void}}
 */
export function transportSwitch(place, { chosen, onchange }) {
  const radios = CHOICES.map((name) =>
    element("input", { type: "radio", name: "transport", value: name, checked: name === chosen }),
  );
  const interval = element(
    "select",
    { id: "poll-interval" },
    ...[0.25, 0.5, 1, 2, 3].map((seconds) =>
      element("option", { value: seconds, selected: seconds === 1 }, `${seconds} s`),
    ),
  );
  const every = element(
    "div",
    { class: "poll-interval", hidden: chosen !== "short-polling" },
    element("label", { for: "poll-interval" }, "Ask every"),
    interval,
  );
  const said = element("p", { class: "note switch-said", role: "status" });
  const group = element(
    "fieldset",
    { class: "switch" },
    element("legend", {}, "Carried by"),
    ...CHOICES.map((name, index) =>
      element(
        "label",
        {},
        radios[index],
        name === "auto" ? null : markOf(name),
        name === "auto" ? "Automatic" : titleOf(name),
      ),
    ),
  );
  place.replaceChildren(group, every, said);
  const current = () => radios.find((radio) => radio.checked)?.value ?? "auto";
  const changed = () => {
    every.hidden = current() !== "short-polling";
    said.textContent = "";
    onchange(current(), Number(interval.value));
  };
  group.addEventListener("change", changed);
  interval.addEventListener("change", changed);
  return {
    get transport() {
      return current();
    },
    get pollInterval() {
      return Number(interval.value);
    },
    choose(transport) {
      for (const radio of radios) radio.checked = radio.value === transport;
      every.hidden = transport !== "short-polling";
    },
    say(text) {
      said.textContent = text;
    },
  };
}

/**
 * The transport that the page's own URL asks for.
 * @returns {string} one of the CHOICES
 */
export function askedTransport() {
  const asked = new URLSearchParams(location.search).get("transport") ?? "auto";
  return CHOICES.includes(asked) ? asked : "auto";
}

// @ts-check
/** One lane of the race: this page's own client on one transport, its picture and its figures. */

import { Channel } from "./channel.js";
import { count, counted, size, time } from "./numbers.js";
import { element, markOf, setText } from "./page.js";
import { LanePicture } from "./race_canvas.js";
import { HIT_KINDS, LaneRecord } from "./race_record.js";
import { inVain, perDelivery, tallyOf } from "./race_tally.js";
import { whatIsSeen } from "./race_words.js";

/** @typedef {import("./page.js").Shown} Shown */
/** @typedef {import("./race_words.js").Settings} Settings */
/** @typedef {{client_id: string, token: string, cursor: string}} Seat */
/** What the server counted in a lane: since its last reset, or less what was before this page came.
 * @typedef {{hits: Record<string, number>, wasted: number, swarm: {clients: number, bytes_in: number, bytes_out: number, deliveries: number, ready: boolean, note: string}}} Told */

/** The figures of a lane; those with `rest` are left out in the presenter's mode. */
const FIGURES = [
  { key: "hits", label: "Hits on server" },
  { key: "wasted", label: "For nothing" },
  { key: "stale", label: "Staleness now", rest: true },
  { key: "each", label: "Hits per delivery" },
  { key: "bytes", label: "Bytes", rest: true },
  { key: "median", label: "Latency (median)" },
];
const NO_TALLY = Object.freeze({
  known: false, hits: 0, asked: 0, empty: 0, connects: 0, acks: 0, messages: 0, deliveries: 0, each: NaN,
});

const NOT_YET = "Not connected yet.";

export class Lane {
  /**
   * @param {Shown} shown
   * @param {object} race
   * @param {import("./race_record.js").Published} race.published
   * @param {import("./server_clock.js").ServerClock} race.clock
   * @param {import("./slow_link.js").SlowLink} race.link this lane's own
   */
  constructor(shown, { published, clock, link }) {
    this.shown = shown;
    this.link = link;
    this.record = new LaneRecord(published);
    this._clock = clock;
    /** @type {any} */
    this._socket = null;
    /** @type {Seat | null} */
    this._seat = null;
    /** @type {(() => Promise<string | null>) | undefined} */
    this._refreshToken = undefined;
    this._bytes = 0; // of sockets that are closed, and less what was before a reset
    this._problem = "";
    this._notOpen = NOT_YET; // why nothing can come now; empty while the channel stands
    /** @type {Told | null} */
    this._base = null;
    /** @type {import("./race_words.js").Shown} What stands in the lane now. */
    this.shows = { name: shown.name, title: shown.title, tally: NO_TALLY, medianMs: NaN };
    /** @type {Map<string, [Text, Text]>} number and unit of each figure */
    this._figures = new Map();
    this.canvas = element("canvas", { role: "img" });
    this._seen = element("p", { class: "seen" });
    this._hub = element("p", { class: "hub", hidden: "" });
    this.root = this._build();
    this._each = /** @type {HTMLElement | null} */ (this.root.querySelector(".each"));
    this._wasted = this.root.querySelector(".wasted");
    this.picture = new LanePicture(this.canvas, shown.dash);
  }

  // ---- its client ------------------------------------------------------------------------------

  /**
   * Open this page's channel.
   * @param {Seat} seat
   * @param {number} pollIntervalS
   * @param {() => Promise<string | null>} refreshToken
   */
  open(seat, pollIntervalS, refreshToken) {
    this._seat = seat;
    this._refreshToken = refreshToken;
    this._open(seat.cursor, pollIntervalS);
  }

  /** Go on where it is, asking at another interval. @param {number} pollIntervalS */
  reopen(pollIntervalS) {
    if (this._seat === null || this._socket === null || this._problem) return;
    const { cursor } = this._socket;
    this.close();
    this._open(cursor ?? this._seat.cursor, pollIntervalS);
  }

  close() {
    if (this._socket === null) return;
    const { sent, received } = this._socket.stats;
    this._bytes += sent + received;
    this._socket.close();
    this._socket = null;
  }

  /** The lane stands still, and says why. @param {string} why */
  fail(why) {
    this._problem = why;
  }

  /** It has no seat yet, and says why. @param {string} why */
  wait(why) {
    if (this._seat === null) this._notOpen = `Not connected: ${why}`;
  }

  /**
   * @param {string | null} cursor
   * @param {number} pollIntervalS
   */
  _open(cursor, pollIntervalS) {
    const { record, _clock: clock } = this;
    this._problem = "";
    this._notOpen = NOT_YET;
    const channel = new Channel(/** @type {Seat} */ (this._seat).token, {
      transport: this.shown.name,
      after: cursor,
      pollInterval: pollIntervalS,
      refreshToken: this._refreshToken,
      fetch: this.link.fetch,
      WebSocket: this.link.WebSocket,
      EventSource: this.link.EventSource,
    });
    this._socket = channel.open({
      onopen: () => (this._notOpen = ""),
      onlost: () => (this._notOpen = "The connection is lost; it is tried again."),
      ontrouble: (/** @type {{reason: string}} */ { reason }) => {
        if (!this._notOpen || reason === "connection lost") return;
        const status = /^http-(\d+)$/.exec(reason)?.[1]; // and not a word of ours
        this._notOpen = `Not connected: ${status ? `a proxy answers ${status}.` : reason}`;
      },
      onreconnect: () => (this._notOpen = ""),
      onmessage: (/** @type {{data: string}} */ { data }) => {
        const now = performance.now();
        const message = JSON.parse(data);
        record.land(message.n, clock.here(message.sent_ms), now);
      },
      onhit: (/** @type {{kind: string}} */ { kind }) => {
        const known = HIT_KINDS.indexOf(kind);
        if (known >= 0) record.hit(known, performance.now());
      },
      onerror: (/** @type {{description: string}} */ { description }) => {
        this._problem = description;
      },
    });
  }

  /**
   * Forget everything, and count from here.
   * @param {Told | null} base what the server counts already
   * @param {number} sinceMs
   * @returns {() => void} to be called when `published` has been cleared
   */
  clear(base, sinceMs) {
    this._base = base;
    const stats = this._socket?.stats;
    this._bytes = stats ? -stats.sent - stats.received : 0;
    return this.record.clear(sinceMs);
  }

  // ---- its picture and its figures -------------------------------------------------------------

  _build() {
    const { shown } = this;
    const figures = element("dl", { class: "figures" });
    for (const { key, label, rest } of FIGURES) {
      const number = document.createTextNode("–");
      const unit = document.createTextNode("");
      this._figures.set(key, [number, unit]);
      figures.append(
        element(
          "div",
          { class: `stat ${key}${rest ? " rest" : ""}`, data: { figure: key } },
          element("dt", {}, label),
          element("dd", {}, number, element("small", {}, unit)),
        ),
      );
    }
    return element(
      "li",
      { class: "lane", data: { transport: shown.name } },
      element(
        "div",
        { class: "head" },
        element("h3", {}, shown.title, markOf(shown.name)),
        element("p", { class: "who" }, shown.asks ? "the client asks" : "the server speaks first"),
        this._hub,
        this._seen,
      ),
      this.canvas,
      figures,
    );
  }

  /**
   * Write the figures: a few times a second.
   * @param {Told | undefined} told by the server
   * @param {Settings} settings
   * @param {object} now
   * @param {number} now.seenMs the moment that is seen
   * @param {number} now.pages how many look on
   * @param {boolean} now.begun false: what is set has not begun yet, and there is nothing to tell
   */
  write(told, settings, { seenMs, pages, begun }) {
    const { record } = this;
    const tally = begun ? tallyOf(told, this._base, record, pages) : NO_TALLY;
    const staleMs = begun ? record.stalenessMs(seenMs) : 0;
    const medianMs = begun ? record.medianMs() : NaN;
    this.shows = { name: this.shown.name, title: this.shown.title, tally, medianMs };
    const idle = this._problem !== "";
    this.root.classList.toggle("idle", idle);
    this._seen.classList.toggle("problem", idle);
    const standing = this._problem || this._notOpen;
    const seen = { transport: this.shown.name, tally, settings, stale: staleMs > 0, lump: record.lump };
    let sentence = standing || (begun ? whatIsSeen(seen) : "It begins anew.");
    if (!idle && begun && told && !told.swarm.ready && told.swarm.note) sentence = told.swarm.note;
    setText(this._seen, sentence);

    const base = this._base;
    const label = `${this.shown.title}: ${counted(record.messages, "message")} landed here; the last 30 seconds, drawn`;
    if (this.canvas.getAttribute("aria-label") !== label) this.canvas.setAttribute("aria-label", label);
    const stats = this._socket?.stats;
    const bytes =
      this._bytes +
      (stats ? stats.sent + stats.received : 0) +
      (told ? told.swarm.bytes_in + told.swarm.bytes_out : 0) -
      (base ? base.swarm.bytes_in + base.swarm.bytes_out : 0);
    this._put("hits", [tally.known ? count(tally.hits) : "–", ""]);
    this._wasted?.classList.toggle("none", tally.empty === 0);
    this._put("wasted", tally.known && !idle ? [inVain(tally), "%"] : ["–", ""]);
    this._put("stale", !begun ? ["–", ""] : staleMs === 0 ? ["0", "s"] : time(staleMs));
    this._put("each", [perDelivery(tally), ""]);
    const of = `${counted(tally.hits, "hit")} for ${counted(tally.deliveries, "delivery", "deliveries")}`;
    if (this._each && this._each.title !== of) this._each.title = of;
    this._put("bytes", begun ? size(Math.max(0, bytes)) : ["–", ""]);
    this._put("median", time(medianMs));
  }

  /** Which hub holds its connection, where there are several. @param {string} said */
  heldBy(said) {
    this._hub.hidden = said === "";
    setText(this._hub, said);
  }

  /**
   * @param {string} key
   * @param {[string, string]} said number and unit
   */
  _put(key, [number, unit]) {
    const [one, other] = /** @type {[Text, Text]} */ (this._figures.get(key));
    if (one.data !== number) one.data = number;
    if (other.data.trim() !== unit) other.data = unit && ` ${unit}`;
  }
}

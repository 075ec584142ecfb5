// @ts-check
/**
 * What happened in the race, in rings of numbers: nothing grows, however long it runs.
 *
 * Messages are numbered by the publisher without holes, so a message's number is its place in the
 * ring. All times are in milliseconds of `performance.now()`.
 */

import { median } from "./numbers.js";

/** @typedef {(startMs: number, endMs: number, sentMs: number) => void} Span */

/** Messages that are remembered: 50 a second for over two minutes. A power of two. */
const KEPT_MESSAGES = 8192;
const MESSAGE_MASK = KEPT_MESSAGES - 1;
const KEPT_HITS = 4096;
const HIT_MASK = KEPT_HITS - 1;
const KEPT_LATENCIES = 101;

/** What was published, as far as any lane has heard of it. */
export class Published {
  constructor() {
    this._sent = new Float64Array(KEPT_MESSAGES).fill(NaN);
    this.first = 0; // 0: nothing yet
    this.last = 0;
    this.sinceMs = -Infinity;
  }

  /** Forget all, and what was published before `sinceMs`. @param {number} sinceMs */
  clear(sinceMs) {
    this._sent.fill(NaN);
    this.first = 0;
    this.last = 0;
    this.sinceMs = sinceMs;
  }

  /**
   * @param {number} n
   * @param {number} sentMs
   * @returns {boolean} whether it belongs to the race since its reset
   */
  learn(n, sentMs) {
    if (sentMs < this.sinceMs) return false;
    if (this.last === 0 || n < this.first) {
      this.first = n;
    } else if (n > this.last) {
      // Those between were published, and nobody here knows when yet.
      const from = Math.max(this.last + 1, n - KEPT_MESSAGES + 1);
      for (let m = from; m < n; m += 1) this._sent[m & MESSAGE_MASK] = NaN;
    }
    this.last = Math.max(this.last, n);
    if (n > this.last - KEPT_MESSAGES) this._sent[n & MESSAGE_MASK] = sentMs;
    return true;
  }

  /** The oldest message that is remembered. */
  get oldest() {
    return Math.max(this.first, this.last - KEPT_MESSAGES + 1);
  }

  /** When `n` was published; NaN if that is not known. @param {number} n */
  sentMs(n) {
    return n >= this.oldest && n <= this.last ? this._sent[n & MESSAGE_MASK] : NaN;
  }
}

/** What one lane's client got, and what it asked for it. */
export class LaneRecord {
  /** @param {Published} published */
  constructor(published) {
    this.published = published;
    this._arrived = new Float64Array(KEPT_MESSAGES).fill(NaN);
    this._hitMs = new Float64Array(KEPT_HITS);
    this._hitKind = new Uint8Array(KEPT_HITS);
    this._latencies = new Float64Array(KEPT_LATENCIES);
    this.got = 0; // the newest message that the client has
    this.messages = 0;
    this.hits = 0; // in all; the ring keeps the newest
    this._firstHit = 0; // of this comparison
    /** How many hits of each kind, by their index in HIT_KINDS. */
    this.kinds = new Uint32Array(HIT_KINDS.length);
    this.lump = 0; // messages that landed together, the last time
    this.lumpMs = -Infinity;
    this._owedMs = NaN; // when the oldest message was published that the client has not
  }

  /**
   * Begin anew, with what has happened since `sinceMs`; the same moment as for `Published.clear`,
   * which comes between the two halves of this.
   * @param {number} sinceMs
   * @returns {() => void} the second half
   */
  clear(sinceMs) {
    /** @type {[number, number, number][]} */
    const kept = [];
    for (let n = this.got; n >= this.published.oldest && n > 0; n -= 1) {
      const sent = this.published.sentMs(n);
      if (sent < sinceMs) break;
      const arrived = this.arrivedMs(n);
      if (!Number.isNaN(sent) && !Number.isNaN(arrived)) kept.push([n, sent, arrived]);
    }
    this._arrived.fill(NaN);
    this.got = this.messages = this.lump = 0;
    this.lumpMs = -Infinity;
    this._owedMs = NaN;
    this._firstHit = this.oldestHit;
    while (this._firstHit < this.hits && this.hitMs(this._firstHit) < sinceMs) this._firstHit += 1;
    this.kinds.fill(0);
    for (let i = this._firstHit; i < this.hits; i += 1) this.kinds[this.hitKind(i)] += 1;
    return () => {
      for (const [n, sent, arrived] of kept.reverse()) this.land(n, sent, arrived);
    };
  }

  /**
   * A message landed.
   * @param {number} n
   * @param {number} sentMs
   * @param {number} atMs
   */
  land(n, sentMs, atMs) {
    if (!this.published.learn(n, sentMs) || n <= this.got) return;
    // Deliveries are in order: what was passed over (a gap) will not come any more.
    const from = Math.max(this.got + 1, this.published.oldest);
    for (let m = from; m < n; m += 1) this._arrived[m & MESSAGE_MASK] = NaN;
    this._arrived[n & MESSAGE_MASK] = atMs;
    this.got = n;
    this._latencies[this.messages % KEPT_LATENCIES] = Math.max(0, atMs - sentMs);
    this.messages += 1;
    this.lump = atMs - this.lumpMs < 4 ? this.lump + 1 : 1;
    this.lumpMs = atMs;
    this._owedMs = NaN;
  }

  /**
   * The page's client made a hit.
   * @param {number} kind an index of HIT_KINDS
   * @param {number} atMs
   */
  hit(kind, atMs) {
    this._hitMs[this.hits & HIT_MASK] = atMs;
    this._hitKind[this.hits & HIT_MASK] = kind;
    this.hits += 1;
    this.kinds[kind] += 1;
  }

  /** When `n` landed; NaN if it has not. @param {number} n */
  arrivedMs(n) {
    return n <= this.got && n >= this.published.oldest ? this._arrived[n & MESSAGE_MASK] : NaN;
  }

  /** Hits that are remembered: from here to `hits`. */
  get oldestHit() {
    return Math.max(this._firstHit, this.hits - KEPT_HITS);
  }

  /** @param {number} i */
  hitMs(i) {
    return this._hitMs[i & HIT_MASK];
  }

  /** @param {number} i */
  hitKind(i) {
    return this._hitKind[i & HIT_MASK];
  }

  /** When the oldest message was published that the client has not; NaN when it has them all. */
  owedMs() {
    const { published } = this;
    if (Number.isNaN(this._owedMs)) {
      for (let n = Math.max(this.got + 1, published.oldest); n <= published.last; n += 1) {
        const sent = published.sentMs(n);
        if (!Number.isNaN(sent)) {
          this._owedMs = sent;
          break;
        }
      }
    }
    return this._owedMs;
  }

  /**
   * Staleness: `nowMs` minus the publish time of the oldest message that the client should have and
   * has not; 0 when it has them all.
   * @param {number} nowMs now, or a moment ago
   */
  stalenessMs(nowMs) {
    let owed = this.owedMs();
    for (let n = this.got; n >= this.published.oldest; n -= 1) {
      if (this.arrivedMs(n) <= nowMs) break; // what landed since was missing then
      const sent = this.published.sentMs(n);
      if (!Number.isNaN(sent)) owed = sent;
    }
    return owed <= nowMs ? nowMs - owed : 0;
  }

  /** The median latency of the newest messages, in ms; NaN when there are none. */
  medianMs() {
    return median(this._latencies.subarray(0, this.messages));
  }

  /**
   * The spans in which the client lacked something, from `fromMs` to `toMs`, oldest first:
   * `each(startMs, endMs, sentMs)`, in which staleness climbs from start - sent to end - sent.
   * @param {number} fromMs
   * @param {number} toMs
   * @param {Span} each
   */
  stale(fromMs, toMs, each) {
    const { published } = this;
    if (published.last === 0) return;
    let n = this.got;
    while (n >= published.oldest && !(this.arrivedMs(n) < fromMs)) n -= 1;
    let since = n >= published.oldest ? this.arrivedMs(n) : -Infinity;
    for (n = Math.max(n + 1, published.oldest); n <= this.got; n += 1) {
      const arrived = this.arrivedMs(n);
      const sent = published.sentMs(n);
      if (Number.isNaN(arrived) || Number.isNaN(sent)) continue;
      if (sent > toMs) return;
      const start = Math.max(sent, since, fromMs);
      const end = Math.min(arrived, toMs);
      if (end > start) each(start, end, sent);
      since = Math.max(since, arrived);
    }
    const owed = this.owedMs();
    const start = Math.max(owed, since, fromMs);
    if (toMs > start) each(start, toMs, owed);
  }
}

/** The kinds of hit, as the hub names them; a hit's kind is its index here. */
export const HIT_KINDS = Object.freeze([
  "poll-empty",
  "poll-useful",
  "connect",
  "reconnect",
  "keep-alive",
  "ack",
  "leave",
  "refused",
]);
export const [POLL_EMPTY, POLL_USEFUL, CONNECT, RECONNECT, KEEP_ALIVE, ACK] = HIT_KINDS.keys();

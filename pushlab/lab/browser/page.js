/**
 * A few subscribers of the swarm in one page: channel.js reads, and this writes down when.
 *
 * All times are the page's own, in milliseconds of `performance.now()`; the swarm's process knows
 * how they stand to the machine's monotonic clock.
 */
import { Channel } from "/web/channel.js";

const LAG_EVERY_MS = 50;
const LEAVE_MS = 3_000;

/**
 * @typedef {object} Reader
 * @property {number} number the subscriber's
 * @property {number} channel its channel's number
 * @property {string} token
 * @property {number} phase when to begin, in milliseconds from the start
 * @property {number} last the highest seq that it has
 * @property {boolean} connected
 * @property {any} socket
 */

/** @type {Reader[]} */
let readers = [];
/** @type {Record<string, any>} */
let options = {};
/** @type {{subscriber: number[], seq: number[], at: number[]}} */
const rows = { subscriber: [], seq: [], at: [] };
/** @type {{subscriber: number[], wanted: number[], connected: number[]}} */
const connects = { subscriber: [], wanted: [], connected: [] };
/** @type {{at: number[], lag: number[]}} */
const lags = { at: [], lag: [] };
/** @type {Record<string, number>} */
const reasons = {};
/** @type {Record<string, any>} */
const moments = {};
const count = { gaps: 0, disconnects: 0, closed: 0 };
/** @type {{reason: string, status: number} | null} the first end that the server made */
let end = null;
let mark = 0;
/** @type {Map<string, [number, number, string]>} how each message of a channel begins */
const texts = new Map();
let overtaken = 0;
/** @type {number[]} */
let goal = [];
let pending = 0;
/** @type {(() => void)[]} */
let whenConnected = [];
/** @type {(() => void)[]} */
let whenReached = [];

/** @param {string} reason */
const because = (reason) => (reasons[reason] = (reasons[reason] ?? 0) + 1);

/** @param {(() => void)[]} waiting */
const wake = (waiting) => waiting.splice(0).forEach((go) => go());

/** @param {Reader} reader @param {number} seq @param {string} data */
function came(reader, seq, data) {
  const now = performance.now();
  rows.subscriber.push(reader.number);
  rows.seq.push(seq);
  rows.at.push(now);
  const { channel } = reader;
  const name = `${channel} ${seq}`;
  if (!texts.has(name)) texts.set(name, [channel, seq, data.slice(0, 16)]);
}

/** @param {Reader} reader */
function open(reader) {
  const wanted = performance.now();
  reader.socket = new Channel(reader.token, options).open({
    onovertaken({ seq, data }) {
      overtaken += 1;
      came(reader, seq, data);
    },
    onmessage({ seq, data }) {
      came(reader, seq, data);
      const { last } = reader;
      if (seq > last) {
        reader.last = seq;
        if (pending && last < goal[reader.channel] && seq >= goal[reader.channel]) {
          pending -= 1;
          if (!pending) wake(whenReached);
        }
      }
    },
    onopen() {
      connects.subscriber.push(reader.number);
      connects.wanted.push(wanted);
      connects.connected.push(performance.now());
      reader.connected = true;
      if (readers.every(({ connected }) => connected)) wake(whenConnected);
    },
    ongap() {
      count.gaps += 1;
    },
    onlost({ reason }) {
      count.disconnects += 1;
      because(reason);
    },
    onerror({ code, reason, description }) {
      count.closed += 1;
      because(`closed: ${reason ?? description}`);
      end ??= { reason: String(reason ?? description), status: code };
    },
  });
}

function snapshot() {
  /** @type {Record<string, number>} */
  const hits = {};
  // What was put in order has rows in order, and what was overtaken has rows that show it.
  const told = { reconnects: 0, duplicated: 0, reordered: -overtaken, polls_due: 0, polls_skipped: 0 };
  for (const { socket } of readers) {
    if (!socket) continue;
    const { stats } = socket;
    for (const [kind, n] of Object.entries(stats.hits)) hits[kind] = (hits[kind] ?? 0) + n;
    told.reconnects += stats.reconnects;
    told.duplicated += stats.duplicates;
    told.reordered += stats.reordered;
    told.polls_due += stats.due;
    told.polls_skipped += stats.skipped;
  }
  return { ...count, ...told, hits, deliveries: rows.seq.length - mark };
}

/** How late timers run, as the swarm's own event loop is asked. */
function watchLag() {
  const due = performance.now() + LAG_EVERY_MS;
  setTimeout(() => {
    const now = performance.now();
    lags.at.push(now);
    lags.lag.push(Math.max(0, now - due));
    watchLag();
  }, LAG_EVERY_MS);
}

/** @param {number} at @param {() => void} act */
const at = (at, act) => setTimeout(act, Math.max(0, at - performance.now()));

Object.assign(globalThis, {
  swarm: {
    /**
     * @param {{transport: string, pollInterval: number, modules: string[], readers: Reader[]}} told
     */
    async configure(told) {
      // What channel.js fetches when it is wanted: now, while files come from the swarm's process.
      for (const module of told.modules) await import(module);
      options = { transport: told.transport, pollInterval: told.pollInterval };
      readers = told.readers.map((one) => ({ ...one, last: 0, connected: false, socket: null }));
      watchLag();
      return { isolated: globalThis.crossOriginIsolated };
    },
    start() {
      for (const reader of readers) setTimeout(() => open(reader), reader.phase);
      return new Promise((resolve) => whenConnected.push(() => resolve(snapshot())));
    },
    /** @param {number[]} heads */
    reach(heads) {
      goal = heads;
      pending = readers.filter(({ last, channel }) => last < heads[channel]).length;
      return new Promise((resolve) => {
        whenReached.push(() => resolve(0));
        if (!pending) wake(whenReached);
      });
    },
    /** @param {number} from @param {number} to */
    begin(from, to) {
      mark = rows.seq.length;
      texts.clear();
      at(from, () => (moments.start = snapshot()));
      at(to, () => (moments.end = snapshot()));
    },
    status() {
      const first = Math.max(mark, rows.seq.length - 10);
      return {
        connected: readers.filter(({ connected }) => connected).length,
        closed: count.closed,
        end,
        pending,
        deliveries: rows.seq.length - mark,
        recent: rows.seq.slice(first).map((seq, i) => [rows.subscriber[first + i], seq, rows.at[first + i]]),
        reasons,
      };
    },
    finish() {
      return {
        rows: Object.fromEntries(Object.entries(rows).map(([name, column]) => [name, column.slice(mark)])),
        texts: [...texts.values()],
        connects,
        lags,
        moments,
        now: snapshot(),
        connected: readers.filter(({ connected }) => connected).length,
        reasons,
      };
    },
    /** Everybody leaves; the answer comes when all have closed. */
    async leave() {
      const all = readers.map(
        ({ socket }) =>
          new Promise((resolve) => {
            if (!socket || socket.readyState === 3) resolve(0);
            else {
              socket.onclose = resolve;
              socket.close();
            }
          }),
      );
      await Promise.race([Promise.all(all), new Promise((resolve) => setTimeout(resolve, LEAVE_MS))]);
      const open = readers.filter(({ socket }) => socket && socket.readyState !== 3).length;
      return { open, hits: snapshot().hits };
    },
  },
});

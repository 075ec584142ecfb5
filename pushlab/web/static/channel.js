/**
 * A channel in the browser: App Engine's Channel API over any of pushlab's transports.
 *
 *     import { Channel } from "/web/channel.js";
 *
 *     const socket = new Channel(token).open();
 *     socket.onmessage = ({ data }) => show(data);
 *     socket.onerror = ({ code, description }) => tell(description);    // 401: get a new token
 *     socket.onclose = () => ...;
 *
 * The application sees the Channel API's four events. `onopen` comes once. Losing a connection is
 * none of its business: the socket stays open, connects again after a while, goes on behind the
 * last message it has, drops what comes twice, and tells of messages that are gone with `ongap`.
 * (Who wants to know listens to `onlost`, `ontrouble` and `onreconnect`.) What cannot be mended ends in
 * `onerror` and then `onclose`: a token that is wrong or has expired, mostly.
 *
 * One reader (cursor, backoff, lifecycle) stands above one small "line" for each transport, which
 * is one connection, or one row of questions, and ends with its first trouble. The formats on the
 * wire are described where the server's halves are: `pushlab/transports/`.
 *
 * Longer than 400 lines, since a page that needs no build step loads one file, and the classic script
 * is made of it.
 *
 * The server makes the classic script (`goog.appengine`) from this file and `jsapi.js`: nothing is
 * imported before it is wanted, and the exports are the last lines.
 */

/**
 * @typedef {object} Options
 * @property {string} [transport] one of `TRANSPORTS`, or `auto`: the first that gets through of
 *   WebSocket, SSE, long polling, short polling. Without it the page's own `?transport=` decides,
 *   where that names one.
 * @property {string} [server] where the hub is, a path perhaps included; unless given, where this
 *   script came from, or the page's own origin where that is no hub
 * @property {string | null} [after] the cursor to go on after; without it: from now on
 * @property {number} [pollInterval] seconds between polls by the clock, from 0.02 to a day; unless
 *   given 1, and 0.5 on the old development server's wire
 * @property {() => string | null | Promise<string | null>} [refreshToken] fetches a new token when
 *   the old one is refused; null: there is none any more. When it throws it is asked again, for up to
 *   a minute
 * @property {typeof globalThis.fetch} [fetch] used instead of the browser's own
 * @property {any} [WebSocket] used instead of the browser's own
 * @property {any} [EventSource] used instead of the browser's own
 * @property {() => Mqtt | Promise<Mqtt>} [mqtt] loads what speaks MQTT, such as
 *   `() => import("pushlab/mqtt")`; unless given, the hub's copy is loaded
 */

/**
 * What speaks MQTT: `channel_mqtt.js`, and npm's `mqtt` if not the hub's copy of it.
 * @typedef {{MqttTalk: any, client?: any}} Mqtt
 */

/**
 * @typedef {object} Handlers
 * @property {((event: {transport: string, cursor: string | null}) => void) | null} [onopen]
 *   messages come from now on
 * @property {((message: {data: string, seq: number}) => void) | null} [onmessage] one message
 * @property {((error: ChannelError) => void) | null} [onerror] the end, and why; `onclose` follows
 * @property {((event: object) => void) | null} [onclose] nothing more will come
 * @property {((gap: ChannelGap) => void) | null} [ongap] messages are gone
 * @property {((message: {data: string, seq: number}) => void) | null} [onovertaken] a message that came
 *   behind a later one; a gap has been told in its place
 * @property {((hit: ChannelHit) => void) | null} [onhit] a request was made
 * @property {((event: {reason: string}) => void) | null} [onlost] the connection is gone for now
 * @property {((event: {reason: string}) => void) | null} [ontrouble] why it does not connect, for
 *   now; told at the first attempt that fails, and when the reason is another one
 * @property {((event: {transport: string, cursor: string | null}) => void) | null} [onreconnect]
 *   a connection stands again
 */

/**
 * @typedef {object} ChannelError
 * @property {number} code the HTTP status that says the same: 401 for a token that is not good
 * @property {string} description a sentence for people
 * @property {string} reason a word for programs, such as `token-expired`
 */

/**
 * @typedef {object} ChannelGap
 * @property {string} after the cursor of the last message that came
 * @property {string} resumed reading goes on after this cursor
 * @property {number | null} missed how many are gone; null when the log began anew and nobody knows
 */

/**
 * A request that the server had to handle. Bytes are those that a page can know of: what it sends
 * itself, and headers that it may read; not those of TLS, nor what else a browser puts in.
 * @typedef {object} ChannelHit
 * @property {string} kind as the hub names it: connect, reconnect, poll-empty, poll-useful, ...
 * @property {number} sent bytes
 * @property {number} received bytes
 */

/**
 * @typedef {object} Stats
 * @property {Record<string, number>} hits by kind
 * @property {number} sent bytes, as far as a page can know
 * @property {number} received bytes, as far as a page can know
 * @property {number} messages given to the application
 * @property {number} duplicates that came again and were dropped
 * @property {number} reordered that came after a later one: put in order, or told by `onovertaken`
 * @property {number} due polls that the clock wanted
 * @property {number} skipped of these, not made: the answer before came too late
 * @property {number} reconnects
 */

/** @typedef {{epoch: string, seq: number}} Cursor */

/** This script's own address, which the classic script knows by another name. */
const HERE = import.meta.url;

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
const MOST_HOLES = 100;

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
const LONGEST_WAIT_S = 300; // that a server may ask for
/** How long an attempt may take to stand: shorter while there is another transport to try, and at
 * first after a loss. */
const STAND_MS = 20_000;
const STAND_AUTO_MS = 5_000;
const STAND_AGAIN_MS = 2_000;
const PROBE_MS = 10_000;
const ANSWER_MS = 30_000;
/** A stream that was silent for so long while the page was away is not trusted any more. */
const QUIET_MS = 20_000;
const HOLD_S = 30;
const HOLD_GRACE_MS = 15_000;
/** Seconds between polls by the clock, unless asked otherwise. */
const POLL_INTERVAL_S = 1;
const DEV_INTERVAL_S = 0.5;
const LONGEST_INTERVAL_S = 86_400;
/** Who asks less often than this says how long it is there. */
const SELDOM_S = 10;
/** A poll's answer may have a few megabytes, and no more than this. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** How long `refreshToken` may fail before that is the end. */
const RENEW_FOR_MS = 60_000;
const RENEW_WITHIN_MS = 29_000;

const NO_UPGRADE =
  "no WebSocket gets through, though the server answers; a proxy on the way may drop the Upgrade header," +
  " or the page's own policy (connect-src) forbid it";

const NO_HUB = "what answers is no pushlab hub: a log-in page of the network, or the option server is wrong";

/** What `auto` tries, best first. */
const AUTO = ["websocket", "sse", "long-polling", "short-polling"];

/**
 * What a transport needs that is not everywhere, Node.js for one; each is an option, too.
 * @type {Record<string, "WebSocket" | "EventSource">}
 */
const NEEDS = { websocket: "WebSocket", sse: "EventSource", mqtt: "WebSocket" };
/**
 * Elsewhere than in a browser no module is loaded from a hub, and npm's `mqtt` takes only npm's `ws`.
 * @type {("mqtt" | "WebSocket")[]}
 */
const MQTT_ELSEWHERE = ["mqtt", "WebSocket"];

/**
 * Sentences for the reasons that a page meets, the same on every transport.
 * @type {Record<string, string>}
 */
const SENTENCES = {
  "token-expired": "the token has expired; ask for a new one",
  "token-invalid": "the token is not one of this server's",
  "token-missing": "there is no token",
  "token-revoked": "the token has been revoked",
  "invalid-cursor": "the cursor is not one that this channel gave out",
  "not-found": "this server does not offer the transport",
  "bad-origin":
    "the hub does not know this page's origin as its own; see --public-url and --allow-origin of pushlab serve",
};

// ---- cursors and frames -------------------------------------------------------------------------

/**
 * Read `<epoch>-<seq>`.
 * @param {string | null | undefined} text
 * @returns {Cursor}
 */
function parseCursor(text) {
  const match = /^([0-9a-z]{1,16})-(0|[1-9][0-9]{0,18})$/.exec(text ?? "");
  if (!match) throw new Error("not a cursor");
  return { epoch: match[1], seq: Number(match[2]) };
}

/** @param {Cursor} cursor */
const spell = ({ epoch, seq }) => `${epoch}-${seq}`;

/**
 * Read a text frame, as WebSocket and MQTT carry it.
 * @param {string} text
 * @returns {{data: string, at: Cursor} | {at: Cursor, gap: boolean}
 *   | {reason: string, status: number}}
 */
function parseFrame(text) {
  const space = text.indexOf(" ");
  if (space < 0) return { at: parseCursor(text), gap: false };
  const head = text.slice(0, space);
  const rest = text.slice(space + 1);
  if (head === "gap") return { at: parseCursor(rest.split(" ")[1]), gap: true };
  if (head === "bye") {
    const [reason, status] = rest.split(" ");
    return { reason, status: /^\d{3}$/.test(status) ? Number(status) : 400 };
  }
  return { at: parseCursor(head), data: rest };
}

/** Whether to try again with the same token and cursor is pointless. @param {number} status */
const isFinal = (status) => status >= 400 && status < 500 && status !== 408 && status !== 429;

// Made anew each time: what only imports this, to render a page or to test one, may have neither.
/** @param {string} text */
const bytesOf = (text) => new TextEncoder().encode(text).length;

/** The text in UTF-8 bytes, which may begin with a BOM. @param {BufferSource} bytes */
const decode = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

/**
 * The hub below which a script stands; null where that is none.
 * @param {string | undefined} script its address
 */
function hubOf(script) {
  const found = /^(https?:\/\/[^?#]*\/)(?:web\/channel\.js|_ah\/channel\/jsapi|talkgadget\/channel\.js)(?:[?#]|$)/.exec(script ?? "");
  return found && found[1];
}

/**
 * Whether the address has the token already, as the old wire's has. Said in a header as well, a hub of
 * another origin would be asked twice for each message (CORS).
 * @param {URL} url
 */
const saysToken = (url) => url.searchParams.has("channel");

/** What a page knows of a request's head. @param {URL} url @param {string} [token] */
function bytesOfRequest(url, token) {
  const agent = globalThis.navigator?.userAgent ?? "";
  const line = `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n`;
  const authorization = token === undefined || saysToken(url) ? "" : `Authorization: Bearer ${token}\r\n`;
  return bytesOf(`${line}User-Agent: ${agent}\r\n${authorization}\r\n`);
}

/** What a page knows of a response. @param {Response} response @param {string} body */
function bytesOfResponse(response, body) {
  let bytes = 19 + bytesOf(body); // HTTP/1.1 200 OK, and the blank line
  for (const [name, value] of response.headers) bytes += name.length + value.length + 4;
  return bytes;
}

/**
 * A response's body, if it has an end.
 * @param {Response} response
 * @returns {Promise<ArrayBuffer>}
 */
async function bodyOf(response) {
  const told = response.headers.get("content-length");
  const small = told !== null && Number(told) <= MAX_ANSWER_BYTES;
  if (!response.body || (small && !response.headers.has("content-encoding"))) {
    return response.arrayBuffer();
  }
  const stream = response.body.getReader();
  const parts = [];
  let size = 0;
  for (let piece = await stream.read(); !piece.done; piece = await stream.read()) {
    size += piece.value.length;
    if (size > MAX_ANSWER_BYTES) {
      stream.cancel().catch(() => {});
      throw new RangeError(`an answer of over ${MAX_ANSWER_BYTES} bytes`);
    }
    parts.push(piece.value);
  }
  return new Blob(parts).arrayBuffer();
}

/** The server half of a WebSocket frame's or a chunk's framing. @param {number} length */
const frameHead = (length) => (length < 126 ? 2 : length < 65_536 ? 4 : 10);

/**
 * The reason and the description in a refusal's body, which may be that of any server.
 * @param {number} status
 * @param {any} told the body's JSON; null if it is none
 * @returns {[string, string]}
 */
function refusalOf(status, told) {
  const { error, detail } = told ?? {};
  return [
    typeof error === "string" ? error : `http-${status}`,
    typeof detail === "string" ? detail : `the server answered ${status}`,
  ];
}

/** @param {string} text @returns {any} null if it is no JSON */
function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {unknown} error */
const wordsOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Tell the developer, and go on: an application's bug must not end its channel.
 * @param {unknown} error
 */
function report(error) {
  if (typeof reportError === "function") reportError(error);
  else console.error(error);
}

// ---- the reader ---------------------------------------------------------------------------------

/** One reader of one channel, over any number of lines in a row. */
class Reader {
  /** @type {Cursor | null} the last message it has */
  at = null;
  /** @type {string[]} the transports to try */
  #candidates = [];
  /** @type {Line | null} the one in use */
  #line = null;
  /** @type {Line | null} the last one that was lost */
  #lostLine = null;
  #settled = false; // whether a transport has got through; it is kept from then on
  #failures = 0; // of a candidate that does not get through though the server can be reached
  #attempt = 0;
  #down = false; // whether a connection that stood is lost
  #renewed = false; // whether the token is new and has not been accepted yet
  #renewing = false; // whether a new one is being fetched
  #notBefore = -Infinity; // the server has asked to be left alone until then
  #unrenewedAt = NaN; // since when that has failed, and the old one was refused again and again
  #timer = 0; // until the next attempt
  #standTimer = 0; // until this attempt has taken too long
  /** @type {string | null} why it does not connect, for now */
  trouble = null;
  awayAt = -Infinity; // when the page was last hidden, frozen or offline, by `performance.now()`
  #listeners = new AbortController();
  /** @type {[number, number][]} the first and last of what is missing, in this epoch */
  #holes = [];

  /**
   * @param {string} token
   * @param {Options} options
   * @param {(name: keyof Handlers, event: any) => void} tell
   */
  constructor(token, options, tell) {
    this.token = token;
    this.options = options;
    this.tell = tell;
    this.state = CONNECTING;
    this.transport = "";
    /** @type {Stats} */
    this.stats = { hits: {}, sent: 0, received: 0, messages: 0, duplicates: 0, reconnects: 0, reordered: 0, due: 0, skipped: 0 };
    queueMicrotask(() => this.#begin()); // so that handlers may be set first
  }

  #begin() {
    if (this.state !== CONNECTING) return;
    const { after } = this.options;
    const asked = new URLSearchParams(globalThis.location?.search ?? "").get("transport") ?? "";
    const known = Object.hasOwn(LINES, asked); // else the word is the page's own
    const wanted = this.options.transport ?? (known ? asked : "auto");
    this.#candidates = wanted === "auto" ? AUTO.filter((name) => !this.#lacks(name)) : [wanted];
    if (!Object.hasOwn(LINES, this.#candidates[0])) {
      const names = TRANSPORTS.join(", ");
      const words = `there is no transport ${JSON.stringify(wanted)}; there are auto, ${names}`;
      this.fail(400, "unknown-transport", words);
      return;
    }
    const lacking = this.#lacks(this.#candidates[0]);
    if (lacking) {
      this.fail(501, "not-here", `there is no ${lacking} here; give one as the option ${lacking}`);
      return;
    }
    try {
      this.url("");
    } catch {
      this.fail(400, "bad-server", "the option server is to be a URL such as https://example.com");
      return;
    }
    try {
      this.at = after === undefined || after === null ? null : parseCursor(after);
    } catch {
      this.fail(400, "invalid-cursor", SENTENCES["invalid-cursor"]);
      return;
    }
    this.#listen();
    this.#dial();
  }

  /** What this transport needs and is not here. @param {string} name */
  #lacks(name) {
    const { options } = this;
    const browser = "document" in globalThis || "importScripts" in globalThis;
    if (name === "mqtt" && !browser) return MQTT_ELSEWHERE.find((need) => !options[need]);
    const need = NEEDS[name];
    return need && !options[need] && !(need in globalThis) ? need : undefined;
  }

  // ---- what a line asks -------------------------------------------------------------------

  /** Where the reader stands, as text; null before the server's first word. */
  get cursor() {
    return this.at && spell(this.at);
  }

  /**
   * An address on the hub.
   * @param {string} path without a slash at its beginning, since the hub may stand below a path
   * @param {Record<string, string | null>} [query] what is null is left out
   */
  url(path, query = {}) {
    const root = new URL(this.options.server ?? hubOf(HERE) ?? globalThis.location?.origin);
    if (!root.protocol.startsWith("http")) throw new TypeError("no hub is there"); // where a page is a file
    root.search = root.hash = root.username = root.password = ""; // which no page may ask with
    if (!root.pathname.endsWith("/")) root.pathname += "/";
    const url = new URL(path, root);
    for (const [name, value] of Object.entries(query)) {
      if (value !== null) url.searchParams.set(name, value);
    }
    return url;
  }

  /**
   * A request with the token in its header, where no log and no Referer has it.
   * @param {URL} url
   * @param {RequestInit} [init]
   * @returns {Promise<Response>}
   */
  async fetch(url, init = {}) {
    const ask = this.options.fetch ?? fetch;
    const bearer = saysToken(url) ? null : { Authorization: `Bearer ${encodeURI(this.token)}` };
    const headers = { ...init.headers, ...bearer };
    const options = { cache: "no-store", referrerPolicy: "no-referrer", ...init, headers };
    const answer = await ask(url.href, /** @type {RequestInit} */ (options));
    const wait_s = Number(answer.headers.get("retry-after")); // a date is not read
    if (answer.status >= 400 && wait_s > 0) {
      const asked_ms = 1000 * Math.min(wait_s, LONGEST_WAIT_S);
      this.#notBefore = performance.now() + asked_ms * (1 + Math.random() / 2);
    }
    return answer;
  }

  /**
   * What the server says to the holder of this token (`GET /v1/endpoints`).
   * @param {AbortSignal} [signal]
   * @returns {Promise<{status: number, told: any} | null>} null when it cannot be reached; what is
   *   told is null where that is no JSON
   */
  async endpoints(signal = AbortSignal.timeout(PROBE_MS)) {
    try {
      const answer = await this.fetch(this.url("v1/endpoints"), { signal });
      return { status: answer.status, told: jsonOf(await answer.text()) };
    } catch {
      return null;
    }
  }

  /** Whether another transport may be tried. */
  get choosing() {
    return !this.#settled && this.#candidates.length > 1;
  }

  /** The kind of hit that opens a stream. */
  get arrival() {
    return this.at === null ? "connect" : "reconnect";
  }

  // ---- what a line tells ------------------------------------------------------------------

  /**
   * A request was made.
   * @param {string} kind
   * @param {number} sent
   * @param {number} received
   */
  hit(kind, sent, received) {
    this.stats.hits[kind] = (this.stats.hits[kind] ?? 0) + 1;
    this.stats.sent += sent;
    this.stats.received += received;
    if (this.state !== CLOSED) this.tell("onhit", { kind, sent, received });
  }

  /** The server accepted this reader, who goes on after `at`. @param {Cursor} at */
  located(at) {
    if (this.state > OPEN) return;
    clearTimeout(this.#standTimer);
    this.#settled = true;
    this.trouble = null;
    this.#failures = this.#attempt = 0;
    this.#renewed = false;
    this.#unrenewedAt = NaN;
    const gap = this.#position(at);
    const where = { transport: this.transport, cursor: this.cursor };
    if (this.state === CONNECTING) {
      this.state = OPEN;
      this.tell("onopen", where);
    } else if (this.#down) {
      this.stats.reconnects += 1;
      this.tell("onreconnect", where);
    }
    this.#down = false;
    this.#tellGap(gap);
  }

  /**
   * A message came off the wire, perhaps not for the first time.
   * @param {Cursor} at
   * @param {string} data
   */
  deliver(at, data) {
    if (this.state !== OPEN) return;
    if (this.at && at.epoch === this.at.epoch && at.seq <= this.at.seq) {
      if (this.#fill(at.seq)) {
        this.stats.reordered += 1;
        this.tell("onovertaken", { data, seq: at.seq });
      } else this.stats.duplicates += 1;
      return;
    }
    this.#tellGap(this.#position({ epoch: at.epoch, seq: at.seq - 1 }));
    if (this.state !== OPEN) return; // the application has closed it, being told of the gap
    this.at = at;
    this.stats.messages += 1;
    this.tell("onmessage", { data, seq: at.seq });
  }

  /** The line is of no more use; come back after a while. @param {string} reason */
  lost(reason) {
    this.#lostLine = this.#line;
    this.#line = null;
    clearTimeout(this.#standTimer);
    if (this.state > OPEN) return;
    this.#unrenewedAt = NaN; // it is not the token, for now
    this.#noteLoss(reason);
    if (this.choosing) this.#judge(1);
    else this.#dialLater();
  }

  /**
   * The server said no: the end, or a reason to come back later.
   * @param {number} status
   * @param {string} reason
   * @param {string} [description]
   */
  refused(status, reason, description) {
    this.#line = null;
    clearTimeout(this.#standTimer);
    if (this.state > OPEN) return;
    const others = this.#candidates.filter((name) => name !== this.transport);
    // A hub of another origin lets this page in or not, whatever carries the messages.
    const mayDiffer = status === 404 || (reason === "bad-origin" && this.url("").origin === globalThis.location?.origin);
    if (status === 401 && this.options.refreshToken && !this.#renewed) {
      this.#renew(reason);
    } else if (mayDiffer && !this.#settled && others.length > 0) {
      this.#candidates = others; // this server does not offer that transport, or not to this page
      this.#dial();
    } else if (isFinal(status)) {
      this.fail(status, reason, SENTENCES[reason] ?? description ?? reason);
    } else {
      this.lost(reason);
    }
  }

  /** It is over. @param {number} code @param {string} reason @param {string} description */
  fail(code, reason, description) {
    if (this.state > OPEN) return;
    this.state = CLOSING;
    this.#clear();
    this.tell("onerror", { code, description, reason });
    this.state = CLOSED;
    this.tell("onclose", {});
  }

  /** This line may be dead: go on with another one. @param {string} reason */
  replace(reason) {
    this.#noteLoss(reason);
    this.#dial();
  }

  /** The application leaves. */
  close() {
    if (this.state > OPEN) return;
    this.state = CLOSING;
    this.#line?.leave();
    this.#clear();
    queueMicrotask(() => {
      this.state = CLOSED;
      this.tell("onclose", {});
    });
  }

  // ---- connecting -------------------------------------------------------------------------

  #dial() {
    // The application has closed it, being told of a loss; or the token is no good and a new one comes.
    if (this.state > OPEN || this.#renewing) return;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#line?.end(); // there is one at a time, whoever asks for the next
    this.transport = this.#candidates[0];
    const line = new LINES[this.transport](this);
    this.#line = line;
    const { choosing } = this;
    // After a loss the browser may pick a dead connection of its pool: find that out soon.
    const soon = this.#down ? STAND_AGAIN_MS * (this.#attempt + 1) : STAND_MS;
    const limit = choosing ? STAND_AUTO_MS : Math.min(soon, STAND_MS);
    clearTimeout(this.#standTimer);
    this.#standTimer = setTimeout(() => {
      line.end();
      this.#line = null;
      this.#unrenewedAt = NaN;
      this.#noteLoss("no answer");
      if (choosing) this.#judge(2);
      else this.#dialLater();
    }, limit);
    line.begin();
  }

  /** Doubling, bounded, and shortened at random by up to half, so that crowds come back apart. */
  #dialLater() {
    if (this.state > OPEN) return;
    const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(this.#attempt, 30));
    this.#attempt += 1;
    clearTimeout(this.#timer);
    const wait_ms = ceiling * (0.5 + 0.5 * Math.random());
    const asked_ms = this.#notBefore - performance.now(); // by the server, with Retry-After
    this.#timer = setTimeout(() => this.#dial(), Math.max(wait_ms, asked_ms));
  }

  /**
   * `auto`: a transport did not get through. If nothing else does, it is not to blame.
   * @param {number} weight how much that tells: 2 of them, and the next one is tried
   */
  async #judge(weight) {
    const answer = await this.endpoints();
    if (this.state !== CONNECTING || this.#line || this.#timer) return;
    if (answer === null || answer.status >= 500) {
      this.#dialLater();
    } else if (answer.status !== 200) {
      this.refused(answer.status, ...refusalOf(answer.status, answer.told));
    } else if (!answer.told?.endpoints) {
      this.#noteLoss(NO_HUB);
      this.#dialLater();
    } else if ((this.#failures += weight) < 2) {
      this.#dialLater();
    } else {
      this.#failures = 0;
      this.#candidates.push(/** @type {string} */ (this.#candidates.shift()));
      this.#dial();
    }
  }

  /** The token is no good: go on with a new one. @param {string} reason */
  async #renew(reason) {
    this.#renewed = true;
    this.#noteLoss(reason);
    const end = (/** @type {string} */ why) =>
      this.fail(401, reason, `${SENTENCES[reason] ?? reason}; ${why}`);
    let token;
    let timer = 0;
    const late = new Promise((_, fail) => {
      timer = setTimeout(() => fail(new Error("it took too long")), RENEW_WITHIN_MS);
    });
    this.#renewing = true;
    try {
      token = await Promise.race([this.options.refreshToken?.(), late]);
    } catch (error) {
      if (Number.isNaN(this.#unrenewedAt)) this.#unrenewedAt = performance.now();
      if (performance.now() - this.#unrenewedAt > RENEW_FOR_MS) {
        end(`getting a new one failed: ${wordsOf(error)}`);
      } else {
        this.#renewed = false; // the old one is refused again, and then it is asked again
        this.#dialLater();
      }
      return;
    } finally {
      this.#renewing = false;
      clearTimeout(timer);
    }
    if (typeof token === "string" && token) {
      this.token = token;
      this.#unrenewedAt = NaN;
      this.#dial();
    } else {
      end("there is no new one");
    }
  }

  /** @param {string} reason */
  #noteLoss(reason) {
    if (this.state === OPEN && !this.#down) {
      this.#down = true;
      this.tell("onlost", { reason });
    }
    if (this.state <= OPEN && this.trouble !== reason) {
      this.trouble = reason;
      this.tell("ontrouble", { reason });
    }
  }

  /** The server goes on after `at`: note it, and say what that skips. @param {Cursor} at */
  #position(at) {
    const has = this.at;
    if (has && at.epoch === has.epoch && at.seq <= has.seq) return null; // what repeats is dropped
    this.at = at;
    if (!has) return null;
    const missed = at.epoch === has.epoch ? at.seq - has.seq : null;
    if (missed === null) this.#holes = [];
    else this.#holes = [...this.#holes.slice(1 - MOST_HOLES), [has.seq + 1, at.seq]];
    return { after: spell(has), resumed: spell(at), missed };
  }

  /** Whether this one was missing; it is so no more. @param {number} seq */
  #fill(seq) {
    const place = this.#holes.findIndex(([first, last]) => first <= seq && seq <= last);
    if (place < 0) return false;
    const [[first, last]] = this.#holes.splice(place, 1);
    if (first < seq) this.#holes.push([first, seq - 1]);
    if (seq < last) this.#holes.push([seq + 1, last]);
    return true;
  }

  /** @param {ChannelGap | null} gap */
  #tellGap(gap) {
    if (gap && this.state === OPEN) this.tell("ongap", gap);
  }

  #clear() {
    this.#line?.end();
    this.#line = null;
    clearTimeout(this.#timer);
    clearTimeout(this.#standTimer);
    this.#listeners.abort();
  }

  // ---- a page that goes away and comes back -----------------------------------------------

  #listen() {
    const { signal } = this.#listeners;
    const page = globalThis.document;
    const away = () => (this.awayAt = performance.now());
    globalThis.addEventListener?.("offline", away, { signal });
    globalThis.addEventListener?.("online", () => this.#wake(0), { signal });
    page?.addEventListener("freeze", away, { signal });
    page?.addEventListener("resume", () => this.#wake(0), { signal });
    page?.addEventListener(
      "visibilitychange",
      () => (page.visibilityState === "visible" ? this.#wake(QUIET_MS) : away()),
      { signal },
    );
    // A page that goes into the back-forward cache may come back; any other one is over.
    globalThis.addEventListener?.(
      "pagehide",
      ({ persisted }) => {
        // A browser may have ended what was under way before it says that the page goes.
        if (this.#line) this.#line.leave();
        else this.#lostLine?.goodbye();
        if (persisted) {
          clearTimeout(this.#timer);
          clearTimeout(this.#standTimer);
          this.#line = null;
          this.#timer = 0;
        } else {
          this.state = CLOSED;
          this.#clear();
        }
      },
      { signal },
    );
    globalThis.addEventListener?.(
      "pageshow",
      ({ persisted }) => {
        if (persisted) this.replace("the page was put aside");
      },
      { signal },
    );
  }

  /**
   * The page is back: catch up now.
   * @param {number} patience a stream that may have been silent for so long is believed to live, in
   *   milliseconds; 0 where the network was gone
   */
  #wake(patience) {
    if (this.state > OPEN) return;
    this.#attempt = 0; // what failed while the page was away says nothing about now
    this.#unrenewedAt = NaN;
    if (this.#timer) this.#dial();
    else this.#line?.wake(patience);
  }
}

// ---- the lines ----------------------------------------------------------------------------------

/** One connection of one transport; it ends with the first trouble, and then tells nothing more. */
class Line {
  /** @param {Reader} reader */
  constructor(reader) {
    this.reader = reader;
    this.over = false;
    this.stood = false; // whether the server has accepted the reader on this line
    this.heardAt = performance.now();
  }

  /** Begin; whatever goes wrong with it is a loss. */
  begin() {
    this.guard(() => this.start());
  }

  /** Begin the conversation. @returns {void | Promise<void>} */
  start() {}

  /** Let go of what is held. @returns {void} */
  release() {}

  /** Say goodbye, as the page can. @returns {void} */
  goodbye() {}

  /** The page is back after having been away. @param {number} patience in milliseconds */
  wake(patience) {
    const { awayAt } = this.reader;
    const unheard = this.heardAt <= awayAt && performance.now() - awayAt >= patience;
    if (unheard) this.reader.replace("the page was away");
  }

  /** End it without a word. */
  end() {
    if (this.over) return;
    this.over = true;
    this.release();
  }

  /** End it with a goodbye. */
  leave() {
    if (this.over) return;
    this.goodbye();
    this.end();
  }

  /** @param {string} reason */
  lose(reason) {
    if (this.over) return;
    this.end();
    this.reader.lost(reason);
  }

  /** @param {number} status @param {string} reason @param {string} [description] */
  refuse(status, reason, description) {
    if (this.over) return;
    this.end();
    this.reader.refused(status, reason, description);
  }

  /** @param {Cursor} at */
  located(at) {
    if (this.over) return;
    this.stood = true;
    this.reader.located(at);
  }

  /** @param {Cursor} at @param {string} data */
  deliver(at, data) {
    if (!this.over) this.reader.deliver(at, data);
  }

  /**
   * A browser does not tell why something failed: ask the server in a way that does.
   * @param {() => void} well what to do where that says nothing
   * @param {AbortSignal} [signal]
   */
  async learnWhy(well, signal) {
    const answer = await this.reader.endpoints(signal);
    if (answer === null || answer.status >= 500) this.lose("connection lost");
    else if (answer.told?.endpoints) well();
    else if (answer.status < 300) this.lose(NO_HUB);
    else this.refuse(answer.status, ...refusalOf(answer.status, answer.told));
  }

  /** Run something that reads what the server sent. @param {() => void | Promise<void>} work */
  async guard(work) {
    try {
      await work();
    } catch (error) {
      this.lose(`not what a pushlab server says: ${wordsOf(error)}`);
    }
  }

  /** Something came: read it. @param {() => void} read */
  hear(read) {
    if (this.over) return;
    this.heardAt = performance.now();
    try {
      read();
    } catch (error) {
      this.lose(`not what a pushlab server says: ${wordsOf(error)}`);
    }
  }
}

/** What the polls share: one question at a time, and `next` to say when the next one comes. */
class PollLine extends Line {
  path = "";
  usualS = POLL_INTERVAL_S;
  answerMs = ANSWER_MS;
  hurried = false; // whether the page was away, and the browser's connections may be dead
  /** @type {AbortController | null} of the question that waits for its answer */
  #asking = null;
  #askedAt = 0;
  #timer = 0;

  start() {
    return this.ask();
  }

  /** An answer was read: ask again. @param {boolean} _more whether something waits already */
  next(_more) {
    this.askIn(0);
  }

  /** @param {number} ms */
  askIn(ms) {
    if (this.over) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.guard(() => this.ask()), ms);
  }

  /** The question. @returns {URL} */
  question() {
    const { reader } = this;
    return reader.url(this.path, { after: reader.cursor ?? "", ...this.parameters() });
  }

  /** From one question to the next, where the clock says when that is. */
  get intervalMs() {
    const seconds = Number(this.reader.options.pollInterval ?? this.usualS);
    if (!Number.isFinite(seconds)) return this.usualS * 1000;
    return Math.min(Math.max(0.02, seconds), LONGEST_INTERVAL_S) * 1000;
  }

  /** For how many seconds it is there, where that is longer than usual. */
  get lease() {
    const seconds = this.intervalMs / 1000;
    return seconds > SELDOM_S ? String(seconds * 3) : null;
  }

  /** What a question says besides. @returns {Record<string, string | null>} */
  parameters() {
    return {};
  }

  /** What a question that brings nothing counts as. @param {boolean} first @returns {string} */
  emptyKind(first) {
    return first ? "connect" : "poll-empty";
  }

  async ask() {
    if (this.over || this.#asking) return;
    const { reader } = this;
    const asking = (this.#asking = new AbortController());
    const first = reader.at === null;
    const url = this.question();
    this.#askedAt = performance.now();
    const timer = setTimeout(
      () => {
        this.#takeBack(first);
        this.lose("no answer");
      },
      this.hurried ? STAND_AGAIN_MS : this.answerMs,
    );
    let response, text;
    try {
      response = await reader.fetch(url, { signal: asking.signal });
      text = decode(await bodyOf(response)); // text() would take a BOM away
    } catch (error) {
      if (this.#asking === asking) {
        this.#asking = null;
        asking.abort();
        this.lose(error instanceof RangeError ? error.message : "connection lost");
      }
      return;
    } finally {
      clearTimeout(timer);
    }
    if (this.#asking !== asking) return;
    this.#asking = null;
    this.hurried = false;
    this.heardAt = performance.now();
    const sent = bytesOfRequest(url, reader.token);
    const received = bytesOfResponse(response, text);
    if (response.status >= 300) {
      reader.hit("refused", sent, received);
      this.refuse(response.status, ...refusalOf(response.status, jsonOf(text)));
      return;
    }
    const more = this.take(response, text, (brings) =>
      reader.hit(brings && !first ? "poll-useful" : this.emptyKind(first), sent, received),
    );
    if (!this.over) this.next(more);
  }

  /**
   * Read an answer: count it, then say where it stands, then what it brings.
   * @param {Response} response
   * @param {string} text
   * @param {(useful: boolean) => void} count
   * @returns {boolean} whether more waits already
   */
  take(response, text, count) {
    if (response.status === 204) {
      count(false);
      if (!this.stood) this.located(parseCursor(response.headers.get("pushlab-cursor")));
      return false;
    }
    const page = JSON.parse(text);
    const cursor = parseCursor(page.cursor);
    /** @type {{seq: number, data: string}[]} */
    const messages = page.messages;
    for (const { seq, data } of messages) {
      if (typeof data !== "string" || !Number.isInteger(seq)) throw new Error("not a message");
    }
    count(true);
    if (page.gap) {
      this.located(parseCursor(page.gap.resumed));
    } else if (!this.stood) {
      const seq = messages.length ? messages[0].seq - 1 : cursor.seq;
      this.located({ epoch: cursor.epoch, seq });
    }
    for (const { seq, data } of messages) this.deliver({ epoch: cursor.epoch, seq }, data);
    return Boolean(page.more);
  }

  /** Give up the question that is asked: to the server it was one. @param {boolean} first */
  #takeBack(first) {
    if (!this.#asking) return;
    this.#asking.abort();
    this.#asking = null;
    this.reader.hit(this.emptyKind(first), bytesOfRequest(this.question(), this.reader.token), 0);
  }

  release() {
    clearTimeout(this.#timer);
    this.#takeBack(this.reader.at === null);
  }

  goodbye() {
    if (!this.stood && !this.#asking) return;
    // A question that is under way may be answered all the same, and then it would be a presence.
    this.#takeBack(this.reader.at === null);
    const url = this.farewell();
    this.reader.hit("leave", bytesOfRequest(url, this.reader.token), 0);
    this.reader.fetch(url, { method: this.farewellMethod, keepalive: true }).catch(() => {});
  }

  farewellMethod = "DELETE";

  farewell() {
    return this.reader.url(this.path);
  }

  /**
   * Ask now; a question that was under way when the network went is asked anew.
   * @param {number} patience
   */
  wake(patience) {
    const { awayAt } = this.reader;
    if (!this.#asking) {
      this.hurried = true;
      this.askIn(0);
    } else if (this.#askedAt <= awayAt && performance.now() - awayAt >= patience) {
      super.wake(patience);
    }
  }
}

/** Asks by the clock. */
class ShortPollingLine extends PollLine {
  path = "v1/poll";
  #due = performance.now();

  /** @param {boolean} more */
  next(more) {
    const now = performance.now();
    if (more) {
      this.askIn(0);
      return;
    }
    // A fixed clock; what a slow answer or a sleeping page missed is skipped.
    const { intervalMs } = this;
    const turns = Math.max(0, Math.floor((now - this.#due) / intervalMs) + 1);
    this.#due += turns * intervalMs;
    this.reader.stats.due += turns;
    this.reader.stats.skipped += Math.max(0, turns - 1);
    this.askIn(this.#due - now);
  }

  parameters() {
    return { lease_s: this.lease };
  }
}

/** Asks again as soon as it has an answer; first, and after a loss, without being held. */
class LongPollingLine extends PollLine {
  path = "v1/wait";
  answerMs = HOLD_S * 1000 + HOLD_GRACE_MS;

  parameters() {
    return { hold_s: this.stood && !this.hurried ? String(HOLD_S) : "0" };
  }
}

/** The old development server's wire: one message for each question, some time after each answer. */
class DevServerLine extends PollLine {
  path = "_ah/channel/dev";
  usualS = DEV_INTERVAL_S;
  farewellMethod = "GET";

  parameters() {
    const command = this.stood ? "poll" : "connect";
    return { command, channel: this.reader.token, lease_s: this.lease };
  }

  emptyKind() {
    return this.stood ? "poll-empty" : this.reader.arrival;
  }

  /**
   * @param {Response} response
   * @param {string} text
   * @param {(useful: boolean) => void} count
   */
  take(response, text, count) {
    const stands = parseCursor(response.headers.get("pushlab-cursor"));
    const gap = response.headers.get("pushlab-gap");
    const brings = this.stood && text !== "";
    count(this.stood && (brings || gap !== null));
    if (gap !== null) this.located(parseCursor(gap.split(" ")[1]));
    else if (!this.stood) this.located(stands);
    if (brings) this.deliver(stands, text);
    return false;
  }

  next() {
    this.askIn(this.intervalMs);
  }

  farewell() {
    return this.reader.url(this.path, { command: "disconnect", channel: this.reader.token });
  }
}

/** Server-sent events, by the browser's own EventSource; coming back is the reader's affair. */
class EventsLine extends Line {
  /** @type {EventSource | null} */
  #source = null;
  #opened = false;
  #controller = new AbortController();

  start() {
    const { reader } = this;
    const Source = reader.options.EventSource ?? EventSource;
    const url = reader.url("v1/events", { token: reader.token, at: "1", after: reader.cursor });
    const kind = reader.arrival;
    const sent = bytesOfRequest(url);
    /** @type {EventSource} */
    const source = new Source(url.href);
    this.#source = source;
    source.addEventListener("open", () =>
      this.hear(() => {
        this.#opened = true;
        reader.hit(kind, sent, 0);
      }),
    );
    source.addEventListener("error", (event) => {
      if (event instanceof MessageEvent) return;
      const refused = source.readyState === 2 && !this.#opened;
      source.close();
      if (!refused) this.lose("connection lost");
      else if (!this.over) this.guard(() => this.#askAgain(sent));
    });
    this.#on("at", ({ data }) => this.located(parseCursor(data)));
    this.#on("message", ({ data, lastEventId }) => this.deliver(parseCursor(lastEventId), data));
    this.#on("json", ({ data, lastEventId }) => {
      const text = JSON.parse(data);
      if (typeof text !== "string") throw new Error("a message is not text");
      this.deliver(parseCursor(lastEventId), text);
    });
    this.#on("close", ({ data }) => {
      const { reason, status } = JSON.parse(data);
      this.refuse(Number(status), String(reason));
    });
  }

  /** @param {string} name @param {(event: MessageEvent<string>) => void} read */
  #on(name, read) {
    this.#source?.addEventListener(name, (event) =>
      this.hear(() => {
        const told = /** @type {MessageEvent<string>} */ (event);
        const body = bytesOf(told.data) + bytesOf(told.lastEventId) + 13; // id: data: blank line
        this.reader.stats.received += body + body.toString(16).length + 4;
        read(told);
      }),
    );
  }

  /**
   * An EventSource does not tell why it was refused: ask the same again in a way that does.
   * @param {number} sent
   */
  async #askAgain(sent) {
    const { reader } = this;
    reader.hit("refused", sent, 0);
    const url = reader.url("v1/events", { after: reader.cursor });
    let answer, text;
    try {
      answer = await reader.fetch(url, { signal: this.#controller.signal });
      if (answer.ok) {
        this.#controller.abort();
        this.lose("the stream was refused, and then it was not");
        return;
      }
      text = new TextDecoder().decode(await bodyOf(answer));
    } catch {
      this.#controller.abort();
      this.lose("connection lost");
      return;
    }
    reader.hit("refused", bytesOfRequest(url, reader.token), bytesOfResponse(answer, text));
    this.refuse(answer.status, ...refusalOf(answer.status, jsonOf(text)));
  }

  release() {
    this.#source?.close();
    this.#controller.abort();
  }
}

/** WebSocket: a text frame for each message, and a close code that says what a status says. */
class WebSocketLine extends Line {
  /** @type {WebSocket | null} */
  #socket = null;
  #opened = false;
  #controller = new AbortController();

  start() {
    const { reader } = this;
    const Socket = reader.options.WebSocket ?? WebSocket;
    const url = reader.url("v1/socket", { token: reader.token, after: reader.cursor });
    const sent = bytesOfRequest(url) + 120; // upgrade, version, key
    const kind = reader.arrival;
    url.protocol = url.protocol.replace("http", "ws");
    /** @type {WebSocket} */
    const socket = new Socket(url.href);
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) =>
      this.hear(() => {
        const bytes = bytesOf(data);
        const received = bytes + frameHead(bytes);
        const frame = parseFrame(data);
        if ("status" in frame) throw new Error("a bye has no place on a WebSocket");
        if ("data" in frame) {
          reader.stats.received += received;
          this.deliver(frame.at, frame.data);
          return;
        }
        if (!this.stood) reader.hit(kind, sent, 129 + received); // 101, upgrade, accept
        this.located(frame.at);
      }),
    );
    socket.addEventListener("open", () => (this.#opened = true));
    let ended = false;
    const end = (/** @type {number} */ code, /** @type {string} */ reason) => {
      if (this.over || ended) return;
      ended = true;
      if (!this.#opened && !reader.choosing) {
        this.guard(() => this.learnWhy(() => this.lose(NO_UPGRADE), this.#controller.signal));
        return;
      }
      const told = code >= 4400 && code < 4600;
      if (told && !this.stood) reader.hit("refused", sent, 131 + bytesOf(reason));
      this.refuse(told ? code - 4000 : 503, reason || "connection lost");
    };
    socket.addEventListener("close", ({ code, reason }) => end(code, reason));
    socket.addEventListener("error", () => {
      if (!this.#opened) end(1006, ""); // Chromium says no more where the page's policy forbids it
    });
  }

  release() {
    const socket = this.#socket;
    if (socket && socket.readyState < 2) socket.close(1000);
    this.#controller.abort();
  }
}

// ---- MQTT ---------------------------------------------------------------------------------------

const MQTT_MODULE = "web/channel_mqtt.js";

/** MQTT over WebSocket. What is said stands in a module of its own, fetched when it is wanted. */
class MqttLine extends Line {
  /** @type {import("./channel_mqtt.js").MqttTalk | null} */
  #talk = null;

  async start() {
    const { mqtt } = this.reader.options;
    const own = mqtt && (async () => mqtt())().catch(() => this.lose("mqtt did not load"));
    const found = await (own ?? this.load(MQTT_MODULE));
    if (!found || this.over) return;
    const talk = new found.MqttTalk(this, found.client);
    this.#talk = talk;
    await talk.start();
  }

  /**
   * Load a module from the hub; no bundler can know where that is.
   * @param {string} path
   * @returns {Promise<any>} null where it cannot be had, and the line is over
   */
  async load(path) {
    const { reader } = this;
    const url = reader.url(path);
    try {
      return await import(/* webpackIgnore: true */ /* @vite-ignore */ url.href);
    } catch {
      const answer = await fetch(url).catch(() => null);
      await this.learnWhy(() => {
        if (answer === null || !isFinal(answer.status)) this.lose("mqtt did not load");
        else if (!this.over) {
          this.end();
          reader.fail(501, "not-installed", "MQTT is not installed here: run make web");
        }
      });
      return null;
    }
  }

  goodbye() {
    this.#talk?.goodbye();
  }

  release() {
    this.#talk?.release();
  }
}

// ---- the application's side ---------------------------------------------------------------------

/** @type {Record<string, new (reader: Reader) => Line>} */
const LINES = {
  websocket: WebSocketLine,
  sse: EventsLine,
  "long-polling": LongPollingLine,
  "short-polling": ShortPollingLine,
  mqtt: MqttLine,
  "channel-api-dev": DevServerLine,
};

/** The names that `Options.transport` takes, besides `auto`. */
const TRANSPORTS = Object.freeze(Object.keys(LINES));

/** An open channel. Assign handlers at any time; those that are missing are not missed. */
class Socket {
  /** @type {Reader} */
  #reader;

  /**
   * @param {string} token
   * @param {Options} options
   * @param {Handlers} handlers
   */
  constructor(token, options, handlers) {
    /** @type {Handlers["onopen"]} */
    this.onopen = null;
    /** @type {Handlers["onmessage"]} */
    this.onmessage = null;
    /** @type {Handlers["onerror"]} */
    this.onerror = null;
    /** @type {Handlers["onclose"]} */
    this.onclose = null;
    /** @type {Handlers["ongap"]} */
    this.ongap = null;
    /** @type {Handlers["onovertaken"]} */
    this.onovertaken = null;
    /** @type {Handlers["onhit"]} */
    this.onhit = null;
    /** @type {Handlers["onlost"]} */
    this.onlost = null;
    /** @type {Handlers["ontrouble"]} */
    this.ontrouble = null;
    /** @type {Handlers["onreconnect"]} */
    this.onreconnect = null;
    const own = /** @type {Record<string, any>} */ (this); // which has handlers, and nothing else
    const given = /** @type {Record<string, any>} */ (handlers);
    for (const name of Object.keys(own)) {
      if (typeof given[name] === "function") own[name] = given[name];
    }
    this.#reader = new Reader(token, options, (name, event) => {
      const handler = own[name];
      if (typeof handler !== "function") return;
      try {
        handler.call(this, event);
      } catch (error) {
        report(error);
      }
    });
  }

  /** 0 connecting, 1 open (also while it connects again), 2 closing, 3 closed. */
  get readyState() {
    return this.#reader.state;
  }

  /** The transport in use; with `auto`, the one that is being tried until one gets through. */
  get transport() {
    return this.#reader.transport;
  }

  /** Why it does not connect, for now; null while it does, and before the first attempt failed. */
  get trouble() {
    return this.#reader.trouble;
  }

  /** Where this reader stands; give it to `after` to go on there. Null before the first word. */
  get cursor() {
    return this.#reader.cursor;
  }

  /** What it has cost so far. @returns {Stats} */
  get stats() {
    const { stats } = this.#reader;
    return { ...stats, hits: { ...stats.hits } };
  }

  /** Leave. `onclose` follows, and nothing else. */
  close() {
    this.#reader.close();
  }
}

/** A channel that may be opened with a token, which the server made for one client ID. */
class Channel {
  #token;
  #options;

  /**
   * @param {string} token
   * @param {Options} [options]
   */
  constructor(token, options = {}) {
    this.#token = String(token ?? "");
    this.#options = { ...options };
  }

  /**
   * Open it. Events come later than this returns, so handlers may be set on the socket as well.
   * @param {Handlers} [handlers]
   * @returns {Socket}
   */
  open(handlers) {
    return new Socket(this.#token, this.#options, handlers ?? {});
  }
}

export { Channel, Socket, TRANSPORTS };
// For jsapi.js:
export { CLOSED, CLOSING, CONNECTING, DEV_INTERVAL_S, OPEN };
// For channel_mqtt.js:
export { bytesOfRequest, decode, frameHead, isFinal, parseCursor, parseFrame, refusalOf, spell };
export { MqttLine, NO_UPGRADE, Reader, STAND_MS, wordsOf };

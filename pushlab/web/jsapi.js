// @ts-check
/**
 * `goog.appengine`, as pages of App Engine's time know it, above `channel.js`.
 *
 * Its names are those of the script that the development server served, of which the one in
 * production had fewer. Both are plain functions, `readyState` is a property, and a socket that is
 * given no handlers has four that do nothing. Where the two scripts were not of one mind, or had a
 * fault, this one goes its way as docs/from-app-engine.md says ("Differences").
 *
 * The server joins it to `channel.js`, without its import; it does not stand alone.
 */

import { CLOSED, CLOSING, CONNECTING, DEV_INTERVAL_S, OPEN, Socket } from "./static/channel.js";

/** @typedef {import("./static/channel.js").Options} Options */
/** @typedef {import("./static/channel.js").ChannelError} ChannelError */
/** @typedef {Record<string, any>} Handlers */

/**
 * What `description` says for a reason: applications compare it. The server writes it here.
 * @type {Record<string, string>}
 */
const PHRASES = {};
const UNAUTHORIZED = 401;

/** Where the old script asked, seen from its page. As long as it is this, the hub is where this
 * script came from. */
const BASE_URL = "/_ah/channel/";

/** What a socket of ours has besides the original's. */
const MORE = ["transport", "cursor", "trouble", "stats"];

/**
 * Keep something where no loop over the object and no JSON finds it.
 * @param {object} object @param {string} name @param {unknown} value
 */
function hide(object, name, value) {
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
}

/** How long the place of a socket whose token has expired is kept for the channel's next socket. */
const KEPT_FOR_MS = 60_000;
/** @type {{channel: string, cursor: string | null, at: number}[]} oldest first */
let places = [];

/** The channel that a token is for, as its second part says; else the token. @param {string} token */
function channelOf(token) {
  try {
    const [, payload] = token.split(".");
    return String(JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")))[1]);
  } catch {
    return token;
  }
}

/**
 * So a page that renews its token by opening the channel again loses nothing.
 * @param {string} token
 */
function takePlace(token) {
  const channel = channelOf(token);
  places = places.filter(({ at }) => performance.now() - at < KEPT_FOR_MS);
  const index = places.findIndex((place) => place.channel === channel);
  return index < 0 ? null : places.splice(index, 1)[0].cursor;
}

/**
 * Options that are read when they are wanted, since a page may set the original's at any time.
 * @param {Options} [options]
 * @returns {Options}
 */
function liveOptions(options) {
  return {
    ...options,
    get server() {
      const base = AppEngineSocket.BASE_URL;
      if (options?.server !== undefined || base === BASE_URL) return options?.server;
      const { href } = new URL(base, globalThis.document?.baseURI ?? globalThis.location?.href);
      return href.replace(/_ah\/channel\/?$/, "");
    },
    get pollInterval() {
      return options?.pollInterval ?? AppEngineSocket.POLLING_TIMEOUT_MS / 1000;
    },
  };
}

/** What an event does to `readyState`. @param {string} name @param {number} state */
function stateAt(name, state) {
  if (name === "onopen") return OPEN;
  if (name === "onclose") return CLOSED;
  return name === "onerror" && state === CONNECTING ? CLOSING : state;
}

/** @param {ChannelError} error @returns {ChannelError} */
function asItWas(error) {
  const { reason } = error;
  if (!Object.hasOwn(PHRASES, reason)) return error;
  return { code: UNAUTHORIZED, description: PHRASES[reason], reason };
}

/** The handlers of a socket that is given none. */
function Handler() {}
for (const name of ["onopen", "onmessage", "onerror", "onclose"]) Handler.prototype[name] = () => {};

/**
 * `goog.appengine.Channel`. Nothing is checked before it is opened.
 * @this {any}
 * @param {string} token
 * @param {Options} [options] those of `channel.js`
 */
function AppEngineChannel(token, options) {
  const own = this ?? {}; // without `new` it made nothing, and said nothing
  hide(own, "token_", token);
  hide(own, "options_", options);
}

/** @this {any} @param {Handlers} [handlers] @returns {any} */
AppEngineChannel.prototype.open = function (handlers) {
  const given = handlers || Reflect.construct(Handler, []);
  return Reflect.construct(AppEngineSocket, [this.token_, given, this.options_]);
};

/**
 * `goog.appengine.Socket`. The handlers are copied once, and may be set anew on the socket.
 * @this {any}
 * @param {string} token
 * @param {Handlers} handlers
 * @param {Options} [options]
 */
function AppEngineSocket(token, handlers, options) {
  if (typeof token !== "string") throw new TypeError("the token is not a string");
  if (!handlers) throw new TypeError("there are no handlers");
  this.readyState = CONNECTING;
  const after = options?.after ?? takePlace(token);
  const socket = new Socket(token, liveOptions({ ...options, after }), {});
  hide(this, "socket_", socket);
  const hear = /** @type {Handlers} */ (socket);
  for (const name of Object.keys(socket)) {
    if (name in Handler.prototype || handlers[name] !== undefined) this[name] = handlers[name];
    hear[name] = (/** @type {any} */ event) => {
      if (name === "onerror" && event.reason === "token-expired") {
        places.push({ channel: channelOf(token), cursor: socket.cursor, at: performance.now() });
      }
      this.readyState = stateAt(name, this.readyState);
      if (typeof this[name] === "function") this[name](name === "onerror" ? asItWas(event) : event);
    };
  }
}

/** Nothing was ever sent by it: in production it did nothing. @returns {boolean} */
AppEngineSocket.prototype.send = function () {
  return false;
};

/** Leave; `onclose` follows once, however often this is called. @this {any} */
AppEngineSocket.prototype.close = function () {
  if (this.readyState < CLOSING) this.readyState = CLOSING;
  this.socket_.close();
};

for (const name of MORE) {
  Object.defineProperty(AppEngineSocket.prototype, name, {
    configurable: true,
    get() {
      return this.socket_?.[name];
    },
  });
}

AppEngineSocket.ReadyState = { CONNECTING, OPEN, CLOSING, CLOSED };
AppEngineSocket.Handler = Handler;
AppEngineSocket.POLLING_TIMEOUT_MS = DEV_INTERVAL_S * 1000;
AppEngineSocket.BASE_URL = BASE_URL;

const page = /** @type {any} */ (globalThis);
const goog = (page.goog ??= {});
goog.appengine ??= {};
goog.appengine.Channel = AppEngineChannel;
goog.appengine.Socket = AppEngineSocket;

/**
 * What a page of App Engine's time may do with `goog.appengine`, whoever's that is.
 *
 * A scene notes what it is told: the handler, the socket's `readyState` in it, and what is said. Its
 * token is `good`, `short` (it ends while the page is open), `forged`, `empty`, or of no use to it.
 */

/** Handlers that note, and then do `more`. */
function noting(log, more = {}) {
  const handlers = {};
  for (const name of ["onopen", "onmessage", "onerror", "onclose"]) {
    handlers[name] = function (event) {
      const said = event && (event.data || (event.code && `${event.code} ${event.description}`));
      log.push(`${name} ${this.readyState}${said ? ` ${said}` : ""}`);
      if (more[name]) more[name].call(this, event);
    };
  }
  return handlers;
}

/** What comes of it, or how it fails. */
function outcome(work) {
  try {
    return String(work());
  } catch (error) {
    return String(error && error.name);
  }
}

const handlersOf = (socket) =>
  ["onopen", "onmessage", "onerror", "onclose"].map((name) => typeof socket[name]).join();

// eslint-disable-next-line no-unused-vars
const SCENES = {
  "the names": ["unused", (_, log) => {
    const { Channel, Socket } = goog.appengine;
    log.push(`goog.appengine: ${Object.keys(goog.appengine).sort()}`);
    log.push(`ReadyState: ${JSON.stringify(Socket.ReadyState)}`);
    log.push(`POLLING_TIMEOUT_MS: ${Socket.POLLING_TIMEOUT_MS}, BASE_URL: ${Socket.BASE_URL}`);
    log.push(`Handler: ${handlersOf(new Socket.Handler())}`);
    log.push(`methods: ${[Channel.prototype.open, Socket.prototype.send, Socket.prototype.close]
      .map((method) => typeof method)}`);
  }],
  "what is made of what": ["good", (token, log) => {
    const { Channel, Socket } = goog.appengine;
    log.push(`without new: ${outcome(() => Channel(token))}`);
    for (const odd of [undefined, null, 7, {}])
      log.push(`a channel of ${odd}: ${outcome(() => typeof new Channel(odd))}, opened: ${
        outcome(() => typeof new Channel(odd).open())}`);
    log.push(`a socket without handlers: ${outcome(() => typeof new Socket(token))}`);
    log.push(`is a Socket: ${new Channel(token).open(noting(log)) instanceof Socket}`);
  }],
  "handlers as an argument": ["good", (token, log) => {
    const socket = new goog.appengine.Channel(token).open(
      noting(log, { onmessage: (event) => event.data === "two" && socket.close() }),
    );
    log.push(`at first ${socket.readyState}`);
  }],
  "handlers set on the socket": ["good", (token, log) => {
    const socket = new goog.appengine.Channel(token).open();
    log.push(`at first ${handlersOf(socket)}`);
    Object.assign(socket, noting(log));
  }],
  "a handler changed in the object that was given": ["good", (token, log) => {
    const handlers = noting(log);
    new goog.appengine.Channel(token).open(handlers);
    handlers.onmessage = () => log.push("the new one");
  }],
  "a handler changed on the socket": ["good", (token, log) => {
    const socket = new goog.appengine.Channel(token).open(noting(log));
    socket.onmessage = function (event) {
      log.push(`the new one ${event.data}`);
      this.onmessage = () => log.push("the newest");
    };
  }],
  "a socket by itself": ["good", (token, log) => {
    new goog.appengine.Socket(token, noting(log));
  }],
  "two sockets of one channel object": ["good", (token, log) => {
    const channel = new goog.appengine.Channel(token);
    log.push(`two: ${channel.open(noting(log)) !== channel.open()}`);
  }],
  "a forged token": ["forged", (token, log) => {
    new goog.appengine.Channel(token).open(noting(log));
  }],
  "an empty token": ["empty", (token, log) => {
    new goog.appengine.Channel(token).open(noting(log));
  }],
  "a token that ends": ["short", (token, log) => {
    new goog.appengine.Channel(token).open(noting(log));
  }],
  "send before it is open": ["good", (token, log) => {
    log.push(`sent: ${new goog.appengine.Channel(token).open(noting(log)).send("up")}`);
  }],
  "closed in onmessage": ["good", (token, log) => {
    new goog.appengine.Channel(token).open(noting(log, { onmessage() { this.close(); } }));
  }],
  "closed in onopen": ["good", (token, log) => {
    new goog.appengine.Channel(token).open(noting(log, {
      onopen() { this.close(); log.push(`then ${this.readyState}`); },
    }));
  }],
  "closed twice": ["good", (token, log) => {
    new goog.appengine.Channel(token).open(noting(log, {
      onopen() { this.close(); this.close(); },
    }));
  }],
  "closed in onerror": ["short", (token, log) => {
    new goog.appengine.Channel(token).open(noting(log, { onerror() { this.close(); } }));
  }],
  "closed at once": ["good", (token, log) => {
    const socket = new goog.appengine.Channel(token).open(noting(log));
    socket.close();
    log.push(`then ${socket.readyState}`);
  }],
};

// @ts-check
/**
 * A link with delay, in the page: `fetch`, `WebSocket` and `EventSource` that hold what passes.
 *
 * What the page sends is held before it reaches the browser's own network, what comes back is held
 * before the page sees it, each for one way of the link and never overtaking. A new connection pays
 * TCP's round trip first. One number, `oneWayMs`, may be changed at any time; at 0 nothing is held.
 *
 * Not modelled: loss, bandwidth, and the round trips of the browser's own reconnecting.
 */

/** Runs things one way of the link later, in the order in which they were given. */
class OneWay {
  /** @param {SlowLink} link */
  constructor(link) {
    this._link = link;
    this._lastMs = 0;
    this._waiting = 0;
  }

  /** @param {() => void} run */
  hold(run) {
    const now = performance.now();
    const due = Math.max(now + this._link.oneWayMs, this._waiting > 0 ? this._lastMs : 0);
    if (due <= now && this._waiting === 0) {
      run();
      return;
    }
    this._lastMs = due;
    this._waiting += 1;
    setTimeout(() => {
      this._waiting -= 1;
      run();
    }, due - now);
  }
}

/**
 * @param {number} ms
 * @param {AbortSignal | null | undefined} [signal]
 * @returns {Promise<void>}
 */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(resolve, ms);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** A held connection: an event target whose `on...` properties work too. */
class Forwarder extends EventTarget {
  OPEN = 1;

  /**
   * @param {SlowLink} link
   * @param {string | URL} url
   */
  constructor(link, url) {
    super();
    this.url = String(url);
    this._in = new OneWay(link);
    const none = /** @type {((event: any) => void) | null} */ (null);
    this.onopen = this.onmessage = this.onerror = this.onclose = none;
  }

  /**
   * Connect once TCP has had its round trip, and the request its way.
   * @param {SlowLink} link
   * @param {() => void} dial
   */
  _begin(link, dial) {
    if (link.oneWayMs > 0) setTimeout(dial, 3 * link.oneWayMs);
    else dial();
  }

  /** @param {Event} event */
  _tell(event) {
    const handler = /** @type {any} */ (this)[`on${event.type}`];
    if (typeof handler === "function") handler.call(this, event);
    this.dispatchEvent(event);
  }
}

export class SlowLink {
  /** @param {number} [oneWayMs] */
  constructor(oneWayMs = 0) {
    this.oneWayMs = oneWayMs;
    this._idle = 0; // connections that are open and free, as HTTP keeps them
    const link = this;

    /** As the browser's own. @type {typeof fetch} */
    this.fetch = async (resource, init) => {
      const signal = init?.signal;
      if (link._idle > 0) link._idle -= 1;
      else if (link.oneWayMs > 0) await pause(2 * link.oneWayMs, signal);
      if (link.oneWayMs > 0) await pause(link.oneWayMs, signal);
      const response = await fetch(resource, init);
      link._idle = Math.min(link._idle + 1, 6);
      if (link.oneWayMs === 0) return response;
      const body = response.body === null ? null : link._held(response.body);
      await pause(link.oneWayMs, signal);
      const { status, statusText, headers } = response;
      return new Response(body, { status, statusText, headers });
    };

    /** As the browser's own, as far as a client uses it. */
    this.WebSocket = class extends Forwarder {
      /**
       * @param {string | URL} url
       * @param {string | string[]} [protocols]
       */
      constructor(url, protocols) {
        super(link, url);
        this.readyState = 0;
        /** @type {BinaryType} */
        this._binaryType = "blob";
        /** @type {WebSocket | null} */
        this._real = null;
        this._out = new OneWay(link);
        this._begin(link, () => this._dial(protocols));
      }

      get binaryType() {
        return this._binaryType;
      }

      set binaryType(type) {
        this._binaryType = type;
        if (this._real) this._real.binaryType = type;
      }

      get bufferedAmount() {
        return this._real?.bufferedAmount ?? 0;
      }

      /** @param {string | string[] | undefined} protocols */
      _dial(protocols) {
        if (this.readyState === 2) {
          this._end(new CloseEvent("close", { code: 1006 }));
          return;
        }
        const real = new WebSocket(this.url, protocols);
        real.binaryType = this.binaryType;
        this._real = real;
        real.onopen = () =>
          this._in.hold(() => {
            if (this.readyState !== 0) return;
            this.readyState = 1;
            this._tell(new Event("open"));
          });
        real.onmessage = ({ data }) =>
          this._in.hold(() => {
            if (this.readyState === 1) this._tell(new MessageEvent("message", { data }));
          });
        real.onerror = () => this._in.hold(() => this._tell(new Event("error")));
        real.onclose = ({ code, reason, wasClean }) =>
          this._in.hold(() => this._end(new CloseEvent("close", { code, reason, wasClean })));
      }

      /** @param {CloseEvent} event */
      _end(event) {
        if (this.readyState === 3) return;
        this.readyState = 3;
        this._tell(event);
      }

      /** @param {any} data */
      send(data) {
        if (this.readyState === 0) throw new DOMException("still connecting", "InvalidStateError");
        this._out.hold(() => {
          if (this._real?.readyState === 1) this._real.send(data);
        });
      }

      /**
       * @param {number} [code]
       * @param {string} [reason]
       */
      close(code, reason) {
        if (this.readyState >= 2) return;
        this.readyState = 2;
        this._out.hold(() => {
          if (code === undefined) this._real?.close();
          else this._real?.close(code, reason);
        });
      }
    };

    /** As the browser's own, as far as a client uses it. */
    this.EventSource = class extends Forwarder {
      /** @param {string | URL} url */
      constructor(url) {
        super(link, url);
        this.readyState = 0;
        /** @type {EventSource | null} */
        this._real = null;
        /** @type {Set<string>} */
        this._types = new Set(["message"]);
        this._begin(link, () => this._dial());
      }

      _dial() {
        if (this.readyState === 2) return;
        const real = new EventSource(this.url);
        this._real = real;
        real.onopen = () => this._pass(1, new Event("open"));
        real.onerror = (event) => {
          // An event of the server's own may be named "error" too: then it is a message.
          if (event instanceof MessageEvent) return;
          this._pass(real.readyState, new Event("error"));
        };
        for (const type of this._types) this._forward(type);
      }

      /**
       * @param {number} state
       * @param {Event} event
       */
      _pass(state, event) {
        this._in.hold(() => {
          if (this.readyState === 2) return;
          this.readyState = state;
          this._tell(event);
        });
      }

      /** @param {string} type */
      _forward(type) {
        this._real?.addEventListener(type, (event) => {
          if (!(event instanceof MessageEvent)) return;
          const { data, lastEventId, origin } = event;
          this._in.hold(() => {
            if (this.readyState !== 2) {
              this._tell(new MessageEvent(type, { data, lastEventId, origin }));
            }
          });
        });
      }

      /**
       * @param {string} type
       * @param {any} listener
       * @param {any} [options]
       */
      addEventListener(type, listener, options) {
        super.addEventListener(type, listener, options);
        if (this._types?.has(type) || type === "open") return;
        this._types.add(type);
        this._forward(type);
      }

      close() {
        if (this.readyState === 2) return;
        this.readyState = 2;
        if (this._real) setTimeout(() => this._real?.close(), link.oneWayMs);
      }
    };
  }

  /**
   * A body whose every piece comes one way of the link later than it came.
   * @param {ReadableStream<Uint8Array>} body
   * @returns {ReadableStream<Uint8Array>}
   */
  _held(body) {
    const way = new OneWay(this);
    const reader = body.getReader();
    return new ReadableStream({
      async start(controller) {
        try {
          for (;;) {
            const { done, value } = await reader.read();
            if (done) break;
            way.hold(() => controller.enqueue(value));
          }
          way.hold(() => controller.close());
        } catch (error) {
          way.hold(() => controller.error(error));
        }
      },
      cancel: (reason) => reader.cancel(reason),
    });
  }
}

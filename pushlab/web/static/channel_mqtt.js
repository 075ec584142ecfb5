/**
 * The conversation of `channel.js` over MQTT 3.1.1 over WebSocket: a broker between hub and page. It
 * is described in `pushlab/transports/mqtt.py`.
 *
 * It speaks for one line, which loads this module; npm's `mqtt` is loaded when it begins.
 */

import {
  bytesOfRequest,
  decode,
  frameHead,
  isFinal,
  NO_UPGRADE,
  parseCursor,
  parseFrame,
  refusalOf,
  spell,
  STAND_MS,
  wordsOf,
} from "./channel.js";

/** @typedef {import("./channel.js").Cursor} Cursor */
/** @typedef {import("./channel.js").MqttLine} Line */

const BUNDLE = "web/vendor/mqtt.esm.js";
const CHECK_MS_PER_S = 830; // before the keep-alive is due: a question in its place
const AGAIN_MS = 200;
const AGAIN_LIMIT_MS = 10_000;
const MOST_HELD = 2_000;
const LINGER_MS = 2_000;

/**
 * As much of npm's `mqtt` as is used here.
 * @typedef {object} MqttClient
 * @property {(name: string, handler: (...values: any[]) => void) => void} on
 * @property {(topic: string, payload: string, options: {qos: number}) => void} publish
 * @property {(topics: Record<string, {qos: number}>,
 *   told: (error: unknown, granted: {qos: number}[]) => void) => void} subscribe
 * @property {(force?: boolean) => void} end
 */

/** What one line says to a broker, and hears. */
class MqttTalk {
  /** @type {any} what was given, in place of the hub's copy */
  #mqtt;
  /** @type {MqttClient | null} */
  #client = null;
  /** @type {{websocket: WebSocket, sent: number, received: number} | null} */
  #wire = null;
  #opened = false; // whether the WebSocket got through; the server has answered before
  #refused = false; // whether the broker takes no log-in of ours
  #kind = "connect";
  #outbox = "";
  #qos = 1;
  #placed = false; // whether the bridge has said where we are
  #ask = ""; // the question that waits for its answer's end
  #askedAt = -1; // the seq at which it was asked
  #again = AGAIN_MS;
  #news = false; // whether messages came since the last question
  #pings = 0;
  /** @type {Map<string, string>} live messages ahead of a hole */
  #held = new Map();
  #askTimer = 0;
  #checkTimer = 0;

  /**
   * @param {Line} line
   * @param {any} [client] npm's `mqtt`, in place of the hub's copy
   */
  constructor(line, client) {
    this.line = line;
    this.reader = line.reader;
    this.#mqtt = client;
  }

  /** Find the broker, and begin. @returns {Promise<void>} */
  async start() {
    const { line, reader } = this;
    const mqtt = this.#mqtt ?? (await line.load(BUNDLE))?.default;
    if (!mqtt || line.over) return;
    const answer = await reader.endpoints();
    if (line.over) return;
    if (answer === null) {
      line.lose("the server cannot be reached");
    } else if (answer.status !== 200) {
      line.refuse(answer.status, ...refusalOf(answer.status, answer.told));
    } else if (!answer.told?.endpoints?.mqtt) {
      line.refuse(404, "no-broker", "this server has no MQTT broker; start it with one");
    } else {
      this.#connect(mqtt, answer.told.endpoints.mqtt);
    }
  }

  /**
   * @param {any} mqtt
   * @param {{username: string, topic: string, qos: number, keep_alive_s: number}} place
   */
  #connect(mqtt, place) {
    const { line, reader } = this;
    this.#kind = reader.arrival;
    const random = [...crypto.getRandomValues(new Uint8Array(16))];
    const hex = random.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#qos = place.qos;
    const session = (reader.at === null ? "n" : "r") + hex;
    this.#outbox = `pushlab-outbox/${session}`;
    const url = reader.url("v1/mqtt"); // by the way that the page has to the hub
    url.protocol = url.protocol.replace("http", "ws");
    /** @type {MqttClient} */
    const client = mqtt.connect(url.href, {
      clientId: session,
      username: place.username,
      password: reader.token,
      protocolVersion: 4,
      clean: true,
      keepalive: place.keep_alive_s,
      connectTimeout: STAND_MS,
      reconnectPeriod: 0,
      resubscribe: false,
      timerVariant: "native",
      will: { topic: this.#outbox, payload: '{"leave": "lost"}', qos: 1, retain: false },
      createWebsocket: (/** @type {string} */ address, /** @type {string[]} */ protocols) =>
        this.#dial(address, protocols),
    });
    this.#client = client;
    const inbox = `pushlab-inbox/${session}`;
    const topics = {
      [place.topic]: { qos: place.qos },
      [inbox]: { qos: 1 },
      "pushlab-bridge": { qos: 1 },
    };
    client.on("connect", () => {
      if (line.over) return;
      client.subscribe(topics, (error, granted) => {
        if (line.over) return;
        if (granted?.some(({ qos }) => qos >= 128)) line.refuse(403, "forbidden");
        else if (error) line.lose(wordsOf(error));
        else if (!this.#ask && !this.#placed) this.#question("first");
      });
      this.#checkTimer = setInterval(() => {
        if (this.#placed && this.#news && !this.#ask) this.#question("check");
      }, place.keep_alive_s * CHECK_MS_PER_S);
    });
    client.on("message", (topic, payload) =>
      line.hear(() => this.#read(decode(payload), topic === place.topic)),
    );
    client.on("packetsend", ({ cmd }) => this.#count(cmd));
    client.on("packetreceive", () => (line.heardAt = performance.now()));
    client.on("error", (error) => {
      if (error?.code === 4 || error?.code === 5) {
        this.#refused = true;
        this.#hit("refused");
        // A broker does not tell why it takes no log-in: the hub knows, which made it.
        line.guard(() => line.learnWhy(() => line.refuse(401, "token-invalid")));
      } else {
        line.lose(this.#opened ? wordsOf(error) : NO_UPGRADE);
      }
    });
    client.on("close", () => {
      if (!this.#refused) line.lose(this.#opened ? "connection lost" : NO_UPGRADE);
    });
  }

  /**
   * The client's WebSocket, with its bytes counted.
   * @param {string} address
   * @param {string[]} protocols
   */
  #dial(address, protocols) {
    const Socket = this.reader.options.WebSocket ?? globalThis.WebSocket;
    const url = new URL(address);
    const websocket = new Socket(address, protocols);
    const wire = (this.#wire = { websocket, sent: bytesOfRequest(url) + 150, received: 0 });
    const send = websocket.send.bind(websocket);
    websocket.send = (/** @type {Uint8Array} */ data, /** @type {any[]} */ ...more) => {
      if (websocket.readyState !== 1) return;
      wire.sent += data.byteLength + frameHead(data.byteLength) + 4; // a client's frames are masked
      send(data, ...more); // in Node.js npm's mqtt hears by it that the data is on its way
    };
    websocket.addEventListener("open", () => (this.#opened = true));
    websocket.addEventListener("message", (/** @type {MessageEvent} */ { data }) => {
      wire.received += data.byteLength + frameHead(data.byteLength);
    });
    return websocket;
  }

  /** A control packet of ours is on its way: each is a hit. @param {string} cmd */
  #count(cmd) {
    if (cmd === "subscribe") {
      this.#hit(this.#kind); // CONNECT, which was let in
      this.#hit(this.#kind);
    } else if (cmd === "puback" || cmd === "pubrec" || cmd === "pubcomp") {
      this.#hit("ack");
    } else if (cmd === "pingreq") {
      this.#pings += 1;
      this.#hit("keep-alive");
    } else if (cmd === "disconnect") {
      this.#hit("leave");
    }
  }

  /** @param {string} kind */
  #hit(kind) {
    const wire = this.#wire ?? { sent: 0, received: 0 };
    this.reader.hit(kind, wire.sent, wire.received);
    wire.sent = wire.received = 0;
  }

  // ---- asking -----------------------------------------------------------------------------

  /** Ask the bridge for everything behind the cursor. @param {string} ask */
  #question(ask) {
    const { reader } = this;
    const words = { ask, token: reader.token, after: reader.cursor, qos: this.#qos };
    this.#client?.publish(this.#outbox, JSON.stringify(words), { qos: 1 });
    this.#hit(ask === "again" ? "reconnect" : ask === "check" ? "keep-alive" : this.#kind);
    this.#ask = ask;
    this.#askedAt = reader.at?.seq ?? -1;
    this.#news = false;
    clearTimeout(this.#askTimer);
    // The answer to the first one may stop half way; that it begins is the reader's to see.
    const patience = ask === "first" ? STAND_MS : AGAIN_LIMIT_MS;
    this.#askTimer = setTimeout(() => this.#question("again"), patience);
  }

  /** Something is missing: ask for it, unless an answer is on its way. */
  #missing() {
    if (this.#ask || this.#askTimer) return;
    if (this.reader.at?.seq !== this.#askedAt) {
      this.#again = AGAIN_MS;
      this.#question("again");
    } else {
      // the last answer did not help: wait before the next one
      this.#askTimer = setTimeout(() => this.#question("again"), this.#again);
      this.#again = Math.min(2 * this.#again, AGAIN_LIMIT_MS);
    }
  }

  // ---- what arrives -----------------------------------------------------------------------

  /** @param {string} text @param {boolean} live and no part of an answer */
  #read(text, live) {
    const frame = parseFrame(text);
    if ("status" in frame) {
      if (this.#ask && isFinal(frame.status)) this.#hit("refused");
      this.line.refuse(frame.status, frame.reason);
      return;
    }
    if ("data" in frame) {
      this.#take(frame.at, frame.data, live);
      return;
    }
    if (frame.gap) {
      this.#placed = true;
      this.line.located(frame.at); // only the bridge, who knows the log, says that something is gone
    } else if (this.#placed) {
      this.#answered(frame.at);
    } else {
      const has = this.reader.at;
      const ahead = has !== null && (has.epoch !== frame.at.epoch || frame.at.seq > has.seq);
      this.#placed = true;
      this.line.located(ahead && has ? has : frame.at);
      if (ahead) this.#answered(frame.at); // the first word was lost: this is the last one
    }
    this.#deliverHeld();
  }

  /** @param {Cursor} at @param {string} data @param {boolean} live */
  #take(at, data, live) {
    const has = this.reader.at;
    const same = this.#placed && has !== null && at.epoch === has.epoch;
    if (same && at.seq <= has.seq && !live) return; // an answer brings all that is behind it
    if (same && at.seq <= has.seq + 1) {
      if (live && this.#held.size && at.seq > has.seq) this.reader.stats.reordered += 1;
      this.#news = true;
      this.line.deliver(at, data); // the next one, or one that has come before
      this.#deliverHeld();
      return;
    }
    if (this.#held.size < MOST_HELD) this.#held.set(spell(at), data);
    if (this.#placed) this.#missing();
  }

  #deliverHeld() {
    for (let at = this.reader.at; at && this.#held.size; at = this.reader.at) {
      const next = { epoch: at.epoch, seq: at.seq + 1 };
      const data = this.#held.get(spell(next));
      if (data === undefined || this.line.over) return;
      this.#held.delete(spell(next));
      this.line.deliver(next, data);
    }
  }

  /**
   * The end of an answer: everything up to `at` was sent; what follows comes live.
   * @param {Cursor} at
   */
  #answered(at) {
    this.#deliverHeld();
    this.#ask = "";
    clearTimeout(this.#askTimer);
    this.#askTimer = 0;
    const has = this.reader.at;
    if (!has) return;
    for (const key of this.#held.keys()) {
      const { epoch, seq } = parseCursor(key);
      if (epoch === has.epoch && seq <= has.seq) this.#held.delete(key);
    }
    if (this.#held.size || at.epoch !== has.epoch || at.seq > has.seq) this.#missing();
  }

  /** Say goodbye, and let go. */
  goodbye() {
    if (!this.#client || !this.#wire) return;
    const { websocket } = this.#wire;
    if (this.#ask || this.#placed) {
      const words = this.#pings ? { leave: "bye", pings: this.#pings } : { leave: "bye" };
      this.#client.publish(this.#outbox, JSON.stringify(words), { qos: 0 });
      this.#hit("leave");
    }
    this.#client.end(); // DISCONNECT, behind the goodbye
    setTimeout(() => websocket.close(), LINGER_MS); // which a dead connection never takes
    this.#client = null;
  }

  /** Let go of everything. */
  release() {
    clearTimeout(this.#askTimer);
    clearInterval(this.#checkTimer);
    this.#client?.end(true);
    if (this.#client && this.#wire && this.#wire.websocket.readyState < 2)
      this.#wire.websocket.close();
    this.#client = null;
  }
}

export { MqttTalk };

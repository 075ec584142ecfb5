// @ts-check
/**
 * A page's membership of a room or a game: the token that the server gave for it, and its channel.
 *
 * The token is kept for this tab alone (sessionStorage), never in the page's URL, so that a reload
 * is no goodbye. A token that has expired is changed by joining again; so is one that a server no
 * longer knows, and then the member is a new one, with a new channel.
 *
 * The page has a door (#door, with the form #join and #door-problem) and what is behind it (#inside,
 * with #switch, #meter, #state, #share and #rejoin, which shows when the channel has ended).
 */

import { byId, hubUrl, keep, postJson, Problem, sentence, tellTrouble, titleOf } from "./page.js";
import { shareLink } from "./share_link.js";
import { askedTransport, SwitchedChannel, transportSwitch } from "./transport_switch.js";
import { WireMeter } from "./wire_meter.js";

/**
 * What every join answers, whatever else it does.
 * @typedef {{token: string, client_id: string, cursor: string} & Record<string, any>} Joined
 */

/**
 * @typedef {object} Handlers
 * @property {(joined: Joined) => void} onjoined for the first time, or as another member
 * @property {(told: any, transport: string) => void} onmessage what a message says
 * @property {(missed: number | null) => void} ongap messages are missing; null: how many, nobody knows
 */

/** A hidden page's timers may be so slow that a lease runs out behind its back. */
const LONG_AWAY_MS = 20_000;

/** Joins, holds the channel open, posts. */
export class Membership {
  /** @type {Joined | null} */
  #joined = null;
  /** @type {Record<string, string>} */
  #fields = {};
  /** @type {SwitchedChannel | null} */
  #channel = null;
  /** @type {Promise<Joined> | null} */
  #joining = null;
  #isOpen = false;

  /**
   * @param {object} options
   * @param {string} options.path of the application's posts, such as demo/chat
   * @param {"room" | "game"} options.place what one is a member of
   * @param {Handlers} options.handlers
   */
  constructor({ path, place, handlers }) {
    this._path = path;
    this._kept = hubUrl(path); // another hub may stand at the same origin, below another path
    this._place = place;
    this._handlers = handlers;
    /** The place that the page's own URL names. @type {string | null} */
    this.asked = new URLSearchParams(location.search).get(place);
    this.meter = new WireMeter(byId("meter"));
    this._switch = transportSwitch(byId("switch"), {
      chosen: askedTransport(),
      onchange: (transport, pollInterval) => this.#carryBy(transport, pollInterval),
    });
    let hiddenAt = 0;
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") hiddenAt = performance.now();
      else if (this.#isOpen && performance.now() - hiddenAt > LONG_AWAY_MS) this.#confirm();
    });
  }

  /** The transport in use now. */
  get transport() {
    return this.#channel?.transport ?? "";
  }

  /** What the tab was a member of before it was loaded again. @returns {Record<string, string> | null} */
  recall() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this._kept) ?? "null");
      return kept && typeof kept.token === "string" ? kept : null;
    } catch {
      return null;
    }
  }

  /**
   * Join, and open the channel.
   * @param {Record<string, string>} fields with the token of before, to go on as the same member
   * @throws {Problem}
   */
  async join(fields) {
    this.#fields = fields;
    this.#become(await postJson(`${this._path}/join`, fields));
  }

  /**
   * Come in by the door, which says what is wrong when that fails.
   * @param {Record<string, string>} fields as for `join`
   */
  async enter(fields) {
    const problem = byId("door-problem");
    const button = byId("join").querySelector("button");
    problem.hidden = true;
    button.disabled = true;
    try {
      await this.join(fields);
    } catch (error) {
      tellTrouble(problem, sentence(/** @type {Error} */ (error).message));
    } finally {
      button.disabled = false;
    }
  }

  /**
   * Join again, where the channel has ended: as the same member, if the server still knows it.
   * @throws {Problem}
   */
  async rejoin() {
    const token = this.#joined?.token;
    await this.join(token ? { ...this.#fields, token } : this.#fields);
  }

  /**
   * Post as this member.
   * @param {string} verb
   * @param {object} body
   * @returns {Promise<any>}
   * @throws {Problem}
   */
  async post(verb, body) {
    const ask = () => postJson(`${this._path}/${verb}`, { token: this.#joined?.token, ...body });
    try {
      return await ask();
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status !== 401 || !this.#joined) throw problem;
      await this.#joinAgain();
      return await ask(); // perhaps as another member
    }
  }

  /**
   * The line was away, perhaps for so long that the server has said goodbye to this member, who
   * would then wait at a channel on which nothing comes.
   */
  #confirm() {
    this.#joinAgainOrEnd().catch(() => {}); // the server is away again, and so is the line
  }

  /**
   * @returns {Promise<Joined | null>} null: the server said no, and that is the end
   * @throws {Problem} the server is away itself
   */
  async #joinAgainOrEnd() {
    const before = this.#joined;
    try {
      return await this.#joinAgain();
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status < 400 || problem.status > 409) throw problem;
      if (this.#joined !== before) return null; // who asked has left, and is somebody else by now
      this.#channel?.close(); // somebody else has the name by now, say
      this.#say("ended", problem.message);
      return null;
    }
  }

  /** Say goodbye. */
  async leave() {
    const token = this.#joined?.token;
    this.#joined = null;
    this.#channel?.close();
    this.#channel = null;
    keep(sessionStorage, this._kept, null);
    if (token) await postJson(`${this._path}/leave`, { token }).catch(() => {});
  }

  /** @param {Joined} joined */
  #become(joined) {
    this.#keep(joined);
    const { _place: place } = this;
    byId(`${place}-name`).textContent = joined[place];
    const here = new URL(location.href);
    here.searchParams.set(place, joined[place]);
    history.replaceState(null, "", here);
    const link = `${location.origin}${location.pathname}?${place}=${encodeURIComponent(joined[place])}`;
    shareLink(byId("share"), `Link to this ${place}`, link);
    byId("door").hidden = true;
    byId("inside").hidden = false;
    this._handlers.onjoined(joined);
    this.#open(joined, joined.cursor);
  }

  /**
   * @param {Joined} joined
   * @param {string} after
   */
  #open(joined, after) {
    this.#channel?.close();
    this.#say("opening", "Opening…");
    this.#channel = new SwitchedChannel({
      token: joined.token,
      after,
      transport: this._switch.transport,
      pollInterval: this._switch.pollInterval,
      refreshToken: async () => {
        const again = await this.#joinAgainOrEnd();
        return again?.client_id === joined.client_id ? again.token : null; // else this one is over
      },
      handlers: {
        onopen: (carrier) => this.#opened(carrier),
        onmessage: ({ data }, carrier) => {
          this.meter.message(carrier);
          this._handlers.onmessage(JSON.parse(data), carrier);
        },
        ongap: ({ missed }) => this._handlers.ongap(missed),
        onhit: (kind, carrier) => this.meter.hit(carrier, kind),
        onbytes: (sent, received, carrier) => this.meter.bytes(carrier, sent, received),
        onreconnect: (carrier) => {
          this.#opened(carrier);
          this.#confirm();
        },
        onlost: () => this.#say("lost", "The line is lost; trying again…"),
        onend: (why) => this.#say("ended", `The channel has ended: ${why}`),
        onrefused: (wanted, why) => {
          this._switch.choose(this.transport);
          this._switch.say(`${titleOf(wanted)} does not work here: ${why}. All is as it was.`);
        },
      },
    });
  }

  /**
   * @param {"opening" | "open" | "lost" | "ended"} kind
   * @param {string} words
   */
  #say(kind, words) {
    this.#isOpen = kind === "open";
    byId("state").dataset.kind = kind;
    byId("state").textContent = words;
    byId("rejoin").hidden = kind !== "ended";
  }

  /** @param {string} carrier */
  #opened(carrier) {
    this.meter.use(carrier);
    this.#say("open", `Open, over ${titleOf(carrier)}`);
  }

  /**
   * @param {string} transport
   * @param {number} pollInterval
   */
  #carryBy(transport, pollInterval) {
    if (!this.#channel) return;
    this.#channel.pollInterval = pollInterval;
    if (!this.#isOpen && this.#joined) {
      this.#open(this.#joined, this.#channel.cursor ?? this.#joined.cursor); // nothing to break
      return;
    }
    this.#channel.switchTo(transport);
  }

  /**
   * Join again, once for all who want it now. A member that the server had forgotten is another one
   * then, with a channel of its own, which is opened.
   * @returns {Promise<Joined>}
   * @throws {Problem}
   */
  #joinAgain() {
    this.#joining ??= this.#askAgain().finally(() => {
      this.#joining = null;
    });
    return this.#joining;
  }

  async #askAgain() {
    const before = this.#joined;
    if (!before) throw new Error("nobody is a member here any more");
    const joined = await postJson(`${this._path}/join`, { ...this.#fields, token: before.token });
    if (this.#joined !== before) throw new Error("left meanwhile");
    if (joined.client_id === before.client_id) this.#keep(joined);
    else this.#become(joined);
    return joined;
  }

  /** @param {Joined} joined */
  #keep(joined) {
    this.#joined = joined;
    for (const key of ["room", "game", "name"]) {
      if (typeof joined[key] === "string") this.#fields[key] = joined[key];
    }
    delete this.#fields.token;
    // Without storage, a reload is a new member.
    keep(sessionStorage, this._kept, JSON.stringify({ ...this.#fields, token: joined.token }));
  }
}

// @ts-check
/**
 * The server's clock, read from this page: by how much the two differ, and how sure that is.
 *
 * The server tells its time in each answer. Somewhere between asking and hearing the answer it was
 * that time, so the middle is the estimate and half of the round trip is the bound. Of the newest
 * exchanges the quickest is believed; old ones are forgotten, because clocks drift.
 */

const KEPT = 40;

export class ServerClock {
  constructor() {
    this._offsets = new Float64Array(KEPT);
    this._bounds = new Float64Array(KEPT).fill(Infinity);
    this._next = 0;
    /** Server's wall clock minus `performance.now()`, in ms. */
    this.offsetMs = NaN;
    /** The estimate is off by no more than this, in ms. */
    this.boundMs = Infinity;
  }

  /**
   * One exchange: asked and heard by `performance.now()`, and what the server's clock said.
   * @param {number} askedMs
   * @param {number} heardMs
   * @param {number} serverMs
   */
  learn(askedMs, heardMs, serverMs) {
    this._offsets[this._next] = serverMs - (askedMs + heardMs) / 2;
    this._bounds[this._next] = (heardMs - askedMs) / 2;
    this._next = (this._next + 1) % KEPT;
    const best = this._bounds.indexOf(Math.min(...this._bounds));
    this.offsetMs = this._offsets[best];
    this.boundMs = this._bounds[best];
  }

  /**
   * A time of the server's wall clock, by the page's `performance.now()`.
   * @param {number} serverMs
   */
  here(serverMs) {
    return serverMs - this.offsetMs;
  }
}

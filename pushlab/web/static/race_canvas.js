// @ts-check
/**
 * The race's pictures: time runs to the right edge, which is now, and everything stands on one axis.
 *
 * A lane has the publisher's ticks on top; from each a line leads down to where the message landed,
 * so that a poll draws a fan and a push an upright stroke. Below are the hits of the page's client:
 * full when they brought something, hollow and grey when they did not. Under that, staleness as a
 * curve, with the same scale in all lanes. Nothing is allocated while drawing.
 *
 * Longer than 400 lines, since all of it shares one canvas, one scale and one set of buffers.
 */

import { isPresenting } from "./page.js";
import { ACK, CONNECT, KEEP_ALIVE, POLL_EMPTY, POLL_USEFUL } from "./race_record.js";

/** @typedef {import("./race_record.js").LaneRecord} LaneRecord */
/** @typedef {import("./race_record.js").Published} Published */
/** @typedef {import("./race_record.js").Span} Span */

/** How much is seen, in ms. */
export const WINDOW_MS = 30_000;
const FLASH_MS = 700;
const SCALES_MS = [
  50, 100, 150, 200, 300, 500, 750, 1e3, 1.5e3, 2e3, 2.5e3, 3e3, 4e3, 5e3, 7.5e3, 10e3, 15e3, 20e3, 30e3, 45e3,
  60e3, 90e3, 120e3, 300e3, 600e3,
];

/** The smallest scale that holds `ms`, with room above. @param {number} ms */
export function scaleFor(ms) {
  for (const scale of SCALES_MS) if (ms <= scale * 0.98) return scale;
  return ms * 1.1;
}

/** @param {number} ms */
function scaleText(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${+(ms / 1000).toFixed(2)} s`;
}

/** @type {Record<number, string>} Made once: what stands beside a curve's top. */
const STALE = Object.fromEntries(SCALES_MS.map((scale) => [scale, `stale ${scaleText(scale)}`]));

/** A canvas as sharp as the screen, which knows its size and its colours. */
class Picture {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.width = 0; // in CSS pixels, as all that is drawn
    this.height = 0;
    this.ratio = 1;
    this.rem = 16;
    this.letter = 11; // the height of words, in pixels
    this.nowMs = this.fromMs = this.left = this.right = this.perMs = 0; // see `begin`
    this.seen = true;
    this.ink = this.grey = this.grid = this.paper = this.colour = this.edge = "#888";
    this.font = "11px sans-serif";
    this.wordsWidth = 0; // of the longest word before the axis
    new ResizeObserver(() => this.readColours()).observe(canvas); // the first time: it has its place now
    new IntersectionObserver((entries) => {
      this.seen = entries[entries.length - 1].isIntersecting;
    }).observe(canvas);
  }

  measure() {
    this.ratio = Math.min(window.devicePixelRatio || 1, 3);
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    const width = Math.round(this.width * this.ratio);
    const height = Math.round(this.height * this.ratio);
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
  }

  readColours() {
    const style = getComputedStyle(this.canvas);
    const read = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    this.ink = read("--ink");
    this.grey = read("--grey");
    this.grid = read("--grid");
    this.paper = read("--raised");
    this.colour = read("--c") || this.ink;
    this.edge = read("--edge") || this.ink;
    this.rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
    const least = isPresenting() ? Math.ceil(window.innerHeight * 0.0205) : 0; // as race.css says
    this.letter = Math.max(Math.round(this.rem * 0.7), least);
    this.font = `${this.letter}px ${style.fontFamily}`;
    this.context.font = this.font;
    this.wordsWidth = Math.max(...Object.values(STALE).map((word) => this.context.measureText(word).width));
    this.measure();
  }

  /** Begin a picture whose axis ends at `nowMs`. @param {number} nowMs */
  begin(nowMs) {
    if (window.devicePixelRatio !== this.ratio && window.devicePixelRatio <= 3) this.measure();
    const { context, rem } = this;
    this.nowMs = nowMs;
    this.fromMs = nowMs - WINDOW_MS;
    this.left = this.width < rem * 24 ? rem * 2.9 : Math.max(rem * 5.2, this.wordsWidth + rem * 0.6);
    this.right = this.width - rem * 0.6; // behind it is room for what flashes
    this.perMs = (this.right - this.left) / WINDOW_MS;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.font = this.font;
    return context;
  }

  /** Where the publisher's line runs in a lane. */
  get top() {
    return Math.max(this.rem * 0.45, this.letter * 0.55);
  }

  /** Where a moment stands on the axis. @param {number} ms */
  x(ms) {
    return this.right - (this.nowMs - ms) * this.perMs;
  }

  /**
   * Begin a path, to be drawn by one stroke or filled.
   * @param {string} colour
   * @param {number} width
   * @param {number} [alpha]
   */
  pen(colour, width, alpha = 1) {
    const { context } = this;
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = width;
    context.globalAlpha = alpha;
    context.beginPath();
  }

  /**
   * A tick for each message in the window, or for every so-manieth.
   * @param {Published} published
   * @param {number} stride
   * @param {number} top
   * @param {number} bottom
   */
  strokeTicks(published, stride, top, bottom) {
    const { context } = this;
    for (let n = published.last; n >= published.oldest; n -= 1) {
      const sent = published.sentMs(n);
      if (sent < this.fromMs) break;
      if (!(sent <= this.nowMs) || n % stride !== 0) continue;
      const x = this.x(sent);
      context.moveTo(x, top);
      context.lineTo(x, bottom);
    }
    context.stroke();
  }

  /** Lines at every five seconds, from the top, which stand still. @param {number} bottom */
  drawGrid(bottom) {
    const { context } = this;
    context.setLineDash(SOLID);
    this.pen(this.grid, 1);
    for (let ago = 0; ago <= WINDOW_MS; ago += 5000) {
      const x = Math.round(this.right - ago * this.perMs) + 0.5;
      context.moveTo(x, 0);
      context.lineTo(x, bottom);
    }
    context.stroke();
  }

  /** How far the newest messages' ticks stand apart, in pixels. @param {Published} published */
  apart(published) {
    const { last } = published;
    const many = Math.min(40, last - published.oldest);
    if (!(many > 0)) return Infinity;
    const apartMs = (published.sentMs(last) - published.sentMs(last - many)) / many;
    const apart = apartMs * this.perMs;
    return apart > 0 ? apart : Infinity;
  }

  /** How wide ticks may be, so that many of them stay ticks. @param {number} apart */
  tickWidth(apart) {
    return Math.max(0.5, Math.min(Math.max(1.5, this.rem * 0.11), apart * 0.4));
  }
}

/** @type {number[]} */
const SOLID = [];
/** The looks of hits, from below to above. */
const STYLES = [POLL_EMPTY, POLL_USEFUL, CONNECT, ACK];

/** The publisher's own strip: a tick for each message, and what the axis means. */
export class PublisherPicture extends Picture {
  /**
   * @param {Published} published
   * @param {number} nowMs
   */
  draw(published, nowMs) {
    if (!this.seen || this.width === 0) return;
    const context = this.begin(nowMs);
    const { left, right } = this;
    const base = this.height - Math.max(this.rem * 1.25, this.letter * 1.15);
    this.drawGrid(base);
    context.fillStyle = this.grey;
    context.textBaseline = "bottom";
    for (let ago = 0; ago <= WINDOW_MS; ago += 5000) {
      if (this.width < this.letter * 46 && ago % (this.width < this.letter * 24 ? 15_000 : 10_000) !== 0) continue;
      const x = right - ago * this.perMs;
      context.textAlign = ago === 0 ? "right" : ago === WINDOW_MS ? "left" : "center";
      context.fillText(
        ago === 0 ? "now" : LABELS[ago / 5000],
        ago === 0 ? this.width : Math.max(x, left),
        this.height,
      );
    }
    const apart = this.apart(published);
    const stride = strideFor(apart);
    this.pen(this.ink, this.tickWidth(apart * stride));
    this.strokeTicks(published, stride, base - Math.max(1, base * 0.72), base);
    this.pen(this.ink, 1);
    context.moveTo(left, Math.round(base) + 0.5);
    context.lineTo(right, Math.round(base) + 0.5);
    context.stroke();
  }
}

/** Of which kind's looks a kind is. @param {number} kind */
function styleOf(kind) {
  if (kind === POLL_EMPTY || kind === POLL_USEFUL) return kind;
  return kind === ACK || kind === KEEP_ALIVE ? ACK : CONNECT;
}

/**
 * Of messages that stand closer than a pixel or two, every so-manieth is drawn: by its number, so
 * that it is the same one in the next picture.
 * @param {number} apart
 */
function strideFor(apart) {
  return Math.max(1, Math.floor(2 / apart));
}

const LABELS = ["now", "5 s ago", "10 s ago", "15 s ago", "20 s ago", "25 s ago", "30 s ago"];

/** One lane's picture. */
export class LanePicture extends Picture {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {number[]} dash
   */
  constructor(canvas, dash) {
    super(canvas);
    this._dash = dash;
    this._scaledDash = dash;
    this.worstMs = 0; // in what was drawn last
    this.meanMs = 0;
    this._area = 0;
    this._freshMs = -Infinity;
    this._stride = 1;
    this._bandFrom = NaN;
    this._bandTo = NaN;
    this._x = 0;
    this._zero = 0;
    this._climb = 0;
  }

  readColours() {
    super.readColours();
    this._scaledDash = this._dash.map((length) => (length * this.rem) / 16);
  }

  /**
   * Look through the lane's window: sets worstMs and meanMs.
   * @param {LaneRecord} record
   * @param {number} nowMs
   */
  survey(record, nowMs) {
    this.worstMs = this._area = 0;
    const first = record.published.sentMs(record.published.oldest);
    const from = Math.max(nowMs - WINDOW_MS, Number.isNaN(first) ? nowMs : first);
    record.stale(from, nowMs, this._measureSpan);
    this.meanMs = nowMs > from ? this._area / (nowMs - from) : NaN;
  }

  // What looks at spans is made once: drawing makes no garbage.

  /** @type {Span} */
  _measureSpan = (start, end, sent) => {
    this.worstMs = Math.max(this.worstMs, end - sent);
    this._area += (end - start) * ((start + end) / 2 - sent);
  };

  /**
   * @param {LaneRecord} record
   * @param {number} nowMs
   * @param {number} scaleMs what the curve's full height means
   * @param {boolean} moving whether a landing may flash
   */
  draw(record, nowMs, scaleMs, moving) {
    if (!this.seen || this.width === 0) return;
    const context = this.begin(nowMs);
    const { rem, height, left, right, fromMs } = this;
    const wide = this.width >= rem * 24;

    const top = Math.round(this.top);
    const landY = Math.round(Math.max(height * 0.28, top + this.letter));
    const hitY = Math.round(landY + Math.max(rem * 0.9, this.letter * 0.95));
    const curveTop = Math.round(hitY + rem * 0.6);
    const zero = height - Math.round(rem * 0.25);
    this._zero = zero;
    this._climb = (zero - curveTop) / scaleMs;

    this.drawGrid(zero);
    context.textBaseline = "middle";
    context.textAlign = "right";
    context.fillStyle = this.grey;
    const wordX = left - rem * 0.5;
    if (wide) {
      context.fillText("published", wordX, top);
      context.fillText("landed", wordX, landY);
      context.fillText("hits", wordX, hitY);
    }
    context.fillText(wide ? STALE[scaleMs] ?? scaleText(scaleMs) : scaleText(scaleMs), wordX, Math.max(curveTop + rem * 0.35, hitY + this.letter));
    context.fillText("0", wordX, zero - rem * 0.25);

    context.save();
    context.beginPath();
    context.rect(left, 0, this.width - left, height);
    context.clip();

    // The publisher's line; thick and coloured where the client lacks something.
    this.pen(this.grey, 1, 0.5);
    context.moveTo(left, top);
    context.lineTo(right, top);
    context.moveTo(left, landY);
    context.lineTo(right, landY);
    context.stroke();
    this.pen(this.colour, rem * 0.38, 0.45);
    this._bandFrom = this._bandTo = NaN;
    record.stale(fromMs, nowMs, this._bandSpan);
    this._closeBand();
    context.stroke();

    this._drawFlights(record, top, landY);
    if (moving) this._drawFlashes(record, landY);
    for (const kind of STYLES) this._drawKind(record, hitY, kind);

    // Staleness: the area lightly, its edge in the lane's own line style.
    this.pen(this.edge, Math.max(1.5, rem * 0.11), 0.2);
    this._x = left;
    context.moveTo(left, zero);
    this._freshMs = -Infinity;
    record.stale(fromMs, nowMs, this._curveSpan);
    context.lineTo(this._x, zero);
    context.lineTo(right, zero);
    context.fillStyle = this.colour;
    context.fill();
    context.globalAlpha = 1;
    context.lineJoin = "round";
    context.setLineDash(this._scaledDash);
    context.stroke();
    context.setLineDash(SOLID);
    context.restore();
  }

  /** @type {Span} */
  _bandSpan = (start, end) => {
    if (start > this._bandTo + 0.01) this._closeBand();
    if (Number.isNaN(this._bandFrom)) this._bandFrom = start;
    this._bandTo = end;
  };

  _closeBand() {
    if (Number.isNaN(this._bandFrom)) return;
    const y = Math.round(this.top);
    this.context.moveTo(this.x(this._bandFrom), y);
    this.context.lineTo(this.x(this._bandTo), y);
    this._bandFrom = NaN;
  }

  /** @type {Span} */
  _curveSpan = (start, end, sent) => {
    const { context } = this;
    const x0 = this.x(start);
    const x1 = this.x(end);
    if (x1 - x0 < 0.25 && (end - sent) * this._climb < 0.25) return; // nobody would see it
    if (start > this._freshMs + 0.01) {
      // It had everything in between.
      context.lineTo(this._x, this._zero);
      context.lineTo(x0, this._zero);
    }
    context.lineTo(x0, this._zero - (start - sent) * this._climb);
    context.lineTo(x1, this._zero - (end - sent) * this._climb);
    this._x = x1;
    this._freshMs = end;
  };

  /**
   * From each tick to its landing.
   * @param {LaneRecord} record
   * @param {number} top
   * @param {number} landY
   */
  _drawFlights(record, top, landY) {
    const { context, rem, nowMs, fromMs } = this;
    const { published } = record;
    const apart = this.apart(published);
    const stride = strideFor(apart);
    this._stride = stride;
    const thin = this.tickWidth(apart * stride);
    this.pen(this.ink, Math.min(thin, Math.max(1, rem * 0.09)));
    this.strokeTicks(published, stride, top - rem * 0.25, top + rem * 0.25);

    this.pen(this.edge, Math.min(Math.max(0.6, 1.4 * thin), Math.max(1.2, rem * 0.09)), 0.75);
    for (let n = record.got; n >= published.oldest; n -= 1) {
      const arrived = record.arrivedMs(n);
      if (arrived < fromMs) break;
      const sent = published.sentMs(n);
      if (!(arrived <= nowMs) || Number.isNaN(sent) || n % stride !== 0) continue;
      context.moveTo(this.x(sent), top);
      context.lineTo(this.x(arrived), landY);
    }
    context.stroke();

    const radius = rem * 0.22;
    this.pen(this.edge, 1);
    let lastX = Infinity;
    for (let n = record.got; n >= published.oldest; n -= 1) {
      const arrived = record.arrivedMs(n);
      if (arrived < fromMs) break;
      if (!(arrived <= nowMs)) continue;
      const x = this.x(arrived);
      // One dot for all that landed together, and fewer where they would be one band anyway.
      if (lastX - x < (n % stride === 0 ? 0.5 : 2)) continue;
      lastX = x;
      context.moveTo(x + radius, landY);
      context.arc(x, landY, radius, 0, 6.2832);
    }
    context.fillStyle = this.colour;
    context.fill();
    context.stroke();
  }

  /**
   * @param {LaneRecord} record
   * @param {number} landY
   */
  _drawFlashes(record, landY) {
    const { context, rem } = this;
    let lastX = Infinity;
    for (let n = record.got; n >= record.published.oldest; n -= 1) {
      const age = this.nowMs - record.arrivedMs(n);
      if (!(age < FLASH_MS)) break;
      if (age < 0) continue;
      const x = this.right - age * this.perMs;
      if (lastX - x < 2) continue;
      lastX = x;
      const grown = age / FLASH_MS;
      this.pen(this.colour, rem * 0.2 * (1 - grown) + 0.5, 0.9 * (1 - grown) * (1 - grown));
      context.arc(x, landY, rem * (0.3 + 0.75 * grown), 0, 6.2832);
      context.stroke();
    }
  }

  /**
   * All hits of one kind with one stroke of the brush.
   * @param {LaneRecord} record
   * @param {number} y
   * @param {number} kind a poll's, ACK for what confirms and keeps alive, CONNECT for the rest
   */
  _drawKind(record, y, kind) {
    const { context } = this;
    const radius = this.rem * 0.2;
    let drawn = false;
    let lastX = Infinity;
    if (kind === POLL_EMPTY) this.pen(this.grey, 1.25);
    else this.pen(this.edge, 1, kind === ACK ? 0.75 : 1);
    for (let i = record.hits - 1; i >= record.oldestHit; i -= 1) {
      const at = record.hitMs(i);
      if (at < this.fromMs) break;
      if (at > this.nowMs || styleOf(record.hitKind(i)) !== kind) continue;
      const x = this.x(at);
      if (i % this._stride !== 0 && lastX - x < 2) continue;
      lastX = x;
      drawn = true;
      if (kind === CONNECT) {
        context.moveTo(x - radius, y + radius);
        context.lineTo(x, y - radius * 1.2);
        context.lineTo(x + radius, y + radius);
        context.closePath();
      } else if (kind === ACK) {
        context.rect(x - radius * 0.25, y - radius, radius * 0.5, radius * 2);
      } else {
        context.moveTo(x + radius, y);
        context.arc(x, y, radius, 0, 6.2832);
      }
    }
    if (!drawn) return;
    context.fillStyle = kind === POLL_EMPTY ? this.paper : kind === CONNECT ? this.ink : this.colour;
    context.fill();
    if (kind === POLL_EMPTY || kind === POLL_USEFUL) context.stroke();
  }
}

// @ts-check
/**
 * A conversation as a sequence diagram: two lifelines, an arrow for all that crossed, and a dot for
 * each message that was published.
 *
 * Time runs down, to scale (lesson_scale.js), and as large as the window has room for. On the
 * server's line stand the questions that it holds; at its right for how long a message waited.
 */

import { time } from "./numbers.js";
import { drawing, shownAs } from "./page.js";
import { scaleOf } from "./lesson_scale.js";
import { cut, labelOf, senseOf, sentWith, waitsOf } from "./lesson_words.js";

/** @typedef {import("./lesson_words.js").Talk} Talk */
/** @typedef {import("./lesson_scale.js").Scale} Scale */
/** @typedef {{kind: "piece" | "said", index: number}} Stop what can be pressed: an arrow, or a dot */
/** @typedef {{talk: Talk, scale: Scale, perMs: number, left: number, right: number, bottom: number, narrow: boolean}} Layout the lifelines' places */

const SLOPE = 5; // an arrow goes down a little: nothing is there at once
const TOP = 64; // of 0 ms, below the names
const FOOT = 34;
const BANDS = 212; // what the longest band (MQTT's) takes, so that all five have one scale
const PER_MS = { least: 0.17, usual: 0.25, most: 0.5 };
const TICK_MS = 200;
const HELD_PX = 60; // from here on, how long a question is held is written beside it
const SILENCE_MS = 250;

export class Diagram {
  /**
   * @param {HTMLElement} place
   * @param {(stop: Stop) => void} onChoose something was pressed
   */
  constructor(place, onChoose) {
    this._place = place;
    this._onChoose = onChoose;
    /** @type {Talk | null} */
    this._talk = null;
    /** @type {Stop} */
    this._chosen = { kind: "piece", index: 0 };
    this._width = 0;
    /** @type {{stop: Stop, shape: SVGGElement}[]} as time goes */
    this._stops = [];
    new ResizeObserver(() => {
      if (Math.abs(place.clientWidth - this._width) > 1) this.redraw();
    }).observe(place);
    window.addEventListener("resize", () => this.redraw());
  }

  /**
   * @param {Talk} talk
   * @param {Stop} chosen
   */
  show(talk, chosen) {
    this._talk = talk;
    this._chosen = chosen;
    this.redraw();
  }

  /** @param {Stop} chosen */
  choose(chosen) {
    this._chosen = chosen;
    for (const { stop, shape } of this._stops) {
      const on = isSame(stop, chosen);
      shape.classList.toggle("chosen", on);
      shape.setAttribute("aria-pressed", String(on));
      shape.setAttribute("tabindex", on ? "0" : "-1");
    }
  }

  /** @param {KeyboardEvent} event */
  _onKey(event) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (event.key === "Enter" || event.key === " ") this._onChoose(this._chosen);
    else if (step === 0) return;
    event.preventDefault();
    const at = this._stops.findIndex(({ stop }) => isSame(stop, this._chosen));
    const next = step === 0 ? undefined : this._stops[at + step];
    if (next) {
      this._onChoose(next.stop);
      next.shape.focus();
    }
  }

  /** Draw the same again, perhaps in another size of type. */
  redraw() {
    const talk = this._talk;
    if (!talk || this._place.clientWidth === 0) return;
    const hadFocus = this._place.contains(document.activeElement);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
    const unit = rem / 16; // everything grows with the type
    const width = this._place.clientWidth / unit;
    this._width = this._place.clientWidth;
    const narrow = width < 560;
    const perMs = this._perMs(talk, unit);
    const scale = scaleOf(talk.pieces.map(({ at_ms }) => at_ms), TOP, perMs);
    const lowest = Math.max(scale.at(talk.span_ms), ...scale.rows.map(({ y }) => y));
    const layout = {
      talk, scale, perMs, narrow, left: narrow ? 50 : 94, right: width - (narrow ? 96 : 196), bottom: lowest + 20,
    };
    const height = lowest + FOOT;

    const svg = drawing("svg", {
      viewBox: `0 0 ${width} ${height}`,
      width: this._width,
      height: Math.round(height * unit),
      role: "group",
      "aria-label": "Sequence diagram, time runs down: what client and server sent each other",
    });
    svg.append(...ruler(layout), ...bands(layout), ...lifelines(layout), ...quiet(layout));
    this._stops = this._drawStops(layout);
    svg.append(...this._stops.map(({ shape }) => shape));
    this._place.replaceChildren(svg);
    this.choose(this._chosen);
    if (hadFocus) this._stops.find(({ stop }) => isSame(stop, this._chosen))?.shape.focus();
  }

  /**
   * The scale that fills the window, where the diagram stands beside the words.
   * @param {Talk} talk
   * @param {number} unit
   */
  _perMs(talk, unit) {
    if (getComputedStyle(this._place).getPropertyValue("--fills").trim() !== "window") return PER_MS.usual;
    const top = this._place.getBoundingClientRect().top + window.scrollY;
    const room = (window.innerHeight - top) / unit - TOP - FOOT - BANDS - 48;
    return Math.min(PER_MS.most, Math.max(PER_MS.least, room / talk.span_ms));
  }

  /** @param {Layout} layout */
  _drawStops(layout) {
    const { talk, scale } = layout;
    const stops = [
      ...talk.pieces.map(({ at_ms }, index) => ({ kind: /** @type {"piece"} */ ("piece"), index, at_ms })),
      ...talk.published.map(({ at_ms }, index) => ({ kind: /** @type {"said"} */ ("said"), index, at_ms })),
    ];
    stops.sort((a, b) => a.at_ms - b.at_ms || (a.kind === "said" ? -1 : 1));
    let free = 0; // below what is written at the right already
    return stops.map(({ kind, index, at_ms }) => {
      const stop = { kind, index };
      if (kind === "piece") return { stop, shape: this._shape(stop, arrow(layout, index)) };
      const y = Math.max(scale.at(at_ms), free);
      free = y + 40;
      return { stop, shape: this._shape(stop, dot(layout, index, y)) };
    });
  }

  /**
   * What can be pressed, by mouse, finger or key.
   * @param {Stop} stop
   * @param {{sense: string, label: string, parts: SVGElement[]}} drawn
   * @returns {SVGGElement}
   */
  _shape(stop, { sense, label, parts }) {
    return drawing(
      "g",
      {
        class: sense,
        role: "button",
        tabindex: "-1",
        "aria-label": label,
        data: { index: stop.index },
        on: {
          click: () => this._onChoose(stop),
          keydown: (/** @type {KeyboardEvent} */ event) => this._onKey(event),
        },
      },
      ...parts,
    );
  }
}

/** @param {Stop} one @param {Stop} other */
function isSame(one, other) {
  return one.kind === other.kind && one.index === other.index;
}

/** @param {number} ms */
const words = (ms) => time(ms).join(" ");

// ---- what can be pressed ------------------------------------------------------------------------

/** @param {Layout} layout @param {number} index */
function arrow({ talk, scale, left, right, narrow }, index) {
  const piece = talk.pieces[index];
  const { y, above } = scale.rows[index];
  const asks = piece.sender === "client";
  const from = asks ? left + 2 : right - 6;
  const to = asks ? right - 7 : left + 3;
  const side = asks ? -1 : 1;
  const label = labelOf(piece, talk.published);
  const most = Math.floor((right - left - 22) / (narrow ? 6.7 : 8.5));
  const other = talk.peer === "broker" ? "broker" : "server";
  const spoken = asks ? `client to ${other}` : `${other} to client`;
  return {
    sense: `arrow ${senseOf(talk, index)}`,
    label: `${words(piece.at_ms)} ${label}, ${spoken}`,
    parts: [
      drawing("rect", { class: "hold", x: left - 8, y: above ? y - 19 : y - 4, width: right - left + 14, height: above ? 29 : 28, rx: 6 }),
      drawing("text", { class: "words", x: (left + right) / 2, y: above ? y - 5 : y + 18 }, cut(label, most)),
      drawing("line", { class: "shaft", x1: from, y1: y, x2: to + side * 7, y2: y + SLOPE }),
      drawing("path", { class: "head", d: `M${to} ${y + SLOPE}l${side * 10} -5.5v11z` }),
    ],
  };
}

/** A message is published, and waits. @param {Layout} layout @param {number} index @param {number} y */
function dot({ talk, scale, right, bottom, narrow }, index, y) {
  const { at_ms, data } = talk.published[index];
  const at = scale.at(at_ms);
  const sent = sentWith(talk, index);
  const wait = waitsOf(talk)[index];
  const to = sent < 0 ? bottom : scale.rows[sent].y;
  const told = narrow ? ["published"] : ["a message is published"];
  if (wait === null) told.push("not fetched");
  else if (narrow) told.push(`+ ${words(wait)}`);
  else told.push(wait < 10 ? `gone in ${words(wait)}` : `waits ${words(wait)}`);
  const x = right + 14;
  const text = x + 16;
  return {
    sense: "said",
    label: `${words(at_ms)} published: ${data}, ${told[1]}`,
    parts: [
      drawing("rect", { class: "hold", x: right - 12, y: at - 14, width: narrow ? 106 : 206, height: Math.max(40, to - at + 16), rx: 6 }),
      to - at > 8 ? drawing("path", { class: "waits", d: `M${right + 5} ${at}H${x + 7}V${to}H${right + 5}V${to - 3}H${x - 1}V${at + 3}H${right + 5}z` }) : null,
      drawing("circle", { class: "published", cx: right, cy: at, r: 6 }),
      drawing("text", { class: "wait", x: text, y: y + 4 }, told[0]),
      drawing("text", { class: "wait long", x: text, y: y + 21 }, told[1]),
    ].filter((one) => one !== null),
  };
}

// ---- what stands behind -------------------------------------------------------------------------

/** A tick every 200 ms. @param {Layout} layout */
function ruler({ talk, scale, left, right, narrow }) {
  const parts = [];
  for (let ms = 0; ms <= talk.span_ms; ms += TICK_MS) {
    const y = scale.at(ms);
    const inBand = scale.bands.some((band) => y > band.top - 14 && y < band.bottom + 16);
    parts.push(drawing("line", { class: "tick", x1: left - 8, y1: y, x2: right, y2: y }));
    if (inBand) continue;
    const text = narrow ? (ms / 1000).toFixed(1) : `${(ms / 1000).toFixed(1)} s`;
    parts.push(drawing("text", { class: "when", x: left - 13, y: y + 4 }, text));
  }
  return parts;
}

/** Where time is stretched. @param {Layout} layout */
function bands({ scale, left, right, narrow }) {
  return scale.bands.flatMap(({ top, bottom, from_ms, to_ms }) => {
    const wave = (/** @type {number} */ x, /** @type {number} */ y) =>
      drawing("path", { class: "cut", d: `M${x - 9} ${y}q4.5 -6 9 0t9 0M${x - 9} ${y + 5}q4.5 -6 9 0t9 0` });
    const middle = (top + bottom) / 2;
    const lasts = words(to_ms - from_ms);
    const [first, second] = narrow ? lasts.split(" ") : [lasts, "stretched"];
    return [
      drawing("rect", { class: "band", x: left - 30, y: top - 18, width: right - left + 42, height: bottom - top + 32, rx: 6 }),
      drawing("path", { class: "brace", d: `M${left - 14} ${top - 12}h-6V${bottom + 8}h6` }),
      wave(left, bottom + 12),
      wave(right, bottom + 12),
      drawing("text", { class: "stretched", x: left - 26, y: middle }, first),
      drawing("text", { class: "stretched", x: left - 26, y: middle + 15 }, second),
    ];
  });
}

/** @param {Layout} layout */
function lifelines(layout) {
  const { talk, left, right, bottom } = layout;
  const parts = [];
  const server = talk.peer === "broker" ? "Broker" : "Server";
  for (const [x, name] of /** @type {[number, string][]} */ ([[left, "Client"], [right, server]])) {
    parts.push(
      drawing("line", { class: "life", x1: x, y1: 34, x2: x, y2: bottom }),
      drawing("rect", { class: "who", x: x - 40, y: 4, width: 80, height: 30, rx: 6 }),
      drawing("text", { class: "who", x, y: 24 }, name),
    );
  }
  for (const { from, to, ms } of heldSpans(layout)) {
    parts.push(drawing("rect", { class: "held", x: right - 6, y: from, width: 12, height: Math.max(4, to - from), rx: 3 }));
    if (ms === null || to - from < HELD_PX) continue;
    const told = layout.narrow ? `held ${words(ms)}` : `the server holds the question for ${words(ms)}`;
    parts.push(drawing("text", { class: "holding", x: right - 14, y: (from + to) / 2 + 6 }, told));
  }
  return parts;
}

/**
 * From where to where the server had a question, or a connection stood open.
 * @param {Layout} layout
 * @returns {{from: number, to: number, ms: number | null}[]} for how long a question was held
 */
function heldSpans({ talk, scale, bottom }) {
  const { rows } = scale;
  if (!shownAs(talk.transport)?.asks) return rows.length > 0 ? [{ from: rows[0].y + SLOPE, to: bottom, ms: null }] : [];
  return talk.pieces.flatMap((piece, i) => {
    if (piece.sender !== "client") return [];
    const answer = talk.pieces[i + 1];
    const answered = answer?.sender === "server";
    const to = answered ? rows[i + 1].y : bottom;
    const until = answered ? answer.at_ms : talk.span_ms;
    return [{ from: rows[i].y + SLOPE, to, ms: until - piece.at_ms }];
  });
}

/** Where the line is open, and nothing crosses. @param {Layout} layout */
function quiet({ talk, scale, left, right }) {
  if (shownAs(talk.transport)?.asks) return [];
  return talk.pieces.slice(1).flatMap((piece, i) => {
    const ms = piece.at_ms - talk.pieces[i].at_ms;
    if (ms < SILENCE_MS) return [];
    const y = (scale.rows[i].y + scale.rows[i + 1].y) / 2;
    return [drawing("text", { class: "silence", x: (left + right) / 2, y }, `${words(ms)} of silence: the line is open`)];
  });
}

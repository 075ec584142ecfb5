// @ts-check
/**
 * A conversation as a sequence diagram: two lifelines, and an arrow for all that crossed.
 *
 * Time runs down. An arrow stands lower the later it was sent, but not to scale: what follows at
 * once gets room for its words, and long silences are cut short and marked. The true times stand at
 * the left. At the right stands when a message was published, and for how long it waited.
 */

import { time } from "./numbers.js";
import { drawing, shownAs } from "./page.js";
import { cut, labelOf, senseOf, waitsOf } from "./lesson_words.js";

/** @typedef {import("./lesson_words.js").Talk} Talk */
/** @typedef {{kind: "piece" | "published", index: number, at: number, y: number}} Event */
/** @typedef {{talk: Talk, events: Event[], left: number, right: number, bottom: number, narrow: boolean}} Layout the lifelines' places */

const PX_PER_MS = 0.11;
const LEAST = 34; // between two arrows: an arrow's words stand above it
const LEAST_PUBLISHED = 20;
const MOST = 60; // of a silence
const SLOPE = 5; // an arrow goes down a little: nothing is there at once
const TOP = 74;

export class Diagram {
  /**
   * @param {HTMLElement} place
   * @param {(index: number) => void} onChoose an arrow was pressed
   */
  constructor(place, onChoose) {
    this._place = place;
    this._onChoose = onChoose;
    /** @type {Talk | null} */
    this._talk = null;
    this._chosen = -1;
    this._width = 0;
    /** @type {Map<number, SVGGElement>} */
    this._arrows = new Map();
    new ResizeObserver(() => {
      if (Math.abs(place.clientWidth - this._width) > 1) this.redraw();
    }).observe(place);
  }

  /**
   * @param {Talk} talk
   * @param {number} chosen
   */
  show(talk, chosen) {
    this._talk = talk;
    this._chosen = chosen;
    this.redraw();
  }

  /** @param {number} index */
  choose(index) {
    this._chosen = index;
    for (const [one, arrow] of this._arrows) {
      arrow.classList.toggle("chosen", one === index);
      arrow.setAttribute("aria-pressed", String(one === index));
      arrow.setAttribute("tabindex", one === index ? "0" : "-1");
    }
  }

  /** @param {KeyboardEvent} event */
  _onKey(event) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (event.key === "Enter" || event.key === " " || step !== 0) event.preventDefault();
    else return;
    const next = this._arrows.get(this._chosen + step);
    if (next) {
      this._onChoose(this._chosen + step);
      next.focus();
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
    const left = narrow ? 52 : 84;
    const right = width - (narrow ? 84 : 172);
    const { events, breaks, height } = this._place_events(talk);
    const bottom = height - 14;

    const svg = drawing("svg", {
      viewBox: `0 0 ${width} ${height}`,
      width: this._width,
      height: Math.round(height * unit),
      role: "group",
      "aria-label": "Sequence diagram: what client and server sent each other",
    });
    const layout = { talk, events, left, right, bottom, narrow };
    svg.append(...lifelines(layout));
    for (const { y, ms } of breaks) svg.append(...silence(layout, y, ms));
    svg.append(...waits(layout));
    this._arrows.clear();
    for (const event of events) {
      if (event.kind !== "piece") continue;
      const arrow = this._arrow(layout, event);
      this._arrows.set(event.index, arrow);
      svg.append(arrow);
    }
    this._place.replaceChildren(svg);
    this.choose(this._chosen);
    if (hadFocus) this._arrows.get(this._chosen)?.focus();
  }

  /** @param {Talk} talk */
  _place_events(talk) {
    /** @type {Event[]} */
    const events = [
      ...talk.pieces.map((piece, index) => ({ kind: /** @type {"piece"} */ ("piece"), index, at: piece.at_ms, y: 0 })),
      ...talk.published.map((said, index) => ({ kind: /** @type {"published"} */ ("published"), index, at: said.at_ms, y: 0 })),
    ];
    events.sort((a, b) => a.at - b.at || (a.kind === "published" ? -1 : 1));
    /** @type {{y: number, ms: number}[]} */
    const breaks = [];
    let y = TOP;
    let arrowY = TOP - LEAST; // words need room above every arrow
    let before = events[0]?.at ?? 0;
    events.forEach((event, i) => {
      const gap = event.at - before;
      const wanted = gap * PX_PER_MS;
      const least = event.kind === "piece" ? 0 : LEAST_PUBLISHED;
      const step = i === 0 ? 0 : Math.max(least, Math.min(MOST, wanted));
      let next = y + step;
      if (event.kind === "piece") next = Math.max(next, arrowY + LEAST, y + (i > 0 && events[i - 1].kind === "published" ? 22 : 0));
      if (wanted > MOST) breaks.push({ y: y + (event.kind === "piece" ? 13 : 17), ms: gap });
      y = event.y = next;
      if (event.kind === "piece") arrowY = next;
      before = event.at;
    });
    return { events, breaks, height: y + SLOPE + 42 };
  }

  /**
   * @param {Layout} layout
   * @param {Event} event
   * @returns {SVGGElement}
   */
  _arrow({ talk, left, right, narrow }, { index, y }) {
    const piece = talk.pieces[index];
    const sense = senseOf(talk, index);
    const asks = piece.sender === "client";
    const from = asks ? left + 2 : right - 6;
    const to = asks ? right - 7 : left + 3;
    const side = asks ? -1 : 1;
    const label = labelOf(piece, talk.published);
    const most = Math.floor((right - left - 22) / (narrow ? 6.5 : 7.6));
    const [number, unit] = time(piece.at_ms);
    const other = talk.peer === "broker" ? "broker" : "server";
    const spoken = asks ? `client to ${other}` : `${other} to client`;
    const choose = () => this._onChoose(index);
    return drawing(
      "g",
      {
        class: `arrow ${sense}`,
        role: "button",
        tabindex: "-1",
        "aria-label": `${number} ${unit} ${label}, ${spoken}`, // first what is seen, for who says it
        data: { index },
        on: {
          click: choose,
          keydown: (/** @type {KeyboardEvent} */ event) => {
            if (event.key === "Enter" || event.key === " ") choose();
            this._onKey(event);
          },
        },
      },
      drawing("rect", { class: "hold", x: 0, y: y - 21, width: right + 4, height: 32, rx: 6 }),
      drawing("text", { class: "when", x: left - 10, y: y + 4 }, `${number} ${unit} `),
      drawing("text", { class: "words", x: (left + right) / 2, y: y - 6 }, cut(label, most)),
      drawing("line", { class: "shaft", x1: from, y1: y, x2: to + side * 7, y2: y + SLOPE }),
      drawing("path", { class: "head", d: `M${to} ${y + SLOPE}l${side * 10} -5.5v11z` }),
    );
  }
}

/** @param {Layout} layout */
function lifelines(layout) {
  const { talk, left, right, bottom } = layout;
  const parts = [];
  const server = talk.peer === "broker" ? "Broker" : "Server";
  for (const [x, name] of /** @type {[number, string][]} */ ([[left, "Client"], [right, server]])) {
    parts.push(
      drawing("line", { class: "life", x1: x, y1: 34, x2: x, y2: bottom }),
      drawing("rect", { class: "who", x: x - 38, y: 6, width: 76, height: 28, rx: 6 }),
      drawing("text", { class: "who", x, y: 25 }, name),
    );
  }
  for (const [from, to] of heldSpans(layout)) {
    parts.push(
      drawing("rect", { class: "held", x: right - 5, y: from, width: 10, height: Math.max(4, to - from), rx: 3 }),
    );
  }
  return parts;
}

/** When messages were published, and how long they waited. @param {Layout} layout */
function waits({ talk, events, right, narrow }) {
  const parts = [];
  const waited = waitsOf(talk);
  let free = 0; // below what is written already
  for (const event of events) {
    if (event.kind !== "published") continue;
    const { data } = talk.published[event.index];
    const came = talk.pieces.findIndex((piece) => piece.sender === "server" && piece.at_ms >= event.at - 1 && piece.text.includes(data));
    const end = events.find((one) => one.kind === "piece" && one.index === came);
    const x = right + 14;
    const to = end ? Math.max(end.y, event.y + 8) : event.y + 40;
    const wait = waited[event.index];
    const [number, unit] = time(wait);
    const words = narrow ? ["published"] : ["a message is published"];
    if (wait === null) words.push("not fetched");
    else if (narrow) words.push(`+ ${number} ${unit}`);
    else words.push(wait < 10 ? `gone in ${number} ${unit}` : `waits ${number} ${unit}`);
    const y = Math.max(event.y, free);
    free = y + 34;
    parts.push(
      drawing("circle", { class: "published", cx: right, cy: event.y, r: 5 }),
      drawing("path", { class: "wait", d: `M${right + 5} ${event.y}H${x}V${to}H${right + 8}` }),
      drawing("text", { class: "wait", x: x + 7, y: y + 4 }, words[0]),
      drawing("text", { class: "wait long", x: x + 7, y: y + 19 }, words[1]),
    );
  }
  return parts;
}

/**
 * From where to where the server had a question, or a connection stood open.
 * @param {Layout} layout
 * @returns {[number, number][]}
 */
function heldSpans({ talk, events, bottom }) {
  const pieces = events.filter(({ kind }) => kind === "piece").sort((a, b) => a.index - b.index);
  /** @type {[number, number][]} */
  const spans = [];
  if (!shownAs(talk.transport)?.asks) return pieces.length > 0 ? [[pieces[0].y + SLOPE, bottom]] : [];
  pieces.forEach(({ index, y }, i) => {
    if (talk.pieces[index].sender !== "client") return;
    const answer = pieces[i + 1];
    const answered = answer && talk.pieces[answer.index].sender === "server";
    spans.push([y + SLOPE, answered ? answer.y : bottom]);
  });
  return spans;
}

/**
 * A silence that is drawn shorter than it was.
 * @param {Layout} layout
 * @param {number} y
 * @param {number} ms
 */
function silence({ left, right }, y, ms) {
  const [number, unit] = time(ms);
  const wave = (/** @type {number} */ x) =>
    drawing("path", { class: "cut", d: `M${x - 9} ${y + 3}q4.5 -6 9 0t9 0M${x - 9} ${y + 9}q4.5 -6 9 0t9 0` });
  return [
    wave(left),
    wave(right),
    drawing("text", { class: "silence", x: (left + right) / 2, y: y + 10 }, `${number} ${unit} of silence`),
  ];
}

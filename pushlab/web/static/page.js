// @ts-check
/**
 * What every page has: its header, the theme and presenter switches, keys, and small functions that
 * build elements from text (never from HTML).
 *
 * How a page uses it (style.css shows the HTML around it):
 *
 *     import { dressPage, element, markOf, postJson, TRANSPORTS } from "./page.js";
 *
 *     const page = dressPage({ here: "chat" });       // header, footer, keys P and D
 *     page.addKeys([{ key: "Enter", does: "send", run: send }]);   // shown in the footer
 *     page.onTheme(() => chart.draw());                // canvases read colours anew
 *     const joined = await postJson("demo/chat/join", { room, name });  // throws Problem
 *     list.append(element("li", { class: "said" }, name, ": ", text));   // text stays text
 *     label.prepend(markOf("sse"));                    // the transport's colour and line style
 */

/** @typedef {{name: string, title: string, asks: boolean, dash: number[]}} Shown */

/** @type {readonly Shown[]} The built-in five, askers first; `dash` as for canvas and SVG. */
export const TRANSPORTS = Object.freeze([
  { name: "short-polling", title: "Short polling", asks: true, dash: [] },
  { name: "long-polling", title: "Long polling", asks: true, dash: [9, 3] },
  { name: "sse", title: "SSE", asks: false, dash: [9, 3, 2, 3] },
  { name: "websocket", title: "WebSocket", asks: false, dash: [2, 2] },
  { name: "mqtt", title: "MQTT", asks: false, dash: [6, 2, 2, 2, 2, 2] },
]);

/** With the old development server's wire, a baseline. */
const KNOWN = [
  ...TRANSPORTS,
  { name: "channel-api-dev", title: "Channel API (dev server)", asks: true, dash: [1, 4] },
];

/**
 * How pages show a transport, if they know it.
 * @param {string} name
 */
export function shownAs(name) {
  return KNOWN.find((one) => one.name === name);
}

/**
 * A transport's title in words.
 * @param {string} name
 */
export function titleOf(name) {
  return shownAs(name)?.title ?? name;
}

/**
 * A new element. Properties are attributes, but `on` holds listeners and `data` the dataset;
 * `true` sets an empty attribute, `false`, null and undefined none. Children are elements or text.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string | number | null | undefined)} children
 * @returns {any}
 */
export function element(tag, properties = {}, ...children) {
  return furnished(document.createElement(tag), properties, children);
}

/**
 * The same for SVG.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string | number | null | undefined)} children
 * @returns {any}
 */
export function drawing(tag, properties = {}, ...children) {
  return furnished(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

/**
 * @param {Element} made
 * @param {Record<string, any>} properties
 * @param {(Node | string | number | null | undefined)[]} children
 */
function furnished(made, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    } else if (name === "data") {
      Object.assign(/** @type {HTMLElement} */ (made).dataset, value);
    } else {
      made.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of children) {
    if (child === null || child === undefined) continue;
    made.append(child instanceof Node ? child : String(child));
  }
  return made;
}

/**
 * An element that the page's HTML has.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * Write a text that may stand there already, without disturbing it then.
 * @param {HTMLElement} place
 * @param {string} text
 */
export function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/**
 * A reason as a sentence.
 * @param {string} text
 */
export function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
}

/**
 * Show what is wrong, or hide the place. A flag in the text (--public-url) is not broken in two.
 * @param {HTMLElement} place
 * @param {string} text
 */
export function tellTrouble(place, text) {
  place.hidden = text === "";
  if (place.textContent === text) return;
  const parts = text.split(/(--[a-z-]+)/);
  place.replaceChildren(...parts.map((part, i) => (i % 2 ? element("code", {}, part) : part)));
}

/**
 * The transport's mark: a dot on a line of its style. Decoration: say the name beside it.
 * @param {string} name
 * @returns {SVGElement}
 */
export function markOf(name) {
  const dash = shownAs(name)?.dash ?? [];
  return drawing(
    "svg",
    { class: "mark", viewBox: "0 0 36 14", "aria-hidden": "true", data: { transport: name } },
    drawing("line", {
      x1: 0, y1: 7, x2: 36, y2: 7,
      "stroke-dasharray": dash.length > 0 ? dash.join(" ") : null,
    }),
    drawing("circle", { cx: 27, cy: 7, r: 5 }),
  );
}

// ---- asking the server --------------------------------------------------------------------------

/** The hub's address: its pages' modules stand below it, whatever a proxy puts before its paths. */
const HUB = new URL("../", import.meta.url);

/**
 * An address on the hub.
 * @param {string} path without a slash at its beginning
 */
export const hubUrl = (path) => new URL(path, HUB).href;

/** What the server refused: `status`, `error` (a word) and a message to show. */
export class Problem extends Error {
  /**
   * @param {number} status 0 when the server could not be reached
   * @param {string} error
   * @param {string} detail
   */
  constructor(status, error, detail) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.error = error;
  }
}

/**
 * POST a JSON object, get one back.
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>}
 * @throws {Problem}
 */
export function postJson(path, body = {}) {
  const headers = { "content-type": "application/json" };
  return askJson(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/**
 * GET a JSON object.
 * @param {string} path
 * @returns {Promise<any>}
 * @throws {Problem}
 */
export function getJson(path) {
  return askJson(path, { cache: "no-store" });
}

/**
 * @param {string} path
 * @param {RequestInit} request
 */
async function askJson(path, request) {
  let response;
  let body;
  try {
    response = await fetch(hubUrl(path), request);
    body = response.status === 204 ? null : await response.json();
  } catch (error) {
    if (response) throw new Problem(response.status, "not-json", notOurs(response.status));
    throw new Problem(0, "unreachable", "the server cannot be reached");
  }
  if (response.ok) return body;
  throw new Problem(response.status, body?.error ?? "refused", body?.detail ?? response.statusText);
}

/**
 * What answers in another language than ours is mostly a proxy whose server is down.
 * @param {number} status
 */
function notOurs(status) {
  if (status >= 500) return `the server cannot be reached: a proxy answers ${status}`;
  return "the server's answer makes no sense";
}

// ---- the header, the footer, the switches -------------------------------------------------------

const PLACES = [
  ["", "Lesson"],
  ["race", "Race"],
  ["chat", "Chat"],
  ["tictactoe", "Tic-tac-toe"],
];

/** Whether the page is dark now. */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Whether the presenter's mode is on. */
export function isPresenting() {
  return document.documentElement.dataset.presenter === "on";
}

/**
 * @param {Storage} storage
 * @param {string} key
 * @param {string | null} value null: none any more
 */
export function keep(storage, key, value) {
  try {
    if (value === null) storage.removeItem(key);
    else storage.setItem(key, value);
  } catch {
    // Storage may be forbidden: then it lasts as long as the page.
  }
}

/** @typedef {{key: string, does: string, run: () => void, shown?: string}} Key */

/** What `dressPage` hands back: the page's keys, and when its look changes. */
class Page {
  constructor() {
    /** @type {Set<() => void>} */
    this._looks = new Set();
    /** @type {Key[]} */
    this._keys = [];
    this._list = element("ul", { class: "keys", "aria-label": "Keys" });
  }

  /**
   * Call `changed` whenever light, dark or the presenter's mode changes: canvases draw anew.
   * @param {() => void} changed
   */
  onTheme(changed) {
    this._looks.add(changed);
  }

  /**
   * Keys that work wherever nothing is being typed. `shown` is how the key is written.
   * @param {Key[]} keys
   */
  addKeys(keys) {
    for (const key of keys) {
      this._keys.push(key);
      const cap = element("kbd", {}, key.shown ?? (key.key.length === 1 ? key.key.toUpperCase() : key.key));
      this._list.append(element("li", {}, cap, key.does));
    }
  }

  toggleTheme() {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    keep(localStorage, "pushlab-theme", theme);
    this.look();
  }

  togglePresenter() {
    const on = !isPresenting();
    if (on) document.documentElement.dataset.presenter = "on";
    else delete document.documentElement.dataset.presenter;
    keep(sessionStorage, "pushlab-presenter", on ? "on" : "off");
    this.look();
  }

  look() {
    for (const changed of this._looks) changed();
  }

  /** @param {KeyboardEvent} event */
  _onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.closest("input:not([type=range]), textarea, select, [contenteditable]")) return;
    // A button takes Space and Enter for itself.
    if ((event.key === " " || event.key === "Enter") && target.closest("button, a, summary, [role=tab], [tabindex]")) return;
    const key = this._keys.find((one) => one.key.toLowerCase() === event.key.toLowerCase());
    if (!key || event.repeat) return;
    event.preventDefault();
    key.run();
  }
}

/**
 * Fill the header and the footer, bind the switches and their keys.
 * @param {{here: string}} options `here`: the page's own path, as in PLACES
 * @returns {Page}
 */
export function dressPage({ here }) {
  const page = new Page();
  const theme = toolButton("Light or dark", "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z", () => page.toggleTheme());
  const presenter = toolButton(
    "Presenter mode",
    "M3 4h18v12H3zM12 16v4M8 20h8",
    () => page.togglePresenter(),
  );
  const showPresenter = () => presenter.setAttribute("aria-pressed", String(isPresenting()));
  page.onTheme(showPresenter);
  showPresenter();

  const main = document.querySelector("main");
  if (main && !main.id) main.id = "main";
  byId("top").append(
    element("a", { class: "skip", href: `#${main?.id}` }, "To the content"),
    element("a", { class: "brand", href: hubUrl("") }, element("img", { src: hubUrl("web/icon.svg"), alt: "", width: 24, height: 24 }), "pushlab"),
    element(
      "nav",
      { "aria-label": "Pages" },
      ...PLACES.map(([path, name]) =>
        element("a", { href: hubUrl(path), "aria-current": path === here ? "page" : null }, name),
      ),
    ),
    element("div", { class: "tools" }, presenter, theme),
  );
  document.getElementById("foot")?.append(page._list);
  page.addKeys([
    { key: "p", does: "presenter mode", run: () => page.togglePresenter() },
    { key: "d", does: "light or dark", run: () => page.toggleTheme() },
  ]);
  document.addEventListener("keydown", (event) => page._onKey(event));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => page.look());
  return page;
}

/**
 * @param {string} label
 * @param {string} path
 * @param {() => void} run
 */
function toolButton(label, path, run) {
  return element(
    "button",
    { type: "button", class: "quiet icon", "aria-label": label, title: label, on: { click: run } },
    drawing(
      "svg",
      { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linejoin": "round", "stroke-linecap": "round", "aria-hidden": "true" },
      drawing("path", { d: path }),
    ),
  );
}

// @ts-check
/**
 * The chat: rooms of people, each with a channel of its own.
 *
 * Sending is a post; receiving is the channel. One's own message, too, is only "sent" when it
 * comes back over the channel, so that everybody sees how long the transport takes.
 */

import { Membership } from "./membership.js";
import { byId, dressPage, element } from "./page.js";
import { counted } from "./numbers.js";

const SHOWN_MESSAGES = 500;
const FRESH_MS = 8_000; // how long it is to be seen who came and who left

const log = byId("log");
const text = byId("text");

/** @typedef {{line: any, words: string, at: number, taken: boolean}} Underway */

/** What was sent and has not come back, by its ref. @type {Map<string, Underway>} */
const underway = new Map();
/** Who came or left of late. @type {Map<string, "came" | "left">} */
const fresh = new Map();
/** @type {string[]} */
let members = [];
let me = "";
let refs = 0;

const membership = new Membership({
  path: "demo/chat",
  place: "room",
  handlers: {
    onjoined(joined) {
      giveUpTaken(); // another channel, if this is not the first
      me = joined.name;
      document.title = `${joined.room} · Chat · pushlab`;
      members = joined.members;
      showMembers();
      text.focus();
    },
    onmessage: hear,
    ongap(missed) {
      const what = missed === null ? "Some messages" : counted(missed, "message");
      add(element("div", { class: "gap" }, `${what} missed`));
      giveUpTaken();
    },
  },
});

// ---- what the channel tells ---------------------------------------------------------------------

/**
 * @param {any} told
 * @param {string} transport
 */
function hear(told, transport) {
  if (told.type === "said") {
    const mine = underway.get(told.ref);
    if (mine && told.name === me) {
      membership.meter.trip(transport, performance.now() - mine.at);
      underway.delete(told.ref);
      mine.line.remove();
    }
    add(said(told.name, told.text, told.now_ms));
    return;
  }
  if (Array.isArray(told.members)) members = told.members;
  if (told.type === "joined") {
    note(told.name, "came", " joined");
  } else if (told.type === "left") {
    note(told.name, "left", told.why === "gone" ? " is gone: the page was closed, or its line is lost" : " left");
  }
  showMembers();
}

/**
 * @param {string} name
 * @param {string} words
 * @param {number | null} sentMs null: still on its way
 */
function said(name, words, sentMs) {
  const at = sentMs === null ? null : new Date(sentMs);
  return element(
    "div",
    { class: `said${name === me ? " mine" : ""}${at ? "" : " underway"}` },
    element(
      "p",
      { class: "who" },
      element("bdi", {}, name),
      at
        ? element("time", { datetime: at.toISOString() }, at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }))
        : element("span", { class: "sending" }, "sending…"),
    ),
    element("p", { class: "text", dir: "auto" }, words),
  );
}

/** Whether the newest is what the reader looks at. */
let stuck = true;

/** @param {HTMLElement} line */
function add(line) {
  const first = [...underway.values()].find((one) => one.line.isConnected)?.line ?? null;
  if (line.classList.contains("underway")) log.append(line);
  else log.insertBefore(line, first); // what is on its way stays below what has come
  while (log.childElementCount > SHOWN_MESSAGES) log.firstElementChild.remove();
  if (stuck || line.classList.contains("underway")) toBottom();
  else byId("newest").hidden = false;
}

function toBottom() {
  stuck = true;
  log.scrollTop = log.scrollHeight;
  byId("newest").hidden = true;
}

log.addEventListener("scroll", () => {
  stuck = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  if (stuck) byId("newest").hidden = true;
});
byId("newest").addEventListener("click", () => {
  toBottom();
  text.focus();
});
new ResizeObserver(() => {
  if (stuck) toBottom();
}).observe(log);

// ---- who is here --------------------------------------------------------------------------------

/**
 * @param {string} name
 * @param {"came" | "left"} what
 * @param {string} words
 */
function note(name, what, words) {
  add(element("div", { class: "event" }, element("bdi", {}, name), words));
  fresh.set(name, what);
  setTimeout(() => {
    if (fresh.get(name) === what) fresh.delete(name);
    showMembers();
  }, FRESH_MS);
}

function showMembers() {
  const left = [...fresh].filter(([name, what]) => what === "left" && !members.includes(name));
  byId("member-count").textContent = String(members.length);
  byId("members").replaceChildren(
    ...members.map((name) =>
      element(
        "li",
        { class: fresh.get(name) === "came" ? "came" : "" },
        element("bdi", {}, name),
        name === me ? element("span", { class: "grey" }, "you") : null,
        fresh.get(name) === "came" ? element("span", { class: "grey" }, "just came") : null,
      ),
    ),
    ...left.map(([name]) =>
      element("li", { class: "gone" }, element("bdi", {}, name), element("span", { class: "grey" }, "left")),
    ),
  );
}

// ---- saying -------------------------------------------------------------------------------------

/** @param {string} words */
async function say(words) {
  const ref = `${++refs}`;
  const sent = { line: said(me, words, null), words, at: performance.now(), taken: false };
  underway.set(ref, sent);
  add(sent.line);
  try {
    await membership.post("say", { text: words, ref });
    sent.taken = true;
  } catch (problem) {
    giveUp(ref, "not sent", /** @type {Error} */ (problem).message);
  }
}

/**
 * What was sent will not come back.
 * @param {string} ref
 * @param {string} what
 * @param {string} why
 */
function giveUp(ref, what, why) {
  const sent = underway.get(ref);
  if (!sent) return; // it has come
  underway.delete(ref);
  const { line, words } = sent;
  const click = () => {
    line.remove();
    say(words);
  };
  const again = element("button", { type: "button", on: { click } }, "Send again");
  line.classList.replace("underway", "failed");
  line.querySelector(".sending").textContent = what;
  line.append(element("p", { class: "why" }, why), again);
  if (stuck) toBottom();
}

/** The channel has a hole: what the server took, and did not come back, may have been in it. */
function giveUpTaken() {
  for (const [ref, { taken }] of underway) {
    if (taken) giveUp(ref, "not seen again", "the server took it, but it has not come back");
  }
}

byId("say").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  const words = text.value.trim();
  if (words === "") return;
  text.value = "";
  say(words);
  text.focus();
});
text.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId("say").requestSubmit();
});

// ---- coming and going ---------------------------------------------------------------------------

byId("join").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  membership.enter({ name: byId("name").value.trim(), room: byId("room").value.trim() });
});
byId("rejoin").addEventListener("click", () =>
  membership.rejoin().catch((problem) => {
    byId("state").textContent = problem.message;
  }),
);
byId("leave").addEventListener("click", async () => {
  await membership.leave();
  underway.clear();
  fresh.clear();
  log.replaceChildren();
  byId("inside").hidden = true;
  byId("door").hidden = false;
  byId("name").focus();
});

const page = dressPage({ here: "chat" });
page.addKeys([{ key: "/", does: "write a message", run: () => text.focus() }]);

const { asked } = membership;
const before = membership.recall();
byId("room").value = asked ?? before?.room ?? "lobby";
byId("name").value = before?.name ?? "";
if (before && asked === before.room) membership.enter(before);

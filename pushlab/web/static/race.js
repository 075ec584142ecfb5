// @ts-check
/**
 * The race: five lanes fed by one publisher.
 *
 * This page is one real client in every lane; further clients are run by the server's swarm. The
 * server tells twice a second what it counted; landings and hits of this page are drawn as they
 * happen.
 */

import { count, counted } from "./numbers.js";
import { byId, dressPage, element, getJson, postJson, Problem, sentence, setText, tellTrouble, TRANSPORTS } from "./page.js";
import { PublisherPicture, scaleFor } from "./race_canvas.js";
import { Controls, TRIES } from "./race_controls.js";
import { Lane } from "./race_lane.js";
import { Published } from "./race_record.js";
import { clockNote, elsewhereNote, hubsNote, whatToExpect, whereHeld } from "./race_words.js";
import { ServerClock } from "./server_clock.js";
import { SlowLink } from "./slow_link.js";

/** @typedef {import("./race_words.js").Settings} Settings */

const ASK_MS = 500;
const SHOWN_MS = 4000;
const WRITE_MS = 200;
const CALM_MS = 1000; // between pictures, for readers who want little motion
/** Between pictures: what moves 20 pixels a second needs no more than 30 a second. */
const GAP_MS = 33;
const LONGEST_GAP_MS = 120;

const page = dressPage({ here: "race" });
const clock = new ServerClock();
const published = new Published();
const lanes = TRANSPORTS.map((shown) => new Lane(shown, { published, clock, link: new SlowLink() }));
const publisher = new PublisherPicture(byId("publisher"));
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** @type {any} What the server told last. */
let told = null;
/** @type {Settings | null} */
let settings = null;
let sinceMs = -1;
let publishedBefore = 0;
let elsewhere = 0; // the most clients of the hub, not of the race, since the figures began
let pollIntervalS = 0;
let joined = false;
let seatedAs = ""; // by which name the server knows this page

for (const lane of lanes) byId("lanes").append(lane.root);

// ---- what is said to the server ----------------------------------------------------------------

/** @param {string} text */
function say(text) {
  byId("said").textContent = text;
}

/** What a lane says while the page has the reason: a sentence once, not in each lane. */
const TOLD_ABOVE = "this page could not join.";
let troubledMs = -Infinity; // when a wish was refused: that is shown for a while

/** @param {() => Promise<void>} work */
async function wish(work) {
  try {
    await work();
  } catch (error) {
    troubledMs = performance.now();
    trouble(error);
  }
}

/** @param {unknown} error */
function trouble(error) {
  const why = error === null ? "" : error instanceof Problem ? sentence(error.message) : String(error);
  tellTrouble(byId("trouble"), why);
}

/** @param {Partial<Settings>} change */
const change = (change) => wish(async () => adopt((await postJson("demo/race/settings", change)).settings));

const publishNow = () => wish(async () => say(`Published message ${(await postJson("demo/race/publish")).n}.`));

function togglePause() {
  if (!settings) return;
  const paused = !settings.paused;
  say(paused ? "Paused." : "Publishing.");
  change({ paused });
}

const reset = () =>
  wish(async () => {
    await postJson("demo/race/reset");
    say("All figures begin anew.");
    await ask();
  });

// ---- what the server tells ----------------------------------------------------------------------

/** @param {Settings} now */
function adopt(now) {
  settings = now;
  controls.show(now);
  byId("pause").setAttribute("aria-pressed", String(now.paused));
  byId("expect").textContent = whatToExpect(now);
  for (const lane of lanes) lane.link.oneWayMs = now.one_way_ms;
  if (joined && pollIntervalS !== now.poll_interval_s) {
    for (const lane of lanes) if (lane.shown.name === "short-polling") lane.reopen(now.poll_interval_s);
  }
  pollIntervalS = now.poll_interval_s;
}

async function ask() {
  const asked = performance.now();
  const state = await getJson(`demo/race/state${seatedAs && `?page=${seatedAs}`}`);
  clock.learn(asked, performance.now(), state.now_ms);
  if (state.since_ms !== sinceMs) {
    // This page's figures begin when it comes, with a reset, or with another server.
    const came = sinceMs === -1;
    sinceMs = state.since_ms;
    publishedBefore = came ? state.published : 0;
    elsewhere = 0;
    published.clear(came ? asked : clock.here(state.since_ms));
    for (const lane of lanes) lane.clear(came ? (state.lanes[lane.shown.name] ?? null) : null);
  }
  told = state;
  elsewhere = Math.max(elsewhere, state.elsewhere);
  adopt(state.settings);
}

/** @type {Promise<any> | null} */
let seating = null;

/** A seat in each lane; lanes that ask together, as their tokens end together, share the answer. */
function seat() {
  seating ??= postJson("demo/race/join").finally(() => setTimeout(() => (seating = null), 5000));
  return seating;
}

async function join() {
  const seats = await seat();
  seatedAs = seats.page;
  for (const lane of lanes) {
    const { name } = lane.shown;
    const own = seats.lanes[name];
    if (own) lane.open(own, pollIntervalS, async () => (await seat()).lanes[name]?.token ?? null);
    else lane.fail(sentence(seats.missing?.[lane.shown.name] ?? "this server does not offer it"));
  }
  joined = true;
}

/** Ask for ever; the server may go away and come back. */
async function keepAsking() {
  for (;;) {
    try {
      await ask();
      if (!joined) await join();
      const cut = told.hubs?.cut_off ? hubsNote(told.hubs) : null;
      if (performance.now() - troubledMs > SHOWN_MS) trouble(cut);
    } catch (error) {
      trouble(error);
      if (!joined) for (const lane of lanes) lane.wait(TOLD_ABOVE);
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  }
}

// ---- drawing ------------------------------------------------------------------------------------

let writtenMs = -Infinity;
let drawnMs = -Infinity;
let frameMs = 16; // how long a picture keeps the browser busy
let drew = false;
let scaleMs = 500;

function draw() {
  requestAnimationFrame(draw); // which a hidden page does not call
  const now = performance.now();
  if (drew) frameMs = 0.9 * frameMs + 0.1 * Math.min(now - drawnMs, 500);
  drew = false;
  // Painting must not make the messages late that it shows: it gets a third of a slow machine.
  const gapMs = calm.matches ? CALM_MS : Math.min(Math.max(GAP_MS, 3 * frameMs - 20), LONGEST_GAP_MS);
  if (now - drawnMs < gapMs - 4) return;
  drew = true;
  drawnMs = now;
  // What is under way on a slow link is missing, and nobody here knows of it yet: look one delay back.
  const seenMs = now - (settings?.one_way_ms ?? 0);
  let worst = 0;
  for (const lane of lanes) {
    lane.picture.survey(lane.record, seenMs);
    worst = Math.max(worst, lane.picture.worstMs);
  }
  scaleMs = scaleFor(worst);
  publisher.draw(published, seenMs);
  for (const lane of lanes) lane.picture.draw(lane.record, seenMs, scaleMs, !calm.matches);
  if (now - writtenMs >= WRITE_MS && settings) {
    writtenMs = now;
    // What has landed since the server was asked was published, too.
    if (told) {
      const messages = told.published - publishedBefore + Math.max(0, published.last - told.last);
      setText(byId("published"), count(messages));
    }
    for (const lane of lanes) {
      lane.write(told?.lanes[lane.shown.name], settings, seenMs);
      lane.heldBy(whereHeld(told?.hubs, lane.shown.name));
    }
    setText(byId("hubs"), told?.hubs?.cut_off ? "" : hubsNote(told?.hubs));
    writeFine();
  }
}

function writeFine() {
  const others = (settings?.clients ?? 1) - 1;
  const swarm =
    others > 0 ? `This page is one client per lane; the server runs ${counted(others, "more", "more")} of each.` : "";
  setText(byId("fine"), [swarm, elsewhereNote(elsewhere), clockNote(clock.boundMs)].filter(Boolean).join(" "));
}

// ---- begin --------------------------------------------------------------------------------------

const controls = new Controls(byId("sliders"), change);
TRIES.forEach((one, index) => {
  const run = () => {
    say(one.says);
    change(one.settings);
  };
  byId("tries").append(
    element("button", { type: "button", title: one.says, on: { click: run } }, one.name, element("kbd", { "aria-hidden": "true" }, index + 1)),
  );
  page.addKeys([{ key: String(index + 1), does: one.name.toLowerCase(), run }]);
});
byId("publish").addEventListener("click", publishNow);
byId("pause").addEventListener("click", togglePause);
byId("reset").addEventListener("click", reset);
page.addKeys([
  { key: "n", does: "publish now", run: publishNow },
  { key: " ", shown: "Space", does: "pause", run: togglePause },
  { key: "r", does: "reset", run: reset },
]);
page.onTheme(() => {
  publisher.readColours();
  for (const lane of lanes) lane.picture.readColours();
});
addEventListener("pagehide", () => {
  for (const lane of lanes) lane.close();
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
requestAnimationFrame(draw);
keepAsking();

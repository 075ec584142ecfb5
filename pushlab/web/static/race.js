// @ts-check
/**
 * The race: five lanes fed by one publisher.
 *
 * This page is one real client in every lane; further clients are run by the server's swarm. The
 * server tells twice a second what it counted; landings and hits of this page are drawn as they
 * happen. Whatever is set anew begins a comparison of its own. All that is written on the page is
 * written at once, by `write`, from the same settings and the same counts.
 *
 * Longer than 400 lines, since all of it goes by one state: what holds, what is wished, what is seen.
 */

import { count, counted } from "./numbers.js";
import { byId, dressPage, element, getJson, isPresenting, postJson, Problem, sentence, setText, tellTrouble, TRANSPORTS } from "./page.js";
import { PublisherPicture, scaleFor } from "./race_canvas.js";
import { Controls, TRIES } from "./race_controls.js";
import { Lane } from "./race_lane.js";
import { PresenterKey } from "./race_presenter.js";
import { Published } from "./race_record.js";
import { Tour } from "./race_tour.js";
import { clockNote, elsewhereNote, hubsNote, pagesNote, whatFollows, whatIsSet, whatLanesSay, whereHeld } from "./race_words.js";
import { ServerClock } from "./server_clock.js";
import { SlowLink } from "./slow_link.js";

/** @typedef {import("./race_words.js").Settings} Settings */

const ASK_MS = 500;
const SHOWN_MS = 4000;
const WRITE_MS = 200;
const SEND_MS = 120; // a hand on a slider may go on
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
const presenter = new PresenterKey();

/** @type {any} What the server told last. */
let told = null;
/** @type {Settings | null} What holds at the server. */
let settings = null;
/** @type {Partial<Settings> | null} What this page has wished and the server has not answered yet. */
let wished = null;
let sending = 0; // wishes under way
let version = -1; // of what holds
let sinceMs = -1;
let sinceHereMs = 0; // the same by this page's clock
let publishedBefore = 0;
let byHandBefore = 0;
let elsewhere = 0; // the most clients of the hub, not of the race, since the figures began
let pollIntervalS = 0;
let joined = false;
let seatedAs = ""; // by which name the server knows this page
let locked = false;
/** When this page's picture was stopped; NaN while it moves. The race goes on all the same. */
let pausedMs = NaN;

for (const lane of lanes) byId("lanes").append(lane.root);
const legend = byId("legend").cloneNode(true); // where it has no room beside the publisher
legend.id = "";
byId("lanes").before(legend);

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

let sendTimer = 0;

/**
 * Set something: it is shown at once, with no figures, until the server has begun it.
 * @param {Partial<Settings>} change
 * @param {number} [afterMs]
 */
function change(change, afterMs = 0) {
  if (!settings || !mayDrive()) return;
  resume();
  wished = { ...wished, ...change };
  write();
  clearTimeout(sendTimer);
  sendTimer = setTimeout(send, afterMs);
}

function send() {
  const change = wished;
  if (!change) return;
  sending += 1;
  wish(async () => adopt(await postJson("demo/race/settings", presenter.with(change)))).finally(() => {
    sending -= 1;
    if (wished === change) wished = null; // no other came in the meantime
    write();
  });
}

const publishNow = () =>
  wish(async () => {
    resume();
    say(`Published message ${(await postJson("demo/race/publish", presenter.with({}))).n}.`);
  });

const reset = () =>
  wish(async () => {
    resume();
    adopt(await postJson("demo/race/reset", presenter.with({})));
    say("All figures begin anew.");
  });

/** @param {() => void} act what a hand does: it ends the tour */
function byHand(act) {
  return () => {
    endTour();
    act();
  };
}

function mayDrive() {
  return !locked || presenter.key !== "";
}

const toggleLock = () =>
  wish(async () => {
    const answer = await postJson("demo/race/lock", presenter.with({ locked: !locked }));
    presenter.learn(answer.key);
    adopt(answer);
    say(locked ? "Locked: other pages only look on." : "Unlocked.");
  });

// ---- this page's own pause ----------------------------------------------------------------------

function togglePause() {
  if (Number.isNaN(pausedMs)) {
    write();
    pausedMs = performance.now();
    say("The picture stands still; the race goes on.");
  } else {
    resume();
    say("The picture goes on.");
  }
  showPause();
}

function resume() {
  if (Number.isNaN(pausedMs)) return;
  tour.wait(performance.now() - pausedMs);
  pausedMs = NaN;
  showPause();
  write();
}

function showPause() {
  const paused = !Number.isNaN(pausedMs);
  byId("pause").setAttribute("aria-pressed", String(paused));
  setText(byId("pause-word"), paused ? "Go on" : "Pause");
  byId("paused").hidden = !paused;
}

// ---- the tour -----------------------------------------------------------------------------------

/** @type {Settings | null} What was set before the tour. */
let beforeTour = null;
const tour = new Tour({ change: (settings) => change(settings), publish: publishNow, ended: endTour });

function toggleTour() {
  if (tour.scene) {
    endTour();
  } else if (settings && mayDrive()) {
    beforeTour = settings;
    tour.start(performance.now());
  }
  showTour();
}

function endTour() {
  tour.stop();
  if (beforeTour) change(beforeTour);
  beforeTour = null;
  showTour();
}

function showTour() {
  const { scene } = tour;
  byId("tour").setAttribute("aria-pressed", String(scene !== null));
  byId("scene").hidden = scene === null;
  byId("main").classList.toggle("touring", scene !== null);
  for (const lane of lanes) lane.root.classList.toggle("aside", scene !== null && !scene.spot.includes(lane.shown.name));
  if (!scene) return;
  const shows = lanes.map((lane) => lane.shows);
  setText(byId("scene-says"), scene.says((name) => shows.find((one) => one.name === name)));
  byId("scene-bar").value = tour.progress(performance.now());
}

// ---- what the server tells ----------------------------------------------------------------------

/**
 * What holds now, as the server says.
 * @param {{settings: Settings, since_ms: number, version: number, locked: boolean}} now
 * @param {any} [state] what it has counted, where it says so too
 */
function adopt(now, state) {
  settings = now.settings;
  version = now.version;
  locked = now.locked;
  if (now.since_ms !== sinceMs) begin(now.since_ms, state);
  for (const lane of lanes) lane.link.oneWayMs = settings.one_way_ms;
  if (joined && pollIntervalS !== settings.poll_interval_s) {
    for (const lane of lanes) if (lane.shown.name === "short-polling") lane.reopen(settings.poll_interval_s);
  }
  pollIntervalS = settings.poll_interval_s;
  write();
}

/**
 * This page's figures begin when it comes, with a comparison, or with another server.
 * @param {number} since on the server's clock
 * @param {any} [state]
 */
function begin(since, state) {
  const came = sinceMs === -1;
  sinceMs = since;
  sinceHereMs = came ? performance.now() : clock.here(since);
  publishedBefore = came ? state.published : 0;
  byHandBefore = came ? state.by_hand : 0;
  elsewhere = 0;
  told = state ?? null;
  pausedMs = NaN;
  showPause();
  const goOn = lanes.map((lane) => lane.clear(came ? (state.lanes[lane.shown.name] ?? null) : null, sinceHereMs));
  published.clear(sinceHereMs);
  for (const one of goOn) one();
}

/** How long the server's word may be older than what it has answered to this page already. */
const OLD_MS = 3000;
let adoptedMs = -Infinity;

async function ask() {
  const asked = performance.now();
  const state = await getJson(`demo/race/state${seatedAs && `?page=${seatedAs}`}`);
  clock.learn(asked, performance.now(), state.now_ms);
  if (wished !== null || sending > 0) return; // the answer to that says more
  const now = performance.now();
  if (state.version < version && now - adoptedMs < OLD_MS) return; // another hub has not heard of it
  adoptedMs = now;
  told = state;
  elsewhere = Math.max(elsewhere, state.elsewhere);
  adopt(state, state);
}

/** @type {Promise<any> | null} */
let seating = null;

/** A seat in each lane; lanes that ask together, as their tokens end together, share the answer. */
function seat() {
  seating ??= postJson("demo/race/join", presenter.with({})).finally(() => setTimeout(() => (seating = null), 5000));
  return seating;
}

async function join() {
  const sent = presenter.key; // another may come while this is asked
  const seats = await seat();
  seatedAs = seats.page;
  if (!seats.presents && presenter.key === sent) presenter.forget();
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
      const cut = told?.hubs?.cut_off ? hubsNote(told.hubs) : null;
      if (performance.now() - troubledMs > SHOWN_MS) trouble(cut);
    } catch (error) {
      trouble(error);
      if (!joined) for (const lane of lanes) lane.wait(TOLD_ABOVE);
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  }
}

// ---- drawing and writing ------------------------------------------------------------------------

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
  if (Number.isNaN(pausedMs)) tour.tick(now);
  const seenMs = seen(now);
  let worst = 0;
  for (const lane of lanes) {
    lane.picture.survey(lane.record, seenMs);
    worst = Math.max(worst, lane.picture.worstMs);
  }
  scaleMs = scaleFor(worst);
  publisher.draw(published, seenMs);
  for (const lane of lanes) lane.picture.draw(lane.record, seenMs, scaleMs, !calm.matches);
  if (now - writtenMs >= WRITE_MS) write();
}

/**
 * What is under way on a slow link is missing, and nobody here knows of it yet: look one delay back.
 * @param {number} now
 */
function seen(now) {
  return (Number.isNaN(pausedMs) ? now : pausedMs) - (settings?.one_way_ms ?? 0);
}

/** All that is written on the page; nothing while it is paused. */
function write() {
  showLock();
  if (!settings || !Number.isNaN(pausedMs)) return;
  const now = performance.now();
  writtenMs = now;
  const begun = wished === null && told !== null && !told.settling;
  const shown = { ...settings, ...wished };
  controls.show(shown);
  tries.forEach((button, i) => button.setAttribute("aria-pressed", String(sameSettings(TRIES[i].settings, shown))));
  for (const lane of lanes) {
    lane.write(told?.lanes[lane.shown.name], shown, { seenMs: seen(now), pages: Math.max(1, told?.pages ?? 1), begun });
    lane.heldBy(whereHeld(told?.hubs, lane.shown.name));
  }
  const shows = lanes.map((lane) => lane.shows);
  const byHand = begun ? publishedByHand() : 0;
  setText(byId("set"), whatIsSet(shown, byHand));
  setText(byId("follows"), whatFollows(shown, shows.find(({ name }) => name === "short-polling")?.tally, byHand));
  setText(byId("says"), whatLanesSay(shows));
  writePublished(now, begun);
  setText(byId("hubs"), told?.hubs?.cut_off ? "" : hubsNote(told?.hubs));
  writeFine();
  showTour();
}

function publishedByHand() {
  return Math.max(0, told.by_hand - byHandBefore);
}

/**
 * @param {number} now
 * @param {boolean} begun
 */
function writePublished(now, begun) {
  if (!begun) {
    setText(byId("published"), "–");
    setText(byId("published-how"), "");
    return;
  }
  // What has landed since the server was asked was published, too.
  const messages = Math.max(0, told.published - publishedBefore + Math.max(0, published.last - told.last));
  const byHand = Math.min(messages, publishedByHand());
  const seconds = Math.max(0, Math.floor((now - sinceHereMs) / 1000));
  setText(byId("published"), count(messages));
  setText(byId("published-how"), `in ${count(seconds)} s${byHand ? `, ${count(byHand)} by hand` : ""}`);
}

function writeFine() {
  const others = (settings?.clients ?? 1) - 1;
  const swarm =
    others > 0 ? `This page is one client per lane; the server runs ${counted(others, "more", "more")} of each.` : "";
  const notes = [swarm, pagesNote(told?.pages ?? 1), elsewhereNote(elsewhere), clockNote(clock.boundMs)];
  setText(byId("fine"), notes.filter(Boolean).join(" "));
}

function showLock() {
  const own = presenter.key !== "";
  const may = mayDrive();
  controls.allow(may);
  for (const button of driving) button.disabled = !may;
  byId("lock").setAttribute("aria-pressed", String(locked));
  setText(byId("lock-word"), locked ? (own ? "Unlock" : "Locked") : "Lock");
  byId("locked").hidden = !locked || own;
}

/**
 * @param {Settings} one
 * @param {Settings} other
 */
function sameSettings(one, other) {
  return /** @type {(keyof Settings)[]} */ (Object.keys(one)).every((key) => one[key] === other[key]);
}

// ---- begin --------------------------------------------------------------------------------------

const controls = new Controls(byId("sliders"), (step) => {
  endTour();
  change(step, SEND_MS);
});
const tries = TRIES.map((one) => {
  const run = byHand(() => {
    say(one.says);
    change(one.settings);
  });
  const cap = element("kbd", { "aria-hidden": "true" }, one.key);
  const button = element("button", { type: "button", title: one.says, on: { click: run } }, one.name, cap);
  byId("tries").append(button);
  page.addKeys([{ key: one.key, does: one.name.toLowerCase(), run }]);
  return button;
});
const driving = [...tries, byId("publish"), byId("reset"), byId("tour")];
/** @type {[string, string, string, () => void, string?][]} */
const buttons = [
  ["publish", "n", "publish now", byHand(publishNow)],
  ["pause", " ", "stop this picture", togglePause, "Space"],
  ["reset", "r", "count anew", byHand(reset)],
  ["tour", "t", "the tour", toggleTour],
  ["lock", "l", "lock for others", toggleLock],
];
for (const [id, key, does, run, shown] of buttons) {
  byId(id).addEventListener("click", run);
  page.addKeys([{ key, does, run, shown }]);
}
page.addKeys([
  { key: "ArrowUp", shown: "↑", does: "slider before (presenter)", run: () => isPresenting() && controls.step(-1) },
  { key: "ArrowDown", shown: "↓", does: "next slider (presenter)", run: () => isPresenting() && controls.step(1) },
]);
function readLook() {
  publisher.readColours();
  for (const lane of lanes) lane.picture.readColours();
}
page.onTheme(readLook);
addEventListener("resize", readLook); // a presenter's letters go by the height
addEventListener("pagehide", () => {
  for (const lane of lanes) lane.close();
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
requestAnimationFrame(draw);
keepAsking();
